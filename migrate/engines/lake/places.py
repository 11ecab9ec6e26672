"""Where the files of tables are, and what may be done with them there."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from migrate.engines.files import Place
from migrate.engines.lake.connect import Server
from migrate.engines.lake.gathering import gathered
from migrate.engines.lake.inspect import show_create
from migrate.engines.lake.partitions import s3
from migrate.engines.lake.shown import ShownTable, shown_table
from migrate.engines.lake.trino_refusals import NOT_THERE
from migrate.errors import ServerError
from migrate.model.table import Table, TableName
from migrate.sql import ansi, ansi_table, ansi_text

PURGED = "external.table.purge"
"""A property of Hive's metastore: dropping the table deletes its files, though it is called external (HIVE-19981)."""

STANDING = """\
SELECT table_schema, table_name FROM {catalog}.information_schema.tables
WHERE table_schema IN ({schemas}) AND table_name IN ({names})"""
HARMLESS = """\
CALL {catalog}.system.register_partition(
schema_name => '_migrate', table_name => '_migrate', partition_columns => ARRAY['_'], partition_values => ARRAY['_'])"""
FEW = 200
"""Tables of which more is asked than a plan needs that only reads them."""
FILES_ONLY = 'copy_files moves Hive tables only: use method = "insert_select"'


HIDDEN = """\
SELECT table_schema, table_name FROM {catalog}.information_schema.tables
WHERE table_schema IN ({schemas}) AND starts_with(table_name, '_mo_')"""


class Places:
    """Asks where tables are; what a catalog allows is asked once.

    `written`: whether tables here may be dropped or renamed. Where none ever is, and very many are asked, whether one
    owns its files is told by its location alone, which saves a question for each.
    """

    def __init__(self, server: Server, written: bool) -> None:
        self._server = server
        self._written = written
        self._registers: dict[str, bool] = {}
        self._asking = asyncio.Lock()
        self._shown: dict[TableName, ShownTable] = {}

    def remember(self, shown: Mapping[TableName, ShownTable]) -> None:
        """What `inspect` was shown just now: each is believed once."""
        self._shown = dict(shown)

    async def of(self, tables: Sequence[Table]) -> Mapping[TableName, Place]:
        """See `migrate.engines.files.Files.places`: at most three questions for each table.

        What `inspect` was shown of a table a moment before is not asked again.
        """
        connectors = await self._server.catalogs()
        asks = self._written or len(tables) <= FEW

        async def one(table: Table) -> Place:
            return await self._place(table, connectors.get(table.name.catalog, ""), asks)

        found = await gathered(*map(one, tables))
        return {table.name: place for table, place in zip(tables, found, strict=True)}

    async def _place(self, table: Table, connector: str, asks: bool) -> Place:
        shown = self._shown.pop(table.name, None) or shown_table(await show_create(self._server, table.name))
        if connector != "hive":
            said = f"a table of {table.storage.engine}: {FILES_ONLY}"
            return Place(s3(shown.value("location")), external=False, refused=(("MG601", said),))
        location = s3(shown.value("external_location"))
        refused: list[tuple[str, str]] = []
        properties: Mapping[str, str] = {}
        owned = not location
        try:
            properties = await self._properties(table.name) if asks else {}
            location = location or await self._by_its_files(table)
            if not location:
                said = "it is a managed table without any file, and Trino does not tell where those would be"
                refused.append(("MG603", said))
        except ServerError as error:  # of this table alone: the others are not spoiled by it
            if error.temporary or not error.name:
                raise
            said = error.message.removeprefix(f"{self._server.endpoint}: {table.name}: ")
            refused.append(("MG603", f"Trino does not tell what its files are to it: {said}"))
            owned = True
        external = not owned and properties.get(PURGED, "").upper() != "TRUE"
        refused += _refusals(shown, properties)
        if location and not location.startswith("s3://"):
            refused.append(("MG604", f"its files are not in S3 but in {location}"))
        partitioned = bool(shown.names("partitioned_by"))
        registers = partitioned and external and await self._allowed(table.name.catalog)
        return Place(location, external, external, registers, tuple(refused))

    async def _properties(self, name: TableName) -> dict[str, str]:
        """The metastore's parameters of the table: one row, with a column for each that it has.

        Of several tables in one query, each row made JSON by a scalar subquery, Trino 476 plans longer than it takes to
        ask them one by one.
        """
        hidden = TableName(name.schema, f"{name.name}$properties", name.catalog)
        row = await self._server.first(f"SELECT * FROM {ansi_table(hidden)}", str(name))
        return {key: str(value) for key, value in row if value is not None}

    async def _by_its_files(self, table: Table) -> str:
        """The folder of any file, without the folders of its partition."""
        sql = f'SELECT "$path" FROM {ansi_table(table.name)} LIMIT 1'
        rows = await self._server.query(sql, str(table.name))
        if not rows:
            return ""
        folders = s3(str(rows[0][0])).split("/")[:-1]
        while "=" in folders[-1]:
            folders.pop()
        return "/".join(folders)

    async def _allowed(self, catalog: str) -> bool:
        """Whether partitions may be registered there: asked with names that no table has, so nothing happens."""
        async with self._asking:
            return await self._asked(catalog)

    async def _asked(self, catalog: str) -> bool:
        if catalog not in self._registers:
            try:
                await self._server.execute(HARMLESS.format(catalog=ansi(catalog)))
                allowed = False  # a table of that name would be ours, and there is none
            except ServerError as error:
                if error.temporary:
                    raise
                allowed = error.name in NOT_THERE
            self._registers[catalog] = allowed
        return self._registers[catalog]

    async def hidden(self, schemas: Collection[tuple[str, str]]) -> frozenset[TableName]:
        """Tables whose names begin as ours do: one question for a catalog."""
        found: set[TableName] = set()
        for catalog in sorted({catalog for catalog, _ in schemas}):
            texts = ", ".join(sorted(ansi_text(schema) for one, schema in schemas if one == catalog))
            rows = await self._server.query(HIDDEN.format(catalog=ansi(catalog), schemas=texts), catalog)
            found.update(TableName(str(schema), str(name), catalog) for schema, name in rows)
        return frozenset(found)

    async def standing(self, names: Sequence[TableName]) -> frozenset[TableName]:
        """Those of these names under which a table, or a view, is there: one question for a catalog."""
        by_catalog: dict[str, list[TableName]] = {}
        for name in names:
            by_catalog.setdefault(name.catalog, []).append(name)
        found: set[TableName] = set()
        for catalog, wanted in sorted(by_catalog.items()):
            for at in range(0, len(wanted), _NAMES):
                part = wanted[at : at + _NAMES]
                sql = STANDING.format(
                    catalog=ansi(catalog),
                    schemas=", ".join(ansi_text(name) for name in sorted({one.schema for one in part})),
                    names=", ".join(ansi_text(name) for name in sorted({one.name for one in part})),
                )
                rows = await self._server.query(sql, catalog)
                found.update(TableName(str(row[0]), str(row[1]), catalog) for row in rows)
        return frozenset(found & set(names))


_NAMES = 1000


def _refusals(shown: ShownTable, properties: Mapping[str, str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    transactional = properties.get("transactional", "false").lower() == "true"
    if transactional or dict(shown.properties).get("transactional") == "true":
        said = 'it is an ACID table, whose files are read together only by Hive\'s rules: use method = "insert_select"'
        found.append(("MG602", said))
    return found
