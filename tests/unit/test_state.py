from __future__ import annotations

import json
import multiprocessing
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrate.errors import Locked, StateError
from migrate.model.progress import StepStatus
from migrate.state import VERSION, Run, State

DIGEST = "sha256:" + "a1" * 32
OTHER = "sha256:" + "b2" * 32
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "migrate.db"


def claim(state: State, digest: str = DIGEST, timeout: float = 0) -> Run:
    return state.claim(digest, "shop", "plans/shop.toml", timeout)


def child(path: Path, code: str) -> subprocess.Popen[str]:
    """Another process that has the state file open as `state` and a run as `run`; it says what it prints."""
    script = f"""
import os, sys, time
from pathlib import Path
from migrate.state import State
state = State.open(Path({str(path)!r}))
run = state.claim({DIGEST!r}, "shop", "plans/shop.toml", 0)
{code}
"""
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


# -- what is remembered ------------------------------------------------------------------------------------------------


def test_steps_are_remembered_across_runs(path: Path) -> None:
    with State.open(path) as state:
        run = claim(state)
        run.intent("create")
        run.done("create", 0, 0, 0.5, "")
        run.intent("load")
        run.checkpoint("load", 10, 100)
        run.checkpoint("load", 5, 50)
        run.failed("load", "old: the server went away")
        run.skipped("verify", "switched off")
        run.end(3, "done 1 · failed 1 · not started 0")
    with State.open(path) as state:
        found = state.statuses(DIGEST)
        assert found["create"] == StepStatus("create", "done", seconds=0.5)
        assert (found["load"].status, found["load"].rows, found["load"].bytes) == ("failed", 15, 150)
        assert found["load"].note == "old: the server went away"
        assert found["verify"] == StepStatus("verify", "skipped", note="switched off")
        assert state.statuses(OTHER) == {}


def test_an_end_sets_the_whole_steps_counters_and_adds_its_seconds(path: Path) -> None:
    with State.open(path) as state:
        run = claim(state)
        run.intent("load")
        run.checkpoint("load", 10, 100)
        run.flush()
        run.checkpoint("load", 1, 1)
        run.done("load", 12, 120, 1.0, "one orphan")
        run.intent("load")
        run.done("load", 13, 130, 2.0, "")
        run.flush()
        assert state.statuses(DIGEST)["load"] == StepStatus("load", "done", rows=13, bytes=130, seconds=3.0)


def test_counters_can_be_set_to_what_the_ledger_proves(path: Path) -> None:
    with State.open(path) as state:
        run = claim(state)
        run.checkpoint("load", 10, 100)
        run.proven("load", 7, 70)
        run.checkpoint("load", 1, 10)
        run.flush()
        assert state.statuses(DIGEST)["load"] == StepStatus("load", "running", rows=8, bytes=80)


def test_a_skip_keeps_what_an_earlier_run_has_done(path: Path) -> None:
    with State.open(path) as state:
        run = claim(state)
        run.done("load", 12, 120, 1.0, "")
        run.intent("create")
        run.skipped("load", "was done")
        run.skipped("create", "is there")
        run.flush()
        assert state.statuses(DIGEST)["load"].status == "done"
        assert state.statuses(DIGEST)["create"].status == "skipped"
        assert state.unfinished_intents(DIGEST) == ()


def test_an_intent_is_unfinished_until_done_or_skipped_and_failed_ones_stay(path: Path) -> None:
    with State.open(path) as state:
        run = claim(state)
        for step in ("a", "b", "c", "d"):
            run.intent(step)
        run.done("a", 0, 0, 0, "")
        run.failed("b", "connection lost")
        run.skipped("c", "")
        run.flush()
        assert state.unfinished_intents(DIGEST) == ("b", "d")
        run.end(3, "")
        assert state.unfinished_intents(DIGEST) == ("b", "d")
        assert state.statuses(DIGEST)["d"].status == "pending"
        assert state.statuses(DIGEST)["b"].status == "failed"


def test_history_tells_runs_and_events_in_utc(path: Path) -> None:
    with State.open(path) as state:
        assert state.plans() == ()
        first = claim(state)
        first.intent("a")
        first.failed("a", "no")
        first.end(3, "done 0 · failed 1")
        second = state.claim(DIGEST, "shop", "elsewhere/shop.toml", 0)
        second.done("a", 4, 5, 0.1, "found done")
        runs = state.history(DIGEST)
        assert [(run.status, run.exit_code, run.summary) for run in runs] == [
            ("ended", 3, "done 0 · failed 1"),
            ("running", None, ""),
        ]
        assert [(event.what, event.step, event.note) for run in runs for event in run.events] == [
            ("intent", "a", ""),
            ("failed", "a", "no"),
            ("done", "a", "found done"),
        ]
        assert STAMP.fullmatch(runs[0].started)
        assert runs[0].ended is not None
        assert STAMP.fullmatch(runs[0].ended)
        assert STAMP.fullmatch(runs[0].events[0].at)
        assert (runs[0].pid, runs[0].host) == (os.getpid(), socket.gethostname())
        (plan,) = state.plans()
        assert (plan.digest, plan.name, plan.path) == (DIGEST, "shop", "elsewhere/shop.toml")
        assert (plan.done, plan.skipped, plan.failed, plan.rows, plan.bytes) == (1, 0, 0, 4, 5)
        assert plan.last_run == runs[1]


def test_texts_that_utf8_cannot_hold_are_spelled_out(path: Path) -> None:
    with State.open(path) as state:
        run = state.claim(DIGEST, "shop", "plans/\udcff.toml", 0)
        run.failed("a", "bad byte \udc80 here")
        assert state.statuses(DIGEST)["a"].note == "bad byte \\udc80 here"
        assert state.plans()[0].path == "plans/\\udcff.toml"


def test_an_ended_run_takes_nothing_more(path: Path) -> None:
    with State.open(path) as state:
        run = claim(state)
        run.end(0, "")
        with pytest.raises(RuntimeError, match="the run has ended"):
            run.intent("a")


def test_counters_are_committed_at_most_once_a_second(path: Path) -> None:
    with State.open(path) as state, State.open(path) as looking:
        run = claim(state)
        began = time.monotonic()
        seen = set()
        while time.monotonic() - began < 1.5:
            run.checkpoint("load", 1, 1)
            seen.add(looking.statuses(DIGEST).get("load", StepStatus("load", "pending")).rows)
        assert len(seen) == 2  # nothing, and the one group
        run.flush()
        assert looking.statuses(DIGEST)["load"].rows > max(seen)


def test_what_is_recorded_together_is_one_commit(path: Path) -> None:
    with State.open(path) as state, State.open(path) as looking:
        run = claim(state)
        run.checkpoint("load", 3, 30)
        with run.together():
            run.intent("a")
            run.done("b", 1, 2, 0.5, "")
            run.checkpoint("load", 4, 40)
            run.done("load", 9, 90, 0.0, "")
            run.checkpoint("c", 5, 5)
            assert looking.statuses(DIGEST) == {}
        found = looking.statuses(DIGEST)
        assert {name: one.status for name, one in found.items()} == {"a": "running", "b": "done", "load": "done"}
        assert found["load"].rows == 9
        run.flush()
        assert looking.statuses(DIGEST)["c"].rows == 5


def test_of_what_is_recorded_together_nothing_stays_when_it_fails(path: Path) -> None:
    with State.open(path) as state:
        run = claim(state)
        run.checkpoint("load", 3, 30)

        def fails() -> None:
            with run.together():
                run.intent("a")
                run.checkpoint("load", 4, 40)
                run.done("b", 1, 2, 0.5, "")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fails()
        assert state.statuses(DIGEST) == {}
        run.intent("c")
        assert state.unfinished_intents(DIGEST) == ("c",)
        assert state.statuses(DIGEST)["load"].rows == 3  # what waited before it waits on


def test_a_step_that_is_to_come_has_an_intent_and_is_pending_until_it_begins(path: Path) -> None:
    with State.open(path) as state, State.open(path) as looking:
        run = claim(state)
        run.failed("failed", "before")
        run.coming("a")
        run.coming("failed")
        assert looking.unfinished_intents(DIGEST) == ("a", "failed")
        assert {name: one.status for name, one in looking.statuses(DIGEST).items()} == {
            "a": "pending",
            "failed": "failed",
        }
        run.begun("a")
        run.flush()
        assert looking.statuses(DIGEST)["a"] == StepStatus("a", "running")


# -- crashes -----------------------------------------------------------------------------------------------------------


def test_a_process_that_dies_between_intent_and_done_leaves_the_intent(path: Path) -> None:
    process = child(path, "run.intent('alter'); run.done('create', 1, 2, 0.0, ''); run.intent('load'); os._exit(9)")
    assert process.wait() == 9
    with State.open(path) as state:
        assert state.unfinished_intents(DIGEST) == ("alter", "load")
        assert state.statuses(DIGEST)["alter"].status == "pending"
        assert state.statuses(DIGEST)["create"] == StepStatus("create", "done", rows=1, bytes=2)
        assert [run.status for run in state.history(DIGEST)] == ["died"]
        run = claim(state)
        assert state.unfinished_intents(DIGEST) == ("alter", "load")
        assert [run.status for run in state.history(DIGEST)] == ["died", "running"]
        run.end(0, "")
        assert [run.status for run in state.history(DIGEST)] == ["died", "ended"]


@pytest.mark.parametrize("seed", range(6))
def test_kill_loses_nothing_but_the_counters_of_the_last_second(path: Path, seed: int) -> None:
    code = """
for number in range(10**9):
    run.checkpoint("load", 1, 10)
    if number % 7 == 0:
        run.intent(f"s{number}"); print("intent", number, flush=True)
        run.done(f"s{number}", number, 0, 0.0, ""); print("done", number, flush=True)
"""
    process = child(path, code)
    told = [first_line(process)]
    time.sleep(random.Random(seed).uniform(0.05, 0.4))
    process.send_signal(signal.SIGKILL)
    assert process.stdout is not None
    told += process.stdout.read().split("\n")[:-1]
    process.wait()
    said = [(what, int(number)) for what, number in (line.split() for line in told)]
    with State.open(path) as state:
        statuses = state.statuses(DIGEST)
        done = [number for what, number in said if what == "done"]
        assert done
        for number in done:
            assert statuses[f"s{number}"] == StepStatus(f"s{number}", "done", rows=number)
        begun = {f"s{number}" for what, number in said if what == "intent"}
        assert begun <= statuses.keys()
        # the durable lines took the counters along
        assert said[-1][1] - 7 <= statuses["load"].rows <= said[-1][1] + 8


# -- locks -------------------------------------------------------------------------------------------------------------


def test_two_processes_do_not_run_one_plan_and_the_second_is_told_by_whom(path: Path) -> None:
    process = child(path, "print('ready', flush=True); time.sleep(60)")
    try:
        assert first_line(process) == "ready"
        with State.open(path) as state:
            with pytest.raises(Locked) as caught:
                claim(state)
            assert caught.value.exit_code == 5
            assert f"on {socket.gethostname()}, pid {process.pid}, since 20" in str(caught.value)
            assert "--lock-timeout" in caught.value.hint
            assert state.history(DIGEST)[-1].status == "running"
            claim(state, OTHER).end(0, "")
            (lock,) = path.parent.glob("*.lock")
            assert json.loads(lock.read_text())["pid"] == process.pid
    finally:
        process.kill()
        process.wait()
    with State.open(path) as state:
        claim(state).end(0, "")
    assert list(path.parent.glob("*.lock")) == []


def test_a_claim_waits_for_the_lock_as_long_as_it_may(path: Path) -> None:
    process = child(path, "print('ready', flush=True); time.sleep(1); run.end(0, ''); state.close()")
    try:
        assert first_line(process) == "ready"
        with State.open(path) as state:
            began = time.monotonic()
            claim(state, timeout=30).end(0, "")
            assert 0.5 < time.monotonic() - began < 20
    finally:
        process.wait()


def _race(path: str, wins: str, start: float) -> None:
    time.sleep(max(start - time.time(), 0))
    with State.open(Path(path)) as state:
        for _ in range(20):
            try:
                run = state.claim(DIGEST, "shop", "p", 0.5)
            except Locked:
                continue
            handle = os.open(wins, os.O_CREAT | os.O_EXCL)  # fails when two hold the lock
            os.close(handle)
            time.sleep(random.uniform(0, 0.005))
            Path(wins).unlink()
            run.end(0, "")


def test_many_processes_that_begin_at_once_share_a_new_file_and_never_a_lock(path: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    arguments = (str(path), str(tmp_path / "held"), time.time() + 2)
    processes = [context.Process(target=_race, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    with State.open(path) as state:
        numbers = [run.number for run in state.history(DIGEST)]
        assert len(numbers) > 20
        assert {run.status for run in state.history(DIGEST)} == {"ended"}


def test_the_same_process_cannot_claim_twice(path: Path) -> None:
    with State.open(path) as state, State.open(path) as again:
        run = claim(state)
        with pytest.raises(Locked):
            claim(again)
        run.end(0, "")
        claim(again).end(0, "")


def test_leaving_without_an_end_frees_the_lock_and_counts_as_died(path: Path) -> None:
    def crash() -> None:
        with State.open(path) as state:
            run = claim(state)
            run.checkpoint("load", 3, 4)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    with State.open(path) as state:
        assert state.history(DIGEST)[0].status == "died"
        assert state.statuses(DIGEST)["load"].rows == 3
        claim(state).end(0, "")


# -- files that cannot be used -----------------------------------------------------------------------------------------


def refused(path: Path) -> StateError:
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(StateError) as caught:
        State.open(path)
    assert caught.value.exit_code == 1
    assert str(path) in str(caught.value)
    assert caught.value.hint
    assert before == (path.read_bytes() if path.is_file() else b"")
    return caught.value


@pytest.fixture
def filled(path: Path) -> Path:
    with State.open(path) as state:
        run = claim(state)
        for number in range(300):
            run.checkpoint(f"step-{number}", 1, 1)
        run.end(0, "x" * 20000)
    return path


def test_a_new_file_is_a_sqlite_file_with_our_mark_and_its_journal_ahead(path: Path) -> None:
    State.open(path).close()
    sql = sqlite3.connect(path)
    assert sql.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert sql.execute("PRAGMA application_id").fetchone() == (0x6D696772,)
    assert sql.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    sql.close()
    assert [file.name for file in path.parent.iterdir()] == ["migrate.db"]


def test_an_open_file_syncs_every_commit(path: Path) -> None:
    with State.open(path) as state, state.write() as sql:
        assert sql.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_newer_file_is_refused_untouched(filled: Path) -> None:
    sql = sqlite3.connect(filled)
    sql.execute(f"PRAGMA user_version = {VERSION + 1}")
    sql.close()
    assert f"newer migrate (version {VERSION + 1}, this one knows {VERSION})" in str(refused(filled))


def test_an_empty_file_is_damage_and_not_a_new_file(filled: Path) -> None:
    os.truncate(filled, 0)
    assert "damaged: it is empty" in str(refused(filled))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(filled: Path, share: float) -> None:
    os.truncate(filled, int(filled.stat().st_size * share))
    assert "is damaged" in str(refused(filled))


@pytest.mark.parametrize("size", [1, 100, 5000])
def test_random_bytes_are_refused(path: Path, size: int) -> None:
    path.parent.mkdir()
    path.write_bytes(random.Random(size).randbytes(size))
    assert "is not a state file of migrate" in str(refused(path))


def test_pages_overwritten_with_random_bytes_are_refused(filled: Path) -> None:
    with filled.open("r+b") as file:
        file.seek(4096)
        file.write(random.Random(1).randbytes(filled.stat().st_size - 4096))
    assert "is damaged" in str(refused(filled))


def test_another_programs_sqlite_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    sql = sqlite3.connect(other)
    sql.execute("CREATE TABLE t (a)")
    sql.close()
    assert "is not a state file of migrate" in str(refused(other))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "is a folder" in str(refused(tmp_path))


def test_a_lost_file_whose_journal_is_left_is_refused(tmp_path: Path) -> None:
    (tmp_path / "migrate.db-wal").write_bytes(b"x")
    assert "migrate.db-wal is there" in str(refused(tmp_path / "migrate.db"))
    assert [file.name for file in tmp_path.iterdir()] == ["migrate.db-wal"]


def test_a_parent_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be used"):
        State.open(tmp_path / "file" / "migrate.db")


@contextmanager
def nobody() -> Iterator[None]:
    """Root may write everywhere: be somebody else for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder that everybody can read and nobody can write, with a state file that somebody left there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        State.open(folder / "migrate.db").close()
        folder.chmod(0o555)
        (folder / "migrate.db").chmod(0o444)
        yield folder
        folder.chmod(0o755)


def test_a_read_only_folder_is_said_so(read_only: Path) -> None:
    with nobody():
        with pytest.raises(StateError, match=r"new\.db cannot be (used|written)") as caught:
            State.open(read_only / "new.db")
        assert "--state" in caught.value.hint
        with (
            pytest.raises(StateError, match=r"migrate\.db cannot be written"),
            State.open(read_only / "migrate.db") as state,
        ):
            claim(state)
    assert sorted(file.name for file in read_only.iterdir()) == ["migrate.db"]


def test_a_full_disk_is_said_so_and_nothing_durable_is_lost(path: Path) -> None:
    with State.open(path) as state:
        run = claim(state)
        run.intent("a")
        with state.write() as sql:
            pages = sql.execute("PRAGMA page_count").fetchone()[0]
        state._sql.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own way to be out of room
        run.checkpoint("load", 5, 5)
        with pytest.raises(StateError, match=r"the disk of the state file .* is full"):
            run.failed("a", "x" * 100_000)
        assert state.unfinished_intents(DIGEST) == ("a",)
        state._sql.execute("PRAGMA max_page_count = 100000")
        run.done("a", 0, 0, 0, "")
        assert state.statuses(DIGEST)["load"].rows == 5  # counters that could not be written waited
        run.end(0, "")


def test_the_lock_is_freed_even_when_the_end_cannot_be_written(path: Path) -> None:
    with State.open(path) as state:
        run = claim(state)
        pages = state._sql.execute("PRAGMA page_count").fetchone()[0]
        state._sql.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StateError, match="full"):
            run.end(0, "x" * 100_000)
        state._sql.execute("PRAGMA max_page_count = 100000")
        claim(state).end(0, "")


def test_a_file_removed_while_in_use_is_noticed_before_anything_is_promised(path: Path) -> None:
    with State.open(path) as state:
        run = claim(state)
        path.unlink()
        with pytest.raises(StateError, match="was removed or replaced while it was in use"):
            run.intent("a")
        with pytest.raises(StateError):
            run.end(0, "")


def test_a_busy_file_is_waited_for(path: Path) -> None:
    with State.open(path) as state:
        run = claim(state)
        process = child_that_locks(path)
        assert first_line(process) == "locked"
        run.intent("a")
        assert process.wait() == 0
        assert state.unfinished_intents(DIGEST) == ("a",)


def child_that_locks(path: Path) -> subprocess.Popen[str]:
    script = f"""
import sqlite3, time
sql = sqlite3.connect({str(path)!r}, isolation_level=None)
sql.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(0.7)
sql.execute("COMMIT")
"""
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)


def test_no_column_of_the_state_file_is_made_for_a_secret(path: Path) -> None:
    State.open(path).close()
    sql = sqlite3.connect(path)
    schema = " ".join(row[0] for row in sql.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"))
    sql.close()
    assert not re.search("password|secret|user|token", re.sub("--.*", "", schema), re.IGNORECASE)
