"""Plan a case on the lab's servers, and write the plan so that it is the same on every machine."""

from __future__ import annotations

import re
import shlex
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from migrate import planfile
from migrate.model.plan import Plan
from tests.e2e.command import REPOSITORY, Migrate
from tests.lab import Lab, client

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/source.sql"))
EXAMPLE = REPOSITORY / "plans" / "examples" / "shop.toml"
"""The plan of the case `shop` as a user would have it: decodable, sealed, with addresses of people."""

SCHEMA = "shop"

_MACHINE = (
    (re.compile(r"(?m)^port = \d+$"), "port = 0"),
    (re.compile(r"server-uuid:[0-9a-f-]+"), "server-uuid:…"),
    (re.compile(r"server-uid:[0-9A-Za-z+/=]+"), "server-uid:…"),
    (re.compile(r"sha256:[0-9a-f]+"), "sha256:…"),
    (re.compile(r'(?m)^seal = "[0-9a-f]+"$'), 'seal = "…"'),
    (re.compile(r"\bh1:[0-9a-f]+"), "h1:…"),
)
"""What is of this machine, or a hash over something that is."""


def normalised(text: str) -> str:
    """A plan's text without what differs between machines."""
    for found, instead in _MACHINE:
        text = found.sub(instead, text)
    return text


class Case(msgspec.Struct, frozen=True):
    """What the first lines of source.sql say of a case, each `-- key: value`.

    `servers` are the lab's names of source and target; `options` are more words for `migrate plan`; `move` is more text
    for the move; `ends`: `equal` (applied, then there are no changes), or `blocked` (apply refuses it with 6).
    """

    servers: tuple[str, str] = ("source", "target")
    options: tuple[str, ...] = ()
    move: str = ""
    ends: str = "equal"


def read_case(case: str) -> Case:
    """The directives of a case. Raises ValueError for a word that is none."""
    found: dict[str, Any] = {}
    for line in (HERE / case / "source.sql").read_text(encoding="utf-8").splitlines():
        key, colon, value = line.removeprefix("-- ").partition(": ")
        if not line.startswith("-- ") or not colon or key not in Case.__struct_fields__:
            continue
        match key:
            case "servers":
                source, _, target = value.partition(" -> ")
                found[key] = (source, target)
            case "options":
                found[key] = tuple(shlex.split(value))
            case "move":
                found[key] = "\n".join(filter(None, (found.get("move", ""), value)))
            case _:
                found[key] = value
    made = Case(**found)
    if made.ends not in ("equal", "blocked"):
        raise ValueError(f"{case}: a case ends equal or blocked, not {made.ends!r}")
    return made


@contextmanager
def planned(case: str, lab: Lab, folder: Path) -> Iterator[tuple[Migrate, str]]:
    """The command with a case's plan made, and the name that its schema has meanwhile. Gone at the end."""
    schema = f"golden_{uuid.uuid4().hex[:12]}"
    made = read_case(case)
    sides = [lab.servers[name] for name in made.servers]
    try:
        for server, script in zip(sides, ("source.sql", "target.sql"), strict=True):
            if (HERE / case / script).exists():
                collation = "latin1_swedish_ci" if server.version.startswith("5.") else ""
                collation = collation or _COLLATIONS[server.vendor]
                charset = collation.partition("_")[0]
                client.rows(server, f"CREATE DATABASE {schema} CHARACTER SET {charset} COLLATE {collation}")
                client.run_script(server, schema, HERE / case / script)
        migrate = Migrate(folder)
        source, target = sides
        migrate.configure(source, target, (f"{schema}.*", f"{schema}.*"), move=made.move.replace(SCHEMA, schema))
        migrate.must("plan", *(word.replace(SCHEMA, schema) for word in made.options))
        yield migrate, schema
    finally:
        for server in sides:
            client.rows(server, f"DROP DATABASE IF EXISTS {schema}")


_COLLATIONS = {"mysql": "utf8mb4_0900_ai_ci", "mariadb": "utf8mb4_uca1400_ai_ci"}


def golden(case: str, lab: Lab, folder: Path) -> str:
    """What stands in a case's plan.toml."""
    with planned(case, lab, folder) as (migrate, schema):
        return named(migrate, schema)


def named(migrate: Migrate, schema: str) -> str:
    """The plan as it stands in a case's folder: with the name `shop`, without what is of the machine."""
    return normalised(migrate.plan.read_text(encoding="utf-8").replace(schema, SCHEMA))


def example(lab: Lab, folder: Path) -> str:
    """The sealed plan of the case `shop`, with names and addresses that a user would have."""
    with planned("shop", lab, folder) as (migrate, schema):
        plan = planfile.read(migrate.plan)
        renamed = msgspec.convert(_replaced(msgspec.to_builtins(plan), schema, SCHEMA), Plan)
        addresses = {
            "old": ("db-old.example.org", "SOURCE_DB_PASSWORD", "0c2f9d5e-6a1f-11ef-9c1d-0242ac110002"),
            "new": ("db-new.example.org", "TARGET_DB_PASSWORD", "5b7c2a90-6a1f-11ef-8a3e-0242ac110003"),
        }
        endpoints = {
            name: msgspec.structs.replace(
                plan.endpoint[name],
                host=host,
                port=3306,
                password=f"${{{variable}}}",
                identity=f"server-uuid:{identity}",
            )
            for name, (host, variable, identity) in addresses.items()
        }
        return planfile.encode(planfile.seal(msgspec.structs.replace(renamed, name=SCHEMA, endpoint=endpoints)))


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, dict):
        return {_replaced(key, old, new): _replaced(inner, old, new) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(inner, old, new) for inner in value]
    return value
