"""What a reviewer must know beside the steps: what stays behind, what was mapped, who defines, what nobody can see."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from migrate.engines.base import Engine, MomentWay
from migrate.model.pattern import endpoint_of, parse_object
from migrate.model.plan import Ddl, Finding, Move, PlannedObject, RowStep, Step
from migrate.model.table import ObjectRef, TableName, spell
from migrate.planner.colliding import Collisions
from migrate.planner.gap import Gap, StoredGap
from migrate.planner.risk import finding
from migrate.planner.survey import Survey
from migrate.planner.translate import StoredRef, dated_left, source_pattern

_SAYS = re.compile(r"\b(?:DETERMINISTIC|NO\s+SQL|READS\s+SQL\s+DATA)\b", re.IGNORECASE)
_NOT_DETERMINISTIC = re.compile(r"\bNOT\s+DETERMINISTIC\b", re.IGNORECASE)

_HOLDS = "holds writers off while the readers' transactions begin, mostly far below a second"
MOMENTS: Mapping[MomentWay, str] = {
    "backup-stage": f"all rows are read at one moment: BACKUP STAGE BLOCK_COMMIT {_HOLDS}",
    "flush-tables": f"all rows are read at one moment: FLUSH TABLES WITH READ LOCK {_HOLDS}",
    "lock-tables": (
        f"all rows are read at one moment: LOCK TABLES … READ (the account lacks RELOAD) on {{tables}} tables {_HOLDS};"
        " a transaction that is at work on several of them may be ended as a dead lock"
    ),
    "position": (
        "all rows are read at one moment, without a lock (the account has neither RELOAD nor LOCK TABLES): apply waits"
        " until the binary log stands still while the readers' transactions begin, and gives up where it never does"
    ),
    "none": (
        "tables are read one after the other, not at one moment (the account has neither RELOAD nor LOCK TABLES, nor"
        " is there a binary log that tells{log}): stop writers, or expect verify to name what moved"
    ),
}
"""What a plan says of the way to one moment: how it is had, and for how long it locks."""


def dated(seen: Survey, moves: Sequence[Move]) -> list[Finding]:
    """The dated tables that stay behind, counted and listed, a finding for each schema."""
    left: dict[tuple[str, str], set[TableName]] = {}
    for move in moves:
        endpoint = source_pattern(move).endpoint
        for table in dated_left(move, seen.sources[endpoint]):
            left.setdefault((endpoint, table.schema), set()).add(table)
    taken = {pair.source for pair in seen.pairs}
    found = []
    for (endpoint, schema), tables in sorted(left.items()):
        names = [spell(table.name) for table in sorted(tables) if ObjectRef(endpoint, table) not in taken]
        if names:
            many = f"{len(names)} dated table{'s' if len(names) > 1 else ''} stay{'' if len(names) > 1 else 's'} behind"
            text = f"{many}: {', '.join(names)}; `dated_tables` in the configuration brings them along"
            found.append(finding("MG106", f"{endpoint}:{spell(schema)}", text))
    return found


def translated(
    seen: Survey, gap: Mapping[ObjectRef, Gap], stored_gap: Mapping[StoredRef, StoredGap], rechecked: Collisions
) -> list[Finding]:
    """What the way into another dialect changes, of objects that are made or changed.

    Of a unique key that compares otherwise (MG411) it is said what the source found in it; rows that would be refused
    are a finding of their own.
    """
    changed = {(ref.endpoint, "", ref.table) for ref, one in gap.items() if one.changes}
    changed |= {
        (ref.object.endpoint, ref.kind, ref.object.table) for ref, one in stored_gap.items() if one.change is not None
    }
    values = {(ref, one.index): one.values for ref, keys in rechecked.items() for one in keys}
    found = []
    for endpoint, notes in seen.notes.items():
        schemas = {name.schema for place, _, name in changed if place == endpoint}
        for note in notes:
            many = values.get((ObjectRef(endpoint, note.name), note.part)) if note.code == "MG411" else None
            if many:
                continue
            text = note.text if many is None else f"{note.text}; it was checked: the source has none now"
            of_schema = not note.name.name
            if (endpoint, note.stored, note.name) in changed or (of_schema and note.name.schema in schemas):
                place = spell(note.name.schema) if of_schema else str(note.name)
                part = f".{spell(note.part)}" if note.part else ""
                found.append(finding(note.code, f"{endpoint}:{place}{part}", text))
    return found


async def definers(seen: Survey, objects: Sequence[PlannedObject], engines: Mapping[str, Engine]) -> list[Finding]:
    """Definers of what is made that the target does not have: such an object is there, and cannot be used."""
    planned = {(one.kind, one.name) for one in objects if one.source}
    wanted: dict[str, dict[str, list[str]]] = {}
    for pair in seen.stored:
        ref = pair.target
        if (ref.kind, str(ref.object)) in planned and pair.wanted.definer:
            of_endpoint = wanted.setdefault(ref.object.endpoint, {})
            of_endpoint.setdefault(pair.wanted.definer, []).append(f"{ref.kind} {ref.object.table}")
    found = []
    for endpoint, by_definer in sorted(wanted.items()):
        accounts = await engines[endpoint].accounts()
        for definer, names in sorted(by_definer.items()):
            if accounts is not None and definer in accounts:
                continue
            said = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
            text = f"the account {definer}, definer of {said}, does not exist there: they can be made, and not be used"
            if accounts is None:
                text = f"whether the account {definer}, definer of {said}, exists there, this account may not see"
            found.append(finding("MG107", endpoint, f"{text}; `definer` in the configuration names another, or none"))
    return found


async def server_notes(steps: Sequence[Step], engines: Mapping[str, Engine]) -> list[Finding]:
    """What a reviewer must know of the servers, when rows are to be loaded or functions to be made."""
    loads = [step for step in steps if isinstance(step, RowStep)]
    silent = [
        step for step in steps if isinstance(step, Ddl) and step.action == "create-function" and _silent(step.sql)
    ]
    found = []
    for endpoint in sorted({endpoint_of(step.target) for step in (*loads, *silent)}):
        about = {"MG302": any(endpoint_of(one.target) == endpoint for one in loads)}
        about["MG307"] = any(endpoint_of(one.target) == endpoint for one in silent)
        notes = await engines[endpoint].notes()
        found += [finding(code, endpoint, text) for code, text in notes if about.get(code, bool(loads))]
    for endpoint in sorted({endpoint_of(step.source) for step in loads}):
        tables = [parse_object(step.source).table for step in loads if endpoint_of(step.source) == endpoint]
        way, left_out = await engines[endpoint].moment_way(tables)
        log = f": schemas are left out of it, {left_out}" if left_out else ""
        found.append(finding("MG304", endpoint, MOMENTS[way].format(tables=len(tables), log=log)))
    return found


def _silent(function: str) -> bool:
    """Whether a function's text nowhere says what MySQL wants to know for its binary log (manual 25.7)."""
    return _SAYS.search(_NOT_DETERMINISTIC.sub("", function)) is None


async def hidden(
    seen: Survey, steps: Sequence[Step], gap: Mapping[ObjectRef, Gap], engines: Mapping[str, Engine]
) -> list[Finding]:
    """What the accounts may not see, so that no finding is not taken for nothing there."""
    found = []
    for endpoint, catalog in seen.sources.items():
        unseen = await engines[endpoint].unseen([schema.name for schema in catalog.schemas])
        if unseen:
            text = (
                f"the account lacks {', '.join(unseen)}: objects that need it to be seen may be there and are not named"
            )
            found.append(finding("MG306", endpoint, text))
    loaded = {step.target for step in steps if isinstance(step, RowStep)}
    for endpoint in seen.present:
        there = {
            ref.table.schema
            for ref, one in gap.items()
            if ref.endpoint == endpoint and one.actual is not None and str(ref) in loaded
        }
        if there and "TRIGGER" in await engines[endpoint].unseen(sorted(there)):
            text = "the account lacks TRIGGER: a trigger of a table that is loaded here is not seen, and would fire"
            found.append(finding("MG306", endpoint, text))
    return found
