"""Sessions against real servers: settings, values, and the pool."""

from __future__ import annotations

import asyncio

import pytest

from migrate.engines.mysql import connect
from migrate.engines.mysql.answers import Result, literal
from migrate.engines.mysql.settings import Kind
from migrate.errors import (
    ConnectionLost,
    ServerError,
)
from tests import lab as lab_api
from tests.conftest import FreshSchemas
from tests.engines.mysql_sessions import connected
from tests.lab import Server as LabServer
from tests.lab import client

# -- settings and values


@pytest.mark.parametrize("kind", ["metadata", "read", "write", "lock"])
async def test_every_session_is_pinned_whatever_the_servers_defaults_are(every_server: LabServer, kind: Kind) -> None:
    asked = (
        "SELECT CONCAT_WS('|',@@sql_mode,@@time_zone,@@foreign_key_checks+0,@@unique_checks+0,@@group_concat_max_len,"
        "@@net_read_timeout,@@net_write_timeout,@@wait_timeout,@@autocommit+0,@@sql_quote_show_create+0,"
        "@@character_set_client,@@character_set_connection,@@character_set_results)"
    )
    async with connected(every_server) as opened, opened.session(kind) as session:
        (told,) = (await session.query(asked)).rows[0]
    text = told.decode() if isinstance(told, bytes) else told
    unique = "0" if kind == "write" else "1"
    longest = 4294967295 if every_server.vendor == "mysql" else 1073741824  # MariaDB knows no more
    assert text == (
        f"NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES|+00:00|0|{unique}|{longest}|1800|1800|86400|1|1"
        "|utf8mb4|utf8mb4|utf8mb4"
    )


async def test_hostile_global_defaults_do_not_reach_a_session() -> None:
    options = (
        "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT",
        "--default-time-zone=+09:00",
        "--max-execution-time=1",
        "--completion-type=CHAIN",
        "--sql-generate-invisible-primary-key=ON",
        "--show-gipk-in-create-table-and-information-schema=OFF",
        "--character-set-server=latin1",
        "--autocommit=OFF",
        "--group-concat-max-len=4",
    )
    with lab_api.extra("hostile-defaults", options=options) as server:
        client.rows(server, "SET GLOBAL sql_select_limit=1", root=True)
        async with connected(server) as opened, opened.session("metadata") as session:
            answer = await session.query(
                "SELECT @@sql_mode,@@time_zone,@@max_execution_time,@@completion_type,@@autocommit,"
                "@@sql_generate_invisible_primary_key,@@show_gipk_in_create_table_and_information_schema,SLEEP(0.05)"
            )
            many = await session.query("SELECT 1 UNION SELECT 2")
            long = await session.query("SELECT GROUP_CONCAT(a) FROM (SELECT 'abcdef' a UNION SELECT 'ghi') t")
    assert answer.rows == (("NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES", "+00:00", 0, "NO_CHAIN", 1, 0, 1, 0),)
    assert many.rows == ((1,), (2,))
    assert long.rows == (("abcdef,ghi",),)


async def test_hostile_global_defaults_of_mariadb_do_not_reach_a_session() -> None:
    options = (
        "--sql-mode=ORACLE,NO_BACKSLASH_ESCAPES,NO_TABLE_OPTIONS,EMPTY_STRING_IS_NULL",
        "--default-time-zone=+09:00",
        "--max-statement-time=0.01",
        "--completion-type=CHAIN",
        "--idle-transaction-timeout=1",
        "--idle-readonly-transaction-timeout=1",
        "--character-set-server=latin1",
        "--autocommit=OFF",
        "--group-concat-max-len=4",
        "--max-error-count=1",
    )
    with lab_api.extra("hostile-mariadb", "11.8", options=options) as server:
        client.rows(server, "SET GLOBAL sql_select_limit=1", root=True)
        async with connected(server) as opened, opened.session("metadata") as session:
            answer = await session.query(
                "SELECT @@sql_mode,@@time_zone,@@max_statement_time,@@completion_type,@@autocommit,"
                "@@idle_transaction_timeout,@@idle_readonly_transaction_timeout,@@max_error_count,SLEEP(0.05),''"
            )
            many = await session.query("SELECT 1 UNION SELECT 2")
            long = await session.query("SELECT GROUP_CONCAT(a) FROM (SELECT 'abcdef' a UNION SELECT 'ghi') t")
    mode = "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"
    assert answer.rows == ((mode, "+00:00", "0.000000", "NO_CHAIN", 1, 0, 0, 65535, 0, ""),)
    assert many.rows == ((1,), (2,))
    assert long.rows == (("abcdef,ghi",),)


async def test_an_account_without_privileges_can_open_every_kind_of_session(every_server: LabServer) -> None:
    client.rows(every_server, "CREATE USER IF NOT EXISTS 'conn_poor'@'%' IDENTIFIED BY 'conn_poor-pw'", root=True)
    try:
        async with connected(every_server, user="conn_poor", password="conn_poor-pw") as opened:
            for kind in ("metadata", "read", "write", "lock"):
                async with opened.session(kind) as session:
                    assert int((await session.query("SELECT 41+1")).rows[0][0]) == 42
    finally:
        client.rows(every_server, "DROP USER 'conn_poor'@'%'", root=True)


async def test_metadata_is_decoded_and_read_gives_the_servers_bytes(every_server: LabServer) -> None:
    asked = "SELECT 1, -5, 18446744073709551615, 'é한😀', _binary x'00ff', NULL, 1.50, DATE'2020-01-31'"
    async with connected(every_server) as opened:
        async with opened.session("metadata") as session:
            decoded = (await session.query(asked)).rows
        async with opened.session("read") as session:
            raw = (await session.query(asked)).rows
    assert decoded == ((1, -5, 18446744073709551615, "é한😀", b"\x00\xff", None, "1.50", "2020-01-31"),)
    assert raw == ((b"1", b"-5", b"18446744073709551615", "é한😀".encode(), b"\x00\xff", None, b"1.50", b"2020-01-31"),)


async def test_bytes_that_are_no_text_pass_a_read_session(source: LabServer) -> None:
    async with connected(source) as opened, opened.session("read") as session:
        answer = await session.query("SELECT x'D800FFFE81', 'a' AS `a``b%한글`")
    assert answer.rows == ((b"\xd8\x00\xff\xfe\x81", b"a"),)
    assert answer.columns[1] == "a`b%한글"


@pytest.mark.parametrize("mode", ["", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES"])
@pytest.mark.parametrize(
    "value",
    ["", "plain_1", "it's", 'a"b', "a\\'b\\\\", "line\r\n\0\x1a", "é한😀", "%_", 0, -7, b"", b"\x00\xff'", None],
)
async def test_a_literal_means_its_value_under_every_sql_mode(
    source: LabServer, mode: str, value: str | int | bytes | None
) -> None:
    async with connected(source) as opened:
        session = await opened.connect("metadata")
        await session.execute(f"SET sql_mode='{mode}'")
        answer = await session.query(f"SELECT {literal(value)}, CHAR_LENGTH({literal(value)})")
        await session.close()
    length = None if value is None else len(value) if isinstance(value, str | bytes) else len(str(value))
    assert answer.rows == ((value, length),)
    assert answer.warnings == 0


async def test_a_second_statement_after_a_semicolon_is_refused(source: LabServer) -> None:
    async with connected(source) as opened, opened.session("write") as session:
        with pytest.raises(ServerError) as caught:
            await session.query("SELECT 1; SELECT 2")
        assert caught.value.code == 1064


async def test_a_statement_tells_rows_changed_and_warnings(source: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("conn", source)
    async with connected(source) as opened, opened.session("write") as session:
        await session.execute(f"CREATE TABLE `{schema}`.t (a TINYINT)")
        result = await session.execute(f"INSERT INTO `{schema}`.t VALUES (1),(300),(3)")
        warnings = await session.warnings()
    assert result == Result(3, 1)
    assert [(warning.level, warning.code) for warning in warnings] == [("Warning", 1264)]
    assert warnings[0].text == "Out of range value for column 'a' at row 2"


async def test_variables_and_version_are_known(every_server: LabServer) -> None:
    async with connected(every_server) as opened:
        variables = await opened.variables()
        assert ".".join(str(part) for part in opened.version) == every_server.version
        assert opened.is_mariadb is (every_server.vendor == "mariadb")
        assert variables["port"] == str(every_server.port)
        assert variables["local_infile"] == "ON"
        uuid = {"mysql": ("server_uuid", 36), "mariadb": ("server_uid", 28)}
        name, length = uuid[every_server.vendor]
        assert len(variables[name]) == length
        assert every_server.password not in repr(opened)


async def test_refreshed_variables_are_the_servers_present_ones(fresh_schemas: FreshSchemas) -> None:
    with lab_api.extra("refresh") as server:
        async with connected(server) as opened:
            assert (await opened.variables())["read_only"] == "OFF"
            client.rows(server, "SET GLOBAL read_only=ON", root=True)
            assert (await opened.variables())["read_only"] == "OFF"
            assert (await opened.variables(refresh=True))["read_only"] == "ON"


# -- the pool


async def test_an_idle_session_is_used_again_and_kinds_are_kept_apart(source: LabServer) -> None:
    async with connected(source) as opened:
        async with opened.session("read") as session:
            first = session.id
        async with opened.session("read") as session:
            assert session.id == first
        async with opened.session("write") as session:
            assert session.id != first


async def test_a_session_left_by_an_error_is_not_used_again(source: LabServer) -> None:
    async with connected(source) as opened:
        first = 0

        async def fail() -> None:
            nonlocal first
            async with opened.session("read") as session:
                first = session.id
                await session.query("SELECT nonsense")

        with pytest.raises(ServerError):
            await fail()
        async with opened.session("read") as session:
            assert session.id != first


async def test_a_session_in_a_transaction_is_not_used_again(source: LabServer) -> None:
    async with connected(source) as opened:
        async with opened.session("write") as session:
            first = session.id
            await session.execute("BEGIN")
        async with opened.session("write") as session:
            assert session.id != first


async def test_a_lock_session_ends_with_its_block(source: LabServer) -> None:
    async with connected(source) as opened:
        async with opened.session("lock", program_name="run 7 on host 한글") as session:
            await session.query("SELECT GET_LOCK('conn-test-lock',0)")
            told = client.rows(
                source,
                "SELECT attr_value FROM performance_schema.session_connect_attrs"
                f" WHERE processlist_id={session.id} AND attr_name='program_name'",
            )
        async with opened.session("metadata") as session:
            assert (await session.query("SELECT IS_FREE_LOCK('conn-test-lock')")).rows == ((1,),)
    assert told == [("run 7 on host 한글",)]


async def test_a_session_that_was_killed_while_idle_is_replaced(
    source: LabServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "FRESH", 0.0)  # one just used is not asked
    async with connected(source) as opened:
        async with opened.session("read") as session:
            first = session.id
        client.rows(source, f"KILL {first}")
        async with opened.session("read") as session:
            assert session.id != first
            assert (await session.query("SELECT 1")).rows == ((b"1",),)


async def test_a_refused_statement_leaves_the_session_usable(source: LabServer) -> None:
    async with connected(source) as opened, opened.session("read") as session:
        with pytest.raises(ServerError) as caught:
            await session.query("SELECT * FROM no_such_schema.t", "the table t")
        assert caught.value.code in (1049, 1146)
        assert "the table t" in caught.value.message
        assert (await session.query("SELECT 1")).rows == ((b"1",),)


async def test_a_cancelled_read_closes_the_session_at_once(source: LabServer) -> None:
    async with connected(source) as opened:
        session = await opened.connect("read")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await session.query("SELECT SLEEP(5)")
        assert not session.usable
        with pytest.raises(ConnectionLost):
            await session.query("SELECT 1")


async def test_close_ends_every_session(source: LabServer) -> None:
    async with connected(source) as opened:
        session = await opened.connect("read")
        async with opened.session("metadata") as idle:
            ids = {session.id, idle.id}
    for _ in range(50):
        left = {row[0] for row in client.rows(source, "SELECT id FROM information_schema.processlist")} & ids
        if not left:
            break
        await asyncio.sleep(0.02)
    assert not left


async def test_many_sessions_opened_at_once_all_work(source: LabServer) -> None:
    async with connected(source) as opened:

        async def one(number: int) -> int:
            async with opened.session("read") as session:
                return int((await session.query(f"SELECT {number}")).rows[0][0])

        assert await asyncio.gather(*(one(number) for number in range(12))) == list(range(12))
