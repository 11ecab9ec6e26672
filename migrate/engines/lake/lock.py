"""One run per target schema: objects that one run holds, with an expiry that it renews."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.engines.lake.files import Objects


class LakeLock:
    """See `migrate.engines.base.Lock`."""

    async def check(self) -> None: ...

    async def release(self) -> None: ...


class Locks:
    """The locks of one engine. `location` is the endpoint's `ledger`."""

    def __init__(self, objects: Objects, location: str) -> None: ...

    async def take(self, schemas: Sequence[tuple[str, str]], holder: str, timeout: float) -> LakeLock:
        """Lock every (catalog, schema) or none. Raises `Locked` naming the holder after `timeout` seconds."""
        raise NotImplementedError

    async def close(self) -> None:
        """Give up all locks that are held: what a dead holder's server does for it."""
