"""Statements that would be a dead lock on the server do not run at the same time; all others do."""

from __future__ import annotations

import asyncio

import pytest

from migrate.executor.apart import Apart, Claim, Thing, claims
from migrate.model.plan import Action, Ddl, Move, Plan
from migrate.model.table import Catalog, ForeignKey, ObjectRef, StoredObject, Table, TableName, Use
from migrate.planner.survey import Survey
from migrate.planner.translate import Pair

A: Thing = ("new", "view", "a", "")
B: Thing = ("new", "view", "b", "")


def alone(*things: Thing) -> Claim:
    return Claim(alone=frozenset(things))


def along(*things: Thing) -> Claim:
    return Claim(along=frozenset(things))


async def order(claimed: dict[str, Claim], *begun: str) -> list[str]:
    """Who is at work at once, when all begin in this order and each ends a turn after it was let in."""
    apart = Apart(claimed)
    turns: list[str] = []
    working: set[str] = set()

    async def work(name: str) -> None:
        async with apart.take(name):
            working.add(name)
            for _ in range(20):
                await asyncio.sleep(0)
            if told := "".join(sorted(working)):
                turns.append(told)
            working.clear()

    await asyncio.gather(*map(work, begun))
    return turns


async def test_what_meets_at_the_same_thing_runs_one_after_the_other() -> None:
    assert await order({"x": alone(A), "y": alone(A)}, "x", "y") == ["x", "y"]


async def test_what_claims_nothing_or_other_things_runs_at_once() -> None:
    assert await order({"x": alone(A), "y": alone(B)}, "x", "y", "z") == ["xyz"]


async def test_those_along_run_together_and_wait_for_the_one_alone() -> None:
    claimed = {"x": along(A), "y": along(A), "z": alone(A)}
    assert await order(claimed, "x", "y", "z") == ["xy", "z"]
    assert await order(claimed, "z", "x", "y") == ["z", "xy"]


async def test_who_came_first_is_not_passed_by_others_forever() -> None:
    claimed = {"x": along(A), "y": alone(A), "z": along(A)}
    assert await order(claimed, "x", "y", "z") == ["x", "y", "z"]


async def test_two_that_claim_the_same_things_are_no_circle() -> None:
    assert await order({"x": alone(A, B), "y": alone(B, A)}, "x", "y") == ["x", "y"]


async def test_who_gives_up_waiting_or_fails_holds_nothing() -> None:
    apart = Apart({"x": alone(A), "y": alone(A), "z": alone(A)})

    async def fail() -> None:
        async with apart.take("x"):
            await asyncio.sleep(0.01)
            raise ValueError("on purpose")

    async def wait() -> None:
        async with apart.take("y"):
            pass

    failing, waiting = asyncio.create_task(fail()), asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(ValueError, match="on purpose"):
        await failing
    async with asyncio.timeout(1), apart.take("z"):
        assert waiting.cancelled()


# -- what is claimed ---------------------------------------------------------------------------------------------------


def name(text: str) -> TableName:
    return TableName("s", text)


def step(action: Action, target: str) -> Ddl:
    return Ddl(id=f"{action}:{target}", target=f"new:s.{target}", action=action, sql="…")


def child(text: str, parent: str) -> Table:
    return Table(name(text), columns=(), foreign_keys=(ForeignKey("k", ("a",), name(parent), ("a",)),))


def view(text: str, *of: str) -> tuple[StoredObject, list[Use]]:
    made = StoredObject("view", name(text), "")
    return made, [Use(made.key, "relation", name(one)) for one in of]


def claimed(there: Catalog, wanted: list[Table], *steps: Ddl) -> dict[str, Claim]:
    move = Move("old:s.*", "new:s.*")
    pairs = tuple(
        Pair(ObjectRef("old", table.name), ObjectRef("new", table.name), table, table, "", move) for table in wanted
    )
    return claims(Plan("p", {}, (move,), step=steps), Survey({}, {"new": there}, pairs))


def names(claim: Claim) -> set[str]:
    return {" ".join(filter(None, (thing[2].removeprefix("s."), thing[3].removeprefix("s.")))) for thing in claim.alone}


def test_tables_meet_at_views_that_read_both_and_views_at_those_that_read_them() -> None:
    v, of_v = view("v", "t", "u")
    w, of_w = view("w", "v")
    there = Catalog(stored=(v, w), uses=(*of_v, *of_w))
    steps = (step("alter-table", "t"), step("add-indexes", "u"), step("alter-table", "x"), step("create-view", "v"))
    found = claimed(there, [], *steps)
    assert {key: names(claim) for key, claim in found.items()} == {
        "alter-table:t": {"v", "w"},
        "add-indexes:u": {"v", "w"},
        "create-view:v": {"v", "w"},
    }


def test_a_child_and_its_parent_meet_and_two_children_of_one_parent_do_not() -> None:
    there = Catalog(tables=(child("c", "p"),))
    steps = (step("alter-table", "c"), step("add-foreign-keys", "d"), step("alter-table", "p"))
    found = claimed(there, [child("d", "p")], *steps)
    assert {key: names(claim) for key, claim in found.items()} == {
        "alter-table:c": {"c p"},
        "add-foreign-keys:d": {"d p"},
        "alter-table:p": {"c p", "d p"},
    }


def test_a_table_under_a_view_that_calls_a_function_meets_every_other_table() -> None:
    """The function may read any of them, and the server locks those along with the view."""
    v, of_v = view("v", "t")
    calls = Use(v.key, "function", name("f"))
    there = Catalog(stored=(v,), uses=(*of_v, calls))
    steps = (step("alter-table", "t"), step("alter-table", "x"), step("add-indexes", "y"), step("create-function", "f"))
    found = claimed(there, [], *steps)
    functions = ("new", "functions", "", "")
    assert {key: (functions in claim.alone, functions in claim.along) for key, claim in found.items()} == {
        "alter-table:t": (True, False),
        "alter-table:x": (False, True),
        "add-indexes:y": (False, True),
        "create-function:f": (True, False),
    }
