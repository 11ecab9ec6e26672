"""What a server holds, and what this engine can do with a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from migrate.engines.base import Intake, Oversized, Rows
from migrate.engines.memory.server import MemoryServer
from migrate.engines.memory.store import StoredTable
from migrate.engines.memory.stored import names, ordered
from migrate.engines.memory.stored import same as same_stored
from migrate.engines.memory.values import condition
from migrate.model.change import AlterColumn, AlterStored, StoredChange, TableChange
from migrate.model.pattern import Pattern
from migrate.model.table import Catalog, Index, Statistics, StoredObject, Table, TableName, Use
from migrate.model.types import Binary, Decimal, Enum, Integer, Opaque, Temporal, Text

HIDDEN = ("_migrate", "_mo_")
"""Names that begin so are ours: no pattern sees them."""
_ROW_BYTES = 16
_COMPARABLE = (Integer, Decimal, Text, Binary, Temporal, Enum)


def catalog(server: MemoryServer, patterns: Sequence[Pattern]) -> Catalog:
    """Everything that fits the patterns, by name; a schema when a pattern's schema part fits it."""
    tables = [
        stored
        for name, stored in sorted(server.tables.items())
        if not name.name.startswith(HIDDEN) and any(pattern.matches(name) for pattern in patterns)
    ]
    schemas = [
        schema
        for (_, name), schema in sorted(server.schemas.items())
        if not name.startswith(HIDDEN)
        and any(p.schema.matches(name) and (p.catalog is None or p.catalog.matches(schema.catalog)) for p in patterns)
    ]
    objects = [
        one
        for one in sorted(ordered(server.stored), key=lambda one: (one.name, one.kind))
        if not one.name.name.startswith(HIDDEN) and any(pattern.matches(_place(one)) for pattern in patterns)
    ]
    return Catalog(
        schemas=tuple(schemas),
        tables=tuple(stored.table for stored in tables),
        stored=tuple(objects),
        uses=_uses(server, objects),
        statistics=tuple(_statistics(stored, len(stored.rows)) for stored in tables),
    )


def _place(stored: StoredObject) -> TableName:
    """What a pattern must fit: a trigger goes with its table."""
    if stored.kind != "trigger":
        return stored.name
    return msgspec.structs.replace(stored.name, name=stored.table)


def _uses(server: MemoryServer, objects: Sequence[StoredObject]) -> tuple[Use, ...]:
    """What the words of these name that is there, and what a test says besides."""
    keys = {one.key for one in objects}
    found = {use for use in server.uses if use.by in keys}
    found |= {Use(one.key, kind, name) for one in objects for name in names(one) for kind in server.kinds_of(name)}
    return tuple(sorted(found - {Use(one.key, "relation", one.name) for one in objects}, key=_spelled))


def _spelled(use: Use) -> tuple[str, TableName, str, TableName]:
    return *use.by, use.kind, use.of


def measure(server: MemoryServer, endpoint: str, rows: Rows) -> Statistics:
    """Exact numbers of the rows that `where` lets through; a row counts 16 bytes a value."""
    stored = server.table(endpoint, rows.table)
    passes = condition(endpoint, rows.where, stored.columns)
    return _statistics(stored, sum(1 for row in stored.rows if passes(row)))


def oversized(server: MemoryServer, endpoint: str, rows: Rows, intake: Intake) -> list[Oversized]:
    """By the letters and bytes of a row, against the packets that the two sides tell of; none is no limit."""
    stored = server.table(endpoint, rows.table)
    passes = condition(endpoint, rows.where, stored.columns)
    sizes = [sum(len(value) for value in row if isinstance(value, str | bytes)) for row in stored.rows if passes(row)]
    found = []
    sides: tuple[tuple[Literal["source", "target"], int], ...] = (("source", server.packet), ("target", intake.packet))
    for side, packet in sides:
        large = [size for size in sizes if packet and size >= packet]
        if large:
            found.append(Oversized(rows.table, side, len(large), max(large), f"set packet to {max(large) + 1}"))
    return found


def _statistics(stored: StoredTable, rows: int) -> Statistics:
    return Statistics(stored.table.name, rows, rows * len(stored.columns) * _ROW_BYTES, next_value(stored))


def next_value(stored: StoredTable) -> int | None:
    """The next AUTO_INCREMENT value; None when no column has one."""
    return stored.counter if any(column.auto_increment for column in stored.columns) else None


def key(table: Table) -> Index | None:
    """The primary key, else the first unique index by name, if its columns are whole, not NULL and comparable."""
    columns = {column.name: column for column in table.columns}
    for index in sorted(table.indexes, key=lambda index: (index.kind != "primary", index.name)):
        if index.kind not in ("primary", "unique"):
            continue
        parts = [columns.get(part.column) for part in index.parts if not part.prefix and not part.descending]
        usable = [part for part in parts if part is not None and not part.nullable and not part.generated]
        if len(usable) == len(index.parts) and all(isinstance(part.type, _COMPARABLE) for part in usable):
            return index
    return None


def deferrable(table: Table) -> tuple[Index, ...]:
    """Those that hold no promise: the plain ones."""
    return tuple(index for index in table.indexes if index.kind == "plain")


def findings(table: Table) -> tuple[str, ...]:
    """A column of a type that nobody knows cannot be moved."""
    return tuple(
        f"the type {column.native!r} of column {column.name!r} is not known"
        for column in table.columns
        if isinstance(column.type, Opaque)
    )


def same(change: TableChange | StoredChange) -> bool:
    """A type's text in other letters, or with other spaces, is the same type; for the rest see `stored.same`."""
    if isinstance(change, AlterStored):
        return same_stored(change.actual, change.wanted)
    if not isinstance(change, AlterColumn):
        return False
    actual, wanted = (
        msgspec.structs.replace(column, native="".join(column.native.lower().split()))
        for column in (change.actual, change.wanted)
    )
    return actual == wanted
