"""How many objects of each kind the source has, how many stand on the target as wanted, and why others do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from migrate.engines.base import Engine
from migrate.model.change import (
    AddCheck,
    AddForeignKey,
    AddIndex,
    AlterCheck,
    AlterForeignKey,
    AlterIndex,
    AlterPartitioning,
)
from migrate.model.plan import Move
from migrate.model.progress import Parity
from migrate.model.table import Catalog, ObjectRef, StoredObject, Table, TableName
from migrate.planner.gap import Gap, StoredGap
from migrate.planner.needs import left_behind, reads
from migrate.planner.obstacles import obstacles
from migrate.planner.survey import Survey, reasons
from migrate.planner.translate import Pair, StoredPair, StoredRef, dated_left, source_pattern

KINDS = (
    "tables",
    "indexes",
    "foreign keys",
    "checks",
    "partitions",
    "sequences",
    "procedures",
    "functions",
    "views",
    "triggers",
    "events",
)
EXCLUDED = "excluded"
"""Left out by the rules of a move."""

MISSING = "missing"
"""Not there, or not as wanted, although nothing is known against it."""


class _Count:
    """One kind's figures, put together."""

    def __init__(self) -> None:
        self.source = self.moved = self.target = 0
        self.left: Counter[str] = Counter()


Counts = Mapping[str, _Count]


async def parity(
    moves: Sequence[Move],
    seen: Survey,
    gap: Mapping[ObjectRef, Gap],
    stored_gap: Mapping[StoredRef, StoredGap],
    engines: Mapping[str, Engine],
) -> tuple[Parity, ...]:
    """A row for each kind that either side has. Raises `ServerError`."""
    counts = {kind: _Count() for kind in KINDS}
    in_the_way = await obstacles(seen, gap, engines)
    why: dict[ObjectRef, str] = {}
    for pair in seen.pairs:
        if reasons(seen, pair, seen.definitions.get(pair.source, ""), engines):
            why[pair.target] = "MG102"
        elif pair.target in in_the_way:
            why[pair.target] = in_the_way[pair.target][0]
    coming = seen.tables_there() | {pair.target for pair in seen.pairs if pair.target not in why}
    left = {ref: code for ref, (code, _) in left_behind(seen, stored_gap, coming, reads(seen)).items()}
    dated = {
        ObjectRef(source_pattern(move).endpoint, table)
        for move in moves
        for table in dated_left(move, seen.sources[source_pattern(move).endpoint])
    }
    _tables(counts, seen, gap, why, dated)
    _stored(counts, seen, stored_gap, left, dated)
    for endpoint, catalog in seen.present.items():
        schemas = {(schema.catalog, schema.name) for schema in seen.schemas.get(endpoint, ())}
        _there(counts, catalog, schemas)
    return tuple(
        Parity(kind, one.source, one.moved, tuple(sorted(one.left.items())), one.target)
        for kind, one in counts.items()
        if one.source or one.target
    )


def _tables(
    counts: Counts,
    seen: Survey,
    gap: Mapping[ObjectRef, Gap],
    why: Mapping[ObjectRef, str],
    dated: Collection[ObjectRef],
) -> None:
    pairs: dict[ObjectRef, list[Pair]] = {}
    for pair in seen.pairs:
        pairs.setdefault(pair.source, []).append(pair)
    for endpoint, catalog in seen.sources.items():
        for table in catalog.tables:
            ref = ObjectRef(endpoint, table.name)
            for pair in pairs.get(ref, []):
                here = gap[pair.target]
                _table(counts, table, pair, here if here.actual is not None else None, why.get(pair.target, MISSING))
            if ref not in pairs:
                _table(counts, table, None, None, "MG106" if ref in dated else EXCLUDED)


def _table(counts: Counts, table: Table, pair: Pair | None, here: Gap | None, code: str) -> None:
    """Count a table and its parts; `here` is None when the target does not have it."""
    _add(counts["tables"], [code], [here is not None and not here.changes])
    for kind, codes, moved in _parts(table, pair, here, code):
        _add(counts[kind], codes, moved)


def _add(count: _Count, codes: Sequence[str], moved: Sequence[bool]) -> None:
    for code, done in zip(codes, moved, strict=True):
        count.source += 1
        count.moved += done
        if not done:
            count.left[code] += 1


def _parts(table: Table, pair: Pair | None, here: Gap | None, code: str) -> Iterator[tuple[str, list[str], list[bool]]]:
    """Of each kind of part: why each would not be there, and whether it is."""
    orphaned = {key.name for key in pair.orphaned} if pair else set()
    wrong: set[tuple[str, str]] = set()
    for change in here.changes if here else ():
        match change:
            case AddIndex(index=part):
                wrong.add(("indexes", part.name))
            case AlterIndex(wanted=part):
                wrong.add(("indexes", part.name))
            case AddForeignKey(foreign_key=key):
                wrong.add(("foreign keys", key.name))
            case AlterForeignKey(wanted=key):
                wrong.add(("foreign keys", key.name))
            case AddCheck(check=check):
                wrong.add(("checks", check.name))
            case AlterCheck(wanted=check):
                wrong.add(("checks", check.name))
            case AlterPartitioning():
                wrong |= {("partitions", name) for name in _partitions(table)}
            case _:
                continue
    wanted = pair.wanted if pair else table
    kept = {
        "indexes": {index.name for index in wanted.indexes},
        "foreign keys": {key.name for key in wanted.foreign_keys},
        "checks": {check.name for check in wanted.checks},
        "partitions": set(_partitions(wanted)),
    }
    names = {
        "indexes": [index.name for index in table.indexes],
        "foreign keys": [key.name for key in table.foreign_keys],
        "checks": [check.name for check in table.checks],
        "partitions": _partitions(table),
    }
    for kind, found in names.items():
        codes = ["MG103" if name in orphaned else "translated" if name not in kept[kind] else code for name in found]
        moved = [here is not None and name in kept[kind] and (kind, name) not in wrong for name in found]
        yield kind, codes, moved


def _partitions(table: Table) -> list[str]:
    return [one.name for one in table.partitioning.partitions] if table.partitioning else []


def _stored(
    counts: Counts,
    seen: Survey,
    gap: Mapping[StoredRef, StoredGap],
    left: Mapping[StoredRef, str],
    dated: Collection[ObjectRef],
) -> None:
    pairs: dict[tuple[str, tuple[str, TableName]], list[StoredPair]] = {}
    for pair in seen.stored:
        pairs.setdefault((pair.source.endpoint, pair.stored.key), []).append(pair)
    for endpoint, catalog in seen.sources.items():
        for stored in catalog.stored:
            found = pairs.get((endpoint, stored.key), [])
            count = counts[f"{stored.kind}s"]
            if not found:
                _add(count, ["MG106" if _table_of(endpoint, stored) in dated else EXCLUDED], [False])
            for pair in found:
                here = gap[pair.target]
                code = left.get(pair.target) or (pair.refused[0] if pair.refused else MISSING)
                _add(count, [code], [here.actual is not None and here.change is None])


def _table_of(endpoint: str, stored: StoredObject) -> ObjectRef:
    name = stored.name
    return ObjectRef(endpoint, TableName(name.schema, stored.table or name.name, name.catalog))


def _there(counts: Counts, catalog: Catalog, schemas: set[tuple[str, str]]) -> None:
    for table in catalog.tables:
        if (table.name.catalog, table.name.schema) in schemas:
            counts["tables"].target += 1
            counts["indexes"].target += len(table.indexes)
            counts["foreign keys"].target += len(table.foreign_keys)
            counts["checks"].target += len(table.checks)
            counts["partitions"].target += len(_partitions(table))
    for stored in catalog.stored:
        if (stored.name.catalog, stored.name.schema) in schemas:
            counts[f"{stored.kind}s"].target += 1
