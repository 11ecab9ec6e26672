"""Conditions on rows, checked before a server sees them: each becomes part of larger statements, on both sides."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.errors import BadConfig
from migrate.model.plan import Move
from migrate.sql import condition_fault


def check_conditions(moves: Sequence[Move]) -> None:
    """Raises `BadConfig`, naming the move and the table, for a `where` that would not stay within its parentheses.

    Nor may it hold a subquery or a qualified name: verification asks it of the target too, where schemas and tables
    may be called differently and other tables hold other rows.
    """
    for number, move in enumerate(moves):
        for glob, condition in move.where.items():
            fault = condition_fault(condition)
            if fault:
                raise BadConfig(
                    "configuration",
                    f"$.move[{number}].where[{glob!r}]",
                    f"{condition!r} is no condition on the rows of one table: {fault}",
                    "write a condition on the table's own columns by their bare names",
                )
