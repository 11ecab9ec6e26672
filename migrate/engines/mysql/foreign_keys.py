"""Foreign keys that must be gone while the columns that they join are changed.

Measured under foreign_key_checks=1 (8.0.12, 8.0.33, 9.7, MariaDB 11.8): a type or collation that changes on one side is
refused with error 3780, 1832 or 1833, NULL to NOT NULL too where the table is copied, an AUTO_INCREMENT by MySQL. With
foreign_key_checks=0 MySQL 8.0.12 goes on and leaves two sides that do not fit, and MariaDB drops a key's index: so
alterations run with 1. A key dropped by the very statement that changes its columns is no obstacle; nor is one that
refers to its own table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrate.engines.mysql.spelling import same_type
from migrate.model.change import (
    AlterColumn,
    AlterForeignKey,
    AlterPartitioning,
    AlterStorage,
    DropColumn,
    DropForeignKey,
    TableChange,
)
from migrate.model.table import Column, ForeignKey, Table, TableName

__all__ = ["disturbs", "goes_first", "in_the_way"]

_Place = tuple[TableName, str]


def disturbs(actual: Column, wanted: Column) -> bool:
    """Whether this change of a column is refused as long as a foreign key holds the column, on either side."""
    return (
        not same_type(actual, wanted)
        or (actual.nullable and not wanted.nullable)
        or actual.auto_increment != wanted.auto_increment
        or (actual.generated, actual.stored) != (wanted.generated, wanted.stored)
    )


def in_the_way(changes: Iterable[TableChange], tables: Iterable[Table]) -> tuple[AlterForeignKey, ...]:
    """Foreign keys of `tables`, as they are there, that must be dropped for these changes and added again after them.

    None that the changes drop anyway. Each is an `AlterForeignKey` of two equal keys.
    """
    listed = list(changes)
    shaken = {
        (change.table, change.actual.name.casefold())
        for change in listed
        if isinstance(change, AlterColumn) and disturbs(change.actual, change.wanted)
    }
    going = {
        (change.table, key.name)
        for change in listed
        if isinstance(change, DropForeignKey | AlterForeignKey)
        for key in [change.foreign_key if isinstance(change, DropForeignKey) else change.actual]
    }
    return tuple(
        AlterForeignKey(table.name, key, key)
        for table in tables
        for key in table.foreign_keys
        if (table.name, key.name) not in going and shaken & _joined(table.name, key)
    )


def goes_first(key: ForeignKey, actual: Table, changes: Sequence[TableChange]) -> bool:
    """Whether the key is to be dropped before the table's other changes, in a statement of its own.

    InnoDB cannot leave or be partitioned in the statement that drops a key (errors 3776, 1217). And where the other
    changes may have to wait for another table's key, that table may wait for this one.
    """
    for change in changes:
        match change:
            case AlterStorage(actual=there, wanted=want) if there.engine.lower() != want.engine.lower():
                return True
            case AlterPartitioning():
                return True
            case AlterColumn(actual=column, wanted=other) if disturbs(column, other):
                if key.referenced != actual.name and _referable(column, actual):
                    return True
            case DropColumn(column=column):
                if key.referenced != actual.name and _referable(column, actual):
                    return True
            case _:
                pass
    return False


def _referable(column: Column, table: Table) -> bool:
    """Whether another table's key may refer to the column."""
    return any(
        part.column.casefold() == column.name.casefold()
        for index in table.indexes
        if index.kind in ("primary", "unique")
        for part in index.parts
    )


def _joined(table: TableName, key: ForeignKey) -> set[_Place]:
    mine = {(table, column.casefold()) for column in key.columns}
    return mine | {(key.referenced, column.casefold()) for column in key.referenced_columns}
