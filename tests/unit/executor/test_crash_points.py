"""The process dies at every point of its way, one after the other; the next apply makes of it what was planned."""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest

from migrate.engines.memory.faults import Point
from migrate.errors import ConnectionLost
from migrate.executor import both, catch_up, load
from migrate.model.plan import Ddl
from migrate.model.progress import Outcome
from migrate.model.table import TableName
from tests.sample import sampled
from tests.unit.executor.crash_world import Side, World

POINTS: tuple[tuple[Side, Point], ...] = (
    ("old", "inspect"),
    ("old", "read"),
    ("old", "checksum"),
    ("new", "inspect"),
    ("new", "checksum"),
    ("new", "ddl.sent"),
    ("new", "ddl.running"),
    ("new", "ddl.applied"),
    ("new", "write.begun"),
    ("new", "write.line"),
    ("new", "write.cleared"),
    ("new", "write.half"),
    ("new", "write.rows"),
    ("new", "write.done"),
    ("new", "record.sent"),
    ("new", "record.done"),
    ("new", "lock.check"),
)


def crossed(points: Sequence[tuple[Side, Point]]) -> list[object]:
    """Each point with one slot and with six: by turns the one in `make test`, the other among all tests."""
    return [
        pytest.param(side, point, slots, marks=() if n % 2 == turn else pytest.mark.full)
        for n, (side, point) in enumerate(points)
        for turn, slots in enumerate((1, 6))
    ]


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder in memory where there is one: state files wait for the disk at every line, here thousands of times."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made in it has a name of its own
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of three rows and ranges of few bytes, so that a dozen rows have everything that millions have."""
    monkeypatch.setattr(load, "FIRST_ROWS", 3)
    monkeypatch.setattr(catch_up, "MOST_ROWS", 3)
    monkeypatch.setattr(load, "PART_BYTES", 60)
    monkeypatch.setattr(both, "PART_BYTES", 60)
    monkeypatch.setattr(load, "CHUNK_BYTES", 50)
    monkeypatch.setattr(catch_up, "FIRST_ROWS", 2)


def finish(world: World, parallelism: int) -> None:
    """The same command again ends well, both sides are equal, and once more does nothing."""
    outcome = world.apply(parallelism)
    assert (outcome.failed, outcome.not_started) == (0, 0)
    assert world.rows("new") == world.rows("old"), "every row once"
    assert world.shapes("new") == world.shapes("old"), "every index, foreign key and counter once"
    assert world.stored("new") == [
        (kind, name, text.replace(" a.", " b."), order, enabled)
        for kind, name, text, order, enabled in world.stored("old")
    ]
    audits = [one.text for one in world.servers["new"].stored if one.name.name == "audit"]
    assert audits in (["only here"], []), "a trigger that stepped aside came back as it was"
    assert world.servers["new"].executors.running == [], "nothing of the dead process is at work any more"
    passed = dict(world.servers["new"].faults.passed)
    again = world.apply(parallelism)
    assert (again.done, again.failed, again.not_started) == (0, 0, 0)
    writes = {point for point in world.servers["new"].faults.passed if point.startswith(("ddl", "write", "record"))}
    assert all(world.servers["new"].faults.passed[point] == passed.get(point, 0) for point in writes)


def test_without_a_crash_everything_is_moved_and_a_second_apply_does_nothing(disk: Path) -> None:
    world = World.fresh(disk / "state")
    assert len(world.rows("old")["items"]) == 14
    assert world.shapes("old")["items"][1] == ("item_owner",)
    assert world.shapes("old")["counted"][2] == 100
    finish(world, 4)


@pytest.mark.parametrize(("side", "point", "parallelism"), crossed(POINTS))
def test_a_crash_at_any_passing_of_this_point_is_mended_by_the_next_apply(
    disk: Path, side: Side, point: Point, parallelism: int
) -> None:
    """Every other one of them loses the state file too: with one slot the even, with six the odd ones."""
    for nth in count(1):
        world = World.fresh(disk / f"{nth}")
        left = asyncio.run(world.crash(side, point, nth, parallelism, disk / f"{nth}-left"))
        if isinstance(left, Outcome):
            break
        if (nth + parallelism) % 2:
            left.lose_state()
        finish(left, parallelism)
    assert nth > 2, "the point was passed more than once"


MOVING: tuple[tuple[Side, Point], ...] = (
    ("old", "read"),
    ("new", "checksum"),
    ("new", "ddl.applied"),
    ("new", "write.half"),
    ("new", "write.done"),
    ("new", "record.done"),
)


@pytest.mark.parametrize(("side", "point", "parallelism"), crossed(MOVING))
def test_whatever_the_source_did_after_a_crash_all_rows_are_of_one_moment_in_the_end(
    disk: Path, side: Side, point: Point, parallelism: int
) -> None:
    """Of the new one, as long as anything was left to load or to prove."""
    ends = set()
    for nth in count(1):
        world = World.fresh(disk / f"{nth}")
        left = asyncio.run(world.crash(side, point, nth, parallelism, disk / f"{nth}-left"))
        if isinstance(left, Outcome):
            break
        before = left.rows("old")
        left.move_on()
        outcome = left.apply(parallelism)
        assert (outcome.failed, outcome.not_started) == (0, 0)
        there = left.rows("new")
        assert there in (before, left.rows("old")), "some tables are of another moment"
        ends.add(there == before)
        assert [one[:2] for one in left.stored("new")] == [one[:2] for one in left.stored("old")]
        assert left.apply(parallelism).done == 0
    assert False in ends


@pytest.mark.parametrize("seed", sampled(range(30), 10))
def test_a_source_that_moves_on_through_a_chain_of_crashes_is_met_at_one_moment_in_the_end(
    disk: Path, seed: int
) -> None:
    """Also when a run that brings all to its moment is killed amid that."""
    dice = random.Random(seed)
    world, parallelism = World.fresh(disk / "0"), dice.choice((1, 2, 6))
    moments = [world.rows("old")]
    for turn in range(1, 9):
        side, point = dice.choice(POINTS)
        left = asyncio.run(world.crash(side, point, dice.randint(1, 9), parallelism, disk / f"{turn}"))
        if isinstance(left, Outcome):
            break
        world = left
        if dice.random() < 0.7:
            world.move_on()
            moments.append(world.rows("old"))
    outcome = world.apply(parallelism)
    assert (outcome.failed, outcome.not_started) == (0, 0)
    assert world.rows("new") in moments, "some tables are of another moment"
    assert world.apply(parallelism).done == 0


@pytest.mark.parametrize("parallelism", [1, 6])
def test_a_statement_that_outlived_its_client_and_came_to_its_end_is_found_done(disk: Path, parallelism: int) -> None:
    for nth in count(1):
        world = World.fresh(disk / f"{nth}")
        left = asyncio.run(world.crash("new", "ddl.running", nth, parallelism, disk / f"{nth}-left"))
        if isinstance(left, Outcome):
            break
        assert left.servers["new"].executors.running
        left.servers["new"].finish_executors()
        finish(left, parallelism)
    assert nth > 2


@pytest.mark.parametrize("name", ["keyless", "log", "plain", "owners"])
@pytest.mark.parametrize("point", ["write.cleared", "write.half", "write.rows", "write.done"])
def test_a_table_that_stood_empty_on_the_target_is_loaded_once_whatever_it_is(
    disk: Path, name: str, point: Point
) -> None:
    for nth in count(1):
        world = World.fresh(disk / f"{nth}", existing=(name,))
        left = asyncio.run(world.crash("new", point, nth, 2, disk / f"{nth}-left"))
        if isinstance(left, Outcome):
            break
        finish(left, 2)


@pytest.mark.parametrize("moving", [False, True])
@pytest.mark.parametrize(
    "point", ["ddl.sent", "ddl.running", "ddl.applied", "write.done", "record.sent", "record.done"]
)
def test_a_unique_key_that_waits_for_the_rows_is_added_once_wherever_apply_died(
    disk: Path, point: Point, moving: bool
) -> None:
    keyed = {"PRIMARY", "u"}
    for nth in count(1):
        world = World.fresh(disk / f"{nth}", existing=("known",))
        assert {one.id for one in world.plan.step if isinstance(one, Ddl) and one.target == "new:b.known"} == {
            "alter-table:new:b.known",
            "add-indexes:new:b.known",
        }
        left = asyncio.run(world.crash("new", point, nth, 2, disk / f"{nth}-left"))
        if isinstance(left, Outcome):
            break
        before = left.rows("old")
        if moving:
            left.move_on()
        outcome = left.apply(2)
        assert (outcome.failed, outcome.not_started) == (0, 0)
        assert left.rows("new") in (before, left.rows("old"))
        assert {one.name for one in left.servers["new"].tables[TableName("b", "known")].table.indexes} == keyed
        assert left.apply(2).done == 0
    assert nth > 2


@pytest.mark.parametrize("seed", sampled(range(40), 14))
def test_a_chain_of_crashes_at_random_points_comes_to_its_end(disk: Path, seed: int) -> None:
    dice = random.Random(seed)
    world, parallelism = World.fresh(disk / "0"), dice.choice((1, 2, 6))
    for turn in range(1, 13):
        side, point = dice.choice(POINTS)
        left = asyncio.run(world.crash(side, point, dice.randint(1, 6), parallelism, disk / f"{turn}"))
        if isinstance(left, Outcome):
            break
        world = left
        if dice.random() < 0.3:
            world.lose_state()
        if dice.random() < 0.3:
            world.servers["new"].finish_executors()
    finish(world, parallelism)


def test_after_a_lost_connection_nothing_is_written_once_the_lock_is_lost_too(disk: Path) -> None:
    """Both are gone when the server restarts, and another run may hold the lock when this one tries again."""
    world = World.fresh(disk / "state")
    server, plain = world.servers["new"], TableName("b", "plain")
    gate = server.hold_at("write.begun", 2, "b.plain")
    server.fail_at("write.begun", 2, ConnectionLost("new", "gone"), "b.plain")

    async def restarted() -> tuple[Outcome, int]:
        running = asyncio.create_task(world.run(1, failing=True))
        await gate.reached()
        server.break_locks()
        before = len(server.rows(plain))
        gate.open()
        return await running, before

    outcome, before = asyncio.run(restarted())
    assert outcome.failed >= 1
    assert "lock" in outcome.failures[0].error
    assert 0 < before == len(server.rows(plain)), "not a row without the lock"
    finish(world, 1)


def test_a_mistake_of_ours_in_a_step_ends_apply_instead_of_hanging_it(disk: Path) -> None:
    world = World.fresh(disk / "state")
    world.servers["old"].fail_at("read", 2, KeyError("a mistake"))

    async def apply() -> None:
        async with asyncio.timeout(5):
            await world.run(4)

    with pytest.raises(KeyError, match="a mistake"):
        asyncio.run(apply())
