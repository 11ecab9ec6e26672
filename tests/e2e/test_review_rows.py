"""Rows that once could not be moved, or only with too much memory: on real servers, by the command itself."""

from __future__ import annotations

import pytest

from migrate.engines.base import Span
from migrate.engines.mysql import MysqlEngine
from migrate.executor.catch_up import CHUNK_BYTES, MOST_ROWS
from migrate.model.pattern import parse_pattern
from migrate.planner.survey import rows_of
from tests.e2e.world import World
from tests.engines.mysql_sessions import ref_of
from tests.lab import Server, client


def series(count: int, insert: str, select: str) -> str:
    """An INSERT of `select`, once for each `n` of `s`, which is 1 to `count`."""
    return f"{insert} WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) {select}"


def run(server: Server, schema: str, *statements: str) -> None:
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute("SET cte_max_recursion_depth = 1000000, sql_mode = ''")
        for statement in statements:
            cursor.execute(statement)


def test_rows_of_many_megabytes_travel_between_small_ones(world: World) -> None:
    run(
        world.source,
        world.schema,
        "CREATE TABLE big (id INT PRIMARY KEY, b LONGBLOB)",
        *(f"INSERT INTO big VALUES ({n}, REPEAT(x'00ff1f0a', {size} * 262144))" for n, size in enumerate((5, 1, 5, 1))),
        "INSERT INTO big VALUES (9, NULL), (10, '')",
    )
    world.plan()
    world.finishes()


def test_more_invalid_enum_values_than_the_server_keeps_warnings_arrive(world: World) -> None:
    run(
        world.source,
        world.schema,
        "CREATE TABLE e (id INT PRIMARY KEY, e ENUM('a','b'), f ENUM('x'))",
        series(3000, "INSERT INTO e", "SELECT n, 'no such member', 'x' FROM s"),
    )
    world.plan()
    world.finishes()
    assert client.rows(world.target, f"SELECT COUNT(*) FROM `{world.goal}`.e WHERE e + 0 = 0") == [(3000,)]


def test_a_generated_column_that_is_rounded_is_no_loss(world: World) -> None:
    run(
        world.source,
        world.schema,
        "CREATE TABLE g (id INT PRIMARY KEY, a DECIMAL(9,2), y DECIMAL(9,1) AS (a * 1.07) STORED)",
        "INSERT INTO g (id, a) VALUES (1, 3.33), (2, 7.77)",
    )
    world.plan()
    world.finishes()


def test_a_value_that_the_target_alters_is_still_a_loss(world: World) -> None:
    run(world.source, world.schema, "CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 300)")
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    assert world.plan().code == 0
    run(world.target, world.goal, "CREATE TABLE t (id INT PRIMARY KEY, v TINYINT)")
    applied = world.apply()
    assert applied.code == 4, "another definition is seen before a row is written"
    assert client.rows(world.target, f"SELECT COUNT(*) FROM `{world.goal}`.t") == [(0,)]


@pytest.mark.parametrize("layouts", [("raw", "hex", "insert", "cells"), ("insert", "cells")])
async def test_wide_rows_after_narrow_ones_do_not_make_a_huge_chunk(world: World, layouts: tuple[str, ...]) -> None:
    run(
        world.source,
        world.schema,
        "CREATE TABLE w (id INT PRIMARY KEY, a VARCHAR(1000), b VARCHAR(1000)) CHARACTER SET latin1",
        series(20000, "INSERT INTO w", "SELECT n, '', '' FROM s"),
        series(20000, "INSERT INTO w", "SELECT n + 20000, REPEAT('a', 1000), REPEAT('b', 1000) FROM s"),
    )
    engine = MysqlEngine("old", ref_of(world.source), 2)
    try:
        catalog = await engine.inspect((parse_pattern(f"old:{world.schema}.w"),))
        rows = rows_of(engine, catalog.tables[0])
        async with engine.reader() as reader:
            span, sizes, count = Span(), [], 0
            while True:
                payload = await reader.read(rows, span, layouts, MOST_ROWS, CHUNK_BYTES)
                sizes.append(len(payload.data))
                count += payload.rows
                if payload.span.upper is None:
                    break
                span = Span(lower=payload.span.upper)
    finally:
        await engine.close()
    assert count == 40000
    assert len(sizes) > 3
    assert max(sizes) <= 2.2 * CHUNK_BYTES
