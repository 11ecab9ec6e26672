"""The proof that two tables hold the same rows, used alike by plan, apply and verify, and the search for others.

Both servers sum up the same ranges of the key at the same time; only sums travel. Ranges are cut by the source, the
first without a lower bound and the last without an upper one, so that rows before, between and after are seen too.

In a range that differs, rows are found by bisection over a hash of their keys: each server sums up buckets, those that
differ are cut into smaller ones, and of the last ones every row is told by its key and hash. So a changed row costs
some hundred bytes of sums, wherever it stands, and nobody has to agree on an order of keys.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import TypeVar

import msgspec

from migrate.engines.base import Bound, Buckets, Checksum, Document, Engine, Reader, Rows, RowSum, Span
from migrate.model.types import Float, Json

T = TypeVar("T")

RANGE_ROWS = 50_000
"""Rows in one range: half a second of a server's work, and the precision with which a difference is named."""

FIRST_BITS = 8
MORE_BITS = 4
MOST_BITS = 24
"""Buckets are 256 at first, and each that differs becomes 16, up to 16 million in a table that is one range."""

FEW_ROWS = 16
"""Rows in a bucket that are told one by one: cutting it again would cost as many bytes."""

DOCUMENTS_AT_ONCE = 500
DOCUMENT_BYTES = 8 * 1024 * 1024
"""Rows whose documents are held at a time, and about how many bytes of them."""

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
        found = _told_apart(mine, theirs, len(groups) == 1)
        if source_rows.meant and found.changed:
            changed = await _meant_otherwise(left, right, source_rows, target_rows, found.changed)
            found = msgspec.structs.replace(found, changed=changed)
        yield found


class Batches:
    """Keys of rows whose documents are held at a time, after one row so many as fit by the size of the last ones."""

    def __init__(self, keys: Sequence[Bound]) -> None:
        self._keys = keys
        self._at = 0
        self._size = 1
        self._taken = 0

    def take(self) -> tuple[Bound, ...]:
        """The next ones; none at the end."""
        batch = tuple(self._keys[self._at : self._at + self._size])
        self._at += len(batch)
        self._taken = len(batch)
        return batch

    def held(self, documents: Sequence[Document]) -> None:
        """What came of the batch that was taken last."""
        size = sum(len(one.text) for one in documents) or 1
        self._size = max(1, min(DOCUMENTS_AT_ONCE, 4 * self._size, DOCUMENT_BYTES * self._taken // size))


async def _meant_otherwise(
    left: Reader, right: Reader, source_rows: Rows, target_rows: Rows, changed: Sequence[Bound]
) -> tuple[Bound, ...]:
    """Those of the rows that differ by more than how their documents are written."""
    different: list[Bound] = []
    batches = Batches(changed)
    while keys := batches.take():
        rest, others = await _both(
            left.row_sums(_without_documents(source_rows), Span(only=keys)),
            right.row_sums(_without_documents(target_rows), Span(only=keys)),
        )
        mine, theirs = await _both(left.documents(source_rows, keys), right.documents(target_rows, keys))
        batches.held(mine)
        sums, documents = {row.key: row.sum for row in others}, {(one.key, one.column): one.text for one in theirs}
        wrong = {row.key for row in rest if sums.get(row.key) != row.sum}
        # A document beside NULL: on one side there is one more.
        wrong |= {one.key for one in mine if not means_the_same(one.text, documents.pop((one.key, one.column), ""))}
        wrong |= {key for key, _ in documents}
        different += [key for key in keys if key in wrong or key not in sums]
    return tuple(different)


def _without_documents(rows: Rows) -> Rows:
    return _without(rows, rows.meant)


def _without(rows: Rows, names: Collection[str]) -> Rows:
    columns, computed = (tuple(c for c in of if c.name not in names) for of in (rows.columns, rows.computed))
    return msgspec.structs.replace(rows, columns=columns, computed=computed)


def means_the_same(one: str, other: str) -> bool:
    """Whether two JSON texts are the same document: without order of keys, blanks, and how a number is written.

    Of a key that is there twice the last one counts, as in MySQL. What is no JSON is the same only letter by letter.
    """
    try:
        return one == other or _same(_parsed(one), _parsed(other))
    except (ValueError, ArithmeticError, RecursionError):
        return False


def _parsed(text: str) -> object:
    def no_json(name: str) -> None:
        raise ValueError(name)

    return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=no_json)


def _same(one: object, other: object) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(itertools.starmap(_same, zip(one, other, strict=True)))
    return type(one) is type(other) and one == other


def as_moved(rows: Rows) -> Rows:
    """Without the columns that the target computes: to write a row again does not make them equal."""
    return msgspec.structs.replace(rows, computed=())


class Causes(msgspec.Struct):
    """Why ranges of a table differ, where that is one thing alone.

    `zeros`: columns whose zeros differ in their sign, in the table's order; `computed`: what stored generated columns
    hold; `documents`: columns whose JSON documents differ, of a table without a key, where no row is told from others;
    `other`: anything else, in one range at least, so that these do not say it all.
    """

    zeros: tuple[str, ...] = ()
    computed: bool = False
    documents: tuple[str, ...] = ()
    other: bool = False

    async def look(self, left: Reader, right: Reader, source_rows: Rows, target_rows: Rows, found: Compared) -> None:
        """Add why this range differs, which costs two to three sums of it, and one more for each column of floats."""
        if self.other:
            return
        floats = _floats(source_rows, target_rows)

        async def equal(mine: Rows, theirs: Rows) -> bool:
            again = await compare_span(left, right, mine, theirs, found.span)
            return (await in_meaning(left, right, mine, theirs, again)).equal

        mine, theirs = (msgspec.structs.replace(rows, signless=floats) for rows in (source_rows, target_rows))
        zeros = computed = False
        if floats and await equal(mine, theirs):
            zeros = True
        elif source_rows.computed and await equal(as_moved(source_rows), as_moved(target_rows)):
            computed = True
        elif floats and source_rows.computed:
            mine, theirs = as_moved(mine), as_moved(theirs)
            zeros = computed = await equal(mine, theirs)
        if not zeros and not computed and not source_rows.key:
            await self._look_at_documents(source_rows, target_rows, equal)
        self.computed |= computed
        self.other |= not zeros and not computed and not self.documents
        for name in floats if zeros else ():
            rest = tuple(one for one in floats if one != name)
            ways = (msgspec.structs.replace(rows, signless=rest) for rows in (mine, theirs))
            if name not in self.zeros and not await equal(*ways):
                self.zeros = tuple(one for one in floats if one in (*self.zeros, name))

    async def _look_at_documents(
        self, source_rows: Rows, target_rows: Rows, equal: Callable[[Rows, Rows], Awaitable[bool]]
    ) -> None:
        """Name the columns whose documents differ, where the rows are equal without any documents."""
        names = [column.name for column in source_rows.columns if isinstance(column.type, Json)]
        if names and await equal(_without(source_rows, names), _without(target_rows, names)):
            for name in names:
                others = [one for one in names if one != name]
                if not await equal(_without(source_rows, others), _without(target_rows, others)):
                    self.documents = (*self.documents, name)


def _floats(source_rows: Rows, target_rows: Rows) -> tuple[str, ...]:
    """Columns that are floats on both sides."""
    theirs = {one.name for one in (*target_rows.columns, *target_rows.computed) if isinstance(one.type, Float)}
    mine = (one.name for one in (*source_rows.columns, *source_rows.computed) if isinstance(one.type, Float))
    return tuple(name for name in mine if name in theirs)


async def in_meaning(left: Reader, right: Reader, source_rows: Rows, target_rows: Rows, found: Compared) -> Compared:
    """A range, equal when all that differs is how its documents are written."""
    if found.equal or not source_rows.meant:
        return found
    async with aclosing(differing(left, right, source_rows, target_rows, found.span)) as groups:
        async for one in groups:
            if one.missing or one.changed or one.extra:
                return found
    return msgspec.structs.replace(found, target=found.source)


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


OfItsOwn = Callable[[Reader, Sequence[Bound]], Awaitable[None]]
"""Told of keys of rows that only the target has, and of a reader there."""


async def difference(
    source: Engine, target: Engine, source_rows: Rows, target_rows: Rows, own: OfItsOwn | None = None
) -> Difference:
    """How many rows differ; of a table without key all do, or none, and `own` is not told."""
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
                if own and one.extra:
                    await own(right, one.extra)
    return Difference(wanted, extra)
