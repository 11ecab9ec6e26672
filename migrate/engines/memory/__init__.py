"""An engine without a server, for tests of planner and executor: `MemoryEngine(endpoint, MemoryServer(), slots)`.

It keeps every promise of `migrate.engines.base` (tests/engines/test_memory.py), and fails where a test tells it to
(`MemoryServer.fail_at`). Several engines on one `MemoryServer` are several processes at one server.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import msgspec

from migrate.engines.base import (
    Alteration,
    Bound,
    Collision,
    Dialect,
    Engine,
    Files,
    Intake,
    LedgerKey,
    LedgerLine,
    Made,
    Moment,
    MomentWay,
    Oversized,
    Reader,
    Renames,
    Rows,
    Script,
    Translation,
    Writer,
)
from migrate.engines.memory import alter, ddl, inspect
from migrate.engines.memory.executors import Executor
from migrate.engines.memory.locks import MemoryLock, lock
from migrate.engines.memory.rows import LAYOUT, MemoryMoment, MemoryReader, MemoryWriter
from migrate.engines.memory.server import MemoryServer
from migrate.engines.memory.store import Ledger
from migrate.engines.memory.stored import create, define, rename, row_columns
from migrate.errors import ServerError
from migrate.model.change import StoredChange, TableChange
from migrate.model.pattern import Pattern
from migrate.model.table import (
    Catalog,
    Column,
    ForeignKey,
    Index,
    Schema,
    Statistics,
    StoredKey,
    StoredObject,
    Table,
    TableName,
)

S = TypeVar("S", MemoryReader, MemoryWriter)

__all__ = ["MemoryEngine", "MemoryServer"]


class MemoryEngine:
    """See `migrate.engines.base.Engine`. `sessions` and `peak` count the sessions open now, and at most at once."""

    family = "memory"

    def __init__(self, endpoint: str, server: MemoryServer, slots: int = 4) -> None:
        self.endpoint = endpoint
        self.slots = slots
        self.files: Files | None = None
        self.server = server
        self.sessions = 0
        self.peak = 0
        self._locks: list[MemoryLock] = []

    # -- looking -------------------------------------------------------------------------------------------------

    async def identity(self) -> str:
        """See base.Engine."""
        return self.server.identity

    async def dialect(self) -> Dialect:
        """See base.Engine."""
        return self.server.dialect

    async def inspect(self, patterns: Sequence[Pattern]) -> Catalog:
        """See base.Engine."""
        await self.server.faults.at("inspect", " ".join(pattern.tables for pattern in patterns))
        return inspect.catalog(self.server, patterns)

    async def measure(self, rows: Sequence[Rows]) -> tuple[Statistics, ...]:
        """See base.Engine."""
        return tuple(inspect.measure(self.server, self.endpoint, one) for one in rows)

    async def intake(self) -> Intake:
        """See base.Engine."""
        return Intake((LAYOUT,), self.server.packet)

    async def oversized(self, ways: Sequence[tuple[Rows, Rows]], intake: Intake) -> tuple[Oversized, ...]:
        """See base.Engine."""
        return tuple(one for mine, _ in ways for one in inspect.oversized(self.server, self.endpoint, mine, intake))

    async def collisions(self, ways: Sequence[tuple[Table, Table, str]], there: Engine) -> tuple[Collision, ...]:
        """See base.Engine. Values are equal here when they are the same, everywhere."""
        return ()

    async def alike(self, collations: Sequence[str], values: Sequence[Sequence[bytes]]) -> Sequence[int]:
        """See base.Engine."""
        return [int.from_bytes(hashlib.md5(repr(one).encode(), usedforsecurity=False).digest()[:8]) for one in values]

    async def definitions(self, tables: Sequence[TableName]) -> Mapping[TableName, str]:
        """See base.Engine."""
        return {name: ddl.define(self.server.table(self.endpoint, name).table) for name in tables}

    async def stored_definitions(self, stored: Sequence[StoredObject]) -> Mapping[StoredKey, str]:
        """See base.Engine. Raises ServerError for one that is not there."""
        return {one.key: define(self.server.stored_object(self.endpoint, one.key)) for one in stored}

    async def accounts(self) -> frozenset[str] | None:
        """See base.Engine."""
        return self.server.accounts

    async def occupied(self, tables: Sequence[TableName]) -> frozenset[TableName]:
        """See base.Engine."""
        return frozenset(name for name in tables if self.server.table(self.endpoint, name).rows)

    async def writable(self) -> None:
        """See base.Engine."""
        self.server.check_writable(self.endpoint)

    async def running(self) -> int:
        """See base.Engine: what the server was told to say."""
        return self.server.running

    def findings(self, table: Table, definition: str = "") -> tuple[str, ...]:
        """See base.Engine."""
        return inspect.findings(table)

    async def notes(self) -> tuple[tuple[str, str], ...]:
        """See base.Engine."""
        return self.server.notes

    async def folds_case(self) -> bool:
        """See base.Engine."""
        return self.server.folds_case

    async def unseen(self, schemas: Sequence[str]) -> tuple[str, ...]:
        """See base.Engine."""
        return self.server.unseen

    async def translate(self, wanted: Catalog, origin: Dialect) -> Translation:
        """See base.Engine: what `MemoryServer.translate` makes of it."""
        if origin == self.server.dialect or self.server.translate is None:
            return Translation(wanted)
        return self.server.translate(wanted, origin)

    # -- DDL -----------------------------------------------------------------------------------------------------

    def key(self, table: Table) -> Index | None:
        """See base.Engine."""
        return inspect.key(table)

    def order(self, column: Column) -> str:
        """See base.Engine: by collation, as far as the tests give one."""
        return column.collation

    def deferrable(self, table: Table) -> tuple[Index, ...]:
        """See base.Engine."""
        return inspect.deferrable(table)

    def create_schema(self, schema: Schema) -> str:
        """See base.Engine."""
        return ddl.write(ddl.CreateSchema(schema))

    def create_table(self, table: Table, definition: str, deferred: Sequence[Index], origin: Dialect) -> str:
        """See base.Engine. `definition` must be one of ours."""
        ddl.read(definition)
        return ddl.create_table(table, deferred)

    def add_indexes(self, table: Table, definition: str, indexes: Sequence[Index], origin: Dialect) -> str:
        """See base.Engine."""
        ddl.read(definition)
        return ddl.write(ddl.AddIndexes(table.name, tuple(indexes)))

    def add_foreign_keys(self, table: Table, foreign_keys: Sequence[ForeignKey]) -> str:
        """See base.Engine."""
        return ddl.write(ddl.AddForeignKeys(table.name, tuple(foreign_keys)))

    def alter_table(
        self, wanted: Table, actual: Table, changes: Sequence[TableChange], definition: str, origin: Dialect
    ) -> tuple[Alteration, ...]:
        """See base.Engine. `definition` must be one of ours."""
        ddl.read(definition)
        return alter.alter_table(actual.name, changes)

    def rename(self, stored: StoredObject, name: TableName, renames: Renames) -> StoredObject:
        """See base.Engine."""
        return rename(stored, name, renames)

    def rename_table(self, table: Table, renames: Renames) -> Table:
        """See base.Engine. No default here names anything."""
        return table

    def row_columns(self, trigger: StoredObject) -> tuple[str, ...]:
        """See base.Engine."""
        return row_columns(trigger)

    def sequences(self, table: Table) -> tuple[TableName, ...]:
        """See base.Engine. There are none."""
        return ()

    def create_stored(self, wanted: StoredObject, definition: str, renames: Renames, origin: Dialect) -> Script:
        """See base.Engine."""
        return create(wanted, definition)

    def drop_stored(self, stored: StoredObject) -> str:
        """See base.Engine."""
        return ddl.write(ddl.DropStored(stored.kind, stored.name))

    def enable_event(self, event: StoredObject) -> Script:
        """See base.Engine."""
        return Script(ddl.write(ddl.EnableEvent(event.name)), event.settings)

    def same(self, change: TableChange | StoredChange) -> bool:
        """See base.Engine."""
        return inspect.same(change)

    def spell(self, bound: Bound) -> str:
        """See base.Engine: our literals read well as they are."""
        return ", ".join(bound)

    # -- acting --------------------------------------------------------------------------------------------------

    async def execute(self, sql: str, tag: str, session: Mapping[str, str] | None = None) -> None:
        """See base.Engine. Killed at `ddl.running`, the caller leaves the statement running on the server."""
        await self.server.faults.at("ddl.sent", sql)
        try:
            statement = ddl.read(sql)
        except msgspec.MsgspecError as error:
            raise ServerError(self.endpoint, f"cannot read the statement: {error}", code=1064) from error
        executor = Executor(tag, statement, session)
        self.server.executors.running.append(executor)
        await self.server.faults.at("ddl.running", sql)
        executor.check(self.endpoint)
        if not executor.finished:
            self.server.executors.running.remove(executor)
            self.server.apply(self.endpoint, statement, executor.session)
        await self.server.faults.at("ddl.applied", sql)

    async def end_executors(self, tag: str) -> int:
        """See base.Engine."""
        count = self.server.executors.end(tag)
        await self.server.executors.tell()
        return count

    async def orphans(self, table: TableName, foreign_key: ForeignKey) -> int:
        """See base.Engine. A row with a NULL in the key points nowhere on purpose and is no orphan."""
        child = self.server.table(self.endpoint, table)
        parent = self.server.table(self.endpoint, foreign_key.referenced)
        there = set(map(parent.picker(foreign_key.referenced_columns), parent.rows))
        keys = map(child.picker(foreign_key.columns), child.rows)
        return sum(1 for key in keys if None not in key and key not in there)

    async def auto_increment(self, tables: Sequence[TableName]) -> Mapping[TableName, int]:
        """See base.Engine."""
        found = {table: inspect.next_value(self.server.table(self.endpoint, table)) for table in tables}
        return {table: value for table, value in found.items() if value is not None}

    async def set_auto_increment(self, table: TableName, value: int, tag: str) -> None:
        """See base.Engine. A value that rows have reached already is raised to the first free one."""
        stored = self.server.table(self.endpoint, table)
        if inspect.next_value(stored) is None:
            raise ServerError(self.endpoint, f"{table} has no AUTO_INCREMENT column", code=1075)
        await self.server.faults.at("ddl.sent", f"auto_increment {table}")
        self.server.check_writable(self.endpoint)
        stored.set_counter(value)
        await self.server.faults.at("ddl.applied", f"auto_increment {table}")

    async def lock(
        self,
        schemas: Sequence[tuple[str, str]],
        holder: str,
        timeout: float,
    ) -> MemoryLock:
        """See base.Engine."""
        held = await lock(self.server, self.endpoint, schemas, holder, timeout)
        self._locks.append(held)
        return held

    async def mend(self, tables: Sequence[TableName]) -> frozenset[TableName]:
        """See base.Engine. Nothing breaks here: all is gone, or all is there."""
        return frozenset()

    # -- rows ----------------------------------------------------------------------------------------------------

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """See base.Engine."""
        return self._session(MemoryReader(self.endpoint, self.server))

    async def moment_way(self, tables: Sequence[TableName]) -> tuple[MomentWay, str]:
        """See base.Engine: what the server was told to say."""
        return self.server.moment_way, ""

    @asynccontextmanager
    async def moment(self, tables: Sequence[TableName], readers: int) -> AsyncIterator[Moment]:
        """See base.Engine."""
        yield MemoryMoment(self.endpoint, self.server, readers)

    def writer(self, tag: str) -> AbstractAsyncContextManager[Writer]:
        """See base.Engine."""
        return self._session(MemoryWriter(self.endpoint, self.server, tag))

    @asynccontextmanager
    async def _session(self, session: S) -> AsyncIterator[S]:
        self.sessions += 1
        self.peak = max(self.peak, self.sessions)
        try:
            yield session
        finally:
            self.sessions -= 1

    # -- ledger --------------------------------------------------------------------------------------------------

    async def prepare_ledger(self, schemas: Sequence[tuple[str, str]]) -> None:
        """See base.Engine."""
        self.server.check_writable(self.endpoint)
        for place in schemas:
            if place not in self.server.schemas:
                raise ServerError(self.endpoint, f"schema {place[1]} does not exist", code=1049)
        for place in schemas:
            self.server.ledgers.setdefault(place, Ledger())

    async def ledger(self, key: LedgerKey) -> AsyncIterator[LedgerLine]:
        """See base.Engine."""
        ledger = self.server.ledgers.get((key.target.catalog, key.target.schema))
        for line in ledger.lines(key) if ledger else ():
            yield line

    async def started(self, plan: str, tables: Sequence[TableName]) -> frozenset[TableName]:
        """See base.Engine."""
        ledgers = {place: ledger.targets(plan) for place, ledger in self.server.ledgers.items()}
        return frozenset(name for name in tables if name in ledgers.get((name.catalog, name.schema), ()))

    async def finished(self, plan: str, schemas: Sequence[tuple[str, str]]) -> frozenset[str]:
        """See base.Engine."""
        ledgers = [self.server.ledgers[place] for place in schemas if place in self.server.ledgers]
        return frozenset(step for ledger in ledgers for step in ledger.whole(plan))

    async def record(self, key: LedgerKey, lines: Sequence[LedgerLine]) -> None:
        """See base.Engine."""
        await self.server.faults.at("record.sent", str(key.target))
        self.server.check_writable(self.endpoint)
        self.server.ledger(self.endpoint, key.target).add(key, lines)
        await self.server.faults.at("record.done", str(key.target))

    async def record_ends(self, ends: Mapping[LedgerKey, LedgerLine]) -> None:
        """See base.Engine."""
        for key, line in ends.items():
            await self.record(key, (line,))

    async def forget(self, keys: Sequence[LedgerKey]) -> None:
        """See base.Engine."""
        self.server.check_writable(self.endpoint)
        for key in keys:
            ledger = self.server.ledgers.get((key.target.catalog, key.target.schema))
            if ledger is not None:
                ledger.forget(key)

    async def made(self, schemas: Sequence[tuple[str, str]]) -> tuple[Made, ...]:
        """See base.Engine."""
        ledgers = [self.server.ledgers[place] for place in schemas if place in self.server.ledgers]
        return tuple(ledger.made[key] for ledger in ledgers for key in sorted(ledger.made))

    async def record_made(self, made: Sequence[Made]) -> None:
        """See base.Engine: all of them or none."""
        subject = " ".join(f"{one.kind} {one.name}" for one in made)
        await self.server.faults.at("record.sent", subject)
        self.server.check_writable(self.endpoint)
        ledgers = [self.server.ledger(self.endpoint, one.name) for one in made]
        for ledger, one in zip(ledgers, made, strict=True):
            ledger.made[one.kind, one.name] = one
        await self.server.faults.at("record.done", subject)

    async def close(self) -> None:
        """Ends as a killed process would: locks go, statements that the server works on stay."""
        while self._locks:
            await self._locks.pop().release()


def _is_an_engine(engine: MemoryEngine) -> Engine:
    return engine  # mypy proves here that nothing of the contract is missing
