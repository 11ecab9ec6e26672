"""The gate of copies: who waits is let in one by one, first come first, and a place is never lost."""

from __future__ import annotations

import asyncio

import pytest

from migrate.engines.lake.gate import Gate


class Copies:
    """Copies that go through a gate and stay inside until they are told to end."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.inside: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str, size: int = 0) -> None:
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._one(name, size))
        await settled()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self._tasks[name]
        await settled()

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.gather(self._tasks[name], return_exceptions=True)
        await settled()

    async def _one(self, name: str, size: int) -> None:
        turn = await self.gate.enter(size)
        self.inside.append(name)
        try:
            await self._ends[name].wait()
        finally:
            self.inside.remove(name)
            turn.leave()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_are_inside_than_the_limit_and_the_first_that_came_is_next() -> None:
    copies = Copies(Gate(start=2, most=2))
    for name in "abcd":
        await copies.come(name)
    assert copies.inside == ["a", "b"]
    await copies.end("b")
    assert copies.inside == ["a", "c"]
    await copies.end("a")
    assert copies.inside == ["c", "d"]


async def test_a_large_object_waits_for_memory_and_is_not_overtaken_for_ever() -> None:
    copies = Copies(Gate(start=8, most=8, memory=100))
    await copies.come("half", 50)
    await copies.come("all", 1000)  # more than there is counts as all of it
    await copies.come("small", 1)
    assert copies.inside == ["half"]
    await copies.end("half")
    assert copies.inside == ["all"]
    await copies.end("all")
    assert copies.inside == ["small"]


async def test_one_that_is_cancelled_while_it_waits_leaves_its_turn_to_the_next() -> None:
    copies = Copies(Gate(start=1, most=1, memory=100))
    await copies.come("first", 60)
    await copies.come("second", 60)
    await copies.come("third", 60)
    await copies.cancel("second")
    await copies.end("first")
    assert copies.inside == ["third"]


async def test_one_that_is_cancelled_just_as_it_is_let_in_gives_the_place_back() -> None:
    gate = Gate(start=1, most=1)
    first = await gate.enter()
    other = asyncio.create_task(_through(gate))
    await settled()
    first.leave()
    other.cancel()  # it was let in when the first one left, and has not run since
    with pytest.raises(asyncio.CancelledError):
        await other
    async with asyncio.timeout(5):
        await _through(gate)


async def test_a_limit_that_grows_lets_in_who_waits() -> None:
    gate = Gate(start=1, most=2)
    copies = Copies(gate)
    await copies.come("a")
    await copies.come("b")
    gate.went_well()
    await settled()
    assert copies.inside == ["a", "b"]


async def test_who_leaves_twice_makes_room_for_one() -> None:
    copies = Copies(gate := Gate(start=1, most=1))
    turn = await gate.enter()
    await copies.come("a")
    await copies.come("b")
    turn.leave()
    turn.leave()
    await settled()
    assert copies.inside == ["a"]
    await copies.end("a")
    assert copies.inside == ["b"]


async def _through(gate: Gate) -> None:
    (await gate.enter()).leave()
