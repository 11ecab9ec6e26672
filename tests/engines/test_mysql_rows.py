"""Rows that need more than the ordinary way from one server into another."""

from __future__ import annotations

import pytest

from migrate.model.table import TableName
from tests import lab as lab_api
from tests.conftest import FreshSchemas
from tests.engines.mysql_catalogs import run
from tests.engines.test_mariadb_rows import moved_exactly
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
