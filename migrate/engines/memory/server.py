"""The state that several engines, as several processes would, share: a server that lives in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from migrate.engines.memory import ddl
from migrate.engines.memory.executors import Executors
from migrate.engines.memory.faults import Faults, Gate, Point
from migrate.engines.memory.store import Ledger, StoredTable
from migrate.engines.memory.values import Row
from migrate.errors import ReadOnlyServer, ServerError
from migrate.model.table import ForeignKey, OtherObject, Schema, Table, TableName

Place = tuple[str, str]
"""(catalog, schema)."""


class Held:
    """Who holds a lock; `lost` when the server broke it."""

    def __init__(self, holder: str) -> None:
        self.holder = holder
        self.lost = False


class MemoryServer:
    """Schemas, tables, rows, ledgers, locks and running statements; what `fail_at` and `hold_at` plan happens here.

    Nothing is random, no time passes, and there is one event loop. `identity`, `read_only`, `notes`, `others`, `unseen`
    and `folds_case` (what is told, names stay what they are) are for tests to set.
    """

    def __init__(self, identity: str = "memory:1") -> None:
        self.identity = identity
        self.read_only = False
        self.notes: tuple[tuple[str, str], ...] = ()
        self.schemas: dict[Place, Schema] = {}
        self.tables: dict[TableName, StoredTable] = {}
        self.others: list[OtherObject] = []
        self.unseen: tuple[str, ...] = ()
        self.folds_case = False
        self.ledgers: dict[Place, Ledger] = {}
        self.locks: dict[Place, Held] = {}
        self.unlocked = asyncio.Condition()
        self.executors = Executors()
        self.faults = Faults()

    # -- what tests do with it -----------------------------------------------------------------------------------

    def add_schema(self, name: str, catalog: str = "") -> None:
        """Make a schema unless it is there."""
        self.schemas.setdefault((catalog, name), Schema(name, catalog=catalog))

    def add_table(self, table: Table, rows: Sequence[Row] = ()) -> None:
        """Make a table, its schema too, with these rows (a value for each column that is not generated)."""
        self.add_schema(table.name.schema, table.name.catalog)
        if table.name in self.tables:
            raise ValueError(f"{table.name} exists")
        stored = StoredTable(table)
        stored.check("server", rows)
        stored.add(list(rows))
        self.tables[table.name] = stored

    def rows(self, table: TableName) -> list[Row]:
        """The rows of a table, as they came."""
        return list(self.tables[table].rows)

    def fail_at(self, point: Point, nth: int, error: BaseException, subject: str = "") -> None:
        """See `Faults.fail_at`."""
        self.faults.fail_at(point, nth, error, subject)

    def hold_at(self, point: Point, nth: int = 1, subject: str = "") -> Gate:
        """See `Faults.hold_at`."""
        return self.faults.hold_at(point, nth, subject)

    def finish_executors(self) -> None:
        """The server comes to the end of every statement that a dead client left running: each takes effect now."""
        for executor in list(self.executors.running):
            if executor.statement is not None:
                self.executors.running.remove(executor)
                executor.finished = True
                self.apply("server", executor.statement)

    def break_locks(self) -> None:
        """Every lock is lost, as when the server restarts; nobody is told until they check."""
        for held in self.locks.values():
            held.lost = True
        self.locks.clear()

    # -- what engines do with it ---------------------------------------------------------------------------------

    def stored(self, endpoint: str, name: TableName) -> StoredTable:
        """The table of that name. Raises ServerError when there is none."""
        if name not in self.tables:
            raise ServerError(endpoint, f"table {name} does not exist", code=1146)
        return self.tables[name]

    def ledger(self, endpoint: str, name: TableName) -> Ledger:
        """The ledger beside a table. Raises ServerError when nobody prepared it."""
        ledger = self.ledgers.get((name.catalog, name.schema))
        if ledger is None:
            raise ServerError(endpoint, f"table {name.schema}._migrate_ledger does not exist", code=1146)
        return ledger

    def check_writable(self, endpoint: str) -> None:
        """Raises ReadOnlyServer."""
        if self.read_only:
            raise ReadOnlyServer(endpoint, "the server is read-only", "choose another target", code=1290)

    def apply(self, endpoint: str, statement: ddl.Statement) -> None:
        """Let a statement take effect, whole or not at all. Raises ServerError when the server refuses it."""
        self.check_writable(endpoint)
        match statement:
            case ddl.CreateSchema(schema):
                if (schema.catalog, schema.name) in self.schemas:
                    raise ServerError(endpoint, f"schema {schema.name} exists", code=1007)
                self.schemas[schema.catalog, schema.name] = schema
            case ddl.CreateTable(table):
                self._create(endpoint, table)
            case ddl.AddIndexes(name, indexes):
                stored = self.stored(endpoint, name)
                _refuse_twins(endpoint, name, [index.name for index in (*stored.table.indexes, *indexes)])
                table = msgspec.structs.replace(stored.table, indexes=(*stored.table.indexes, *indexes))
                StoredTable(table).check(endpoint, stored.rows)
                stored.table = table
            case ddl.AddForeignKeys(name, foreign_keys):
                self._add_foreign_keys(endpoint, name, foreign_keys)
            case ddl.DropTable(name):
                self.stored(endpoint, name)
                del self.tables[name]

    def _create(self, endpoint: str, table: Table) -> None:
        if (table.name.catalog, table.name.schema) not in self.schemas:
            raise ServerError(endpoint, f"schema {table.name.schema} does not exist", code=1049)
        if table.name in self.tables:
            raise ServerError(endpoint, f"table {table.name} exists", code=1050)
        _refuse_twins(endpoint, table.name, [index.name for index in table.indexes])
        self.tables[table.name] = StoredTable(table)

    def _add_foreign_keys(self, endpoint: str, name: TableName, foreign_keys: Sequence[ForeignKey]) -> None:
        stored = self.stored(endpoint, name)
        for foreign_key in foreign_keys:
            there = {column.name for column in stored.table.columns}
            there_too = {column.name for column in self.stored(endpoint, foreign_key.referenced).table.columns}
            if not there.issuperset(foreign_key.columns) or not there_too.issuperset(foreign_key.referenced_columns):
                raise ServerError(endpoint, f"{name}: foreign key {foreign_key.name} names a missing column", code=1072)
        wanted = (*stored.table.foreign_keys, *foreign_keys)
        _refuse_twins(endpoint, name, [foreign_key.name for foreign_key in wanted])
        stored.table = msgspec.structs.replace(stored.table, foreign_keys=wanted)


def _refuse_twins(endpoint: str, table: TableName, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ServerError(endpoint, f"{table}: the name {name} is taken", code=1061)
