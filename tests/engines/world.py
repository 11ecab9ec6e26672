"""What the contract suite needs of an engine besides the engine, and the small words its tests are written in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import pairwise
from typing import Literal, Protocol

import msgspec

from migrate.diff import diff
from migrate.engines.base import Bound, Dialect, Engine, LedgerKey, Payload, Reader, Rows, Span
from migrate.engines.memory import ddl as memory
from migrate.model.change import Change, CreateSchema, CreateTable
from migrate.model.pattern import Part, Pattern
from migrate.model.plan import Protocol as LoadProtocol
from migrate.model.table import (
    Catalog,
    Column,
    ForeignKey,
    Index,
    IndexKind,
    IndexPart,
    Storage,
    StoredKind,
    StoredObject,
    Table,
    TableName,
)
from migrate.model.types import Binary, Float, Integer, Text

Value = int | float | str | bytes | None
Row = tuple[Value, ...]
Side = Literal["source", "target"]

PLAN = "sha256:" + "5a" * 32
OTHER_PLAN = "sha256:" + "6b" * 32
PLAN_TAG = "migrate:5a5a5a5a5a5a5a5a"
TAG = PLAN_TAG + ":0123456789ab"
OTHER_TAGS = (PLAN_TAG + ":0123456789ac", TAG + "0", "migrate:6b6b6b6b6b6b6b6b")
Work = Callable[[Engine], Coroutine[object, object, object]]
"""What another process does with its engine at the target."""
MANY = 1_000_000
"""More rows, or bytes, than any test has."""


class World(Protocol):
    """Two servers of one family, and what a test does to them behind the engines' backs."""

    @property
    def source(self) -> Engine:
        """Where data comes from."""

    @property
    def target(self) -> Engine:
        """Where data goes."""

    source_schema: str
    target_schema: str
    """Both exist and are empty; there is no ledger."""

    def rival(self) -> Engine:
        """The target once more, as another process sees it; closed by the world."""

    async def create(self, side: Side, table: Table, rows: Sequence[Row] = ()) -> None:
        """Make a table, whose native types are MySQL's words, with its foreign keys unchecked."""

    async def insert(self, side: Side, table: Table, rows: Sequence[Row]) -> None:
        """Add rows: a value per column."""

    async def rows(self, side: Side, table: Table) -> list[Row]:
        """All rows as ints, floats, strings (also for dates and decimals), bytes and None, sorted by `order`."""

    async def queries(self, side: Side) -> int:
        """How many statements the server has had from the engine of that side so far."""

    def crash(self, moment: Literal["rows", "ledger"], table: TableName, row: int) -> AbstractAsyncContextManager[None]:
        """Inside, a write to this target table dies: at the row whose `id` is `row`, or instead of its ledger line.

        The writer's session gets a ServerError. Columns: the table has an integer `id`.
        """

    def abandoned(self, table: Table, work: Work) -> AbstractAsyncContextManager[None]:
        """Inside, the target is at `work`, which alters or writes the table, and the process that asked for it is dead.

        The work goes on afterwards, unless it was ended.
        """

    def busy(self, side: Side, statements: int) -> AbstractAsyncContextManager[None]:
        """Inside, so many statements of others are at work on that side."""

    def strangers(self, side: Side) -> int:
        """How many statements are at work on that side that neither this world's engines nor `busy` run."""

    async def lose_locks(self) -> None:
        """Everything that the target engine has locked is lost, and nobody told it."""


def order(row: Row) -> tuple[tuple[str, str], ...]:
    """A total order of rows whatever they hold."""
    return tuple((type(value).__name__, repr(value)) for value in row)


# -- tables ------------------------------------------------------------------------------------------------------------


def integer(name: str, nullable: bool = False, auto_increment: bool = False) -> Column:
    """32 bits."""
    return Column(name, "int", Integer(32), nullable, auto_increment=auto_increment)


def bigint(name: str, signed: bool = True) -> Column:
    """64 bits, not NULL."""
    return Column(name, "bigint" if signed else "bigint unsigned", Integer(64, signed), nullable=False)


def text(name: str, length: int = 40, nullable: bool = True) -> Column:
    """Characters."""
    return Column(name, f"varchar({length})", Text("utf8mb4", length), nullable)


def double(name: str) -> Column:
    """64 bits of a float."""
    return Column(name, "double", Float(64))


def long_text(name: str) -> Column:
    """Characters without a limit worth a test."""
    return Column(name, "longtext", Text("utf8mb4"))


def binary(name: str, nullable: bool = True) -> Column:
    """Up to 300 bytes."""
    return Column(name, "varbinary(300)", Binary(300), nullable)


def index(kind: IndexKind, name: str, *columns: str) -> Index:
    """An index on whole columns."""
    return Index(name, kind, tuple(IndexPart(column) for column in columns))


def primary(*columns: str) -> Index:
    """The primary key."""
    return index("primary", "PRIMARY", *columns)


def reference(name: str, column: str, referenced: TableName, referenced_column: str = "id") -> ForeignKey:
    """A foreign key of one column."""
    return ForeignKey(name, (column,), referenced, (referenced_column,))


def table(schema: str, name: str, *parts: Column | Index | ForeignKey, transactional: bool = True) -> Table:
    """A table of these columns, indexes and foreign keys."""
    return Table(
        TableName(schema, name),
        tuple(part for part in parts if isinstance(part, Column)),
        tuple(part for part in parts if isinstance(part, Index)),
        tuple(part for part in parts if isinstance(part, ForeignKey)),
        storage=Storage(transactional=transactional),
    )


def moved(original: Table, schema: str) -> Table:
    """The table, and what it refers to, in another schema."""

    def there(name: TableName) -> TableName:
        return msgspec.structs.replace(name, schema=schema)

    foreign_keys = tuple(
        msgspec.structs.replace(foreign_key, referenced=there(foreign_key.referenced))
        for foreign_key in original.foreign_keys
    )
    return msgspec.structs.replace(original, name=there(original.name), foreign_keys=foreign_keys)


# -- stored objects ----------------------------------------------------------------------------------------------------

_BODIES: dict[StoredKind, str] = {
    "procedure": "(n INT) BEGIN DELETE FROM {table} WHERE `id` = n AND {said} <> ''; END",
    "function": "(n INT) RETURNS INT READS SQL DATA RETURN (SELECT n + MAX(`id`) FROM {table} WHERE `a` <> {said})",
    "view": " AS SELECT `id`, {said} AS `said` FROM {table}",
    "trigger": " BEFORE INSERT ON {table} FOR EACH ROW SET NEW.`a` = CONCAT((SELECT COUNT(*) FROM {table}), {said})",
    "event": " ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DO DELETE FROM {table} WHERE `a` = {said}",
}
"""What follows the name: words about a table with `id` and `a`, and a string that only looks like a name."""

STORED_KINDS: tuple[StoredKind, ...] = tuple(_BODIES)
"""Those that every server has."""


async def store(
    engine: Engine, kind: StoredKind, name: TableName, of: TableName, session: Mapping[str, str] | None = None
) -> None:
    """Make a stored object of some words about that table, in which `said(of)` is a string."""
    body = _BODIES[kind].format(table=f"`{of.schema}`.`{of.name}`", said=f"'{said(of)}'")
    statement = f"CREATE {kind.upper()} `{name.schema}`.`{name.name}`{body}"
    if engine.family == "memory":
        stored = StoredObject(kind, name, body)
        if kind == "trigger":
            stored = msgspec.structs.replace(stored, table=of.name, timing="BEFORE", event="INSERT")
        statement = memory.write(memory.CreateStored(stored))
    await engine.execute(statement, TAG, session)


def said(of: TableName) -> str:
    """A string that reads like a name and is none."""
    return f"of {of.schema}.{of.name}"


# -- looking -----------------------------------------------------------------------------------------------------------


def within(engine: Engine, schema: str, name: str = "*") -> Pattern:
    """All tables of a schema, or those that fit `name`."""
    return Pattern(engine.endpoint, Part(schema, literal=True), Part(name))


async def inspected(engine: Engine, schema: str) -> Catalog:
    """All of one schema."""
    return await engine.inspect([within(engine, schema)])


def differences(engine: Engine, wanted: Catalog, actual: Catalog, *but: type) -> list[Change]:
    """What `actual` still lacks, but for differences of spelling and changes of these kinds."""
    return [
        change
        for change in diff(wanted, actual)
        if not isinstance(change, but) and (isinstance(change, CreateSchema | CreateTable) or not engine.same(change))
    ]


async def origin(world: World) -> Dialect:
    """Whose words the source speaks; the target was asked for its own too, as DDL wants it."""
    await world.target.dialect()
    return await world.source.dialect()


async def wanted_there(world: World, seen: Table) -> Table:
    """A table of the source as it is wanted in the target's schema, in the target's words."""
    wanted = Catalog(tables=(moved(seen, world.target_schema),))
    return (await world.target.translate(wanted, await origin(world))).catalog.tables[0]


async def rows_of(engine: Engine, name: TableName, where: str = "") -> Rows:
    """All there is to read of a table, by the key that the engine chose."""
    found = (await inspected(engine, name.schema)).by_name()[name]
    key = engine.key(found)
    columns = {column.name: column for column in found.columns}
    return Rows(
        name,
        tuple(column for column in found.columns if not column.generated),
        tuple(columns[part.column] for part in key.parts) if key else (),
        key.name if key else "",
        where,
    )


def load(target: Table | TableName, step: str = "load") -> LedgerKey:
    """A step of the plan that loads this table."""
    return LedgerKey(
        PLAN, f"{step}:{target}" if isinstance(target, TableName) else f"{step}:{target.name}", _name(target)
    )


def _name(target: Table | TableName) -> TableName:
    return target.name if isinstance(target, Table) else target


# -- moving ------------------------------------------------------------------------------------------------------------


async def bounds(reader: Reader, rows: Rows, limit: int) -> list[Bound]:
    """Every place where a table is cut into spans of `limit` rows."""
    found: list[Bound] = []
    while (at := await reader.next_bound(rows, Span(found[-1] if found else None), limit)) is not None:
        found.append(at)
    return found


def spans(cuts: Sequence[Bound]) -> list[Span]:
    """The spans between these places: the first has no lower bound, the last no upper one."""
    edges = [None, *cuts, None]
    return [Span(lower, upper) for lower, upper in pairwise(edges)]


async def transfer(
    world: World, name: TableName, to: TableName, limit: int, protocol: LoadProtocol = "transactional"
) -> list[int]:
    """Move a table's rows: by its key in chunks of `limit` rows, else as a whole. Returns how many each chunk had."""
    reading, writing = await rows_of(world.source, name), await rows_of(world.target, to)
    sizes: list[int] = []
    async with world.source.reader() as reader, world.target.writer(TAG) as writer:
        if reading.key:
            for span in spans(await bounds(reader, reading, limit)):
                payload = await reader.read(reading, span, writer.layouts, MANY, MANY)
                assert payload.span == span, "a span without limits is read to its end"
                assert await writer.write(writing, payload, load(to), protocol)
                sizes.append(payload.rows)
        else:

            async def counted() -> AsyncIterator[Payload]:
                async for payload in reader.stream(reading, writer.layouts, limit):
                    sizes.append(payload.rows)
                    yield payload

            assert await writer.write_whole(writing, counted(), load(to))
    return sizes
