"""What is wanted on a server of another dialect, in that server's words."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from msgspec.structs import replace

from migrate.engines.base import Dialect, Note, Translation
from migrate.engines.mysql import collations, mapping, render
from migrate.engines.mysql.abilities import Abilities, abilities
from migrate.engines.mysql.bodies import body
from migrate.engines.mysql.mapped import table_there
from migrate.engines.mysql.mapped_stored import stored_there
from migrate.engines.mysql.names import spliced
from migrate.errors import UnreadableDdl
from migrate.model.table import Catalog, Column, Schema, StoredObject, Table, TableName
from migrate.model.types import Binary
from migrate.sql import Token, items, quote, tokens

__all__ = ["Abilities", "abilities", "own_statement", "own_words", "translated"]


def translated(wanted: Catalog, origin: Dialect, target: Abilities) -> Translation:
    """The catalog in the target's words, and what that changed. Unchanged where both dialects are equal."""
    if origin == target.dialect:
        return Translation(wanted)
    notes: list[Note] = []
    refused: list[Note] = []
    schemas = tuple(_schema(schema, origin, target, notes) for schema in wanted.schemas)
    names = Counter(
        (table.name.schema, name)
        for table in wanted.tables
        for name in {check.name.casefold() for check in table.checks}
    )
    parents = wanted.by_name()
    tables = []
    for table in wanted.tables:
        twice = {name for (schema, name), count in names.items() if schema == table.name.schema and count > 1}
        made, said, why = table_there(table, origin, target, twice, parents)
        tables.append(table if why else made)
        notes += said if not why else ()
        refused += why
    stored = []
    for one in wanted.stored:
        there, changed, reasons = stored_there(one, origin, target)
        stored.append(one if reasons else there)
        notes += changed if not reasons else ()
        refused += reasons
    catalog = replace(wanted, schemas=schemas, tables=tuple(tables), stored=tuple(stored))
    return Translation(catalog, tuple(dict.fromkeys(notes)), tuple(dict.fromkeys(refused)))


def own_statement(stored: StoredObject, definition: str, origin: Dialect, target: Abilities) -> str:
    """The statement that makes `stored`, which is as wanted on the target, in words that hold there.

    By the same rules as its words in the dictionary. Raises `UnreadableDdl` where they do not hold after all.
    """
    if origin == target.dialect:
        return definition
    said = body(definition, dict(stored.settings).get("sql_mode", ""), origin, target)
    if said.refused:
        raise UnreadableDdl(definition, said.refused[0])
    return said.text


def own_words(table: Table, definition: str, origin: Dialect, here: Dialect) -> str:
    """The definition of `table`, which is as wanted here, in words that hold here.

    The source's own text where this server reads it as it was meant; else one made from `table`. Raises `UnreadableDdl`
    where the source's text does not say what the table is.
    """
    literals = _bytes_by_default(table, definition)
    if mapping.lacks(here, origin):
        _no_default_partition(definition, here)
        return render.create_table(table, here, {name: literal for name, (literal, _, _) in literals.items()})
    edits = [(start, end, literal) for literal, start, end in literals.values() if definition[start:end] != literal]
    return spliced(definition, edits)


def _no_default_partition(definition: str, here: Dialect) -> None:
    """MariaDB's dictionary tells a DEFAULT partition of a list as one of the value 0."""
    if here.vendor == "mariadb":
        return
    found = tokens(items(definition).tail, versioned=True)
    for at, token in enumerate(found[:-2]):
        if (token.kind, token.text) == ("word", "PARTITION") and found[at + 2].text == "DEFAULT":
            raise UnreadableDdl(definition, "MySQL has no DEFAULT partition of a list")


def _bytes_by_default(table: Table, definition: str) -> dict[str, tuple[str, int, int]]:
    """Defaults of columns of bytes, as literals, and where they stand in the definition.

    Two sources, neither of them whole: the dictionary of MySQL 8.0 ends such a default at its first NUL, and SHOW
    CREATE TABLE of MySQL 5.7 and 8.0.12 prints what is no UTF-8 as ?. Raises `UnreadableDdl` where both lose something.
    """
    columns = {
        column.name: column
        for column in table.columns
        if isinstance(column.type, Binary) and column.default is not None and not column.default_is_expression
    }
    if not columns:
        return {}
    found: dict[str, tuple[str, int, int]] = {}
    at = 0
    for item in items(definition).items:
        at = definition.index(item.text, at)
        if item.kind == "column" and item.name in columns:
            literal = _after_default(item.text)
            if literal is not None:
                start, end = at + literal.start, at + literal.end
                column = columns[item.name]
                found[item.name] = (_whole(column, definition, definition[start:end]), start, end)
        at += len(item.text)
    return found


def _after_default(text: str) -> Token | None:
    words = tokens(text)
    for token, following in pairwise(words):
        if token.kind == "word" and token.text == "DEFAULT":
            return following if following.kind == "string" else None
    return None


def _whole(column: Column, definition: str, literal: str) -> str:
    told = column.default or ""
    known = bytes.fromhex(told[2:]) if told.startswith("0x") else b""
    if "?" not in literal or b"?" in known:
        return literal
    if "\\0" in literal or not known:
        why = f"the default of column {quote(column.name)} holds bytes that this server prints as ?, here and elsewhere"
        raise UnreadableDdl(definition, why)
    return f"0x{known.hex()}"


def _schema(schema: Schema, origin: Dialect, target: Abilities, notes: list[Note]) -> Schema:
    charset, name = target.charset(schema.charset), target.collation(schema.collation)
    if not (charset and name):
        charset, name = "utf8mb4", target.collation("utf8mb4_0900_ai_ci")
    if collations.weights(schema.collation, origin.vendor) != collations.weights(name, target.dialect.vendor):
        becomes = f"{schema.collation} becomes {name}" if schema.collation != name else f"{name} is the target's own"
        text = f"the default collation {becomes}"
        notes.append(Note("MG401", TableName(schema.name, "", schema.catalog), text))
    return replace(schema, charset=charset, collation=name)
