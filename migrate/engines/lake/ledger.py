"""The ledger of a lake: small objects below the endpoint's `ledger` location. See `migrate.engines.base.Engine`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from migrate.engines.base import LedgerKey, LedgerLine, Made
from migrate.engines.lake.files import Objects
from migrate.model.table import TableName


class Ledger:
    """The methods of `Engine` of the same names. `location` is the endpoint's `ledger`, `s3://…`, not empty."""

    def __init__(self, objects: Objects, location: str) -> None: ...

    async def prepare_ledger(self, schemas: Sequence[tuple[str, str]]) -> None: ...

    def ledger(self, key: LedgerKey) -> AsyncIterator[LedgerLine]:
        raise NotImplementedError

    async def started(self, plan: str, tables: Sequence[TableName]) -> frozenset[TableName]:
        raise NotImplementedError

    async def finished(self, plan: str, schemas: Sequence[tuple[str, str]]) -> frozenset[str]:
        raise NotImplementedError

    async def record(self, key: LedgerKey, lines: Sequence[LedgerLine]) -> None: ...

    async def record_ends(self, ends: Mapping[LedgerKey, LedgerLine]) -> None: ...

    async def forget(self, keys: Sequence[LedgerKey]) -> None: ...

    async def made(self, schemas: Sequence[tuple[str, str]]) -> tuple[Made, ...]:
        raise NotImplementedError

    async def record_made(self, made: Sequence[Made]) -> None: ...
