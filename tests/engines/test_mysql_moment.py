"""How a moment is locked: what it waits for, what it counts, and which way is taken."""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pymysql
import pytest
from pymysql.constants import COMMAND

from migrate.engines.mysql import snapshot
from migrate.model.table import TableName
from tests.engines.mysql_sessions import connected
from tests.lab import Server, client, extra

OPTIONS = ("--log-bin=binlog", "--server-id=7")
TABLE = TableName("held", "t")


def made(server: Server) -> Server:
    client.rows(server, "CREATE DATABASE held")
    client.rows(server, "CREATE TABLE held.t (id INT PRIMARY KEY)")
    client.rows(server, "INSERT INTO held.t VALUES (1)")
    return server


@pytest.fixture(scope="module")
def alone() -> Iterator[Server]:
    """A MySQL on which nobody else is at work."""
    with extra("alone", options=OPTIONS) as server:
        yield made(server)


@pytest.fixture(scope="module")
def alone_mariadb() -> Iterator[Server]:
    """A MariaDB on which nobody else is at work."""
    with extra("alone", "11.8", OPTIONS) as server:
        yield made(server)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second is long."""
    monkeypatch.setattr(snapshot, "LOCK_WAIT", 1)


def execute(connection: Any, sql: str) -> None:
    """Prepare and run a statement as drivers of the binary protocol do, and wait for the first packet of its answer."""
    connection._execute_command(COMMAND.COM_STMT_PREPARE, sql)
    packet = connection._read_packet()
    number, columns, _ = struct.unpack("<IHH", packet.get_all_data()[1:9])
    for _ in range(columns + 1 if columns else 0):
        connection._read_packet()
    connection._execute_command(COMMAND.COM_STMT_EXECUTE, struct.pack("<IBI", number, 0, 1))
    connection._read_packet()


@contextmanager
def at_work(server: Server, sql: str, prepared: bool = False) -> Iterator[int]:
    """While inside, that statement runs on the connection that it gives; it is ended with the block, or by itself."""
    began = threading.Event()

    def work(connection: Any) -> None:
        began.set()
        try:
            if prepared:
                execute(connection, sql)
            else:
                connection.query(sql)
        except pymysql.err.MySQLError:  # it was ended
            return

    connection = client.connect(server)
    with ThreadPoolExecutor(1) as pool:
        number = client.number(connection)
        running = pool.submit(work, connection)
        began.wait()
        try:
            yield number
        finally:
            try:
                client.rows(server, f"KILL {number}")
            except pymysql.err.MySQLError:  # it has ended
                assert running.done()
            running.result()


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("name", ["alone", "alone_mariadb"])
def test_a_statement_long_at_work_is_seen_whatever_its_protocol(
    name: str, prepared: bool, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(name)
    with at_work(server, "SELECT SLEEP(60) FROM held.t", prepared) as number:
        threading.Event().wait(2.1)
        found = client.rows(server, snapshot.AT_WORK.format(seconds=1))
    assert [one[:2] for one in found] == [(number, "app")]


@pytest.mark.parametrize("prepared", [False, True])
async def test_behind_a_statement_long_at_work_no_table_is_flushed(
    prepared: bool, alone: Server, impatient: None
) -> None:
    """Where FLUSH TABLES WITH READ LOCK was asked for, the next statement on the table would wait."""
    with at_work(alone, "SELECT SLEEP(60) FROM held.t", prepared):
        await asyncio.sleep(2.1)
        async with connected(alone) as server, snapshot.moment(server, [TABLE], 1) as moment:
            assert moment.way == "lock-tables"
            assert moment.locked < 1
            assert client.rows(alone, "SELECT id FROM held.t", read_timeout=5) == [(1,)]


async def test_for_how_long_writers_were_held_off_is_the_sum_of_all_tries(alone: Server, impatient: None) -> None:
    with at_work(alone, "SELECT SLEEP(1.5) FROM held.t"):
        async with connected(alone) as server, snapshot.moment(server, [TABLE], 1) as moment:
            assert moment.way == "flush-tables"
            assert moment.locked >= 1


FAMILY = (
    "CREATE DATABASE above",
    "CREATE TABLE above.top (id INT PRIMARY KEY)",
    "CREATE TABLE above.middle (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES top (id) ON UPDATE CASCADE)",
    "CREATE DATABASE below",
    "CREATE TABLE below.t (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES above.middle (id) ON UPDATE CASCADE)",
    *(f"INSERT INTO {table} VALUES (1)" for table in ("above.top", "above.middle", "below.t")),
    "CREATE USER locks IDENTIFIED BY 'lab-app'",
    "GRANT SELECT, LOCK TABLES ON below.* TO locks",
)
ABOVE = "GRANT SELECT, LOCK TABLES ON above.* TO locks"
CHANGED = "UPDATE above.top SET id = id + 1"
IMPATIENT = "SET lock_wait_timeout = 1, innodb_lock_wait_timeout = 1"
WAITED_IN_VAIN = 1205


@pytest.mark.parametrize("version", ["5.7.22", "8.0.33", "11.8"])
async def test_what_parents_elsewhere_would_change_is_held_off_by_table_locks(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MySQL 5.7 lets a cascade into a table that is locked."""
    begin = snapshot._Moment._begin
    found: list[int] = []

    async def tried(self: snapshot._Moment) -> None:
        try:
            await asyncio.to_thread(
                client.rows,
                server,
                CHANGED,
                root=True,
                init_command="SET lock_wait_timeout=1,innodb_lock_wait_timeout=1",
            )
        except pymysql.err.OperationalError as error:
            found.append(error.args[0])
        await begin(self)

    with extra("family", version) as server:
        for statement in (*FAMILY, ABOVE):
            client.rows(server, statement, root=True)
        monkeypatch.setattr(snapshot._Moment, "_begin", tried)
        async with (
            connected(server, user="locks") as opened,
            snapshot.moment(opened, [TableName("below", "t")], 1) as moment,
        ):
            assert moment.way == "lock-tables"
            assert found == [WAITED_IN_VAIN]
        assert client.rows(server, CHANGED, root=True) == []


async def test_parents_that_may_not_be_locked_leave_another_way() -> None:
    """On MySQL 5.7, which does not lock them by itself."""
    with extra("family", "5.7.22") as server:
        for statement in (*FAMILY, "GRANT SELECT ON above.* TO locks"):
            client.rows(server, statement, root=True)
        async with connected(server, user="locks") as opened:
            assert (await snapshot.moment_way(opened, [TableName("below", "t")]))[0] == "none"
            assert (await snapshot.moment_way(opened, [TableName("above", "top")]))[0] == "none"
            for privilege, way in (("LOCK TABLES", "none"), ("SELECT, LOCK TABLES", "lock-tables")):
                client.rows(server, "REVOKE ALL ON above.* FROM locks", root=True)
                client.rows(server, f"GRANT {privilege} ON above.* TO locks", root=True)
                assert (await snapshot.moment_way(opened, [TableName("below", "t")]))[0] == way


async def test_a_parent_that_is_not_there_is_not_locked() -> None:
    """Dumps are read in with foreign_key_checks=0, and may leave such keys."""
    with extra("family", "5.7.22") as server:
        client.rows(server, "CREATE DATABASE below", root=True)
        made = "CREATE TABLE below.t (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES gone (id) ON DELETE CASCADE)"
        client.rows(server, made, root=True, init_command="SET foreign_key_checks = 0")
        client.rows(server, "CREATE USER locks IDENTIFIED BY 'lab-app'", root=True)
        client.rows(server, "GRANT SELECT, LOCK TABLES ON below.* TO locks", root=True)
        async with (
            connected(server, user="locks") as opened,
            snapshot.moment(opened, [TableName("below", "t")], 1) as moment,
        ):
            assert moment.way == "lock-tables"
