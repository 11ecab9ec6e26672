"""Rows that stand at the source in spite of a check arrive on MariaDB as they are."""

from __future__ import annotations

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate
from tests.e2e.equality import assert_equal
from tests.e2e.hostile.values import fill
from tests.lab import Lab, client

MADE = (
    "CREATE TABLE ck (id INT PRIMARY KEY, v INT, CHECK (v > 0))",
    "SET check_constraint_checks = 0",
    "INSERT INTO ck VALUES (1, -5), (2, 5)",
)


@pytest.mark.parametrize("new", ["maria10", "maria11"])
def test_rows_that_break_a_check_are_loaded_synced_and_altered(
    new: str, migrate: Migrate, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers["maria11"], every.servers[new]
    schema, goal = fresh_schemas("checks", source), fresh_schemas("checks_to", target)
    fill(source, schema, iter(MADE))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    migrate.must("apply", PLAN)
    assert_equal(source, schema, target, goal)
    fill(source, schema, iter(("SET check_constraint_checks = 0", "UPDATE ck SET v = -6 WHERE id = 2")))
    fill(source, schema, iter(("SET check_constraint_checks = 0", "ALTER TABLE ck MODIFY v BIGINT")))
    migrate.must("plan")
    migrate.must("apply", PLAN)
    assert_equal(source, schema, target, goal)
    assert client.rows(target, f"SELECT v FROM {goal}.ck ORDER BY id") == [(-5,), (-6,)]


def test_a_check_that_is_added_is_checked(migrate: Migrate, every: Lab, fresh_schemas: FreshSchemas) -> None:
    source, target = every.servers["maria11"], every.servers["maria10"]
    schema, goal = fresh_schemas("checks", source), fresh_schemas("checks_to", target)
    fill(source, schema, iter(MADE))
    fill(target, goal, iter(("CREATE TABLE ck (id INT PRIMARY KEY, v INT)", "INSERT INTO ck VALUES (1, -5)")))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    ran = migrate("apply", PLAN)
    assert ran.code == 1, ran.text
    assert f"failed alter-table:new:{goal}.ck" in ran.out
    assert "error 4025" in ran.out
