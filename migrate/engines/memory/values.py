"""Values: how they compare, how a key spells them, what a column takes, and the small language of `where`."""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from migrate.errors import ServerError
from migrate.model.table import Column
from migrate.model.types import Binary, Enum, Integer, Text

Value = None | bool | int | float | str | bytes
Row = tuple[Value, ...]
Sortable = tuple[object, ...]

NO_CASE = "nocase"
"""The one collation that is not by code point: letters compare without their case."""


def rank(column: Column, value: Value) -> Sortable:
    """What the server compares instead of the value: NULL first, ENUM by its number, text by its collation."""
    if value is None:
        return (0,)
    if isinstance(column.type, Enum) and isinstance(value, str):
        return (1, column.type.members.index(value) + 1 if value in column.type.members else 0)
    if isinstance(value, str) and column.collation == NO_CASE:
        return (1, value.casefold())
    return (1, value)


def spell(value: Value) -> str:
    """A value of a key as a literal: JSON, bytes as {"hex": …}."""
    return json.dumps({"hex": value.hex()} if isinstance(value, bytes) else value, ensure_ascii=False)


def unspell(literal: str) -> Value:
    """What `spell` wrote."""
    value = json.loads(literal)
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"not a literal of a key: {literal}")


def refusal(column: Column, value: Value) -> str:
    """Why the column would not keep the value as it is; empty when it would."""
    kind = column.type
    if value is None:
        return "" if column.nullable else "NULL in a column that takes none"
    if isinstance(kind, Integer) and isinstance(value, int):
        low, high = (-(2 ** (kind.bits - 1)), 2 ** (kind.bits - 1) - 1) if kind.signed else (0, 2**kind.bits - 1)
        return "" if low <= value <= high else f"{value} is out of range for {column.native}"
    if isinstance(kind, Text) and isinstance(value, str):
        return "" if kind.length is None or len(value) <= kind.length else f"text is too long for {column.native}"
    if isinstance(kind, Binary) and isinstance(value, bytes):
        return "" if len(value) <= kind.length else f"bytes are too long for {column.native}"
    if isinstance(kind, Enum) and isinstance(value, str):
        return "" if value in kind.members else f"{value!r} is no member of {column.native}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is no number of {column.native}"
    return ""


def convert(column: Column, value: Value) -> Value:
    """The value as the column keeps it after a change of its type. Raises ValueError when it does not."""
    kept = value
    match column.type:
        case Integer() if isinstance(value, float) and value.is_integer():
            kept = int(value)
        case Integer() if isinstance(value, str | bytes):
            kept = int(value)
        case Text() if isinstance(value, bytes):
            kept = value.decode()
        case Text() if isinstance(value, int | float):
            kept = str(value)
        case Binary() if isinstance(value, str):
            kept = value.encode()
    if why := refusal(column, kept):
        raise ValueError(f"column {column.name}: {why}")
    return kept


def fill(column: Column, number: int) -> Value:
    """What row number `number` gets in a new column: the counter, the default, NULL, or a zero of the type.

    Raises ValueError where there is none of these.
    """
    if column.auto_increment:
        return number
    if column.default is not None and not column.default_is_expression:
        return convert(column, column.default)
    if column.nullable:
        return None
    match column.type:
        case Integer():
            return 0
        case Text():
            return ""
        case Binary():
            return b""
        case Enum(members=members):
            return members[0]
        case _:
            raise ValueError(f"column {column.name}: {column.native} has no value to begin with")


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {  # Any: what a column ranks its values by compares
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TERM = re.compile(
    r"""\s*`?(?P<column>[\w$]+)`?\s*
    (?: (?P<op><=|>=|<>|<|>|=)\s*(?: '(?P<text>[^']*)' | (?P<number>-?\d+(?:\.\d+)?) )
      | is\s+(?P<not>not\s+)?null
    )\s*\Z""",
    re.IGNORECASE | re.VERBOSE,
)


def condition(endpoint: str, where: str, columns: Sequence[Column]) -> Callable[[Row], bool]:
    """The test that `where` is: `column op literal` or `column is [not] null`, joined by `and`; empty: every row.

    Comparing with NULL is never true. Raises ServerError for anything else, as a server would for a syntax error.
    """
    places = {column.name: place for place, column in enumerate(columns)}
    tests: list[Callable[[Row], bool]] = []
    for term in re.split(r"\s+and\s+", where, flags=re.IGNORECASE) if where.strip() else ():
        found = _TERM.match(term)
        if found is None:
            raise ServerError(endpoint, f"cannot read the condition {term!r}")
        if found["column"] not in places:
            raise ServerError(endpoint, f"no column {found['column']!r} in the condition {term!r}")
        tests.append(_test(found, places[found["column"]], columns[places[found["column"]]]))
    return lambda row: all(test(row) for test in tests)


def _test(found: re.Match[str], place: int, column: Column) -> Callable[[Row], bool]:
    if found["op"] is None:
        wanted = found["not"] is not None
        return lambda row: (row[place] is not None) == wanted
    literal: Value = found["text"] if found["text"] is not None else json.loads(found["number"])
    compare, right = _OPERATORS[found["op"]], rank(column, literal)
    return lambda row: row[place] is not None and compare(rank(column, row[place]), right)
