"""Locks that die with the engine that holds them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from migrate.engines.memory.server import Held, MemoryServer, Place
from migrate.errors import Locked


class MemoryLock:
    """A lock on some schemas, all of them or none."""

    def __init__(self, endpoint: str, server: MemoryServer, places: Sequence[Place], held: Held) -> None:
        self._endpoint = endpoint
        self._server = server
        self._places = places
        self._held = held

    async def check(self) -> None:
        """See base.Lock."""
        await self._server.faults.at("lock.check", self._held.holder)
        if self._held.lost:
            raise Locked(f"{self._endpoint}: the lock of {self._held.holder} was lost")

    async def release(self) -> None:
        """Let the schemas go; a lock that was lost, or released before, is let go without a word."""
        self._held.lost = True
        for place in self._places:
            if self._server.locks.get(place) is self._held:
                del self._server.locks[place]
        async with self._server.unlocked:
            self._server.unlocked.notify_all()


async def lock(server: MemoryServer, endpoint: str, places: Sequence[Place], holder: str, seconds: float) -> MemoryLock:
    """Take the lock, waiting up to `seconds`. Raises Locked, naming who has it."""

    def free() -> bool:
        return not any(place in server.locks for place in places)

    async with server.unlocked:
        if not free():
            try:
                await asyncio.wait_for(server.unlocked.wait_for(free), seconds)
            except TimeoutError:
                place, held = next((place, server.locks[place]) for place in places if place in server.locks)
                raise Locked(
                    f"{endpoint}: schema {place[1]} is locked by {held.holder}", "wait until that run has ended"
                ) from None
        held = Held(holder)
        server.locks.update(dict.fromkeys(places, held))
    return MemoryLock(endpoint, server, tuple(places), held)
