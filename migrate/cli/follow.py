"""Watch the executor at work: tell programs, show people, count for the ending."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

from migrate.cli.context import Shell
from migrate.errors import StateError, Stopped
from migrate.model.plan import Plan
from migrate.model.progress import Event, Outcome, StepStarted
from migrate.ui.ending import Tally
from migrate.ui.progress import Progress

TICK = 0.2
"""Seconds between two looks at the meter."""


async def follow(
    events: AsyncIterator[Event | Outcome], plan: Plan, context: Shell, progress: Progress
) -> tuple[Outcome, Tally]:
    """Take events until the outcome.

    Raises whatever the executor raises; `Stopped` where the state file failed when work had begun.
    """
    tally = Tally(plan)
    begun = False
    outcome: Outcome | None = None
    ticking = asyncio.create_task(_tick(progress))
    try:
        async with contextlib.AsyncExitStack() as stack:
            if isinstance(events, AsyncGenerator):  # so that it ends, and frees its locks, when showing fails
                stack.push_async_callback(events.aclose)
            async for value in events:
                begun = begun or isinstance(value, StepStarted)
                context.tell(value)
                if isinstance(value, Outcome):
                    outcome = value
                else:
                    tally.add(value)
                    progress.tell(value)
    except StateError as error:
        if not begun:
            raise
        raise Stopped(error.message, error.hint) from error
    finally:
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking
        progress.close()
    if outcome is None:
        raise RuntimeError("the executor ended without an outcome")
    return outcome, tally


async def _tick(progress: Progress) -> None:
    while True:
        await asyncio.sleep(TICK)
        progress.tick()
