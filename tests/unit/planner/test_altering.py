"""Which changes of a table wait until its rows are synced; on servers in memory."""

from __future__ import annotations

import msgspec
import pytest

from migrate.engines.memory import ddl
from migrate.model.change import AddIndex, AlterIndex, DropIndex
from migrate.model.plan import Ddl, Verify
from migrate.model.table import Column, ForeignKey, Index, IndexPart, Table, TableName
from tests.engines.world import index, integer, primary, reference, table, text
from tests.unit.planner.test_build import Sides, ids, step

PRIMARY, MAIL = primary("id"), index("unique", "mail", "t")
ALTER, SYNC, ADD, VERIFY = (f"{one}:new:b.things" for one in ("alter-table", "sync-rows", "add-indexes", "verify"))


def things(schema: str, *parts: Column | Index | ForeignKey) -> Table:
    return table(schema, "things", integer("id"), text("t"), *parts)


def sides(here: Table, there: Table) -> Sides:
    """Rows that are equal in `t` on the target alone, and one that only the target has."""
    made = Sides()
    more = len(here.columns) - 2
    made.old.add_table(here, [(n, f"row {n}", *range(more)) for n in range(3)])
    made.new.add_table(there, [(0, "row 1"), (1, "row 1"), (9, "row 2")])
    return made


def changes(made: Sides, name: str) -> list[tuple[str, str]]:
    """What the statement of a step changes, of indexes."""
    found = step(made.plan(), name)
    assert isinstance(found, Ddl)
    said = ddl.read(found.sql)
    assert isinstance(said, ddl.AlterTable)
    return sorted(
        (type(one).__name__, one.wanted.name if isinstance(one, AlterIndex) else one.index.name)
        for one in said.changes
        if isinstance(one, AddIndex | AlterIndex | DropIndex)
    )


def test_a_unique_key_comes_after_the_rows_that_decide_about_it_and_before_their_proof() -> None:
    made = sides(things("a", PRIMARY, MAIL), things("b", PRIMARY))
    plan = made.plan()
    assert ids(plan) == [SYNC, ADD, VERIFY]
    added, proof = step(plan, ADD), step(plan, VERIFY)
    assert isinstance(added, Ddl)
    assert isinstance(proof, Verify)
    assert (added.action, added.after, proof.after) == ("add-indexes", (SYNC,), (ADD, SYNC))


@pytest.mark.parametrize("compare", ["rows", "schema"])
def test_all_else_comes_before_the_rows(compare: str) -> None:
    here = things("a", integer("n"), PRIMARY, MAIL, index("plain", "by_n", "n"))
    made = sides(here, things("b", PRIMARY, index("plain", "gone", "id")))
    made.plan()
    assert ids(made.plan()) == [ALTER, SYNC, ADD, VERIFY]
    assert changes(made, ALTER) == [("AddIndex", "by_n"), ("DropIndex", "gone")]
    assert changes(made, ADD) == [("AddIndex", "mail")]
    assert step(made.plan(), ADD).after == (ALTER, SYNC)


def test_the_key_by_which_the_sync_tells_rows_apart_comes_before() -> None:
    here, there = things("a", index("unique", "u", "id"), MAIL), things("b")
    made = sides(here, there)
    assert ids(made.plan()) == [ALTER, SYNC, ADD, VERIFY]
    assert (changes(made, ALTER), changes(made, ADD)) == ([("AddIndex", "u")], [("AddIndex", "mail")])
    made = sides(things("a", PRIMARY), there)
    assert (ids(made.plan()), changes(made, ALTER)) == ([ALTER, SYNC, VERIFY], [("AddIndex", "PRIMARY")])


def test_an_index_that_becomes_unique_or_is_replaced_by_such_a_one_is_kept_until_then() -> None:
    here = things("a", PRIMARY, MAIL)
    made = sides(here, things("b", PRIMARY, index("plain", "mail", "t")))
    assert (ids(made.plan()), changes(made, ADD)) == ([SYNC, ADD, VERIFY], [("AlterIndex", "mail")])
    made = sides(here, things("b", PRIMARY, index("plain", "old", "t", "id"), index("plain", "other", "id")))
    assert ids(made.plan()) == [ALTER, SYNC, ADD, VERIFY]
    assert changes(made, ALTER) == [("DropIndex", "other")]
    assert changes(made, ADD) == [("AddIndex", "mail"), ("DropIndex", "old")]
    expression = Index("old", "plain", (IndexPart("t"), IndexPart(expression="id + 1")))
    made = sides(here, things("b", PRIMARY, expression))
    assert ids(made.plan()) == [ALTER, SYNC, VERIFY], "it may name a column that goes, and be what a foreign key needs"
    assert changes(made, ALTER) == [("AddIndex", "mail"), ("DropIndex", "old")]


def test_a_unique_index_that_goes_goes_before_the_rows_unless_they_keep_it_too() -> None:
    here = things("a", PRIMARY, MAIL)
    made = sides(here, things("b", PRIMARY, index("unique", "old", "t", "id")))
    assert (ids(made.plan()), changes(made, ADD)) == (
        [SYNC, ADD, VERIFY],
        [("AddIndex", "mail"), ("DropIndex", "old")],
    )
    made = sides(here, things("b", PRIMARY, index("unique", "old", "id", "t")))
    assert (changes(made, ALTER), changes(made, ADD)) == ([("DropIndex", "old")], [("AddIndex", "mail")])


def test_a_unique_key_that_the_rows_keep_already_comes_before() -> None:
    wider = index("unique", "wider", "t", "id")
    made = sides(things("a", PRIMARY, wider), things("b", PRIMARY))
    assert (ids(made.plan()), changes(made, ALTER)) == ([ALTER, SYNC, VERIFY], [("AddIndex", "wider")])


def test_the_index_of_a_counter_comes_with_its_column() -> None:
    here = table("a", "things", text("t"), integer("n", auto_increment=True), primary("t"), index("unique", "n", "n"))
    made = Sides()
    made.old.add_table(here, [("a", 1), ("b", 2)])
    made.new.add_table(table("b", "things", text("t"), integer("n"), primary("t")), [("a", 2), ("b", 2)])
    plan = made.plan()
    assert changes(made, ALTER) == [("AddIndex", "n")]
    assert ADD not in ids(plan)


def test_nothing_waits_where_no_rows_are_written() -> None:
    made = sides(things("a", PRIMARY, MAIL), things("b", PRIMARY))
    made.new.tables[TableName("b", "things")].replace([(n, f"row {n}") for n in range(3)])
    assert ids(made.plan()) == [ALTER, VERIFY]
    made.new.tables[TableName("b", "things")].replace([(n, f"row {n}") for n in range(4)])
    assert ids(made.plan()) == [ALTER, VERIFY], "a row of its own stays"
    made.new.tables[TableName("b", "things")].replace([])
    assert ids(made.plan()) == [ALTER, "load-rows:new:b.things", VERIFY]


def test_foreign_keys_of_other_tables_wait_for_the_key_that_they_refer_to() -> None:
    made = sides(things("a", PRIMARY, MAIL), things("b", PRIMARY))
    key = reference("to_mail", "m", TableName("a", "things"), "t")
    made.old.add_table(table("a", "child", integer("id"), text("m"), PRIMARY, key), [(1, "row 1")])
    made.new.add_table(table("b", "child", integer("id"), text("m"), PRIMARY), [(1, "row 1")])
    assert ADD in step(made.plan(), "add-foreign-keys:new:b.child").after


def test_what_is_left_out_leaves_the_key_out_and_the_rest_as_it_was() -> None:
    here = things("a", integer("n"), PRIMARY, MAIL)
    made = sides(here, things("b", PRIMARY))
    assert ids(made.plan(skip=(SYNC,))) == [ALTER]
    assert ids(made.plan(skip=(ADD,))) == [ALTER, SYNC]


def test_a_blocked_sync_blocks_nothing_more_than_itself() -> None:
    here = things("a", index("unique", "u", "t"))
    nullable = msgspec.structs.replace(text("t"), nullable=True)
    here = msgspec.structs.replace(here, columns=(here.columns[0], nullable))
    there = msgspec.structs.replace(things("b"), columns=here.columns)
    made = sides(here, there)
    plan = made.plan()
    assert [(one.id, bool(one.blocked)) for one in plan.step] == [(ALTER, False), (SYNC, True)]
    pruned = made.plan(prune=("b.things",))
    assert ids(pruned) == [SYNC, ADD, VERIFY], "emptied and loaded again"
