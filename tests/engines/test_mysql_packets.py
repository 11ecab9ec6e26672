"""Rows that a server's packets are too small for: what is foretold is what happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import product

import pytest

from migrate.engines.mysql.packets import oversized
from migrate.engines.mysql.writing import taken
from migrate.errors import LossyWrite, ServerError
from migrate.model.table import TableName
from tests import lab as lab_api
from tests.conftest import FreshSchemas
from tests.engines.mysql_catalogs import run
from tests.engines.mysql_sessions import connected
from tests.engines.test_mariadb_rows import Both
from tests.lab import Lab, Server, client

PACKET = 1 << 20
SIZES = (400_000, 600_000, 1_200_000)
"""Bytes of a row: fits a packet as hexadecimal digits, as it is, in two cells if at all."""
DECLARED = {
    "blob": "LONGBLOB",
    "blobs": "LONGBLOB, d LONGBLOB",
    "json": "JSON",
    "shape": "GEOMETRY",
}
TABLES = list(product(DECLARED, SIZES, (True, False)))


def name_of(kind: str, size: int, keyed: bool) -> str:
    return f"{kind}_{size}_{'keyed' if keyed else 'loose'}"


def value(kind: str, size: int) -> str:
    match kind:
        case "blobs":
            return f"REPEAT('x',{size // 2}),REPEAT('y',{size // 2})"
        case "json":
            return f"CONCAT('\"',REPEAT('x',{size - 2}),'\"')"
        case "shape":
            points = (size - 13) // 16
            return f"ST_GeomFromText(CONCAT('LINESTRING(0 0',REPEAT(',1 1',{points - 1}),')'))"
    return f"REPEAT('x',{size})"


@pytest.fixture(scope="module", params=["source", "maria10"])
def servers(request: pytest.FixtureRequest, every: Lab) -> Iterator[tuple[Server, Server]]:
    """One with small packets, and the lab's own of the same version."""
    wide = every.servers[request.param]
    with lab_api.extra("packets", wide.version) as small:
        yield small, wide


@pytest.mark.parametrize("small_side", ["source", "target"])
async def test_rows_that_are_foretold_to_be_too_large_are_those_that_do_not_arrive(
    small_side: str, servers: tuple[Server, Server], fresh_schemas: FreshSchemas
) -> None:
    small, wide = servers
    here, there = servers if small_side == "source" else (wide, small)
    schema = fresh_schemas("packets", wide)
    client.rows(small, "SET GLOBAL max_allowed_packet=67108864", root=True)
    client.rows(small, f"CREATE DATABASE {schema}")
    for kind, size, keyed in TABLES:
        made = (
            f"CREATE TABLE {name_of(kind, size, keyed)} (id INT{' PRIMARY KEY' if keyed else ''}, c {DECLARED[kind]})"
        )
        for server in servers:
            run(server, schema, made)
        values = f"(1,{value(kind, 60)}),(2,{value(kind, size)}),(3,{value(kind, 80)})"
        run(here, schema, f"INSERT INTO {name_of(kind, size, keyed)} VALUES {values}")
    client.rows(small, f"SET GLOBAL max_allowed_packet={PACKET}", root=True)
    foretold: dict[str, tuple[str, ...]] = {}
    failed: dict[str, tuple[str, ...]] = {}
    async with connected(here) as left, connected(there) as right:
        for (kind, size, keyed), by_file in product(TABLES, (True, False)):
            table = TableName(schema, name_of(kind, size, keyed))
            run(there, schema, f"TRUNCATE TABLE {table.name}", "DROP TABLE IF EXISTS _migrate_ledger")
            both = await Both.of(left, right, table, table, by_file)
            intake = taken({**await right.variables(), "local_infile": "ON" if by_file else "OFF"})
            case = f"{table.name} {'by file' if by_file else 'by insert'}"
            found = await oversized(left, [(both.mine, both.theirs)], intake)
            foretold[case] = tuple(f"{one.side}, {one.rows}" for one in found)
            failed[case] = (f"{small_side}, 1",)
            with suppress(ServerError, LossyWrite):
                await both.move(10)
                mine, theirs = await both.sums()
                failed[case] = () if mine == theirs else ("it arrived altered",)
    assert foretold == failed
    assert (f"{small_side}, 1",) in foretold.values()


async def test_what_is_advised_is_enough_and_ordinary_tables_are_not_read(
    source: Server, fresh_schemas: FreshSchemas
) -> None:
    with lab_api.extra("packets", source.version) as small:
        schema = fresh_schemas("packets", source)
        run(source, schema, "CREATE TABLE t (id INT PRIMARY KEY, c LONGBLOB)", "CREATE TABLE s (id INT, c TEXT)")
        run(source, schema, f"INSERT INTO t VALUES (1,{value('blob', 3_000_000)}),(2,'x'),(3,{value('blob', 700_000)})")
        client.rows(small, f"CREATE DATABASE {schema}")
        run(small, schema, "CREATE TABLE t (id INT PRIMARY KEY, c LONGBLOB)", "CREATE TABLE s (id INT, c TEXT)")
        client.rows(small, f"SET GLOBAL max_allowed_packet={PACKET}", root=True)
        async with connected(source) as left, connected(small) as right:
            both = await Both.of(left, right, TableName(schema, "t"), TableName(schema, "t"), local_infile=False)
            plain = await Both.of(left, right, TableName(schema, "s"), TableName(schema, "s"), local_infile=False)
            intake = taken({**await right.variables(), "local_infile": "OFF"})
            run(source, schema, "DROP TABLE s")  # whoever asked for it would learn that it is gone
            (found,) = await oversized(left, [(plain.mine, plain.theirs), (both.mine, both.theirs)], intake)
            assert (found.table.name, found.side, found.rows, found.largest) == ("t", "target", 2, 6_000_183)
            assert found.advice == "SET GLOBAL max_allowed_packet=6291456"
        client.rows(small, found.advice, root=True)
        async with connected(source) as left, connected(small) as right:
            both = await Both.of(left, right, TableName(schema, "t"), TableName(schema, "t"), local_infile=False)
            intake = taken({**await right.variables(), "local_infile": "OFF"})
            assert await oversized(left, [(both.mine, both.theirs)], intake) == ()
            await both.move(10)
            mine, theirs = await both.sums()
            assert mine == theirs


async def test_only_rows_that_a_condition_lets_through_are_weighed_and_a_wrong_one_names_its_table(
    source: Server, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("packets", source)
    run(source, schema, "CREATE TABLE t (id INT PRIMARY KEY, c LONGBLOB)")
    run(source, schema, f"INSERT INTO t VALUES (1,{value('blob', 3_000_000)}),(2,'x')")
    async with connected(source) as left:
        both = await Both.of(left, left, TableName(schema, "t"), TableName(schema, "t"), local_infile=False)
        intake = taken({**await left.variables(), "local_infile": "OFF", "max_allowed_packet": str(PACKET)})

        async def found(where: str) -> int:
            return len(await oversized(left, [(both.filtered(where).mine, both.theirs)], intake))

        assert [await found(""), await found("id = 1 -- the large one"), await found("id = 2")] == [1, 1, 0]
        with pytest.raises(ServerError) as caught:
            await found("no_such > 1")
    assert caught.value.code == 1054
    assert f"{schema}.t" in caught.value.message


@pytest.mark.parametrize("name", ["k", "n" * 64])
async def test_a_row_that_only_the_head_of_its_statement_makes_too_large_is_foretold(
    name: str, source: Server, fresh_schemas: FreshSchemas
) -> None:
    column = "a" * len(name)
    cells = (523_900, 524_180, 524_238, 524_253)
    with lab_api.extra("packets", source.version, ["--max-allowed-packet=1M"]) as small:
        schema = fresh_schemas("packets", source)
        client.rows(small, f"CREATE DATABASE {schema}")
        for server in (source, small):
            run(server, schema, f"CREATE TABLE {name} (i INT PRIMARY KEY, {column} MEDIUMBLOB)")
        run(source, schema, *(f"INSERT INTO {name} VALUES ({size},REPEAT('x',{size}))" for size in cells))
        table = TableName(schema, name)
        fitting, failed = [], []
        async with connected(source) as left, connected(small) as right:
            whole = await Both.of(left, right, table, table, local_infile=False)
            intake = taken({**await right.variables(), "local_infile": "OFF"})
            for size in cells:
                one = whole.filtered(f"i = {size}")
                run(small, schema, f"TRUNCATE TABLE {name}", "TRUNCATE TABLE _migrate_ledger")
                if not await oversized(left, [(one.mine, one.theirs)], intake):
                    fitting.append(size)
                try:
                    await one.move(10)
                except ServerError:
                    failed.append(size)
        assert set(fitting).isdisjoint(failed)
        assert 523_900 in fitting
        assert 524_253 in failed
