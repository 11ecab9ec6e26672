"""How much runs at once: in all and on each server, and fair between the pairs of servers that a plan moves between.

What takes slots takes all of its slots or waits for them holding none, so that nobody waits in a circle, and no server
stands idle because its slots are held by work that waits for another one.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from migrate.engines.base import Engine
from migrate.model.pattern import endpoint_of
from migrate.model.plan import Step

Lane = tuple[str, str]
"""The endpoints that work comes from and goes to; what is made from nothing comes from where it goes."""

_ALL = ""
"""The slots of the whole run, among those of endpoints, whose names are never empty."""


def lane_of(step: Step) -> Lane:
    """The pair of servers that a step works for."""
    target = endpoint_of(step.target)
    return endpoint_of(step.source) or target, target


class Hold:
    """Slots, from when they are asked for until they are given back."""

    def __init__(self, slots: Slots, lane: Lane, endpoints: tuple[str, ...], order: tuple[int, int]) -> None:
        self.lane = lane
        self.order = order
        """Among work of the same lane, lowest first."""
        self.names = (_ALL, *dict.fromkeys(endpoints))
        self.given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._slots = slots

    @property
    def wanted(self) -> bool:
        """Whether these slots should be given back at the next good moment: a lane that has less of them waits."""
        return self._slots.wanted(self)


class Slots:
    """`parallelism` in all, and as many on each server as its engine has.

    A slot that is free goes to the lane with the least work running, among equals to the one that has waited longest
    for its turn, and within a lane to the largest work, so that it is not what all wait for at the end; among equals in
    the order of asking. Of each kind of slot one stays free for every lane that has
    `work` left and nothing running: so no pair of servers waits for a long statement of another one, as long as there
    are as many slots as lanes. Where there are fewer, work that can pause gives way to a lane that has nothing running
    (`Hold.wanted`).
    """

    def __init__(self, parallelism: int, engines: Mapping[str, Engine], work: Iterable[Lane]) -> None:
        self._free = {_ALL: parallelism} | {name: engine.slots for name, engine in engines.items()}
        self._left = Counter(work)
        self._running: Counter[Lane] = Counter()
        self._turn: Counter[Lane] = Counter()
        self._turns = itertools.count(1)
        self._queues: dict[tuple[Lane, tuple[str, ...]], list[tuple[tuple[int, int], Hold]]] = {}
        """By lane and slots: of those that ask for the same the first alone is looked at, however many they are."""
        self._asked = itertools.count()
        self._lines = {name: asyncio.Semaphore(1) for name in engines}

    def line(self, endpoint: str) -> asyncio.Semaphore:
        """One more session on a server, for the lines that close steps: they must not queue with the work."""
        return self._lines[endpoint]

    @property
    def queued(self) -> bool:
        """Whether work waits for slots."""
        return any(self._queues.values())

    def over(self, lane: Lane) -> None:
        """One piece of the lane's work is done, or will not be tried: nothing is kept free for it any more."""
        self._left[lane] -= 1
        self._let_in()

    @asynccontextmanager
    async def take(self, lane: Lane, *endpoints: str, size: int = 0) -> AsyncIterator[Hold]:
        """A slot on each of the endpoints and one of the whole, for work of that lane on a table of `size` bytes."""
        hold = Hold(self, lane, endpoints, (-size, next(self._asked)))
        heapq.heappush(self._queues.setdefault((lane, hold.names), []), (hold.order, hold))
        self._let_in()
        try:
            await hold.given
        except asyncio.CancelledError:
            if not hold.given.cancelled():  # they were given just before
                self._give_back(hold)
            raise
        try:
            yield hold
        finally:
            self._give_back(hold)

    def wanted(self, held: Hold) -> bool:
        """See `Hold.wanted`. Lanes with as much running, or one less, do not take slots from each other in turns."""
        mine = self._running[held.lane]
        for waiting in self._first():
            running = self._running[waiting.lane]
            less = waiting.lane != held.lane and (running == 0 or running + 1 < mine)
            if less and all(self._free[name] + (name in held.names) > 0 for name in waiting.names):
                return True
        return False

    def _let_in(self) -> None:
        while self._free[_ALL] > 0 and (fitting := [hold for hold in self._first() if self._fits(hold)]):
            hold = min(fitting, key=lambda hold: (self._running[hold.lane], self._turn[hold.lane], hold.order))
            heapq.heappop(self._queues[hold.lane, hold.names])
            self._turn[hold.lane] = next(self._turns)
            self._running[hold.lane] += 1
            for name in hold.names:
                self._free[name] -= 1
            hold.given.set_result(None)

    def _first(self) -> list[Hold]:
        """Of everything that waits for the same slots the one whose turn it is, and still waits."""
        for queue in self._queues.values():
            while queue and queue[0][-1].given.cancelled():
                heapq.heappop(queue)
        return [queue[0][-1] for queue in self._queues.values() if queue]

    def _fits(self, hold: Hold) -> bool:
        if any(self._free[name] < 1 for name in hold.names):
            return False
        if not self._running[hold.lane]:
            return True
        return all(self._free[name] > self._kept(name) for name in hold.names)

    def _kept(self, name: str) -> int:
        """How many slots of that kind stay free for lanes that have nothing running and something left."""
        idle = [lane for lane, left in self._left.items() if left > 0 and not self._running[lane]]
        return sum(1 for lane in idle if name == _ALL or name in lane)

    def _give_back(self, hold: Hold) -> None:
        self._running[hold.lane] -= 1
        for name in hold.names:
            self._free[name] += 1
        self._let_in()
