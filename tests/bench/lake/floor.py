"""The floor: what the store takes when it is asked for every copy, and nothing is proven, planned or kept.

`python -m tests.bench.lake.floor ENDPOINT SOURCE_BUCKET TARGET_BUCKET PREFIX TO`, with a key in BENCH_ACCESS and
BENCH_SECRET.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta

import obstore
from obstore.store import S3Store

from tests.lab.buckets import REGION

TOGETHER = 32


async def copy(endpoint: str, source: str, target: str, prefix: str, to: str) -> None:
    """One listing, one CopyObject for each object. Raises what obstore raises."""
    listed = _store(source, endpoint)
    # obstore copies inside one bucket; the bucket that is written to is in the URL alone (see files.py of the lake).
    crossing = _store(source, f"{endpoint}/{target}", virtual_hosted_style_request=True)
    keys = _keys(listed, prefix)
    guard = asyncio.Lock()

    async def some() -> None:
        while True:
            async with guard:
                key = await anext(keys, None)
            if key is None:
                return
            await obstore.copy_async(crossing, key, f"{to}{key.removeprefix(prefix)}")

    await asyncio.gather(*(some() for _ in range(TOGETHER)))


async def _keys(store: S3Store, prefix: str) -> AsyncIterator[str]:
    async for page in obstore.list(store, prefix, chunk_size=1000):
        for one in page:
            yield one["path"]


def _store(bucket: str, endpoint: str, virtual_hosted_style_request: bool = False) -> S3Store:
    return S3Store(
        bucket,
        endpoint=endpoint,
        access_key_id=os.environ["BENCH_ACCESS"],
        secret_access_key=os.environ["BENCH_SECRET"],
        region=REGION,
        virtual_hosted_style_request=virtual_hosted_style_request,
        client_options={"allow_http": True, "timeout": timedelta(minutes=15)},
    )


if __name__ == "__main__":
    asyncio.run(copy(*sys.argv[1:6]))
