"""Bring a range of the target to what the source holds: rows that differ are found by their sums, and replaced.

For tables that were there before, or were loaded, in part or whole, by a run that read its source at another moment.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing

import msgspec

from migrate.engines.base import Bound, Payload, Reader, Rows, Span, Writer
from migrate.engines.compare import Compared, Differing, differing
from migrate.errors import DuplicateRow, LossyWrite, ValueHeld
from migrate.executor.throttle import Pace

CHUNK_BYTES = 8 * 1024 * 1024
"""Bytes in one chunk: enough that a round trip does not count; twice as much per writer must fit in memory."""

MOST_ROWS = 200_000
"""Rows in one chunk."""

FIRST_ROWS = 1_000

BATCH_KEYS = 500
BATCH_LETTERS = 1 << 17
"""Keys of one statement, and letters of their literals: MariaDB makes a join of lists from 1,000 on, and a statement
must fit a packet."""

WIDE = 4
"""Where more than one row in so many differs, the whole range is replaced: to name each would cost more."""


class Written(msgspec.Struct):
    """What was written of a table, and how many rows only the target had.

    `later` are rows that stand in each other's way, in batches: they wait until all else is written.
    """

    rows: int = 0
    bytes: int = 0
    extra: int = 0
    later: list[Span] = []


class CatchUp:
    """Makes ranges of one table equal; several may work on the same table and count together in `written`."""

    def __init__(
        self,
        left: Reader,
        right: Reader,
        writer: Writer,
        mine: Rows,
        theirs: Rows,
        pace: Pace,
        prune: bool = True,
        written: Written | None = None,
        wrote: Callable[[Payload], None] | None = None,
    ) -> None:
        """`wrote` is told of each chunk that was written; `prune`: what only the target has is deleted."""
        self._left = left
        self._right = right
        self._writer = writer
        self._mine = mine
        self._theirs = theirs
        # A row is replaced by its key, whatever `where` would say of what stands there.
        self._into = msgspec.structs.replace(theirs, where="")
        self._pace = pace
        self._wrote = wrote
        self._prune = prune
        self.written = written or Written()

    async def mend(self, found: Compared) -> None:
        """Make a range that differs equal. Raises `ServerError`, `LossyWrite`, and what `pace` does.

        A table without key is written anew, and must be one to prune.
        """
        if not self._mine.key:
            assert self._prune  # noqa: S101 - the planner blocks such a step, and a repair refuses it
            self.written.extra += max(0, found.target.rows - found.source.rows)
            await self._writer.replace(self._theirs, self._all())
            return
        async with aclosing(differing(self._left, self._right, self._mine, self._theirs, found.span)) as groups:
            async for one in groups:
                if self._is_wide(found, one):
                    self.written.extra += len(one.extra)
                    await self._put(found.span)
                    return
                await self._rows(found.span, one)

    async def finish(self) -> None:
        """Write the rows that stood in each other's way, all at once: first all goes that was there of them.

        Raises `ValueHeld` where a row that stays on the target stands in their way.
        """
        if not self.written.later:
            return
        try:
            await self._writer.replace(self._into, self._cleared_first(self.written.later), together=True)
        except (DuplicateRow, LossyWrite) as error:
            if self._prune or not _is_duplicate(error):
                raise
            raise ValueHeld(str(self._into.table), str(error)) from error
        self.written.later.clear()

    def _is_wide(self, found: Compared, one: Differing) -> bool:
        if self._mine.where or not self._mine.alike:
            return False  # the range is another set of rows there
        spared = self._prune or (one.whole and not one.extra)
        return spared and len(one.wanted) > max(BATCH_KEYS, found.source.rows // WIDE)

    async def _rows(self, span: Span, one: Differing) -> None:
        self.written.extra += len(one.extra)
        if self._prune:  # first: a key that is only spelled otherwise is the same key
            for part in self._named(span, one.extra):
                await self._pace.turn()
                await self._writer.replace(self._into, _each(self._nothing(part)))
        for part in self._named(span, one.wanted):
            await self._put(part)

    def _named(self, span: Span, keys: Sequence[Bound]) -> Iterator[Span]:
        """The keys in batches."""
        bounds = span if self._mine.alike else Span()
        batch: list[Bound] = []
        letters = 0
        for key in keys:
            batch.append(key)
            letters += sum(map(len, key))
            if len(batch) == BATCH_KEYS or letters > BATCH_LETTERS:
                yield msgspec.structs.replace(bounds, only=tuple(batch))
                batch, letters = [], 0
        if batch:
            yield msgspec.structs.replace(bounds, only=tuple(batch))

    async def _put(self, span: Span) -> None:
        try:
            await self._writer.replace(self._into, self._payloads(span))
        except (DuplicateRow, LossyWrite) as error:
            if not _is_duplicate(error):
                raise
            # Unique values go from one row to another, which holds them still.
            self.written.later.append(span)

    async def _payloads(self, span: Span) -> AsyncIterator[Payload]:
        limit, rest = FIRST_ROWS, span
        budget = self._pace.fitting(min(CHUNK_BYTES, self._left.largest, self._writer.largest))
        while True:
            await self._pace.turn()
            payload = await self._left.read(self._mine, rest, self._writer.layouts, limit, budget)
            await self._pace.moved(len(payload.data))
            yield payload
            self._count(payload)
            limit = next_limit(limit, payload, budget)
            rest = msgspec.structs.replace(rest, lower=payload.span.upper)
            if rest.lower == span.upper:
                return

    async def _cleared_first(self, spans: Sequence[Span]) -> AsyncIterator[Payload]:
        for span in spans:
            yield self._nothing(span)
        for span in spans:
            async for payload in self._payloads(span):
                yield payload

    async def _all(self) -> AsyncIterator[Payload]:
        budget = self._pace.fitting(min(CHUNK_BYTES, self._writer.largest))
        async for payload in self._left.stream(self._mine, self._writer.layouts, budget):
            self._pace.ask()
            await self._pace.moved(len(payload.data))
            yield payload
            self._count(payload)

    def _count(self, payload: Payload) -> None:
        self.written.rows += payload.rows
        self.written.bytes += len(payload.data)
        if self._wrote is not None:
            self._wrote(payload)

    def _nothing(self, span: Span) -> Payload:
        return Payload(span, 0, b"", self._writer.layouts[0])


def next_limit(limit: int, payload: Payload, budget: int) -> int:
    """How many rows to ask for after a chunk, for about `budget` bytes: at most four times as many."""
    if not payload.rows:
        return limit
    return max(1, min(MOST_ROWS, budget * payload.rows // max(1, len(payload.data)), 4 * limit))


def _is_duplicate(error: DuplicateRow | LossyWrite) -> bool:
    return isinstance(error, DuplicateRow) or error.duplicate


async def _each(payload: Payload) -> AsyncIterator[Payload]:
    yield payload
