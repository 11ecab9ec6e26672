"""ALTER TABLE: the fewest statements that turn a table into the wanted one, in words of the wanted one's definition.

Nearly always one. More than one only where a server takes no fewer: foreign keys that must be gone before a column they
hold can change on both of their sides, partitions that are added or reorganised (a statement of their own), and several
FULLTEXT indexes of InnoDB on MySQL (error 1795), unless the table is copied anyway.

Every clause follows from one part of the table and what is wrong with it, and the parts of the statements are disjoint:
so after some of the statements the rest comes out again, word by word. Types, defaults, comments are cut from the
definition and stay byte for byte; charsets are said where the server would choose others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from migrate.engines.base import Alteration, Dialect
from migrate.engines.mysql import online
from migrate.engines.mysql.answers import literal
from migrate.engines.mysql.ddl import with_collation
from migrate.engines.mysql.losses import losses
from migrate.engines.mysql.partitions import spread
from migrate.engines.mysql.spelling import same, same_charset
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
from migrate.model.table import Check, Column, ForeignKey, Index, Storage, Table
from migrate.model.types import Text
from migrate.sql import Item, Items, items, quote, quote_table, tokens

__all__ = ["SESSION", "alter_table"]

SESSION = (("sql_mode", "STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO"),)
"""What does not fit is refused; zero dates and 31 February, which a source may legally hold, stay as they are."""

_DEFAULTS = {
    "autoextend_size": "0",
    "avg_row_length": "0",
    "checksum": "0",
    "compression": "''",
    "delay_key_write": "0",
    "encryption": "'N'",
    "key_block_size": "0",
    "max_rows": "0",
    "min_rows": "0",
    "pack_keys": "DEFAULT",
    "stats_auto_recalc": "DEFAULT",
    "stats_persistent": "DEFAULT",
    "stats_sample_pages": "DEFAULT",
}
"""What an option is set to in order to be unsaid; any other one is set to DEFAULT, as MariaDB takes it."""
_VALUE = re.compile(r"(?P<bare>[\w.]+)\Z|\"(?P<double>[^\"]*)\"\Z|'(?P<single>[^']*)'\Z")
_WHOLE_TYPES = frozenset({"system versioned"})


def alter_table(
    wanted: Table, actual: Table, changes: Sequence[TableChange], definition: str, dialect: Dialect
) -> tuple[Alteration, ...]:
    """The statements that make `actual` have `changes`, in order; none where they are of spelling only.

    `definition` makes `wanted` on the server whose dialect it is, under whatever name. Foreign keys are dropped here, and
    those of `AddForeignKey` and `AlterForeignKey` are added by others. An `AlterForeignKey` of two equal keys drops a key
    that stands in the way of other tables. Raises `UnreadableDdl` when the definition lacks a part.
    """
    left = [change for change in changes if _dropped_only(change) or not same(change)]
    return tuple(_Statements(wanted, actual, left, items(definition), dialect).all())


def _dropped_only(change: TableChange) -> bool:
    return isinstance(change, AlterForeignKey)


class _Statements:
    """Sorts the changes of one table into statements."""

    def __init__(
        self, wanted: Table, actual: Table, changes: Sequence[TableChange], cut: Items, dialect: Dialect
    ) -> None:
        self._wanted = wanted
        self._actual = actual
        self._changes = changes
        self._cut = cut
        self._dialect = dialect
        self._maria = dialect.vendor == "mariadb"
        self._charset_moves = not same_charset(wanted.storage.collation, actual.storage.collation)

    def all(self) -> Iterator[Alteration]:
        """Every statement, in order."""
        early = [change for change in self._changes if self._is_early(change)]
        rest = [change for change in self._changes if change not in early and not isinstance(change, AddForeignKey)]
        if early:
            yield self._statement("drop-foreign-keys", early)
        parting = next((change for change in rest if isinstance(change, AlterPartitioning)), None)
        alone: list[TableChange] = []
        if parting is not None and spread(parting.actual, parting.wanted, self._cut.tail).alone:
            alone = [parting]
            rest.remove(parting)
        later = self._fulltext(rest)
        main = [change for change in rest if change not in later]
        split = [piece for change in later for piece in _halves(change)]
        main += [change for change in split if isinstance(change, DropIndex)]
        if main:
            yield self._statement("alter-table", main)
        if alone:
            yield self._statement("alter-table", alone)
        for change in split:
            if isinstance(change, AddIndex):
                yield self._statement("alter-table", [change])

    def _is_early(self, change: TableChange) -> bool:
        """Whether a foreign key must be gone before any table that it joins is changed."""
        match change:
            case DropForeignKey(foreign_key=key):
                return self._types_change(key)
            case AlterForeignKey(actual=key, wanted=other):
                return key == other or self._types_change(key)
        return False

    def _types_change(self, key: ForeignKey) -> bool:
        mine = {column.casefold() for column in key.columns}
        return any(
            isinstance(change, AlterColumn)
            and change.actual.name.casefold() in mine
            and (change.actual.type, change.actual.collation) != (change.wanted.type, change.wanted.collation)
            for change in self._changes
        )

    def _fulltext(self, changes: Sequence[TableChange]) -> list[TableChange]:
        """Changes that make a FULLTEXT index in a statement of its own."""
        made = [
            change
            for change in changes
            if (isinstance(change, AddIndex) and change.index.kind == "fulltext")
            or (isinstance(change, AlterIndex) and change.wanted.kind == "fulltext" and not self._visibility(change))
        ]
        engines = {self._wanted.storage.engine.lower(), self._actual.storage.engine.lower()}
        if self._maria or engines != {"innodb"} or len(made) < 2:
            return []
        others = [change for change in changes if change not in made]
        return [] if others and self._predict(others)[0] == "COPY" else made

    def _predict(self, changes: Sequence[TableChange]) -> tuple[str, str]:
        return online.predict(self._wanted, self._actual, changes, self._dialect)

    def _statement(self, action: str, changes: Sequence[TableChange]) -> Alteration:
        clauses = [clause for change in self._ordered(changes) for clause in self._clauses(change)]
        parting = next((change for change in changes if isinstance(change, AlterPartitioning)), None)
        body = ",\n  ".join(clauses)
        if parting is not None:
            body += ("\n" if body else "") + spread(parting.actual, parting.wanted, self._cut.tail).clause
        algorithm, lock = self._predict(changes)
        return Alteration(
            "drop-foreign-keys" if action == "drop-foreign-keys" else "alter-table",
            f"ALTER TABLE {quote_table(self._wanted.name)}\n  {body}",
            SESSION,
            losses(self._wanted, self._actual, changes),
            algorithm,
            lock,
            self._refused(changes),
        )

    def _ordered(self, changes: Sequence[TableChange]) -> list[TableChange]:
        """A column that is moved and altered is named once, where it is altered."""
        altered = {change.wanted.name for change in changes if isinstance(change, AlterColumn)}
        return [change for change in changes if not (isinstance(change, MoveColumn) and change.column in altered)]

    def _clauses(self, change: TableChange) -> Iterator[str]:
        match change:
            case DropForeignKey(foreign_key=key) | AlterForeignKey(actual=key):
                yield f"DROP FOREIGN KEY {quote(key.name)}"
            case DropCheck(check=check):
                yield self._drop_check(check)
            case AddCheck(check=check):
                yield f"ADD {self._item('check', check.name).text}"
            case AlterCheck(actual=there, wanted=want):
                yield from self._alter_check(there, want)
            case DropIndex(index=index):
                yield _drop_index(index)
            case AddIndex(index=index):
                yield f"ADD {self._index_item(index).text}"
            case AlterIndex(actual=index, wanted=other):
                yield from self._alter_index(change, index, other)
            case DropColumn(column=column):
                yield f"DROP COLUMN {quote(column.name)}"
            case AddColumn(column=column, after=after):
                yield f"ADD COLUMN {self._column(column)} {_place(after)}"
            case AlterColumn(actual=old, wanted=new):
                yield from self._alter_column(old, new)
            case MoveColumn(column=name, after=after):
                column = next(column for column in self._wanted.columns if column.name == name)
                yield f"MODIFY COLUMN {self._column(column)} {_place(after)}"
            case AlterStorage(actual=storage, wanted=new_storage):
                yield from self._storage(storage, new_storage)
            case AlterComment(wanted=text):
                yield f"COMMENT = {_string(text)}"
            case _:
                pass

    # -- columns

    def _column(self, column: Column) -> str:
        """The column in the definition's words, with its charset and collation where the server would choose others."""
        item = self._item("column", column.name)
        text = with_collation(self._wanted, item)
        if not self._charset_moves or not isinstance(column.type, Text) and not column.collation:
            return text
        found = tokens(item.text)
        if any(token.kind == "word" and token.text in {"COLLATE", "CHARACTER SET", "CHARSET"} for token in found):
            return text
        if any(
            token.text == "CHARACTER" and following.text == "SET"
            for token, following in zip(found, found[1:], strict=False)
        ):
            return text
        end = _end_of_type(item.text)
        return f"{text[:end]} CHARACTER SET {column.charset} COLLATE {column.collation}{text[end:]}"

    def _alter_column(self, actual: Column, wanted: Column) -> Iterator[str]:
        moved = next(
            (change for change in self._changes if isinstance(change, MoveColumn) and change.column == wanted.name),
            None,
        )
        text = self._column(wanted)
        if remade(actual, wanted):
            yield f"DROP COLUMN {quote(actual.name)}"
            names = [column.name for column in self._wanted.columns]
            at = names.index(wanted.name)
            yield f"ADD COLUMN {text} {_place(names[at - 1] if at else '')}"
            return
        place = f" {_place(moved.after)}" if moved else ""
        if actual.name != wanted.name:
            yield f"CHANGE COLUMN {quote(actual.name)} {text}{place}"
        else:
            yield f"MODIFY COLUMN {text}{place}"

    # -- indexes and checks

    def _alter_index(self, change: AlterIndex, actual: Index, wanted: Index) -> Iterator[str]:
        if self._visibility(change):
            words = ("NOT IGNORED", "IGNORED") if self._maria else ("VISIBLE", "INVISIBLE")
            yield f"ALTER INDEX {quote(actual.name)} {words[0] if wanted.visible else words[1]}"
            return
        yield _drop_index(actual)
        yield f"ADD {self._index_item(wanted).text}"

    def _visibility(self, change: AlterIndex) -> bool:
        """Whether nothing but the visibility differs."""
        from msgspec.structs import replace

        actual, wanted = change.actual, change.wanted
        evened = AlterIndex(change.table, replace(actual, visible=wanted.visible), wanted)
        return actual.visible != wanted.visible and (evened.actual == evened.wanted or same(evened))

    def _drop_check(self, check: Check) -> str:
        return f"DROP {'CONSTRAINT' if self._maria else 'CHECK'} {quote(check.name)}"

    def _alter_check(self, actual: Check, wanted: Check) -> Iterator[str]:
        from msgspec.structs import replace

        from migrate.engines.mysql.spelling import same_check

        if (
            not self._maria
            and actual.name == wanted.name
            and same_check(replace(actual, enforced=wanted.enforced), wanted)
        ):
            yield f"ALTER CHECK {quote(actual.name)} {'ENFORCED' if wanted.enforced else 'NOT ENFORCED'}"
            return
        yield self._drop_check(actual)
        yield f"ADD {self._item('check', wanted.name).text}"

    # -- table

    def _storage(self, actual: Storage, wanted: Storage) -> Iterator[str]:
        if actual.engine.lower() != wanted.engine.lower():
            yield f"ENGINE = {wanted.engine}"
        if not same_charset(actual.collation, wanted.collation):
            yield f"DEFAULT CHARACTER SET = {wanted.charset} COLLATE = {wanted.collation}"
        if actual.row_format.lower() != wanted.row_format.lower() or actual.engine.lower() != wanted.engine.lower():
            yield f"ROW_FORMAT = {self._row_format(wanted)}"
        there, want = _options(actual), _options(wanted)
        for name in sorted(there.keys() - want.keys()):
            yield f"{name.upper()} = {_DEFAULTS.get(name, 'DEFAULT')}"
        for name, value in sorted(want.items()):
            if there.get(name) != value:
                yield f"{name.upper()} = {_option_value(value)}"

    def _row_format(self, wanted: Storage) -> str:
        if wanted.engine.lower() == "innodb" and wanted.row_format:
            return wanted.row_format.upper()
        found = tokens(self._cut.tail)
        for at, token in enumerate(found[:-1]):
            if token.kind == "word" and token.text == "ROW_FORMAT":
                return found[at + 2].text if found[at + 1].text == "=" else found[at + 1].text
        return "DEFAULT"

    def _refused(self, changes: Sequence[TableChange]) -> str:
        for change in changes:
            if isinstance(change, AlterStorage):
                odd = (set(change.actual.options) ^ set(change.wanted.options)) & _WHOLE_TYPES
                if odd:
                    return (
                        f"the table cannot be made {'' if odd & set(change.wanted.options) else 'not '}{odd.pop()} here"
                    )
        return ""

    # -- words of the definition

    def _item(self, kind: str, name: str) -> Item:
        for item in self._cut.items:
            if item.kind == kind and item.name == name:
                return item
        raise UnreadableDdl(self._cut.head, f"it has no {kind} {quote(name)}")

    def _index_item(self, index: Index) -> Item:
        for item in self._cut.items:
            if item.kind in ("primary", "unique", "index", "fulltext", "spatial") and item.name == index.name:
                return item
        raise UnreadableDdl(self._cut.head, f"it has no index {quote(index.name)}")


def remade(actual: Column, wanted: Column) -> bool:
    """Whether the column must be dropped and added: servers refuse to change it in place.

    From and to VIRTUAL nothing else is possible (MySQL error 3106, MariaDB 1907); STORED and plain columns become each
    other by MODIFY.
    """
    return (bool(actual.generated) and not actual.stored) != (bool(wanted.generated) and not wanted.stored)


def _halves(change: TableChange) -> tuple[TableChange, ...]:
    if isinstance(change, AlterIndex):
        return DropIndex(change.table, change.actual), AddIndex(change.table, change.wanted)
    return (change,)


def _place(after: str) -> str:
    return f"AFTER {quote(after)}" if after else "FIRST"


def _drop_index(index: Index) -> str:
    return "DROP PRIMARY KEY" if index.kind == "primary" else f"DROP KEY {quote(index.name)}"


def _string(text: str) -> str:
    """A string that means `text` without NO_BACKSLASH_ESCAPES, readable; COMMENT takes no other literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''").replace("\0", "\\0") + "'"


def _end_of_type(text: str) -> int:
    """Where the type of a column ends: its name and what stands in parentheses behind that."""
    found = tokens(text)
    if len(found) < 3 or found[2].text != "(":
        return found[1].end
    depth = 0
    for token in found[2:]:
        if token.kind == "sign":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0:
                return token.end
    raise UnreadableDdl(text, "the parenthesis after the type does not end")


def _options(storage: Storage) -> dict[str, str]:
    pairs = [option.partition("=") for option in storage.options if option not in _WHOLE_TYPES]
    return {name.lower(): value for name, _, value in pairs if name.lower() not in ("partitioned", "row_format")}


def _option_value(value: str) -> str:
    found = _VALUE.match(value)
    if found is None:
        raise UnreadableDdl(value, "it is no value of a table option that is known")
    if found["bare"] is not None:
        return found["bare"]
    return _string(found["double"] if found["double"] is not None else found["single"])
