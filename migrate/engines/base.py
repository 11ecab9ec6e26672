"""The contract of an engine, on one page. `tests/engines/suite.py` is the same contract as tests.

Everything is asyncio. Every method may raise `ServerError` (see `migrate.errors`): a refusal of the server, named, with
the endpoint; `temporary` ones may be tried again. An engine never retries by itself.

Two rules carry resume and are the reason for the shapes below:

* a span of rows written twice equals the span written once;
* the line in the ledger is written with the rows (transactional) or after them (replace-span), never before them alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from migrate.engines.files import Files
from migrate.engines.sessions import Lock, Moment, Reader, Writer
from migrate.engines.values import (
    Alteration,
    Altered,
    Bound,
    Buckets,
    Checksum,
    Collision,
    Dialect,
    Document,
    Intake,
    LedgerKey,
    LedgerLine,
    Loss,
    Made,
    MomentWay,
    Note,
    Oversized,
    Payload,
    Renames,
    Rows,
    RowSum,
    Script,
    Span,
    Translation,
)
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

__all__ = [
    "Alteration",
    "Altered",
    "Bound",
    "Buckets",
    "Checksum",
    "Collision",
    "Dialect",
    "Document",
    "Engine",
    "Files",
    "Intake",
    "LedgerKey",
    "LedgerLine",
    "Lock",
    "Loss",
    "Made",
    "Moment",
    "MomentWay",
    "Note",
    "Oversized",
    "Payload",
    "Reader",
    "Renames",
    "RowSum",
    "Rows",
    "Script",
    "Span",
    "Translation",
    "Writer",
]


class Engine(Protocol):
    """One server, under its name in the configuration."""

    endpoint: str
    family: str
    """Engines of one family understand each other's native text and row layouts: `mysql`, `lake`, `memory`."""
    slots: int
    """How many sessions may work on it at once."""
    files: Files | None
    """What it can do where tables are files; None where rows are read and written one by one."""

    # -- looking -------------------------------------------------------------------------------------------------

    async def identity(self) -> str:
        """What tells this server from every other one, e.g. `server-uuid:…`."""

    async def dialect(self) -> Dialect:
        """Whose words it speaks."""

    async def inspect(self, patterns: Sequence[Pattern]) -> Catalog:
        """Everything that fits the patterns, in a constant number of queries. No `_migrate*`, no `_mo_*`.

        Statistics are the server's own guesses here.
        """

    async def measure(self, rows: Sequence[Rows]) -> tuple[Statistics, ...]:
        """Rows that `where` lets through (exact up to some millions) and their bytes, in the order asked.

        The same answer while nothing changes.
        """

    async def intake(self) -> Intake:
        """How this server takes rows now."""

    async def oversized(self, ways: Sequence[tuple[Rows, Rows]], intake: Intake) -> tuple[Oversized, ...]:
        """Rows that cannot be read here, or not be written where rows are taken so: one line for a table and a side.

        `ways` are rows here and what they are there. None of an ordinary table, which costs nothing then.
        """

    async def collisions(self, ways: Sequence[tuple[Table, Table, str]], there: Engine) -> tuple[Collision, ...]:
        """Of each unique key with a text that the server `there` compares otherwise: what is equal in it then.

        `ways` are a table here, what it is there, and a condition on its rows, empty for all. Where this server has not
        the other's rules, that one is asked to judge the values (`alike`), a bounded number of them; keys are not in
        it of which neither can tell. Memory is bounded.
        """

    async def alike(self, collations: Sequence[str], values: Sequence[Sequence[bytes]]) -> Sequence[int]:
        """A number for each of these values of one key: the same for those that are equal here, and for no others.

        Each part is a text in utf8mb4 that is compared by its collation, or bytes where that is empty. Reads no table.
        Empty where this server cannot tell.
        """

    async def definitions(self, tables: Sequence[TableName]) -> Mapping[TableName, str]:
        """The server's own DDL of each."""

    async def stored_definitions(self, stored: Sequence[StoredObject]) -> Mapping[StoredKey, str]:
        """The server's own statement that makes each; names in its own schema are unqualified where it says them so."""

    async def accounts(self) -> frozenset[str] | None:
        """Accounts that may be definers here, as `user@host`; None: this account may not know."""

    async def occupied(self, tables: Sequence[TableName]) -> frozenset[TableName]:
        """Those of these existing tables that hold at least one row."""

    async def writable(self) -> None:
        """Raises `ReadOnlyServer` when this server takes no writes."""

    async def running(self) -> int:
        """How many statements are at work there now, without those of this engine. Cheap: asked every second."""

    def findings(self, table: Table, definition: str = "") -> tuple[str, ...]:
        """Why this engine cannot take part in moving the table; empty when it can."""

    async def notes(self) -> tuple[tuple[str, str], ...]:
        """(code, text) of what a reviewer must know of this server as a target."""

    async def folds_case(self) -> bool:
        """Whether names of schemas and tables that differ in case only are one name here."""

    async def unseen(self, schemas: Sequence[str]) -> tuple[str, ...]:
        """Privileges whose lack in one of the schemas hides objects other than tables, e.g. TRIGGER; none when none."""

    async def translate(self, wanted: Catalog, origin: Dialect) -> Translation:
        """What is wanted here, said in the words of `origin`, in words of this server's dialect.

        Types, collations, defaults and settings that this server lacks are mapped, each mapping a note. The same
        catalog when the dialects are equal. Asks the server a constant number of questions; raises `ServerError`.
        """

    # -- DDL: text only ------------------------------------------------------------------------------------------

    def key(self, table: Table) -> Index | None:
        """The index that can cut the table into spans: unique, no NULLs, comparable. None: there is none."""

    def order(self, column: Column) -> str:
        """By which rule values of the column are compared: where two columns, on whichever servers, have the same rule,
        both have every value in the same place. A span along other columns would hold other rows here than there.
        """

    def deferrable(self, table: Table) -> tuple[Index, ...]:
        """Indexes that may be made after the rows."""

    def create_schema(self, schema: Schema) -> str: ...

    def create_table(self, table: Table, definition: str, deferred: Sequence[Index], origin: Dialect) -> str:
        """`table` is as wanted here, `definition` the source's own text of it; no foreign keys, no deferred indexes.

        Where the source's text does not hold here, it is made from `table`. `dialect` was asked before.
        """

    def add_indexes(self, table: Table, definition: str, indexes: Sequence[Index], origin: Dialect) -> str: ...

    def add_foreign_keys(self, table: Table, foreign_keys: Sequence[ForeignKey]) -> str: ...

    def alter_table(
        self, wanted: Table, actual: Table, changes: Sequence[TableChange], definition: str, origin: Dialect
    ) -> tuple[Alteration, ...]:
        """The fewest statements that make `actual` have `changes`, in order; foreign keys that must be added are not.

        An `AlterForeignKey` is dropped here and added later, by `add_foreign_keys`. What is still to do after some of
        the statements is told, from what is there then, by the same words. `definition` is the source's of `wanted`.
        """

    def rename(self, stored: StoredObject, name: TableName, renames: Renames) -> StoredObject:
        """The object called `name`, with every name in its words as `renames` says; strings and comments stay.

        Raises `UnreadableDdl` where the words cannot be rewritten for certain.
        """

    def rename_table(self, table: Table, renames: Renames) -> Table:
        """The table with every name in the words of its defaults as `renames` says; DDL made from it follows."""

    def row_columns(self, trigger: StoredObject) -> tuple[str, ...]:
        """The columns of its table that a trigger names by NEW and OLD, each once and as it spells them.

        A server makes no trigger that names one which its table lacks; one that is there stays when a column goes.
        """

    def sequences(self, table: Table) -> tuple[TableName, ...]:
        """The sequences that the table's defaults draw from: a table cannot be made before them."""

    def create_stored(self, wanted: StoredObject, definition: str, renames: Renames, origin: Dialect) -> Script:
        """The statement that makes it (a view: that makes or replaces it), from the source's own text of it.

        An event is made disabled. Raises `UnreadableDdl`.
        """

    def drop_stored(self, stored: StoredObject) -> str: ...

    def enable_event(self, event: StoredObject) -> Script:
        """The statement that lets it run, under its own settings: servers take those of the session for it anew."""

    def same(self, change: TableChange | StoredChange) -> bool:
        """Whether this difference is one of spelling only."""

    def spell(self, bound: Bound) -> str:
        """A bound as a person reads it."""

    # -- acting --------------------------------------------------------------------------------------------------

    async def execute(self, sql: str, tag: str, session: Mapping[str, str] | None = None) -> None:
        """Run one statement of DDL, tagged so that `end_executors` finds it after our death.

        `session` are settings for this statement alone: system variables, and `database`, the current one.
        """

    async def end_executors(self, tag: str) -> int:
        """End what runs under `tag`, and under every `tag:…`, and wait until it is gone. Returns how many there were.

        What is idle, or runs under another tag, goes on. A transaction that is ended leaves nothing.
        """

    async def orphans(self, table: TableName, foreign_key: ForeignKey) -> int:
        """Rows whose foreign key points nowhere; one with a NULL in it points nowhere on purpose and does not count."""

    async def auto_increment(self, tables: Sequence[TableName]) -> Mapping[TableName, int]:
        """The next values of tables' counters or of sequences, fresh; a table without such a column is not in it."""

    async def set_auto_increment(self, table: TableName, value: int, tag: str) -> None:
        """Make `value` the next one; or the first one above all rows, when that is more."""

    async def lock(self, schemas: Sequence[tuple[str, str]], holder: str, timeout: float) -> Lock:
        """Lock (catalog, schema) pairs for one run, all or none; they need not exist.

        Raises `Locked`, naming the holder, after `timeout` seconds (0: at once).
        """

    async def mend(self, tables: Sequence[TableName]) -> frozenset[TableName]:
        """Make those of these tables whole that broke when the server died; which ones they are.

        Only engines without transactions leave such. What was half written may be there or not; nobody else writes to
        these tables. Raises `ServerError` when one stays broken.
        """

    # -- rows ----------------------------------------------------------------------------------------------------

    def reader(self) -> AbstractAsyncContextManager[Reader]:
        """A reader that sees the rows as they are when it is asked."""

    async def moment_way(self, tables: Sequence[TableName]) -> tuple[MomentWay, str]:
        """How `moment` would keep writers off these tables, as this account may; asks, and locks nothing.

        Also what the server's log leaves out, for which it proves nothing; empty where that is nothing, or unseen.
        """

    def moment(self, tables: Sequence[TableName], readers: int) -> AbstractAsyncContextManager[Moment]:
        """As many readers, all open, that see one moment of these tables. Raises `ServerError` when there is none.

        Tables whose engine has no transactions are seen as they are when they are read. A table whose definition was
        changed since may not be read any more (`ServerError`).
        """

    def writer(self, tag: str) -> AbstractAsyncContextManager[Writer]: ...

    # -- ledger --------------------------------------------------------------------------------------------------

    async def prepare_ledger(self, schemas: Sequence[tuple[str, str]]) -> None:
        """Make the ledger in each of these existing schemas unless it is there."""

    def ledger(self, key: LedgerKey) -> AsyncIterator[LedgerLine]:
        """The lines of one step, in any order; none when there is no ledger."""

    async def started(self, plan: str, tables: Sequence[TableName]) -> frozenset[TableName]:
        """Those of these tables that the ledger beside them names under this plan: made or written by it."""

    async def finished(self, plan: str, schemas: Sequence[tuple[str, str]]) -> frozenset[str]:
        """The steps of this plan that the ledgers in these (catalog, schema) pairs call whole."""

    async def record(self, key: LedgerKey, lines: Sequence[LedgerLine]) -> None:
        """Write lines that carry no rows of their own (cut, whole): all of them, or none when one is there already.

        One is there when a line of its kind begins at the same lower bound, whatever else it says: so the cuts of a
        predecessor, which begin without a bound as all cuts do, are never mixed with others.
        """

    async def record_ends(self, ends: Mapping[LedgerKey, LedgerLine]) -> None:
        """Write the line `whole` of each of these steps; one that is there already stays, whatever it says."""

    async def forget(self, keys: Sequence[LedgerKey]) -> None:
        """Drop all lines of these steps, which are to be done again."""

    async def made(self, schemas: Sequence[tuple[str, str]]) -> tuple[Made, ...]:
        """What `record_made` wrote in these (catalog, schema) pairs."""

    async def record_made(self, made: Sequence[Made]) -> None:
        """Remember these, each in place of what was known of its kind and name. Their schemas have a ledger."""

    async def close(self) -> None: ...
