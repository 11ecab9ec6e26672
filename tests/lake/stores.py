"""Object stores as the engine sees them, on the lab's store, and prefixes that nobody else uses."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from migrate.engines.lake.files import Objects
from migrate.model.plan import EndpointRef, S3Ref
from tests.lab.buckets import Key
from tests.lab.lake import Lake


def reference(lake: Lake, key: Key, url: str = "", **more: S3Ref) -> EndpointRef:
    """An endpoint whose buckets are reached with one key; `more` are buckets, with _ for -."""
    buckets = {name.replace("_", "-"): settings for name, settings in more.items()}
    return EndpointRef("lake", s3=S3Ref(url or lake.endpoint, "us-east-1", "", key.access, key.secret), bucket=buckets)


def objects(lake: Lake, key: Key, url: str = "", name: str = "lake", retries: int = 2) -> Objects:
    """The store with one key."""
    return Objects(name, reference(lake, key, url), retries=retries)


async def fill(store: Objects, location: str, names: dict[str, bytes]) -> None:
    """Write objects below a location, some at a time."""
    waiting = iter(names.items())

    async def some() -> None:
        for name, content in waiting:
            await store.put(f"{location}/{name}", content)

    await asyncio.gather(*(some() for _ in range(16)))


async def keys(store: Objects, location: str) -> dict[str, int]:
    """Keys and sizes below a location."""
    return {one.key: one.size async for one in store.list(location)}


@asynccontextmanager
async def prefixes(lake: Lake, label: str) -> AsyncIterator[tuple[str, str]]:
    """Locations at the source's and at the target's end, empty, and cleared afterwards."""
    name = f"{label}_{uuid.uuid4().hex[:10]}"
    both = objects(lake, lake.both)
    found = (f"s3://{lake.source.bucket}/{name}", f"s3://{lake.target.bucket}/{name}")
    try:
        yield found
    finally:
        for location in found:
            await clear(both, location)


async def clear(store: Objects, location: str) -> None:
    """Delete everything below a location."""
    page: list[str] = []
    async for one in store.list(location):
        page.append(f"{location}/{one.key}")
        if len(page) == 1000:
            await store.delete(page)
            page.clear()
    await store.delete(page)
