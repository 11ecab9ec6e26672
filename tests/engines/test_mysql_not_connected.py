"""Each way not to get in, and TLS: one sentence and one next step."""

from __future__ import annotations

import asyncio
import socket
import struct
from pathlib import Path

import pytest

from migrate.errors import (
    AccessDenied,
    Busy,
    CannotConnect,
    ConnectionLost,
    ServerError,
)
from tests import lab as lab_api
from tests.engines.mysql_sessions import connected
from tests.lab import Server as LabServer
from tests.lab import client

NO_PASSWORD = "no-password-anywhere"


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
    missing = str(tmp_path / "none.pem")
    error = await refused(source, ssl_ca=missing)
    assert error.message == f"old: cannot use ssl_ca, ssl_cert or ssl_key: {missing}: No such file or directory"
    error = await refused(source, ssl_ca=f"{source.datadir}/ca.pem", ssl_key=missing)
    assert f"{missing}: No such file" in error.message
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
