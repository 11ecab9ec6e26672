"""`kill -9` at every named point of a lake's moves: the same command goes on at once, and readers saw whole tables.

One apply is killed at each point in turn, each time after it was resumed; the last one goes through.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.lake.crash.command import OK, PLAN, Command, Point, writes
from tests.lake.crash.reader import reading
from tests.lake.crash.world import MANY, NEW, OLD, PART, PLAIN, World, file

pytestmark = [pytest.mark.xdist_group("lake"), pytest.mark.timeout(600)]

FEW = 4
"""Points of a sample: more ends with all that can be asked."""
COPIED = len(NEW[PLAIN])
DATA = r"^PUT /lake-target/\w+/moved/(?!_migrate)"
LEAVES, COMES = rf'\."{PLAIN}" RENAME TO', rf'RENAME TO \S+\."{PLAIN}"$'
SUMMED = r"checksum\((?s:.*)_mo_"

SWAP = (Point(SUMMED, "running"), Point(LEAVES, "after"), Point(COMES), Point(COMES, "after"))
TABLE = (
    Point(r"^GET /lake-source\S*[?&]prefix=", of="s3", number=1),
    Point(r"^PUT \S*/prepared/", of="s3"),
    Point(DATA, of="s3", number=3),
    Point("CREATE TABLE"),
    Point("CREATE TABLE", "after"),
    Point(r"^PUT \S*whole\.create-aside", of="s3"),
    *SWAP[:1],
    Point(r"^PUT \S*whole\.verify", of="s3"),
    Point(LEAVES),
    *SWAP[1:],
    Point(r"^PUT \S*/manifests/\S*\.proofs", of="s3"),
    Point(r"^PUT \S*whole\.swap", "after", of="s3"),
)


@pytest.mark.parametrize("points", [SWAP, pytest.param(TABLE, marks=pytest.mark.full)], ids=["swap", "all"])
async def test_a_table_that_is_replaced_whole(points: tuple[Point, ...], command: Command, world: World) -> None:
    await world.make(world.lake.target, PLAIN, OLD[PLAIN])
    command.write(PLAIN)
    before, after = await world.ask(world.lake.target, PLAIN), await world.ask(world.lake.source, PLAIN)
    await command.plan()
    with reading(world.lake.target, world.new, PLAIN) as reader:
        for point in points:
            await command.killed_at(point)
        await command.finish(PLAIN, whole=len(points) > FEW)
    reader.assert_whole(before, after, command.target.told)


DROPS = rf'DROP TABLE IF EXISTS \S+\."{PLAIN}"$'
DROPPED = (Point(DROPS, "after"), Point(COMES))
MANAGED = (
    Point(SUMMED, "after"),
    Point(DROPS),
    Point(DROPS, "running"),
    *DROPPED,
    Point(COMES, "after"),
    Point(r"^PUT \S*whole\.swap", of="s3"),
)


@pytest.mark.parametrize("points", [DROPPED, pytest.param(MANAGED, marks=pytest.mark.full)], ids=["swap", "all"])
async def test_a_managed_table_that_is_dropped_for_its_successor(
    points: tuple[Point, ...], command: Command, world: World
) -> None:
    table = f"hive.{world.new}.{PLAIN}"
    made = f"CREATE TABLE {table} (n bigint, word varchar) WITH (format = 'TEXTFILE')"
    for sql in (made, f"INSERT INTO {table} VALUES (1, 'old'), (2, 'old')"):
        await asyncio.to_thread(world.lake.target.rows, sql)
    command.write(PLAIN, 'replace_managed = "drop"')
    planned = await command.run("plan", "--allow-destructive", "*")
    assert (planned.code, "blocked" in planned.out) == (OK, False), planned.err
    for point in points:
        await command.killed_at(point)
    if points is DROPPED:
        ran = await command.run("rollback", PLAN)
        assert (ran.code, "cannot be put back" in ran.out + ran.err) == (7, True), ran.err
    await command.finish(PLAIN, whole=len(points) > FEW)


REPLACED = (
    Point(r"unregister_partition", "after", 3),
    Point(r"\.register_partition", "after", 5),
)
PARTITIONS = (
    Point(r"sync_partition_metadata"),
    Point(r"sync_partition_metadata", "after"),
    Point(SUMMED, "after"),
    Point(r"unregister_partition"),
    *REPLACED,
    Point(r"DROP TABLE", "after"),
    Point(r"^PUT \S*whole\.swap", of="s3"),
)


@pytest.mark.parametrize("points", [REPLACED, pytest.param(PARTITIONS, marks=pytest.mark.full)], ids=["swap", "all"])
async def test_partitions_that_are_replaced(points: tuple[Point, ...], command: Command, world: World) -> None:
    await world.make(world.lake.target, PART, OLD[PART])
    command.write(PART)
    before, after = await world.ask(world.lake.target, PART), await world.ask(world.lake.source, PART)
    await command.plan()
    with reading(world.lake.target, world.new, PART) as reader:
        for point in points:
            await command.killed_at(point)
        await command.finish(PART, whole=len(points) > FEW)
    reader.assert_partitions(before, after, command.target.told)


async def test_amid_a_copy_most_of_what_was_copied_is_not_copied_again(command: Command, world: World) -> None:
    command.write(PLAIN)
    await command.plan()
    await command.killed_at(Point(DATA, of="s3", number=COPIED // 2 + 1))
    there = [one async for one in world.store.list(f"{world.location}/{PLAIN}")]
    assert COPIED * 0.45 < len(there) < COPIED, "a half and what was under way"
    command.s3.seen.clear()
    await command.finish(PLAIN)
    again = writes(command)
    assert 0 < len(again) <= COPIED - len(there), "one that the dead had sent may have arrived after that"
    assert len(again) < 0.55 * COPIED


INSERT = r"^/\*.*\*/ INSERT INTO"
BATCHES = (Point(INSERT, "running"), Point(INSERT, "after", 2))
ALL_BATCHES = (
    Point(INSERT),
    Point(INSERT, "running"),
    Point(INSERT, "after"),
    Point(r"^PUT \S*/lines\.", of="s3"),
    Point(r"^PUT \S*/lines\.", "after", of="s3"),
    Point(INSERT),
    Point(INSERT, "running"),
    Point(INSERT, "after"),
    Point(SUMMED, "running"),
    Point(rf'\."{MANY}" RENAME TO', "after"),
)


@pytest.mark.parametrize(
    ("more", "points"),
    [
        pytest.param('method = "insert_select"\nvia = "source_hive"', ALL_BATCHES, marks=pytest.mark.full),
        pytest.param('method = "insert_select"\nvia = "source_hive"', BATCHES, marks=pytest.mark.full),
    ],
    ids=["all", "batches"],
)
async def test_rows_that_are_written_in_batches(
    more: str, points: tuple[Point, ...], command: Command, world: World
) -> None:
    await world.make(world.lake.target, MANY, OLD[MANY])
    command.write(MANY, more)
    before, after = await world.ask(world.lake.target, MANY), await world.ask(world.lake.source, MANY)
    await command.plan()
    with reading(world.lake.target, world.new, MANY) as reader:
        for point in points:
            await command.killed_at(point)
        await command.finish(MANY, whole=len(points) > FEW)
    reader.assert_whole(before, after, command.target.told)


@pytest.mark.full
async def test_files_that_a_dying_trino_left_are_no_rows(command: Command, world: World) -> None:
    command.write(MANY, 'method = "insert_select"\nvia = "source_hive"')
    await command.plan()
    await command.killed_at(Point(INSERT, "after"))
    (goal,) = {one.key.split("/")[0] async for one in world.store.list(f"{world.location}/{MANY}")}
    for partition in ("dt=000", "dt=059"):  # written, but by no batch that is done; and not written yet
        await world.store.put(f"{world.location}/{MANY}/{goal}/{partition}/left.txt", file(9000))
    await command.finish(MANY)


@pytest.mark.full
async def test_rows_that_are_written_in_one_piece_are_there_once(command: Command, world: World) -> None:
    command.write(PLAIN, 'method = "insert_select"\nvia = "source_hive"')
    await command.plan()
    for point in (Point(INSERT, "running"), Point(INSERT, "after"), Point(INSERT, "running")):
        await command.killed_at(point)
    await command.finish(PLAIN)


@pytest.mark.full
async def test_a_swap_of_partitions_that_was_killed_can_be_rolled_back(command: Command, world: World) -> None:
    await world.make(world.lake.target, PART, OLD[PART])
    command.write(PART)
    before = await world.ask(world.lake.target, PART)
    await command.plan()
    for point in (Point(r"unregister_partition"), Point(r"unregister_partition", "after")):
        await command.killed_at(point)
        ran = await command.run("rollback", PLAN)
        assert ran.code == OK, ran.err
        assert await world.ask(world.lake.target, PART) == before, ran.out
    await command.killed_at(Point(r"\.register_partition", "after", 2))
    ran = await command.run("rollback", PLAN)
    assert ran.code == OK, ran.err
    assert "rolled back 1" in ran.out, ran.out
    assert await world.ask(world.lake.target, PART) == before
    await command.finish(PART)
