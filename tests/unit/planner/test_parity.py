"""How many objects of each kind are on both sides, and why some are not; on servers in memory."""

from __future__ import annotations

import asyncio

import msgspec

from migrate.engines.base import Engine
from migrate.engines.memory import MemoryEngine, MemoryServer
from migrate.model.plan import Move
from migrate.model.progress import Parity
from migrate.model.table import Column, StoredObject, Table, TableName, Use
from migrate.model.types import Opaque
from migrate.planner.gap import gaps, stored_gaps
from migrate.planner.parity import parity
from migrate.planner.survey import survey
from tests.engines.world import index, integer, primary, reference, table


def count(old: MemoryServer, new: MemoryServer, *moves: Move) -> dict[str, Parity]:
    engines: dict[str, Engine] = {"old": MemoryEngine("old", old), "new": MemoryEngine("new", new)}

    async def counted() -> tuple[Parity, ...]:
        rules = moves or (Move(from_="old:a.*", to="new:b.*"),)
        seen = await survey(rules, engines)
        return await parity(rules, seen, gaps(seen, engines), stored_gaps(seen, engines), engines)

    return {one.kind: one for one in asyncio.run(counted())}


def sides() -> tuple[MemoryServer, MemoryServer]:
    return MemoryServer("memory:1"), MemoryServer("memory:2")


def child(schema: str) -> Table:
    made = table(
        schema, "child", integer("id"), integer("p"), primary("id"), reference("f", "p", TableName(schema, "parent"))
    )
    return msgspec.structs.replace(made, indexes=(*made.indexes, index("plain", "by_p", "p")))


def parent(schema: str) -> Table:
    return table(schema, "parent", integer("id"), primary("id"))


def test_what_stands_on_the_target_as_wanted_has_moved_with_all_its_parts() -> None:
    old, new = sides()
    for server, schema in ((old, "a"), (new, "b")):
        server.add_table(parent(schema), [])
        server.add_table(child(schema), [])
    new.add_table(table("b", "mine", integer("id"), primary("id")), [])
    assert count(old, new) == {
        "tables": Parity("tables", 2, 2, (), 3),
        "indexes": Parity("indexes", 3, 3, (), 4),
        "foreign keys": Parity("foreign keys", 1, 1, (), 1),
    }


def test_what_is_not_there_is_missing_and_what_a_rule_leaves_out_is_excluded() -> None:
    old, new = sides()
    for one in (parent("a"), child("a"), table("a", "tmp", integer("id"), primary("id"))):
        old.add_table(one, [])
    new.add_table(parent("b"), [])
    found = count(old, new, Move(from_="old:a.*", to="new:b.*", exclude=("a.tmp",)))
    assert found["tables"] == Parity("tables", 3, 1, (("excluded", 1), ("missing", 1)), 1)
    assert found["foreign keys"] == Parity("foreign keys", 1, 0, (("missing", 1),), 0)


def test_dated_tables_and_tables_that_cannot_move_are_counted_under_their_findings() -> None:
    old, new = sides()
    old.add_table(table("a", "log_20240101", integer("id"), primary("id")), [])
    old.add_table(table("a", "odd", integer("id"), Column("x", "magic", Opaque("magic")), primary("id")), [])
    old.add_table(parent("a"), [])
    assert count(old, new)["tables"] == Parity("tables", 3, 0, (("MG102", 1), ("MG106", 1), ("missing", 1)), 0)


def test_stored_objects_are_counted_by_kind_and_those_left_behind_under_their_findings() -> None:
    old, new = sides()
    old.add_table(parent("a"), [])
    new.add_table(parent("b"), [])
    view, lost = StoredObject("view", TableName("a", "v"), "x"), StoredObject("view", TableName("a", "lost"), "x")
    old.stored = [view, lost, StoredObject("function", TableName("a", "f"), "x")]
    old.uses = [Use(lost.key, "relation", TableName("a", "gone"))]
    new.stored = [StoredObject("view", TableName("b", "v"), "x"), StoredObject("view", TableName("b", "mine"), "x")]
    found = count(old, new)
    assert found["views"] == Parity("views", 2, 1, (("MG105", 1),), 2)
    assert found["functions"] == Parity("functions", 1, 0, (("missing", 1),), 0)
