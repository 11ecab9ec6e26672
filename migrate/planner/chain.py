"""The chain of steps that makes one target table like its source."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

import msgspec

from migrate.diff import describe
from migrate.engines.base import Engine
from migrate.model.change import AddForeignKey, AddIndex, Change, CreateTable
from migrate.model.plan import Ddl, Estimate, Finding, LoadRows, Protocol, SetAutoIncrement, Step, Verify
from migrate.model.table import ForeignKey, Index, ObjectRef, Statistics, spell
from migrate.planfile import round_estimate
from migrate.planner.risk import finding
from migrate.planner.survey import rows_of
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
    REFUSED = auto()


class Link(msgspec.Struct, frozen=True):
    """All that the steps of one table are made from. `definition` is the source's own DDL, needed for DDL only.

    `obstacle` and `triggers` are those of `migrate.planner.obstacles`.
    """

    pair: Pair
    source: Engine
    target: Engine
    changes: tuple[Change, ...]
    existing: Existing
    statistics: Statistics
    definition: str = ""
    obstacle: tuple[str, str] | None = None
    triggers: tuple[str, ...] = ()


def steps_of(link: Link) -> tuple[tuple[Step, ...], tuple[Finding, ...]]:
    """The steps of one table, some naming steps to wait for that may not exist, and its findings."""
    pair = link.pair
    if link.obstacle:
        code, text = link.obstacle
        return (_load(link, text),), (finding(code, str(pair.target), text),)
    created = any(isinstance(change, CreateTable) for change in link.changes)
    keys = tuple(change.foreign_key for change in link.changes if isinstance(change, AddForeignKey))
    findings = [_orphaned(pair, key) for key in pair.orphaned]
    other = [change for change in link.changes if not isinstance(change, CreateTable | AddIndex | AddForeignKey)]
    if other:
        text = _differences(other)
        findings.append(finding("MG201", str(pair.target), text))
        return (_load(link, f"the target is defined differently: {text}"),), tuple(findings)
    steps: list[Step] = []
    if created:
        deferred = link.target.deferrable(pair.wanted) if link.statistics.rows >= DEFER_ROWS else ()
        steps.append(_create_table(link, deferred))
    else:
        deferred = tuple(change.index for change in link.changes if isinstance(change, AddIndex))
    steps += _rows(link, findings)
    blocked = next((step.blocked for step in steps if step.blocked), "")
    if deferred:
        steps.append(_add_indexes(link, deferred, blocked))
    if keys:
        steps.append(_add_foreign_keys(link, keys, blocked))
    return tuple(steps), tuple(findings)


def _rows(link: Link, findings: list[Finding]) -> list[Step]:
    """Load, counter and proof; or what stands in the way."""
    pair, where = link.pair, str(link.pair.target)
    match link.existing:
        case Existing.EQUAL:
            return []
        case Existing.NOT_COMPARED:
            findings.append(finding("MG204", where, 'compare = "schema": whether its rows are equal shows at apply'))
            return [_verify(link)]
        case Existing.OTHER:
            text = "it holds rows that differ from the source; this version loads only into empty tables"
            findings.append(finding("MG202", where, text))
            return [_load(link, text)]
        case Existing.REFUSED:
            text = 'it is not empty and the move says existing = "fail"'
            findings.append(finding("MG203", where, text))
            return [_load(link, text)]
        case Existing.NONE if link.triggers:
            many = "s" if len(link.triggers) > 1 else ""
            text = f"its trigger{many} {', '.join(map(spell, link.triggers))} would fire for every row"
            findings.append(finding("MG205", where, text))
            return [_load(link, text)]
        case Existing.NONE:
            findings += _row_findings(link)
            steps: list[Step] = [_load(link)]
            if any(column.auto_increment for column in pair.wanted.columns):
                steps.append(
                    SetAutoIncrement(
                        id=_id("set-auto-increment", pair.target),
                        source=str(pair.source),
                        target=where,
                        after=(_id("load-rows", pair.target), _id("add-indexes", pair.target)),
                    )
                )
            return [*steps, _verify(link)]


def _row_findings(link: Link) -> list[Finding]:
    pair, found = link.pair, []
    where = str(pair.target)
    protocol = _protocol(link)
    if protocol == "whole-object":
        rows = round_estimate(link.statistics.rows)
        text = (
            f"no unique key without NULLs: its {rows:,} rows are loaded as one unit, and again from the start on resume"
        )
        found.append(finding("MG301", where, text))
    if not pair.wanted.storage.transactional:
        text = f"{pair.wanted.storage.engine} has no transactions: on resume the last span is cleared and written again"
        found.append(finding("MG303", where, text))
    if pair.where:
        found.append(finding("MG305", where, f"only rows with: {pair.where}"))
    return found


def _protocol(link: Link) -> Protocol:
    if not rows_of(link.source, link.pair.table).key:
        return "whole-object"
    return "transactional" if link.pair.wanted.storage.transactional else "replace-span"


def _load(link: Link, blocked: str = "") -> LoadRows:
    pair = link.pair
    return LoadRows(
        id=_id("load-rows", pair.target),
        source=str(pair.source),
        target=str(pair.target),
        after=(_id("create-table", pair.target),),
        protocol=_protocol(link),
        key=tuple(column.name for column in rows_of(link.source, pair.table).key),
        where=pair.where,
        blocked=blocked,
        estimate=_estimate(link),
    )


def _verify(link: Link) -> Verify:
    pair = link.pair
    return Verify(
        id=_id("verify", pair.target),
        source=str(pair.source),
        target=str(pair.target),
        after=(_id("load-rows", pair.target),),
        key=tuple(column.name for column in rows_of(link.source, pair.table).key),
        where=pair.where,
        estimate=_estimate(link),
    )


def _create_table(link: Link, deferred: tuple[Index, ...]) -> Ddl:
    pair = link.pair
    return Ddl(
        id=_id("create-table", pair.target),
        target=str(pair.target),
        after=(schema_step(pair.target.endpoint, pair.target.table.schema),),
        action="create-table",
        sql=link.target.create_table(pair.wanted, link.definition, deferred),
    )


def _add_indexes(link: Link, indexes: tuple[Index, ...], blocked: str) -> Ddl:
    pair = link.pair
    return Ddl(
        id=_id("add-indexes", pair.target),
        target=str(pair.target),
        after=(_id("load-rows", pair.target), _id("create-table", pair.target)),
        action="add-indexes",
        sql=link.target.add_indexes(pair.wanted, link.definition, indexes),
        blocked=blocked and f"needs {_id('load-rows', pair.target)}",
    )


def _add_foreign_keys(link: Link, keys: tuple[ForeignKey, ...], blocked: str) -> Ddl:
    pair = link.pair
    needed = {pair.target.table, *(key.referenced for key in keys)}
    return Ddl(
        id=_id("add-foreign-keys", pair.target),
        target=str(pair.target),
        after=tuple(
            _id(action, ObjectRef(pair.target.endpoint, table))
            for table in sorted(needed)
            for action in ("create-table", "load-rows", "add-indexes")
        ),
        action="add-foreign-keys",
        sql=link.target.add_foreign_keys(pair.wanted, keys),
        blocked=blocked and f"needs {_id('load-rows', pair.target)}",
    )


def schema_step(endpoint: str, schema: str) -> str:
    """The id of the step that creates a schema."""
    return f"create-schema:{endpoint}:{spell(schema)}"


def _id(action: str, target: ObjectRef) -> str:
    return f"{action}:{target}"


def _estimate(link: Link) -> Estimate:
    return Estimate(round_estimate(link.statistics.rows), round_estimate(link.statistics.bytes))


def _orphaned(pair: Pair, key: ForeignKey) -> Finding:
    text = f"foreign key {key.name} is left out: its parent {key.referenced} is neither moved nor on the target"
    return finding("MG103", str(pair.target), text)


def _differences(changes: Sequence[Change]) -> str:
    said = [describe(change) for change in changes[:DESCRIBED]]
    more = len(changes) - len(said)
    return "; ".join(said) + (f"; and {more} more" if more else "")
