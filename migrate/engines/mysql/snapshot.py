"""One moment of a server, seen by several readers: transactions that began while nothing was written.

The ladder, from the best: MariaDB's BACKUP STAGE BLOCK_COMMIT, or FLUSH TABLES WITH READ LOCK; LOCK TABLES … READ,
where RELOAD is missing, refused or of no use; no lock at all, and the binary log's position before and after, which
must be the same. All readers are open before the lock is let go: none can join a moment that is over. MySQL Shell
and mydumper climb down the same way. LOCK TABLES comes late because a transaction that has written to one of the
tables and comes to another one is ended by it as a dead lock (1213; seen on 8.0.33), while the others make it wait.

FLUSH TABLES WITH READ LOCK is not asked for while a statement is long at work: new statements on its tables would have
to wait for that one's end, even after the lock was given up (seen on 8.0.33). No look can tell that of a statement that
began just now.

Peers hold MySQL's LOCK INSTANCE FOR BACKUP against DDL until all is read. Here it is not taken: a transaction finds
out by itself (1412) when a table was altered, truncated or replaced since it began, on MySQL 8.0.33 and 9.7.4 and on
MariaDB 11.8 (all of it tried; on 5.7.22 TRUNCATE alone is not noticed). DDL that waits for that lock makes the next
FLUSH TABLES WITH READ LOCK of anybody hold up every writer, and is itself ended as a dead lock (1213) by it.

What has no transactions (MyISAM, Aria, …) has no moment: it is read as it is when its turn comes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from migrate.engines.base import Moment, MomentWay, Reader
from migrate.engines.mysql.cascades import with_parents
from migrate.engines.mysql.connect import Server, Session
from migrate.engines.mysql.grants import holds
from migrate.engines.mysql.rows import MysqlReader
from migrate.errors import AccessDenied, Busy, CannotConnect, MissingPrivilege, ServerError, SnapshotLost
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

AT_WORK = """\
SELECT ID,USER,TIME FROM information_schema.PROCESSLIST
WHERE COMMAND IN ('Query', 'Execute', 'Fetch') AND TIME >= {seconds} AND ID <> CONNECTION_ID()
ORDER BY TIME DESC LIMIT 1"""
"""The one that is longest at work; Execute and Fetch are what the binary protocol's prepared statements do."""

NO_BACKUP = 4146
"""What MariaDB answers to BACKUP STAGE END when none was begun (ER_BACKUP_NOT_RUNNING)."""

FILTERS = ("Binlog_Do_DB", "Binlog_Ignore_DB")
"""Columns that tell of which schemas the log is kept: of what others write it stands still."""

BEGIN = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)


async def moment_way(server: Server, tables: Sequence[TableName]) -> tuple[MomentWay, str]:
    """See `Engine.moment_way`."""
    ways, log = await _ways(server, tables)
    return ways[0], log


async def _ways(server: Server, tables: Sequence[TableName]) -> tuple[tuple[MomentWay, ...], str]:
    """The ways that the account's privileges allow, the best first, up to none; what the log leaves out."""
    variables = await server.variables()
    async with server.session("metadata") as session:
        grants = [str(row[0]) for row in (await session.query("SHOW GRANTS")).rows]
        log = await _log(session)
        locked, unseen = await _to_lock(server, session, tables)

    def on(name: str) -> bool:
        return variables.get(name, "OFF").upper() in ("ON", "1")

    found: list[MomentWay] = []
    mariadb = server.version if server.is_mariadb else ()
    if holds(grants, "RELOAD") or (not mariadb and holds(grants, "FLUSH_TABLES")):
        found.append("backup-stage" if mariadb >= (10, 4, 1) else "flush-tables")
    others = {table.schema for table in (locked | unseen).difference(tables)}
    if (
        tables
        and all(holds(grants, "LOCK TABLES", schema) for schema in {table.schema for table in locked})
        and all(holds(grants, "SELECT", schema) for schema in others)  # to lock, and to see whether it is there
    ):
        found.append("lock-tables")
    watching = ("BINLOG MONITOR", "REPLICATION CLIENT", "SUPER") if mariadb else ("REPLICATION CLIENT", "SUPER")
    # A replica that does not log what it copies is written to while its log stands still; with a semi-synchronous
    # replica a transaction stands in the log long before others see it.
    logs_all = on("log_bin") and (on("log_replica_updates") or on("log_slave_updates"))
    waits = any(on(f"rpl_semi_sync_{name}_enabled") for name in ("source", "master"))
    filters = ", ".join(f"{name.lower()} = {log[name]}" for name in FILTERS if log.get(name))
    if logs_all and not waits and not filters and any(holds(grants, name) for name in watching):
        found.append("position")
    return (*found, "none"), filters


@asynccontextmanager
async def moment(server: Server, tables: Sequence[TableName], readers: int) -> AsyncIterator[Moment]:
    """See `Engine.moment`."""
    async with AsyncExitStack() as stack:
        made = _Moment(server)
        stack.push_async_callback(made.close)
        busy: Busy | None = None
        ways, _ = await _ways(server, tables)
        for way in ways:
            if way == "none" and busy is not None:
                raise busy
            try:
                await made.open(way, tables, readers)
                break
            except (AccessDenied, MissingPrivilege):  # some hosts grant RELOAD and refuse what it is for
                if way == "none":
                    raise
            except Busy as error:
                busy = error
            await made.close()
        yield made


class _Moment:
    """See `migrate.engines.base.Moment`."""

    def __init__(self, server: Server) -> None:
        self.way: MomentWay = "none"
        self.position = ""
        self.locked = 0.0
        self._server = server
        self._open: list[Session] = []
        self._free: asyncio.Queue[Session | None] = asyncio.Queue()

    async def open(self, way: MomentWay, tables: Sequence[TableName], readers: int) -> None:
        """Open all readers in one moment. Raises `ServerError`."""
        self.way = way
        for _ in range(readers):
            self._open.append(await self._server.connect("read", PROGRAM))
        keeper = await self._server.connect("metadata")
        try:
            if way == "position":
                await self._still(keeper)
            elif way == "none":
                await self._begin()
            else:
                await self._locked(keeper, tables)
        except asyncio.CancelledError:
            await self._end(keeper)
            raise
        finally:
            await keeper.close()  # and with it every lock that is still held
        for session in self._open:
            self._free.put_nowait(session)

    async def _end(self, keeper: Session) -> None:
        """What waits for a lock would go on waiting at the server, and take it, after this side has left."""
        try:
            async with self._server.session("metadata") as session:
                await session.execute(f"KILL {keeper.id}")
        except ServerError:  # it has ended, or the server has; a lock that waits gives up by itself
            return

    async def _locked(self, keeper: Session, tables: Sequence[TableName]) -> None:
        # Should this machine go away while it holds the lock, the server lets it go by itself.
        await keeper.execute(f"SET SESSION lock_wait_timeout = {LOCK_WAIT}, wait_timeout = {6 * LOCK_WAIT}")
        if self.way == "lock-tables":
            tables = tuple((await _to_lock(self._server, keeper, tables))[0])
        for left in reversed(range(TRIES)):
            try:
                if self.way == "flush-tables":
                    await self._nobody_long_at_work(keeper)
                began = time.monotonic()
                await self._lock(keeper, tables)
                break
            except Busy as error:
                if not left:
                    text = f"its writers could not be held off in {TRIES} tries: {error}"
                    hint = "wait for the statement that is at work, or end it (SHOW PROCESSLIST), and try again"
                    raise Busy(self._server.endpoint, text, hint, error.code) from error
                await asyncio.sleep(PAUSE)
        try:
            async with asyncio.timeout(LOCK_WAIT):
                await self._begin()
                self.position = await _position(keeper)
        except TimeoutError as error:
            text = f"the readers' transactions did not begin within {LOCK_WAIT} seconds"
            raise CannotConnect(self._server.endpoint, text, "run the same command again") from error
        await keeper.execute("BACKUP STAGE END" if self.way == "backup-stage" else "UNLOCK TABLES")
        self.locked += time.monotonic() - began

    async def _lock(self, keeper: Session, tables: Sequence[TableName]) -> None:
        """Raises `Busy`, and counts for how long writers were held off in vain."""
        began = time.monotonic()
        try:
            for statement in self._locks(tables):
                await keeper.execute(statement)
        except Busy:
            await self._give_up(keeper)
            self.locked += time.monotonic() - began
            raise

    def _locks(self, tables: Sequence[TableName]) -> tuple[str, ...]:
        match self.way:
            case "backup-stage":
                stages = ("START", "FLUSH", "BLOCK_DDL", "BLOCK_COMMIT")
                return tuple(f"BACKUP STAGE {stage}" for stage in stages)
            case "flush-tables":
                return ("FLUSH TABLES WITH READ LOCK",)
            case _:
                return ("LOCK TABLES " + ", ".join(f"{quote_table(table)} READ" for table in sorted(set(tables))),)

    async def _nobody_long_at_work(self, keeper: Session) -> None:
        """Raises `Busy` while a statement is, as far as this account may see."""
        found = (await keeper.query(AT_WORK.format(seconds=LOCK_WAIT))).rows
        if found:
            number, user, seconds = found[0]
            text = f"connection {number} of {user} is at work on one statement for {seconds} seconds"
            raise Busy(self._server.endpoint, text, "wait for it, or end it", 0)

    async def _give_up(self, keeper: Session) -> None:
        """Let go what was locked before one of the locks was not to be had."""
        if self.way != "backup-stage":
            await keeper.execute("UNLOCK TABLES")
            return
        try:
            await keeper.execute("BACKUP STAGE END")
        except ServerError as error:
            if error.code != NO_BACKUP:  # the first stage was not to be had: another backup runs
                raise

    async def _still(self, keeper: Session) -> None:
        """Begin until nothing was written meanwhile."""
        if not await _log(keeper):
            raise MissingPrivilege(self._server.endpoint, "the account may not see where the binary log stands")
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
        raise Busy(
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
        except BaseException:
            # An error tells nothing of the transaction, which the server may have ended with it; an answer does.
            if session.usable and not await session.ping():
                session.abandon()
            raise
        finally:
            if session.usable and session.in_transaction:
                self._free.put_nowait(session)
            else:
                self._open.remove(session)
                await session.close()
                if not self._open:
                    self._free.put_nowait(None)

    async def close(self) -> None:
        """End every transaction."""
        while self._open:
            await self._open.pop().close()


async def _to_lock(
    server: Server, session: Session, tables: Sequence[TableName]
) -> tuple[set[TableName], set[TableName]]:
    """What LOCK TABLES must name so that nobody writes to one of the tables; and what more, but is not to be seen."""
    if server.is_mariadb or server.version >= (8,):
        return set(tables), set()
    return await with_parents(session, tables)


async def _position(keeper: Session) -> str:
    """Where the binary log stands: file and offset, and GTIDs where there are any, which no privilege is needed for."""
    found = await _log(keeper)
    place = f"{found['File']}:{found['Position']}" if found.get("File") else ""
    variable = "gtid_binlog_pos" if keeper.is_mariadb else "gtid_executed"
    gtid = str((await keeper.query(f"SELECT @@GLOBAL.{variable}")).rows[0][0] or "").replace("\n", "")
    return " ".join(filter(None, (place, gtid)))


async def _log(session: Session) -> dict[str, str]:
    """What the server tells of its binary log, by column; empty where there is none, or none that may be seen."""
    for statement in ("SHOW MASTER STATUS", "SHOW BINARY LOG STATUS"):
        try:
            answer = await session.query(statement)
        except ServerError as error:  # the account may not know, or the words are those of another version
            if error.temporary:
                raise
            continue
        for row in answer.rows:
            return {str(name): str(value or "") for name, value in zip(answer.columns, row, strict=True)}
        break
    return {}
