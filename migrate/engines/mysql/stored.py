"""Views, triggers, routines, events and sequences as the server's dictionary tells them.

Pure functions over rows of information_schema; `shown` reads what these do not tell.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from migrate.engines.mysql.dictionary import Record
from migrate.model.table import StoredKind, StoredObject, TableName
from migrate.sql import quote

_Read = Mapping[str, Sequence[Record]]

PACKAGE = "it is a package of sql_mode=ORACLE, which this version does not move"

_KINDS: dict[str, StoredKind] = {"PROCEDURE": "procedure", "FUNCTION": "function"}

_DECLARES_TEXT = re.compile(
    r"\bdeclare\b[^;]*\b(?:(?:n?(?:var)?char|character(?!\s+set)|(?:tiny|medium|long)?text|enum)\b|set\s*\()"
    r"(?![^;]*\b(?:charset|character\s+set|collate|ascii|unicode|binary)\b)",
    re.IGNORECASE,
)
"""A variable of text without a character set gets the one that was the schema's default when the object was made."""

_INVALID_DATES = re.compile(r"\bINVALID_DATES\b")
"""What the mode ALLOW_INVALID_DATES was called in mysql.proc, and still is there on MariaDB, 5.7 and 8.0.12."""

HIDDEN = "this account may not see its words: grant it {privilege}"
PRIVILEGES: dict[StoredKind, str] = {
    "view": "SHOW VIEW and SELECT on it",
    "trigger": "TRIGGER on its table",
    "procedure": "SHOW_ROUTINE (before 8.0.20 and on MariaDB: SELECT on *.*)",
    "function": "SHOW_ROUTINE (before 8.0.20 and on MariaDB: SELECT on *.*)",
    "event": "EVENT on its schema",
    "sequence": "SELECT on it",
}
"""What an account needs to see the words of an object that it did not make."""


def stored_objects(read: _Read, wanted: Callable[[TableName], bool], ours: tuple[str, ...]) -> tuple[StoredObject, ...]:
    """Those that `wanted` picks, by name and kind: a trigger by its table, the others by their own name.

    None whose name starts with one of `ours`. The words are those of the dictionary; `shown.exact` puts them right.
    """
    found = (*_views(read), *_triggers(read), *_routines(read), *_events(read), *_sequences(read))
    chosen = {
        stored.key: stored
        for stored in found
        if wanted(TableName(stored.name.schema, stored.table or stored.name.name))
        and not stored.name.name.startswith(ours)
    }
    return tuple(sorted(chosen.values(), key=lambda stored: (stored.name, stored.kind)))


def view_text(algorithm: str | None, security: str, columns: Sequence[str], definition: str, check: str) -> str:
    """All that defines a view; the names of its columns need not be said in the definition.

    MySQL's dictionary does not tell an ALGORITHM: it is made like the source's, and not compared.
    """
    said = f"ALGORITHM={algorithm} " if algorithm else ""
    tail = "" if check == "NONE" else f" WITH {check} CHECK OPTION"
    return f"{said}SQL SECURITY {security} VIEW ({', '.join(map(quote, columns))}) AS {definition}{tail}"


def _views(read: _Read) -> Iterator[StoredObject]:
    views = {(row["TABLE_SCHEMA"], row["TABLE_NAME"]): row for row in read["VIEWS"]}
    if not views:
        return
    comments = {(row["TABLE_SCHEMA"], row["TABLE_NAME"]): row["TABLE_COMMENT"] or "" for row in read["TABLES"]}
    columns: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for row in read["COLUMNS"]:
        if (row["TABLE_SCHEMA"], row["TABLE_NAME"]) in views:
            columns[row["TABLE_SCHEMA"], row["TABLE_NAME"]].append(row)
    for key, row in views.items():
        # No column is told of a view that cannot be read; 8.0.12 gives what it says of one to others after it as well.
        broken = (
            comments.get(key, "") if "references invalid" in comments.get(key, "") else "what it reads is not there"
        )
        named = [column["COLUMN_NAME"] for column in sorted(columns[key], key=lambda one: one["ORDINAL_POSITION"])]
        definition = row["VIEW_DEFINITION"] or ""
        yield StoredObject(
            "view",
            TableName(*key),
            text=view_text(row["ALGORITHM"], row["SECURITY_TYPE"], named, definition, row["CHECK_OPTION"]),
            definer=_definer(row),
            settings=_settings(row),
            broken="" if named else broken,
        )


def _triggers(read: _Read) -> Iterator[StoredObject]:
    orders: dict[tuple[str, ...], int] = defaultdict(int)
    for row in sorted(read["TRIGGERS"], key=lambda row: int(row["ACTION_ORDER"] or 0)):
        place = (row["TRIGGER_SCHEMA"], row["EVENT_OBJECT_TABLE"], row["ACTION_TIMING"], row["EVENT_MANIPULATION"])
        orders[place] += 1  # servers leave holes where triggers were dropped
        yield StoredObject(
            "trigger",
            TableName(row["TRIGGER_SCHEMA"], row["TRIGGER_NAME"]),
            text=row["ACTION_STATEMENT"] or "",
            definer=_definer(row),
            settings=_settings(row, row["ACTION_STATEMENT"]),
            table=row["EVENT_OBJECT_TABLE"],
            timing=row["ACTION_TIMING"],
            event=row["EVENT_MANIPULATION"],
            order=orders[place],
        )


def _routines(read: _Read) -> Iterator[StoredObject]:
    parameters: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for row in sorted(read["PARAMETERS"], key=lambda row: int(row["ORDINAL_POSITION"])):
        parameters[row["SPECIFIC_SCHEMA"], row["SPECIFIC_NAME"], row["ROUTINE_TYPE"]].append(row)
    for row in read["ROUTINES"]:
        kind = _KINDS.get(row["ROUTINE_TYPE"])
        if kind is None:  # MariaDB, sql_mode=ORACLE: a package and its body
            if row["ROUTINE_TYPE"] == "PACKAGE":
                name = TableName(row["ROUTINE_SCHEMA"], row["ROUTINE_NAME"])
                yield StoredObject("procedure", name, "PACKAGE", _definer(row), _settings(row), broken=PACKAGE)
            continue
        taken = parameters[row["ROUTINE_SCHEMA"], row["SPECIFIC_NAME"], row["ROUTINE_TYPE"]]
        body = row["ROUTINE_DEFINITION"]
        yield StoredObject(
            kind,
            TableName(row["ROUTINE_SCHEMA"], row["ROUTINE_NAME"]),
            text=_routine_head(row, taken) + (body or ""),
            definer=_definer(row),
            settings=_settings(row, body),
            broken="" if body is not None else HIDDEN.format(privilege=PRIVILEGES[kind]),
        )


def _routine_head(row: Record, parameters: Sequence[Record]) -> str:
    """Everything of a routine before its body, a line each, in an order of our own."""
    taken = [_parameter(one) for one in parameters if int(one["ORDINAL_POSITION"]) > 0]
    returned = [f" RETURNS {_type(one)}" for one in parameters if int(one["ORDINAL_POSITION"]) == 0]
    said = [f"{row['ROUTINE_TYPE']} ({', '.join(taken)}){''.join(returned)}"]
    if (row["EXTERNAL_LANGUAGE"] or "SQL") != "SQL":
        said.append(f"LANGUAGE {row['EXTERNAL_LANGUAGE']}")
    said.append(row["SQL_DATA_ACCESS"])
    if row["IS_DETERMINISTIC"] == "YES":
        said.append("DETERMINISTIC")
    said.append(f"SQL SECURITY {row['SECURITY_TYPE']}")
    if row["ROUTINE_COMMENT"]:
        said.append(f"COMMENT {quoted(row['ROUTINE_COMMENT'], row['SQL_MODE'])}")
    return "\n".join(said) + "\n"


def _parameter(row: Record) -> str:
    mode = f"{row['PARAMETER_MODE']} " if row["ROUTINE_TYPE"] == "PROCEDURE" else ""
    return f"{mode}{quote(row['PARAMETER_NAME'] or '')} {_type(row)}"


def _type(row: Record) -> str:
    charset = f" CHARSET {row['CHARACTER_SET_NAME']}" if row["CHARACTER_SET_NAME"] else ""
    collation = f" COLLATE {row['COLLATION_NAME']}" if row["COLLATION_NAME"] else ""
    return f"{row['DTD_IDENTIFIER']}{charset}{collation}"


def _events(read: _Read) -> Iterator[StoredObject]:
    for row in read["EVENTS"]:
        yield StoredObject(
            "event",
            TableName(row["EVENT_SCHEMA"], row["EVENT_NAME"]),
            text=_event_head(row) + (row["EVENT_DEFINITION"] or ""),
            definer=_definer(row),
            settings=_settings(row, row["EVENT_DEFINITION"], time_zone=row["TIME_ZONE"]),
            enabled=row["STATUS"] == "ENABLED",
        )


def _event_head(row: Record) -> str:
    """Everything of an event before its body; moments are those of its own time zone."""
    if row["EVENT_TYPE"] == "ONE TIME":
        said = [f"ON SCHEDULE AT '{row['EXECUTE_AT']}'"]
    else:
        said = [f"ON SCHEDULE EVERY {row['INTERVAL_VALUE']} {row['INTERVAL_FIELD']}"]
        said += [f"{word} '{row[word]}'" for word in ("STARTS", "ENDS") if row[word] is not None]
    said.append(f"ON COMPLETION {row['ON_COMPLETION']}")
    if row["EVENT_COMMENT"]:
        said.append(f"COMMENT {quoted(row['EVENT_COMMENT'], row['SQL_MODE'])}")
    return " ".join(said) + "\nDO "


def _sequences(read: _Read) -> Iterator[StoredObject]:
    """MariaDB only; what they are set to is in themselves. The type of their values is that of their columns."""
    types = {
        (row["TABLE_SCHEMA"], row["TABLE_NAME"]): row["COLUMN_TYPE"]
        for row in read["COLUMNS"]
        if row["COLUMN_NAME"] == "minimum_value"
    }
    for row in read["TABLES"]:
        if row["TABLE_TYPE"] == "SEQUENCE":
            key = (row["TABLE_SCHEMA"], row["TABLE_NAME"])
            text = f"AS {types.get(key, 'bigint')} ENGINE={row['ENGINE'] or ''}"
            yield StoredObject("sequence", TableName(*key), text=text)


def quoted(text: str, sql_mode: str) -> str:
    """A string that means `text` under that mode."""
    if "NO_BACKSLASH_ESCAPES" not in sql_mode.split(","):
        text = text.replace("\\", "\\\\")
    return "'" + text.replace("'", "''") + "'"


def _definer(row: Record) -> str:
    """As `user@host`; a role of MariaDB is a user without host, which views alone tell with an @."""
    told = str(row["DEFINER"])
    return told if "@" in told else f"{told}@"


def _settings(row: Record, body: str | None = None, time_zone: str | None = None) -> tuple[tuple[str, str], ...]:
    mode = row.get("SQL_MODE")
    told = {
        "character_set_client": row["CHARACTER_SET_CLIENT"],
        "collation_connection": row["COLLATION_CONNECTION"],
        "collation_database": row["DATABASE_COLLATION"] if body and _DECLARES_TEXT.search(body) else None,
        "sql_mode": _INVALID_DATES.sub("ALLOW_INVALID_DATES", mode) if mode is not None else None,
        "time_zone": time_zone,
    }
    return tuple(sorted((name, value) for name, value in told.items() if value is not None))
