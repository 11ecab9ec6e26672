"""Two runs at once, signals, a killed server, a lost state file: nothing is lost, and the same command goes on."""

from __future__ import annotations

import signal
import socket
import sqlite3
import time
from pathlib import Path

import pytest

from tests.e2e.command import PLAN, refused, stopped, wait_until
from tests.e2e.equality import assert_equal
from tests.e2e.world import World, count, fill_much
from tests.lab import extra, kill9, restart


def test_a_server_killed_in_the_middle_of_apply_is_survived(world: World) -> None:
    with extra("e2e-killed") as private:
        world.target = private
        fill_much(world.source, world.schema)
        world.configure()
        world.plan()
        child = world.migrate.start("apply", PLAN)
        lines = f"SELECT COUNT(*) FROM `{world.goal}`._migrate_ledger WHERE kind = 'chunk'"
        wait_until(lambda: count(private, lines) >= 3)
        kill9(private)
        ran = world.migrate.ended(child, ("apply", PLAN))
        stopped(ran, 3, "new: ")
        world.state_is_intact()
        world.target = restart(private)
        world.finishes()


# -- two at once, and signals --------------------------------------------------------------------------------------


def test_a_second_apply_of_the_same_plan_is_told_who_holds_the_lock(world: World) -> None:
    fill_much(world.source, world.schema)
    world.plan()
    child = world.migrate.start("apply", PLAN)
    wait_until(lambda: count(world.target, f"SELECT COUNT(*) FROM `{world.goal}`._migrate_ledger") > 0)
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
    wait_until(lambda: count(world.target, f"SELECT COUNT(*) FROM `{world.goal}`._migrate_ledger") > 1)
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
    wait_until(lambda: count(world.target, f"SELECT COUNT(*) FROM `{world.goal}`._migrate_ledger") > 1)
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
