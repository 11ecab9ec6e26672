"""Plan a case on the lab's servers, and write the plan so that it is the same on every machine."""

from __future__ import annotations

import re
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


@contextmanager
def planned(case: str, lab: Lab, folder: Path) -> Iterator[tuple[str, str]]:
    """The text of a case's plan, and the name that its schema has meanwhile. Gone at the end."""
    schema = f"golden_{uuid.uuid4().hex[:12]}"
    try:
        for server, script in ((lab.source, "source.sql"), (lab.target, "target.sql")):
            if (HERE / case / script).exists():
                client.rows(server, f"CREATE DATABASE {schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci")
                client.run_script(server, schema, HERE / case / script)
        migrate = Migrate(folder)
        migrate.configure(lab.source, lab.target, (f"{schema}.*", f"{schema}.*"))
        migrate.must("plan")
        yield migrate.plan.read_text(encoding="utf-8"), schema
    finally:
        for server in (lab.source, lab.target):
            client.rows(server, f"DROP DATABASE IF EXISTS {schema}")


def golden(case: str, lab: Lab, folder: Path) -> str:
    """What stands in a case's plan.toml."""
    with planned(case, lab, folder) as (text, schema):
        return normalised(text.replace(schema, SCHEMA))


def example(lab: Lab, folder: Path) -> str:
    """The sealed plan of the case `shop`, with names and addresses that a user would have."""
    with planned("shop", lab, folder) as (text, schema):
        plan = planfile.decode(text, "plan of the case shop")
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
