"""The chain of steps that makes one target table like its source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from migrate.diff import describe
from migrate.engines.base import Alteration
from migrate.model.change import AddIndex, AlterForeignKey, Change, CreateTable
from migrate.model.plan import (
    Ddl,
    Finding,
    Risk,
    Step,
    SyncRows,
)
from migrate.model.table import ForeignKey, Index, ObjectRef
from migrate.planner.altering import Around, around_rows
from migrate.planner.link import Existing, Link, estimated, schema_step, settled_by, shaped_by, step_id
from migrate.planner.risk import finding
from migrate.planner.rows import load_step, row_steps
from migrate.planner.translate import Pair

DEFER_ROWS = 10_000
"""From this many rows on, indexes are made after the rows: below, a second statement costs more than it saves."""


DESCRIBED = 5
"""Differences of one table that are spelled out."""


def steps_of(link: Link) -> tuple[tuple[Step, ...], tuple[Finding, ...]]:
    """The steps of one table, some naming steps to wait for that may not exist, and its findings."""
    pair = link.pair
    if link.obstacle:
        code, text = link.obstacle
        return (load_step(link, text),), (finding(code, str(pair.target), text),)
    findings = [_orphaned(pair, key) for key in pair.orphaned]
    keys = tuple(
        change.wanted if isinstance(change, AlterForeignKey) else change.foreign_key for change in link.gap.foreign_keys
    )
    steps: list[Step] = []
    later: tuple[Index, ...] = ()
    before: tuple[Alteration, ...] = ()
    last: Alteration | None = None
    alterations = link.gap.alterations
    if any(isinstance(change, CreateTable) for change in link.gap.changes):
        later = link.target.deferrable(pair.wanted) if link.statistics.rows >= DEFER_ROWS else ()
        steps.append(_create_table(link, later))
    elif _may_wait(link):
        later = tuple(change.index for change in alterations if isinstance(change, AddIndex))
    elif alterations:
        before = altering(link)
    rows = row_steps(link, findings, altered=bool(before))
    sync = next((step for step in rows if isinstance(step, SyncRows) and not step.blocked), None)
    if before and sync:
        before, last = _around_rows(link)
    steps += _alter_table(link, before, findings)
    blocked = next((step.blocked for step in steps if step.blocked), "")
    if blocked:
        rows = [msgspec.structs.replace(step, blocked=step.blocked or f"needs {steps[-1].id}") for step in rows]
    steps += rows
    blocked = next((step.blocked for step in steps if step.blocked), "")
    if later:
        steps.append(_add_indexes(link, later, blocked))
    if last and sync:
        steps.append(_add_unique(link, last, sync, blocked, findings))
        blocked = blocked or steps[-1].blocked
    if keys:
        steps.append(_add_foreign_keys(link, keys, blocked))
    return tuple(steps), tuple(findings)


def _may_wait(link: Link) -> bool:
    """Whether all that an empty table there lacks are indexes that may come after its rows."""
    deferrable = {index.name for index in link.target.deferrable(link.pair.wanted)}
    missing = [change.index.name for change in link.gap.alterations if isinstance(change, AddIndex)]
    loads = link.existing is Existing.NONE
    return loads and len(missing) == len(link.gap.alterations) > 0 and deferrable.issuperset(missing)


def _create_table(link: Link, deferred: tuple[Index, ...]) -> Ddl:
    pair = link.pair
    return Ddl(
        id=step_id("create-table", pair.target),
        source=str(pair.source),
        target=str(pair.target),
        after=(
            schema_step(pair.target.endpoint, pair.target.table),
            *_givers(link),
            *_sequences(link),
        ),
        action="create-table",
        sql=link.target.create_table(pair.wanted, link.definition, deferred, link.origin),
    )


def altering(link: Link) -> tuple[Alteration, ...]:
    """What an ALTER TABLE of the target must still do."""
    if link.gap.actual is None:
        return ()
    return link.target.alter_table(
        link.pair.wanted, link.gap.actual, link.gap.alterations, link.definition, link.origin
    )


def _around_rows(link: Link) -> Around:
    assert link.gap.actual is not None  # noqa: S101 - it is altered
    engines, words = (link.source, link.target), (link.definition, link.origin)
    return around_rows(link.pair, link.gap.actual, link.gap.alterations, engines, words)


def _alter_table(link: Link, alterations: Sequence[Alteration], findings: list[Finding]) -> list[Step]:
    """The statements that change a table which is there, one after the other, each with what it may cost."""
    steps: list[Step] = []
    numbers: dict[str, int] = {}
    for alteration in alterations:
        numbers[alteration.action] = numbers.get(alteration.action, 0) + 1
        action = alteration.action + (f"-{numbers[alteration.action]}" if numbers[alteration.action] > 1 else "")
        findings += _losses(link, alteration)
        step = _altering(link, alteration, findings)
        steps.append(
            msgspec.structs.replace(
                step,
                id=step_id(action, link.pair.target),
                after=(*(one.id for one in steps[-1:]), *step.after),
                blocked=step.blocked or (f"needs {steps[-1].id}" if steps and steps[-1].blocked else ""),
            )
        )
    return steps


def _add_unique(link: Link, alteration: Alteration, sync: SyncRows, blocked: str, findings: list[Finding]) -> Ddl:
    """The statement that adds the unique keys which the rows keep once they are synced."""
    pair = link.pair
    has_no_other = link.existing is Existing.OTHER and not link.difference.extra
    stay = bool(sync.where) or not (sync.prune or has_no_other)
    when = " once they are synced" + ("; rows that only the target has stay, and may break it" if stay else "")
    findings += _losses(link, alteration, when)
    step = _altering(link, alteration, findings)
    return msgspec.structs.replace(
        step,
        id=step_id("add-indexes", pair.target),
        action="add-indexes",
        after=(sync.id, *shaped_by(pair.target), *step.after),
        blocked=step.blocked or (f"needs {sync.id}" if blocked else ""),
    )


def _losses(link: Link, alteration: Alteration, more: str = "") -> list[Finding]:
    where = str(link.pair.target)
    return [
        finding("MG209" if loss.risk == "destructive" else "MG210", where, loss.text + more)
        for loss in alteration.losses
    ]


def _altering(link: Link, alteration: Alteration, findings: list[Finding]) -> Ddl:
    """The step of one statement on a table which is there, under the name of its action."""
    pair, where = link.pair, str(link.pair.target)
    losses = {loss.risk for loss in alteration.losses}
    risk: Risk = "destructive" if "destructive" in losses else "lossy" if losses else "safe"
    blocked = alteration.refused or "; ".join(link.gap.held)
    if blocked:
        findings.append(finding("MG201", where, f"{blocked}: {_differences(link.gap.alterations)}"))
    elif risk == "destructive" and not link.permitted:
        glob = f"{pair.target.table.schema}.{pair.target.table.name}"
        blocked = f"destructive: permit it with migrate plan --allow-destructive '{glob}'"
    return Ddl(
        id=step_id(alteration.action, pair.target),
        source=str(pair.source),
        target=where,
        after=_before(link, alteration),
        risk=risk,
        blocked=blocked,
        action=alteration.action,
        session=dict(alteration.session),
        sql=alteration.sql,
        estimate=msgspec.structs.replace(estimated(link), algorithm=alteration.algorithm, lock=alteration.lock),
    )


def _before(link: Link, alteration: Alteration) -> tuple[str, ...]:
    """What an ALTER TABLE waits for: other tables' foreign keys that hold its columns, names and sequences it gets."""
    if alteration.action == "drop-foreign-keys":
        return ()
    endpoint = link.pair.target.endpoint
    released = (step_id("drop-foreign-keys", ObjectRef(endpoint, child)) for child in link.children)
    return (*released, *_givers(link), *_sequences(link))


def _sequences(link: Link) -> Iterator[str]:
    for name in link.target.sequences(link.pair.wanted):
        yield step_id("create-sequence", ObjectRef(link.pair.target.endpoint, name))


def _givers(link: Link) -> list[str]:
    """The changes of tables that give a name away which this one gets."""
    tables = [ObjectRef(link.pair.target.endpoint, table) for table in link.gap.givers]
    return [name for table in tables for name in shaped_by(table)]


def _add_indexes(link: Link, indexes: tuple[Index, ...], blocked: str) -> Ddl:
    pair = link.pair
    return Ddl(
        id=step_id("add-indexes", pair.target),
        source=str(pair.source),
        target=str(pair.target),
        after=(step_id("load-rows", pair.target), *shaped_by(pair.target)),
        action="add-indexes",
        sql=link.target.add_indexes(pair.wanted, link.definition, indexes, link.origin),
        blocked=blocked and f"needs {step_id('load-rows', pair.target)}",
    )


def _add_foreign_keys(link: Link, keys: tuple[ForeignKey, ...], blocked: str) -> Ddl:
    pair = link.pair
    # Of those that are there already too: rows were loaded unchecked, and the step looks for orphans of all.
    needed = {pair.target.table, *(key.referenced for key in pair.wanted.foreign_keys)}
    tables = [ObjectRef(pair.target.endpoint, table) for table in sorted(needed)]
    return Ddl(
        id=step_id("add-foreign-keys", pair.target),
        source=str(pair.source),
        target=str(pair.target),
        after=(*_givers(link), *(name for table in tables for name in settled_by(table))),
        action="add-foreign-keys",
        sql=link.target.add_foreign_keys(pair.wanted, keys),
        blocked=blocked and f"needs {step_id('load-rows', pair.target)}",
    )


def _orphaned(pair: Pair, key: ForeignKey) -> Finding:
    text = f"foreign key {key.name} is left out: its parent {key.referenced} is neither moved nor on the target"
    return finding("MG103", str(pair.target), text)


def _differences(changes: Sequence[Change]) -> str:
    said = [describe(change) for change in changes[:DESCRIBED]]
    more = len(changes) - len(said)
    return "; ".join(said) + (f"; and {more} more" if more else "")
