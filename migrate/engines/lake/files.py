"""The object store, and the only door to obstore: objects by location, and what it refuses by name.

Measured on obstore 0.12.1 (object_store 0.14): requests that failed with 5xx, 429, 408 or without an answer are sent
again by the client itself; a 200 with an error in it counts as done, so that whoever copies looks afterwards.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import S3Store

from migrate.engines.lake.buckets import Reached, reached
from migrate.engines.lake.gate import Gate
from migrate.engines.lake.location import Location, location_of
from migrate.engines.lake.parts import ONE_PUT, PARTS_AT_ONCE, part_size
from migrate.engines.lake.refusals import CHANGED, GONE, of_source, refused
from migrate.errors import ServerError, SourceMoved
from migrate.model.plan import EndpointRef

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Credential

RETRIES = 10
COPY_RETRIES = 1
"""Whoever copies tries again itself, so that it hears of a store that is too busy."""
LARGEST_COPY = 5 * 2**30
"""Bytes that one CopyObject takes: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"""
READ = 2**20
"""Bytes that are read at once of an object in parts: given the answer as it is, obstore holds three parts more."""
PIECE = 8 * 2**20
PAGE = 1000
"""Keys that a store gives at once."""

SETTLED = 0.2
"""Seconds after which the client's own threads have let go of what was streamed: 8 of 8 processes that ended at once
were aborted by the Python runtime (exit 134), of those that waited 50 ms none (obstore 0.12.1, Python 3.11)."""

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
    here, never `${NAME}`. Everything raises `ServerError`, named, with endpoint, bucket and key. Locations are
    `s3://bucket/key`.
    """

    def __init__(
        self, endpoint: str, ref: EndpointRef, *, retries: int = RETRIES, largest_copy: int = LARGEST_COPY
    ) -> None:
        self.endpoint = endpoint
        self.largest_copy = largest_copy
        self.gate = Gate()
        self.opaque: set[tuple[str, str]] = set()
        """Buckets, a source's and one here, between which etags were found to say nothing of the content."""
        self._ref = ref
        self._retries = retries
        self._stores: dict[tuple[str, str, int], S3Store] = {}
        self._streamed = -SETTLED

    async def close(self) -> None:
        """To be awaited before the process ends: see `SETTLED`."""
        await asyncio.sleep(max(0.0, self._streamed + SETTLED - time.monotonic()))

    def reached(self, bucket: str) -> Reached:
        """The settings of a bucket."""
        return reached(self.endpoint, self._ref, bucket)

    # -- one object ----------------------------------------------------------------------------------------------

    async def head(self, location: str) -> Stored | None:
        """What stands there, by its whole key; None when nothing does."""
        place = self._place(location)
        try:
            meta = await obstore.head_async(self._store(place.bucket), place.key)
        except _ERRORS as error:
            self._raise_unless_gone(place, error)
            return None
        return Stored(meta["path"], meta["size"], bare(meta["e_tag"]), meta["last_modified"])

    async def get(self, location: str) -> tuple[bytes, str] | None:
        """The content and the etag of a small object; None when it is not there."""
        place = self._place(location)
        try:
            got = await obstore.get_async(self._store(place.bucket), place.key)
            return bytes(await got.bytes_async()), bare(got.meta["e_tag"])
        except _ERRORS as error:
            self._raise_unless_gone(place, error)
            return None

    async def read(self, location: str) -> AsyncIterator[bytes]:
        """The content of an object of any size, in pieces."""
        place = self._place(location)
        try:
            async for piece in (await obstore.get_async(self._store(place.bucket), place.key)).stream():
                yield bytes(piece)
        except _ERRORS as error:
            raise refused(self.endpoint, str(place), error) from error

    async def put(self, location: str, content: bytes) -> str:
        """Write it in one piece, whatever stands there. Returns the etag."""
        place = self._place(location)
        try:
            done = await obstore.put_async(self._store(place.bucket), place.key, content, use_multipart=False)
        except _ERRORS as error:
            raise refused(self.endpoint, str(place), error) from error
        return bare(done["e_tag"])

    async def create(self, location: str, content: bytes) -> str | None:
        """Write it if nothing stands there. Returns the etag, or None when something does.

        What stands there may be ours: an answer that was lost makes the client ask again.
        """
        place = self._place(location)
        try:
            done = await obstore.put_async(self._store(place.bucket), place.key, content, mode="create")
        except AlreadyExistsError:
            return None
        except _ERRORS as error:
            raise refused(self.endpoint, str(place), error) from error
        return bare(done["e_tag"])

    async def replace(self, location: str, content: bytes, etag: str) -> str | None:
        """Write it in place of that version. Returns the etag, or None when another or none stands there."""
        place = self._place(location)
        try:
            done = await obstore.put_async(
                self._store(place.bucket), place.key, content, mode={"e_tag": f'"{etag}"'}, use_multipart=False
            )
        except (PreconditionError, FileNotFoundError) as error:
            if (named := refused(self.endpoint, str(place), error)).code not in (GONE, CHANGED):
                raise named from error
            return None
        except _ERRORS as error:
            raise refused(self.endpoint, str(place), error) from error
        return bare(done["e_tag"])

    async def delete(self, locations: Sequence[str]) -> None:
        """Delete these, and nothing else; what is not there is no error."""
        by_bucket: dict[str, list[str]] = {}
        for location in locations:
            place = self._place(location)
            if not place.key:
                raise ServerError(self.endpoint, f"{location} is a bucket, not an object")
            by_bucket.setdefault(place.bucket, []).append(place.key)
        for bucket, keys in by_bucket.items():
            try:
                await obstore.delete_async(self._store(bucket), keys)
            except _ERRORS as error:
                raise refused(self.endpoint, f"s3://{bucket}/{keys[0]}", error) from error

    # -- many ----------------------------------------------------------------------------------------------------

    async def list(self, location: str) -> AsyncIterator[Stored]:
        """Every object below the location, as the store orders them; nothing of a location that is not there.

        Raises `ServerError` at a key that has an empty part, a part `.` or `..`, or a control character.
        """
        async for page in self.pages(location):
            for stored in page:
                yield stored

    async def pages(self, location: str) -> AsyncIterator[Sequence[Stored]]:
        """The same, some at a time."""
        place = self._place(location)
        start = len(place.key) + 1 if place.key else 0
        try:
            async for page in obstore.list(self._store(place.bucket), place.key or None, chunk_size=PAGE):
                yield [
                    Stored(meta["path"][start:], meta["size"], bare(meta["e_tag"]), meta["last_modified"])
                    for meta in page
                ]
        except _ERRORS as error:
            raise refused(self.endpoint, str(place), error) from error

    async def put_stream(self, location: str, pieces: AsyncIterator[bytes]) -> None:
        """Write an object of any size in parts, without holding it. What `pieces` raises comes out."""
        place = self._place(location)
        failed: list[BaseException] = []

        async def watched() -> AsyncIterator[bytes]:
            try:
                async for piece in pieces:
                    yield piece
            except BaseException as error:
                failed.append(error)
                raise

        try:
            await obstore.put_async(
                self._store(place.bucket), place.key, watched(), use_multipart=True, chunk_size=PIECE, max_concurrency=1
            )
        except _ERRORS as error:
            if failed:
                raise failed[0] from error
            raise refused(self.endpoint, str(place), error) from error
        finally:
            self._streamed = time.monotonic()

    # -- copies --------------------------------------------------------------------------------------------------

    def one_store(self, source: Objects, origin: Location, goal: Location) -> bool:
        """Whether both buckets are in one store, so that it could copy by itself."""
        return source.reached(origin.bucket).store == self.reached(goal.bucket).store

    async def unreadable(self, origin: Location, goal: Location) -> ServerError | None:
        """Why the credentials of the bucket of `goal` may not list and read what is below `origin`; None: they may.

        Lists, and reads one byte.
        """
        store = self._crossing(origin.bucket, goal.bucket, to_goal=False)
        try:
            async for page in obstore.list(store, origin.key or None, chunk_size=PAGE):
                full = next((meta["path"] for meta in page if meta["size"]), None)
                if full is not None:
                    await (await obstore.get_async(store, full, options={"range": (0, 1)})).bytes_async()
                break
        except _ERRORS as error:
            named = refused(self.endpoint, str(origin), error)
            if named.code in (401, 403, GONE):
                return named
            raise named from error
        return None

    async def copy_within(self, origin: Location, goal: Location) -> None:
        """Have the store copy one object, of at most `largest_copy` bytes, with what it says of itself.

        That the answer was good does not say that it is done. Raises `SourceMoved` when the source is gone.
        """
        try:
            await obstore.copy_async(self._crossing(origin.bucket, goal.bucket), origin.key, goal.key)
        except _ERRORS as error:
            named = refused(self.endpoint, f"{goal} from {origin}", error)
            if isinstance(error, FileNotFoundError) and "NoSuchBucket" not in str(error):
                raise SourceMoved(str(origin)) from error
            raise named from error

    async def copy_through(self, source: Objects, origin: Location, stored: Stored, goal: Location) -> None:
        """Copy one object through this machine, with its content type and metadata; its tags stay behind.

        Raises `SourceMoved` when it is not that version any more.
        """
        theirs = source._store(origin.bucket, COPY_RETRIES)
        try:
            version: GetOptions = {"if_match": f'"{stored.etag}"'} if stored.etag else {}
            got = await obstore.get_async(theirs, origin.key, options=version)
            if got.meta["size"] != stored.size:
                raise SourceMoved(str(origin))
            content = await got.bytes_async() if stored.size <= ONE_PUT else None
        except _ERRORS as error:
            raise of_source(source.endpoint, str(origin), error) from error
        ours = self._store(goal.bucket, COPY_RETRIES)
        try:
            if content is not None:
                await obstore.put_async(ours, goal.key, content, attributes=got.attributes, use_multipart=False)
            else:
                await obstore.put_async(
                    ours,
                    goal.key,
                    got.stream(min_chunk_size=READ),
                    attributes=got.attributes,
                    use_multipart=True,
                    chunk_size=part_size(stored.size),
                    max_concurrency=PARTS_AT_ONCE,
                )
        except _ERRORS as error:
            if content is None and "performing P" not in str(error):  # neither PUT nor POST: the read ended in between
                raise of_source(source.endpoint, str(origin), error) from error
            raise refused(self.endpoint, str(goal), error) from error
        finally:
            self._streamed = time.monotonic()

    async def content_digest(self, location: Location) -> str:
        """The SHA-256 of what stands there, in hex, read through this machine. `ServerError` when nothing does."""
        total = hashlib.sha256()
        try:
            got = await obstore.get_async(self._store(location.bucket), location.key)
            async for piece in got.stream(min_chunk_size=READ):
                total.update(piece)
        except _ERRORS as error:
            raise refused(self.endpoint, str(location), error) from error
        finally:
            self._streamed = time.monotonic()
        return total.hexdigest()

    # -- clients -------------------------------------------------------------------------------------------------

    def _place(self, location: str) -> Location:
        try:
            return location_of(location)
        except ValueError as error:
            raise ServerError(self.endpoint, str(error)) from error

    def _raise_unless_gone(self, place: Location, error: Exception) -> None:
        if not isinstance(error, FileNotFoundError) or "NoSuchBucket" in str(error):
            raise refused(self.endpoint, str(place), error) from error

    def _store(self, bucket: str, retries: int | None = None) -> S3Store:
        retries = self._retries if retries is None else min(retries, self._retries)
        if (bucket, "", retries) not in self._stores:
            self._stores[bucket, "", retries] = self._opened(bucket, self.reached(bucket), "", retries)
        return self._stores[bucket, "", retries]

    def _crossing(self, source: str, target: str, to_goal: bool = True) -> S3Store:
        """A client with the credentials of the bucket `target`, that reads from `source`.

        With `to_goal` it writes to `target`: obstore copies inside one bucket only, but the bucket that it writes to is
        in the URL alone, and with `virtual_hosted_style_request` the URL is the endpoint, whatever that is.
        """
        name = (source, target if to_goal else f"{target}:read", COPY_RETRIES)
        if name not in self._stores:
            settings = self.reached(target)
            url = f"{settings.url}/{target}" if to_goal else ""
            self._stores[name] = self._opened(source, settings, url, min(COPY_RETRIES, self._retries))
        return self._stores[name]

    def _opened(self, bucket: str, settings: Reached, url: str, retries: int) -> S3Store:
        try:
            return S3Store(
                bucket,
                endpoint=url or settings.url,
                virtual_hosted_style_request=bool(url),
                region=settings.region,
                credential_provider=self._provider(bucket, settings),
                client_options={
                    "allow_http": settings.url.startswith("http://"),
                    "timeout": timedelta(minutes=15),
                    "connect_timeout": timedelta(seconds=5),
                },
                retry_config={
                    "max_retries": retries,
                    "retry_timeout": timedelta(minutes=15),
                    "backoff": {
                        "init_backoff": timedelta(milliseconds=100),
                        "max_backoff": timedelta(seconds=5),
                        "base": 2,
                    },
                },
            )
        except _ERRORS as error:
            raise refused(self.endpoint, f"s3://{bucket}", error) from error

    def _provider(self, bucket: str, settings: Reached) -> Callable[[], S3Credential] | None:
        """Who asks. Keys are given whole, so that no token of the environment gets beside them."""
        if settings.access_key:
            return lambda: {
                "access_key_id": settings.access_key,
                "secret_access_key": settings.secret_key,
                "token": None,
                "expires_at": None,
            }
        return self._profile(bucket, settings.profile) if settings.profile else None

    def _profile(self, bucket: str, name: str) -> Callable[[], S3Credential]:
        place = f"the profile {name!r} of bucket {bucket}"
        try:
            import boto3
            from botocore.exceptions import BotoCoreError
            from obstore.auth.boto3 import Boto3CredentialProvider
        except ImportError as error:
            hint = "install it: pip install 'data-migrator[aws]', or give access_key and secret_key"
            raise ServerError(self.endpoint, f"{place} needs boto3, which is not installed", hint) from error
        try:
            return Boto3CredentialProvider(boto3.Session(profile_name=name))
        except (BotoCoreError, ValueError) as error:
            raise ServerError(self.endpoint, f"{place} cannot be used: {error}", "see ~/.aws/config") from error


def bare(etag: str | None) -> str:
    """An etag without its quotes; empty when the store gives none."""
    return (etag or "").removeprefix("W/").strip('"')
