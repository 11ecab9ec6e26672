"""How a server will carry out an ALTER TABLE: its algorithm, and what others may do meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.engines.base import Dialect
from migrate.model.change import TableChange
from migrate.model.table import Table

__all__ = ["predict"]


def predict(wanted: Table, actual: Table, changes: Sequence[TableChange], dialect: Dialect) -> tuple[str, str]:
    """(INSTANT, INPLACE or COPY; NONE, SHARED or EXCLUSIVE) of one statement with these changes; empty: not known."""
    return "", ""
