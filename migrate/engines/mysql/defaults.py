"""What COLUMN_DEFAULT says: nothing, a value, or an expression. MySQL and MariaDB write it differently.

MySQL tells a value by itself, MariaDB the words of the definition: `'it''s'`, `5`, `NULL`, `concat('a')`. Here both
become MySQL's way, so that equal values are equal words: text without quotes, bytes as `0x…`, bits as `b'101'`.
Seen on MySQL 8.0.12, 8.0.33, 9.7.4, MariaDB 10.11.18 and 11.8.9.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from migrate.engines.mysql.connect import Session
from migrate.errors import MissingPrivilege
from migrate.model.table import Column, Table, TableName
from migrate.model.types import Binary, NeutralType, Text
from migrate.sql import quote, quote_table

BATCH = 200
"""Tables in one statement: it opens them all at once."""

_NOW = re.compile(r"current_timestamp(?:\(\d?\))?\Z|now\(\d?\)\Z", re.IGNORECASE)
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
_STRING = re.compile(r"'(?:[^'\\]|''|\\.)*'", re.DOTALL)
_BITS = re.compile(r"b'[01]*'")
_HEX = re.compile(r"x'([0-9a-f]*)'", re.IGNORECASE)
_ESCAPED = re.compile(r"''|\\(.)", re.DOTALL)
_BEYOND_BMP = frozenset({"utf8mb4", "utf16", "utf16le", "utf32"})
_QUOTED = re.compile(rb"`(?:[^`]|``)*`|'(?:[^'\\]|''|\\.)*'", re.DOTALL)
_ESCAPES = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}


def letters(text: str | None) -> str:
    """Text of an expression of MySQL, as the server escapes it, but with its letters put right.

    MySQL 8.0 and 9.7 hand these columns of information_schema out as if their UTF-8 were latin1: every byte beyond
    ASCII becomes a letter of its own (seen on 8.0.12, 8.0.33 and 9.7.4). What is not such text stays as it is.
    """
    try:
        return (text or "").encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text or ""


def mysql_default(told: str | None, data_type: str, extra: str) -> tuple[str | None, bool]:
    """The default of a column of MySQL, and whether it is an expression."""
    if told is None:
        return None, False
    if "default_generated" in extra.lower():
        return letters(told), True
    # Before 8.0.13 nothing but the type tells CURRENT_TIMESTAMP from a text of these letters.
    return told, bool(data_type in ("timestamp", "datetime") and _NOW.match(told))


def mariadb_default(told: str | None, kind: NeutralType) -> tuple[str | None, bool]:
    """The default of a column of MariaDB, and whether it is an expression.

    `NULL` is told of a nullable column without a default too, and makes no difference to any row.
    """
    if told is None or told == "NULL":
        return None, False
    if _STRING.fullmatch(told):
        value = unquoted(told)
        return (hexadecimal(value.encode(), kind) if isinstance(kind, Binary) else value), False
    if (found := _HEX.fullmatch(told)) and isinstance(kind, Binary):
        return hexadecimal(bytes.fromhex(found[1]), kind), False
    literal = bool(_NUMBER.fullmatch(told) or _BITS.fullmatch(told))
    return told, not literal


def unquoted(text: str) -> str:
    """The value of a string literal as MariaDB writes it."""

    def sign(match: re.Match[str]) -> str:
        letter: Any = match[1]
        return "'" if letter is None else _ESCAPES.get(letter, letter)

    return _ESCAPED.sub(sign, text[1:-1])


def hexadecimal(value: bytes, kind: Binary) -> str:
    """Bytes as MySQL tells them; of BINARY(n) without the NULs that fill it up, of which MariaDB tells all."""
    bare = value.rstrip(b"\0") if kind.fixed else value
    return f"0x{bare.hex().upper()}" if bare else ""


async def exact_defaults(session: Session, tables: Sequence[Table]) -> tuple[Table, ...]:
    """The same tables of MariaDB, with the defaults that its dictionary cannot tell: it holds utf8mb3.

    A letter above U+FFFF, and before 11 a byte that is no text, read as `?`. Where there is one, the server is asked
    what the default is: many tables in one statement, or one where the account may not read some of them.
    """
    asked = [(table, found) for table in tables if (found := tuple(filter(_uncertain, table.columns)))]
    told: dict[tuple[TableName, str], bytes] = {}
    for start in range(0, len(asked), BATCH):
        batch = asked[start : start + BATCH]
        try:
            told |= await _ask(session, batch)
        except MissingPrivilege:
            for one in batch:
                try:
                    told |= await _ask(session, [one])
                except MissingPrivilege:  # whoever may not read a table cannot move it either, and is told so then
                    continue
    if not told:
        return tuple(tables)
    return tuple(
        replace(table, columns=tuple(_with(column, told.get((table.name, column.name))) for column in table.columns))
        for table in tables
    )


async def _ask(session: Session, asked: Sequence[tuple[Table, Sequence[Column]]]) -> dict[tuple[TableName, str], bytes]:
    columns = [(table, column) for table, some in asked for column in some]
    statement = " UNION ALL ".join(
        f"SELECT {number},HEX({_bytes_of(column)}) FROM (SELECT 1) AS `one`"
        f" LEFT JOIN {quote_table(table.name)} AS `t` ON FALSE"
        for number, (table, column) in enumerate(columns)
    )
    rows = (await session.query(statement)).rows
    places = [(table.name, column.name) for table, column in columns]
    return {places[int(number)]: bytes.fromhex(digits) for number, digits in rows if digits is not None}


def _bytes_of(column: Column) -> str:
    default = f"DEFAULT(`t`.{quote(column.name)})"
    return default if isinstance(column.type, Binary) else f"CONVERT({default} USING utf8mb4)"


def _uncertain(column: Column) -> bool:
    if column.default is None or column.default_is_expression or column.generated:
        return False
    if isinstance(column.type, Binary):
        return b"?" in bytes.fromhex(column.default[2:])
    return isinstance(column.type, Text) and column.charset in _BEYOND_BMP and "?" in column.default


def _with(column: Column, value: bytes | None) -> Column:
    if value is None:
        return column
    exact = hexadecimal(value, column.type) if isinstance(column.type, Binary) else value.decode()
    return replace(column, default=exact)


def readable(definition: bytes) -> str:
    """What SHOW CREATE TABLE printed, as text: before 11 MariaDB prints bytes of a default as they are."""
    try:
        return definition.decode()
    except UnicodeDecodeError:
        return _QUOTED.sub(_as_digits, definition).decode()


def _as_digits(match: re.Match[bytes]) -> bytes:
    text = match[0]
    try:
        text.decode()
    except UnicodeDecodeError:
        # latin1 has a letter for every byte, so nothing of them is lost on the way.
        return f"x'{unquoted(text.decode('latin-1')).encode('latin-1').hex()}'".encode()
    return text
