"""Around the rows: which changes of a table that is there wait until its rows are synced, and the statements of both.

The rows that a table holds decide whether it can get a unique key, and a sync may make of them rows that keep it. So
such keys come after the rows; all else comes before: columns, and the key by which the sync tells rows apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from migrate.engines.base import Alteration, Dialect, Engine
from migrate.model.change import AddIndex, AlterIndex, DropColumn, DropIndex, TableChange
from migrate.model.table import Index, IndexPart, Table
from migrate.planner.translate import Pair

Around = tuple[tuple[Alteration, ...], Alteration | None]
"""The statements before the rows, and the one after them."""


def around_rows(
    pair: Pair,
    actual: Table,
    changes: Sequence[TableChange],
    engines: tuple[Engine, Engine],
    words: tuple[str, Dialect],
) -> Around:
    """The statements of a table whose rows are synced. `engines` are source and target, `words` as for `alter_table`.

    They share no parts: after some of them the rest comes out again, word by word. Raises `UnreadableDdl`.
    """
    source, target = engines
    key = source.key(pair.table)
    later = _later(pair.wanted, actual, changes, key.name if key else "")
    if later:
        # As the table is by then, whose engine may be another one.
        made = target.alter_table(pair.wanted, replace(actual, storage=pair.wanted.storage), later, *words)
        if len(made) == 1:
            first = [change for change in changes if change not in later]
            return (target.alter_table(pair.wanted, actual, first, *words) if first else ()), made[0]
    return target.alter_table(pair.wanted, actual, changes, *words), None


def _later(wanted: Table, actual: Table, changes: Sequence[TableChange], key: str) -> list[TableChange]:
    """The changes that wait for the rows: unique keys but `key`, and indexes that these replace.

    None where an index goes first in whose place one of these keys comes: a foreign key may need one of both all the
    time (1553). Rows of the source may break an index that has to go first: a unique one that says more than the key.
    """
    counters = {column.name for column in wanted.columns if column.auto_increment}  # no such column is without an index
    dropped = {change.column.name.casefold() for change in changes if isinstance(change, DropColumn)}
    unique = [
        index
        for change in changes
        if (index := _made(change)) is not None and index.kind == "unique" and index.name != key
        if not counters & {part.column for part in index.parts} and not _kept_already(index, actual)
        if not isinstance(change, AlterIndex) or _is_harmless(change.actual, index, dropped)
    ]
    gone = [change for change in changes if isinstance(change, DropIndex)]
    replaced = [change for change in gone if any(_begin_alike(index, change.index) for index in unique)]
    if any(not any(_is_harmless(one.index, index, dropped) for index in unique) for one in replaced):
        return []
    return [change for change in changes if change in replaced or _made(change) in unique]


def _made(change: TableChange) -> Index | None:
    match change:
        case AddIndex(index=index) | AlterIndex(wanted=index):
            return index
        case _:
            return None


def _kept_already(index: Index, actual: Table) -> bool:
    """Whether no row that is there can break it: a unique key over some of its parts, or all, is there."""
    parts = _parts(index)
    return any(there.kind in ("primary", "unique") and _parts(there) <= parts for there in actual.indexes)


def _is_harmless(there: Index, index: Index, dropped: set[str]) -> bool:
    """Whether `there` can stay until the rows are there that `index` allows: its columns do, and it allows them too."""
    if any(part.expression or part.column.casefold() in dropped for part in there.parts):
        return False
    return there.kind == "plain" or (there.kind == "unique" and _parts(index) <= _parts(there))


def _begin_alike(index: Index, there: Index) -> bool:
    return _of(index.parts[0]) == _of(there.parts[0])


def _parts(index: Index) -> set[tuple[str, str, int]]:
    return {(*_of(part), part.prefix) for part in index.parts}


def _of(part: IndexPart) -> tuple[str, str]:
    return part.column.casefold(), part.expression
