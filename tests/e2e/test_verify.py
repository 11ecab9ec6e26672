"""Whatever differs on the target, `migrate verify` ends with 7 and names the table and the range of its key."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate
from tests.e2e.equality import assert_equal
from tests.e2e.hostile.values import fill
from tests.e2e.world import World
from tests.lab import Server, client
from tests.sample import sampled

TABLES = (
    "SET cte_max_recursion_depth = 1000000",
    (
        "CREATE TABLE big (id INT PRIMARY KEY, v VARCHAR(40) COLLATE utf8mb4_0900_ai_ci, d DOUBLE, t TEXT,"
        " f FLOAT NOT NULL DEFAULT 0 INVISIBLE, KEY by_v (v))"
    ),
    (
        "INSERT INTO big WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)"
        " SELECT i, IF(i % 2, 'e', MD5(i)), 0.1, IF(i % 3, 'x', NULL) FROM n"
    ),
    "UPDATE big SET d = 0 WHERE id = 60000",
    "UPDATE big SET d = '2.225073858507201e-308' WHERE id = 60001",
    "CREATE TABLE bag (a INT, v VARCHAR(9))",
    "INSERT INTO bag VALUES (1,'a'),(1,'a'),(1,'a'),(2,'b'),(NULL,NULL)",
    "CREATE TABLE words (w VARCHAR(20) COLLATE utf8mb4_0900_ai_ci PRIMARY KEY, n INT NOT NULL DEFAULT 5)",
    "INSERT INTO words VALUES ('한글',1),('é',2),('a',3)",
    (
        "CREATE TABLE part (id INT PRIMARY KEY, w VARCHAR(20), CONSTRAINT of_word FOREIGN KEY (w) REFERENCES words (w),"
        " CONSTRAINT positive CHECK (id > 0))"
    ),
    "INSERT INTO part VALUES (1,'a')",
    "CREATE TABLE pairs (id INT PRIMARY KEY, u INT UNIQUE)",
    "INSERT INTO pairs SELECT id, id FROM big WHERE id <= 5000",
)
SMALLEST = "ST_X(ST_GeomFromWKB(x'010100000000000000000010000000000000000000'))"
"""The DOUBLE 2.2250738585072014e-308, by its bits: servers may print a text that they read as the number below."""

SECOND = "key above 50000 and up to 100000: "
SAME_COUNT = SECOND + "50,000 rows on both sides, with other values"

CHANGES = {
    "a value": (
        "UPDATE big SET v = 'other' WHERE id = 70000",
        "UPDATE big SET v = MD5(70000) WHERE id = 70000",
        SAME_COUNT,
    ),
    "no row in the middle": (
        "DELETE FROM big WHERE id = 99999",
        "INSERT INTO big VALUES (99999,'e',0.1,NULL)",
        SECOND + "50,000 rows at the source, 49,999 at the target",
    ),
    "no last row": (
        "DELETE FROM big WHERE id = 120000",
        "INSERT INTO big VALUES (120000,MD5(120000),0.1,NULL)",
        "key above 100000: 20,000 rows at the source, 19,999 at the target",
    ),
    "a row before all": (
        "INSERT INTO big (id) VALUES (-2147483648)",
        "DELETE FROM big WHERE id < 0",
        "key up to 50000: 50,000 rows at the source, 50,001 at the target",
    ),
    "a row after all": (
        "INSERT INTO big (id) VALUES (2147483647)",
        "DELETE FROM big WHERE id > 120000",
        "key above 100000: 20,000 rows at the source, 20,001 at the target",
    ),
    "two rows exchanged": (
        "UPDATE big SET v = IF(id = 60002, MD5(60004), MD5(60002)) WHERE id IN (60002, 60004)",
        "UPDATE big SET v = MD5(id) WHERE id IN (60002, 60004)",
        SAME_COUNT,
    ),
    "another key": ("UPDATE big SET id = -7 WHERE id = 70001", "UPDATE big SET id = 70001 WHERE id = -7", SECOND),
    "'' for NULL": ("UPDATE big SET t = '' WHERE id = 60000", "UPDATE big SET t = NULL WHERE id = 60000", SAME_COUNT),
    "'N' for NULL": ("UPDATE big SET t = 'N' WHERE id = 60000", "UPDATE big SET t = NULL WHERE id = 60000", SAME_COUNT),
    "a bit of a double": (
        "UPDATE big SET d = '0.10000000000000002' WHERE id = 70000",
        "UPDATE big SET d = 0.1 WHERE id = 70000",
        SAME_COUNT,
    ),
    "the sign of zero": (
        "UPDATE big SET d = '-0' WHERE id = 60000",
        "UPDATE big SET d = 0 WHERE id = 60000",
        SAME_COUNT,
    ),
    "a bit of a float": (
        "UPDATE big SET f = '1e-45' WHERE id = 70000",
        "UPDATE big SET f = 0 WHERE id = 70000",
        SAME_COUNT,
    ),
    "the sign of a float's zero": (
        "UPDATE big SET f = '-0' WHERE id = 70000",
        "UPDATE big SET f = 0 WHERE id = 70000",
        SAME_COUNT,
    ),
    "a space at the end": (
        "UPDATE big SET v = 'e ' WHERE id = 70001",
        "UPDATE big SET v = 'e' WHERE id = 70001",
        SAME_COUNT,
    ),
    "case": ("UPDATE big SET v = 'E' WHERE id = 70001", "UPDATE big SET v = 'e' WHERE id = 70001", SAME_COUNT),
    "an accent": ("UPDATE big SET v = 'é' WHERE id = 70001", "UPDATE big SET v = 'e' WHERE id = 70001", SAME_COUNT),
    "case of a key": (
        "UPDATE words SET w = 'É' WHERE w = 'é'",
        "UPDATE words SET w = 'é' WHERE w = 'é'",
        "3 rows on both sides",
    ),
    "one more of the same": (
        "INSERT INTO bag VALUES (1,'a')",
        "DELETE FROM bag WHERE a = 1 LIMIT 1",
        "5 rows at the source, 6 at the target",
    ),
    "one less of the same": (
        "DELETE FROM bag WHERE a = 1 LIMIT 1",
        "INSERT INTO bag VALUES (1,'a')",
        "5 rows at the source, 4 at the target",
    ),
    "one for another": (
        "UPDATE bag SET a = 2, v = 'b' WHERE a = 1 LIMIT 1",
        "UPDATE bag SET a = 1, v = 'a' WHERE a = 2 LIMIT 1",
        "5 rows on both sides, with other values",
    ),
    "a column over": (
        "UPDATE bag SET a = NULL, v = '1a' WHERE a = 1 LIMIT 1",
        "UPDATE bag SET a = 1, v = 'a' WHERE v = '1a'",
        "5 rows",
    ),
    "no index": ("ALTER TABLE big DROP KEY by_v", "ALTER TABLE big ADD KEY by_v (v)", "by_v"),
    "one index more": ("ALTER TABLE bag ADD KEY more (a)", "ALTER TABLE bag DROP KEY more", "more"),
    "another default": (
        "ALTER TABLE words ALTER n SET DEFAULT 6",
        "ALTER TABLE words ALTER n SET DEFAULT 5",
        "wanted int NOT NULL DEFAULT '5'",
    ),
    "a default gone": (
        "ALTER TABLE words ALTER n DROP DEFAULT",
        "ALTER TABLE words ALTER n SET DEFAULT 5",
        "wanted int NOT NULL DEFAULT '5'",
    ),
    "no foreign key": (
        "ALTER TABLE part DROP FOREIGN KEY of_word",
        "ALTER TABLE part ADD CONSTRAINT of_word FOREIGN KEY (w) REFERENCES words (w)",
        "of_word",
    ),
    "no check": (
        "ALTER TABLE part DROP CHECK positive",
        "ALTER TABLE part ADD CONSTRAINT positive CHECK (id > 0)",
        "positive",
    ),
    "one column more": ("ALTER TABLE bag ADD extra INT", "ALTER TABLE bag DROP extra", "extra"),
    "a longer column": ("ALTER TABLE bag MODIFY v VARCHAR(10)", "ALTER TABLE bag MODIFY v VARCHAR(9)", "varchar(10)"),
    "no table": ("RENAME TABLE bag TO gone", "RENAME TABLE gone TO bag", "the target has no such table"),
}


@pytest.fixture(scope="module")
def moved(source: Server, target: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Tables that were moved, for tests that put right again what they change."""
    schema = f"e2e_verify_{uuid.uuid4().hex[:10]}"
    goal = f"{schema}_to"
    world = World(Migrate(tmp_path_factory.mktemp("verify")), source, target, schema, goal)
    client.rows(source, f"CREATE DATABASE {schema}")
    try:
        fill(source, schema, iter(TABLES))
        world.configure()
        world.plan()
        world.migrate.must("apply", PLAN)
        yield world
    finally:
        client.rows(source, f"DROP DATABASE IF EXISTS {schema}")
        client.rows(target, f"DROP DATABASE IF EXISTS {goal}")


def named(world: World, table: str, place: str) -> None:
    """`verify` ends with 7 and says where; no other table is named."""
    ran = world.migrate("verify", PLAN)
    assert ran.code == 7, ran.text
    assert f"new:{world.goal}.{table}" in ran.out + ran.err, ran.text
    assert place in ran.out + ran.err, ran.text
    others = {"big", "bag", "words", "part"} - {table}
    assert not [other for other in others if f"new:{world.goal}.{other} differs" in ran.text], ran.text


@pytest.mark.parametrize("change", sampled(CHANGES, 14))
def test_a_change_on_the_target_is_found_and_named(change: str, moved: World) -> None:
    break_, mend, place = CHANGES[change]
    table = next(word for word in break_.replace("(", " ").split() if word in ("big", "bag", "words", "part"))
    fill(moved.target, moved.goal, iter((break_,)))
    try:
        named(moved, table, place)
    finally:
        fill(moved.target, moved.goal, iter((mend,)))
    assert "Equal: 5 tables" in moved.migrate.must("verify", PLAN).out


OF_ROWS = [name for name, (break_, _, _) in CHANGES.items() if break_.split()[0] in ("UPDATE", "DELETE", "INSERT")]


@pytest.mark.parametrize("change", sampled(OF_ROWS, 7))
def test_a_repair_reads_what_differs_again_and_no_more(change: str, moved: World) -> None:
    fill(moved.target, moved.goal, iter((CHANGES[change][0],)))
    ran = moved.migrate.must("verify", PLAN, "--repair", "--json")
    (told,) = [event["note"] for event in ran.of("step_done") if event.get("note")]
    assert all(int(part.split()[0].replace(",", "")) <= 5 for part in told.split("; ")), told
    assert "Equal: 5 tables" in moved.migrate.must("verify", PLAN).out
    assert_equal(moved.source, moved.schema, moved.target, moved.goal)


def test_a_repair_mends_many_tables_and_ranges_at_once_and_finds_nothing_to_do_afterwards(moved: World) -> None:
    changes = ("UPDATE big SET v = 'other' WHERE id % 40000 = 7", "DELETE FROM bag LIMIT 2", "DELETE FROM part")
    fill(moved.target, moved.goal, iter((*changes, "UPDATE words SET n = 99")))
    assert moved.migrate("verify", PLAN).code == 7
    assert "rows were read again" in moved.migrate.must("verify", PLAN, "--repair").out
    assert_equal(moved.source, moved.schema, moved.target, moved.goal)
    assert "read again" not in moved.migrate.must("verify", PLAN, "--repair").out


def test_unique_values_that_changed_their_rows_are_repaired(moved: World) -> None:
    """Written one after the other each would meet the other's value."""
    swap = ("UPDATE pairs SET u = -u WHERE id IN (1, 4999)", "UPDATE pairs SET u = 5000 - id WHERE id IN (1, 4999)")
    fill(moved.target, moved.goal, iter(swap))
    moved.migrate.must("verify", PLAN, "--repair")
    assert_equal(moved.source, moved.schema, moved.target, moved.goal)


def test_a_table_with_a_trigger_that_would_fire_is_not_repaired(moved: World) -> None:
    fires = "CREATE TRIGGER fires AFTER INSERT ON bag FOR EACH ROW SET @fired = NEW.a"
    for server, schema in ((moved.source, moved.schema), (moved.target, moved.goal)):
        fill(server, schema, iter((fires,)))
    fill(moved.target, moved.goal, iter(("DELETE FROM bag WHERE a = 2",)))
    try:
        ran = moved.migrate("verify", PLAN, "--repair")
        assert ran.code == 7
        assert "fires would fire" in ran.out, ran.text
        assert client.rows(moved.target, f"SELECT COUNT(*) FROM {moved.goal}.bag WHERE a = 2") == [(0,)]
    finally:
        fill(moved.target, moved.goal, iter(("DROP TRIGGER fires", "INSERT INTO bag VALUES (2,'b')")))
        fill(moved.source, moved.schema, iter(("DROP TRIGGER fires",)))


def test_a_source_that_is_being_written_to_is_told_from_one_that_differs(moved: World) -> None:
    stop = threading.Event()

    def write() -> None:
        with client.connect(moved.source, database=moved.schema) as connection, connection.cursor() as cursor:
            while not stop.is_set():
                cursor.execute("UPDATE words SET n = n + 1 WHERE w = 'a'")
                time.sleep(0.01)

    fill(moved.target, moved.goal, iter(("DELETE FROM bag WHERE a = 2",)))
    writer = threading.Thread(target=write)
    writer.start()
    try:
        ran = moved.migrate("verify", PLAN)
    finally:
        stop.set()
        writer.join()
    assert ran.code == 7
    moving = [line for line in ran.out.splitlines() if "being written to" in line]
    assert len(moving) == 1, ran.text
    assert "words" in moving[0]
    assert "bag differs" in ran.out
    client.rows(moved.source, f"UPDATE {moved.schema}.words SET n = 3 WHERE w = 'a'")
    moved.migrate.must("verify", PLAN, "--repair")


def test_the_double_that_its_own_text_does_not_tell_is_noticed(moved: World) -> None:
    bits = f"SELECT HEX(ST_AsBinary(POINT(d,0))) FROM {moved.goal}.big WHERE id = 60001"
    ((before,),) = client.rows(moved.target, bits)
    client.rows(moved.target, f"UPDATE {moved.goal}.big SET d = {SMALLEST} WHERE id = 60001")
    ((after,),) = client.rows(moved.target, bits)
    assert after == "0101000000" + "0000000000001000" + "0000000000000000"
    assert before != after
    try:
        named(moved, "big", SAME_COUNT)
    finally:
        client.rows(moved.target, f"UPDATE {moved.goal}.big SET d = '2.225073858507201e-308' WHERE id = 60001")


def test_several_differing_ranges_are_named_each(moved: World) -> None:
    client.rows(moved.target, f"UPDATE {moved.goal}.big SET t = 'y' WHERE id IN (1, 120000)")
    try:
        named(moved, "big", "key up to 50000: ")
        named(moved, "big", "key above 100000: ")
    finally:
        client.rows(moved.target, f"UPDATE {moved.goal}.big SET t = IF(id % 3, 'x', NULL) WHERE id IN (1, 120000)")


def test_verify_names_a_difference_to_programs_too(moved: World) -> None:
    client.rows(moved.target, f"DELETE FROM {moved.goal}.words WHERE w = 'a'", init_command="SET foreign_key_checks=0")
    try:
        ran = moved.migrate("verify", PLAN, "--json")
        assert ran.code == 7
        told = [record for record in ran.records if moved.goal + ".words" in str(record)]
        assert any("3 rows at the source, 2 at the target" in str(record) for record in told), ran.text
    finally:
        client.rows(moved.target, f"INSERT INTO {moved.goal}.words VALUES ('a',3)")
    moved.migrate.must("verify", PLAN)


def test_a_row_that_came_at_the_source_differs_too(moved: World) -> None:
    client.rows(moved.source, f"INSERT INTO {moved.schema}.bag VALUES (9,'new')")
    try:
        named(moved, "bag", "6 rows at the source, 5 at the target")
    finally:
        client.rows(moved.source, f"DELETE FROM {moved.schema}.bag WHERE a = 9")


def test_a_stored_generated_column_that_the_target_computes_otherwise_is_told(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    """A DATE of a TIMESTAMP is of the time zone that wrote it; a quotient of its session's precision."""
    schema, goal = fresh_schemas("computed", source), fresh_schemas("computed_to")
    fill(
        source,
        schema,
        iter(
            (
                "CREATE TABLE days (id INT PRIMARY KEY, at TIMESTAMP NOT NULL, day DATE AS (DATE(at)) STORED)",
                "SET time_zone = '+02:00'",
                "INSERT INTO days (id,at) VALUES (1,'2024-06-01 00:30:00'),(2,'2024-06-01 23:30:00')",
                "CREATE TABLE parts (id INT PRIMARY KEY, part DECIMAL(30,20) AS (1/id) STORED) /* as it is */",
                "INSERT INTO parts (id) VALUES (3)",
                "CREATE TABLE finer LIKE parts",
                "SET div_precision_increment = 12",
                "INSERT INTO finer (id) VALUES (3)",
                "CREATE TABLE good (id INT PRIMARY KEY, a VARCHAR(9), f FLOAT, t TEXT AS (CONCAT(a,'!')) STORED)",
                "ALTER TABLE good ADD g FLOAT AS (f/3) STORED, ADD j JSON AS (JSON_ARRAY(a,f)) STORED",
                "INSERT INTO good (id,a,f) VALUES (1,'a',0.1),(2,NULL,NULL),(3,'é',1e10)",
            )
        ),
    )
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    applied = migrate("apply", PLAN, "--json")
    assert applied.code == 7, applied.text
    failed = {one["step"]: one["error"] for one in applied.of("step_failed")}
    assert sorted(failed) == [f"verify:new:{goal}.days", f"verify:new:{goal}.finer"], "one stops no other"
    assert "Only generated columns differ (day)" in failed[f"verify:new:{goal}.days"]
    verified = migrate("verify", PLAN)
    assert verified.code == 7
    assert "Only generated columns differ (part)" in verified.text
    for step in ("+", "-"):
        again = f"UPDATE days SET at = at {step} INTERVAL 1 SECOND"
        client.rows(source, again, database=schema, init_command="SET time_zone = '+00:00'")
    assert "(day)" not in migrate("verify", PLAN).text, "written again, they agree"
