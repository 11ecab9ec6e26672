"""One run per target schema: objects that a run holds and renews. See `migrate.engines.base.Lock`.

    locks/CATALOG.SCHEMA        who holds it; written again every `RENEWED` seconds, free after `EXPIRES` without

Whoever takes, renews or takes over writes on the condition of what stood there (If-None-Match, If-Match), so that two
never both succeed. How old a lock is, the store's clock says on both sides: clocks of machines differ. A holder that
was on this machine and is dead is not waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec

from migrate.engines.lake.files import Objects
from migrate.engines.lake.holder import is_dead, this_process
from migrate.engines.lake.ledger import schema_key
from migrate.errors import Locked, ServerError

EXPIRES = 60.0
RENEWED = 15.0
GRAIN = 1.0
"""Seconds that a store's times are cut to."""
FRESH = 0.5
"""Seconds for which an answer holds: many small steps begin in that time."""
PAUSE = 0.5


class _Held(msgspec.Struct, frozen=True):
    """The content: `token` is one holder's alone, `renewals` make every version differ; `process` see `holder`."""

    holder: str
    token: str
    renewals: int = 0
    expires_after_seconds: int = int(EXPIRES)
    process: str = ""


class LakeLock:
    """A lock on some schemas. `check` asks the store; `release` frees it."""

    def __init__(self, objects: Objects, holder: str) -> None:
        self._objects = objects
        self._content = _Held(holder, uuid.uuid4().hex, process=this_process())
        self._etags: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._renewed = self._seen = -EXPIRES
        self._lost = ""
        self._one_at_a_time = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """Raises `Locked` when it is not held any more."""
        async with self._one_at_a_time:
            if not self._lost and time.monotonic() - self._seen >= FRESH:
                await self._ask()
        if self._lost:
            raise Locked(
                f"{self._objects.endpoint}: the lock on {self._lost}",
                "another run may have begun: run the same command again",
            )

    async def release(self) -> None:
        """Delete what is ours: renewed first, so that nobody takes it over in between. What cannot be freed expires."""
        await self._stop_renewing()
        async with self._one_at_a_time:
            with contextlib.suppress(ServerError):
                await self._objects.delete(await self._renew())
            self._lost = self._lost or f"{', '.join(self._names.values())} was released"
            self._etags.clear()

    # -- taking --------------------------------------------------------------------------------------------------

    async def _take(self, place: str, name: str, clock: str, deadline: float) -> None:
        """Raises `Locked` when others hold it at the deadline."""
        self._names[place] = name
        while True:
            began = time.monotonic()
            etag = await self._objects.create(place, self._written())
            if etag is None:
                found = await self._objects.get(place)
                if found is None:
                    continue
                there = _read(found[0])
                if there.token == self._content.token:
                    etag = found[1]  # an answer was lost
                elif is_dead(there.process) or await self._is_old(place, found[1], clock):
                    etag = await self._objects.replace(place, self._written(), found[1])
                elif time.monotonic() >= deadline:
                    raise Locked(
                        f"{self._objects.endpoint}: schema {name} is locked by {there.holder}",
                        "wait for that run, or give --lock-timeout SECONDS",
                    )
            if etag is not None:
                self._etags[place] = etag
                self._renewed = began if len(self._etags) == 1 else min(self._renewed, began)
                return
            await asyncio.sleep(min(PAUSE, max(0.0, deadline - time.monotonic())))

    async def _is_old(self, place: str, etag: str, clock: str) -> bool:
        """Whether that version was there for longer than it holds, as the store tells time."""
        found = await self._objects.head(place)
        if found is None or found.etag != etag:
            return False
        now = await self._now(f"{clock}.{self._content.token}")
        return (now - found.modified).total_seconds() > EXPIRES + GRAIN

    async def _now(self, probe: str) -> datetime:
        await self._objects.put(probe, b"")
        try:
            found = await self._objects.head(probe)
        finally:
            await self._objects.delete([probe])
        if found is None:
            raise ServerError(self._objects.endpoint, f"{probe}: it was written, and is not there")
        return found.modified

    # -- holding -------------------------------------------------------------------------------------------------

    def _begin_renewing(self) -> None:
        self._renewing = asyncio.create_task(self._go_on_renewing())

    async def _stop_renewing(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)

    async def _go_on_renewing(self) -> None:
        while not self._lost:
            await asyncio.sleep(RENEWED)
            async with self._one_at_a_time:
                await self._renew()

    async def _renew(self) -> list[str]:
        """The places that are ours for another while."""
        began = time.monotonic()
        done: list[str] = []
        self._content = msgspec.structs.replace(self._content, renewals=self._content.renewals + 1)
        try:
            async with asyncio.timeout(RENEWED):
                for place, etag in list(self._etags.items()):
                    now = await self._objects.replace(place, self._written(), etag) or await self._mine(place)
                    if now is None:
                        self._lose(place)
                    else:
                        self._etags[place] = now
                        done.append(place)
        except (ServerError, TimeoutError) as error:
            self._expire(error)
        else:
            self._renewed = began
        return done

    async def _ask(self) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(RENEWED):
                for place in list(self._etags):
                    if await self._mine(place) is None:
                        self._lose(place)
        except (ServerError, TimeoutError) as error:
            self._expire(error)
        else:
            self._seen = began

    async def _mine(self, place: str) -> str | None:
        found = await self._objects.get(place)
        return found[1] if found is not None and _read(found[0]).token == self._content.token else None

    def _lose(self, place: str) -> None:
        self._lost = f"{self._names[place]} was lost"
        del self._etags[place]

    def _expire(self, error: Exception) -> None:
        """A store that does not answer takes no lock away before its time."""
        if time.monotonic() - self._renewed > EXPIRES:
            self._lost = f"{', '.join(self._names.values())} could not be renewed: {str(error) or 'no answer in time'}"

    def _written(self) -> bytes:
        return msgspec.json.encode(self._content)


class Locks:
    """The locks of one engine. `location` is the endpoint's `ledger`."""

    def __init__(self, objects: Objects, location: str) -> None:
        self._objects = objects
        self._location = location.rstrip("/")
        self._held: list[LakeLock] = []

    async def take(self, schemas: Sequence[tuple[str, str]], holder: str, timeout: float) -> LakeLock:
        """Lock every (catalog, schema) or none. Raises `Locked` naming the holder after `timeout` seconds."""
        if not self._location:
            hint = f'add ledger = "s3://BUCKET/PREFIX" to [endpoint.{self._objects.endpoint}]'
            raise ServerError(self._objects.endpoint, "it has no location for locks", hint)
        lock = LakeLock(self._objects, holder)
        deadline = time.monotonic() + timeout
        try:
            for schema in sorted(set(schemas)):
                name = ".".join(part for part in schema if part)
                place = f"{self._location}/locks/{schema_key(schema)}"
                await lock._take(place, name, f"{self._location}/clock/now", deadline)
        except BaseException:
            await lock.release()
            raise
        lock._begin_renewing()
        self._held.append(lock)
        return lock

    async def close(self) -> None:
        """Free all locks that are held: what a dead client's server does for it."""
        held, self._held = self._held, []
        for lock in held:
            await lock.release()


def _read(content: bytes) -> _Held:
    try:
        return msgspec.json.decode(content, type=_Held)
    except msgspec.MsgspecError:
        return _Held("somebody who wrote something else there", "")
