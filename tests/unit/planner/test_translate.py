"""Where tables go, and what their foreign keys point at there."""

from __future__ import annotations

import pytest

from migrate.errors import BadConfig, NothingMatches
from migrate.model.plan import Move
from migrate.model.table import Catalog, ForeignKey, ObjectRef, Schema, Table, TableName
from migrate.planner.translate import Pair, pairs, without_parents


def key(name: str, referenced: TableName) -> ForeignKey:
    return ForeignKey(name, ("ref",), referenced, ("id",))


def a(name: str, *keys: ForeignKey, schema: str = "a") -> Table:
    return Table(TableName(schema, name), (), foreign_keys=keys)


def catalog(*tables: Table) -> Catalog:
    schemas = sorted({table.name.schema for table in tables})
    return Catalog(tuple(Schema(schema) for schema in schemas), tuple(sorted(tables, key=lambda table: table.name)))


def move(source: str, target: str, **more: object) -> Move:
    return Move(from_=source, to=target, **more)  # type: ignore[arg-type]  # the tests name real fields


def go(moves: list[Move], source: Catalog, present: Catalog | None = None) -> dict[str, Pair]:
    found = pairs(moves, {"old": source}, {"new": present or Catalog()})
    return {str(pair.target): pair for pair in found}


def parents(pair: Pair) -> list[str]:
    return [str(key.referenced) for key in pair.wanted.foreign_keys]


def test_a_star_keeps_the_name_and_anything_else_replaces_it() -> None:
    source = catalog(a("x"), a("y", schema="b"))
    assert set(go([move("old:*.*", "new:*.*")], source)) == {"new:a.x", "new:b.y"}
    assert set(go([move("old:a.*", "new:c.*")], source)) == {"new:c.x"}
    assert set(go([move("old:a.x", "new:c.`odd.name`")], source)) == {"new:c.`odd.name`"}


def test_a_foreign_key_follows_its_parent_into_the_new_schema_itself_included() -> None:
    source = catalog(a("x", key("f", TableName("a", "y")), key("self", TableName("a", "x"))), a("y"))
    found = go([move("old:a.*", "new:c.*")], source)
    assert parents(found["new:c.x"]) == ["c.y", "c.x"]
    assert found["new:c.x"].table.foreign_keys[0].referenced == TableName("a", "y")


def test_a_foreign_key_across_schemas_follows_the_move_that_takes_its_parent() -> None:
    source = catalog(a("x", key("f", TableName("b", "y"))), a("y", schema="b"))
    found = go([move("old:a.*", "new:c.*"), move("old:b.*", "new:d.*")], source)
    assert parents(found["new:c.x"]) == ["d.y"]


def test_a_foreign_key_whose_parent_is_nowhere_is_told_apart() -> None:
    source = catalog(a("x", key("f", TableName("a", "y"))), a("y"))
    pair = go([move("old:a.*", "new:c.*", exclude=("a.y",))], source)["new:c.x"]
    assert pair.wanted.foreign_keys == ()
    assert [(one.name, str(one.referenced)) for one in pair.orphaned] == [("f", "c.y")]


def test_a_parent_that_stands_on_the_target_already_is_enough() -> None:
    source = catalog(a("x", key("f", TableName("a", "y"))), a("y"))
    present = catalog(a("y", schema="c"))
    pair = go([move("old:a.x", "new:c.*")], source, present)["new:c.x"]
    assert parents(pair) == ["c.y"]
    assert pair.orphaned == ()


def test_a_parent_that_is_left_behind_is_no_parent_unless_it_stands_on_the_target() -> None:
    source = catalog(a("x", key("f", TableName("a", "y"))), a("y"))
    left = {ObjectRef("new", TableName("c", "y"))}
    for present, made, orphaned in ((catalog(), [], ["f"]), (catalog(a("y", schema="c")), ["c.y"], [])):
        there = {ObjectRef("new", one.name) for one in present.tables}
        found = without_parents(pairs([move("old:a.*", "new:c.*")], {"old": source}, {"new": present}), left - there)
        pair = next(pair for pair in found if pair.target.table.name == "x")
        assert (parents(pair), [one.name for one in pair.orphaned]) == (made, orphaned)


def test_two_tables_never_become_one() -> None:
    source = catalog(a("x"), a("x", schema="b"))
    with pytest.raises(BadConfig, match=r"old:b\.x and old:a\.x would both be new:c\.x"):
        go([move("old:a.*", "new:c.*"), move("old:b.*", "new:c.*")], source)


def test_include_and_exclude_are_globs_on_schema_and_table() -> None:
    source = catalog(a("orders"), a("order_items"), a("tmp_orders"))
    found = go([move("old:a.*", "new:a.*", include=("a.*order*",), exclude=("*.tmp_*",))], source)
    assert set(found) == {"new:a.orders", "new:a.order_items"}


def test_rules_that_leave_nothing_are_named() -> None:
    with pytest.raises(NothingMatches, match=r"a\.\* with exclude \*"):
        go([move("old:a.*", "new:a.*", exclude=("*",))], catalog(a("x")))


def test_conditions_belong_to_the_tables_that_their_globs_name() -> None:
    source = catalog(a("events"), a("users"))
    found = go([move("old:a.*", "new:a.*", where={"a.ev*": "id > 5"})], source)
    assert (found["new:a.events"].where, found["new:a.users"].where) == ("id > 5", "")
    assert found["new:a.events"].source == ObjectRef("old", TableName("a", "events"))
