"""Views, triggers, routines, events and sequences: their names, and a hash of all that defines each."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator

from migrate.engines.mysql.dictionary import Record
from migrate.model.table import OtherObject, TableName


def others(read: dict[str, tuple[Record, ...]], wanted: Callable[[TableName], bool]) -> tuple[OtherObject, ...]:
    """Those that `wanted` picks, by name and kind. A trigger goes with its table, the others by their own name."""
    found = (*_views(read), *_triggers(read), *_routines(read), *_events(read), *_sequences(read))
    picked = (one for one in found if wanted(one[1]) and wanted(one[2]))
    made = {OtherObject(kind, name, definition) for kind, name, _, definition in picked}
    return tuple(sorted(made, key=lambda other: (other.name, other.kind)))


_Found = Iterator[tuple[str, TableName, TableName, str]]


def _hash(*parts: object) -> str:
    """Equal for equal definitions only: every part with its length before it."""
    texts = ["" if part is None else f"{len(str(part))}:{part}" for part in parts]
    return hashlib.sha256(",".join(texts).encode("utf-8", "surrogateescape")).hexdigest()


def _rest(row: Record, *but: str) -> tuple[object, ...]:
    return tuple(value for name, value in row.items() if name not in but)


def _views(read: dict[str, tuple[Record, ...]]) -> _Found:
    for row in read["VIEWS"]:
        name = TableName(row["TABLE_SCHEMA"], row["TABLE_NAME"])
        yield "view", name, name, _hash(*_rest(row, "TABLE_SCHEMA", "TABLE_NAME"))


def _triggers(read: dict[str, tuple[Record, ...]]) -> _Found:
    for row in read["TRIGGERS"]:
        schema = row["TRIGGER_SCHEMA"]
        table = TableName(schema, row["EVENT_OBJECT_TABLE"])
        yield "trigger", TableName(schema, row["TRIGGER_NAME"]), table, _hash(*_rest(row, "TRIGGER_SCHEMA"))


def _routines(read: dict[str, tuple[Record, ...]]) -> _Found:
    parameters: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for row in sorted(read["PARAMETERS"], key=lambda row: int(row["ORDINAL_POSITION"])):
        parameters[row["SPECIFIC_SCHEMA"], row["SPECIFIC_NAME"], row["ROUTINE_TYPE"]].append(row)
    for row in read["ROUTINES"]:
        name = TableName(row["ROUTINE_SCHEMA"], row["ROUTINE_NAME"])
        kind = row["ROUTINE_TYPE"]
        taken = parameters[row["ROUTINE_SCHEMA"], row["SPECIFIC_NAME"], kind]
        about = [value for parameter in taken for value in _rest(parameter, "SPECIFIC_SCHEMA")]
        yield kind.lower(), name, name, _hash(*_rest(row, "ROUTINE_SCHEMA"), *about)


def _events(read: dict[str, tuple[Record, ...]]) -> _Found:
    for row in read["EVENTS"]:
        name = TableName(row["EVENT_SCHEMA"], row["EVENT_NAME"])
        yield "event", name, name, _hash(*_rest(row, "EVENT_SCHEMA"))


def _sequences(read: dict[str, tuple[Record, ...]]) -> _Found:
    """MariaDB only. Its settings are those of SHOW CREATE SEQUENCE, of which information_schema says nothing."""
    for row in read["TABLES"]:
        if row["TABLE_TYPE"] == "SEQUENCE":
            name = TableName(row["TABLE_SCHEMA"], row["TABLE_NAME"])
            yield "sequence", name, name, ""
