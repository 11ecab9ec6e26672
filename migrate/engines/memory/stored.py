"""Stored objects in memory: any text is their words, in which `schema.name`, outside of strings, is another object."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from migrate.engines.base import Renames, Script
from migrate.engines.memory import ddl
from migrate.errors import UnreadableDdl
from migrate.model.table import StoredObject, TableName, spell

UNREADABLE = "unreadable"
"""A text that has this word in it cannot be rewritten."""

_NAME = r"`(?:[^`]|``)+`|[\w$]+"
_WORDS = re.compile(
    rf"'(?:[^'\\]|''|\\.)*'|/\*.*?\*/|--[^\n]*|(?<![\w$`.])(?P<schema>{_NAME})\.(?P<name>{_NAME})", re.DOTALL
)


def names(stored: StoredObject) -> Iterator[TableName]:
    """Every name in its words, in their order; what a string or a comment says is none."""
    for found in _WORDS.finditer(stored.text):
        if found["schema"] is not None:
            yield TableName(_plain(found["schema"]), _plain(found["name"]), stored.name.catalog)


def row_columns(trigger: StoredObject) -> tuple[str, ...]:
    """See base.Engine: NEW and OLD qualify a name as a schema does."""
    return tuple(dict.fromkeys(one.name for one in names(trigger) if one.schema.upper() in ("NEW", "OLD")))


def rename(stored: StoredObject, name: TableName, renames: Renames) -> StoredObject:
    """See base.Engine. Raises UnreadableDdl where the words hold the word `unreadable`."""
    if re.search(rf"\b{UNREADABLE}\b", stored.text):
        raise UnreadableDdl(stored.text, f"the word {UNREADABLE} is in it")

    def goal(old: TableName) -> TableName:
        schema = renames.schemas.get(old.schema, old.schema)
        return renames.objects.get(old, TableName(schema, old.name, old.catalog))

    def renamed(found: re.Match[str]) -> str:
        if found["schema"] is None:
            return found[0]
        old = TableName(_plain(found["schema"]), _plain(found["name"]), stored.name.catalog)
        new = goal(old)
        return found[0] if new == old else f"{spell(new.schema)}.{spell(new.name)}"

    table = goal(TableName(stored.name.schema, stored.table, stored.name.catalog)).name if stored.table else ""
    return msgspec.structs.replace(stored, name=name, text=_WORDS.sub(renamed, stored.text), table=table)


def define(stored: StoredObject) -> str:
    """The server's own statement that makes it."""
    return ddl.write(ddl.CreateStored(_as_made(stored)))


def create(wanted: StoredObject, definition: str) -> Script:
    """See base.Engine. Raises UnreadableDdl where `definition` is none of an object of that kind."""
    try:
        source = ddl.read(definition)
    except msgspec.MsgspecError as error:
        raise UnreadableDdl(definition, f"it is no statement of ours: {error}") from error
    if not isinstance(source, ddl.CreateStored) or source.stored.kind != wanted.kind:
        raise UnreadableDdl(definition, f"it makes no {wanted.kind}")
    made = _as_made(wanted)
    if wanted.kind == "event":
        made = msgspec.structs.replace(made, enabled=False)
    session = {"database": wanted.name.schema, **dict(wanted.settings)}
    return Script(ddl.write(ddl.CreateStored(made)), tuple(sorted(session.items())))


def _as_made(stored: StoredObject) -> StoredObject:
    """Without what the statement does not say: the session's settings, the place among triggers, what is wrong."""
    return msgspec.structs.replace(stored, settings=(), order=0, broken="")


def ordered(stored: Sequence[StoredObject]) -> list[StoredObject]:
    """The same objects; every trigger has its place among those that fire with it, equal places as they came."""
    beside: dict[Moment, list[int]] = {}
    for place, one in enumerate(stored):
        if one.kind == "trigger":
            beside.setdefault(moment(one), []).append(place)
    found = list(stored)
    for places in beside.values():
        for order, place in enumerate(sorted(places, key=lambda place: stored[place].order), 1):
            found[place] = msgspec.structs.replace(stored[place], order=order)
    return found


Moment = tuple[str, ...]


def moment(trigger: StoredObject) -> Moment:
    """When a trigger fires: those of one moment fire in their order."""
    return trigger.name.catalog, trigger.name.schema, trigger.table, trigger.timing, trigger.event


def same(actual: StoredObject, wanted: StoredObject) -> bool:
    """Whether the words are the same but for spaces, wherever any definer will do. What is broken is no words."""

    def plain(stored: StoredObject) -> StoredObject:
        definer = stored.definer if wanted.definer else ""
        return msgspec.structs.replace(stored, text=" ".join(stored.text.split()), definer=definer, broken="")

    return plain(actual) == plain(wanted)


def _plain(word: str) -> str:
    return word[1:-1].replace("``", "`") if word.startswith("`") else word
