"""A table on the target lacks a unique key of its source, and holds rows that break it until they are synced."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from migrate.engines import open_engines
from migrate.executor.last_look import last_look
from migrate.model.progress import StepFailed
from migrate.planfile import read
from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate
from tests.e2e.equality import assert_equal
from tests.e2e.test_sync import findings, planned, run
from tests.e2e.world import World
from tests.engines.mysql_sessions import ref_of
from tests.lab import Lab, client

SOURCE = (
    "CREATE TABLE mails (id INT PRIMARY KEY, mail VARCHAR(20), UNIQUE KEY mail (mail))",
    "INSERT INTO mails VALUES (1,'a'),(2,'b'),(3,'c'),(4,NULL)",
    "CREATE TABLE wide (id INT PRIMARY KEY, a INT, b INT NOT NULL, UNIQUE KEY ab (a, b), KEY by_b (b))",
    "INSERT INTO wide VALUES (1,1,1),(2,1,2),(3,2,1)",
    "CREATE TABLE became (id INT PRIMARY KEY, v VARCHAR(20), UNIQUE KEY v (v))",
    "INSERT INTO became VALUES (1,'x'),(2,'y')",
    "CREATE TABLE parent (id INT PRIMARY KEY)",
    "INSERT INTO parent VALUES (1),(2)",
    (
        "CREATE TABLE replaced (id INT PRIMARY KEY, p INT, UNIQUE KEY one (p),"
        " CONSTRAINT up FOREIGN KEY (p) REFERENCES parent (id))"
    ),
    "INSERT INTO replaced VALUES (1,1),(2,2)",
    (
        "CREATE TABLE child (id INT PRIMARY KEY, m VARCHAR(20),"
        " CONSTRAINT to_mail FOREIGN KEY (m) REFERENCES mails (mail))"
    ),
    "INSERT INTO child VALUES (1,'b'),(2,'c')",
    "CREATE TABLE old (id INT PRIMARY KEY, v INT, UNIQUE KEY v (v)) ENGINE=MyISAM",
    "INSERT INTO old VALUES (1,1),(2,2)",
    "CREATE TABLE bag (a INT, UNIQUE KEY a (a))",
    "INSERT INTO bag VALUES (1),(2),(NULL),(NULL)",
)
TARGET = (
    "CREATE TABLE mails (id INT PRIMARY KEY, mail VARCHAR(20))",
    "INSERT INTO mails VALUES (1,'a'),(2,'a'),(3,'c'),(9,'c')",
    "CREATE TABLE wide (id INT PRIMARY KEY, a INT)",
    "INSERT INTO wide VALUES (1,1),(2,1),(3,1)",
    "CREATE TABLE became (id INT PRIMARY KEY, v VARCHAR(20), KEY v (v))",
    "INSERT INTO became VALUES (1,'x'),(2,'x')",
    "CREATE TABLE parent (id INT PRIMARY KEY)",
    "INSERT INTO parent VALUES (1),(2)",
    (
        "CREATE TABLE replaced (id INT PRIMARY KEY, p INT, KEY several (p),"
        " CONSTRAINT up FOREIGN KEY (p) REFERENCES parent (id))"
    ),
    "INSERT INTO replaced VALUES (1,1),(2,1)",
    "CREATE TABLE child (id INT PRIMARY KEY, m VARCHAR(20))",
    "INSERT INTO child VALUES (1,'a'),(2,'c')",
    "CREATE TABLE old (id INT PRIMARY KEY, v INT, KEY v (v)) ENGINE=MyISAM",
    "INSERT INTO old VALUES (1,1),(2,1)",
    "CREATE TABLE bag (a INT)",
    "INSERT INTO bag VALUES (1),(1)",
)
PEOPLE = "CREATE TABLE people (id INT PRIMARY KEY, mail VARCHAR(20){}"
ADD = "add-indexes:new:{}.people"


@pytest.fixture
def worlds(migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas) -> Callable[..., World]:
    """Both sides with a schema of these statements, on servers by name."""

    def made(source: str, target: str, here: tuple[str, ...] = SOURCE, there: tuple[str, ...] = TARGET) -> World:
        one, other = everywhere.servers[source], everywhere.servers[target]
        world = World(migrate, one, other, fresh_everywhere("uniq", one), fresh_everywhere("uniq_to", other))
        run(one, world.schema, *here)
        run(other, world.goal, *there)
        world.configure()
        return world

    return made


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("source", "target"),
        ("source", "maria11"),
        *(
            pytest.param(*pair, marks=pytest.mark.full)
            for pair in (("legacy", "old"), ("new", "new"), ("maria10", "new"))
        ),
    ],
)
def test_a_key_that_the_synced_rows_keep_is_added_after_them(
    source: str, target: str, worlds: Callable[..., World]
) -> None:
    world = worlds(source, target)
    planned(world, "--prune", f"{world.goal}.*")
    world.migrate.must("apply", PLAN)
    if (source, target) in (("source", "target"), ("new", "new")):  # others say the same in other words
        assert_equal(world.source, world.schema, world.target, world.goal)
    world.migrate.must("verify", PLAN)
    assert "No changes." in world.migrate.must("plan").out
    unique = client.rows(
        world.target,
        "SELECT TABLE_NAME, INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s AND NON_UNIQUE = 0"
        " AND INDEX_NAME <> 'PRIMARY' GROUP BY 1, 2 ORDER BY 1, 2",
        world.goal,
    )
    keys = {"mails": "mail", "wide": "ab", "became": "v", "replaced": "one", "old": "v", "bag": "a"}
    assert dict(unique) == keys


def test_a_row_of_its_own_that_breaks_the_key_is_named_and_the_same_plan_goes_on_without_it(
    worlds: Callable[..., World],
) -> None:
    """Rows and columns are as at the source by then: what is left is the key, with or without a new plan."""
    here = (PEOPLE.format(", n INT, UNIQUE KEY mail (mail))"), "INSERT INTO people VALUES (1,'a',1),(2,'b',2)")
    there = (PEOPLE.format(", KEY mail (mail)) ENGINE=MyISAM"), "INSERT INTO people VALUES (1,'a'),(2,'a'),(9,'b')")
    world = worlds("source", "target", here, there)
    (said,) = findings(planned(world), "MG210").values()
    assert said.endswith(
        "refused if two rows are equal in it once they are synced; rows that only the target has stay, and may break it"
    )
    step = ADD.format(world.goal)
    for code in (3, 1):  # the second run finds the table altered and its rows synced
        ran = world.apply()
        assert ran.code == code, ran.text
        assert f"failed {step}" in ran.text
        held = "a row of the target, most likely one that only it has and keeps, holds a value that is unique: "
        assert f"{world.goal}.people: {held}" in ran.text
        assert "Duplicate entry 'b' for key" in ran.text
        assert f"next: delete or change that row, or plan again with --prune '{world.goal}.people'" in ran.out
        rows = client.rows(world.target, f"SELECT * FROM {world.goal}.people ORDER BY id")
        assert rows == [(1, "a", 1), (2, "b", 2), (9, "b", None)]
    run(world.target, world.goal, "UPDATE people SET mail = 'own' WHERE id = 9")
    ran = world.apply()
    assert (ran.code, "done before 2" in ran.out) == (0, True), ran.text
    assert "No changes." in world.migrate.must("plan").out
    run(world.target, world.goal, "ALTER TABLE people DROP KEY mail", "UPDATE people SET mail = 'b' WHERE id = 9")
    planned(world)
    ran = world.apply()  # no row is to be written: the key comes at once, and is refused in the same words
    assert (ran.code, "most likely one that only it has and keeps," in ran.text) == (1, True), ran.text
    planned(world, "--prune", f"{world.goal}.people")
    world.migrate.must("apply", PLAN)
    assert "No changes." in world.migrate.must("plan").out


def test_the_key_by_which_rows_are_told_apart_comes_first_and_rows_that_break_it_are_named(
    worlds: Callable[..., World],
) -> None:
    here = (PEOPLE.format(")"), "INSERT INTO people VALUES (1,'a'),(2,'b')")
    there = (
        "CREATE TABLE people (id INT NOT NULL, mail VARCHAR(20))",
        "INSERT INTO people VALUES (1,'a'),(1,'b'),(3,'c')",
    )
    world = worlds("source", "target", here, there)
    planned(world, "--prune", f"{world.goal}.*")
    before = client.rows(world.target, f"SELECT * FROM {world.goal}.people ORDER BY mail")
    ran = world.apply()
    assert ran.code == 1, ran.text
    assert f"failed alter-table:new:{world.goal}.people" in ran.text
    assert f"error: new: {world.goal}.people: Duplicate entry '1' for key" in ran.out
    assert (
        "next: rows of the target are told apart by this key, and two have the same value: delete or change" in ran.out
    )
    assert client.rows(world.target, f"SELECT * FROM {world.goal}.people ORDER BY mail") == before
    run(world.target, world.goal, "DELETE FROM people WHERE mail = 'b'")
    world.migrate.must("apply", PLAN)
    planned(world, "--prune", f"{world.goal}.*")
    world.finishes()


def test_a_key_that_waits_is_added_after_a_kill_between_the_rows_and_it(worlds: Callable[..., World]) -> None:
    """A lock on the table holds the ALTER back; meanwhile the client is killed, and the source moves on."""
    here = (PEOPLE.format(", n INT, UNIQUE KEY mail (mail))"), "INSERT INTO people VALUES (1,'a',1),(2,'b',2)")
    there = (PEOPLE.format(", n INT, KEY by_mail (mail))"), "INSERT INTO people VALUES (1,'a',1),(2,'a',2)")
    world = worlds("source", "target", here, there)
    planned(world)
    with client.connect(world.target, database=world.goal) as reader, reader.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT COUNT(*) FROM people")
        process = world.migrate.start("apply", PLAN)
        deadline = time.monotonic() + 60
        while not _altering(world):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        assert client.rows(world.target, f"SELECT mail FROM {world.goal}.people WHERE id = 2") == [("b",)]
        process.kill()
        process.communicate()
    run(world.source, world.schema, "UPDATE people SET mail = 'c' WHERE id = 1", "INSERT INTO people VALUES (3,'a',3)")
    world.finishes()


def _altering(world: World) -> bool:
    found = client.rows(
        world.target,
        "SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table metadata lock'"
        f" AND INFO LIKE '%ALTER TABLE%{world.goal}%'",
        root=True,
    )
    return bool(found)


FK = "CONSTRAINT up FOREIGN KEY (p) REFERENCES parent (id)"
PARENT = ("CREATE TABLE parent (id INT PRIMARY KEY)", "INSERT INTO parent VALUES (1),(2),(3)")
STAYING: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "a key whose name another one has": (
        (
            "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, UNIQUE KEY u (a))",
            "INSERT INTO t VALUES (1,1,7),(2,2,7),(3,3,8)",
        ),
        (
            "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, UNIQUE KEY u (b))",
            "INSERT INTO t VALUES (1,1,7),(3,3,8)",
        ),
    ),
    "a longer prefix": (
        (
            "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9), UNIQUE KEY u (a(6)))",
            "INSERT INTO t VALUES (1,'aaab'),(2,'aaac')",
        ),
        ("CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9), UNIQUE KEY u (a(3)))", "INSERT INTO t VALUES (1,'aaab')"),
    ),
    "a unique index that a foreign key needs": (
        (
            *PARENT,
            f"CREATE TABLE t (id INT PRIMARY KEY, p INT, q INT, r INT, UNIQUE KEY one (p,q), {FK})",
            "INSERT INTO t VALUES (1,1,1,1),(2,1,2,1)",
        ),
        (
            *PARENT,
            f"CREATE TABLE t (id INT PRIMARY KEY, p INT, q INT, r INT, UNIQUE KEY two (p,r), {FK})",
            "INSERT INTO t VALUES (1,1,1,1)",
        ),
    ),
    "an index that goes with its column": (
        (
            *PARENT,
            f"CREATE TABLE t (id INT PRIMARY KEY, p INT, UNIQUE KEY one (p), {FK})",
            "INSERT INTO t VALUES (1,1),(2,2)",
        ),
        (
            *PARENT,
            f"CREATE TABLE t (id INT PRIMARY KEY, p INT, extra INT, KEY several (p,extra), {FK})",
            "INSERT INTO t VALUES (1,1,1)",
        ),
    ),
    "a counter that is second": (
        (
            (
                "CREATE TABLE t (k INT PRIMARY KEY, a INT NOT NULL, n INT NOT NULL AUTO_INCREMENT, UNIQUE KEY u (a,n))"
                " ENGINE=MyISAM"
            ),
            "INSERT INTO t VALUES (1,1,1),(2,1,2)",
        ),
        (
            "CREATE TABLE t (k INT PRIMARY KEY, a INT NOT NULL, n INT NOT NULL) ENGINE=MyISAM",
            "INSERT INTO t VALUES (1,1,1)",
        ),
    ),
}


@pytest.mark.parametrize("case", STAYING)
def test_a_key_that_cannot_wait_comes_first(case: str, worlds: Callable[..., World]) -> None:
    """Each of these is one statement on servers; as two, the first of them or the rows would be refused."""
    here, there = STAYING[case]
    world = worlds("source", "target", here, there)
    planned(world, "--allow-destructive", f"{world.goal}.*")
    world.migrate.must("apply", PLAN)
    assert_equal(world.source, world.schema, world.target, world.goal)
    world.migrate.must("verify", PLAN)


def test_what_was_skipped_after_the_rows_is_no_fault_of_the_statement_before_them(worlds: Callable[..., World]) -> None:
    """Also where the column that the statement before alters is called like the key, and where a key is replaced."""
    here = (
        "CREATE TABLE people (id INT PRIMARY KEY, mail VARCHAR(30), n INT, UNIQUE KEY mail (mail), UNIQUE KEY n (n))",
        "INSERT INTO people VALUES (1,'a',1),(2,'b',2)",
    )
    there = (
        "CREATE TABLE people (id INT PRIMARY KEY, mail VARCHAR(20), n BIGINT, KEY by_n (n))",
        "INSERT INTO people VALUES (1,'a',2),(2,'a',2)",
    )
    for skipped, rows in (("add-indexes", [("a", 1), ("b", 2)]), ("sync-rows", [("a", 2), ("a", 2)])):
        world = worlds("source", "target", here, there)
        world.migrate.must("plan", "--skip", f"{skipped}:new:{world.goal}.people")
        assert f"alter-table:new:{world.goal}.people" in world.migrate.plan.read_text()
        world.migrate.must("apply", PLAN)
        assert client.rows(world.target, "SELECT mail,n FROM people ORDER BY id", database=world.goal) == rows
        unique = "SELECT COUNT(*) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s AND NON_UNIQUE = 0"
        unique += " AND TABLE_NAME = 'people'"
        assert client.rows(world.target, unique, world.goal) == [(1,)], "its primary key"
        world.migrate.must("apply", PLAN)
        assert "No changes." not in world.migrate.must("plan").out, "a new plan has what was skipped"


def test_what_a_statement_did_and_is_not_there_is_named_though_other_keys_were_skipped(
    worlds: Callable[..., World],
) -> None:
    here = (
        "CREATE TABLE people (id INT PRIMARY KEY, mail VARCHAR(30), n INT, UNIQUE KEY mail (mail), KEY n (n))",
        "INSERT INTO people VALUES (1,'a',1)",
    )
    world = worlds("source", "target", here, ("CREATE TABLE people (id INT PRIMARY KEY, mail VARCHAR(20), n INT)",
                                              "INSERT INTO people VALUES (1,'a',2)"))  # fmt: skip
    world.migrate.must("plan", "--skip", f"add-indexes:new:{world.goal}.people")
    world.migrate.must("apply", PLAN)
    client.rows(world.target, f"ALTER TABLE `{world.goal}`.people DROP KEY n")

    async def look() -> tuple[StepFailed, ...]:
        async with open_engines({"old": ref_of(world.source), "new": ref_of(world.target)}, 2) as engines:
            return (await last_look(read(world.migrate.plan), engines))[0]

    (failed,) = asyncio.run(look())
    assert (
        failed.error
        == f"new:{world.goal}.people is not defined as its source: index n: missing, wanted (n) USING BTREE"
    )


def test_a_table_that_lost_the_key_by_which_it_is_read_is_told_with_the_next_step(worlds: Callable[..., World]) -> None:
    """There is no index to go up by (1176), and its rows are compared all the same."""
    here = (
        "CREATE TABLE t (id INT, v INT, PRIMARY KEY (id))",
        "INSERT INTO t VALUES (1,1),(2,2)",
        "CREATE TABLE u (id INT NOT NULL, v INT, UNIQUE KEY by_id (id))",
        "INSERT INTO u VALUES (1,1),(2,2)",
    )
    world = worlds("source", "target", here, ())
    world.migrate.must("run", "migrate.toml")
    run(world.target, world.goal, "ALTER TABLE t DROP PRIMARY KEY", "ALTER TABLE u DROP KEY by_id",
        "INSERT INTO u VALUES (2,2)")  # fmt: skip
    for repair in ((), ("--repair",)):
        ran = world.migrate("verify", PLAN, "--json", *repair)
        assert ran.code == 7, ran.text
        failed = {one["step"].rpartition(".")[2]: one for one in ran.of("step_failed")}
        assert failed["t"]["error"].endswith("index PRIMARY: missing, wanted primary (id) USING BTREE"), (
            "its rows are equal"
        )
        assert failed["u"]["error"].endswith(" USING BTREE; 2 rows at the source, 3 at the target")
        assert {one["hint"] for one in failed.values()} == {"plan again: the new plan shows what it would take"}
