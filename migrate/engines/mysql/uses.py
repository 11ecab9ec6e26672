"""Which objects the words of stored ones read or call."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from migrate.engines.mysql.dictionary import Record
from migrate.model.table import StoredObject, TableName, Use

_NAME = r"(?:`(?:[^`]|``)*`|\"(?:[^\"]|\"\")*\"|[\w$]+)"
_NAMES = re.compile(
    rf"""'(?:[^'\\]|\\.|'')*'|/\*(?!M?!).*?\*/|(?P<first>{_NAME})(?:\s*\.\s*(?P<second>{_NAME}))?(?P<call>\s*\()?""",
    re.DOTALL,
)


def uses(read: Mapping[str, Sequence[Record]], stored: Sequence[StoredObject]) -> tuple[Use, ...]:
    """What the objects use of each other and of tables, sorted; may be more than there is.

    Only what exists in the schemas that were read. Names are compared as the words have them, and without case.
    """
    relations = _by_folded(TableName(row["TABLE_SCHEMA"], row["TABLE_NAME"]) for row in read["TABLES"])
    routines = {
        kind: _by_folded(
            TableName(row["ROUTINE_SCHEMA"], row["ROUTINE_NAME"])
            for row in read["ROUTINES"]
            if row["ROUTINE_TYPE"] == kind.upper()
        )
        for kind in ("function", "procedure")
    }
    found: set[Use] = set()
    for one in stored:
        home = one.name.schema.casefold()
        for first, second in _pairs(one.text):
            keys = [(home, first)] if second is None else [(first, second), (home, first)]
            for key in keys:
                found.update(Use(one.key, "relation", name) for name in relations.get(key, ()))
                found.update(Use(one.key, "function", name) for name in routines["function"].get(key, ()))
                found.update(Use(one.key, "procedure", name) for name in routines["procedure"].get(key, ()))
        found.discard(Use(one.key, "relation", one.name))
    return tuple(sorted(found, key=lambda use: (use.by[1], use.by[0], use.kind, use.of)))


def _pairs(text: str) -> set[tuple[str, str | None]]:
    return {
        (_bare(match["first"]), _bare(match["second"]) if match["second"] else None)
        for match in _NAMES.finditer(text)
        if match["first"]
    }


def _bare(name: str) -> str:
    mark = name[0]
    return (name[1:-1].replace(mark * 2, mark) if mark in '`"' else name).casefold()


def _by_folded(names: object) -> dict[tuple[str, str], list[TableName]]:
    found: dict[tuple[str, str], list[TableName]] = {}
    for name in names:  # type: ignore[attr-defined]
        found.setdefault((name.schema.casefold(), name.name.casefold()), []).append(name)
    return found
