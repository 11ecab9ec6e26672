"""One stored object, as it is wanted on a server of another dialect, in that server's words."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from migrate.engines.base import Dialect, Note
from migrate.engines.mysql import collations, mapping
from migrate.engines.mysql.abilities import Abilities
from migrate.engines.mysql.bodies import body
from migrate.model.table import StoredObject

__all__ = ["stored_there"]


def stored_there(
    stored: StoredObject, origin: Dialect, target: Abilities
) -> tuple[StoredObject, Sequence[Note], Sequence[Note]]:
    """The object with the target's settings and words, what that changed, and why it cannot be had there."""
    changed: list[str] = []
    refused: list[str] = []
    if stored.kind == "sequence":
        if target.dialect.vendor == "mysql":
            refused.append("MySQL has no sequences")
        return stored, (), _notes("MG410", stored, refused)
    settings = tuple((name, _setting(name, value, origin, target, changed, refused)) for name, value in stored.settings)
    said = body(stored.text, dict(stored.settings).get("sql_mode", ""), origin, target)
    changed += said.changes
    refused += said.refused
    made = replace(stored, settings=settings, text=said.text)
    return made, _notes("MG408", stored, changed), _notes("MG410", stored, refused)


def _notes(code: str, stored: StoredObject, texts: Sequence[str]) -> Sequence[Note]:
    return [Note(code, stored.name, text, stored=stored.kind) for text in texts]


def _setting(name: str, value: str, origin: Dialect, target: Abilities, changed: list[str], refused: list[str]) -> str:
    if name == "sql_mode":
        return _sql_mode(value, target, changed, refused)
    if name == "character_set_client":
        there = target.charset(value)
    elif name == "collation_connection":
        there = target.collation(value)
        if there and not collations.same_name(value, there):
            changed.append(f"collation_connection {value} becomes {there}")
    else:
        return value
    if not there:
        refused.append(f"the target has no {value}, which is its {name}")
    return there or value


def _sql_mode(value: str, target: Abilities, changed: list[str], refused: list[str]) -> str:
    words = [word for word in value.split(",") if word]
    known = mapping.sql_modes(target.dialect)
    lacking = [word for word in words if word not in known]
    fatal = [word for word in lacking if word in mapping.FATAL_MODES]
    refused += [f"the target has no sql_mode {word}: {mapping.FATAL_MODES[word]}" for word in fatal]
    if lacking:
        changed.append(f"sql_mode is there without {', '.join(lacking)}, which the target does not know")
    return ",".join(word for word in words if word in known)
