"""Rows into a MySQL server: payloads as the source laid them out, with their ledger lines, and no value altered.

The text of every statement comes from `layout`; what is here is the order of things, which is what resume stands on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager

import msgspec

from migrate.engines.base import Document, Intake, LedgerKey, LedgerLine, Payload, Rows, Span
from migrate.engines.mysql import layout as lay
from migrate.engines.mysql import mending, spans
from migrate.engines.mysql.answers import Result, ServerWarning, literal
from migrate.engines.mysql.connect import Session
from migrate.engines.mysql.ledger import ledger_insert, ledger_table
from migrate.engines.mysql.refusals import DUPLICATE_ROW
from migrate.errors import DuplicateRow, LossyWrite, ServerError
from migrate.model.plan import Protocol as LoadProtocol
from migrate.model.types import Enum, Set
from migrate.model.words import counted
from migrate.sql import quote_table

TRUNCATED = 1265
"""What an ENUM with the invalid index 0 always raises, though it is stored as it was; and a generated column, whose
expression is rounded to its type here as it was at the source: nothing was sent for it."""

AT_COMMIT = 1180
"""What MariaDB says of rows that are twice in a unique key where InnoDB finds it late: under unique_checks=0 they go
into an empty table in bulk. The transaction is gone, and neither the key nor the value is told (10.11.18, 11.8.9)."""

CANNOT_EMPTY = 1031
"""What ARCHIVE answers to DELETE and TRUNCATE."""

ENGINE = """\
SELECT E.TRANSACTIONS FROM information_schema.TABLES AS T JOIN information_schema.ENGINES AS E ON E.ENGINE = T.ENGINE
WHERE T.TABLE_SCHEMA = {schema} AND T.TABLE_NAME = {name}"""


def _column(warning: str) -> str:
    """The column that a warning names: "Data truncated for column 'c' at row 1"."""
    return warning.partition(" column '")[2].rpartition("' at row ")[0]


def taken(variables: Mapping[str, str]) -> Intake:
    """How a server with these variables takes rows."""
    by_file = variables.get("local_infile", "OFF").upper() in ("ON", "1")
    layouts: tuple[str, ...] = ("raw", "hex", "insert", "cells") if by_file else ("insert", "cells")
    version = variables.get("version", "")
    mariadb = "mariadb" in version.lower()  # its CAST AS BINARY, by which rows are proven
    if by_file and version.startswith("8.0.") and int(version.split("-")[0].split(".")[2]) < 13:
        layouts += (lay.NO_GEOMETRY,)  # error 1364; seen on 8.0.12, not on 5.7.22, 8.0.33 and 9.7.4
    return Intake(layouts, int(variables["max_allowed_packet"]), mariadb)


class MysqlWriter:
    """See `migrate.engines.base.Writer`. `tag` is a comment that every statement carries."""

    def __init__(self, session: Session, tag: str, intake: Intake) -> None:
        self._session = session
        self._tag = tag
        self._max_packet = intake.packet
        self.layouts: tuple[str, ...] = intake.layouts
        # A statement must fit a packet; what comes may be twice what was asked for.
        no_limit = "raw" in intake.layouts and lay.NO_GEOMETRY not in intake.layouts
        self.largest = 1 << 30 if no_limit else intake.packet // 4

    async def write(
        self, rows: Rows, payload: Payload, key: LedgerKey, protocol: LoadProtocol, moment: str = ""
    ) -> bool:
        """See the contract."""
        line = payload.line(moment)
        if protocol == "transactional":
            return await self._told(rows, payload, key, line)
        if await self._recorded(key, line):
            return False
        await self._run(f"DELETE FROM {quote_table(rows.table)}{spans.condition(rows, payload.span)}")
        await self._put(rows, payload)
        return await self._record(key, line)

    async def _told(self, rows: Rows, payload: Payload, key: LedgerKey, line: LedgerLine) -> bool:
        """A transaction; one that fails at its end is done again with unique keys looked at in each row, so that the
        server says which value is there twice."""
        try:
            return await self._transaction(rows, payload, key, line)
        except DuplicateRow as error:
            if error.code != AT_COMMIT:
                raise
        await self._session.execute("SET unique_checks=1")  # after an error this session is used no more
        written = await self._transaction(rows, payload, key, line)
        await self._session.execute("SET unique_checks=0")
        return written

    @contextmanager
    def _telling(self, rows: Rows) -> Iterator[None]:
        """Around what ends a statement or a transaction: `AT_COMMIT` becomes an error that says what it is."""
        try:
            yield
        except ServerError as error:
            if error.code != AT_COMMIT:
                raise
            raise DuplicateRow(
                self._session.endpoint,
                f"{rows.table}: a unique key has a value twice under the target's collation, or rows are there twice:"
                f" {error.message.removeprefix(f'{self._session.endpoint}: ')}",
                "look for such rows at the source, and change or delete one; or see the server's error log",
                error.code,
            ) from error

    async def _transaction(self, rows: Rows, payload: Payload, key: LedgerKey, line: LedgerLine) -> bool:
        await self._session.execute("BEGIN")
        try:
            if not await self._record(key, line):
                await self._session.execute("ROLLBACK")
                return False
            with self._telling(rows):
                await self._put(rows, payload)
                await self._session.execute("COMMIT")
        except (ServerError, LossyWrite):
            await self._session.rollback()
            raise
        return True

    async def write_whole(self, rows: Rows, payloads: AsyncIterator[Payload], key: LedgerKey, moment: str = "") -> bool:
        """One transaction, the ledger line first: InnoDB keeps all or nothing. Other engines are emptied first."""
        line = LedgerLine("whole", moment=moment)
        if not await self._has_transactions(rows):
            return await self._whole_without_transaction(rows, payloads, key, line)
        await self._session.execute("BEGIN")
        try:
            if not await self._record(key, line):
                await self._session.execute("ROLLBACK")
                return False
            await self._run(f"DELETE FROM {quote_table(rows.table)}")
            with self._telling(rows):
                async for payload in payloads:
                    await self._put(rows, payload)
                await self._session.execute("COMMIT")
        except (ServerError, LossyWrite):
            await self._session.rollback()
            raise
        return True

    async def replace(self, rows: Rows, payloads: AsyncIterator[Payload], together: bool = False) -> None:
        """See the contract."""
        transactions = await self._has_transactions(rows)
        together = together or not rows.key
        async with self._together(rows, transactions and together):
            if not rows.key:
                await self._run(f"DELETE FROM {quote_table(rows.table)}{spans.condition(rows, Span())}")
            async for payload in payloads:
                async with self._together(rows, transactions and not together):
                    if rows.key:
                        await self._run(f"DELETE FROM {quote_table(rows.table)}{spans.condition(rows, payload.span)}")
                    await self._put(rows, payload)

    async def mend(self, rows: Rows, source: Sequence[Document]) -> int:
        """See the contract."""
        async with self._together(rows, await self._has_transactions(rows)):
            return await mending.mend(self._session, self._tag, rows, source)

    async def _has_transactions(self, rows: Rows) -> bool:
        about = ENGINE.format(schema=literal(rows.table.schema), name=literal(rows.table.name))
        found = (await self._session.query(about)).rows
        return bool(found) and found[0][0] == b"YES"

    @asynccontextmanager
    async def _together(self, rows: Rows, transactions: bool) -> AsyncIterator[None]:
        """All or nothing, where the table's engine can. Others take no part: with GTIDs that is refused (1785)."""
        if not transactions:
            yield
            return
        await self._session.execute("BEGIN")
        try:
            with self._telling(rows):
                yield
                await self._session.execute("COMMIT")
        except (ServerError, LossyWrite):
            await self._session.rollback()
            raise

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
            head = f"/* {self._tag} */ {lay.insert_head(rows, target)}".encode()
            result = await self._session.execute_pieces(
                len(head) + len(payload.data), (head, payload.data), str(rows.table)
            )
        elif payload.layout == "cells":
            result = await self._put_cells(rows, payload, target)
        else:
            marks = lay.Marks(*payload.marks)
            result = await self._session.load_local(
                f"/* {self._tag} */ {lay.load_statement(rows, target, payload.layout, marks)}",
                (payload.data, marks.row),
            )
        await self._refuse_loss(rows, payload, result)

    async def _put_cells(self, rows: Rows, payload: Payload, target: str) -> Result:
        cells = msgspec.msgpack.decode(payload.data, type=list[memoryview | None])
        parts: list[bytes | lay.Digits] = [f"/* {self._tag} */ {lay.insert_head(rows, target)}".encode()]
        for column, cell in zip(rows.columns, cells, strict=True):
            parts += (b"(" if len(parts) == 1 else b",", *lay.cell_literal(column, cell))
        parts.append(b")")
        length = lay.spelled_length(parts)
        if length < self._max_packet or "raw" not in lay.fitting(rows, self.layouts):
            return await self._session.execute_pieces(length, lay.spelled(parts), str(rows.table))
        return await self._load_cells(rows, payload, target)

    async def _load_cells(self, rows: Rows, payload: Payload, target: str) -> Result:
        """A row that is larger than a statement may be: slower, but LOAD DATA knows no limit."""
        cells = msgspec.msgpack.decode(payload.data, type=list[bytes | None])
        free = (one for one in lay.MARKS if not any(one.common in cell for cell in cells if cell is not None))
        marks = next(free, None)
        layout, marks = ("hex", lay.MARKS[0]) if marks is None else ("raw", marks)
        parts: list[bytes | lay.Digits] = []
        for column, cell in zip(rows.columns, cells, strict=True):
            parts += (lay.cell_field(column, cell, marks, layout == "hex"), marks.field)
        parts[-1] = marks.row
        statement = lay.load_statement(rows, target, layout, marks)
        return await self._session.load_local(f"/* {self._tag} */ {statement}", lay.spelled(parts))

    async def _refuse_loss(self, rows: Rows, payload: Payload, result: Result) -> None:
        warnings = await self._session.warnings() if result.warnings else ()
        exact = {column.name for column in rows.columns if not isinstance(column.type, Enum | Set)} | {""}
        bad = [w for w in warnings if w.code != TRUNCATED or _column(w.text) in exact]
        hidden = result.warnings - len(warnings)
        if hidden > 0:
            bad = [ServerWarning("Note", 0, f"{hidden} warnings are hidden: raise max_error_count"), *warnings]
        if bad or result.affected != payload.rows:
            said = "; ".join(f"{w.code} {w.text}" for w in bad[:3])
            lower = payload.span.lower
            place = f"above key {', '.join(lower)}" if lower else "from the first key on"
            raise LossyWrite(
                f"{rows.table}, {counted(payload.rows, 'row')} {place}",
                said or f"{result.affected} of {payload.rows} rows arrived",
                duplicate=any(warning.code in DUPLICATE_ROW for warning in bad),
            )
