"""Tables and stored objects that go from one server of the lab to another of a different dialect."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from migrate.diff import describe, diff
from migrate.engines import open_engine
from migrate.engines.base import Dialect, Engine, Note, Renames, Translation
from migrate.model.pattern import all_of
from migrate.model.table import Catalog, StoredKind, Table, TableName
from tests.engines.mysql_sessions import ref_of
from tests.lab import Server as LabServer
from tests.lab import client

PERMISSIVE = "SET sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', foreign_key_checks=0"
ORDER: tuple[StoredKind, ...] = ("sequence", "procedure", "function", "view", "trigger", "event")


class Crossed(msgspec.Struct):
    """What became of a schema: its translation, and what then differs on the target from what was wanted."""

    said: Translation
    origin: Dialect
    differences: tuple[str, ...] = ()
    statements: dict[str, str] = {}

    def codes(self, name: str) -> tuple[str, ...]:
        """Codes of all notes about the object of that name, refusals too, sorted."""
        return tuple(sorted(note.code for note in self._about(name)))

    def texts(self, name: str, code: str) -> tuple[str, ...]:
        """What notes of that code say of the object, sorted."""
        return tuple(sorted(note.text for note in self._about(name) if note.code == code))

    def _about(self, name: str) -> list[Note]:
        return [note for note in (*self.said.notes, *self.said.refused) if note.name.name == name]


@asynccontextmanager
async def both(source: LabServer, target: LabServer) -> AsyncIterator[tuple[Engine, Engine]]:
    """Engines at both servers."""
    old, new = open_engine("old", ref_of(source), 2), open_engine("new", ref_of(target), 2)
    try:
        yield old, new
    finally:
        await old.close()
        await new.close()


def made(server: LabServer, schema: str, statements: Sequence[str]) -> None:
    """Run them in that schema."""
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        for statement in (PERMISSIVE, *statements):
            cursor.execute(statement)


async def crossed(source: LabServer, target: LabServer, schema: str, *statements: str) -> Crossed:
    """Make what the statements make, in that schema of both servers: at the source by them, on the target translated.

    The schema exists on both. Differences are told as `diff` tells them, without those of spelling.
    """
    made(source, schema, statements)
    async with both(source, target) as (old, new):
        origin = await old.dialect()
        catalog = msgspec.structs.replace(await old.inspect([all_of("old", schema)]), stored=(), statistics=())
        result = Crossed(await new.translate(catalog, origin), origin)
        refused = {note.name for note in result.said.refused}
        wanted = tuple(table for table in result.said.catalog.tables if table.name not in refused)
        definitions = await old.definitions([table.name for table in wanted])
        for table in wanted:
            statement = new.create_table(table, definitions[table.name], (), origin)
            result.statements[table.name.name] = statement
            await new.execute(statement, "crossing")
        for table in wanted:
            if table.foreign_keys:
                await new.execute(new.add_foreign_keys(table, table.foreign_keys), "crossing")
        actual = await new.inspect([all_of("new", schema)])
        changes = diff(Catalog(tables=wanted), actual)
        result.differences = tuple(
            f"{_named(change)} {describe(change)}"
            for change in changes
            if not new.same(change)  # type: ignore[arg-type]  # of tables all
        )
    return result


def _named(change: object) -> str:
    return str(getattr(change, "table", ""))


def table_there(result: Crossed, schema: str, name: str) -> Table:
    """The table as it is wanted on the target."""
    return result.said.catalog.by_name()[TableName(schema, name)]


async def crossed_objects(source: LabServer, target: LabServer, schema: str, *statements: str) -> Crossed:
    """The same for stored objects, whose tables are made on both sides by the first statements (`CREATE TABLE`)."""
    tables = [statement for statement in statements if statement.startswith(("CREATE TABLE", "INSERT"))]
    made(source, schema, statements)
    made(target, schema, tables)
    async with both(source, target) as (old, new):
        origin = await old.dialect()
        catalog = await old.inspect([all_of("old", schema)])
        result = Crossed(await new.translate(msgspec.structs.replace(catalog, tables=(), schemas=()), origin), origin)
        refused = {(note.stored, note.name) for note in result.said.refused}
        definitions = await old.stored_definitions(catalog.stored)
        for one in sorted(result.said.catalog.stored, key=lambda one: (ORDER.index(one.kind), one.name)):
            if one.key not in refused:
                script = new.create_stored(one, definitions[one.key], Renames(), origin)
                result.statements[one.name.name] = script.sql
                await new.execute(script.sql, "crossing", dict(script.session))
    return result
