"""A zero that has lost its sign is told as that, with its column and what to do; and other differences are not."""

from __future__ import annotations

from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate
from tests.e2e.hostile.values import fill
from tests.lab import Server, client

TABLES = (
    "CREATE TABLE zeros (id INT PRIMARY KEY, f FLOAT, d DOUBLE, e DOUBLE, twice DOUBLE AS (d * 2) STORED)",
    "INSERT INTO zeros (id,f,d,e) VALUES (1,0,-0e0,0),(2,0,0,0.1),(3,1.5,NULL,NULL)",
    "CREATE TABLE keyless (f FLOAT, v VARCHAR(9))",
    "INSERT INTO keyless VALUES (-0e0,'a'),(-0e0,'a'),(1,'b')",
    "CREATE TABLE documents (id INT PRIMARY KEY, d DOUBLE, j JSON)",
    """INSERT INTO documents VALUES (1,-0e0,'{"b": 1, "a": 2}'),(2,1,'[]')""",
    "CREATE TABLE spelled (id INT PRIMARY KEY, d DOUBLE, t VARCHAR(40) AS (CONCAT(d)) STORED)",
    "INSERT INTO spelled (id,d) VALUES (1,-0e0)",
)


def failures(ran_records: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    """The failed steps by the name of their table."""
    return {one["step"].rpartition(".")[2]: one for one in ran_records}


def test_a_target_that_holds_no_negative_zero_is_told_with_the_column_and_the_cure(
    migrate: Migrate, source: Server, maria11: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("zeros", source), fresh_schemas("zeros_to")
    fill(source, schema, iter(TABLES))
    migrate.configure(source, maria11, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    for command in ("apply", "verify"):
        ran = migrate(command, PLAN, "--json")
        assert ran.code == 7, ran.text
        failed = failures(ran.of("step_failed"))
        assert sorted(failed) == ["documents", "keyless", "spelled", "zeros"], ran.text
        assert "Only the sign of zero differs (d, twice)" in failed["zeros"]["error"], ran.text
        assert f"UPDATE {schema}.zeros SET d = 0 WHERE d = 0)" in failed["zeros"]["hint"]
        assert "Only the sign of zero differs (f)" in failed["keyless"]["error"]
        assert "Only the sign of zero differs (d)" in failed["documents"]["error"]
        assert (
            "Only the sign of zero differs (d): -0.0 on one side is 0.0 on the other, and generated columns"
            in (failed["spelled"]["error"])
        )
    for table, column in (
        ("zeros", "d"),
        ("keyless", "f"),
        ("documents", "d"),
        ("spelled", "d"),
    ):
        client.rows(source, f"UPDATE {table} SET {column} = 0 WHERE {column} = 0", database=schema)
    assert migrate("apply", PLAN).code == 0
    migrate.must("verify", PLAN)


def test_a_zero_that_lost_its_sign_beside_another_difference_explains_nothing(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("signs", source), fresh_schemas("signs_to")
    fill(source, schema, iter(TABLES[:2]))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("run", "migrate.toml")
    client.rows(target, "UPDATE zeros SET d = 0 WHERE id = 1", database=goal)
    assert "Only the sign of zero differs (d, twice)" in migrate("verify", PLAN).text
    client.rows(target, "UPDATE zeros SET e = 0.2 WHERE id = 2", database=goal)
    told = migrate("verify", PLAN)
    assert told.code == 7
    assert "with other values" in told.text
    assert "sign of zero" not in told.text
    migrate.must("verify", PLAN, "--repair")
    assert client.rows(target, "SELECT CONCAT(d),e FROM zeros WHERE id < 3", database=goal) == [("-0", 0.0), ("0", 0.1)]
