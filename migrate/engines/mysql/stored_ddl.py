"""DDL of stored objects as text: what the source's SHOW CREATE printed, cut and spliced, never printed anew.

Pure functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from migrate.engines.base import Renames, Script
from migrate.engines.mysql.answers import literal
from migrate.engines.mysql.names import Edit, Scope, name_edits, rename_names, spliced, target_of
from migrate.errors import UnreadableDdl
from migrate.model.table import StoredObject, TableName
from migrate.sql import Token, quote, quote_table, tokens

__all__ = ["create_stored", "drop_stored", "enable_event", "rename", "same_stored", "settings_sql"]


def rename(stored: StoredObject, name: TableName, renames: Renames) -> StoredObject:
    """The object called `name`, with every name in its words as `renames` says; strings and comments stay.

    Raises `UnreadableDdl` where the words cannot be rewritten for certain.
    """
    scope = Scope(stored.name.schema, name.schema, _mode(stored))
    table = target_of(TableName(stored.name.schema, stored.table), renames).name if stored.table else ""
    text = stored.text if stored.kind == "sequence" else rename_names(stored.text, renames, scope)
    return msgspec.structs.replace(stored, name=name, text=text, table=table)


def create_stored(wanted: StoredObject, definition: str, renames: Renames) -> Script:
    """The statement that makes it (a view: makes or replaces it), from the source's own text of it.

    An event is made disabled. Raises `UnreadableDdl`.
    """
    mode = _mode(wanted)
    found = tokens(definition, sql_mode=mode)
    cut = _Head(wanted, definition, found)
    home = cut.home(renames)
    scope = Scope(home, wanted.name.schema, mode)
    edits = [*cut.edits(), *name_edits(definition, renames, scope, cut.end)]
    settings = dict(wanted.settings)
    return Script(spliced(definition, edits), (("database", wanted.name.schema), *sorted(settings.items())))


def drop_stored(stored: StoredObject) -> str:
    """DROP of it, by its full name."""
    return f"DROP {stored.kind.upper()} {quote_table(stored.name)}"


def enable_event(event: StoredObject) -> str:
    """ALTER EVENT … ENABLE."""
    return f"ALTER EVENT {quote_table(event.name)} ENABLE"


def settings_sql(session: Mapping[str, str]) -> tuple[str, ...]:
    """Statements that set up a session so: the current schema first, since names are read as utf8mb4 until then."""
    said = [f"USE {quote(session['database'])}"] if "database" in session else []
    variables = [f"{name}={literal(value)}" for name, value in sorted(session.items()) if name != "database"]
    return (*said, f"SET {', '.join(variables)}") if variables else tuple(said)


def same_stored(actual: StoredObject, wanted: StoredObject) -> bool:
    """Whether they differ in spelling only: any definer will do where none is wanted, settings have two names each."""
    definer = actual.definer if not wanted.definer else wanted.definer
    return _plain(actual) == _plain(msgspec.structs.replace(wanted, definer=definer))


def _plain(stored: StoredObject) -> StoredObject:
    settings = tuple((name, _setting(name, value)) for name, value in stored.settings)
    return msgspec.structs.replace(stored, settings=settings, broken="")


def _setting(name: str, value: str) -> str:
    if name == "sql_mode":
        return ",".join(sorted(value.split(",")))
    return value.replace("utf8mb3", "utf8", 1) if value.startswith("utf8mb3") else value


def _mode(stored: StoredObject) -> str:
    return dict(stored.settings).get("sql_mode", "")


_ORDER = ("FOLLOWS", "PRECEDES")


class _Head:
    """What stands before the words of an object: CREATE, its options, its name, and for triggers its table."""

    def __init__(self, wanted: StoredObject, text: str, found: Sequence[Token]) -> None:
        self.wanted, self.text, self.found = wanted, text, found
        self.kind = self._find(wanted.kind.upper(), 0)
        self.name = self.kind + 1
        if self._is(self.name, "IF"):  # IF NOT EXISTS: MariaDB keeps a trigger as it was written
            self.name += 3
        self.name_end = self._name_end(self.name)
        self.end = found[self.name_end].end
        self._edits: list[Edit] = [self._definer(), self._replacing()]
        self._put(self.name, self.name_end, quote_table(wanted.name))
        if wanted.kind == "trigger":
            self._trigger()
        if wanted.kind == "event":
            self._event()

    def edits(self) -> list[Edit]:
        return [edit for edit in self._edits if edit[0] < edit[1] or edit[2]]

    def home(self, renames: Renames) -> str:
        """The schema that it comes from: that whose name on the target is the object's."""
        for old, new in renames.schemas.items():
            if new == self.wanted.name.schema:
                return old
        return self.wanted.name.schema

    def _trigger(self) -> None:
        on = self._find("ON", self.name_end + 1)
        last = self._name_end(on + 1)
        self._put(on + 1, last, quote_table(TableName(self.wanted.name.schema, self.wanted.table)))
        each = self._find("ROW", last + 1)
        if self.found[each + 1].kind == "word" and self.found[each + 1].text in _ORDER:
            self._edits.append((self.found[each].end, self.found[each + 2].end, ""))
            each += 2
        self.end = self.found[each].end

    def _event(self) -> None:
        preserve = self._find("PRESERVE", self.name_end + 1)
        status = preserve + 1
        last = status
        if self._is(status + 1, "ON"):
            last = status + 2
        if not self._is(status, "ENABLE", "DISABLE"):
            raise UnreadableDdl(self.text, "ENABLE or DISABLE was expected after ON COMPLETION")
        self._put(status, last, "DISABLE")
        self.end = self.found[self._find("DO", last + 1)].end

    def _put(self, first: int, last: int, text: str) -> None:
        self._edits.append((self.found[first].start, self.found[last].end, text))

    def _definer(self) -> Edit:
        at = next((at for at in range(self.kind) if self._is(at, "DEFINER")), None)
        said = f"DEFINER={_account(self.wanted.definer)}" if self.wanted.definer else ""
        if at is None:
            start = self.found[self.kind].start
            return (start, start, f"{said} " if said else "")
        last = at + 2
        if self.found[last + 1].text == "@":
            last += 2
        start, end = self.found[at].start, self.found[last].end
        return (start, end, said) if said else (start, self.found[last + 1].start, "")

    def _replacing(self) -> Edit:
        end = self.found[0].end
        return (end, end, " OR REPLACE" if self.wanted.kind == "view" and not self._is(1, "OR") else "")

    def _name_end(self, at: int) -> int:
        dotted = at + 1 < len(self.found) and self.found[at + 1].text == "."
        return at + 2 if dotted else at

    def _is(self, at: int, *words: str) -> bool:
        return at < len(self.found) and self.found[at].kind == "word" and self.found[at].text in words

    def _find(self, word: str, start: int) -> int:
        for at in range(start, len(self.found)):
            if self._is(at, word):
                return at
        raise UnreadableDdl(self.text, f"{word} was expected in what SHOW CREATE {self.wanted.kind.upper()} tells")


def _account(definer: str) -> str:
    user, at, host = definer.rpartition("@")
    return f"{quote(user)}@{quote(host)}" if at else quote(definer)
