"""Rows that would lose their parent by what migrate deletes or replaces on a target: named before, or afterwards."""

from __future__ import annotations

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate, Ran
from tests.e2e.test_sync import findings, planned, run
from tests.e2e.world import World
from tests.lab import Server, client

PARENT = (
    "CREATE TABLE p (id INT PRIMARY KEY, v VARCHAR(9), u INT NOT NULL, UNIQUE KEY by_u (u))",
    "INSERT INTO p VALUES (1,'a',10),(2,'b',20)",
)
CHILD = (
    "CREATE TABLE c (id INT PRIMARY KEY, pid INT, CONSTRAINT up FOREIGN KEY (pid) REFERENCES p (id))",
    "INSERT INTO c VALUES (1,1),(2,2)",
)
OWN = (
    "CREATE TABLE own (id INT PRIMARY KEY, pid INT, CONSTRAINT mine FOREIGN KEY (pid) REFERENCES p (id))",
    "INSERT INTO own VALUES (1,1),(2,NULL)",
)
UNCHECKED = "SET foreign_key_checks = 0"


@pytest.fixture
def shop(migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas) -> World:
    """A parent and a child that were moved, and on the target a child that the source does not have."""
    schema, goal = fresh_schemas("orphans", source), fresh_schemas("orphans_to", target)
    made = World(migrate, source, target, schema, goal)
    run(source, schema, *PARENT, *CHILD)
    made.configure()
    made.plan()
    migrate.must("apply", PLAN)
    run(target, goal, *OWN)
    return made


def pruning(shop: World) -> Ran:
    return planned(shop, "--prune", f"{shop.goal}.p")


def parents(shop: World) -> list[int]:
    return [key for (key,) in client.rows(shop.target, f"SELECT id FROM {shop.goal}.p ORDER BY id")]


def test_rows_to_which_a_table_outside_the_plan_refers_are_not_pruned(shop: World) -> None:
    run(shop.target, shop.goal, "INSERT INTO p VALUES (7,'x',70),(8,'y',80)", "INSERT INTO own VALUES (3,7),(4,7)")
    (text,) = findings(pruning(shop), "MG214").values()
    assert f"2 rows of new:{shop.goal}.own (foreign key mine), which the plan does not move, refer to them" in text
    ran = shop.apply()
    assert ran.code == 6, ran.text
    assert parents(shop) == [1, 2, 7, 8]
    run(shop.target, shop.goal, "UPDATE own SET pid = 2 WHERE pid = 7")
    assert not findings(pruning(shop), "MG214")
    shop.migrate.must("apply", PLAN)
    assert parents(shop) == [1, 2]


def test_rows_outside_the_plan_that_lost_their_parent_are_named(shop: World) -> None:
    """The row that refers to what is pruned came after the plan."""
    run(shop.target, shop.goal, "INSERT INTO p VALUES (7,'x',70)")
    assert not findings(pruning(shop), "MG214")
    run(shop.target, shop.goal, "INSERT INTO own VALUES (3,7)")
    ran = shop.apply()
    assert ran.code == 7, ran.text
    assert f"new:{shop.goal}.own: 1 row has no parent for foreign key mine" in ran.text
    assert "next: the plan does not move that table: delete these rows there, or give them a parent again" in ran.text
    run(shop.target, shop.goal, "DELETE FROM own WHERE id = 3")
    shop.migrate.must("apply", PLAN)


def test_rows_outside_the_plan_that_refer_to_a_value_which_is_replaced_are_named(shop: World) -> None:
    run(
        shop.target,
        shop.goal,
        "CREATE TABLE by_value (id INT PRIMARY KEY, u INT, CONSTRAINT value FOREIGN KEY (u) REFERENCES p (u))",
        "INSERT INTO by_value VALUES (1,10),(2,20)",
    )
    run(shop.source, shop.schema, "UPDATE p SET u = 21 WHERE id = 2")
    planned(shop)
    ran = shop.apply()
    assert ran.code == 7, ran.text
    assert f"new:{shop.goal}.by_value: 1 row has no parent for foreign key value" in ran.text


def test_rows_that_had_no_parent_before_are_no_fault_of_a_plan(shop: World) -> None:
    run(shop.target, shop.goal, UNCHECKED, "INSERT INTO own VALUES (3,99)", "INSERT INTO p VALUES (7,'x',70)")
    pruning(shop)
    ran = shop.migrate.must("apply", PLAN)
    assert "1 row has no parent for foreign key mine, as when it was planned" in ran.out
    assert parents(shop) == [1, 2]


def test_a_plan_that_deletes_nothing_does_not_look_at_tables_outside_it(shop: World) -> None:
    run(shop.source, shop.schema, "UPDATE p SET v = 'new'")
    (plan,) = planned(shop).of("plan")
    shop.migrate.must("apply", PLAN)
    assert "outside" not in (shop.migrate.folder / PLAN).read_text("utf-8"), plan


def test_a_repair_names_rows_that_lose_their_parent_by_it(shop: World) -> None:
    run(shop.target, shop.goal, "INSERT INTO p VALUES (7,'x',70)", "INSERT INTO c VALUES (9,1)")
    pruning(shop)
    shop.migrate.must("apply", PLAN)
    assert "Equal" in shop.migrate.must("verify", PLAN, "--repair").out
    run(shop.target, shop.goal, "INSERT INTO p VALUES (30,'x',300)", "INSERT INTO c VALUES (31,30)")
    run(shop.target, shop.goal, "INSERT INTO own VALUES (31,30),(32,30)")
    ran = shop.migrate("verify", PLAN, "--repair")
    assert ran.code == 7, ran.text
    assert parents(shop) == [1, 2]
    assert f"new:{shop.goal}.c: 1 row has no parent for foreign key up; at the source 0" in ran.text
    assert "next: delete these rows on the target, or plan again with --prune for their table too" in ran.out
    assert f"new:{shop.goal}.own: 2 rows have no parent for foreign key mine" in ran.text


def test_orphans_are_counted_where_parent_and_child_have_other_collations(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("orphans", source), fresh_schemas("orphans_to", target)
    shop = World(migrate, source, target, schema, goal)
    run(
        source,
        schema,
        "CREATE TABLE p (id VARCHAR(9) COLLATE utf8mb4_general_ci PRIMARY KEY)",
        (
            "CREATE TABLE c (id INT PRIMARY KEY, pid VARCHAR(9) COLLATE utf8mb4_general_ci,"
            " CONSTRAINT up FOREIGN KEY (pid) REFERENCES p (id))"
        ),
        "INSERT INTO p VALUES ('a'),('ß'),('ç')",
        "INSERT INTO c VALUES (1,'A'),(2,'ß')",
    )
    shop.configure()
    shop.plan()
    migrate.must("apply", PLAN)
    other = "ALTER TABLE p MODIFY id VARCHAR(9) COLLATE utf8mb4_0900_ai_ci"
    run(source, schema, UNCHECKED, other, "INSERT INTO c VALUES (3,'none')")
    run(target, goal, UNCHECKED, other, "INSERT INTO p VALUES ('gone')", "INSERT INTO c VALUES (3,'none')")
    planned(shop, "--prune", f"{goal}.p")
    ran = migrate.must("apply", PLAN)
    assert "1 row has no parent for foreign key up, at the source too" in ran.text


def test_more_rows_that_are_deleted_than_were_planned_are_told(shop: World) -> None:
    run(shop.target, shop.goal, "INSERT INTO p VALUES (7,'x',70)")
    pruning(shop)
    more = ",".join(f"({n},'more',{n})" for n in range(100, 1101))
    run(shop.target, shop.goal, f"INSERT INTO p VALUES {more}")
    ran = shop.migrate.must("apply", PLAN)
    assert "1,002 rows that only the target had were deleted, 1 when it was planned" in ran.out


def test_a_proof_that_finds_a_difference_tells_of_the_repair(shop: World) -> None:
    run(shop.target, shop.goal, "UPDATE p SET v = 'other' WHERE id = 1")
    ran = shop.migrate("verify", PLAN)
    assert ran.code == 7, ran.text
    assert "next: migrate verify --repair reads what differs again from the source\n" in ran.out
    assert "writers" not in ran.out
    shop.migrate.must("verify", PLAN, "--repair")
