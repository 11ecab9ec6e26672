"""The contract, part two: rows out of a source and into a target, once each, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

import pytest

from migrate.engines.base import Checksum, LedgerLine, Payload, Rows, Span
from migrate.errors import LossyWrite, ServerError
from migrate.model.plan import Protocol as LoadProtocol
from migrate.model.table import Column, Table, TableName
from migrate.model.types import Decimal, Enum, Temporal
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
    moved,
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


def keyed(schema: str, transactional: bool = True) -> Table:
    """A table with a key `id` and some values."""
    return table(schema, "t", integer("id"), text("a"), text("b"), primary("id"), transactional=transactional)


def hostile(schema: str, *more: Any) -> Table:
    """A table for the rows HOSTILE."""
    return table(schema, "t", integer("id"), text("a"), text("b"), binary("c"), integer("d", nullable=True), *more)


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


PROTOCOLS: list[LoadProtocol] = ["transactional", "replace-span"]


class Writing:
    """Tests that a span written twice equals the span written once, and that the ledger never says too much."""

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    async def test_a_span_written_twice_is_there_once(self, world: World, protocol: LoadProtocol) -> None:
        made = keyed(world.source_schema, transactional=protocol == "transactional")
        there = await both_sides(world, made, some(5))
        _, payload = await chunk(world, made.name, Span())
        rows = await rows_of(world.target, there.name)
        async with world.target.writer(TAG) as writer:
            assert await writer.write(rows, payload, load(there), protocol) is True
            assert await writer.write(rows, payload, load(there), protocol) is False
        assert await world.rows("target", there) == sorted(some(5), key=order)
        (line,) = [line async for line in world.target.ledger(load(there))]
        assert (line.kind, line.span, line.rows) == ("chunk", payload.span, 5)
        assert line.bytes > 0

    async def test_two_writers_of_one_span_exclude_each_other(self, world: World) -> None:
        made = keyed(world.source_schema)
        there = await both_sides(world, made, some(5))
        _, payload = await chunk(world, made.name, Span())
        rows = await rows_of(world.target, there.name)
        async with world.target.writer(TAG) as one, world.rival().writer(TAG) as other:
            done = await asyncio.gather(
                *(writer.write(rows, payload, load(there), "transactional") for writer in (one, other))
            )
        assert sorted(done) == [False, True]
        assert await world.rows("target", there) == sorted(some(5), key=order)

    @pytest.mark.parametrize("moment", ["rows", "ledger"])
    @pytest.mark.parametrize("protocol", PROTOCOLS)
    async def test_a_span_that_broke_off_is_there_once_when_written_again(
        self, world: World, protocol: LoadProtocol, moment: Any
    ) -> None:
        made = keyed(world.source_schema, transactional=protocol == "transactional")
        there = await both_sides(world, made, some(6))
        _, payload = await chunk(world, made.name, Span())
        rows = await rows_of(world.target, there.name)
        async with world.crash(moment, there.name, row=4):
            with pytest.raises(ServerError):
                async with world.target.writer(TAG) as writer:
                    await writer.write(rows, payload, load(there), protocol)
        left = len(await world.rows("target", there))
        assert left == 0 if protocol == "transactional" else left > 0, "the crash must leave what it would really leave"
        assert [line async for line in world.target.ledger(load(there))] == []
        async with world.target.writer(TAG) as writer:
            assert await writer.write(rows, payload, load(there), protocol) is True
        assert await world.rows("target", there) == sorted(some(6), key=order)

    async def test_replacing_a_span_leaves_its_neighbours_alone(self, world: World) -> None:
        made = keyed(world.source_schema, transactional=False)
        there = await both_sides(world, made, some(9))
        rows = await rows_of(world.source, made.name)
        async with world.source.reader() as reader:
            third, sixth = (await bounds(reader, rows, 3))[:2]
        _, middle = await chunk(world, made.name, Span(third, sixth))
        stale: list[Row] = [(4, "stale", None), (6, "stale", None)]
        neighbours: list[Row] = [(3, "kept", None), (7, "kept", None)]
        await world.insert("target", there, [*stale, *neighbours])
        async with world.target.writer(TAG) as writer:
            assert await writer.write(await rows_of(world.target, there.name), middle, load(there), "replace-span")
        assert await world.rows("target", there) == sorted([*some(6)[3:], *neighbours], key=order)

    async def test_an_empty_span_is_recorded(self, world: World) -> None:
        made = keyed(world.source_schema)
        there = await both_sides(world, made, [])
        _, payload = await chunk(world, made.name, Span())
        async with world.target.writer(TAG) as writer:
            assert await writer.write(await rows_of(world.target, there.name), payload, load(there), "transactional")
        assert [(x.kind, x.span, x.rows) async for x in world.target.ledger(load(there))] == [("chunk", Span(), 0)]

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    async def test_a_value_that_does_not_fit_is_refused_and_not_recorded(
        self, world: World, protocol: LoadProtocol
    ) -> None:
        await world.create("source", keyed(world.source_schema), [(1, "fits", "x"), (2, "does not fit", "y")])
        narrow = table(
            world.target_schema,
            "t",
            integer("id"),
            text("a", 5),
            text("b"),
            primary("id"),
            transactional=protocol == "transactional",
        )
        await world.create("target", narrow)
        await world.target.prepare_ledger([("", world.target_schema)])
        _, payload = await chunk(world, TableName(world.source_schema, "t"), Span())
        async with world.target.writer(TAG) as writer:
            with pytest.raises((LossyWrite, ServerError)):
                await writer.write(await rows_of(world.target, narrow.name), payload, load(narrow), protocol)
        assert [line async for line in world.target.ledger(load(narrow))] == []
        if protocol == "transactional":
            assert await world.rows("target", narrow) == []

    async def test_a_row_that_is_there_already_is_not_dropped_in_silence(self, world: World) -> None:
        made = keyed(world.source_schema)
        there = await both_sides(world, made, some(3))
        await world.insert("target", there, [(2, "foreign", None)])
        _, payload = await chunk(world, made.name, Span())
        async with world.target.writer(TAG) as writer:
            with pytest.raises((LossyWrite, ServerError)):
                await writer.write(await rows_of(world.target, there.name), payload, load(there), "transactional")
        assert await world.rows("target", there) == [(2, "foreign", None)]
        assert [line async for line in world.target.ledger(load(there))] == []

    async def test_a_session_goes_on_after_a_chunk_was_refused(self, world: World) -> None:
        made = keyed(world.source_schema)
        there = await both_sides(world, made, some(4))
        rows = await rows_of(world.source, made.name)
        async with world.source.reader() as reader:
            second = (await bounds(reader, rows, 2))[0]
        _, first = await chunk(world, made.name, Span(None, second))
        _, last = await chunk(world, made.name, Span(second))
        await world.insert("target", there, [(1, "foreign", None)])
        writing = await rows_of(world.target, there.name)
        async with world.target.writer(TAG) as writer:
            with pytest.raises((LossyWrite, ServerError)):
                await writer.write(writing, first, load(there), "transactional")
            assert await writer.write(writing, last, load(there), "transactional") is True
        assert [row[0] for row in await world.rows("target", there)] == [1, 3, 4]

    @pytest.mark.parametrize("transactional", [True, False])
    async def test_a_whole_table_replaces_what_was_there_and_is_recorded(
        self, world: World, transactional: bool
    ) -> None:
        made = table(world.source_schema, "t", integer("id"), text("a"), text("b"), transactional=transactional)
        there = await both_sides(world, made, [*some(5), *some(2)])
        await world.insert("target", there, [(99, "left over", None)])
        sizes = await transfer(world, made.name, there.name, 1)
        assert await world.rows("target", there) == sorted([*some(5), *some(2)], key=order)
        (line,) = [line async for line in world.target.ledger(load(there))]
        assert (line.kind, line.span) == ("whole", Span())
        assert sum(sizes) == 7
        rows = await rows_of(world.target, there.name)
        async with world.target.writer(TAG) as writer:
            assert await writer.write_whole(rows, Untouched(), load(there)) is False
        assert len(await world.rows("target", there)) == 7

    @pytest.mark.parametrize("transactional", [True, False])
    async def test_a_whole_table_that_broke_off_is_complete_when_written_again(
        self, world: World, transactional: bool
    ) -> None:
        made = table(world.source_schema, "t", integer("id"), text("a"), text("b"), transactional=transactional)
        there = await both_sides(world, made, [*some(5), *some(2)])
        async with world.crash("rows", there.name, row=4):
            with pytest.raises(ServerError):
                await transfer(world, made.name, there.name, 1)
        assert [line async for line in world.target.ledger(load(there))] == []
        await transfer(world, made.name, there.name, 1)
        assert await world.rows("target", there) == sorted([*some(5), *some(2)], key=order)

    async def test_an_empty_table_moved_whole_is_recorded(self, world: World) -> None:
        made = table(world.source_schema, "t", integer("id"), text("a"))
        there = await both_sides(world, made, [])
        assert await transfer(world, made.name, there.name, 1) == []
        assert [(x.kind, x.span, x.rows) async for x in world.target.ledger(load(there))] == [("whole", Span(), 0)]


class Untouched(AsyncIterator[Payload]):
    """Payloads that nobody may ask for."""

    async def __anext__(self) -> Payload:
        raise AssertionError("the table was recorded as whole, and is written again")


BASE: tuple[Row, ...] = ((1, "x", "y"), (2, "x", "y"), (3, "", "0"), (4, None, "z"))


class Summing:
    """Tests of checksums: equal for equal tables and for no others."""

    async def test_equal_tables_have_equal_sums(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, BASE)
        await world.create("target", moved(made, world.target_schema), BASE[::-1])
        mine = await sums(world, "source", made.name)
        assert mine == await sums(world, "target", TableName(world.target_schema, "t"))
        assert mine.rows == 4
        assert mine.sum != 0

    @pytest.mark.parametrize(
        "other",
        {
            "one value changed": [*BASE[:3], (4, None, "Z")],
            "a trailing space": [*BASE[:3], (4, None, "z ")],
            "a row missing": BASE[:3],
            "a row more": [*BASE, (5, None, None)],
            "NULL for empty": [BASE[0], BASE[1], (3, None, "0"), BASE[3]],
            "empty for NULL": [*BASE[:3], (4, "", "z")],
            "the word NULL": [*BASE[:3], (4, "NULL", "z")],
            "zero for NULL": [*BASE[:3], (4, "0", "z")],
            "the letter N": [*BASE[:3], (4, "N", "z")],
            "values of two columns swapped": [(1, "y", "x"), *BASE[1:]],
            "values of two rows swapped": [BASE[0], (2, "", "0"), (3, "x", "y"), BASE[3]],
            "NULL in the other column": [*BASE[:3], (4, "z", None)],
            "a value moved over the border": [(1, "xy", ""), *BASE[1:]],
            "the key changed": [*BASE[:3], (40, None, "z")],
        }.items(),
        ids=lambda case: case[0],
    )
    async def test_different_tables_have_different_sums(self, world: World, other: tuple[str, Sequence[Row]]) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, BASE)
        await world.create("target", moved(made, world.target_schema), other[1])
        assert await sums(world, "source", made.name) != await sums(
            world, "target", TableName(world.target_schema, "t")
        )

    async def test_equal_rows_do_not_cancel_out_and_order_does_not_matter(self, world: World) -> None:
        def made(schema: str, name: str) -> Table:
            return table(schema, name, integer("id"), text("a"))

        one, two = (1, "x"), (2, None)
        tables: dict[str, list[Row]] = {
            "base": [one, two, one],
            "turned": [two, one, one],
            "once": [two, one],
            "thrice": [one, one, one, two],
            "none": [two],
            "pairs": [one, one],
            "no_pairs": [],
        }
        for name, rows in tables.items():
            await world.create("source", made(world.source_schema, name), rows)
        found = {name: await sums(world, "source", TableName(world.source_schema, name)) for name in tables}
        assert found["base"] == found["turned"]
        assert len({(checksum.rows, checksum.sum) for checksum in found.values()}) == len(tables) - 1
        assert found["pairs"].sum != found["no_pairs"].sum
        assert found["no_pairs"] == Checksum(0, 0)

    async def test_sums_of_spans_add_up_to_the_whole(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, some(11))
        rows = await rows_of(world.source, made.name)
        async with world.source.reader() as reader:
            parts = [await reader.checksum(rows, span) for span in spans(await bounds(reader, rows, 3))]
            whole = await reader.checksum(rows, Span())
        assert [part.rows for part in parts] == [3, 3, 3, 2]
        assert sum(part.sum for part in parts) == whole.sum
        assert len({part.sum for part in parts}) == 4

    async def test_where_is_respected_by_sums(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, some(9))
        await world.create("target", moved(made, world.target_schema), some(5))
        assert await sums(world, "source", made.name, where="id <= 5") == await sums(
            world, "target", TableName(world.target_schema, "t")
        )

    async def test_measure_and_sums_count_the_same_rows(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, some(9))
        (measured,) = await world.source.measure([await rows_of(world.source, made.name)])
        assert measured.rows == (await sums(world, "source", made.name)).rows == 9

    async def test_the_ledger_line_of_a_whole_step_is_recorded_beside_its_chunks(self, world: World) -> None:
        made = keyed(world.source_schema)
        there = await both_sides(world, made, some(5))
        await transfer(world, made.name, there.name, 2)
        await world.target.record(load(there), [LedgerLine("whole", Span(), 5, 50)])
        found = [line async for line in world.target.ledger(load(there))]
        assert sorted(line.rows for line in found if line.kind == "chunk") == [1, 2, 2]
        assert [line for line in found if line.kind == "whole"] == [LedgerLine("whole", Span(), 5, 50)]
