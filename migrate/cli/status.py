"""`migrate status`."""

from __future__ import annotations

from pathlib import Path

from migrate.cli.context import Context, plain
from migrate.cli.options import Flag
from migrate.cli.state import existing
from migrate.model.progress import StepStatus
from migrate.ui.ending import status_lines


def status(plan: Path, /, *, all: Flag = False, context: Context) -> int:  # noqa: A002 - it is the option's name
    """How far a plan has come, from the state file: done, running, failed and pending, with rows and bytes.

    For example:
      migrate status plans/shop.toml
      migrate status plans/shop.toml --all

    Parameters
    ----------
    plan
        The plan file.
    all
        List the steps that are done, too.
    """
    from migrate import planfile

    read = planfile.read(plan)
    state = existing(context)
    statuses: dict[str, StepStatus] = {}
    if state is not None:
        with state:
            statuses = state.statuses(read.digest)
    context.result(status_lines(read, statuses, detail=all))
    for step in read.step:
        fallback = StepStatus(step.id, "blocked" if step.blocked else "pending")
        context.record("status", plain(statuses.get(step.id, fallback)))
    return 0
