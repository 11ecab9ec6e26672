"""Definitions that other tools lose arrive whole: names, partitions, generated columns, indexes, keys, counters."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate, Ran, findings
from tests.e2e.equality import assert_equal, name, structure
from tests.e2e.hostile.values import fill
from tests.e2e.test_real_data import moves_and_then_rests
from tests.lab import Lab, Server, client, extra

SCRIPTS = Path(__file__).parent / "hostile"
MAY_SAY = {"MG301", "MG302", "MG303", "MG304"}


def planned_whole(migrate: Migrate) -> Ran:
    """A plan that leaves nothing behind."""
    ran = migrate.must("plan", "--json")
    assert {code for code, _ in findings(ran)} <= MAY_SAY, ran.text
    return ran


def test_hostile_definitions_arrive(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("e2e_tables", source), fresh_schemas("e2e_tables_to")
    client.run_script(source, schema, SCRIPTS / "definitions.sql")
    client.run_script(source, schema, SCRIPTS / "definitions_new.sql")
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    planned_whole(migrate)
    moves_and_then_rests(migrate, source, schema, target, goal)


def test_hostile_definitions_of_an_older_server_arrive(
    migrate: Migrate, old: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("e2e_tables_old", old), fresh_schemas("e2e_tables_old_to")
    client.run_script(old, schema, SCRIPTS / "definitions.sql")
    migrate.configure(old, target, (f"{schema}.*", f"{goal}.*"))
    planned_whole(migrate)
    moves_and_then_rests(migrate, old, schema, target, goal)


def test_hostile_definitions_arrive_where_only_inserts_are_taken(
    migrate: Migrate, source: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("e2e_tables_in", source), fresh_schemas("e2e_tables_in_to")
    client.run_script(source, schema, SCRIPTS / "definitions.sql")
    client.run_script(source, schema, SCRIPTS / "definitions_new.sql")
    with extra("e2e-no-local-infile", options=["--local-infile=OFF"]) as target:
        migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
        planned_whole(migrate)
        moves_and_then_rests(migrate, source, schema, target, goal)


NAMES = ("a`b.c", "%한글", "a/b:#'c")
MORE_NAMES = ("a``b", "%", "한글", "select", "a.b", "a/b", "it's", "#x", " y", "a:b", '"', "{}", "$1", "\\")


@pytest.mark.parametrize("label", [*NAMES, *(pytest.param(each, marks=pytest.mark.full) for each in MORE_NAMES)])
def test_a_schema_of_any_name_moves_into_one_of_any_name(
    label: str, migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    plain = fresh_schemas("e2e_name")
    schema, goal = f"{label}{plain}", f"{plain}{label}"
    made = (
        f"CREATE DATABASE {name(schema)}",
        f"USE {name(schema)}",
        "CREATE TABLE `p%` (id INT PRIMARY KEY, n INT AS (id + 1) STORED, KEY (n))",
        "CREATE TABLE c (id INT, FOREIGN KEY (id) REFERENCES `p%` (id))",
        "INSERT INTO `p%` (id) VALUES (1)",
        "INSERT INTO c VALUES (1),(1)",
    )
    try:
        fill(source, "mysql", iter(made))
        quoted = name(schema), name(goal)
        migrate.configure(source, target, (f"{quoted[0]}.*", f"{quoted[1]}.*"))
        planned_whole(migrate)
        moves_and_then_rests(migrate, source, schema, target, goal)
    finally:
        client.rows(source, f"DROP DATABASE IF EXISTS {name(schema)}")
        client.rows(target, f"DROP DATABASE IF EXISTS {name(goal)}")


def test_a_table_of_a_thousand_columns_moves(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("e2e_wide", source), fresh_schemas("e2e_wide_to")
    kinds = ("INT", "CHAR(2) CHARACTER SET latin1", "DOUBLE", "DATE", "TINYINT", "BIT(9)")
    columns = ",".join(f"`c{n}` {kinds[n % len(kinds)]}" for n in range(1, 1000))
    values = ",".join(
        "CURRENT_DATE" if n % len(kinds) == 3 else "NULL" if n % 7 == 0 else str(n % 9) for n in range(1, 1000)
    )
    made = (
        f"CREATE TABLE wide (id INT PRIMARY KEY,{columns}) ROW_FORMAT=DYNAMIC",
        f"INSERT INTO wide VALUES (1,{values}),(2,{values})",
        "INSERT INTO wide (id) VALUES (3),(4)",
        f"CREATE TABLE wide_keyless ({columns})",
        f"INSERT INTO wide_keyless VALUES ({values}),({values})",
    )
    fill(source, schema, iter(made))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    planned_whole(migrate)
    moves_and_then_rests(migrate, source, schema, target, goal)


def test_a_table_of_nothing_but_generated_columns_stays_behind_and_the_plan_says_so(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("e2e_made", source), fresh_schemas("e2e_made_to")
    made = ("CREATE TABLE made (a INT AS (1) VIRTUAL, b INT AS (2) STORED)", "INSERT INTO made () VALUES (),()")
    fill(source, schema, iter(made))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    assert findings(migrate.must("plan", "--json")) == [("MG102", f"old:{schema}.made")]


def test_orphans_of_the_source_arrive_with_their_foreign_key_and_are_named(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("e2e_orphans", source), fresh_schemas("e2e_orphans_to")
    made = (
        "CREATE TABLE parent (id INT PRIMARY KEY)",
        "CREATE TABLE child (id INT PRIMARY KEY, p INT, CONSTRAINT `to parent` FOREIGN KEY (p) REFERENCES parent (id))",
        "INSERT INTO parent VALUES (1)",
        "SET foreign_key_checks = 0",
        "INSERT INTO child VALUES (1,1),(2,77),(3,78),(4,NULL)",
    )
    fill(source, schema, iter(made))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    planned_whole(migrate)
    applied = migrate.must("apply", PLAN)
    assert f"add-foreign-keys:new:{goal}.child: 2 rows have no parent for foreign key to parent" in applied.out
    assert_equal(source, schema, target, goal)
    assert len(structure(target, goal)["foreign key"]) == 1
    migrate.must("verify", PLAN)


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("id INT PRIMARY KEY, e ENUM('😀','😃','b')", "(1,1),(2,2),(3,3)"),
        ("id INT PRIMARY KEY, s SET('a😀','b')", "(1,1),(2,3)"),
        ("id INT PRIMARY KEY, v VARCHAR(20) DEFAULT '😀'", "(1,DEFAULT)"),
        ("id INT PRIMARY KEY, v VARCHAR(20) DEFAULT (CONCAT('😀', 'x'))", "(1,DEFAULT)"),
        ("id INT PRIMARY KEY, v VARCHAR(20) AS (CONCAT(id, '😀')) STORED", "(1,DEFAULT)"),
        ("id INT PRIMARY KEY, v VARCHAR(20) AS (CONCAT(id, '😀')) VIRTUAL", "(1,DEFAULT)"),
        ("id INT PRIMARY KEY, v VARCHAR(20), CHECK (v <> '😀')", "(1,'b')"),
        ("id INT PRIMARY KEY, v VARCHAR(20), KEY ((CONCAT(v, '😀')))", "(1,'b')"),
        ("id INT PRIMARY KEY COMMENT '😀') COMMENT='😀', KEY_BLOCK_SIZE=(0", "(1)"),
        ("id INT, v VARCHAR(9)) PARTITION BY LIST COLUMNS (v) (PARTITION p VALUES IN ('😀','a')", "(1,'😀')"),
    ],
    ids=[
        "enum",
        "set",
        "default",
        "computed default",
        "stored",
        "virtual",
        "check",
        "functional index",
        "comment",
        "partition",
    ],
)
def test_letters_that_the_server_itself_cannot_show_are_never_lost_in_silence(
    columns: str, row: str, migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("e2e_planes", source), fresh_schemas("e2e_planes_to")
    columns = columns.replace(", KEY_BLOCK_SIZE=(0", "")
    close = "" if columns.endswith("COMMENT='😀'") else ")"
    fill(source, schema, iter((f"CREATE TABLE t ({columns}{close}", f"INSERT INTO t VALUES {row}")))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    planned = migrate("plan", "--json")
    if planned.code != 0 or {code for code, _ in findings(planned)} - MAY_SAY:
        assert "U+FFFF" in planned.text, planned.text
        return
    applied = migrate("apply", PLAN)
    if applied.code != 0:
        assert "error: " in applied.text
        return
    assert_equal(source, schema, target, goal)
    assert structure(source, schema) == structure(target, goal)
    for wanted, found in zip(shown(source, schema), shown(target, goal), strict=True):
        assert wanted == found


def shown(server: Server, schema: str) -> list[str]:
    """SHOW CREATE TABLE, as the server prints it, and its dictionary's own letters."""
    with client.connect(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"SHOW CREATE TABLE {name(schema)}.t")
        row = cursor.fetchone()
        assert row is not None
        return [str(row[1])]


@pytest.mark.parametrize("to", ["old", "legacy", "new", "maria11"])
def test_a_schema_and_a_table_of_bytes_come_down_to_servers_that_take_no_name_for_their_collation(
    to: str, migrate: Migrate, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.source, every.servers[to]
    schema, goal, altered = fresh_schemas("bytes"), fresh_schemas("bytes_to"), fresh_schemas("bytes_altered", target)
    client.rows(source, f"CREATE DATABASE {schema} CHARACTER SET binary")
    client.rows(source, f"CREATE TABLE {schema}.t (id INT PRIMARY KEY, a VARCHAR(10)) CHARACTER SET binary")
    client.rows(source, f"INSERT INTO {schema}.t VALUES (1,x'ff00')")
    client.rows(target, f"CREATE TABLE {altered}.t (id INT PRIMARY KEY, a VARBINARY(10)) CHARACTER SET latin1")
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"), (f"{schema}.*", f"{altered}.*"))
    migrate.must("plan")
    migrate.must("apply", PLAN)
    for made in (goal, altered):
        assert client.rows(target, f"SELECT HEX(a) FROM {made}.t") == [("FF00",)]
        assert "DEFAULT CHARSET=binary" in str(client.rows(target, f"SHOW CREATE TABLE {made}.t"))
    assert "DEFAULT CHARACTER SET binary" in str(client.rows(target, f"SHOW CREATE DATABASE {goal}"))
    assert migrate.must("plan", "--json").of("plan")[0]["steps"] == 0
