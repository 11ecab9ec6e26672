"""FLOAT and DOUBLE move bit for bit, and a sum tells a single bit of them, on every server."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from migrate.engines.base import Span
from migrate.engines.mysql.rows import MysqlReader
from migrate.model.table import TableName
from tests.conftest import FreshSchemas
from tests.engines.mysql_catalogs import run
from tests.engines.mysql_sessions import connected
from tests.engines.test_mariadb_rows import moved_exactly, read_as, table_there
from tests.lab import Lab, client

SERVERS = ("source", "old", "legacy", "new", "maria10", "maria11")
IDS = ("8.0.33", "8.0.12", "5.7", "9.7", "10.11", "11.8")
DOUBLES = (0.0, 0.1, -1.5, 1e23, 5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308)
FLOATS = (0.0, 0.1, -1.5, 16777217.0, 1e-45, 1.1754943508222875e-38, 3.4028234663852886e38)
COLUMNS = "id INT PRIMARY KEY, f FLOAT, d DOUBLE"


def exact(value: float) -> str:
    """The number of these 64 bits, whatever a server reads in its text; in a FLOAT the 32 bits nearest to it."""
    return f"ST_X(ST_GeomFromWKB(x'0101000000{struct.pack('<d', value).hex()}{'00' * 8}'))"


def flipped(value: float, kind: str) -> float:
    """The value whose last bit is the other one."""
    size, number = ("<f", "<I") if kind == "f" else ("<d", "<Q")
    (bits,) = struct.unpack(number, struct.pack(size, value))
    (other,) = struct.unpack(size, struct.pack(number, bits ^ 1))
    return float(other)


def insert(floats: Sequence[float], doubles: Sequence[float]) -> str:
    """One row each."""
    rows = [f"({n},{exact(value)},NULL)" for n, value in enumerate(floats)]
    rows += [f"({1000 + n},NULL,{exact(value)})" for n, value in enumerate(doubles)]
    return "INSERT INTO t VALUES " + ",".join(rows)


@pytest.mark.parametrize("name", SERVERS, ids=IDS)
async def test_a_sum_tells_every_last_bit_and_the_sign_of_zero(
    name: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    server = every.servers[name]
    schema = fresh_schemas("floats", server)
    run(server, schema, f"CREATE TABLE t ({COLUMNS})", insert(FLOATS, DOUBLES))
    changes = [(n, "f", value, flipped(struct.unpack("<f", struct.pack("<f", value))[0], "f"))
               for n, value in enumerate(FLOATS)]  # fmt: skip
    changes += [(1000 + n, "d", value, flipped(value, "d")) for n, value in enumerate(DOUBLES)]
    if server.vendor == "mysql":  # MariaDB has no -0.0
        changes += [(0, "f", 0.0, -0.0), (1000, "d", 0.0, -0.0)]
    async with connected(server) as opened, opened.session("read") as session:
        rows, reader = read_as(await table_there(opened, schema, "t")), MysqlReader(session)
        before = await reader.checksum(rows, Span())
        assert before.rows == len(FLOATS) + len(DOUBLES)
        seen = {before.sum}
        with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
            for row, column, value, other in changes:
                cursor.execute(f"UPDATE t SET {column} = {exact(other)} WHERE id = {row}")
                seen.add((await reader.checksum(rows, Span())).sum)
                cursor.execute(f"UPDATE t SET {column} = {exact(value)} WHERE id = {row}")
        assert len(seen) == len(changes) + 1
        signless = replace(rows, signless=("f", "d"))
        assert await reader.checksum(signless, Span()) == before
        for column, row in (("f", 0), ("d", 1000)):
            client.rows(server, f"UPDATE t SET {column} = {exact(-0.0)} WHERE id = {row}", database=schema)
        assert await reader.checksum(signless, Span()) == before
        for column, row in (("f", 0), ("d", 1000)):
            client.rows(server, f"UPDATE t SET {column} = 0 WHERE id = {row}", database=schema)
        assert await reader.checksum(rows, Span()) == before


PAIRS = (("legacy", "target"), ("source", "new"), ("old", "maria11"), ("maria10", "target"), ("maria11", "legacy"))


@pytest.mark.parametrize("local_infile", [True, False], ids=["LOAD DATA", "INSERT"])
@pytest.mark.parametrize("names", PAIRS, ids="-".join)
async def test_floats_of_every_size_arrive_bit_for_bit(
    names: tuple[str, str], local_infile: bool, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    here, there = (every.servers[name] for name in names)
    schema = fresh_schemas("floats", here, there)
    for server in (here, there):
        run(server, schema, f"CREATE TABLE t ({COLUMNS})")
    floats = [struct.unpack("<f", struct.pack("<I", e << 23 | m))[0] for e in range(255) for m in (0, 1, 0x7FFFFF)]
    bits = [e << 52 | m for e in range(0, 2047, 3) for m in (0, 1, (1 << 52) - 1, 0x5555555555555)]
    doubles = [struct.unpack("<d", struct.pack("<Q", one))[0] for one in (*bits, *(1 << n for n in range(52)))]
    run(here, schema, "SET sql_mode = ''", insert(floats, doubles))
    if {here.vendor, there.vendor} == {"mysql"}:
        run(here, schema, f"INSERT INTO t VALUES (-1,{exact(-0.0)},{exact(-0.0)})")
    await moved_exactly((here, there), TableName(schema, "t"), TableName(schema, "t"), local_infile)
