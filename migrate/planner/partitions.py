"""What the files of a table are on both sides, partition by partition, and which of them differ."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum, auto

import msgspec

from migrate.engines.base import Engine
from migrate.engines.files import FilePartition, Files, Listing, Place, Proof, Sums
from migrate.errors import InArchive
from migrate.model.plan import CopyFiles, FilePart, Plan
from migrate.model.table import Table
from migrate.model.words import counted
from migrate.planner.translate import Pair


class Standing(Enum):
    """What is known of one partition on the target."""

    ABSENT = auto()
    EQUAL = auto()
    OTHER = auto()


class Side(msgspec.Struct, frozen=True):
    """The partitions of a source's table that move, and what stands below each now."""

    place: Place
    partitions: tuple[FilePartition, ...]
    listings: Mapping[str, Listing]

    def part(self, partition: FilePartition) -> FilePart:
        """The partition as a plan holds it."""
        listing = self.listings[partition.name]
        regular = partition.location == under(self.place.location, partition.name)
        return FilePart(
            partition.name, listing.files, listing.bytes, listing.digest, "" if regular else partition.location
        )

    @property
    def bytes(self) -> int:
        """All that moves."""
        return sum(one.bytes for one in self.listings.values())

    @property
    def files(self) -> int:
        """All that move."""
        return sum(one.files for one in self.listings.values())


def under(location: str, name: str) -> str:
    """Where the partition of that name is below a table's location; an empty name is the table itself."""
    return f"{location}/{name}" if name else location


async def look(files: Files, pair: Pair, place: Place, partitions: tuple[FilePartition, ...]) -> Side:
    """What stands below these partitions of a source's table. Raises `ServerError`."""
    listings = {name: one async for name, one in files.listings(place, partitions)}
    empty = [one for one in partitions if one.name and not listings[one.name].files]
    if empty:
        found = {one.name: one for one in await files.located(pair.table, place, empty)}
        moved = [one for one in empty if found[one.name].location != one.location]
        partitions = tuple(found.get(one.name, one) for one in partitions)
        listings |= {name: one async for name, one in files.listings(place, [found[one.name] for one in moved])}
    return Side(place, partitions, listings)


async def refuse_archived(pair: Pair, files: Files, side: Side, partitions: Iterable[FilePartition]) -> None:
    """Raises `InArchive` when files of these partitions, which somebody is about to read, are in an archive.

    One object of each is asked for, the one that is most likely so: others of a partition may be all the same.
    """
    asked = {f"{one.location}/{sample}": one.name for one in partitions if (sample := side.listings[one.name].sample)}
    found = sorted(await files.archived(list(asked)))
    if found:
        more = f" and {counted(len(found) - 1, 'other')}" if len(found) > 1 else ""
        raise InArchive(pair.source.endpoint, found[0], partition=f"{asked[found[0]]}{more}")


async def compared(
    pair: Pair, source: Files, target: Files, side: Side, actual: Table, place: Place, there: Sequence[FilePartition]
) -> dict[str, Standing]:
    """Of each partition that moves, how the target has it: `actual` is the table there, `there` what it shows.

    What was proven once is equal while both sides have the version that was proven, and the target shows those files.
    Without a proof both servers sum up the rows.
    """
    known, present = await target.proofs(pair.target.table), {one.name for one in there}
    proven = {name: proof for name, proof in known.items() if name in present}
    # A usual place costs nothing to know; where a proof is of another one, the server is asked.
    usual = {one.name: one.location for one in there}
    asked_for = [one for one in there if one.name and one.name in proven and proven[one.name].target != usual[one.name]]
    usual |= {one.name: one.location for one in (await target.located(actual, place, asked_for) if asked_for else ())}
    proven = {name: proof for name, proof in proven.items() if proof.target == usual[name] or not proof.files}
    standing = {one.name: Standing.ABSENT for one in side.partitions if one.name not in present}
    asked = [one for one in side.partitions if one.name in proven]
    now = await _listings(target, (proven[one.name] for one in asked))
    for one in asked:
        proof = proven[one.name]
        same = proof.source_digest == side.listings[one.name].digest and proof.target_digest == now[one.name].digest
        standing[one.name] = Standing.EQUAL if same else Standing.OTHER
    unproven = [one for one in side.partitions if one.name not in standing]
    if unproven and pair.move.compare == "rows":
        await refuse_archived(pair, source, side, unproven)
        equal = await _equal_rows(pair, source, target, unproven)
        standing |= {one.name: Standing.EQUAL if one.name in equal else Standing.OTHER for one in unproven}
    else:
        standing |= {one.name: Standing.OTHER for one in unproven}
    return standing


async def _listings(files: Files, proofs: Iterable[Proof]) -> dict[str, Listing]:
    places: dict[str, list[FilePartition]] = {}
    for proof in proofs:
        root = proof.target.removesuffix(f"/{proof.partition}") if proof.partition else proof.target
        places.setdefault(root, []).append(FilePartition(proof.partition, (), proof.target))
    found: dict[str, Listing] = {}
    for root, some in places.items():
        found |= {name: one async for name, one in files.listings(Place(root, external=True), some)}
    return found


async def _equal_rows(pair: Pair, source: Files, target: Files, partitions: Sequence[FilePartition]) -> frozenset[str]:
    """Those whose rows both servers count and sum up alike."""
    only = partitions if partitions[0].name else None
    here, there = await both_sums(pair, source, target, pair.wanted, only, pair.where)
    return frozenset(one.name for one in partitions if here.get(one.name) == there.get(one.name))


async def both_sums(
    pair: Pair, source: Files, target: Files, table: Table, only: Sequence[FilePartition] | None, where: str
) -> tuple[dict[str, Sums], dict[str, Sums]]:
    """What both servers say of each partition at the same time; `table` and its condition `where` are the target's."""

    async def sums(files: Files, of: Table, condition: str) -> dict[str, Sums]:
        return {one.partition: one async for one in files.sums(of, pair.wanted, condition, only)}

    return await asyncio.gather(sums(source, pair.table, pair.where), sums(target, table, where))


def files_of(engine: Engine) -> Files:
    """Its files: steps that need them are planned for no other engines."""
    assert engine.files is not None, engine.endpoint  # noqa: S101 - see above
    return engine.files


def placed(root: str, part: FilePart) -> FilePartition:
    """A planned partition where it is below `root`, or elsewhere if the plan says so."""
    return FilePartition(part.name, (), part.location or under(root, part.name))


def copy_of(plan: Plan, target: str) -> CopyFiles | None:
    """The step of the plan that copies the files of a table."""
    return next((one for one in plan.step if isinstance(one, CopyFiles) and one.target == target), None)


async def changed(files: Files, copy: CopyFiles, names: Collection[str] | None = None) -> list[str]:
    """Of a step's partitions, or of those of these names, the ones whose files are not in their planned version."""
    meant = [part for part in copy.part if names is None or part.name in names]
    asked = [placed(copy.origin, part) for part in meant]
    now = {name: one.digest async for name, one in files.listings(Place(copy.origin, external=True), asked)}
    return [part.name for part in meant if now.get(part.name) != part.digest]


async def version_of(files: Files, place: Place, every: Sequence[FilePartition]) -> str:
    """A digest of what a table shows: the names of all its partitions, and every object below its location."""
    names = [one.name for one in every]
    whole = [FilePartition("", (), place.location)]
    listed = [one async for _, one in files.listings(Place(place.location, external=True), whole)]
    return _digest([*names, *(one.digest for one in listed)])


async def version_at(files: Files, locations: Sequence[str]) -> str:
    """A digest of what stands below these locations."""
    found = []
    for location in locations:
        whole = [FilePartition("", (), location)]
        found += [one.digest async for _, one in files.listings(Place(location, external=True), whole)]
    return _digest(found)


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
