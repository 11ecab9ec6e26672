"""Text that the other collation has in another place: such a table is proven, mended and resumed as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate, findings
from tests.e2e.equality import assert_equal
from tests.e2e.hostile.values import fill
from tests.lab import Lab, client

ROWS = 60_000
"""More than one range has of a table whose ranges are the same on both sides."""
NUMBERS = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
LETTER = "CONVERT(UNHEX(LPAD(HEX(1536 + i % 50000), 8, '0')) USING utf32)"
RARE = f"INSERT IGNORE INTO t {NUMBERS} SELECT CONCAT({LETTER}, i), i FROM n"
"""Characters above U+0600, of which Unicode 14 weighs some hundreds otherwise than Unicode 9."""
BLANKS = f"INSERT INTO t {NUMBERS} SELECT CONCAT('a', CHAR(9 + i % 4), i), i FROM n"
"""Tabs and newlines: before the end of a text that is filled up with blanks, behind it where blanks count."""

WAYS = {
    "8.0.33 to 11.8": ("source", "maria11", "utf8mb4_0900_ai_ci", (RARE,)),
    "11.8 to 8.0.33": ("maria11", "source", "utf8mb4_uca1400_ai_ci", (BLANKS, "INSERT INTO t VALUES ('a', 0)")),
}


@pytest.mark.parametrize(
    ("way", "engine"),
    [
        ("8.0.33 to 11.8", "InnoDB"),
        pytest.param("8.0.33 to 11.8", "MyISAM", marks=pytest.mark.full),
        pytest.param("11.8 to 8.0.33", "InnoDB", marks=pytest.mark.full),
        pytest.param("11.8 to 8.0.33", "MyISAM", marks=pytest.mark.full),
    ],
)
def test_a_table_whose_key_has_another_order_there_moves_and_is_repaired(
    way: str, engine: str, migrate: Migrate, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    here, there, collation, rows = WAYS[way]
    source, target = every.servers[here], every.servers[there]
    schema, goal = fresh_schemas("order", source), fresh_schemas("order_to")
    made: Sequence[str] = (
        f"SET {'max_recursive_iterations' if source.vendor == 'mariadb' else 'cte_max_recursion_depth'} = 1000000",
        f"CREATE TABLE t (k VARCHAR(40) CHARACTER SET utf8mb4 COLLATE {collation} PRIMARY KEY, n INT) ENGINE={engine}",
        *rows,
    )
    fill(source, schema, iter(made))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    assert ("MG301", f"new:{goal}.t") in findings(migrate.must("plan", "--json"))
    migrate.must("apply", PLAN)
    assert_equal(source, schema, target, goal)
    migrate.must("verify", PLAN)
    client.rows(target, f"DELETE FROM {goal}.t WHERE n BETWEEN 30000 AND 30010")
    differs = migrate("verify", PLAN)
    assert differs.code == 7, differs.text
    migrate.must("verify", PLAN, "--repair")
    assert_equal(source, schema, target, goal)


def test_a_resume_at_another_moment_loads_such_a_table_again(
    migrate: Migrate, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    """As if it had been killed behind the first chunks, and the source had been written to since."""
    source, target = every.servers["source"], every.servers["maria11"]
    schema, goal = fresh_schemas("order", source), fresh_schemas("order_to")
    made = (
        "SET cte_max_recursion_depth = 1000000",
        "CREATE TABLE t (k VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci PRIMARY KEY, n INT)",
        RARE,
    )
    fill(source, schema, iter(made))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    migrate.must("apply", PLAN)
    ledger = f"`{goal}`._migrate_ledger"
    client.rows(target, f"DELETE FROM {ledger} WHERE kind <> 'chunk' AND step LIKE 'load%'")
    client.rows(target, f"DELETE FROM {ledger} WHERE step LIKE 'verify%' OR kind = 'last-look'")
    client.rows(target, f"UPDATE {ledger} SET moment = 'another' WHERE kind = 'chunk'")
    client.rows(source, f"UPDATE {schema}.t SET n = -n WHERE n % 1000 = 7")
    client.rows(source, f"DELETE FROM {schema}.t WHERE n % 1000 = 8")
    migrate.must("apply", PLAN)
    assert_equal(source, schema, target, goal)
