"""The proof that two tables hold the same rows, used alike by plan, apply and verify, and the search for others.

Both servers sum up the same ranges of the key at the same time; only sums travel. Ranges are cut by the source, the
first without a lower bound and the last without an upper one, so that rows before, between and after are seen too.

In a range that differs, rows are found by bisection over a hash of their keys: each server sums up buckets, those that
differ are cut into smaller ones, and of the last ones every row is told by its key and hash. So a changed row costs
some hundred bytes of sums, wherever it stands, and nobody has to agree on an order of keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import TypeVar

import msgspec

from migrate.engines.base import Bound, Buckets, Checksum, Engine, Reader, Rows, RowSum, Span

T = TypeVar("T")

RANGE_ROWS = 50_000
"""Rows in one range: half a second of a server's work, and the precision with which a difference is named."""

FIRST_BITS = 8
MORE_BITS = 4
MOST_BITS = 24
"""Buckets are 256 at first, and each that differs becomes 16, up to 16 million in a table that is one range."""

FEW_ROWS = 16
"""Rows in a bucket that are told one by one: cutting it again would cost as many bytes."""

BUCKETS_AT_ONCE = 4_096
"""Numbers of buckets in one statement."""

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


class Differing(msgspec.Struct, frozen=True):
    """Keys of one range: rows that the target lacks, that it has otherwise, and that only it has.

    `whole`: these are all of the range.
    """

    missing: tuple[Bound, ...]
    changed: tuple[Bound, ...]
    extra: tuple[Bound, ...]
    whole: bool

    @property
    def wanted(self) -> tuple[Bound, ...]:
        """The rows that must be written."""
        return tuple(sorted((*self.missing, *self.changed)))


async def compare(
    left: Reader,
    right: Reader,
    source_rows: Rows,
    target_rows: Rows,
    range_rows: int = RANGE_ROWS,
    within: Span = EVERYTHING,
) -> AsyncGenerator[Compared, None]:
    """Every range of `within` in key order; a table without key, or sorted otherwise on each side, is one range."""
    span = within
    in_ranges = bool(source_rows.key) and source_rows.alike
    while True:
        upper = await left.next_bound(source_rows, span, range_rows) if in_ranges else None
        part = span if upper is None else Span(span.lower, upper)
        yield await compare_span(left, right, source_rows, target_rows, part)
        if upper is None:
            return
        span = Span(upper, within.upper)


async def compare_span(left: Reader, right: Reader, source_rows: Rows, target_rows: Rows, span: Span) -> Compared:
    """One range, which both servers sum up at the same time."""
    one, other = await _both(left.checksum(source_rows, span), right.checksum(target_rows, span))
    return Compared(span, one, other)


async def differing(
    left: Reader, right: Reader, source_rows: Rows, target_rows: Rows, span: Span, most: int = RANGE_ROWS
) -> AsyncGenerator[Differing, None]:
    """The rows of a range that differ, of a table with a key; of at most about `most` rows at a time."""
    bits = FIRST_BITS
    buckets = await _buckets(left, right, source_rows, target_rows, span, bits, None)
    while bits < MOST_BITS and sum(buckets.values()) > FEW_ROWS * len(buckets) and len(buckets) < RANGE_ROWS:
        among = Buckets(bits, tuple(sorted(buckets)))
        bits += MORE_BITS
        buckets = await _buckets(left, right, source_rows, target_rows, span, bits, among)
    groups = tuple(_groups(buckets, most))
    for numbers in groups:
        among = Buckets(bits, numbers)
        mine, theirs = await _both(left.row_sums(source_rows, span, among), right.row_sums(target_rows, span, among))
        yield _told_apart(mine, theirs, len(groups) == 1)


async def _buckets(
    left: Reader, right: Reader, source_rows: Rows, target_rows: Rows, span: Span, bits: int, among: Buckets | None
) -> dict[int, int]:
    """The buckets that differ, and how many rows they hold on the side that has more."""
    mine, theirs = await _both(
        left.bucket_sums(source_rows, span, bits, among), right.bucket_sums(target_rows, span, bits, among)
    )
    none = Checksum()
    pairs = {number: (mine.get(number, none), theirs.get(number, none)) for number in {*mine, *theirs}}
    return {number: max(one.rows, other.rows) for number, (one, other) in pairs.items() if one != other}


def _groups(buckets: Mapping[int, int], most: int) -> Iterator[tuple[int, ...]]:
    """Buckets that together hold about `most` rows: these must fit in memory, and the numbers in a statement."""
    group: list[int] = []
    rows = 0
    for number in sorted(buckets):
        if group and (rows + buckets[number] > most or len(group) >= BUCKETS_AT_ONCE):
            yield tuple(group)
            group, rows = [], 0
        group.append(number)
        rows += buckets[number]
    if group:
        yield tuple(group)


def _told_apart(mine: Sequence[RowSum], theirs: Sequence[RowSum], whole: bool) -> Differing:
    here, there = {row.key: row.sum for row in mine}, {row.key: row.sum for row in theirs}
    missing = (key for key in here if key not in there)
    changed = (key for key, total in here.items() if there.get(key, total) != total)
    extra = (key for key in there if key not in here)
    return Differing(tuple(sorted(missing)), tuple(sorted(changed)), tuple(sorted(extra)), whole)


async def _both(mine: Awaitable[T], theirs: Awaitable[T]) -> tuple[T, T]:
    """What both sides answer, asked at the same time; raises only when both have ended.

    A reader in the middle of an answer could not be used again.
    """
    ends = await asyncio.gather(mine, theirs, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end
    one, other = ends
    return one, other  # type: ignore[return-value]  # no exception, as was just seen


async def extra_alone(left: Reader, right: Reader, source_rows: Rows, target_rows: Rows, found: Compared) -> int | None:
    """How many rows only the target has in a range that differs by nothing else; None where it does."""
    if not source_rows.key:
        return None
    extra = 0
    async with aclosing(differing(left, right, source_rows, target_rows, found.span)) as groups:
        async for one in groups:
            if one.wanted:
                return None
            extra += len(one.extra)
    return extra


class Difference(msgspec.Struct, frozen=True):
    """Of two tables: rows that the target lacks or has otherwise, and rows that only the target has."""

    wanted: int = 0
    extra: int = 0

    def __bool__(self) -> bool:
        return bool(self.wanted or self.extra)


async def difference(source: Engine, target: Engine, source_rows: Rows, target_rows: Rows) -> Difference:
    """How many rows differ; of a table without key all do, or none."""
    wanted = extra = 0
    async with (
        source.reader() as left,
        target.reader() as right,
        aclosing(compare(left, right, source_rows, target_rows)) as ranges,
    ):
        async for compared in ranges:
            if compared.equal:
                continue
            if not source_rows.key:
                return Difference(compared.source.rows, compared.target.rows)
            async for one in differing(left, right, source_rows, target_rows, compared.span):
                wanted += len(one.wanted)
                extra += len(one.extra)
    return Difference(wanted, extra)
