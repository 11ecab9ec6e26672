"""Lakes: Trino over tables of Hive, Iceberg and Delta in an object store."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

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
    Lock,
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
from migrate.engines.lake import alter, ddl, views
from migrate.engines.lake.connect import Server
from migrate.engines.lake.files import Objects
from migrate.engines.lake.gathering import at_once
from migrate.engines.lake.inspect import UNREADABLE, definitions, inspect, measure
from migrate.engines.lake.ledger import Ledger
from migrate.engines.lake.lock import Locks
from migrate.engines.lake.mapping import translated
from migrate.engines.lake.table_files import LakeFiles, no_ledger
from migrate.errors import ServerError
from migrate.model.change import StoredChange, TableChange
from migrate.model.pattern import Pattern
from migrate.model.plan import EndpointRef
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
from migrate.sql import ansi_table

MEASURED = 100
"""Tables whose statistics are asked for, one by one."""


class LakeEngine:
    """See `migrate.engines.base.Engine`."""

    family = "lake"

    def __init__(self, endpoint: str, ref: EndpointRef, slots: int) -> None:
        self.endpoint = endpoint
        self.slots = slots
        self._server = Server(endpoint, ref, slots)
        objects = Objects(endpoint, ref)
        self.lake_files = LakeFiles(self._server, objects, ref.ledger)
        self.files: Files | None = self.lake_files
        self._texts: Mapping[TableName, str] = {}
        self._ledger = Ledger(objects, ref.ledger) if ref.ledger else None
        self._locks = Locks(objects, ref.ledger) if ref.ledger else None

    # -- looking

    async def identity(self) -> str:
        """The environment that Trino's administrator named, and its catalogs with their connectors.

        Trino has no id of its own. Locations of schemas are left out, though they would tell two lakes apart that are
        called and built alike: a new schema would make another server of it.
        """
        environment = str((await self._server.info()).get("environment", "")) or "unknown"
        catalogs = await self._server.catalogs()
        words = "\n".join(f"{name}\t{connector}" for name, connector in sorted(catalogs.items()))
        return f"trino:{environment}/{hashlib.sha256(words.encode()).hexdigest()[:16]}"

    async def dialect(self) -> Dialect:
        return Dialect("trino", await self._server.version())

    async def inspect(self, patterns: Sequence[Pattern]) -> Catalog:
        seen = await inspect(self._server, patterns)
        self.lake_files.remember(dict(seen.shown))
        self._texts = dict(seen.texts)
        return seen.catalog

    async def measure(self, rows: Sequence[Rows]) -> tuple[Statistics, ...]:
        """What statistics say that somebody collected; zeros elsewhere: bytes are known from listings of files.

        Trino tells them table by table: of very many tables nothing is asked.
        """
        if len(rows) > MEASURED:
            return tuple(Statistics(one.table) for one in rows)
        return await measure(self._server, [(one.table, one.where) for one in rows])

    async def intake(self) -> Intake:
        return Intake(())

    async def oversized(self, ways: Sequence[tuple[Rows, Rows]], intake: Intake) -> tuple[Oversized, ...]:
        return ()

    async def collisions(self, ways: Sequence[tuple[Table, Table, str]], there: Engine) -> tuple[Collision, ...]:
        return ()

    async def alike(self, collations: Sequence[str], values: Sequence[Sequence[bytes]]) -> Sequence[int]:
        return ()

    async def definitions(self, tables: Sequence[TableName]) -> Mapping[TableName, str]:
        """As `inspect` was told a moment before, where it was, and nothing was changed since."""
        known = {name: self._texts[name] for name in tables if name in self._texts}
        rest = await definitions(self._server, [name for name in tables if name not in known])
        return {name: known[name] if name in known else rest[name] for name in tables}

    async def stored_definitions(self, stored: Sequence[StoredObject]) -> Mapping[StoredKey, str]:
        """Trino's CREATE VIEW of each; of a materialized one its query, which is all that is told."""

        async def shown(view: StoredObject) -> str:
            if view.broken:
                return view.text
            rows = await self._server.query(f"SHOW CREATE VIEW {ansi_table(view.name)}", str(view.name))
            return str(rows[0][0])

        found = await at_once(self.slots, shown, list(stored))
        return {view.key: text for view, text in zip(stored, found, strict=True)}

    async def accounts(self) -> frozenset[str] | None:
        return None

    async def occupied(self, tables: Sequence[TableName]) -> frozenset[TableName]:
        async def full(name: TableName) -> bool:
            return bool(await self._server.query(f"SELECT 1 FROM {ansi_table(name)} LIMIT 1", str(name)))

        found = await at_once(self.slots, full, list(tables))
        return frozenset(name for name, holds in zip(tables, found, strict=True) if holds)

    async def writable(self) -> None:
        """Trino does not tell: what a catalog refuses is known when it refuses it."""

    async def running(self) -> int:
        return await self._server.running()

    def findings(self, table: Table, definition: str = "") -> tuple[str, ...]:
        if table.storage.engine == UNREADABLE:
            return table.storage.options
        return ()

    async def notes(self) -> tuple[tuple[str, str], ...]:
        return ()

    async def folds_case(self) -> bool:
        return True

    async def unseen(self, schemas: Sequence[str]) -> tuple[str, ...]:
        return ()

    async def translate(self, wanted: Catalog, origin: Dialect) -> Translation:
        """By what the catalogs here are, whatever the versions: a table may go into one of another format."""
        if origin.vendor != "trino":
            raise ServerError(self.endpoint, f"tables of {origin.vendor} cannot go into a lake yet")
        return translated(wanted, dict(await self._server.catalogs()))

    # -- DDL

    def key(self, table: Table) -> Index | None:
        return None

    def order(self, column: Column) -> str:
        return ""

    def deferrable(self, table: Table) -> tuple[Index, ...]:
        return ()

    def create_schema(self, schema: Schema) -> str:
        return ddl.create_schema(schema)

    def create_table(self, table: Table, definition: str, deferred: Sequence[Index], origin: Dialect) -> str:
        return ddl.create_over(table, "")

    def add_indexes(self, table: Table, definition: str, indexes: Sequence[Index], origin: Dialect) -> str:
        raise self._never("an index")

    def add_foreign_keys(self, table: Table, foreign_keys: Sequence[ForeignKey]) -> str:
        raise self._never("a foreign key")

    def alter_table(
        self, wanted: Table, actual: Table, changes: Sequence[TableChange], definition: str, origin: Dialect
    ) -> tuple[Alteration, ...]:
        return alter.alter_table(wanted, actual, changes)

    def rename(self, stored: StoredObject, name: TableName, renames: Renames) -> StoredObject:
        return views.rename(stored, name, renames)

    def rename_table(self, table: Table, renames: Renames) -> Table:
        return table

    def row_columns(self, trigger: StoredObject) -> tuple[str, ...]:
        return ()

    def sequences(self, table: Table) -> tuple[TableName, ...]:
        return ()

    def create_stored(self, wanted: StoredObject, definition: str, renames: Renames, origin: Dialect) -> Script:
        return views.create(wanted)

    def drop_stored(self, stored: StoredObject) -> str:
        return views.drop(stored)

    def enable_event(self, event: StoredObject) -> Script:
        raise self._never("an event")

    def same(self, change: TableChange | StoredChange) -> bool:
        return alter.same(change)

    def spell(self, bound: Bound) -> str:
        return ", ".join(bound)

    def _never(self, what: str) -> ServerError:
        return ServerError(self.endpoint, f"a lake has no such thing as {what}")

    # -- acting

    async def execute(self, sql: str, tag: str, session: Mapping[str, str] | None = None) -> None:
        self.lake_files.remember({})
        self._texts = {}
        await self._server.execute(sql, tag, session)

    async def end_executors(self, tag: str) -> int:
        return await self._server.end_executors(tag)

    async def orphans(self, table: TableName, foreign_key: ForeignKey) -> int:
        return 0

    async def auto_increment(self, tables: Sequence[TableName]) -> Mapping[TableName, int]:
        return {}

    async def set_auto_increment(self, table: TableName, value: int, tag: str) -> None:
        raise self._never("an AUTO_INCREMENT column")

    async def lock(self, schemas: Sequence[tuple[str, str]], holder: str, timeout: float) -> Lock:
        if self._locks is None:
            raise no_ledger(self.endpoint)
        return await self._locks.take(schemas, holder, timeout)

    async def mend(self, tables: Sequence[TableName]) -> frozenset[TableName]:
        return frozenset()

    # -- rows

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        raise self._no_rows()

    async def moment_way(self, tables: Sequence[TableName]) -> tuple[MomentWay, str]:
        return "none", ""

    def moment(self, tables: Sequence[TableName], readers: int) -> AbstractAsyncContextManager[Moment]:
        raise self._no_rows()

    def writer(self, tag: str) -> AbstractAsyncContextManager[Writer]:
        raise self._no_rows()

    def _no_rows(self) -> ServerError:
        return ServerError(
            self.endpoint,
            "rows of a lake are not moved one by one",
            "move its tables to another lake: their files are copied, or Trino writes their rows",
        )

    # -- ledger

    @property
    def _kept(self) -> Ledger:
        if self._ledger is None:
            raise no_ledger(self.endpoint)
        return self._ledger

    async def prepare_ledger(self, schemas: Sequence[tuple[str, str]]) -> None:
        await self._kept.prepare_ledger(schemas)

    def ledger(self, key: LedgerKey) -> AsyncIterator[LedgerLine]:
        return self._kept.ledger(key)

    async def started(self, plan: str, tables: Sequence[TableName]) -> frozenset[TableName]:
        return await self._kept.started(plan, tables)

    async def finished(self, plan: str, schemas: Sequence[tuple[str, str]]) -> frozenset[str]:
        return await self._kept.finished(plan, schemas)

    async def record(self, key: LedgerKey, lines: Sequence[LedgerLine]) -> None:
        await self._kept.record(key, lines)

    async def record_ends(self, ends: Mapping[LedgerKey, LedgerLine]) -> None:
        await self._kept.record_ends(ends)

    async def forget(self, keys: Sequence[LedgerKey]) -> None:
        await self._kept.forget(keys)

    async def made(self, schemas: Sequence[tuple[str, str]]) -> tuple[Made, ...]:
        return await self._ledger.made(schemas) if self._ledger else ()

    async def record_made(self, made: Sequence[Made]) -> None:
        await self._kept.record_made(made)

    async def close(self) -> None:
        if self._locks is not None:
            await self._locks.close()
        await self._server.close()
        await self.lake_files.objects.close()


def _is_an_engine(engine: LakeEngine) -> Engine:
    return engine  # mypy proves here that nothing of the contract is missing
