"""Whether views, triggers, routines and events of two schemas are equal, as their servers say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.e2e.equality import EVENTS, PARAMETERS, ROUTINES, TRIGGERS, VIEWS
from tests.walk.lane import Side
from tests.walk.model import Schema
from tests.walk.spelt import quote

_TOLD = {"view": VIEWS, "trigger": TRIGGERS, "routine": ROUTINES, "parameter": PARAMETERS, "event": EVENTS}
_WORDS = re.compile(r"`(?:[^`]|``)*`|'(?:[^'\\]|\\.|'')*'|/\*.*?\*/|#[^\n]*|-- [^\n]*", re.DOTALL)


def stored_differences(source: Side, schema: str, target: Side, other: str, wanted: Schema) -> list[str]:
    """What of the stored objects that are wanted is otherwise on the target."""
    found: list[str] = []
    for kind, names in names_of(wanted).items():
        for name in names:
            here, there = _shown(source, schema, kind, name), _shown(target, other, kind, name)
            if here is None or there is None:
                found.append(f"{kind} {name}: {'not there' if there is None else 'not at the source'}")
                continue
            if _said(here) != _said(there):
                found.append(f"{kind} {name}: strings or comments are not the source's: {_said(here)}, {_said(there)}")
            one, two = _nameless(here, schema, other), _nameless(there, schema, other)
            if one != two:
                found.append(f"{kind} {name}:\n  at the source {one}\n  on the target {two}")
    mine = [_nameless(row, schema, other) for row in _told(source, schema, wanted)]
    theirs = [_nameless(row, schema, other) for row in _told(target, other, wanted)]
    found += [f"only the source tells {row}" for row in mine if row not in theirs]
    found += [f"only the target tells {row}" for row in theirs if row not in mine]
    return found


def names_of(wanted: Schema) -> dict[str, list[str]]:
    """Names by kind, in the words of SHOW CREATE."""
    return {
        "VIEW": [one.name for one in wanted.views],
        "TRIGGER": [one.name for one in wanted.triggers],
        "FUNCTION": [one.name for one in wanted.routines if one.kind == "FUNCTION"],
        "PROCEDURE": [one.name for one in wanted.routines if one.kind == "PROCEDURE"],
        "EVENT": [one.name for one in wanted.events],
    }


def _shown(side: Side, schema: str, kind: str, name: str) -> tuple[str, ...] | None:
    """The row of SHOW CREATE; None for an object that is not there."""
    tables = {"VIEW": ("TABLES", "TABLE"), "TRIGGER": ("TRIGGERS", "TRIGGER"), "EVENT": ("EVENTS", "EVENT")}
    table, column = tables.get(kind, ("ROUTINES", "ROUTINE"))
    query = f"SELECT 1 FROM information_schema.{table} WHERE {column}_SCHEMA = %s AND {column}_NAME = %s"
    if not side.rows(query, schema, name):
        return None
    (row,) = side.rows(f"SHOW CREATE {kind} {quote(schema)}.{quote(name)}")
    return tuple(str(cell) for cell in row if not isinstance(cell, datetime))  # a trigger's time of birth


def _told(side: Side, schema: str, wanted: Schema) -> list[tuple[Any, ...]]:
    names = names_of(wanted)
    routines = [*names["FUNCTION"], *names["PROCEDURE"]]
    known = {
        "view": names["VIEW"],
        "trigger": names["TRIGGER"],
        "routine": routines,
        "parameter": routines,
        "event": names["EVENT"],
    }
    found: list[tuple[Any, ...]] = []
    for kind, query in _TOLD.items():
        rows = [row for row in side.rows(query, schema) if row[0] in known[kind]]
        if kind == "trigger":
            rows = _ranked(rows)
        found += [(kind, *row) for row in rows]
    return found


def _ranked(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Triggers by their place among those that are wanted: others may stand between them."""
    ranks: dict[tuple[Any, ...], int] = {}
    found = []
    for row in rows:
        moment = row[1:4]
        ranks[moment] = ranks.get(moment, 0) + 1
        found.append((*row[:4], ranks[moment], *row[5:]))
    return found


def _nameless(row: Sequence[Any], schema: str, other: str) -> tuple[Any, ...]:
    """The row with one name for both schemas."""
    return tuple(cell.replace(schema, other) if isinstance(cell, str) else cell for cell in row)


def _said(row: Sequence[str]) -> list[str]:
    """Strings and comments, in which no name may change."""
    return [word for cell in row for word in _WORDS.findall(cell) if not word.startswith("`")]
