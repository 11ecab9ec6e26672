"""MySQL's and MariaDB's column types as neutral ones, and neutral ones as MySQL's.

Between two servers of this family the native text passes through untouched; the neutral type then only tells how a
value is laid out and compared. Types: MySQL 8.0 Reference Manual, chapter 11.
"""

from __future__ import annotations

import re

from migrate.model.types import (
    Array,
    Binary,
    Bit,
    Decimal,
    Enum,
    Float,
    Geometry,
    Integer,
    Json,
    Map,
    NeutralType,
    Opaque,
    Row,
    Set,
    Temporal,
    Text,
)

_INTEGER_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "integer": 32, "bigint": 64}
_INTEGER_NAMES = {8: "tinyint", 16: "smallint", 24: "mediumint", 32: "int", 64: "bigint"}
_TEXTS = frozenset({"tinytext", "text", "mediumtext", "longtext"})
_BLOB_BYTES = {"tiny": 255, "": 65_535, "medium": 16_777_215, "long": 4_294_967_295}
_TEMPORALS = frozenset({"date", "time", "datetime", "timestamp", "year"})
_GEOMETRIES = frozenset(
    {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
    | {"geometrycollection", "geomcollection"}
)

MAX_PRECISION = 65
MAX_SCALE = 30
MAX_CHARS = 255
MAX_ROW_BYTES = 65_535
MAX_VARCHAR = 16_383
"""Characters of utf8mb4 that fit into a row of 65,535 bytes."""

_NUMBERS = re.compile(r"\((\d+)(?:\s*,\s*(\d+))?\)")
_MEMBER = re.compile(r"'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_ESCAPED = re.compile(r"''|\\(.)", re.DOTALL)
_ESCAPES = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a", "b": "\b"}


def to_neutral(column_type: str, data_type: str, charset: str) -> NeutralType:
    """The neutral type of information_schema.COLUMNS' COLUMN_TYPE, DATA_TYPE and CHARACTER_SET_NAME.

    A type that this knows nothing of is Opaque, never an error.
    """
    kind = data_type.lower()
    first, second = _numbers(column_type)
    if kind in _INTEGER_BITS:
        return Integer(_INTEGER_BITS[kind], signed=not _unsigned(column_type))
    if kind in _TEMPORALS:
        return Temporal(kind, (first or 0) if kind not in ("date", "year") else 0)
    if kind in ("char", "varchar"):
        fixed = kind == "char"
        length = 1 if first is None else first
        return Binary(length, fixed) if charset == "binary" else Text(charset, length, fixed)
    if kind in ("binary", "varbinary"):
        return Binary(1 if first is None else first, fixed=kind == "binary")
    if kind in _TEXTS:
        return Binary(_BLOB_BYTES[kind.removesuffix("text")]) if charset == "binary" else Text(charset)
    if kind.endswith("blob") and kind.removesuffix("blob") in _BLOB_BYTES:
        return Binary(_BLOB_BYTES[kind.removesuffix("blob")])
    if kind in _GEOMETRIES:
        return Geometry("geometrycollection" if kind == "geomcollection" else kind)
    match kind:
        case "decimal" | "numeric":
            return Decimal(10 if first is None else first, second or 0)
        case "float":
            return Float(32)
        case "double":
            return Float(64)
        case "bit":
            return Bit(1 if first is None else first)
        case "json":
            return Json()
        case "enum":
            return Enum(members(column_type))
        case "set":
            return Set(members(column_type))
    return Opaque(column_type)


def members(column_type: str) -> tuple[str, ...]:
    """The members of an ENUM or SET, as the server spells them in COLUMN_TYPE whatever the sql_mode.

    A quote is doubled; NUL, newline, carriage return and backslash are written with a backslash (sql_string.cc,
    append_unescaped). Characters outside the Basic Multilingual Plane read as `?`: the dictionary holds utf8mb3.
    """
    return tuple(_ESCAPED.sub(_unescaped, text) for text in _MEMBER.findall(column_type))


def _unescaped(match: re.Match[str]) -> str:
    sign: str | None = match[1]
    return "'" if sign is None else _ESCAPES.get(sign, sign)


def _unsigned(column_type: str) -> bool:
    words = column_type.lower().split()
    return "unsigned" in words or "zerofill" in words


def _numbers(column_type: str) -> tuple[int | None, int | None]:
    found = _NUMBERS.search(column_type)
    if found is None:
        return None, None
    return int(found[1]), None if found[2] is None else int(found[2])


def from_neutral(neutral: NeutralType) -> tuple[str, tuple[str, ...]]:
    """A MySQL type that holds every value of `neutral`, and what a reviewer must know where it does not quite."""
    match neutral:
        case Integer(bits, signed):
            name = _INTEGER_NAMES[next(size for size in sorted(_INTEGER_NAMES) if size >= min(bits, 64))]
            return (name if signed else f"{name} unsigned"), ()
        case Decimal(precision, scale):
            return _decimal(precision, scale)
        case Float(bits):
            return ("float" if bits <= 32 else "double"), ()
        case Text(_, length, fixed):
            return _text(length, fixed), ()
        case Binary(length, fixed):
            return _binary(length, fixed), ()
        case Temporal(kind, precision):
            return _temporal(kind, precision)
        case Json():
            return "json", ()
        case Enum(texts):
            return f"enum({_listed(texts)})", ()
        case Set(texts):
            return f"set({_listed(texts)})", ()
        case Bit(bits):
            return f"bit({bits})", ()
        case Geometry(kind):
            return (kind if kind in _GEOMETRIES else "geometry"), ()
        case Array() | Row() | Map():
            return "json", (f"MySQL has no {type(neutral).__name__.lower()} type: each value becomes a JSON document",)
        case Opaque(native):
            return native, (f"the type {native} is passed on by its name: the server must know it",)


def _decimal(precision: int, scale: int) -> tuple[str, tuple[str, ...]]:
    native = f"decimal({min(precision, MAX_PRECISION)},{min(scale, MAX_SCALE)})"
    if precision <= MAX_PRECISION and scale <= MAX_SCALE:
        return native, ()
    return native, (f"decimal({precision},{scale}) is more than MySQL holds: {native} does not take every value",)


def _text(length: int | None, fixed: bool) -> str:
    if length is None or length > MAX_VARCHAR:
        return "longtext"
    return f"char({length})" if fixed and length <= MAX_CHARS else f"varchar({length})"


def _binary(length: int, fixed: bool) -> str:
    if length > _BLOB_BYTES["medium"]:
        return "longblob"
    if length > MAX_ROW_BYTES:
        return "mediumblob"
    if length > MAX_VARCHAR:
        return "blob"
    return f"binary({length})" if fixed and length <= MAX_CHARS else f"varbinary({length})"


def _temporal(kind: str, precision: int) -> tuple[str, tuple[str, ...]]:
    if kind in ("date", "year"):
        return kind, ()
    native = kind if not precision else f"{kind}({min(precision, 6)})"
    findings = []
    if precision > 6:
        findings.append(f"{kind}({precision}) becomes {native}: MySQL keeps microseconds")
    return native, tuple(findings)


def _listed(texts: tuple[str, ...]) -> str:
    """Members as COLUMN_TYPE spells them."""
    table = str.maketrans({"'": "''", "\\": "\\\\", "\0": "\\0", "\n": "\\n", "\r": "\\r"})
    return ",".join(f"'{text.translate(table)}'" for text in texts)
