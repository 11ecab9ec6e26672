"""Rows are read at one moment of a source that is written to, and a run that is resumed ends at one too."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pymysql
import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate, Ran, refused, wait_until
from tests.e2e.equality import assert_equal
from tests.e2e.whole import Plan
from tests.lab import Lab, Server, client, extra
from tests.sample import sampled

ROWS = 30_000
TABLES = ("debit", "credit", "again")


def fill(server: Server, schema: str) -> None:
    """Three tables with the same ids, which each transaction of `writing` keeps so."""
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, v VARCHAR(200), KEY (v))")
        cursor.execute("CREATE TABLE fired (n INT PRIMARY KEY AUTO_INCREMENT, id INT)")
        for start in range(0, ROWS, 5000):
            values = ",".join(f"({n},REPEAT('x',150))" for n in range(start, start + 5000))
            for table in TABLES:
                cursor.execute(f"INSERT INTO {table} VALUES {values}")
        for event in ("INSERT", "DELETE"):
            row = "NEW" if event == "INSERT" else "OLD"
            cursor.execute(
                f"CREATE TRIGGER on_{event} AFTER {event} ON debit"
                f" FOR EACH ROW INSERT INTO fired (id) VALUES ({row}.id)"
            )


def move_on(cursor: Any, number: int) -> None:
    """One transaction: a new id in every table, an old one goes, one in the middle changes."""
    for table in TABLES:
        cursor.execute(f"INSERT INTO {table} VALUES ({ROWS + number}, 'new')")
        cursor.execute(f"DELETE FROM {table} WHERE id = {number}")
        cursor.execute(f"UPDATE {table} SET v = 'changed {number}' WHERE id = {ROWS - 1 - number}")


@contextmanager
def writing(server: Server, schema: str, first: int = 0) -> Iterator[list[int]]:
    """Transactions without a pause, until the block ends; what it gives then holds how many there were."""
    stop, done = threading.Event(), [first]

    def write() -> None:
        with client.connect(server, database=schema, autocommit=False) as connection, connection.cursor() as cursor:
            while not stop.is_set():
                move_on(cursor, done[0])
                connection.commit()
                done[0] += 1
                time.sleep(0.002)

    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write)
        try:
            yield done
        finally:
            stop.set()
            written.result()  # no transaction of the source's own was refused


def ids(server: Server, schema: str) -> list[tuple[int, int, int]]:
    """Of every table the smallest and the largest id, and how many rows it has."""
    return [client.rows(server, f"SELECT MIN(id), MAX(id), COUNT(*) FROM `{schema}`.{table}")[0] for table in TABLES]


def sums(server: Server, schema: str) -> list[tuple[int, int]]:
    query = "SELECT COUNT(*), SUM(CRC32(CONCAT(id, v))) FROM `{}`.{}"
    return [client.rows(server, query.format(schema, table))[0] for table in TABLES]


@pytest.fixture
def places(everywhere: Lab, fresh_everywhere: FreshSchemas) -> Callable[[str], tuple[Server, str, str]]:
    """A filled schema on the named server, and a name for it on the target."""

    def made(name: str) -> tuple[Server, str, str]:
        server = everywhere.servers[name]
        schema = fresh_everywhere("moment", server)
        fill(server, schema)
        return server, schema, fresh_everywhere("moment_to")

    return made


SERVERS = ("source", "old", "legacy", "new", "maria10", "maria11")
BEST = {"mysql": "flush-tables", "mariadb": "backup-stage"}


@pytest.mark.parametrize("name", sampled(SERVERS, 3))
def test_what_arrives_is_one_moment_of_a_source_that_is_written_to(
    name: str, migrate: Migrate, everywhere: Lab, places: Callable[[str], tuple[Server, str, str]]
) -> None:
    source, schema, goal = places(name)
    target = everywhere.maria11 if source.vendor == "mariadb" else everywhere.target
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"), move='exclude = ["*.fired", "*.on_*"]')
    migrate.must("plan")
    with writing(source, schema) as done:
        time.sleep(0.2)
        before = done[0]
        ran = migrate.must("apply", PLAN, "--json")
        assert done[0] > before + 20, "the source stood still"
    (moment,) = ran.of("moment_opened")
    assert (moment["endpoint"], moment["way"]) == ("old", BEST[source.vendor])
    first, second, third = ids(target, goal)
    assert first == second == third
    low, high, count = first
    assert (high - low + 1, count) == (ROWS, ROWS), "no transaction is there in part"
    assert before <= low <= done[0]
    assert len({checksum for _, checksum in sums(target, goal)}) == 1


def killed_after_some_rows(migrate: Migrate, target: Server, goal: str) -> None:
    """`apply`, killed when one table is there whole and another one in part."""
    child = migrate.start("apply", PLAN)
    try:
        while child.poll() is None:
            try:
                told = client.rows(target, f"SELECT kind, step FROM `{goal}`._migrate_ledger WHERE step LIKE 'load%%'")
            except pymysql.err.MySQLError:
                told = []
            if any(kind == "chunk" for kind, _ in told) and any(kind == "whole" for kind, _ in told):
                break
            time.sleep(0.001)
    finally:
        child.kill()
        child.communicate()


def test_a_run_that_is_resumed_brings_all_to_its_own_moment(
    migrate: Migrate, everywhere: Lab, places: Callable[[str], tuple[Server, str, str]]
) -> None:
    source, schema, goal = places("source")
    target = everywhere.target
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"), options="[options]\nparallelism = 2\n")
    migrate.must("plan")
    with writing(source, schema) as done:
        killed_after_some_rows(migrate, target, goal)
        time.sleep(0.3)
    assert done[0] > 20
    ran = migrate.must("apply", PLAN, "--json")
    notes = [event["note"] for event in ran.of("step_done") if "read again at the new moment" in event["note"]]
    assert notes, ran.text
    assert_equal(source, schema, target, goal)
    assert "Equal: " in migrate.must("verify", PLAN).out
    assert migrate.must("apply", PLAN).out == "Nothing to do: this plan was applied before.\n"


def test_a_resumed_run_without_proof_says_that_its_rows_are_of_several_moments(
    migrate: Migrate, everywhere: Lab, places: Callable[[str], tuple[Server, str, str]]
) -> None:
    source, schema, goal = places("source")
    migrate.configure(source, everywhere.target, (f"{schema}.*", f"{goal}.*"), options="[options]\nparallelism = 2\n")
    migrate.must("plan")
    killed_after_some_rows(migrate, everywhere.target, goal)
    ran = migrate.must("apply", PLAN, "--no-verify")
    assert "mixed moments" in ran.out, ran.text
    fresh = migrate.must("apply", PLAN)
    assert "mixed moments" not in fresh.out


def test_orphans_of_mixed_moments_say_what_mends_them(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("mixed", source), fresh_schemas("mixed_to")
    for statement in (
        "CREATE TABLE p (id INT PRIMARY KEY, pad CHAR(250) DEFAULT 'x', more CHAR(250) DEFAULT 'y')",
        "INSERT INTO p (id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) TABLE n",
        "CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE)",
        "INSERT INTO c SELECT id, id FROM p WHERE id > 2900",
    ):
        client.rows(source, statement, database=schema, init_command="SET cte_max_recursion_depth = 3000")
    options = '[options]\nparallelism = 2\nmax_rate = "100kB"\n'
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"), options=options)
    migrate.must("plan")
    killed_after_some_rows(migrate, target, goal)
    client.rows(source, "DELETE FROM p WHERE id = 2950", database=schema)
    ran = migrate("apply", PLAN, "--no-verify", "--max-rate", "10MB")
    assert ran.code == 7, ran.text
    assert "1 row has no parent" in ran.text
    assert "apply again without --no-verify" in ran.text
    migrate.must("apply", PLAN, "--max-rate", "10MB")
    assert_equal(source, schema, target, goal)


@pytest.fixture(scope="module")
def logged() -> Iterator[Server]:
    """A server of our own with a binary log, to which nobody else writes."""
    with extra("logged", options=["--log-bin=binlog", "--server-id=7"]) as server:
        yield server


@pytest.fixture
def alone(logged: Server, fresh_schemas: FreshSchemas) -> Iterator[tuple[Server, str, str]]:
    """A filled schema there, and a name for it on the target: all readers on that server are the test's own."""
    schema = fresh_schemas("moment", logged)
    fill(logged, schema)
    yield logged, schema, fresh_schemas("moment_to")
    client.rows(logged, f"DROP DATABASE {schema}", root=True)


READERS = """
SELECT PROCESSLIST_ID FROM performance_schema.session_connect_attrs
WHERE ATTR_NAME = 'program_name' AND ATTR_VALUE = 'migrate reader' AND PROCESSLIST_ID IN
  (SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND <> 'Killed')"""


def lose(migrate: Migrate, source: Server, target: Server, goal: str, wanted: int) -> Ran:
    """An apply, of which so many readers are killed once rows have arrived."""
    child = migrate.start("apply", PLAN, "--json")
    lost = 0
    with client.connect(source, root=True) as connection, connection.cursor() as cursor:
        while child.poll() is None and not chunks(target, goal):
            time.sleep(0.001)
        cursor.execute(READERS)
        for (number,) in cursor.fetchall()[:wanted]:
            try:
                cursor.execute(f"KILL {number}")
                lost += 1
            except pymysql.err.MySQLError:  # it had ended
                continue
    ran = migrate.ended(child, ("apply", PLAN, "--json"))
    assert lost == wanted, "it was over before a reader could be killed"
    return ran


def chunks(target: Server, goal: str) -> int:
    """How many chunks the ledger has."""
    try:
        return int(client.rows(target, f"SELECT COUNT(*) FROM `{goal}`._migrate_ledger WHERE kind = 'chunk'")[0][0])
    except pymysql.err.MySQLError:  # there is no ledger yet
        return 0


def test_a_reader_that_is_lost_is_missed_and_the_others_go_on(
    migrate: Migrate, target: Server, alone: tuple[Server, str, str]
) -> None:
    source, schema, goal = alone
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    with writing(source, schema):
        ran = lose(migrate, source, target, goal, 1)
    assert ran.code == 0, ran.text
    first, second, third = ids(target, goal)
    assert first == second == third


def test_when_the_last_reader_is_lost_apply_ends_and_the_next_one_reads_at_a_new_moment(
    migrate: Migrate, target: Server, alone: tuple[Server, str, str]
) -> None:
    source, schema, goal = alone
    options = "[options]\nparallelism = 1\nper_server = 1\n"
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"), options=options)
    migrate.must("plan")
    ran = lose(migrate, source, target, goal, 1)
    assert ran.code == 3, ran.text
    assert "all connections that saw its one moment are gone" in ran.err
    migrate.must("apply", PLAN)
    assert_equal(source, schema, target, goal)


FLUSHING = "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO = 'FLUSH TABLES WITH READ LOCK'"


def test_an_interrupt_while_the_lock_is_waited_for_ends_that_at_once(
    migrate: Migrate, target: Server, alone: tuple[Server, str, str], fresh_schemas: FreshSchemas
) -> None:
    source, schema, goal = alone
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    other = fresh_schemas("moment_held", source)
    client.rows(source, "CREATE TABLE held (id INT)", database=other)
    with client.connect(source, database=other) as writer, writer.cursor() as cursor:
        cursor.execute("LOCK TABLES held WRITE")
        child = migrate.start("apply", PLAN)
        wait_until(lambda: bool(client.rows(source, FLUSHING)), every=0.005)
        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        ran = migrate.ended(child, ("apply", PLAN))
        seconds = time.monotonic() - began
        left = client.rows(source, FLUSHING)
    client.rows(source, f"DROP DATABASE {other}", root=True)
    assert ran.code == 130, ran.text
    assert "stopped before a row of old was read" in ran.err
    assert seconds < 4, "the lock was waited for"
    assert left == [], "the server still waits for the lock, and would take it"
    migrate.must("apply", PLAN)
    assert_equal(source, schema, target, goal)


def test_a_table_that_is_altered_while_it_is_read_is_named(
    migrate: Migrate, everywhere: Lab, places: Callable[[str], tuple[Server, str, str]]
) -> None:
    """Nothing is read wrong: the server notices."""
    source, schema, goal = places("source")
    options = "[options]\nparallelism = 1\nper_server = 1\n"
    migrate.configure(source, everywhere.target, (f"{schema}.*", f"{goal}.*"), options=options)
    migrate.must("plan")
    child = migrate.start("apply", PLAN)
    while child.poll() is None and not chunks(everywhere.target, goal):
        time.sleep(0.001)
    for table in TABLES:
        client.rows(source, f"ALTER TABLE `{schema}`.{table} ADD COLUMN more INT")
    ran = migrate.ended(child, ("apply", PLAN))
    assert ran.code == 3, ran.text
    assert "error 1412" in ran.text
    assert "run `migrate plan` again" in ran.text
    again = migrate("apply", PLAN)
    assert (again.code, "its definition changed since the plan was made" in again.err) == (4, True), again.text


SEES = "SELECT, SHOW VIEW, TRIGGER, EVENT ON `{schema}`.*"
GRANTS = {
    "lock-tables": (SEES, "LOCK TABLES ON `{schema}`.*"),
    "flush-tables": (SEES, "RELOAD ON *.*"),
    "position": (SEES, "REPLICATION CLIENT ON *.*"),
    "none": (SEES,),
}
WORDS = {
    "lock-tables": "LOCK TABLES … READ",
    "flush-tables": "FLUSH TABLES WITH READ LOCK holds writers off",
    "position": "without a lock",
    "none": "not at one moment",
}


@pytest.fixture
def allowed(request: pytest.FixtureRequest, logged: Server, fresh_schemas: FreshSchemas) -> Iterator[tuple[str, str]]:
    """A filled schema there, and an account that may do what the parameter says."""
    with allowing(logged, fresh_schemas("moment", logged), request.param) as found:
        yield found


@contextmanager
def allowing(server: Server, schema: str, way: str) -> Iterator[tuple[str, str]]:
    """The schema, filled, and an account that may do what the way needs; both are gone at the end."""
    fill(server, schema)
    user = f"m_{schema[-10:]}"
    client.rows(server, f"CREATE USER {user} IDENTIFIED BY 'lab-app'", root=True)
    for grant in GRANTS[way]:
        client.rows(server, f"GRANT {grant.format(schema=schema)} TO {user}", root=True)
    yield schema, user
    client.rows(server, f"DROP USER {user}", root=True)
    client.rows(server, f"DROP DATABASE {schema}", root=True)


@pytest.mark.parametrize(("allowed", "way"), [(way, way) for way in GRANTS], indirect=["allowed"])
def test_an_account_that_may_not_do_the_best_way_gets_the_next_one_and_the_plan_says_so(
    way: str,
    migrate: Migrate,
    logged: Server,
    target: Server,
    allowed: tuple[str, str],
    fresh_schemas: FreshSchemas,
) -> None:
    (schema, user), goal = allowed, fresh_schemas("moment_to")
    migrate.configure(logged, target, (f"{schema}.*", f"{goal}.*"), old_user=f'"{user}"')
    plan = Plan(migrate.must("plan", "--json"), migrate)
    assert WORDS[way] in plan.of("MG304")["old"]
    ran = migrate.must("apply", PLAN, "--json")
    assert [event["way"] for event in ran.of("moment_opened")] == ([way] if way != "none" else [])
    assert [bool(event["position"]) for event in ran.of("moment_opened")] in ([], [way == "position"])
    assert_equal(logged, schema, target, goal)


@pytest.mark.parametrize("allowed", ["position"], indirect=True)
def test_without_a_lock_a_source_that_never_stands_still_is_named_and_nothing_is_changed(
    migrate: Migrate, logged: Server, target: Server, allowed: tuple[str, str], fresh_schemas: FreshSchemas
) -> None:
    (schema, user), goal = allowed, fresh_schemas("moment_to")
    migrate.configure(logged, target, (f"{schema}.*", f"{goal}.*"), old_user=f'"{user}"')
    migrate.must("plan")
    with writing(logged, schema):
        ran = migrate("apply", PLAN)
    refused(ran, 1, "written to all the time", "RELOAD")
    assert client.rows(target, "SHOW DATABASES LIKE %s", goal, root=True) == []
    migrate.must("apply", PLAN)
    assert_equal(logged, schema, target, goal)


@pytest.mark.parametrize("name", sampled(("8.0.33", "9", "11.8"), 1))
@pytest.mark.parametrize("option", ["--binlog-ignore-db=unlogged", "--binlog-do-db=logged"])
def test_a_log_that_leaves_schemas_out_proves_no_moment_and_the_plan_says_so(
    option: str, name: str, migrate: Migrate, target: Server, fresh_schemas: FreshSchemas
) -> None:
    with extra("filtered", name, ["--log-bin=binlog", "--server-id=8", option]) as server:
        schema, goal = fresh_schemas("moment", server), fresh_schemas("moment_to")
        with allowing(server, schema, "position") as (_, user):
            migrate.configure(server, target, (f"{schema}.*", f"{goal}.*"), old_user=f'"{user}"')
            said = Plan(migrate.must("plan", "--json"), migrate).of("MG304")["old"]
            assert WORDS["none"] in said
            assert f"schemas are left out of it, {option[2:].replace('-', '_').replace('=', ' = ')}" in said
            ran = migrate.must("apply", PLAN, "--json")
            assert ran.of("moment_opened") == []


GTIDS = {
    "8.0.33": ("--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--log-bin=binlog", "--server-id=9"),
    "11.8": ("--log-bin=binlog", "--server-id=9"),
}
ALL_GTIDS = {"8.0.33": "SELECT @@GLOBAL.gtid_executed", "11.8": "SELECT @@GLOBAL.gtid_binlog_pos"}


@pytest.mark.parametrize("name", GTIDS)
def test_gtids_of_the_moment_are_told_to_an_account_that_may_not_ask_where_the_log_stands(
    name: str, migrate: Migrate, target: Server, maria: Lab, fresh_schemas: FreshSchemas
) -> None:
    with extra("gtids", name, GTIDS[name]) as server:
        schema = "moment"
        client.rows(server, f"CREATE DATABASE {schema}")
        with allowing(server, schema, "lock-tables") as (_, user):
            there = target if name == "8.0.33" else maria.servers["maria11"]
            goal = fresh_schemas("moment_to")
            migrate.configure(server, there, (f"{schema}.*", f"{goal}.*"), old_user=f'"{user}"')
            migrate.must("plan")
            expected = str(client.rows(server, ALL_GTIDS[name])[0][0]).replace("\n", "")
            (told,) = migrate.must("apply", PLAN, "--json").of("moment_opened")
            assert (told["way"], told["position"]) == ("lock-tables", expected)
            assert expected
            assert expected in migrate.must("state", "show", PLAN).out
