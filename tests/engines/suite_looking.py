"""The contract, part one: what an engine tells of a server without changing it."""

from __future__ import annotations

import pytest

from migrate.engines.base import Engine, Intake
from migrate.model.change import AlterColumn, AlterIndex
from migrate.model.table import Catalog, Index, Table, TableName
from tests.engines.world import (
    TAG,
    Side,
    World,
    bigint,
    binary,
    differences,
    index,
    inspected,
    integer,
    moved,
    primary,
    reference,
    rows_of,
    table,
    text,
    within,
)


def people(schema: str) -> Table:
    """A table with a little of everything that every engine has."""
    return table(
        schema,
        "people",
        integer("id", auto_increment=True),
        text("name", 30, nullable=False),
        text("nick"),
        binary("photo"),
        bigint("age", signed=False),
        integer("boss", nullable=True),
        primary("id"),
        index("unique", "by_name", "name", "age"),
        index("plain", "by_boss", "boss"),
        reference("boss_of", "boss", TableName(schema, "people")),
    )


def other_people(schema: str) -> Table:
    """The same with another type, a column that takes no NULL, another index, and no foreign key."""
    made = people(schema)
    columns = {column.name: column for column in made.columns} | {
        "nick": text("nick", nullable=False),
        "age": integer("age"),
    }
    indexes = [*made.indexes[:2], index("plain", "by_boss", "boss", "id")]
    return table(schema, "people", *columns.values(), *indexes)


def essence(found: Table) -> tuple[object, ...]:
    """What every engine must give back as it was asked for, whatever else it knows of a table."""
    return (
        found.name,
        [(c.name, type(c.type).__name__, c.nullable, c.auto_increment, c.comment) for c in found.columns],
        sorted((i.name, i.kind, tuple(part.column for part in i.parts)) for i in found.indexes),
        sorted((f.name, f.columns, f.referenced, f.referenced_columns) for f in found.foreign_keys),
        found.storage.transactional,
        found.comment,
    )


class Looking:
    """Tests of `inspect`, `measure`, `definitions`, `occupied`, `key` and the rest that only looks."""

    async def test_identity_stays_and_tells_servers_apart(self, world: World) -> None:
        first, again, other = [await engine.identity() for engine in (world.target, world.rival(), world.source)]
        assert first == again
        assert first != other
        assert first

    async def test_statements_of_others_are_counted_while_they_are_at_work(self, world: World) -> None:
        others = 20  # more than what begins and ends at the same server between two questions
        async with world.busy("source", others):
            assert await world.source.running() >= others
            assert await self._running_besides_strangers(world, "target") < others
        assert await self._running_besides_strangers(world, "source") < others

    @staticmethod
    async def _running_besides_strangers(world: World, side: Side) -> int:
        """Other test runs may make the same server busy, from before the engine is asked or until after that."""
        before = world.strangers(side)
        running = await {"source": world.source, "target": world.target}[side].running()
        return running - max(before, world.strangers(side))

    async def test_inspect_gives_what_was_created(self, world: World) -> None:
        made = people(world.source_schema)
        await world.create("source", made)
        found = await inspected(world.source, world.source_schema)
        assert [essence(one) for one in found.tables] == [essence(made)]
        assert [schema.name for schema in found.schemas] == [world.source_schema]
        assert [statistics.table for statistics in found.statistics] == [made.name]

    async def test_inspect_tells_a_table_without_transactions(self, world: World) -> None:
        await world.create("source", table(world.source_schema, "t", integer("id"), primary("id"), transactional=False))
        (found,) = (await inspected(world.source, world.source_schema)).tables
        assert not found.storage.transactional

    async def test_inspecting_twice_is_equal(self, world: World) -> None:
        await world.create("source", people(world.source_schema))
        first = await inspected(world.source, world.source_schema)
        assert await inspected(world.source, world.source_schema) == first

    async def test_equal_tables_on_both_sides_differ_in_nothing(self, world: World) -> None:
        made = people(world.source_schema)
        await world.create("source", made)
        await world.create("target", moved(made, world.target_schema))
        (here,) = (await inspected(world.source, world.source_schema)).tables
        (there,) = (await inspected(world.target, world.target_schema)).tables
        wanted = moved(here, world.target_schema)
        assert essence(wanted) == essence(there)
        assert differences(world.target, Catalog(tables=(wanted,)), Catalog(tables=(there,))) == []
        assert differences(world.target, Catalog(tables=(there,)), Catalog(tables=(wanted,))) == []

    async def test_a_table_that_is_not_equal_differs(self, world: World) -> None:
        await world.create("source", people(world.source_schema))
        await world.create("target", other_people(world.target_schema))
        (here,) = (await inspected(world.source, world.source_schema)).tables
        (there,) = (await inspected(world.target, world.target_schema)).tables
        wanted = moved(here, world.target_schema)
        found = differences(world.target, Catalog(tables=(wanted,)), Catalog(tables=(there,)))
        assert {type(change).__name__ for change in found} == {"AlterColumn", "AlterIndex", "AddForeignKey"}
        altered = [change.wanted.name for change in found if isinstance(change, AlterColumn | AlterIndex)]
        assert sorted(altered) == ["age", "by_boss", "nick"]

    async def test_tables_come_sorted_by_name(self, world: World) -> None:
        for name in ("b", "a_2", "a", "c"):
            await world.create("source", table(world.source_schema, name, integer("id"), primary("id")))
        found = await inspected(world.source, world.source_schema)
        assert [one.name.name for one in found.tables] == ["a", "a_2", "b", "c"]
        assert [one.table.name for one in found.statistics] == ["a", "a_2", "b", "c"]

    async def test_only_what_fits_a_pattern_comes(self, world: World) -> None:
        for name in ("orders", "orders_old", "people"):
            await world.create("source", table(world.source_schema, name, integer("id"), primary("id")))
        found = await world.source.inspect([within(world.source, world.source_schema, "orders*")])
        assert [one.name.name for one in found.tables] == ["orders", "orders_old"]
        both = [within(world.source, world.source_schema, name) for name in ("orders", "o*s")]
        assert [one.name.name for one in (await world.source.inspect(both)).tables] == ["orders"]

    async def test_a_schema_that_does_not_exist_is_empty(self, world: World) -> None:
        found = await inspected(world.source, world.source_schema + "_not")
        assert (found.schemas, found.tables) == ((), ())

    async def test_the_ledger_is_never_seen(self, world: World) -> None:
        await world.create("target", table(world.target_schema, "t", integer("id"), primary("id")))
        before = await inspected(world.target, world.target_schema)
        await world.target.prepare_ledger([("", world.target_schema)])
        assert await inspected(world.target, world.target_schema) == before

    @pytest.mark.parametrize("prefix", ["_migrate_x", "_mo_x"])
    async def test_names_of_ours_are_never_seen(self, world: World, prefix: str) -> None:
        await world.create("source", table(world.source_schema, prefix, integer("id"), primary("id")))
        assert (await inspected(world.source, world.source_schema)).tables == ()

    async def test_inspect_asks_no_more_for_many_tables_than_for_few(self, world: World) -> None:
        async def cost() -> int:
            before = await world.queries("source")
            await inspected(world.source, world.source_schema)
            return await world.queries("source") - before

        parent = table(world.source_schema, "t0", integer("id"), primary("id"))
        await world.create("source", parent)
        await cost()  # the first one may connect
        few = await cost()
        for number in range(1, 9):
            child = table(
                world.source_schema,
                f"t{number}",
                integer("id"),
                integer("up", nullable=True),
                primary("id"),
                index("plain", "by_up", "up"),
                reference(f"up_{number}", "up", parent.name),
            )
            await world.create("source", child)
        many = await cost()
        assert len((await inspected(world.source, world.source_schema)).tables) == 9
        assert many < few + 8  # not one for each table: a session that was idle is asked whether it lives, too
        assert many > 0

    async def test_keys_that_are_compared_alike_are_not_asked_for(self, world: World) -> None:
        name = TableName(world.source_schema, "t")
        made = table(name.schema, name.name, integer("id"), text("t", 20, nullable=False), primary("t"))
        await world.create("source", made, [(1, "a"), (2, "b")])
        (there,) = (await inspected(world.source, name.schema)).tables
        assert await world.source.collisions([(there, there, "")], world.source) == ()

    async def test_equal_values_of_a_key_have_one_number_and_others_have_not(self, world: World) -> None:
        values = [(b"a", b"7"), (b"a", b"7"), (b"b", b"7"), (b"a", b""), (b"", b"a"), ("한".encode(), b"7")]
        told = list(await world.source.alike(["utf8mb4_bin", ""], values * 100))
        if told:  # it can tell
            assert told[:6] * 100 == told
            assert told[0] == told[1]
            assert len(set(told)) == 5

    async def test_rows_above_what_the_target_takes_are_counted_and_ordinary_ones_are_not(self, world: World) -> None:
        name = TableName(world.source_schema, "t")
        made = table(name.schema, name.name, integer("id"), text("t", 8000), primary("id"))
        await world.create("source", made, [(1, "x" * 8000), (2, "x" * 7900), (3, "x"), (4, None)])
        rows = await rows_of(world.source, name)
        intake = await world.target.intake()
        async with world.target.writer(TAG) as writer:
            assert intake.layouts == writer.layouts
        assert await world.source.oversized([(rows, rows)], intake) == ()
        small = Intake(("insert", "memory"), 7950)
        (found,) = await world.source.oversized([(rows, rows)], small)
        assert (found.table, found.side) == (name, "target")
        assert found.largest >= 8000
        assert found.rows in (1, 2), "hexadecimal digits are twice as many"
        where = await rows_of(world.source, name, "`id` > 2")
        assert await world.source.oversized([(where, where)], small) == ()

    async def test_measure_counts_and_stays_the_same(self, world: World) -> None:
        filled = table(world.source_schema, "filled", integer("id", auto_increment=True), text("a"), primary("id"))
        empty = table(world.source_schema, "empty", integer("id"), primary("id"))
        await world.create("source", filled, [(number, "x" * 20) for number in range(1, 8)])
        await world.create("source", empty)
        asked = [await rows_of(world.source, one.name) for one in (filled, empty)]
        first = await world.source.measure(asked)
        assert [(one.table, one.rows) for one in first] == [(filled.name, 7), (empty.name, 0)]
        assert await world.source.measure(asked) == first
        assert first[0].bytes > 0

    async def test_definitions_come_for_each_table_asked_for(self, world: World) -> None:
        names = [TableName(world.source_schema, name) for name in ("a", "b")]
        for name in ("a", "b", "c"):
            await world.create("source", table(world.source_schema, name, integer(f"id_{name}"), primary(f"id_{name}")))
        found = await world.source.definitions(names)
        assert set(found) == set(names)
        assert "id_a" in found[names[0]]
        assert "id_b" in found[names[1]]

    async def test_occupied_names_tables_with_rows(self, world: World) -> None:
        made = [table(world.target_schema, name, integer("id"), primary("id")) for name in ("none", "one", "two")]
        for count, one in enumerate(made):
            await world.create("target", one, [(number,) for number in range(count)])
        assert await world.target.occupied([one.name for one in made]) == {made[1].name, made[2].name}
        assert await world.target.occupied([made[0].name]) == frozenset()
        assert await world.target.occupied([]) == frozenset()

    async def test_tables_that_are_whole_need_no_mending(self, world: World) -> None:
        made = table(world.target_schema, "whole", integer("id"), primary("id"))
        await world.create("target", made, [(1,), (2,)])
        assert await world.target.mend([made.name]) == frozenset()
        assert await world.target.mend([]) == frozenset()
        assert await world.rows("target", made) == [(1,), (2,)]

    async def test_a_server_that_takes_writes_says_nothing(self, world: World) -> None:
        await world.target.writable()

    async def test_an_ordinary_table_has_no_findings(self, world: World) -> None:
        await world.create("source", people(world.source_schema))
        (found,) = (await inspected(world.source, world.source_schema)).tables
        assert world.source.findings(found) == ()

    async def test_the_key_is_the_primary_key(self, world: World) -> None:
        assert await self._key(world, primary("id"), index("unique", "a_first", "name")) == "PRIMARY"

    async def test_a_unique_index_without_nulls_is_a_key(self, world: World) -> None:
        assert await self._key(world, index("unique", "u", "id"), index("plain", "p", "name")) == "u"

    async def test_nullable_and_plain_indexes_are_no_key(self, world: World) -> None:
        assert await self._key(world, index("unique", "u", "id", "nick"), index("plain", "p", "id")) is None

    @staticmethod
    async def _key(world: World, *indexes: Index) -> str | None:
        columns = [integer("id"), text("name", nullable=False), text("nick")]
        made = table(world.source_schema, "t", *columns, *indexes)
        await world.create("source", made)
        (found,) = (await inspected(world.source, world.source_schema)).tables
        engine: Engine = world.source
        key = engine.key(found)
        return key.name if key else None

    async def test_only_plain_indexes_wait_for_the_rows(self, world: World) -> None:
        await world.create("source", people(world.source_schema))
        (found,) = (await inspected(world.source, world.source_schema)).tables
        assert {one.name for one in world.source.deferrable(found)} <= {"by_boss"}
