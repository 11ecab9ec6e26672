"""What a dead or stopped client leaves at work on the target is found, ended or waited for, and settled once."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import ExitStack

import pytest

from tests.conftest import FreshSchemas
from tests.crash.command import PLAN, Migrate, Process
from tests.crash.conftest import Begin
from tests.crash.proof import Proof, structure
from tests.crash.shop import ADDED, make_family
from tests.crash.watch import lock_connection, table_held, working
from tests.lab import Server, client

WAITS = "Waiting for table metadata lock"


@pytest.fixture
def family(begin: Begin, fresh_schemas: FreshSchemas, source: Server, target: Server) -> tuple[Migrate, str, Proof]:
    """A target with all rows that lacks indexes or foreign keys; the plan that adds them; the schema; the proof."""
    old, new = fresh_schemas("family", source), fresh_schemas("family", target)
    make_family(source, old, ADDED)
    make_family(target, new, ())
    migrate = begin(old, new)
    migrate.plan()
    return migrate, new, Proof(source, old)


def indexes(server: Server, schema: str) -> list[str]:
    """Index names of `child`, one per column."""
    return [row[1] for row in structure(server, schema)["indexes"] if row[0] == "child"]


def killed_in_alter(migrate: Migrate, target: Server, new: str, words: str) -> None:
    """Apply until its ALTER waits on the server, then SIGKILL; the statement is still there."""
    process = migrate.start("apply", PLAN)
    assert process.until(lambda: bool(working(target, new, words, WAITS))), process.wait().err
    assert process.kill()
    assert working(target, new, words, WAITS), "the server goes on with the dead client's statement"


def test_an_alter_that_waits_for_a_dead_client_is_ended_and_done_again_once(
    family: tuple[Migrate, str, Proof], target: Server
) -> None:
    migrate, new, proof = family
    with ExitStack() as stack:
        held = stack.enter_context(ExitStack())
        held.enter_context(table_held(target, new, "child"))
        killed_in_alter(migrate, target, new, "ALTER TABLE")
        left = set(working(target, new, "ALTER TABLE"))
        process = migrate.start("apply", PLAN)
        gone = process.until(lambda: bool(now := set(working(target, new, "ALTER TABLE"))) and not now & left)
        assert gone, (
            f"the old statement is ended and the new one waits; {process.wait().err if not process.runs else ''}"
        )
        held.close()
        ran = process.wait()
    assert ran.code == 0, ran.err + ran.out
    assert indexes(target, new) == ["by_parent", "by_t", "PRIMARY"]
    proof.assert_equal(target, new)
    assert migrate.apply().out.startswith("Nothing to do")


@pytest.mark.parametrize("words", ["ADD KEY", "ADD CONSTRAINT"])
def test_an_alter_that_came_to_its_end_without_its_client_is_found_done(
    words: str, family: tuple[Migrate, str, Proof], target: Server, source: Server, begin: Begin
) -> None:
    migrate, new, proof = family
    if words == "ADD CONSTRAINT":
        for statement in (ADDED[0], ADDED[2]):
            client.rows(target, statement, database=new)
        migrate.plan()
    with table_held(target, new, "child"):
        killed_in_alter(migrate, target, new, words)
    limit = time.monotonic() + 30
    while working(target, new, words) and time.monotonic() < limit:
        time.sleep(0.05)
    ran = migrate.apply()
    assert ran.code == 0, ran.err + ran.out
    assert indexes(target, new) == ["by_parent", "by_t", "PRIMARY"]
    proof.assert_equal(target, new)
    assert migrate.apply().out.startswith("Nothing to do")


def test_a_lock_that_outlasts_the_resume_is_waited_for_and_then_the_step_is_done_once(
    family: tuple[Migrate, str, Proof], target: Server
) -> None:
    migrate, new, proof = family
    let_go = threading.Event()

    def hold() -> None:
        with table_held(target, new, "child"):
            let_go.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        for _ in range(3):
            killed_in_alter(migrate, target, new, "ALTER TABLE")
        threading.Timer(3, let_go.set).start()
        ran = migrate.apply()
    finally:
        let_go.set()
        holder.join()
    assert ran.code == 0, ran.err + ran.out
    assert not working(target, new, "ALTER TABLE")
    proof.assert_equal(target, new)


# -- rows --------------------------------------------------------------------------------------------------------------

BLOBS = """INSERT INTO blobs SELECT n, REPEAT(UNHEX(SHA2(n, 512)), 1500) FROM numbers WHERE n <= 700"""


@pytest.fixture(params=["InnoDB", pytest.param("MyISAM", marks=pytest.mark.full)])
def blobs(
    request: pytest.FixtureRequest, begin: Begin, fresh_schemas: FreshSchemas, source: Server, target: Server
) -> tuple[Migrate, str, str, Proof]:
    """A table of 67 MB, whose LOAD DATA can be met at work."""
    old, new = fresh_schemas("blobs", source), fresh_schemas("blobs")
    make_family(source, old, ADDED, 2000)
    client.rows(source, f"CREATE TABLE blobs (id INT PRIMARY KEY, b LONGBLOB) ENGINE={request.param}", database=old)
    client.rows(source, BLOBS, database=old)
    migrate = begin(old, new)
    migrate.plan()
    return migrate, old, new, Proof(source, old)


def stopped_in_load(migrate: Migrate, target: Server, new: str) -> Process:
    """An apply that is SIGSTOPped while the target waits for the rest of its LOAD DATA."""
    for _ in range(20):
        process = migrate.start("apply", PLAN)
        while process.until(lambda: bool(working(target, new, "LOAD DATA%blobs"))):
            process.signal(signal.SIGSTOP)
            time.sleep(0.3)
            if working(target, new, "LOAD DATA%blobs"):
                return process
            process.signal(signal.SIGCONT)
        assert process.wait().code == 0
        client.rows(target, f"DROP DATABASE `{new}`")
    raise AssertionError("no LOAD DATA was met at work")


def test_a_load_whose_client_was_stopped_and_then_killed_leaves_no_row_twice(
    blobs: tuple[Migrate, str, str, Proof], target: Server
) -> None:
    migrate, _, new, proof = blobs
    process = stopped_in_load(migrate, target, new)
    process.kill()
    ran = migrate.apply()
    assert ran.code == 0, ran.err + ran.out
    proof.assert_equal(target, new)
    assert migrate.apply().out.startswith("Nothing to do")


def test_a_stopped_apply_keeps_its_locks_and_the_second_one_names_it(
    blobs: tuple[Migrate, str, str, Proof], target: Server, begin: Begin
) -> None:
    migrate, old, new, proof = blobs
    process = stopped_in_load(migrate, target, new)
    here = migrate.apply("--lock-timeout", "0")
    assert here.code == 5, here.err
    assert f"pid {process.pid}," in here.err
    elsewhere = begin(old, new, "elsewhere")
    (elsewhere.folder / "plans").mkdir()
    (elsewhere.folder / PLAN).write_bytes((migrate.folder / PLAN).read_bytes())
    there = elsewhere.apply("--lock-timeout", "1")
    assert there.code == 5, there.err
    assert f"pid {process.pid}" in there.err
    assert new in there.err
    process.signal(signal.SIGCONT)
    ran = process.wait()
    assert ran.code == 0, ran.err + ran.out
    proof.assert_equal(target, new)
    late = elsewhere.apply()
    assert (late.code, late.out.startswith("Nothing to do")) == (0, True), late.err


def test_a_lock_that_the_server_takes_away_stops_the_run_which_then_resumes(
    blobs: tuple[Migrate, str, str, Proof], target: Server
) -> None:
    migrate, _, new, proof = blobs
    process = migrate.start("apply", PLAN)
    seen: list[int] = []

    def locked() -> bool:
        connection = lock_connection(target, process.pid)
        seen.extend([connection] if connection is not None else [])
        return connection is not None

    assert process.until(locked), process.wait().err
    client.rows(target, f"KILL {seen[0]}")
    ran = process.wait()
    assert ran.code == 3, ran.err + ran.out
    assert f"the lock on {new} was lost" in ran.err + ran.out
    assert "migrate apply plans/crash.toml" in ran.err + ran.out, "the resume line"
    again = migrate.apply()
    assert again.code == 0, again.err + again.out
    proof.assert_equal(target, new)
