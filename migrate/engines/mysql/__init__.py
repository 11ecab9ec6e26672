"""MySQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

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
from migrate.engines.mysql import alter, ddl, drawn, keys, snapshot, spans, stored_ddl, translation
from migrate.engines.mysql.broken import mend
from migrate.engines.mysql.collations import weights
from migrate.engines.mysql.collisions import collisions
from migrate.engines.mysql.connect import Server
from migrate.engines.mysql.counters import counters, is_sequence
from migrate.engines.mysql.grants import unseen, writes_anyway
from migrate.engines.mysql.inspect import definitions, inspect
from migrate.engines.mysql.ledger import ledger_insert, ledger_inserts, ledger_line, ledger_table
from migrate.engines.mysql.lock import MysqlLock, end_executors, take_lock
from migrate.engines.mysql.made import made, record_made
from migrate.engines.mysql.measure import measure, occupied
from migrate.engines.mysql.orphans import count_orphans
from migrate.engines.mysql.packets import oversized
from migrate.engines.mysql.rows import MysqlReader
from migrate.engines.mysql.running import threads_running
from migrate.engines.mysql.shown import accounts, stored_definitions
from migrate.engines.mysql.uses import row_columns
from migrate.engines.mysql.weighing import alike
from migrate.engines.mysql.writing import MysqlWriter, taken
from migrate.errors import DuplicateRow, ReadOnlyServer, ServerError
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
from migrate.model.types import Text
from migrate.sql import quote_table

NO_LEDGER = (1044, 1049, 1142, 1146)
"""No such schema or table; or one that this account may not see, if it is there."""


class MysqlEngine:
    """See `migrate.engines.base.Engine`."""

    family = "mysql"

    def __init__(self, endpoint: str, ref: EndpointRef, slots: int) -> None:
        self.endpoint = endpoint
        self.slots = slots
        self.files: Files | None = None
        self._server = Server(endpoint, ref, slots)
        self._abilities: translation.Abilities | None = None
        """What this server has of other dialects' words; asked by `translate`."""

    # -- looking

    async def identity(self) -> str:
        """MySQL's server_uuid is kept with the data, MariaDB's server_uid is a hash of network card and port.

        MariaDB before 10.5.26, 10.6.19, 10.11.9 and 11.4.3 has none: what it says of its place stands for it. An
        identity of our own would have to be written, and planning writes nothing.
        """
        variables = await self._server.variables()
        for name, prefix in (("server_uuid", "server-uuid"), ("server_uid", "server-uid")):
            if variables.get(name):
                return f"{prefix}:{variables[name]}"
        place = ":".join(variables.get(name, "") for name in ("hostname", "port", "server_id", "datadir"))
        return f"server-place:{place}"

    async def dialect(self) -> Dialect:
        await self._server.variables()
        return self._dialect

    async def inspect(self, patterns: Sequence[Pattern]) -> Catalog:
        return await inspect(self._server, patterns)

    async def measure(self, rows: Sequence[Rows]) -> tuple[Statistics, ...]:
        return await measure(self._server, rows)

    async def intake(self) -> Intake:
        return taken(await self._server.variables(refresh=True))

    async def oversized(self, ways: Sequence[tuple[Rows, Rows]], intake: Intake) -> tuple[Oversized, ...]:
        return await oversized(self._server, ways, intake)

    async def collisions(self, ways: Sequence[tuple[Table, Table, str]], there: Engine) -> tuple[Collision, ...]:
        return await collisions(self._server, ways, await there.dialect(), there.alike)

    async def alike(self, collations: Sequence[str], values: Sequence[Sequence[bytes]]) -> Sequence[int]:
        return await alike(self._server, collations, values)

    async def definitions(self, tables: Sequence[TableName]) -> Mapping[TableName, str]:
        return await definitions(self._server, tables)

    async def stored_definitions(self, stored: Sequence[StoredObject]) -> Mapping[StoredKey, str]:
        return await stored_definitions(self._server, stored)

    async def accounts(self) -> frozenset[str] | None:
        return await accounts(self._server)

    async def occupied(self, tables: Sequence[TableName]) -> frozenset[TableName]:
        return await occupied(self._server, tables)

    async def writable(self) -> None:
        variables = await self._server.variables(refresh=True)
        switches = ("super_read_only", "innodb_read_only", "read_only")
        on = [name for name in switches if variables.get(name, "OFF").upper() not in ("OFF", "0", "NO", "")]
        if not on:
            return
        if on == ["read_only"]:
            async with self._server.session("metadata") as session:
                grants = [_line(row[0]) for row in (await session.query("SHOW GRANTS")).rows]
            if writes_anyway(grants, self._mariadb):
                return
        raise ReadOnlyServer(
            self.endpoint,
            f"the server is read-only ({on[0]}=ON)",
            "name the primary server as the target, or switch it off",
        )

    async def running(self) -> int:
        return await threads_running(self._server)

    def findings(self, table: Table, definition: str = "") -> tuple[str, ...]:
        return ddl.findings(table, definition)

    async def notes(self) -> tuple[tuple[str, str], ...]:
        variables = await self._server.variables(refresh=True)

        def on(name: str) -> bool:
            return variables.get(name, "OFF").upper() in ("ON", "1")

        found = []
        if not on("local_infile"):
            text = "local_infile=OFF: rows go in by INSERT, which is slower; SET GLOBAL local_infile=ON"
            found.append(("MG302", text))
        if on("log_bin") and not on("log_bin_trust_function_creators"):
            text = (
                "the binary log is on: functions that say neither DETERMINISTIC nor NO SQL nor READS SQL DATA are"
                " refused (error 1418); SET GLOBAL log_bin_trust_function_creators=ON for the time of the move"
            )
            found.append(("MG307", text))
        return tuple(found)

    async def folds_case(self) -> bool:
        return (await self._server.variables())["lower_case_table_names"] != "0"

    async def unseen(self, schemas: Sequence[str]) -> tuple[str, ...]:
        async with self._server.session("metadata") as session:
            grants = [_line(row[0]) for row in (await session.query("SHOW GRANTS")).rows]
        return unseen(grants, schemas, self._mariadb)

    async def translate(self, wanted: Catalog, origin: Dialect) -> Translation:
        here = await self.dialect()
        if origin == here:
            return Translation(wanted)
        self._abilities = await translation.abilities(self._server, here)
        return translation.translated(wanted, origin, self._abilities)

    # -- DDL

    def key(self, table: Table) -> Index | None:
        return keys.usable_key(table, self._server.is_mariadb)

    def order(self, column: Column) -> str:
        if not isinstance(column.type, Text):
            return ""
        if self._server.is_mariadb and keys.compares_apart(column):
            return f"{column.collation} of MariaDB's CHAR"
        return weights(column.collation, "mariadb" if self._server.is_mariadb else "mysql")

    def deferrable(self, table: Table) -> tuple[Index, ...]:
        return ddl.deferrable(table)

    def create_schema(self, schema: Schema) -> str:
        return ddl.create_schema(schema)

    def create_table(self, table: Table, definition: str, deferred: Sequence[Index], origin: Dialect) -> str:
        return ddl.create_table(table, self._own_words(table, definition, origin), deferred)

    def add_indexes(self, table: Table, definition: str, indexes: Sequence[Index], origin: Dialect) -> str:
        return ddl.add_indexes(table, self._own_words(table, definition, origin), indexes)

    def add_foreign_keys(self, table: Table, foreign_keys: Sequence[ForeignKey]) -> str:
        return ddl.add_foreign_keys(table, foreign_keys)

    def alter_table(
        self, wanted: Table, actual: Table, changes: Sequence[TableChange], definition: str, origin: Dialect
    ) -> tuple[Alteration, ...]:
        own = self._own_words(wanted, definition, origin)
        return alter.alter_table(wanted, actual, changes, own, self._dialect)

    def rename(self, stored: StoredObject, name: TableName, renames: Renames) -> StoredObject:
        return stored_ddl.rename(stored, name, renames)

    def rename_table(self, table: Table, renames: Renames) -> Table:
        return drawn.rename_table(table, renames)

    def row_columns(self, trigger: StoredObject) -> tuple[str, ...]:
        return row_columns(trigger)

    def sequences(self, table: Table) -> tuple[TableName, ...]:
        return drawn.sequences(table)

    def create_stored(self, wanted: StoredObject, definition: str, renames: Renames, origin: Dialect) -> Script:
        if self._abilities is not None:
            definition = translation.own_statement(wanted, definition, origin, self._abilities)
        return stored_ddl.create_stored(wanted, definition, renames)

    def drop_stored(self, stored: StoredObject) -> str:
        return stored_ddl.drop_stored(stored)

    def enable_event(self, event: StoredObject) -> Script:
        return stored_ddl.enable_event(event)

    def _own_words(self, table: Table, definition: str, origin: Dialect) -> str:
        """The definition in words that hold here; the source's own wherever it speaks the same dialect."""
        return translation.own_words(table, definition, origin, self._dialect)

    @property
    def _mariadb(self) -> tuple[int, ...]:
        """MariaDB's version, nothing for MySQL. Known once a session was opened."""
        return self._server.version if self._server.is_mariadb else ()

    @property
    def _dialect(self) -> Dialect:
        return Dialect("mariadb" if self._server.is_mariadb else "mysql", self._server.version)

    def same(self, change: TableChange | StoredChange) -> bool:
        return ddl.same(change)

    def spell(self, bound: Bound) -> str:
        return spans.spell(bound)

    # -- acting

    async def execute(self, sql: str, tag: str, session: Mapping[str, str] | None = None) -> None:
        async with self._server.session("write") as opened:
            if session:
                # Of a session of its own: nobody else ever works under these settings.
                for statement in stored_ddl.settings_sql(session):
                    await opened.execute(statement)
            await opened.execute(stored_ddl.statement_bytes(f"/* {tag} */ {sql}", session or {}))
            if session:
                await opened.close()

    async def end_executors(self, tag: str) -> int:
        return await end_executors(self._server, tag)

    async def orphans(self, table: TableName, foreign_key: ForeignKey) -> int:
        async with self._server.session("metadata") as session:
            return await count_orphans(session, table, foreign_key)

    async def auto_increment(self, tables: Sequence[TableName]) -> Mapping[TableName, int]:
        return await counters(self._server, tables)

    async def set_auto_increment(self, table: TableName, value: int, tag: str) -> None:
        if await is_sequence(self._server, table):
            await self.execute(f"ALTER SEQUENCE {quote_table(table)} RESTART {value}", tag)
        else:
            await self.execute(f"ALTER TABLE {quote_table(table)} AUTO_INCREMENT = {value}", tag)

    async def lock(self, schemas: Sequence[tuple[str, str]], holder: str, timeout: float) -> MysqlLock:
        return await take_lock(self._server, [schema for _, schema in schemas], holder, timeout)

    async def mend(self, tables: Sequence[TableName]) -> frozenset[TableName]:
        return await mend(self._server, tables)

    # -- rows

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        async with self._server.session("read") as session:
            yield MysqlReader(session)

    async def moment_way(self, tables: Sequence[TableName]) -> tuple[MomentWay, str]:
        return await snapshot.moment_way(self._server, tables)

    def moment(self, tables: Sequence[TableName], readers: int) -> AbstractAsyncContextManager[Moment]:
        return snapshot.moment(self._server, tables, readers)

    @asynccontextmanager
    async def writer(self, tag: str) -> AsyncIterator[Writer]:
        intake = taken(await self._server.variables())
        async with self._server.session("write") as session:
            yield MysqlWriter(session, tag, intake)

    # -- ledger

    async def prepare_ledger(self, schemas: Sequence[tuple[str, str]]) -> None:
        async with self._server.session("write") as session:
            for _, schema in schemas:
                await session.execute(ledger_table(TableName(schema, "")).create())

    async def ledger(self, key: LedgerKey) -> AsyncIterator[LedgerLine]:
        for row in await self._ledger_rows(key.target.schema, ledger_table(key.target).select_all(key)):
            yield ledger_line(row)

    async def started(self, plan: str, tables: Sequence[TableName]) -> frozenset[TableName]:
        found: set[TableName] = set()
        for schema in sorted({table.schema for table in tables}):
            rows = await self._ledger_rows(schema, ledger_table(TableName(schema, "")).select_targets(plan))
            found.update(TableName(schema, str(row[0])) for row in rows)
        return frozenset(found & set(tables))

    async def finished(self, plan: str, schemas: Sequence[tuple[str, str]]) -> frozenset[str]:
        found: set[str] = set()
        for _, schema in schemas:
            rows = await self._ledger_rows(schema, ledger_table(TableName(schema, "")).select_whole(plan))
            found.update(str(row[0]) for row in rows)
        return frozenset(found)

    async def _ledger_rows(self, schema: str, statement: str) -> Sequence[Sequence[Any]]:
        """What the ledger of a schema tells; nothing where there is none."""
        async with self._server.session("metadata") as session:
            try:
                return (await session.query(statement)).rows
            except ServerError as error:
                if error.code not in NO_LEDGER:
                    raise
        return ()

    async def record(self, key: LedgerKey, lines: Sequence[LedgerLine]) -> None:
        async with self._server.session("write") as session:
            try:
                await session.execute(ledger_insert(key, lines))
            except DuplicateRow:
                return  # one statement: none of the lines was written, those of a predecessor stay

    async def record_ends(self, ends: Mapping[LedgerKey, LedgerLine]) -> None:
        by_schema: dict[str, list[tuple[LedgerKey, LedgerLine]]] = {}
        for key, line in ends.items():
            by_schema.setdefault(key.target.schema, []).append((key, line))
        for found in by_schema.values():
            async with self._server.session("write") as session:
                try:
                    await session.execute(ledger_inserts(found))
                    continue
                except DuplicateRow:
                    pass  # none was written
            for key, line in found:
                await self.record(key, (line,))

    async def forget(self, keys: Sequence[LedgerKey]) -> None:
        async with self._server.session("write") as session:
            for key in keys:
                try:
                    await session.execute(ledger_table(key.target).forget(key))
                except ServerError as error:
                    if error.code not in NO_LEDGER:
                        raise

    async def made(self, schemas: Sequence[tuple[str, str]]) -> tuple[Made, ...]:
        return await made(self._server, [schema for _, schema in schemas])

    async def record_made(self, made: Sequence[Made]) -> None:
        await record_made(self._server, made)

    async def close(self) -> None:
        await self._server.close()


def _line(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
