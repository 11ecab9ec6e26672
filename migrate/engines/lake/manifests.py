"""What was proven equal, kept beside the ledger, outside every table. See `migrate.engines.files.Files.proofs`.

    manifests/CATALOG.SCHEMA/TABLE/NUMBER.RUN.HASH.proofs      JSON lines: a `Proof` each
    manifests/CATALOG.SCHEMA/TABLE/NUMBER.RUN.HASH.objects     JSON lines: a partition, then its objects on this side

Numbers go up, whatever the clocks say: of two proofs of a partition that of the greater one holds. The proofs are
written last: without them nothing was recorded. They are small: objects, of which there may be millions, are not read
to know what was proven.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from migrate.engines.files import Proof
from migrate.engines.lake.files import Objects, Stored
from migrate.engines.lake.ledger import schema_key
from migrate.engines.lake.listings import Tally, data_below
from migrate.engines.lake.location import spelled
from migrate.errors import ObjectDiffers, ServerError
from migrate.model.table import TableName

AHEAD = 16
"""Partitions whose first page of objects is asked for before their turn."""
PIECE = 2**20
LONGEST_RUN = 300


class _Partition(msgspec.Struct, frozen=True):
    """The line above the objects of a partition."""

    partition: str
    target: str


class _Object(msgspec.Struct, frozen=True):
    key: str
    size: int
    etag: str


class _Line(msgspec.Struct, frozen=True):
    """Either of them."""

    target: str = ""
    key: str = ""
    size: int = 0


class _Name(msgspec.Struct, frozen=True):
    """What is in the name of a manifest's objects."""

    number: int
    run: str
    digest: str

    def __str__(self) -> str:
        return f"{self.number:08}.{self.run}.{self.digest}"


class Manifests:
    """The methods of `Files` of the same names. `location` is the endpoint's `ledger`, empty: nothing is proven."""

    def __init__(self, objects: Objects, location: str) -> None:
        self._objects = objects
        self._location = location.rstrip("/")

    async def proofs(self, table: TableName) -> Mapping[str, Proof]:
        """What was proven of the table, by partition: the last word of each. Raises `ServerError`."""
        found: dict[str, Proof] = {}
        for name in sorted(await self._names(table, "proofs"), key=lambda one: one.number):
            place = f"{self._folder(table)}/{name}.proofs"
            got = await self._objects.get(place)
            if got is not None:
                found |= {proof.partition: proof for proof in self._read(place, got[0])}
        return found

    async def record_proofs(self, table: TableName, run: str, proofs: Sequence[Proof]) -> None:
        """Keep these, with every object of theirs on this side; once more changes nothing.

        Raises `ObjectDiffers` when what stands at a target is not what was proven.
        """
        if not self._location:
            hint = f'add ledger = "s3://BUCKET/PREFIX" to [endpoint.{self._objects.endpoint}]'
            raise ServerError(self._objects.endpoint, "it has no location for proofs", hint)
        if not proofs:
            return
        encoder = msgspec.json.Encoder()
        content = encoder.encode_lines(sorted(proofs, key=lambda proof: proof.partition))
        said = (_spelled_run(run), hashlib.sha256(content).hexdigest()[:16])
        if any((name.run, name.digest) == said for name in await self._names(table, "proofs")):
            return
        begun = await self._names(table, "objects")
        number = next((one.number for one in begun if (one.run, one.digest) == said), None)
        if number is None:
            number = max((one.number for one in begun), default=0) + 1
        place = f"{self._folder(table)}/{_Name(number, *said)}"
        await self._objects.put_stream(f"{place}.objects", _pieces(self._lines(proofs)))
        await self._objects.create(f"{place}.proofs", content)

    async def changed_after(self, table: TableName, run: str) -> bool:
        """Whether other runs kept proofs of the table after this one kept its own."""
        names = await self._names(table, "proofs")
        own = max((name.number for name in names if name.run == _spelled_run(run)), default=None)
        return own is not None and any(name.number > own for name in names)

    async def objects(self, table: TableName) -> AsyncIterator[tuple[str, int]]:
        """Every object that any run has named, by its location, with its size; one may be there more than once."""
        for name in await self._names(table, "objects"):
            target = ""
            async for line in _split(self._objects.read(f"{self._folder(table)}/{name}.objects")):
                one = msgspec.json.decode(line, type=_Line)
                target = one.target or target
                if one.key:
                    yield f"{target}/{one.key}", one.size

    async def forget_proofs(self, table: TableName, run: str) -> None:
        """Drop what was proven in this run; which objects it wrote stays known, so that they can be removed."""
        names = [name for name in await self._names(table, "proofs") if name.run == _spelled_run(run)]
        await self._objects.delete([f"{self._folder(table)}/{name}.proofs" for name in names])

    async def forget_objects(self, table: TableName, run: str) -> None:
        """Forget which objects this run wrote."""
        names = [name for name in await self._names(table, "objects") if name.run == _spelled_run(run)]
        await self._objects.delete([f"{self._folder(table)}/{name}.objects" for name in names])

    # -- inside --------------------------------------------------------------------------------------------------

    def _folder(self, table: TableName) -> str:
        return f"{self._location}/manifests/{schema_key((table.catalog, table.schema))}/{spelled(table.name)}"

    async def _names(self, table: TableName, kind: str) -> list[_Name]:
        if not self._location:
            return []
        found = []
        async for one in self._objects.list(self._folder(table)):
            match one.key.split("."):
                case [number, run, digest, ending] if ending == kind and number.isdecimal():
                    found.append(_Name(int(number), run, digest))
        return found

    def _read(self, place: str, content: bytes) -> list[Proof]:
        try:
            return msgspec.json.Decoder(Proof).decode_lines(content)
        except msgspec.MsgspecError as error:
            raise ServerError(self._objects.endpoint, f"{place} is no manifest: {error}") from error

    async def _lines(self, proofs: Sequence[Proof]) -> AsyncIterator[bytes]:
        encoder = msgspec.json.Encoder()
        async for proof, found in self._found(proofs):
            yield encoder.encode(_Partition(proof.partition, proof.target))
            tally = Tally()
            async for stored, data in found:
                tally.add(stored, data)
                if data:
                    yield encoder.encode(_Object(stored.key, stored.size, stored.etag))
            if tally.listing.digest != proof.target_digest:
                raise ObjectDiffers(proof.target, "what stands there is not what was proven")

    async def _found(self, proofs: Sequence[Proof]) -> AsyncIterator[tuple[Proof, AsyncIterator[tuple[Stored, bool]]]]:
        """What stands below each target, in order, with the first of some asked for ahead."""
        ahead: deque[tuple[Proof, _Begun]] = deque()
        try:
            for proof in proofs:
                ahead.append((proof, _Begun(data_below(self._objects, proof.target))))
                if len(ahead) >= AHEAD:
                    now, begun = ahead.popleft()
                    yield now, begun.all()
            while ahead:
                now, begun = ahead.popleft()
                yield now, begun.all()
        finally:
            for _, begun in ahead:
                begun.first.cancel()
            await asyncio.gather(*(begun.first for _, begun in ahead), return_exceptions=True)


class _Begun:
    """A listing whose first object is asked for already."""

    def __init__(self, found: AsyncIterator[tuple[Stored, bool]]) -> None:
        async def first() -> tuple[Stored, bool] | None:
            return await anext(found, None)

        self._found = found
        self.first = asyncio.create_task(first())

    async def all(self) -> AsyncIterator[tuple[Stored, bool]]:
        one = await self.first
        if one is not None:
            yield one
            async for another in self._found:
                yield another


async def _pieces(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The lines, joined to pieces of some size."""
    piece = bytearray()
    async for line in lines:
        piece += line + b"\n"
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


async def _split(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The lines of what comes in pieces."""
    rest = b""
    async for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line
    if rest:
        yield rest


def _spelled_run(run: str) -> str:
    text = spelled(run)
    return text if len(text) <= LONGEST_RUN else "=" + hashlib.sha256(run.encode()).hexdigest()
