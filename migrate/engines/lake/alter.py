"""Changes of a table that is there, as far as Trino makes them in place: columns at the end, and comments.

All else makes another table of it, which is copied or written anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from migrate.engines.lake.tables import partition_columns
from migrate.engines.values import Alteration
from migrate.model.change import (
    AddColumn,
    AlterColumn,
    AlterComment,
    AlterStorage,
    AlterStored,
    StoredChange,
    TableChange,
)
from migrate.model.table import Column, StoredObject, Table
from migrate.sql import ansi, ansi_table, ansi_text


def alter_table(wanted: Table, actual: Table, changes: Sequence[TableChange]) -> tuple[Alteration, ...]:
    """A statement for each change; one that is refused says why, and that the whole table has to be made anew."""
    places = {column.name: number for number, column in enumerate(_before_partitions(wanted))}
    ends = len(_before_partitions(actual))
    made = []
    for change in changes:
        if isinstance(change, AddColumn) and places.get(change.column.name, -1) >= ends:
            made.append(Alteration("alter-table", _add(actual, change.column)))
            ends += 1
        elif isinstance(change, AlterComment):
            made.append(Alteration("alter-table", _comment(f"TABLE {ansi_table(actual.name)}", wanted.comment)))
        elif isinstance(change, AlterColumn) and replace(change.actual, comment=change.wanted.comment) == change.wanted:
            column = f"COLUMN {ansi_table(actual.name)}.{ansi(change.actual.name)}"
            made.append(Alteration("alter-table", _comment(column, change.wanted.comment)))
        else:
            said = f"{_words(change)}: Trino does not change that in place; give the table another name on the target"
            made.append(Alteration("alter-table", "", refused=said))
    return tuple(made)


def _before_partitions(table: Table) -> list[Column]:
    last = partition_columns(table) if table.storage.engine == "hive" else ()
    return [column for column in table.columns if column not in last]


def _add(actual: Table, column: Column) -> str:
    text = f"ALTER TABLE {ansi_table(actual.name)} ADD COLUMN {ansi(column.name)} {column.native}"
    return f"{text} COMMENT {ansi_text(column.comment)}" if column.comment else text


def _comment(what: str, comment: str) -> str:
    return f"COMMENT ON {what} IS {ansi_text(comment) if comment else 'NULL'}"


def _words(change: TableChange) -> str:
    kind = type(change).__name__
    return "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in kind).strip()


def same(change: TableChange | StoredChange) -> bool:
    """A view that runs with the rights of its maker is the same whoever made it, and spaces at its ends say nothing.

    A property that nobody asked for is what the server chose for itself.
    """
    match change:
        case AlterStored():
            return _plain(change.actual) == _plain(change.wanted)
        case AlterStorage(actual=actual, wanted=wanted):
            asked = {option.partition("=")[0] for option in wanted.options}
            said = tuple(one for one in actual.options if one.partition("=")[0] in asked or not _chosen(one))
            return replace(actual, options=said) == wanted
        case _:
            return False


CHOSEN = frozenset({"format_version", "max_commit_retry", "compression_codec", "checkpoint_interval"})
"""Properties that Trino shows of every table of Iceberg or Delta, whoever made it."""


def _chosen(option: str) -> bool:
    return option.partition("=")[0] in CHOSEN


def _plain(view: StoredObject) -> StoredObject:
    return replace(view, definer="", text=view.text.strip())
