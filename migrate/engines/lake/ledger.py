"""The ledger of a lake: small objects below the endpoint's `ledger` location. See `migrate.engines.base.Engine`.

    prepared/CATALOG.SCHEMA                              that there is a ledger
    PLAN/CATALOG.SCHEMA/TABLE/whole.STEP                 a step that is done; its id is in the key, when it is short
    PLAN/CATALOG.SCHEMA/TABLE/lines.HASH                 the other lines of a step, in one object
    made/CATALOG.SCHEMA/KIND.NAME                        a view that was made from another dialect's

So what a plan has begun and finished is told by one listing. Lines of one step are one object, replaced in its version
only: all of them are written or none.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import unquote

import msgspec

from migrate.engines.base import LedgerKey, LedgerLine, Made
from migrate.engines.lake.files import Objects
from migrate.engines.lake.gathering import at_once
from migrate.engines.lake.location import spelled
from migrate.errors import Busy, ServerError
from migrate.model.table import TableName

PLAN_DIGITS = 16
LONGEST_STEP = 500
"""Characters of a step's spelled id in a key, of which S3 takes 1,024 bytes."""
OF_SCHEMA = "="
"""In place of a table for steps and views of a schema; `spelled` leaves none in a name."""
HASHED = "="
"""Before the hash of a longer id; `spelled` leaves none in a name."""
AT_ONCE = 16
TRIES = 20

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


class _Entry(msgspec.Struct, frozen=True):
    """The content of one object of lines."""

    step: str
    target: TableName
    lines: tuple[LedgerLine, ...]


class Ledger:
    """The methods of `Engine` of the same names. `location` is the endpoint's `ledger`, `s3://…`.

    Without one there are no lines, and nothing can be recorded.
    """

    def __init__(self, objects: Objects, location: str) -> None:
        self._objects = objects
        self._location = location.rstrip("/")
        self._prepared: set[tuple[str, str]] = set()

    async def prepare_ledger(self, schemas: Sequence[tuple[str, str]]) -> None:
        """Make the ledger of these schemas unless it is there. Raises `ServerError` without a location."""
        for schema in schemas:
            await self._objects.create(f"{self._here()}/prepared/{schema_key(schema)}", b"{}")
            self._prepared.add(schema)

    async def ledger(self, key: LedgerKey) -> AsyncIterator[LedgerLine]:
        """The lines of one step."""
        if self._location:
            for place in (self._whole(key), self._lines(key)):
                found = await self._objects.get(place)
                for line in self._read(place, found[0]).lines if found else ():
                    yield line

    async def started(self, plan: str, tables: Sequence[TableName]) -> frozenset[TableName]:
        """Those of these tables of which this plan has lines."""
        found: set[TableName] = set()
        for schema in {(table.catalog, table.schema) for table in tables}:
            names = {name.partition("/")[0] async for name in self._names(plan, schema)}
            found |= {one for one in tables if (one.catalog, one.schema) == schema and spelled(one.name) in names}
        return frozenset(found)

    async def finished(self, plan: str, schemas: Sequence[tuple[str, str]]) -> frozenset[str]:
        """The steps of this plan that are whole."""
        found: set[str] = set()
        long: list[str] = []
        for schema in schemas:
            async for name in self._names(plan, schema):
                kind, _, step = name.rpartition("/")[2].partition(".")
                if kind == "whole" and step.startswith(HASHED):
                    long.append(f"{self._plan(plan)}/{schema_key(schema)}/{name}")
                elif kind == "whole":
                    found.add(unquote(step))
        entries = await at_once(AT_ONCE, self._entry, long)
        return frozenset(found) | {entry.step for entry in entries if entry is not None}

    async def record(self, key: LedgerKey, lines: Sequence[LedgerLine]) -> None:
        """All of these lines, or none when one is there already.

        A line `whole` and others are two objects: that these are there together is sure only while one run writes.
        """
        await self._require({key.target})
        wholes = [line for line in lines if line.kind == "whole"]
        others = [line for line in lines if line.kind != "whole"]
        if wholes and others and await self._objects.head(self._whole(key)) is not None:
            return
        if not others or await self._add(key, others):
            for line in wholes:
                await self._objects.create(self._whole(key), self._write(key, [line]))

    async def record_ends(self, ends: Mapping[LedgerKey, LedgerLine]) -> None:
        """The line `whole` of each of these steps; one that is there stays."""
        await self._require({key.target for key in ends})

        async def end(item: tuple[LedgerKey, LedgerLine]) -> None:
            key, line = item
            await self._objects.create(self._whole(key), self._write(key, [line]))

        await at_once(AT_ONCE, end, list(ends.items()))

    async def forget(self, keys: Sequence[LedgerKey]) -> None:
        """Drop all lines of these steps."""
        if self._location and keys:
            await self._objects.delete([place for key in keys for place in (self._whole(key), self._lines(key))])

    async def made(self, schemas: Sequence[tuple[str, str]]) -> tuple[Made, ...]:
        """What was recorded as made in these schemas, by name."""
        if not self._location:
            return ()
        folders = [f"{self._location}/made/{schema_key(schema)}" for schema in schemas]
        places = [f"{folder}/{one.key}" for folder in folders async for one in self._objects.list(folder)]
        found = await at_once(AT_ONCE, self._objects.get, places)
        read = [self._decode(place, one[0], Made) for place, one in zip(places, found, strict=True) if one is not None]
        return tuple(sorted(read, key=lambda one: (one.name, one.kind)))

    async def record_made(self, made: Sequence[Made]) -> None:
        """Remember these, each in place of what was known of its kind and name."""
        await self._require({one.name for one in made})

        async def keep(one: Made) -> None:
            folder = f"{self._here()}/made/{schema_key((one.name.catalog, one.name.schema))}"
            await self._objects.put(f"{folder}/{spelled(one.kind)}.{spelled(one.name.name)}", msgspec.json.encode(one))

        await at_once(AT_ONCE, keep, made)

    # -- places --------------------------------------------------------------------------------------------------

    def _here(self) -> str:
        if not self._location:
            hint = f'add ledger = "s3://BUCKET/PREFIX" to [endpoint.{self._objects.endpoint}]'
            raise ServerError(self._objects.endpoint, "it has no location for locks, finished steps and proofs", hint)
        return self._location

    def _plan(self, plan: str) -> str:
        return f"{self._here()}/{plan.removeprefix('sha256:')[:PLAN_DIGITS]}"

    def _table(self, key: LedgerKey) -> str:
        schema = schema_key((key.target.catalog, key.target.schema))
        return f"{self._plan(key.plan)}/{schema}/{spelled(key.target.name) or OF_SCHEMA}"

    def _whole(self, key: LedgerKey) -> str:
        step = spelled(key.step)
        return f"{self._table(key)}/whole.{step if len(step) <= LONGEST_STEP else HASHED + _hash(key.step)}"

    def _lines(self, key: LedgerKey) -> str:
        return f"{self._table(key)}/lines.{_hash(key.step)}"

    async def _names(self, plan: str, schema: tuple[str, str]) -> AsyncIterator[str]:
        if self._location:
            async for one in self._objects.list(f"{self._plan(plan)}/{schema_key(schema)}"):
                yield one.key

    # -- contents ------------------------------------------------------------------------------------------------

    async def _require(self, tables: Iterable[TableName]) -> None:
        for schema in {(table.catalog, table.schema) for table in tables} - self._prepared:
            if await self._objects.head(f"{self._here()}/prepared/{schema_key(schema)}") is None:
                place = ".".join(part for part in schema if part)
                raise ServerError(self._objects.endpoint, f"schema {place} has no ledger below {self._location}")
            self._prepared.add(schema)

    async def _add(self, key: LedgerKey, lines: Sequence[LedgerLine]) -> bool:
        """Whether these lines, and all of them, are there because of us."""
        place = self._lines(key)
        for _ in range(TRIES):
            found = await self._objects.get(place)
            if found is None:
                done = await self._objects.create(place, self._write(key, lines))
            else:
                there = self._read(place, found[0]).lines
                if all(line in there for line in lines):
                    return True  # an answer was lost, and it was written
                if {(line.kind, line.span.lower) for line in there} & {(line.kind, line.span.lower) for line in lines}:
                    return False
                done = await self._objects.replace(place, self._write(key, [*there, *lines]), found[1])
            if done is not None:
                return True
        raise Busy(self._objects.endpoint, f"{place}: others write it again and again", "see who else runs this plan")

    async def _entry(self, place: str) -> _Entry | None:
        found = await self._objects.get(place)
        return None if found is None else self._read(place, found[0])

    def _write(self, key: LedgerKey, lines: Sequence[LedgerLine]) -> bytes:
        return msgspec.json.encode(_Entry(key.step, key.target, tuple(lines)))

    def _read(self, place: str, content: bytes) -> _Entry:
        return self._decode(place, content, _Entry)

    def _decode(self, place: str, content: bytes, kind: type[_Found]) -> _Found:
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.MsgspecError as error:
            raise ServerError(self._objects.endpoint, f"{place} is no line of a ledger: {error}") from error


def schema_key(schema: tuple[str, str]) -> str:
    """A (catalog, schema) as one part of a key."""
    return ".".join(spelled(part) for part in schema)


def _hash(step: str) -> str:
    return hashlib.sha256(step.encode()).hexdigest()[:32]
