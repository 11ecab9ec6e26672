"""Neutral column types: what a value is, whatever engine holds it.

A tagged union. Each engine turns its native types into these and back; within one engine family the native text
passes through untouched, and these only choose how a value is laid out, compared and estimated.
"""

from __future__ import annotations

import msgspec


class _Type(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"):
    pass


class Integer(_Type, frozen=True, tag="integer"):
    """`bits` of storage: 8, 16, 24, 32 or 64."""

    bits: int
    signed: bool = True


class Decimal(_Type, frozen=True, tag="decimal"):
    """Exact number: `precision` digits, `scale` of them after the point."""

    precision: int
    scale: int


class Float(_Type, frozen=True, tag="float"):
    """IEEE 754 binary32 or binary64."""

    bits: int


class Text(_Type, frozen=True, tag="text"):
    """Characters in `charset` (the engine's own name); `length` in characters, None when only bytes limit it."""

    charset: str
    length: int | None = None
    fixed: bool = False


class Binary(_Type, frozen=True, tag="binary"):
    """Bytes; `length` in bytes."""

    length: int
    fixed: bool = False


class Temporal(_Type, frozen=True, tag="temporal"):
    """`kind`: date, time, datetime, timestamp (an instant) or year; `precision`: digits of the second's fraction."""

    kind: str
    precision: int = 0


class Json(_Type, frozen=True, tag="json"):
    """A JSON document in the engine's own storage."""


class Enum(_Type, frozen=True, tag="enum"):
    """One of `members`; the stored value is the 1-based index, 0 is the invalid value."""

    members: tuple[str, ...]


class Set(_Type, frozen=True, tag="set"):
    """Any of `members` (64 at most); the stored value is a bit mask."""

    members: tuple[str, ...]


class Bit(_Type, frozen=True, tag="bit"):
    """A bit field of 1 to 64 bits."""

    bits: int


class Geometry(_Type, frozen=True, tag="geometry"):
    """A geometry of `kind` (point, polygon, …, or geometry for any)."""

    kind: str


class Array(_Type, frozen=True, tag="array"):
    """A list of `element`."""

    element: NeutralType


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One named member of a Row."""

    name: str
    type: NeutralType


class Row(_Type, frozen=True, tag="row"):
    """A struct of named fields."""

    fields: tuple[Field, ...]


class Map(_Type, frozen=True, tag="map"):
    """A map from `key` to `value`."""

    key: NeutralType
    value: NeutralType


class Opaque(_Type, frozen=True, tag="opaque"):
    """A type with no neutral meaning; it moves only within its own engine family, by its native text."""

    native: str


NeutralType = (
    Integer
    | Decimal
    | Float
    | Text
    | Binary
    | Temporal
    | Json
    | Enum
    | Set
    | Bit
    | Geometry
    | Array
    | Row
    | Map
    | Opaque
)
