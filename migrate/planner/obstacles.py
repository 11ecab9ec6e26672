"""What stands in a table's way on the target: things there that are no table, and names that cannot be kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from migrate.engines.base import Engine
from migrate.model.table import ObjectRef, TableName
from migrate.planner.survey import Survey
from migrate.planner.translate import Pair


class Obstacles(msgspec.Struct, frozen=True):
    """Of each target table: a finding's code and text that rule out every step; and triggers that a load would fire."""

    always: Mapping[ObjectRef, tuple[str, str]] = {}
    triggers: Mapping[ObjectRef, tuple[str, ...]] = {}


async def obstacles(seen: Survey, engines: Mapping[str, Engine]) -> Obstacles:
    """Find them in what was seen. Raises `ServerError`."""
    folding = dict(
        zip(seen.present, await asyncio.gather(*(engines[one].folds_case() for one in seen.present)), strict=True)
    )
    always: dict[ObjectRef, tuple[str, str]] = {}
    for pair in seen.pairs:
        found = _folded(pair) if folding[pair.target.endpoint] else None
        found = found or _taken(pair, seen)
        if found:
            always[pair.target] = found
    triggers: dict[ObjectRef, tuple[str, ...]] = {}
    for endpoint, catalog in seen.present.items():
        for other in catalog.others:
            if other.kind == "trigger" and other.event != "UPDATE":  # rows are loaded and cleared, never updated
                table = ObjectRef(endpoint, TableName(other.name.schema, other.table, other.name.catalog))
                triggers[table] = (*triggers.get(table, ()), other.name.name)
    return Obstacles(always, triggers)


def _folded(pair: Pair) -> tuple[str, str] | None:
    name = pair.target.table
    if (name.schema, name.name) == (name.schema.lower(), name.name.lower()):
        return None
    text = (
        "the target keeps names in lower case or compares them without case (lower_case_table_names): "
        "this one has upper case. Move it into a schema and a table whose names are all lower case"
    )
    return "MG207", text


def _taken(pair: Pair, seen: Survey) -> tuple[str, str] | None:
    for other in seen.present[pair.target.endpoint].others:
        if other.name == pair.target.table and other.kind in ("view", "sequence"):
            return (
                "MG206",
                f"a {other.kind} has that name on the target: drop or rename it, or move the table elsewhere",
            )
    return None
