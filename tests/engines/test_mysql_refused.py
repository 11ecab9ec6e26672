"""What a server says no to in the middle of work, by its name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from migrate.engines.mysql.refusals import named
from migrate.errors import (
    Busy,
    CannotConnect,
    ConnectionLost,
    DuplicateRow,
    MissingPrivilege,
    NoSpace,
    ReadOnlyServer,
    ServerError,
)
from tests import lab as lab_api
from tests.conftest import FreshSchemas
from tests.engines.mysql_sessions import connected, load, table_for_load
from tests.lab import Server as LabServer
from tests.lab import client


async def test_a_killed_connection_is_lost_and_temporary(any_server: LabServer) -> None:
    async with connected(any_server) as opened:
        session = await opened.connect("read")
        asking = asyncio.create_task(session.query("SELECT SLEEP(20)"))
        await asyncio.sleep(0.2)
        client.rows(any_server, f"KILL {session.id}")
        with pytest.raises(ConnectionLost) as caught:
            await asking
        assert caught.value.temporary
        assert not session.usable
        await session.rollback()


async def test_a_killed_query_is_lost_and_temporary(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    async with connected(any_server) as opened:
        session = await opened.connect("read")
        asking = asyncio.create_task(session.query("SELECT 1 FROM (SELECT 1 UNION SELECT 2) t WHERE SLEEP(20)=0"))
        await asyncio.sleep(0.2)
        client.rows(any_server, f"KILL QUERY {session.id}")
        with pytest.raises(ConnectionLost) as caught:
            await asking
        assert caught.value.code == 1317


async def test_a_server_that_dies_is_lost_in_query_stream_and_load() -> None:
    with lab_api.extra("dying") as server:
        async with connected(server) as opened:
            reading = await opened.connect("read")
            writing = await opened.connect("write")
            await writing.execute("CREATE DATABASE x")
            table = await table_for_load(writing, "x")
            asking = asyncio.create_task(reading.query("SELECT SLEEP(20)"))

            def endless() -> Iterator[bytes]:
                number = 0
                while True:
                    number += 1
                    yield f"{number},".encode() + b"x" * 100_000 + b";"

            loading = asyncio.create_task(writing.load_local(load(table), endless()))
            await asyncio.sleep(0.5)
            lab_api.kill9(server)
            for task in (asking, loading):
                with pytest.raises(ConnectionLost) as caught:
                    await task
                assert caught.value.temporary
            with pytest.raises((CannotConnect, ConnectionLost)):  # what waited for an accept is reset, not refused
                await opened.connect("read")
            server = lab_api.restart(server)
            async with opened.session("read") as session:
                assert (await session.query("SELECT 1")).rows == ((b"1",),)


async def test_missing_privileges_are_named(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("conn", any_server)
    client.rows(any_server, f"CREATE TABLE `{schema}`.t (a INT)")
    client.rows(any_server, "CREATE USER IF NOT EXISTS 'conn_less'@'%' IDENTIFIED BY 'conn_less-pw'", root=True)
    client.rows(any_server, f"GRANT SELECT ON `{schema}`.t TO 'conn_less'@'%'", root=True)
    try:
        async with connected(any_server, user="conn_less", password="conn_less-pw") as opened:
            session = await opened.connect("write")
            for sql, code, hint in (
                (f"DELETE FROM `{schema}`.t", 1142, "grant DELETE on table"),
                (f"CREATE TABLE `{schema}`.n (a INT)", 1142, "grant CREATE on table"),
                ("CREATE DATABASE conn_never", 1044, "grant the privilege on database 'conn_never' to conn_less"),
                ("FLUSH TABLES WITH READ LOCK", 1227, "grant "),
                ("SHOW CREATE TABLE mysql.user", 1142, "grant SELECT on table 'user' to conn_less"),
            ):
                with pytest.raises(MissingPrivilege) as caught:
                    await session.execute(sql)
                assert caught.value.code == code, sql
                assert caught.value.hint.startswith(hint), caught.value.hint
                assert "conn_less" in caught.value.message
    finally:
        client.rows(any_server, "DROP USER 'conn_less'@'%'", root=True)


async def test_a_duplicate_row_is_named(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("conn", any_server)
    async with connected(any_server) as opened, opened.session("write") as session:
        await session.execute(f"CREATE TABLE `{schema}`.t (a INT PRIMARY KEY)")
        await session.execute(f"INSERT INTO `{schema}`.t VALUES (1)")
        with pytest.raises(DuplicateRow) as caught:
            await session.execute(f"INSERT INTO `{schema}`.t VALUES (1)")
    assert caught.value.code == 1062
    assert "Duplicate entry '1'" in caught.value.message


async def test_a_lock_wait_and_a_deadlock_are_busy(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("conn", any_server)
    async with connected(any_server) as opened:
        one, two = await opened.connect("write"), await opened.connect("write")
        await one.execute(f"CREATE TABLE `{schema}`.t (a INT PRIMARY KEY, b INT)")
        await one.execute(f"INSERT INTO `{schema}`.t VALUES (1,0),(2,0)")
        for session, key in ((one, 1), (two, 2)):
            await session.execute("SET innodb_lock_wait_timeout=1")
            await session.execute("BEGIN")
            await session.execute(f"UPDATE `{schema}`.t SET b=1 WHERE a={key}")
        with pytest.raises(Busy) as waited:
            await two.execute(f"UPDATE `{schema}`.t SET b=2 WHERE a=1")
        assert waited.value.code == 1205
        await one.execute("SET innodb_lock_wait_timeout=20")
        await two.execute("SET innodb_lock_wait_timeout=20")
        crossing = asyncio.create_task(one.execute(f"UPDATE `{schema}`.t SET b=2 WHERE a=2"))
        await asyncio.sleep(0.2)
        results = await asyncio.gather(
            crossing, two.execute(f"UPDATE `{schema}`.t SET b=2 WHERE a=1"), return_exceptions=True
        )
        failed = [result for result in results if isinstance(result, Busy)]
        assert [error.code for error in failed] == [1213]
        assert failed[0].temporary
        await one.rollback()
        await two.rollback()


async def test_a_read_only_server_is_named() -> None:
    with lab_api.extra("read-only") as server:
        client.rows(server, "CREATE DATABASE x", root=True)
        client.rows(server, "SET GLOBAL super_read_only=ON", root=True)
        async with connected(server) as opened, opened.session("write") as session:
            with pytest.raises(ReadOnlyServer) as caught:
                await session.execute("CREATE TABLE x.t (a INT)")
    assert caught.value.code == 1290
    assert caught.value.hint.startswith("name the primary server")


async def test_a_full_tablespace_is_no_space() -> None:
    options = ("--innodb-data-file-path=ibdata1:12M:autoextend:max:16M", "--innodb-file-per-table=OFF")
    with lab_api.extra("full", options=options, initialise=True) as server:
        client.rows(server, "CREATE DATABASE x", root=True)
        async with connected(server) as opened, opened.session("write") as session:
            await session.execute("CREATE TABLE x.t (a LONGBLOB) TABLESPACE innodb_system")
            with pytest.raises(NoSpace) as caught:
                await session.execute("INSERT INTO x.t SELECT REPEAT('x',2000000) FROM information_schema.COLLATIONS")
    assert caught.value.code == 1114
    assert caught.value.hint.startswith("free space")


async def test_a_packet_larger_than_the_server_takes_is_no_traceback() -> None:
    with lab_api.extra("small-packet", options=("--max-allowed-packet=1M",)) as server:
        async with connected(server) as opened:
            session = await opened.connect("write")
            with pytest.raises(ServerError) as caught:
                await session.execute(b"SELECT LENGTH('" + b"x" * (20 << 20) + b"')")
    assert caught.value.code in (1153, 2013, 0)
    assert caught.value.hint


async def test_a_statement_and_a_value_above_16_mib_pass(source: LabServer) -> None:
    size = (1 << 24) + 12_345
    async with connected(source) as opened, opened.session("read") as session:
        for length in (0xFFFFFF - 1, 0xFFFFFF, 0xFFFFFF + 1, size):
            sql = b"SELECT '" + b"x" * (length - 10) + b"'"
            ((value,),) = (await session.query(sql)).rows
            assert len(value) == length - 10


async def test_a_network_that_goes_away_in_the_middle_is_lost_not_unreachable(source: LabServer) -> None:
    """What asyncio raises when the peer's machine is gone: ETIMEDOUT, which Python calls TimeoutError."""
    async with connected(source) as opened, opened.session("write") as session:
        for raised in (
            TimeoutError(110, "Connection timed out"),
            ConnectionResetError(104, "reset"),
            BrokenPipeError(),
        ):
            error = named("old", raised, opened.ref)
            assert type(error) is ConnectionLost
            assert error.temporary
        assert session.usable
