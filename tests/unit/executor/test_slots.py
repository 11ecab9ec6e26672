"""Who runs when there is not room for all: fair between pairs of servers, never in a circle, never for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack

import pytest

from migrate.engines.memory import MemoryEngine, MemoryServer
from migrate.executor.slots import Hold, Lane, Slots, lane_of
from migrate.model.plan import Ddl, LoadRows

EAST, WEST, SOUTH = ("east", "east_new"), ("west", "west_new"), ("south", "east_new")


def slots(parallelism: int, per_server: int, *work: Lane) -> Slots:
    names = ("east", "east_new", "west", "west_new", "south")
    engines = {name: MemoryEngine(name, MemoryServer(name), per_server) for name in names}
    return Slots(parallelism, engines, work)


class Crowd:
    """Work that asks for slots and holds them until it is told to end."""

    def __init__(self, made: Slots) -> None:
        self.slots = made
        self.running: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.holds: dict[str, Hold] = {}

    async def ask(self, name: str, lane: Lane, *endpoints: str, size: int = 0) -> None:
        """Have `name` ask, and see whether it got in."""
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._work(name, lane, endpoints or lane, size))
        await self.settle()

    async def _work(self, name: str, lane: Lane, endpoints: tuple[str, ...], size: int) -> None:
        async with self.slots.take(lane, *endpoints, size=size) as hold:
            self.holds[name] = hold
            self.running.append(name)
            await self._ends[name].wait()
        self.running.remove(name)

    async def end(self, *names: str) -> None:
        for name in names:
            self._ends[name].set()
        await self.settle()

    def wanted(self, name: str) -> bool:
        """Whether the slots of `name` are wanted elsewhere."""
        return self.holds[name].wanted

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.gather(self._tasks[name], return_exceptions=True)
        if name in self.running:
            self.running.remove(name)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def finish(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


@pytest.fixture
async def crowds() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def crowd(stack: AsyncExitStack, made: Slots, asking: Iterable[tuple[str, Lane]] = ()) -> Crowd:
    one = Crowd(made)
    stack.push_async_callback(one.finish)
    for name, lane in asking:
        await one.ask(name, lane)
    return one


async def test_no_more_run_than_there_are_slots_in_all_and_on_a_server(crowds: AsyncExitStack) -> None:
    asking = [(f"e{number}", EAST) for number in range(4)] + [(f"w{number}", WEST) for number in range(4)]
    by_server = await crowd(crowds, slots(8, 2), asking)
    assert by_server.running == ["e0", "e1", "w0", "w1"]
    in_all = await crowd(crowds, slots(3, 2), asking)
    assert in_all.running == ["e0", "e1", "w0"]
    await in_all.end("e0", "e1")
    assert in_all.running == ["w0", "e2", "w1"], "both pairs have one running and take turns"
    await in_all.end("e2", "w0")
    assert in_all.running == ["w1", "e3", "w2"], "first the pair with nothing running"


async def test_a_slot_is_kept_for_a_pair_that_has_something_left_and_nothing_running(crowds: AsyncExitStack) -> None:
    made = slots(4, 4, EAST, EAST, WEST)
    one = await crowd(crowds, made, [(f"e{number}", EAST) for number in range(5)])
    assert one.running == ["e0", "e1", "e2"], "the fourth slot is for the west"
    await one.ask("w0", WEST)
    assert one.running[-1] == "w0"
    await one.end("w0")
    assert one.running == ["e0", "e1", "e2"], "it is kept until the west says that it is done"
    made.over(WEST)
    await one.settle()
    assert one.running == ["e0", "e1", "e2", "e3"]


async def test_a_slot_is_kept_on_a_target_that_two_sources_share(crowds: AsyncExitStack) -> None:
    one = await crowd(crowds, slots(8, 2, EAST, SOUTH), [("e0", EAST), ("e1", EAST)])
    assert one.running == ["e0"]
    await one.ask("s0", SOUTH)
    assert one.running == ["e0", "s0"]


async def test_with_one_slot_for_two_pairs_either_may_run_and_gives_way(crowds: AsyncExitStack) -> None:
    one = await crowd(crowds, slots(1, 4, EAST, WEST), [("e0", EAST)])
    assert one.running == ["e0"]
    assert not one.wanted("e0")
    await one.ask("e1", EAST)
    assert not one.wanted("e0"), "not to its own pair"
    await one.ask("w0", WEST)
    assert one.wanted("e0")
    await one.end("e0")
    assert one.running == ["w0"], "before the one that asked first, as its pair had its turn"
    assert one.wanted("w0")
    await one.end("w0")
    assert one.running == ["e1"]


async def test_pairs_with_nearly_as_much_running_do_not_take_from_each_other(crowds: AsyncExitStack) -> None:
    asking = [("e0", EAST), ("e1", EAST), ("w0", WEST), ("w1", WEST)]
    one = await crowd(crowds, slots(3, 4), asking)
    assert one.running == ["e0", "e1", "w0"]
    assert not any(one.wanted(name) for name in one.running)
    three = await crowd(crowds, slots(4, 4), [("e0", EAST), ("e1", EAST), ("e2", EAST), *asking[2:]])
    assert three.running == ["e0", "e1", "e2", "w0"]
    assert three.wanted("e0")


async def test_slots_that_would_not_help_are_not_wanted(crowds: AsyncExitStack) -> None:
    one = await crowd(crowds, slots(2, 1), [("s0", SOUTH), ("w0", WEST), ("e0", EAST)])
    assert one.running == ["s0", "w0"]
    assert not one.wanted("w0"), "the east waits for the target that the south holds"
    assert one.wanted("s0")


async def test_nobody_holds_one_slot_while_it_waits_for_another(crowds: AsyncExitStack) -> None:
    one = await crowd(crowds, slots(8, 1), [("s0", SOUTH), ("e0", EAST)])
    assert one.running == ["s0"]
    await one.ask("elsewhere", ("east", "west_new"))
    assert one.running == ["s0", "elsewhere"], "the east's slot is not held by what waits for the shared target"


async def test_what_is_cancelled_leaves_no_slot_behind(crowds: AsyncExitStack) -> None:
    one = await crowd(crowds, slots(1, 1), [("e0", EAST), ("e1", EAST), ("w0", WEST)])
    await one.cancel("e1")
    await one.cancel("e0")
    assert one.running == ["w0"]
    await one.end("w0")
    await one.ask("e2", EAST)
    assert one.running == ["e2"]


async def test_work_on_one_server_needs_a_slot_there_only(crowds: AsyncExitStack) -> None:
    one = await crowd(crowds, slots(8, 1), [("s0", SOUTH)])
    await one.ask("ddl", EAST, "east")
    assert one.running == ["s0", "ddl"]


def test_a_step_works_for_its_source_and_its_target() -> None:
    load = LoadRows(id="l", target="new:a.b", source="old:c.d", protocol="transactional")
    assert lane_of(load) == ("old", "new")
    assert lane_of(Ddl(id="d", target="new:a", action="create-schema", sql="")) == ("new", "new")


async def test_the_largest_work_of_a_pair_goes_first_whatever_slots_it_asks_for(crowds: AsyncExitStack) -> None:
    one = await crowd(crowds, slots(8, 1), [("e0", EAST)])
    for name, endpoints, size in (
        ("small create", EAST[1:], 10),
        ("small load", EAST, 10),
        ("large load", EAST, 1000),
        ("middle load", EAST, 100),
        ("small load too", EAST, 10),
        ("large create", EAST[1:], 2000),
    ):
        await one.ask(name, EAST, *endpoints, size=size)
    order = ["e0"]
    for _ in range(6):
        await one.end(order[-1])
        order += one.running
    assert order[1:] == ["large create", "large load", "middle load", "small create", "small load", "small load too"]


async def test_work_that_gave_up_waiting_is_passed_over(crowds: AsyncExitStack) -> None:
    one = await crowd(crowds, slots(8, 1), [("e0", EAST)])
    await one.ask("large", EAST, size=100)
    await one.ask("small", EAST, size=1)
    await one.cancel("large")
    await one.end("e0")
    assert one.running == ["small"]
