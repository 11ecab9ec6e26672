"""Bring a range of the target to what the source holds: what differs is found by halves, and replaced.

For tables that were loaded, in part or whole, by a run that read its source at another moment.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from migrate.engines.base import Payload, Reader, Rows, Span, Writer
from migrate.engines.compare import Compared, compare_span
from migrate.errors import DuplicateRow, LossyWrite
from migrate.executor.throttle import Pace

CHUNK_BYTES = 8 * 1024 * 1024
"""Bytes in one chunk: enough that a round trip does not count; twice as much per writer must fit in memory."""

MOST_ROWS = 200_000
"""Rows in one chunk."""

SMALL_ROWS = 1_000
"""A range of so many rows is replaced as a whole: to halve it again would cost more than to write it."""


class CatchUp:
    """One table's rows; `rows` counts those that were written anew."""

    def __init__(
        self,
        left: Reader,
        right: Reader,
        writer: Writer,
        mine: Rows,
        theirs: Rows,
        pace: Pace,
        whole_table: bool = True,
    ) -> None:
        """`whole_table`: what stands in a range beside the rows that `where` lets through is replaced too."""
        self._left = left
        self._right = right
        self._writer = writer
        self._mine = mine
        self._theirs = theirs
        self._into = msgspec.structs.replace(theirs, where="") if whole_table else theirs
        self._pace = pace
        self._later: list[Span] = []
        self.rows = 0

    async def mend(self, found: Compared) -> None:
        """Make a range that differs equal. Raises `ServerError`, `LossyWrite`, and what `pace` does."""
        if not self._mine.key:
            await self._writer.replace(self._into, self._all())
            return
        await self._narrow(found)

    async def finish(self) -> None:
        """Write the ranges whose rows stood in each other's way: all that was there of them is gone by now."""
        for span in self._later:
            await self._writer.replace(self._into, self._payloads(span))
        self._later.clear()

    async def _narrow(self, found: Compared) -> None:
        await self._pace.turn()
        if found.source.rows > SMALL_ROWS:
            middle = await self._left.next_bound(self._mine, found.span, found.source.rows // 2)
            if middle is not None:
                for half in (Span(found.span.lower, middle), Span(middle, found.span.upper)):
                    compared = await compare_span(self._left, self._right, self._mine, self._theirs, half)
                    if not compared.equal:
                        await self._narrow(compared)
                return
        try:
            await self._writer.replace(self._into, self._payloads(found.span))
        except (DuplicateRow, LossyWrite) as error:
            if isinstance(error, LossyWrite) and not error.duplicate:
                raise
            # A row got another key, and its unique values are still there under the old one.
            await self._writer.replace(self._into, _nothing(found.span, self._writer.layouts[0]))
            self._later.append(found.span)

    async def _payloads(self, span: Span) -> AsyncIterator[Payload]:
        limit, rest = SMALL_ROWS, span
        budget = self._pace.fitting(min(CHUNK_BYTES, self._writer.largest))
        while True:
            await self._pace.turn()
            payload = await self._left.read(self._mine, rest, self._writer.layouts, min(limit, MOST_ROWS), budget)
            await self._pace.moved(len(payload.data))
            yield payload
            self.rows += payload.rows
            rest = Span(payload.span.upper, span.upper)
            if rest.lower == span.upper:
                return

    async def _all(self) -> AsyncIterator[Payload]:
        budget = self._pace.fitting(min(CHUNK_BYTES, self._writer.largest))
        async for payload in self._left.stream(self._mine, self._writer.layouts, budget):
            self._pace.ask()
            await self._pace.moved(len(payload.data))
            yield payload
            self.rows += payload.rows


async def _nothing(span: Span, layout: str) -> AsyncIterator[Payload]:
    yield Payload(span, 0, b"", layout)
