"""How a table that differs is told: its ranges, the values in its documents, and what to do about them."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.engines.base import Engine
from migrate.engines.compare import Causes, Compared
from migrate.errors import Different
from migrate.model.table import spell
from migrate.model.words import counted
from migrate.planner.translate import Pair

NAMED = 5
"""Differing ranges of one table that are named."""

AT_APPLY = "if the source was written to meanwhile, stop its writers and plan again"

REPAIR = "migrate verify --repair reads what differs again from the source"

REPAIRED = "if something else writes to the target, stop it and repair again"

NO_PARENT = "delete these rows on the target, or plan again with --prune for their table too"


def named(one: Compared, source: Engine) -> str:
    """A range that differs: its place and what is there."""
    bounds = []
    if one.span.lower:
        bounds.append(f"above {source.spell(one.span.lower)}")
    if one.span.upper:
        bounds.append(f"up to {source.spell(one.span.upper)}")
    place = f"key {' and '.join(bounds)}: " if bounds else ""
    if one.source.rows == one.target.rows:
        return f"{place}{counted(one.source.rows, 'row')} on both sides, with other values"
    return f"{place}{counted(one.source.rows, 'row')} at the source, {one.target.rows:,} at the target"


def different(
    pair: Pair,
    found: list[str],
    rows: bool = True,
    documents: Sequence[str] = (),
    causes: Causes | None = None,
    hint: str = AT_APPLY,
) -> Different:
    """The error that names a table and its differing ranges, or with `rows` false what differs in its definition.

    `documents` are the values in JSON documents that differ, named one by one. `causes`: why ranges differ. `hint` is
    what to do about rows.
    """
    named = "; ".join(found[:NAMED]) + (f"; and {len(found) - NAMED} more ranges" if len(found) > NAMED else "")
    if documents:
        hint = (
            "what the target cannot hold: change it at the source, or leave the table out; else migrate verify --repair"
        )
    if causes and not causes.other and (causes.zeros or causes.computed or causes.documents):
        told, hints = _told(pair, causes)
        named += f". Only {told}"
        hint = hints or hint
    return Different(
        "\n  ".join([f"{pair.target} differs from {pair.source}: {named}", *documents]),
        hint if rows else "plan again: the new plan shows what it would take",
    )


def _told(pair: Pair, causes: Causes) -> tuple[str, str]:
    """What alone differs, and what to do about it."""
    told, hints = [], []
    if causes.zeros:
        told.append(f"the sign of zero differs ({', '.join(causes.zeros)}): -0.0 on one side is 0.0 on the other")
        moved = {column.name for column in pair.wanted.columns if not column.generated}
        updates = [f"SET {spell(name)} = 0 WHERE {spell(name)} = 0" for name in causes.zeros if name in moved]
        hints.append(
            "MariaDB holds no -0.0: write these zeros again at the source"
            + (f" (UPDATE {pair.source.table} {', then '.join(updates)})" if updates else "")
            + " and run the same command again; on MySQL, migrate verify --repair"
        )
    if causes.computed:
        names = ", ".join(column.name for column in pair.wanted.columns if column.generated and column.stored)
        told.append(f"generated columns differ ({names}): the target has computed them otherwise")
        hints.append(
            "the source computed them under another time_zone, sql_mode or div_precision_increment: write these rows"
            " again there under time_zone = '+00:00' (UPDATE), or make it an ordinary column"
        )
    if causes.documents:
        told.append(f"JSON documents differ ({', '.join(causes.documents)})")
    return ", and ".join(told), "; ".join(hints)
