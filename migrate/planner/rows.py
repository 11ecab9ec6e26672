"""The steps that bring rows: load, sync, counter, proof; or what stands in their way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrate.model.plan import (
    CheckForeignKeys,
    Ddl,
    Estimate,
    Finding,
    LoadRows,
    Protocol,
    RowStep,
    SetAutoIncrement,
    Step,
    SyncRows,
    Verify,
)
from migrate.model.table import ObjectRef
from migrate.model.words import counted
from migrate.planfile import round_estimate
from migrate.planner.gap import Gap
from migrate.planner.link import Existing, Link, estimated, filled_by, settled_by, shaped_by, step_id, written_by
from migrate.planner.risk import finding
from migrate.planner.survey import both_sides
from migrate.planner.translate import Pair

OTHER_ORDER = "the target has its key's values in another order, by their collation"

IN_PLACE = "a row that is replaced is missing for a moment, and until apply goes on when that is interrupted there"


def row_steps(link: Link, findings: list[Finding], altered: bool) -> list[Step]:
    """Load, counter and proof; or what stands in the way."""
    where = str(link.pair.target)
    match link.existing:
        case Existing.EQUAL:
            return [_verify(link)] if altered and link.statistics.rows else []
        case Existing.NOT_COMPARED:
            return _sync_unseen(link, findings, 'compare = "schema"')
        case Existing.CHANGING:
            return _sync_unseen(link, findings, "its columns or its key change first")
        case Existing.OTHER:
            return _sync(link, findings, altered)
        case Existing.REFUSED:
            text = 'it is not empty and the move says existing = "fail"'
            findings.append(finding("MG203", where, text))
            return [load_step(link, text)]
        case Existing.NONE:
            findings += _row_findings(link, "on resume the last span is cleared and written again")
            return [load_step(link), *_counter(link), _verify(link)]


def _sync_unseen(link: Link, findings: list[Finding], why: str) -> list[Step]:
    """Rows that could not be compared: apply does, and makes them equal; nothing is deleted that nobody counted."""
    where = str(link.pair.target)
    if not link.key:
        findings.append(finding("MG204", where, f"{why}: whether its rows are equal shows at apply"))
        return [_verify(link)]
    text = f"{why}: what of its rows differs shows at apply, which makes them equal"
    if link.prune:
        text += "; rows that only the target has were not counted, and stay: plan again afterwards to prune them"
    findings.append(finding("MG204", where, text))
    findings += _row_findings(link, IN_PLACE)
    return [_sync_step(link, prune=False), *_counter(link), _verify(link, spare=True)]


def _sync(link: Link, findings: list[Finding], altered: bool) -> list[Step]:
    """Rows that differ, as counted; and what becomes of those that only the target has."""
    where, here, extra = str(link.pair.target), link.difference, link.difference.extra
    if not link.key and not link.prune:
        text = (
            f"it holds {counted(extra, 'row')} beside the source's {here.wanted:,}, others in part, and has no key by"
            " which these could be told apart: --prune empties it and loads it again"
        )
        findings.append(finding("MG202", where, text))
        return [_sync_step(link, prune=False, blocked=text)]
    if link.held:
        findings.append(finding("MG214", where, link.held))
        return [_sync_step(link, prune=True, blocked=link.held)]
    if not link.key:
        all_rows = counted(extra, "row is", "rows are")
        text = f"its {all_rows} deleted and all rows of the source loaded, as it has no key to tell them apart"
        findings.append(finding("MG212", where, text))
    elif link.prune:
        text = counted(extra, "row that only the target has is deleted", "rows that only the target has are deleted")
        findings.append(finding("MG212", where, text))
    elif extra:
        stay = counted(extra, "row that only the target has stays", "rows that only the target has stay")
        text = f"{stay} there; --prune deletes what only the target has"
        findings.append(finding("MG211", where, text))
    if not here.wanted and not link.prune:
        return [_verify(link, spare=True)] if altered else []
    findings += _row_findings(link, IN_PLACE)
    return [_sync_step(link, link.prune), *_counter(link), _verify(link, spare=not link.prune)]


def _counter(link: Link) -> list[Step]:
    """The step that sets the table's counter, if it has one."""
    pair = link.pair
    if not any(column.auto_increment for column in pair.wanted.columns):
        return []
    return [
        SetAutoIncrement(
            id=step_id("set-auto-increment", pair.target),
            source=str(pair.source),
            target=str(pair.target),
            after=filled_by(pair.target),
        )
    ]


def _row_findings(link: Link, without_transactions: str) -> list[Finding]:
    pair, found = link.pair, []
    where = str(pair.target)
    protocol = _protocol(link)
    if protocol == "whole-object":
        rows = round_estimate(link.statistics.rows)
        why = OTHER_ORDER if link.key else "no unique key without NULLs"
        all_rows = counted(rows, "row is", "rows are")
        text = f"{why}: its {all_rows} loaded as one unit, and again from the start on resume"
        found.append(finding("MG301", where, text))
    elif not _alike(link):
        text = f"{OTHER_ORDER}: its rows are proven as one range, and a resume at another moment loads them all again"
        found.append(finding("MG301", where, text))
    if not pair.wanted.storage.transactional:
        text = f"{pair.wanted.storage.engine} has no transactions: {without_transactions}"
        found.append(finding("MG303", where, text))
    if pair.where:
        found.append(finding("MG305", where, f"only rows with: {pair.where}"))
    return found


def _protocol(link: Link) -> Protocol:
    """A span that is cleared before it is written must be the same rows there as here."""
    if not link.key:
        return "whole-object"
    if link.pair.wanted.storage.transactional:
        return "transactional"
    return "replace-span" if _alike(link) else "whole-object"


def _alike(link: Link) -> bool:
    """Whether both sides have the key's values in the same order."""
    return both_sides(link.pair, link.source, link.target)[0].alike


def load_step(link: Link, blocked: str = "") -> LoadRows:
    pair, protocol = link.pair, _protocol(link)
    return LoadRows(
        id=step_id("load-rows", pair.target),
        source=str(pair.source),
        target=str(pair.target),
        after=shaped_by(pair.target),
        protocol=protocol,
        key=() if protocol == "whole-object" else link.key,
        where=pair.where,
        blocked=blocked,
        estimate=estimated(link),
    )


def _sync_step(link: Link, prune: bool, blocked: str = "") -> SyncRows:
    pair, one = link.pair, link.difference
    gone = one.extra if prune else 0
    size = one.wanted * link.statistics.bytes // max(1, link.statistics.rows)
    return SyncRows(
        id=step_id("sync-rows", pair.target),
        source=str(pair.source),
        target=str(pair.target),
        after=shaped_by(pair.target),
        risk="destructive" if gone else "safe",
        key=link.key,
        where=pair.where,
        prune=prune,
        extra=gone,
        blocked=blocked,
        estimate=Estimate(round_estimate(one.wanted), round_estimate(size)),
    )


def _verify(link: Link, spare: bool = False) -> Verify:
    pair = link.pair
    # A sync leaves unique keys to be added, and two rows may be equal in one for the moment in which both are mended.
    before = written_by(pair.target) if link.existing is Existing.NONE else filled_by(pair.target)
    return Verify(
        id=step_id("verify", pair.target),
        source=str(pair.source),
        target=str(pair.target),
        after=(*before, *shaped_by(pair.target)),
        key=link.key,
        where=pair.where,
        spare=spare,
        estimate=estimated(link),
    )


def checks(
    pairs: Sequence[Pair],
    gap: Mapping[ObjectRef, Gap],
    steps: Sequence[Step],
    watched: Mapping[str, Mapping[str, int]],
) -> list[Step]:
    """Of tables that keep their foreign keys while rows are written to them or to a parent: the query for orphans.

    Servers do not look while rows are written. Where keys are added, that step looks for orphans of all of them.
    `watched` are foreign keys of tables outside the moves, by the table that they refer to: see `outside.watched`.
    """
    written = {step.target for step in steps if isinstance(step, RowStep) and not step.blocked}
    adding = {step.target for step in steps if isinstance(step, Ddl) and step.action == "add-foreign-keys"}
    found: list[Step] = []
    for pair in pairs:
        there = gap[pair.target].actual is not None and str(pair.target) not in adding
        others = dict(watched.get(str(pair.target), {}))
        needed = {pair.target.table, *(key.referenced for key in pair.wanted.foreign_keys)}
        tables = [ObjectRef(pair.target.endpoint, table) for table in sorted(needed)]
        if others or (there and pair.wanted.foreign_keys and written.intersection(map(str, tables))):
            found.append(
                CheckForeignKeys(
                    id=step_id("check-foreign-keys", pair.target),
                    source=str(pair.source),
                    target=str(pair.target),
                    after=tuple(name for table in tables for name in settled_by(table)),
                    outside=others,
                )
            )
    return found
