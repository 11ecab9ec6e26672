"""The contract, part seven: views, triggers, routines and events, and what is remembered of them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from migrate.engines.base import Made, Renames, Script
from migrate.errors import ServerError, UnreadableDdl
from migrate.model.change import AlterStored
from migrate.model.table import Catalog, StoredKind, StoredObject, TableName, Use
from tests.engines.suite_words import keyed
from tests.engines.world import (
    STORED_KINDS,
    TAG,
    Side,
    World,
    differences,
    inspected,
    moved,
    origin,
    said,
    store,
    within,
)

any_kind = pytest.mark.parametrize("kind", STORED_KINDS)
any_kind_but_views = pytest.mark.parametrize("kind", [kind for kind in STORED_KINDS if kind != "view"])


async def stored_at(world: World, side: Side) -> tuple[StoredObject, ...]:
    """Every stored object of that side's schema."""
    if side == "source":
        return (await inspected(world.source, world.source_schema)).stored
    return (await inspected(world.target, world.target_schema)).stored


async def one_at_source(world: World, kind: StoredKind, sql_mode: str = "") -> StoredObject:
    """Table `t` on both sides, and one stored object `o` about it at the source."""
    made = keyed(world.source_schema)
    await world.create("source", made)
    await world.create("target", moved(made, world.target_schema))
    session = {"sql_mode": sql_mode} if sql_mode else None
    await store(world.source, kind, TableName(world.source_schema, "o"), made.name, session)
    (found,) = await stored_at(world, "source")
    return found


async def there(
    world: World, seen: StoredObject, name: str, renames: Renames | None = None
) -> tuple[StoredObject, Script]:
    """The object as it is wanted on the target under this name, and the script that makes it."""
    renames = renames or Renames({world.source_schema: world.target_schema})
    dialect = await origin(world)
    renamed = world.target.rename(seen, TableName(world.target_schema, name), renames)
    (wanted,) = (await world.target.translate(Catalog(stored=(renamed,)), dialect)).catalog.stored
    definition = (await world.source.stored_definitions([seen]))[seen.key]
    return wanted, world.target.create_stored(wanted, definition, renames, dialect)


async def run(world: World, script: Script) -> None:
    """Execute it under its settings."""
    await world.target.execute(script.sql, TAG, dict(script.session))


class Storing:
    """Tests of stored objects: looked at, renamed, made, dropped."""

    # -- looking -------------------------------------------------------------------------------------------------

    async def test_a_dialect_stays_and_translates_into_itself_unchanged(self, world: World) -> None:
        await one_at_source(world, "view")
        dialect = await world.target.dialect()
        assert await world.rival().dialect() == dialect
        wanted = await inspected(world.source, world.source_schema)
        said_there = await world.target.translate(wanted, dialect)
        assert (said_there.catalog, said_there.notes, said_there.refused) == (wanted, (), ())

    @any_kind
    async def test_inspect_tells_a_stored_object(self, world: World, kind: StoredKind) -> None:
        found = await one_at_source(world, kind)
        assert found.key == (kind, TableName(world.source_schema, "o"))
        assert "@" in found.definer
        assert said(TableName(world.source_schema, "t")) in found.text
        assert found.broken == ""
        assert found.enabled
        fires = (found.table, found.timing, found.event, found.order)
        assert fires == (("t", "BEFORE", "INSERT", 1) if kind == "trigger" else ("", "", "", 0))

    async def test_stored_objects_come_sorted_by_name_and_the_same_each_time(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made)
        named: list[tuple[StoredKind, str]] = [("view", "c"), ("procedure", "b_2"), ("view", "b")]
        for kind, name in (*named, ("event", "a"), ("function", "a")):
            await store(world.source, kind, TableName(world.source_schema, name), made.name)
        found = await stored_at(world, "source")
        assert [(one.name.name, one.kind) for one in found] == [
            ("a", "event"),
            ("a", "function"),
            ("b", "view"),
            ("b_2", "procedure"),
            ("c", "view"),
        ]
        assert await stored_at(world, "source") == found

    async def test_a_trigger_goes_with_its_table_and_others_with_their_own_name(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made)
        for kind in STORED_KINDS:
            await store(world.source, kind, TableName(world.source_schema, f"o_{kind}"), made.name)
        found = (await world.source.inspect([within(world.source, world.source_schema, "t")])).stored
        assert [one.kind for one in found] == ["trigger"]
        found = (await world.source.inspect([within(world.source, world.source_schema, "o_v*")])).stored
        assert [one.kind for one in found] == ["view"]

    async def test_stored_objects_with_names_of_ours_are_never_seen(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made)
        await store(world.source, "view", TableName(world.source_schema, "_migrate_x"), made.name)
        await store(world.source, "procedure", TableName(world.source_schema, "_mo_x"), made.name)
        assert await stored_at(world, "source") == ()

    async def test_triggers_of_one_moment_have_their_order(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made)
        for name in ("z", "a", "m"):
            await store(world.source, "trigger", TableName(world.source_schema, name), made.name)
        found = await stored_at(world, "source")
        assert [(one.name.name, one.order) for one in found] == [("a", 2), ("m", 3), ("z", 1)]
        await world.source.execute(world.source.drop_stored(found[2]), TAG)
        found = await stored_at(world, "source")
        assert [(one.name.name, one.order) for one in found] == [("a", 1), ("m", 2)]

    @any_kind
    async def test_a_stored_object_uses_what_it_names(self, world: World, kind: StoredKind) -> None:
        found = await one_at_source(world, kind)
        uses = (await inspected(world.source, world.source_schema)).uses
        assert Use(found.key, "relation", TableName(world.source_schema, "t")) in uses

    async def test_a_view_uses_the_view_that_it_reads(self, world: World) -> None:
        lower = await one_at_source(world, "view")
        upper = TableName(world.source_schema, "upper")
        await world.create("source", replace(keyed(world.source_schema), name=TableName(world.source_schema, "u")))
        await store(world.source, "view", upper, lower.name)
        uses = (await inspected(world.source, world.source_schema)).uses
        assert Use(("view", upper), "relation", lower.name) in uses
        assert Use(lower.key, "relation", upper) not in uses

    async def test_stored_definitions_come_for_each_asked_for(self, world: World) -> None:
        made = keyed(world.source_schema)
        await world.create("source", made)
        for kind in STORED_KINDS:
            await store(world.source, kind, TableName(world.source_schema, "o"), made.name)
        objects = await stored_at(world, "source")
        assert len(objects) == len(STORED_KINDS)
        found = await world.source.stored_definitions(objects[1:])
        assert set(found) == {one.key for one in objects[1:]}
        assert all(said(made.name) in text for text in found.values())
        assert await world.source.stored_definitions([]) == {}

    async def test_the_definition_of_what_is_gone_is_refused(self, world: World) -> None:
        found = await one_at_source(world, "procedure")
        await world.source.execute(world.source.drop_stored(found), TAG)
        with pytest.raises(ServerError):
            await world.source.stored_definitions([found])

    async def test_accounts_are_users_at_hosts_or_not_known(self, world: World) -> None:
        found = await world.target.accounts()
        assert found is None or all("@" in account for account in found)

    # -- making --------------------------------------------------------------------------------------------------

    @any_kind
    async def test_a_stored_object_made_under_another_name_differs_in_nothing(
        self, world: World, kind: StoredKind
    ) -> None:
        wanted, script = await there(world, await one_at_source(world, kind, "ANSI_QUOTES"), "other")
        await run(world, script)
        (actual,) = await stored_at(world, "target")
        assert actual.key == (kind, TableName(world.target_schema, "other"))
        assert actual.enabled == (kind != "event"), "an event is made disabled"
        if kind == "event":
            await run(world, world.target.enable_event(wanted))
            (actual,) = await stored_at(world, "target")
            assert actual.enabled
        if await origin(world) == await world.target.dialect():  # words of two dialects cannot always be compared
            assert differences(world.target, Catalog(stored=(wanted,)), Catalog(stored=(actual,))) == []
            assert actual.settings == wanted.settings

    @any_kind
    async def test_names_in_its_words_follow_and_strings_stay(self, world: World, kind: StoredKind) -> None:
        seen = await one_at_source(world, kind)
        wanted, script = await there(world, seen, "other")
        await run(world, script)
        (actual,) = await stored_at(world, "target")
        for found in (wanted, actual):
            assert said(TableName(world.source_schema, "t")) in found.text
            rest = found.text.replace(said(TableName(world.source_schema, "t")), "")
            assert world.source_schema not in rest
            assert kind == "trigger" or world.target_schema in rest

    @any_kind
    async def test_a_table_with_a_name_of_its_own_is_followed(self, world: World, kind: StoredKind) -> None:
        seen = await one_at_source(world, kind)
        goal = TableName(world.target_schema, "goal")
        await world.create("target", replace(keyed(world.target_schema), name=goal))
        renames = Renames({world.source_schema: world.target_schema}, {TableName(world.source_schema, "t"): goal})
        try:
            wanted, script = await there(world, seen, "o", renames)
        except UnreadableDdl:
            assert kind == "view", "in the words of a view the table's name may be an alias"
            return
        await run(world, script)
        found = await inspected(world.target, world.target_schema)
        uses = {use.of for use in found.uses if use.by == wanted.key}
        assert uses == {goal}
        assert found.stored[0].table == ("goal" if kind == "trigger" else "")

    async def test_an_object_that_keeps_every_name_keeps_every_word(self, world: World) -> None:
        for kind in STORED_KINDS:
            made = keyed(world.source_schema)
            if kind == STORED_KINDS[0]:
                await world.create("source", made)
            await store(world.source, kind, TableName(world.source_schema, f"o_{kind}"), made.name)
        for seen in await stored_at(world, "source"):
            assert world.target.rename(seen, seen.name, Renames()) == seen

    async def test_a_trigger_names_columns_of_its_row(self, world: World) -> None:
        words = "BEGIN SET NEW.`a``b` = OLD.B, @x = new.c /* NEW.no */, @y = 'it''s OLD.no', @z = NEW.c; END"
        trigger = StoredObject("trigger", TableName(world.target_schema, "o"), words, table="t")
        assert world.target.row_columns(trigger) == ("a`b", "B", "c")
        assert world.target.row_columns(replace(trigger, text="SET @x = 1")) == ()

    @any_kind_but_views
    async def test_the_settings_of_a_script_are_those_of_the_object_alone(self, world: World, kind: StoredKind) -> None:
        _, script = await there(world, await one_at_source(world, kind, "ANSI_QUOTES"), "other")
        await run(world, script)
        table = TableName(world.target_schema, "t")
        await store(world.target, "procedure", TableName(world.target_schema, "plain"), table)
        found = {one.name.name: dict(one.settings).get("sql_mode", "") for one in await stored_at(world, "target")}
        assert found["other"] == "ANSI_QUOTES"
        assert "ANSI_QUOTES" not in found["plain"]

    async def test_a_view_is_made_or_replaced(self, world: World) -> None:
        wanted, script = await there(world, await one_at_source(world, "view"), "other")
        await store(world.target, "view", wanted.name, TableName(world.target_schema, "t"))
        (before,) = await stored_at(world, "target")
        assert said(TableName(world.source_schema, "t")) not in before.text
        await run(world, script)
        (actual,) = await stored_at(world, "target")
        assert said(TableName(world.source_schema, "t")) in actual.text
        await run(world, script)
        assert await stored_at(world, "target") == (actual,)

    @any_kind_but_views
    async def test_what_exists_is_refused_until_it_is_dropped(self, world: World, kind: StoredKind) -> None:
        wanted, script = await there(world, await one_at_source(world, kind), "other")
        await run(world, script)
        before = await stored_at(world, "target")
        with pytest.raises(ServerError):
            await run(world, script)
        assert await stored_at(world, "target") == before
        await world.target.execute(world.target.drop_stored(wanted), TAG)
        assert await stored_at(world, "target") == ()
        with pytest.raises(ServerError):
            await world.target.execute(world.target.drop_stored(wanted), TAG)
        await run(world, script)
        assert await stored_at(world, "target") == before

    async def test_a_stored_object_that_names_no_definer_takes_any(self, world: World) -> None:
        wanted, _ = await there(world, await one_at_source(world, "view"), "other")
        wanted = replace(wanted, definer="")
        seen = await stored_at(world, "source")
        definition = (await world.source.stored_definitions(seen))[seen[0].key]
        renames = Renames({world.source_schema: world.target_schema})
        await run(world, world.target.create_stored(wanted, definition, renames, await origin(world)))
        (actual,) = await stored_at(world, "target")
        assert "@" in actual.definer
        assert world.target.same(AlterStored(actual, replace(actual, definer="")))
        assert not world.target.same(AlterStored(replace(actual, definer=""), actual))
        assert not world.target.same(AlterStored(actual, replace(actual, definer="nobody@nowhere")))

    async def test_other_words_are_no_spelling(self, world: World) -> None:
        seen = await one_at_source(world, "procedure")
        assert not world.target.same(AlterStored(seen, replace(seen, text=seen.text.replace("t", "u"))))

    async def test_a_view_of_what_is_not_there_is_refused(self, world: World) -> None:
        gone = TableName(world.target_schema, "gone")
        with pytest.raises(ServerError):
            await store(world.target, "view", TableName(world.target_schema, "v"), gone)
        assert await stored_at(world, "target") == ()

    async def test_a_current_schema_that_does_not_exist_is_refused(self, world: World) -> None:
        await world.create("target", keyed(world.target_schema))
        name, of = TableName(world.target_schema, "p"), TableName(world.target_schema, "t")
        with pytest.raises(ServerError):
            await store(world.target, "procedure", name, of, {"database": world.target_schema + "_not"})
        assert await stored_at(world, "target") == ()

    # -- what was made across dialects ---------------------------------------------------------------------------

    async def test_what_was_made_is_remembered_until_it_is_made_again(self, world: World) -> None:
        here = ("", world.target_schema)
        assert await world.target.made([here]) == ()
        await world.target.prepare_ledger([here])
        assert await world.target.made([here]) == ()
        name, odd = TableName(world.target_schema, "v"), TableName(world.target_schema, "v 한`'\"%")
        first = [Made("view", name, "a" * 64, "b" * 64), Made("view", odd, "c", "d")]
        await world.target.record_made(first)
        assert sorted(await world.target.made([here]), key=repr) == sorted(first, key=repr)
        again = [Made("view", name, "e", "f"), Made("procedure", name, "g", "h")]
        await world.target.record_made(again)
        assert sorted(await world.rival().made([here]), key=repr) == sorted([first[1], *again], key=repr)
        assert await world.target.made([("", world.target_schema + "_not")]) == ()
        await world.target.record_made([])
        assert len(await world.target.made([here])) == 3

    async def test_what_is_remembered_is_never_seen(self, world: World) -> None:
        before = await inspected(world.target, world.target_schema)
        await world.target.prepare_ledger([("", world.target_schema)])
        await world.target.record_made([Made("view", TableName(world.target_schema, "v"), "a", "b")])
        assert await inspected(world.target, world.target_schema) == before
