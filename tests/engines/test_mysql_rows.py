"""Rows that need more than the ordinary way from one server into another."""

from __future__ import annotations

import pytest

from migrate.engines.base import Rows, Span
from migrate.engines.mysql.rows import MysqlReader
from migrate.model.table import TableName
from tests import lab as lab_api
from tests.conftest import FreshSchemas
from tests.engines.mysql_catalogs import run
from tests.engines.mysql_sessions import connected
from tests.engines.test_mariadb_rows import moved_exactly, read_as, table_there
from tests.lab import Lab, Server, client


@pytest.mark.parametrize("goal", ["legacy", "old", "target", "new", "maria11"])
async def test_a_counter_that_is_zero_arrives_where_other_columns_go_through_variables(
    goal: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    here, there = every.source, every.servers[goal]
    schema, other = fresh_schemas("rows", here), fresh_schemas("rows_to", there)
    for table, kind in (("n", "INT"), ("u", "BIGINT UNSIGNED"), ("f", "FLOAT")):
        if (table, goal) == ("f", "new"):
            continue  # 8.4 and later count in whole numbers only
        made = f"CREATE TABLE {table} (k {kind} AUTO_INCREMENT PRIMARY KEY, v VARCHAR(10))"
        low = "18446744073709551614" if table == "u" else "-3"
        values = f"INSERT INTO {table} VALUES (0,'a'),(5,NULL),({low},'c')"
        run(here, schema, "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'", made, values)
        run(there, other, made)
        await moved_exactly((here, there), TableName(schema, table), TableName(other, table))


@pytest.mark.parametrize("local_infile", [True, False], ids=["LOAD DATA", "INSERT"])
async def test_more_rows_than_mariadb_gives_as_one_value_are_read_in_halves(
    local_infile: bool, target: Server, fresh_schemas: FreshSchemas
) -> None:
    columns = ",".join(f"c{n} DOUBLE" for n in range(100))
    with lab_api.extra("halves", "10.11", ["--max-allowed-packet=1M"]) as here:
        schema, other = "halves", fresh_schemas("rows_to", target)
        client.rows(here, f"CREATE DATABASE {schema}")
        for server, name in ((here, schema), (target, other)):
            run(server, name, f"CREATE TABLE t (id INT PRIMARY KEY, {columns})")
        run(here, schema, f"INSERT INTO t SELECT seq{',1/(seq+2)' * 100} FROM seq_1_to_2500")
        await moved_exactly((here, target), TableName(schema, "t"), TableName(other, "t"), local_infile)


@pytest.mark.parametrize("name", ["source", "old", "new", "maria10", "maria11"])
async def test_the_size_of_large_cells_is_asked_for_only_after_a_chunk_that_did_not_fit(
    name: str, every: Lab, fresh_schemas: FreshSchemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of 5 MiB among small ones travels alone, and fourteen of 1.5 MiB in several chunks."""
    here = every.servers[name]
    schema = fresh_schemas("rows", here)
    run(here, schema, "CREATE TABLE t (id INT PRIMARY KEY, b LONGTEXT CHARACTER SET latin1)")
    values = ",".join(f"({n},REPEAT('x',{n}))" for n in range(1, 1001))
    run(here, schema, f"INSERT INTO t VALUES {values}")
    run(here, schema, "UPDATE t SET b = REPEAT('y',5 << 20) WHERE id = 250")
    run(here, schema, "UPDATE t SET b = REPEAT('z',3 << 19) WHERE id BETWEEN 611 AND 624")
    budget = 8 << 20
    asked: list[int] = []
    fitting = MysqlReader._fitting

    async def told(self: MysqlReader, rows: Rows, chunk: Span, budget: int) -> tuple[Span, bool]:
        asked.append(len(sizes))
        return await fitting(self, rows, chunk, budget)

    monkeypatch.setattr(MysqlReader, "_fitting", told)
    sizes: list[tuple[int, int, str]] = []
    async with connected(here) as server, server.session("read") as session:
        rows = read_as(await table_there(server, schema, "t"), server.is_mariadb)
        reader, span = MysqlReader(session), Span()
        while True:
            payload = await reader.read(rows, span, ("raw", "hex", "cells"), 100, budget)
            sizes.append((payload.rows, len(payload.data), payload.layout))
            if payload.span.upper is None:
                break
            span = Span(payload.span.upper)
    assert sum(count for count, _, _ in sizes) == 1000
    assert [count for count, _, layout in sizes if layout == "cells"] == [1]
    assert max(size for _, size, _ in sizes) < 2 * budget
    assert len([size for _, size, _ in sizes if size > 1 << 20]) == 3, sizes
    assert 2 <= len(asked) <= 8 < len(sizes), asked
