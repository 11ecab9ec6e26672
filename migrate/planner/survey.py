"""What both sides hold, as far as the moves are concerned: the first half of plan, and of apply's check."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

import msgspec

from migrate.engines.base import Engine, Rows
from migrate.errors import NothingMatches
from migrate.model.pattern import Pattern, all_of
from migrate.model.plan import Move
from migrate.model.table import Catalog, ObjectRef, Table, TableName
from migrate.planner.nearest import nearest
from migrate.planner.translate import Pair, pairs, source_pattern, target_name, target_pattern


class Survey(msgspec.Struct, frozen=True):
    """Catalogs by endpoint: `sources` within the moves' patterns, `present` in the schemas that are written to.

    `definitions` are the source's own DDL of tables of which it was needed, by their names there.
    """

    sources: Mapping[str, Catalog]
    present: Mapping[str, Catalog]
    pairs: tuple[Pair, ...]
    definitions: Mapping[ObjectRef, str] = {}


async def survey(moves: Sequence[Move], engines: Mapping[str, Engine]) -> Survey:
    """Ask every endpoint once, all at the same time.

    Raises `NothingMatches`, `BadConfig` (see `translate.pairs`), `ServerError`.
    """
    sources = await _inspect({source_pattern(move).endpoint: _asked(moves, move) for move in moves}, engines)
    for move in moves:
        pattern = source_pattern(move)
        if not any(pattern.matches(table.name) for table in sources[pattern.endpoint].tables):
            near = await nearest(engines[pattern.endpoint], pattern)
            raise NothingMatches(pattern.endpoint, pattern.tables, near)
    places: dict[str, set[TableName]] = {}
    for move in moves:
        catalog = sources[source_pattern(move).endpoint]
        target = target_pattern(move).endpoint
        for table in catalog.tables:
            if not source_pattern(move).matches(table.name):
                continue
            goal = target_name(move, table.name).table
            places.setdefault(target, set()).add(TableName(goal.schema, ""))
            for key in table.foreign_keys:  # a parent may stand in a schema that nothing moves into
                if key.referenced.schema != table.name.schema:
                    places[target].add(TableName(key.referenced.schema, ""))
    patterns = {
        target: tuple(all_of(target, place.schema) for place in sorted(schemas)) for target, schemas in places.items()
    }
    present = await _inspect(patterns, engines)
    taken = pairs(moves, sources, present)
    left_behind, definitions = await _parents_left_behind(taken, present, engines)
    return Survey(sources, present, pairs(moves, sources, present, left_behind), definitions)


def reasons(pair: Pair, definition: str, engines: Mapping[str, Engine]) -> tuple[str, ...]:
    """Why one of both engines cannot take part in moving the table, none when both can."""
    found = (
        *engines[pair.source.endpoint].findings(pair.table),
        *engines[pair.target.endpoint].findings(pair.wanted, definition),
    )
    return tuple(dict.fromkeys(found))


async def define(tables: Collection[ObjectRef], engines: Mapping[str, Engine]) -> dict[ObjectRef, str]:
    """The servers' own DDL of these tables."""
    asked: dict[str, list[TableName]] = {}
    for ref in sorted(tables):
        asked.setdefault(ref.endpoint, []).append(ref.table)
    answers = await asyncio.gather(*(engines[name].definitions(names) for name, names in asked.items()))
    return {
        ObjectRef(name, table): text
        for name, found in zip(asked, answers, strict=True)
        for table, text in found.items()
    }


async def _parents_left_behind(
    taken: Sequence[Pair], present: Mapping[str, Catalog], engines: Mapping[str, Engine]
) -> tuple[frozenset[ObjectRef], Mapping[ObjectRef, str]]:
    """Targets that foreign keys need, that are not there, and that cannot be moved; and the DDL that was looked at."""
    there = {ObjectRef(endpoint, table.name) for endpoint, catalog in present.items() for table in catalog.tables}
    needed = {ObjectRef(pair.source.endpoint, key.referenced) for pair in taken for key in pair.table.foreign_keys}
    parents = [pair for pair in taken if pair.source in needed and pair.target not in there]
    definitions = await define({pair.source for pair in parents}, engines)
    left = (pair.target for pair in parents if reasons(pair, definitions[pair.source], engines))
    return frozenset(left), definitions


def both_sides(pair: Pair, source: Engine) -> tuple[Rows, Rows]:
    """The rows of a pair at the source and on the target, to be compared along the source's key."""
    mine = rows_of(source, pair.table, pair.where)
    return mine, msgspec.structs.replace(mine, table=pair.target.table)


def rows_of(engine: Engine, table: Table, where: str = "") -> Rows:
    """What to read or write of a table: its stored columns, along the key that its engine can use."""
    columns = tuple(column for column in table.columns if not column.generated)
    key = engine.key(table)
    by_name = {column.name: column for column in table.columns}
    parts = tuple(by_name[part.column] for part in key.parts) if key else ()
    return Rows(table.name, columns, parts, key.name if key else "", where)


def _asked(moves: Sequence[Move], one: Move) -> tuple[Pattern, ...]:
    endpoint = source_pattern(one).endpoint
    return tuple(source_pattern(move) for move in moves if source_pattern(move).endpoint == endpoint)


async def _inspect(patterns: Mapping[str, tuple[Pattern, ...]], engines: Mapping[str, Engine]) -> dict[str, Catalog]:
    catalogs = await asyncio.gather(*(engines[name].inspect(asked) for name, asked in patterns.items()))
    return dict(zip(patterns, catalogs, strict=True))
