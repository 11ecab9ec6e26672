"""`migrate run`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.cli.apply import execute
from migrate.cli.context import Context, Shell
from migrate.cli.options import APPLY_FLAGS, PLAN_FLAGS, ApplyFlags, Flag, PlanFlags
from migrate.cli.plan import default_path, make, moves, summary, write
from migrate.cli.state import existing
from migrate.errors import BadPlan, MissingFile
from migrate.model.pattern import glob_matches, parse_object
from migrate.model.plan import Ddl, EndpointRef, Plan, RowStep
from migrate.ui.text import plan_lines

if TYPE_CHECKING:
    from migrate.config import Loaded


def run_(
    file: Path,
    /,
    *,
    dry_run: Flag = False,
    plan_flags: PlanFlags = PLAN_FLAGS,
    apply_flags: ApplyFlags = APPLY_FLAGS,
    context: Context,
) -> int:
    """Plan and apply in one go. A run that was interrupted goes on with the plan that it had written.

    For example:
      migrate run migrate.toml
      migrate run migrate.toml --dry-run

    Parameters
    ----------
    file
        The configuration.
    dry_run
        Only show the plan; nothing is written and nothing is changed.
    """
    from migrate import config

    loaded = config.load(file, context.env)
    if dry_run:
        made = make(loaded, plan_flags, context)
        context.result(plan_lines(made))
        context.record("plan", {"path": None} | summary(made))
        return 0
    path = plan_flags.out or default_path(loaded.config.name)
    begun = _unfinished(path, loaded, plan_flags, context)
    if begun is not None:
        context.say(f"going on with {path}, which an earlier run began (`migrate plan` makes a new one)")
        return execute(begun, path, apply_flags, context)
    made = make(loaded, plan_flags, context)
    write(path, made, context)
    return execute(made, path, apply_flags, context)


def _unfinished(path: Path, loaded: Loaded, flags: PlanFlags, context: Shell) -> Plan | None:
    """The plan at `path` when it was begun and is not done.

    A new plan over half-loaded tables would find rows there that it cannot tell from somebody else's. Raises `BadPlan`
    when the configuration or the flags ask for something else than that plan.
    """
    from migrate import planfile
    from migrate.planner.translate import merged

    try:
        plan = planfile.read(path)
    except MissingFile:
        return None
    state = existing(context)
    if state is None:
        return None
    with state:
        statuses = state.statuses(plan.digest)
    finished = all(step.id in statuses and statuses[step.id].status in ("done", "skipped") for step in plan.step)
    if not statuses or finished:
        return None
    same = (
        plan.name == loaded.config.name
        and plan.move == merged(moves(loaded, flags), flags.include, flags.exclude, flags.prune)
        and _addresses(plan.endpoint, plan.endpoint) == _addresses(loaded.config.endpoint, plan.endpoint)
        and _skips(plan, flags.skip)
        and _permits(plan, flags.allow_destructive)
    )
    if not same:
        raise BadPlan(
            f"{path} was begun by an earlier run and is not done, and it is not what this configuration and these flags"
            " ask for",
            f"`{context.command('apply', path)}` ends it as it was planned; or move that file away, and run again",
        )
    return plan


def _skips(plan: Plan, skip: tuple[str, ...]) -> bool:
    """Whether the plan leaves these steps out, and nothing else as far as it shows: every load has its proof."""
    steps = {step.id for step in plan.step}
    if steps.intersection(skip):
        return False
    loads = {step.target for step in plan.step if isinstance(step, RowStep) and not step.blocked}
    made = {step.target for step in plan.step if isinstance(step, Ddl) and step.action == "create-table"}
    missing = {f"verify:{target}" for target in loads} | {f"load-rows:{target}" for target in made}
    # What a skipped step takes along need not be named, so one name is enough for a table.
    named = {one.partition(":")[2] for one in skip}
    return all(one in steps or one.partition(":")[2] in named for one in missing)


def _permits(plan: Plan, globs: tuple[str, ...]) -> bool:
    """Whether everything destructive in the plan is permitted now, too."""
    risky = [step for step in plan.step if step.risk == "destructive" and not isinstance(step, RowStep)]
    names = [parse_object(step.target).table for step in risky]
    return all(any(glob_matches(glob, f"{name.schema}.{name.name}") for glob in globs) for name in names)


def _addresses(refs: dict[str, EndpointRef], names: Iterable[str]) -> list[tuple[str, str, int] | None]:
    return [(refs[name].engine, refs[name].host, refs[name].port) if name in refs else None for name in names]
