"""What the tests of rows share: a small table, both its sides, one chunk of it, and its sum."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.engines.base import Checksum, Payload, Rows, Span
from migrate.model.table import Table, TableName
from tests.engines.world import (
    MANY,
    TAG,
    Row,
    World,
    integer,
    moved,
    primary,
    rows_of,
    table,
    text,
)


def keyed(schema: str, transactional: bool = True) -> Table:
    """A table with a key `id` and some values."""
    return table(schema, "t", integer("id"), text("a"), text("b"), primary("id"), transactional=transactional)


def some(count: int) -> list[Row]:
    """Rows of `keyed`, ids from 1."""
    return [(number, f"a{number}", None if number % 3 == 0 else f"b{number}") for number in range(1, count + 1)]


async def both_sides(world: World, made: Table, rows: Sequence[Row]) -> Table:
    """Make the table with rows at the source, and empty at the target beside a ledger. Gives the target's."""
    there = moved(made, world.target_schema)
    await world.create("source", made, rows)
    await world.create("target", there)
    await world.target.prepare_ledger([("", world.target_schema)])
    return there


async def chunk(world: World, name: TableName, span: Span, limit: int = MANY) -> tuple[Rows, Payload]:
    """Read one chunk of a table of the source."""
    rows = await rows_of(world.source, name)
    async with world.source.reader() as reader, world.target.writer(TAG) as writer:
        return rows, await reader.read(rows, span, writer.layouts, limit, MANY)


async def sums(world: World, side: str, name: TableName, span: Span | None = None, where: str = "") -> Checksum:
    """The checksum of a table, or of a span of it."""
    engine = world.source if side == "source" else world.target
    async with engine.reader() as reader:
        return await reader.checksum(await rows_of(engine, name, where), span or Span())
