"""Rows in and out of a MySQL server: chunks laid out by the source, forwarded as they are, recorded with a ledger line.

The text of every statement comes from `layout`; what is here is the order of things, which is what resume stands on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

import msgspec

from migrate.engines.base import Bound, Checksum, LedgerKey, LedgerLine, Payload, Rows, Span
from migrate.engines.mysql import layout as lay
from migrate.engines.mysql.answers import Answer, Result, ServerWarning, literal
from migrate.engines.mysql.connect import Session
from migrate.engines.mysql.ledger import ledger_insert, ledger_table
from migrate.engines.mysql.proof import hash_expression
from migrate.errors import DuplicateRow, LossyWrite, ServerError
from migrate.model.plan import Protocol as LoadProtocol
from migrate.model.types import Enum, Set
from migrate.sql import quote_table

BIG_ROW = 4 * 1024 * 1024
"""Bytes: from here on a row travels alone, cell by cell (see `layout`, `cells`)."""

TRUNCATED = 1265
"""What an ENUM with the invalid index 0 always raises, though it is stored as it was; and a generated column, whose
expression is rounded to its type here as it was at the source: nothing was sent for it."""

CANNOT_EMPTY = 1031
"""What ARCHIVE answers to DELETE and TRUNCATE."""

MOST_WARNINGS = 65_535
"""What max_error_count can be at the most: a chunk must not raise more, or real ones would hide behind them."""

DEPRECATED = (1287, 3719, 3778)
"""Warnings of 8.0 at the mere names of utf8mb3 and ucs2, which a bound in such a column must say."""

ENGINE = """\
SELECT E.TRANSACTIONS FROM information_schema.TABLES AS T JOIN information_schema.ENGINES AS E ON E.ENGINE = T.ENGINE
WHERE T.TABLE_SCHEMA = {schema} AND T.TABLE_NAME = {name}"""


def _enums(rows: Rows) -> int:
    return sum(1 for column in rows.columns if isinstance(column.type, Enum | Set))


def _column(warning: str) -> str:
    """The column that a warning names: "Data truncated for column 'c' at row 1"."""
    return warning.partition(" column '")[2].rpartition("' at row ")[0]


class MysqlReader:
    """See `migrate.engines.base.Reader`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def starts(self, rows: Rows, count: int) -> tuple[Bound, ...]:
        """Equal numbers of rows per part, by walking the key."""
        if count < 2:
            return ()
        table = quote_table(rows.table) + lay.forced(rows)
        where = lay.condition(rows, Span())
        found = await self._session.query(f"SELECT COUNT(*) FROM {table}{where}")
        total = int(found.rows[0][0])
        step = -(-total // count)
        if step < 2:
            return ()
        bounds: list[Bound] = []
        span = Span()
        for _ in range(count - 1):
            at = await self.next_bound(rows, span, step)
            if at is None:
                break
            bounds.append(at)
            span = Span(lower=at)
        return tuple(bounds)

    async def next_bound(self, rows: Rows, span: Span, limit: int) -> Bound | None:
        """See the contract."""
        found = await self._session.query(
            f"SELECT {','.join(lay.key_expressions(rows))} FROM {quote_table(rows.table)}{lay.forced(rows)}"
            f"{lay.condition(rows, span)}{lay.order(rows)} LIMIT {limit - 1},2"
        )
        return lay.bound(rows, found.rows[0]) if len(found.rows) == 2 else None

    async def read(self, rows: Rows, span: Span, layouts: Sequence[str], limit: int, budget: int) -> Payload:
        """See the contract."""
        fields = _enums(rows)
        limit = min(limit, MOST_WARNINGS // fields) if fields else limit
        upper = await self.next_bound(rows, span, limit)
        chunk = Span(span.lower, span.upper if upper is None else upper)
        if "raw" not in layouts:
            budget //= 2  # hexadecimal digits
        if limit * lay.widest(rows) > 4 * budget:
            found = await self._session.query(
                f"SELECT SUM({lay.size_expression(rows)}) FROM {quote_table(rows.table)}{lay.forced(rows)}"
                f"{lay.condition(rows, chunk)}"
            )
            if int(found.rows[0][0] or 0) > 2 * budget:
                chunk, alone = await self._within(rows, chunk, budget)
                if alone:
                    return await self._cells(rows, chunk)
        return await self._chunk(rows, chunk, layouts)

    async def _within(self, rows: Rows, span: Span, budget: int) -> tuple[Span, bool]:
        """The first rows of the span that fit the budget, at least one; whether that one must travel alone."""
        total, taken, first = 0, 0, 0
        last: Sequence[bytes | None] = ()
        keys = lay.key_expressions(rows)
        statement = (
            f"SELECT {','.join(keys)},{lay.size_expression(rows)} FROM {quote_table(rows.table)}{lay.forced(rows)}"
            f"{lay.condition(rows, span)}{lay.order(rows)}"
        )
        found = await self._session.query(statement)
        for *key, size in found.rows:
            total += int(size or 0)
            if taken and (total > budget or first > BIG_ROW):
                return Span(span.lower, lay.bound(rows, last)), taken == 1 and first > BIG_ROW
            first = first if taken else total
            last, taken = key, taken + 1
        return span, taken == 1 and first > BIG_ROW

    async def _chunk(self, rows: Rows, span: Span, layouts: Sequence[str]) -> Payload:
        """Rows of the span in the first layout that can be proven."""
        if "raw" not in layouts:
            data, count, _ = await self._concat(rows, span, "insert", lay.MARKS[0])
            return Payload(span, count, data, "insert")
        for number, marks in enumerate(lay.MARKS):
            for name in ("raw",) if number < len(lay.MARKS) - 1 else ("raw", "hex"):
                data, count, nulls = await self._concat(rows, span, name, marks)
                if count == 0 or lay.proven(data, count, len(rows.columns), nulls, marks):
                    return Payload(span, count, data, name, (marks.field, marks.row, marks.null))
        raise ServerError(
            self._session.endpoint, f"{rows.table}: rows {span} came back other than they were laid out", "report this"
        )

    async def _concat(self, rows: Rows, span: Span, name: str, marks: lay.Marks) -> tuple[bytes, int, int]:
        found = await self._session.query(
            f"SELECT COUNT(*),SUM({lay.nulls_expression(rows)}),"
            f"GROUP_CONCAT({lay.row_expression(rows, name, marks)} SEPARATOR {lay.separator(name, marks)})"
            f" FROM {quote_table(rows.table)}{lay.forced(rows)}{lay.condition(rows, span)}"
        )
        count, nulls, data = found.rows[0]
        await self._refuse_warnings(rows, found)
        if data is None and int(count):
            raise ServerError(self._session.endpoint, f"{rows.table}: {int(count)} rows came back as NULL")
        return data or b"", int(count), int(nulls or 0)

    async def _cells(self, rows: Rows, span: Span) -> Payload:
        found = await self._session.query(
            f"SELECT {','.join(lay.plain(column) for column in rows.columns)}"
            f" FROM {quote_table(rows.table)}{lay.forced(rows)}{lay.condition(rows, span)}"
        )
        if len(found.rows) != 1:  # the row went, or another came, since its size was asked for
            raise ServerError(self._session.endpoint, f"{rows.table} changed while it was read", "apply again")
        return Payload(span, 1, msgspec.msgpack.encode(found.rows[0]), "cells")

    async def stream(self, rows: Rows, layouts: Sequence[str], budget: int) -> AsyncIterator[Payload]:
        """One formatted row at a time, gathered into payloads; memory is one payload and one row."""
        marks = lay.MARKS[0]
        name = "hex" if "raw" in layouts else "insert"
        expression = lay.row_expression(rows, name, marks)
        statement = f"SELECT {expression} FROM {quote_table(rows.table)}{lay.condition(rows, Span())}"
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
        found = await self._session.query(
            f"SELECT COUNT(*),SUM({hash_expression(rows)}) FROM {quote_table(rows.table)}{lay.forced(rows)}"
            f"{lay.condition(rows, span)}"
        )
        count, total = found.rows[0]
        await self._refuse_warnings(rows, found)
        return Checksum(int(count), int(total or 0))

    async def _refuse_warnings(self, rows: Rows, found: Answer) -> None:
        """A warning of the source is a value that did not come as it is; but for words that go out of fashion."""
        if not found.warnings:
            return
        said = [warning for warning in await self._session.warnings() if warning.code not in DEPRECATED]
        if said:
            texts = "; ".join(f"{warning.code} {warning.text}" for warning in said[:3])
            hint = "raise group_concat_max_len and max_allowed_packet on that server"
            raise ServerError(self._session.endpoint, f"{rows.table}: the server warns while reading: {texts}", hint)


class MysqlWriter:
    """See `migrate.engines.base.Writer`. `tag` is a comment that every statement carries."""

    def __init__(self, session: Session, tag: str, local_infile: bool, max_packet: int) -> None:
        self._session = session
        self._tag = tag
        self._mariadb = session.is_mariadb
        self._max_packet = max_packet
        self.layouts: tuple[str, ...] = ("raw", "hex", "insert", "cells") if local_infile else ("insert", "cells")
        # A statement must fit a packet; what comes may be twice what was asked for.
        self.largest = 1 << 30 if local_infile else max_packet // 4

    async def write(self, rows: Rows, payload: Payload, key: LedgerKey, protocol: LoadProtocol) -> bool:
        """See the contract."""
        line = LedgerLine("chunk", payload.span, payload.rows, len(payload.data))
        if protocol == "transactional":
            return await self._transaction(rows, payload, key, line)
        if await self._recorded(key, line):
            return False
        await self._run(f"DELETE FROM {quote_table(rows.table)}{lay.condition(rows, payload.span)}")
        await self._put(rows, payload)
        return await self._record(key, line)

    async def _transaction(self, rows: Rows, payload: Payload, key: LedgerKey, line: LedgerLine) -> bool:
        await self._session.execute("BEGIN")
        try:
            if not await self._record(key, line):
                await self._session.execute("ROLLBACK")
                return False
            await self._put(rows, payload)
        except (ServerError, LossyWrite):
            await self._session.rollback()
            raise
        await self._session.execute("COMMIT")
        return True

    async def write_whole(self, rows: Rows, payloads: AsyncIterator[Payload], key: LedgerKey) -> bool:
        """One transaction, the ledger line first: InnoDB keeps all or nothing. Other engines are emptied first."""
        line = LedgerLine("whole")
        about = ENGINE.format(schema=literal(rows.table.schema), name=literal(rows.table.name))
        found = (await self._session.query(about)).rows
        if not found or found[0][0] != b"YES":
            return await self._whole_without_transaction(rows, payloads, key, line)
        await self._session.execute("BEGIN")
        try:
            if not await self._record(key, line):
                await self._session.execute("ROLLBACK")
                return False
            await self._run(f"DELETE FROM {quote_table(rows.table)}")
            async for payload in payloads:
                await self._put(rows, payload)
        except (ServerError, LossyWrite):
            await self._session.rollback()
            raise
        await self._session.execute("COMMIT")
        return True

    async def _whole_without_transaction(
        self, rows: Rows, payloads: AsyncIterator[Payload], key: LedgerKey, line: LedgerLine
    ) -> bool:
        """Apart from the ledger's transaction: a server with GTIDs refuses to mix engines in one (1785)."""
        if await self._recorded(key, line):
            return False
        await self._empty(rows)
        async for payload in payloads:
            await self._put(rows, payload)
        return await self._record(key, line)

    async def _empty(self, rows: Rows) -> None:
        table = quote_table(rows.table)
        if not int((await self._session.query(f"SELECT EXISTS(SELECT 1 FROM {table})")).rows[0][0]):
            return
        try:
            await self._run(f"TRUNCATE TABLE {table}")
        except ServerError as error:
            if error.code != CANNOT_EMPTY:
                raise
            raise ServerError(
                self._session.endpoint,
                f"{rows.table} holds rows of a load that was interrupted, and its engine cannot empty a table",
                "drop that table and plan again",
                error.code,
            ) from error

    async def _recorded(self, key: LedgerKey, line: LedgerLine) -> bool:
        statement = ledger_table(key.target).select_one(key, line)
        return bool((await self._session.query(statement)).rows)

    async def _record(self, key: LedgerKey, line: LedgerLine) -> bool:
        """False when the line is there already. Waits for a transaction that is writing the same line."""
        try:
            await self._session.execute(ledger_insert(key, (line,)))
        except DuplicateRow:
            return False
        return True

    async def _run(self, statement: str) -> Result:
        return await self._session.execute(f"/* {self._tag} */ {statement}")

    async def _put(self, rows: Rows, payload: Payload) -> None:
        """Send one payload as it is. Raises `LossyWrite` when the target dropped a row or altered a value."""
        if payload.rows == 0:
            return
        target = quote_table(rows.table)
        if payload.layout == "insert":
            result = await self._session.execute(
                f"/* {self._tag} */ {lay.insert_head(rows, target)}".encode() + payload.data
            )
        elif payload.layout == "cells":
            result = await self._put_cells(rows, payload, target)
        else:
            marks = lay.Marks(*payload.marks)
            result = await self._session.load_local(
                f"/* {self._tag} */ {lay.load_statement(rows, target, payload.layout, marks, self._mariadb)}",
                (payload.data, marks.row),
            )
        await self._refuse_loss(rows, payload, result)

    async def _put_cells(self, rows: Rows, payload: Payload, target: str) -> Result:
        cells = msgspec.msgpack.decode(payload.data, type=list[bytes | None])
        values = b",".join(lay.cell_literal(c, cell) for c, cell in zip(rows.columns, cells, strict=True))
        head = f"/* {self._tag} */ {lay.insert_head(rows, target)}".encode()
        if len(head) + len(values) + 2 < self._max_packet or "raw" not in self.layouts:
            return await self._session.execute(head + b"(" + values + b")")
        return await self._load_cells(rows, cells, target)

    async def _load_cells(self, rows: Rows, cells: Sequence[bytes | None], target: str) -> Result:
        """A row that is larger than a statement may be: slower, but LOAD DATA knows no limit."""
        for marks in lay.MARKS:
            every = (marks.field, marks.row, marks.null)
            if not any(mark in cell for cell in cells if cell is not None for mark in every):
                break
        else:
            raise ServerError(self._session.endpoint, f"{rows.table}: a row holds every delimiter there is")

        def pieces() -> Iterator[bytes]:
            for number, cell in enumerate(cells):
                if number:
                    yield marks.field
                yield marks.null if cell is None else cell
            yield marks.row

        statement = lay.load_statement(rows, target, "raw", marks, self._mariadb)
        return await self._session.load_local(f"/* {self._tag} */ {statement}", pieces())

    async def _refuse_loss(self, rows: Rows, payload: Payload, result: Result) -> None:
        warnings = await self._session.warnings() if result.warnings else ()
        exact = {column.name for column in rows.columns if not isinstance(column.type, Enum | Set)} | {""}
        bad = [w for w in warnings if w.code != TRUNCATED or _column(w.text) in exact]
        hidden = result.warnings - len(warnings)
        if hidden > 0:
            bad = [ServerWarning("Note", 0, f"{hidden} warnings are hidden: raise max_error_count"), *warnings]
        if bad or result.affected != payload.rows:
            said = "; ".join(f"{w.code} {w.text}" for w in bad[:3])
            raise LossyWrite(
                f"{rows.table}, {payload.rows} rows from key {payload.span.lower}",
                said or f"{result.affected} of {payload.rows} rows arrived",
            )
