"""The contract of what an engine opens: readers and moments of a source, writers and locks of a target.

The rules that carry resume stand in `migrate.engines.base`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from migrate.engines.values import (
    Altered,
    Bound,
    Buckets,
    Checksum,
    Document,
    LedgerKey,
    MomentWay,
    Payload,
    Rows,
    RowSum,
    Span,
)
from migrate.model.plan import Protocol as LoadProtocol
from migrate.model.table import ForeignKey, TableName


class Reader(Protocol):
    """One reading session on a source; lives as long as the span it reads."""

    largest: int
    """Bytes of data beyond which `read` should not be asked for, but for a single row."""

    async def starts(self, rows: Rows, count: int, total: int = 0) -> tuple[Bound, ...]:
        """At most `count - 1` places, ascending, that cut the rows into parts of similar size, none of them empty.

        `total`: how many rows there are, as far as that is known; they are counted otherwise.
        """

    async def next_bound(self, rows: Rows, span: Span, limit: int) -> Bound | None:
        """The key of row number `limit` of the span; None when the span has no more than `limit` rows."""

    async def read(
        self, rows: Rows, span: Span, layouts: Sequence[str], limit: int, budget: int, digest: bool = False
    ) -> Payload:
        """The first rows of the span: at most `limit` and about `budget` bytes of them, but one if there is one.

        The payload's span begins where the span does and says how far it came: its `upper` is the span's own when the
        span is finished, which a span without rows is at once. With `digest` the payload has one, if it can.
        """

    async def digest(self, rows: Rows, span: Span, like: str) -> str:
        """The digest of the rows in a span, made by the server as `like` was made of a payload; empty where it cannot.

        Equal digests prove equal rows on two servers. Others prove nothing: one server may spell a value otherwise.
        """

    def stream(self, rows: Rows, layouts: Sequence[str], budget: int) -> AsyncIterator[Payload]:
        """All rows of a table without key, in payloads of about `budget` bytes, in one pass; none of an empty table."""

    async def checksum(self, rows: Rows, span: Span) -> Checksum:
        """Computed by the server over the values, NULL-safe, independent of session settings and row order.

        The sums of a table's spans add up to the table's.
        """

    async def bucket_sums(
        self, rows: Rows, span: Span, bits: int, among: Buckets | None = None
    ) -> Mapping[int, Checksum]:
        """The checksum of the span by buckets of that many bits, empty ones left out; `among`: of rows in these.

        `among` has fewer bits, or as many.
        """

    async def row_sums(self, rows: Rows, span: Span, among: Buckets | None = None) -> tuple[RowSum, ...]:
        """Every row of the span by itself, in no order; `among`: of rows in these buckets."""

    async def referring(self, rows: Rows, keys: Sequence[Bound], table: TableName, foreign_key: ForeignKey) -> int:
        """How many rows of `table` refer, by that foreign key of theirs, to the rows with these keys."""

    async def documents(self, rows: Rows, keys: Sequence[Bound]) -> Sequence[Document]:
        """The JSON documents of these rows, with all that their text does not tell."""

    async def altered(self, rows: Rows, source: Sequence[Document]) -> tuple[Altered, ...]:
        """What of these documents of a source is another value in the same rows here; `rows` has the source's key."""


class Moment(Protocol):
    """One moment of a source, in which all rows are read; over when it is closed, or its last reader is lost."""

    way: MomentWay
    position: str
    """Where the source's log stands at that moment: GTIDs, or file and offset; empty where that is not known."""
    locked: float
    """Seconds for which writers were held off, by all tries together."""

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """One of the readers, once one is free. Raises `SnapshotLost` when none is left."""


class Writer(Protocol):
    """One writing session on a target; `rows` are always the target's own table, which is also the key's."""

    layouts: tuple[str, ...]
    """What this target takes, best first."""
    largest: int
    """Bytes of data that one payload should not exceed, but for a single row."""

    async def write(
        self, rows: Rows, payload: Payload, key: LedgerKey, protocol: LoadProtocol, moment: str = ""
    ) -> bool:
        """Put the payload and its ledger line there. False: nothing was written, the ledger has a chunk from there on.

        That chunk begins where this one does and may end elsewhere: read the ledger to go on.

        transactional: line and rows in one transaction. replace-span: the span is cleared, written, then recorded.
        Raises `LossyWrite` when the target would change or drop a value or a row; then nothing is recorded, and the
        session goes on.
        """

    async def write_whole(self, rows: Rows, payloads: AsyncIterator[Payload], key: LedgerKey, moment: str = "") -> bool:
        """Empty the table, write all payloads and record the step as whole. False: it was recorded already.

        No row is safe before the end.
        """

    async def replace(self, rows: Rows, payloads: AsyncIterator[Payload], together: bool = False) -> None:
        """Put each payload in the place of what stands in its span; without a key, all of them in place of the table.

        Where the table has transactions, each time the old rows or the new ones are there; with `together` all of them
        are one transaction. Nothing is recorded: what is written twice is there once. Raises `LossyWrite` as `write`
        does.
        """

    async def mend(self, rows: Rows, source: Sequence[Document]) -> int:
        """Put into the documents here what they hold at the source, and text did not carry. Returns how many changed.

        Nothing else of their rows changes. What this server cannot hold stays as it arrived: `altered` tells it.
        """


class Lock(Protocol):
    """A lock that dies with its holder."""

    async def check(self) -> None:
        """Raises `Locked` when it was lost."""

    async def release(self) -> None: ...
