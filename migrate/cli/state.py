"""`migrate state`: the state file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from migrate.cli.context import Context, Shell, plain
from migrate.errors import MissingFile

if TYPE_CHECKING:
    from migrate.model.history import PlanRecord
    from migrate.state import State

state = App(
    sort_key=50,
    name="state",
    help="The state file: which plans were applied, and what happened.\n\nFor example:\n  migrate state list",
    help_format="plaintext",
)


@state.command(name="list")
def list_(*, context: Context) -> int:
    """Every plan that was applied with this state file.

    For example:
      migrate state list
      migrate state list --state /var/lib/migrate/shop.db
    """
    from migrate.ui.history import NO_PLANS, plans_lines

    opened = existing(context)
    if opened is None:
        context.result([NO_PLANS])
        return 0
    with opened:
        plans = opened.plans()
    context.result(plans_lines(plans))
    for plan in plans:
        context.record("plan", plain(plan))
    return 0


@state.command
def show(plan: str, /, *, context: Context) -> int:
    """What happened to one plan: every run of it, in order.

    For example:
      migrate state show plans/shop.toml
      migrate state show 3f2a9c01d4e5

    Parameters
    ----------
    plan
        The plan file, or a plan's name or digest as `migrate state list` shows them.
    """
    from migrate.ui.history import history_lines

    opened = existing(context)
    if opened is None:
        raise _unknown(plan, context)
    with opened:
        record = _find(plan, opened, context)
        runs = opened.history(record.digest)
    context.result(history_lines(record, runs))
    for run in runs:
        context.record("run", plain(run))
    return 0


def existing(context: Shell) -> State | None:
    """The state file, opened; None when there is none: looking must not make one."""
    from migrate.state import State

    path = context.options.state
    return State.open(path) if path.exists() else None


def _find(text: str, opened: State, context: Shell) -> PlanRecord:
    from migrate import planfile

    plans = opened.plans()
    if Path(text).is_file():
        digest = planfile.read(Path(text)).digest
        found = [plan for plan in plans if plan.digest == digest]
    else:
        prefix = text.removeprefix("sha256:").lower()
        found = [plan for plan in plans if plan.name == text or plan.digest.removeprefix("sha256:").startswith(prefix)]
    if not found:
        raise _unknown(text, context)
    return found[-1]


def _unknown(text: str, context: Shell) -> MissingFile:
    hint = f"`{context.command('state', 'list')}` lists the plans that were"
    return MissingFile(text, "plan", hint, f"was never applied with the state file {context.options.state}")
