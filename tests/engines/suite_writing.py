"""The contract, part three: rows into a target, once each, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from migrate.engines.base import Engine, Payload, Span
from migrate.errors import LossyWrite, ServerError
from migrate.model.plan import Protocol as LoadProtocol
from migrate.model.table import TableName
from tests.engines.suite_words import both_sides, chunk, keyed, some
from tests.engines.world import (
    PLAN_TAG,
    TAG,
    Row,
    World,
    bounds,
    integer,
    load,
    order,
    primary,
    rows_of,
    table,
    text,
    transfer,
)


class Untouched(AsyncIterator[Payload]):
    """Payloads that nobody may ask for."""

    async def __anext__(self) -> Payload:
        raise AssertionError("the table was recorded as whole, and is written again")


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

    @pytest.mark.parametrize("ended", [True, False])
    @pytest.mark.parametrize("protocol", PROTOCOLS)
    async def test_a_span_that_a_dead_process_is_writing_is_there_once(
        self, world: World, protocol: LoadProtocol, ended: bool
    ) -> None:
        """It is ended while it waits, or goes on. Without transactions what is left of it is ended before we write.

        Its DELETE might come after our rows else; apply always ends first what a dead run left at work.
        """
        made = keyed(world.source_schema, transactional=protocol == "transactional")
        there = await both_sides(world, made, some(5))
        _, payload = await chunk(world, made.name, Span())
        rows = await rows_of(world.target, there.name)

        async def write(engine: Engine) -> bool:
            async with engine.writer(TAG) as writer:
                return await writer.write(rows, payload, load(there), protocol)

        async with world.abandoned(there, write):
            if ended:
                assert await world.target.end_executors(PLAN_TAG) == 1
        if not ended and protocol == "replace-span":
            assert await world.target.end_executors(PLAN_TAG) <= 1
        done = await write(world.target)
        assert await world.rows("target", there) == sorted(some(5), key=order)
        assert [line.rows async for line in world.target.ledger(load(there))] == [5]
        assert done or not ended, "what was ended is not recorded"

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
