"""Two servers of the lab, seen by an account of this test run alone, so that its sessions can be told apart.

MariaDB comes without performance_schema: what MySQL tells there is asked otherwise.
"""

from __future__ import annotations

import asyncio
import datetime
import decimal
import hashlib
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Any, Literal

import pymysql

from migrate.engines import open_engine
from migrate.engines.base import Engine
from migrate.model.plan import EndpointRef
from migrate.model.table import Column, Index, Table, TableName
from tests import lab
from tests.engines.world import Row, Side, Value, Work, order
from tests.lab import Server, client

PASSWORD = "suite"
STATEMENTS = """\
SELECT SUM(COUNT_STAR) FROM performance_schema.events_statements_summary_by_user_by_event_name
WHERE USER = %s AND EVENT_NAME LIKE 'statement/%%'"""
MARIADB_STATEMENTS = """\
SELECT SUM(SELECT_COMMANDS + UPDATE_COMMANDS + OTHER_COMMANDS) FROM information_schema.USER_STATISTICS
WHERE USER = %s"""
CONNECTED = "SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = %s"
WAITING = """\
SELECT ID FROM information_schema.PROCESSLIST
WHERE USER = %s AND STATE LIKE 'Waiting for table %% lock'"""
AT_WORK = """\
SELECT ID FROM information_schema.PROCESSLIST
WHERE COMMAND IN ('Query', 'Execute') AND ID <> CONNECTION_ID() AND USER <> %s"""
CRASH = """\
CREATE TRIGGER {schema}.`crash` BEFORE INSERT ON {table} FOR EACH ROW
IF {condition} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'crash of a test'; END IF"""


class Backdoor:
    """Root's own connection to one server, and the account that the engines use there. It lives for many tests."""

    def __init__(self, server: Server, user: str) -> None:
        self.server = server
        self.user = user
        self.root = client.connect(server, root=True)
        self.run("SET SESSION foreign_key_checks = 0, sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'")
        if server.vendor == "mariadb":
            self.run("SET GLOBAL userstat = 1")
        self.run(f"CREATE USER '{user}'@'%' IDENTIFIED BY '{PASSWORD}'")
        self.run(f"GRANT ALL PRIVILEGES ON *.* TO '{user}'@'%'")
        # It sees its own sessions only: another test run at this server uses the same tags, and ends what has them.
        self.run(f"REVOKE PROCESS ON *.* FROM '{user}'@'%'")

    def run(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """One statement and its rows; %s are parameters when there are any."""
        with self.root.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return list(cursor.fetchall())

    def engine(self, endpoint: str) -> Engine:
        """An engine at this server."""
        server = self.server
        ref = EndpointRef("mysql", host=server.host, port=server.port, user=self.user, password=PASSWORD)
        return open_engine(endpoint, ref, 4)

    def close(self) -> None:
        """Away with the account."""
        self.run(f"DROP USER '{self.user}'@'%'")
        self.root.close()


class Doors:
    """A way behind the engines' backs to each server that is asked for, with one account for all."""

    def __init__(self, servers: Mapping[str, Server]) -> None:
        self._servers = servers
        self._user = f"suite_{uuid.uuid4().hex[:8]}"
        self._open: dict[str, Backdoor] = {}
        self._twins = ExitStack()

    def __getitem__(self, name: str) -> Backdoor:
        """The server of that name; `twin of NAME` is another one of its version."""
        if name not in self._open:
            of = name.removeprefix("twin of ")
            server = self._servers[of]
            if of != name:
                server = self._twins.enter_context(lab.extra("twin", server.version))
            self._open[name] = Backdoor(server, self._user)
        return self._open[name]

    def close(self) -> None:
        """Away with the accounts and the twins."""
        for door in self._open.values():
            door.close()
        self._twins.close()


class MysqlWorld:
    """See `tests.engines.world.World`."""

    def __init__(self, source: Backdoor, target: Backdoor) -> None:
        self.doors: dict[Side, Backdoor] = {"source": source, "target": target}
        self.user = target.user
        name = uuid.uuid4().hex[:10]
        self.source_schema = f"suite_{name}_old"
        self.target_schema = f"suite_{name}_new"
        # One that both know, and in which '' and ' ' are two keys.
        vendors = {source.server.vendor, target.server.vendor}
        collation = "utf8mb4_uca1400_nopad_ai_ci" if vendors == {"mariadb"} else "utf8mb4_0900_ai_ci"
        source.run(f"CREATE DATABASE `{self.source_schema}` COLLATE {collation}")
        target.run(f"CREATE DATABASE `{self.target_schema}` COLLATE {collation}")
        self.source = source.engine("old")
        self.target = target.engine("new")
        self._rivals: list[Engine] = []
        self._sleepers: frozenset[int] = frozenset()

    async def close(self) -> None:
        """Close every engine, and drop what the test made."""
        for engine in (self.source, self.target, *self._rivals):
            await engine.close()
        self._run("source", f"DROP DATABASE `{self.source_schema}`")
        for name in (self.target_schema, f"{self.target_schema}_new"):
            self._run("target", f"DROP DATABASE IF EXISTS `{name}`")

    def _run(self, side: Side, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.doors[side].run(sql, *parameters)

    def rival(self) -> Engine:
        """See World."""
        self._rivals.append(self.doors["target"].engine("new"))
        return self._rivals[-1]

    async def create(self, side: Side, table: Table, rows: Sequence[Row] = ()) -> None:
        """See World."""
        self._run(side, definition(table))
        await self.insert(side, table, rows)

    async def insert(self, side: Side, table: Table, rows: Sequence[Row]) -> None:
        """See World."""
        statement = f"INSERT INTO {quoted(table.name)} VALUES ({','.join(['%s'] * len(table.columns))})"
        for row in rows:
            self._run(side, statement, *row)

    async def rows(self, side: Side, table: Table) -> list[Row]:
        """See World."""
        found = self._run(side, f"SELECT * FROM {quoted(table.name)}")
        return sorted((tuple(map(canonical, row)) for row in found), key=order)

    async def queries(self, side: Side) -> int:
        """See World."""
        mariadb = self.doors[side].server.vendor == "mariadb"
        return int(self._run(side, MARIADB_STATEMENTS if mariadb else STATEMENTS, self.user)[0][0] or 0)

    @asynccontextmanager
    async def crash(self, moment: Literal["rows", "ledger"], table: TableName, row: int) -> AsyncIterator[None]:
        """See World: a trigger raises an error."""
        where = table if moment == "rows" else TableName(table.schema, "_migrate_ledger")
        condition = f"NEW.id = {row}" if moment == "rows" else "TRUE"
        self._run("target", CRASH.format(schema=f"`{table.schema}`", table=quoted(where), condition=condition))
        try:
            yield
        finally:
            self._run("target", f"DROP TRIGGER `{table.schema}`.`crash`")

    @asynccontextmanager
    async def abandoned(self, table: Table, work: Work) -> AsyncIterator[None]:
        """See World: somebody else has locked the table, so the work waits, and its client goes away meanwhile."""
        blocker = client.connect(self.doors["target"].server, root=True)
        try:
            with blocker.cursor() as cursor:
                cursor.execute(f"LOCK TABLES {quoted(table.name)} READ")
            dead = asyncio.create_task(work(self.rival()))
            await self._until(lambda: bool(self._run("target", WAITING, self.user)))
            dead.cancel()
            with suppress(asyncio.CancelledError):
                await dead
            assert self._run("target", WAITING, self.user), "the server goes on without the client"
            yield
        finally:
            blocker.close()

    @asynccontextmanager
    async def busy(self, side: Side, statements: int) -> AsyncIterator[None]:
        """See World: they sleep, in threads of their own, until they are killed."""
        sleepers = [client.connect(self.doors[side].server, root=True) for _ in range(statements)]
        self._sleepers = frozenset(client.number(one) for one in sleepers)
        pool = ThreadPoolExecutor(statements)  # asyncio's own has a few threads only
        asleep = [asyncio.get_running_loop().run_in_executor(pool, _sleep, one) for one in sleepers]
        try:
            await self._until(lambda: self._sleepers <= self._at_work(side))
            yield
        finally:
            for number in self._sleepers:
                self._run(side, f"KILL {number}")
            await asyncio.gather(*asleep)
            pool.shutdown()

    def strangers(self, side: Side) -> int:
        """See World: other test runs and other tests are at work at the same servers."""
        return len(self._at_work(side) - self._sleepers)

    def _at_work(self, side: Side) -> frozenset[int]:
        return frozenset(int(number) for (number,) in self._run(side, AT_WORK, self.user))

    async def lose_locks(self) -> None:
        """See World: the connections that hold them are killed."""
        (owner,) = self._run("target", "SELECT IS_USED_LOCK(%s)", lock_name(self.target_schema))[0]
        assert owner, "the schema is locked"
        self._run("target", f"KILL {owner}")
        await self._until(lambda: not self._run("target", CONNECTED, owner))

    @staticmethod
    async def _until(done: Callable[[], bool]) -> None:
        for _ in range(1000):
            if done():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the server did not come that far in ten seconds")


def _sleep(connection: Any) -> None:
    """Until the connection is killed."""
    with suppress(pymysql.err.MySQLError), connection.cursor() as cursor:
        cursor.execute("SELECT SLEEP(300)")


def lock_name(schema: str) -> str:
    """What the engine's lock on a schema is called."""
    return "migrate:" + hashlib.sha256(schema.encode()).hexdigest()[:48]


def quoted(name: TableName) -> str:
    """The name as MySQL takes it."""
    return f"`{name.schema}`.`{name.name}`"


def definition(table: Table) -> str:
    """CREATE TABLE of what the suite's tables have."""
    parts = [_column(column) for column in table.columns]
    parts += [_index(index) for index in table.indexes]
    parts += [
        f"CONSTRAINT `{key.name}` FOREIGN KEY ({_list(key.columns)}) "
        f"REFERENCES {quoted(key.referenced)} ({_list(key.referenced_columns)})"
        for key in table.foreign_keys
    ]
    engine = "InnoDB" if table.storage.transactional else "MyISAM"
    return f"CREATE TABLE {quoted(table.name)} ({', '.join(parts)}) ENGINE={engine} COMMENT='{table.comment}'"


def _column(column: Column) -> str:
    null = "NULL" if column.nullable else "NOT NULL"
    return f"`{column.name}` {column.native} {null}{' AUTO_INCREMENT' if column.auto_increment else ''}"


def _index(index: Index) -> str:
    kind = {"primary": "PRIMARY KEY", "unique": f"UNIQUE KEY `{index.name}`", "plain": f"KEY `{index.name}`"}
    return f"{kind[index.kind]} ({_list([part.column for part in index.parts])})"


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def canonical(value: Any) -> Value:
    """A value as the suite writes it."""
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    result: Value = value
    return result
