"""Tables of two lakes as crashes need them: many small files whose rows are known, old ones where they go."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from migrate.engines.lake.files import Objects
from tests.lab.lake import End, Lake
from tests.lake.stores import clear, fill, objects

Sums = dict[str, tuple[int, str]]
"""Rows and a checksum by partition; of a table without partitions by an empty name."""

PLAIN, PART, MANY = "plain", "part", "many"
PARTITIONED = (PART, MANY)
ROWS = 25
COLUMNS = "n bigint, word varchar"

Files = Mapping[str, bytes]


def file(seed: int) -> bytes:
    """Some rows of a TEXTFILE table, that no other seed gives."""
    return b"".join(b"%d\x01word %d\n" % (seed * ROWS + row, seed) for row in range(ROWS))


def parts(number: int, files: int, seed: int = 0) -> dict[str, bytes]:
    """So many partitions of so many files."""
    return {
        f"dt={partition:03}/{name:03}.txt": file(seed + partition * files + name)
        for partition in range(number)
        for name in range(files)
    }


def plain(files: int, seed: int = 0) -> dict[str, bytes]:
    """So many files."""
    return {f"{name:03}.txt": file(seed + name) for name in range(files)}


NEW: dict[str, dict[str, bytes]] = {PLAIN: plain(40), PART: parts(8, 4), MANY: parts(60, 1)}
OLD: dict[str, dict[str, bytes]] = {
    PLAIN: plain(3, 5000),
    PART: parts(3, 2, 5000) | {name: data for name, data in NEW[PART].items() if name.startswith(("dt=003", "dt=004"))},
    MANY: parts(2, 1, 5000),
}
"""Of what is at the target two partitions of `part` are equal, three differ and three are not there."""


@dataclass
class World:
    """A schema at each end and a folder at the target's for what is moved there."""

    lake: Lake
    old: str
    new: str
    store: Objects

    @property
    def location(self) -> str:
        """Where the move puts its files."""
        return f"s3://{self.lake.target.bucket}/{self.new}/moved"

    async def make(self, end: End, table: str, files: Files) -> None:
        """An external table over these files."""
        schema = self.old if end is self.lake.source else self.new
        place = f"s3://{end.bucket}/{schema}/made/{table}"
        await fill(self.store, place, dict(files))
        await asyncio.to_thread(make_table, end, schema, table, place)

    async def ask(self, end: End, table: str) -> Sums:
        """What a Trino says of a table now."""
        schema = self.old if end is self.lake.source else self.new
        return sums_of(await asyncio.to_thread(end.rows, question(schema, table)))

    async def assert_moved(self, table: str) -> None:
        """The target has the source's rows, partition by partition."""
        here, there = await self.ask(self.lake.source, table), await self.ask(self.lake.target, table)
        assert here
        assert there == here


def make_table(end: End, schema: str, table: str, place: str) -> None:
    """A TEXTFILE table over what stands at a place."""
    partitioned = table in PARTITIONED
    columns = f"{COLUMNS}, dt varchar" if partitioned else COLUMNS
    by = ", partitioned_by = ARRAY['dt']" if partitioned else ""
    end.rows(
        f"CREATE TABLE hive.{schema}.{table} ({columns}) WITH (external_location = '{place}', format = 'TEXTFILE'{by})"
    )
    if partitioned:
        end.rows(f"CALL hive.system.sync_partition_metadata('{schema}', '{table}', 'ADD')")


def question(schema: str, table: str, catalog: str = "hive") -> str:
    """Rows and a checksum, by partition where there are some."""
    what = "count(*), to_hex(checksum(n)), to_hex(checksum(word))"
    if table in PARTITIONED:
        return f"SELECT dt, {what} FROM {catalog}.{schema}.{table} GROUP BY dt"
    return f"SELECT '', {what} FROM {catalog}.{schema}.{table}"


def sums_of(rows: list[list[Any]]) -> Sums:
    return {str(name): (int(count), f"{one} {other}") for name, count, one, other in rows}


@asynccontextmanager
async def source_world(lake: Lake, tables: Sequence[str] = tuple(NEW)) -> AsyncIterator[str]:
    """A schema of the source with these tables."""
    name = f"crash_{uuid.uuid4().hex[:10]}"
    world = World(lake, name, "", objects(lake, lake.both))
    await asyncio.to_thread(
        lake.source.rows, f"CREATE SCHEMA hive.{name} WITH (location = 's3://{lake.source.bucket}/{name}')"
    )
    try:
        for table in tables:
            await world.make(lake.source, table, NEW[table])
        yield name
    finally:
        await drop(lake.source, name, world.store)


@asynccontextmanager
async def target_world(lake: Lake, old: str) -> AsyncIterator[World]:
    """A schema of the target, empty."""
    name = f"crashed_{uuid.uuid4().hex[:10]}"
    world = World(lake, old, name, objects(lake, lake.both))
    await asyncio.to_thread(
        lake.target.rows, f"CREATE SCHEMA hive.{name} WITH (location = 's3://{lake.target.bucket}/{name}')"
    )
    try:
        yield world
    finally:
        await drop(lake.target, name, world.store)


async def drop(end: End, schema: str, store: Objects) -> None:
    """The schema, its tables and all of its files."""

    def tables() -> Iterator[str]:
        for (table,) in end.rows(f"SHOW TABLES FROM hive.{schema}"):
            yield table

    def go() -> None:
        for table in tables():
            end.rows(f'DROP TABLE hive.{schema}."{table}"')
        end.rows(f"DROP SCHEMA hive.{schema}")

    await asyncio.to_thread(go)
    await clear(store, f"s3://{end.bucket}/{schema}")
