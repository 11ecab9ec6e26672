"""ALTER TABLE: the fewest statements that turn a table into the wanted one, in words of the wanted one's definition.

Nearly always one. More than one only where a server takes no fewer, or where one is far dearer: foreign keys to other
tables are dropped before, partitions are added or reorganised in a statement of their own, and so are several FULLTEXT
indexes of InnoDB made on MySQL (error 1795), unless the table is copied anyway.

Each clause follows from one part of the table and what is wrong with it, and the statements share no parts: so after
some of them the rest comes out again, word by word. Types, defaults and comments are cut from the definition and stay
byte for byte; charsets are said where the table there has another.

Under foreign_key_checks=1 a column that a foreign key holds, on either side, does not change its type, its collation or
AUTO_INCREMENT, nor from NULL to NOT NULL where the table is copied (errors 3780, 1832, 1833; 8.0.12, 8.0.33, 9.7,
MariaDB 11.8, which does not even lengthen a VARCHAR). A key that the same statement drops does not hinder it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from migrate.engines.base import Alteration, Dialect, Loss
from migrate.engines.mysql import online
from migrate.engines.mysql.alter_options import option_clauses
from migrate.engines.mysql.alter_refused import refused
from migrate.engines.mysql.ddl import as_wanted, without_default
from migrate.engines.mysql.losses import losses
from migrate.engines.mysql.partitions import Spread, spread
from migrate.engines.mysql.remade import earlier, hindered, remade, with_dependents
from migrate.engines.mysql.render import string
from migrate.engines.mysql.spelling import same, same_charset, same_check, visibility_alone
from migrate.errors import UnreadableDdl
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
from migrate.model.table import Check, Column, Index, Table
from migrate.sql import Item, Items, items, quote, quote_table

__all__ = ["SESSION", "alter_table"]

SESSION = (
    ("foreign_key_checks", "ON"),
    ("sql_mode", "STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO"),
    ("unique_checks", "ON"),
)
"""What does not fit is refused; zero dates and 31 February, which a table may legally hold, stay as they are.

Without foreign_key_checks MariaDB drops an index that a foreign key needs, and 8.0.12 leaves keys of two types.
"""

_UNSAFE = re.compile(
    r"\b(?:uuid|uuid_short|rand|random_bytes|sysdate|(?:current_|session_|system_)?user)\b", re.IGNORECASE
)
_LATE = "rows that are there do not get its default, which MySQL refuses to compute for them (error 1674)"
_INDEXES = ("primary", "unique", "index", "fulltext", "spatial")


def alter_table(
    wanted: Table, actual: Table, changes: Sequence[TableChange], definition: str, dialect: Dialect
) -> tuple[Alteration, ...]:
    """The statements that make `actual` have `changes`, in order; none where these are of spelling only.

    `definition` makes `wanted`, under whatever name, on the server that speaks `dialect`. Foreign keys are dropped
    here; those of `AddForeignKey` and `AlterForeignKey` are added by others. An `AlterForeignKey` of two equal keys
    drops one that is in the way. Raises `UnreadableDdl` when the definition lacks a part.
    """
    real = [change for change in changes if isinstance(change, AlterForeignKey) or not same(change)]
    return tuple(_Statements(wanted, actual, real, items(definition), dialect).all())


class _Statements:
    """Sorts the changes of one table into statements."""

    def __init__(
        self, wanted: Table, actual: Table, changes: Sequence[TableChange], cut: Items, dialect: Dialect
    ) -> None:
        self._wanted = wanted
        self._actual = actual
        self._given = changes
        self._changes = with_dependents(wanted, actual, changes)
        self._cut = cut
        self._dialect = dialect
        self._maria = dialect.vendor == "mariadb"
        self._one_by_one = not self._maria and dialect.version < (8, 0, 13)
        self._other_charset = not same_charset(wanted.storage.collation, actual.storage.collation)
        self._remade = remade(actual, self._changes)
        self._left = actual  # of which earlier statements have dropped columns
        self._parts = any(isinstance(change, AlterPartitioning) for change in self._changes)
        self._moves = {change.column: change for change in changes if isinstance(change, MoveColumn)}
        self._by_name = {column.name: column for column in wanted.columns}
        self._items = {(item.kind, item.name): item for item in cut.items}

    def all(self) -> Iterator[Alteration]:
        """Every statement, in order."""
        rest: list[TableChange] = [change for change in self._changes if not isinstance(change, AddForeignKey)]
        keys = [change for change in rest if self._goes_first(change)]
        alone = [change for change in rest if isinstance(change, AlterPartitioning) and self._spread(change).alone]
        rest = [change for change in rest if change not in keys and change not in alone]
        levels: list[list[TableChange]] = []
        if self._one_by_one:
            levels = earlier(self._actual, [half for change in rest for half in _halves(change)])
            if levels:
                rest = [
                    half for change in rest for half in _halves(change) if not any(half in level for level in levels)
                ]
        last = self._fulltexts(rest)
        main = [self._without_default(change) for change in rest if change not in last]
        main += [DropIndex(change.table, change.actual) for change in last if isinstance(change, AlterIndex)]
        defaults = [
            self._default(change) for change in rest if isinstance(change, AddColumn) and self._is_unsafe(change.column)
        ]
        before: list[Sequence[TableChange]] = [keys, *levels]
        after: list[Sequence[TableChange]] = [main, defaults, alone]
        yield from (self._statement(changes) for changes in before if changes)
        self._left = _without(self._actual, levels)
        yield from (self._statement(changes) for changes in after if changes)
        for change in last:
            index = change.wanted if isinstance(change, AlterIndex) else change.index
            yield self._statement([AddIndex(change.table, index)])

    def _is_unsafe(self, column: Column) -> bool:
        """Whether MySQL refuses to add the column with its default, which differs from row to row (error 1674)."""
        return not self._maria and column.default_is_expression and bool(_UNSAFE.search(column.default or ""))

    def _without_default(self, change: TableChange) -> TableChange:
        if not isinstance(change, AddColumn) or not self._is_unsafe(change.column):
            return change
        return replace(change, column=_bare(change.column))

    def _default(self, change: AddColumn) -> AlterColumn:
        return AlterColumn(change.table, _bare(change.column), change.column)

    def _goes_first(self, change: TableChange) -> bool:
        """Whether a foreign key is dropped before the table's other changes, in a statement of its own.

        Another table may have to wait for that, and can wait for nothing less. Nor can InnoDB give a table away, or
        part it, in the statement that drops a key (MySQL error 3776, MariaDB 1217). And of a table called `\\` MariaDB
        keeps the key, without a word, where that statement copies the table (10.11.18, 11.8.9).
        """
        if not isinstance(change, DropForeignKey | AlterForeignKey):
            return False
        key = change.actual if isinstance(change, AlterForeignKey) else change.foreign_key
        leaves = self._wanted.storage.engine.lower() != self._actual.storage.engine.lower()
        # Of a key to its own table the index that it refers to may go in the same breath (1553).
        loses_index = any(isinstance(one, DropIndex | AlterIndex) for one in self._changes)
        keeps = self._maria and self._actual.name.name == "\\"
        return key.referenced != self._actual.name or leaves or self._parts or loses_index or keeps

    def _breaks_in_place(self, changes: Sequence[TableChange]) -> bool:
        """MySQL drops and adds an index of a MyISAM table in place, where only its comment differs, and leaves the
        table broken for good (error 1034; 5.7.22, 8.0.33, 9.7.4)."""
        engine = self._actual.storage.engine.lower()
        return not self._maria and engine != "innodb" and any(isinstance(one, AlterIndex) for one in changes)

    def _fulltexts(self, changes: Sequence[TableChange]) -> list[AddIndex | AlterIndex]:
        """Changes that make a FULLTEXT index in a statement of its own."""
        made = [
            change
            for change in changes
            if (isinstance(change, AddIndex) and change.index.kind == "fulltext")
            or (isinstance(change, AlterIndex) and change.wanted.kind == "fulltext" and not visibility_alone(change))
        ]
        engines = {self._wanted.storage.engine.lower(), self._actual.storage.engine.lower()}
        if self._maria or engines != {"innodb"} or len(made) < 2:
            return []
        others = [change for change in changes if change not in made]
        return [] if others and self._predicted(others)[0] == "COPY" else made

    def _predicted(self, changes: Sequence[TableChange]) -> tuple[str, str]:
        return online.predict(self._wanted, self._left, changes, self._dialect)

    def _spread(self, change: AlterPartitioning) -> Spread:
        return spread(change.actual, change.wanted, self._cut.tail)

    def _statement(self, changes: Sequence[TableChange]) -> Alteration:
        # A set that keeps the order: a column may be asked for twice, for itself and for its check.
        clauses = dict.fromkeys(clause for change in changes for clause in self._clauses(change))
        if self._breaks_in_place(changes):
            clauses["ALGORITHM=COPY"] = None
        body = ",\n  ".join(clauses)
        for change in changes:
            if isinstance(change, AlterPartitioning):
                body += ("\n" if body else "") + self._spread(change).clause
        keys_only = all(isinstance(change, DropForeignKey | AlterForeignKey) for change in changes)
        bare = [c.column for c in changes if isinstance(c, AddColumn) and c.column != self._by_name[c.column.name]]
        algorithm, lock = self._predicted(changes)
        return Alteration(
            "drop-foreign-keys" if keys_only else "alter-table",
            f"ALTER TABLE {quote_table(self._wanted.name)}\n  {body}",
            (("check_constraint_checks", "ON"), *SESSION) if self._maria and _checks(changes) else SESSION,
            (
                *losses(self._wanted, self._actual, [change for change in changes if change in self._given]),
                *(Loss("lossy", f"column {quote(column.name)}: {_LATE}") for column in bare),
            ),
            algorithm,
            lock,
            refused(changes, self._dialect, self._remade)
            or (hindered(self._actual, changes) if self._one_by_one else ""),
        )

    def _clauses(self, change: TableChange) -> Iterator[str]:
        match change:
            case DropForeignKey(foreign_key=key) | AlterForeignKey(actual=key):
                yield f"DROP FOREIGN KEY {quote(key.name)}"
            case DropCheck(check=check):
                yield from self._drop_check(check)
            case AddCheck(check=check):
                yield from self._add_check(check)
            case AlterCheck(actual=there, wanted=want):
                yield from self._alter_check(there, want)
            case DropIndex(index=index):
                yield _drop_index(index)
            case AddIndex(index=index):
                yield self._add_index(index)
            case AlterIndex(actual=index, wanted=other):
                yield from self._alter_index(change, index, other)
            case DropColumn(column=column):
                yield f"DROP COLUMN {quote(column.name)}"
            case AddColumn(column=column, after=after):
                yield f"ADD COLUMN {self._column(column)} {_place(after)}"
            case AlterColumn(actual=old, wanted=new):
                yield from self._alter_column(old, new)
            case MoveColumn(column=name):
                column = next(column for column in self._wanted.columns if column.name == name)
                altered = [c for c in self._changes if isinstance(c, AlterColumn) and c.wanted.name == name]
                yield from self._alter_column(altered[0].actual if altered else column, column)
            case AlterStorage(actual=storage, wanted=new_storage):
                yield from option_clauses(storage, new_storage, self._cut.tail)
            case AlterComment(wanted=text):
                yield f"COMMENT = {string(text)}"
            case _:
                pass

    # -- columns

    def _column(self, column: Column) -> str:
        text = as_wanted(self._wanted, self._item("column", column.name), self._other_charset)
        return without_default(text) if column != self._by_name[column.name] else text

    def _alter_column(self, actual: Column, wanted: Column) -> Iterator[str]:
        text = self._column(wanted)
        if wanted.name in self._remade:
            names = [column.name for column in self._wanted.columns]
            at = names.index(wanted.name)
            yield f"DROP COLUMN {quote(actual.name)}"
            yield f"ADD COLUMN {text} {_place(names[at - 1] if at else '')}"
            return
        place = f" {_place(self._moves[wanted.name].after)}" if wanted.name in self._moves else ""
        renamed = actual.name != wanted.name
        yield f"{f'CHANGE COLUMN {quote(actual.name)}' if renamed else 'MODIFY COLUMN'} {text}{place}"

    # -- indexes and checks

    def _add_index(self, index: Index) -> str:
        for kind in _INDEXES:
            if (kind, index.name) in self._items:
                return f"ADD {self._item(kind, index.name).text}"
        raise UnreadableDdl(self._cut.head, f"it has no index {quote(index.name)}")

    def _alter_index(self, change: AlterIndex, actual: Index, wanted: Index) -> Iterator[str]:
        if visibility_alone(change) and not self._remade and not self._stood_in(wanted):
            words = ("NOT IGNORED", "IGNORED") if self._maria else ("VISIBLE", "INVISIBLE")
            yield f"ALTER INDEX {quote(actual.name)} {words[0] if wanted.visible else words[1]}"
            return
        yield _drop_index(actual)
        yield self._add_index(wanted)

    def _stood_in(self, index: Index) -> bool:
        """Whether the index may be what MySQL takes for the primary key, until there is one (error 3522)."""
        arrives = any(
            (isinstance(change, AddIndex) and change.index.kind == "primary")
            or (isinstance(change, AlterIndex) and change.wanted.kind == "primary")
            for change in self._changes
        )
        return index.kind == "unique" and arrives and not self._maria

    def _drop_check(self, check: Check) -> Iterator[str]:
        """MariaDB has checks that belong to a column, are called like it, and go when it is said anew without one."""
        if not self._maria:
            yield f"DROP CHECK {quote(check.name)}"
            return
        ambiguous = any(column.name == check.name for column in self._actual.columns)
        yield f"DROP CONSTRAINT {'IF EXISTS ' if ambiguous else ''}{quote(check.name)}"
        if ambiguous:
            yield from (
                line for column in self._wanted.columns if column.name == check.name for line in self._anew(column)
            )

    def _anew(self, column: Column) -> Iterator[str]:
        """The column as wanted, unless another change says it."""
        if not any(isinstance(c, AlterColumn) and c.wanted.name == column.name for c in self._changes):
            yield from self._alter_column(column, column)

    def _add_check(self, check: Check) -> Iterator[str]:
        if ("check", check.name) in self._items:
            yield f"ADD {self._item('check', check.name).text}"
            return
        column = next((column for column in self._wanted.columns if column.name == check.name), None)
        if column is None or not self._maria:
            raise UnreadableDdl(self._cut.head, f"it has no check {quote(check.name)}")
        if not any(isinstance(c, AddColumn) and c.column == column for c in self._changes):
            yield from self._anew(column)
            yield "ALGORITHM = COPY"  # else MariaDB looks at no row (11.8)

    def _alter_check(self, actual: Check, wanted: Check) -> Iterator[str]:
        enforcement = actual.name == wanted.name and same_check(replace(actual, enforced=wanted.enforced), wanted)
        if enforcement and actual.enforced != wanted.enforced and not self._maria and not self._remade:
            yield f"ALTER CHECK {quote(actual.name)} {'ENFORCED' if wanted.enforced else 'NOT ENFORCED'}"
            return
        yield from self._drop_check(actual)
        yield from self._add_check(wanted)

    def _item(self, kind: str, name: str) -> Item:
        for item in self._cut.items:
            if item.kind == kind and item.name == name:
                return item
        raise UnreadableDdl(self._cut.head, f"it has no {kind} {quote(name)}")


def _without(table: Table, levels: Sequence[Sequence[TableChange]]) -> Table:
    """The table without the columns that these statements drop."""
    dropped = {change.column.name for level in levels for change in level if isinstance(change, DropColumn)}
    return replace(table, columns=tuple(column for column in table.columns if column.name not in dropped))


def _checks(changes: Sequence[TableChange]) -> bool:
    """Whether rows that are there are judged anew: elsewhere a row may break a check, as at the source."""
    return any(isinstance(change, AddCheck | AlterCheck) for change in changes)


def _halves(change: TableChange) -> tuple[TableChange, ...]:
    if isinstance(change, AlterIndex) and not visibility_alone(change):
        return DropIndex(change.table, change.actual), AddIndex(change.table, change.wanted)
    return (change,)


def _bare(column: Column) -> Column:
    return replace(column, default=None, default_is_expression=False)


def _place(after: str) -> str:
    return f"AFTER {quote(after)}" if after else "FIRST"


def _drop_index(index: Index) -> str:
    return "DROP PRIMARY KEY" if index.kind == "primary" else f"DROP KEY {quote(index.name)}"
