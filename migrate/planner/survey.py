"""What both sides hold, as far as the moves are concerned: the first half of plan, and of apply's check."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from migrate.engines.base import Engine, Rows
from migrate.errors import NothingMatches
from migrate.model.pattern import Part, Pattern
from migrate.model.plan import Move
from migrate.model.table import Catalog, Table, TableName
from migrate.planner.nearest import nearest
from migrate.planner.translate import Pair, pairs, source_pattern, target_name, target_pattern


class Survey(msgspec.Struct, frozen=True):
    """Catalogs by endpoint: `sources` within the moves' patterns, `present` in the schemas that are written to."""

    sources: Mapping[str, Catalog]
    present: Mapping[str, Catalog]
    pairs: tuple[Pair, ...]


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
        target: tuple(Pattern(target, Part(place.schema, literal=True), Part("*")) for place in sorted(schemas))
        for target, schemas in places.items()
    }
    present = await _inspect(patterns, engines)
    return Survey(sources, present, pairs(moves, sources, present))


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
