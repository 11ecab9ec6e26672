"""What makes a plan stale that was good when it was made; on servers in memory."""

from __future__ import annotations

import asyncio

from migrate.engines.base import Engine
from migrate.engines.memory import MemoryEngine, MemoryServer
from migrate.executor.check import check
from migrate.model.plan import EndpointRef, Move, Plan
from migrate.model.table import StoredObject, TableName
from migrate.planner.build import PlanRequest, make_plan
from tests.engines.world import integer, primary, table


class Sides:
    """A table with a row at the source, an empty one of the same shape on the target, and the plan that fills it."""

    def __init__(self) -> None:
        self.old, self.new = MemoryServer("memory:1"), MemoryServer("memory:2")
        self.old.add_table(table("a", "t", integer("id"), primary("id")), [(1,)])
        self.new.add_table(table("b", "t", integer("id"), primary("id")), [])
        self.make_plan()

    def make_plan(self, **more: tuple[str, ...]) -> None:
        refs = {"old": EndpointRef("memory"), "new": EndpointRef("memory")}
        request = PlanRequest("p", refs, (Move(from_="old:a.*", to="new:b.*"),), **more)  # type: ignore[arg-type]  # real fields
        self.plan: Plan = asyncio.run(make_plan(request, self.engines()))

    def engines(self) -> dict[str, Engine]:
        return {"old": MemoryEngine("old", self.old), "new": MemoryEngine("new", self.new)}

    def check(self) -> tuple[str, ...]:
        return asyncio.run(check(self.plan, self.engines()))


def test_a_plan_holds_while_nothing_moves() -> None:
    assert Sides().check() == ()


def test_a_trigger_that_was_made_since_makes_it_stale() -> None:
    sides = Sides()
    sides.new.stored = [StoredObject("trigger", TableName("b", "tr"), table="t", event="INSERT")]
    assert sides.check() == ("new:b.t: its trigger tr would fire for every row",)


def test_a_trigger_that_was_made_since_on_a_column_that_goes_makes_it_stale() -> None:
    sides = Sides()
    del sides.new.tables[TableName("b", "t")], sides.old.tables[TableName("a", "t")]
    sides.old.add_table(table("a", "t", integer("id"), primary("id")), [])
    sides.new.add_table(table("b", "t", integer("id"), integer("c"), primary("id")), [])
    sides.make_plan(allow_destructive=("*",))
    assert ([step.id for step in sides.plan.step], sides.check()) == (["alter-table:new:b.t"], ())
    sides.new.stored = [StoredObject("trigger", TableName("b", "tr"), "SET @x = NEW.c", table="t", event="UPDATE")]
    text = "the trigger tr there names the column c, which the plan drops: drop or mend that trigger first"
    assert sides.check() == (f"new:b.t: {text}",)


def test_rows_that_somebody_wrote_since_make_it_stale() -> None:
    sides = Sides()
    sides.new.tables[TableName("b", "t")].add([(7,)])
    assert sides.check() == ("new:b.t: holds rows that this plan did not write",)


def test_another_definition_at_the_source_makes_it_stale() -> None:
    sides = Sides()
    del sides.old.tables[TableName("a", "t")]
    sides.old.add_table(table("a", "t", integer("id"), integer("more"), primary("id")), [(1, 1)])
    assert sides.check() == ("old:a.t: its definition changed since the plan was made",)


def test_another_server_under_the_same_address_makes_it_stale() -> None:
    sides = Sides()
    sides.new = MemoryServer("memory:3")
    (line,) = sides.check()
    assert line.startswith("new is another server: planned memory:2, found memory:3")
