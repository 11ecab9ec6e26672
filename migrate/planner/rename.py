"""Stored objects under the names that the moves give them: every name in their words goes along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from migrate.engines.base import Engine, Renames
from migrate.errors import BadConfig, UnreadableDdl
from migrate.model.plan import Move
from migrate.model.table import Catalog, ObjectRef, StoredObject, TableName
from migrate.planner.translate import (
    Pair,
    StoredPair,
    StoredRef,
    source_pattern,
    stored_moved,
    target_name,
    target_pattern,
)


def stored_pairs(
    moves: Sequence[Move], sources: Mapping[str, Catalog], pairs: Sequence[Pair], engines: Mapping[str, Engine]
) -> tuple[StoredPair, ...]:
    """Every stored object that moves, by target.

    Raises `BadConfig` when two would become one.
    """
    found: dict[StoredRef, StoredPair] = {}
    for move in moves:
        endpoint, target = source_pattern(move).endpoint, target_pattern(move).endpoint
        catalog = sources[endpoint]
        taken = [stored for stored in catalog.stored if stored_moved(move, stored)]
        if not taken:
            continue
        renames = _renames(move, moves, catalog, pairs)
        for stored in taken:
            goal = StoredRef(stored.kind, _goal(move, stored))
            source = ObjectRef(endpoint, stored.name)
            if goal in found or goal.object == source:
                other = found[goal].source if goal in found else source
                raise BadConfig(
                    "configuration",
                    "$.move",
                    f"the {stored.kind}s {source} and {other} would both be {goal.object}",
                    "give each its own target",
                )
            wanted, refused = _renamed(stored, goal.object.table, renames, engines[target])
            wanted = msgspec.structs.replace(wanted, definer=_definer(move, stored))
            found[goal] = StoredPair(source, goal, stored, wanted, move, renames, refused)
    return tuple(found[goal] for goal in sorted(found))


def renamed_tables(
    moves: Sequence[Move], sources: Mapping[str, Catalog], pairs: Sequence[Pair], engines: Mapping[str, Engine]
) -> tuple[Pair, ...]:
    """The pairs, with the names in the words of what is wanted as the moves give them."""
    found = list(pairs)
    for move in moves:
        mine = [n for n, pair in enumerate(found) if pair.move == move]
        if mine:
            renames = _renames(move, moves, sources[source_pattern(move).endpoint], pairs)
            engine = engines[target_pattern(move).endpoint]
            for n in mine:
                wanted = engine.rename_table(found[n].wanted, renames)
                found[n] = msgspec.structs.replace(found[n], wanted=wanted)
    return tuple(found)


def _goal(move: Move, stored: StoredObject) -> ObjectRef:
    if stored.kind != "trigger":
        return target_name(move, stored.name)
    goal = target_name(move, TableName(stored.name.schema, stored.table, stored.name.catalog))
    schema, name = goal.table.schema, stored.name.name
    return ObjectRef(goal.endpoint, TableName(schema, name, goal.table.catalog))


def _definer(move: Move, stored: StoredObject) -> str:
    if move.definer == "keep" or not stored.definer:
        return stored.definer
    return "" if move.definer == "drop" else move.definer


def _renamed(
    stored: StoredObject, name: TableName, renames: Renames, engine: Engine
) -> tuple[StoredObject, tuple[str, str] | None]:
    try:
        return engine.rename(stored, name, renames), None
    except UnreadableDdl as error:
        table = renames.objects.get(TableName(stored.name.schema, stored.table, stored.name.catalog))
        moved = msgspec.structs.replace(stored, name=name, table=table.name if table else stored.table)
        return moved, ("MG104", f"the names in its words cannot be rewritten for certain: {error.why}")


def _renames(move: Move, moves: Sequence[Move], catalog: Catalog, pairs: Sequence[Pair]) -> Renames:
    """How names change between the endpoints of a move: as it says, else as another move between them says."""
    endpoint, target = source_pattern(move).endpoint, target_pattern(move).endpoint
    along = [move, *(other for other in moves if other is not move)]
    along = [one for one in along if (source_pattern(one).endpoint, target_pattern(one).endpoint) == (endpoint, target)]
    schemas: dict[str, str] = {}
    for schema in catalog.schemas:
        for one in along:
            if source_pattern(one).schema.matches(schema.name):
                schemas[schema.name] = target_name(one, TableName(schema.name, "*", schema.catalog)).table.schema
                break
    goals = {
        pair.source.table: pair.target.table
        for pair in pairs
        if (pair.source.endpoint, pair.target.endpoint) == (endpoint, target)
    }
    for one in along:
        for stored in catalog.stored:
            if stored.kind in ("view", "sequence") and stored_moved(one, stored):
                goals.setdefault(stored.name, target_name(one, stored.name).table)
    objects = {
        source: goal
        for source, goal in goals.items()
        if (goal.catalog, goal.schema, goal.name)
        != (source.catalog, schemas.get(source.schema, source.schema), source.name)
    }
    return Renames({old: new for old, new in schemas.items() if old != new}, objects)
