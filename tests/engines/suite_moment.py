"""The contract, part eight: one moment for several readers, and spans put in the place of others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from migrate.engines.base import Checksum, Payload, Span
from migrate.errors import LossyWrite, ServerError
from tests.engines.suite_words import both_sides, keyed, some, sums
from tests.engines.world import MANY, TAG, World, integer, load, moved, rows_of, table, text, transfer


async def one(payload: Payload) -> AsyncIterator[Payload]:
    yield payload


class Momentary:
    """Readers that were opened together see the same, whatever is written; replacing twice is replacing once."""

    async def test_all_readers_of_a_moment_see_the_same_whatever_is_written_since(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, some(5))
        rows = await rows_of(world.source, made.name)
        before = await sums(world, "source", made.name)
        way, _ = await world.source.moment_way([made.name])
        assert way in ("backup-stage", "flush-tables")
        async with world.source.moment([made.name], 3) as moment:
            await world.insert("source", made, [(100, "new", None)])
            assert (await sums(world, "source", made.name)).rows == 6, "the others see what is written"
            async with AsyncExitStack() as stack:
                readers = [await stack.enter_async_context(moment.reader()) for _ in range(3)]
                assert [await reader.checksum(rows, Span()) for reader in readers] == [before] * 3
            async with moment.reader() as reader:
                payload = await reader.read(rows, Span(), (await self._layouts(world)), MANY, MANY)
                assert payload.rows == 5, "a reader that was given back sees the same moment again"

    async def test_writers_go_on_while_a_moment_is_open(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made, some(2))
        async with world.source.moment([made.name], 1) as moment, moment.reader():
            await world.insert("source", made, [(100, "new", None)])
        assert (await sums(world, "source", made.name)).rows == 3

    async def test_a_span_is_put_in_the_place_of_what_stands_there_however_often(self, world: World) -> None:
        made = keyed(world.source_schema)
        there = await both_sides(world, made, some(9))
        await world.insert("target", there, [(2, "other", None), (4, "more", "x"), (8, "stays", None)])
        mine, theirs = await rows_of(world.source, made.name), await rows_of(world.target, there.name)
        async with world.source.reader() as reader, world.target.writer(TAG) as writer:
            upper = await reader.next_bound(mine, Span(), 5)
            payload = await reader.read(mine, Span(None, upper), writer.layouts, MANY, MANY)
            for _ in range(2):
                await writer.replace(theirs, one(payload))
                assert await world.rows("target", there) == [*some(9)[:5], (8, "stays", None)]
            await writer.replace(theirs, one(Payload(Span(None, upper), 0, b"", writer.layouts[0])))
        assert await world.rows("target", there) == [(8, "stays", None)]

    async def test_a_table_without_key_is_put_in_the_place_of_what_is_there(self, world: World) -> None:
        made = table(world.source_schema, "bag", integer("n"), text("t"))
        there = await both_sides(world, made, [(1, "a"), (1, "a"), (2, "b")])
        await world.insert("target", there, [(7, "other")])
        mine, theirs = await rows_of(world.source, made.name), await rows_of(world.target, there.name)
        async with world.source.reader() as reader, world.target.writer(TAG) as writer:
            for _ in range(2):
                await writer.replace(theirs, reader.stream(mine, writer.layouts, MANY))
        assert await world.rows("target", there) == [(1, "a"), (1, "a"), (2, "b")]

    async def test_a_replacement_that_fails_leaves_what_was_there(self, world: World) -> None:
        made = keyed(world.source_schema)
        there = await both_sides(world, made, some(4))
        await transfer(world, made.name, there.name, 10)
        mine, theirs = await rows_of(world.source, made.name), await rows_of(world.target, there.name)
        async with world.source.reader() as reader, world.target.writer(TAG) as writer:
            payload = await reader.read(mine, Span(), writer.layouts, MANY, MANY)
            upper = await reader.next_bound(mine, Span(), 2)
            wrong = Payload(Span(None, upper), payload.rows, payload.data, payload.layout, payload.marks)
            with pytest.raises((ServerError, LossyWrite)):  # rows 3 and 4 are there, outside of the span
                await writer.replace(theirs, one(wrong))
        assert await world.rows("target", there) == some(4)

    async def test_a_line_tells_at_which_moment_its_rows_were_read(self, world: World) -> None:
        made = keyed(world.source_schema)
        there = await both_sides(world, made, some(3))
        mine, theirs = await rows_of(world.source, made.name), await rows_of(world.target, there.name)
        async with world.source.reader() as reader, world.target.writer(TAG) as writer:
            payload = await reader.read(mine, Span(), writer.layouts, MANY, MANY)
            assert await writer.write(theirs, payload, load(there), "transactional", "then")
        assert [line.moment async for line in world.target.ledger(load(there))] == ["then"]
        bag = moved(table(world.source_schema, "bag", integer("n")), world.target_schema)
        await world.create("target", bag)
        async with world.target.writer(TAG) as writer:
            assert await writer.write_whole(await rows_of(world.target, bag.name), _none(), load(bag), "now")
        assert [line.moment async for line in world.target.ledger(load(bag))] == ["now"]
        assert await sums(world, "target", bag.name) == Checksum()

    async def _layouts(self, world: World) -> tuple[str, ...]:
        async with world.target.writer(TAG) as writer:
            return writer.layouts


async def _none() -> AsyncIterator[Payload]:
    return
    yield
