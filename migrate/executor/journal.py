"""What a run writes into its state file, in groups: many steps share one fsync.

An intent is durable before its step goes on, and takes along those of steps that wait for their turn. Ends of steps go
with the next intent, or after a second: what dies with the process is in the ledger of the target. A failure, which
only the state file keeps, is written at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Sequence

from migrate.errors import StateError
from migrate.model.progress import (
    ChunkDone,
    Event,
    MomentOpened,
    StepDone,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepStopped,
    Throttled,
    ThrottleEnded,
    Waiting,
)
from migrate.state import Run

AHEAD = 32
"""Intents of waiting steps that one commit takes along."""

SECONDS = 1.0
"""How long an end waits at the most for something that takes it along."""


class Journal:
    """The executor's door to the state file. Every method may raise `StateError`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._waiting: dict[str, None] = {}
        """Steps that wait for their turn and have no intent yet, in the order of asking."""
        self._asked: list[str] = []
        self._intents: dict[str, asyncio.Future[None]] = {}
        self._begun: set[str] = set()
        self._told: list[Event] = []
        self._timer: asyncio.TimerHandle | None = None

    def expect(self, step: str) -> None:
        """The step waits for its turn."""
        if step not in self._intents:
            self._waiting[step] = None

    async def intent(self, step: str) -> bool:
        """What follows may change the target. The intent is durable on return; True the first time of a step."""
        if step not in self._intents:
            self._intend(step)
            if not self._asked:
                asyncio.get_running_loop().call_soon(self._write_asked)
            self._asked.append(step)
            self._begun.add(step)
            await asyncio.shield(self._intents[step])
            return True
        await asyncio.shield(self._intents[step])
        if step in self._begun:
            return False
        self._begun.add(step)
        self._run.begun(step)
        return True

    def note(self, events: Sequence[Event]) -> None:
        """The state file's copy of events, in their order."""
        self._told += events
        if any(isinstance(event, StepFailed | MomentOpened) for event in events):
            self.flush()
        elif self._timer is None and self._told:
            self._timer = asyncio.get_running_loop().call_later(SECONDS, self._write_due)

    def proven(self, step: str, rows: int, size: int) -> None:
        """Set what was counted of a step to what the ledger proves."""
        self.flush()
        self._run.proven(step, rows, size)

    def flush(self) -> None:
        """Write what waits."""
        self._write(())

    def end(self, exit_code: int, summary: str) -> None:
        """The run is over. Its lock is free afterwards, even when the file cannot be written."""
        try:
            self.flush()
        finally:
            self._run.end(exit_code, summary)

    def _intend(self, step: str) -> None:
        self._waiting.pop(step, None)
        self._intents[step] = asyncio.get_running_loop().create_future()

    def _write_asked(self) -> None:
        asked, self._asked = self._asked, []
        ahead = tuple(itertools.islice(self._waiting, AHEAD))
        try:
            self._write(asked, ahead)
        except Exception as error:  # noqa: BLE001 - raised where the steps wait for it
            for step in asked:
                self._intents[step].set_exception(error)
            return
        for step in ahead:
            self._intend(step)
        for step in (*asked, *ahead):
            self._intents[step].set_result(None)

    def _write_due(self) -> None:
        self._timer = None
        with contextlib.suppress(StateError):  # what is written next, at the latest the end, meets it again
            self.flush()

    def _write(self, asked: Sequence[str], ahead: Sequence[str] = ()) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not (self._told or asked):
            return
        with self._run.together():
            for event in self._told:
                _note(self._run, event)
            for step in asked:
                self._run.intent(step)
            for step in ahead:
                self._run.coming(step)
        self._told.clear()


def _note(run: Run, event: Event) -> None:
    match event:
        case ChunkDone(step=step, rows=rows, bytes=size):
            run.checkpoint(step, rows, size)
        case StepDone(step=step, rows=rows, bytes=size, seconds=seconds, note=note):
            run.done(step, rows, size, seconds, note)
        case StepSkipped(step=step, why=why):
            run.skipped(step, why)
        case StepFailed(step=step, error=error):
            run.failed(step, error)
        case MomentOpened(endpoint=endpoint, way=way, position=position):
            run.moment(endpoint, way, position)
        case StepStarted() | StepStopped() | Waiting() | Throttled() | ThrottleEnded():
            pass  # the intent was recorded before the step began; what is running at the end is pending again
