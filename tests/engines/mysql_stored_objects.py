"""Stored objects whose words are hard to read, and a way to make those of one server on another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from migrate.engines.base import Renames
from migrate.engines.mysql import ddl, stored_ddl
from migrate.engines.mysql.connect import Server
from migrate.engines.mysql.inspect import definitions, inspect
from migrate.engines.mysql.names import target_of
from migrate.engines.mysql.shown import stored_definitions
from migrate.errors import ServerError
from migrate.model.pattern import parse_pattern
from migrate.model.table import Catalog, StoredKey, StoredObject, TableName, spell
from migrate.sql import quote
from tests.engines.mysql_sessions import connected
from tests.lab import Server as LabServer
from tests.lab import client

ORDER = ("sequence", "procedure", "function", "view", "trigger", "event")

TABLES = (
    "CREATE TABLE t (a INT PRIMARY KEY, b VARCHAR(60), j JSON)",
    "CREATE TABLE `select` (a INT, {s} INT, b VARCHAR(20))",
    "CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, w VARCHAR(200))",
    "CREATE TABLE {s} (a INT, b VARCHAR(9))",
    "CREATE TABLE `t``x.y` (a INT)",
    "CREATE TABLE 2024t (a INT)",
    "CREATE TABLE ft (a INT PRIMARY KEY, txt TEXT, FULLTEXT KEY (txt))",
    "CREATE TABLE {o}.u (a INT, b VARCHAR(20))",
    "CREATE TABLE {o}.{s} (a INT)",
)

STATEMENTS = Path(__file__).with_name("mysql_stored_objects.sql")


class Copied(msgspec.Struct, frozen=True):
    """Every object of the source as it is wanted, by its key there, and what the target tells of it."""

    pairs: Mapping[StoredKey, tuple[StoredObject, StoredObject | None]]

    def different(self) -> list[StoredKey]:
        """Those that are not as wanted; an event is made disabled."""
        return [
            key
            for key, (wanted, there) in self.pairs.items()
            if there != (replace(wanted, enabled=False) if wanted.kind == "event" else wanted)
        ]


def hostile(server: LabServer) -> tuple[tuple[str, str], ...]:
    """What this server can have: sql_mode and statement of each."""
    old, modern = STATEMENTS.read_text().split("# Not in MySQL 5.7:\n")
    found = []
    for piece in (old if server.version.startswith("5.7") else old + modern).split("\n$$\n"):
        lines = [line for line in piece.split("\n") if line and not line.startswith("# ")]
        mode = lines.pop(0).removeprefix("-- ") if lines and lines[0].startswith("-- ") else ""
        if lines:
            found.append((mode, "\n".join(lines)))
    return tuple(found)


def fill(server: LabServer, home: str, other: str) -> None:
    """Both schemas with all tables and objects."""

    def said(sql: str) -> str:
        spelled = sql.replace("{s}", spell(home)).replace("{o}", spell(other))
        return spelled.replace("[s]", home.replace("'", "''")).replace("[o]", other.replace("'", "''"))

    with client.connect(server) as connection, connection.cursor() as cursor:
        for schema in (home, other):
            cursor.execute(f"CREATE DATABASE {quote(schema)} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
        cursor.execute(f"USE {quote(home)}")
        for sql in TABLES:
            cursor.execute(said(sql))
        for mode, sql in hostile(server):
            cursor.execute(f"SET sql_mode = '{mode}'")
            cursor.execute(said(sql))


async def run(opened: Server, sql: str, session: Mapping[str, str] | None = None) -> None:
    """One statement, in a session of its own with these settings."""
    async with opened.session("write") as write:
        for setting in stored_ddl.settings_sql(session or {}):
            await write.execute(setting)
        await write.execute(stored_ddl.statement_bytes(sql, session or {}))
        await write.close()


async def catalog(opened: Server, schemas: Sequence[str]) -> Catalog:
    return await inspect(opened, [parse_pattern(f"x:{quote(schema)}.*") for schema in schemas])


async def copy(
    source: LabServer,
    target: LabServer,
    schemas: Mapping[str, str],
    objects: Mapping[TableName, TableName] | None = None,
) -> Copied:
    """Make all of the source's schemas on the target under these names."""
    async with connected(source) as here, connected(target) as there:
        seen = await catalog(here, list(schemas))
        renames = Renames({old: new for old, new in schemas.items() if old != new}, objects or {})
        for schema in seen.schemas:
            await run(there, ddl.create_schema(replace(schema, name=schemas[schema.name])))
        texts = await definitions(here, [table.name for table in seen.tables])
        for table in seen.tables:
            goal = replace(table, name=target_of(table.name, renames))
            await run(there, ddl.create_table(goal, texts[table.name], ()))
        shown = await stored_definitions(here, seen.stored)
        wanted = {one.key: stored_ddl.rename(one, _goal(one, renames), renames) for one in seen.stored}
        await _make(there, wanted, shown, renames)
        made = (await catalog(there, list(schemas.values()))).stored_by_key()
    return Copied({key: (one, made.get(one.key)) for key, one in wanted.items()})


def _goal(one: StoredObject, renames: Renames) -> TableName:
    if one.kind == "trigger":
        return TableName(target_of(TableName(one.name.schema, one.table), renames).schema, one.name.name)
    if one.kind in ("view", "sequence"):
        return target_of(one.name, renames)
    return TableName(renames.schemas.get(one.name.schema, one.name.schema), one.name.name)


async def _make(
    there: Server, wanted: Mapping[StoredKey, StoredObject], shown: Mapping[StoredKey, str], renames: Renames
) -> None:
    """In the order of kinds; views once more while others are missing."""
    left = sorted(wanted, key=lambda key: (ORDER.index(key[0]), wanted[key].order, key))
    for last in (False, False, False, True):
        missing = []
        for key in left:
            script = stored_ddl.create_stored(wanted[key], shown[key], renames)
            try:
                await run(there, script.sql, dict(script.session))
            except ServerError:
                if last:
                    raise
                missing.append(key)
        left = missing
