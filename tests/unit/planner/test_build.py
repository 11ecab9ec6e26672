"""What becomes a step, what becomes a finding; on servers in memory."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from migrate.engines.base import Engine
from migrate.engines.memory import MemoryEngine, MemoryServer
from migrate.engines.memory.values import Row
from migrate.errors import BadConfig
from migrate.model.plan import EndpointRef, LoadRows, Move, Plan, Step
from migrate.model.table import Column, OtherObject, Storage, Table, TableName
from migrate.model.types import Opaque
from migrate.planfile import encode, seal
from migrate.planner.build import PlanRequest, make_plan
from migrate.planner.chain import DEFER_ROWS
from tests.engines.world import index, integer, primary, reference, table, text

ROWS: list[Row] = [(n, f"row {n}") for n in range(5)]


def things(schema: str = "a") -> Table:
    made = table(schema, "things", integer("id"), text("t"), primary("id"))
    return msgspec.structs.replace(made, storage=Storage("memory", transactional=True))


class Sides:
    def __init__(self) -> None:
        self.old, self.new = MemoryServer("memory:1"), MemoryServer("memory:2")

    def plan(self, *moves: Move, **more: object) -> Plan:
        refs = {"old": EndpointRef("memory"), "new": EndpointRef("memory")}
        request = PlanRequest("p", refs, moves or (Move(from_="old:a.*", to="new:b.*"),), **more)  # type: ignore[arg-type]  # real fields
        engines: dict[str, Engine] = {"old": MemoryEngine("old", self.old), "new": MemoryEngine("new", self.new)}
        return asyncio.run(make_plan(request, engines))


def ids(plan: Plan) -> list[str]:
    return [step.id for step in plan.step]


def codes(plan: Plan) -> list[str]:
    return [finding.code for finding in plan.finding if finding.code != "MG304"]


def step(plan: Plan, name: str) -> Step:
    return next(step for step in plan.step if step.id == name)


def test_an_empty_target_gets_schema_table_rows_and_proof() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    plan = sides.plan()
    assert ids(plan) == [
        "create-schema:new:b",
        "create-table:new:b.things",
        "load-rows:new:b.things",
        "verify:new:b.things",
    ]
    assert [(one.name, one.start) for one in plan.object] == [("new:b.things", "absent")]
    assert {name: ref.identity for name, ref in plan.endpoint.items()} == {"new": "memory:2", "old": "memory:1"}


def test_planning_twice_gives_the_same_bytes() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    assert encode(seal(sides.plan())) == encode(seal(sides.plan()))


def test_an_equal_table_gets_no_step_and_no_object() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), ROWS)
    plan = sides.plan()
    assert (plan.step, plan.object, codes(plan)) == ((), (), [])


def test_an_empty_table_that_exists_is_loaded() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), [])
    plan = sides.plan()
    assert ids(plan) == ["load-rows:new:b.things", "verify:new:b.things"]
    assert plan.object[0].start.startswith("h1:")


def test_other_rows_on_the_target_block_the_load_and_say_so() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), [(0, "mine")])
    plan = sides.plan()
    assert codes(plan) == ["MG202"]
    assert step(plan, "load-rows:new:b.things").risk == "safe", "it is blocked, so nothing would be lost"
    assert "differ" in step(plan, "load-rows:new:b.things").blocked
    assert ids(plan) == ["load-rows:new:b.things"], "nothing proves what is not moved"


def test_existing_fail_blocks_a_table_that_is_not_empty_even_when_it_is_equal() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), ROWS)
    plan = sides.plan(Move(from_="old:a.*", to="new:b.*", existing="fail"))
    assert codes(plan) == ["MG203"]
    assert step(plan, "load-rows:new:b.things").blocked


def test_compare_schema_leaves_the_rows_to_a_verify_step() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), [(0, "mine")])
    plan = sides.plan(Move(from_="old:a.*", to="new:b.*", compare="schema"))
    assert (ids(plan), codes(plan)) == (["verify:new:b.things"], ["MG204"])


def test_another_definition_blocks_the_table_and_names_the_difference() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    other = table("b", "things", integer("id"), primary("id"))
    sides.new.add_table(msgspec.structs.replace(other, storage=Storage("memory", transactional=True)), [])
    plan = sides.plan()
    assert codes(plan) == ["MG201"]
    assert "column t: missing" in step(plan, "load-rows:new:b.things").blocked


def test_indexes_wait_for_the_rows_of_large_tables_only() -> None:
    for count, wanted in ((DEFER_ROWS - 1, False), (DEFER_ROWS, True)):
        sides = Sides()
        made = msgspec.structs.replace(things(), indexes=(*things().indexes, index("plain", "by_t", "t")))
        sides.old.add_table(made, [(n, "x") for n in range(count)])
        assert ("add-indexes:new:b.things" in ids(sides.plan())) is wanted


def test_foreign_keys_in_a_cycle_wait_for_the_rows_of_both_tables() -> None:
    sides = Sides()
    one = table("a", "one", integer("id"), integer("ref"), primary("id"), reference("f1", "ref", TableName("a", "two")))
    two = table("a", "two", integer("id"), integer("ref"), primary("id"), reference("f2", "ref", TableName("a", "one")))
    for made in (one, two):
        sides.old.add_table(made, [(1, 1)])
    plan = sides.plan()
    loads = {"load-rows:new:b.one", "load-rows:new:b.two"}
    assert loads <= set(step(plan, "add-foreign-keys:new:b.one").after)
    assert loads <= set(step(plan, "add-foreign-keys:new:b.two").after)


def test_a_table_without_a_key_is_one_unit_and_one_without_transactions_says_so() -> None:
    sides = Sides()
    made = table("a", "log", integer("n"))
    sides.old.add_table(msgspec.structs.replace(made, storage=Storage("memory", transactional=False)), [(1,), (1,)])
    plan = sides.plan()
    load = step(plan, "load-rows:new:b.log")
    assert isinstance(load, LoadRows)
    assert (load.protocol, load.key, codes(plan)) == ("whole-object", (), ["MG301", "MG303"])


def test_other_objects_are_named_and_never_left_out_in_silence() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.old.others = [OtherObject("view", TableName("a", "v")), OtherObject("routine", TableName("a", "r"))]
    plan = sides.plan()
    found = {(finding.object, finding.level) for finding in plan.finding if finding.code == "MG101"}
    assert found == {("old:a.v", "unsupported"), ("old:a.r", "unsupported")}


def test_estimates_are_rounded_and_what_is_skipped_takes_its_followers_along() -> None:
    sides = Sides()
    sides.old.add_table(things(), [(n, "x") for n in range(1234)])
    plan = sides.plan()
    assert step(plan, "load-rows:new:b.things").estimate.rows == 1200
    assert ids(sides.plan(skip=("load-rows:new:b.things",))) == ["create-schema:new:b", "create-table:new:b.things"]


def test_a_table_whose_steps_are_all_skipped_is_no_object_of_the_plan() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), [(0, "mine")])
    assert [one.name for one in sides.plan().object] == ["new:b.things"]
    skipped = sides.plan(skip=("load-rows:new:b.things",))
    assert (skipped.step, skipped.object) == ((), ())


def test_include_and_exclude_of_the_command_line_stand_in_the_plans_moves() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.old.add_table(table("a", "other", integer("id"), primary("id")), [(1,)])
    plan = sides.plan(include=("a.th*",), exclude=("a.x",))
    assert (plan.move[0].include, plan.move[0].exclude) == (("a.th*",), ("a.x",))
    assert [one.name for one in plan.object] == ["new:b.things"]


def test_a_foreign_key_to_a_parent_that_stays_behind_is_left_out_and_said() -> None:
    sides = Sides()
    magic = Column("x", "magic", Opaque("magic"))
    sides.old.add_table(table("a", "parent", integer("id"), magic, primary("id")), [])
    child = table(
        "a", "child", integer("id"), integer("p"), primary("id"), reference("f", "p", TableName("a", "parent"))
    )
    sides.old.add_table(child, [(1, 1)])
    plan = sides.plan()
    assert codes(plan) == ["MG102", "MG103"]
    assert ids(plan) == [
        "create-schema:new:b",
        "create-table:new:b.child",
        "load-rows:new:b.child",
        "verify:new:b.child",
    ]


@pytest.mark.parametrize(("event", "blocked"), [("INSERT", True), ("DELETE", True), ("UPDATE", False)])
def test_a_trigger_of_a_table_that_is_to_be_loaded_blocks_the_load_when_it_would_fire(
    event: str, blocked: bool
) -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), [])
    sides.new.others = [OtherObject("trigger", TableName("b", "audit"), "", "things", event)]
    plan = sides.plan()
    if blocked:
        assert (codes(plan), ids(plan)) == (["MG205"], ["load-rows:new:b.things"])
        assert step(plan, "load-rows:new:b.things").blocked == "its trigger audit would fire for every row"
    else:
        assert (codes(plan), [one.blocked for one in plan.step]) == ([], ["", ""])


def test_a_trigger_of_a_table_that_needs_no_rows_or_of_another_table_blocks_nothing() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), ROWS)
    sides.new.others = [OtherObject("trigger", TableName("b", "audit"), "", "things", "INSERT")]
    assert (sides.plan().step, codes(sides.plan())) == ((), [])
    sides.new.tables.clear()
    sides.new.add_table(things("b"), [])
    sides.new.others = [OtherObject("trigger", TableName("b", "audit"), "", "others", "INSERT")]
    assert codes(sides.plan()) == []


def test_a_view_with_the_name_of_a_wanted_table_blocks_it() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_schema("b")
    sides.new.others = [OtherObject("view", TableName("b", "things"))]
    plan = sides.plan()
    assert (codes(plan), ids(plan)) == (["MG206"], ["load-rows:new:b.things"])
    assert "view" in step(plan, "load-rows:new:b.things").blocked


def test_a_target_that_folds_case_takes_names_in_lower_case_only() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.old.add_table(table("a", "Big", integer("id"), primary("id")), [(1,)])
    assert "MG207" not in codes(sides.plan())
    sides.new.folds_case = True
    plan = sides.plan()
    assert [(one.code, one.object) for one in plan.finding if one.code == "MG207"] == [("MG207", "new:b.Big")]
    assert [one.id for one in plan.step if one.target == "new:b.Big"] == ["load-rows:new:b.Big"]
    assert "create-table:new:b.things" in ids(plan)
    upper = sides.plan(Move(from_="old:a.*", to="new:B.*"))
    assert ids(upper) == ["load-rows:new:B.Big", "load-rows:new:B.things"], "not even the schema is made"
    assert all(one.blocked for one in upper.step)


def test_what_an_account_may_not_see_is_said() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.old.unseen = ("TRIGGER", "EVENT")
    sides.new.unseen = ("TRIGGER",)
    (note,) = [one for one in sides.plan().finding if one.code == "MG306"]
    assert (note.level, note.object) == ("note", "old"), "a table that is made has no trigger"
    assert "TRIGGER, EVENT" in note.text
    sides.new.add_table(things("b"), [])
    assert [one.object for one in sides.plan().finding if one.code == "MG306"] == ["new", "old"]


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("id = 1) OR (id > 100", "closes that was not opened"),
        ("id = 1 OR (id > 100", "does not close"),
        ("t = 'x", "does not end"),
        ("id = 1 -- all", "comment"),
        ("id IN (SELECT n FROM other)", "subquery"),
        ("things.id > 2", "qualifies"),
        ("`a`.`things`.id > 2", "qualifies"),
    ],
)
def test_a_condition_that_would_leave_its_parentheses_or_table_is_refused_by_name(where: str, why: str) -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    with pytest.raises(BadConfig, match=why) as caught:
        sides.plan(Move(from_="old:a.*", to="new:b.*", where={"a.things": where}))
    assert "$.move[0].where['a.things']" in str(caught.value)
    assert caught.value.exit_code == 78
