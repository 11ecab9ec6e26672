"""What kind of change an ALTER TABLE makes, as far as its algorithm goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec.structs import replace

from migrate.engines.base import Dialect
from migrate.engines.mysql.remade import is_virtual, remade
from migrate.engines.mysql.retype import retype
from migrate.engines.mysql.spelling import is_now, same_charset, visibility_alone
from migrate.model.change import (
    AddCheck,
    AddColumn,
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
from migrate.model.table import Column, Index, Storage, Table
from migrate.model.types import Geometry, Temporal

__all__ = ["Kind", "Kinds"]

Kind = Literal[
    "meta",  # what only the dictionary tells: a default, a column's comment, a last member of an ENUM
    "name",  # a column's name, in another case
    "option",  # the table's comment and options
    "limit",  # options for which MyISAM is copied
    "longer",  # values that may be longer, in rows as they are
    "add",
    "drop",  # a column that rows hold
    "move",
    "virtual add",
    "virtual drop",
    "index",
    "said anew",  # an index that differs in its name, its comment or being visible only
    "slow index",  # one that is made while others may not write
    "reference",  # a foreign key that goes
    "nulls",
    "key",  # the primary key
    "counter",  # a new column that counts
    "format",
    "recompute",
    "copy",
    "unknown",
]
"""What one change of a table is to the server."""
_OPTIONS = frozenset(
    {"compression", "stats_persistent", "stats_auto_recalc", "stats_sample_pages", "delay_key_write", "pack_keys"}
)
_LIMITS = frozenset({"max_rows", "min_rows", "avg_row_length", "checksum"})


class Kinds:
    """The kinds of all changes of one statement: `found`."""

    def __init__(self, wanted: Table, actual: Table, changes: Sequence[TableChange], dialect: Dialect) -> None:
        self._wanted = wanted
        self._actual = actual
        self._changes = changes
        self._version = dialect.version
        self._maria = dialect.vendor == "mariadb"
        self.remade = remade(actual, changes)
        self.added = {change.column.name: change.column for change in changes if isinstance(change, AddColumn)}
        self.found: frozenset[Kind] = frozenset(kind for change in changes for kind in self._kinds_of(change))

    def _kinds_of(self, change: TableChange) -> Iterator[Kind]:
        match change:
            case DropForeignKey() | AlterForeignKey():
                yield "reference" if self._maria else "index"
            case AddCheck(check=check) | AlterCheck(wanted=check):
                yield self._check(check.name, "copy" if check.enforced else "meta")
            case DropCheck(check=check):
                yield self._check(check.name, "meta")
            case AddIndex(index=index):
                yield from self._index(index)
            case DropIndex(index=index):
                yield from self._dropped(index)
            case AlterIndex(actual=before, wanted=after):
                yield from self._altered_index(change, before, after)
            case AddColumn(column=column):
                yield from self._new(column)
            case DropColumn(column=column):
                yield "virtual drop" if is_virtual(column) else "drop"
            case MoveColumn(column=name):
                yield from self._moved(name)
            case AlterColumn(actual=old, wanted=new):
                yield from self._altered(old, new)
            case AlterStorage(actual=storage, wanted=new_storage):
                yield from self._storage(storage, new_storage)
            case AlterComment():
                yield "option"
            case AlterPartitioning():
                yield "copy"
            case _:
                yield "unknown"

    def _check(self, name: str, kind: Kind) -> Kind:
        """Of MariaDB's checks that are called like a new column, each belongs to it."""
        return "meta" if self._maria and name in self.added else kind

    def _index(self, index: Index) -> Iterator[Kind]:
        if self._maria and any(
            isinstance(c, DropIndex) and replace(c.index, name=index.name) == index for c in self._changes
        ):
            yield "said anew"
            return
        yield "key" if index.kind == "primary" else "index"
        if index.kind in ("fulltext", "spatial"):
            yield "slow index"
        if any(part.expression for part in index.parts):
            yield from ("virtual add", "slow index")
        if any(part.column in self.added and is_virtual(self.added[part.column]) for part in index.parts):
            yield "slow index"

    def _dropped(self, index: Index) -> Iterator[Kind]:
        if index.kind == "primary":
            again = any(isinstance(change, AddIndex) and change.index.kind == "primary" for change in self._changes)
            yield "key" if again else "copy"
        elif self._maria and any(
            isinstance(c, AddIndex) and replace(c.index, name=index.name) == index for c in self._changes
        ):
            yield "said anew"
        else:
            yield "index"
        if any(part.expression for part in index.parts):
            yield "virtual drop"

    def _altered_index(self, change: AlterIndex, actual: Index, wanted: Index) -> Iterator[Kind]:
        if self._maria and replace(actual, name=wanted.name, comment=wanted.comment, visible=wanted.visible) == wanted:
            yield "said anew"
            return
        yield from self._index(wanted)
        if not visibility_alone(change) and any(part.expression for part in actual.parts):
            yield "virtual drop"

    def _new(self, column: Column) -> Iterator[Kind]:
        if column.generated:
            yield "copy" if column.stored else "virtual add"
            return
        yield "add"
        if column.auto_increment:
            yield from ("counter", "nulls", "slow index")
        if column.default_is_expression and not is_now(column.default or ""):
            yield "unknown" if self._maria else "copy"
        zero = isinstance(column.type, Geometry) or (
            isinstance(column.type, Temporal) and column.type.kind in ("date", "datetime", "timestamp")
        )
        if zero and not self._maria and not column.nullable and column.default is None:
            yield "nulls"  # each row must be looked at: there must be none

    def _moved(self, name: str) -> Iterator[Kind]:
        if not any(column.name == name and is_virtual(column) for column in self._wanted.columns):
            yield "move"
        elif self._maria or self._version < (8, 1):
            yield "copy"
        else:
            yield "meta" if self._version >= (9, 7) and len(self._changes) == 1 else "unknown"

    def _altered(self, actual: Column, wanted: Column) -> Iterator[Kind]:
        if wanted.name in self.remade:
            yield "virtual drop" if is_virtual(actual) else "drop"
            yield from self._new(wanted)
            if self._is_indexed(actual):
                yield "index"
            return
        yield "meta"
        if actual.name != wanted.name:
            yield "name"
        if actual.nullable != wanted.nullable:
            yield "nulls"
        if actual.auto_increment != wanted.auto_increment or (wanted.srid not in (None, actual.srid)):
            yield "copy"
        if (actual.generated, actual.stored) != (wanted.generated, wanted.stored):
            yield "recompute" if is_virtual(actual) and not self._is_indexed(actual) else "copy"
        match retype(actual, wanted):
            case "same" | "listed":
                pass
            case "extended":
                yield "longer"
            case "recoded":
                yield from self._recoded(actual)
            case "copied":
                yield "copy"
            case "unknown":
                yield self._shape(actual, wanted)

    def _shape(self, actual: Column, wanted: Column) -> Kind:
        """MariaDB lets a POINT be any GEOMETRY without a look at rows."""
        if not isinstance(actual.type, Geometry) or not isinstance(wanted.type, Geometry):
            return "unknown"
        if self._maria:
            return "meta" if wanted.type.kind == "geometry" else "unknown"
        return "copy"

    def _recoded(self, column: Column) -> Iterator[Kind]:
        if self._is_indexed(column):
            yield "index" if self._maria else "copy"
        elif self._maria or self._version >= (8, 0, 33):
            yield "longer"
        else:
            yield "copy" if self._version <= (8, 0, 12) else "unknown"

    def _is_indexed(self, column: Column) -> bool:
        name = column.name.casefold()
        return any(part.column.casefold() == name for index in self._actual.indexes for part in index.parts)

    def _storage(self, actual: Storage, wanted: Storage) -> Iterator[Kind]:
        if actual.engine.lower() != wanted.engine.lower():
            yield "copy"
            return
        if not same_charset(actual.collation, wanted.collation):
            yield "option"
        if actual.row_format.lower() != wanted.row_format.lower():
            yield "format"
        for option in set(actual.options) ^ set(wanted.options):
            name = option.partition("=")[0].lower()
            if name in _OPTIONS:
                yield "option"
            elif name in _LIMITS:
                yield "limit"
            else:
                yield "format" if name in ("key_block_size", "page_compressed") else "unknown"
