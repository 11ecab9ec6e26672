"""`LakeFiles`: Trino says which tables and partitions there are, the object store holds their files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence

from migrate.engines.files import Collected, Copied, FilePartition, Files, Listing, Place, Proof, Sums, Way, overlap
from migrate.engines.lake import copying, ddl, garbage, listings, partitions
from migrate.engines.lake.connect import Server
from migrate.engines.lake.files import Objects
from migrate.engines.lake.gathering import at_once
from migrate.engines.lake.manifests import Manifests
from migrate.engines.lake.partitions import Partitions
from migrate.engines.lake.places import Places
from migrate.engines.lake.shown import ShownTable
from migrate.engines.lake.tables import connector_of, partition_columns
from migrate.errors import ServerError
from migrate.model.table import Table, TableName

FOLDER = "_folder"
"""The object that stands for a folder without files: a store has none, and such names are no data to Hive and Trino."""


class LakeFiles:
    """See `migrate.engines.files.Files`."""

    def __init__(self, server: Server, objects: Objects, ledger: str) -> None:
        self.objects = objects
        self._server = server
        self._places = Places(server, written=bool(ledger))
        self._partitions = Partitions(server)
        self._ledger = ledger.rstrip("/")
        self._manifests = Manifests(objects, ledger) if ledger else None

    def remember(self, shown: Mapping[TableName, ShownTable]) -> None:
        """What Trino showed of tables a moment ago: `places` does not ask for it again."""
        self._places.remember(shown)

    # -- looking

    async def places(self, tables: Sequence[Table]) -> Mapping[TableName, Place]:
        return await self._places.of(tables)

    async def standing(self, names: Sequence[TableName]) -> frozenset[TableName]:
        return await self._places.standing(names)

    async def hidden(self, schemas: Collection[tuple[str, str]]) -> frozenset[TableName]:
        return await self._places.hidden(schemas)

    async def partitions(self, table: Table, place: Place, condition: str) -> tuple[FilePartition, ...]:
        return await self._partitions.of(table, place, condition)

    async def groups(self, table: Table, wanted: Table, condition: str) -> tuple[FilePartition, ...]:
        return await partitions.groups(self._server, table, wanted, condition)

    async def located(
        self, table: Table, place: Place, partitions: Sequence[FilePartition]
    ) -> tuple[FilePartition, ...]:
        found = {one.name: one for one in await irregular(self._server, table, place, partitions)}
        return tuple(found.get(one.name, one) for one in partitions)

    def listings(self, place: Place, partitions: Sequence[FilePartition]) -> AsyncIterator[tuple[str, Listing]]:
        return listings.listings(self.objects, place, partitions)

    async def archived(self, objects: Sequence[str]) -> frozenset[str]:
        found = await at_once(listings.AT_ONCE, self.objects.in_archive, objects)
        return frozenset(one for one, is_so in zip(objects, found, strict=True) if is_so)

    def sums(
        self, table: Table, wanted: Table, condition: str, partitions: Sequence[FilePartition] | None = None
    ) -> AsyncIterator[Sums]:
        return _sums(self._server, table, wanted, condition, partitions)

    # -- copying

    async def way(self, source: Files, origin: str, goal: str) -> Way:
        return await copying.way_of(self.objects, self._of(source), origin, goal)

    async def copy(
        self,
        source: Files,
        origin: str,
        goal: str,
        way: Way,
        tell: Callable[[int, int], None],
        turn: Callable[[int], Awaitable[None]],
    ) -> Copied:
        return await copying.copy(self.objects, self._of(source), origin, goal, way, tell, turn)

    async def keep(self, location: str) -> None:
        await self.objects.put(f"{location}/{FOLDER}", b"")

    def _of(self, source: Files) -> Objects:
        """The other lake's store."""
        if not isinstance(source, LakeFiles):
            raise ServerError(self.objects.endpoint, "files come from another lake only")
        return source.objects

    # -- statements

    def create_over(self, table: Table, location: str) -> str:
        return ddl.create_over(table, location)

    def sync_partitions(self, name: TableName) -> str:
        return ddl.sync_partitions(name)

    def register(self, table: Table, partition: FilePartition) -> str:
        return ddl.register(table, partition)

    def unregister(self, table: Table, partition: FilePartition) -> str:
        return ddl.unregister(table, partition)

    def rename_to(self, name: TableName, to: TableName) -> str:
        return ddl.rename_to(name, to)

    def forget(self, name: TableName) -> str:
        return ddl.forget(name)

    def analyze(self, name: TableName) -> str:
        return ddl.analyze(name)

    def insert(
        self, wanted: Table, source: Table, via: str, condition: str, partitions: Sequence[FilePartition] = ()
    ) -> tuple[str, ...]:
        return ddl.insert(wanted, source, via, condition, partitions)

    def insert_session(self, wanted: Table) -> tuple[Mapping[str, str], bool]:
        return ddl.insert_session(wanted)

    def at_once(self, wanted: Table) -> int:
        return ddl.at_once(wanted)

    async def sweep(self, table: Table, location: str) -> int:
        if connector_of(table) != "hive":
            return 0
        depth = len(partition_columns(table))
        known = await self.partitions(table, Place(location, external=True), "") if depth else ()
        return await garbage.sweep(self.objects, location, depth, frozenset(one.name for one in known))

    # -- manifests

    async def proofs(self, table: TableName) -> Mapping[str, Proof]:
        """Nothing was proven where there is no place to keep it."""
        return await self._manifests.proofs(table) if self._manifests else {}

    async def record_proofs(self, table: TableName, run: str, proofs: Sequence[Proof]) -> None:
        await self._kept().record_proofs(table, run, proofs)

    async def changed_after(self, table: TableName, run: str) -> bool:
        return await self._manifests.changed_after(table, run) if self._manifests else False

    async def collect(
        self, wanted: Mapping[TableName, Sequence[str]], ignored: Collection[TableName], look: bool
    ) -> tuple[Collected, ...]:
        used = await garbage.in_use(self._server, wanted.values(), ignored)
        return await garbage.collect(self.objects, self._kept(), wanted, used, look)

    async def users(self, locations: Sequence[str], ignored: Collection[TableName]) -> Mapping[str, str]:
        used = await garbage.in_use(self._server, [locations], ignored)
        ours = [one for one in locations if self._ledger and overlap(self._ledger, one)]
        return used | dict.fromkeys(ours, f"the ledger at {self._ledger}")

    async def forget_objects(self, table: TableName, run: str) -> None:
        await self._kept().forget_objects(table, run)

    async def forget_proofs(self, table: TableName, run: str) -> None:
        await self._kept().forget_proofs(table, run)

    def _kept(self) -> Manifests:
        if self._manifests is None:
            raise no_ledger(self.objects.endpoint)
        return self._manifests


def no_ledger(endpoint: str) -> ServerError:
    """Why nothing can be written there: locks, finished steps and proofs have no place."""
    return ServerError(
        endpoint,
        "a lake that is written to needs a place for its ledger",
        f'give ledger = "s3://bucket/prefix" in endpoint.{endpoint}',
    )


_sums = partitions.sums
irregular = partitions.irregular


def _is_files(files: LakeFiles) -> Files:
    return files  # mypy proves here that nothing of the contract is missing
