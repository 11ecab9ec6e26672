"""Values that other tools lose arrive as they were, by every path a row can take."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate, findings
from tests.e2e.equality import assert_equal, tables
from tests.e2e.hostile import values
from tests.e2e.test_real_data import moves_and_then_rests
from tests.lab import Lab, Server, client, extra


@pytest.fixture(scope="module")
def slow_door() -> Iterator[Server]:
    """A target that takes no LOAD DATA LOCAL: rows go in by INSERT."""
    with extra("e2e-no-local-infile", options=["--local-infile=OFF"]) as server:
        yield server


@pytest.fixture(params=["LOAD DATA", "INSERT", "from 8.0.12"])
def door(request: pytest.FixtureRequest, source: Server, old: Server, target: Server) -> tuple[Server, Server]:
    """A source and a target, for every path a row can take between them."""
    if request.param == "INSERT":
        return source, request.getfixturevalue("slow_door")
    return (old if request.param == "from 8.0.12" else source), target


def test_hostile_values_of_every_type_arrive(
    door: tuple[Server, Server], migrate: Migrate, fresh_schemas: FreshSchemas
) -> None:
    from_, to = door
    schema, goal = fresh_schemas("e2e_values", from_), fresh_schemas("e2e_values_to")
    values.fill(from_, schema, values.statements())
    assert len(tables(from_, schema)) == 6 + len(values.CHARSETS)
    migrate.configure(from_, to, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    moves_and_then_rests(migrate, from_, schema, to, goal)


@pytest.mark.parametrize("key", ["id INT AUTO_INCREMENT PRIMARY KEY", "k INT NULL"], ids=["with a key", "keyless"])
def test_values_that_hold_every_delimiter_arrive(
    key: str, door: tuple[Server, Server], migrate: Migrate, fresh_schemas: FreshSchemas
) -> None:
    from_, to = door
    schema, goal = fresh_schemas("e2e_marks", from_), fresh_schemas("e2e_marks_to")
    values.fill(from_, schema, values.marked(key))
    migrate.configure(from_, to, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    moves_and_then_rests(migrate, from_, schema, to, goal)


@pytest.mark.parametrize("to", ["old", "target"], ids=["8.0.12", "8.0.33"])
def test_geometries_that_are_never_null_arrive_where_load_data_refuses_them_too(
    to: str, migrate: Migrate, lab: Lab, fresh_schemas: FreshSchemas
) -> None:
    """8.0.12: error 1364, "Field 'p' doesn't have a default value"."""
    source, target = lab.source, lab.servers[to]
    schema, goal = fresh_schemas("e2e_points", source), fresh_schemas("e2e_points_to")
    numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
    made = []
    for table, key, srid, engine in (
        ("keyed", "PRIMARY KEY", 4326, "InnoDB"),
        ("bag", "", 4326, "InnoDB"),
        ("plain", "PRIMARY KEY", 0, "MyISAM ROW_FORMAT=DYNAMIC"),
    ):
        columns = f"id INT {key}, p POINT NOT NULL SRID {srid}, g GEOMETRY, v VARBINARY(40) NOT NULL"
        points = f"SELECT i, ST_SRID(POINT(i % 90, i % 80), {srid}), IF(i % 3, POINT(i, -i), NULL), MD5(i) FROM n"
        hostile = f"id = 0, p = ST_SRID(POINT(-90, 1e-300), {srid}), v = x'1f021e030a5c00ff2c'"
        made.append(f"CREATE TABLE {table} ({columns}) ENGINE={engine}")
        made.append(f"INSERT INTO {table} SET {hostile}")
        made.append(f"INSERT INTO {table} {numbers} {points}")
    values.fill(source, schema, iter(made))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    moves_and_then_rests(migrate, source, schema, target, goal)
    values.fill(target, goal, iter(("UPDATE keyed SET v = 'x' WHERE id % 7 = 0", "DELETE FROM bag WHERE id = 9")))
    migrate.must("verify", PLAN, "--repair")
    assert_equal(source, schema, target, goal)


def test_rows_of_many_mebibytes_arrive(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("e2e_large", source), fresh_schemas("e2e_large_to")
    values.fill(
        source,
        schema,
        iter(
            (
                "CREATE TABLE large (id INT PRIMARY KEY, b LONGBLOB, t LONGTEXT, j JSON, n INT)",
                "INSERT INTO large VALUES (1,REPEAT(x'1f021e030a5c00ff',8388608),NULL,NULL,1)",  # 64 MiB
                "INSERT INTO large VALUES (2,NULL,REPEAT('한😀x',1200000),NULL,NULL)",
                "INSERT INTO large SELECT 10+id,REPEAT(x'00ff',35000),REPEAT('\\\\',65536),'[]',id FROM large",
                "INSERT INTO large VALUES (3,'',NULL,CONCAT('[\"',REPEAT('a',5000000),'\"]'),3)",
            )
        ),
    )
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    moves_and_then_rests(migrate, source, schema, target, goal)


def test_cells_of_64_mebibytes_by_four_writers_need_few_copies_of_memory(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    """Each travels as 128 MiB of digits."""
    schema, goal = fresh_schemas("e2e_huge", source), fresh_schemas("e2e_huge_to")
    cells = "VALUES (1,'before'),(2,REPEAT(x'1f021e030a5c00ff',8388608)),(3,'behind')"
    for name in ("one", "two", "three", "four"):
        made = f"CREATE TABLE {name} (id INT PRIMARY KEY, b LONGBLOB)", f"INSERT INTO {name} {cells}"
        values.fill(source, schema, iter(made))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    child = migrate.start("apply", PLAN)
    assert child.stdout is not None
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    assert (status, "failed 0" in text) == (0, True), text
    assert usage.ru_maxrss < 600 * 1024
    assert_equal(source, schema, target, goal)


def test_a_where_rule_moves_these_rows_and_no_others(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("e2e_where", source), fresh_schemas("e2e_where_to")
    values.fill(
        source,
        schema,
        iter(
            (
                "CREATE TABLE `a%b` (id INT PRIMARY KEY, v VARCHAR(9))",
                "INSERT INTO `a%b` VALUES (1,'50%'),(2,'한글'),(3,NULL),(4,'x'),(5,'--')",
                "CREATE TABLE bag (v VARCHAR(9))",
                "INSERT INTO bag VALUES ('a'),('a'),('b'),(NULL)",
                "CREATE TABLE whole (id INT PRIMARY KEY)",
                "INSERT INTO whole VALUES (1),(2)",
            )
        ),
    )
    conditions = {"a%b": "v LIKE '%\\%' OR v = '한글'", "bag": "v = 'a'"}
    rules = "".join(f"\"*.{table}\" = '''{condition}'''\n" for table, condition in conditions.items())
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"), move=f"\n[move.where]\n{rules}")
    found = findings(migrate.must("plan", "--json"))
    assert sorted(where for code, where in found if code == "MG305") == [f"new:{goal}.`a%b`", f"new:{goal}.bag"]
    migrate.must("apply", PLAN)
    assert client.rows(target, f"SELECT id FROM `{goal}`.`a%b` ORDER BY 1") == [(1,), (2,)]
    assert_equal(source, schema, target, goal, conditions)
    migrate.must("verify", PLAN)
    client.rows(target, f"INSERT INTO `{goal}`.bag VALUES ('kept')")  # which the rule lets alone, a repair too
    client.rows(target, f"DELETE FROM `{goal}`.bag WHERE v = 'a' LIMIT 1")
    migrate.must("verify", PLAN, "--repair")
    assert client.rows(target, f"SELECT v FROM `{goal}`.bag ORDER BY 1") == [("a",), ("a",), ("kept",)]


@pytest.mark.parametrize(
    "expression",
    ["JSON_OBJECT('d',DATE'2020-01-01')", "JSON_ARRAY(TIME'10:00:00')", "JSON_ARRAY(x'ff00')", "JSON_ARRAY(1.10)"],
)
def test_json_that_its_own_text_cannot_say_is_never_altered_in_silence(
    expression: str, migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("e2e_json", source), fresh_schemas("e2e_json_to")
    made = ("CREATE TABLE j (id INT PRIMARY KEY, j JSON)", f"INSERT INTO j VALUES (1,{expression})")
    values.fill(source, schema, iter(made))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    planned = migrate.must("plan", "--json")
    applied = migrate("apply", PLAN)
    verified = migrate("verify", PLAN)
    told = bool({code for code, _ in findings(planned)} - {"MG304"}) or applied.code != 0 or verified.code != 0
    if not told:
        assert_equal(source, schema, target, goal)
