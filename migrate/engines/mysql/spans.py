"""Keys and spans of them as SQL: text only, no server.

Bounds are literals that compare as their columns do, so that the server alone decides what lies between two of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from migrate.engines.base import Bound, Buckets, Rows, Span
from migrate.engines.mysql.layout import number, plain
from migrate.model.table import Column
from migrate.model.types import Decimal, Enum, Integer, Set, Temporal, Text
from migrate.sql import quote, quote_table


def key_expressions(rows: Rows) -> list[str]:
    """What to select to get a bound. ENUM and SET by number, in which order they are indexed."""
    return [plain(column) for column in rows.key]


def bound_literal(column: Column, value: bytes) -> str:
    """A key value as a literal that compares as the column does: its character set, its own collation."""
    match column.type:
        case Integer() | Decimal() | Enum() | Set():
            return value.decode("ascii")
        case Temporal(kind=kind):
            return value.decode("ascii") if kind == "year" else f"'{value.decode('ascii')}'"
        case Text(charset=charset):
            return f"_{charset} x'{value.hex()}'"
        case _:
            return f"x'{value.hex()}'"


def bound(rows: Rows, values: Sequence[bytes | None]) -> Bound:
    """A bound from what `key_expressions` selected."""
    literals = []
    for column, value in zip(rows.key, values, strict=True):
        if value is None:
            raise ValueError(f"NULL in key column {column.name}")
        literals.append(bound_literal(column, value))
    return tuple(literals)


_LITERAL = re.compile(r"(?:_(\w+) )?x'([0-9a-f]*)'")


def spell(bound: Bound) -> str:
    """A bound as a person reads it: text decoded where it is text, hexadecimal digits where it is not."""

    def value(literal: str) -> str:
        found = _LITERAL.fullmatch(literal)
        if found is None:
            return literal
        charset, digits = found.groups()
        codec = {"ucs2": "utf-16-be", "utf16": "utf-16-be", "utf32": "utf-32-be", "gbk": "gbk", "latin1": "cp1252"}
        if charset is None:
            return f"0x{digits}"
        return repr(bytes.fromhex(digits).decode(codec.get(charset, "utf-8"), errors="backslashreplace"))

    return ", ".join(value(literal) for literal in bound)


def compared(column: Column) -> str:
    """What of a key's column is compared with a bound."""
    return number(column) if isinstance(column.type, Enum | Set) else quote(column.name)


def _beyond(names: Sequence[str], at: Bound, sign: str, last: str) -> str:
    """`names` beyond `at` in key order, as ORs of ANDs: MySQL makes ranges of these, not of row constructors."""
    choices = []
    for n, value in enumerate(at):
        equal = [f"{name} = {other}" for name, other in zip(names[:n], at[:n], strict=True)]
        compare = last if n == len(at) - 1 else sign
        choices.append(" AND ".join([*equal, f"{names[n]} {compare} {value}"]))
    return choices[0] if len(choices) == 1 else "(" + " OR ".join(f"({choice})" for choice in choices) + ")"


def _one_of(names: Sequence[str], keys: Sequence[Bound]) -> str:
    """One of these keys, as lists and ORs of ANDs, of which both vendors make ranges."""
    if len(names) == 1:
        return f"{names[0]} IN ({','.join(key[0] for key in keys)})"
    choices = (" AND ".join(f"{name} = {value}" for name, value in zip(names, key, strict=True)) for key in keys)
    return "(" + " OR ".join(f"({choice})" for choice in choices) + ")"


def bucket(rows: Rows, bits: int) -> str:
    """The first bits of a hash of the key: the same number on every server for the same bytes of the key."""
    values = ",',',".join(key_expressions(rows))
    return f"(CRC32(CONCAT({values})) >> {32 - bits})"


def condition(rows: Rows, span: Span, among: Buckets | None = None) -> str:
    """The WHERE clause of a span, with a leading blank; empty for a whole table. A bound may be a prefix of the key."""
    names = [compared(column) for column in rows.key]
    parts = []
    if span.only:
        parts.append(_one_of(names, span.only))
    if span.lower is not None:
        parts.append(_beyond(names, span.lower, ">", ">"))
        if len(span.lower) > 1:
            parts.append(f"{names[0]} >= {span.lower[0]}")
    if span.upper is not None:
        parts.append(_beyond(names, span.upper, "<", "<="))
        if len(span.upper) > 1:
            parts.append(f"{names[0]} <= {span.upper[0]}")
    if among is not None:
        parts.append(f"{bucket(rows, among.bits)} IN ({','.join(map(str, among.numbers))})")
    if rows.where:
        parts.append(f"({rows.where}\n)")  # the condition may end with a comment
    return " WHERE " + " AND ".join(parts) if parts else ""


def taken_from(rows: Rows, span: Span, among: Buckets | None = None) -> str:
    """The FROM clause of a span's rows, by the index of the key, with a leading blank."""
    return f" FROM {quote_table(rows.table)}{forced(rows)}{condition(rows, span, among)}"


LARGEST = (1 << 63) - 1
"""Numbers above are left to the server."""


def is_number(rows: Rows) -> bool:
    """Whether the key is one integer."""
    return len(rows.key) == 1 and isinstance(rows.key[0].type, Integer)


def is_dense(rows: Rows, span: Span, count: int) -> bool:
    """Whether most of a span's numbers have a row, where the key is one number."""
    if not is_number(rows) or span.lower is None or span.upper is None:
        return False
    return 2 * count >= int(span.upper[0]) - int(span.lower[0])


def evenly(low: int, high: int, count: int, total: int) -> tuple[Bound, ...]:
    """Where to cut `total` rows with numbers from `low` to `high` into `count` parts.

    Nowhere when so many numbers have no row that a part could be empty.
    """
    numbers = high - low + 1
    if (numbers - total) * count >= numbers or numbers < count or high >= LARGEST:
        return ()
    return tuple((str(low - 1 + numbers * part // count),) for part in range(1, count))


def ahead(span: Span, limit: int) -> Span | None:
    """The next `limit` numbers of a span whose key is one number: a number has one row, so there are no more.

    None where the span's end is near, or that of all numbers.
    """
    if span.lower is None or span.only:
        return None
    upper = int(span.lower[0]) + limit
    if upper >= LARGEST or (span.upper is not None and upper >= int(span.upper[0])):
        return None
    return Span(span.lower, (str(upper),))


def order(rows: Rows) -> str:
    """The ORDER BY clause that follows the key."""
    return " ORDER BY " + ",".join(quote(column.name) for column in rows.key)


def forced(rows: Rows) -> str:
    """The index hint: chunks must come in key order, so that the target appends."""
    return f" FORCE INDEX ({quote(rows.index)})" if rows.index else ""
