"""The memory engine keeps the contract; and the faults that only it has do what they say."""

from __future__ import annotations

import asyncio

import pytest

from migrate.engines.base import Dialect, Span
from migrate.engines.memory import MemoryEngine
from migrate.engines.memory.faults import Point
from migrate.errors import ConnectionLost, DuplicateRow, LossyWrite, ReadOnlyServer, ServerError
from migrate.model.plan import Protocol as LoadProtocol
from migrate.model.table import Column, Table
from migrate.model.types import Opaque, Text
from tests.engines.memory_world import MemoryWorld
from tests.engines.suite import EngineSuite
from tests.engines.suite_words import both_sides, chunk, keyed, some
from tests.engines.world import TAG, World, index, integer, load, moved, order, primary, rows_of, table, text, transfer


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


class TestMemory(EngineSuite):
    """No servers, milliseconds."""


def _is_a_world(world: MemoryWorld) -> World:
    return world  # mypy proves here that nothing is missing


DIALECT = Dialect("memory")
GONE = ConnectionLost("new", "gone")


async def written(world: MemoryWorld, there: Table, engine: MemoryEngine | None = None) -> bool:
    """Write all rows of the source's table `t`."""
    _, payload = await chunk(world, keyed(world.source_schema).name, Span())
    protocol: LoadProtocol = "transactional" if there.storage.transactional else "replace-span"
    async with (engine or world.target).writer(TAG) as writer:
        return await writer.write(await rows_of(world.target, there.name), payload, load(there), protocol)


POINTS: dict[bool, tuple[Point, ...]] = {
    True: ("write.begun", "write.line", "write.half", "write.rows"),
    False: ("write.begun", "write.cleared", "write.half", "write.rows"),
}


@pytest.mark.parametrize(
    ("transactional", "point"), [(kind, point) for kind, points in POINTS.items() for point in points]
)
async def test_a_fault_before_the_end_leaves_no_ledger_line(
    world: MemoryWorld, point: Point, transactional: bool
) -> None:
    there = await both_sides(world, keyed(world.source_schema, transactional), some(6))
    world.servers["target"].fail_at(point, 1, GONE)
    with pytest.raises(ConnectionLost):
        await written(world, there)
    left = {"write.half": 3, "write.rows": 6}.get(point, 0)
    assert len(await world.rows("target", there)) == (0 if transactional else left)
    assert [line async for line in world.target.ledger(load(there))] == []
    assert await written(world, there) is True
    assert await world.rows("target", there) == sorted(some(6), key=order)


@pytest.mark.parametrize("transactional", [True, False])
async def test_a_lost_answer_leaves_rows_and_line(world: MemoryWorld, transactional: bool) -> None:
    there = await both_sides(world, keyed(world.source_schema, transactional), some(6))
    world.servers["target"].fail_at("write.done", 1, GONE)
    with pytest.raises(ConnectionLost):
        await written(world, there)
    assert await written(world, there) is False
    assert await world.rows("target", there) == sorted(some(6), key=order)


async def test_a_transaction_on_a_table_without_them_keeps_half_of_the_rows(world: MemoryWorld) -> None:
    there = await both_sides(world, keyed(world.source_schema, transactional=False), some(6))
    _, payload = await chunk(world, keyed(world.source_schema).name, Span())
    world.servers["target"].fail_at("write.half", 1, GONE)
    async with world.target.writer(TAG) as writer:
        rows = await rows_of(world.target, there.name)
        with pytest.raises(ConnectionLost):
            await writer.write(rows, payload, load(there), "transactional")
        with pytest.raises(DuplicateRow):
            await writer.write(rows, payload, load(there), "transactional")
    assert await world.rows("target", there) == some(3)


async def test_a_successor_waits_for_a_zombie_and_finds_its_span_written(world: MemoryWorld) -> None:
    there = await both_sides(world, keyed(world.source_schema), some(4))
    gate = world.servers["target"].hold_at("write.rows")
    zombie = asyncio.create_task(written(world, there, world.rival()))
    await gate.reached()
    assert await world.rows("target", there) == [], "nobody sees what is not committed"
    successor = asyncio.create_task(written(world, there))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not successor.done()
    gate.open()
    assert (await zombie, await successor) == (True, False)
    assert await world.rows("target", there) == some(4)


async def test_an_ended_zombie_writes_nothing_and_makes_way(world: MemoryWorld) -> None:
    there = await both_sides(world, keyed(world.source_schema), some(4))
    gate = world.servers["target"].hold_at("write.rows")
    zombie = asyncio.create_task(written(world, there, world.rival()))
    await gate.reached()
    assert await world.target.end_executors(TAG) == 1
    assert await written(world, there) is True
    gate.open()
    with pytest.raises(ServerError, match="was ended"):
        await zombie
    assert await world.rows("target", there) == some(4)


async def test_a_statement_goes_on_after_its_client_died(world: MemoryWorld) -> None:
    server = world.servers["target"]
    made = table("new", "t", integer("id"), primary("id"))
    sql = world.target.create_table(made, await definition(world, made), (), DIALECT)
    server.fail_at("ddl.running", 1, GONE)
    with pytest.raises(ConnectionLost):
        await world.target.execute(sql, TAG)
    assert made.name not in server.tables
    server.finish_executors()
    assert made.name in server.tables
    assert await world.target.end_executors(TAG) == 0


@pytest.mark.parametrize(("point", "there"), [("ddl.sent", False), ("ddl.running", False), ("ddl.applied", True)])
async def test_a_fault_of_a_statement_strikes_where_it_says(world: MemoryWorld, point: Point, there: bool) -> None:
    server = world.servers["target"]
    made = table("new", "t", integer("id"), primary("id"))
    server.fail_at(point, 1, GONE)
    with pytest.raises(ConnectionLost):
        await world.target.execute(world.target.create_table(made, await definition(world, made), (), DIALECT), TAG)
    assert (made.name in server.tables) is there
    assert len(server.executors.running) == (1 if point == "ddl.running" else 0)


async def definition(world: MemoryWorld, made: Table) -> str:
    """The source's text of a table of the target."""
    name = moved(made, world.source_schema)
    await world.create("source", name)
    return (await world.source.definitions([name.name]))[name.name]


async def test_a_fault_counts_the_passings_of_its_subject(world: MemoryWorld) -> None:
    faults = world.servers["target"].faults
    faults.fail_at("read", 2, GONE, "old.t")
    await faults.at("read", "old.t")
    await faults.at("read", "old.u")
    with pytest.raises(ConnectionLost):
        await faults.at("read", "old.t")
    await faults.at("read", "old.t")
    assert (faults.passed["read"], faults.pending) == (4, 0)


async def test_a_read_only_server_takes_nothing(world: MemoryWorld) -> None:
    there = await both_sides(world, keyed(world.source_schema), some(2))
    world.servers["target"].read_only = True
    with pytest.raises(ReadOnlyServer):
        await world.target.writable()
    with pytest.raises(ReadOnlyServer):
        await written(world, there)
    with pytest.raises(ReadOnlyServer):
        await world.target.execute('{"do":"drop_table","table":{"schema":"new","name":"t"}}', TAG)
    assert there.name in world.servers["target"].tables


async def test_text_compares_by_its_collation(world: MemoryWorld) -> None:
    name = Column("k", "text", Text("utf8mb4", 9), nullable=False, collation="nocase")
    made = table(world.source_schema, "t", name, integer("n"), primary("k"))
    rows = [("b", 1), ("A", 2), ("C", 3), ("d", 4)]
    there = await both_sides(world, made, rows)
    async with world.source.reader() as reader:
        assert await reader.next_bound(await rows_of(world.source, made.name), Span(), 2) == ('"b"',)
    assert await transfer(world, made.name, there.name, 3) == [3, 1]
    with pytest.raises(DuplicateRow):
        world.servers["source"].add_table(table("old", "u", name, primary("k")), [("a",), ("A",)])


@pytest.mark.parametrize("sql", ["", "{}", "DROP TABLE t", '{"do":"drop_table","table":{"schema":"new","name":"no"}}'])
async def test_a_statement_that_is_none_is_refused(world: MemoryWorld, sql: str) -> None:
    with pytest.raises(ServerError):
        await world.target.execute(sql, TAG)
    assert world.servers["target"].executors.running == []


async def test_a_unique_index_is_refused_by_equal_rows(world: MemoryWorld) -> None:
    made = table("new", "t", integer("id"), text("a"), primary("id"))
    await world.create("target", made, [(1, "x"), (2, "x"), (3, None), (4, None)])
    sql = world.target.add_indexes(made, await definition(world, made), [index("unique", "u", "a")], DIALECT)
    with pytest.raises(DuplicateRow):
        await world.target.execute(sql, TAG)
    assert world.servers["target"].tables[made.name].table.indexes == (primary("id"),)


async def test_a_type_that_nobody_knows_is_a_finding(world: MemoryWorld) -> None:
    made = table("old", "t", integer("id"), Column("x", "blob of magic", Opaque("blob of magic")), primary("id"))
    (text_of_it,) = world.source.findings(made)
    assert "'blob of magic'" in text_of_it


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("", [1, 2, 3, 4]),
        ("id >= 2 AND id <> 3", [2, 4]),
        ("a = 'a1'", [1]),
        ("b is null", [3]),
        ("`b` IS NOT NULL and id < 3", [1, 2]),
    ],
)
async def test_conditions_mean_what_they_mean_in_sql(world: MemoryWorld, where: str, ids: list[int]) -> None:
    made = keyed("old")
    await world.create("source", made, some(4))
    async with world.source.reader() as reader:
        found = await reader.checksum(await rows_of(world.source, made.name, where), Span())
    assert found.rows == len(ids)
    (measured,) = await world.source.measure([await rows_of(world.source, made.name, where)])
    assert measured.rows == len(ids)


async def test_a_condition_that_is_none_is_refused(world: MemoryWorld) -> None:
    made = keyed("old")
    await world.create("source", made)
    for where in ("id", "id ~ 3", "nobody = 3", "id = 3 or id = 4"):
        with pytest.raises(ServerError):
            await world.source.measure([await rows_of(world.source, made.name, where)])


async def test_sessions_are_counted(world: MemoryWorld) -> None:
    async with world.target.reader(), world.target.writer(TAG):
        assert world.target.sessions == 2
    async with world.target.reader():
        assert (world.target.sessions, world.target.peak) == (1, 2)


async def test_null_in_a_column_that_takes_none_is_lossy(world: MemoryWorld) -> None:
    await world.create("source", keyed("old"), [(1, None, None)])
    there = table("new", "t", integer("id"), text("a", nullable=False), text("b"), primary("id"))
    await world.create("target", there)
    await world.target.prepare_ledger([("", "new")])
    with pytest.raises(LossyWrite, match=r"new:new\.t\.a"):
        await written(world, there)
