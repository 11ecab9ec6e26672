"""What a run writes into its state file, in groups: what several steps ask for at once shares one fsync.

Nobody goes on before what was asked for is durable. While one group is written the answers of servers pile up, so that
the next group is the larger the slower the disk is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

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


class Journal:
    """The one door of the executor to the state file. Every method may raise `StateError`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._intents: dict[str, asyncio.Future[None]] = {}
        self._waiting: list[str] = []

    async def intent(self, step: str) -> bool:
        """What follows may change the target. Durable on return. True for whom it was the first to say so."""
        first = step not in self._intents
        if first:
            loop = asyncio.get_running_loop()
            self._intents[step] = loop.create_future()
            if not self._waiting:
                loop.call_soon(self._write)
            self._waiting.append(step)
        await asyncio.shield(self._intents[step])
        return first

    def _write(self) -> None:
        steps, self._waiting = self._waiting, []
        try:
            with self._run.together():
                for step in steps:
                    self._run.intent(step)
        except Exception as error:  # noqa: BLE001 - raised where the steps wait for it
            for step in steps:
                self._intents[step].set_exception(error)
        else:
            for step in steps:
                self._intents[step].set_result(None)

    def proven(self, step: str, rows: int, size: int) -> None:
        """Set what was counted of a step to what the ledger proves."""
        self._run.proven(step, rows, size)

    def note(self, events: Sequence[Event]) -> None:
        """The state file's copy of events. Ends of steps are durable on return."""
        if any(isinstance(event, StepDone | StepFailed | MomentOpened) for event in events):
            with self._run.together():
                for event in events:
                    _note(self._run, event)
        else:
            for event in events:
                _note(self._run, event)


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
