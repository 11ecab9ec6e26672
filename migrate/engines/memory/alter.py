"""Changes of a table that is there: their statements, what they may cost, and what they make of the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from migrate.engines.base import Alteration, Loss
from migrate.engines.memory import ddl
from migrate.engines.memory.store import StoredTable, stored_columns
from migrate.engines.memory.values import Row, Value, convert, fill
from migrate.errors import ServerError
from migrate.model.change import (
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddIndex,
    AlterCheck,
    AlterColumn,
    AlterComment,
    AlterForeignKey,
    AlterIndex,
    AlterPartitioning,
    AlterStorage,
    DropCheck,
    DropColumn,
    DropForeignKey,
    DropIndex,
    MoveColumn,
    TableChange,
)
from migrate.model.table import Check, Column, ForeignKey, Index, Table, TableName, spell
from migrate.model.types import Binary, Decimal, Enum, Integer, NeutralType, Opaque, Text

_Named = TypeVar("_Named", Column, Index, ForeignKey, Check)
_REBUILDS = (AddColumn, AlterColumn, MoveColumn, DropColumn, AlterStorage, AlterPartitioning)

# -- the statements ----------------------------------------------------------------------------------------------------


def alter_table(name: TableName, changes: Sequence[TableChange]) -> tuple[Alteration, ...]:
    """See base.Engine: foreign keys that must go, then all the rest at once, but for partitions, which come alone."""
    gone = tuple(
        change.foreign_key.name if isinstance(change, DropForeignKey) else change.actual.name
        for change in changes
        if isinstance(change, DropForeignKey | AlterForeignKey)
    )
    keys = AddForeignKey | AlterForeignKey | DropForeignKey
    rest = tuple(change for change in changes if not isinstance(change, keys | AlterPartitioning))
    partitions = tuple(change for change in changes if isinstance(change, AlterPartitioning))
    made: list[Alteration] = []
    if gone:
        sql = ddl.write(ddl.DropForeignKeys(name, gone))
        made.append(Alteration("drop-foreign-keys", sql, algorithm="INPLACE", lock="NONE"))
    made += [_alteration(name, some) for some in (rest, partitions) if some]
    return tuple(made)


def _alteration(name: TableName, changes: tuple[TableChange, ...]) -> Alteration:
    rebuilds = any(isinstance(change, _REBUILDS) for change in changes)
    return Alteration(
        "alter-table",
        ddl.write(ddl.AlterTable(name, changes)),
        losses=tuple(loss for change in changes for loss in _losses(change)),
        algorithm="COPY" if rebuilds else "INPLACE",
        lock="SHARED" if rebuilds else "NONE",
        refused=next((why for change in changes if (why := _refused(change))), ""),
    )


def _refused(change: TableChange) -> str:
    column = change.column if isinstance(change, AddColumn) else None
    column = change.wanted if isinstance(change, AlterColumn) else column
    if column is not None and isinstance(column.type, Opaque):
        return f"the type {column.native!r} of column {column.name!r} is not known"
    return ""


def _losses(change: TableChange) -> tuple[Loss, ...]:
    match change:
        case DropColumn(column=column) if not column.generated:
            return (Loss("destructive", f"column {spell(column.name)} is dropped with its values"),)
        case AlterColumn(actual=actual, wanted=wanted) if not actual.generated:
            name = f"column {spell(wanted.name)}"
            if wanted.generated:
                return (Loss("destructive", f"{name} is computed from now on, its values are dropped"),)
            narrowed = () if _holds(wanted.type, actual.type) else (f"{actual.native} becomes {wanted.native}",)
            null = (f"{name}: NULL is refused",) if actual.nullable and not wanted.nullable else ()
            return tuple(Loss("lossy", text) for text in (*(f"{name}: {text}" for text in narrowed), *null))
        case _:
            return ()


def _holds(wanted: NeutralType, actual: NeutralType) -> bool:
    """Whether every value of `actual` is one of `wanted`."""
    match actual, wanted:
        case Integer(bits, signed), Integer(more, other) if signed == other:
            return more >= bits
        case Integer(bits, False), Integer(more, True):
            return more > bits
        case Decimal(precision, scale), Decimal(more, finer):
            return finer >= scale and more - finer >= precision - scale
        case Text(charset, length), Text(other_charset, longer):
            return charset == other_charset and (longer is None or (length is not None and longer >= length))
        case Binary(length), Binary(longer):
            return longer >= length
        case Enum(members), Enum(more_members):
            return more_members[: len(members)] == members
        case _:
            return actual == wanted


# -- what a server makes of them ---------------------------------------------------------------------------------------


def altered(endpoint: str, stored: StoredTable, changes: Sequence[TableChange]) -> tuple[Table, list[Row]]:
    """The table and its rows after these changes, none of which touches foreign keys but by a column's new name.

    Raises ServerError when a change names what is not there, or makes what is; when an index or a foreign key misses
    its column; and when a value or a row is not allowed there.
    """
    building = _Building(endpoint, stored.table)
    for change in changes:
        building.make(change)
    table = building.table()
    pickers = [_picker(stored, column, building.origin(column.name)) for column in stored_columns(table)]
    rows: list[Row] = []
    for number, row in enumerate(stored.rows, 1):
        try:
            rows.append(tuple(pick(number, row) for pick in pickers))
        except ValueError as error:
            raise ServerError(endpoint, f"{table.name}: row {number}: {error}", code=1265) from error
    StoredTable(table).check(endpoint, rows)
    return table, rows


def _picker(stored: StoredTable, column: Column, origin: str | None) -> Callable[[int, Row], Value]:
    """What a row has in the column, of its number and the row as it was."""
    if origin is None or origin not in {one.name for one in stored.columns}:
        return lambda number, row: fill(column, number)
    place = stored.place(origin)
    return lambda number, row: convert(column, row[place])


class _Building:
    """A table on its way to another shape."""

    def __init__(self, endpoint: str, table: Table) -> None:
        self._endpoint = endpoint
        self._table = table
        self._columns, self._indexes, self._checks = list(table.columns), list(table.indexes), list(table.checks)
        self._foreign_keys = list(table.foreign_keys)
        self._origins: dict[str, str] = {column.name: column.name for column in table.columns}

    def origin(self, column: str) -> str | None:
        """What the column was called before; None when it was not there."""
        return self._origins.get(column)

    def make(self, change: TableChange) -> None:
        """Make one change."""
        match change:
            case AddColumn(column=column, after=after):
                self._add(self._columns, column, self._behind(after))
            case AlterColumn(actual=there, wanted=column):
                self._columns[self._at(self._columns, there.name)] = column
                self._call(there.name, column.name)
            case MoveColumn(column=name, after=after):
                column = self._columns.pop(self._at(self._columns, name))
                self._columns.insert(self._behind(after), column)
            case DropColumn(column=column):
                del self._columns[self._at(self._columns, column.name)]
                del self._origins[column.name]
            case AddIndex(index=index):
                self._add(self._indexes, index, len(self._indexes))
            case AlterIndex(actual=old_index, wanted=index):
                self._indexes[self._at(self._indexes, old_index.name)] = index
            case DropIndex(index=index):
                del self._indexes[self._at(self._indexes, index.name)]
            case AddCheck(check=check):
                self._add(self._checks, check, len(self._checks))
            case AlterCheck(actual=old_check, wanted=check):
                self._checks[self._at(self._checks, old_check.name)] = check
            case DropCheck(check=check):
                del self._checks[self._at(self._checks, check.name)]
            case AlterStorage(wanted=storage):
                self._table = replace(self._table, storage=storage)
            case AlterPartitioning(wanted=partitioning):
                self._table = replace(self._table, partitioning=partitioning)
            case AlterComment(wanted=comment):
                self._table = replace(self._table, comment=comment)
            case AddForeignKey() | AlterForeignKey() | DropForeignKey():
                raise ServerError(self._endpoint, f"{self._table.name}: foreign keys have their own statements")

    def table(self) -> Table:
        """What it has become."""
        there = {column.name for column in self._columns}
        for index in self._indexes:
            if missing := {part.column for part in index.parts if part.column} - there:
                raise self._refusal(f"index {index.name} misses {', '.join(sorted(missing))}", 1072)
        for key in self._foreign_keys:
            own = key.referenced_columns if key.referenced == self._table.name else ()
            if missing := {*key.columns, *own} - there:
                raise self._refusal(f"foreign key {key.name} needs {', '.join(sorted(missing))}", 1828)
        return replace(
            self._table,
            columns=tuple(self._columns),
            indexes=tuple(self._indexes),
            checks=tuple(self._checks),
            foreign_keys=tuple(self._foreign_keys),
        )

    def _add(self, parts: list[_Named], part: _Named, place: int) -> None:
        if any(other.name == part.name for other in parts):
            raise self._refusal(f"the name {part.name} is taken", 1060)
        parts.insert(place, part)

    def _at(self, parts: Sequence[_Named], name: str) -> int:
        for place, part in enumerate(parts):
            if part.name == name:
                return place
        raise self._refusal(f"there is no {name}", 1091)

    def _behind(self, after: str) -> int:
        return self._at(self._columns, after) + 1 if after else 0

    def _call(self, old: str, new: str) -> None:
        """A column's new name: indexes and foreign keys go along."""
        if old == new:
            return
        if new in self._origins:
            raise self._refusal(f"the name {new} is taken", 1060)
        self._origins[new] = self._origins.pop(old)

        def called(column: str) -> str:
            return new if column == old else column

        self._indexes = [
            replace(index, parts=tuple(replace(part, column=called(part.column)) for part in index.parts))
            for index in self._indexes
        ]
        self._foreign_keys = [
            replace(
                key,
                columns=tuple(map(called, key.columns)),
                referenced_columns=tuple(map(called, key.referenced_columns))
                if key.referenced == self._table.name
                else key.referenced_columns,
            )
            for key in self._foreign_keys
        ]

    def _refusal(self, why: str, code: int) -> ServerError:
        return ServerError(self._endpoint, f"{self._table.name}: {why}", code=code)
