"""Differences that are none: the same DDL reads back differently from another version, or after a dump.

Measured (facts of 8.0.12, 8.0.33 and MariaDB): int(11) and int, utf8 and utf8mb3, DEFAULT '1' and DEFAULT 1,
current_timestamp() and CURRENT_TIMESTAMP, ((`a` + 1)) and `a` + 1, a row format said or left to the default, DYNAMIC.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from msgspec.structs import replace

from migrate.engines.mysql.expression import canonical
from migrate.engines.mysql.lexemes import Unread, lexemes, plain, string_value
from migrate.engines.mysql.stored_ddl import same_stored
from migrate.model.change import (
    AlterCheck,
    AlterColumn,
    AlterForeignKey,
    AlterIndex,
    AlterPartitioning,
    AlterStorage,
    AlterStored,
    StoredChange,
    TableChange,
)
from migrate.model.table import Check, Column, ForeignKey, Index, IndexPart, Partition, Partitioning, Storage
from migrate.model.types import Binary, NeutralType, Opaque, Text

_DISPLAY_WIDTH = re.compile(r"\b(tinyint|smallint|mediumint|int|bigint|year)\(\d+\)")
_NOW = re.compile(r"(?:current_timestamp|now|localtime|localtimestamp)(?:\((\d*)\))?", re.IGNORECASE)
_NUMBERS = re.compile(r"(?:tinyint|smallint|mediumint|int|bigint|decimal|float|double|year)\b")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`(?:[^`]|``)*`|[^'\"`]+|['\"`]", re.DOTALL)
_INTRODUCER = re.compile(
    r"(?<![\w`'\"])_(?:utf8mb4|utf8mb3|utf8|latin1|ascii|binary|gbk|ucs2|utf16|utf16le|utf32) ?(?=\\?')"
)
_USUAL = frozenset({'encryption="n"', "encryption='n'", "page_checksum=1"})
_QUOTES = ("'", '"', "`")


def same(change: TableChange | StoredChange) -> bool:
    """Whether a server takes both sides of this change for the same thing. Adding, dropping and moving never is."""
    match change:
        case AlterColumn(actual=actual, wanted=wanted):
            return _column(actual) == _column(wanted)
        case AlterIndex(actual=actual_index, wanted=wanted_index):
            return _index(actual_index) == _index(wanted_index)
        case AlterForeignKey(actual=actual_key, wanted=wanted_key):
            return same_foreign_key(actual_key, wanted_key)
        case AlterCheck(actual=actual_check, wanted=wanted_check):
            return same_check(actual_check, wanted_check)
        case AlterStorage(actual=actual_storage, wanted=wanted_storage):
            return _storage(actual_storage) == _storage(wanted_storage)
        case AlterPartitioning(actual=actual_parts, wanted=wanted_parts):
            if actual_parts is None or wanted_parts is None:
                return actual_parts is wanted_parts
            return _partitioning(actual_parts) == _partitioning(wanted_parts)
        case AlterStored(actual=there, wanted=want):
            return same_stored(there, want)
        case _:
            return False


def plain_charset(name: str) -> str:
    """The one name of a charset or collation that has several: utf8 is utf8mb3."""
    return _charset(name)


def is_now(default: str) -> bool:
    """Whether the default is the moment of the row, in any spelling."""
    return bool(_now(default))


def visibility_alone(change: AlterIndex) -> bool:
    """Whether the index differs in nothing but being visible."""
    actual, wanted = change.actual, change.wanted
    return actual.visible != wanted.visible and _index(replace(actual, visible=wanted.visible)) == _index(wanted)


def same_foreign_key(actual: ForeignKey, wanted: ForeignKey) -> bool:
    """Whether InnoDB does the same for both: RESTRICT and NO ACTION both refuse at once (manual 13.1.20.5)."""
    return _foreign_key(actual) == _foreign_key(wanted)


def same_type(actual: Column, wanted: Column) -> bool:
    """Whether both hold the same values and compare them alike."""
    there, want = _column(actual), _column(wanted)
    return (there.native, there.charset, there.collation) == (want.native, want.charset, want.collation)


def same_charset(one: str, other: str) -> bool:
    """Whether two names of charsets, or two of collations, are names of one."""
    return _charset(one) == _charset(other)


def same_check(actual: Check, wanted: Check) -> bool:
    """Whether both say the same but for parentheses around, spaces and the case of keywords."""
    return replace(actual, expression=_expression(actual.expression)) == replace(
        wanted, expression=_expression(wanted.expression)
    )


def _foreign_key(foreign_key: ForeignKey) -> ForeignKey:
    rules = {"RESTRICT": "NO ACTION"}
    on_update, on_delete = foreign_key.on_update.upper(), foreign_key.on_delete.upper()
    return replace(foreign_key, on_update=rules.get(on_update, on_update), on_delete=rules.get(on_delete, on_delete))


def _column(column: Column) -> Column:
    native = _native(column.native)
    default, is_expression = _default(column, native)
    return replace(
        column,
        native=native,
        type=_type(column.type, native),
        default=default,
        default_is_expression=is_expression,
        on_update=_now(column.on_update) or column.on_update,
        generated=_expression(column.generated),
        charset=_charset(column.charset),
        collation=_charset(column.collation),
    )


def _native(native: str) -> str:
    """Without a display width, which changes no value; tinyint(1) keeps it, clients read it as a boolean."""
    if native.lower().startswith(("enum(", "set(")):
        return native  # members are values
    lower = native.lower().replace("geomcollection", "geometrycollection")  # the name since 8.0.11
    if "zerofill" in lower or lower.startswith("tinyint(1)"):
        return lower
    return _DISPLAY_WIDTH.sub(r"\1", lower)


def _type(neutral: NeutralType, native: str) -> NeutralType:
    match neutral:
        case Text():
            return replace(neutral, charset=_charset(neutral.charset))
        case Opaque():
            return Opaque(native)
        case _:
            return neutral


def _charset(name: str) -> str:
    """`name` of a charset or collation; utf8 was renamed utf8mb3, its collations in 8.0.30."""
    lower = name.lower()
    return re.sub(r"\Autf8(?=_|\Z)", "utf8mb3", lower)


def _default(column: Column, native: str) -> tuple[str | None, bool]:
    default = column.default
    if default is None:
        return None, False
    now = _now(default)
    if now and native.startswith(("timestamp", "datetime")):
        return now, True
    number = _number(default) if _NUMBERS.match(native) else None
    if number is not None:
        return number, False
    if column.default_is_expression:
        value = _constant(default)  # DEFAULT ('x'), as MySQL wants it for a TEXT, and DEFAULT 'x'
        return (_expression(default), True) if value is None else (value, False)
    if isinstance(column.type, Binary) and default.startswith("0x"):
        # MySQL tells such a value up to its first NUL (8.0.33, 9.7), MariaDB all of it.
        return default[: 2 + 2 * (bytes.fromhex(default[2:]) + b"\0").index(0)].upper(), False
    return default, False


def _constant(expression: str) -> str | None:
    """The value of a string in parentheses; None for any other expression."""
    try:
        found = [lexeme for lexeme in lexemes(plain(expression)) if lexeme.text not in ("(", ")")]
        return string_value(found[0])[1] if [lexeme.kind for lexeme in found] == ["string"] else None
    except Unread:
        return None


def _number(text: str) -> str | None:
    """The number, spelt in one way; None for anything else."""
    bare = text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text
    try:
        return str(Decimal(bare).normalize())
    except InvalidOperation:
        return None


def _now(text: str) -> str:
    found = _NOW.fullmatch(text.strip())
    if found is None:
        return ""
    digits = found.group(1)
    return f"current_timestamp({digits})" if digits not in (None, "", "0") else "current_timestamp"


def _expression(text: str) -> str:
    """The one form of an expression that is understood; of any other its words."""
    return canonical(text) or _flat(text)


def _flat(text: str) -> str:
    """Without the parentheses around the whole, introducers, spaces and case; what stands in quotes stays as it is.

    A string is shown with the character set of the session that made the table: `_latin1'x'` here, `_utf8mb4'x'` there.

    A text whose quotes are escaped themselves (information_schema does that) is not touched.
    """
    text = _INTRODUCER.sub("", text)
    pieces = _QUOTED.findall(text)
    if any((piece[0] not in _QUOTES and "\\" in piece) or piece in _QUOTES for piece in pieces):
        return text
    flat = "".join(piece if piece[0] in _QUOTES else _unquoted(piece) for piece in pieces).strip()
    while flat.startswith("(") and _closing(flat) == len(flat) - 1:
        flat = flat[1:-1].strip()
    return flat


def _unquoted(text: str) -> str:
    return re.sub(r" ?([(),]) ?", r"\1", re.sub(r"\s+", " ", text)).lower()


def _closing(text: str) -> int:
    """Where the parenthesis closes that `text` begins with; -1 when it does not."""
    depth = at = 0
    for piece in _QUOTED.findall(text):
        if piece[0] not in _QUOTES:
            for offset, sign in enumerate(piece):
                depth += (sign == "(") - (sign == ")")
                if depth == 0:
                    return int(at + offset)
        at += len(piece)
    return -1


def _index(index: Index) -> Index:
    usual = {"fulltext": {"", "FULLTEXT"}, "spatial": {"", "SPATIAL", "RTREE"}}.get(index.kind, {"", "BTREE"})
    method = index.method.upper()
    parts = tuple(_part(part) for part in index.parts)
    return replace(index, parts=parts, method="" if method in usual else method)


def _part(part: IndexPart) -> IndexPart:
    return replace(part, column=part.column.lower(), expression=_expression(part.expression))


def _storage(storage: Storage) -> Storage:
    """`partitioned` is said by the partitioning, row_format by `row_format`; DYNAMIC is InnoDB's default.

    Some servers tell a default that was said, others do not: `ENCRYPTION='N'` (MySQL 8.0.12), `PAGE_CHECKSUM=1`.
    """
    options = {option.lower() for option in storage.options} - _USUAL
    kept = sorted(option for option in options if option != "partitioned" and not option.startswith("row_format="))
    row_format = storage.row_format.lower()
    return replace(
        storage,
        engine=storage.engine.lower(),
        row_format="" if row_format in ("default", "dynamic") else row_format,
        charset=_charset(storage.charset),
        collation=_charset(storage.collation),
        options=tuple(kept),
    )


def _partitioning(partitioning: Partitioning) -> Partitioning:
    return replace(
        partitioning,
        method=" ".join(partitioning.method.upper().split()),
        expression=_partition_expression(partitioning.expression),
        submethod=" ".join(partitioning.submethod.upper().split()),
        subexpression=_partition_expression(partitioning.subexpression),
        partitions=tuple(_partition(partition) for partition in partitioning.partitions),
    )


def _partition_expression(text: str) -> str:
    return _flat(text).replace("`", "")


def _partition(partition: Partition) -> Partition:
    return replace(partition, bound=_flat(partition.bound))
