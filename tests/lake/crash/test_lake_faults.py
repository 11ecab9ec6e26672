"""A store, or a Trino, that fails under the real `migrate apply`: what happened is named, retried, or resumed."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
import signal
import time
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.crash.command import Ran
from tests.lab.lake import Lake
from tests.lake.crash.command import LOCKED, OK, PLAN, STALE, STOPPED, Command, Point, commands, writes
from tests.lake.crash.world import NEW, OLD, PLAIN, World, source_world, target_world
from tests.lake.faults import DENIED, SLOW_DOWN, Answer, Request, Rule

pytestmark = [pytest.mark.xdist_group("lake"), pytest.mark.timeout(300)]

LEAVES, COMES = rf'\."{PLAIN}" RENAME TO', rf'RENAME TO \S+\."{PLAIN}"$'
SUMMED = r"checksum\((?s:.*)_mo_"
DATA = r"^PUT /lake-target/\w+/moved/(?!_migrate)"
INTERNAL = b"<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"


def asked(request: Request, pattern: str) -> bool:
    return re.search(pattern, f"{request.method} {request.path}") is not None


def once_each(pattern: str, answer: Answer) -> Rule:
    """Every matching request is answered so the first time."""
    told: set[tuple[str, str]] = set()

    async def rule(request: Request) -> Answer | None:
        if not asked(request, pattern) or (request.method, request.path) in told:
            return None
        told.add((request.method, request.path))
        return answer

    return rule


def always(pattern: str, answer: Answer) -> Rule:
    async def rule(request: Request) -> Answer | None:
        return answer if asked(request, pattern) else None

    return rule


def sometimes(pattern: str, answer: Answer, share: float, seed: int) -> Rule:
    dice = random.Random(seed)

    async def rule(request: Request) -> Answer | None:
        return answer if asked(request, pattern) and dice.random() < share else None

    return rule


def assert_one_error(ran: Ran, *words: str) -> None:
    """One clear error, which says these words and the next step."""
    said = ran.out + ran.err
    for word in words:
        assert word in said, said
    assert "migrate apply" in said or "migrate plan" in said, said


PASSING = {
    "500": once_each(DATA, Answer(500, INTERNAL)),
    "503": once_each(DATA, Answer(503, SLOW_DOWN)),
    "reset": sometimes(r"^(PUT|GET) /lake-(source|target)/\w+/(made|moved)", Answer(0), 0.15, 7),
    "lost answer": once_each(r"^(PUT|POST)", Answer(0, after=True)),
    "200 and not there": once_each(DATA, Answer(200, INTERNAL)),
}


@pytest.mark.full
@pytest.mark.parametrize("fault", list(PASSING))
async def test_a_store_that_fails_for_a_while_is_asked_again(fault: str, command: Command, world: World) -> None:
    command.write(PLAIN)
    await command.plan()
    command.s3.rule = PASSING[fault]
    await command.apply()
    command.s3.rule = None
    await command.finish(PLAIN)


@pytest.mark.full
@pytest.mark.parametrize("times", [1, None])
async def test_a_copy_inside_the_store_that_says_200_with_an_error_in_it(
    times: int | None, command: Command, world: World
) -> None:
    command.write(PLAIN, both=True)
    ran = await command.plan()
    assert "through the machine" not in ran.out
    told = Answer(200, DENIED)
    one = r"^PUT \S*/moved/plain/\w+/007\.txt"
    command.s3.rule = always(one, told) if times is None else once_each(one, told)
    if times is None:
        ran = await command.apply(code=STOPPED)
        assert_one_error(ran, "007.txt", "the store says that it was copied")
    else:
        await command.apply()
    command.s3.rule = None
    await command.finish(PLAIN)


async def test_a_store_that_refuses_an_object_is_named_and_the_copy_resumed(command: Command, world: World) -> None:
    await world.make(world.lake.target, PLAIN, OLD[PLAIN])
    before = await world.ask(world.lake.target, PLAIN)
    command.write(PLAIN)
    await command.plan()
    command.s3.rule = always(r"^PUT \S*/moved/plain/\w+/007\.txt", Answer(403, DENIED))
    ran = await command.apply(code=STOPPED)
    assert_one_error(ran, "new: s3://lake-target/", "007.txt", "AccessDenied")
    assert await world.ask(world.lake.target, PLAIN) == before
    command.s3.rule = None
    await command.finish(PLAIN)


@pytest.mark.full
async def test_a_source_that_refuses_to_be_read_is_named(command: Command, world: World) -> None:
    command.write(PLAIN)
    await command.plan()
    command.s3.rule = always(r"^GET /lake-source/\w+/made/plain/007\.txt", Answer(403, DENIED))
    ran = await command.apply(code=STOPPED)
    assert_one_error(ran, "old: s3://lake-source/", "007.txt", "AccessDenied")
    command.s3.rule = None
    await command.finish(PLAIN)


@pytest.fixture
async def own(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Command]:
    """A source of its own, which a test may change."""
    async with source_world(lake, (PLAIN,)) as old, target_world(lake, old) as world:
        await world.make(lake.target, PLAIN, OLD[PLAIN])
        async with commands(tmp_path_factory.mktemp("own"), lake, world) as command:
            command.write(PLAIN)
            await command.plan()
            yield command


COPYING, COPIED = Point(DATA, "after", 5, "s3"), Point("CREATE TABLE", "after")


@pytest.mark.parametrize(
    ("point", "deleted"),
    [
        (COPYING, False),
        pytest.param(COPYING, True, marks=pytest.mark.full),
        pytest.param(COPIED, False, marks=pytest.mark.full),
        pytest.param(COPIED, True, marks=pytest.mark.full),
    ],
    ids=["changed-copying", "deleted-copying", "changed-copied", "deleted-copied"],
)
async def test_a_source_that_changes_meanwhile_is_named_and_nothing_is_swapped_in(
    point: Point, deleted: bool, own: Command
) -> None:
    world = own.world
    before = await world.ask(world.lake.target, PLAIN)
    place = f"s3://{world.lake.source.bucket}/{world.old}/made/{PLAIN}/{min(NEW[PLAIN])}"
    async with own.held_at(point) as process:
        if deleted:
            await world.store.delete([place])
        else:
            await world.store.put(place, b"7\x01seven\n")
    ran = await own.ended(process)
    assert ran.code == STOPPED, ran.out + ran.err
    assert_one_error(ran, "its files changed", "migrate plan")
    assert await world.ask(world.lake.target, PLAIN) == before
    again = await own.run("apply", PLAN)
    assert again.code in (STALE, STOPPED), again.out + again.err
    assert "its files changed" in again.out + again.err
    assert await world.ask(world.lake.target, PLAIN) == before
    await own.plan()
    await own.finish(PLAIN)


# --- two runs -----------------------------------------------------------------------------------------------------


@pytest.fixture
def other(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command in another folder, with a state file of its own, as on another machine."""
    folder = tmp_path_factory.mktemp("other")
    return Command(folder, command.world, command.source, command.target, command.s3)


def give(command: Command, other: Command) -> None:
    """The other one has the plan too."""
    (other.folder / "plans").mkdir(exist_ok=True)
    shutil.copy(command.folder / PLAN, other.folder / PLAN)


async def test_of_two_runs_the_second_names_the_first_and_takes_over_when_that_is_dead(
    command: Command, other: Command, world: World
) -> None:
    command.write(PLAIN)
    await command.plan()
    give(command, other)
    async with command.held_at(Point(DATA, of="s3", number=5)) as process:
        for one in (command, other):
            ran = await one.apply(code=LOCKED)
            assert f"pid {process.pid}" in ran.err, ran.err
        assert process.kill()
    began = time.monotonic()
    await other.finish(PLAIN)
    assert time.monotonic() - began < 60, "no lock was waited for"


@pytest.mark.full
async def test_a_lock_of_a_machine_that_nobody_hears_of_is_free_after_a_minute(command: Command, world: World) -> None:
    command.write(PLAIN)
    await command.plan()
    await command.killed_at(Point(DATA, of="s3", number=5))
    place = f"s3://{world.lake.target.bucket}/_migrate/locks/hive.{world.new}"
    found = await world.store.get(place)
    assert found is not None
    elsewhere = msgspec.json.decode(found[0]) | {"process": "elsewhere 00 pid:[1] 7 7"}
    await world.store.put(place, msgspec.json.encode(elsewhere))
    await command.apply(code=LOCKED)
    ran = await command.apply("--lock-timeout", "120")
    assert ran.seconds > 30
    await command.finish(PLAIN)


# --- Ctrl-C -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.full)])
async def test_a_copy_that_is_interrupted_ends_clean_and_goes_on(
    number: signal.Signals, command: Command, world: World
) -> None:
    command.write(PLAIN)
    await command.plan()
    async with command.held_at(Point(DATA, "after", len(NEW[PLAIN]) // 2, "s3")) as process:
        process.signal(number)
        await asyncio.sleep(0.3)
    ran = await command.ended(process)
    assert ran.code == 128 + number, ran.out + ran.err
    assert "migrate apply" in ran.out + ran.err
    there = [one async for one in world.store.list(f"{world.location}/{PLAIN}")]
    command.s3.seen.clear()
    await command.finish(PLAIN)
    assert len(writes(command)) == len(NEW[PLAIN]) - len(there), "nothing was under way any more"


# --- Trino --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "seconds"),
    [
        (Point(SUMMED, "running"), 3.0),
        pytest.param(Point("CREATE TABLE"), 0.1, marks=pytest.mark.full),
        pytest.param(Point("CREATE TABLE", "after"), 8.0, marks=pytest.mark.full),
        pytest.param(Point(LEAVES, "after"), 0.1, marks=pytest.mark.full),
        pytest.param(Point(LEAVES, "after"), 8.0, marks=pytest.mark.full),
        pytest.param(Point(COMES), 8.0, marks=pytest.mark.full),
        pytest.param(Point(COMES, "after"), 8.0, marks=pytest.mark.full),
    ],
)
async def test_a_trino_that_is_away_for_a_while(point: Point, seconds: float, command: Command, world: World) -> None:
    await world.make(world.lake.target, PLAIN, OLD[PLAIN])
    command.write(PLAIN)
    await command.plan()
    async with command.held_at(point) as process:
        away = asyncio.create_task(command.target.proxy.be_away(seconds))
        await asyncio.sleep(0.05)
    ran = await command.ended(process)
    await away
    assert ran.code in (OK, STOPPED), ran.out + ran.err
    if ran.code == STOPPED:
        assert_one_error(ran, "new: ")
    await command.finish(PLAIN)


@pytest.mark.full
@pytest.mark.parametrize("pattern", [SUMMED, LEAVES, COMES])
async def test_a_trino_that_was_started_anew_does_not_know_its_queries(
    pattern: str, command: Command, world: World
) -> None:
    await world.make(world.lake.target, PLAIN, OLD[PLAIN])
    command.write(PLAIN)
    await command.plan()
    command.target.forgets = pattern
    ran = await command.run("apply", PLAN)
    assert not command.target.forgets, "it was asked"
    assert ran.code in (OK, STOPPED), ran.out + ran.err
    assert "check host, port" not in ran.out + ran.err
    await command.finish(PLAIN)


# --- nobody answers -----------------------------------------------------------------------------------------------


@pytest.mark.full
async def test_a_store_that_is_away_for_a_while(command: Command, world: World) -> None:
    command.write(PLAIN)
    await command.plan()
    async with command.held_at(Point(DATA, of="s3", number=10)) as process:
        away = asyncio.create_task(command.s3.be_away(5.0))
        await asyncio.sleep(0.05)
    ran = await command.ended(process)
    await away
    assert ran.code in (OK, STOPPED), ran.out + ran.err
    await command.finish(PLAIN)
