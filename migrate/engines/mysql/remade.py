"""Columns that are dropped and added again because no server changes them in place, and what hangs on them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from migrate.model.change import (
    AddIndex,
    AlterCheck,
    AlterColumn,
    AlterIndex,
    AlterPartitioning,
    DropCheck,
    DropColumn,
    DropIndex,
    TableChange,
)
from migrate.model.table import Check, Column, Index, Table
from migrate.sql import quote

__all__ = ["earlier", "hindered", "is_remade", "is_virtual", "remade", "with_dependents"]


def is_remade(actual: Column, wanted: Column) -> bool:
    """Whether the column must be dropped and added.

    From and to VIRTUAL nothing else is possible (MySQL error 3106, MariaDB 1907); STORED and plain columns become each
    other by MODIFY.
    """
    return is_virtual(actual) != is_virtual(wanted)


def remade(actual: Table, changes: Sequence[TableChange]) -> frozenset[str]:
    """Names, as wanted, of the columns to be dropped and added: generated columns too that hang on such a one.

    A server lets a column go only with those (error 3108; that they are said anew is not enough for 8.0.12).
    """
    gone = _gone(changes)
    hanging = {column.name.casefold() for column in _dependents(actual, gone) if column.generated} if gone else set()
    return frozenset(
        change.wanted.name
        for change in changes
        if isinstance(change, AlterColumn) and change.actual.name.casefold() in gone | hanging
    )


def with_dependents(wanted: Table, actual: Table, changes: Sequence[TableChange]) -> list[TableChange]:
    """The changes, and of each part that names a remade column one that says the part anew in the same statement.

    Such are generated columns, also by way of others, defaults (error 3766), checks (3959), functional indexes (3837)
    and partitions (3855). They are changes from what is there to the same.
    """
    gone = _gone(changes)
    if not gone:
        return list(changes)
    more: list[TableChange] = []
    said = {change.actual.name for change in changes if isinstance(change, AlterColumn)}
    said |= {change.column.name for change in changes if isinstance(change, DropColumn)}
    by_column = {column.name.casefold(): column for column in wanted.columns}
    for column in _dependents(actual, gone):
        want = by_column.get(column.name.casefold())
        if column.name not in said and want is not None:
            more.append(AlterColumn(actual.name, column, want))
    more += _checks(wanted, actual, changes, gone)
    more += _indexes(wanted, actual, changes, gone)
    parts = actual.partitioning
    spread = any(isinstance(change, AlterPartitioning) for change in changes)
    if parts is not None and not spread and _names(f"{parts.expression} {parts.subexpression}", gone):
        more.append(AlterPartitioning(actual.name, parts, wanted.partitioning))
    return [*changes, *more]


def _gone(changes: Sequence[TableChange]) -> set[str]:
    return {
        change.actual.name.casefold()
        for change in changes
        if isinstance(change, AlterColumn) and is_remade(change.actual, change.wanted)
    }


def earlier(actual: Table, changes: Sequence[TableChange]) -> list[list[TableChange]]:
    """What MySQL before 8.0.13 takes only before the rest, statement by statement.

    There a column cannot go, nor be remade, while a generated one hangs on it, be that dropped or changed in the same
    statement (error 3108, 8.0.12). Indexes of columns that go earlier go with them.
    """
    going = {change.column.name.casefold() for change in changes if isinstance(change, DropColumn)} | _gone(changes)
    changed: dict[str, DropColumn | AlterColumn] = {}
    for change in changes:
        if isinstance(change, DropColumn):
            changed[change.column.name] = change
        elif isinstance(change, AlterColumn) and not _names(change.wanted.generated, going):
            changed[change.actual.name] = change
    waiting = [c for c in actual.columns if c.generated and c.name in changed and _names(c.generated, going)]
    levels: list[list[TableChange]] = []
    while waiting:
        # No column hangs on itself; where words in strings make a ring of others, they go together.
        free = [c for c in waiting if not any(_names(o.generated, {c.name.casefold()}) for o in waiting if o is not c)]
        free = free or waiting
        dropped = {column.name.casefold() for column in free if isinstance(changed[column.name], DropColumn)}
        level: list[TableChange] = [
            change
            for change in changes
            if isinstance(change, DropIndex) and any(part.column.casefold() in dropped for part in change.index.parts)
        ]
        levels.append([*level, *(changed[column.name] for column in free)])
        waiting = [column for column in waiting if column not in free]
    return levels


def hindered(actual: Table, changes: Sequence[TableChange]) -> str:
    """Why MySQL before 8.0.13 cannot remake a column at all; empty when it can."""
    gone = _gone(changes)
    for change in changes:
        if not isinstance(change, AlterColumn) or not change.actual.generated or change.actual.name.casefold() in gone:
            continue
        if _names(change.wanted.generated, gone):
            return f"MySQL before 8.0.13 cannot remake a column while {quote(change.actual.name)} is computed from it"
    return ""


def is_virtual(column: Column) -> bool:
    """Whether it is computed whenever it is read, and rows hold nothing of it."""
    return bool(column.generated) and not column.stored


def _dependents(table: Table, gone: set[str]) -> list[Column]:
    """Columns whose value is computed from one that goes, by way of others too."""
    found: dict[str, Column] = {}
    names = set(gone)
    while True:
        more = {
            column.name: column
            for column in table.columns
            if column.name not in found and column.name.casefold() not in gone and _names(_computed(column), names)
        }
        if not more:
            return list(found.values())
        found |= more
        names |= {name.casefold() for name in more}


def _computed(column: Column) -> str:
    return column.generated or (column.default or "" if column.default_is_expression else "")


def _checks(wanted: Table, actual: Table, changes: Sequence[TableChange], gone: set[str]) -> list[TableChange]:
    said = {change.actual.name for change in changes if isinstance(change, AlterCheck)}
    said |= {change.check.name for change in changes if isinstance(change, DropCheck)}
    kept: dict[str, Check] = {check.name: check for check in wanted.checks}
    return [
        AlterCheck(actual.name, check, kept[check.name])
        for check in actual.checks
        if check.name in kept and check.name not in said and _names(check.expression, gone)
    ]


def _indexes(wanted: Table, actual: Table, changes: Sequence[TableChange], gone: set[str]) -> list[TableChange]:
    """An index keeps a column that is dropped and added, with the length of its old type (error 1089; 5.7: always)."""
    said = {change.actual.name for change in changes if isinstance(change, AlterIndex)}
    said |= {change.index.name for change in changes if isinstance(change, AddIndex | DropIndex)}
    kept: dict[str, Index] = {index.name: index for index in wanted.indexes}
    return [
        AlterIndex(actual.name, index, kept[index.name])
        for index in actual.indexes
        if index.name in kept and index.name not in said
        if any(_names(part.expression, gone) or part.column.casefold() in gone for part in index.parts)
    ]


def _names(expression: str, columns: set[str]) -> bool:
    """Whether the expression may name one of the columns; a word in a string counts, which does no harm."""
    text = expression.casefold()
    return any(re.search(rf"(?<!\w){re.escape(column.replace('`', '``'))}(?!\w)", text) for column in columns)
