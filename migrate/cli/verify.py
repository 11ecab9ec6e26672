"""`migrate verify`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from migrate.cli.context import Context, Shell
from migrate.cli.endpoints import connect_plan
from migrate.cli.follow import follow
from migrate.cli.interrupt import heeding
from migrate.cli.limits import limits
from migrate.cli.options import Flag, Positive, Rate, Threads
from migrate.errors import Different
from migrate.model.plan import Plan, Verify
from migrate.model.progress import Outcome
from migrate.ui.ending import Tally, verify_lines

if TYPE_CHECKING:
    from migrate.executor.throttle import Limits


def verify(
    plan: Path,
    /,
    *,
    parallelism: Positive = None,
    max_rate: Rate = None,
    max_threads_running: Threads = (),
    repair: Flag = False,
    lock_timeout: Annotated[float, Parameter(validator=Number(gte=0))] = 10.0,
    context: Context,
) -> int:
    """Prove once more that both sides are equal, row by row; names the tables and key ranges that are not.

    For example:
      migrate verify plans/shop.toml
      migrate verify plans/shop.toml --repair

    Parameters
    ----------
    plan
        The plan file.
    parallelism
        How many pieces of work run at once, instead of the plan's number.
    max_rate
        With --repair: bytes of rows that move in a second, such as 50MB, instead of the plan's number; 0: as many as
        can.
    max_threads_running
        Pause while others run more statements than this on a server, instead of the plan's numbers; 0: never. N for all
        endpoints or ENDPOINT=N; may be repeated.
    repair
        Read rows that differ again from the source, and put them in the place of what the target has there.
    lock_timeout
        With --repair: seconds to wait for another run to end.
    """
    from migrate import planfile

    read = planfile.read(plan)
    outcome, tally = asyncio.run(
        _verify(
            read, parallelism, limits(read, max_rate, max_threads_running), lock_timeout if repair else None, context
        )
    )
    context.result(verify_lines(tally, outcome))
    if any(failure.exit_code == Different.exit_code for failure in outcome.failures):
        return Different.exit_code
    return max((failure.exit_code for failure in outcome.failures), default=0)


async def _verify(
    plan: Plan, parallelism: int | None, held_to: Limits, lock_timeout: float | None, context: Shell
) -> tuple[Outcome, Tally]:
    """A proof, or with a `lock_timeout` a repair."""
    from migrate.executor import repair as repairing
    from migrate.executor import verify as verifying

    proofs = msgspec.structs.replace(plan, step=tuple(step for step in plan.step if isinstance(step, Verify)))
    progress = context.progress(proofs)
    at_once = parallelism or plan.parallelism
    async with connect_plan(plan, context) as engines:
        if lock_timeout is None:
            return await follow(verifying.verify(plan, engines, at_once, held_to), plan, context, progress)
        text = "stopped at once: ranges that were replaced are equal, the others are as they were"
        async with heeding(progress.say, text, "run the same command again") as interrupt:
            events = repairing.repair(plan, engines, at_once, held_to, lock_timeout, interrupt.event)
            return await follow(events, plan, context, progress)
