"""What a lake holds, as Trino tells it, as values of `migrate.model.table`.

Three queries for a catalog, whatever is in it, and one SHOW CREATE for each table and view, many at once: nothing else
tells properties, comments and exact types (see `shown`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from migrate.engines.lake.connect import Server
from migrate.engines.lake.gathering import at_once, gathered
from migrate.engines.lake.shown import ShownTable, shown_table, shown_view
from migrate.engines.lake.tables import is_lake, table_of
from migrate.engines.lake.trino_refusals import NOT_THERE, OTHER_FORMAT
from migrate.engines.lake.views import uses
from migrate.errors import AccessDenied, CannotConnect, ServerError, UnreadableDdl
from migrate.model.pattern import Pattern
from migrate.model.table import Catalog, Schema, Statistics, Storage, StoredObject, Table, TableName
from migrate.sql import ansi, ansi_table, ansi_text

OURS = ("_migrate", "_mo_")
"""What starts so is this program's own, and no part of what people have."""
UNREADABLE = "unreadable"
ELSEWHERE = "it is of another format than its catalog; another catalog over the same metastore may read it"
"""The `Storage.engine` of a table that Trino does not show: its one option says why."""
MATERIALIZED = "materialized views are not moved: make it again on the target, and refresh it there"

SCHEMAS = "SELECT schema_name FROM {catalog}.information_schema.schemata"
TABLES = """\
SELECT table_schema, table_name FROM {catalog}.information_schema.tables WHERE table_schema IN ({schemas})"""
VIEWS = """\
SELECT table_schema, table_name FROM {catalog}.information_schema.views WHERE table_schema IN ({schemas})"""
MATERIALIZED_VIEWS = """\
SELECT schema_name, name, definition, comment FROM system.metadata.materialized_views
WHERE catalog_name = {catalog} AND schema_name IN ({schemas})"""


class Seen(msgspec.Struct, frozen=True):
    """What fits the patterns."""

    catalog: Catalog
    shown: tuple[tuple[TableName, ShownTable], ...] = ()
    """What each table was made of."""
    texts: tuple[tuple[TableName, str], ...] = ()
    """Trino's own words of that; empty where it does not show the table."""


async def inspect(server: Server, patterns: Sequence[Pattern]) -> Seen:
    """Tables and views that fit a pattern. A catalog that is no lake fits only a pattern that spells it out."""
    connectors = await server.catalogs()
    names = [
        name for name, connector in connectors.items() if any(_fits(pattern, name, connector) for pattern in patterns)
    ]
    seen = [await _Catalog(server, name, connectors[name], patterns).seen() for name in names]
    return Seen(
        Catalog(
            schemas=tuple(one for part in seen for one in part.catalog.schemas),
            tables=tuple(sorted((t for part in seen for t in part.catalog.tables), key=lambda t: t.name)),
            stored=tuple(sorted((v for part in seen for v in part.catalog.stored), key=lambda v: v.name)),
            uses=tuple(use for part in seen for use in part.catalog.uses),
            statistics=tuple(
                Statistics(table.name)
                for table in sorted((t for part in seen for t in part.catalog.tables), key=lambda t: t.name)
            ),
        ),
        tuple(one for part in seen for one in part.shown),
        tuple(one for part in seen for one in part.texts),
    )


def _fits(pattern: Pattern, catalog: str, connector: str) -> bool:
    if pattern.catalog is None or not pattern.catalog.matches(catalog):
        return False
    return is_lake(connector) or (pattern.catalog.fixed and connector != "system")


class _Catalog:
    """One catalog, as far as the patterns go."""

    def __init__(self, server: Server, name: str, connector: str, patterns: Sequence[Pattern]) -> None:
        self._server = server
        self._name = name
        self._connector = connector
        self._tables: dict[TableName, ShownTable] = {}
        self._texts: dict[TableName, str] = {}
        self._patterns = [pattern for pattern in patterns if _fits(pattern, name, connector)]

    async def seen(self) -> Seen:
        """What is there and is meant."""
        rows = await self._server.query(SCHEMAS.format(catalog=ansi(self._name)))
        schemas = sorted(str(row[0]) for row in rows)
        schemas = [name for name in schemas if self._schema_wanted(name)]
        if not schemas:
            return Seen(Catalog())
        texts = ", ".join(ansi_text(name) for name in schemas)
        ask = self._server.query
        listed, viewed, made = await gathered(
            ask(TABLES.format(catalog=ansi(self._name), schemas=texts)),
            ask(VIEWS.format(catalog=ansi(self._name), schemas=texts)),
            ask(MATERIALIZED_VIEWS.format(catalog=ansi_text(self._name), schemas=texts)),
        )
        materialized = [
            StoredObject("view", name, text=str(text).strip(), broken=MATERIALIZED)
            for schema, table, text, _ in made
            if self._wanted(name := self._table(schema, table))
        ]
        views = {self._table(row[0], row[1]) for row in viewed} - {one.name for one in materialized}
        every = {self._table(row[0], row[1]) for row in listed} - {one.name for one in materialized}
        chosen = sorted(name for name in every - views if self._wanted(name))
        found = await at_once(self._server.slots, self._shown, chosen)
        stored = await at_once(self._server.slots, self._view, sorted(name for name in views if self._wanted(name)))
        objects = tuple(sorted((*materialized, *stored), key=lambda one: one.name))
        return Seen(
            Catalog(
                schemas=tuple(Schema(name, catalog=self._name) for name in schemas),
                tables=tuple(one for one in found if one is not None),
                stored=objects,
                uses=tuple(use for one in objects for use in uses(one)),
            ),
            tuple(self._tables.items()),
            tuple(self._texts.items()),
        )

    def _table(self, schema: object, name: object) -> TableName:
        return TableName(str(schema), str(name), self._name)

    def _schema_wanted(self, schema: str) -> bool:
        if schema.startswith(OURS):
            return False
        hidden = schema == "information_schema"
        return any(p.schema.matches(schema) and (p.schema.fixed or not hidden) for p in self._patterns)

    def _wanted(self, name: TableName) -> bool:
        return not name.name.startswith(OURS) and any(pattern.matches(name) for pattern in self._patterns)

    async def _shown(self, name: TableName) -> Table | None:
        """The table, also one that the catalog shows and cannot read, being of another format; None: it is gone."""
        try:
            text = self._texts[name] = await show_create(self._server, name)
            shown = self._tables[name] = shown_table(text)
            return table_of(name, self._connector, shown)
        except ServerError as error:
            if error.name in NOT_THERE:
                return None
            if error.temporary or isinstance(error, CannotConnect | AccessDenied):
                raise
            why = f"{_said(error)}: {ELSEWHERE}" if error.name == OTHER_FORMAT else _said(error)
        except UnreadableDdl as error:
            why = error.message
        self._texts.setdefault(name, "")
        return Table(name, (), storage=Storage(UNREADABLE, transactional=False, options=(why,)))

    async def _view(self, name: TableName) -> StoredObject:
        try:
            rows = await self._server.query(f"SHOW CREATE VIEW {ansi_table(name)}", str(name))
            shown = shown_view(str(rows[0][0]))
        except UnreadableDdl as error:
            return StoredObject("view", name, broken=error.message)
        except ServerError as error:
            if error.temporary or isinstance(error, CannotConnect | AccessDenied):
                raise
            return StoredObject("view", name, broken=_said(error))
        settings = [("comment", shown.comment), ("security", shown.security), *shown.properties]
        return StoredObject(
            "view", name, text=shown.query, settings=tuple(sorted((key, value) for key, value in settings if value))
        )


def _said(error: ServerError) -> str:
    return error.message.removeprefix(f"{error.endpoint}: ")


async def show_create(server: Server, name: TableName) -> str:
    """Trino's own CREATE TABLE of it."""
    rows = await server.query(f"SHOW CREATE TABLE {ansi_table(name)}", str(name))
    return str(rows[0][0])


async def definitions(server: Server, names: Sequence[TableName]) -> dict[TableName, str]:
    """Trino's own CREATE TABLE of each. Raises ServerError for one that is not there."""
    wanted = sorted(set(names))

    async def shown(name: TableName) -> str:
        return await show_create(server, name)

    found = dict(zip(wanted, await at_once(server.slots, shown, wanted), strict=True))
    return {name: found[name] for name in names}


SHOW_STATS = "SHOW STATS FOR (SELECT * FROM {table}{where})"


async def measure(server: Server, asked: Iterable[tuple[TableName, str]]) -> tuple[Statistics, ...]:
    """What Trino's statistics say of the rows that the conditions let through; zeros where nobody collected any."""

    async def one(way: tuple[TableName, str]) -> Statistics:
        name, where = way
        sql = SHOW_STATS.format(table=ansi_table(name), where=f" WHERE {where}" if where else "")
        rows = await server.query(sql, str(name))
        total = next((row[4] for row in rows if row[0] is None), None)
        size = sum(row[1] or 0 for row in rows if row[0] is not None)
        return Statistics(name, _whole(total), _whole(size))

    return tuple(await at_once(server.slots, one, list(asked)))


def _whole(number: object) -> int:
    return round(float(str(number))) if number is not None else 0
