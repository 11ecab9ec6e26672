"""Rows in streams, and local data from memory and never from a file."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from migrate.engines.mysql.answers import Result
from migrate.engines.mysql.sending import MAX_PACKET_LEN, PACKET
from migrate.errors import (
    ConnectionLost,
    ServerError,
)
from tests import lab as lab_api
from tests.conftest import FreshSchemas
from tests.engines.mysql_sessions import connected, load, table_for_load
from tests.lab import Server as LabServer
from tests.lab import client


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


async def test_local_data_arrives_from_memory_in_pieces_of_any_size(
    every_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("conn", every_server)
    big = bytes(range(60, 256)) * 30_000  # 5.9 MB: several packets, in no way aligned with the pieces
    pieces: list[bytes | memoryview] = [b"", b"1,", memoryview(b"\0\n'\\"), b";2,", big, b"", b";3", b",", b"", b";"]
    async with connected(every_server) as opened:
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


@pytest.mark.parametrize("more", [-1, 0, 1], ids=["below", "at", "above"])
@pytest.mark.parametrize("packets", [1, 2])
async def test_a_statement_in_pieces_of_any_size_is_one_statement(
    more: int, packets: int, source: LabServer, fresh_schemas: FreshSchemas
) -> None:
    """Around the size at which a packet is full, and the server waits for another."""
    schema = fresh_schemas("conn", source)
    async with connected(source) as opened, opened.session("write") as session:
        table = await table_for_load(session, schema)
        head, tail = f"INSERT INTO {table} VALUES (1,'".encode(), b"')"
        filled = packets * MAX_PACKET_LEN - 1 + more - len(head) - len(tail)
        pieces: list[bytes | memoryview] = [b"", head, b"x" * (filled - PACKET), memoryview(b"y" * PACKET), b"", tail]
        assert await session.execute_pieces(len(head) + filled + len(tail), pieces) == Result(1, 0)
        (told,) = (await session.query(f"SELECT LENGTH(b), SHA2(b,256) FROM {table}")).rows
        digest = hashlib.sha256(b"x" * (filled - PACKET) + b"y" * PACKET).hexdigest()
        assert told == (str(filled).encode(), digest.encode())


@pytest.mark.parametrize("said", [-1, 1], ids=["longer", "shorter"])
async def test_a_statement_of_another_length_than_was_said_is_never_run(
    said: int, source: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("conn", source)
    async with connected(source) as opened:
        session = await opened.connect("write")
        table = await table_for_load(session, schema)
        statement = f"INSERT INTO {table} VALUES (1,'x')".encode()
        with pytest.raises(ServerError, match="than was said"):
            await session.execute_pieces(len(statement) + said, [statement])
        assert not session.usable
        async with opened.session("read") as other:
            assert (await other.query(f"SELECT COUNT(*) FROM {table}")).rows == ((b"0",),)
