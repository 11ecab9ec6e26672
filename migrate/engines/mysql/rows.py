"""Rows out of a MySQL server: chunks that it lays out itself, and the sums by which they are proven.

The text of every statement comes from `layout`; what is here is the order of things, which is what resume stands on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from migrate.engines.base import Altered, Bound, Buckets, Checksum, Document, Payload, Rows, RowSum, Span
from migrate.engines.mysql import layout as lay
from migrate.engines.mysql import mending, spans
from migrate.engines.mysql.answers import Answer
from migrate.engines.mysql.connect import Session
from migrate.engines.mysql.orphans import count_referring
from migrate.engines.mysql.proof import digest_expression, hash_expression, proven_size, remarks_expression
from migrate.errors import ServerError
from migrate.model.table import ForeignKey, TableName
from migrate.model.types import Enum, Set
from migrate.sql import quote, quote_table

BIG_ROW = 4 * 1024 * 1024
"""Bytes: from here on a row travels alone, cell by cell (see `layout`, `cells`); less where packets are small.

Laid out, as digits too, it stays below 16 MiB, where 8.0.12 and MariaDB cut an argument of GROUP_CONCAT without a word.
"""

MOST_WARNINGS = 65_535
"""What max_error_count can be at the most: a chunk must not raise more, or real ones would hide behind them."""

CUT = 1260
"""Warning of a GROUP_CONCAT that is cut: MariaDB gives no more than max_allowed_packet."""
LOST = 1301
"""Warning of a function that gives NULL, because the value would be larger than max_allowed_packet."""

FEW_ROWS = 32
"""Rows in a chunk: where there are fewer, one may well be of those that travel alone."""
MOST_WARY = 8
"""Chunks whose size is asked for after one that did not fit: one, twice as many each time in a row, up to so many."""
LEAST = 1024
"""Bytes of a chunk below which there is nothing to save; group_concat_max_len may not be as small as any number."""

DEPRECATED = (1287, 3719, 3778)
"""Warnings of 8.0 at the mere names of utf8mb3 and ucs2, which a bound in such a column must say."""


def _enums(rows: Rows) -> int:
    return sum(1 for column in rows.columns if isinstance(column.type, Enum | Set))


_Told = tuple[bytes | bytearray, int, int, str]
"""Rows as one value, how many, how many NULLs are in them, and their digest."""


def holds_long(data: bytes | bytearray, marks: lay.Marks, least: int) -> bool:
    """Whether there may be a row of more than `least` bytes; one of twice as many is found for certain."""
    return any(data.find(marks.row, at, at + least) < 0 for at in range(0, len(data) - least, least))


class MysqlReader:
    """See `migrate.engines.base.Reader`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        # CONCAT gives NULL above max_allowed_packet, and hexadecimal digits are twice the bytes.
        self.largest = session.packet // 4
        self._big = min(BIG_ROW, self.largest)
        self._dense: tuple[TableName, Bound | None] | None = None
        """Up to where a table was read whose key is a number, and most numbers before that had a row."""
        self._wary = 0
        """Chunks of which the size will be asked for before they are read, and how many after the next failure."""
        self._warier = 1
        self._way: tuple[TableName, lay.Layout] | None = None
        """How a table's rows could be laid out: what one chunk holds of delimiters, the next one may hold too."""

    async def starts(self, rows: Rows, count: int, total: int = 0) -> tuple[Bound, ...]:
        """Equal numbers of rows per part, by walking the key; about equal ones where it is a number with few gaps."""
        if count < 2:
            return ()
        if not total:
            found = await self._session.query(f"SELECT COUNT(*){spans.taken_from(rows, Span())}")
            total = int(found.rows[0][0])
        step = -(-total // count)
        if step < 2:
            return ()
        if spans.is_number(rows) and not rows.where:
            key = quote(rows.key[0].name)
            ((low, high),) = (
                await self._session.query(f"SELECT MIN({key}),MAX({key}) FROM {quote_table(rows.table)}")
            ).rows
            if low is not None and (bounds := spans.evenly(int(low), int(high), count, total)):
                return bounds
        walked: list[Bound] = []
        while len(walked) < count - 1:
            at = await self.next_bound(rows, Span(lower=walked[-1] if walked else None), step)
            if at is None:
                break
            walked.append(at)
        return tuple(walked)

    async def next_bound(self, rows: Rows, span: Span, limit: int) -> Bound | None:
        """See the contract."""
        found = await self._session.query(
            f"SELECT {','.join(spans.key_expressions(rows))}{spans.taken_from(rows, span)}"
            f"{spans.order(rows)} LIMIT {limit - 1},2"
        )
        return spans.bound(rows, found.rows[0]) if len(found.rows) == 2 else None

    async def read(
        self, rows: Rows, span: Span, layouts: Sequence[str], limit: int, budget: int, digest: bool = False
    ) -> Payload:
        """See the contract."""
        layouts, fields = lay.fitting(rows, layouts), _enums(rows)
        limit = min(limit, MOST_WARNINGS // fields) if fields else limit
        chunk = await self._first(rows, span, limit)
        if "raw" not in layouts:
            budget //= 2  # hexadecimal digits
        payload = None
        if limit * lay.widest(rows) > 4 * budget or lay.widest(rows) > self._big:
            payload = await self._unasked(rows, chunk, layouts, limit, budget, digest)
            if payload is None:
                chunk, alone = await self._fitting(rows, chunk, budget)
                if alone:
                    return await self._cells(rows, chunk)
        try:
            payload = payload or await self._chunk(rows, chunk, self._ways(rows, layouts), digest)
        except ServerError as error:
            if error.code != CUT:
                raise
            found = await self._session.query(f"SELECT COUNT(*){spans.taken_from(rows, chunk)}")
            count = int(found.rows[0][0])
            if count < 2:
                raise
            return await self.read(rows, span, layouts, count // 2, budget, digest)
        if payload is None:
            text = f"{rows.table}: rows {chunk} came back other than they were laid out"
            raise ServerError(self._session.endpoint, text, "report this")
        self._dense = (rows.table, chunk.upper) if spans.is_dense(rows, chunk, payload.rows) else None
        if not payload.rows and chunk.upper != span.upper:  # a gap
            return await self.read(rows, span, layouts, limit, budget, digest)
        return payload

    async def _first(self, rows: Rows, span: Span, limit: int) -> Span:
        """The first rows of a span, at most `limit`. Where numbers follow each other nobody needs to count them."""
        if self._dense == (rows.table, span.lower) and (ahead := spans.ahead(span, limit)):
            beyond = spans.taken_from(rows, msgspec.structs.replace(span, lower=ahead.upper))
            more = await self._session.query(f"SELECT EXISTS(SELECT 1{beyond})")
            return ahead if int(more.rows[0][0]) else span
        upper = await self.next_bound(rows, span, limit)
        return span if upper is None else msgspec.structs.replace(span, upper=upper)

    async def _unasked(
        self, rows: Rows, chunk: Span, layouts: Sequence[str], limit: int, budget: int, digest: bool
    ) -> Payload | None:
        """A chunk whose size nobody asked for, if it has one that fits; None: it must be asked for.

        To ask means to read all of it, large cells too. So the server is told where to stop instead (CUT), and what
        was stopped, or holds a row that must travel alone, is asked for, and the next few chunks are.
        """
        ways = [way for way in self._ways(rows, layouts) if way.name == "raw"]
        most = budget + budget // 2
        if self._wary or not ways or limit < FEW_ROWS or most < LEAST or not self._session.stops:
            self._wary = max(0, self._wary - 1)
            return None
        try:
            payload = await self._chunk(rows, chunk, ways[:1], digest, most)
        except ServerError as error:
            if error.code != CUT:
                raise
            payload = None
        if payload is None or holds_long(payload.data, ways[0].delimiters, max(1, self._big // 2)):
            self._wary = self._warier
            self._warier = min(2 * self._warier, MOST_WARY)
            return None
        self._warier = 1
        return payload

    async def _fitting(self, rows: Rows, chunk: Span, budget: int) -> tuple[Span, bool]:
        """The first rows of the chunk that fit the budget, at least one; whether that one must travel alone."""
        size = lay.size_expression(rows)
        found = await self._session.query(f"SELECT SUM({size}),MAX({size}){spans.taken_from(rows, chunk)}")
        whole, largest = (int(number or 0) for number in found.rows[0])
        if whole > 2 * budget or largest > self._big:
            return await self._within(rows, chunk, budget)
        return chunk, False

    async def _within(self, rows: Rows, span: Span, budget: int) -> tuple[Span, bool]:
        """The first rows of the span that fit the budget, at least one; whether that one must travel alone."""
        total, taken, first = 0, 0, 0
        last: Sequence[bytes | None] = ()
        keys = spans.key_expressions(rows)
        statement = (
            f"SELECT {','.join(keys)},{lay.size_expression(rows)}{spans.taken_from(rows, span)}{spans.order(rows)}"
        )
        found = await self._session.query(statement)
        for *key, size in found.rows:
            total += int(size or 0)
            if taken and (total > budget or max(first, int(size or 0)) > self._big):
                upto = msgspec.structs.replace(span, upper=spans.bound(rows, last))
                return upto, taken == 1 and first > self._big
            first = first if taken else total
            last, taken = key, taken + 1
        return span, taken == 1 and first > self._big

    def _ways(self, rows: Rows, layouts: Sequence[str]) -> Sequence[lay.Layout]:
        """How rows may be laid out, what the chunk before this one needed first."""
        if "raw" not in layouts:
            return (lay.Layout("insert"),)
        ways = lay.by_file(rows)
        if self._way and self._way[0] == rows.table and self._way[1] in ways:
            return ways[ways.index(self._way[1]) :]
        return ways

    async def _chunk(
        self, rows: Rows, span: Span, ways: Sequence[lay.Layout], digest: bool, most: int = 0
    ) -> Payload | None:
        """Rows of the span in the first of these layouts that can be proven; None where none can.

        `most`: bytes at which the server stops. Raises `ServerError`, with the code CUT where it did.
        """
        for way in ways:
            data, count, nulls, told = await self._concat(rows, span, way, digest, most)
            if way.name == "insert":
                return Payload(span, count, data, "insert", digest=told)
            marks = way.delimiters
            if count == 0 or lay.proven(data, rows, count, nulls, marks):
                self._way = rows.table, way
                return Payload(span, count, data, way.name, (marks.field, marks.row, marks.null), told)
        return None

    async def _concat(self, rows: Rows, span: Span, way: lay.Layout, digest: bool, most: int) -> _Told:
        """The rows of the span."""
        select = self._session.stopping(most) if most else "SELECT"
        if digest:
            return await self._concat_with_digest(rows, span, way, select)
        found = await self._session.query(
            f"{select} COUNT(*),{lay.nulls_expression(rows)},{lay.chunk_expression(rows, way)}"
            f"{spans.taken_from(rows, span)}"
        )
        await self._refuse_warnings(rows, found.warnings)
        return self._told(rows, found, "")

    async def _concat_with_digest(self, rows: Rows, span: Span, way: lay.Layout, select: str) -> _Told:
        """The server keeps the rows laid out in variables of the session: so it reads and formats them once."""
        kept = await self._session.execute(
            f"{select} COUNT(*),{lay.nulls_expression(rows)},{lay.chunk_expression(rows, way)},"
            f"{proven_size(rows)},{remarks_expression(rows)}"
            f"{spans.taken_from(rows, span)}"
            " INTO @migrate_rows,@migrate_nulls,@migrate_text,@migrate_bytes,@migrate_remarks"
        )
        await self._refuse_warnings(rows, kept.warnings)
        found = await self._session.query(
            f"SELECT {digest_expression('@migrate_rows', '@migrate_bytes', '@migrate_text', '@migrate_remarks')},"
            "@migrate_rows,@migrate_nulls,@migrate_text"  # the text last: so it is not copied
        )
        return self._told(rows, found, way.signed(found.rows[0][0]))

    def _told(self, rows: Rows, found: Answer, digest: str) -> _Told:
        count, nulls, data = found.rows[0][-3:]
        if data is None and int(count):
            raise ServerError(self._session.endpoint, f"{rows.table}: {int(count)} rows came back as NULL", code=CUT)
        return data or b"", int(count), int(nulls or 0), digest

    async def digest(self, rows: Rows, span: Span, like: str) -> str:
        """See the contract."""
        way = lay.Layout.of(like)
        found = await self._session.query(
            "SELECT "
            + digest_expression(
                "COUNT(*)",
                proven_size(rows),
                lay.chunk_expression(rows, way),
                remarks_expression(rows),
            )
            + f"{spans.taken_from(rows, span)}"
        )
        # A warning tells that something was cut here: then it is no digest of the rows.
        return "" if found.warnings else way.signed(found.rows[0][0])

    async def _cells(self, rows: Rows, span: Span) -> Payload:
        async with self._session.large:  # until it is a payload, such a row takes three times its size
            found = await self._session.query(
                f"SELECT {','.join(lay.plain(column) for column in rows.columns)}{spans.taken_from(rows, span)}"
            )
            await self._refuse_warnings(rows, found.warnings)
            if len(found.rows) != 1:  # the row went, or another came, since its size was asked for
                raise ServerError(self._session.endpoint, f"{rows.table} changed while it was read", "apply again")
            return Payload(span, 1, msgspec.msgpack.encode(found.rows[0]), "cells")

    async def stream(self, rows: Rows, layouts: Sequence[str], budget: int) -> AsyncIterator[Payload]:
        """One formatted row at a time, gathered into payloads; memory is one payload and one row."""
        way = lay.Layout("hex" if "raw" in lay.fitting(rows, layouts) else "insert")
        name, marks = way.name, way.delimiters
        expression = lay.row_expression(rows, way)
        statement = f"SELECT {expression} FROM {quote_table(rows.table)}{spans.condition(rows, Span())}"
        between = b"," if name == "insert" else marks.row
        gathered: list[bytes] = []
        size = 0
        async for (row,) in self._session.stream(statement):
            if row is None:
                raise ServerError(
                    self._session.endpoint,
                    f"{rows.table}: a row is larger than max_allowed_packet",
                    "raise max_allowed_packet on the source",
                )
            gathered.append(row)
            size += len(row)
            if size >= budget:
                yield self._gathered(gathered, between, name, marks)
                gathered, size = [], 0
        if gathered:
            yield self._gathered(gathered, between, name, marks)

    @staticmethod
    def _gathered(gathered: list[bytes], between: bytes, name: str, marks: lay.Marks) -> Payload:
        return Payload(Span(), len(gathered), between.join(gathered), name, (marks.field, marks.row, marks.null))

    async def checksum(self, rows: Rows, span: Span) -> Checksum:
        """See the contract; the hash is `proof.hash_expression`."""
        found = await self._session.query(f"SELECT COUNT(*),SUM({hash_expression(rows)}){spans.taken_from(rows, span)}")
        count, total = found.rows[0]
        await self._refuse_warnings(rows, found.warnings)
        return Checksum(int(count), int(total or 0))

    async def bucket_sums(
        self, rows: Rows, span: Span, bits: int, among: Buckets | None = None
    ) -> Mapping[int, Checksum]:
        """See the contract."""
        found = await self._session.query(
            f"SELECT {spans.bucket(rows, bits)} AS `bucket`,COUNT(*),SUM({hash_expression(rows)})"
            f"{spans.taken_from(rows, span, among)} GROUP BY 1"
        )
        await self._refuse_warnings(rows, found.warnings)
        return {int(number): Checksum(int(count), int(total)) for number, count, total in found.rows}

    async def row_sums(self, rows: Rows, span: Span, among: Buckets | None = None) -> tuple[RowSum, ...]:
        """See the contract."""
        found = await self._session.query(
            f"SELECT {hash_expression(rows)},{','.join(spans.key_expressions(rows))}"
            f"{spans.taken_from(rows, span, among)}"
        )
        await self._refuse_warnings(rows, found.warnings)
        return tuple(RowSum(spans.bound(rows, key), int(total)) for total, *key in found.rows)

    async def referring(self, rows: Rows, keys: Sequence[Bound], table: TableName, foreign_key: ForeignKey) -> int:
        """See the contract."""
        return await count_referring(self._session, spans.taken_from(rows, Span(only=tuple(keys))), table, foreign_key)

    async def documents(self, rows: Rows, keys: Sequence[Bound]) -> Sequence[Document]:
        """See the contract."""
        return await mending.documents(self._session, rows, keys)

    async def altered(self, rows: Rows, source: Sequence[Document]) -> tuple[Altered, ...]:
        """See the contract."""
        return await mending.still_altered(self._session, rows, source)

    async def _refuse_warnings(self, rows: Rows, warnings: int) -> None:
        """A warning of the source is a value that did not come as it is; but for words that go out of fashion."""
        if not warnings:
            return
        said = [warning for warning in await self._session.warnings() if warning.code not in DEPRECATED]
        if said:
            texts = "; ".join(f"{warning.code} {warning.text}" for warning in said[:3])
            hint = "raise group_concat_max_len and max_allowed_packet on that server"
            code = CUT if all(warning.code in (CUT, LOST) for warning in said) else 0
            raise ServerError(
                self._session.endpoint, f"{rows.table}: the server warns while reading: {texts}", hint, code
            )
