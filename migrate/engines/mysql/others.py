"""Views, triggers, routines, events and sequences: their names, a hash of all that defines each, and who sees them."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from migrate.engines.mysql.dictionary import Record
from migrate.model.table import OtherObject, TableName


def others(read: dict[str, tuple[Record, ...]], wanted: Callable[[TableName], bool]) -> tuple[OtherObject, ...]:
    """Those that `wanted` picks, by name and kind. A trigger goes with its table, the others by their own name."""
    found = (*_views(read), *_triggers(read), *_routines(read), *_events(read), *_sequences(read))
    made = {
        other
        for other in found
        if wanted(other.name) and (not other.table or wanted(TableName(other.name.schema, other.table)))
    }
    return tuple(sorted(made, key=lambda other: (other.name, other.kind)))


def unseen(grants: Sequence[str], schemas: Sequence[str]) -> tuple[str, ...]:
    """Privileges that these lines of SHOW GRANTS do not give in every one of `schemas`, and that show other objects.

    Servers leave out of information_schema what the account may not see: a trigger without TRIGGER, an event without
    EVENT, a routine without one of SHOW_ROUTINE, EXECUTE, ALTER ROUTINE, CREATE ROUTINE or a SELECT on *.*. What is
    granted on single tables or routines shows these only and does not count.
    """
    given = [(found["privileges"], found["schema"]) for line in grants if (found := _GRANT.match(line))]
    taken = [(found["privileges"], found["schema"]) for line in grants if (found := _REVOKE.match(line))]

    def may(schema: str) -> set[str]:
        gone = {word for words, place in taken if place == schema for word in _words(words)}
        held = set[str]()
        for words, place in given:
            if _covers(place, schema):
                # A partial revoke takes from what is granted on *.* only, and knows no wildcards.
                words_here = _words(words) - (gone if place is None else set())
                held |= words_here | {f"{word} ON *.*" for word in words_here if place is None}
        return held

    held = [may(schema) for schema in schemas]
    return tuple(name for name, enough in _SHOWN_BY.items() if not all(enough & one for one in held))


_PLACE = r"(?P<privileges>[^`]*?) ON (?:\*\.\*|`(?P<schema>(?:[^`]|``)*)`\.\*)"
_GRANT = re.compile(rf"GRANT {_PLACE} TO ")
_REVOKE = re.compile(rf"REVOKE {_PLACE} FROM ")  # a partial revoke: granted on *.*, but for this schema
_SHOWN_BY = {
    "TRIGGER": {"TRIGGER", "ALL PRIVILEGES", "ALL"},
    "EVENT": {"EVENT", "ALL PRIVILEGES", "ALL"},
    "SHOW_ROUTINE": {
        *("SHOW_ROUTINE", "SELECT ON *.*", "EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE", "ALL PRIVILEGES", "ALL"),
    },
}


def _words(privileges: str) -> set[str]:
    return {word.strip() for word in privileges.split(",")}


def _covers(granted: str | None, schema: str) -> bool:
    """Whether a grant on this schema, in which % and _ stand for others, or on all of them, is one on `schema`."""
    if granted is None:
        return True
    pieces = re.findall(r"\\[%_\\]|.", granted.replace("``", "`"), re.DOTALL)
    pattern = "".join({"%": ".*", "_": "."}.get(piece) or re.escape(piece[-1]) for piece in pieces)
    return re.fullmatch(pattern, schema, re.DOTALL) is not None


_Found = Iterator[OtherObject]


def _hash(*parts: object) -> str:
    """Equal for equal definitions only: every part with its length before it."""
    texts = ["" if part is None else f"{len(str(part))}:{part}" for part in parts]
    return hashlib.sha256(",".join(texts).encode("utf-8", "surrogateescape")).hexdigest()


def _rest(row: Record, *but: str) -> tuple[object, ...]:
    return tuple(value for name, value in row.items() if name not in but)


def _views(read: dict[str, tuple[Record, ...]]) -> _Found:
    for row in read["VIEWS"]:
        name = TableName(row["TABLE_SCHEMA"], row["TABLE_NAME"])
        yield OtherObject("view", name, _hash(*_rest(row, "TABLE_SCHEMA", "TABLE_NAME")))


def _triggers(read: dict[str, tuple[Record, ...]]) -> _Found:
    for row in read["TRIGGERS"]:
        name = TableName(row["TRIGGER_SCHEMA"], row["TRIGGER_NAME"])
        definition = _hash(*_rest(row, "TRIGGER_SCHEMA"))
        yield OtherObject("trigger", name, definition, row["EVENT_OBJECT_TABLE"], row["EVENT_MANIPULATION"])


def _routines(read: dict[str, tuple[Record, ...]]) -> _Found:
    parameters: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for row in sorted(read["PARAMETERS"], key=lambda row: int(row["ORDINAL_POSITION"])):
        parameters[row["SPECIFIC_SCHEMA"], row["SPECIFIC_NAME"], row["ROUTINE_TYPE"]].append(row)
    for row in read["ROUTINES"]:
        name = TableName(row["ROUTINE_SCHEMA"], row["ROUTINE_NAME"])
        kind = row["ROUTINE_TYPE"]
        taken = parameters[row["ROUTINE_SCHEMA"], row["SPECIFIC_NAME"], kind]
        about = [value for parameter in taken for value in _rest(parameter, "SPECIFIC_SCHEMA")]
        yield OtherObject(kind.lower(), name, _hash(*_rest(row, "ROUTINE_SCHEMA"), *about))


def _events(read: dict[str, tuple[Record, ...]]) -> _Found:
    for row in read["EVENTS"]:
        name = TableName(row["EVENT_SCHEMA"], row["EVENT_NAME"])
        yield OtherObject("event", name, _hash(*_rest(row, "EVENT_SCHEMA")))


def _sequences(read: dict[str, tuple[Record, ...]]) -> _Found:
    """MariaDB only. Its settings are those of SHOW CREATE SEQUENCE, of which information_schema says nothing."""
    for row in read["TABLES"]:
        if row["TABLE_TYPE"] == "SEQUENCE":
            name = TableName(row["TABLE_SCHEMA"], row["TABLE_NAME"])
            yield OtherObject("sequence", name)
