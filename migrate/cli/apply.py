"""`migrate apply`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from migrate.cli.context import Context, Shell, plain
from migrate.cli.endpoints import connect_plan
from migrate.cli.follow import follow
from migrate.cli.interrupt import Interrupt, heeding
from migrate.cli.limits import limits
from migrate.cli.options import APPLY_FLAGS, ApplyFlags, Flag
from migrate.cli.show import CHANGES
from migrate.errors import Different, Stopped
from migrate.model.plan import Ddl, Plan
from migrate.model.progress import Outcome, StepStatus
from migrate.model.words import counted
from migrate.ui.ending import Tally, apply_lines, preview_lines


def apply(
    plan: Path,
    /,
    *,
    expect: str | None = None,
    dry_run: Flag = False,
    detailed_exitcode: Flag = False,
    flags: ApplyFlags = APPLY_FLAGS,
    context: Context,
) -> int:
    """Do exactly what a plan says, or go on where an earlier apply of it stopped. The plan is the approval.

    For example:
      migrate apply plans/shop.toml
      migrate apply plans/shop.toml --expect 3f2a9c01d4e5
      migrate apply plans/shop.toml --dry-run

    Parameters
    ----------
    plan
        The plan file.
    expect
        Refuse any plan but the one with this digest (12 hex digits are enough).
    dry_run
        Only show which steps are still to run.
    detailed_exitcode
        With --dry-run: exit with 2 when there is something to do.
    """
    from migrate import planfile

    read = planfile.read(plan)
    if expect is not None:
        planfile.require_digest(read, str(plan), expect)
    if dry_run:
        waiting = preview(read, flags, context)
        return CHANGES if detailed_exitcode and waiting else 0
    return execute(read, plan, flags, context)


def preview(plan: Plan, flags: ApplyFlags, context: Shell) -> int:
    """Show what would run now; how many steps that is."""
    statuses = asyncio.run(_preview(plan, flags, context)) if plan.step else ()
    context.result(preview_lines(plan, statuses))
    for status in statuses:
        context.record("status", plain(status))
    done = sum(1 for status in statuses if status.status in ("done", "skipped"))
    return len(plan.step) - done


async def _preview(plan: Plan, flags: ApplyFlags, context: Shell) -> tuple[StepStatus, ...]:
    from migrate.executor import run
    from migrate.state import State

    async with connect_plan(plan, context, flags.per_server) as engines:
        with State.open(context.options.state) as state:
            return await run.preview(plan, engines, state)


def execute(plan: Plan, path: Path, flags: ApplyFlags, context: Shell) -> int:
    """Apply a plan that was read or just written from `path`; the exit code."""
    if not plan.step:
        context.result(["Nothing to do: the plan has no steps."])
        context.tell(Outcome(done=0, failed=0, not_started=0, rows=0, bytes=0, seconds=0.0))
        return 0
    return asyncio.run(_execute(plan, path, flags, context))


async def _execute(plan: Plan, path: Path, flags: ApplyFlags, context: Shell) -> int:
    from migrate.executor import run
    from migrate.state import State

    resume = context.command("apply", path)
    options = run.ApplyOptions(
        plan_path=str(path),
        parallelism=flags.parallelism or plan.parallelism,
        stop_on_error=flags.on_error == "stop",
        verify=not flags.no_verify,
        lock_timeout=flags.lock_timeout,
        limits=limits(plan, flags.max_rate, flags.max_threads_running),
    )
    context.say(f"applying {path}: {counted(len(plan.step), 'step')}")
    progress = context.progress(plan)
    message = "stopped at once: what is recorded is done, unfinished chunks will be done again"
    async with heeding(progress.say, message, resume) as interrupt:
        try:
            async with connect_plan(plan, context, flags.per_server) as engines:
                with State.open(context.options.state) as state:
                    events = run.apply(plan, engines, state, options, interrupt.event)
                    outcome, tally = await follow(events, plan, context, progress)
        finally:
            progress.close()
    context.result(apply_lines(tally, outcome, resume, options.verify))
    return exit_code(plan, outcome, tally, interrupt)


def exit_code(plan: Plan, outcome: Outcome, tally: Tally, interrupt: Interrupt) -> int:
    """What the process should say of this outcome.

    1 only where nothing can have changed: a statement of DDL was refused, and nothing was done by this run before it.
    """
    if outcome.interrupted:
        return interrupt.exit_code
    if not outcome.failures:
        return Stopped.exit_code if outcome.not_started else 0
    if all(failure.exit_code == Different.exit_code for failure in outcome.failures):
        return Different.exit_code
    statements = {step.id for step in plan.step if isinstance(step, Ddl)}
    refused = all(failure.step in statements and failure.exit_code == 1 for failure in outcome.failures)
    return 1 if refused and not tally.touched else Stopped.exit_code
