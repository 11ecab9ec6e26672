"""What stands in a table's way on the target: things there that are no table, and names that cannot be kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from migrate.engines.base import Engine
from migrate.model.table import ObjectRef
from migrate.planner.survey import Survey
from migrate.planner.translate import Pair


async def obstacles(seen: Survey, engines: Mapping[str, Engine]) -> dict[ObjectRef, tuple[str, str]]:
    """Of each target table or view: a finding's code and text that rule out every step. Raises `ServerError`."""
    folding = dict(
        zip(seen.present, await asyncio.gather(*(engines[one].folds_case() for one in seen.present)), strict=True)
    )
    found: dict[ObjectRef, tuple[str, str]] = {}
    for pair in seen.pairs:
        why = _folded(pair.target) if folding[pair.target.endpoint] else None
        why = why or _taken(pair, seen)
        if why:
            found[pair.target] = why
    there = seen.tables_there()
    for stored in seen.stored:
        ref = stored.target.object
        if stored.target.kind in ("view", "sequence") and ref in there:
            text = f"a table has the name of this {stored.target.kind} on the target: drop or rename it"
            found[ref] = ("MG206", text)
    return found


def _folded(target: ObjectRef) -> tuple[str, str] | None:
    name = target.table
    if (name.schema, name.name) == (name.schema.lower(), name.name.lower()):
        return None
    text = (
        "the target keeps names in lower case or compares them without case (lower_case_table_names): "
        "this one has upper case. Move it into a schema and a table whose names are all lower case"
    )
    return "MG207", text


def _taken(pair: Pair, seen: Survey) -> tuple[str, str] | None:
    for other in seen.present[pair.target.endpoint].stored:
        if other.name == pair.target.table and other.kind in ("view", "sequence"):
            return (
                "MG206",
                f"a {other.kind} has that name on the target: drop or rename it, or move the table elsewhere",
            )
    return None
