"""What the state file remembers, for eyes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from migrate.model.history import PlanRecord, RunRecord
from migrate.ui.units import aligned, count, shown, shown_lines, size

NO_PLANS = "No plan was applied with this state file."
DIGITS = 12
"""Hex digits of a digest that tell plans apart, and that `apply --expect` takes."""


def plans_lines(plans: Sequence[PlanRecord]) -> list[str]:
    """One line a plan, oldest first."""
    if not plans:
        return [NO_PLANS]
    head = ("plan", "digest", "done", "failed", "rows", "size", "last run", "file")
    rows = [
        (
            shown(plan.name),
            short(plan.digest),
            count(plan.done + plan.skipped),
            count(plan.failed),
            count(plan.rows),
            size(plan.bytes),
            _last(plan.last_run),
            shown(plan.path),
        )
        for plan in plans
    ]
    return aligned([head, *rows], frozenset({2, 3, 4, 5}))


def history_lines(plan: PlanRecord, runs: Sequence[RunRecord]) -> list[Text]:
    """Every run of one plan with what happened in it, oldest first."""
    lines = [Text(f"{shown(plan.name)} · {shown(plan.digest)} · {shown(plan.path)}", style="bold")]
    for run in runs:
        lines += _run(run)
    return lines


def short(digest: str) -> str:
    """The digits of a digest that people read."""
    return shown(digest.removeprefix("sha256:")[:DIGITS])


def _last(run: RunRecord | None) -> str:
    if run is None:
        return "none"
    return f"{run.started} {run.status}" + (f" (exit {run.exit_code})" if run.exit_code is not None else "")


def _run(run: RunRecord) -> Iterator[Text]:
    yield Text()
    who = f"{run.who}@{run.host} (process {run.pid})"
    yield Text(shown(f"run {run.number}: {_last(run)}, by {who}"), style="bold" if run.status != "died" else "bold red")
    if run.summary:
        yield from (Text(f"  {line}") for line in shown_lines(run.summary))
    for moment in run.moments:
        yield Text(f"  {moment.at} {shown(moment.endpoint)} is read at {shown(moment.position) or 'one moment'}")
    rows = [(event.at, event.what, shown(event.step), shown(event.note)) for event in run.events]
    yield from (Text(f"  {line}") for line in aligned(rows))
