"""The contract, part nine: rows by themselves, told apart by their keys, and replaced by them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from migrate.engines.base import Bound, Buckets, Checksum, Payload, Reader, Rows, Span, Writer
from migrate.engines.compare import differing
from migrate.errors import DuplicateRow, LossyWrite
from migrate.model.table import Table, TableName
from tests.engines.suite_words import keyed, some
from tests.engines.world import (
    MANY,
    TAG,
    Row,
    World,
    bounds,
    index,
    integer,
    moved,
    order,
    primary,
    rows_of,
    table,
    text,
)

COUNT = 1_500


def two_keys(schema: str) -> Table:
    """A table whose key is a text and a number."""
    made = (integer("n"), text("k", 20, nullable=False), text("v"), primary("k", "n"))
    return table(schema, "t", *made)


def words(count: int) -> list[Row]:
    """Rows of `two_keys`."""
    return [(number % 7, f"word {number // 7}", f"v{number}") for number in range(count)]


async def each(payloads: Sequence[Payload]) -> AsyncIterator[Payload]:
    for payload in payloads:
        yield payload


async def read(reader: Reader, writer: Writer, rows: Rows, *keys: Bound) -> Payload:
    """The rows of these keys."""
    return await reader.read(rows, Span(only=keys), writer.layouts, MANY, MANY)


async def keys_of(world: World, rows: Rows) -> dict[int, Bound]:
    """Keys of `keyed` by their ids."""
    async with world.source.reader() as reader:
        return {int(row.key[0]): row.key for row in await reader.row_sums(rows, Span())}


class Differing:
    """Tests of what finds and replaces single rows."""

    async def test_buckets_and_single_rows_add_up_to_the_checksum(self, world: World) -> None:
        made = two_keys(world.source_schema)
        await world.create("source", made, words(COUNT))
        rows = await rows_of(world.source, made.name)
        async with world.source.reader() as reader:
            (cut,) = await reader.starts(rows, 2)
            for span in (Span(), Span(upper=cut), Span(lower=cut)):
                whole = await reader.checksum(rows, span)
                for bits in (4, 12):
                    sums = (await reader.bucket_sums(rows, span, bits)).values()
                    assert Checksum(sum(one.rows for one in sums), sum(one.sum for one in sums)) == whole
                single = await reader.row_sums(rows, span)
                assert Checksum(len(single), sum(one.sum for one in single)) == whole
                assert len({one.key for one in single}) == len(single)

    async def test_a_bucket_holds_the_same_rows_however_they_are_asked_for(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, some(COUNT))
        rows = await rows_of(world.source, made.name)
        async with world.source.reader() as reader:
            coarse = await reader.bucket_sums(rows, Span(), 4)
            assert sorted(coarse) == list(range(16)), "the hash spreads keys that count up"
            among = Buckets(4, (3, 9))
            fine = await reader.bucket_sums(rows, Span(), 10, among)
            assert {number >> 6 for number in fine} == {3, 9}
            assert sum(one.sum for number, one in fine.items() if number >> 6 == 3) == coarse[3].sum
            assert len(await reader.row_sums(rows, Span(), among)) == coarse[3].rows + coarse[9].rows

    @pytest.mark.parametrize("apart", [1, 40, COUNT])
    async def test_exactly_the_rows_that_differ_are_found(self, world: World, apart: int) -> None:
        made = two_keys(world.source_schema)
        there = moved(made, world.target_schema)
        mine = words(COUNT)
        theirs = [(n, k, "other" if place % 97 < apart * 97 / COUNT else v) for place, (n, k, v) in enumerate(mine)]
        await world.create("source", made, mine[1:])
        await world.create("target", there, [row for row in theirs if row[1] != "word 3"])
        left_rows = await rows_of(world.source, made.name)
        right_rows = await rows_of(world.target, there.name)
        wanted: set[Bound] = set()
        extra: set[Bound] = set()
        async with world.source.reader() as left, world.target.reader() as right:
            here = {one.key: one.sum for one in await left.row_sums(left_rows, Span())}
            at_target = {one.key: one.sum for one in await right.row_sums(right_rows, Span())}
            async for one in differing(left, right, left_rows, right_rows, Span(), most=500):
                wanted.update(one.wanted)
                extra.update(one.extra)
        assert wanted == {key for key, total in here.items() if at_target.get(key) != total}
        assert extra == at_target.keys() - here.keys()
        changed = sum(1 for mine_, theirs_ in zip(mine[1:], theirs[1:], strict=True) if mine_ != theirs_)
        assert len(extra) == 1
        assert changed <= len(wanted) <= changed + 7

    async def test_only_the_rows_of_the_keys_are_read(self, world: World) -> None:
        made = two_keys(world.source_schema)
        await world.create("source", made, words(50))
        rows = await rows_of(world.source, made.name)
        async with world.source.reader() as reader, world.target.writer(TAG) as writer:
            keys = [row.key for row in await reader.row_sums(rows, Span())][::10]
            assert (await read(reader, writer, rows, *keys)).rows == 5
            (cut,) = await reader.starts(rows, 2)
            halves = [Span(upper=cut, only=tuple(keys)), Span(lower=cut, only=tuple(keys))]
            parts = [await reader.read(rows, half, writer.layouts, MANY, MANY) for half in halves]
            assert sum(part.rows for part in parts) == 5
            first = await reader.read(rows, Span(only=tuple(keys)), writer.layouts, 2, MANY)
            assert (first.rows, first.span.only) == (2, tuple(keys))
            rest = Span(first.span.upper, None, tuple(keys))
            assert (await reader.read(rows, rest, writer.layouts, MANY, MANY)).rows == 3

    async def test_only_the_rows_of_the_keys_are_replaced(self, world: World) -> None:
        made = keyed(world.source_schema)
        there = moved(made, world.target_schema)
        await world.create("source", made, some(5))
        await world.create("target", there, [(number, "stale", None) for number in (1, 2, 3, 9)])
        rows, into = await rows_of(world.source, made.name), await rows_of(world.target, there.name)
        keys = await keys_of(world, rows)
        async with world.source.reader() as reader, world.target.writer(TAG) as writer:
            payload = await read(reader, writer, rows, keys[2], keys[4])
            await writer.replace(into, each([payload]))
            gone = Payload(Span(only=(keys[3],)), 0, b"", writer.layouts[0])
            await writer.replace(into, each([gone]))
        found = {row[0]: row[1] for row in await world.rows("target", there)}
        assert found == {1: "stale", 2: "a2", 4: "a4", 9: "stale"}

    async def test_rows_that_hold_each_others_values_are_replaced_together_or_not_at_all(self, world: World) -> None:
        def made(schema: str) -> Table:
            return table(schema, "t", integer("id"), text("a"), primary("id"), index("unique", "u", "a"))

        await world.create("source", made(world.source_schema), [(1, "two"), (2, "one"), (3, "nine")])
        there = made(world.target_schema)
        await world.create("target", there, [(1, "one"), (2, "two"), (9, "nine")])
        name = TableName(world.source_schema, "t")
        rows, into = await rows_of(world.source, name), await rows_of(world.target, there.name)
        keys = await keys_of(world, rows)
        async with world.source.reader() as reader, world.target.writer(TAG) as writer:
            payloads = [await read(reader, writer, rows, keys[number]) for number in (1, 2)]
            cleared = Payload(Span(only=(keys[1], keys[2])), 0, b"", writer.layouts[0])
            held = await read(reader, writer, rows, keys[3])
            with pytest.raises((DuplicateRow, LossyWrite)):
                await writer.replace(into, each([cleared, *payloads, held]), together=True)
            before: list[Row] = [(1, "one"), (2, "two"), (9, "nine")]
            assert await world.rows("target", there) == sorted(before, key=order)
            await writer.replace(into, each([cleared, *payloads]), together=True)
        after: list[Row] = [(1, "two"), (2, "one"), (9, "nine")]
        assert await world.rows("target", there) == sorted(after, key=order)

    async def test_a_where_holds_for_buckets_and_single_rows(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, some(20))
        rows = await rows_of(world.source, made.name, "id <= 5")
        async with world.source.reader() as reader:
            assert len(await bounds(reader, rows, 1)) == 4
            assert sum(one.rows for one in (await reader.bucket_sums(rows, Span(), 8)).values()) == 5
            assert sorted(int(one.key[0]) for one in await reader.row_sums(rows, Span())) == [1, 2, 3, 4, 5]
