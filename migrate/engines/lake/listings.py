"""What stands below locations: versions of partitions, by listings of the store.

Nothing here grows with objects: a sum of hashes needs neither their order nor their names.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from migrate.engines.files import FilePartition, Listing, Place, below
from migrate.engines.lake.files import Objects, Stored
from migrate.engines.lake.location import Location, location_of
from migrate.errors import BadKey, ServerError

FEW = 64
"""Of up to so many partitions the table is listed for no more pages than they are: it may have many more of them."""
AT_ONCE = 16
LEAST_ARCHIVED = 128 * 2**10
"""Bytes below which S3 moves nothing to an archive by itself; and it moves what is old. So the oldest above that is a
partition's sample: https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html"""

_MODULUS = 2**256
_COMMIT = re.compile(r"_delta_log/[0-9]{20}\.json")
"""A commit of Delta's log: https://github.com/delta-io/delta/blob/master/PROTOCOL.md#delta-log-entries"""


class Tally:
    """A `Listing` that grows by one object at a time, in any order."""

    def __init__(self) -> None:
        self._files = self._bytes = self._skipped = self._sum = 0
        self._sample: tuple[bool, datetime, str] | None = None

    def add(self, stored: Stored, data: bool) -> None:
        """Count an object; its key is relative to the location that is summed."""
        if data:
            self._files += 1
            self._bytes += stored.size
            rank = (stored.size < LEAST_ARCHIVED, stored.modified, stored.key)
            if stored.size and (self._sample is None or rank < self._sample):
                self._sample = rank
        else:
            self._skipped += 1
            if not _COMMIT.fullmatch(stored.key):
                return
        line = f"{stored.key}\t{stored.size}\t{stored.etag}".encode()
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest(), "big")) % _MODULUS

    @property
    def listing(self) -> Listing:
        """What was counted so far; the digest of nothing is zeros."""
        sample = self._sample[-1] if self._sample else ""
        return Listing(self._files, self._bytes, f"{self._sum:064x}", self._skipped, sample)


async def data_below(objects: Objects, location: str) -> AsyncIterator[tuple[Stored, bool]]:
    """Every object below the location, and whether it is data. What is not is copied by nobody.

    A marker `x/` of a folder is listed as `x`, which is not there when one asks for it.
    """
    place = location_of(location)
    async for page in objects.pages(location):
        empty = [stored.key for stored in page if not stored.size and not hidden(stored.key)]
        markers = await _markers(objects, place, empty) if empty else frozenset()
        for stored in page:
            if stored.key:
                yield stored, not hidden(stored.key) and stored.key not in markers


def hidden(key: str) -> bool:
    """Whether a name below a location is one that Hive and Trino do not read."""
    return key.endswith("_$folder$") or any(part.startswith(("_", ".")) for part in key.split("/"))


async def _markers(objects: Objects, place: Location, keys: Iterable[str]) -> frozenset[str]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def is_there(key: str) -> bool:
        async with gate:
            return await objects.head(str(place.below(key))) is not None

    asked = [key for key in keys if key]
    there = await asyncio.gather(*(is_there(key) for key in asked))
    return frozenset(key for key, found in zip(asked, there, strict=True) if not found)


async def listing_of(objects: Objects, location: str) -> Listing:
    """What stands below one location now."""
    tally = Tally()
    async for stored, data in data_below(objects, location):
        tally.add(stored, data)
    return tally.listing


async def listings(
    objects: Objects, place: Place, partitions: Sequence[FilePartition]
) -> AsyncIterator[tuple[str, Listing]]:
    """See `migrate.engines.files.Files.listings`.

    One listing of the table's location answers for all partitions below it, unless they are few and it takes more pages
    than they are, or cannot be made; each other one is listed by itself. What lies below a partition's folder is of
    that partition, however deep.
    """
    names: dict[str, list[str]] = {}
    for partition in partitions:
        names.setdefault(_plain(objects, partition.location), []).append(partition.name)
    table = _plain(objects, place.location)
    inside = {location for location in names if below(location, table)}
    together: Mapping[str, Listing] = {}
    with contextlib.suppress(BadKey):  # it may be in a partition that nobody asked for: each is listed by itself then
        together = await (_few(objects, table, inside) if len(inside) <= FEW else _together(objects, table, inside))
    for location, found in together.items():
        for name in names[location]:
            yield name, found
    try:
        async for location, found in _each(objects, [location for location in names if location not in together]):
            for name in names[location]:
                yield name, found
    except BadKey as error:
        raise BadKey(error.endpoint, error.place, error.key, names.get(error.place, [""])[0]) from error


async def _few(objects: Objects, table: str, locations: Collection[str]) -> Mapping[str, Listing]:
    """The same where that is as cheap as listing each of them; nothing where it is not, or something else is there.

    What cannot be listed beside them, by its name or by rights, must not keep them from being listed.
    """
    if len(locations) < 2:
        return {}
    try:
        return await _together(objects, table, locations, len(locations))
    except ServerError as error:
        if error.temporary:
            raise
        return {}  # each is listed by itself: what is wrong with one of them is said then


async def _together(objects: Objects, table: str, locations: Iterable[str], most: int = 0) -> Mapping[str, Listing]:
    """All of these by one listing of the table; nothing where it takes more than `most` pages (0: however many)."""
    folders = {location.removeprefix(table).strip("/"): Tally() for location in locations}
    depths = sorted({folder.count("/") + 1 if folder else 0 for folder in folders})
    read = 0
    async for page in _pages_below(objects, table, depths, folders.keys()):
        read += 1
        if most and read > most:
            return {}
        for folder, stored, data in page:
            folders[folder].add(stored, data)
    return {str(location_of(table).below(folder)): tally.listing for folder, tally in folders.items()}


async def _pages_below(
    objects: Objects, table: str, depths: Sequence[int], folders: Iterable[str]
) -> AsyncIterator[list[tuple[str, Stored, bool]]]:
    """Objects by the folder that they are below, keys relative to it, and whether they are data there; page by page."""
    known = frozenset(folders)
    place = location_of(table)
    async for page in objects.pages(table):
        found = [
            (folder, Stored(rest, stored.size, stored.etag, stored.modified))
            for stored in page
            for folder, rest in _folders(stored.key, depths)
            if folder in known
        ]
        empty = {f"{folder}/{one.key}".strip("/") for folder, one in found if not one.size and not hidden(one.key)}
        markers = await _markers(objects, place, empty) if empty else frozenset()
        yield [
            (folder, one, not hidden(one.key) and f"{folder}/{one.key}".strip("/") not in markers)
            for folder, one in found
        ]


def _folders(key: str, depths: Sequence[int]) -> list[tuple[str, str]]:
    """The folders of these depths that the key lies in, and its name below each."""
    parts = key.split("/")
    return [("/".join(parts[:depth]), "/".join(parts[depth:])) for depth in depths if depth < len(parts) and key]


async def _each(objects: Objects, locations: Sequence[str]) -> AsyncIterator[tuple[str, Listing]]:
    waiting = list(reversed(locations))
    running: dict[asyncio.Task[Listing], str] = {}
    try:
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                location = waiting.pop()
                running[asyncio.create_task(listing_of(objects, location))] = location
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield running.pop(task), task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _plain(objects: Objects, location: str) -> str:
    try:
        return str(location_of(location))
    except ValueError as error:
        raise ServerError(objects.endpoint, str(error)) from error
