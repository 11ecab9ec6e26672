"""What becomes a step, what becomes a finding; on servers in memory."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import msgspec
import pytest

from migrate.engines.base import Engine
from migrate.engines.memory import MemoryEngine, MemoryServer
from migrate.engines.memory.values import Row
from migrate.errors import BadConfig
from migrate.model.plan import EndpointRef, LoadRows, Move, Plan, Step, SyncRows, Verify
from migrate.model.table import Column, Storage, StoredKind, StoredObject, Table, TableName, Use
from migrate.model.types import Opaque
from migrate.planfile import encode, seal
from migrate.planner.build import PlanRequest, make_plan
from migrate.planner.chain import DEFER_ROWS
from tests.engines.world import index, integer, primary, reference, table, text

ROWS: list[Row] = [(n, f"row {n}") for n in range(5)]


def things(schema: str = "a") -> Table:
    made = table(schema, "things", integer("id"), text("t"), primary("id"))
    return msgspec.structs.replace(made, storage=Storage("memory", transactional=True))


def narrow(schema: str) -> Table:
    made = table(schema, "things", integer("id"), primary("id"))
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


def test_other_rows_on_the_target_are_synced() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), [(0, "mine"), (1, "row 1")])
    plan = sides.plan()
    assert (codes(plan), ids(plan)) == ([], ["sync-rows:new:b.things", "verify:new:b.things"])
    sync, proof = plan.step
    assert isinstance(sync, SyncRows)
    assert isinstance(proof, Verify)
    assert (sync.risk, sync.prune, sync.key, sync.estimate.rows) == ("safe", False, ("id",), 4)
    assert proof.spare, "rows that come to be the target's own until then stay, too"


def test_rows_that_only_the_target_has_stay_and_are_counted() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), [*ROWS, (7, "mine"), (9, "mine")])
    plan = sides.plan()
    assert (codes(plan), ids(plan)) == (["MG211"], []), "all that is wanted is there"
    assert plan.finding[0].text.startswith("2 rows that only the target has stay there")


def test_rows_that_only_the_target_has_go_where_the_plan_says_so() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), [*ROWS, (7, "mine"), (9, "mine")])
    plan = sides.plan(prune=("b.th*",))
    assert (codes(plan), ids(plan)) == (["MG212"], ["sync-rows:new:b.things", "verify:new:b.things"])
    pruned = next(one for one in plan.finding if one.code == "MG212")
    assert (pruned.level, pruned.text) == ("destructive", "2 rows that only the target has are deleted")
    sync, proof = plan.step
    assert isinstance(sync, SyncRows)
    assert isinstance(proof, Verify)
    assert (sync.risk, sync.prune, proof.spare, plan.move[0].prune) == ("destructive", True, False, ("b.th*",))
    assert ids(sides.plan(prune=("b.other",))) == []


def test_a_table_without_a_key_is_synced_only_by_writing_it_anew() -> None:
    sides = Sides()
    keyless = msgspec.structs.replace(things(), indexes=())
    sides.old.add_table(keyless, ROWS)
    sides.new.add_table(msgspec.structs.replace(keyless, name=TableName("b", "things")), [(0, "mine")])
    plan = sides.plan()
    assert (codes(plan), ids(plan)) == (["MG202"], ["sync-rows:new:b.things"])
    assert "--prune" in plan.step[0].blocked
    pruned = sides.plan(prune=("*",))
    assert (codes(pruned), pruned.step[0].risk, pruned.step[0].blocked) == (["MG212", "MG301"], "destructive", "")


def test_a_parent_that_is_synced_has_its_children_checked() -> None:
    sides = Sides()
    for server, schema, rows in ((sides.old, "a", ROWS), (sides.new, "b", ROWS[:2])):
        server.add_table(things(schema), rows)
        up = reference("f", "p", TableName(schema, "things"))
        server.add_table(table(schema, "child", integer("id"), integer("p"), primary("id"), up), [(1, 1)])
    plan = sides.plan()
    assert set(step(plan, "check-foreign-keys:new:b.child").after) == {"sync-rows:new:b.things", "verify:new:b.things"}


def test_existing_fail_blocks_a_table_that_is_not_empty_even_when_it_is_equal() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), ROWS)
    plan = sides.plan(Move(from_="old:a.*", to="new:b.*", existing="fail"))
    assert codes(plan) == ["MG203"]
    assert step(plan, "load-rows:new:b.things").blocked


def test_rows_too_large_for_a_side_block_their_load_and_say_what_would_help() -> None:
    sides = Sides()
    sides.old.add_table(things(), [*ROWS, (7, "x" * 30), (8, "x" * 20)])
    sides.new.packet = 20
    plan = sides.plan()
    text = "2 rows cannot be written to new: the largest needs a packet of 30 bytes; set packet to 31 there"
    assert [(one.level, one.object, one.text) for one in plan.finding if one.code == "MG308"] == [
        ("unsupported", "new:b.things", text)
    ]
    assert ids(plan) == ["load-rows:new:b.things"]
    assert step(plan, "load-rows:new:b.things").blocked == text
    sides.old.packet, sides.new.packet = 30, 31
    text = "1 row cannot be read from old: the largest needs a packet of 30 bytes; set packet to 31 there"
    assert step(sides.plan(), "load-rows:new:b.things").blocked == text
    where = Move(from_="old:a.*", to="new:b.*", where={"a.things": "id < 7"})
    assert [one.blocked for one in sides.plan(where).step] == [""] * 4
    sides.new.add_table(things("b"), sides.old.rows(things().name))
    assert codes(sides.plan()) == [], "rows that are there already need no packet"


def test_compare_schema_leaves_the_rows_to_apply() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), [(0, "mine")])
    plan = sides.plan(Move(from_="old:a.*", to="new:b.*", compare="schema"))
    assert (ids(plan), codes(plan)) == (["sync-rows:new:b.things", "verify:new:b.things"], ["MG204"])


def test_an_empty_table_of_another_definition_is_altered_and_then_loaded() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(narrow("b"), [])
    plan = sides.plan()
    assert (codes(plan), ids(plan)) == (
        [],
        ["alter-table:new:b.things", "load-rows:new:b.things", "verify:new:b.things"],
    )
    assert step(plan, "load-rows:new:b.things").after == ("alter-table:new:b.things",)


def test_rows_that_are_there_are_synced_after_the_change_of_their_columns() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(narrow("b"), [(0,)])
    plan = sides.plan()
    assert (codes(plan), ids(plan)) == (
        ["MG204"],
        ["alter-table:new:b.things", "sync-rows:new:b.things", "verify:new:b.things"],
    )


def test_rows_are_not_compared_along_a_key_that_no_query_uses_there() -> None:
    sides = Sides()
    hidden = msgspec.structs.replace(index("unique", "u", "id"), visible=False)
    sides.old.add_table(table("a", "things", integer("id"), index("unique", "u", "id")), [(1,)])
    sides.new.add_table(table("b", "things", integer("id"), hidden), [(1,)])
    plan = sides.plan()
    assert (codes(plan), ids(plan)) == (
        ["MG204"],
        ["alter-table:new:b.things", "sync-rows:new:b.things", "verify:new:b.things"],
    )


def test_a_column_that_only_the_target_has_is_dropped_when_that_is_permitted() -> None:
    sides = Sides()
    sides.old.add_table(narrow("a"), [(0,)])
    sides.new.add_table(things("b"), [(0, "mine")])
    plan = sides.plan()
    altered = step(plan, "alter-table:new:b.things")
    assert altered.risk == "destructive"
    assert altered.blocked == "destructive: permit it with migrate plan --allow-destructive 'b.things'"
    assert step(plan, "verify:new:b.things").blocked == "needs alter-table:new:b.things"
    assert [(one.code, one.level) for one in plan.finding if one.code == "MG209"] == [("MG209", "destructive")]
    assert [one.blocked for one in sides.plan(allow_destructive=("b.*",)).step] == ["", "", ""]


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


def stored(kind: StoredKind, name: str, body: str = "", **more: Any) -> StoredObject:
    return StoredObject(kind, TableName(more.pop("schema", "a"), name), body, **more)


def use(by: StoredObject, kind: Literal["relation", "function"], name: str) -> Use:
    return Use(by.key, kind, TableName("a", name))


def test_routines_come_before_views_and_views_after_what_they_read() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    first, second = stored("view", "z_first"), stored("view", "a_second")
    sides.old.stored = [second, first, stored("function", "f"), stored("procedure", "p")]
    sides.old.uses = [use(second, "relation", "z_first"), use(first, "relation", "things"), use(first, "function", "f")]
    plan = sides.plan()
    assert step(plan, "create-view:new:b.z_first").after == (
        "create-function:new:b.f",
        "create-schema:new:b",
        "create-table:new:b.things",
    )
    assert step(plan, "create-view:new:b.a_second").after == ("create-schema:new:b", "create-view:new:b.z_first")
    assert {one.kind for one in plan.object} == {"table", "view", "function", "procedure"}


def test_triggers_come_after_the_rows_in_their_order() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    about: dict[str, Any] = {"table": "things", "timing": "BEFORE", "event": "INSERT"}
    sides.old.stored = [stored("trigger", "z", order=1, **about), stored("trigger", "a", order=2, **about)]
    plan = sides.plan()
    assert "load-rows:new:b.things" in step(plan, "create-trigger:new:b.z").after
    assert "create-trigger:new:b.z" in step(plan, "create-trigger:new:b.a").after


def test_events_are_made_and_run_when_all_else_in_their_schema_is_done() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.old.stored = [stored("event", "nightly"), stored("event", "weekly"), stored("event", "off", enabled=False)]
    plan = sides.plan()
    assert "verify:new:b.things" in step(plan, "enable-event:new:b.nightly").after
    assert step(plan, "enable-event:new:b.weekly").after == ("create-event:new:b.weekly", "enable-event:new:b.nightly")
    assert [name for name in ids(plan) if "off" in name] == ["create-event:new:b.off"]
    assert ids(plan)[-1] == "enable-event:new:b.weekly"


def test_what_a_view_reads_and_does_not_come_leaves_it_and_all_above_it_behind() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.old.add_table(table("a", "secret", integer("id"), primary("id")), [(1,)])
    below, above = stored("view", "below"), stored("view", "above")
    sides.old.stored = [below, above]
    sides.old.uses = [use(below, "relation", "secret"), use(above, "relation", "below")]
    plan = sides.plan(exclude=("a.secret",))
    assert [(one.code, one.object) for one in plan.finding if one.code == "MG105"] == [
        ("MG105", "old:a.above"),
        ("MG105", "old:a.below"),
    ]
    assert not [name for name in ids(plan) if "view" in name]


def test_words_that_cannot_be_rewritten_block_their_step_and_say_why() -> None:
    sides = Sides()
    sides.old.add_schema("a")
    sides.old.stored = [stored("procedure", "p", "unreadable")]
    plan = sides.plan()
    made = step(plan, "create-procedure:new:b.p")
    assert made.blocked
    assert codes(plan) == ["MG104"]


def test_a_routine_that_is_there_and_differs_is_dropped_and_made_again_and_a_view_replaced() -> None:
    sides = Sides()
    sides.old.add_schema("a")
    sides.old.stored = [stored("function", "f", "new"), stored("view", "v", "new")]
    sides.new.add_schema("b")
    sides.new.stored = [stored("function", "f", "old", schema="b"), stored("view", "v", "old", schema="b")]
    plan = sides.plan()
    assert ids(plan) == ["drop-function:new:b.f", "create-function:new:b.f", "create-view:new:b.v"]
    assert codes(plan) == ["MG208", "MG208"]
    assert [one.risk for one in plan.step] == ["lossy", "lossy", "lossy"]


def test_a_definer_that_the_target_lacks_is_said() -> None:
    sides = Sides()
    sides.old.add_schema("a")
    sides.old.stored = [stored("function", "f", definer="gone@%"), stored("function", "g", definer="root@%")]
    sides.new.accounts = frozenset({"root@%"})
    assert [one.text.split(",")[0] for one in sides.plan().finding if one.code == "MG107"] == ["the account gone@%"]
    kept = sides.plan(Move(from_="old:a.*", to="new:b.*", definer="drop"))
    assert codes(kept) == []


def test_dated_tables_stay_behind_are_listed_and_come_along_when_asked() -> None:
    sides = Sides()
    for name in ("things", "log_20240101", "log_20240102", "stats_1000"):
        sides.old.add_table(table("a", name, integer("id"), primary("id")), [(1,)])
    plan = sides.plan()
    assert sorted(one.name for one in plan.object) == ["new:b.stats_1000", "new:b.things"]
    assert [one.text for one in plan.finding if one.code == "MG106"] == [
        "2 dated tables stay behind: log_20240101, log_20240102; `dated_tables` in the configuration brings them along"
    ]
    move = Move(from_="old:a.*", to="new:b.*", dated_tables=True)
    assert len(sides.plan(move).object) == 4
    move = Move(from_="old:a.*", to="new:b.*", dated_tables=("a.*02",))
    assert "new:b.log_20240102" in {one.name for one in sides.plan(move).object}


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
    skipped = sides.plan(skip=("sync-rows:new:b.things",))
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


@pytest.mark.parametrize("event", ["INSERT", "DELETE"])
def test_a_trigger_that_would_fire_for_every_row_goes_before_the_rows_and_comes_back_after(event: str) -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), [])
    sides.new.stored = [stored("trigger", "audit", schema="b", table="things", event=event)]
    plan = sides.plan()
    assert codes(plan) == ["MG205"]
    assert step(plan, "load-rows:new:b.things").after == ("drop-trigger:new:b.audit",)
    assert set(step(plan, "create-trigger:new:b.audit").after) == {
        "drop-trigger:new:b.audit",
        "load-rows:new:b.things",
        "verify:new:b.things",
    }


def test_a_trigger_on_updates_stays_while_rows_are_loaded() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), [])
    sides.new.stored = [stored("trigger", "audit", schema="b", table="things", event="UPDATE")]
    assert (codes(sides.plan()), ids(sides.plan())) == ([], ["load-rows:new:b.things", "verify:new:b.things"])


def test_a_trigger_of_a_table_that_needs_no_rows_or_of_another_table_blocks_nothing() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_table(things("b"), ROWS)
    sides.new.stored = [StoredObject("trigger", TableName("b", "audit"), table="things", event="INSERT")]
    assert (sides.plan().step, codes(sides.plan())) == ((), [])
    sides.new.tables.clear()
    sides.new.add_table(things("b"), [])
    sides.new.stored = [StoredObject("trigger", TableName("b", "audit"), table="others", event="INSERT")]
    assert codes(sides.plan()) == []


def test_a_view_with_the_name_of_a_wanted_table_blocks_it() -> None:
    sides = Sides()
    sides.old.add_table(things(), ROWS)
    sides.new.add_schema("b")
    sides.new.stored = [StoredObject("view", TableName("b", "things"))]
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
