"""Two servers in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Literal

import msgspec

from migrate.engines.memory import MemoryEngine, MemoryServer
from migrate.errors import ConnectionLost, ServerError
from migrate.model.table import Storage, Table, TableName
from tests.engines.world import Row, Side, Work, order


class MemoryWorld:
    """See `tests.engines.world.World`."""

    source_schema = "old"
    target_schema = "new"

    def __init__(self) -> None:
        self.servers: dict[Side, MemoryServer] = {
            "source": MemoryServer("memory:1"),
            "target": MemoryServer("memory:2"),
        }
        self.servers["source"].add_schema(self.source_schema)
        self.servers["target"].add_schema(self.target_schema)
        self.source = MemoryEngine("old", self.servers["source"])
        self.target = MemoryEngine("new", self.servers["target"])

    def rival(self) -> MemoryEngine:
        """See World."""
        return MemoryEngine("new", self.servers["target"])

    async def create(self, side: Side, table: Table, rows: Sequence[Row] = ()) -> None:
        """See World."""
        storage = Storage("memory", table.storage.transactional)
        self.servers[side].add_table(msgspec.structs.replace(table, storage=storage), rows)

    async def insert(self, side: Side, table: Table, rows: Sequence[Row]) -> None:
        """See World."""
        self.servers[side].tables[table.name].add(rows)

    async def rows(self, side: Side, table: Table) -> list[Row]:
        """See World."""
        return sorted(self.servers[side].rows(table.name), key=order)

    async def queries(self, side: Side) -> int:
        """See World."""
        return self.servers[side].faults.passed["inspect"]

    @asynccontextmanager
    async def crash(self, moment: Literal["rows", "ledger"], table: TableName, row: int) -> AsyncIterator[None]:
        """See World; which row it is does not matter here."""
        server = self.servers["target"]
        server.fail_at("write.half" if moment == "rows" else "write.rows", 1, ConnectionLost("new", "gone"), str(table))
        yield
        assert server.faults.pending == 0, "the crash came"

    @asynccontextmanager
    async def abandoned(self, table: Table, work: Work) -> AsyncIterator[None]:
        """See World: the process stands still, which a server cannot tell from a dead one."""
        server = self.servers["target"]
        gates = [server.hold_at("ddl.running"), server.hold_at("write.half")]
        client = asyncio.create_task(work(self.rival()))
        waiting = [asyncio.create_task(gate.reached()) for gate in gates]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        server.faults.forget()
        yield
        for gate in gates:
            gate.open()
        with suppress(ServerError):
            await client

    @asynccontextmanager
    async def busy(self, side: Side, statements: int) -> AsyncIterator[None]:
        """See World."""
        self.servers[side].running += statements
        yield
        self.servers[side].running -= statements

    def strangers(self, side: Side) -> int:
        """See World: nobody else knows these servers."""
        return 0

    async def lose_locks(self) -> None:
        """See World."""
        self.servers["target"].break_locks()
