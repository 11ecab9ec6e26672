"""plan, check, apply, verify, run: the whole way, over servers in memory."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import msgspec
import pytest

from migrate import planfile
from migrate.cli.interrupt import FIRST
from migrate.engines.memory.faults import Gate
from migrate.errors import ConnectionLost, NoSpace, ServerError, StateError
from migrate.model.table import TableName
from migrate.state import Run
from tests.unit.cli.conftest import Desk

PLAN = "plans/shop.toml"


def test_plan_shows_and_writes_and_changes_nothing(desk: Desk) -> None:
    ran = desk("plan")
    assert ran.code == 0
    assert "2 tables to create, 32 rows" in ran.out
    assert ran.err.splitlines() == ["reading 2 endpoints: old, new", f"wrote {PLAN}", f"next: migrate apply {PLAN}"]
    assert "secret" not in Path(PLAN).read_text()
    assert not desk.new.tables
    assert desk("show", PLAN).out == ran.out


def test_planning_twice_gives_the_same_bytes(desk: Desk) -> None:
    desk("plan")
    before = Path(PLAN).read_bytes()
    assert desk("plan", "-o", "again.toml", "--detailed-exitcode", "--quiet").code == 2
    assert Path("again.toml").read_bytes() == before


def test_plan_for_programs(desk: Desk) -> None:
    version, plan = desk("plan", "--json").lines
    assert version == {"type": "version", "ui": "1.0"}
    assert (plan["type"], plan["path"], plan["tables_to_create"], plan["rows"]) == ("plan", PLAN, 2, 32)
    assert plan["digest"] == planfile.read(Path(PLAN)).digest


def test_include_exclude_and_skip_are_in_the_plan(desk: Desk) -> None:
    assert "1 table to create" in desk("plan", "--include", "shop.cust*").out
    assert "1 table to create" in desk("plan", "--exclude", "shop.cust*", "--exclude", "shop.nothing").out
    desk("plan", "--skip", "verify:new:shop.orders")
    assert "verify:new:shop.orders" not in {step.id for step in planfile.read(Path(PLAN)).step}
    assert desk("plan", "--skip", "verify:new:shop.nope").code == 64


def test_the_whole_way(desk: Desk) -> None:
    desk("plan")
    assert desk("check", PLAN).out.startswith("The plan holds: 2 tables to create")
    preview = desk("apply", PLAN, "--dry-run", "--detailed-exitcode")
    assert preview.code == 2
    assert "would run  load-rows:new:shop.orders" in preview.out
    assert not desk.new.tables

    applied = desk("apply", PLAN)
    assert applied.code == 0
    steps = len(planfile.read(Path(PLAN)).step)
    assert f"done {steps} · failed 0 · not started 0" in applied.out
    assert "2 tables, 32 rows" in applied.out
    assert applied.out.endswith("verified 2 tables: equal by count and checksum\n")
    assert desk.rows("customers") == [(1, "이름"), (2, "x")]
    assert len(desk.rows("orders")) == 30

    again = desk("apply", PLAN)
    assert (again.code, again.out) == (0, "Nothing to do: this plan was applied before.\n")
    assert desk("apply", PLAN, "--dry-run", "--detailed-exitcode").code == 0
    assert "\nEqual: 2 tables, 32 rows, proven in " in desk("verify", PLAN).out
    status = desk("status", PLAN)
    assert status.out.startswith(f"done {steps} · running 0 · failed 0 · pending 0 · 32 rows")
    assert len(desk("status", PLAN, "--all").out.splitlines()) == steps + 1

    planned = desk("plan", "--detailed-exitcode")
    assert (planned.code, "No changes. " in planned.out) == (0, True)
    empty = desk("apply", PLAN)
    assert (empty.code, empty.out) == (0, "Nothing to do: the plan has no steps.\n")


def test_apply_tells_programs_every_event_and_the_outcome(desk: Desk) -> None:
    desk("plan")
    lines = desk("apply", PLAN, "--json", "--log-file", "log.jsonl").lines
    assert lines[0] == {"type": "version", "ui": "1.0"}
    assert {"step_started", "chunk_done", "step_done"} <= {line["type"] for line in lines}
    assert lines[-1]["type"] == "outcome"
    assert (lines[-1]["rows"], lines[-1]["failed"]) == (32, 0)
    log = [json.loads(line) for line in Path("log.jsonl").read_text().splitlines()]
    assert all("time" in line for line in log)
    assert [line["type"] for line in log] == [line["type"] for line in lines]


def test_apply_refuses_another_digest(desk: Desk) -> None:
    desk("plan")
    digest = planfile.read(Path(PLAN)).digest.removeprefix("sha256:")
    assert desk("apply", PLAN, "--expect", "0" * 12).code == 65
    assert desk("apply", PLAN, "--expect", "short").code == 64
    assert not desk.new.tables
    assert desk("apply", PLAN, "--expect", digest[:12]).code == 0


def test_a_stale_plan_changes_nothing_and_is_4(desk: Desk) -> None:
    desk("plan")
    desk.new.add_table(msgspec.structs.replace(desk.old.tables[TableName("shop", "orders")].table), [(7, 7)])
    for words in (("check", PLAN), ("apply", PLAN), ("apply", PLAN, "--dry-run")):
        ran = desk(*words)
        assert ran.code == 4
        assert "new:shop.orders" in ran.err
    assert desk.rows("orders") == [(7, 7)]


def test_a_blocked_step_is_shown_by_plan_and_refused_by_apply(desk: Desk) -> None:
    desk.new.add_table(desk.old.tables[TableName("shop", "orders")].table, [(7, 7)])
    with (desk.folder / "migrate.toml").open("a") as config:
        config.write('existing = "fail"\n')
    planned = desk("plan")
    assert planned.code == 0
    assert "BLOCKED" in planned.out
    applied = desk("apply", PLAN)
    assert applied.code == 6
    assert "load-rows:new:shop.orders" in applied.err
    assert desk.rows("orders") == [(7, 7)]


def test_a_failure_after_some_work_is_3_with_the_resume_line_and_can_be_resumed(desk: Desk) -> None:
    desk("plan")
    desk.new.fail_at("write.rows", 1, NoSpace("new", "disk full", "make room"), "shop.orders")
    ran = desk("apply", PLAN, "--state", "my state.db")
    assert ran.code == 3
    assert "failed load-rows:new:shop.orders\n  error: new: disk full\n  next: make room\n" in ran.out
    assert ran.out.endswith(f"resume: migrate apply {PLAN} --state 'my state.db'\n")
    assert "failed: load-rows:new:shop.orders: new: disk full" in ran.err
    assert desk("status", PLAN, "--state", "my state.db").out.count("disk full") == 1
    again = desk("apply", PLAN, "--state", "my state.db")
    assert again.code == 0
    assert "done before" in again.out
    assert len(desk.rows("orders")) == 30


def test_a_failure_before_anything_changed_is_1(desk: Desk) -> None:
    desk("plan")
    desk.new.fail_at("ddl.sent", 1, ServerError("new", "no privilege to create shop"))
    assert desk("apply", PLAN).code == 1
    assert not desk.new.schemas


def test_with_continue_what_does_not_need_the_failed_step_goes_on(desk: Desk) -> None:
    desk("plan")
    desk.new.fail_at("write.rows", 1, NoSpace("new", "disk full"), "shop.customers")
    ran = desk("apply", PLAN, "--on-error", "continue")
    assert ran.code == 3
    assert len(desk.rows("orders")) == 30


def test_temporary_errors_are_waited_out_and_said(desk: Desk) -> None:
    desk("plan")
    desk.new.fail_at("write.rows", 1, ConnectionLost("new", "went away"), "shop.orders")
    ran = desk("apply", PLAN)
    assert ran.code == 0
    assert "waiting 1 s: load-rows:new:shop.orders: new: went away" in ran.err


def test_rows_that_differ_afterwards_are_7_and_are_named(desk: Desk) -> None:
    desk("plan")
    desk("apply", PLAN)
    desk.new.tables[TableName("shop", "customers")].add([(9, "other")])
    ran = desk("verify", PLAN)
    assert ran.code == 7
    assert "failed verify:new:shop.customers\n  error: new:shop.customers differs from old:shop.customers" in ran.out


def test_without_verification_it_says_so(desk: Desk) -> None:
    desk("plan")
    ran = desk("apply", PLAN, "--no-verify")
    assert ran.code == 0
    assert "left out 2" in ran.out
    assert ran.out.endswith("not verified: `migrate verify` proves that both sides are equal\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_ends_with_a_clean_checkpoint(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    desk("plan")
    gate = desk.new.hold_at("write.begun", 1, "shop.customers")
    signalled(gate, monkeypatch, number, release=True)
    ran = desk("apply", PLAN)
    assert ran.code == code
    assert FIRST in ran.err
    assert f"resume: migrate apply {PLAN}" in ran.out
    assert desk("apply", PLAN).code == 0
    assert len(desk.rows("orders")) == 30


def test_the_second_signal_stops_at_once_and_is_still_safe(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk("plan")
    gate = desk.new.hold_at("write.half", 1, "shop.orders")
    signalled(gate, monkeypatch, signal.SIGINT, signal.SIGTERM, release=False)
    ran = desk("apply", PLAN)
    assert ran.code == 143
    assert signal.getsignal(signal.SIGINT) == signal.getsignal(signal.SIGTERM) == signal.SIG_IGN, "one more is late"
    assert ran.err.splitlines()[-2].startswith("error: stopped at once")
    assert ran.err.splitlines()[-1] == f"  next: migrate apply {PLAN}"
    assert desk("apply", PLAN).code == 0
    assert len(desk.rows("orders")) == 30


def signalled(gate: Gate, monkeypatch: pytest.MonkeyPatch, *numbers: signal.Signals, release: bool) -> None:
    """Send signals to this process when somebody stands at the gate; then let them through, or not."""
    hold = gate.hold

    async def interrupted() -> None:
        for number in numbers:
            os.kill(os.getpid(), number)
        if release:
            gate.open()
        await hold()

    monkeypatch.setattr(gate, "hold", interrupted)


def test_run_plans_and_applies(desk: Desk) -> None:
    assert desk("run", "migrate.toml", "--dry-run").code == 0
    assert not Path("plans").exists()
    ran = desk("run", "migrate.toml", "--exclude", "shop.cust*", "--no-verify")
    assert ran.code == 0
    assert "1 table to create" in ran.out
    assert len(desk.rows("orders")) == 30
    assert Path(PLAN).exists()


def test_run_goes_on_with_the_plan_that_it_had_begun(desk: Desk) -> None:
    desk.new.fail_at("write.rows", 1, NoSpace("new", "disk full"), "shop.orders")
    assert desk("run", "migrate.toml").code == 3
    before = Path(PLAN).read_bytes()
    ran = desk("run", "migrate.toml")
    assert ran.code == 0
    assert f"going on with {PLAN}" in ran.err
    assert Path(PLAN).read_bytes() == before
    assert len(desk.rows("orders")) == 30
    third = desk("run", "migrate.toml")
    assert (third.code, "No changes." in third.out) == (0, True)


@pytest.mark.parametrize(
    "flags",
    [
        ("--include", "shop.orders"),
        ("--exclude", "shop.nothing"),
        ("--skip", "verify:new:shop.orders"),
    ],
)
def test_run_with_other_flags_refuses_to_go_on_with_the_plan_that_it_had_begun(
    desk: Desk, flags: tuple[str, str]
) -> None:
    desk.new.fail_at("write.rows", 1, NoSpace("new", "disk full"), "shop.orders")
    assert desk("run", "migrate.toml").code == 3
    before = Path(PLAN).read_bytes()
    ran = desk("run", "migrate.toml", *flags)
    assert ran.code == 65
    assert f"migrate apply {PLAN}" in ran.err
    assert "move that file away" in ran.err
    assert Path(PLAN).read_bytes() == before
    assert desk("run", "migrate.toml").code == 0, "the same flags go on"


def test_run_with_the_same_flags_goes_on_and_without_them_refuses(desk: Desk) -> None:
    flags = ("--exclude", "shop.nothing", "--skip", "verify:new:shop.orders")
    desk.new.fail_at("write.rows", 1, NoSpace("new", "disk full"), "shop.orders")
    assert desk("run", "migrate.toml", *flags).code == 3
    assert desk("run", "migrate.toml").code == 65
    assert desk("run", "migrate.toml", *flags[:2]).code == 65, "the plan leaves a proof out that is wanted now"
    ran = desk("run", "migrate.toml", *flags)
    assert (ran.code, f"going on with {PLAN}" in ran.err) == (0, True)


def test_run_with_an_edited_file_refuses_until_the_begun_plan_is_moved_away(desk: Desk) -> None:
    desk.new.fail_at("write.rows", 1, NoSpace("new", "disk full"), "shop.orders")
    assert desk("run", "migrate.toml").code == 3
    text = Path("migrate.toml").read_text()
    Path("migrate.toml").write_text(text + 'exclude = ["shop.orders"]\n')
    assert desk("run", "migrate.toml").code == 65
    Path(PLAN).rename("old.toml")
    assert desk("run", "migrate.toml").code == 0
    assert desk.rows("orders") == []


def test_state_tells_what_happened(desk: Desk) -> None:
    desk("plan")
    desk("apply", PLAN)
    digest = planfile.read(Path(PLAN)).digest.removeprefix("sha256:")
    listed = desk("state", "list").out.splitlines()
    assert listed[1].split()[:2] == ["shop", digest[:12]]
    assert listed[1].split()[-1] == PLAN
    shown = desk("state", "show", PLAN).out
    assert "run 1: " in shown
    assert "load-rows:new:shop.orders" in shown
    assert desk("state", "show", digest[:12]).out == shown
    assert desk("state", "show", "shop").out == shown
    runs = [line for line in desk("state", "show", PLAN, "--json").lines if line["type"] == "run"]
    assert [run["exit_code"] for run in runs] == [0]


def test_quiet_keeps_stderr_empty(desk: Desk) -> None:
    assert desk("plan", "--quiet").err == ""
    assert desk("apply", PLAN, "--quiet").err == ""


def test_a_missing_secret_is_78_and_nothing_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk("plan")
    monkeypatch.delenv("NEW_PASSWORD")
    ran = desk("apply", PLAN)
    assert ran.code == 78
    assert "NEW_PASSWORD" in ran.err


def test_forced_colours_do_not_draw_bars_into_a_pipe(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    desk("plan")
    ran = desk("apply", PLAN, "--color", "always")
    assert "\x1b[1;32mdone" in ran.out
    assert "\x1b[?25l" not in ran.err
    assert "\r" not in ran.err


def test_a_state_file_that_fails_in_the_middle_does_not_say_that_nothing_was_changed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StateError("the disk of the state file is full", "make room and apply again: it goes on")

    desk("plan")
    with monkeypatch.context() as patch:
        patch.setattr(Run, "done", full)
        ran = desk("apply", PLAN)
    assert ran.code == 3
    assert "error: the disk of the state file is full\n  next: make room" in ran.err
    assert desk("apply", PLAN).code == 0
