"""Takes tables from what they were to what they are wanted to be: one statement, look again, the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from pymysql.cursors import Cursor
from pymysql.err import MySQLError

from migrate.diff import describe, diff
from migrate.engines import open_engine
from migrate.engines.base import Alteration, Dialect, Engine
from migrate.engines.mysql.connect import Server
from migrate.engines.mysql.settings import settings
from migrate.model.change import AddForeignKey, AlterForeignKey, TableChange
from migrate.model.pattern import all_of
from migrate.model.table import Catalog, Table, TableName
from migrate.sql import quote
from tests.engines.mysql_changes import FEATURES, Change
from tests.engines.mysql_sessions import ref_of
from tests.lab import Server as LabServer
from tests.lab import client

PERMISSIVE = "SET sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', foreign_key_checks=0"


class Walk(msgspec.Struct):
    """What became of one table. `error` is what stopped it, `left` the difference at the end."""

    first: tuple[Alteration, ...] = ()
    replanned: list[tuple[str, ...]] = []
    before: list[str] = []
    after: list[str] = []
    left: tuple[str, ...] = ()
    error: str = ""


def fits(change: Change, server: LabServer) -> bool:
    """Whether the server has what the case needs."""
    version = tuple(int(part) for part in server.version.split("-")[0].split("."))
    needed = [FEATURES[name][server.vendor == "mariadb"] for name in change.needs]
    return all(first is not None and version >= first for first in needed)


def make(cursor: Cursor, schema: str, name: str, body: str, rows: str = "") -> None:
    """The table, with its rows."""
    cursor.execute(f"CREATE TABLE {quote(schema)}.{quote(name)} {body}")
    if rows:
        cursor.execute(f"INSERT INTO {quote(schema)}.{quote(name)} {rows}")


def kept(cursor: Cursor, schema: str, name: str, change: Change) -> list[str]:
    """The rows that must stay as they are; numbers in one spelling, whatever type they have."""
    cursor.execute(f"SELECT {change.keeps} FROM {quote(schema)}.{quote(name)}")
    return sorted(repr(tuple(map(_plain, row))) for row in cursor.fetchall())


def _plain(value: Any) -> Any:
    return str(Decimal(str(value)).normalize()) if isinstance(value, int | float | Decimal) else value


class Pair:
    """Two schemas of a server: in `actual` the tables are as they were, in `wanted` as they are to be."""

    def __init__(self, engine: Engine, actual: str, wanted: str) -> None:
        self.engine = engine
        self._actual = actual
        self._wanted = wanted

    async def look(self) -> tuple[dict[str, Table], dict[str, str], Dialect]:
        """The wanted tables under the names they are to have, and the definition of each."""
        there = await self.engine.inspect([all_of(self.engine.endpoint, self._wanted)])
        texts = await self.engine.definitions([table.name for table in there.tables])
        tables = {table.name.name: self._moved(table) for table in there.tables}
        return tables, {name.name: text for name, text in texts.items()}, await self.engine.dialect()

    def _moved(self, table: Table) -> Table:
        keys = tuple(
            msgspec.structs.replace(key, referenced=TableName(self._actual, key.referenced.name))
            for key in table.foreign_keys
        )
        return msgspec.structs.replace(table, name=TableName(self._actual, table.name.name), foreign_keys=keys)

    async def differences(self, wanted: Mapping[str, Table]) -> tuple[dict[str, Table], dict[str, list[TableChange]]]:
        """The tables as they are, and what each of them still lacks."""
        actual = await self.engine.inspect([all_of(self.engine.endpoint, self._actual)])
        changes: dict[str, list[TableChange]] = {name: [] for name in wanted}
        for change in diff(Catalog(tables=tuple(wanted.values())), actual):
            if isinstance(change, TableChange) and not self.engine.same(change):
                changes[change.table.name].append(change)
        return {table.name.name: table for table in actual.tables}, changes


async def walk(server: LabServer, actual: str, wanted: str, cases: Mapping[str, Change]) -> dict[str, Walk]:
    """Every case from its first state to its last, side by side: a round is one statement of each."""
    walks = {name: Walk() for name in cases}
    engine = open_engine("lab", ref_of(server), 2)
    pair = Pair(engine, actual, wanted)
    try:
        with client.connect(server, init_command=PERMISSIVE) as connection, connection.cursor() as cursor:
            for name, change in cases.items():
                make(cursor, wanted, name, change.after)
                make(cursor, actual, name, change.before, change.rows)
                walks[name].before = kept(cursor, actual, name, change)
            tables, texts, dialect = await pair.look()
            while await _round(pair, tables, texts, dialect, walks):
                pass
            for name, one in walks.items():
                one.after = kept(cursor, actual, name, cases[name]) if not one.error else []
    finally:
        await engine.close()
    return walks


async def _round(
    pair: Pair, wanted: Mapping[str, Table], texts: Mapping[str, str], dialect: Dialect, walks: Mapping[str, Walk]
) -> bool:
    actual, changes = await pair.differences(wanted)
    moved = False
    for name, one in walks.items():
        if one.error:
            continue
        planned = pair.engine.alter_table(wanted[name], actual[name], changes[name], texts[name], dialect)
        one.replanned.append(tuple(alteration.sql for alteration in planned))
        one.first = one.first or planned
        one.left = tuple(map(describe, changes[name]))
        if not planned:
            continue
        moved = True
        try:
            await pair.engine.execute(planned[0].sql, "walk", dict(planned[0].session))
        except Exception as error:  # noqa: BLE001 - the one case fails, the others go on
            one.error = f"{error}: {planned[0].sql}"
    return moved


# -- how it is done ------------------------------------------------------------------------------------------------

LADDER = (
    ("INSTANT", ""),
    ("INPLACE", "NONE"),
    ("INPLACE", "SHARED"),
    ("INPLACE", "EXCLUSIVE"),
    ("COPY", "NONE"),
    ("COPY", "SHARED"),
    ("COPY", "EXCLUSIVE"),
)
"""From the best way to the worst. A server refuses one that it does not have (errors 1845 and 1846)."""


class Way(msgspec.Struct, frozen=True):
    """What was told of one statement, and the best way that the server took it: the first of the ladder."""

    sql: str
    told: tuple[str, str]
    taken: tuple[str, str]
    refused: tuple[int, ...] = ()


async def ways(server: LabServer, actual: str, wanted: str, cases: Mapping[str, Change]) -> dict[str, list[Way]]:
    """The best way of each statement of each case, found by trying. A statement that says its own is left out."""
    found: dict[str, list[Way]] = {name: [] for name in cases}
    engine = open_engine("lab", ref_of(server), 2)
    pair = Pair(engine, actual, wanted)
    opened = Server("lab", ref_of(server), slots=1)
    try:
        pinned = settings("write", await opened.variables())
        with client.connect(server, init_command=PERMISSIVE) as connection, connection.cursor() as cursor:
            for name, change in cases.items():
                make(cursor, wanted, name, change.after)
                make(cursor, actual, name, change.before, change.rows)
            tables, texts, dialect = await pair.look()
            there, changes = await pair.differences(tables)
            cursor.execute(pinned)
            for name in cases:
                planned = engine.alter_table(tables[name], there[name], changes[name], texts[name], dialect)
                found[name] = [_way(cursor, alteration) for alteration in planned]
    finally:
        await opened.close()
        await engine.close()
    return found


def _way(cursor: Cursor, alteration: Alteration) -> Way:
    for setting, value in alteration.session:
        cursor.execute(f"SET {setting} = %s", (value,))
    told = (alteration.algorithm, alteration.lock if alteration.algorithm != "INSTANT" else "")
    refused = []
    for algorithm, lock in () if "ALGORITHM" in alteration.sql or not told[0] else LADDER:
        try:
            cursor.execute(_said(alteration.sql, algorithm, lock))
        except MySQLError as error:
            refused.append(int(error.args[0]))
        else:
            return Way(alteration.sql, told, (algorithm, lock), tuple(refused))
    cursor.execute(alteration.sql)
    return Way(alteration.sql, told, ("", ""), tuple(refused))


def _said(sql: str, algorithm: str, lock: str) -> str:
    """The statement, with the way it must be done."""
    head, body = sql.split("\n", 1)
    words = f"ALGORITHM={algorithm}" + (f", LOCK={lock}" if lock else "")
    partitions_only = body.strip().startswith(("PARTITION BY", "REMOVE PARTITIONING"))
    return f"{head} {words}{'' if partitions_only else ','}\n{body}"


def added_keys(changes: Sequence[TableChange]) -> list[AddForeignKey | AlterForeignKey]:
    """Changes that add a foreign key at the end."""
    return [change for change in changes if isinstance(change, AddForeignKey | AlterForeignKey)]
