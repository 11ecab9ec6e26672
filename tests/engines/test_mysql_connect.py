"""Sessions against real servers: settings, values, local data, and what each failure is called."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from migrate.engines.mysql.connect import PACKET, Kind, Result, Server, Session, literal, named
from migrate.errors import (
    AccessDenied,
    Busy,
    CannotConnect,
    ConnectionLost,
    DuplicateRow,
    MissingPrivilege,
    NoSpace,
    ReadOnlyServer,
    ServerError,
)
from migrate.model.plan import EndpointRef
from tests import lab as lab_api
from tests.conftest import FreshSchemas
from tests.lab import Lab, client
from tests.lab import Server as LabServer

NO_PASSWORD = "no-password-anywhere"


def ref_of(server: LabServer, **changes: object) -> EndpointRef:
    fields: dict[str, object] = {
        "engine": "mysql",
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "password": server.password,
    }
    return EndpointRef(**{**fields, **changes})  # type: ignore[arg-type]  # msgspec's own types are checked by use


@asynccontextmanager
async def connected(server: LabServer, **changes: object) -> AsyncIterator[Server]:
    opened = Server("old", ref_of(server, **changes), slots=4)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture(params=["source", "old"], ids=["8.0.33", "8.0.12"])
def any_server(request: pytest.FixtureRequest, lab: Lab) -> LabServer:
    return lab.servers[request.param]


async def refused(server: LabServer, **changes: object) -> ServerError:
    """The error of opening a session, whose text must never hold the password."""
    async with connected(server, **changes) as opened:
        with pytest.raises(ServerError) as caught:
            async with opened.session("read"):
                pass
    error = caught.value
    secret = str(changes.get("password", server.password))
    assert secret not in error.message + error.hint + repr(error.args)
    assert error.hint
    return error


# -- settings and values


@pytest.mark.parametrize("kind", ["metadata", "read", "write", "lock"])
async def test_every_session_is_pinned_whatever_the_servers_defaults_are(any_server: LabServer, kind: Kind) -> None:
    asked = (
        "SELECT CONCAT_WS('|',@@sql_mode,@@time_zone,@@foreign_key_checks,@@unique_checks,@@group_concat_max_len,"
        "@@net_read_timeout,@@net_write_timeout,@@wait_timeout,@@autocommit,@@sql_quote_show_create,"
        "@@character_set_client,@@character_set_connection,@@character_set_results)"
    )
    async with connected(any_server) as opened, opened.session(kind) as session:
        (told,) = (await session.query(asked)).rows[0]
    text = told.decode() if isinstance(told, bytes) else told
    unique = "0" if kind == "write" else "1"
    assert text == (
        f"NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES|+00:00|0|{unique}|4294967295|1800|1800|86400|1|1"
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


async def test_an_account_without_privileges_can_open_every_kind_of_session(any_server: LabServer) -> None:
    client.rows(any_server, "CREATE USER IF NOT EXISTS 'conn_poor'@'%' IDENTIFIED BY 'conn_poor-pw'", root=True)
    try:
        async with connected(any_server, user="conn_poor", password="conn_poor-pw") as opened:
            for kind in ("metadata", "read", "write", "lock"):
                async with opened.session(kind) as session:
                    assert int((await session.query("SELECT 41+1")).rows[0][0]) == 42
    finally:
        client.rows(any_server, "DROP USER 'conn_poor'@'%'", root=True)


async def test_metadata_is_decoded_and_read_gives_the_servers_bytes(any_server: LabServer) -> None:
    asked = "SELECT 1, -5, 18446744073709551615, 'é한😀', _binary x'00ff', NULL, 1.50, DATE'2020-01-31'"
    async with connected(any_server) as opened:
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


async def test_variables_and_version_are_known(any_server: LabServer) -> None:
    async with connected(any_server) as opened:
        variables = await opened.variables()
        assert opened.version == tuple(int(part) for part in any_server.version.split("."))
        assert opened.is_mariadb is False
        assert variables["port"] == str(any_server.port)
        assert variables["local_infile"] == "ON"
        assert len(variables["server_uuid"]) == 36
        assert any_server.password not in repr(opened)


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


async def test_a_session_that_was_killed_while_idle_is_replaced(source: LabServer) -> None:
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


# -- streams and local data


async def test_a_stream_gives_every_row_and_leaves_the_session_usable(source: LabServer) -> None:
    asked = (
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i+1 FROM n WHERE i<1000)"
        " SELECT /*+ SET_VAR(cte_max_recursion_depth=2000) */ i, REPEAT('x',1000) FROM n"
    )
    async with connected(source) as opened, opened.session("read") as session:
        rows = [row async for row in session.stream(asked)]
        assert len(rows) == 1000
        assert rows[999] == (b"1000", b"x" * 1000)
        assert (await session.query("SELECT 1")).rows == ((b"1",),)


async def test_a_stream_left_early_closes_the_session(source: LabServer) -> None:
    async with connected(source) as opened:
        session = await opened.connect("read")
        stream = session.stream("SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3")
        assert await anext(stream) == (b"1",)
        await stream.aclose()  # type: ignore[attr-defined]  # an async generator, though only iteration is promised
        assert not session.usable


async def table_for_load(session: Session, schema: str) -> str:
    table = f"`{schema}`.`t`"
    await session.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, b LONGBLOB)")
    return table


def load(table: str) -> str:
    return (
        f"LOAD DATA LOCAL INFILE 'x' INTO TABLE {table} CHARACTER SET binary"
        " FIELDS TERMINATED BY ',' ESCAPED BY '' LINES TERMINATED BY ';'"
    )


async def test_local_data_arrives_from_memory_in_pieces_of_any_size(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("conn", any_server)
    big = bytes(range(60, 256)) * 30_000  # 5.9 MB: several packets, in no way aligned with the pieces
    pieces: list[bytes | memoryview] = [b"", b"1,", memoryview(b"\0\n'\\"), b";2,", big, b"", b";3", b",", b"", b";"]
    async with connected(any_server) as opened:
        async with opened.session("write") as session:
            table = await table_for_load(session, schema)
            assert await session.load_local(load(table), pieces) == Result(3, 0)
            assert await session.load_local(load(table), ()) == Result(0, 0)
        async with opened.session("read") as session:
            rows = (await session.query(f"SELECT id, b FROM {table} ORDER BY id")).rows
    assert rows == ((b"1", b"\0\n'\\"), (b"2", big), (b"3", b""))
    assert len(big) > 5 * PACKET


async def test_local_data_is_produced_only_as_fast_as_the_server_takes_it(
    source: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("conn", source)
    produced = 0

    def pieces() -> Iterator[bytes]:
        nonlocal produced
        for number in range(200):
            produced += 1
            yield f"{number},".encode() + b"x" * (PACKET - 8) + b";"

    async with connected(source) as opened, opened.session("write") as session:
        table = await table_for_load(session, schema)
        with closing(client.connect(source)) as other, other.cursor() as cursor:
            cursor.execute(f"LOCK TABLES {table} READ")  # the server asks for the data only when it may write it
            loading = asyncio.create_task(session.load_local(load(table), pieces()))
            await asyncio.sleep(0.3)
            assert produced == 0
            cursor.execute("UNLOCK TABLES")
        writer = session._connection._writer
        most = 0
        while not loading.done():
            most = max(most, writer.transport.get_write_buffer_size())
            await asyncio.sleep(0)
        assert await loading == Result(200, 0)
    assert produced == 200
    assert most <= 2 * PACKET


async def test_a_refused_load_leaves_the_session_usable(source: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("conn", source)
    async with connected(source) as opened, opened.session("write") as session:
        with pytest.raises(ServerError) as caught:
            await session.load_local(load(f"`{schema}`.`none`"), [b"1,2;"])
        assert caught.value.code == 1146
        assert (await session.query("SELECT 1")).rows == ((b"1",),)


async def test_a_load_whose_source_fails_leaves_no_row_behind(source: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("conn", source)

    def pieces() -> Iterator[bytes]:
        yield b"1,a;2,b;"
        raise KeyError("the source of the rows broke")

    async with connected(source) as opened:
        session = await opened.connect("write")
        table = await table_for_load(session, schema)
        with pytest.raises(KeyError):
            await session.load_local(load(table), pieces())
        assert not session.usable
        for _ in range(100):
            if not client.rows(source, f"SELECT id FROM information_schema.processlist WHERE id={session.id}"):
                break
            await asyncio.sleep(0.02)
    assert client.rows(source, f"SELECT COUNT(*) FROM {table}") == [(0,)]


async def test_only_a_write_session_loads_local_data(source: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("conn", source)
    async with connected(source) as opened:
        async with opened.session("write") as session:
            table = await table_for_load(session, schema)
        async with opened.session("read") as session:
            with pytest.raises(ValueError, match="a read session may not load local data"):
                await session.load_local(load(table), [b"1,2;"])
            with pytest.raises(ServerError) as caught:
                await session.execute(load(table))
            assert caught.value.code in (1148, 3948)


async def test_a_plain_statement_that_makes_the_server_ask_for_a_file_sends_none(
    source: LabServer, fresh_schemas: FreshSchemas, tmp_path: Path
) -> None:
    """What a rogue server does to any statement: here the real one asks, since the statement is a LOAD DATA LOCAL."""
    secret = tmp_path / "secret.txt"
    secret.write_bytes(b"1,stolen;")
    schema = fresh_schemas("conn", source)
    async with connected(source) as opened:
        session = await opened.connect("write")
        table = await table_for_load(session, schema)
        for name in ("query", "execute"):
            with pytest.raises(ConnectionLost) as caught:
                await getattr(session, name)(load(table).replace("'x'", f"'{secret}'"))
            assert "asked for a local file, which is refused" in caught.value.message
            assert not session.usable
            session = await opened.connect("write")
        with pytest.raises(ConnectionLost):
            async for _ in session.stream(load(table).replace("'x'", f"'{secret}'")):
                pass
    assert client.rows(source, f"SELECT COUNT(*) FROM {table}") == [(0,)]


async def test_a_load_where_local_infile_is_off_names_the_setting(fresh_schemas: FreshSchemas) -> None:
    with lab_api.extra("no-local", options=("--local-infile=OFF",)) as server:
        async with connected(server) as opened:
            assert (await opened.variables())["local_infile"] == "OFF"
            session = await opened.connect("write")
            await session.execute("CREATE DATABASE x")
            table = await table_for_load(session, "x")
            with pytest.raises(ServerError) as caught:
                await session.load_local(load(table), [b"1,2;"])
    assert caught.value.code == 3948
    assert caught.value.hint == "SET GLOBAL local_infile=ON on the server"


# -- not getting in


async def test_a_wrong_password_is_access_denied(any_server: LabServer) -> None:
    error = await refused(any_server, password=NO_PASSWORD)
    assert type(error) is AccessDenied
    assert error.code == 1045
    assert f"(app@127.0.0.1:{any_server.port}, error 1045)" in error.message
    assert error.hint == "check user and password of this endpoint"


async def test_an_unknown_user_is_access_denied(source: LabServer) -> None:
    error = await refused(source, user="conn_nobody", password=NO_PASSWORD)
    assert type(error) is AccessDenied
    assert "conn_nobody" in error.message


async def test_an_unknown_host_is_told_from_a_refused_port(source: LabServer) -> None:
    unknown = await refused(source, host="no-such-host.invalid")
    assert type(unknown) is CannotConnect
    assert unknown.message.startswith("old: the host no-such-host.invalid is unknown")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for host in ("127.0.0.1", "localhost"):
        error = await refused(source, host=host, port=port)
        assert type(error) is CannotConnect
        assert error.message == f"old: {host}:{port} refused the connection"


async def test_a_silent_port_is_a_time_out(source: LabServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrate.engines.mysql.connect.CONNECT_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = await refused(source, port=silent.getsockname()[1])
    assert type(error) is CannotConnect
    assert "did not answer within 10 s" in error.message


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.9\r\n" + b" " * 5_000_000, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\0\0\0\0"]
)
async def test_another_service_on_the_port_is_no_traceback(source: LabServer, greeting: bytes) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    other = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with other:
        error = await refused(source, port=other.sockets[0].getsockname()[1])
    assert type(error) in (CannotConnect, ConnectionLost)


async def test_too_many_connections_is_busy() -> None:
    with lab_api.extra("crowded") as server:
        client.rows(server, "CREATE USER few@'%' IDENTIFIED BY 'few-pw-1' WITH MAX_USER_CONNECTIONS 1", root=True)
        async with connected(server, user="few", password="few-pw-1") as opened:
            first = await opened.connect("read")
            with pytest.raises(Busy) as caught:
                await opened.connect("read")
            await first.close()
    assert caught.value.code == 1226
    assert caught.value.temporary


async def test_a_password_beyond_latin1_works(source: LabServer) -> None:
    client.rows(source, "CREATE USER IF NOT EXISTS 'conn_pw'@'%' IDENTIFIED BY '비밀번호-é'", root=True)
    try:
        async with (
            connected(source, user="conn_pw", password="비밀번호-é") as opened,
            opened.session("read") as session,
        ):
            assert (await session.query("SELECT 1")).rows == ((b"1",),)
    finally:
        client.rows(source, "DROP USER 'conn_pw'@'%'", root=True)


async def test_caching_sha2_without_tls_works_when_the_server_has_forgotten_the_account(any_server: LabServer) -> None:
    client.rows(any_server, "DROP USER IF EXISTS 'conn_sha'@'%'", root=True)
    sql = "CREATE USER 'conn_sha'@'%' IDENTIFIED WITH caching_sha2_password BY 'conn_sha-pw'"
    client.rows(any_server, sql, root=True)  # new, so that the fast path has nothing and RSA is needed
    try:
        async with connected(any_server, user="conn_sha", password="conn_sha-pw") as opened:
            async with opened.session("read") as session:
                assert (await session.query("SHOW STATUS LIKE 'Ssl_cipher'")).rows == ((b"Ssl_cipher", b""),)
    finally:
        client.rows(any_server, "DROP USER 'conn_sha'@'%'", root=True)


# -- TLS


async def test_tls_with_the_servers_own_authority_encrypts(source: LabServer) -> None:
    ca = f"{source.datadir}/ca.pem"
    async with connected(source, ssl_ca=ca, ssl_verify=False) as opened, opened.session("read") as session:
        ((_, cipher),) = (await session.query("SHOW STATUS LIKE 'Ssl_cipher'")).rows
    assert cipher.startswith(b"TLS_")


async def test_tls_checks_the_host_name_unless_told_not_to(source: LabServer) -> None:
    error = await refused(source, ssl_ca=f"{source.datadir}/ca.pem")
    assert type(error) is CannotConnect
    assert "TLS failed: IP address mismatch" in error.message


async def test_tls_refuses_a_server_that_another_authority_signed(source: LabServer, old: LabServer) -> None:
    with lab_api.extra("other-ca", initialise=True) as other:
        error = await refused(source, ssl_ca=f"{other.datadir}/ca.pem", ssl_verify=False)
    assert type(error) is CannotConnect
    assert "TLS failed" in error.message


async def test_a_server_without_tls_is_refused_before_anything_secret_is_sent(source: LabServer) -> None:
    with lab_api.extra("no-tls", options=("--ssl=OFF",)) as server:
        error = await refused(server, ssl_ca=f"{source.datadir}/ca.pem", ssl_verify=False)
    assert type(error) is CannotConnect
    assert "the server does not offer TLS" in error.message


async def test_a_server_that_wants_tls_says_so() -> None:
    with lab_api.extra("only-tls", options=("--require-secure-transport=ON",)) as server:
        error = await refused(server)
        assert (type(error), error.code) == (CannotConnect, 3159)
        assert error.hint.startswith("set ssl_ca for this endpoint")


async def test_an_authority_that_cannot_be_read_is_told(source: LabServer, tmp_path: Path) -> None:
    error = await refused(source, ssl_ca=str(tmp_path / "none.pem"))
    assert error.message == "old: cannot use ssl_ca, ssl_cert or ssl_key: No such file or directory"
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    assert "cannot use ssl_ca" in (await refused(source, ssl_ca=str(broken))).message


async def test_the_password_is_not_sent_in_clear_text_to_whoever_asks(source: LabServer) -> None:
    """A peer that greets like MySQL and then asks for the password itself."""
    received = bytearray()

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        capabilities = 0x00AFF7FF & ~0x800
        greeting = b"\x0a8.0.33\0" + struct.pack("<I", 7) + b"12345678\0" + struct.pack("<H", capabilities & 0xFFFF)
        greeting += b"\x2d" + struct.pack("<HHB", 2, capabilities >> 16, 21) + b"\0" * 10 + b"123456789012\0"
        greeting += b"mysql_native_password\0"
        writer.write(struct.pack("<I", len(greeting))[:3] + b"\0" + greeting)
        received.extend(await reader.read(65536))
        switch = b"\xfemysql_clear_password\0"
        writer.write(struct.pack("<I", len(switch))[:3] + b"\2" + switch)
        received.extend(await reader.read(65536))
        writer.close()

    other = await asyncio.start_server(ask, "127.0.0.1", 0)
    async with other:
        error = await refused(source, port=other.sockets[0].getsockname()[1])
    assert type(error) is CannotConnect
    assert "asks for the password in clear text" in error.message
    assert b"app" in received
    assert source.password.encode() not in received


# -- refusals in the middle


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
            with pytest.raises(CannotConnect):
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
