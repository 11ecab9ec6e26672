"""A plan as the statements that apply runs, in its order: for reading and for a reviewer's own tools."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.plan import (
    CheckForeignKeys,
    CopyFiles,
    Ddl,
    InsertSelect,
    LoadRows,
    Plan,
    SetAutoIncrement,
    Step,
    Swap,
    SyncRows,
    Verify,
)
from migrate.model.words import counted
from migrate.ui.units import shown, size


def plan_sql(plan: Plan) -> str:
    """Every DDL statement, each below a comment with its step; steps that are no statement are comments."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    yield f"-- plan {shown(plan.name)}{f', {shown(plan.digest)}' if plan.digest else ''}"
    if not plan.step:
        yield "-- no changes"
    for step in plan.step:
        yield ""
        yield f"-- {shown(step.id)}"
        if step.blocked:
            yield f"-- BLOCKED, will not run: {shown(step.blocked)}"
        yield from _body(step)


def _body(step: Step) -> Iterator[str]:
    match step:
        case Ddl():
            sql = f"{step.sql.rstrip().removesuffix(';')};"
            # What is blocked must not run when somebody feeds this text to a client.
            yield from (f"-- {shown(line)}" for line in sql.split("\n")) if step.blocked else (sql,)
        case LoadRows():
            along = f"along ({', '.join(step.key)})" if step.key else "in one piece"
            where = f", where {step.where}" if step.where else ""
            rows = f"{counted(step.estimate.rows, 'row')} ({size(step.estimate.bytes)})"
            yield shown(f"-- load {rows} from {step.source} {along}{where}; {step.protocol}")
        case SyncRows():
            along = f"along ({', '.join(step.key)})" if step.key else "in one piece"
            where = f", where {step.where}" if step.where else ""
            pruned = "; rows that only the target has are deleted" if step.prune else ""
            yield shown(f"-- sync rows with {step.source} {along}{where}{pruned}")
        case CopyFiles():
            files = f"{counted(sum(part.files for part in step.part), 'object')} ({size(_bytes(step))})"
            yield shown(f"-- copy {files} from {step.origin} to {step.goal}")
        case InsertSelect() | Swap():
            texts = step.sql if isinstance(step, Swap) else [text for batch in step.batch for text in batch.sql]
            for text in texts:
                yield from (f"-- {shown(line)}" for line in text.split("\n")) if step.blocked else (f"{text};",)
        case CheckForeignKeys():
            yield shown(f"-- count rows of {step.target} without a parent: no more than at {step.source}")
        case SetAutoIncrement():
            yield shown(f"-- set the AUTO_INCREMENT of {step.target} to that of {step.source}")
        case Verify():
            relation = "holds all rows of" if step.spare else "equals"
            where = f" where {step.where}" if step.where else ""
            yield shown(f"-- verify that {step.target} {relation} {step.source}{where}")


def _bytes(step: CopyFiles) -> int:
    return sum(part.bytes for part in step.part)
