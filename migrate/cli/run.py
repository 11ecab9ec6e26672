"""`migrate run`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.cli.apply import execute
from migrate.cli.context import Context, Shell
from migrate.cli.options import APPLY_FLAGS, PLAN_FLAGS, ApplyFlags, Flag, PlanFlags
from migrate.cli.plan import default_path, make, summary, write
from migrate.cli.state import existing
from migrate.errors import MissingFile
from migrate.model.plan import EndpointRef, Move, Plan
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
    begun = _unfinished(path, loaded, context)
    if begun is not None:
        context.say(f"going on with {path}, which an earlier run began (`migrate plan` makes a new one)")
        return execute(begun, path, apply_flags, context)
    made = make(loaded, plan_flags, context)
    write(path, made, context)
    return execute(made, path, apply_flags, context)


def _unfinished(path: Path, loaded: Loaded, context: Shell) -> Plan | None:
    """The plan at `path` when it was begun, is not done, and is of the same configuration.

    A new plan over half-loaded tables would find rows there that it cannot tell from somebody else's.
    """
    from migrate import planfile

    try:
        plan = planfile.read(path)
    except MissingFile:
        return None
    if plan.name != loaded.config.name or _moves(plan.move) != _moves(loaded.config.move):
        return None
    if _addresses(plan.endpoint, plan.endpoint) != _addresses(loaded.config.endpoint, plan.endpoint):
        return None
    state = existing(context)
    if state is None:
        return None
    with state:
        statuses = state.statuses(plan.digest)
    finished = all(step.id in statuses and statuses[step.id].status in ("done", "skipped") for step in plan.step)
    return plan if statuses and not finished else None


def _moves(moves: tuple[Move, ...]) -> list[tuple[str, str, dict[str, str]]]:
    return [(move.from_, move.to, move.where) for move in moves]


def _addresses(refs: dict[str, EndpointRef], names: Iterable[str]) -> list[tuple[str, str, int] | None]:
    return [(refs[name].engine, refs[name].host, refs[name].port) if name in refs else None for name in names]
