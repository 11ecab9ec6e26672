"""Copies of what stands below one location to below another, proven by listings. See `migrate.engines.files.Files`.

A good answer proves nothing here: a 200 may carry an error, and a source may change between its listing and the copy.
So both sides are listed once more when something was copied. Nothing is held but what is under way.

Etags of some stores, and of encrypted buckets (SSE-KMS, SSE-C), are no hashes of content. When they differ after a
copy, the smallest such object is read on both sides; equal content says that etags between these two buckets say
nothing. Sizes are compared then.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine

from migrate.engines.files import Copied, Listing, Way
from migrate.engines.lake.files import Objects, Stored
from migrate.engines.lake.gate import MOST, Admission
from migrate.engines.lake.listings import Tally, data_below
from migrate.engines.lake.location import Location, location_of
from migrate.engines.lake.pairs import paired
from migrate.engines.lake.parts import ONE_PUT, PARTS_AT_ONCE, part_size
from migrate.errors import Busy, CannotConnect, ObjectDiffers, ServerError, SourceMoved

ATTEMPTS = 10
"""How often one object is tried, while the store calls its refusals temporary: for about 40 seconds."""
LONGEST_WAIT = 10.0
ROUNDS = 3
"""How often objects that do not stand after their copy are copied again."""
WAITING = 2 * MOST
"""Objects of one call that are begun at most, with those that wait to be tried again."""
WRONG_AT_ONCE = 1000
"""Of those in one round: more are found by the next one."""

Tell = Callable[[int, int], None]
Turn = Callable[[int], Awaitable[None]]


async def way_of(target: Objects, source: Objects, origin: str, goal: str) -> Way:
    """See `Files.way`. Lists both sides and reads a byte; writes nothing.

    Raises `ServerError` when the source cannot be read either way, or the target not be listed.
    """
    from_, to = _place(source, origin), _place(target, goal)
    async for _ in target.pages(str(to)):
        break
    if target.one_store(source, from_, to) and await target.unreadable(from_, to) is None:
        return "server"
    refusal = await source.unreadable(from_, from_)
    if refusal is not None:
        raise refusal
    return "stream"


async def copy(target: Objects, source: Objects, origin: str, goal: str, way: Way, tell: Tell, turn: Turn) -> Copied:
    """See `Files.copy`.

    An object above what one server-side copy takes goes through this machine, whatever the way. Raises `SourceMoved`
    when the source changed meanwhile, `ObjectDiffers` naming what should not be there, or cannot be had.
    """
    return await _Copy(target, source, _place(source, origin), _place(target, goal), way).run(tell, turn)


def stands(here: Stored, there: Stored, opaque: bool = False) -> bool:
    """Whether an object at the target is the source's, before anything was copied by this run.

    Etags of objects that went up in parts say nothing of the content: such a one must also not be older.
    """
    told = _comparable(here, there, opaque)
    return equal(here, there, opaque) and (told or there.modified >= here.modified)


def equal(here: Stored, there: Stored, opaque: bool = False) -> bool:
    """Whether both may be the same: size, and the etags where neither is of an object in parts. `opaque`: size."""
    return here.size == there.size and (here.etag == there.etag or not _comparable(here, there, opaque))


def _comparable(here: Stored, there: Stored, opaque: bool) -> bool:
    return not opaque and "-" not in here.etag and "-" not in there.etag


class _Copy:
    """One call of `copy`."""

    def __init__(self, target: Objects, source: Objects, origin: Location, goal: Location, way: Way) -> None:
        self._target = target
        self._source = source
        self._origin = origin
        self._goal = goal
        self._way = way
        self._buckets = (origin.bucket, goal.bucket)

    @property
    def _opaque(self) -> bool:
        return self._buckets in self._target.opaque

    async def run(self, tell: Tell, turn: Turn) -> Copied:
        before, there = Tally(), Tally()
        copied = 0
        async with _Tasks() as tasks:
            async for mine, theirs in self._pairs(before, there):
                if mine is None:
                    await self._expect_in_source(theirs)
                elif theirs is not None and stands(mine, theirs, self._opaque):
                    tell(1, mine.size)
                else:
                    await turn(mine.size)
                    await self._start(tasks, mine, tell)
                    copied += 1
        if not copied:
            return Copied(before.listing, there.listing, 0)
        return await self._proven(before.listing, copied, turn)

    async def _proven(self, before: Listing, copied: int, turn: Turn) -> Copied:
        rounds = 0
        while True:
            after, there = Tally(), Tally()
            wrong: list[Stored] = []
            async for mine, theirs in self._pairs(after, there):
                if mine is None:
                    await self._expect_in_source(theirs)
                elif theirs is not None and equal(mine, theirs, self._opaque):
                    continue
                elif len(wrong) < WRONG_AT_ONCE and not await self._is_there(mine):
                    wrong.append(mine)
            if after.listing.digest != before.digest:
                raise SourceMoved(str(self._origin))
            if not wrong:
                return Copied(after.listing, there.listing, copied)
            if not self._opaque and await self._etags_say_nothing(wrong):
                self._target.opaque.add(self._buckets)
                continue
            if rounds == ROUNDS:
                place = str(self._goal.below(wrong[0].key))
                raise ObjectDiffers(place, f"the store says that it was copied, {ROUNDS + 1} times, and it was not")
            rounds += 1
            async with _Tasks() as tasks:
                for mine in wrong:
                    await turn(mine.size)
                    await self._start(tasks, mine, lambda _objects, _bytes: None)

    def _pairs(self, here: Tally, there: Tally) -> AsyncIterator[tuple[Stored | None, Stored | None]]:
        return paired(_counted(self._source, self._origin, here), _counted(self._target, self._goal, there))

    async def _expect_in_source(self, theirs: Stored | None) -> None:
        """Stores that list in no order show one that is there as if it was not: it is asked for by name."""
        if theirs is not None and await self._source.head(str(self._origin.below(theirs.key))) is None:
            raise ObjectDiffers(str(self._goal.below(theirs.key)), f"it is not below {self._origin}")

    async def _is_there(self, mine: Stored) -> bool:
        found = await self._target.head(str(self._goal.below(mine.key)))
        return found is not None and equal(mine, found, self._opaque)

    async def _etags_say_nothing(self, wrong: list[Stored]) -> bool:
        """Whether the smallest object with a size of its own, and two etags, has one content."""
        for mine in sorted(wrong, key=lambda one: one.size):
            here, there = self._origin.below(mine.key), self._goal.below(mine.key)
            found = await self._target.head(str(there))
            if mine.size and found is not None and found.size == mine.size:
                return await self._source.content_digest(here) == await self._target.content_digest(there)
        return False

    async def _start(self, tasks: _Tasks, mine: Stored, tell: Tell) -> None:
        """Begin a copy when it is let in. One future and one task an object: small ones cost little more than these."""
        await tasks.room()
        turn = await self._target.gate.enter(self._held(mine))
        tasks.begin(self._one(mine, turn, tell), turn.leave)

    async def _one(self, mine: Stored, turn: Admission, tell: Tell) -> None:
        """Copy one object that was let in. Between two tries it makes room for others."""
        gate = self._target.gate
        for attempt in itertools.count(1):
            try:
                await self._once(mine)
                break
            except SourceMoved as error:
                raise SourceMoved(str(self._origin)) from error
            except ServerError as error:
                if isinstance(error, Busy):
                    gate.slow_down()
                if not (error.temporary or isinstance(error, CannotConnect)) or attempt == ATTEMPTS:
                    raise  # a store that cannot be reached was there a moment ago, when its listing came
            turn.leave()
            await asyncio.sleep(random.uniform(0.5, 1) * min(LONGEST_WAIT, 0.1 * 2**attempt))  # noqa: S311
            await turn.enter()
        gate.went_well()
        tell(1, mine.size)

    def _streams(self, mine: Stored) -> bool:
        return self._way == "stream" or mine.size > self._target.largest_copy

    def _held(self, mine: Stored) -> int:
        if not self._streams(mine):
            return 0
        return mine.size if mine.size <= ONE_PUT else part_size(mine.size) * (PARTS_AT_ONCE + 1)

    async def _once(self, mine: Stored) -> None:
        from_, to = self._origin.below(mine.key), self._goal.below(mine.key)
        if self._streams(mine):
            await self._target.copy_through(self._source, from_, mine, to)
        else:
            await self._target.copy_within(from_, to)


class _Tasks:
    """Tasks, some of which wait to try again: no more are begun than can be held. What was begun is ended.

    The first error is raised by `room`, and comes out when the others have ended; a cancellation cancels them. What a
    task costs here does not grow with the others: `asyncio.wait` would look at all of them for each that ends.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._failed: BaseException | None = None
        self._ended = asyncio.Event()

    async def __aenter__(self) -> _Tasks:
        return self

    async def room(self) -> None:
        """Return when one more may be begun. Raises what one of them raised."""
        while len(self._running) >= WAITING and self._failed is None:
            await self._next()
        self._raise()

    def begin(self, work: Coroutine[None, None, None], over: Callable[[], None]) -> None:
        """Begin it; `over` is called when it ended, also when it was cancelled before its first step."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._over)
        task.add_done_callback(lambda _task: over())

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and not isinstance(error, Exception):
            self._cancel()
        try:
            while self._running:
                await self._next()
        except asyncio.CancelledError:
            self._cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            raise
        if error is None:
            self._raise()

    def _over(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and self._failed is None:
            self._failed = task.exception()
        self._ended.set()

    async def _next(self) -> None:
        self._ended.clear()
        await self._ended.wait()

    def _cancel(self) -> None:
        for task in self._running:
            task.cancel()

    def _raise(self) -> None:
        if self._failed is not None:
            raise self._failed


async def _counted(objects: Objects, place: Location, tally: Tally) -> AsyncIterator[Stored]:
    found: AsyncIterable[tuple[Stored, bool]] = data_below(objects, str(place))
    async for stored, data in found:
        tally.add(stored, data)
        if data:
            yield stored


def _place(objects: Objects, location: str) -> Location:
    try:
        return location_of(location)
    except ValueError as error:
        raise ServerError(objects.endpoint, str(error)) from error
