"""Foreign keys that step aside: a server does not change the type of a column while a foreign key holds it (errors
1832, 1833 and 3780), so the key is dropped before and made again after, on either end of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrate.model.change import AlterColumn, AlterForeignKey, Change
from migrate.model.table import Column, ForeignKey, Table, TableName
from migrate.model.types import Binary, Text

Columns = Mapping[TableName, frozenset[str]]
"""Of each table the columns that get another type, folded."""


def retyped(changes: Mapping[TableName, Sequence[Change]]) -> Columns:
    """The columns whose type changes under these changes."""
    found = {}
    for table, some in changes.items():
        columns = frozenset(
            change.actual.name.casefold()
            for change in some
            if isinstance(change, AlterColumn) and _type(change.actual) != _type(change.wanted)
        )
        if columns:
            found[table] = columns
    return found


def stepping_aside(
    wanted: Mapping[TableName, Table], actual: Sequence[Table], columns: Columns
) -> tuple[dict[TableName, list[AlterForeignKey]], dict[TableName, list[str]]]:
    """Keys that must be dropped and made again, by their tables; and by the table held, what holds it and stays."""
    aside: dict[TableName, list[AlterForeignKey]] = {}
    held: dict[TableName, list[str]] = {}
    for table in actual if columns else ():
        for key in table.foreign_keys:
            if not _holds(table, key, columns):
                continue
            goal = wanted.get(table.name)
            for same in goal.foreign_keys if goal else ():
                if same.name.casefold() == key.name.casefold():
                    aside.setdefault(table.name, []).append(AlterForeignKey(table.name, key, same))
            if goal is None:
                text = f"foreign key {key.name} of {table.name}, which does not move, holds it"
                held.setdefault(key.referenced, []).append(text)
    return aside, held


def _holds(table: Table, key: ForeignKey, columns: Columns) -> bool:
    own, parents = columns.get(table.name, frozenset()), columns.get(key.referenced, frozenset())
    return any(name.casefold() in own for name in key.columns) or any(
        name.casefold() in parents for name in key.referenced_columns
    )


def _type(column: Column) -> tuple[object, ...]:
    """What both ends of a foreign key must have alike: lengths of texts may differ."""
    match column.type:
        case Text():
            return "text", column.charset, column.collation
        case Binary():
            return ("binary",)
        case _:
            return column.type, column.charset, column.collation
