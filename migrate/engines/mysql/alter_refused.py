"""Changes that a server refuses whatever rows there are: known from the definitions, and so before anything is done."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from migrate.engines.base import Dialect
from migrate.engines.mysql.alter_options import WHOLE_TYPES
from migrate.model.change import AlterColumn, AlterStorage, TableChange
from migrate.model.table import Column
from migrate.model.types import Binary, Enum, Geometry, Json, Set, Text
from migrate.sql import quote

__all__ = ["refused"]

_CLOSED = frozenset({"uuid", "inet6", "inet4", "vector"})
"""Types of MariaDB that, like geometries, are cast from and to strings only (error 4078; 10.11.18, 11.8.9)."""
_INET = (11, 3)
"""From here inet4 and inet6 are cast to each other (not in 10.11.18, in 11.8.9)."""
_STRINGS = (Text, Binary, Enum, Set, Json)


def refused(changes: Sequence[TableChange], dialect: Dialect, remade: Collection[str]) -> str:
    """Why the server refuses them, or nothing. `remade` are columns that are dropped and added instead of altered."""
    for change in changes:
        if isinstance(change, AlterStorage):
            for word in sorted((set(change.actual.options) ^ set(change.wanted.options)) & WHOLE_TYPES):
                return f"a table is {word} from its beginning, or never: it cannot be altered to be"
        if isinstance(change, AlterColumn) and dialect.vendor == "mariadb" and change.wanted.name not in remade:
            actual, wanted = change.actual, change.wanted
            if not wanted.generated and not _casts(actual, wanted, dialect):
                return (
                    f"column {quote(wanted.name)}: MariaDB does not cast {actual.native} to {wanted.native}"
                    " (error 4078): drop the column on the target, or give it another name"
                )
    return ""


def _casts(actual: Column, wanted: Column, dialect: Dialect) -> bool:
    before, after = _closed(actual), _closed(wanted)
    if before == after or ({before, after} == {"inet4", "inet6"} and dialect.version >= _INET):
        return True
    return isinstance(actual.type, _STRINGS) or isinstance(wanted.type, _STRINGS)


def _closed(column: Column) -> str:
    if isinstance(column.type, Geometry):
        return "geometry"
    name = column.native.lower().partition("(")[0]
    return name if name in _CLOSED else ""
