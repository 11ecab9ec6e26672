"""`migrate verify`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from migrate.cli.context import Context, Shell
from migrate.cli.endpoints import connect_plan
from migrate.cli.follow import follow
from migrate.cli.options import Positive
from migrate.errors import Different
from migrate.model.plan import Plan, Verify
from migrate.model.progress import Outcome
from migrate.ui.ending import Tally, verify_lines


def verify(plan: Path, /, *, parallelism: Positive = None, context: Context) -> int:
    """Prove once more that both sides are equal, row by row; names the tables and key ranges that are not.

    For example:
      migrate verify plans/shop.toml

    Parameters
    ----------
    plan
        The plan file.
    parallelism
        How many pieces of work run at once, instead of the plan's number.
    """
    from migrate import planfile

    read = planfile.read(plan)
    outcome, tally = asyncio.run(_verify(read, parallelism, context))
    context.result(verify_lines(tally, outcome))
    if any(failure.exit_code == Different.exit_code for failure in outcome.failures):
        return Different.exit_code
    return max((failure.exit_code for failure in outcome.failures), default=0)


async def _verify(plan: Plan, parallelism: int | None, context: Shell) -> tuple[Outcome, Tally]:
    from migrate.executor import verify as verifying

    async with connect_plan(plan, context) as engines:
        events = verifying.verify(plan, engines, parallelism or plan.parallelism)
        proofs = msgspec.structs.replace(plan, step=tuple(step for step in plan.step if isinstance(step, Verify)))
        return await follow(events, plan, context, context.progress(proofs))
