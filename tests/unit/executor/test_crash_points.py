"""The process dies at every point of its way, one after the other; the next apply makes of it what was planned."""

from __future__ import annotations

import asyncio
import random
from itertools import count
from pathlib import Path

import pytest

from migrate.engines.memory.faults import Point
from migrate.executor import load
from migrate.model.progress import Outcome
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


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of three rows and ranges of few bytes, so that a dozen rows have everything that millions have."""
    monkeypatch.setattr(load, "FIRST_ROWS", 3)
    monkeypatch.setattr(load, "MOST_ROWS", 3)
    monkeypatch.setattr(load, "RANGE_BYTES", 60)
    monkeypatch.setattr(load, "CHUNK_BYTES", 50)


def finish(world: World, parallelism: int) -> None:
    """The same command again ends well, both sides are equal, and once more does nothing."""
    outcome = world.apply(parallelism)
    assert (outcome.failed, outcome.not_started) == (0, 0)
    assert world.rows("new") == world.rows("old"), "every row once"
    assert world.shapes("new") == world.shapes("old"), "every index, foreign key and counter once"
    assert world.servers["new"].executors.running == [], "nothing of the dead process is at work any more"
    passed = dict(world.servers["new"].faults.passed)
    again = world.apply(parallelism)
    assert (again.done, again.failed, again.not_started) == (0, 0, 0)
    writes = {point for point in world.servers["new"].faults.passed if point.startswith(("ddl", "write", "record"))}
    assert all(world.servers["new"].faults.passed[point] == passed.get(point, 0) for point in writes)


def test_without_a_crash_everything_is_moved_and_a_second_apply_does_nothing(tmp_path: Path) -> None:
    world = World.fresh(tmp_path / "state")
    assert len(world.rows("old")["items"]) == 14
    assert world.shapes("old")["items"][1] == ("item_owner",)
    assert world.shapes("old")["counted"][2] == 100
    finish(world, 4)


@pytest.mark.parametrize("state", ["kept", "lost"])
@pytest.mark.parametrize("parallelism", [1, 6])
@pytest.mark.parametrize(("side", "point"), POINTS)
def test_a_crash_at_any_passing_of_this_point_is_mended_by_the_next_apply(
    tmp_path: Path, side: Side, point: Point, parallelism: int, state: str
) -> None:
    for nth in count(1):
        world = World.fresh(tmp_path / f"{nth}")
        left = asyncio.run(world.crash(side, point, nth, parallelism, tmp_path / f"{nth}-left"))
        if isinstance(left, Outcome):
            break
        if state == "lost":
            left.lose_state()
        finish(left, parallelism)
    assert nth > 2, "the point was passed more than once"


@pytest.mark.parametrize("parallelism", [1, 6])
def test_a_statement_that_outlived_its_client_and_came_to_its_end_is_found_done(
    tmp_path: Path, parallelism: int
) -> None:
    for nth in count(1):
        world = World.fresh(tmp_path / f"{nth}")
        left = asyncio.run(world.crash("new", "ddl.running", nth, parallelism, tmp_path / f"{nth}-left"))
        if isinstance(left, Outcome):
            break
        assert left.servers["new"].executors.running
        left.servers["new"].finish_executors()
        finish(left, parallelism)
    assert nth > 2


@pytest.mark.parametrize("name", ["keyless", "log", "plain", "owners"])
@pytest.mark.parametrize("point", ["write.cleared", "write.half", "write.rows", "write.done"])
def test_a_table_that_stood_empty_on_the_target_is_loaded_once_whatever_it_is(
    tmp_path: Path, name: str, point: Point
) -> None:
    for nth in count(1):
        world = World.fresh(tmp_path / f"{nth}", existing=(name,))
        left = asyncio.run(world.crash("new", point, nth, 2, tmp_path / f"{nth}-left"))
        if isinstance(left, Outcome):
            break
        finish(left, 2)


@pytest.mark.parametrize("seed", range(60))
def test_a_chain_of_crashes_at_random_points_comes_to_its_end(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    world, parallelism = World.fresh(tmp_path / "0"), dice.choice((1, 2, 6))
    crashes = 0
    for turn in range(1, 13):
        side, point = dice.choice(POINTS)
        left = asyncio.run(world.crash(side, point, dice.randint(1, 6), parallelism, tmp_path / f"{turn}"))
        if isinstance(left, Outcome):
            break
        crashes += 1
        world = left
        if dice.random() < 0.3:
            world.lose_state()
        if dice.random() < 0.3:
            world.servers["new"].finish_executors()
    finish(world, parallelism)
    assert crashes or seed >= 0
