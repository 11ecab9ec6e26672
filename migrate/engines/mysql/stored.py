"""Views, triggers, routines, events and sequences as the server's dictionary tells them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from migrate.engines.mysql.connect import Server, Session
from migrate.engines.mysql.dictionary import Record
from migrate.errors import MigrateError, MissingPrivilege, ServerError
from migrate.model.table import StoredKey, StoredKind, StoredObject, TableName
from migrate.sql import quote, quote_table

_Read = Mapping[str, Sequence[Record]]

_NO_SUCH_TABLE, _NO_SUCH_COLUMN, _DENIED = 1146, 1054, (1044, 1142, 1143, 1227)

_COLUMN: dict[StoredKind, int] = {"view": 1, "trigger": 2, "procedure": 2, "function": 2, "event": 3, "sequence": 1}
"""Where SHOW CREATE has its text."""

_PRIVILEGE: dict[StoredKind, str] = {
    "view": "SHOW VIEW and SELECT on it",
    "trigger": "TRIGGER on its table",
    "procedure": "SHOW_ROUTINE (before 8.0.20 and on MariaDB: SELECT on mysql.proc or on *.*)",
    "function": "SHOW_ROUTINE (before 8.0.20 and on MariaDB: SELECT on mysql.proc or on *.*)",
    "event": "EVENT on its schema",
    "sequence": "SELECT on it",
}


def stored_objects(read: _Read, wanted: Callable[[TableName], bool]) -> tuple[StoredObject, ...]:
    """Those that `wanted` picks, by name and kind. A trigger goes with its table, the others by their own name.

    Sequences come without their text, which `exact` reads.
    """
    found = (*_views(read), *_triggers(read), *_routines(read), *_events(read), *_sequences(read))
    chosen = {
        stored.key: stored
        for stored in found
        if wanted(stored.name) and (not stored.table or wanted(TableName(stored.name.schema, stored.table)))
    }
    return tuple(sorted(chosen.values(), key=lambda stored: (stored.name, stored.kind)))


def _settings(row: Record, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    told = [
        ("character_set_client", row["CHARACTER_SET_CLIENT"]),
        ("collation_connection", row["COLLATION_CONNECTION"]),
        *more,
    ]
    return tuple(sorted((name, value) for name, value in told if value is not None))


def _views(read: _Read) -> Iterator[StoredObject]:
    comments = {(row["TABLE_SCHEMA"], row["TABLE_NAME"]): row["TABLE_COMMENT"] or "" for row in read["TABLES"]}
    for row in read["VIEWS"]:
        name = TableName(row["TABLE_SCHEMA"], row["TABLE_NAME"])
        comment = comments.get((name.schema, name.name), "")
        yield StoredObject(
            "view",
            name,
            text=view_text(row["ALGORITHM"], row["SECURITY_TYPE"], row["VIEW_DEFINITION"] or "", row["CHECK_OPTION"]),
            definer=row["DEFINER"],
            settings=_settings(row),
            broken=comment if comment not in ("", "VIEW") and "is not BASE TABLE" not in comment else "",
        )


def view_text(algorithm: str | None, security: str, definition: str, check: str) -> str:
    """All that defines a view; MySQL's dictionary does not tell its ALGORITHM."""
    head = f"ALGORITHM={algorithm} " if algorithm else ""
    tail = "" if check == "NONE" else f" WITH {check} CHECK OPTION"
    return f"{head}SQL SECURITY {security} VIEW AS {definition}{tail}"


def _triggers(read: _Read) -> Iterator[StoredObject]:
    orders: dict[tuple[str, ...], int] = defaultdict(int)
    for row in sorted(read["TRIGGERS"], key=lambda row: int(row["ACTION_ORDER"] or 0)):
        place = (row["TRIGGER_SCHEMA"], row["EVENT_OBJECT_TABLE"], row["ACTION_TIMING"], row["EVENT_MANIPULATION"])
        orders[place] += 1  # servers leave holes where triggers were dropped
        yield StoredObject(
            "trigger",
            TableName(row["TRIGGER_SCHEMA"], row["TRIGGER_NAME"]),
            text=row["ACTION_STATEMENT"] or "",
            definer=row["DEFINER"],
            settings=_settings(row, ("sql_mode", row["SQL_MODE"])),
            table=row["EVENT_OBJECT_TABLE"],
            timing=row["ACTION_TIMING"],
            event=row["EVENT_MANIPULATION"],
            order=orders[place],
        )


def _routines(read: _Read) -> Iterator[StoredObject]:
    parameters: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for row in sorted(read["PARAMETERS"], key=lambda row: int(row["ORDINAL_POSITION"])):
        parameters[row["SPECIFIC_SCHEMA"], row["SPECIFIC_NAME"], row["ROUTINE_TYPE"]].append(row)
    kinds: dict[str, StoredKind] = {"PROCEDURE": "procedure", "FUNCTION": "function"}
    for row in read["ROUTINES"]:
        kind = kinds.get(row["ROUTINE_TYPE"])
        if kind is None:
            continue
        taken = parameters[row["ROUTINE_SCHEMA"], row["SPECIFIC_NAME"], row["ROUTINE_TYPE"]]
        yield StoredObject(
            kind,
            TableName(row["ROUTINE_SCHEMA"], row["ROUTINE_NAME"]),
            text=routine_head(row, taken) + (row["ROUTINE_DEFINITION"] or ""),
            definer=row["DEFINER"],
            settings=_settings(row, ("sql_mode", row["SQL_MODE"])),
        )


def routine_head(row: Record, parameters: Sequence[Record]) -> str:
    """Everything of a routine before its body."""
    taken = [_parameter(one) for one in parameters if int(one["ORDINAL_POSITION"]) > 0]
    returned = [f" RETURNS {_type(one)}" for one in parameters if int(one["ORDINAL_POSITION"]) == 0]
    said = [f"{row['ROUTINE_TYPE']} ({', '.join(taken)}){''.join(returned)}"]
    said.append(row["SQL_DATA_ACCESS"])
    if row["IS_DETERMINISTIC"] == "YES":
        said.append("DETERMINISTIC")
    said.append(f"SQL SECURITY {row['SECURITY_TYPE']}")
    if row["ROUTINE_COMMENT"]:
        said.append(f"COMMENT {_string(row['ROUTINE_COMMENT'])}")
    return "\n".join(said) + "\n"


def _parameter(row: Record) -> str:
    mode = f"{row['PARAMETER_MODE']} " if row["ROUTINE_TYPE"] == "PROCEDURE" else ""
    return f"{mode}{quote(row['PARAMETER_NAME'] or '')} {_type(row)}"


def _type(row: Record) -> str:
    charset = f" CHARSET {row['CHARACTER_SET_NAME']}" if row["CHARACTER_SET_NAME"] else ""
    collation = f" COLLATE {row['COLLATION_NAME']}" if row["COLLATION_NAME"] else ""
    return f"{row['DTD_IDENTIFIER']}{charset}{collation}"


def _string(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _events(read: _Read) -> Iterator[StoredObject]:
    for row in read["EVENTS"]:
        yield StoredObject(
            "event",
            TableName(row["EVENT_SCHEMA"], row["EVENT_NAME"]),
            text=event_head(row) + (row["EVENT_DEFINITION"] or ""),
            definer=row["DEFINER"],
            settings=_settings(row, ("sql_mode", row["SQL_MODE"]), ("time_zone", row["TIME_ZONE"])),
            enabled=row["STATUS"] == "ENABLED",
        )


def event_head(row: Record) -> str:
    """Everything of an event before its body; moments are those of its own time zone."""
    if row["EVENT_TYPE"] == "ONE TIME":
        said = [f"ON SCHEDULE AT '{row['EXECUTE_AT']}'"]
    else:
        said = [f"ON SCHEDULE EVERY {row['INTERVAL_VALUE']} {row['INTERVAL_FIELD']}"]
        said += [f"{word} '{row[word]}'" for word in ("STARTS", "ENDS") if row[word] is not None]
    said.append(f"ON COMPLETION {row['ON_COMPLETION']}")
    if row["EVENT_COMMENT"]:
        said.append(f"COMMENT {_string(row['EVENT_COMMENT'])}")
    return " ".join(said) + "\nDO "


def _sequences(read: _Read) -> Iterator[StoredObject]:
    """MariaDB only. Information_schema says nothing of its settings."""
    for row in read["TABLES"]:
        if row["TABLE_TYPE"] == "SEQUENCE":
            yield StoredObject("sequence", TableName(row["TABLE_SCHEMA"], row["TABLE_NAME"]))


async def exact(server: Server, stored: Sequence[StoredObject]) -> tuple[StoredObject, ...]:
    """The same, with the words that the dictionary does not tell, or not as they are."""
    return tuple(stored)


async def stored_definitions(server: Server, stored: Sequence[StoredObject]) -> dict[StoredKey, str]:
    """The server's own statement that makes each, several at a time.

    Raises `MissingPrivilege` when the account may not see one, `ServerError` for one that is not there.
    """
    by_schema: dict[str, list[StoredObject]] = defaultdict(list)
    for one in sorted(stored, key=lambda one: (one.name, one.kind)):
        by_schema[one.name.schema].append(one)
    left = iter([one for schema in sorted(by_schema) for one in by_schema[schema]])
    found: dict[StoredKey, str] = {}

    async def work() -> None:
        async with server.session("lock") as session:  # never used again: its current schema is another one
            schema = ""
            for one in left:
                if one.name.schema != schema:
                    schema = one.name.schema
                    await session.execute(f"USE {quote(schema)}")
                found[one.key] = await show_create(session, one)

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(server.slots, len(stored))):
                workers.create_task(work())
    except* MigrateError as failed:
        raise failed.exceptions[0] from None
    return {one.key: found[one.key] for one in stored}


async def show_create(session: Session, stored: StoredObject) -> str:
    """What SHOW CREATE tells of it. Raises `MissingPrivilege`."""
    statement = f"SHOW CREATE {stored.kind.upper()} {quote_table(stored.name)}"
    rows = (await session.query(statement, f"{stored.kind} {stored.name}")).rows
    if not rows:
        raise ServerError(session.endpoint, f"the {stored.kind} {stored.name} is gone", "run it again")
    text = rows[0][_COLUMN[stored.kind]]
    if text is None:
        raise MissingPrivilege(
            session.endpoint,
            f"the account may not see the words of the {stored.kind} {stored.name}",
            f"grant it {_PRIVILEGE[stored.kind]}, or leave it out with an exclude pattern",
        )
    return text.decode() if isinstance(text, bytes) else str(text)


ACCOUNTS = "SELECT User, Host FROM mysql.user"


async def accounts(server: Server) -> frozenset[str] | None:
    """Accounts, and MariaDB's roles, that may be definers here, as `user@host`. None: this account may not know."""
    async with server.session("metadata") as session:
        try:
            rows = (await session.query(ACCOUNTS)).rows
        except MissingPrivilege:
            return None
    return frozenset(f"{_text(user)}@{_text(host)}" for user, host in rows)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
