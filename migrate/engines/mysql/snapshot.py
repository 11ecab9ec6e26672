"""One moment of a server, seen by several readers: transactions that began while nothing was written.

The ladder, from the best: MariaDB's BACKUP STAGE BLOCK_COMMIT, or FLUSH TABLES WITH READ LOCK with MySQL's LOCK
INSTANCE FOR BACKUP (no DDL until all is read); LOCK TABLES … READ, where RELOAD is missing; no lock at all, and the
binary log's position before and after, which must be the same. MySQL Shell and mydumper climb down the same way. All
readers are open before the lock is let go: none can join a moment that is over.

What has no transactions (MyISAM, Aria, …) has no moment: it is read as it is when its turn comes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from migrate.engines.base import Moment, MomentWay, Reader
from migrate.engines.mysql.connect import Server, Session
from migrate.engines.mysql.grants import holds
from migrate.engines.mysql.rows import MysqlReader
from migrate.errors import Busy, MissingPrivilege, ServerError, SnapshotLost
from migrate.model.table import TableName
from migrate.sql import quote_table

__all__ = ["moment", "moment_way"]

LOCK_WAIT = 5
"""Seconds that a lock may wait for statements that run: meanwhile it holds up every writer that comes after it."""

TRIES = 5
"""How often a lock, or a standstill of the binary log, is tried for."""

SETTLED = 0.2
"""Seconds that the log must have stood still before: what was written to it last is then there for readers too."""

PAUSE = 1.0
"""Seconds between two tries, in which writers come through."""

PROGRAM = "migrate reader"
"""What performance_schema.session_connect_attrs calls the readers: to end one is to lose the moment."""

BEGIN = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)


async def moment_way(server: Server, tables: Sequence[TableName]) -> MomentWay:
    """The way that the account's privileges allow."""
    variables = await server.variables()
    async with server.session("metadata") as session:
        grants = [str(row[0]) for row in (await session.query("SHOW GRANTS")).rows]
    mariadb = server.version if server.is_mariadb else ()
    if holds(grants, "RELOAD"):
        return "backup-stage" if mariadb >= (10, 4, 1) else "flush-tables"
    if not mariadb and holds(grants, "FLUSH_TABLES"):
        return "flush-tables"
    schemas = {table.schema for table in tables}
    if all(holds(grants, "LOCK TABLES", schema) for schema in schemas):
        return "lock-tables"
    watching = ("BINLOG MONITOR", "REPLICATION CLIENT", "SUPER") if mariadb else ("REPLICATION CLIENT", "SUPER")
    if variables.get("log_bin", "OFF").upper() in ("ON", "1") and any(holds(grants, name) for name in watching):
        return "position"
    return "none"


@asynccontextmanager
async def moment(
    server: Server, tables: Sequence[TableName], readers: int, hold_ddl: bool = True
) -> AsyncIterator[Moment]:
    """See `Engine.moment`."""
    way = await moment_way(server, tables)
    async with AsyncExitStack() as stack:
        made = _Moment(server, way, hold_ddl)
        stack.push_async_callback(made.close)
        await made.open(tables, readers)
        yield made


class _Moment:
    """See `migrate.engines.base.Moment`."""

    def __init__(self, server: Server, way: MomentWay, hold_ddl: bool) -> None:
        self.way = way
        self.position = ""
        self.locked = 0.0
        self._server = server
        self._hold_ddl = hold_ddl
        self._open: list[Session] = []
        self._free: asyncio.Queue[Session | None] = asyncio.Queue()
        self._keeper: Session | None = None

    async def open(self, tables: Sequence[TableName], readers: int) -> None:
        """Open all readers in one moment. Raises `ServerError`."""
        self._keeper = keeper = await self._server.connect("metadata")
        for _ in range(readers):
            self._open.append(await self._server.connect("read", PROGRAM))
        match self.way:
            case "position" | "none":
                await self._unlocked(keeper)
            case _:
                await self._locked(keeper, tables)
        for session in self._open:
            self._free.put_nowait(session)

    async def _locked(self, keeper: Session, tables: Sequence[TableName]) -> None:
        await keeper.execute(f"SET SESSION lock_wait_timeout = {LOCK_WAIT}")
        knows_it = not self._server.is_mariadb and self._server.version >= (8, 0, 0)
        if self.way == "flush-tables" and self._hold_ddl and knows_it:
            with suppress(MissingPrivilege):  # DDL meanwhile ends a reader with an error (1412): nothing is read wrong
                await keeper.execute("LOCK INSTANCE FOR BACKUP")
        for left in reversed(range(TRIES)):
            began = time.monotonic()
            try:
                for statement in self._locks(tables):
                    await keeper.execute(statement)
                    began = time.monotonic() if statement.startswith("FLUSH LOCAL") else began
                break
            except Busy as error:
                await self._unlock(keeper)
                if not left:
                    text = f"no lock on its tables in {TRIES} times {LOCK_WAIT} seconds: a long statement holds them"
                    hint = "wait for it, or end it (SHOW PROCESSLIST), and run the same command again"
                    raise ServerError(self._server.endpoint, text, hint, error.code) from error
                await asyncio.sleep(PAUSE)
        await self._begin()
        self.position = await _position(keeper)
        await self._unlock(keeper)
        self.locked = time.monotonic() - began

    def _locks(self, tables: Sequence[TableName]) -> tuple[str, ...]:
        match self.way:
            case "backup-stage":
                stages = ("START", "FLUSH", "BLOCK_DDL", "BLOCK_COMMIT")
                return tuple(f"BACKUP STAGE {stage}" for stage in stages)
            case "flush-tables":
                # The first waits for statements that run, and holds up nobody meanwhile; the second finds them gone.
                return "FLUSH LOCAL TABLES", "FLUSH TABLES WITH READ LOCK"
            case _:
                return ("LOCK TABLES " + ", ".join(f"{quote_table(table)} READ" for table in sorted(tables)),)

    async def _unlock(self, keeper: Session) -> None:
        await keeper.execute("BACKUP STAGE END" if self.way == "backup-stage" else "UNLOCK TABLES")

    async def _unlocked(self, keeper: Session) -> None:
        """Begin until nothing was written meanwhile; where nobody can tell, once."""
        if self.way == "none":
            await self._begin()
            return
        for _ in range(TRIES):
            before = await _position(keeper)
            await asyncio.sleep(SETTLED)
            await self._begin()
            self.position = await _position(keeper)
            if before == self.position:
                return
            for session in self._open:
                await session.execute("ROLLBACK")
            await asyncio.sleep(PAUSE)
        raise ServerError(
            self._server.endpoint,
            f"its tables are written to all the time, and cannot be read at one moment without a lock ({TRIES} tries)",
            "grant RELOAD or LOCK TABLES to the account, or stop the writers",
        )

    async def _begin(self) -> None:
        async def begin(session: Session) -> None:
            for statement in BEGIN:
                await session.execute(statement)

        await asyncio.gather(*map(begin, self._open))

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        """One of the readers, once one is free. One that was lost is missed, and the last one ends the moment."""
        session = await self._free.get()
        if session is None:
            self._free.put_nowait(None)
            raise SnapshotLost(self._server.endpoint)
        try:
            yield MysqlReader(session)
        finally:
            if session.usable and session.in_transaction:
                self._free.put_nowait(session)
            else:
                self._open.remove(session)
                await session.close()
                if not self._open:
                    self._free.put_nowait(None)

    async def close(self) -> None:
        """End every transaction, and the lock on DDL."""
        for session in (*self._open, *filter(None, [self._keeper])):
            await session.close()


async def _position(keeper: Session) -> str:
    """Where the binary log stands: GTIDs where there are any, else file and offset; empty where none may be known."""
    mariadb = keeper.is_mariadb
    found: dict[str, str] = {}
    for statement in ("SHOW MASTER STATUS", "SHOW BINARY LOG STATUS"):
        try:
            answer = await keeper.query(statement)
        except ServerError as error:  # the account may not know, or the words are those of another version
            if error.temporary:
                raise
            continue
        if answer.rows:
            found = {str(name): str(value or "") for name, value in zip(answer.columns, answer.rows[0], strict=True)}
        break
    gtid = found.get("Executed_Gtid_Set", "").replace("\n", "")
    if mariadb and found:
        gtid = str((await keeper.query("SELECT @@GLOBAL.gtid_binlog_pos")).rows[0][0] or "")
    place = f"{found['File']}:{found['Position']}" if found.get("File") else ""
    return " ".join(filter(None, (place, gtid)))
