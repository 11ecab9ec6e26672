"""Rows and bytes as measure tells them."""

from __future__ import annotations

import pytest

from migrate.engines.base import Rows
from migrate.engines.mysql.answers import literal
from migrate.engines.mysql.inspect import inspect, measure
from migrate.errors import ServerError
from migrate.model.table import (
    Statistics,
    Table,
    TableName,
)
from tests.conftest import FreshSchemas
from tests.engines.mysql_catalogs import (
    patterns,
    run,
    table_of,
)
from tests.engines.mysql_sessions import connected
from tests.lab import Server as LabServer


def rows_of(table: Table, where: str = "") -> Rows:
    held = tuple(c for c in table.columns if not c.generated)
    key = tuple(c for i in table.indexes if i.kind == "primary" for p in i.parts for c in held if c.name == p.column)
    return Rows(table.name, held, key, where=where)


async def test_measure_counts_rows_and_weighs_the_first_thousand(
    every_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", every_server)
    numbers = "(SELECT a.i*10+b.i AS i FROM {d} a, {d} b)".replace(
        "{d}", "(SELECT 0 i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4)"
    )
    run(
        every_server,
        schema,
        "ALTER DATABASE {s} CHARACTER SET utf8mb4",
        "CREATE TABLE `a``b` (id INT AUTO_INCREMENT PRIMARY KEY, `%` VARCHAR(50), j JSON, g INT AS (LENGTH(j)))",
        "INSERT INTO `a``b` (`%`,j) VALUES ('한글','[1]'),(NULL,NULL),('',NULL)",
        "CREATE TABLE big (id INT, filler CHAR(10))",
        f"INSERT INTO big SELECT n.i*1000+m.i, REPEAT('x',10) FROM {numbers} n, {numbers} m",
        "CREATE TABLE `empty` (a INT)",
        "CREATE TABLE isam (a INT) ENGINE=MyISAM",
    )
    async with connected(every_server) as opened:
        catalog = await inspect(opened, patterns(f"{schema}.*"))
        by_name = {table.name.name: table for table in catalog.tables}
        asked = [
            rows_of(by_name["empty"]),
            rows_of(by_name["big"]),
            rows_of(by_name["a`b"]),
            rows_of(by_name["isam"]),
            rows_of(by_name["a`b"], "`%` = '' -- only the empty one"),
        ]
        measured = await measure(opened, asked)
        assert measured == await measure(opened, asked)
        assert await measure(opened, ()) == ()
    name = TableName(schema, "a`b")
    assert measured[0] == Statistics(TableName(schema, "empty"))
    assert measured[1].rows == 625
    assert 10 * 625 < measured[1].bytes <= 15 * 625
    assert measured[2] == Statistics(name, 3, 1 + 6 + 3 + 1 + 1, 4)
    assert measured[3] == Statistics(TableName(schema, "isam"))
    assert measured[4] == Statistics(name, 1, 1, 4)


async def test_measure_takes_the_servers_estimate_for_a_large_table(
    source: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", source)
    run(
        source,
        schema,
        "CREATE TABLE t (a INT PRIMARY KEY) STATS_PERSISTENT=1",
        "INSERT INTO t VALUES (1),(2),(3)",
        "ANALYZE TABLE t",
        "SET foreign_key_checks=0",
        "INSERT INTO t VALUES (4)",
    )
    async with connected(source) as opened:
        (table,) = (await inspect(opened, patterns(f"{schema}.t"))).tables
        (exact,) = await measure(opened, [rows_of(table)])
        (estimate,) = await measure(opened, [rows_of(table)], exact_below=1)
    assert exact == Statistics(table.name, 4, 4)
    assert estimate.rows in (3, 4)
    assert estimate.bytes == estimate.rows


async def test_measure_asks_about_many_tables_at_once(source: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", source)
    run(source, schema, *(f"CREATE TABLE t{n:02d} AS SELECT {n} AS a" for n in range(70)))
    async with connected(source) as opened:
        catalog = await inspect(opened, patterns(f"{schema}.*"))
        counter = "SHOW SESSION STATUS LIKE 'Questions'"
        async with opened.session("metadata") as session:
            before = int((await session.query(counter)).rows[0][1])
        measured = await measure(opened, [rows_of(table) for table in catalog.tables])
        async with opened.session("metadata") as session:
            after = int((await session.query(counter)).rows[0][1])
    assert [(s.table.name, s.rows) for s in measured] == [(f"t{n:02d}", 1) for n in range(70)]
    assert after - before <= 10


async def test_measure_of_a_thousand_columns(every_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", every_server)
    columns = ",".join(f"c{n} INT" for n in range(1017))
    run(every_server, schema, f"CREATE TABLE t ({columns})", f"INSERT INTO t VALUES ({','.join('7' * 1017)})")
    async with connected(every_server) as opened:
        (table,) = (await inspect(opened, patterns(f"{schema}.t"))).tables
        assert await measure(opened, [rows_of(table)]) == (Statistics(table.name, 1, 1017),)


async def test_measure_with_a_wrong_condition_names_the_table(source: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", source)
    table = await table_of(source, schema, "CREATE TABLE t (a INT)")
    async with connected(source) as opened:
        with pytest.raises(ServerError) as caught:
            await measure(opened, [rows_of(table), rows_of(table, "no_such > 1")])
    assert caught.value.code == 1054
    assert f"{schema}.t" in caught.value.message
    assert literal("x") not in caught.value.message
