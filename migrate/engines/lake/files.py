"""The object store: objects by location, and what it refuses by name.

Measured on obstore 0.12.1 (object_store 0.14): requests that failed with 5xx, 429, 408 or without an answer are sent
again by the client itself; a 200 with an error in it counts as done, so that whoever copies looks afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import obstore
from obstore.exceptions import AlreadyExistsError, PreconditionError

from migrate.engines.lake.clients import COPY_RETRIES, ERRORS, Clients
from migrate.engines.lake.gate import Gate
from migrate.engines.lake.location import Location, location_of
from migrate.engines.lake.parts import ONE_PUT, PARTS_AT_ONCE, part_size
from migrate.engines.lake.refusals import CHANGED, GONE, of_source, refused
from migrate.errors import InArchive, ServerError, SourceMoved
from migrate.model.plan import EndpointRef

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Store

RETRIES = 10
LARGEST_COPY = 5 * 2**30
"""Bytes that one CopyObject takes: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"""
READ = 2**20
"""Bytes that are read at once of an object in parts: given the answer as it is, obstore holds three parts more."""
PIECE = 8 * 2**20
PAGE = 1000
"""Keys that a store gives at once."""


class Stored(msgspec.Struct, frozen=True):
    """An object as a listing tells it: `key` is relative to the location that was listed, `etag` without quotes.

    `modified` is when the store took it, by the store's clock.
    """

    key: str
    size: int
    etag: str
    modified: datetime


class Objects(Clients):
    """The object store of one endpoint: a client for each bucket, with the settings that the bucket has.

    `ref.s3` holds for all buckets; what `ref.bucket` says of one goes before it. Secrets are the secrets themselves
    here, never `${NAME}`. Everything raises `ServerError`, named, with endpoint, bucket and key. Locations are
    `s3://bucket/key`.
    """

    def __init__(
        self, endpoint: str, ref: EndpointRef, *, retries: int = RETRIES, largest_copy: int = LARGEST_COPY
    ) -> None:
        super().__init__(endpoint, ref, retries)
        self.largest_copy = largest_copy
        self.gate = Gate()
        self.opaque: set[tuple[str, str]] = set()
        """Buckets, a source's and one here, between which etags were found to say nothing of the content."""

    # -- one object ----------------------------------------------------------------------------------------------

    async def head(self, location: str) -> Stored | None:
        """What stands there, by its whole key; None when nothing does."""
        place = self._place(location)
        try:
            meta = await obstore.head_async(self._store(place.bucket), place.key)
        except ERRORS as error:
            self._raise_unless_gone(place, error)
            return None
        return Stored(meta["path"], meta["size"], bare(meta["e_tag"]), meta["last_modified"])

    async def get(self, location: str) -> tuple[bytes, str] | None:
        """The content and the etag of a small object; None when it is not there."""
        place = self._place(location)
        try:
            got = await obstore.get_async(self._store(place.bucket), place.key)
            return bytes(await got.bytes_async()), bare(got.meta["e_tag"])
        except ERRORS as error:
            self._raise_unless_gone(place, error)
            return None

    async def read(self, location: str) -> AsyncIterator[bytes]:
        """The content of an object of any size, in pieces."""
        place = self._place(location)
        try:
            async for piece in (await obstore.get_async(self._store(place.bucket), place.key)).stream():
                yield bytes(piece)
        except ERRORS as error:
            raise refused(self.endpoint, str(place), error) from error

    async def put(self, location: str, content: bytes) -> str:
        """Write it in one piece, whatever stands there. Returns the etag."""
        place = self._place(location)
        try:
            done = await obstore.put_async(self._store(place.bucket), place.key, content, use_multipart=False)
        except ERRORS as error:
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
        except ERRORS as error:
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
        except ERRORS as error:
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
            except ERRORS as error:
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
        except ERRORS as error:
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
        except ERRORS as error:
            if failed:
                raise failed[0] from error
            raise refused(self.endpoint, str(place), error) from error

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
                    await _byte(store, full)
                break
        except ERRORS as error:
            named = refused(self.endpoint, str(origin), error)
            if isinstance(named, InArchive):
                return None  # who may not read it is told that instead
            if named.code in (401, 403, GONE):
                return named
            raise named from error
        return None

    async def in_archive(self, location: str) -> bool:
        """Whether the store says so of an object when it is asked for a byte: listings and HEAD do not tell it all.

        Of one that is gone, or may not be read, nothing is known.
        """
        place = self._place(location)
        try:
            await _byte(self._store(place.bucket), place.key)
        except ERRORS as error:
            named = refused(self.endpoint, str(place), error)
            if named.code not in (401, 403, GONE):
                raise named from error
            return isinstance(named, InArchive)
        return False

    async def copy_within(self, origin: Location, goal: Location) -> None:
        """Have the store copy one object, of at most `largest_copy` bytes, with what it says of itself.

        That the answer was good does not say that it is done. Raises `SourceMoved` when the source is gone.
        """
        try:
            await obstore.copy_async(self._crossing(origin.bucket, goal.bucket), origin.key, goal.key)
        except ERRORS as error:
            named = refused(self.endpoint, f"{goal} from {origin}", error)
            if isinstance(named, InArchive):
                named = refused(self.endpoint, str(origin), error)
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
        except ERRORS as error:
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
        except ERRORS as error:
            if content is None and "performing P" not in str(error):  # neither PUT nor POST: the read ended in between
                raise of_source(source.endpoint, str(origin), error) from error
            raise refused(self.endpoint, str(goal), error) from error

    async def content_digest(self, location: Location) -> str:
        """The SHA-256 of what stands there, in hex, read through this machine. `ServerError` when nothing does."""
        total = hashlib.sha256()
        try:
            got = await obstore.get_async(self._store(location.bucket), location.key)
            async for piece in got.stream(min_chunk_size=READ):
                total.update(piece)
        except ERRORS as error:
            raise refused(self.endpoint, str(location), error) from error
        return total.hexdigest()

    def _place(self, location: str) -> Location:
        try:
            return location_of(location)
        except ValueError as error:
            raise ServerError(self.endpoint, str(error)) from error

    def _raise_unless_gone(self, place: Location, error: Exception) -> None:
        if not isinstance(error, FileNotFoundError) or "NoSuchBucket" in str(error):
            raise refused(self.endpoint, str(place), error) from error


async def _byte(store: S3Store, key: str) -> None:
    """Read the first byte of an object that has one."""
    await (await obstore.get_async(store, key, options={"range": (0, 1)})).bytes_async()


def bare(etag: str | None) -> str:
    """An etag without its quotes; empty when the store gives none."""
    return (etag or "").removeprefix("W/").strip('"')
