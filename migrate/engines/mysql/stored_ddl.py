"""DDL of stored objects as text: what the source's SHOW CREATE printed, cut and spliced, never printed anew.

Pure functions. What a person wrote stays byte for byte, but for names that change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from migrate.engines.base import Renames, Script
from migrate.engines.mysql.answers import literal
from migrate.engines.mysql.cut import cut
from migrate.engines.mysql.joins import canonical_view
from migrate.engines.mysql.lexemes import unescaped
from migrate.engines.mysql.names import Edit, Scope, mentions, name_edits, rename_names, spliced, target_of
from migrate.engines.mysql.stored import quoted
from migrate.errors import UnreadableDdl
from migrate.model.table import StoredObject, TableName
from migrate.sql import quote, quote_table, tokens

__all__ = ["create_stored", "drop_stored", "enable_event", "rename", "same_stored", "settings_sql"]

_CODECS = dict.fromkeys(("utf8", "utf8mb3", "utf8mb4"), "utf-8")
_CODECS |= {
    name: name
    for name in (
        "ascii",
        "cp1250",
        "cp1251",
        "cp1256",
        "cp1257",
        "cp850",
        "cp852",
        "cp866",
        "gbk",
        "gb2312",
        "gb18030",
        "big5",
        "cp932",
    )
}
_CODECS |= {
    "latin1": "cp1252",
    "latin2": "iso8859-2",
    "latin5": "iso8859-9",
    "latin7": "iso8859-13",
    "greek": "iso8859-7",
    "hebrew": "iso8859-8",
    "koi8r": "koi8-r",
    "koi8u": "koi8-u",
    "tis620": "tis-620",
    "euckr": "cp949",
    "sjis": "shift_jis",
    "ujis": "euc_jp",
    "eucjpms": "euc_jp",
}
"""Character sets of clients, and who writes them here. A server reads a statement in the one that is set."""

_NO_VARIABLE = ("database", "collation_database")
_WIDTHS = re.compile(r"\b((?:small|medium|big)?int|tinyint(?!\(1\))|year)\(\d+\)(?! unsigned zerofill| zerofill)")
_LANGUAGE = re.compile(r"\A(?:PROCEDURE|FUNCTION) .*\nLANGUAGE (?!SQL)(\w+)\n")
_UTF8 = re.compile(r"\butf8mb3(?=\b|_)")
_COLUMNS = re.compile(r" VIEW \((?:`(?:[^`]|``)*`(?:, )?)*\) AS ")


def rename(stored: StoredObject, name: TableName, renames: Renames) -> StoredObject:
    """The object called `name`, with every name in its words as `renames` says; strings and comments stay.

    Raises `UnreadableDdl` where the words cannot be rewritten for certain.
    """
    table = target_of(TableName(stored.name.schema, stored.table), renames).name if stored.table else ""
    text = stored.text
    if stored.kind != "sequence":
        scope = _scope(stored, stored.name.schema, name.schema, renames)
        if (language := _LANGUAGE.search(text)) and mentions(text, renames, scope):
            raise UnreadableDdl(text, f"it is written in {language[1]} and holds a name that changes")
        text = rename_names(text, renames, scope)
    return msgspec.structs.replace(stored, name=name, text=text, table=table)


def create_stored(wanted: StoredObject, definition: str, renames: Renames) -> Script:
    """The statement that makes it (a view: makes or replaces it), from the source's own text of it.

    An event is made disabled; a trigger comes after those that are there. Raises `UnreadableDdl`.
    """
    mode = _mode(wanted)
    found = tokens(definition, sql_mode=mode)
    places = cut(wanted.kind, definition, found)
    scope = _scope(wanted, _home(wanted, renames), wanted.name.schema, renames)
    edits: list[Edit] = [
        (*places.create, "CREATE OR REPLACE" if wanted.kind == "view" else "CREATE"),
        (*places.definer, _definer(wanted.definer, definition[slice(*places.definer)])),
        (*places.name, quote(wanted.name.name) if wanted.kind == "trigger" else quote_table(wanted.name)),
    ]
    if wanted.kind == "trigger":
        # Without the schema, which is the session's: 5.7 and MariaDB print for good what stands here, dumps too.
        edits += [(*places.table, quote(wanted.table)), (*places.order, "")]
    if wanted.kind == "event":
        edits.append((*places.status, "DISABLE"))
    if places.comment != (0, 0) and "NO_BACKSLASH_ESCAPES" in mode.split(","):
        edits.append((*places.comment, _comment(definition[slice(*places.comment)], mode)))
    if wanted.kind != "sequence":
        edits += name_edits(definition, renames, scope, places.words, found)
    script = Script(spliced(definition, edits), (("database", scope.goal), *_settings(wanted)))
    statement_bytes(script.sql, dict(script.session))
    return script


def drop_stored(stored: StoredObject) -> str:
    """DROP of it, by its full name."""
    return f"DROP {stored.kind.upper()} {quote_table(stored.name)}"


def enable_event(event: StoredObject) -> Script:
    """ALTER EVENT … ENABLE. Whoever runs it becomes the definer unless one is named, and the character set and
    collation of the session become the event's (8.0.33, 9.7.4, 11.8.9)."""
    return Script(f"ALTER {_definer(event.definer, '')}EVENT {quote_table(event.name)} ENABLE", _settings(event))


def settings_sql(session: Mapping[str, str]) -> tuple[str, ...]:
    """Statements that set a session up: the current schema first, whose name is read as utf8mb4 until then."""
    said = (f"USE {quote(session['database'])}",) if "database" in session else ()
    variables = [f"{name}={literal(value)}" for name, value in sorted(session.items()) if name not in _NO_VARIABLE]
    return (*said, f"SET {', '.join(variables)}") if variables else said


def statement_bytes(sql: str, session: Mapping[str, str]) -> bytes:
    """The statement as a server reads it under these settings: in their `character_set_client`.

    Raises `UnreadableDdl` where that character set lacks a letter, or is one that is not known here.
    """
    charset = session.get("character_set_client", "utf8mb4")
    if sql.isascii():
        return sql.encode()
    if charset not in _CODECS:
        raise UnreadableDdl(sql, f"it was made by a client of the character set {charset}, which is not known here")
    if charset == "latin1":
        return b"".join(_latin1(letter, sql) for letter in sql)
    try:
        return sql.encode(_CODECS[charset])
    except UnicodeEncodeError as error:
        raise UnreadableDdl(sql, _lacking(charset, error.object[error.start])) from error


def same_stored(actual: StoredObject, wanted: StoredObject) -> bool:
    """Whether they differ in spelling only.

    Where no definer is wanted any will do. Character sets have two names, widths of integers are told by some versions
    only, of a view that is broken no columns are told, and joins have more parentheses in a view that is made again.
    """
    definer = actual.definer if not wanted.definer else wanted.definer
    columns = not (actual.broken or wanted.broken)
    return _plain(actual, columns) == _plain(msgspec.structs.replace(wanted, definer=definer), columns)


def _plain(stored: StoredObject, columns: bool) -> StoredObject:
    settings = tuple((name, _setting(name, value)) for name, value in stored.settings)
    text = stored.text
    if stored.kind == "view" and not columns:
        text = _COLUMNS.sub(" VIEW AS ", text, count=1)
    if stored.kind == "view":
        text = canonical_view(text)
    if stored.kind in ("procedure", "function"):
        head, line, body = text.partition("\n")
        text = _UTF8.sub("utf8", _WIDTHS.sub(r"\1", head)) + line + body
    return msgspec.structs.replace(stored, text=text, settings=settings, broken="")


def _setting(name: str, value: str) -> str:
    if name == "sql_mode":
        return ",".join(sorted(value.split(",")))
    return _UTF8.sub("utf8", value)


def _settings(stored: StoredObject) -> tuple[tuple[str, str], ...]:
    """Variables of the session in which it is made."""
    return tuple((name, value) for name, value in stored.settings if name not in _NO_VARIABLE)


def _mode(stored: StoredObject) -> str:
    return dict(stored.settings).get("sql_mode", "")


def _scope(stored: StoredObject, home: str, goal: str, renames: Renames) -> Scope:
    """A view may go elsewhere than its schema: what it names without one is looked for where that goes."""
    return Scope(home, renames.schemas.get(home, home) if stored.kind == "view" else goal, _mode(stored))


def _home(wanted: StoredObject, renames: Renames) -> str:
    """The schema on the source: names without one in the source's text are its own.

    Where two of them become one, both are: which of them does not matter unless a single table is renamed.
    """
    moved = {"trigger": TableName(wanted.name.schema, wanted.table), "view": wanted.name, "sequence": wanted.name}
    for old, new in renames.objects.items():
        if new == moved.get(wanted.kind):
            return old.schema
    return next((old for old, new in renames.schemas.items() if new == wanted.name.schema), wanted.name.schema)


def _definer(definer: str, told: str) -> str:
    """The clause. Without host it is a role of MariaDB, unless the source's own text, `told`, says so of an account."""
    user, at, host = definer.rpartition("@")
    if not at:
        user = definer
    host = f"@{quote(host)}" if host or told.endswith("@`` ") else ""
    return f"DEFINER={quote(user)}{host} " if definer else ""


def _comment(written: str, mode: str) -> str:
    """A comment as it is: servers print it with backslashes that are none under NO_BACKSLASH_ESCAPES."""
    return quoted(unescaped(written[1:-1].replace("''", "'")), mode)


def _latin1(letter: str, sql: str) -> bytes:
    """MySQL's latin1 is cp1252, in which it gives the five free bytes to the control characters of that number."""
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError as error:
        if letter in "\x81\x8d\x8f\x90\x9d":
            return letter.encode("latin-1")
        raise UnreadableDdl(sql, _lacking("latin1", letter)) from error


def _lacking(charset: str, letter: str) -> str:
    return f"it was made by a client of the character set {charset}, which has no {letter!r}"
