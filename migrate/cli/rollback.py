"""`migrate rollback`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from migrate.cli.context import Context, Shell
from migrate.cli.endpoints import connect_plan
from migrate.cli.options import Flag
from migrate.cli.undoing import watched
from migrate.model.plan import Plan
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
        statements, lost = asyncio.run(_preview(read, context))
        lines = [f"would run  {sql}" for sql in statements] + [f"lost       {one}" for one in lost]
        context.result(lines or ["Nothing to roll back."])
        context.record("rollback", {"statements": list(statements), "lost": list(lost)})
        return 0
    from migrate.executor.rollback import rollback as undo

    context.say(f"rolling back {plan}: {counted(len(read.step), 'step')}")
    outcome, _, code = asyncio.run(watched(undo, read, plan, lock_timeout, context))
    context.result(rollback_lines(outcome))
    return code


async def _preview(plan: Plan, context: Shell) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The statements, and what of the plan none can put back."""
    from migrate.executor.rollback import DROPPED, swapped

    async with connect_plan(plan, context) as engines:
        swaps = await swapped(plan, engines)
    lost = tuple(f"{step.target}: {DROPPED}" for step in swaps if step.drops)
    return tuple(sql for step in swaps for sql in step.undo), lost
