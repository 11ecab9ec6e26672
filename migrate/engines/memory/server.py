"""The state that several engines, as several processes would, share: a server that lives in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import msgspec

from migrate.engines.base import Dialect, MomentWay, Translation
from migrate.engines.memory import alter, ddl
from migrate.engines.memory.executors import Executors
from migrate.engines.memory.faults import Faults, Gate, Point
from migrate.engines.memory.store import Ledger, StoredTable
from migrate.engines.memory.stored import moment, names
from migrate.engines.memory.values import Row
from migrate.errors import ReadOnlyServer, ServerError
from migrate.model.change import AlterColumn, DropColumn, TableChange
from migrate.model.table import Catalog, ForeignKey, Schema, StoredKey, StoredObject, Table, TableName, Use

Place = tuple[str, str]
"""(catalog, schema)."""
NO_SESSION: Mapping[str, str] = MappingProxyType({})


class Held:
    """Who holds a lock; `lost` when the server broke it."""

    def __init__(self, holder: str) -> None:
        self.holder = holder
        self.lost = False


class MemoryServer:
    """Schemas, tables, rows, ledgers, locks and running statements; what `fail_at` and `hold_at` plan happens here.

    Nothing is random, no time passes, and there is one event loop. For tests to set: `identity`, `read_only`, `notes`,
    `unseen`, `folds_case` (what is told, names stay what they are), `packet` (told as the limit of a row, and never
    met), `dialect` and `translate` (from another dialect; None: every dialect's words hold here), `account` (the
    definer of what is made without one), `accounts`, `stored` (a trigger's `order` is told by its place in the list
    where it says none), `uses` that no words tell, and `running` (statements of others).
    """

    def __init__(self, identity: str = "memory:1") -> None:
        self.identity = identity
        self.read_only = False
        self.notes: tuple[tuple[str, str], ...] = ()
        self.schemas: dict[Place, Schema] = {}
        self.tables: dict[TableName, StoredTable] = {}
        self.stored: list[StoredObject] = []
        self.uses: list[Use] = []
        self.dialect = Dialect("memory")
        self.translate: Callable[[Catalog, Dialect], Translation] | None = None
        self.account = "migrate@memory"
        self.accounts: frozenset[str] | None = None
        self.unseen: tuple[str, ...] = ()
        self.folds_case = False
        self.running = 0
        self.packet = 0
        self.moment_way: MomentWay = "flush-tables"
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
                self.apply("server", executor.statement, executor.session)

    def break_locks(self) -> None:
        """Every lock is lost, as when the server restarts; nobody is told until they check."""
        for held in self.locks.values():
            held.lost = True
        self.locks.clear()

    # -- what engines do with it ---------------------------------------------------------------------------------

    def table(self, endpoint: str, name: TableName) -> StoredTable:
        """The table of that name. Raises ServerError when there is none."""
        if name not in self.tables:
            raise ServerError(endpoint, f"table {name} does not exist", code=1146)
        return self.tables[name]

    def stored_object(self, endpoint: str, key: StoredKey) -> StoredObject:
        """The stored object of that kind and name. Raises ServerError when there is none."""
        for one in self.stored:
            if one.key == key:
                return one
        raise ServerError(endpoint, f"{key[0]} {key[1]} does not exist", code=1305)

    def kinds_of(self, name: TableName) -> frozenset[Literal["relation", "function", "procedure"]]:
        """What stands there under this name."""
        kinds: set[Literal["relation", "function", "procedure"]] = {"relation"} if name in self.tables else set()
        for one in self.stored:
            if one.name == name and one.kind in ("view", "sequence"):
                kinds.add("relation")
            elif one.name == name and (one.kind == "function" or one.kind == "procedure"):
                kinds.add(one.kind)
        return frozenset(kinds)

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

    def apply(self, endpoint: str, statement: ddl.Statement, session: Mapping[str, str] = NO_SESSION) -> None:
        """Let a statement take effect, whole or not at all. Raises ServerError when the server refuses it."""
        self.check_writable(endpoint)
        if "database" in session and ("", session["database"]) not in self.schemas:
            raise ServerError(endpoint, f"schema {session['database']} does not exist", code=1049)
        match statement:
            case ddl.CreateSchema(schema):
                if (schema.catalog, schema.name) in self.schemas:
                    raise ServerError(endpoint, f"schema {schema.name} exists", code=1007)
                self.schemas[schema.catalog, schema.name] = schema
            case ddl.CreateTable(table):
                self._create(endpoint, table)
            case ddl.AddIndexes(name, indexes):
                stored = self.table(endpoint, name)
                _refuse_twins(endpoint, name, [index.name for index in (*stored.table.indexes, *indexes)])
                table = msgspec.structs.replace(stored.table, indexes=(*stored.table.indexes, *indexes))
                StoredTable(table).check(endpoint, stored.rows)
                stored.table = table
            case ddl.AddForeignKeys(name, foreign_keys):
                self._add_foreign_keys(endpoint, name, foreign_keys)
            case ddl.DropForeignKeys(name, gone):
                self._drop_foreign_keys(endpoint, name, gone)
            case ddl.AlterTable(name, changes):
                self._alter(endpoint, name, changes)
            case ddl.DropTable(name):
                self.table(endpoint, name)
                del self.tables[name]
                place = (name.catalog, name.schema, name.name)
                self.stored = [one for one in self.stored if (one.name.catalog, one.name.schema, one.table) != place]
            case ddl.CreateStored(one):
                self._create_stored(endpoint, one, session)
            case ddl.DropStored(kind, name):
                self.stored.remove(self.stored_object(endpoint, (kind, name)))
            case ddl.EnableEvent(name):
                event = self.stored_object(endpoint, ("event", name))
                changed = msgspec.structs.replace(event, enabled=True, settings=_settings(session))
                self.stored[self.stored.index(event)] = changed

    def _create(self, endpoint: str, table: Table) -> None:
        if (table.name.catalog, table.name.schema) not in self.schemas:
            raise ServerError(endpoint, f"schema {table.name.schema} does not exist", code=1049)
        if "relation" in self.kinds_of(table.name):
            raise ServerError(endpoint, f"table {table.name} exists", code=1050)
        _refuse_twins(endpoint, table.name, [index.name for index in table.indexes])
        self.tables[table.name] = StoredTable(table)

    def _add_foreign_keys(self, endpoint: str, name: TableName, foreign_keys: Sequence[ForeignKey]) -> None:
        stored = self.table(endpoint, name)
        for foreign_key in foreign_keys:
            there = {column.name for column in stored.table.columns}
            there_too = {column.name for column in self.table(endpoint, foreign_key.referenced).table.columns}
            if not there.issuperset(foreign_key.columns) or not there_too.issuperset(foreign_key.referenced_columns):
                raise ServerError(endpoint, f"{name}: foreign key {foreign_key.name} names a missing column", code=1072)
        wanted = (*stored.table.foreign_keys, *foreign_keys)
        _refuse_twins(endpoint, name, [foreign_key.name for foreign_key in wanted])
        stored.table = msgspec.structs.replace(stored.table, foreign_keys=wanted)

    def _drop_foreign_keys(self, endpoint: str, name: TableName, gone: Sequence[str]) -> None:
        stored = self.table(endpoint, name)
        for key in gone:
            if key not in {foreign_key.name for foreign_key in stored.table.foreign_keys}:
                raise ServerError(endpoint, f"{name}: there is no foreign key {key}", code=1091)
        left = tuple(foreign_key for foreign_key in stored.table.foreign_keys if foreign_key.name not in gone)
        stored.table = msgspec.structs.replace(stored.table, foreign_keys=left)

    def _alter(self, endpoint: str, name: TableName, changes: Sequence[TableChange]) -> None:
        """Foreign keys hold their columns on both sides: none goes or gets another type. A new name they follow."""
        stored = self.table(endpoint, name)
        pointing = [(other, key) for other in self.tables.values() for key in other.table.foreign_keys]
        pointing = [(other, key) for other, key in pointing if key.referenced == name]
        touched = {change.column.name for change in changes if isinstance(change, DropColumn)}
        for change in changes:
            if isinstance(change, AlterColumn) and change.actual.type != change.wanted.type:
                touched.add(change.actual.name)
        held = [(f"{key.name} of {other.table.name}", key.referenced_columns) for other, key in pointing]
        held += [(key.name, key.columns) for key in stored.table.foreign_keys]
        for holder, columns in held:
            if needed := touched.intersection(columns):
                raise ServerError(
                    endpoint, f"{name}: foreign key {holder} needs {', '.join(sorted(needed))} as it is", code=1833
                )
        stored.become(*alter.altered(endpoint, stored, changes))
        called = {change.actual.name: change.wanted.name for change in changes if isinstance(change, AlterColumn)}
        for other in {id(other): other for other, _ in pointing}.values():
            keys = tuple(
                msgspec.structs.replace(
                    key, referenced_columns=tuple(called.get(column, column) for column in key.referenced_columns)
                )
                if key.referenced == name
                else key
                for key in other.table.foreign_keys
            )
            other.table = msgspec.structs.replace(other.table, foreign_keys=keys)

    def _create_stored(self, endpoint: str, stored: StoredObject, session: Mapping[str, str]) -> None:
        if (stored.name.catalog, stored.name.schema) not in self.schemas:
            raise ServerError(endpoint, f"schema {stored.name.schema} does not exist", code=1049)
        there = [one for one in self.stored if one.key == stored.key]
        if there and stored.kind != "view":
            raise ServerError(endpoint, f"{stored.kind} {stored.name} exists", code=1304)
        if stored.kind in ("view", "sequence") and not there and "relation" in self.kinds_of(stored.name):
            raise ServerError(endpoint, f"table {stored.name} exists", code=1050)
        if stored.kind == "trigger":
            self.table(endpoint, TableName(stored.name.schema, stored.table, stored.name.catalog))
        if stored.kind == "view":
            for name in names(stored):
                if (name.catalog, name.schema) in self.schemas and not self.kinds_of(name) - {"procedure"}:
                    raise ServerError(endpoint, f"table {name} does not exist", code=1146)
        settings = _settings(session)
        definer = stored.definer or ("" if stored.kind == "sequence" else self.account)
        order = 0
        if stored.kind == "trigger":
            # The last of its moment: equal orders stand as they came, see `ordered`.
            order = max((one.order for one in self.stored if moment(one) == moment(stored)), default=0)
        made = msgspec.structs.replace(stored, settings=settings, definer=definer, order=order)
        self.stored = [*(one for one in self.stored if one.key != stored.key), made]


def _settings(session: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What an object keeps of the session in which it is made or altered."""
    return tuple(sorted((name, value) for name, value in session.items() if name != "database"))


def _refuse_twins(endpoint: str, table: TableName, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ServerError(endpoint, f"{table}: the name {name} is taken", code=1061)
