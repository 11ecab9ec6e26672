"""How an apply ended, exactly as it is printed."""

from __future__ import annotations

import msgspec
import pytest

from migrate.model.plan import Estimate, Plan, SyncRows
from migrate.model.progress import (
    ChunkDone,
    Event,
    Outcome,
    StepDone,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepStatus,
)
from migrate.ui.ending import Tally, apply_lines, preview_lines, status_lines, verify_lines
from tests.unit.ui import shop

RESUME = "migrate apply plans/shop.toml"


def tally(plan: Plan, *events: Event) -> Tally:
    out = Tally(plan)
    for event in events:
        out.add(event)
    return out


def done(plan: Plan, rows: int = 1_200_000) -> list[Event]:
    return [StepDone(step.id, 1.0, rows if step.id == shop.LOAD.id else 0) for step in plan.step]


def ended(seen: Tally, outcome: Outcome, verified: bool = True) -> str:
    return "\n".join(line.plain for line in apply_lines(seen, outcome, RESUME, verified))


def test_success_tells_counts_figures_and_the_proof() -> None:
    outcome = Outcome(7, 0, 0, 1_200_000, 310_000_000, 20.0)
    assert ended(tally(shop.GOOD, *done(shop.GOOD)), outcome) == (
        "done 7 · failed 0 · not started 0\n"
        "1 table, 1,200,000 rows (310 MB) in 20.0 s: 60,000 rows/s, 15.5 MB/s\n"
        "verified 1 table: equal by count and checksum"
    )


def test_how_long_limits_held_work_up_is_told_however_it_ended() -> None:
    outcome = Outcome(7, 0, 0, 1_200_000, 310_000_000, 20.0, throttled=12.3)
    assert "\nthrottled 12.3 s of 20.0 s\n" in ended(tally(shop.GOOD, *done(shop.GOOD)), outcome)
    stopped = Outcome(0, 0, 7, 0, 0, 20.0, interrupted=True, throttled=20.0)
    assert "\nthrottled 20.0 s of 20.0 s\n" in ended(tally(shop.GOOD), stopped)
    proven = verify_lines(tally(shop.GOOD), Outcome(1, 0, 0, 0, 0, 20.0, throttled=12.3))
    assert proven[0].plain == "throttled 12.3 s of 20.0 s"


def test_without_verification_it_says_so() -> None:
    steps = [step for step in shop.GOOD.step if step.id != shop.VERIFY.id]
    seen = tally(shop.GOOD, *done(shop.plan(*steps)), StepSkipped(shop.VERIFY.id, "--no-verify"))
    text = ended(seen, Outcome(6, 0, 0, 1_200_000, 310_000_000, 20.0, skipped=1), verified=False)
    assert text.splitlines()[0] == "done 6 · left out 1 · failed 0 · not started 0"
    assert text.splitlines()[-1] == "not verified: `migrate verify` proves that both sides are equal"


def test_when_all_was_done_before_there_is_nothing_to_do() -> None:
    seen = tally(shop.GOOD, *(StepSkipped(step.id, "done before") for step in shop.GOOD.step))
    assert ended(seen, Outcome(0, 0, 0, 0, 0, 0.1, skipped=7)) == "Nothing to do: this plan was applied before."


def test_a_failure_tells_step_error_next_step_and_how_to_resume() -> None:
    failure = StepFailed(shop.LOAD.id, "new: disk full\nsecond line", "make room", 1)
    seen = tally(shop.GOOD, StepDone(shop.SCHEMA.id, 0.1), StepDone(shop.CREATE.id, 0.1), failure)
    assert ended(seen, Outcome(2, 1, 4, 0, 0, 3.0, (failure,))) == (
        "failed load-rows:new:shop.orders\n"
        "  error: new: disk full\n"
        "         second line\n"
        "  next: make room\n"
        "done 2 · failed 1 · not started 4\n"
        "resume: migrate apply plans/shop.toml"
    )


def test_an_interrupted_apply_says_that_nothing_is_half_written() -> None:
    seen = tally(shop.GOOD, StepDone(shop.SCHEMA.id, 0.1))
    assert ended(seen, Outcome(1, 0, 6, 0, 0, 3.0, interrupted=True)) == (
        "done 1 · failed 0 · not started 6\n"
        "interrupted: what is done is recorded, nothing is half-written\n"
        "resume: migrate apply plans/shop.toml"
    )


def test_planned_and_moved_rows_stand_side_by_side_when_they_differ() -> None:
    text = ended(tally(shop.GOOD, *done(shop.GOOD, 1_310_442)), Outcome(7, 0, 0, 1_310_442, 1, 20.0))
    assert text.startswith(
        "rows planned and moved differ: the source has changed since the plan\n"
        "  table              planned      moved\n"
        "  new:shop.orders  1,200,000  1,310,442\n"
        "done 7"
    )


@pytest.mark.parametrize("rows", [1_150_000, 1_200_000, 1_249_999])
def test_rounding_of_the_plan_is_no_difference(rows: int) -> None:
    assert "differ" not in ended(tally(shop.GOOD, *done(shop.GOOD, rows)), Outcome(7, 0, 0, rows, 1, 20.0))


@pytest.mark.parametrize(("planned", "moved", "said"), [(0, 3, False), (5, 3, True), (5, 5, False)])
def test_rows_of_a_sync_that_the_plan_did_not_count_are_no_difference(planned: int, moved: int, said: bool) -> None:
    sync = SyncRows(id="sync-rows:new:a.t", source="old:a.t", target="new:a.t", estimate=Estimate(rows=planned))
    text = ended(tally(shop.plan(sync), StepDone(sync.id, 1.0, moved)), Outcome(1, 0, 0, moved, 1, 1.0))
    assert ("planned and moved differ" in text) == said


def test_notes_of_steps_are_told() -> None:
    events = [*done(shop.GOOD)[:-1], StepDone(shop.KEYS.id, 1.0, note="2 orphans, the source has them too")]
    text = ended(tally(shop.GOOD, *events), Outcome(7, 0, 0, 1_200_000, 1, 20.0))
    assert text.startswith("note add-foreign-keys:new:shop.orders: 2 orphans, the source has them too\ndone 7")


def test_verify_tells_how_much_is_equal() -> None:
    seen = tally(shop.GOOD, StepDone(shop.VERIFY.id, 2.0, 1_200_000))
    lines = verify_lines(seen, Outcome(1, 0, 0, 1_200_000, 0, 2.0))
    assert [line.plain for line in lines] == ["Equal: 1 table, 1,200,000 rows, proven in 2.0 s."]


def test_verify_tells_where_it_differs() -> None:
    failure = StepFailed(shop.VERIFY.id, "old:shop.orders and new:shop.orders differ: id 5 to 9", "migrate plan", 7)
    lines = verify_lines(tally(shop.GOOD, failure), Outcome(0, 1, 0, 0, 0, 2.0, (failure,)))
    assert [line.plain for line in lines] == [
        "failed verify:new:shop.orders",
        "  error: old:shop.orders and new:shop.orders differ: id 5 to 9",
        "  next: migrate plan",
        "equal 0 · different or failed 1 · not looked at 0",
    ]


def test_status_lists_what_is_not_done_and_counts_all() -> None:
    statuses = {
        shop.SCHEMA.id: StepStatus(shop.SCHEMA.id, "done", seconds=0.1),
        shop.CREATE.id: StepStatus(shop.CREATE.id, "skipped"),
        shop.LOAD.id: StepStatus(shop.LOAD.id, "running", 341_000, 88_000_000),
        shop.INDEXES.id: StepStatus(shop.INDEXES.id, "failed", note="new: disk full"),
    }
    blocked = msgspec.structs.replace(shop.BLOCKED, blocked="it holds other rows")
    plan = shop.plan(shop.SCHEMA, shop.CREATE, shop.LOAD, shop.INDEXES, blocked, shop.KEYS)
    assert [line.plain for line in status_lines(plan, statuses, detail=False)] == [
        "running  load-rows:new:shop.orders         341,000 of about 1,200,000 rows  88 MB",
        "failed   add-indexes:new:shop.orders                                               new: disk full",
        "blocked  load-rows:new:shop.audit          0 of about 3 rows                       it holds other rows",
        "pending  add-foreign-keys:new:shop.orders",
        "done 1 · running 1 · failed 1 · pending 1 · skipped 1 · blocked 1 · 341,000 rows (88 MB)",
    ]
    assert len(status_lines(plan, statuses, detail=True)) == 7


def test_status_of_an_empty_plan() -> None:
    assert [line.plain for line in status_lines(shop.EMPTY, {}, detail=True)] == ["The plan has no steps."]


def test_preview_lists_what_would_run() -> None:
    plan = shop.plan(shop.SCHEMA, shop.CREATE, shop.LOAD)
    statuses = (StepStatus(shop.SCHEMA.id, "done"), StepStatus(shop.CREATE.id, "pending", note="begun before"))
    assert [line.plain for line in preview_lines(plan, statuses)] == [
        "would run  create-table:new:shop.orders  create                        begun before",
        "would run  load-rows:new:shop.orders     load 1,200,000 rows (310 MB)",
        "2 steps to run, 1 done before; nothing was changed.",
    ]


def test_preview_of_a_finished_plan_has_nothing_to_do() -> None:
    statuses = tuple(StepStatus(step.id, "done") for step in shop.GOOD.step)
    assert [line.plain for line in preview_lines(shop.GOOD, statuses)] == [
        "Nothing to do: this plan was applied before."
    ]


def test_what_an_earlier_run_did_is_counted_apart() -> None:
    seen = tally(shop.GOOD, StepSkipped(shop.SCHEMA.id, "done before"), *done(shop.GOOD)[1:])
    text = ended(seen, Outcome(6, 0, 0, 1_200_000, 310_000_000, 20.0, skipped=1))
    assert text.splitlines()[0] == "done 6 · done before 1 · failed 0 · not started 0"


def test_the_speed_is_that_of_this_run() -> None:
    seen = tally(
        shop.GOOD,
        ChunkDone(shop.LOAD.id, 1_000_000, 300_000_000),
        StepStarted(shop.LOAD.id),
        ChunkDone(shop.LOAD.id, 200_000, 10_000_000),
        StepDone(shop.LOAD.id, 1.0, 1_200_000, 310_000_000),
    )
    assert ended(seen, Outcome(1, 0, 0, 1_200_000, 310_000_000, 2.0, skipped=6)).splitlines()[1] == (
        "1 table, 1,200,000 rows (310 MB) in 2.0 s: 100,000 rows/s, 5 MB/s;"
        " 1,000,000 of them were there from an earlier run"
    )


def test_what_an_earlier_run_did_is_no_change_of_this_one() -> None:
    seen = tally(shop.GOOD, ChunkDone(shop.LOAD.id, 5, 5))
    assert not seen.touched
    seen.add(StepStarted(shop.LOAD.id))
    seen.add(ChunkDone(shop.LOAD.id, 5, 5))
    assert seen.touched
