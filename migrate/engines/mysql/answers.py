"""What goes into a statement and what comes out of it."""

from __future__ import annotations

from typing import Any

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """A result set: rows in the server's order, names of the columns, number of warnings."""

    rows: tuple[tuple[Any, ...], ...]
    columns: tuple[str, ...]
    warnings: int


class Result(msgspec.Struct, frozen=True):
    """What a statement did: rows changed (or matched by LOAD DATA), number of warnings."""

    affected: int
    warnings: int


class ServerWarning(msgspec.Struct, frozen=True):
    """One line of SHOW WARNINGS; `level` is Note, Warning or Error."""

    level: str
    code: int
    text: str


def as_text(value: Any) -> str:
    """A value of a server as text, whether the session decodes or not."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def literal(value: str | int | bytes | None) -> str:
    """A constant that means `value` under every sql_mode: hex, but for plain words and numbers."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if value.isascii() and value.replace("_", "").isalnum():
        return f"'{value}'"
    return f"_utf8mb4 x'{value.encode().hex()}'"
