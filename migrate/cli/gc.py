"""`migrate gc`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from migrate.cli.context import Context, Shell, plain
from migrate.cli.endpoints import connect_plan
from migrate.cli.options import Flag
from migrate.cli.undoing import watched
from migrate.model.plan import Plan
from migrate.model.words import counted
from migrate.ui.ending import gc_lines
from migrate.ui.units import size


def gc(
    plan: Path,
    /,
    *,
    dry_run: Flag = False,
    lock_timeout: Annotated[float, Parameter(validator=Number(gte=0))] = 0.0,
    context: Context,
) -> int:
    """Remove for good what a plan has replaced and kept, or what is left of one that was rolled back.

    Only objects that our own proofs name are deleted, where the server shows no table and no partition.

    For example:
      migrate gc plans/sales.toml --dry-run
      migrate gc plans/sales.toml

    Parameters
    ----------
    plan
        The plan file.
    dry_run
        Only show what would be removed.
    lock_timeout
        Seconds to wait for another run to end.
    """
    from migrate import planfile

    read = planfile.read(plan)
    if dry_run:
        found = asyncio.run(_preview(read, context))
        context.result([_told(one) for one in found] or ["Nothing to remove."])
        context.record("gc", {"found": [plain(one) for one in found]})
        return 0
    from migrate.executor.gc import gc as remove

    context.say(f"removing what {plan} has kept")
    outcome, tally, code = asyncio.run(watched(remove, read, plan, lock_timeout, context))
    context.result([f"note {done.step}: {done.note}" for done in tally.done.values() if done.note])
    context.result(gc_lines(outcome))
    return code


class Would(msgspec.Struct, frozen=True):
    """One thing that would be done: a statement, or objects of a location removed unless it is used."""

    sql: str = ""
    location: str = ""
    files: int = 0
    bytes: int = 0
    used_by: str = ""


def _told(one: Would) -> str:
    if one.sql:
        return f"would run     {one.sql}"
    if one.used_by:
        return f"would leave   {one.location}, used by {one.used_by}"
    return f"would delete  {counted(one.files, 'object')} ({size(one.bytes)}) below {one.location}"


async def _preview(plan: Plan, context: Shell) -> tuple[Would, ...]:
    from migrate.executor.gc import garbage

    async with connect_plan(plan, context) as engines:
        found = await garbage(plan, engines)
    statements = [Would(sql=sql) for one in found for sql in one.statements]
    places = [place for one in found for place in one.found if place.files or place.used_by]
    return (*statements, *(Would("", one.location, one.files, one.bytes, one.used_by) for one in places))
