"""How many objects are under way at once: as many as the store bears, and no more bytes than memory was set aside."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

START = 32
MOST = 32
"""It grows again up to here: 64 at once were slower than 32, on a store that was near."""
MEMORY = 96 * 2**20
"""Bytes of objects that pass through this machine at once."""
CALM = 1.0
"""Seconds after a halving in which what was begun before may still be refused: it counts as the same trouble."""


class Gate:
    """Additive increase, multiplicative decrease (RFC 5681's rule), shared by all copies of one engine."""

    def __init__(self, start: int = START, most: int = MOST, memory: int = MEMORY) -> None:
        self.limit = float(start)
        self.memory = memory
        self._most = most
        self._running = 0
        self._held = 0
        self._halved = -math.inf
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def one(self, size: int = 0) -> AsyncIterator[None]:
        """A turn for one object of which `size` bytes are held here; more than all the memory counts as all of it."""
        size = min(size, self.memory)
        async with self._changed:
            await self._changed.wait_for(lambda: self._running < int(self.limit) and self._held + size <= self.memory)
            self._running += 1
            self._held += size
        try:
            yield
        finally:
            async with self._changed:
                self._running -= 1
                self._held -= size
                self._changed.notify_all()

    def went_well(self) -> None:
        """One more at once for each round of successes, but not while what was begun before the last halving ends."""
        if time.monotonic() - self._halved >= CALM:
            self.limit = min(self._most, self.limit + 1 / self.limit)

    def slow_down(self) -> None:
        """Half as many, once for a burst of refusals."""
        now = time.monotonic()
        if now - self._halved >= CALM:
            self._halved = now
            self.limit = max(1.0, self.limit / 2)
