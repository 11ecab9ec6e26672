"""What `migrate rollback` and `migrate gc` share: a plan's own endpoints and state, and signals, until the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from migrate.cli.context import Shell
from migrate.cli.endpoints import connect_plan
from migrate.cli.follow import follow
from migrate.cli.interrupt import heeding
from migrate.model.plan import Plan
from migrate.model.progress import Event, Outcome
from migrate.ui.ending import Tally

if TYPE_CHECKING:
    from migrate.engines.base import Engine
    from migrate.state import State

AT_ONCE = "stopped at once: what was done stays done"


class Work(Protocol):
    """`executor.rollback.rollback` and `executor.gc.gc`."""

    def __call__(
        self,
        plan: Plan,
        engines: Mapping[str, Engine],
        state: State,
        plan_path: str,
        lock_timeout: float,
        interrupt: asyncio.Event,
    ) -> AsyncIterator[Event | Outcome]: ...


async def watched(
    work: Work, plan: Plan, path: Path, lock_timeout: float, context: Shell
) -> tuple[Outcome, Tally, int]:
    """Do it to its end: the outcome, what was told, and the exit code."""
    from migrate.state import State

    progress = context.progress(plan)
    async with heeding(progress.say, AT_ONCE, "run the same command again") as interrupt:
        try:
            async with connect_plan(plan, context) as engines:
                with State.open(context.options.state) as state:
                    events = work(plan, engines, state, str(path), lock_timeout, interrupt.event)
                    outcome, tally = await follow(events, plan, context, progress)
        finally:
            progress.close()
    code = max((failure.exit_code for failure in outcome.failures), default=0)
    return outcome, tally, interrupt.exit_code if outcome.interrupted else code
