"""`migrate plan`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from migrate.cli.context import Context, Shell
from migrate.cli.endpoints import connect
from migrate.cli.options import PLAN_FLAGS, ConfigFile, Flag, PlanFlags
from migrate.cli.show import CHANGES
from migrate.model.plan import CopyFiles, Ddl, LoadRows, Move, Plan, SyncRows
from migrate.model.words import counted
from migrate.ui.text import plan_lines

if TYPE_CHECKING:
    from migrate.config import Loaded

PLANS = Path("plans")


def plan(
    *, config: ConfigFile = None, flags: PlanFlags = PLAN_FLAGS, detailed_exitcode: Flag = False, context: Context
) -> int:
    """Compare both sides and write the plan; changes nothing on either. What cannot be done is a finding in it.

    For example:
      migrate plan
      migrate plan -c shop.toml -o plans/shop.toml
      migrate plan --include 'shop.order*' --exclude 'shop.order_archive'
      migrate plan --allow-destructive shop.orders

    Parameters
    ----------
    config
        The configuration; migrate.toml, or the environment, unless given.
    detailed_exitcode
        Exit with 2 when there are changes, 0 when there are none.
    """
    from migrate import config as configuration

    loaded = configuration.load(config, context.env)
    made = make(loaded, flags, context)
    path = flags.out or default_path(made.name)
    write(path, made, context)
    context.say(f"next: {context.command('apply', path)}" if made.step else "nothing to apply")
    return CHANGES if detailed_exitcode and made.step else 0


def default_path(name: str) -> Path:
    """plans/NAME.toml."""
    return PLANS / f"{name}.toml"


def make(loaded: Loaded, flags: PlanFlags, context: Shell) -> Plan:
    """Compare both sides: the sealed plan. Raises what the planner raises."""
    used = counted(len(loaded.config.endpoint), "endpoint")
    context.say(f"reading {used}: {', '.join(loaded.config.endpoint)}")
    return asyncio.run(_make(loaded, flags, context))


def moves(loaded: Loaded, flags: PlanFlags) -> tuple[Move, ...]:
    """The configuration's moves as the command line wants them; `include` and `exclude` are the planner's to add."""
    if not flags.dated_tables:
        return loaded.config.move
    return tuple(msgspec.structs.replace(move, dated_tables=True) for move in loaded.config.move)


def write(path: Path, plan: Plan, context: Shell) -> None:
    """Put the plan into its file and show it."""
    from migrate import planfile

    planfile.write(path, plan)
    context.result(plan_lines(plan))
    context.record("plan", {"path": str(path)} | summary(plan))
    context.say(f"wrote {path}")


def summary(plan: Plan) -> dict[str, object]:
    """A plan in a few numbers, for programs."""
    loads = [step for step in plan.step if isinstance(step, LoadRows)]
    return {
        "name": plan.name,
        "digest": plan.digest,
        "changes": bool(plan.step),
        "steps": len(plan.step),
        "tables_to_create": sum(1 for s in plan.step if isinstance(s, Ddl) and s.action == "create-table"),
        "rows": sum(step.estimate.rows for step in loads),
        "bytes": sum(step.estimate.bytes for step in plan.step if isinstance(step, LoadRows | CopyFiles)),
        "objects_to_copy": sum(step.estimate.rows for step in plan.step if isinstance(step, CopyFiles)),
        "rows_to_sync": sum(step.estimate.rows for step in plan.step if isinstance(step, SyncRows)),
        "blocked": sum(1 for step in plan.step if step.blocked),
        "findings": [{"code": f.code, "level": f.level, "object": f.object, "text": f.text} for f in plan.finding],
    }


async def _make(loaded: Loaded, flags: PlanFlags, context: Shell) -> Plan:
    from migrate.config import require_moves
    from migrate.planner.build import PlanRequest, make_plan

    require_moves(loaded)
    config = loaded.config
    request = PlanRequest(
        name=config.name,
        endpoint=config.endpoint,
        move=moves(loaded, flags),
        include=flags.include,
        exclude=flags.exclude,
        skip=flags.skip,
        allow_destructive=flags.allow_destructive,
        prune=flags.prune,
        parallelism=config.options.parallelism,
        per_server=config.options.per_server,
        max_rate=config.options.max_rate,
    )
    async with connect(config.endpoint, context, config.options.per_server, loaded.secrets) as engines:
        return await make_plan(request, engines)
