"""Trino's types: read, spelled in one way, and what becomes of each in Hive, Iceberg and Delta tables.

The table below was measured on Trino 476 and 483 (tests/lake/test_types.py). A cast is never silent: each has a note.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from migrate.engines.lake.lexemes import Lexeme, closing, lexemes, split
from migrate.model.types import (
    Array,
    Binary,
    Bit,
    Decimal,
    Field,
    Float,
    Integer,
    Json,
    Map,
    NeutralType,
    Opaque,
    Row,
    Temporal,
    Text,
)
from migrate.sql import ansi

Format = Literal["hive", "iceberg", "delta_lake"]
FORMATS: dict[str, Format] = {"hive": "hive", "iceberg": "iceberg", "delta_lake": "delta_lake"}
"""Connectors whose tables are files, by the name that Trino gives them."""

_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_UNBOUNDED = 2**31 - 1


class Kind(msgspec.Struct, frozen=True):
    """A type: its name in lower case, its numbers, and the types in it (of a row with their names)."""

    name: str
    numbers: tuple[int, ...] = ()
    parts: tuple[tuple[str, Kind], ...] = ()
    zoned: bool = False


class Cast(msgspec.Struct, frozen=True):
    """What a format holds in place of a type. `lossy`: a value may change."""

    kind: Kind
    lossy: bool = False
    why: str = ""


def read(native: str) -> Kind:
    """A type as Trino prints it. Raises `UnreadableDdl` where a quote does not end."""
    return _read(lexemes(native))


def _read(found: tuple[Lexeme, ...]) -> Kind:
    words: list[str] = []
    numbers: tuple[int, ...] = ()
    parts: tuple[tuple[str, Kind], ...] = ()
    at = 0
    while at < len(found):
        one = found[at]
        if one.text == "(" and one.kind == "sign":
            end = closing(found, at)
            inside = split(found[at + 1 : end])
            if all(len(part) == 1 and part[0].kind == "number" for part in inside):
                numbers = tuple(int(part[0].text) for part in inside)
            elif words == ["row"]:
                parts = tuple(_field(part) for part in inside)
            else:
                parts = tuple(("", _read(part)) for part in inside)
            at = end + 1
        else:
            words.append(one.text.lower())
            at += 1
    zoned = words[1:] == ["with", "time", "zone"]
    return Kind(words[0] if zoned else " ".join(words), numbers, parts, zoned)


def _field(found: tuple[Lexeme, ...]) -> tuple[str, Kind]:
    """A field of a row has a name unless its type stands alone."""
    if len(found) > 1 and found[0].is_name and found[1].is_name and found[1].word not in ("WITH", "PRECISION"):
        return found[0].text, _read(found[1:])
    return "", _read(found)


def spell(kind: Kind) -> str:
    """The type as it is written in DDL, one spelling for each: names of fields always in quotes."""
    if kind.name == "row":
        inside = ", ".join(f"{ansi(name)} {spell(part)}" if name else spell(part) for name, part in kind.parts)
        return f"row({inside})"
    inside = ", ".join([*(str(number) for number in kind.numbers), *(spell(part) for _, part in kind.parts)])
    return f"{kind.name}{f'({inside})' if inside else ''}{' with time zone' if kind.zoned else ''}"


def neutral(kind: Kind) -> NeutralType:
    """What its values are, whatever engine holds them."""
    match kind.name:
        case "tinyint" | "smallint" | "integer" | "bigint":
            return Integer(_BITS[kind.name])
        case "boolean":
            return Bit(1)
        case "real":
            return Float(32)
        case "double":
            return Float(64)
        case "decimal":
            precision, scale = (*kind.numbers, 0)[:2] if kind.numbers else (38, 0)
            return Decimal(precision, scale)
        case "varchar":
            return Text("utf8", kind.numbers[0] if kind.numbers else None)
        case "char":
            return Text("utf8", kind.numbers[0] if kind.numbers else 1, fixed=True)
        case "varbinary":
            return Binary(_UNBOUNDED)
        case "date":
            return Temporal("date")
        case "time" if not kind.zoned:
            return Temporal("time", _precision(kind))
        case "timestamp":
            return Temporal("timestamp" if kind.zoned else "datetime", _precision(kind))
        case "json":
            return Json()
        case "array" if len(kind.parts) == 1:
            return Array(neutral(kind.parts[0][1]))
        case "map" if len(kind.parts) == 2:
            return Map(neutral(kind.parts[0][1]), neutral(kind.parts[1][1]))
        case "row":
            return Row(tuple(Field(name, neutral(part)) for name, part in kind.parts))
        case _:
            return Opaque(spell(kind))


def _precision(kind: Kind) -> int:
    return kind.numbers[0] if kind.numbers else 3


_TEXT = Kind("varchar")


def held(kind: Kind, target: Format) -> Cast:
    """What a table of this format holds instead of the type; the type itself where it holds it."""
    if kind.parts:
        inner = [held(part, target) for _, part in kind.parts]
        parts = tuple((name, cast.kind) for (name, _), cast in zip(kind.parts, inner, strict=True))
        changed = next((cast.why for cast in inner if cast.why), "")
        made = msgspec.structs.replace(kind, parts=parts)
        return Cast(made, any(cast.lossy for cast in inner), changed)
    match target, kind.name:
        case "iceberg", "tinyint" | "smallint":
            return Cast(Kind("integer"), why="Iceberg has no smaller integer")
        case "iceberg" | "delta_lake", "char":
            return Cast(_TEXT, why="spaces at its end, which CHAR does not count, are dropped")
        case "iceberg" | "delta_lake", "varchar" if kind.numbers:
            return Cast(_TEXT, why="text has no limit there")
        case "delta_lake", "timestamp" if kind.zoned:
            return _to_precision(kind, 3)
        case "iceberg" | "delta_lake", "timestamp":
            return _to_precision(kind, 6)
        case "iceberg", "time" if not kind.zoned:
            return _to_precision(kind, 6)
        case "hive", "timestamp" if not kind.zoned:
            return _to_precision(kind, 3)
        case "hive", "timestamp":
            made = Kind("timestamp", (3,))
            return Cast(made, True, "Hive has no time zone: it is dropped, and what the clock showed is kept")
        case _, "json":
            return Cast(_TEXT, why="there is no type for JSON there")
        case "hive" | "delta_lake", "uuid" | "time" | "ipaddress":
            return Cast(_TEXT, why="there is no such type there")
        case "iceberg", "time" | "ipaddress":
            return Cast(_TEXT, why="there is no such type there")
        case _:
            return Cast(kind)


def _to_precision(kind: Kind, digits: int) -> Cast:
    now = _precision(kind)
    if now == digits:
        return Cast(kind)
    made = msgspec.structs.replace(kind, numbers=(digits,))
    lossy = now > digits
    why = f"{digits} digits of a second there{': more are rounded' if lossy else ''}"
    return Cast(made, lossy, why)


def converted(kind: Kind, wanted: Kind, value: str, depth: int = 0) -> str:
    """The SQL for a value as another type.

    A CHAR that becomes text is cut at its end by ourselves, wherever it is inside: a CAST pads it in Trino 476, and
    does not in 483.
    """
    if kind == wanted:
        return value
    if not _has_char(kind, wanted):
        return f"CAST({value} AS {spell(wanted)})"
    inner = f"x{depth}"
    match kind.name:
        case "char":
            return f"rtrim(CAST({value} AS varchar))"
        case "array":
            return f"transform({value}, {inner} -> {_part(kind, wanted, 0, inner, depth)})"
        case "map":
            key, item = f"k{depth}", f"v{depth}"
            keys = f"transform_keys({value}, ({key}, {item}) -> {_part(kind, wanted, 0, key, depth)})"
            return f"transform_values({keys}, ({key}, {item}) -> {_part(kind, wanted, 1, item, depth)})"
        case _:
            fields = ", ".join(
                _part(kind, wanted, number, f"{value}[{number + 1}]", depth) for number in range(len(kind.parts))
            )
            return f"IF({value} IS NULL, NULL, CAST(ROW({fields}) AS {spell(wanted)}))"


def _part(kind: Kind, wanted: Kind, number: int, value: str, depth: int) -> str:
    return converted(kind.parts[number][1], wanted.parts[number][1], value, depth + 1)


def _has_char(kind: Kind, wanted: Kind) -> bool:
    if kind.name == "char":
        return wanted.name == "varchar"
    if kind.name != wanted.name or len(kind.parts) != len(wanted.parts):
        return False
    return any(_has_char(one, other) for (_, one), (_, other) in zip(kind.parts, wanted.parts, strict=True))
