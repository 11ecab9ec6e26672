"""The one place where failures become a sentence and an exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import migrate.cli
from migrate import planfile
from migrate.errors import Interrupted, Locked, MigrateError, Stopped
from tests.unit.cli.conftest import Desk
from tests.unit.ui import shop


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def run(argv: object, jsonl: object) -> int:
        raise error

    monkeypatch.setattr(migrate.cli, "run", run)


def test_an_error_of_ours_is_its_sentence_its_hint_and_its_code(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, Locked("somebody is at it", "wait"))
    ran = desk("apply", "x")
    assert (ran.code, ran.out, ran.err) == (5, "", "error: somebody is at it\n  next: wait\n")


@pytest.mark.parametrize(("terminated", "code"), [(False, 130), (True, 143)])
def test_an_interrupt_has_the_signals_code(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, terminated: bool, code: int
) -> None:
    raising(monkeypatch, Interrupted("stopped", "go on", terminated))
    assert desk("apply", "x").code == code


def test_ctrl_c_anywhere_else_is_130_without_a_traceback(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, KeyboardInterrupt())
    ran = desk("plan")
    assert (ran.code, ran.err) == (130, "interrupted\n")


def test_a_bug_is_one_line_that_asks_for_a_report(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, ValueError("a\nb"))
    ran = desk("plan", "--json")
    assert ran.code == 70
    assert ran.err == (
        "error: internal error: ValueError: a b (run again with --debug for the traceback, and report it)\n"
    )
    assert ran.lines[-1]["error"] == "InternalError"


def test_debug_shows_the_traceback(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, Locked("somebody is at it"))
    ran = desk("apply", "x", "--debug")
    assert ran.code == 5
    assert "Traceback (most recent call last)" in ran.err
    assert ran.err.endswith("error: somebody is at it\n")


def test_of_several_errors_the_one_that_can_be_resumed_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, ExceptionGroup("both", [MigrateError("one"), ExceptionGroup("in", [Stopped("two", "h")])]))
    ran = desk("apply", "x")
    assert (ran.code, ran.err) == (3, "error: two\n  next: h\n")


def test_a_path_that_cannot_be_used_is_no_bug(desk: Desk) -> None:
    ran = desk("show", "migrate.toml/plan.toml")
    assert ran.code == 66
    ran = desk("--log-file", "nowhere/log", "state", "list")
    assert (ran.code, ran.err.splitlines()[0]) == (
        1,
        "error: the log nowhere/log cannot be written: No such file or directory",
    )


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    planfile.write(path, planfile.seal(shop.plan(*shop.GOOD.step, findings=shop.FINDINGS * 20_000)))
    read, write = os.pipe()
    os.close(read)
    ran = subprocess.run(
        [sys.executable, "-m", "migrate", "show", str(path)], stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert (ran.returncode, ran.stderr) == (141, b"")
