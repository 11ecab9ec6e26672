"""`migrate rollback`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from migrate.cli.context import Context, Shell
from migrate.cli.endpoints import connect_plan
from migrate.cli.follow import follow
from migrate.cli.interrupt import catching
from migrate.cli.options import Flag
from migrate.errors import Interrupted
from migrate.model.plan import Plan
from migrate.model.progress import Outcome
from migrate.model.words import counted
from migrate.ui.ending import rollback_lines


def rollback(
    plan: Path,
    /,
    *,
    dry_run: Flag = False,
    lock_timeout: Annotated[float, Parameter(validator=Number(gte=0))] = 0.0,
    context: Context,
) -> int:
    """Put back the tables and partitions that a plan has replaced. Nothing is deleted: gc does that.

    For example:
      migrate rollback plans/sales.toml --dry-run
      migrate rollback plans/sales.toml

    Parameters
    ----------
    plan
        The plan file.
    dry_run
        Only show the statements that would run.
    lock_timeout
        Seconds to wait for another run to end.
    """
    from migrate import planfile

    read = planfile.read(plan)
    if dry_run:
        statements = asyncio.run(_preview(read, context))
        context.result([f"would run  {sql}" for sql in statements] or ["Nothing to roll back."])
        context.record("rollback", {"statements": list(statements)})
        return 0
    outcome = asyncio.run(_rollback(read, plan, lock_timeout, context))
    context.result(rollback_lines(outcome))
    return max((failure.exit_code for failure in outcome.failures), default=0)


async def _preview(plan: Plan, context: Shell) -> tuple[str, ...]:
    from migrate.executor.rollback import swapped

    async with connect_plan(plan, context) as engines:
        return tuple(sql for step in await swapped(plan, engines) for sql in step.undo)


async def _rollback(plan: Plan, path: Path, lock_timeout: float, context: Shell) -> Outcome:
    from migrate.executor.rollback import rollback as undo
    from migrate.state import State

    context.say(f"rolling back {path}: {counted(len(plan.step), 'step')}")
    progress = context.progress(plan)
    async with catching(progress.say) as interrupt:
        try:
            async with connect_plan(plan, context) as engines:
                with State.open(context.options.state) as state:
                    events = undo(plan, engines, state, str(path), lock_timeout, interrupt.event)
                    outcome, _ = await follow(events, plan, context, progress)
        except Interrupted as error:
            raise Interrupted(error.message, error.hint, interrupt.terminated) from None
        finally:
            progress.close()
    return outcome
