"""Sequences in the defaults of MariaDB's columns, the only names in a table's own words that are not its columns.

Servers print each with its schema: nextval(`shop`.`numbers`).
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from migrate.engines.base import Renames
from migrate.engines.mysql.names import target_of
from migrate.model.table import Column, Table, TableName
from migrate.sql import quote_table

__all__ = ["drawing_from", "rename_table", "sequences"]

_QUOTED = r"`(?:[^`]|``)*`"
_DRAWN = re.compile(
    rf"""'(?:[^'\\]|\\.|'')*'|\b(?P<word>nextval|lastval)\((?P<schema>{_QUOTED})\.(?P<name>{_QUOTED})\)""",
    re.DOTALL | re.IGNORECASE,
)
"""Or a string, in which the same words are none."""


def rename_table(table: Table, renames: Renames) -> Table:
    """The table whose defaults draw from the sequences where these go."""

    def moved(found: re.Match[str]) -> str:
        return f"{found['word']}({quote_table(target_of(_name(found), renames))})" if found["word"] else found[0]

    columns = tuple(
        replace(column, default=_DRAWN.sub(moved, column.default))
        if column.default_is_expression and column.default
        else column
        for column in table.columns
    )
    return replace(table, columns=columns)


def drawing_from(column: Column, text: str) -> str:
    """The text that defines the column, drawing from the sequences that its default says."""
    wanted = iter([found[0] for found in _DRAWN.finditer(column.default or "") if found["word"]])
    if not column.default_is_expression:
        return text
    return _DRAWN.sub(lambda found: next(wanted, found[0]) if found["word"] else found[0], text)


def sequences(table: Table) -> tuple[TableName, ...]:
    """The sequences that the table's defaults draw from."""
    defaults = (column.default or "" for column in table.columns if column.default_is_expression)
    names = (_name(found) for default in defaults for found in _DRAWN.finditer(default) if found["word"])
    return tuple(sorted(set(names)))


def _name(found: re.Match[str]) -> TableName:
    return TableName(_bare(found["schema"]), _bare(found["name"]))


def _bare(name: str) -> str:
    return name[1:-1].replace("``", "`")
