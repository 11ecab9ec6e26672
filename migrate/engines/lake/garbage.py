"""What may be removed: objects that we wrote, below locations at which the server shows nothing any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from migrate.engines.files import Collected
from migrate.engines.lake.connect import Server
from migrate.engines.lake.files import Objects
from migrate.engines.lake.inspect import at_once, show_create
from migrate.engines.lake.manifests import Manifests
from migrate.engines.lake.partitions import s3
from migrate.engines.lake.shown import shown_table
from migrate.engines.lake.tables import is_lake
from migrate.engines.lake.trino_refusals import NOT_THERE, OTHER_FORMAT
from migrate.errors import ServerError, UnreadableDdl
from migrate.model.table import TableName
from migrate.sql import ansi, ansi_table, ansi_text

BASE_TABLES = """\
SELECT table_schema, table_name FROM {catalog}.information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema <> 'information_schema'"""
FOLDERS = """\
SELECT DISTINCT regexp_replace("$path", '/[^/]*$', '') FROM {table} WHERE {among}"""
DELETED = 1000
"""Objects in one request."""


async def collect(
    objects: Objects,
    manifests: Manifests,
    wanted: Mapping[TableName, Sequence[str]],
    used: Mapping[str, str],
    look: bool,
) -> tuple[Collected, ...]:
    """See `migrate.engines.files.Files.collect`; `used` is what `in_use` found."""
    found: list[Collected] = []
    for table, locations in wanted.items():
        counts = dict.fromkeys((one for one in locations if one not in used), (0, 0))
        waiting: list[str] = []
        async for name, size in manifests.objects(table):
            place = next((one for one in counts if name.startswith(f"{one}/")), None)
            if place is None:
                continue
            files, volume = counts[place]
            counts[place] = files + 1, volume + size
            waiting.append(name)
            if len(waiting) >= DELETED:
                await _delete(objects, waiting, look)
        await _delete(objects, waiting, look)
        found += [Collected(one, *counts.get(one, (0, 0)), used_by=used.get(one, "")) for one in locations]
    return tuple(found)


async def _delete(objects: Objects, waiting: list[str], look: bool) -> None:
    if waiting and not look:
        await objects.delete(waiting)
    waiting.clear()


async def in_use(
    server: Server, wanted: Mapping[TableName, Sequence[str]], ignored: Collection[TableName]
) -> dict[str, str]:
    """Of these locations those that a table uses, or a partition of a table in the schemas of the wanted ones."""
    locations = [location for some in wanted.values() for location in some]
    schemas = {(table.catalog, table.schema) for table in wanted}
    found: dict[str, str] = {}
    for catalog, connector in (await server.catalogs()).items():
        if not is_lake(connector):
            continue
        rows = await server.query(BASE_TABLES.format(catalog=ansi(catalog)))
        names = [TableName(str(schema), str(name), catalog) for schema, name in rows]
        names = [name for name in names if name not in ignored]

        async def at(name: TableName) -> tuple[TableName, str, bool]:
            try:
                shown = shown_table(await show_create(server, name))
            except (ServerError, UnreadableDdl) as error:
                if isinstance(error, ServerError) and (error.name in NOT_THERE or error.name == OTHER_FORMAT):
                    return name, "", False  # gone, or another catalog tells of it
                raise
            place = s3(shown.value("external_location") or shown.value("location"))
            return name, place, bool(shown.names("partitioned_by"))

        for name, place, partitioned in await at_once(server.slots, at, names):
            found |= {one: str(name) for one in locations if place and _shows(place, one, partitioned)}
            if partitioned and (name.catalog, name.schema) in schemas:
                left = [one for one in locations if one not in found]
                for folder in await _folders(server, name, left):
                    found |= {one: f"a partition of {name}" for one in left if _overlap(one, folder)}
    return found


async def _folders(server: Server, table: TableName, locations: Sequence[str]) -> list[str]:
    """The folders of the table's files at or below these locations."""
    if not locations:
        return []
    prefixes = [f"{way}{one.removeprefix('s3')}/" for one in locations for way in WAYS]
    ways = [f'starts_with("$path", {ansi_text(one)})' for one in prefixes]
    sql = FOLDERS.format(table=ansi_table(table), among=" OR ".join(ways))
    return [s3(str(row[0])) for row in await server.query(sql, str(table))]


WAYS = ("s3", "s3a", "s3n")
"""How Hadoop's file systems spell S3."""


def _shows(place: str, location: str, partitioned: bool) -> bool:
    """Whether a table at `place` may show files there: of what is below it a partitioned one shows partitions only."""
    return f"{place}/".startswith(f"{location}/") or (not partitioned and _overlap(place, location))


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
