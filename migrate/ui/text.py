"""A plan for eyes: which tables, what happens to each, what a reviewer must know. Pure functions of the plan."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from migrate.model.plan import (
    CheckForeignKeys,
    CopyFiles,
    Ddl,
    EndpointRef,
    Finding,
    InsertSelect,
    LoadRows,
    Move,
    Plan,
    SetAutoIncrement,
    Step,
    Swap,
    SyncRows,
    Verify,
)
from migrate.model.words import counted
from migrate.ui.units import count, padded, shown, shown_lines, size

NO_CHANGES = "No changes. The target already has everything that this plan moves."
_LEVELS = ("destructive", "unsupported", "lossy", "note")
_STYLES = {"destructive": "bold red", "unsupported": "red", "lossy": "yellow", "note": "cyan"}
_WIDEST = 48
"""Cells that a table's name may take before its chain no longer stands in one column with the others."""

_QUOTED = re.compile(r"""`(?:[^`]|``)*`|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|/\*.*?\*/""", re.DOTALL)
_FOREIGN_KEY = re.compile(r"\bFOREIGN\s+KEY\b", re.IGNORECASE)
_INDEX = re.compile(
    r"\b(?:ADD|CREATE)\s+(?:(?:UNIQUE|FULLTEXT|SPATIAL)(?:\s+(?:INDEX|KEY))?|INDEX|KEY)\b", re.IGNORECASE
)


def plan_lines(plan: Plan, ddl: bool = False) -> list[Text]:
    """The whole plan; `ddl` adds each statement below its table."""
    lines = [*_header(plan), Text(), Text(verdict(plan), style="bold"), Text()]
    lines += _chains(plan, ddl)
    lines += _findings(plan.finding)
    while lines and not lines[-1].plain:
        lines.pop()
    return lines


def verdict(plan: Plan) -> str:
    """One sentence: what is made, what moves, what to look at."""
    if not plan.step:
        found = ", ".join(_found(plan))
        return f"{NO_CHANGES} ({found})" if found else NO_CHANGES
    loads = [step for step in plan.step if isinstance(step, LoadRows) and not step.blocked]
    tables = _count(plan, "create-table")
    keys = sum(foreign_keys(step) for step in plan.step)
    parts = []
    if tables:
        parts.append(f"{counted(tables, 'table')} to create")
    if loads:
        parts.append(f"{_rows(sum(s.estimate.rows for s in loads), sum(s.estimate.bytes for s in loads))} to load")
    copies = [step for step in plan.step if isinstance(step, CopyFiles) and not step.blocked]
    if copies:
        objects, volume = sum(s.estimate.rows for s in copies), sum(s.estimate.bytes for s in copies)
        words = f"{counted(objects, 'object')} ({size(volume)})"
        parts.append(f"{words} to copy in {counted(len(copies), 'table')}")
    written = sum(1 for step in plan.step if isinstance(step, InsertSelect) and not step.blocked)
    if written:
        parts.append(f"{counted(written, 'table')} to write by insert select")
    syncs = [step for step in plan.step if isinstance(step, SyncRows) and not step.blocked]
    if syncs:
        rows = _rows(sum(s.estimate.rows for s in syncs), sum(s.estimate.bytes for s in syncs))
        parts.append(f"{rows} to sync in {counted(len(syncs), 'table')}")
    if keys:
        parts.append(counted(keys, "foreign key"))
    altered = len({step.target for step in plan.step if isinstance(step, Ddl) and step.action == "alter-table"})
    if altered:
        parts.append(f"{counted(altered, 'table')} to alter")
    for kind in ("sequence", "procedure", "function", "view", "trigger", "event"):
        made = _count(plan, f"create-{kind}")
        if made:
            parts.append(counted(made, kind))
    if not parts:
        parts.append(counted(len(plan.step), "step"))
    blocked = sum(1 for step in plan.step if step.blocked)
    risky = sum(1 for step in plan.step if step.risk == "destructive" and not step.blocked)
    danger = [counted(risky, "destructive step")] if risky else [] if blocked else ["nothing destructive"]
    return "; ".join(
        [
            ", ".join(parts),
            *([f"{counted(blocked, 'step')} BLOCKED"] if blocked else []),
            *_found(plan),
            *danger,
        ]
    )


def indexes(step: Step) -> int:
    """How many indexes a step makes."""
    if not isinstance(step, Ddl) or step.action != "add-indexes":
        return 0
    return max(1, len(_INDEX.findall(_QUOTED.sub("", step.sql))))


def foreign_keys(step: Step) -> int:
    """How many foreign keys a step makes."""
    if not isinstance(step, Ddl) or step.action != "add-foreign-keys":
        return 0
    return max(1, len(_FOREIGN_KEY.findall(_QUOTED.sub("", step.sql))))


def step_words(step: Step) -> str:
    """What a step does, in a few words."""
    match step:
        case Ddl(action="create-schema"):
            words = "create schema"
        case Ddl(action="create-table"):
            words = "create"
        case Ddl(action="add-indexes"):
            words = counted(indexes(step), "index", "indexes")
        case Ddl(action="add-foreign-keys"):
            words = counted(foreign_keys(step), "foreign key")
        case Ddl(action="alter-table"):
            words = "alter" + _online(step)
        case Ddl():
            words = step.action.replace("-", " ")
        case CopyFiles():
            words = f"copy {_objects(step)}"
            words += f" in {counted(len(step.part), 'partition')}" if any(part.name for part in step.part) else ""
            words += " through this machine" if step.way == "stream" and step.estimate.bytes else ""
        case InsertSelect():
            words = f"insert select in {counted(len(step.batch), 'batch', 'batches')}"
            words += f" where {shown(step.where)}" if step.where else ""
        case Swap():
            moved = counted(len(step.part), "partition")
            words = f"register {moved}" if step.part else "swap in" if step.aside else "remove partitions"
            words = "drop what is there, and swap in" if step.drops else words
        case LoadRows():
            words = f"load {_rows(step.estimate.rows, step.estimate.bytes)}"
            words += " in one piece" if step.protocol == "whole-object" else ""
            words += f" where {shown(step.where)}" if step.where else ""
        case SyncRows():
            words = f"sync {_rows(step.estimate.rows, step.estimate.bytes)}" if step.estimate.rows else "sync rows"
            words += " and prune" if step.prune else ""
            words += f" where {shown(step.where)}" if step.where else ""
        case CheckForeignKeys():
            words = "check foreign keys"
        case SetAutoIncrement():
            words = "auto_increment"
        case _:
            words = "verify"
    return words if step.risk == "safe" else f"{words} ({step.risk})"


def _online(step: Ddl) -> str:
    """How the server goes about it, where that is known: ` (INPLACE, lock NONE)`."""
    known = [step.estimate.algorithm, step.estimate.lock and f"lock {step.estimate.lock}"]
    said = ", ".join(word for word in known if word)
    return f" ({said})" if said else ""


def stored_kind(step: Step) -> str:
    """The kind of stored object that a step works on; empty for tables and schemas."""
    kind = step.action.partition("-")[2] if isinstance(step, Ddl) else ""
    return kind if kind in ("sequence", "procedure", "function", "view", "trigger", "event") else ""


def _header(plan: Plan) -> Iterator[Text]:
    title = Text("Plan ").append(shown(plan.name), style="bold")
    if plan.digest:
        title.append(f" · {shown(plan.digest)}", style="dim")
    yield title
    width = max((cell_len(shown(name)) for name in plan.endpoint), default=0)
    for name, ref in plan.endpoint.items():
        line = Text("  ").append(padded(shown(name), width), style="bold").append(f"  {_endpoint(ref)}")
        yield line.append(f"  {shown(ref.identity)}", style="dim") if ref.identity else line
    for move in plan.move:
        yield Text(f"  {_move(move)}")


def _endpoint(ref: EndpointRef) -> str:
    host = f"[{ref.host}]" if ":" in ref.host else ref.host
    return shown(f"{ref.engine} {host}:{ref.port}" + (f" as {ref.user}" if ref.user else ""))


def _move(move: Move) -> str:
    notes = [f"without {pattern}" for pattern in move.exclude]
    notes += [f"{table} where {condition}" for table, condition in move.where.items()]
    notes += [f"prune {pattern}" for pattern in move.prune]
    notes += [f"definer: {move.definer}"] if move.definer != "keep" else []
    if move.dated_tables:
        which = f" {', '.join(move.dated_tables)}" if isinstance(move.dated_tables, tuple) else ""
        notes.append(f"with dated tables{which}")
    return shown(f"{move.from_} → {move.to}" + (f" ({'; '.join(notes)})" if notes else ""))


def _chains(plan: Plan, ddl: bool) -> Iterator[Text]:
    chains: dict[tuple[str, str], list[Step]] = {}
    for step in plan.step:
        chains.setdefault((step.target, stored_kind(step)), []).append(step)
    width = min(_WIDEST, max((cell_len(shown(name)) for name, _ in chains), default=0))
    for (name, _), steps in chains.items():
        steps.sort(key=lambda step: isinstance(step, Verify))  # nothing waits for a proof, so it may stand anywhere
        blocked = [step for step in steps if step.blocked]
        sign, style = _sign(steps)
        line = Text(f"{sign} ", style=style).append(padded(shown(name), width), style="bold")
        yield line.append("  ").append(" · ".join(step_words(step) for step in steps))
        for step in blocked:
            yield Text(f"    blocked: {shown(step.id)}: {shown(step.blocked)}", style="bold red")
        for step in steps:
            if ddl and isinstance(step, Ddl):
                if step.session:
                    settings = ", ".join(f"{name} = {value}" for name, value in sorted(step.session.items()))
                    yield Text(f"      -- with {shown(settings)}", style="dim")
                yield from (Text(f"      {text}", style="dim") for text in shown_lines(step.sql))
    if chains:
        yield Text()


def _sign(steps: list[Step]) -> tuple[str, str]:
    if any(step.blocked for step in steps):
        return "!", "bold red"
    if any(step.risk == "destructive" for step in steps):
        return "-", "bold red"
    actions = [step.action for step in steps if isinstance(step, Ddl)]
    made = any(action.startswith("create-") for action in actions)
    if made and not any(action.startswith("drop-") for action in actions):
        return "+", "green"
    return "~", "yellow"


def _findings(findings: tuple[Finding, ...]) -> Iterator[Text]:
    for level in _LEVELS:
        group = [finding for finding in findings if finding.level == level]
        if not group:
            continue
        yield Text(f"{level} ({len(group)})", style=_STYLES[level])
        for finding in group:
            where = f"  {shown(finding.object)}" if finding.object else ""
            yield Text(f"  {shown(finding.code)}{where}", style="bold")
            yield from (Text(f"      {line}") for line in shown_lines(finding.text))
        yield Text()


def _found(plan: Plan) -> list[str]:
    words = []
    for level in _LEVELS:
        number = sum(1 for finding in plan.finding if finding.level == level)
        if number and level != "destructive":  # destructive ones are told by the last words of the verdict
            words.append(counted(number, level) if level == "note" else f"{number} {level}")
    return words


def _count(plan: Plan, action: str) -> int:
    return sum(1 for step in plan.step if isinstance(step, Ddl) and step.action == action)


def _objects(step: CopyFiles) -> str:
    return f"{counted(step.estimate.rows, 'object')} ({size(step.estimate.bytes)})"


def _rows(rows: int, volume: int) -> str:
    return f"{counted(rows, 'row')} ({size(volume)})" if rows else f"{count(rows)} rows"
