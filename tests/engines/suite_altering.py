"""The contract, part six: a table that is there becomes the wanted one."""

from __future__ import annotations

import pytest

from migrate.engines.base import Alteration
from migrate.errors import ServerError
from migrate.model.change import (
    AddForeignKey,
    AlterForeignKey,
    AlterStored,
    Change,
    CreateSchema,
    CreateStored,
    CreateTable,
    TableChange,
)
from migrate.model.table import Catalog, Column, Table, TableName
from tests.engines.world import (
    TAG,
    Row,
    Side,
    Value,
    World,
    bigint,
    differences,
    index,
    inspected,
    integer,
    order,
    origin,
    primary,
    reference,
    table,
    text,
    wanted_there,
)

ID, A, B, N = integer("id"), text("a", 20), integer("b", nullable=True), bigint("n")
COUNT = 4
PARENT = "parent"
"""Another table, alike on both sides."""
VARIANTS = (
    "another column",
    "another order",
    "another type",
    "no NULL",
    "more of an index",
    "a unique index",
    "no index",
    "a foreign key",
    "another foreign key",
    "no transactions",
    "much at once",
)


def variant(schema: str, name: str) -> Table:
    """The table that is like `""` but for this."""
    by_b, key = index("plain", "by_b", "b"), primary("id")
    to_itself = reference("up", "b", TableName(schema, "t"))
    match name:
        case "":
            return table(schema, "t", ID, A, B, key, by_b)
        case "another column":
            return table(schema, "t", ID, N, A, B, key, by_b)
        case "another order":
            return table(schema, "t", B, ID, A, key, by_b)
        case "another type":
            return table(schema, "t", ID, text("a", 60), bigint("b"), key, by_b)
        case "no NULL":
            return table(schema, "t", ID, text("a", 20, nullable=False), B, key, by_b)
        case "more of an index":
            return table(schema, "t", ID, A, B, key, index("plain", "by_b", "b", "a"))
        case "a unique index":
            return table(schema, "t", ID, A, B, key, by_b, index("unique", "u", "a"))
        case "no index":
            return table(schema, "t", ID, A, B, key)
        case "a foreign key":
            return table(schema, "t", ID, A, B, key, by_b, to_itself)
        case "another foreign key":
            return table(schema, "t", ID, A, B, key, by_b, reference("up", "b", TableName(schema, PARENT)))
        case "no transactions":
            return table(schema, "t", ID, A, B, key, by_b, transactional=False)
        case "much at once":
            columns = [N, integer("b"), text("a", 60, nullable=False), ID]
            return table(schema, "t", *columns, key, index("unique", "by_b", "b", "a"), to_itself)
    raise AssertionError(name)


def value(column: Column, number: int) -> Value:
    """What row `number` has in that column, whatever its type."""
    values: dict[str, Value] = {"id": number, "a": f"a{number}", "b": number, "n": 70 + number}
    return values[column.name]


def rows_like(made: Table, before: Table | None = None) -> list[Row]:
    """Rows of a table; in columns that `before` does not have there is what a new column begins with."""
    known = {column.name for column in (before or made).columns}
    new: dict[str, Value] = {"n": 0}
    return [
        tuple(value(column, number) if column.name in known else new[column.name] for column in made.columns)
        for number in range(1, COUNT + 1)
    ]


class Both:
    """A table at the source and an older one on the target."""

    def __init__(self, world: World, wanted: Table, definition: str) -> None:
        self.world = world
        self.wanted = wanted
        self.definition = definition

    @classmethod
    async def of(cls, world: World, source: Table, target: Table, rows: list[Row] | None = None) -> Both:
        """Make both, and rows on the target; a parent on both sides."""
        sides: list[tuple[Side, TableName]] = [("source", source.name), ("target", target.name)]
        for side, name in sides:
            parent = table(name.schema, PARENT, integer("id"), primary("id"))
            await world.create(side, parent, [(number,) for number in range(1, COUNT + 1)])
        await world.create("source", source)
        await world.create("target", target, rows_like(target) if rows is None else rows)
        seen = (await inspected(world.source, world.source_schema)).by_name()[source.name]
        definition = (await world.source.definitions([seen.name]))[seen.name]
        return cls(world, await wanted_there(world, seen), definition)

    async def actual(self) -> Table:
        """What is there now."""
        return (await inspected(self.world.target, self.world.target_schema)).by_name()[self.wanted.name]

    async def gap(self) -> list[Change]:
        """What is still to do."""
        return differences(self.world.target, Catalog(tables=(self.wanted,)), Catalog(tables=(await self.actual(),)))

    async def alterations(self) -> tuple[Alteration, ...]:
        """The statements that are still to do."""
        left_out = (CreateSchema, CreateTable, CreateStored, AlterStored, AddForeignKey)
        changes: list[TableChange] = [change for change in await self.gap() if not isinstance(change, left_out)]
        engine, dialect = self.world.target, await origin(self.world)
        return engine.alter_table(self.wanted, await self.actual(), changes, self.definition, dialect)

    async def alter(self, one: Alteration) -> None:
        """Execute one."""
        await self.world.target.execute(one.sql, TAG, dict(one.session))

    async def risks(self) -> list[str]:
        """What the statements may cost, sorted."""
        return sorted(loss.risk for one in await self.alterations() for loss in one.losses)


class Altering:
    """Tests of `alter_table`."""

    @pytest.mark.parametrize("name", VARIANTS)
    @pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
    async def test_statements_done_in_order_leave_no_difference_and_what_is_left_stays_as_it_was(
        self, world: World, name: str, back: bool
    ) -> None:
        wanted, actual = (name, "") if not back else ("", name)
        older = variant(world.target_schema, actual)
        both = await Both.of(world, variant(world.source_schema, wanted), older)
        added = [change for change in await both.gap() if isinstance(change, AddForeignKey | AlterForeignKey)]
        left = await both.alterations()
        assert await both.alterations() == left
        assert left or added, "there is a difference"
        assert {one.action for one in left} <= {"drop-foreign-keys", "alter-table"}
        assert {one.algorithm for one in left} <= {"", "INSTANT", "INPLACE", "COPY"}
        assert {one.lock for one in left} <= {"", "NONE", "SHARED", "EXCLUSIVE"}
        assert [one.refused for one in left] == [""] * len(left)
        while left:
            await both.alter(left[0])
            again = await both.alterations()
            assert [(one.action, one.sql, one.session) for one in again] == [
                (one.action, one.sql, one.session) for one in left[1:]
            ], "what is still to do is told by the same words"
            left = left[1:]
        assert {type(change) for change in await both.gap()} <= {AddForeignKey}
        if added:
            keys = [change.foreign_key for change in await both.gap() if isinstance(change, AddForeignKey)]
            await world.target.execute(world.target.add_foreign_keys(both.wanted, keys), TAG)
        assert await both.gap() == []
        expected = rows_like(variant(world.target_schema, wanted), older)
        assert await world.rows("target", both.wanted) == sorted(expected, key=order)

    async def test_another_foreign_key_is_dropped_here_and_added_later(self, world: World) -> None:
        made = variant(world.source_schema, "a foreign key")
        both = await Both.of(world, made, variant(world.target_schema, "another foreign key"))
        for one in await both.alterations():
            await both.alter(one)
        assert (await both.actual()).foreign_keys == ()
        await world.target.execute(world.target.add_foreign_keys(both.wanted, both.wanted.foreign_keys), TAG)
        assert await both.gap() == []

    async def test_nothing_is_to_do_where_nothing_differs(self, world: World) -> None:
        both = await Both.of(world, variant(world.source_schema, ""), variant(world.target_schema, ""))
        engine, dialect = world.target, await origin(world)
        assert engine.alter_table(both.wanted, both.wanted, (), both.definition, dialect) == ()

    async def test_a_dropped_column_is_destructive(self, world: World) -> None:
        older = table(world.target_schema, "t", ID, B, N, primary("id"))
        both = await Both.of(world, table(world.source_schema, "t", ID, N, primary("id")), older)
        assert await both.risks() == ["destructive"]

    async def test_a_narrower_type_and_a_column_that_takes_no_null_are_lossy(self, world: World) -> None:
        older = table(world.target_schema, "t", ID, N, B, primary("id"))
        newer = table(world.source_schema, "t", ID, integer("n"), integer("b"), primary("id"))
        assert await (await Both.of(world, newer, older)).risks() == ["lossy", "lossy"]

    async def test_what_costs_nothing_is_safe(self, world: World) -> None:
        older = table(world.target_schema, "t", integer("b"), ID, primary("id"))
        columns = [ID, N, bigint("b")]
        newer = table(world.source_schema, "t", *columns, primary("id"), index("plain", "by_b", "b"))
        assert await (await Both.of(world, newer, older)).risks() == []

    async def test_a_null_that_is_in_the_way_is_refused_and_nothing_changes(self, world: World) -> None:
        rows: list[Row] = [(1, "a1", None), (2, None, 2)]
        target = variant(world.target_schema, "")
        both = await Both.of(world, variant(world.source_schema, "no NULL"), target, rows)
        before = await both.actual()
        (one,) = await both.alterations()
        with pytest.raises(ServerError):
            await both.alter(one)
        assert await both.actual() == before
        assert await world.rows("target", target) == sorted(rows, key=order)

    async def test_text_that_is_too_long_is_refused_and_stays_whole(self, world: World) -> None:
        older = table(world.target_schema, "t", ID, text("a", 60), B, primary("id"))
        newer = table(world.source_schema, "t", ID, text("a", 20), B, primary("id"))
        rows: list[Row] = [(1, "x" * 21, None)]
        both = await Both.of(world, newer, older, rows)
        (one,) = await both.alterations()
        with pytest.raises(ServerError):
            await both.alter(one)
        assert await world.rows("target", older) == rows

    async def test_rows_that_a_unique_index_forbids_are_refused_and_stay(self, world: World) -> None:
        rows: list[Row] = [(1, "x", 1), (2, "x", 2)]
        target = variant(world.target_schema, "")
        both = await Both.of(world, variant(world.source_schema, "a unique index"), target, rows)
        (one,) = await both.alterations()
        with pytest.raises(ServerError):
            await both.alter(one)
        assert await world.rows("target", target) == rows
