"""MySQL's DDL as text: made from what the source's SHOW CREATE TABLE printed, by cutting, never by printing it anew.

Pure functions. What the text says stays byte for byte but for the name and the AUTO_INCREMENT option (the counter moves
with the rows, a step of its own sets it). What the text leaves to the server's default, which is another one on another
server, is said: collations (of utf8mb4, MySQL 5.7: general_ci, 8.0: 0900_ai_ci, MariaDB 11: uca1400) and row formats.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from migrate.engines.mysql.drawn import drawing_from
from migrate.engines.mysql.render import collate
from migrate.engines.mysql.spelling import same
from migrate.errors import UnreadableDdl
from migrate.model.table import Column, ForeignKey, Index, IndexPart, Schema, Table
from migrate.model.types import Enum, Set
from migrate.sql import Item, Items, Token, items, quote, quote_table, tokens

__all__ = [
    "add_foreign_keys",
    "add_indexes",
    "as_wanted",
    "create_schema",
    "create_table",
    "deferrable",
    "findings",
    "same",
    "without_default",
]

_PORTABLE = frozenset({"innodb", "myisam", "aria", "memory", "archive", "csv", "blackhole", "rocksdb"})
"""Engines whose tables are a definition and rows; a target that lacks one says so when the table is made."""
_REFUSED = {
    "mrg_myisam": "a MERGE table holds no rows of its own: move the tables it is made of",
    "merge": "a MERGE table holds no rows of its own: move the tables it is made of",
    "federated": "a FEDERATED table's rows are on another server: move them from there",
    "ndbcluster": "an NDB table lives in a cluster: its definition does not hold elsewhere",
    "ndb": "an NDB table lives in a cluster: its definition does not hold elsewhere",
}
# Texts without these words have no such clause: most need not be cut into tokens for it.
_PLACE = re.compile("DIRECTORY|TABLESPACE|COLUMN_FORMAT", re.IGNORECASE)
_CHARSET = re.compile("CHARSET|CHARACTER", re.IGNORECASE)
_EVERYWHERE = frozenset({"innodb_file_per_table", "innodb_system", "innodb_temporary"})
_DEFAULT_DIFFERS = ("utf8", "ucs2", "utf16", "utf32")
"""Character sets whose default collation is not the same on every version and vendor (`character_set_collations`)."""

_BEYOND_BMP = frozenset({"utf8mb4", "utf16", "utf16le", "utf32", "gb18030"})
"""Character sets with characters above U+FFFF, which the server's dictionary, in utf8mb3, shows as ?."""


def create_schema(schema: Schema) -> str:
    """CREATE DATABASE with its own default charset and collation, as far as they are known."""
    charset = f" CHARACTER SET {schema.charset}" if schema.charset else ""
    return f"CREATE DATABASE {quote(schema.name)}{charset}{collate(schema.collation)}"


def create_table(table: Table, definition: str, deferred: Sequence[Index]) -> str:
    """The source's text under the name of `table`, without foreign keys, `deferred` indexes and AUTO_INCREMENT=n.

    Raises `UnreadableDdl` when the text cannot be cut, when its columns are not those of `table`, or when it does not
    have one of the deferred indexes.
    """
    cut = items(definition)
    _check_columns(table, definition, cut)
    later = {item.name for item in _index_items(definition, cut, deferred)}
    kept = [
        as_wanted(table, item)
        for item in cut.items
        if item.kind != "foreign_key" and not (item.kind in {"index", "fulltext", "spatial"} and item.name in later)
    ]
    body = ",\n  ".join(kept)
    return f"CREATE TABLE {quote_table(table.name)} (\n  {body}\n{_options(table, cut.tail)}"


def add_indexes(table: Table, definition: str, indexes: Sequence[Index]) -> str:
    """One ALTER TABLE that adds these indexes in the words of the definition.

    At most one of them may be fulltext: InnoDB refuses more in one statement (error 1795; 8.0.12 and 8.0.33). Raises
    `UnreadableDdl` when the definition does not have one of them.
    """
    added = [item.text for item in _index_items(definition, items(definition), indexes)]
    return _alter(table, [f"ADD {text}" for text in added])


def add_foreign_keys(table: Table, foreign_keys: Sequence[ForeignKey]) -> str:
    """One ALTER TABLE that adds these foreign keys; what a server would assume is written out, schema and rules.

    An index that the server itself made for a foreign key gives way to the one that it makes for a later key of the
    same columns. So the key whose name the index is to have comes last; and where that key is there already, its index
    is made again, by us, which the server then leaves alone (8.0.33).
    """
    indexes = {index.name.casefold() for index in table.indexes}
    ordered = sorted(foreign_keys, key=lambda foreign_key: foreign_key.name.casefold() in indexes)
    kept = [
        clause
        for key in table.foreign_keys
        if key not in ordered
        for index in table.indexes
        if index == Index(index.name, "plain", tuple(map(IndexPart, key.columns)), method=index.method)
        if index.name.casefold() == key.name.casefold() and any(other.columns == key.columns for other in ordered)
        for clause in (f"DROP KEY {quote(index.name)}", f"ADD KEY {quote(index.name)} ({_names(key.columns)})")
    ]
    return _alter(table, [*kept, *(f"ADD {_foreign_key(foreign_key)}" for foreign_key in ordered)])


def deferrable(table: Table) -> tuple[Index, ...]:
    """Plain, spatial and fulltext indexes of an InnoDB table that nothing needs before the rows are there.

    Foreign keys need theirs, on both sides: they come after. An index stays in the table when the AUTO_INCREMENT column
    is the first of no other one (error 1075), and all fulltext ones stay when there are several (see `add_indexes`).
    """
    if table.storage.engine.lower() != "innodb":
        return ()
    fulltext = sum(index.kind == "fulltext" for index in table.indexes)
    needed = _needed_by_counter(table)
    return tuple(
        index
        for index in table.indexes
        if index.kind in ("plain", "spatial") or (index.kind == "fulltext" and fulltext == 1)
        if index.name != needed
    )


def findings(table: Table, definition: str = "") -> tuple[str, ...]:
    """Why the table cannot be moved, a sentence each; more is known with its definition.

    Raises `UnreadableDdl` when the definition cannot be read.
    """
    found: list[str] = []
    engine = table.storage.engine
    if engine.lower() in _REFUSED:
        found.append(_REFUSED[engine.lower()])
    elif engine and engine.lower() not in _PORTABLE:
        found.append(f"the engine {engine} is not one whose tables are known to move")
    if "system versioned" in table.storage.options:
        found.append("WITH SYSTEM VERSIONING: the history of its rows would be lost")
    if table.columns and all(column.generated for column in table.columns):
        found.append("all its columns are generated: its rows hold nothing that could be read and written")
    found += [
        f"a member of column {quote(column.name)} holds a ?, which may stand for a character above U+FFFF: the server"
        " prints both alike, here and in SHOW CREATE TABLE. Rename the member, or make the table by hand and exclude it"
        for column in table.columns
        if isinstance(column.type, Enum | Set) and column.charset.lower() in _BEYOND_BMP
        if any("?" in member for member in column.type.members)
    ]
    spelled = [text for column in table.columns for text in (column.generated, column.default or "")]
    spelled += [part.expression for index in table.indexes for part in index.parts]
    spelled += [check.expression for check in table.checks]
    if any(letter > "\uffff" for text in spelled for letter in text):
        found.append("an expression or default holds a character above U+FFFF, which SHOW CREATE TABLE prints as ?")
    if definition:
        found += _places(definition)
    return tuple(found)


def _alter(table: Table, parts: Sequence[str]) -> str:
    return f"ALTER TABLE {quote_table(table.name)}\n  " + ",\n  ".join(parts)


def _foreign_key(foreign_key: ForeignKey) -> str:
    return (
        f"CONSTRAINT {quote(foreign_key.name)} FOREIGN KEY ({_names(foreign_key.columns)}) "
        f"REFERENCES {quote_table(foreign_key.referenced)} ({_names(foreign_key.referenced_columns)}) "
        f"ON DELETE {foreign_key.on_delete} ON UPDATE {foreign_key.on_update}"
    )


def _names(columns: Sequence[str]) -> str:
    return ", ".join(map(quote, columns))


def _check_columns(table: Table, definition: str, cut: Items) -> None:
    there = [item.name for item in cut.items if item.kind == "column"]
    wanted = [column.name for column in table.columns]
    if there != wanted:
        raise UnreadableDdl(
            definition, f"its columns ({', '.join(there)}) are not those that were inspected ({', '.join(wanted)})"
        )


def _index_items(definition: str, cut: Items, indexes: Sequence[Index]) -> list[Item]:
    """The items of these indexes, in the order of the definition."""
    wanted = {index.name for index in indexes}
    found = [
        item for item in cut.items if item.kind in {"unique", "index", "fulltext", "spatial"} and item.name in wanted
    ]
    missing = sorted(wanted - {item.name for item in found})
    if missing:
        raise UnreadableDdl(definition, f"it has no index {quote(missing[0])}")
    return found


def _is(token: Token, *words: str) -> bool:
    return token.kind == "word" and token.text in words


def _levels(found: Sequence[Token]) -> list[int]:
    """How many parentheses are open at each token."""
    levels, level = [], 0
    for token in found:
        if token.kind == "sign":
            level += {"(": 1, ")": -1}.get(token.text, 0)
        levels.append(level)
    return levels


def _unsaid_collation(found: Sequence[Token], base: int) -> int | None:
    """Where a collation is missing: the end of a charset named outside of parentheses without COLLATE. Else None."""
    outer = [token for token, level in zip(found, _levels(found), strict=True) if level == base]
    if any(_is(token, "COLLATE") for token in outer):
        return None
    for at, token in enumerate(outer):
        if _is(token, "CHARSET", "CHARACTER SET") or (_is(token, "SET") and at and _is(outer[at - 1], "CHARACTER")):
            name = outer[at + 2] if outer[at + 1].text == "=" else outer[at + 1]
            return name.end if name.text.lower().startswith(_DEFAULT_DIFFERS) else None
    return None


def as_wanted(table: Table, item: Item, always: bool = False) -> str:
    """The item's text; of a column as `table` has it: its default draws from the sequences that are said there.

    A column of text comes with its collation, where servers choose different ones for its charset. `always`: also where
    the column's charset is the table's, with both, since the table there has another.
    """
    column = next((column for column in table.columns if item.kind == "column" and column.name == item.name), None)
    if column is None:
        return item.text
    return drawing_from(column, _with_collation(column, item.text, always) if column.collation else item.text)


def _with_collation(column: Column, text: str, always: bool) -> str:
    if not always and not _CHARSET.search(text):
        return text
    found = tokens(text)
    end = _unsaid_collation(found, base=0)
    if end is not None:
        return f"{text[:end]} COLLATE {column.collation}{text[end:]}"
    outer = [token for token, level in zip(found, _levels(found), strict=True) if level == 0]
    if not always or any(_is(token, "COLLATE", "CHARSET", "CHARACTER SET", "CHARACTER") for token in outer):
        return text
    at = _end_of_type(text, found)
    return f"{text[:at]} CHARACTER SET {column.charset} COLLATE {column.collation}{text[at:]}"


def without_default(text: str) -> str:
    """A column's item without its DEFAULT (…)."""
    found = tokens(text)
    levels = _levels(found)
    at = next((at for at, token in enumerate(found) if levels[at] == 0 and _is(token, "DEFAULT")), None)
    if at is None or at + 1 == len(found) or found[at + 1].text != "(":
        raise UnreadableDdl(text, "it has no default in parentheses")
    closing = next(end for end in range(at + 1, len(found)) if levels[end] == 0)
    return text[: found[at].start].rstrip() + text[found[closing].end :]


def _end_of_type(text: str, found: Sequence[Token]) -> int:
    """Where the type of a column ends: its name, and what stands in parentheses behind that."""
    if len(found) < 3 or found[2].text != "(":
        return found[1].end
    levels = _levels(found)
    closing = next((at for at in range(2, len(found)) if levels[at] == 0), None)
    if closing is None:
        raise UnreadableDdl(text, "the parenthesis after the type does not end")
    return found[closing].end


def _options(table: Table, tail: str) -> str:
    """The table's options without the counter, with what they leave to the server's defaults said."""
    found = tokens(tail)
    base = -1  # the tail begins with the parenthesis that closes the body
    outer = [token for token, level in zip(found, _levels(found), strict=True) if level == base]
    edits: list[tuple[int, int, str]] = []
    for at, token in enumerate(outer):
        value = next((other for other in outer[at + 1 :] if other.text != "="), token)
        if _is(token, "AUTO_INCREMENT"):
            edits.append((len(tail[: token.start].rstrip(" ")), value.end, ""))
        if _is(token, "ENGINE") and _row_format_unsaid(table, outer):
            edits.append((value.end, value.end, f" ROW_FORMAT={table.storage.row_format.upper()}"))
    end = _unsaid_collation(found, base)
    if end is not None and table.storage.collation:
        edits.append((end, end, f" COLLATE={table.storage.collation}"))
    for start, stop, text in sorted(edits, reverse=True):
        tail = tail[:start] + text + tail[stop:]
    return tail


def _row_format_unsaid(table: Table, outer: Sequence[Token]) -> bool:
    """Whether it is another one than a server chooses: tables of 5.6 are COMPACT and do not say so."""
    storage = table.storage
    unusual = storage.engine.lower() == "innodb" and storage.row_format.lower() in (
        "compact",
        "redundant",
        "compressed",
    )
    return storage.engine.lower() == "innodb" and unusual and not any(_is(token, "ROW_FORMAT") for token in outer)


def _needed_by_counter(table: Table) -> str:
    """The name of the plain index that must stay for the AUTO_INCREMENT column, empty when none must."""
    counter = next((column.name for column in table.columns if column.auto_increment), None)
    starting = [index for index in table.indexes if counter is not None and index.parts[0].column == counter]
    if any(index.kind in ("primary", "unique") for index in starting):
        return ""
    plain = [index for index in starting if index.kind == "plain"]
    return min(plain, key=lambda index: (len(index.parts), index.name)).name if plain else ""


def _places(definition: str) -> list[str]:
    """Clauses that name a place outside of the schema, or rows that a copy would not carry."""
    items(definition)
    if not _PLACE.search(definition):
        return []
    found = tokens(definition, versioned=True)
    said: dict[str, None] = {}  # a set that keeps the order; partitions repeat their clauses
    for at, token in enumerate(found[:-2]):
        following = found[at + 1]
        value = found[at + 2] if following.text == "=" else following
        if _is(token, "DATA", "INDEX") and _is(following, "DIRECTORY"):
            path = found[at + 3] if found[at + 2].text == "=" else found[at + 2]
            said[f"{token.text} DIRECTORY {path.text!r} is a folder of the source's machine"] = None
        elif _is(token, "TABLESPACE") and value.kind in ("identifier", "word", "string"):
            if value.text.lower() not in _EVERYWHERE:
                said[f"the tablespace {quote(value.text)} must exist on the target, and is not moved"] = None
        elif _is(token, "COLUMN_FORMAT") and _is(following, "COMPRESSED"):
            said["COLUMN_FORMAT COMPRESSED is understood by Percona Server only"] = None
    return list(said)
