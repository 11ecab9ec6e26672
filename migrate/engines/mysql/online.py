"""How a server carries out an ALTER TABLE: by which algorithm, and what others may do meanwhile.

From the manuals' tables (MySQL 8.0, "Online DDL Operations"; MariaDB, "InnoDB Online DDL Overview") and from running each
change with each algorithm on 8.0.12, 8.0.33, 9.7 and MariaDB 11.8, alone and with others: a statement may be dearer than
the dearest of its changes. What was not tried is not told: a wrong estimate is worse than none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec.structs import replace

from migrate.engines.base import Dialect
from migrate.engines.mysql.partitions import spreading
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

__all__ = ["predict"]

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
Answer = tuple[str, str]

_UNKNOWN = ("", "")
_INSTANT = ("INSTANT", "NONE")
_COPY = ("COPY", "SHARED")
_OPTIONS = frozenset(
    {"compression", "stats_persistent", "stats_auto_recalc", "stats_sample_pages", "delay_key_write", "pack_keys"}
)
_LIMITS = frozenset({"max_rows", "min_rows", "avg_row_length", "checksum"})


def predict(wanted: Table, actual: Table, changes: Sequence[TableChange], dialect: Dialect) -> tuple[str, str]:
    """(INSTANT, INPLACE or COPY; NONE, SHARED or EXCLUSIVE) of one statement with these changes; empty: not known.

    Under foreign_key_checks=1 and a strict sql_mode. INSTANT is no promise: MySQL turns to INPLACE once a table has had 64
    instant changes.
    """
    ways = [spreading(c.actual, c.wanted) for c in changes if isinstance(c, AlterPartitioning)]
    if ways and len(changes) == 1 and ways[0] != "all":
        return _UNKNOWN if dialect.vendor == "mariadb" else ("INPLACE", "NONE" if ways[0] == "add" else "SHARED")
    statement = _Statement(wanted, actual, changes, dialect)
    return statement.on_mariadb() if dialect.vendor == "mariadb" else statement.on_mysql()


class _Statement:
    """A statement, and what makes a difference of the table that it is for."""

    def __init__(self, wanted: Table, actual: Table, changes: Sequence[TableChange], dialect: Dialect) -> None:
        self._wanted = wanted
        self._actual = actual
        self._changes = changes
        self._version = dialect.version
        self._maria = dialect.vendor == "mariadb"
        self._remade = remade(actual, changes)
        self._added = {change.column.name: change.column for change in changes if isinstance(change, AddColumn)}
        self._kinds: set[Kind] = {kind for change in changes for kind in self._kinds_of(change)}
        self._virtual = self._kinds & {"virtual add", "virtual drop"}
        self._innodb = actual.storage.engine.lower() == "innodb"
        self._fulltext = any(index.kind == "fulltext" for index in actual.indexes)
        self._spatial = any(index.kind == "spatial" for index in actual.indexes)
        self._compressed = actual.storage.row_format.lower() == "compressed"

    def on_mysql(self) -> Answer:
        """As MySQL 8.0.12 to 9.7 do it."""
        kinds = self._kinds
        if self._version < (8, 0, 12):
            return _UNKNOWN
        if kinds & {"copy", "recompute"}:
            return _COPY
        if "unknown" in kinds:
            return _UNKNOWN
        if not self._innodb:
            return _INSTANT if kinds <= {"meta", "name", "option"} else _COPY
        if len(self._virtual) == 2 or ("virtual drop" in kinds and "add" in kinds) or self._virtual_before_virtual():
            return _COPY
        if kinds <= self._instant_on_mysql():
            return _INSTANT
        rebuilt = bool(kinds & {"add", "drop", "move", "nulls", "key", "format"})
        if kinds & {"option", "limit"} and kinds - {"option", "limit", "meta"} and not rebuilt:
            rebuilt = self._version < (8, 1)
            if (8, 1) <= self._version < (9, 7) and (self._fulltext or self._spatial):
                return _UNKNOWN
        if self._virtual:
            whole = rebuilt or self._actual.partitioning is not None or kinds & {"option", "limit", "longer", "name"}
            # An index on an expression is one on a virtual column that nobody sees.
            mixed = "meta" in kinds and not kinds <= {"meta", *self._virtual}
            if whole or mixed:
                return _COPY
        if not rebuilt:
            return "INPLACE", "SHARED" if "slow index" in kinds else "NONE"
        if self._fulltext and "counter" not in kinds:
            return _COPY
        if kinds & {"add", "drop"} and self._shifts_virtual() and self._version < (9, 7):
            return _COPY if self._version < (8, 1) else _UNKNOWN
        return "INPLACE", "SHARED" if self._spatial or "slow index" in kinds else "NONE"

    def _instant_on_mysql(self) -> set[Kind]:
        """What may be together in an instant statement on this table."""
        instant: set[Kind] = {"meta", "virtual add", "virtual drop"}
        if self._version >= (8, 0, 28):
            instant.add("name")
        if self._fulltext or self._compressed:
            return instant
        if self._version >= (8, 0, 29):
            # A column that moves alone is no instant change, beside one that comes or goes it is.
            return instant | ({"add", "drop", "move"} if self._kinds & {"add", "drop"} else set())
        there = len(self._actual.columns)
        if all(column.name in self._added for column in self._wanted.columns[there:]):
            last = {column.name for column in self._wanted.columns[there:]}
            instant |= {"add"} if last >= self._added.keys() else set()
        return instant

    def on_mariadb(self) -> Answer:
        """As MariaDB 10.6 and later do it."""
        kinds = self._kinds
        if self._version < (10, 6):
            return _UNKNOWN
        copied = "COPY", self._copying_lock()
        if "copy" in kinds:
            return copied
        if "unknown" in kinds:
            return _UNKNOWN
        if not self._innodb:
            return _INSTANT if kinds <= {"meta", "name", "option"} else copied
        rows = kinds & {"add", "drop", "move"}
        indexed = self._indexes_virtual()
        held = self._fulltext or self._compressed or indexed
        partitioned = self._actual.partitioning is not None
        if self._virtual:
            if partitioned or len(self._virtual) == 2 or self._virtual_before_virtual():
                return copied
            if kinds <= {"drop", *self._virtual}:
                return copied if rows and held else _INSTANT
            if kinds <= {"index", "slow index", *self._virtual}:
                return "INPLACE", "SHARED" if "slow index" in kinds else "NONE"
            return copied
        if any(map(is_virtual, self._actual.columns)):
            if "add" in kinds and ("drop" in kinds or self._shifts_virtual()):
                return copied
            if "drop" in kinds and (held or partitioned or kinds & {"option", "limit"}):
                return copied
        if kinds <= {"meta", "name", "option", "limit", "longer", "said anew", "reference", "recompute", *rows}:
            apart = {"name", "longer", "reference", "recompute"} if kinds & {"option", "limit"} else set()
            if not (rows and held) and not kinds & apart:
                return _INSTANT
        if "recompute" in kinds and kinds - {"recompute", "meta", "index"}:
            return _UNKNOWN
        if "counter" in kinds:
            return "INPLACE", "SHARED"
        if self._fulltexts() > 1:
            return copied
        if "nulls" in kinds and any(column.generated and column.stored for column in self._actual.columns):
            return copied
        rebuilt = bool(rows or kinds & {"nulls", "key", "format"})
        if (partitioned and "key" in kinds) or (rebuilt and self._fulltext and "slow index" in kinds):
            return copied
        waits = "slow index" in kinds or (rebuilt and (self._fulltext or self._spatial or indexed))
        return "INPLACE", "SHARED" if waits else "NONE"

    def _copying_lock(self) -> str:
        """Since 11.2 others write while a table is copied, unless it has a foreign key that does more than refuse."""
        rules = {rule for key in self._actual.foreign_keys for rule in (key.on_update.upper(), key.on_delete.upper())}
        counted = any(column.auto_increment for column in self._added.values())
        return "SHARED" if self._version < (11, 2) or counted or rules - {"NO ACTION", "RESTRICT"} else "NONE"

    def _fulltexts(self) -> int:
        """How many FULLTEXT indexes come that take no other's place."""
        count = 0
        for change in self._changes:
            count += isinstance(change, AddIndex) and change.index.kind == "fulltext"
            count -= isinstance(change, DropIndex) and change.index.kind == "fulltext"
        return count

    # -- places of virtual columns, which rows do not hold and InnoDB numbers apart

    def _virtual_before_virtual(self) -> bool:
        """Whether a new virtual column stands before one that is there."""
        added = {name for name, column in self._added.items() if is_virtual(column)} | self._remade
        order = [column for column in self._wanted.columns if is_virtual(column)]
        new = [column.name in added for column in order]
        return any(first and not second for first, second in zip(new, new[1:], strict=False))

    def _shifts_virtual(self) -> bool:
        """Whether a column comes or goes before a virtual one that stays; that of an index on an expression is last."""
        gone = {change.column.name for change in self._changes if isinstance(change, DropColumn)}
        hidden = any(part.expression for index in self._actual.indexes for part in index.parts)
        after = False
        for column in reversed(self._actual.columns):
            if column.name in gone and (after or hidden):
                return True
            after = after or (is_virtual(column) and column.name not in gone)
        after = False
        for column in reversed(self._wanted.columns):
            if column.name in self._added and not column.generated and (after or hidden):
                return True
            after = after or (is_virtual(column) and column.name not in self._added)
        return False

    def _indexes_virtual(self) -> bool:
        virtual = {column.name.casefold() for column in self._actual.columns if is_virtual(column)}
        return any(part.column.casefold() in virtual for index in self._actual.indexes for part in index.parts)

    # -- kinds

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
        """Of MariaDB's checks that are called like a column, some belong to it: whether this one does is not told."""
        if self._maria and name not in self._added and any(column.name == name for column in self._wanted.columns):
            return "unknown" if kind == "meta" else kind
        return kind

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
        if any(part.column in self._added and is_virtual(self._added[part.column]) for part in index.parts):
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
        if wanted.name in self._remade:
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
            yield "copy" if self._version == (8, 0, 12) else "unknown"

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
                yield "format" if name in ("key_block_size", "`page_compressed`") else "unknown"
