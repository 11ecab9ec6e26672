"""What stored objects need on the target, and which of them stay behind because it is not there and does not come."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from migrate.model.change import AlterStored
from migrate.model.table import ObjectRef, StoredKey, TableName, Use
from migrate.planner.gap import StoredGap
from migrate.planner.survey import Survey
from migrate.planner.translate import StoredPair, StoredRef

Reads = Mapping[StoredRef, tuple[tuple[str, TableName], ...]]
"""What each stored object reads and calls, as (kind, name), by the names on its target."""

SERVERS_OWN = frozenset({"mysql", "sys", "information_schema", "performance_schema"})
"""Schemas that every server has; what stands there does not move."""


def reads(seen: Survey) -> Reads:
    """The uses of every stored object that moves."""
    uses: dict[tuple[str, StoredKey], list[Use]] = {}
    for endpoint, catalog in seen.sources.items():
        for use in catalog.uses:
            uses.setdefault((endpoint, use.by), []).append(use)
    found = {}
    for pair in seen.stored:
        of_pair = uses.get((pair.source.endpoint, pair.stored.key), ())
        found[pair.target] = tuple((use.kind, _goal(pair, use.of)) for use in of_pair)
    return found


def _goal(pair: StoredPair, name: TableName) -> TableName:
    goal = pair.renames.objects.get(name)
    if goal is not None:
        return goal
    return msgspec.structs.replace(name, schema=pair.renames.schemas.get(name.schema, name.schema))


def left_behind(
    seen: Survey, gap: Mapping[StoredRef, StoredGap], tables: Collection[ObjectRef], reading: Reads
) -> dict[StoredRef, tuple[str, str]]:
    """Those that cannot be made, with a finding's code and why. `tables` are there or come."""
    left: dict[StoredRef, tuple[str, str]] = {}
    for pair in seen.stored:
        found = _own_fault(pair, gap[pair.target], tables)
        if found and gap[pair.target].change is not None:
            left[pair.target] = found
    there: set[tuple[str, str, TableName]] = set()
    for endpoint, catalog in seen.present.items():
        there |= {(endpoint, one.kind, one.name) for one in catalog.stored}
    coming = {pair.target: pair for pair in seen.stored if pair.target not in left}
    while True:
        have = there | {(ref.object.endpoint, ref.kind, ref.object.table) for ref in coming}
        lost = {}
        for ref in coming:
            if ref.kind == "view" and gap[ref].change is not None:
                missing = _missing(ref, reading[ref], have, tables)
                if missing:
                    lost[ref] = ("MG105", f"needs {', '.join(missing)}, which neither moves nor is on the target")
        if not lost:
            return left
        left |= lost
        coming = {ref: pair for ref, pair in coming.items() if ref not in lost}


def _own_fault(pair: StoredPair, gap: StoredGap, tables: Collection[ObjectRef]) -> tuple[str, str] | None:
    if pair.refused and pair.refused[0] == "MG101":
        return pair.refused
    if pair.stored.broken:
        return "MG108", f"is broken at the source, or cannot be read there: {pair.stored.broken}"
    if pair.target.kind == "sequence" and isinstance(gap.change, AlterStored):
        return "MG101", "is there and is defined otherwise: change it by hand, or drop it there and plan again"
    if pair.target.kind == "trigger":
        name = pair.target.object.table
        table = ObjectRef(pair.target.object.endpoint, TableName(name.schema, pair.wanted.table, name.catalog))
        if table not in tables:
            return "MG105", f"needs its table {table}, which neither moves nor is on the target"
    return None


def _missing(
    ref: StoredRef,
    reading: tuple[tuple[str, TableName], ...],
    have: Collection[tuple[str, str, TableName]],
    tables: Collection[ObjectRef],
) -> list[str]:
    endpoint = ref.object.endpoint
    missing = []
    for kind, name in reading:
        if name.schema.lower() in SERVERS_OWN:
            continue
        if kind == "relation":
            found = ObjectRef(endpoint, name) in tables or any(
                (endpoint, one, name) in have for one in ("view", "sequence")
            )
        else:
            found = (endpoint, kind, name) in have
        if not found:
            missing.append(f"{name}" if kind == "relation" else f"the {kind} {name}")
    return sorted(set(missing))
