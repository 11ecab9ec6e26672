"""The contract, part two: what a source reads, every row once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from migrate.engines.base import Span
from migrate.model.table import Column, Table
from migrate.model.types import Decimal, Enum, Temporal
from tests.engines.suite_words import both_sides, keyed, some, sums
from tests.engines.world import (
    MANY,
    TAG,
    Row,
    World,
    bigint,
    binary,
    bounds,
    integer,
    load,
    long_text,
    order,
    primary,
    rows_of,
    spans,
    table,
    text,
    transfer,
)

DAY = Column("k", "date", Temporal("date"), nullable=False)
MONEY = Column("k", "decimal(12,2)", Decimal(12, 2), nullable=False)
COLOUR = Column("colour", "enum('z','m','a')", Enum(("z", "m", "a")), nullable=False)
WORDS = ("", " ", "!", "'", "\\", "\\N", "a", "B", "b1", "c'd", "NULL", "x\ty", "é", "한국", "🙂")
KEYS: dict[str, tuple[Sequence[Any], Sequence[tuple[Any, ...]]]] = {
    "empty": ([integer("id")], []),
    "one row": ([integer("id")], [(7,)]),
    "sparse and negative": ([integer("id")], [(n,) for n in (-2000000000, -77, -1, 0, 1, 2, 3, 1000, 2147483647)]),
    "smallest and largest": ([bigint("id")], [(n,) for n in (-(2**63), 1 - 2**63, -1, 0, 2**63 - 1)]),
    "unsigned": ([bigint("id", signed=False)], [(n,) for n in (0, 1, 2**63 - 1, 2**63, 2**64 - 1)]),
    "text": ([text("k", nullable=False)], [(word,) for word in WORDS]),
    "bytes": (
        [binary("k", nullable=False)],
        [(b,) for b in (b"", b"\0", b"\0\0", b"'", b"\\", b"a", b"\xff")],
    ),
    "dates": ([DAY], [(day,) for day in ("1999-12-31", "2000-01-01", "2024-02-29", "2024-03-01")]),
    "decimals": ([MONEY], [(money,) for money in ("-10.50", "-9.00", "0.00", "0.01", "9.99", "10.00")]),
    "two columns": ([integer("a"), integer("b")], [(a, b) for a in (-1, 0, 5) for b in (-3, 0, 9)]),
    "number and text": (
        [integer("a"), text("k", nullable=False)],
        [(a, w) for a in (1, 2) for w in ("", "a", "B", "é")],
    ),
    "text and number": ([text("k", nullable=False), integer("b")], [(w, b) for w in ("a", "b'") for b in (-1, 0, 1)]),
    "number and enum": ([integer("a"), COLOUR], [(a, colour) for a in (1, 2) for colour in ("z", "m", "a")]),
}
HOSTILE: tuple[Row, ...] = (
    (1, None, None, None, None),
    (2, "", "", b"", 0),
    (3, "NULL", "NULL", b"NULL", -1),
    (4, "\\N", "\\", b"\\N", 2147483647),
    (5, "a\tb\nc\rd\0e\x1a", "\"'`,;()", bytes(range(256)), -2147483648),
    (6, "한국어 🙂 é", "  spaces  ", b"\xff\xfe\x00", 1),
    (7, "\x1f\x02\x1e\x03", "\x1d\x04\x1c\x05\x1b\x06\x1a\x07", b"\x1f\x02\x1e\x03", 2),
    (8, "%s %(a)s {}", "/* */ -- #", b"--", 3),
)


def hostile(schema: str, *more: Any) -> Table:
    """A table for the rows HOSTILE."""
    return table(schema, "t", integer("id"), text("a"), text("b"), binary("c"), integer("d", nullable=True), *more)


class Reading:
    """Tests of the spans that a table is cut into."""

    @pytest.mark.parametrize("limit", [1, 2, 4, 100])
    @pytest.mark.parametrize("case", KEYS)
    async def test_spans_hold_every_row_once(self, world: World, case: str, limit: int) -> None:
        columns, keys = KEYS[case]
        names = [column.name for column in columns]
        made = table(world.source_schema, "t", *columns, text("value"), primary(*names))
        rows: list[Row] = [(*key, f"row {number}") for number, key in enumerate(keys)]
        there = await both_sides(world, made, rows)
        sizes = await transfer(world, made.name, there.name, limit)
        assert await world.rows("target", there) == sorted(rows, key=order)
        assert sum(sizes) == len(rows)
        if (await rows_of(world.source, made.name)).key:
            assert max(sizes) <= limit
            assert all(size == limit for size in sizes[:-1])

    async def test_the_next_bound_is_the_last_row_of_a_full_span(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, some(6))
        rows = await rows_of(world.source, made.name)
        async with world.source.reader() as reader:
            third = await reader.next_bound(rows, Span(), 3)
            assert (await reader.checksum(rows, Span(None, third))).rows == 3
            assert await reader.next_bound(rows, Span(), 6) is None
            assert await reader.next_bound(rows, Span(third), 3) is None
            assert await reader.next_bound(rows, Span(None, third), 3) is None
            assert await reader.next_bound(rows, Span(third), 2) is not None
            assert await reader.next_bound(rows, Span(None, third), 2) == await reader.next_bound(rows, Span(), 2)

    @pytest.mark.parametrize("case", KEYS)
    async def test_reading_on_from_where_a_chunk_ended_gives_every_row_once(self, world: World, case: str) -> None:
        columns, keys = KEYS[case]
        made = table(world.source_schema, "t", *columns, text("value"), primary(*[one.name for one in columns]))
        data: list[Row] = [(*key, "v") for key in keys]
        there = await both_sides(world, made, data)
        rows, writing = await rows_of(world.source, made.name), await rows_of(world.target, there.name)
        if not rows.key:
            pytest.skip("this engine does not cut by such a key")
        came: list[Span] = []
        async with world.source.reader() as reader, world.target.writer(TAG) as writer:
            while not came or came[-1].upper is not None:
                payload = await reader.read(rows, Span(came[-1].upper if came else None), writer.layouts, 2, MANY)
                assert 1 <= payload.rows <= 2 or not data
                came.append(payload.span)
                await writer.write(writing, payload, load(there), "transactional")
        assert came[0].lower is None
        assert all(one.upper == other.lower for one, other in pairwise(came))
        assert await world.rows("target", there) == sorted(data, key=order)

    async def test_a_chunk_has_at_least_one_row_and_keeps_to_the_budget(self, world: World) -> None:
        made = table(world.source_schema, "t", integer("id"), long_text("a"), primary("id"))
        await world.create("source", made, [(number, "x" * 20_000) for number in range(1, 11)])
        rows = await rows_of(world.source, made.name)
        async with world.source.reader() as reader, world.target.writer(TAG) as writer:
            tiny = await reader.read(rows, Span(), writer.layouts, MANY, 1)
            some_of_it = await reader.read(rows, Span(), writer.layouts, MANY, 70_000)
            all_of_it = await reader.read(rows, Span(), writer.layouts, MANY, 1_000_000)
            assert (await reader.checksum(rows, tiny.span)).rows == tiny.rows
            assert (await reader.checksum(rows, some_of_it.span)).rows == some_of_it.rows
        assert 1 <= tiny.rows <= 2
        assert 1 <= some_of_it.rows <= 8
        assert (all_of_it.rows, all_of_it.span) == (10, Span())

    async def test_a_bound_is_spelled_for_people(self, world: World) -> None:
        made = table(world.source_schema, "t", integer("id"), text("k", nullable=False), primary("id", "k"))
        await world.create("source", made, [(-17, "한국"), (5, "x")])
        async with world.source.reader() as reader:
            (bound,) = await bounds(reader, await rows_of(world.source, made.name), 1)
        assert "-17" in world.source.spell(bound)
        assert "한국" in world.source.spell(bound)

    async def test_a_writer_takes_payloads_of_a_useful_size(self, world: World) -> None:
        async with world.target.writer(TAG) as writer:
            assert writer.largest >= 64 * 1024
            assert len(writer.layouts) > 0

    async def test_an_empty_span_is_read_to_its_end(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, some(3))
        rows = await rows_of(world.source, made.name)
        async with world.source.reader() as reader, world.target.writer(TAG) as writer:
            last = (await bounds(reader, rows, 1))[-1]
            after = Span((await reader.read(rows, Span(last), writer.layouts, 1, MANY)).span.lower, last)
            empty = await reader.read(rows, after, writer.layouts, 5, MANY)
        assert (empty.rows, empty.span) == (0, after)

    @pytest.mark.parametrize(("rows", "count"), [(0, 4), (1, 4), (3, 8), (20, 1), (20, 2), (20, 4), (23, 5)])
    async def test_starts_cut_a_table_into_similar_parts(self, world: World, rows: int, count: int) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, some(rows))
        asked = await rows_of(world.source, made.name)
        async with world.source.reader() as reader:
            cuts = await reader.starts(asked, count)
            sizes = [(await reader.checksum(asked, span)).rows for span in spans(cuts)]
        assert len(cuts) <= count - 1
        assert sum(sizes) == rows, "ascending places: no row is in two parts"
        assert len(cuts) == 0 or min(sizes) > 0
        assert max(sizes) <= max(2 * -(-rows // count), 3), "a few rows are not worth a cut"

    async def test_where_is_respected_by_spans_and_rows(self, world: World) -> None:
        made = keyed(world.source_schema)
        there = await both_sides(world, made, some(10))
        rows = await rows_of(world.source, made.name, "id > 4")
        async with world.source.reader() as reader, world.target.writer(TAG) as writer:
            cuts = await bounds(reader, rows, 2)
            assert len(cuts) == 2
            for span in spans(cuts):
                payload = await reader.read(rows, span, writer.layouts, MANY, MANY)
                assert payload.rows == 2
                await writer.write(await rows_of(world.target, there.name), payload, load(there), "transactional")
        assert [row[0] for row in await world.rows("target", there)] == [10, 5, 6, 7, 8, 9]

    @pytest.mark.parametrize("budget", [1, 60, MANY])
    async def test_a_table_without_a_key_comes_whole(self, world: World, budget: int) -> None:
        made = hostile(world.source_schema)
        rows = [*HOSTILE, HOSTILE[1], HOSTILE[1], (None, None, None, None, None)]
        made = table(world.source_schema, "t", integer("id", nullable=True), *made.columns[1:])
        there = await both_sides(world, made, rows)
        sizes = await transfer(world, made.name, there.name, budget)
        assert await world.rows("target", there) == sorted(rows, key=order)
        assert sum(sizes) == len(rows)
        assert min(sizes) >= 1
        assert (len(sizes) == 1) == (budget == MANY)

    @pytest.mark.parametrize("limit", [1, 3, 100])
    async def test_values_arrive_as_they_were(self, world: World, limit: int) -> None:
        made = hostile(world.source_schema, primary("id"))
        there = await both_sides(world, made, HOSTILE)
        await transfer(world, made.name, there.name, limit)
        assert await world.rows("target", there) == sorted(HOSTILE, key=order)
        assert await sums(world, "target", there.name) == await sums(world, "source", made.name)
