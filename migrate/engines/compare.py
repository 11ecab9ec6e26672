"""The proof that two tables hold the same rows, used alike by plan, apply and verify.

Both servers sum up the same ranges of the key at the same time; only sums travel. Ranges are cut by the source, the
first without a lower bound and the last without an upper one, so that rows before, between and after are seen too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from migrate.engines.base import Checksum, Engine, Reader, Rows, Span

RANGE_ROWS = 50_000
"""Rows in one range: half a second of a server's work, and the precision with which a difference is named."""


EVERYTHING = Span()


class Compared(msgspec.Struct, frozen=True):
    """One range on both sides."""

    span: Span
    source: Checksum
    target: Checksum

    @property
    def equal(self) -> bool:
        """Whether count and sum agree."""
        return self.source == self.target


async def compare(
    left: Reader,
    right: Reader,
    source_rows: Rows,
    target_rows: Rows,
    range_rows: int = RANGE_ROWS,
    within: Span = EVERYTHING,
) -> AsyncGenerator[Compared, None]:
    """Every range of `within` in key order; a table without key is one range."""
    span = within
    while True:
        upper = await left.next_bound(source_rows, span, range_rows) if source_rows.key else None
        part = span if upper is None else Span(span.lower, upper)
        yield await compare_span(left, right, source_rows, target_rows, part)
        if upper is None:
            return
        span = Span(upper, within.upper)


async def compare_span(left: Reader, right: Reader, source_rows: Rows, target_rows: Rows, span: Span) -> Compared:
    """One range, which both servers sum up at the same time."""
    sums = await asyncio.gather(
        left.checksum(source_rows, span), right.checksum(target_rows, span), return_exceptions=True
    )
    for end in sums:  # both have ended: a reader in the middle of an answer could not be used again
        if isinstance(end, BaseException):
            raise end
    one, other = (end for end in sums if isinstance(end, Checksum))
    return Compared(span, one, other)


async def equal(source: Engine, target: Engine, source_rows: Rows, target_rows: Rows) -> bool:
    """Whether all ranges agree; stops at the first that does not."""
    async with (
        source.reader() as left,
        target.reader() as right,
        aclosing(compare(left, right, source_rows, target_rows)) as ranges,
    ):
        async for compared in ranges:
            if not compared.equal:
                return False
    return True
