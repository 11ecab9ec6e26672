"""Steps in dependency order, and plans with steps left out."""

from __future__ import annotations

import pytest

from migrate.errors import UnknownStep
from migrate.model.plan import Ddl, LoadRows, Step, Verify
from migrate.planner.order import in_order, without


def create(table: str, *after: str) -> Step:
    return Ddl(id=f"create-table:{table}", target=table, after=after, action="create-table", sql="CREATE")


def load(table: str, *after: str) -> Step:
    return LoadRows(id=f"load-rows:{table}", target=table, source="s", after=after, protocol="transactional")


def verify(table: str) -> Step:
    return Verify(id=f"verify:{table}", target=table, source="s", after=(f"load-rows:{table}",))


def keys(table: str, *after: str) -> Step:
    return Ddl(id=f"add-foreign-keys:{table}", target=table, after=after, action="add-foreign-keys", sql="ALTER")


def ids(steps: tuple[Step, ...]) -> list[str]:
    return [step.id for step in steps]


def test_what_must_come_before_comes_before_then_names_decide() -> None:
    steps = [keys("a", "load-rows:a", "load-rows:b"), load("b"), verify("a"), load("a", "create-table:a"), create("a")]
    assert ids(in_order(steps)) == ["create-table:a", "load-rows:a", "verify:a", "load-rows:b", "add-foreign-keys:a"]


def test_the_order_does_not_depend_on_the_order_of_what_comes_in() -> None:
    steps = [create("a"), load("a", "create-table:a"), create("b"), load("b", "create-table:b"), verify("b")]
    assert in_order(steps) == in_order(steps[::-1])


def test_waiting_for_a_step_that_does_not_exist_is_no_waiting() -> None:
    (step,) = in_order([load("a", "create-table:a")])
    assert step.after == ()


def test_steps_that_wait_for_each_other_are_a_mistake_that_is_named() -> None:
    with pytest.raises(AssertionError, match="create-table:a"):
        in_order([create("a", "load-rows:a"), load("a", "create-table:a")])


def test_a_skipped_step_takes_along_what_needs_it_and_nothing_else() -> None:
    steps = in_order([create("a"), load("a", "create-table:a"), verify("a"), load("b"), keys("b", "load-rows:a")])
    assert ids(without(steps, ("load-rows:a",))) == ["create-table:a", "load-rows:b"]


def test_skipping_a_step_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UnknownStep) as caught:
        without(in_order([create("orders")]), ("create-table:order",))
    assert caught.value.exit_code == 64
    assert "create-table:orders" in caught.value.hint
