"""The contract, part five: DDL, executors, foreign keys, counters, locks and the ledger."""

from __future__ import annotations

import pytest

from migrate.engines.base import LedgerKey, LedgerLine, Span
from migrate.errors import Locked, ServerError
from migrate.model.change import AddForeignKey, AddIndex
from migrate.model.table import Catalog, Schema, Table, TableName
from tests.engines.suite_looking import people
from tests.engines.world import (
    OTHER_PLAN,
    OTHER_TAGS,
    PLAN,
    PLAN_TAG,
    TAG,
    World,
    differences,
    index,
    inspected,
    integer,
    load,
    moved,
    origin,
    primary,
    reference,
    rows_of,
    table,
    text,
    wanted_there,
)


async def rebuild(world: World, *tables: Table) -> tuple[Catalog, Catalog]:
    """Make these tables of the source on the target by the engine's DDL. Gives what was wanted and what is there."""
    seen = await inspected(world.source, world.source_schema)
    texts = await world.source.definitions([one.name for one in seen.tables])
    dialect = await origin(world)
    wanted = [await wanted_there(world, one) for one in seen.tables]
    assert {one.name.name for one in tables} == {one.name.name for one in wanted}
    tables_first: list[str] = []
    indexes_then: list[str] = []
    foreign_keys_last: list[str] = []
    for source, one in zip(seen.tables, wanted, strict=True):
        deferred = world.target.deferrable(one)
        tables_first.append(world.target.create_table(one, texts[source.name], deferred, dialect))
        if deferred:
            indexes_then.append(world.target.add_indexes(one, texts[source.name], deferred, dialect))
        if one.foreign_keys:
            foreign_keys_last.append(world.target.add_foreign_keys(one, one.foreign_keys))
    for statement in (*tables_first, *indexes_then, *foreign_keys_last):
        await world.target.execute(statement, TAG)
    there = await inspected(world.target, world.target_schema)
    return Catalog(schemas=there.schemas, tables=tuple(wanted)), there


class Acting:
    """Tests of what an engine does besides rows."""

    async def test_a_table_made_from_its_definition_differs_in_nothing(self, world: World) -> None:
        made = people(world.source_schema)
        await world.create("source", made)
        wanted, there = await rebuild(world, made)
        assert differences(world.target, wanted, there) == []
        assert len(there.tables) == 1

    async def test_foreign_keys_in_a_cycle_are_made_after_the_tables(self, world: World) -> None:
        a, b = TableName(world.source_schema, "a"), TableName(world.source_schema, "b")
        tables = [
            table(
                world.source_schema,
                mine.name,
                integer("id"),
                integer("other", nullable=True),
                primary("id"),
                index("plain", f"{mine.name}_other", "other"),
                reference(f"{mine.name}_to_{theirs.name}", "other", theirs),
            )
            for mine, theirs in ((a, b), (b, a))
        ]
        for one in tables:
            await world.create("source", one)
        wanted, there = await rebuild(world, *tables)
        assert differences(world.target, wanted, there) == []
        assert {key.referenced for one in there.tables for key in one.foreign_keys} == {
            TableName(world.target_schema, "a"),
            TableName(world.target_schema, "b"),
        }

    async def test_a_table_made_without_its_later_parts_lacks_only_them(self, world: World) -> None:
        await world.create("source", people(world.source_schema))
        (seen,) = (await inspected(world.source, world.source_schema)).tables
        wanted = await wanted_there(world, seen)
        deferred = world.target.deferrable(wanted)
        text_of_it = (await world.source.definitions([seen.name]))[seen.name]
        statement = world.target.create_table(wanted, text_of_it, deferred, await origin(world))
        await world.target.execute(statement, TAG)
        (there,) = (await inspected(world.target, world.target_schema)).tables
        assert there.foreign_keys == ()
        assert (
            differences(world.target, Catalog(tables=(wanted,)), Catalog(tables=(there,)), AddIndex, AddForeignKey)
            == []
        )
        assert {one.name for one in wanted.indexes} - {one.name for one in there.indexes} == {
            one.name for one in deferred
        }

    async def test_a_table_that_exists_is_refused_and_stays(self, world: World) -> None:
        made = table(world.source_schema, "t", integer("id"), primary("id"))
        await world.create("source", made, [(1,)])
        await world.create("target", moved(made, world.target_schema), [(7,)])
        text_of_it = (await world.source.definitions([made.name]))[made.name]
        (seen,) = (await inspected(world.source, world.source_schema)).tables
        wanted = await wanted_there(world, seen)
        statement = world.target.create_table(wanted, text_of_it, (), await origin(world))
        with pytest.raises(ServerError):
            await world.target.execute(statement, TAG)
        assert await world.rows("target", moved(made, world.target_schema)) == [(7,)]

    async def test_a_schema_is_made(self, world: World) -> None:
        (seen,) = (await inspected(world.source, world.source_schema)).schemas
        name = world.target_schema + "_new"
        await world.target.execute(
            world.target.create_schema(Schema(name, seen.charset, seen.collation, seen.catalog)), TAG
        )
        (there,) = (await inspected(world.target, name)).schemas
        assert (there.name, there.charset, there.collation) == (name, seen.charset, seen.collation)

    # -- executors -----------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("tag", [TAG, PLAN_TAG], ids=["step", "plan"])
    async def test_what_a_dead_client_left_running_is_ended(self, world: World, tag: str) -> None:
        made = table(world.source_schema, "t", integer("id"), text("a"), primary("id"), index("plain", "by_a", "a"))
        await world.create("source", made)
        definition = (await world.source.definitions([made.name]))[made.name]
        bare = moved(table(world.source_schema, "t", *made.columns, primary("id")), world.target_schema)
        await world.create("target", bare, [(1, "x")])
        statement = world.target.add_indexes(
            moved(made, world.target_schema), definition, [made.indexes[1]], await origin(world)
        )
        async with world.abandoned(bare, lambda engine: engine.execute(statement, TAG)):
            for other in OTHER_TAGS:
                assert await world.target.end_executors(other) == 0
            assert await world.target.end_executors(tag) == 1
            assert await world.target.end_executors(tag) == 0
        (there,) = (await inspected(world.target, world.target_schema)).tables
        assert [one.name for one in there.indexes] == ["PRIMARY"]
        await world.target.execute(statement, TAG)
        (there,) = (await inspected(world.target, world.target_schema)).tables
        assert sorted(one.name for one in there.indexes) == ["PRIMARY", "by_a"]

    async def test_there_is_nothing_to_end_where_nothing_runs(self, world: World) -> None:
        assert await world.target.end_executors(TAG) == 0

    # -- foreign keys and counters -------------------------------------------------------------------------------

    async def test_orphans_are_rows_that_point_nowhere(self, world: World) -> None:
        parent = table(world.target_schema, "parent", integer("id"), primary("id"))
        child = table(world.target_schema, "child", integer("id"), integer("up", nullable=True), primary("id"))
        await world.create("target", parent, [(1,), (2,)])
        await world.create("target", child, [(1, 1), (2, 2), (3, 2), (4, None)])
        up = reference("up_to", "up", parent.name)
        assert await world.target.orphans(child.name, up) == 0
        await world.insert("target", child, [(5, 3), (6, 3), (7, -1)])
        assert await world.target.orphans(child.name, up) == 3

    async def test_orphans_of_a_table_that_refers_to_itself(self, world: World) -> None:
        tree = table(world.target_schema, "tree", integer("id"), integer("up", nullable=True), primary("id"))
        await world.create("target", tree, [(1, None), (2, 1), (3, 3), (4, 9)])
        assert await world.target.orphans(tree.name, reference("up_to", "up", tree.name)) == 1

    async def test_rows_that_refer_to_some_are_counted(self, world: World) -> None:
        parent = table(world.target_schema, "parent", integer("id"), primary("id"))
        child = table(world.target_schema, "child", integer("id"), integer("up", nullable=True), primary("id"))
        await world.create("target", parent, [(1,), (2,), (3,), (4,)])
        await world.create("target", child, [(1, 1), (2, 2), (3, 2), (4, None), (5, 4), (6, 9)])
        up = reference("up_to", "up", parent.name)
        rows = await rows_of(world.target, parent.name)
        async with world.target.reader() as reader:
            keys = {row.key[0]: row.key for row in await reader.row_sums(rows, Span())}
            assert await reader.referring(rows, [keys["2"], keys["3"], keys["4"]], child.name, up) == 3
            assert await reader.referring(rows, [keys["3"]], child.name, up) == 0

    async def test_the_next_value_of_a_counter_is_fresh(self, world: World) -> None:
        counted = table(world.target_schema, "counted", integer("id", auto_increment=True), primary("id"))
        await world.create("target", counted, [(1,), (2,), (41,)])
        assert await world.target.auto_increment([counted.name]) == {counted.name: 42}
        await world.insert("target", counted, [(99,)])
        assert await world.target.auto_increment([counted.name]) == {counted.name: 100}

    async def test_the_counters_of_many_tables_are_told_at_once(self, world: World) -> None:
        counted = [
            table(world.target_schema, f"counted{number:02}", integer("id", auto_increment=True), primary("id"))
            for number in range(70)
        ]
        plain = table(world.target_schema, "plain", integer("id"), primary("id"))
        await world.create("target", plain, [(5,)])
        for number, one in enumerate(counted):
            await world.create("target", one, [(number + 1,)])
        found = await world.target.auto_increment([plain.name, *(one.name for one in counted)])
        assert found == {one.name: number + 2 for number, one in enumerate(counted)}
        assert await world.target.auto_increment([]) == {}

    async def test_a_counter_is_set_and_never_below_the_rows(self, world: World) -> None:
        counted = table(world.target_schema, "counted", integer("id", auto_increment=True), primary("id"))
        await world.create("target", counted, [(5,)])
        await world.target.set_auto_increment(counted.name, 1000, TAG)
        assert await world.target.auto_increment([counted.name]) == {counted.name: 1000}
        await world.target.set_auto_increment(counted.name, 3, TAG)
        assert await world.target.auto_increment([counted.name]) == {counted.name: 6}

    async def test_a_table_without_a_counter_has_no_next_value(self, world: World) -> None:
        plain = table(world.target_schema, "plain", integer("id"), primary("id"))
        await world.create("target", plain, [(5,)])
        assert await world.target.auto_increment([plain.name]) == {}

    # -- locks ---------------------------------------------------------------------------------------------------

    async def test_a_lock_shuts_a_second_run_out_and_names_the_first(self, world: World) -> None:
        here, rival = [("", world.target_schema)], world.rival()
        held = await world.target.lock(here, "ann@desk pid 7", 0)
        await held.check()
        with pytest.raises(Locked, match="ann@desk pid 7"):
            await rival.lock(here, "bob", 0)
        await held.check()
        await held.release()
        await (await rival.lock(here, "bob", 0)).release()

    async def test_a_lock_waits_as_long_as_it_was_told(self, world: World) -> None:
        here = [("", world.target_schema)]
        held = await world.target.lock(here, "ann", 0)
        with pytest.raises(Locked, match="ann"):
            await world.rival().lock(here, "bob", 0.01)
        await held.release()

    async def test_a_lock_is_on_all_its_schemas_or_on_none(self, world: World) -> None:
        first, second = ("", world.target_schema), ("", world.target_schema + "_2")
        held = await world.target.lock([first], "ann", 0)
        rival = world.rival()
        for both in ([second, first], [first, second]):
            with pytest.raises(Locked):
                await rival.lock(both, "bob", 0)
        other = await world.rival().lock([second], "cid", 0)
        await other.check()
        await held.release()
        await other.release()

    async def test_a_lock_dies_with_its_holder(self, world: World) -> None:
        here, rival = [("", world.target_schema)], world.rival()
        held = await rival.lock(here, "ann", 0)
        await rival.close()
        await (await world.target.lock(here, "bob", 5)).release()
        with pytest.raises(Locked):
            await held.check()

    async def test_a_lost_lock_is_found_by_asking(self, world: World) -> None:
        held = await world.target.lock([("", world.target_schema)], "ann", 0)
        await world.lose_locks()
        with pytest.raises(Locked):
            await held.check()
        await held.release()

    # -- the ledger ----------------------------------------------------------------------------------------------

    async def test_without_a_ledger_there_are_no_lines(self, world: World) -> None:
        name = TableName(world.target_schema, "t")
        assert await lines(world, load(name)) == []
        assert await world.target.started(PLAN, [name]) == frozenset()

    async def test_lines_come_back_as_they_were_recorded(self, world: World) -> None:
        await world.target.prepare_ledger([("", world.target_schema)])
        key = load(TableName(world.target_schema, "t"))
        odd = ("-9223372036854775808", "'\\'x\n한🙂\"`%", "x'00ff'")
        written = [
            LedgerLine("cut", Span(None, odd), 0, 0),
            LedgerLine("cut", Span(odd, None), 0, 0),
            LedgerLine("chunk", Span(None, odd), 17, 2**40),
            LedgerLine("whole", Span(), 3_000_000_000, 2**50),
        ]
        await world.target.record(key, written[:2])
        await world.target.record(key, written[2:])
        assert sorted(await lines(world, key), key=repr) == sorted(written, key=repr)

    async def test_lines_of_which_one_is_there_already_are_all_refused(self, world: World) -> None:
        await world.target.prepare_ledger([("", world.target_schema)])
        key = load(TableName(world.target_schema, "t"))
        first, second = LedgerLine("cut", Span(None, ("5",)), 1, 1), LedgerLine("cut", Span(("5",), None), 1, 1)
        await world.target.record(key, [first])
        await world.target.record(key, [LedgerLine("cut", Span(None, ("5",)), 2, 2), second])
        await world.target.prepare_ledger([("", world.target_schema)])
        assert await lines(world, key) == [first], "the whole set is refused, so that two sets of cuts never mix"
        await world.target.record(key, [second])
        assert sorted(await lines(world, key), key=repr) == sorted([first, second], key=repr)

    async def test_lines_belong_to_their_plan_and_step(self, world: World) -> None:
        await world.target.prepare_ledger([("", world.target_schema)])
        name = TableName(world.target_schema, "t")
        keys = [load(name), load(name, "other"), LedgerKey(OTHER_PLAN, load(name).step, name)]
        for number, key in enumerate(keys):
            await world.target.record(key, [LedgerLine("whole", Span(), number, number)])
        for number, key in enumerate(keys):
            assert await lines(world, key) == [LedgerLine("whole", Span(), number, number)]

    async def test_ends_of_many_steps_are_recorded_at_once_and_one_that_is_there_stays(self, world: World) -> None:
        await world.target.prepare_ledger([("", world.target_schema)])
        keys = [load(TableName(world.target_schema, name)) for name in ("t", "u", "v", "w")]
        ends = {key: LedgerLine("whole", Span(), number, 2 * number, "now") for number, key in enumerate(keys)}
        await world.target.record_ends(dict(list(ends.items())[:2]))
        await world.target.record(keys[2], [LedgerLine("whole", Span(), 77, 77)])
        await world.target.record_ends(ends)
        assert [await lines(world, key) for key in keys] == [
            [ends[keys[0]]],
            [ends[keys[1]]],
            [LedgerLine("whole", Span(), 77, 77)],
            [ends[keys[3]]],
        ]

    async def test_started_names_the_tables_of_this_plan_alone(self, world: World) -> None:
        await world.target.prepare_ledger([("", world.target_schema)])
        a, b, c = (TableName(world.target_schema, name) for name in "abc")
        await world.target.record(load(a), [LedgerLine("whole")])
        await world.target.record(load(c), [LedgerLine("cut", Span(None, ("1",)))])
        await world.target.record(LedgerKey(OTHER_PLAN, "load", b), [LedgerLine("whole")])
        assert await world.target.started(PLAN, [a, b]) == {a}
        assert await world.target.started(PLAN, [a, b, c]) == {a, c}
        assert await world.target.started(OTHER_PLAN, [a, b, c]) == {b}
        elsewhere = TableName(world.target_schema + "_not", "a")
        assert await world.target.started(PLAN, [elsewhere]) == frozenset()

    async def test_finished_names_the_steps_of_this_plan_that_are_whole(self, world: World) -> None:
        here, elsewhere = ("", world.target_schema), ("", world.target_schema + "_not")
        name = TableName(world.target_schema, "t")
        assert await world.target.finished(PLAN, [here]) == frozenset()
        await world.target.prepare_ledger([here])
        assert await world.target.finished(PLAN, [here]) == frozenset()
        await world.target.record(load(name, "whole 한"), [LedgerLine("cut"), LedgerLine("whole")])
        await world.target.record(load(name, "begun"), [LedgerLine("cut"), LedgerLine("chunk")])
        await world.target.record(LedgerKey(OTHER_PLAN, "other", name), [LedgerLine("whole")])
        assert await world.target.finished(PLAN, [here]) == {load(name, "whole 한").step}
        assert await world.target.finished(OTHER_PLAN, [elsewhere, here]) == {"other"}
        assert await world.target.finished(PLAN, [elsewhere]) == frozenset()
        assert await world.target.finished(PLAN, []) == frozenset()

    async def test_recording_without_a_ledger_is_refused(self, world: World) -> None:
        with pytest.raises(ServerError):
            await world.target.record(load(TableName(world.target_schema, "t")), [LedgerLine("whole")])


async def lines(world: World, key: LedgerKey) -> list[LedgerLine]:
    """All lines of a step."""
    return [line async for line in world.target.ledger(key)]
