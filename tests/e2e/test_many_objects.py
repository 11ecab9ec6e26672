"""Schemas of thousands of objects: what is asked of the servers does not grow with them, and a plan is soon there."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import Migrate
from tests.e2e.whole import Plan
from tests.lab import Server, client, extra

DICTIONARY = """
SELECT COUNT(*) FROM mysql.general_log WHERE command_type = 'Query'
  AND CONVERT(argument USING utf8mb4) LIKE '%%information_schema%%' AND CONVERT(argument USING utf8mb4) LIKE %s"""
SHOWN = """
SELECT COUNT(*) FROM mysql.general_log WHERE command_type = 'Query'
  AND CONVERT(argument USING utf8mb4) LIKE 'SHOW CREATE%%' AND CONVERT(argument USING utf8mb4) LIKE %s"""


@dataclass(frozen=True)
class Size:
    """How many objects of each kind."""

    tables: int
    views: int
    triggers: int
    routines: int

    @property
    def all(self) -> int:
        return self.tables + self.views + self.triggers + self.routines


SMALL, MANY = Size(12, 3, 2, 3), Size(2000, 500, 300, 300)


def statements(size: Size) -> Iterator[str]:
    """Views read tables and views, triggers write to a table beside theirs, routines call each other."""
    for n in range(size.tables):
        parent = f", CONSTRAINT fk{n} FOREIGN KEY (up) REFERENCES t{n - 1} (id)" if n % 4 == 3 else ""
        columns = "id INT PRIMARY KEY, up INT, v VARCHAR(20), n DECIMAL(9,2)"
        yield f"CREATE TABLE t{n} ({columns}, KEY (v), KEY (up){parent})"
    for n in range(size.routines):
        called = f" + r{n - 1}(a)" if n % 5 else ""
        yield f"CREATE FUNCTION r{n} (a INT) RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM t{n % 9}){called}"
    for n in range(size.views):
        below = f"v{n - 1}" if n % 5 else f"t{n % size.tables}"
        yield f"CREATE VIEW v{n} AS SELECT id, v FROM {below} WHERE id > {n}"
    for n in range(size.triggers):
        yield (
            f"CREATE TRIGGER g{n} AFTER INSERT ON t{n % size.tables} FOR EACH ROW"
            f" INSERT INTO t{size.tables - 1} (id) VALUES (NEW.id)"
        )


def fill(server: Server, schema: str, size: Size) -> None:
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        for statement in statements(size):
            cursor.execute(statement)


@pytest.fixture(scope="module")
def listened() -> Iterator[Server]:
    """A server of our own that writes down every statement."""
    with extra("many", options=["--general-log=ON", "--log-output=TABLE"]) as server:
        yield server


def planned(migrate: Migrate, server: Server, target: Server, schema: str, goal: str) -> tuple[Plan, float, int, int]:
    """The plan, its seconds, and how many statements asked the dictionary, and SHOW CREATE, about the schema."""
    client.rows(server, "TRUNCATE mysql.general_log", root=True)
    migrate.configure(server, target, (f"{schema}.*", f"{goal}.*"))
    began = time.monotonic()
    ran = migrate.ended(migrate.start("plan", "--json"), ("plan", "--json"))
    assert ran.code == 0, ran.text
    seconds = time.monotonic() - began
    asked, shown = (int(client.rows(server, query, f"%{schema}%", root=True)[0][0]) for query in (DICTIONARY, SHOWN))
    return Plan(ran, migrate), seconds, asked, shown


@pytest.mark.parametrize(
    "size", [Size(200, 50, 30, 30), pytest.param(MANY, marks=pytest.mark.full)], ids=["300", "3100"]
)
def test_what_is_asked_of_the_dictionary_does_not_grow_with_the_objects(
    size: Size, migrate: Migrate, listened: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    """What is to be created is shown once each, and nothing else is asked of single objects."""
    asked = {}
    for each in (SMALL, size):
        schema, goal = fresh_schemas("many", listened), fresh_schemas("many_to")
        fill(listened, schema, each)
        plan, seconds, asked[each], shown = planned(migrate, listened, target, schema, goal)
        made = {"create-table", "create-view", "create-trigger", "create-function"}
        assert sum(step.get("action") in made for step in plan.steps) == each.all
        assert shown <= each.all
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(
            f"{each.all} objects: planned in {seconds:.1f} s, {peak} MB at most, {asked[each]} questions",
            file=sys.stderr,
        )
        if each is MANY:
            assert seconds < 20
            assert peak < 1024
    assert 0 < asked[size] == asked[SMALL]
