"""Tables that are on the target already become equal again: what differs moves, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate, Ran
from tests.e2e.equality import assert_equal
from tests.e2e.world import World
from tests.lab import Lab, Server, client

NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT"
TABLES = (
    "CREATE TABLE big (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(200), t TEXT, KEY by_v (v))",
    f"INSERT INTO big {NUMBERS.format(60_000)} i, REPEAT(MD5(i), 4), IF(i % 3, 'x', NULL) FROM n",
    "CREATE TABLE words (w VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, n INT)",
    "INSERT INTO words VALUES ('한글',1),('é',2),('a',3),('Straße',4),('z',5)",
    "CREATE TABLE pairs (a INT, b VARBINARY(9), u INT UNIQUE, PRIMARY KEY (a, b))",
    f"INSERT INTO pairs {NUMBERS.format(3_000)} i % 7, CONVERT(i, CHAR), i FROM n",
    "CREATE TABLE bag (a INT, v VARCHAR(9))",
    "INSERT INTO bag VALUES (1,'a'),(1,'a'),(2,'b'),(NULL,NULL)",
    "CREATE TABLE old (id INT PRIMARY KEY, v VARCHAR(9)) ENGINE=MyISAM",
    "INSERT INTO old VALUES (1,'a'),(2,'b'),(3,'c')",
    "CREATE TABLE parent (id INT PRIMARY KEY, v INT)",
    "INSERT INTO parent VALUES (1,1),(2,2),(3,3)",
    (
        "CREATE TABLE child (id INT PRIMARY KEY, p INT, CONSTRAINT up FOREIGN KEY (p) REFERENCES parent (id)"
        " ON DELETE CASCADE)"
    ),
    "INSERT INTO child VALUES (1,1),(2,2),(3,3)",
)
CHANGES = (
    "UPDATE big SET v = CONCAT('new', id) WHERE id % 1000 = 500",
    "DELETE FROM big WHERE id BETWEEN 30001 AND 30010",
    "INSERT INTO big (id, v) VALUES (-5, 'first'), (200000, 'last')",
    "UPDATE words SET w = 'A' WHERE w = 'a'",
    "UPDATE words SET n = NULL WHERE w = '한글'",
    "DELETE FROM words WHERE w = 'é'",
    "UPDATE pairs SET u = -u WHERE u IN (1, 2999)",
    "UPDATE pairs SET u = 3000 + u WHERE u IN (-1, -2999)",
    "UPDATE pairs SET b = 'moved' WHERE u = 77",
    "INSERT INTO bag VALUES (1,'a')",
    "UPDATE old SET v = 'B' WHERE id = 2",
    "DELETE FROM child WHERE id = 2",
    "DELETE FROM parent WHERE id = 2",
    "UPDATE parent SET v = 33 WHERE id = 3",
)
GONE = {"big": 10, "words": 1, "child": 1, "parent": 1}


@contextmanager
def open_world(migrate: Migrate, source: Server, target: Server, fresh: FreshSchemas) -> Iterator[World]:
    """A schema that was moved, and then changed at the source."""
    schema, goal = fresh("sync", source), fresh("sync_to", target)
    world = World(migrate, source, target, schema, goal)
    run(source, schema, *TABLES)
    world.configure()
    world.plan()
    migrate.must("apply", PLAN)
    yield world


def run(server: Server, schema: str, *statements: str) -> None:
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        for variable in ("cte_max_recursion_depth", "max_recursive_iterations"):
            if client.rows(server, f"SHOW VARIABLES LIKE '{variable}'"):
                cursor.execute(f"SET {variable} = 1000000")
        for statement in statements:
            cursor.execute(statement)


def planned(world: World, *words: str) -> Ran:
    return world.migrate.must("plan", "--json", *words)


def findings(ran: Ran, code: str) -> dict[str, str]:
    (plan,) = ran.of("plan")
    found = {one["object"].rpartition(".")[2]: one["text"] for one in plan["findings"] if one["code"] == code}
    return dict(sorted(found.items()))


def written(ran: Ran) -> dict[str, int]:
    """Rows that were written, by table."""
    done = [event for event in ran.of("step_done") if event["step"].startswith("sync-rows:")]
    return {event["step"].rpartition(".")[2]: event["rows"] for event in done}


@pytest.fixture
def worlds(migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas) -> Iterator[Callable[[str, str], World]]:
    """Moved from the one named server to the other."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def made(source: str, target: str) -> World:
            servers = everywhere.servers
            return stack.enter_context(open_world(migrate, servers[source], servers[target], fresh_everywhere))

        yield made


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("source", "target"),
        ("maria11", "source"),
        *(pytest.param(*pair, marks=pytest.mark.full) for pair in (("old", "new"), ("source", "maria10"))),
        pytest.param("maria10", "maria11", marks=pytest.mark.full),
    ],
)
def test_what_changed_at_the_source_is_brought_along_and_nothing_else(
    source: str, target: str, worlds: Callable[[str, str], World]
) -> None:
    world = worlds(source, target)
    run(world.source, world.schema, *CHANGES)
    kept = planned(world)
    assert {name: int(text.split()[0]) for name, text in findings(kept, "MG211").items() if name != "pairs"} == GONE | {
        "words": 2  # the key that is spelled otherwise is counted as one row that goes and one that comes
    }
    assert list(findings(kept, "MG202")) == ["bag"]
    blocked = world.migrate("apply", PLAN)
    assert blocked.code == 6, blocked.text
    ran = planned(world, "--prune", f"{world.goal}.*")
    assert findings(ran, "MG212")["big"] == "10 rows that only the target has are deleted"
    applied = world.migrate.must("apply", PLAN, "--json")
    assert written(applied) == {
        "bag": 5,
        "big": 62,
        "old": 1,
        "pairs": 3,
        "parent": 1,
        "child": 0,
        "words": 2,
    }
    assert_equal(world.source, world.schema, world.target, world.goal)
    assert world.migrate.must("plan").out.startswith("Plan ")
    assert "No changes." in world.migrate.must("plan").out


def test_rows_of_its_own_stay_on_the_target_and_are_no_difference(worlds: Callable[[str, str], World]) -> None:
    world = worlds("source", "target")
    run(world.source, world.schema, *(one for one in CHANGES if "bag" not in one and "'moved'" not in one))
    planned(world)
    applied = world.migrate.must("apply", PLAN)
    assert f"note sync-rows:new:{world.goal}.big: 10 rows that only the target has stay there" in applied.out
    own = client.rows(world.target, f"SELECT COUNT(*) FROM {world.goal}.big WHERE id BETWEEN 30001 AND 30010")
    assert own == [(10,)]
    spelled = client.rows(world.target, f"SELECT w FROM {world.goal}.words ORDER BY w")
    assert spelled == [("A",), ("é",), ("Straße",), ("z",), ("한글",)]
    assert "10 rows that only the target has stay there" in world.migrate.must("verify", PLAN).out
    again = planned(world)
    assert (again.of("plan")[0]["steps"], list(findings(again, "MG211"))) == (
        0,
        ["big", "child", "parent", "words"],
    )
    world.migrate.must("verify", PLAN)  # a plan without steps knows of them by its findings
    run(world.target, world.goal, "UPDATE big SET v = 'else' WHERE id = 1")
    assert world.migrate("verify", PLAN).code == 7


def test_a_table_that_lost_its_key_is_not_repaired_where_rows_of_the_target_are_spared(
    worlds: Callable[[str, str], World],
) -> None:
    world = worlds("source", "target")
    run(world.source, world.schema, "DELETE FROM words WHERE w = 'é'", "UPDATE words SET w = 'A' WHERE w = 'a'")
    planned(world)
    world.migrate.must("apply", PLAN)
    for server, schema in ((world.source, world.schema), (world.target, world.goal)):
        run(server, schema, "ALTER TABLE words DROP PRIMARY KEY")
    run(world.target, world.goal, "UPDATE words SET n = 77 WHERE w = 'z'")
    before = client.rows(world.target, f"SELECT w, n FROM {world.goal}.words ORDER BY w")
    ran = world.migrate("verify", PLAN, "--repair")
    assert ran.code == 7, ran.text
    assert "words differs from " in ran.out
    assert "is not repaired: it has no key any more by which rows that only the target has could be spared" in ran.out
    assert "next: give it its key again on both sides, or plan again: --prune empties the table" in ran.out
    assert client.rows(world.target, f"SELECT w, n FROM {world.goal}.words ORDER BY w") == before


def test_triggers_do_not_fire_for_rows_that_are_synced(worlds: Callable[[str, str], World]) -> None:
    world = worlds("source", "target")
    fires = (
        "CREATE TABLE fired (n INT AUTO_INCREMENT PRIMARY KEY)",
        "CREATE TRIGGER on_insert AFTER INSERT ON parent FOR EACH ROW INSERT INTO fired VALUES (NULL)",
        "CREATE TRIGGER on_delete AFTER DELETE ON parent FOR EACH ROW INSERT INTO fired VALUES (NULL)",
    )
    for server, schema in ((world.source, world.schema), (world.target, world.goal)):
        run(server, schema, *fires)
    run(world.source, world.schema, "UPDATE parent SET v = 99")
    assert "on_delete, on_insert" in findings(planned(world), "MG205")["parent"]
    world.migrate.must("apply", PLAN)
    assert client.rows(world.target, f"SELECT COUNT(*) FROM {world.goal}.fired") == [(0,)]
    assert_equal(world.source, world.schema, world.target, world.goal)


def test_rows_that_lost_their_parent_are_named(worlds: Callable[[str, str], World]) -> None:
    """A child that only the target has refers to a parent that is pruned."""
    world = worlds("source", "target")
    run(world.target, world.goal, "INSERT INTO parent VALUES (9,9)", "INSERT INTO child VALUES (9,9)")
    planned(world, "--prune", f"{world.goal}.parent")
    ran = world.migrate("apply", PLAN)
    assert ran.code == 7, ran.text
    assert "1 row has no parent for foreign key up; at the source 0" in ran.text
    assert client.rows(world.target, f"SELECT COUNT(*) FROM {world.goal}.child WHERE id = 9") == [(1,)]


def test_a_unique_value_that_a_row_of_the_targets_own_holds_is_named(worlds: Callable[[str, str], World]) -> None:
    world = worlds("source", "target")
    held = "UPDATE pairs SET b = 'moved' WHERE u = 77"
    run(world.source, world.schema, held, "UPDATE pairs SET u = u + 10000 WHERE u > 2300")
    planned(world)
    ran = world.migrate("apply", PLAN)
    assert ran.code == 3, ran.text
    assert "holds a value that is unique: " in ran.text
    assert f"next: delete or change that row, or plan again with --prune '{world.goal}.pairs'" in ran.out
    count = client.rows(world.target, f"SELECT COUNT(*) FROM {world.goal}.pairs")
    assert count == [(3_000,)], "nothing was deleted for a row that could not come"
    ((replaced,),) = client.rows(world.target, f"SELECT COUNT(*) FROM {world.goal}.pairs WHERE u > 10000")
    assert 0 < replaced < 700, "rows of other batches are replaced by then"
    planned(world, "--prune", f"{world.goal}.pairs")
    world.migrate.must("apply", PLAN)
    assert_equal(world.source, world.schema, world.target, world.goal)


def test_only_rows_that_fit_a_condition_are_synced_and_pruned(worlds: Callable[[str, str], World]) -> None:
    world = worlds("source", "target")
    run(world.source, world.schema, "UPDATE big SET t = 'y' WHERE id IN (10, 20)", "DELETE FROM big WHERE id IN (4, 6)")
    run(world.target, world.goal, "UPDATE big SET t = NULL WHERE id = 20")
    where = f"where = {{ \"{world.schema}.big\" = \"t IN ('x', 'y')\" }}"
    world.configure(move=where)
    assert findings(planned(world, "--prune", "*.big"), "MG212") == {"big": "1 row that only the target has is deleted"}
    assert written(world.migrate.must("apply", PLAN, "--json"))["big"] == 2
    left = client.rows(world.target, f"SELECT id, t FROM {world.goal}.big WHERE id IN (4, 6, 10, 20) ORDER BY id")
    assert left == [(6, None), (10, "y"), (20, "y")]


def test_what_is_not_compared_when_planning_is_synced_when_applying(worlds: Callable[[str, str], World]) -> None:
    world = worlds("source", "target")
    run(world.source, world.schema, "UPDATE big SET t = 'y' WHERE id = 10", "ALTER TABLE parent ADD w INT DEFAULT 5")
    world.configure(move='compare = "schema"\nexclude = ["*.bag"]')
    assert {"big", "parent"} <= set(findings(planned(world), "MG204"))
    assert written(world.migrate.must("apply", PLAN, "--json"))["big"] == 1
    world.migrate.must("verify", PLAN)


def test_the_counter_of_a_table_follows_its_source(worlds: Callable[[str, str], World]) -> None:
    world = worlds("source", "target")
    run(
        world.source, world.schema, "INSERT INTO big (v) VALUES ('one more')", "ALTER TABLE big AUTO_INCREMENT = 500000"
    )
    planned(world)
    world.migrate.must("apply", PLAN)
    run(world.target, world.goal, "INSERT INTO big (v) VALUES ('next')")
    assert client.rows(world.target, f"SELECT MAX(id) FROM {world.goal}.big") == [(500000,)]
