"""Triggers that only the target has, and columns that their tables lose or have lost; on servers in memory."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.model.plan import Plan
from migrate.model.table import StoredObject, Table, TableName
from tests.engines.world import integer, primary, table, text
from tests.unit.planner.test_build import ROWS, Sides, codes, ids, narrow, step, stored, things

LOAD = "load-rows:new:b.things"
FORBIDDEN = "destructive: permit it with migrate plan --allow-destructive 'b.things'"


def audit(body: str, name: str = "audit", schema: str = "b", **more: Any) -> StoredObject:
    about = {"table": "things", "timing": "BEFORE", "event": "INSERT", **more}
    return stored("trigger", name, body, schema=schema, **about)


def losing(*triggers: StoredObject) -> Sides:
    """The source has `id` only; the target has rows with `t` too, and these triggers."""
    sides = Sides()
    sides.old.add_table(narrow("a"), [(0,)])
    sides.new.add_table(things("b"), [(0, "mine")])
    sides.new.stored = list(triggers)
    return sides


def permitted(sides: Sides) -> Plan:
    return sides.plan(allow_destructive=("*",))


def said(plan: Plan) -> list[tuple[str, str, str, str]]:
    return [(one.code, one.level, one.object, one.text) for one in plan.finding if one.code == "MG213"]


@pytest.mark.parametrize("event", ["INSERT", "UPDATE", "DELETE"])
def test_a_trigger_on_a_column_that_would_go_keeps_its_table_as_it_is(event: str) -> None:
    plan = permitted(losing(audit("SET @x = OLD.T", event=event)))
    text = "the trigger audit there names the column T, which the plan drops: drop or mend that trigger first"
    assert said(plan) == [("MG213", "unsupported", "new:b.things", text)]
    assert [(one.id, one.blocked) for one in plan.step] == [(LOAD, text)]


def test_every_such_trigger_is_named() -> None:
    sides = losing(audit("SET NEW.a = NEW.t", "z z"), audit("SET @x = OLD.t"), audit("SET @x = NEW.id", "good"))
    sides.new.tables.clear()
    sides.new.add_table(table("b", "things", integer("id"), text("t"), text("a"), primary("id")), [])
    assert [one.rpartition(":")[0] for _, _, _, whole in said(permitted(sides)) for one in whole.split("; ")] == [
        "the trigger `z z` there names the columns a, t, which the plan drops",
        "the trigger audit there names the column t, which the plan drops",
    ]


def test_a_column_that_may_not_go_is_in_nobodys_way() -> None:
    plan = losing(audit("SET @x = NEW.t")).plan()
    assert (codes(plan), step(plan, "alter-table:new:b.things").blocked) == (["MG204", "MG209"], FORBIDDEN)


def test_a_computed_column_needs_no_permission_to_go() -> None:
    sides = losing(audit("SET @x = NEW.t"))
    sides.new.tables.clear()
    computed = msgspec.structs.replace(text("t"), generated="'x'")
    sides.new.add_table(table("b", "things", integer("id"), computed, primary("id")), [(0,)])
    plan = sides.plan()
    assert (codes(plan), ids(plan)) == (["MG213"], [LOAD])


@pytest.mark.parametrize(
    "trigger",
    [
        audit("SET @x = NEW.id, @y = 'NEW.t' /* NEW.t */"),
        audit("SET @x = NEW.t", table="others"),
        audit("SET @x = NEW.t", schema="c"),
        stored("procedure", "p", "SET @x = NEW.t", schema="b"),
    ],
)
def test_what_names_no_column_that_goes_changes_nothing(trigger: StoredObject) -> None:
    assert "MG213" not in codes(permitted(losing(trigger)))
    assert "alter-table:new:b.things" in ids(permitted(losing(trigger)))


def test_a_trigger_that_the_source_replaces_is_in_nobodys_way() -> None:
    sides = losing(audit("SET @x = NEW.t"))
    sides.old.stored = [audit("SET @x = NEW.id", schema="a")]
    plan = permitted(sides)
    assert "MG213" not in codes(plan)
    assert {"alter-table:new:b.things", "drop-trigger:new:b.audit", "create-trigger:new:b.audit"} <= set(ids(plan))


def filling(wanted: Table, *triggers: StoredObject) -> Sides:
    """An empty `narrow` table with these triggers, which is to be loaded."""
    sides = Sides()
    sides.old.add_table(wanted, [tuple(range(len(wanted.columns)))])
    sides.new.add_table(narrow("b"), [])
    sides.new.stored = list(triggers)
    return sides


def test_a_trigger_that_is_broken_already_could_not_be_made_again_after_the_rows() -> None:
    plan = filling(narrow("a"), audit("SET @x = NEW.t"), audit("SET @x = NEW.ID", "good")).plan()
    text = "names the column t, which its table does not have: it could not be made again; drop or mend it first"
    assert said(plan) == [("MG213", "unsupported", "new:b.audit", f"this trigger {text}")]
    assert [(one.id, one.blocked) for one in plan.step if one.blocked] == [("create-trigger:new:b.audit", text)]
    assert "create-trigger:new:b.good" in ids(plan)


def test_a_trigger_on_a_column_that_comes_can_be_made_again_after_the_rows() -> None:
    wanted = table("a", "things", integer("id"), integer("t"), primary("id"))
    plan = filling(wanted, audit("SET @x = NEW.t")).plan()
    assert (codes(plan), step(plan, "create-trigger:new:b.audit").blocked) == (["MG205"], "")


def test_a_trigger_whose_like_at_the_source_stays_behind_comes_back_as_it_was() -> None:
    sides = filling(narrow("a"), audit("SET @x = NEW.id"))
    broken = msgspec.structs.replace(audit("SET @x = 1", schema="a"), broken="its table is gone")
    sides.old.stored = [broken]
    plan = sides.plan()
    assert codes(plan) == ["MG108", "MG205"]
    assert "SET @x = NEW.id" in step(plan, "create-trigger:new:b.audit").sql  # type: ignore[union-attr]  # a Ddl
    assert step(plan, LOAD).after == ("drop-trigger:new:b.audit",)


def test_tables_of_a_name_elsewhere_have_triggers_of_their_own() -> None:
    sides = losing()
    sides.new.add_table(things("c"), ROWS)
    sides.new.stored = [StoredObject("trigger", TableName("c", "audit"), "SET @x = NEW.t", table="things")]
    assert "MG213" not in codes(permitted(sides))
