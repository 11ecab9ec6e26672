"""What a user can do wrong, and what can happen to servers: one clear sentence, the right exit code, nothing lost."""

from __future__ import annotations

import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pymysql
import pytest

from migrate import planfile
from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate, Ran, refused, stopped, wait_until
from tests.e2e.equality import assert_equal
from tests.lab import Server, client, extra, kill9, restart

ROWS = 60_000


@dataclass
class World:
    """A shop on the source, a name for it on the target, and the command configured for both."""

    migrate: Migrate
    source: Server
    target: Server
    schema: str
    goal: str

    def configure(self, **changes: str) -> None:
        self.migrate.configure(self.source, self.target, (f"{self.schema}.*", f"{self.goal}.*"), **changes)

    def plan(self) -> Ran:
        return self.migrate.must("plan")

    def apply(self, *words: str) -> Ran:
        return self.migrate("apply", PLAN, *words)

    def finishes(self) -> None:
        """The same command again ends well, and both sides are equal."""
        ran = self.apply()
        assert ran.code == 0, ran.text
        assert_equal(self.source, self.schema, self.target, self.goal)

    def state_is_intact(self) -> None:
        """`status` still works, and SQLite finds nothing wrong with the file."""
        self.migrate.must("status", PLAN)
        file = self.migrate.folder / "state" / "migrate.db"
        if file.exists():
            with sqlite3.connect(file) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    def target_is_untouched(self) -> None:
        assert client.rows(self.target, "SHOW DATABASES LIKE %s", self.goal.replace("_", r"\_"), root=True) == []


SMALL = """
CREATE TABLE customer (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80));
CREATE TABLE orders (id INT PRIMARY KEY, customer INT, FOREIGN KEY (customer) REFERENCES customer (id));
INSERT INTO customer VALUES (1,'a'),(2,'b');
INSERT INTO orders VALUES (1,1),(2,2),(3,NULL)"""


def fill(server: Server, schema: str, script: str = SMALL) -> None:
    for statement in script.split(";\n"):
        client.rows(server, statement, database=schema)


def fill_much(server: Server, schema: str) -> None:
    """Two tables whose load takes some seconds: one with a key, one without."""
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute("SET cte_max_recursion_depth = 10000000")
        cursor.execute("CREATE TABLE big (id INT PRIMARY KEY, a VARCHAR(40), b VARBINARY(2000), KEY (a))")
        cursor.execute("CREATE TABLE bag (n INT, a VARCHAR(40))")
        numbers = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
        cursor.execute(f"INSERT INTO big {numbers} SELECT i, MD5(i), REPEAT(UNHEX(MD5(-i)), 100) FROM n")
        cursor.execute(f"INSERT INTO bag {numbers} SELECT i DIV 3, MD5(i DIV 3) FROM n")


@pytest.fixture
def world(migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas) -> World:
    schema, goal = fresh_schemas("e2e_fail", source), fresh_schemas("e2e_fail_to")
    fill(source, schema)
    made = World(migrate, source, target, schema, goal)
    made.configure()
    return made


@contextmanager
def account(server: Server, name: str, *grants: str) -> Iterator[str]:
    """An account with these privileges only, its password the lab's; gone at the end."""
    client.rows(server, f"CREATE USER {name} IDENTIFIED WITH caching_sha2_password BY '{server.password}'", root=True)
    try:
        for grant in grants:
            client.rows(server, f"GRANT {grant} TO {name}", root=True)
        yield name
    finally:
        client.rows(server, f"DROP USER {name}", root=True)


# -- the command line and its files --------------------------------------------------------------------------------


def test_an_unknown_command_is_wrong_usage_with_the_nearest_one(migrate: Migrate) -> None:
    refused(migrate("aply", PLAN), 64, "'aply'", "did you mean apply?")


def test_an_unknown_option_is_wrong_usage_with_the_nearest_one(migrate: Migrate) -> None:
    refused(migrate("apply", PLAN, "--paralelism", "3"), 64, "--paralelism", "did you mean --parallelism?")


def test_a_missing_plan_is_named(migrate: Migrate) -> None:
    for command in ("apply", "show", "check", "status", "verify"):
        refused(migrate(command, "plans/nothing.toml"), 66, "plans/nothing.toml", "migrate plan")


def test_a_missing_configuration_is_named(migrate: Migrate) -> None:
    refused(migrate("plan", "-c", "nothing.toml"), 66, "nothing.toml")


def test_broken_toml_is_refused_with_its_line(world: World) -> None:
    path = world.migrate.folder / "migrate.toml"
    lines = path.read_text().splitlines()
    lines[4] = "host = 127.0.0.1"
    path.write_text("\n".join(lines))
    refused(world.migrate("plan"), 78, "migrate.toml", "line 5")


def test_an_unknown_key_is_refused_with_its_place_and_the_nearest_key(world: World) -> None:
    world.configure(move='exclud = ["*.x"]\n')
    refused(world.migrate("plan"), 78, "$.move[0].exclud", "'exclude'")


def test_a_password_written_out_is_refused_and_not_shown(world: World) -> None:
    world.configure(old_password='"wrong-secret"')
    refused(world.migrate("plan"), 78, "$.endpoint.old.password", "OLD_PASSWORD")


def test_a_password_whose_variable_is_not_set_is_named(world: World) -> None:
    world.configure(old_password='"${NOT_SET_ANYWHERE}"')
    refused(world.migrate("plan"), 78, "endpoint old", "NOT_SET_ANYWHERE")


def test_an_unknown_endpoint_is_refused_with_the_nearest(world: World) -> None:
    path = world.migrate.folder / "migrate.toml"
    path.write_text(path.read_text().replace('"old:', '"odl:'))
    refused(world.migrate("plan"), 78, "$.move[0].from", "'odl'", "'old'")


def test_a_pattern_that_matches_nothing_is_refused_with_the_nearest_names(world: World) -> None:
    world.migrate.configure(world.source, world.target, (f"{world.schema}.custmer", f"{world.goal}.*"))
    refused(world.migrate("plan"), 1, f"{world.schema}.custmer", f"{world.schema}.customer")
    assert not world.migrate.plan.exists()


# -- getting in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_wrong_password_is_refused_by_name_of_the_endpoint(world: World, side: str) -> None:
    wrong = {f"{side.upper()}_SECRET": "wrong-secret"}
    refused(world.migrate("plan", variables=wrong), 1, f"{side}: Access denied", "app@127.0.0.1", "password")
    world.plan()
    refused(world.migrate("apply", PLAN, variables=wrong), 1, f"{side}: Access denied")
    world.target_is_untouched()
    world.state_is_intact()
    world.finishes()


def test_an_unknown_host_is_named(world: World) -> None:
    world.configure(new_host='"no-such-host.invalid"')
    refused(world.migrate("plan"), 1, "new: ", "no-such-host.invalid", "unknown", "host of this endpoint")


def test_a_refused_port_is_named(world: World) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else can take it meanwhile
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        world.configure(new_port=str(port))
        refused(world.migrate("plan"), 1, "new: ", f"127.0.0.1:{port} refused", "port")


# -- privileges ----------------------------------------------------------------------------------------------------


def test_no_select_on_one_table_of_the_source_is_said_before_anything_is_written(world: World) -> None:
    with account(world.source, "e2e_noselect", f"SELECT ON `{world.schema}`.orders") as user:
        client.rows(world.source, f"GRANT INSERT ON `{world.schema}`.customer TO {user}", root=True)
        world.configure(old_user=f'"{user}"')
        refused(world.migrate("plan"), 1, "old: ", "customer", user)
        world.target_is_untouched()


def test_a_target_that_grants_no_create_is_said_and_nothing_was_changed(world: World) -> None:
    with account(world.target, "e2e_nocreate", "SELECT ON *.*") as user:
        world.configure(new_user=f'"{user}"')
        world.plan()
        ran = world.apply()
        stopped(ran, 1, "new: ", world.goal, f"to {user}")
        world.target_is_untouched()
        world.state_is_intact()
        client.rows(world.target, f"GRANT ALL ON `{world.goal}`.* TO {user}", root=True)
        world.finishes()


def test_a_target_that_grants_no_insert_stops_and_goes_on_when_granted(world: World) -> None:
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(world.target, world.goal, "CREATE TABLE customer (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80))")
    grants = f"SELECT,CREATE,ALTER,INDEX,DELETE,REFERENCES ON `{world.goal}`.*"
    ledger = f"ALL ON `{world.goal}`._migrate_ledger"
    with account(world.target, "e2e_noinsert", grants, ledger) as user:
        world.configure(new_user=f'"{user}"')
        world.plan()
        stopped(world.apply(), 3, "INSERT", f"to {user}")
        world.state_is_intact()
        client.rows(world.target, f"GRANT INSERT ON `{world.goal}`.* TO {user}", root=True)
        world.finishes()


# -- servers that do not do their part -----------------------------------------------------------------------------


def test_a_server_killed_in_the_middle_of_apply_is_survived(world: World) -> None:
    with extra("e2e-killed") as private:
        world.target = private
        fill_much(world.source, world.schema)
        world.configure()
        world.plan()
        child = world.migrate.start("apply", PLAN)
        lines = f"SELECT COUNT(*) FROM `{world.goal}`._migrate_ledger WHERE kind = 'chunk'"
        wait_until(lambda: _count(private, lines) >= 3)
        kill9(private)
        ran = world.migrate.ended(child, ("apply", PLAN))
        stopped(ran, 3, "new: ")
        world.state_is_intact()
        world.target = restart(private)
        world.finishes()


def _count(server: Server, query: str) -> int:
    """What a query counts; 0 while its table is not there yet."""
    try:
        return int(client.rows(server, query)[0][0])
    except pymysql.err.MySQLError as error:
        if error.args[0] in (1049, 1146):
            return 0
        raise


def test_a_full_disk_on_the_target_stops_and_is_named(world: World) -> None:
    small = ["--innodb-file-per-table=0", "--innodb-data-file-path=ibdata1:12M:autoextend:max:40M"]
    with extra("e2e-full", options=small, initialise=True) as private:
        world.target = private
        fill_much(world.source, world.schema)
        world.configure()
        world.plan()
        ran = world.apply()
        stopped(ran, 3, "new: ", "is full", "free space")
        world.state_is_intact()
        world.target = restart(private, [small[0], small[1].replace("40M", "900M")])
        world.finishes()


def test_a_target_without_local_infile_takes_the_rows_by_insert(world: World) -> None:
    with extra("e2e-noinfile", options=["--local-infile=OFF"]) as private:
        world.target = private
        world.configure()
        assert "MG302" in world.plan().out
        world.finishes()


@pytest.mark.parametrize("variable", ["read_only", "super_read_only"])
def test_a_read_only_target_is_refused_before_anything_is_written(world: World, variable: str) -> None:
    with extra("e2e-readonly") as private, account(private, "e2e_plain", "ALL ON *.*") as user:
        client.rows(private, f"REVOKE SUPER, CONNECTION_ADMIN ON *.* FROM {user}", root=True)
        world.target = private
        world.configure(new_user=f'"{user}"' if variable == "read_only" else '"app"')
        world.plan()
        client.rows(private, f"SET GLOBAL {variable} = ON", root=True)
        refused(world.apply(), 1, "new: ", "read", "primary")
        world.target_is_untouched()
        world.state_is_intact()
        client.rows(private, "SET GLOBAL super_read_only = OFF", root=True)
        client.rows(private, "SET GLOBAL read_only = OFF", root=True)
        world.finishes()


# -- plans that no longer hold -------------------------------------------------------------------------------------


def test_a_source_table_that_changed_after_the_plan_makes_it_stale(world: World) -> None:
    world.plan()
    client.rows(world.source, f"ALTER TABLE `{world.schema}`.customer ADD mail VARCHAR(9)")
    refused(world.apply(), 4, f"old:{world.schema}.customer", "changed", "migrate plan")
    refused(world.migrate("check", PLAN), 4, f"old:{world.schema}.customer")
    world.target_is_untouched()
    world.state_is_intact()
    world.plan()
    world.finishes()


def test_a_source_table_that_is_gone_makes_the_plan_stale(world: World) -> None:
    world.plan()
    client.rows(world.source, f"DROP TABLE `{world.schema}`.orders")
    refused(world.apply(), 4, f"{world.goal}.orders", "gone", "migrate plan")
    world.target_is_untouched()


def test_a_table_that_somebody_else_made_on_the_target_makes_the_plan_stale(world: World) -> None:
    world.plan()
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(world.target, world.goal, "CREATE TABLE customer (id INT PRIMARY KEY, other DATE)")
    refused(world.apply(), 4, f"new:{world.goal}.customer", "other", "migrate plan")
    assert client.rows(world.target, f"SHOW TABLES FROM `{world.goal}`") == [("customer",)]
    world.state_is_intact()


def test_rows_that_somebody_else_wrote_on_the_target_make_the_plan_stale(world: World) -> None:
    world.plan()
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    columns = "id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80)"
    fill(world.target, world.goal, f"CREATE TABLE customer ({columns});\nINSERT INTO customer VALUES (9,'theirs')")
    refused(world.apply(), 4, f"new:{world.goal}.customer", "rows", "migrate plan")
    assert client.rows(world.target, f"SELECT * FROM `{world.goal}`.customer") == [(9, "theirs")]


def test_another_server_behind_the_same_address_is_refused(world: World) -> None:
    world.plan()
    with extra("e2e-stranger") as stranger:
        client.rows(stranger, f"CREATE DATABASE `{world.schema}`")
        plan = planfile.read(world.migrate.plan)
        moved = msgspec.structs.replace(plan.endpoint["new"], port=stranger.port)
        endpoints = {**plan.endpoint, "new": moved}
        planfile.write(world.migrate.plan, planfile.seal(msgspec.structs.replace(plan, endpoint=endpoints)))
        refused(world.apply(), 4, "new is another server", "server-uuid:", "migrate plan")
        world.target = stranger
        world.target_is_untouched()


CUSTOMER = "CREATE TABLE customer (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80))"
OTHER_ROWS = f"{CUSTOMER};\nINSERT INTO customer VALUES (5,'e')"
OTHER_DEFINITION = CUSTOMER.replace("80", "70")


@pytest.mark.parametrize(
    ("existing", "code", "why"),
    [(OTHER_ROWS, "MG202", "rows that differ"), (OTHER_DEFINITION, "MG201", "varchar(70)")],
    ids=["other rows", "another definition"],
)
def test_what_is_on_the_target_already_blocks_the_plan(world: World, existing: str, code: str, why: str) -> None:
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(world.target, world.goal, existing)
    before = client.rows(world.target, f"SELECT * FROM `{world.goal}`.customer")
    ran = world.plan()
    assert code in ran.out
    assert why in ran.out
    refused(world.apply(), 6, f"load-rows:new:{world.goal}.customer", why, "--skip")
    assert client.rows(world.target, f"SELECT * FROM `{world.goal}`.customer") == before
    assert client.rows(world.target, f"SHOW TABLES FROM `{world.goal}`") == [("customer",)]
    world.state_is_intact()


def test_a_blocked_step_that_is_skipped_lets_the_rest_move(world: World) -> None:
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(world.target, world.goal, "CREATE TABLE orders (id INT PRIMARY KEY, other INT)")
    world.plan()
    world.migrate.must("plan", "--skip", f"load-rows:new:{world.goal}.orders")
    assert world.apply().code == 0
    assert client.rows(world.target, f"SELECT * FROM `{world.goal}`.customer") == [(1, "a"), (2, "b")]
    assert client.rows(world.target, f"SELECT * FROM `{world.goal}`.orders") == []


# -- two at once, and signals --------------------------------------------------------------------------------------


def test_a_second_apply_of_the_same_plan_is_told_who_holds_the_lock(world: World) -> None:
    fill_much(world.source, world.schema)
    world.plan()
    child = world.migrate.start("apply", PLAN)
    wait_until(lambda: _count(world.target, f"SELECT COUNT(*) FROM `{world.goal}`._migrate_ledger") > 0)
    ran = world.apply("--lock-timeout", "0")
    refused(ran, 5, socket.gethostname(), f" {child.pid},", "since 2")
    elsewhere = world.apply("--lock-timeout", "0", "--state", "other.db")
    refused(elsewhere, 5, f"schema {world.goal}", socket.gethostname(), f"pid {child.pid}", "since 2")
    first = world.migrate.ended(child, ("apply", PLAN))
    assert first.code == 0, first.text
    assert_equal(world.source, world.schema, world.target, world.goal)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle_ends_at_a_clean_checkpoint(world: World, number: signal.Signals, code: int) -> None:
    fill_much(world.source, world.schema)
    world.plan()
    child = world.migrate.start("apply", PLAN)
    wait_until(lambda: _count(world.target, f"SELECT COUNT(*) FROM `{world.goal}`._migrate_ledger") > 1)
    child.send_signal(number)
    ran = world.migrate.ended(child, ("apply", PLAN))
    assert ran.code == code, ran.text
    assert "resume: migrate apply plans/move.toml" in ran.text
    assert "Ctrl-C again" in ran.err
    world.state_is_intact()
    world.finishes()


def test_two_signals_end_at_once_and_are_safe(world: World) -> None:
    fill_much(world.source, world.schema)
    world.plan()
    child = world.migrate.start("apply", PLAN)
    wait_until(lambda: _count(world.target, f"SELECT COUNT(*) FROM `{world.goal}`._migrate_ledger") > 1)
    child.send_signal(signal.SIGINT)
    time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    ran = world.migrate.ended(child, ("apply", PLAN))
    assert ran.code == 130, ran.text
    assert "migrate apply plans/move.toml" in ran.text
    world.state_is_intact()
    world.finishes()


# -- the state file ------------------------------------------------------------------------------------------------


def _state(world: World) -> Path:
    world.plan()
    file = world.migrate.folder / "state" / "migrate.db"
    file.parent.mkdir(exist_ok=True)
    return file


def test_a_broken_state_file_is_refused_and_left_as_it_is(world: World) -> None:
    file = _state(world)
    file.write_bytes(b"not a database, but somebody's notes\n" * 100)
    before = file.read_bytes()
    for command in ("apply", "status"):
        refused(world.migrate(command, PLAN), 1, "state/migrate.db")
    assert file.read_bytes() == before
    world.target_is_untouched()


def test_a_state_file_of_a_newer_version_is_refused(world: World) -> None:
    file = _state(world)
    world.finishes()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 9999")
    for command in ("apply", "status"):
        refused(world.migrate(command, PLAN), 1, "state/migrate.db", "newer")
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 1")
    world.state_is_intact()


def test_a_lost_state_file_does_not_lose_the_work(world: World) -> None:
    world.plan()
    assert world.apply().code == 0
    for file in (world.migrate.folder / "state").iterdir():
        file.unlink()
    assert "Nothing to do" in world.apply().out
    world.finishes()
