"""Tables of Hive whose files have given sizes: text that Trino can read and sum up, written straight into the store."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import obstore
from obstore.store import S3Store

from tests.lab.buckets import bucket
from tests.lab.lake import End, Lake

KIB, MIB = 2**10, 2**20
ROW = 512
"""Bytes of a row: a number, a separator, text and the end of the line."""
AT_ONCE = 24
TABLES_AT_ONCE = 4
SEPARATOR = "\x01"  # Hive's own between two columns
NOISE = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(512))


@dataclass(frozen=True)
class Shape:
    """A table of `partitions` partitions, each with objects of these sizes, in bytes."""

    name: str
    words: str
    partitions: int
    sizes: tuple[int, ...]

    @property
    def objects(self) -> int:
        """Of the table."""
        return self.partitions * len(self.sizes)

    @property
    def bytes(self) -> int:
        """Of the table."""
        return self.partitions * sum(self.sizes)


MIXED = Shape("mixed", "3,000 objects of 16 KiB and 24 of 32 MiB, in 24 partitions", 24, (*[16 * KIB] * 125, 32 * MIB))
SMALL = Shape("small", "20,000 objects of 4 KiB, in 20 partitions", 20, (4 * KIB,) * 1000)


def many(partitions: int) -> Shape:
    """Many partitions of ten tiny objects each."""
    words = f"{10 * partitions:,} objects of {ROW} B, in {partitions:,} partitions"
    return Shape(f"many_{partitions}", words, partitions, (ROW,) * 10)


def content(number: int, size: int) -> bytes:
    """The object of that number: whole rows, the last one as long as it takes."""
    first = number * 1_000_000
    start = number * 37 % (len(NOISE) - ROW)
    rows, rest = divmod(size, ROW)
    lines = []
    for row in range(rows):
        length = ROW + (rest if row == rows - 1 else 0)
        at = (start + 61 * row) % (len(NOISE) - ROW)
        head = f"{first + row}{SEPARATOR}"
        lines.append(f"{head}{(NOISE[at:] + NOISE)[: length - len(head) - 1]}\n")
    return "".join(lines).encode("ascii")


def names(shape: Shape) -> Iterator[tuple[str, int, int]]:
    """Key below the table, number and size of each object."""
    number = 0
    for partition in range(shape.partitions):
        for one, size in enumerate(shape.sizes):
            yield f"day={partition:05}/part-{one:05}", number, size
            number += 1


def store(lake: Lake, end: str) -> S3Store:
    """A bucket, by the key that may use both."""
    return lake.store(bucket(end), lake.both)


async def _write(to: S3Store, prefix: str, shape: Shape) -> None:
    left = names(shape)

    async def some() -> None:
        for key, number, size in left:
            await obstore.put_async(to, f"{prefix}/{key}", content(number, size), use_multipart=False)

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))


def make(lake: Lake, schema: str, shape: Shape) -> str:
    """Write the files and make the table over them, at the source. Returns its location. Raises trino's errors."""
    asyncio.run(_write(store(lake, "source"), f"{schema}/{shape.name}", shape))
    location = f"s3://{bucket('source')}/{schema}/{shape.name}"
    lake.source.rows(
        f"CREATE TABLE hive.{schema}.{shape.name} (id bigint, body varchar, day varchar) "
        f"WITH (format = 'TEXTFILE', partitioned_by = ARRAY['day'], external_location = '{location}')"
    )
    lake.source.rows(f"CALL hive.system.sync_partition_metadata('{schema}', '{shape.name}', 'ADD')")
    return location


def make_schema(lake: Lake, schema: str) -> None:
    """An empty one at the source."""
    lake.source.rows(f"CREATE SCHEMA hive.{schema} WITH (location = 's3://{bucket('source')}/{schema}')")


def make_tables(lake: Lake, schema: str, count: int, columns: int) -> None:
    """As many tables of as many columns, with one object in each of two partitions. Raises trino's errors."""
    prefix = f"{schema}/tables"
    shape = Shape("", "", 2, (ROW,))
    row = SEPARATOR.join(str(number) for number in range(columns)) + "\n"

    async def write() -> None:
        left = iter([f"{prefix}/t{table:05}/{key}" for table in range(count) for key, _, _ in names(shape)])

        async def some() -> None:
            for key in left:
                await obstore.put_async(store(lake, "source"), key, row.encode(), use_multipart=False)

        await asyncio.gather(*(some() for _ in range(AT_ONCE)))

    asyncio.run(write())
    defined = ", ".join(f"c{number:03} varchar" for number in range(columns))

    def one(table: int) -> None:
        location = f"s3://{bucket('source')}/{prefix}/t{table:05}"
        lake.source.rows(
            f"CREATE TABLE hive.{schema}.t{table:05} ({defined}, day varchar) "
            f"WITH (format = 'TEXTFILE', partitioned_by = ARRAY['day'], external_location = '{location}')"
        )
        lake.source.rows(f"CALL hive.system.sync_partition_metadata('{schema}', 't{table:05}', 'ADD')")

    with ThreadPoolExecutor(TABLES_AT_ONCE) as threads:
        list(threads.map(one, range(count)))


def drop(end: End, schema: str) -> None:
    """The schema and its tables, if it is there; their files stay."""
    if [schema] not in end.rows("SHOW SCHEMAS FROM hive"):
        return
    tables = [table for (table,) in end.rows(f"SHOW TABLES FROM hive.{schema}")]
    with ThreadPoolExecutor(TABLES_AT_ONCE) as threads:
        list(threads.map(lambda table: end.rows(f'DROP TABLE hive.{schema}."{table}"'), tables))
    end.rows(f"DROP SCHEMA hive.{schema}")


def clear(lake: Lake, end: str, prefix: str) -> int:
    """Delete all objects below a prefix; how many there were."""
    gone = 0
    bucket_ = store(lake, end)
    for page in obstore.list(bucket_, prefix, chunk_size=1000):
        obstore.delete(bucket_, [one["path"] for one in page])
        gone += len(page)
    return gone


async def _every(of: S3Store, prefix: str) -> AsyncIterator[tuple[str, int, str]]:
    async for page in obstore.list(of, prefix, chunk_size=1000):
        for one in page:
            yield one["path"].removeprefix(f"{prefix}/"), one["size"], (one["e_tag"] or "").strip('"')


def stands(lake: Lake, end: str, prefix: str) -> dict[str, tuple[int, str]]:
    """Size and etag of every object below a prefix but hidden ones, by its key there."""

    async def found() -> dict[str, tuple[int, str]]:
        return {key: (size, etag) async for key, size, etag in _every(store(lake, end), prefix)}

    return {key: one for key, one in asyncio.run(found()).items() if not key.startswith("_")}


def unlike(mine: dict[str, tuple[int, str]], theirs: dict[str, tuple[int, str]]) -> str:
    """The first difference of two listings, in words; empty when there is none. Etags in parts say nothing."""
    for key in sorted(mine.keys() | theirs.keys()):
        one, other = mine.get(key), theirs.get(key)
        if one is None or other is None:
            return f"{key} is on one side only"
        if one[0] != other[0] or (one[1] != other[1] and "-" not in one[1] + other[1]):
            return f"{key} differs: {one} and {other}"
    return ""
