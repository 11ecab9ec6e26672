"""Stored objects in memory, beyond the contract: words, refusals, and what a test can set and break."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from migrate.engines.base import Dialect, Made, Note, Renames, Translation
from migrate.engines.memory import MemoryEngine, MemoryServer, ddl
from migrate.engines.memory.faults import Point
from migrate.engines.memory.stored import names
from migrate.errors import ConnectionLost, ReadOnlyServer, ServerError, UnreadableDdl
from migrate.model.change import AlterStored
from migrate.model.pattern import parse_pattern
from migrate.model.table import Catalog, StoredKind, StoredObject, TableName, Use
from tests.engines.world import TAG, integer, primary, table

V = TableName("old", "v")
RENAMES = Renames({"old": "new"}, {TableName("old", "t"): TableName("other", "odd name")})
GONE = ConnectionLost("new", "gone")


def view(text: str, name: TableName = V) -> StoredObject:
    return StoredObject("view", name, text, "ann@%")


class Side:
    """A server with a table `old.t`."""

    def __init__(self) -> None:
        self.server = MemoryServer()
        self.server.add_table(table("old", "t", integer("id"), primary("id")))
        self.engine = MemoryEngine("new", self.server)

    async def make(self, stored: StoredObject, session: dict[str, str] | None = None) -> None:
        await self.engine.execute(ddl.write(ddl.CreateStored(stored)), TAG, session)

    async def catalog(self) -> Catalog:
        return await self.engine.inspect([parse_pattern("new:old.*")])


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("select old.v.id from old.v", "select new.v.id from new.v"),
        ("select * from old.t", "select * from other.`odd name`"),
        ("select `t`.`id` from `old`.`x``y` `t`", "select `t`.`id` from new.`x``y` `t`"),
        ("select * from `old`.`x``y`", "select * from new.`x``y`"),
        ("select 'old.v', 'it''s old.v' /* old.v */ -- old.v\n, old.f()", None),
        ("select 'a\\' old.v', bold.v, old .v, x.old.v", "select 'a\\' old.v', bold.v, old .v, x.old.v"),
        ("select 1.5 from kept.v", "select 1.5 from kept.v"),
    ],
)
def test_qualified_names_follow_and_everything_else_stays(text: str, renamed: str | None) -> None:
    engine = MemoryEngine("new", MemoryServer())
    found = engine.rename(view(text), TableName("new", "w"), RENAMES)
    assert found == view(renamed or text.replace("old.f()", "new.f()"), TableName("new", "w"))


def test_names_are_told_in_their_order_and_none_in_strings() -> None:
    stored = view("select `a b`.`c``d`, 'x.y' from old.t /* old.u */ join old.t")
    assert list(names(stored)) == [TableName("a b", "c`d"), TableName("old", "t"), TableName("old", "t")]


def test_a_trigger_goes_with_its_table_to_another_name() -> None:
    engine = MemoryEngine("new", MemoryServer())
    trigger = StoredObject("trigger", TableName("old", "tr"), table="t", timing="BEFORE", event="INSERT")
    found = engine.rename(trigger, TableName("other", "tr"), RENAMES)
    assert (found.name, found.table) == (TableName("other", "tr"), "odd name")


def test_words_that_a_test_calls_unreadable_are() -> None:
    engine = MemoryEngine("new", MemoryServer())
    with pytest.raises(UnreadableDdl, match="the word unreadable"):
        engine.rename(view("select unreadable from old.t"), V, RENAMES)
    assert engine.rename(view("select unreadables"), V, RENAMES).text == "select unreadables"


@pytest.mark.parametrize("definition", ["", "CREATE VIEW v", ddl.write(ddl.DropStored("view", V))])
def test_a_definition_that_is_none_of_that_kind_is_unreadable(definition: str) -> None:
    engine = MemoryEngine("new", MemoryServer())
    with pytest.raises(UnreadableDdl):
        engine.create_stored(view("select 1"), definition, RENAMES, Dialect())
    other = ddl.write(ddl.CreateStored(replace(view("select 1"), kind="event")))
    with pytest.raises(UnreadableDdl, match="makes no view"):
        engine.create_stored(view("select 1"), other, RENAMES, Dialect())


def test_a_script_says_the_settings_of_the_object_and_its_schema() -> None:
    engine = MemoryEngine("new", MemoryServer())
    event = StoredObject("event", V, "do old.p()", "ann@%", (("time_zone", "+03:00"), ("sql_mode", "")))
    script = engine.create_stored(event, ddl.write(ddl.CreateStored(event)), RENAMES, Dialect())
    assert script.session == (("database", "old"), ("sql_mode", ""), ("time_zone", "+03:00"))
    assert ddl.read(script.sql) == ddl.CreateStored(replace(event, settings=(), enabled=False))


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (view("select 1", TableName("no", "v")), "schema no does not exist"),
        (view("select 1", TableName("old", "t")), "table old.t exists"),
        (view("select * from old.no"), "table old.no does not exist"),
        (view("select * from old.p"), "table old.p does not exist"),
        (StoredObject("sequence", TableName("old", "t")), "table old.t exists"),
        (StoredObject("procedure", TableName("old", "p")), "procedure old.p exists"),
        (StoredObject("trigger", TableName("old", "tr"), table="no"), "table old.no does not exist"),
        (StoredObject("trigger", TableName("old", "tr")), "does not exist"),
    ],
)
async def test_what_a_server_would_refuse_is_refused(stored: StoredObject, why: str) -> None:
    side = Side()
    await side.make(StoredObject("procedure", TableName("old", "p"), "call old.no()"))
    with pytest.raises(ServerError, match=why):
        await side.make(stored)
    assert [one.kind for one in side.server.stored] == ["procedure"]


async def test_a_view_may_read_tables_views_sequences_and_functions_and_what_is_in_no_schema_of_ours() -> None:
    side = Side()
    await side.make(StoredObject("sequence", TableName("old", "s")))
    await side.make(StoredObject("function", TableName("old", "f")))
    await side.make(view("select x.id, elsewhere.t from old.t, old.s, old.f() x"))
    await side.make(view("select * from old.v", TableName("old", "w")))
    catalog = await side.catalog()
    assert [one.definer for one in catalog.stored] == ["migrate@memory", "", "ann@%", "ann@%"]
    w = ("view", TableName("old", "w"))
    assert {(use.kind, use.of.name) for use in catalog.uses if use.by == w} == {("relation", "v")}
    by_v = {(use.kind, use.of.name) for use in catalog.uses if use.by == ("view", V)}
    assert by_v == {("relation", "t"), ("relation", "s"), ("function", "f")}


async def test_a_table_cannot_be_called_like_a_view() -> None:
    side = Side()
    await side.make(view("select 1"))
    with pytest.raises(ServerError, match=r"old\.v exists"):
        await side.engine.execute(ddl.write(ddl.CreateTable(table("old", "v", integer("id"), primary("id")))), TAG)


async def test_the_triggers_of_a_table_go_with_it() -> None:
    side = Side()
    side.server.add_table(table("old", "u", integer("id"), primary("id")))
    for name in ("t", "u"):
        await side.make(StoredObject("trigger", TableName("old", f"on_{name}"), table=name, event="INSERT"))
    await side.engine.execute(ddl.write(ddl.DropTable(TableName("old", "t"))), TAG)
    assert [(one.name.name, one.order) for one in (await side.catalog()).stored] == [("on_u", 1)]


async def test_uses_that_no_words_tell_are_those_that_a_test_sets() -> None:
    side = Side()
    hidden = Use(("procedure", TableName("old", "p")), "function", TableName("far", "f"))
    side.server.uses = [hidden, Use(("view", TableName("far", "v")), "relation", V)]
    side.server.stored = [StoredObject("procedure", TableName("old", "p"), "call old.p()")]
    own = Use(("procedure", TableName("old", "p")), "procedure", TableName("old", "p"))
    assert (await side.catalog()).uses == (hidden, own)


async def test_an_order_that_a_test_sets_counts_before_the_place_in_the_list() -> None:
    side = Side()
    side.server.stored = [
        StoredObject("trigger", TableName("old", name), table="t", timing="AFTER", event="DELETE", order=order)
        for name, order in (("a", 7), ("b", 2))
    ]
    await side.make(replace(side.server.stored[0], name=TableName("old", "c")))
    assert {one.name.name: one.order for one in (await side.catalog()).stored} == {"a": 2, "b": 1, "c": 3}


def test_words_that_differ_in_spaces_only_are_the_same() -> None:
    engine = MemoryEngine("new", MemoryServer())
    spaced = view(" select  1\n")
    assert engine.same(AlterStored(view("select 1"), spaced))
    assert engine.same(AlterStored(replace(spaced, broken="its table is gone"), spaced))
    for other in (view("select 2"), replace(spaced, definer="bob@%"), replace(spaced, settings=(("sql_mode", ""),))):
        assert not engine.same(AlterStored(other, spaced))
        assert not engine.same(AlterStored(spaced, other))


async def test_words_of_another_dialect_are_translated_as_a_test_says() -> None:
    server = MemoryServer()
    engine = MemoryEngine("new", server)
    wanted, there = Catalog(stored=(view("ours"),)), Catalog(stored=(view("theirs"),))
    other = Dialect("other", (1, 2))
    assert await engine.translate(wanted, other) == Translation(wanted)
    asked: list[Dialect] = []

    def translate(catalog: Catalog, origin: Dialect) -> Translation:
        asked.append(origin)
        assert catalog == wanted
        return Translation(there, (Note("MG400", V, "said otherwise", stored="view"),))

    server.translate = translate
    server.dialect = Dialect("here")
    assert (await engine.translate(wanted, other)).catalog == there
    assert await engine.translate(wanted, Dialect("here")) == Translation(wanted)
    assert asked == [other]
    assert await engine.dialect() == Dialect("here")


async def test_accounts_are_those_that_a_test_sets() -> None:
    side = Side()
    assert await side.engine.accounts() is None
    side.server.accounts = frozenset({"ann@%"})
    assert await side.engine.accounts() == frozenset({"ann@%"})


@pytest.mark.parametrize("kind", ["procedure", "view"])
async def test_what_goes_on_after_its_client_died_goes_on_under_its_settings(kind: StoredKind) -> None:
    side = Side()
    side.server.fail_at("ddl.running", 1, GONE)
    with pytest.raises(ConnectionLost):
        await side.make(StoredObject(kind, V), {"sql_mode": "ANSI", "database": "old"})
    assert side.server.stored == []
    side.server.finish_executors()
    assert [one.settings for one in side.server.stored] == [(("sql_mode", "ANSI"),)]


@pytest.mark.parametrize(("point", "there"), [("record.sent", 0), ("record.done", 1)])
async def test_a_fault_of_what_is_remembered_strikes_where_it_says(point: Point, there: int) -> None:
    side = Side()
    await side.engine.prepare_ledger([("", "old")])
    side.server.fail_at(point, 1, GONE, "view old.v")
    with pytest.raises(ConnectionLost):
        await side.engine.record_made([Made("view", V, "a", "b")])
    assert len(await side.engine.made([("", "old")])) == there
    assert side.server.faults.pending == 0


async def test_nothing_is_remembered_without_a_ledger_or_on_a_read_only_server() -> None:
    side = Side()
    await side.engine.prepare_ledger([("", "old")])
    made = [Made("view", V, "a", "b"), Made("view", TableName("no", "v"), "a", "b")]
    with pytest.raises(ServerError, match="does not exist"):
        await side.engine.record_made(made)
    side.server.read_only = True
    with pytest.raises(ReadOnlyServer):
        await side.engine.record_made(made[:1])
    assert await side.engine.made([("", "old")]) == ()
