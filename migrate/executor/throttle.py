"""Gentle on production: before each chunk, work waits for a server that is busy and for its share of bytes a second.

What waits holds its slots and its reader's moment, and nothing at the target: a chunk is written whole before the next
one is waited for. (A table without a key is one transaction: it waits for a busy server before it begins, not within.)
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

import msgspec

from migrate.engines.base import Engine
from migrate.model.progress import Event, Throttled, ThrottleEnded

LOOK = 1.0
"""Seconds between two looks at how busy a server is; also the longest wait between two looks at an interrupt."""

BURST = 1.0
"""Seconds' worth of bytes that may move at once after a standstill."""

CHUNKS = 4
"""How many chunks there should be in a second's worth of bytes: readers come in twice too large now and then."""

LEAST_CHUNK = 64 * 1024
"""Bytes in one chunk below which round trips would be most of the work, however low the rate."""

Ask = Callable[[], None]
"""Raises when work is to end."""


class Limits(msgspec.Struct, frozen=True):
    """`max_rate` in bytes a second, `max_threads_running` by endpoint; 0 and absent: no limit."""

    max_rate: int = 0
    max_threads_running: Mapping[str, int] = {}


def _now() -> float:
    return asyncio.get_running_loop().time()


class Bucket:
    """`rate` bytes a second. Who comes first is served first; what was idle gives `BURST` seconds' worth at once."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._there = 0.0
        """Bytes that may move now; below zero they are owed."""
        self._at = _now()
        self._turn = asyncio.Lock()

    def at_once(self, size: int) -> bool:
        """Take so many bytes if nobody has to wait for them."""
        self._refill()
        if self._turn.locked() or self._there < size:
            return False
        self._there -= size
        return True

    async def take(self, size: int, ask: Ask) -> None:
        """Take so many bytes, and return when they are there: they may be more than ever are at once.

        Raises what `ask` does.
        """
        async with self._turn:
            self._refill()
            self._there -= size
            while self._there <= -1:  # a part of a byte is not worth a sleep
                await asyncio.sleep(min(-self._there / self._rate, LOOK))
                ask()
                self._refill()

    def _refill(self) -> None:
        now = _now()
        self._there = min(self._there + (now - self._at) * self._rate, self._rate * BURST)
        self._at = now


class Watch:
    """How busy one server is, asked at most once in `LOOK` seconds, whoever wants to know."""

    def __init__(self, engine: Engine, most: int) -> None:
        self.endpoint = engine.endpoint
        self.most = most
        self.running = 0
        self._engine = engine
        self._asked_at = -math.inf
        self._asking = asyncio.Lock()

    async def busy(self) -> bool:
        """Whether others run more than `most` statements there. Raises `ServerError`."""
        async with self._asking:
            if _now() - self._asked_at >= LOOK:
                self._asked_at = _now()
                self.running = await self._engine.running()
        return self.running > self.most


class Throttle:
    """The limits of one run, shared by all of its work. `tell` gets an event when work is held up, and at its end."""

    def __init__(self, limits: Limits, engines: Mapping[str, Engine], tell: Callable[[Event], None]) -> None:
        self.bucket = Bucket(limits.max_rate) if limits.max_rate else None
        self.rate = limits.max_rate
        self._watches = {name: Watch(engines[name], most) for name, most in limits.max_threads_running.items() if most}
        self._tell = tell
        self._told_rate = False
        self._held: dict[str, int] = {}
        """How much work waits, by endpoint; under an empty name for bytes."""
        self._since: dict[str, float] = {}
        self._began = 0.0
        self._seconds = 0.0

    @property
    def seconds(self) -> float:
        """For how long some work was held up so far."""
        return self._seconds + (_now() - self._began if self._held else 0.0)

    def pace(self, lane: tuple[str, str], ask: Ask, check: Callable[[], Awaitable[None]] | None = None) -> Pace:
        """What work from one endpoint to the other keeps to; see `Pace`."""
        return Pace(self, [self._watches[name] for name in dict.fromkeys(lane) if name in self._watches], ask, check)

    @contextmanager
    def holding(self, endpoint: str) -> Iterator[None]:
        """While inside, work is held up because of that endpoint; because of bytes where it is empty."""
        if not self._held:
            self._began = _now()
        if endpoint not in self._held:
            self._since[endpoint] = _now()
            self._tell_begin(endpoint)
        self._held[endpoint] = self._held.get(endpoint, 0) + 1
        try:
            yield
        finally:
            self._held[endpoint] -= 1
            if not self._held[endpoint]:
                del self._held[endpoint]
                if endpoint:
                    self._tell(ThrottleEnded(endpoint, _now() - self._since[endpoint]))
            if not self._held:
                self._seconds += _now() - self._began

    def _tell_begin(self, endpoint: str) -> None:
        if endpoint:
            watch = self._watches[endpoint]
            self._tell(Throttled(endpoint, watch.most, watch.running))
        elif not self._told_rate:  # it holds up every chunk from here on
            self._told_rate = True
            self._tell(Throttled("", self.rate))


class Pace:
    """The limits as they hold for one piece of work. `check` is asked in pauses only: it costs a round trip."""

    def __init__(
        self, throttle: Throttle, watches: list[Watch], ask: Ask, check: Callable[[], Awaitable[None]] | None
    ) -> None:
        self._throttle = throttle
        self._watches = watches
        self.ask = ask
        """Raises when work is to end; also for where nothing may be waited for."""
        self._check = check

    def fitting(self, budget: int) -> int:
        """Bytes that one chunk should have, `budget` at most."""
        rate = self._throttle.rate
        return min(budget, max(LEAST_CHUNK, rate // CHUNKS)) if rate else budget

    async def turn(self) -> None:
        """Return when neither side is busy. Raises `ServerError`, and what `ask` and `check` do."""
        self.ask()
        calm = False
        while not calm:  # while one side was waited for, the other one may have become busy
            calm = all([await self._calm(watch) for watch in self._watches])

    async def moved(self, size: int) -> None:
        """So many bytes were read; returns when they may be written, and more be read. Raises what `ask` does."""
        bucket = self._throttle.bucket
        if bucket is not None and not bucket.at_once(size):
            with self._throttle.holding(""):
                await bucket.take(size, self.ask)

    async def _calm(self, watch: Watch) -> bool:
        """Whether there was nothing to wait for; when there was, it is over."""
        if not await watch.busy():
            return True
        with self._throttle.holding(watch.endpoint):
            while await watch.busy():
                await asyncio.sleep(LOOK)
                self.ask()
                if self._check is not None:
                    await self._check()
        return False
