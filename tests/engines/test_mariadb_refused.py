"""What MariaDB says no to, by its name: its numbers and words are not always MySQL's."""

from __future__ import annotations

import asyncio

import pytest

from migrate.errors import (
    AccessDenied,
    Busy,
    ConnectionLost,
    DuplicateRow,
    MissingPrivilege,
    ServerError,
)
from tests import lab as lab_api
from tests.conftest import FreshSchemas
from tests.engines.mysql_sessions import connected, load, table_for_load
from tests.lab import Server as LabServer
from tests.lab import client


@pytest.mark.parametrize(
    ("statement", "kind", "code", "hint"),
    [
        (
            "SET STATEMENT check_constraint_checks=1 FOR INSERT INTO t (a) VALUES (9)",
            ServerError,
            4025,
            "a row breaks this check",
        ),
        (
            "SET STATEMENT sql_mode='STRICT_ALL_TABLES' FOR INSERT INTO t (u) VALUES ('zz')",
            ServerError,
            1292,
            "a value does not fit",
        ),
        ("INSERT INTO t (a) VALUES (3)", DuplicateRow, 1062, "the target holds another row"),
        (
            "CREATE TABLE n (a INT) COLLATE utf8mb4_nonsense",
            ServerError,
            1273,
            "the server does not know this collation",
        ),
        ("CREATE TABLE n (a foo)", ServerError, 4161, "the server does not know this type"),
        ("CREATE TABLE n (a INT, b INT AS (RAND()) STORED)", ServerError, 1901, "the server does not take this"),
        ("SET STATEMENT max_statement_time=0.1 FOR SELECT SLEEP(3)", ServerError, 1969, "raise MAX_STATEMENT_TIME"),
        ("SELECT * FROM nothing", ServerError, 1146, "the table was dropped or renamed"),
    ],
)
async def test_a_refusal_is_named_and_says_what_to_do(
    any_mariadb: LabServer, fresh_schemas: FreshSchemas, statement: str, kind: type[ServerError], code: int, hint: str
) -> None:
    schema = fresh_schemas("conn", any_mariadb)
    async with connected(any_mariadb) as opened:
        session = await opened.connect("write")
        for made in (
            f"USE {schema}",
            "CREATE TABLE t (a INT UNIQUE CHECK (a < 5), u UUID)",
            "INSERT INTO t (a) VALUES (3)",
        ):
            await session.execute(made)
        with pytest.raises(kind) as caught:
            await session.execute(statement)
        assert session.usable
        await session.close()
    assert type(caught.value) is kind
    assert caught.value.code == code
    assert caught.value.hint.startswith(hint)


async def test_a_killed_connection_and_a_killed_query_are_lost_and_temporary(any_mariadb: LabServer) -> None:
    async with connected(any_mariadb) as opened:
        for kill in ("KILL", "KILL QUERY"):
            session = await opened.connect("read")
            asking = asyncio.create_task(session.query("SELECT 1 FROM (SELECT 1 UNION SELECT 2) t WHERE SLEEP(20)=0"))
            await asyncio.sleep(0.2)
            client.rows(any_mariadb, f"{kill} {session.id}")
            with pytest.raises(ConnectionLost) as caught:
                await asking
            assert caught.value.temporary


async def test_missing_privileges_are_named(any_mariadb: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("conn", any_mariadb)
    client.rows(any_mariadb, f"CREATE TABLE `{schema}`.t (a INT)")
    client.rows(any_mariadb, "CREATE USER IF NOT EXISTS 'conn_less'@'%' IDENTIFIED BY 'conn_less-pw'", root=True)
    client.rows(any_mariadb, f"GRANT SELECT ON `{schema}`.t TO 'conn_less'@'%'", root=True)
    try:
        async with connected(any_mariadb, user="conn_less", password="conn_less-pw") as opened:
            session = await opened.connect("write")
            for sql, code, hint in (
                (f"DELETE FROM `{schema}`.t", 1142, f"grant DELETE on table `{schema}`.`t` to conn_less"),
                (f"CREATE TABLE `{schema}`.n (a INT)", 1142, f"grant CREATE on table `{schema}`.`n` to conn_less"),
                ("CREATE DATABASE conn_never", 1044, "grant the privilege on database 'conn_never' to conn_less"),
                ("FLUSH TABLES WITH READ LOCK", 1227, "grant RELOAD to conn_less"),
                ("SHOW CREATE TABLE mysql.user", 1142, "grant SELECT on table `mysql`.`user` to conn_less"),
            ):
                with pytest.raises(MissingPrivilege) as caught:
                    await session.execute(sql)
                assert (caught.value.code, caught.value.hint) == (code, hint)
    finally:
        client.rows(any_mariadb, "DROP USER 'conn_less'@'%'", root=True)


async def test_an_account_that_is_locked_and_one_that_has_too_many_connections_are_told_apart(
    any_mariadb: LabServer,
) -> None:
    client.rows(any_mariadb, "CREATE OR REPLACE USER conn_locked@'%' IDENTIFIED BY 'pw' ACCOUNT LOCK", root=True)
    client.rows(
        any_mariadb, "CREATE OR REPLACE USER conn_one@'%' IDENTIFIED BY 'pw' WITH MAX_USER_CONNECTIONS 1", root=True
    )
    try:
        async with connected(any_mariadb, user="conn_locked", password="pw") as opened:
            with pytest.raises(AccessDenied) as locked:
                await opened.connect("read")
        async with connected(any_mariadb, user="conn_one", password="pw") as opened:
            await opened.connect("read")
            with pytest.raises(Busy) as busy:
                await opened.connect("read")
    finally:
        client.rows(any_mariadb, "DROP USER conn_locked@'%', conn_one@'%'", root=True)
    assert (locked.value.code, locked.value.hint) == (4151, "unlock the account: ALTER USER … ACCOUNT UNLOCK")
    assert busy.value.code == 1226
    assert busy.value.temporary


async def test_a_row_that_another_transaction_changed_meanwhile_is_busy(
    maria11: LabServer, fresh_schemas: FreshSchemas
) -> None:
    """innodb_snapshot_isolation, which 10.11 does not have on."""
    schema = fresh_schemas("conn", maria11)
    async with connected(maria11) as opened:
        one, two = await opened.connect("write"), await opened.connect("write")
        await one.execute(f"CREATE TABLE `{schema}`.t (a INT PRIMARY KEY, b INT)")
        await one.execute(f"INSERT INTO `{schema}`.t VALUES (1,0)")
        await one.execute("BEGIN")
        await one.query(f"SELECT * FROM `{schema}`.t")
        await two.execute(f"UPDATE `{schema}`.t SET b = 1")
        with pytest.raises(Busy) as caught:
            await one.execute(f"UPDATE `{schema}`.t SET b = 2")
        await one.rollback()
    assert caught.value.code == 1020


async def test_a_load_where_local_infile_is_off_names_the_setting_and_a_writer_goes_another_way() -> None:
    with lab_api.extra("no-local", "11.8", options=("--local-infile=OFF",)) as server:
        async with connected(server) as opened:
            session = await opened.connect("write")
            await session.execute("CREATE DATABASE x")
            table = await table_for_load(session, "x")
            with pytest.raises(ServerError) as caught:
                await session.load_local(load(table), [b"1,2;"])
            assert (caught.value.code, caught.value.hint) == (4166, "SET GLOBAL local_infile=ON on the server")
