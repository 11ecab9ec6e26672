"""The object store, and the only door to obstore: objects by location, and what it refuses by name.

Measured on obstore 0.12.1 (object_store 0.14): requests that failed with 5xx, 429, 408 or without an answer are sent
again by the client itself; a 200 with an error in it counts as done, so that whoever copies looks afterwards.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import S3Store

from migrate.engines.lake.gate import Gate
from migrate.engines.lake.location import Location, location_of
from migrate.engines.lake.refusals import GONE, refused
from migrate.errors import ServerError
from migrate.model.plan import EndpointRef, S3Ref

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

RETRIES = 10
COPY_RETRIES = 1
"""Whoever copies tries again itself, so that it hears of a store that is too busy."""
LARGEST_COPY = 5 * 2**30
"""Bytes that one CopyObject takes: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"""
ONE_PUT = 16 * 2**20
"""Bytes up to which an object that is streamed goes up in one piece: its etag is then comparable."""
MOST_PARTS = 9000
"""S3 takes 10,000; a listing's size may be of before the object grew."""
PAGE = 1000

_ERRORS = (BaseError, OSError, ValueError)


class Stored(msgspec.Struct, frozen=True):
    """An object as a listing tells it: `key` is relative to the location that was listed, `etag` without quotes.

    `modified` is when the store took it, by the store's clock.
    """

    key: str
    size: int
    etag: str
    modified: datetime


class Objects:
    """The object store of one endpoint: a client for each bucket, with the settings that the bucket has.

    `ref.s3` holds for all buckets; what `ref.bucket` says of one goes before it. Secrets are the secrets themselves
    here, never `${NAME}`. Everything raises `ServerError`, named, with endpoint, bucket and key.
    """

    def __init__(
        self, endpoint: str, ref: EndpointRef, *, retries: int = RETRIES, largest_copy: int = LARGEST_COPY
    ) -> None:
        self.endpoint = endpoint
        self.largest_copy = largest_copy
        self.gate = Gate()
        self._ref = ref
        self._retries = retries
        self._stores: dict[tuple[str, str], S3Store] = {}

    # -- one object ----------------------------------------------------------------------------------------------

    async def head(self, location: str) -> Stored | None:
        """What stands there; None when nothing does. Its key is the whole one."""
        raise NotImplementedError

    async def get(self, location: str) -> tuple[bytes, str] | None:
        """The content and the etag of a small object; None when it is not there."""
        raise NotImplementedError

    async def put(self, location: str, content: bytes) -> str:
        """Write it in one piece, whatever stands there. Returns the etag."""
        raise NotImplementedError

    async def create(self, location: str, content: bytes) -> str | None:
        """Write it if nothing stands there. Returns the etag, or None when something does."""
        raise NotImplementedError

    async def replace(self, location: str, content: bytes, etag: str) -> str | None:
        """Write it in place of that version. Returns the etag, or None when another version, or nothing, stands there."""
        raise NotImplementedError

    async def delete(self, locations: Sequence[str]) -> None:
        """Delete these, and nothing else; those that are not there are none already."""
        raise NotImplementedError

    # -- many ----------------------------------------------------------------------------------------------------

    def list(self, location: str) -> AsyncIterator[Stored]:
        """Every object below the location, as the store orders them; nothing of a location that is not there."""
        raise NotImplementedError

    async def put_stream(self, location: str, pieces: AsyncIterator[bytes]) -> None:
        """Write an object of any size in parts, without holding it."""
        raise NotImplementedError
