"""What may be removed: objects that we wrote, below locations at which the server shows nothing any more.

And what Trino leaves when it dies amid an INSERT: files in folders of partitions that are not registered yet, which
would be rows of them. In those of registered ones OVERWRITE leaves nothing but its own (seen with Trino 483).
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec.structs import replace

from migrate.engines.files import Collected, below, overlap
from migrate.engines.lake.connect import Server
from migrate.engines.lake.files import Objects
from migrate.engines.lake.gathering import at_once
from migrate.engines.lake.inspect import show_create
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
SELECT DISTINCT regexp_replace({path}, '/[^/]*$', '') FROM {table} WHERE {among}"""
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
            place = next((folder for folder in _folders_above(name) if folder in counts), None)
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


def _folders_above(name: str) -> Iterator[str]:
    """The folders of an object, the nearest first."""
    while (name := name.rpartition("/")[0]) and not name.endswith("/"):
        yield name


async def _delete(objects: Objects, waiting: list[str], look: bool) -> None:
    if waiting and not look:
        await objects.delete(waiting)
    waiting.clear()


async def sweep(objects: Objects, location: str, depth: int, known: Collection[str]) -> int:
    """Remove all below the location but what is in these folders, that are so many levels deep; how many objects."""
    gone = 0
    async for page in objects.pages(location):
        left = [one.key for one in page if "/".join(one.key.split("/")[:depth]) not in known]
        await objects.delete([f"{location}/{key}" for key in left])
        gone += len(left)
    return gone


async def in_use(server: Server, wanted: Collection[Sequence[str]], ignored: Collection[TableName]) -> dict[str, str]:
    """Of these locations those of which a table of any catalog shows a file, and the table.

    Tables are asked where they are; those of which that does not say all (partitions of Hive, managed tables, files
    that Iceberg or Delta took over) where the files are that they have below the locations.
    """
    locations = [location for some in wanted for location in some]
    roots = sorted({root for some in wanted for root in roots_of(some)})
    found: dict[str, str] = {}
    for catalog, connector in (await server.catalogs()).items():
        if not is_lake(connector):
            continue
        rows = await server.query(BASE_TABLES.format(catalog=ansi(catalog)))
        names = [TableName(str(schema), str(name), catalog) for schema, name in rows]
        names = [name for name in names if name not in ignored]

        async def of(name: TableName, connector: str = connector) -> tuple[TableName, list[str]]:
            try:
                shown = shown_table(await show_create(server, name))
                place = s3(shown.value("external_location") or shown.value("location"))
                partitioned = connector == "hive" and bool(shown.names("partitioned_by"))
                mine = {one for one in locations if place and _shows(place, one, partitioned)}
                if partitioned or connector != "hive" or not place:
                    folders = await _folders(server, name, connector, roots)
                    mine |= {one for one in locations for folder in folders if overlap(one, folder)}
                return name, sorted(mine)
            except (ServerError, UnreadableDdl) as error:
                if isinstance(error, ServerError) and (error.name in NOT_THERE or error.name == OTHER_FORMAT):
                    return name, []  # gone, or another catalog tells of it
                raise

        for name, mine in await at_once(server.slots, of, names):
            found |= {one: str(name) for one in mine}
    return found


def roots_of(locations: Sequence[str]) -> list[str]:
    """Of each bucket the folder that all of these are in which it holds; of one location itself."""
    by_bucket: dict[str, list[list[str]]] = {}
    for location in locations:
        parts = location.split("/")
        by_bucket.setdefault(parts[2], []).append(parts)
    return ["/".join(_common(some)) for some in by_bucket.values()]


def _common(paths: Sequence[Sequence[str]]) -> list[str]:
    """The parts with which all of these begin."""
    together = zip(*paths, strict=False)
    return [parts[0] for parts in itertools.takewhile(lambda parts: len(set(parts)) == 1, together)]


async def _folders(server: Server, table: TableName, connector: str, roots: Sequence[str]) -> list[str]:
    """The folders of the table's files below these roots."""
    path = "file_path" if connector == "iceberg" else '"$path"'
    asked = replace(table, name=f"{table.name}$files") if connector == "iceberg" else table
    prefixes = [f"{way}{root.removeprefix('s3')}/" for root in roots for way in WAYS]
    among = " OR ".join(f"starts_with({path}, {ansi_text(one)})" for one in prefixes)
    sql = FOLDERS.format(path=path, table=ansi_table(asked), among=among)
    return [s3(str(row[0])) for row in await server.query(sql, str(table))]


WAYS = ("s3", "s3a", "s3n")
"""How Hadoop's file systems spell S3."""


def _shows(place: str, location: str, partitioned: bool) -> bool:
    """Whether a table at `place` may show files there: of what is below it a partitioned one shows partitions only."""
    return below(place, location) or (not partitioned and overlap(place, location))
