"""The plan: what `migrate plan` writes, people review and `migrate apply` executes."""

from __future__ import annotations

from typing import Literal

import msgspec

Risk = Literal["safe", "lossy", "destructive"]
Protocol = Literal["transactional", "replace-span", "whole-object"]


class _Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class EndpointRef(_Value, frozen=True):
    """Enough to connect again. `password` and every other secret is a `${NAME}`, never the value.

    `identity` is what the server said it is at plan time; empty in a configuration.
    """

    engine: str
    host: str = "127.0.0.1"
    port: int = 3306
    user: str = ""
    password: str = ""
    ssl_ca: str = ""
    ssl_cert: str = ""
    ssl_key: str = ""
    ssl_verify: bool = True
    identity: str = ""


class Move(_Value, frozen=True, rename={"from_": "from"}):
    """One rule: which tables go where. `where` maps a source table, or a glob, to a condition on its rows.

    `include` and `exclude` are globs on `schema.table` at the source; without `include` all are meant.
    """

    from_: str
    to: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    where: dict[str, str] = {}
    existing: Literal["sync", "fail"] = "sync"
    compare: Literal["rows", "schema"] = "rows"


class Estimate(_Value, frozen=True):
    """What moves with the data, rounded to two digits; outside the seal."""

    rows: int = 0
    bytes: int = 0


class PlannedObject(_Value, frozen=True):
    """Where the chain of steps of one target table starts: `absent`, or a hash of what was there.

    `source` is the hash of the table it is made from.
    """

    name: str
    start: str
    source: str


class _Step(_Value, frozen=True, kw_only=True, tag_field="kind"):
    """`id` is unique and stable; `after` are ids; `blocked` says why a step may not run, empty when it may.

    `seal` is a short hash of everything else in the step but the estimate.
    """

    id: str
    target: str
    after: tuple[str, ...] = ()
    risk: Risk = "safe"
    blocked: str = ""
    seal: str = ""
    estimate: Estimate = Estimate()


class Ddl(_Step, frozen=True, kw_only=True, tag="ddl"):
    """One statement. `action`: create-schema, create-table, add-indexes or add-foreign-keys."""

    action: Literal["create-schema", "create-table", "add-indexes", "add-foreign-keys"]
    sql: str


class LoadRows(_Step, frozen=True, kw_only=True, tag="load_rows"):
    """Rows of `source` go into the empty `target`, by chunks along `key` (empty: no usable key, one unit)."""

    source: str
    protocol: Protocol
    key: tuple[str, ...] = ()
    where: str = ""


class SetAutoIncrement(_Step, frozen=True, kw_only=True, tag="set_auto_increment"):
    """The target's counter becomes the source's, as it is when the step runs."""

    source: str


class Verify(_Step, frozen=True, kw_only=True, tag="verify"):
    """Both sides are proven equal by count and checksum of every range of the key."""

    source: str
    key: tuple[str, ...] = ()
    where: str = ""


Step = Ddl | LoadRows | SetAutoIncrement | Verify


class Finding(_Value, frozen=True):
    """What a reviewer must know. `level`: note, lossy, unsupported or destructive; `object` is where."""

    code: str
    level: Literal["note", "lossy", "unsupported", "destructive"]
    object: str
    text: str


class Plan(_Value, frozen=True):
    """Steps stand in dependency order, then by name. `digest` covers all but estimates and itself.

    `parallelism` is how many pieces of work run at once, `per_server` how many of them on one server.
    """

    name: str
    endpoint: dict[str, EndpointRef]
    move: tuple[Move, ...]
    format: int = 1
    digest: str = ""
    parallelism: int = 8
    per_server: int = 4
    object: tuple[PlannedObject, ...] = ()
    step: tuple[Step, ...] = ()
    finding: tuple[Finding, ...] = ()
