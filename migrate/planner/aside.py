"""Foreign keys that step aside, and names that must be free first.

A server does not change the type of a column while a foreign key holds it (errors 1832, 1833 and 3780), so the key is
dropped before and made again after, on either end of it. And names of foreign keys, on MySQL of checks too, are one for
a whole schema (errors 1826 and 3822): a table gets one after the table that gives it away.

What counts as a type, the strictest of MySQL 8.0.12 to 9.7 and MariaDB decides: a longer VARCHAR (MariaDB),
AUTO_INCREMENT (MySQL), NULL that becomes NOT NULL while the table is copied (MySQL).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrate.model.change import (
    AddCheck,
    AddForeignKey,
    AlterColumn,
    AlterForeignKey,
    Change,
    CreateTable,
    DropCheck,
    DropForeignKey,
)
from migrate.model.table import Column, ForeignKey, Table, TableName

Columns = Mapping[TableName, frozenset[str]]
"""Of each table the columns that get another type, folded."""


def retyped(changes: Mapping[TableName, Sequence[Change]]) -> Columns:
    """The columns whose type changes under these changes."""
    found = {}
    for table, some in changes.items():
        columns = frozenset(
            change.actual.name.casefold()
            for change in some
            if isinstance(change, AlterColumn) and _is_retyped(change.actual, change.wanted)
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


def _is_retyped(actual: Column, wanted: Column) -> bool:
    return (actual.nullable and not wanted.nullable) or _type(actual) != _type(wanted)


def _type(column: Column) -> tuple[object, ...]:
    computed = bool(column.generated), column.stored
    return column.type, column.charset, column.collation, column.auto_increment, computed


def givers(changes: Mapping[TableName, Sequence[Change]]) -> dict[TableName, tuple[TableName, ...]]:
    """Of each table that gets a name of a check or foreign key which others give away: these, but for a swap."""
    gives: dict[_Name, set[TableName]] = {}
    gets: dict[TableName, set[_Name]] = {}
    for table, some in changes.items():
        for change in some:
            match change:
                case DropCheck(check=check):
                    gives.setdefault(_name("check", table, check.name), set()).add(table)
                case DropForeignKey(foreign_key=key):
                    gives.setdefault(_name("key", table, key.name), set()).add(table)
                case AddCheck(check=check):
                    gets.setdefault(table, set()).add(_name("check", table, check.name))
                case AddForeignKey(foreign_key=key):
                    gets.setdefault(table, set()).add(_name("key", table, key.name))
                case CreateTable(table=made):
                    gets.setdefault(table, set()).update(_name("check", table, check.name) for check in made.checks)
                case _:
                    continue
    found = {table: {one for name in names for one in gives.get(name, ())} - {table} for table, names in gets.items()}
    return {
        table: tuple(sorted(other for other in others if table not in found.get(other, ())))
        for table, others in found.items()
        if others
    }


_Name = tuple[str, str, str]


def _name(kind: str, table: TableName, name: str) -> _Name:
    return kind, table.schema, name.casefold()
