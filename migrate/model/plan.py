"""The plan: what `migrate plan` writes, people review and `migrate apply` executes."""

from __future__ import annotations

from typing import Literal

import msgspec

Risk = Literal["safe", "lossy", "destructive"]
Protocol = Literal["transactional", "replace-span", "whole-object"]


class _Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class S3Ref(_Value, frozen=True):
    """How objects of a bucket are reached: an endpoint's URL (empty: AWS), and a named profile or a pair of keys.

    Without either, the environment and the machine's role are asked, as AWS clients do. Both keys are `${NAME}`.
    """

    endpoint: str = ""
    region: str = ""
    profile: str = ""
    access_key: str = ""
    secret_key: str = ""


class EndpointRef(_Value, frozen=True):
    """Enough to connect again. `password` and every other secret is a `${NAME}`, never the value.

    Of a lake, `host` and `port` are its Trino's; `s3` holds for all buckets but for what `bucket` says of single ones.
    `ledger` is an `s3://` location where locks, finished steps and manifests are kept: what is written to needs one.

    `identity` is what the server said it is at plan time; empty in a configuration. Work pauses while others run more
    than `max_threads_running` statements there; 0: whatever they do.
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
    max_threads_running: int = 25
    https: bool = False
    token: str = ""
    s3: S3Ref = S3Ref()
    bucket: dict[str, S3Ref] = {}
    ledger: str = ""
    identity: str = ""


class Move(_Value, frozen=True, rename={"from_": "from"}):
    """One rule: which tables go where. `where` maps a source table, or a glob, to a condition on its rows.

    `include` and `exclude` are globs on `schema.table` at the source; without `include` all are meant. `definer` of
    stored objects: `keep`, `drop` (the account that applies becomes it) or an account `user@host`. `dated_tables`:
    whether tables like events_20240101 come along, or globs on `schema.table` of those that do. `prune`: globs on
    `schema.table` of the target, whose rows (of a lake: partitions) that the source does not have are deleted.

    The rest is of lakes. `method`: the files of tables are copied, or Trino writes their rows anew; auto: copied where
    that can be done. `partitions` is a condition on partition columns, empty for all. `location` is where files go, a
    folder for each table below it. `via` is the target's catalog that sees the source's tables. `analyze`: statistics
    are collected afterwards. `replace_managed`: whether a table of the target that owns its files, and so cannot be put
    aside, is dropped when another one has been proven that takes its place.
    """

    from_: str
    to: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    where: dict[str, str] = {}
    existing: Literal["sync", "fail"] = "sync"
    compare: Literal["rows", "schema"] = "rows"
    definer: str = "keep"
    dated_tables: bool | tuple[str, ...] = False
    prune: tuple[str, ...] = ()
    method: Literal["auto", "copy_files", "insert_select"] = "auto"
    partitions: str = ""
    location: str = ""
    via: str = ""
    analyze: bool = False
    replace_managed: Literal["refuse", "drop"] = "refuse"


class Estimate(_Value, frozen=True):
    """What moves with the data, rounded to two digits, and what servers make of it; outside the seal.

    `rows` of a step that copies files are objects.

    `algorithm` (INSTANT, INPLACE, COPY) and `lock` (NONE, SHARED, EXCLUSIVE) are of an ALTER TABLE, empty when unknown.
    """

    rows: int = 0
    bytes: int = 0
    algorithm: str = ""
    lock: str = ""


class PlannedObject(_Value, frozen=True):
    """Where the chain of steps of one object on the target starts: `absent`, or a hash of what was there.

    `source` is the hash of the object it is made from; empty for one that only the target has.
    """

    name: str
    start: str
    source: str = ""
    kind: Literal["table", "sequence", "procedure", "function", "view", "trigger", "event"] = "table"


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


Action = Literal[
    "create-schema",
    "create-table",
    "drop-foreign-keys",
    "alter-table",
    "add-indexes",
    "add-foreign-keys",
    "create-sequence",
    "drop-procedure",
    "create-procedure",
    "drop-function",
    "create-function",
    "create-view",
    "drop-trigger",
    "create-trigger",
    "drop-event",
    "create-event",
    "enable-event",
    "create-aside",
    "sync-partitions",
    "analyze-table",
]
"""A view is made by CREATE OR REPLACE; what has no such statement is dropped first, in a step of its own."""


class Ddl(_Step, frozen=True, kw_only=True, tag="ddl"):
    """One statement. `session` are settings under which it runs: system variables, and `database`, the current one.

    `source` is empty where the statement is made from what stands on the target.
    """

    action: Action
    sql: str
    source: str = ""
    session: dict[str, str] = {}


class LoadRows(_Step, frozen=True, kw_only=True, tag="load_rows"):
    """Rows of `source` go into the empty `target`, by chunks along `key` (empty: no usable key, one unit)."""

    source: str
    protocol: Protocol
    key: tuple[str, ...] = ()
    where: str = ""


class SyncRows(_Step, frozen=True, kw_only=True, tag="sync_rows"):
    """Rows of `target` become like those of `source`: both sum up ranges of `key`, and what differs is replaced.

    Rows that only the target has stay, unless `prune`; without a key the table is written anew, with `prune` only.
    `extra` is how many are to be deleted, as counted for the plan.
    """

    source: str
    key: tuple[str, ...] = ()
    where: str = ""
    prune: bool = False
    extra: int = 0


class FilePart(_Value, frozen=True):
    """One partition by Hive's name for it (empty: a whole table), and the version of its files that was planned.

    `digest` is of their names, sizes and etags, see `migrate.engines.files.Listing`. `location` is where they are, and
    empty where that is the table's location and the name.
    """

    name: str
    files: int
    bytes: int
    digest: str
    location: str = ""


class CopyFiles(_Step, frozen=True, kw_only=True, tag="copy_files"):
    """The objects of `part`, below `origin`, are copied to the same names below `goal`, where nothing else is.

    `way`: the store copies them itself, or they go through this machine.
    """

    source: str
    origin: str
    goal: str
    way: Literal["server", "stream"]
    part: tuple[FilePart, ...] = ()


class Batch(_Value, frozen=True):
    """Statements that write some of a table's rows, in place of what an earlier try wrote of them."""

    sql: tuple[str, ...]


class InsertSelect(_Step, frozen=True, kw_only=True, tag="insert_select"):
    """The server writes the rows of `source` into the table `aside`, batch by batch; each is a checkpoint.

    `goal` is where the files of `aside` are, and nothing else is. `afresh`: what stands there of an earlier try is
    removed first, since no statement can replace it. `session` are settings for the statements.
    """

    source: str
    aside: str
    goal: str
    batch: tuple[Batch, ...] = ()
    where: str = ""
    afresh: bool = False
    session: dict[str, str] = {}


class Swap(_Step, frozen=True, kw_only=True, tag="swap"):
    """What was built under the name `aside` takes its place: as `target`, or as partitions of it.

    `sql` are the statements in their order, and `undo` those that put back what was there; `kept` is the name under
    which a table that was there stays, empty when there was none. `part` are partitions whose location changes, `goal`
    where their files are now, and `was` the locations of those that they replace, or that are removed. `seen` is a
    digest of what stood there when the plan was made: of the table's partitions and files, or of those replaced.

    `drops`: the table that was there owns its files and is dropped with all below `was`; nothing puts it back.
    """

    source: str
    aside: str
    sql: tuple[str, ...]
    undo: tuple[str, ...] = ()
    was: tuple[str, ...] = ()
    seen: str = ""
    kept: str = ""
    drops: bool = False
    goal: str = ""
    part: tuple[FilePart, ...] = ()


class SetAutoIncrement(_Step, frozen=True, kw_only=True, tag="set_auto_increment"):
    """The target's counter becomes the source's, as it is when the step runs."""

    source: str


class Verify(_Step, frozen=True, kw_only=True, tag="verify"):
    """Both sides are proven equal by count and checksum of every range of the key, of a lake's table of each partition.

    `spare`: rows that only the target has are no difference. `aside` is the name under which the target's table stands
    by then, empty where that is its own. `partition` are the only ones that are proven; none: all that move.
    """

    source: str
    key: tuple[str, ...] = ()
    where: str = ""
    spare: bool = False
    aside: str = ""
    partition: tuple[str, ...] = ()


class CheckForeignKeys(_Step, frozen=True, kw_only=True, tag="check_foreign_keys"):
    """Rows went in unchecked: those of `target` without a parent are counted, and must be no more than at `source`.

    `outside`: foreign keys to `target` of tables there that no move brings, and how many of their rows had no parent
    when the plan was made; now it must be no more.
    """

    source: str
    outside: dict[str, int] = {}


Step = Ddl | LoadRows | SyncRows | CopyFiles | InsertSelect | Swap | SetAutoIncrement | Verify | CheckForeignKeys
RowStep = LoadRows | SyncRows
"""What writes rows, one by one."""
DataStep = LoadRows | SyncRows | CopyFiles
"""What moves data and counts it: rows, or objects where files are copied."""


class Finding(_Value, frozen=True):
    """What a reviewer must know. `level`: note, lossy, unsupported or destructive; `object` is where."""

    code: str
    level: Literal["note", "lossy", "unsupported", "destructive"]
    object: str
    text: str


class Plan(_Value, frozen=True):
    """Steps stand in dependency order, then by name. `digest` covers all but estimates and itself.

    `parallelism` is how many pieces of work run at once, `per_server` how many of them on one server. `again` counts
    plans of the same content that were applied before: so that theirs and this one are told apart. `max_rate` is how
    many bytes of rows, or of files that are copied, move in a second, in all; 0: as many as can.
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
    again: int = 0
    max_rate: int = 0
