"""How a server carries out an ALTER TABLE: by which algorithm, and what others may do meanwhile.

From the manuals' tables (MySQL 8.0, "Online DDL Operations"; MariaDB, "InnoDB Online DDL Overview") and from running
each change with each algorithm on 8.0.12, 8.0.33, 9.7 and MariaDB 11.8, alone and with others: a statement may be
dearer than the dearest of its changes. What was not tried is not told: a wrong estimate is worse than none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from migrate.engines.base import Dialect
from migrate.engines.mysql.kinds import Kind, Kinds
from migrate.engines.mysql.partitions import spreading
from migrate.engines.mysql.remade import is_virtual
from migrate.model.change import AddIndex, AlterIndex, AlterPartitioning, DropColumn, DropIndex, TableChange
from migrate.model.table import Table

__all__ = ["predict"]

Answer = tuple[str, str]

_UNKNOWN = ("", "")
_INSTANT = ("INSTANT", "NONE")
_COPY = ("COPY", "SHARED")


def predict(wanted: Table, actual: Table, changes: Sequence[TableChange], dialect: Dialect) -> tuple[str, str]:
    """(INSTANT, INPLACE or COPY; NONE, SHARED or EXCLUSIVE) of one statement with these changes; empty: not known.

    Under foreign_key_checks=1 and a strict sql_mode. INSTANT is no promise: MySQL turns to INPLACE once a table has had
    64 instant changes.
    """
    ways = [spreading(c.actual, c.wanted) for c in changes if isinstance(c, AlterPartitioning)]
    if ways and len(changes) == 1 and ways[0] != "all":
        if dialect.vendor == "mariadb" or dialect.version < (8,):
            return _UNKNOWN
        return "INPLACE", "NONE" if ways[0] == "add" else "SHARED"
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
        kinds = Kinds(wanted, actual, changes, dialect)
        self._remade = kinds.remade
        self._added = kinds.added
        self._kinds = kinds.found
        self._virtual = self._kinds & {"virtual add", "virtual drop"}
        self._innodb = actual.storage.engine.lower() == "innodb"
        self._fulltext = any(index.kind == "fulltext" for index in actual.indexes)
        self._spatial = any(index.kind == "spatial" for index in actual.indexes)
        self._compressed = actual.storage.row_format.lower() == "compressed"

    def on_mysql(self) -> Answer:
        """As MySQL 5.7 to 9.7 do it."""
        kinds = self._kinds
        if kinds & {"copy", "recompute"}:
            return _COPY
        if "unknown" in kinds:
            return _UNKNOWN
        if not self._innodb:
            told = _INSTANT if self._version >= (8, 0, 12) else _UNKNOWN
            return told if kinds <= {"meta", "name", "option"} else _COPY
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
            mixed = "meta" in kinds and (not kinds <= {"meta", *self._virtual} or self._version < (8, 0, 12))
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
        if self._version < (8, 0, 12):
            return set()
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
            if "drop" in kinds and (held or partitioned or kinds & {"option", "limit", "recompute"}):
                return copied
        if kinds <= {"meta", "name", "option", "limit", "longer", "said anew", "reference", "recompute", *rows}:
            apart = {"name", "longer", "reference", "recompute"} if kinds & {"option", "limit"} else set()
            if not (rows and held) and not kinds & apart:
                return _INSTANT
        if "recompute" in kinds and kinds - {"recompute", "meta", "index"}:
            return _UNKNOWN
        if "counter" in kinds:
            return "INPLACE", "SHARED"
        if self._fulltexts() > 1 or (self._fulltexts(made=True) > 1 and self._version < (11,)):
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

    def _fulltexts(self, made: bool = False) -> int:
        """How many FULLTEXT indexes come that take no other's place, or (`made`) how many come at all."""
        come = [c for c in self._changes if isinstance(c, AddIndex) and c.index.kind == "fulltext"]
        changed = [c for c in self._changes if isinstance(c, AlterIndex) and c.wanted.kind == "fulltext"]
        gone = [c for c in self._changes if isinstance(c, DropIndex) and c.index.kind == "fulltext"]
        return len(come) + (len(changed) if made else -len(gone))

    # -- places of virtual columns, which rows do not hold and InnoDB numbers apart

    def _virtual_before_virtual(self) -> bool:
        """Whether a new virtual column stands before one that is there."""
        added = {name for name, column in self._added.items() if is_virtual(column)} | self._remade
        order = [column for column in self._wanted.columns if is_virtual(column)]
        new = [column.name in added for column in order]
        return any(first and not second for first, second in pairwise(new))

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
