"""How an apply or a verification ended: what was done, what failed and why, and the command that goes on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from migrate.model.plan import DataStep, Ddl, Plan, SyncRows, Verify
from migrate.model.progress import ChunkDone, Event, Outcome, StepDone, StepSkipped, StepStarted, StepStatus
from migrate.model.words import counted
from migrate.planfile import round_estimate
from migrate.ui.text import step_words
from migrate.ui.units import aligned, count, duration, shown, shown_lines, size, unit

NOTHING_TO_DO = "Nothing to do: this plan was applied before."


NO_VERIFY = "--no-verify"
"""Why a verification was skipped on purpose; any other reason means that the step is done."""


class Tally:
    """Remembers what the ending needs of the events; one entry a step."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.done: dict[str, StepDone] = {}
        self.skipped: dict[str, StepSkipped] = {}
        self.touched = False
        """Whether this run made anything safe on the target."""
        self.earlier_rows = 0
        self.earlier_bytes = 0
        """What loads found done by earlier runs: they tell it before they start."""
        self._started: set[str] = set()

    def add(self, event: Event) -> None:
        """Count one event."""
        if isinstance(event, StepDone):
            self.done[event.step] = event
        elif isinstance(event, StepSkipped):
            self.skipped[event.step] = event
        elif isinstance(event, StepStarted):
            self._started.add(event.step)
        elif isinstance(event, ChunkDone) and event.step not in self._started:
            self.earlier_rows += event.rows
            self.earlier_bytes += event.bytes
            return
        if isinstance(event, StepDone | ChunkDone):
            self.touched = True


def apply_lines(tally: Tally, outcome: Outcome, resume: str, verified: bool) -> list[Text]:
    """The end of an apply; `resume` is the command that goes on, `verified` whether verification was asked for."""
    if _complete(outcome) and not outcome.done:
        return [Text(NOTHING_TO_DO)]
    lines = [*_remarks(tally), *_failures(outcome), *_rows(tally), *parity_lines(outcome)]
    lines.append(Text(_counts(tally, outcome), style="bold green" if _complete(outcome) else "bold red"))
    if outcome.throttled:
        lines.append(Text(_throttled(outcome)))
    if _complete(outcome):
        lines += _summary(tally, outcome, verified)
        return lines
    if outcome.interrupted:
        lines.append(Text("interrupted: what is done is recorded, nothing is half-written"))
    lines.append(Text(f"resume: {resume}"))
    return lines


def verify_lines(tally: Tally, outcome: Outcome) -> list[Text]:
    """The end of `migrate verify`."""
    lines = [*_remarks(tally), *_failures(outcome), *parity_lines(outcome)]
    lines += [Text(_throttled(outcome))] if outcome.throttled else []
    # every object that the plan's moves name, those without a step too
    tables = sum(1 for name in tally.done if name.startswith("verify:"))
    stored = len(tally.done) - tables
    if not outcome.failed and not outcome.not_started and not outcome.interrupted:
        rows = sum(done.rows for done in tally.done.values())
        others = f", {counted(stored, 'other object')}" if stored else ""
        text = (
            f"Equal: {counted(tables, 'table')}, {counted(rows, 'row')}{others}, proven in {duration(outcome.seconds)}."
        )
        return [*lines, Text(text, style="bold green")]
    text = f"equal {tables + stored} · different or failed {outcome.failed} · not looked at {outcome.not_started}"
    return [*lines, Text(text, style="bold red")]


def rollback_lines(outcome: Outcome) -> list[Text]:
    """The end of `migrate rollback`."""
    if not outcome.done and not outcome.failed and not outcome.not_started:
        return [Text("Nothing to roll back: this plan has swapped nothing in.")]
    lines = [*_failures(outcome)]
    words = f"rolled back {counted(outcome.done, 'swap')} · failed {outcome.failed} · not started {outcome.not_started}"
    if outcome.failed or outcome.not_started:
        return [*lines, Text(words, style="bold red")]
    return [*lines, Text(words, style="bold green"), Text("what was swapped in is kept, under its other name")]


def gc_lines(outcome: Outcome) -> list[Text]:
    """The end of `migrate gc`."""
    if not outcome.done and not outcome.failed and not outcome.not_started:
        return [Text("Nothing to remove.")]
    text = f"removed {counted(outcome.rows, 'object')} ({size(outcome.bytes)}) of {counted(outcome.done, 'table')}"
    if outcome.failed or outcome.not_started:
        text += f" · failed {outcome.failed} · not started {outcome.not_started}"
        return [*_failures(outcome), Text(text, style="bold red")]
    return [Text(text, style="bold green")]


def parity_lines(outcome: Outcome) -> list[Text]:
    """One line for each kind of object: how many at the source, moved, left out and why, and at the target."""
    if outcome.not_counted:
        return [Text(f"objects on both sides were not counted: {shown(outcome.not_counted)}", style="yellow")]
    if not outcome.parity:
        return []
    rows = [("objects", "source", "moved", "target", "left out")]
    for one in outcome.parity:
        left = ", ".join(f"{number} {code}" for code, number in one.left_out)
        rows.append((one.kind, count(one.source), count(one.moved), count(one.target), left))
    styles = ["bold", *("" if one.moved == one.source else "yellow" for one in outcome.parity)]
    texts = aligned(rows, frozenset({1, 2, 3}))
    return [Text(text.rstrip(), style=style) for text, style in zip(texts, styles, strict=True)]


def status_lines(plan: Plan, statuses: dict[str, StepStatus], detail: bool) -> list[Text]:
    """One line a step (all with `detail`, else those that are not done), then the counts."""
    rows, styles = [], []
    for step in plan.step:
        status = statuses.get(step.id, StepStatus(step.id, "blocked" if step.blocked else "pending"))
        if not detail and status.status in ("done", "skipped"):
            continue
        planned = step.estimate.rows if isinstance(step, DataStep) else 0
        figure = f"{count(status.rows)} of about {count(max(planned, status.rows))} {unit(plan)}" if planned else ""
        volume = size(status.bytes) if status.bytes else ""
        rows.append((status.status, shown(step.id), figure, volume, shown(status.note or step.blocked)))
        styles.append(_STATUS_STYLES.get(status.status, ""))
    lines = [Text(text, style=style) for text, style in zip(aligned(rows), styles, strict=True)]
    return [*lines, Text(status_verdict(plan, statuses), style="bold")]


def status_verdict(plan: Plan, statuses: dict[str, StepStatus]) -> str:
    """`done 38 · running 1 · failed 0 · pending 3 · 341,000 rows (45 MB)`; an empty plan has nothing to do."""
    if not plan.step:
        return "The plan has no steps."
    numbers = dict.fromkeys(("done", "running", "failed", "pending", "skipped", "blocked"), 0)
    for step in plan.step:
        status = statuses.get(step.id)
        numbers[status.status if status else "blocked" if step.blocked else "pending"] += 1
    loads = [statuses[step.id] for step in plan.step if isinstance(step, DataStep) and step.id in statuses]
    rows, volume = sum(load.rows for load in loads), sum(load.bytes for load in loads)
    words = [
        f"{name} {number}"
        for name, number in numbers.items()
        if number or name in ("done", "running", "failed", "pending")
    ]
    return " · ".join([*words, f"{counted(rows, unit(plan)[:-1])} ({size(volume)})"])


def preview_lines(plan: Plan, statuses: tuple[StepStatus, ...]) -> list[Text]:
    """What apply would do now: steps that are done already are only counted."""
    known = {status.step: status for status in statuses}
    waiting = [step for step in plan.step if step.id not in known or known[step.id].status not in ("done", "skipped")]
    if not waiting:
        return [Text(NOTHING_TO_DO if plan.step else "Nothing to do: the plan has no steps.")]
    rows = []
    for step in waiting:
        status = known.get(step.id)
        rows.append((shown(step.id), step_words(step), shown(status.note) if status else ""))
    lines = [Text(f"would run  {text}") for text in aligned(rows)]
    done = len(plan.step) - len(waiting)
    return [*lines, Text(f"{counted(len(waiting), 'step')} to run, {done} done before; nothing was changed.")]


_STATUS_STYLES = {"done": "green", "running": "cyan", "failed": "bold red", "blocked": "bold red"}


def _complete(outcome: Outcome) -> bool:
    return not outcome.failed and not outcome.not_started and not outcome.interrupted


def _counts(tally: Tally, outcome: Outcome) -> str:
    """What was left out on purpose (--no-verify) was not done before."""
    unwanted = sum(1 for step in tally.plan.step if isinstance(step, Verify) and _unwanted(tally, step.id))
    words = [f"done {outcome.done}"]
    words += [f"done before {outcome.skipped - unwanted}"] if outcome.skipped > unwanted else []
    words += [f"left out {unwanted}"] if unwanted else []
    return " · ".join([*words, f"failed {outcome.failed}", f"not started {outcome.not_started}"])


def _throttled(outcome: Outcome) -> str:
    return f"throttled {duration(outcome.throttled)} of {duration(outcome.seconds)}"


def _unwanted(tally: Tally, step: str) -> bool:
    return step in tally.skipped and tally.skipped[step].why == NO_VERIFY


def _summary(tally: Tally, outcome: Outcome, verified: bool) -> Iterator[Text]:
    loads = [step for step in tally.plan.step if isinstance(step, DataStep) and step.id in tally.done]
    made = {
        step.target
        for step in tally.plan.step
        if step.id in tally.done and isinstance(step, Ddl) and step.action in ("create-table", "create-aside")
    }
    proven = sum(1 for step in tally.plan.step if isinstance(step, Verify) and step.id in tally.done)
    tables = len(made | {step.target for step in loads})
    text = f"{counted(tables, 'table')}, {counted(outcome.rows, unit(tally.plan)[:-1])} ({size(outcome.bytes)})"
    text += f" in {duration(outcome.seconds)}"
    rows, volume = outcome.rows - tally.earlier_rows, outcome.bytes - tally.earlier_bytes
    if rows > 0 and outcome.seconds > 0:
        text += (
            f": {count(round(rows / outcome.seconds))} {unit(tally.plan)}/s, {size(max(0, volume) / outcome.seconds)}/s"
        )
    if tally.earlier_rows:
        text += f"; {count(tally.earlier_rows)} of them were there from an earlier run"
    yield Text(text)
    if outcome.mixed:
        text = f"mixed moments: rows of {', '.join(map(shown, outcome.mixed))} were read at several, by several runs"
        yield Text(f"{text}; without --no-verify apply brings them to one", style="yellow")
    if proven:
        yield Text(f"verified {counted(proven, 'table')}: equal by count and checksum")
    elif not verified:
        yield Text("not verified: `migrate verify` proves that both sides are equal", style="yellow")


def _rows(tally: Tally) -> Iterator[Text]:
    rows = [
        (shown(step.target), count(step.estimate.rows), count(tally.done[step.id].rows))
        for step in tally.plan.step
        if isinstance(step, DataStep)
        and step.id in tally.done
        and not (isinstance(step, SyncRows) and not step.estimate.rows)  # what differs was not counted (MG204)
        and round_estimate(tally.done[step.id].rows) != step.estimate.rows
    ]
    if rows:
        yield Text(f"{unit(tally.plan)} planned and moved differ: the source has changed since the plan")
        for text in aligned([("table", "planned", "moved"), *rows], frozenset({1, 2})):
            yield Text(f"  {text}")


def _failures(outcome: Outcome) -> Iterator[Text]:
    for failure in outcome.failures:
        yield Text("failed ", style="bold red").append(shown(failure.step), style="bold")
        error = shown_lines(failure.error)
        yield Text(f"  error: {error[0]}")
        yield from (Text(f"         {text}") for text in error[1:])
        if failure.hint:
            yield Text(f"  next: {shown(failure.hint)}")


def _remarks(tally: Tally) -> Iterator[Text]:
    for done in tally.done.values():
        if done.note:
            yield Text(f"note {shown(done.step)}: {shown(done.note)}", style="cyan")
