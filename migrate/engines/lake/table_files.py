"""`LakeFiles`: Trino says which tables and partitions there are, the object store holds their files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from migrate.engines.files import Copied, FilePartition, Files, Listing, Place, Proof, Sums, Way
from migrate.engines.lake import ddl, partitions
from migrate.engines.lake.connect import Server
from migrate.engines.lake.places import Places
from migrate.errors import ServerError
from migrate.model.plan import EndpointRef
from migrate.model.table import Table, TableName


class LakeFiles:
    """See `migrate.engines.files.Files`."""

    def __init__(self, endpoint: str, ref: EndpointRef, server: Server) -> None:
        self._endpoint = endpoint
        self._ref = ref
        self._server = server
        self._places = Places(server)

    # -- looking

    async def places(self, tables: Sequence[Table]) -> Mapping[TableName, Place]:
        return await self._places.of(tables)

    async def standing(self, names: Sequence[TableName]) -> frozenset[TableName]:
        return await self._places.standing(names)

    async def partitions(self, table: Table, place: Place, condition: str) -> tuple[FilePartition, ...]:
        return await partitions.partitions(self._server, table, place, condition)

    async def irregular(self, table: Table, place: Place, named: Sequence[FilePartition]) -> tuple[FilePartition, ...]:
        """Where these partitions really are, by the folders of their files; those without rows are left out.

        To be asked for partitions whose own folder is empty: they may be registered with a location elsewhere.
        """
        return await partitions.irregular(self._server, table, place, named)

    def listings(self, place: Place, partitions: Sequence[FilePartition]) -> AsyncIterator[tuple[str, Listing]]:
        raise self._no_store()

    def sums(
        self, table: Table, wanted: Table, condition: str, partitions: Sequence[FilePartition] = ()
    ) -> AsyncIterator[Sums]:
        return _sums(self._server, table, wanted, condition, partitions)

    # -- copying

    async def way(self, source: Files, origin: str, goal: str) -> Way:
        raise self._no_store()

    async def copy(
        self,
        source: Files,
        origin: str,
        goal: str,
        way: Way,
        tell: Callable[[int, int], None],
        turn: Callable[[], Awaitable[None]],
    ) -> Copied:
        raise self._no_store()

    def _no_store(self) -> ServerError:
        return ServerError(self._endpoint, "the object store is not joined to it yet")

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
    ) -> str:
        return ddl.insert(wanted, source, via, condition, partitions)

    # -- manifests

    async def proofs(self, table: TableName) -> Mapping[str, Proof]:
        raise self._no_store()

    async def record_proofs(self, table: TableName, run: str, proofs: Sequence[Proof]) -> None:
        raise self._no_store()

    async def forget_proofs(self, table: TableName, run: str) -> None:
        raise self._no_store()


_sums = partitions.sums


def _is_files(files: LakeFiles) -> Files:
    return files  # mypy proves here that nothing of the contract is missing
