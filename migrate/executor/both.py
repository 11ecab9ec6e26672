"""Both sides of one table, range by range: several parts of its key at once, and what differs may be written again."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager

from migrate.engines.base import Bound, Payload, Reader, Span, Writer
from migrate.engines.compare import Compared, as_moved, compare
from migrate.executor.catch_up import CatchUp, Written
from migrate.executor.context import Context, Interrupt, step_tag
from migrate.model.plan import SyncRows, Verify
from migrate.model.progress import ChunkDone
from migrate.planner.survey import both_sides

PART_BYTES = 24 * 1024 * 1024
"""Bytes of a table that make another part of it worth its connections."""

EVERYTHING: Sequence[Span] = (Span(),)

Visit = Callable[["Part", Compared], Awaitable[None]]
"""What is done about a range, by those who read it."""


class BothSides:
    """One try at one table. `written` is what came of it so far."""

    def __init__(self, context: Context, step: SyncRows | Verify, prune: bool) -> None:
        self.pair = context.standing.pairs[step.target]
        self.source = context.engines[self.pair.source.endpoint]
        self.target = context.engines[self.pair.target.endpoint]
        mine, theirs = both_sides(self.pair, self.source, self.target)
        proves = isinstance(step, Verify)
        self.mine, self.theirs = (mine, theirs) if proves else (as_moved(mine), as_moved(theirs))
        self.written = Written()
        self.step = step
        self.context = context
        self.prune = prune
        self.pace = context.pace(step, self.stop_if_asked)
        self._failed = False

    async def walk(self, visit: Visit, within: Sequence[Span] = EVERYTHING) -> None:
        """Every range once. Rows that wait for others to make room are written at the end.

        Raises `ServerError`, `LossyWrite`, `ValueHeld`, `Interrupt` and what `visit` raises, when all parts have ended.
        """
        spans = await self._spans() if tuple(within) == EVERYTHING else within
        left = iter(spans)
        count = min(len(spans), self.source.slots, self.target.slots)
        raise_first(await asyncio.gather(*(self._part(left, visit) for _ in range(count)), return_exceptions=True))
        if self.written.later:
            async with self.open() as part:
                await (await part.writing()).finish()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Part]:
        """A reader on each side, in slots of their own."""
        here, there = self.source.endpoint, self.target.endpoint
        async with self.context.take(self.step, here, there):
            await self.context.begin(self.step)
            async with (
                self.context.moments.reader(here) as left,
                self.target.reader() as right,
                AsyncExitStack() as stack,
            ):
                yield Part(self, left, right, stack)

    def parts(self, slots: int) -> int:
        """How many parts of the table are worth work of their own, where there is room for so many."""
        return parts_worth(self.context.table_bytes(self.step.target), slots)

    async def _spans(self) -> list[Span]:
        count = self.parts(min(self.source.slots, self.target.slots))
        if count < 2 or not self.mine.key or not self.mine.alike:
            return [Span()]
        async with self.open() as part:
            starts = await part.left.starts(self.mine, count)
        return spans_from(starts)

    async def _part(self, spans: Iterator[Span], visit: Visit) -> None:
        """One span after the other, until no other part has left any."""
        with self.failing():
            async with self.open() as part:
                for span in spans:
                    ranges = compare(part.left, part.right, self.mine, self.theirs, within=span)
                    async with aclosing(ranges):
                        async for one in ranges:
                            await self.pace.turn()
                            await visit(part, one)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Work on a part of the table: when it fails, nothing more of the others begins."""
        try:
            yield
        except BaseException:
            self._failed = True
            raise

    def stop_if_asked(self) -> None:
        """Raises `Interrupt` when nothing more shall begin, here or anywhere."""
        if self._failed:
            raise Interrupt
        self.context.stop_if_asked(self.step)

    def wrote(self, payload: Payload) -> None:
        """Told of every chunk that was written; a proof tells of what it looked at instead."""
        if payload.rows and isinstance(self.step, SyncRows):
            self.context.tell(ChunkDone(self.step.id, payload.rows, len(payload.data)))


class Part:
    """Two readers at work on one part of the table, and a writer once something differs."""

    def __init__(self, both: BothSides, left: Reader, right: Reader, stack: AsyncExitStack) -> None:
        self.left = left
        self.right = right
        self._both = both
        self._stack = stack
        self._writer: Writer | None = None
        self._writing: CatchUp | None = None

    async def writer(self) -> Writer:
        """A session that writes to the target. Raises `Locked` when the target's lock was lost."""
        both = self._both
        await both.context.check_lock(both.step)
        if self._writer is None:
            tag = step_tag(both.context.plan, both.step)
            self._writer = await self._stack.enter_async_context(both.target.writer(tag))
        return self._writer

    async def writing(self) -> CatchUp:
        """What makes ranges equal, by that session."""
        both, writer = self._both, await self.writer()
        if self._writing is None:
            self._writing = CatchUp(
                self.left, self.right, writer, both.mine, both.theirs, both.pace, both.prune, both.written, both.wrote
            )
        return self._writing


def parts_worth(size: int, *slots: int) -> int:
    """Into how many parts a table of `size` bytes is cut, as far as each side has slots for them; at least one."""
    return max(1, min(*slots, size // PART_BYTES))


def spans_from(starts: Sequence[Bound]) -> list[Span]:
    """The parts of a table that begin there; the first and the last have no bound on one side."""
    return [Span(lower, upper) for lower, upper in itertools.pairwise((None, *starts, None))]


def raise_first(ends: Sequence[object]) -> None:
    """Raise what a task ended with, an error before an interrupt; nothing when all ended well."""
    errors = [end for end in ends if isinstance(end, BaseException)]
    for error in sorted(errors, key=lambda error: isinstance(error, Interrupt)):
        raise error
