"""The chain of steps that makes one target table like its source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum, auto

import msgspec

from migrate.diff import describe
from migrate.engines.base import Alteration, Dialect, Engine
from migrate.model.change import AddIndex, AlterForeignKey, Change, CreateTable
from migrate.model.plan import Ddl, Estimate, Finding, LoadRows, Protocol, Risk, SetAutoIncrement, Step, Verify
from migrate.model.table import ForeignKey, Index, ObjectRef, Statistics, TableName, spell
from migrate.planfile import round_estimate
from migrate.planner.gap import Gap
from migrate.planner.risk import finding
from migrate.planner.survey import both_sides, rows_of
from migrate.planner.translate import Pair

DEFER_ROWS = 10_000
"""From this many rows on, indexes are made after the rows: below, a second statement costs more than it saves."""

DESCRIBED = 5
"""Differences of one table that are spelled out."""


class Existing(Enum):
    """What is known of the rows on the target."""

    NONE = auto()
    EQUAL = auto()
    OTHER = auto()
    NOT_COMPARED = auto()
    CHANGING = auto()
    REFUSED = auto()


OTHER_ORDER = "the target has its key's values in another order, by their collation"


class Link(msgspec.Struct, frozen=True):
    """All that the steps of one table are made from. `definition` is the source's own DDL, needed for DDL only.

    `obstacle` is that of `migrate.planner.obstacles`; `children` are tables there with foreign keys to this one;
    `permitted` says whether destructive steps may run on this table.
    """

    pair: Pair
    source: Engine
    target: Engine
    origin: Dialect
    gap: Gap
    existing: Existing
    statistics: Statistics
    definition: str = ""
    obstacle: tuple[str, str] | None = None
    children: tuple[TableName, ...] = ()
    permitted: bool = False


def steps_of(link: Link) -> tuple[tuple[Step, ...], tuple[Finding, ...]]:
    """The steps of one table, some naming steps to wait for that may not exist, and its findings."""
    pair = link.pair
    if link.obstacle:
        code, text = link.obstacle
        return (_load(link, text),), (finding(code, str(pair.target), text),)
    findings = [_orphaned(pair, key) for key in pair.orphaned]
    keys = tuple(
        change.wanted if isinstance(change, AlterForeignKey) else change.foreign_key for change in link.gap.foreign_keys
    )
    steps: list[Step] = []
    later: tuple[Index, ...] = ()
    alterations = link.gap.alterations
    if any(isinstance(change, CreateTable) for change in link.gap.changes):
        later = link.target.deferrable(pair.wanted) if link.statistics.rows >= DEFER_ROWS else ()
        steps.append(_create_table(link, later))
    elif _may_wait(link):
        later = tuple(change.index for change in alterations if isinstance(change, AddIndex))
    elif alterations:
        steps += _alter_table(link, findings)
    blocked = next((step.blocked for step in steps if step.blocked), "")
    rows = _rows(link, findings, altered=bool(steps) and link.gap.actual is not None)
    if blocked:
        rows = [msgspec.structs.replace(step, blocked=step.blocked or f"needs {steps[-1].id}") for step in rows]
    steps += rows
    blocked = next((step.blocked for step in steps if step.blocked), "")
    if later:
        steps.append(_add_indexes(link, later, blocked))
    if keys:
        steps.append(_add_foreign_keys(link, keys, blocked))
    return tuple(steps), tuple(findings)


def _may_wait(link: Link) -> bool:
    """Whether all that an empty table there lacks are indexes that may come after its rows."""
    deferrable = {index.name for index in link.target.deferrable(link.pair.wanted)}
    missing = [change.index.name for change in link.gap.alterations if isinstance(change, AddIndex)]
    loads = link.existing is Existing.NONE
    return loads and len(missing) == len(link.gap.alterations) > 0 and deferrable.issuperset(missing)


def _rows(link: Link, findings: list[Finding], altered: bool) -> list[Step]:
    """Load, counter and proof; or what stands in the way."""
    pair, where = link.pair, str(link.pair.target)
    match link.existing:
        case Existing.EQUAL:
            return [_verify(link)] if altered and link.statistics.rows else []
        case Existing.NOT_COMPARED:
            findings.append(finding("MG204", where, 'compare = "schema": whether its rows are equal shows at apply'))
            return [_verify(link)]
        case Existing.CHANGING:
            text = "its columns or its key change first: whether its rows are then equal shows at apply"
            findings.append(finding("MG204", where, text))
            return [_verify(link)]
        case Existing.OTHER:
            text = "it holds rows that differ from the source; this version loads only into empty tables"
            findings.append(finding("MG202", where, text))
            return [_load(link, text)]
        case Existing.REFUSED:
            text = 'it is not empty and the move says existing = "fail"'
            findings.append(finding("MG203", where, text))
            return [_load(link, text)]
        case Existing.NONE:
            findings += _row_findings(link)
            steps: list[Step] = [_load(link)]
            if any(column.auto_increment for column in pair.wanted.columns):
                steps.append(
                    SetAutoIncrement(
                        id=step_id("set-auto-increment", pair.target),
                        source=str(pair.source),
                        target=where,
                        after=(step_id("load-rows", pair.target), step_id("add-indexes", pair.target)),
                    )
                )
            return [*steps, _verify(link)]


def _row_findings(link: Link) -> list[Finding]:
    pair, found = link.pair, []
    where = str(pair.target)
    protocol = _protocol(link)
    if protocol == "whole-object":
        rows = round_estimate(link.statistics.rows)
        why = OTHER_ORDER if rows_of(link.source, pair.table).key else "no unique key without NULLs"
        text = f"{why}: its {rows:,} rows are loaded as one unit, and again from the start on resume"
        found.append(finding("MG301", where, text))
    elif not _compared(link):
        text = f"{OTHER_ORDER}: its rows are proven as one range, and a resume at another moment loads them all again"
        found.append(finding("MG301", where, text))
    if not pair.wanted.storage.transactional:
        text = f"{pair.wanted.storage.engine} has no transactions: on resume the last span is cleared and written again"
        found.append(finding("MG303", where, text))
    if pair.where:
        found.append(finding("MG305", where, f"only rows with: {pair.where}"))
    return found


def _protocol(link: Link) -> Protocol:
    """A span that is cleared before it is written must be the same rows there as here."""
    if link.pair.wanted.storage.transactional:
        return "transactional" if rows_of(link.source, link.pair.table).key else "whole-object"
    return "replace-span" if _compared(link) else "whole-object"


def _compared(link: Link) -> tuple[str, ...]:
    """The columns along which both sides have the same ranges."""
    return tuple(column.name for column in both_sides(link.pair, link.source, link.target)[0].key)


def _load(link: Link, blocked: str = "") -> LoadRows:
    pair, protocol = link.pair, _protocol(link)
    key = () if protocol == "whole-object" else rows_of(link.source, pair.table).key
    return LoadRows(
        id=step_id("load-rows", pair.target),
        source=str(pair.source),
        target=str(pair.target),
        after=shaped_by(pair.target),
        protocol=protocol,
        key=tuple(column.name for column in key),
        where=pair.where,
        blocked=blocked,
        estimate=_estimate(link),
    )


def _verify(link: Link) -> Verify:
    pair = link.pair
    return Verify(
        id=step_id("verify", pair.target),
        source=str(pair.source),
        target=str(pair.target),
        after=(step_id("load-rows", pair.target), *shaped_by(pair.target)),
        key=_compared(link),
        where=pair.where,
        estimate=_estimate(link),
    )


def _create_table(link: Link, deferred: tuple[Index, ...]) -> Ddl:
    pair = link.pair
    return Ddl(
        id=step_id("create-table", pair.target),
        source=str(pair.source),
        target=str(pair.target),
        after=(schema_step(pair.target.endpoint, pair.target.table.schema), *_givers(link), *_sequences(link)),
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


def _alter_table(link: Link, findings: list[Finding]) -> list[Step]:
    """The statements that change a table which is there, one after the other, each with what it may cost."""
    pair, where = link.pair, str(link.pair.target)
    steps: list[Step] = []
    numbers: dict[str, int] = {}
    for alteration in altering(link):
        numbers[alteration.action] = numbers.get(alteration.action, 0) + 1
        action = alteration.action + (f"-{numbers[alteration.action]}" if numbers[alteration.action] > 1 else "")
        risk: Risk = "safe"
        for loss in alteration.losses:
            risk = "destructive" if "destructive" in (risk, loss.risk) else "lossy"
            findings.append(finding("MG209" if loss.risk == "destructive" else "MG210", where, loss.text))
        blocked = alteration.refused or "; ".join(link.gap.held)
        if blocked:
            findings.append(finding("MG201", where, f"{blocked}: {_differences(link.gap.alterations)}"))
        elif risk == "destructive" and not link.permitted:
            glob = f"{pair.target.table.schema}.{pair.target.table.name}"
            blocked = f"destructive: permit it with migrate plan --allow-destructive '{glob}'"
        elif steps and steps[-1].blocked:
            blocked = f"needs {steps[-1].id}"
        steps.append(
            Ddl(
                id=step_id(action, pair.target),
                source=str(pair.source),
                target=where,
                after=(*(step.id for step in steps[-1:]), *_before(link, alteration)),
                risk=risk,
                blocked=blocked,
                action=alteration.action,
                session=dict(alteration.session),
                sql=alteration.sql,
                estimate=msgspec.structs.replace(_estimate(link), algorithm=alteration.algorithm, lock=alteration.lock),
            )
        )
    return steps


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


def schema_step(endpoint: str, schema: str) -> str:
    """The id of the step that creates a schema."""
    return f"create-schema:{endpoint}:{spell(schema)}"


def step_id(action: str, target: ObjectRef) -> str:
    """The id of the step that does this to that object."""
    return f"{action}:{target}"


def shaped_by(table: ObjectRef) -> tuple[str, ...]:
    """The steps, of which only some may exist, after which a table has its columns."""
    actions = ("create-table", "drop-foreign-keys", "alter-table", "alter-table-2", "alter-table-3")
    return tuple(step_id(action, table) for action in actions)


def filled_by(table: ObjectRef) -> tuple[str, ...]:
    """The steps, of which only some may exist, after which a table has its rows and indexes."""
    return step_id("load-rows", table), step_id("add-indexes", table)


def settled_by(table: ObjectRef) -> tuple[str, ...]:
    """The steps, of which only some may exist, after which nothing writes to a table: its proof may still do."""
    return *shaped_by(table), *filled_by(table), step_id("set-auto-increment", table), step_id("verify", table)


def _estimate(link: Link) -> Estimate:
    return Estimate(round_estimate(link.statistics.rows), round_estimate(link.statistics.bytes))


def _orphaned(pair: Pair, key: ForeignKey) -> Finding:
    text = f"foreign key {key.name} is left out: its parent {key.referenced} is neither moved nor on the target"
    return finding("MG103", str(pair.target), text)


def _differences(changes: Sequence[Change]) -> str:
    said = [describe(change) for change in changes[:DESCRIBED]]
    more = len(changes) - len(said)
    return "; ".join(said) + (f"; and {more} more" if more else "")
