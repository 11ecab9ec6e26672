"""What was proven equal, kept beside the ledger. See `migrate.engines.files.Files.proofs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migrate.engines.files import Proof
from migrate.engines.lake.files import Objects
from migrate.model.table import TableName


class Manifests:
    """The methods of `Files` of the same names. `location` is the endpoint's `ledger`."""

    def __init__(self, objects: Objects, location: str) -> None: ...

    async def proofs(self, table: TableName) -> Mapping[str, Proof]:
        raise NotImplementedError

    async def record_proofs(self, table: TableName, run: str, proofs: Sequence[Proof]) -> None: ...

    async def forget_proofs(self, table: TableName, run: str) -> None: ...
