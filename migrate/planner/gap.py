"""What is missing on the target, table by table: `diff(wanted, actual)` without differences of spelling.

Empty means done: for plan, for apply's check of every object, and for verify.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from migrate.diff import diff
from migrate.engines.base import Engine
from migrate.model.change import AddForeignKey, AddIndex, Change, CreateSchema, CreateTable
from migrate.model.table import Catalog, ObjectRef, Schema, Table, TableName
from migrate.planner.survey import Survey
from migrate.planner.translate import Pair


class Gap(msgspec.Struct, frozen=True):
    """The changes that one target table needs; `actual` is what is there, None when nothing is."""

    changes: tuple[Change, ...] = ()
    actual: Table | None = None

    @property
    def kinds(self) -> frozenset[type[Change]]:
        """What kinds of change are needed."""
        return frozenset(type(change) for change in self.changes)

    @property
    def shape_differs(self) -> bool:
        """Whether the rows cannot be compared, because columns or their like differ."""
        return any(not isinstance(change, AddIndex | AddForeignKey) for change in self.changes)


def gaps(seen: Survey, engines: Mapping[str, Engine]) -> dict[ObjectRef, Gap]:
    """The gap of every pair, by its target."""
    found: dict[ObjectRef, Gap] = {}
    for endpoint, pairs in _by_target(seen).items():
        found |= gaps_of(pairs, seen.present[endpoint], engines[endpoint])
    return found


def gaps_of(pairs: Sequence[Pair], actual: Catalog, target: Engine) -> dict[ObjectRef, Gap]:
    """The gaps of pairs whose targets stand on one endpoint, of which `actual` was seen."""
    changes: dict[TableName, list[Change]] = {}
    for change in diff(Catalog(tables=tuple(pair.wanted for pair in pairs)), actual):
        match change:
            case CreateSchema():
                continue  # tables alone are wanted here
            case CreateTable(table=table):
                changes.setdefault(table.name, []).append(change)
            case _ if not target.same(change):
                changes.setdefault(change.table, []).append(change)
    there = actual.by_name()
    return {pair.target: Gap(tuple(changes.get(pair.target.table, ())), there.get(pair.target.table)) for pair in pairs}


def missing_schemas(seen: Survey) -> tuple[tuple[str, Schema], ...]:
    """(endpoint, schema) for each target schema that is not there, as its first source schema is defined."""
    found: dict[tuple[str, str], Schema] = {}
    for endpoint, pairs in _by_target(seen).items():
        present = {schema.name for schema in seen.present[endpoint].schemas}
        for pair in pairs:
            name = pair.target.table.schema
            if name not in present:
                found.setdefault((endpoint, name), msgspec.structs.replace(_schema(seen, pair), name=name))
    return tuple((endpoint, schema) for (endpoint, _), schema in sorted(found.items()))


def _schema(seen: Survey, pair: Pair) -> Schema:
    name = pair.source.table.schema
    return next(schema for schema in seen.sources[pair.source.endpoint].schemas if schema.name == name)


def _by_target(seen: Survey) -> dict[str, list[Pair]]:
    grouped: dict[str, list[Pair]] = {}
    for pair in seen.pairs:
        grouped.setdefault(pair.target.endpoint, []).append(pair)
    return grouped
