"""What is wanted on a server of another dialect, in that server's words."""

from __future__ import annotations

from collections import Counter

from msgspec.structs import replace

from migrate.engines.base import Dialect, Note, Translation
from migrate.engines.mysql import collations, mapping, render
from migrate.engines.mysql.abilities import Abilities, abilities
from migrate.engines.mysql.connect import Server
from migrate.engines.mysql.mapped import table_there
from migrate.model.table import Catalog, Schema, Table, TableName
from migrate.model.types import Binary
from migrate.sql import items, tokens

__all__ = ["own_words", "translate"]


async def translate(server: Server, wanted: Catalog, origin: Dialect, here: Dialect) -> Translation:
    """The catalog in words of `here`, which is the dialect of `server`; unchanged where both dialects are equal."""
    if origin == here:
        return Translation(wanted)
    return translated(wanted, origin, await abilities(server, here))


def translated(wanted: Catalog, origin: Dialect, target: Abilities) -> Translation:
    """The catalog in the target's words, and what that changed."""
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
    return Translation(
        replace(wanted, schemas=schemas, tables=tuple(tables)),
        tuple(dict.fromkeys(notes)),
        tuple(dict.fromkeys(refused)),
    )


def own_words(table: Table, definition: str, origin: Dialect, here: Dialect) -> str:
    """The definition of `table`, which is as wanted here, in words that hold here.

    The source's own text where this server reads it as it was meant; else one made from `table`.
    """
    if not mapping.lacks(here, origin):
        return definition
    return render.create_table(table, here, _bytes_by_default(table, definition))


def _bytes_by_default(table: Table, definition: str) -> dict[str, str]:
    """Defaults of columns of bytes as the definition says them; the dictionary of MySQL ends them at the first NUL."""
    columns = {
        column.name
        for column in table.columns
        if isinstance(column.type, Binary) and column.default is not None and not column.default_is_expression
    }
    if not columns:
        return {}
    found: dict[str, str] = {}
    for item in items(definition).items:
        if item.kind == "column" and item.name in columns:
            words = tokens(item.text)
            at = next((at for at, token in enumerate(words) if token.kind == "word" and token.text == "DEFAULT"), None)
            if at is not None and at + 1 < len(words) and words[at + 1].kind == "string":
                found[item.name] = item.text[words[at + 1].start : words[at + 1].end]
    return found


def _schema(schema: Schema, origin: Dialect, target: Abilities, notes: list[Note]) -> Schema:
    charset, name = target.charset(schema.charset), target.collation(schema.collation)
    if not (charset and name):
        charset, name = "utf8mb4", target.collation("utf8mb4_0900_ai_ci")
    if collations.weights(schema.collation, origin.vendor) != collations.weights(name, target.dialect.vendor):
        text = f"the default collation {schema.collation} becomes {name}"
        notes.append(Note("MG401", TableName(schema.name, "", schema.catalog), text))
    return replace(schema, charset=charset, collation=name)
