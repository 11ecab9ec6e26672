"""Names and texts in SQL, by the walk's own hand."""

from __future__ import annotations


def quote(name: str) -> str:
    """As an identifier."""
    return "`" + name.replace("`", "``") + "`"


def string(text: str) -> str:
    """As a literal, under a sql_mode with backslashes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n") + "'"
