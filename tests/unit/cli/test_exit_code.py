"""What the process says of an outcome of apply."""

from __future__ import annotations

import pytest

from migrate.cli.apply import exit_code
from migrate.cli.interrupt import Interrupt
from migrate.model.progress import ChunkDone, Event, Outcome, StepDone, StepFailed, StepStarted
from migrate.ui.ending import Tally
from tests.unit.ui import shop

REFUSED = StepFailed(shop.SCHEMA.id, "no", exit_code=1)
BROKEN = StepFailed(shop.LOAD.id, "no", exit_code=1)
DIFFERENT = StepFailed(shop.VERIFY.id, "no", exit_code=7)
SOME_WORK = (StepDone(shop.SCHEMA.id, 0.1),)
A_CHUNK = (StepStarted(shop.LOAD.id), ChunkDone(shop.LOAD.id, 5, 5))
OF_AN_EARLIER_RUN = (ChunkDone(shop.LOAD.id, 5, 5),)


def code(outcome: Outcome, *events: Event, terminated: bool = False) -> int:
    tally = Tally(shop.GOOD)
    for event in events:
        tally.add(event)
    interrupt = Interrupt()
    interrupt.terminated = terminated
    return exit_code(shop.GOOD, outcome, tally, interrupt)


def ended(*failures: StepFailed, not_started: int = 0, interrupted: bool = False) -> Outcome:
    return Outcome(0, len(failures), not_started, 0, 0, 1.0, failures, interrupted=interrupted)


@pytest.mark.parametrize(
    ("outcome", "events", "expected"),
    [
        (ended(), SOME_WORK, 0),
        (ended(REFUSED, not_started=6), (), 1),
        (ended(REFUSED, not_started=6), OF_AN_EARLIER_RUN, 1),
        (ended(REFUSED, not_started=6), SOME_WORK, 3),
        (ended(REFUSED, not_started=6), A_CHUNK, 3),
        (ended(BROKEN, not_started=6), (), 3),
        (ended(DIFFERENT), SOME_WORK, 7),
        (ended(DIFFERENT, BROKEN), SOME_WORK, 3),
        (ended(not_started=2), SOME_WORK, 3),
        (ended(BROKEN, not_started=2, interrupted=True), SOME_WORK, 130),
    ],
)
def test_exit_code(outcome: Outcome, events: tuple[Event, ...], expected: int) -> None:
    assert code(outcome, *events) == expected


def test_sigterm_is_143() -> None:
    assert code(ended(not_started=2, interrupted=True), terminated=True) == 143
