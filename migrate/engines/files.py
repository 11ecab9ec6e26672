"""The contract of engines whose tables are files in an object store: what `Engine.files` promises.

Two rules carry resume here, as spans and ledger lines do for rows:

* files are only ever written below a location that is this plan's alone; one written twice is there once;
* a table or a partition is shown to readers by one statement, after everything below it was proven.

Everything is asyncio. Every method may raise `ServerError`, named, with the endpoint; `temporary` ones may be tried
again. What an object store calls temporary it tries again by itself, bounded.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from migrate.model.table import Table, TableName

__all__ = [
    "Collected",
    "Copied",
    "FilePartition",
    "Files",
    "Listing",
    "Place",
    "Proof",
    "Sums",
    "Way",
    "below",
    "overlap",
]

Way = Literal["server", "stream"]
"""Whether the store copies objects by itself, or they go through this machine."""


def below(location: str, other: str) -> bool:
    """Whether a location is at or below another one."""
    return f"{location}/".startswith(f"{other}/")


def overlap(one: str, other: str) -> bool:
    """Whether one of two locations is at or below the other."""
    return below(one, other) or below(other, one)


class Place(msgspec.Struct, frozen=True):
    """Where the files of a table are. `location` is `s3://bucket/prefix`, without a slash at its end.

    `external`: dropping the table leaves them alone; `renames`: renaming it does. `registers`: a partition of it can be
    given a location of its own. `refused` are findings, code and text, why its files cannot be copied.
    """

    location: str
    external: bool
    renames: bool = True
    registers: bool = False
    refused: tuple[tuple[str, str], ...] = ()


class FilePartition(msgspec.Struct, frozen=True):
    """A partition by Hive's name, such as `dt=2024-01-01/region=k%3Ar`, its values (None: NULL), and where it is.

    Of a table without partitions there is one, with an empty name and the table's location.
    """

    name: str
    values: tuple[str | None, ...]
    location: str


class Listing(msgspec.Struct, frozen=True):
    """The objects below one location: one version of a partition.

    `digest` is the same exactly when names below the location, sizes and etags are: the sum, modulo 2**256, of the
    SHA-256 of each object's line, in hex. A sum needs no order and no memory. The commits of Delta's log are in it
    though they are no data: which rows a table of Delta has is written there alone.

    `skipped` are objects that are no data, such as `_SUCCESS`: names with a part that begins with `_` or `.`, and
    markers of folders. `sample` is the name of one that stands for all where one must be asked, see `Files.archived`;
    empty when all are empty.
    """

    files: int = 0
    bytes: int = 0
    digest: str = ""
    skipped: int = 0
    sample: str = ""


class Copied(msgspec.Struct, frozen=True):
    """Both sides of one location after a copy; `copied` of the objects were not there before."""

    source: Listing
    target: Listing
    copied: int


class Sums(msgspec.Struct, frozen=True):
    """What Trino says of the rows of one partition: their number, and the checksum of every column, in hex."""

    partition: str
    rows: int
    checksums: tuple[str, ...]


class Proof(msgspec.Struct, frozen=True):
    """What was proven equal: a partition's version at its source, and where its copy is, in which version."""

    partition: str
    source: str
    source_digest: str
    target: str
    target_digest: str
    files: int
    bytes: int


class Collected(msgspec.Struct, frozen=True):
    """What of one location is, or was, removed: objects and bytes that proofs name.

    `used_by` is what shows files there, empty where nothing does; then nothing of it is removed.
    """

    location: str
    files: int = 0
    bytes: int = 0
    used_by: str = ""


class Files(Protocol):
    """Tables as files. Statements are made here as text, and run by `Engine.execute`."""

    # -- looking -------------------------------------------------------------------------------------------------

    async def places(self, tables: Sequence[Table]) -> Mapping[TableName, Place]:
        """Where each of these tables is. A constant number of questions for each at most; many are asked at once.

        A table at which the server itself fails has that among its refusals: it spoils no other's answer.
        """

    async def standing(self, names: Sequence[TableName]) -> frozenset[TableName]:
        """Those of these names under which a table is there, hidden ones too."""

    async def hidden(self, schemas: Collection[tuple[str, str]]) -> frozenset[TableName]:
        """The tables of ours in these (catalog, schema) pairs, which may not exist: being built, or put aside."""

    async def partitions(self, table: Table, place: Place, condition: str) -> tuple[FilePartition, ...]:
        """The partitions that the condition lets through, by name; one for a table without any.

        Asked of many tables at the same time, few questions go to the server; each table has its own answer or error.
        Raises `BadFilter` when the condition names anything but partition columns.
        """

    async def groups(self, table: Table, wanted: Table, condition: str) -> tuple[FilePartition, ...]:
        """The partitions of `wanted` that rows of `table` go into which pass: where its own partitions do not tell.

        One with an empty name where `wanted` has none. Read from the rows, so that it may take its time.
        """

    async def located(
        self, table: Table, place: Place, partitions: Sequence[FilePartition]
    ) -> tuple[FilePartition, ...]:
        """The same partitions, each where its rows really are: those without any stay where they are said to be.

        `partitions` says the usual place, which costs nothing; this reads the table, and is asked for those of which
        nothing stands there.
        """

    def listings(self, place: Place, partitions: Sequence[FilePartition]) -> AsyncIterator[tuple[str, Listing]]:
        """What stands below each partition now, by the partition's name, each once, in any order.

        Raises `BadKey` for an object that cannot be listed, naming its partition.
        """

    async def archived(self, objects: Sequence[str]) -> frozenset[str]:
        """Those of these objects, by location, that must be restored from an archive before anybody reads them.

        One request for each. Of what may not be read with the keys of this endpoint nothing is known.
        """

    def sums(
        self, table: Table, wanted: Table, condition: str, partitions: Sequence[FilePartition] | None = None
    ) -> AsyncIterator[Sums]:
        """Rows and checksums of each partition of `table`, computed here, by the name that it has in `wanted`.

        Values are read as the types that they have in `wanted`, which has the same columns and may be of another kind
        of table; its name means nothing. `partitions`: of no others; None: of all.
        In any order, without those of no rows.
        """

    # -- copying -------------------------------------------------------------------------------------------------

    async def way(self, source: Files, origin: str, goal: str) -> Way:
        """How objects below `origin`, a location of `source`, would get below `goal`, a location here; writes nothing.

        Raises `ServerError` when neither is possible.
        """

    async def copy(
        self,
        source: Files,
        origin: str,
        goal: str,
        way: Way,
        tell: Callable[[int, int], None],
        turn: Callable[[int], Awaitable[None]],
    ) -> Copied:
        """Have every object below `origin` stand below `goal`, and prove it by listings of both.

        What stands there already, from the same version, stays. `tell` hears of objects and bytes as they are safe;
        `turn` is awaited with its bytes before each object is copied, and may raise: what was begun is ended first. A
        source that changes meanwhile is noticed: the listing of the source that is returned is that of the objects
        which were copied. Raises `ObjectDiffers` when the target has something else below `goal`.
        """

    async def keep(self, location: str) -> None:
        """Have a folder stand there though it holds no data, so that `sync_partitions` finds an empty partition."""

    # -- statements ----------------------------------------------------------------------------------------------

    def create_over(self, table: Table, location: str) -> str:
        """Make the table over the files below a location, under its own name. It is made once, however often that runs.

        Empty location: the table has no files yet and says itself where they go.
        """

    def sync_partitions(self, name: TableName) -> str:
        """Have the table show every partition whose folder stands below its location."""

    def register(self, table: Table, partition: FilePartition) -> str: ...

    def unregister(self, table: Table, partition: FilePartition) -> str: ...

    def rename_to(self, name: TableName, to: TableName) -> str: ...

    def forget(self, name: TableName) -> str:
        """Drop a table, if it is there: of an external one the files stay."""

    def analyze(self, name: TableName) -> str: ...

    def insert(
        self, wanted: Table, source: Table, via: str, condition: str, partitions: Sequence[FilePartition] = ()
    ) -> tuple[str, ...]:
        """Write rows of the source, seen in the catalog `via`, into `wanted`, in place of these partitions' rows.

        Under the settings of `insert_session`. Values become those of the types in `wanted`. The partitions are of
        `partitions`, or of `groups` where that gives none.
        """

    def at_once(self, wanted: Table) -> int:
        """How many partitions one `insert` into the table may have."""

    def insert_session(self, wanted: Table) -> tuple[Mapping[str, str], bool]:
        """The settings for `insert`; and whether it replaces what is there: otherwise the table must be empty."""

    async def sweep(self, table: Table, location: str) -> int:
        """Remove what a failed `insert` may have left below a location that is this table's alone; how many objects.

        To be called when no such statement runs any more. Of a table with partitions goes what is of none of them: a
        partition's own files are replaced when it is written again. Of one without all goes. A table whose snapshots
        name their files has nothing to sweep.
        """

    # -- manifests -----------------------------------------------------------------------------------------------

    async def proofs(self, table: TableName) -> Mapping[str, Proof]:
        """What was proven of the table, by partition: the last word of each."""

    async def record_proofs(self, table: TableName, run: str, proofs: Sequence[Proof]) -> None:
        """Keep these, with every object of theirs on this side, outside every table; once more changes nothing."""

    async def changed_after(self, table: TableName, run: str) -> bool:
        """Whether other runs kept proofs of the table after this one kept its own."""

    async def collect(
        self, wanted: Mapping[TableName, Sequence[str]], ignored: Collection[TableName], look: bool
    ) -> tuple[Collected, ...]:
        """Remove below the locations of each table what its proofs name, and nothing else; `look`: only count it.

        Nothing of a location of which any table of any catalog shows a file, as far as this server tells, but for the
        tables `ignored`.
        """

    async def users(self, locations: Sequence[str], ignored: Collection[TableName]) -> Mapping[str, str]:
        """Of these locations those at, above or below which something else is, and what: a table of any catalog, as far
        as this server tells, but those `ignored`; or our ledger. Asks of every table where it, and its files, are.
        """

    async def forget_objects(self, table: TableName, run: str) -> None:
        """Forget which objects this run wrote: they are removed, and nothing of it was proven."""

    async def forget_proofs(self, table: TableName, run: str) -> None:
        """Let what was proven in this run hold no more; the objects that it wrote stay known to `collect`."""
