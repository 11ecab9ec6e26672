"""How many objects are under way at once: as many as the store bears, and no more bytes than memory was set aside."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque

START = 32
MOST = 32
"""It grows again up to here: 64 at once were slower than 32, on a store that was near."""
MEMORY = 96 * 2**20
"""Bytes of objects that pass through this machine at once."""
CALM = 1.0
"""Seconds after a halving in which what was begun before may still be refused: it counts as the same trouble."""


class Gate:
    """Additive increase, multiplicative decrease (RFC 5681's rule), shared by all copies of one engine.

    Who waits is let in one by one, first come first: waking all of them for each object that ends would cost more than
    the copies do, where many partitions wait together.
    """

    def __init__(self, start: int = START, most: int = MOST, memory: int = MEMORY) -> None:
        self.limit = float(start)
        self.memory = memory
        self._most = most
        self._running = 0
        self._held = 0
        self._halved = -math.inf
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()

    async def enter(self, size: int = 0) -> Admission:
        """A turn for one object of which `size` bytes are held here; more than all the memory counts as all of it."""
        turn = Admission(self, min(size, self.memory))
        await turn.enter()
        return turn

    def went_well(self) -> None:
        """One more at once for each round of successes, but not while what was begun before the last halving ends."""
        if time.monotonic() - self._halved >= CALM:
            self.limit = min(self._most, self.limit + 1 / self.limit)
            self._let_in()

    def slow_down(self) -> None:
        """Half as many, once for a burst of refusals."""
        now = time.monotonic()
        if now - self._halved >= CALM:
            self._halved = now
            self.limit = max(1.0, self.limit / 2)

    async def _enter(self, size: int) -> None:
        if not self._waiting and self._fits(size):
            self._take(size)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, size))
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was let in at the same moment
                self._give(size)
            self._let_in()
            raise

    def _leave(self, size: int) -> None:
        self._give(size)
        self._let_in()

    def _fits(self, size: int) -> bool:
        return self._running < int(self.limit) and self._held + size <= self.memory

    def _take(self, size: int) -> None:
        self._running += 1
        self._held += size

    def _give(self, size: int) -> None:
        self._running -= 1
        self._held -= size

    def _let_in(self) -> None:
        while self._waiting:
            turn, size = self._waiting[0]
            if not turn.done():
                if not self._fits(size):
                    return
                self._take(size)
                turn.set_result(None)
            self._waiting.popleft()


class Admission:
    """The place of one object inside the gate. Whoever has it leaves, and may leave twice."""

    __slots__ = ("_gate", "_inside", "_size")

    def __init__(self, gate: Gate, size: int) -> None:
        self._gate = gate
        self._size = size
        self._inside = False

    async def enter(self) -> None:
        """Wait to be let in, at first or again."""
        await self._gate._enter(self._size)
        self._inside = True

    def leave(self) -> None:
        """Make room for the next one."""
        if self._inside:
            self._inside = False
            self._gate._leave(self._size)
