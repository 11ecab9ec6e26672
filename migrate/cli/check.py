"""`migrate check`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from migrate.cli.context import Context, Shell
from migrate.cli.endpoints import connect_plan
from migrate.cli.options import Flag
from migrate.cli.show import CHANGES
from migrate.errors import StalePlan
from migrate.model.plan import Plan
from migrate.ui.text import verdict
from migrate.ui.units import shown


def check(plan: Path, /, *, detailed_exitcode: Flag = False, context: Context) -> int:
    """Ask both sides whether the plan still holds; changes nothing.

    For example:
      migrate check plans/shop.toml

    Parameters
    ----------
    plan
        The plan file.
    detailed_exitcode
        Exit with 2 when the plan holds and has steps, 0 when it has none.
    """
    from migrate import planfile

    read = planfile.read(plan)
    differences = asyncio.run(_ask(read, context))
    context.record("check", {"path": str(plan), "holds": not differences, "differences": list(differences)})
    if differences:
        raise StalePlan(tuple(shown(one) for one in differences), "make it again with `migrate plan` and review it")
    context.result([f"The plan holds: {verdict(read)}."])
    return CHANGES if detailed_exitcode and read.step else 0


async def _ask(plan: Plan, context: Shell) -> tuple[str, ...]:
    from migrate.executor import check as checking

    async with connect_plan(plan, context) as engines:
        return await checking.check(plan, engines)
