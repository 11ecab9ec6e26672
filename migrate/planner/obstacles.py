"""What stands in a table's way on the target: things there that are no table, names that cannot be kept, and triggers
that would break."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping

from migrate.engines.base import Engine
from migrate.model.change import DropColumn
from migrate.model.table import ObjectRef, TableName, spell
from migrate.planner.gap import Gap
from migrate.planner.survey import Survey
from migrate.planner.translate import Pair, StoredRef


async def obstacles(
    seen: Survey, gap: Mapping[ObjectRef, Gap], engines: Mapping[str, Engine], spared: Collection[ObjectRef] = ()
) -> dict[ObjectRef, tuple[str, str]]:
    """Of each target table or view: a finding's code and text that rule out every step. Raises `ServerError`.

    `spared` are tables of which nothing may be destroyed, so that no column goes but for computed ones.
    """
    folding = dict(
        zip(seen.present, await asyncio.gather(*(engines[one].folds_case() for one in seen.present)), strict=True)
    )
    breaking = _breaking(seen, gap, engines, spared)
    found: dict[ObjectRef, tuple[str, str]] = {}
    for pair in seen.pairs:
        why = _folded(pair.target) if folding[pair.target.endpoint] else None
        why = why or _taken(pair, seen) or breaking.get(pair.target)
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


def _breaking(
    seen: Survey, gap: Mapping[ObjectRef, Gap], engines: Mapping[str, Engine], spared: Collection[ObjectRef]
) -> dict[ObjectRef, tuple[str, str]]:
    """Of tables that lose a column which triggers name that only the target has: what to do.

    A server lets the column go: then every write fails there, and no trigger could be made again after the rows.
    """
    replaced = {pair.target for pair in seen.stored}
    found: dict[ObjectRef, list[str]] = {}
    for endpoint, catalog in seen.present.items():
        for one in catalog.stored:
            table = ObjectRef(endpoint, TableName(one.name.schema, one.table, one.name.catalog))
            if one.kind != "trigger" or StoredRef("trigger", ObjectRef(endpoint, one.name)) in replaced:
                continue
            gone = frozenset(_dropped(gap[table], table in spared)) if table in gap else frozenset()
            named = [name for name in engines[endpoint].row_columns(one) if name.casefold() in gone] if gone else []
            if named:
                found.setdefault(table, []).append(f"the trigger {spell(one.name.name)} there {naming(named)}")
    what = "which the plan drops: drop or mend that trigger first"
    return {table: ("MG213", "; ".join(f"{one}, {what}" for one in sorted(said))) for table, said in found.items()}


def _dropped(gap: Gap, spared: bool) -> Iterator[str]:
    for change in gap.changes:
        if isinstance(change, DropColumn) and (change.column.generated or not spared):
            yield change.column.name.casefold()


def naming(columns: Collection[str]) -> str:
    """Said of a trigger that names these columns."""
    return f"names the column{'s' * (len(columns) > 1)} {', '.join(map(spell, columns))}"
