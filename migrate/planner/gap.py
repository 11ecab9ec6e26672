"""What is missing on the target, table by table: `diff(wanted, actual)` without differences of spelling.

Empty means done: for plan, for apply's check of every object, and for verify.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from migrate.diff import diff
from migrate.engines.base import Engine
from migrate.model.change import (
    AddColumn,
    AddForeignKey,
    AlterColumn,
    AlterForeignKey,
    AlterStored,
    Change,
    CreateSchema,
    CreateStored,
    CreateTable,
    DropColumn,
    StoredChange,
    TableChange,
)
from migrate.model.table import Catalog, Column, ObjectRef, Schema, StoredObject, Table, TableName
from migrate.planfile import fingerprint
from migrate.planner.aside import givers, retyped, stepping_aside
from migrate.planner.survey import Survey
from migrate.planner.translate import Pair, StoredPair, StoredRef


class Gap(msgspec.Struct, frozen=True):
    """The changes that one target table needs; `actual` is what is there, None when nothing is.

    `held` says why its columns cannot change their types; `givers` are tables that give a name away which it gets.
    """

    changes: tuple[Change, ...] = ()
    actual: Table | None = None
    held: tuple[str, ...] = ()
    givers: tuple[TableName, ...] = ()

    @property
    def kinds(self) -> frozenset[type[Change]]:
        """What kinds of change are needed."""
        return frozenset(type(change) for change in self.changes)

    @property
    def foreign_keys(self) -> tuple[AddForeignKey | AlterForeignKey, ...]:
        """The changes that add a foreign key at the end."""
        return tuple(change for change in self.changes if isinstance(change, AddForeignKey | AlterForeignKey))

    @property
    def alterations(self) -> tuple[TableChange, ...]:
        """The changes of a table that is there which an ALTER TABLE makes: all but foreign keys that are missing."""
        if self.actual is None:
            return ()
        left_out = CreateSchema | CreateTable | CreateStored | AlterStored | AddForeignKey
        return tuple(change for change in self.changes if not isinstance(change, left_out))

    @property
    def values_differ(self) -> bool:
        """Whether the rows cannot be compared as they are: a column is missing, too many, or holds other values."""
        return any(_touches_values(change) for change in self.changes)


class StoredGap(msgspec.Struct, frozen=True):
    """The change that one stored object on the target needs; `actual` is what is there, None when nothing is."""

    change: StoredChange | None = None
    actual: StoredObject | None = None


def _touches_values(change: Change) -> bool:
    match change:
        case CreateTable() | AddColumn() | DropColumn():
            return True
        case AlterColumn(actual=actual, wanted=wanted):
            return _values(actual) != _values(wanted)
        case _:
            return False


def _values(column: Column) -> tuple[object, ...]:
    return column.name, column.type, column.charset, bool(column.generated)


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
            case CreateSchema() | CreateStored() | AlterStored():
                continue  # tables alone are wanted here
            case CreateTable(table=table):
                changes.setdefault(table.name, []).append(change)
            case _ if not target.same(change):
                changes.setdefault(change.table, []).append(change)
    there = actual.by_name()
    wanted = {pair.target.table: pair.wanted for pair in pairs}
    aside, held = stepping_aside(wanted, actual.tables, retyped(changes))
    for name, keys in aside.items():
        known = {change.actual.name for change in changes.get(name, ()) if isinstance(change, AlterForeignKey)}
        changes.setdefault(name, []).extend(change for change in keys if change.actual.name not in known)
    waits = givers(changes)
    return {
        pair.target: Gap(
            tuple(changes.get(pair.target.table, ())),
            there.get(pair.target.table),
            tuple(held.get(pair.target.table, ())),
            waits.get(pair.target.table, ()),
        )
        for pair in pairs
    }


def stored_gaps(seen: Survey, engines: Mapping[str, Engine]) -> dict[StoredRef, StoredGap]:
    """The gap of every stored object that moves, by its target.

    Across dialects words cannot always be compared. What was made there from the source as it is, and is still as it
    was made, is no gap.
    """
    found: dict[StoredRef, StoredGap] = {}
    grouped: dict[str, list[StoredPair]] = {}
    for pair in seen.stored:
        grouped.setdefault(pair.target.object.endpoint, []).append(pair)
    for endpoint, pairs in grouped.items():
        present = _ranked(seen.present[endpoint], pairs)
        there = seen.present[endpoint].stored_by_key()
        made = {((one.kind, one.name), one.source, one.target) for one in seen.made.get(endpoint, ())}
        wanted = Catalog(stored=tuple(pair.wanted for pair in pairs))
        changes: dict[object, StoredChange] = {}
        for change in diff(wanted, present):
            match change:
                case CreateStored(stored=stored):
                    changes[stored.key] = change
                case AlterStored(wanted=one) if not engines[endpoint].same(change):
                    changes[one.key] = change
                case _:
                    continue
        for pair in pairs:
            actual = there.get(pair.wanted.key)
            change_here = changes.get(pair.wanted.key)
            if actual is not None and (pair.wanted.key, *made_of(pair, actual)) in made:
                change_here = None
            found[pair.target] = StoredGap(change_here, actual)
    return found


def _ranked(present: Catalog, pairs: Sequence[StoredPair]) -> Catalog:
    """What is there, its triggers numbered among those that are wanted: others may stand between them."""
    wanted = {pair.wanted.key for pair in pairs}
    ranks: dict[tuple[str, ...], int] = {}
    stored = []
    for one in sorted(present.stored, key=lambda one: one.order):
        if one.kind == "trigger" and one.key in wanted:
            group = (one.name.catalog, one.name.schema, one.table, one.timing, one.event)
            ranks[group] = ranks.get(group, 0) + 1
            one = msgspec.structs.replace(one, order=ranks[group])
        stored.append(one)
    return msgspec.structs.replace(present, stored=tuple(stored))


def start_of(actual: StoredObject | None) -> str:
    """What a plan says of where an object stands at its start. A trigger's place among others is no part of that."""
    return "absent" if actual is None else fingerprint(msgspec.structs.replace(actual, order=0))


def made_of(pair: StoredPair, actual: StoredObject) -> tuple[str, str]:
    """The hashes of both sides of an object that was made across dialects, its wishes included."""
    return fingerprint(pair.wanted), fingerprint(actual)


def missing_schemas(seen: Survey) -> tuple[tuple[str, Schema], ...]:
    """(endpoint, schema) for each target schema that is not there, as its first source schema is defined."""
    found: dict[tuple[str, str, str], Schema] = {}
    for endpoint in seen.schemas:
        present = {(schema.catalog, schema.name) for schema in seen.present[endpoint].schemas}
        for schema in seen.schemas[endpoint]:
            if (schema.catalog, schema.name) not in present:
                found.setdefault((endpoint, schema.catalog, schema.name), schema)
    return tuple((endpoint, schema) for (endpoint, *_), schema in sorted(found.items()))


def _by_target(seen: Survey) -> dict[str, list[Pair]]:
    grouped: dict[str, list[Pair]] = {}
    for pair in seen.pairs:
        grouped.setdefault(pair.target.endpoint, []).append(pair)
    return grouped
