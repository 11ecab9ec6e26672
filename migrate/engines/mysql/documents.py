"""JSON documents that another server's parser read otherwise: where they differ, and the SQL that mends them.

Text is the only way for a document to travel, and it does not hold all of it. What was seen (docs/mysql.md, "JSON"):
the parsers of MySQL 5.7 and 8.0 misread some doubles of 17 digits by one unit (bugs 116160 and 112904), a DECIMAL
becomes a double, and DATE, TIME, DATETIME, TIMESTAMP, BIT and BLOB become strings of the same letters. A value that is
put into a document by JSON_SET keeps its type, and a number of SQL is read as it is written.

Pure: no server. Only documents that differ come here, so they may be parsed.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping

import msgspec

from migrate.engines.base import Altered, Document
from migrate.engines.mysql.layout import literal_bytes

CANDIDATE = re.compile(r"base64:type\d+:[A-Za-z0-9+/=\n]*|-?\d{1,4}[-:]\d\d[-:]\d\d(?: \d\d:\d\d:\d\d)?(?:\.\d{6})?")
"""Strings that may be the text of something that is no string."""

_BYTES = re.compile(r"base64:type(\d+):(.*)", re.DOTALL)
_DECIMAL = re.compile(r"-?(\d+)(?:\.(\d+))?")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TEMPORAL = {
    "DATE": "CAST('{text}' AS DATE)",
    "TIME": "CAST('{text}' AS TIME(6))",
    "DATETIME": "CAST('{text}' AS DATETIME(6))",
    "TIMESTAMP": "(SELECT `v` FROM JSON_TABLE(JSON_ARRAY('{text}'),'$[*]' COLUMNS (`v` TIMESTAMP(6) PATH '$')) AS `k`)",
}
_AS_COLUMN = "(SELECT `v` FROM JSON_TABLE(JSON_ARRAY({value}),'$[*]' COLUMNS (`v` {type} PATH '$')) AS `k`)"
BIT, YEAR, BLOB, FIXED = 16, 13, 252, 254
"""Codes of column types (enum_field_types of the server), which a document keeps of bytes that came out of a column."""

Leaf = str | bool | None
"""A scalar of a document, or how an empty array or object is written."""


class Number(str):
    """A number as it is written."""

    __slots__ = ()


class Repair(msgspec.Struct, frozen=True):
    """What to put at a path of a document: an expression of SQL; empty where nothing helps."""

    path: str
    expression: str


def leaves(text: str) -> dict[str, Leaf]:
    """Every scalar, and every empty array or object, of a document by its path."""
    return dict(_walk(json.loads(text, parse_float=Number, parse_int=Number), "$"))


def _walk(value: object, path: str) -> Iterator[tuple[str, Leaf]]:
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from _walk(one, f"{path}.{json.dumps(key, ensure_ascii=False)}")
    elif isinstance(value, list) and value:
        for number, one in enumerate(value):
            yield from _walk(one, f"{path}[{number}]")
    elif isinstance(value, dict | list):
        yield path, Number(json.dumps(value))
    else:
        assert value is None or isinstance(value, str | bool)  # noqa: S101 - what JSON has
        yield path, value


def candidates(text: str) -> list[str]:
    """Paths of strings that may be none."""
    return [
        path
        for path, leaf in leaves(text).items()
        if isinstance(leaf, str) and not isinstance(leaf, Number) and CANDIDATE.fullmatch(leaf)
    ]


def repairs(source: Document, target: Document) -> list[Repair]:
    """What must be put where, so that the target's document becomes the source's."""
    was, types = leaves(source.text), dict(source.typed)
    return [Repair(path, _expression(was.get(path), types.get(path, ""))) for path in _differing(source, target)]


def altered(source: Document, target: Document) -> tuple[Altered, ...]:
    """Every value that is another one on the target, as people read it."""
    was, is_now = leaves(source.text), leaves(target.text)
    return tuple(
        Altered(
            source.key,
            source.column,
            path,
            _said(was, path, dict(source.typed)),
            _said(is_now, path, dict(target.typed)),
        )
        for path in _differing(source, target)
    )


def _differing(source: Document, target: Document) -> list[str]:
    was, is_now = leaves(source.text), leaves(target.text)
    types, types_now = dict(source.typed), dict(target.typed)
    nothing = object()
    return [
        path
        for path in {**was, **is_now}
        if _kind(was.get(path, nothing)) != _kind(is_now.get(path, nothing))
        or types.get(path, "STRING") != types_now.get(path, "STRING")
    ]


def _kind(leaf: object) -> tuple[type, object]:
    """A number is no string, and true is not 1."""
    return type(leaf), leaf


def _said(found: Mapping[str, Leaf], path: str, types: Mapping[str, str]) -> str:
    if path not in found:
        return "nothing"
    leaf = found[path]
    shown = str(leaf) if isinstance(leaf, Number) else json.dumps(leaf, ensure_ascii=False)
    shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
    return f"{types[path]} {shown}" if types.get(path, "STRING") != "STRING" else shown


def _expression(leaf: Leaf, kind: str) -> str:
    if isinstance(leaf, Number):
        return _number(leaf)
    if not isinstance(leaf, str) or not CANDIDATE.fullmatch(leaf):
        return ""
    if kind in _TEMPORAL and not leaf.startswith("base64"):
        return _TEMPORAL[kind].format(text=leaf)
    found = _BYTES.fullmatch(leaf)
    return _bytes(int(found[1]), found[2]) if found and kind != "STRING" else ""


def _number(text: str) -> str:
    """A literal of the type that prints so."""
    if not _NUMBER.fullmatch(text):
        return ""
    if "e" in text.lower():
        return text
    decimal = _DECIMAL.fullmatch(text)
    assert decimal is not None  # noqa: S101 - a number without an exponent
    whole, fraction = decimal[1], decimal[2] or ""
    if is_double(text):
        return f"{text}e0"
    digits = max(1, len(whole.lstrip("0")) + len(fraction))
    return f"CAST('{text}' AS DECIMAL({digits},{len(fraction)}))" if digits <= 65 and len(fraction) <= 30 else ""


def is_double(text: str) -> bool:
    """Whether a number without an exponent is one that a double prints, the shortest that reads back; or a DECIMAL."""
    _, _, fraction = text.lstrip("-").partition(".")
    if fraction.endswith("0") and fraction != "0":
        return False
    if not fraction:
        return text == "-0"  # MySQL 5.7, where all others without a fraction are integers anyway
    return _significant(text) == _significant(repr(float(text)))


def _significant(text: str) -> str:
    return text.lower().partition("e")[0].lstrip("-").replace(".", "").strip("0")


def _bytes(code: int, encoded: str) -> str:
    """Bytes of the column type that they came from; of VARBINARY where there is no way to have that type."""
    try:
        value = base64.b64decode(encoded)
    except binascii.Error:
        return ""
    plain = f"CAST({literal_bytes(value)} AS BINARY)"
    if code == BLOB and len(value) <= 65_535:
        return _AS_COLUMN.format(value=plain, type="BLOB")
    if code == FIXED and 0 < len(value) <= 255:
        return _AS_COLUMN.format(value=plain, type=f"BINARY({len(value)})")
    if code == BIT and 0 < len(value) <= 8:
        return _AS_COLUMN.format(value=int.from_bytes(value), type=f"BIT({8 * len(value)})")
    if code == YEAR and value.isdigit():
        return _AS_COLUMN.format(value=int(value), type="YEAR")
    return plain
