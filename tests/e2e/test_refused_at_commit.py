"""MariaDB finds rows that are twice in a unique key of a fresh table at COMMIT, and says nothing of them there."""

from __future__ import annotations

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate, stopped
from tests.e2e.hostile.values import fill
from tests.lab import Lab

ONCE = "INSERT INTO t (x) VALUES ('0')"
TWICE = "INSERT INTO t (x) VALUES (CONVERT(0xF090B4B0 USING utf8mb4))"
"""U+10D30, a digit zero, which Unicode 9 does not know and Unicode 14 takes for 0: the plan would find it."""
X = "x VARCHAR(20) COLLATE utf8mb4_0900_ai_ci"


@pytest.mark.parametrize("new", ["maria10", "maria11"])
@pytest.mark.parametrize(
    ("made", "said"),
    [
        pytest.param(f"id INT AUTO_INCREMENT PRIMARY KEY, {X}, UNIQUE(x)", "1062 Duplicate entry", id="a key"),
        pytest.param(f"{X}, UNIQUE(x)", "a unique key has a value twice", id="no key"),
    ],
)
def test_the_error_names_the_table_and_what_is_there_twice(
    made: str, said: str, new: str, migrate: Migrate, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers["source"], every.servers[new]
    schema, goal = fresh_schemas("twice", source), fresh_schemas("twice_to", target)
    fill(source, schema, iter((f"CREATE TABLE t ({made})", ONCE)))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    fill(source, schema, iter((TWICE,)))
    stopped(migrate("apply", PLAN), 3, f"{goal}.t", said, "target's collation")
