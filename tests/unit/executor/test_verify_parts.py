"""`migrate verify` of a large table: several parts of it at once, as far as there are slots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from migrate.engines.base import Reader
from migrate.engines.memory import MemoryEngine, MemoryServer
from migrate.errors import ConnectionLost
from migrate.executor import both
from migrate.executor import verify as proofs
from migrate.executor.throttle import Limits
from migrate.model.plan import EndpointRef, Move, Plan
from migrate.model.progress import Outcome
from migrate.model.table import Table, TableName
from migrate.planner.build import PlanRequest, make_plan
from tests.engines.world import Row, integer, primary, table, text

ROWS: list[Row] = [(number, f"row {number}") for number in range(400)]


class Counted(MemoryEngine):
    """Counts the readers that are open at once."""

    open = 0
    most = 0

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            async with super().reader() as found:
                yield found
        finally:
            self.open -= 1


class Sides:
    """A table on two servers in memory."""

    def __init__(self, other: list[Row]) -> None:
        self.old, self.new = MemoryServer("memory:1"), MemoryServer("memory:2")
        made = table("a", "t", integer("id"), text("v"), primary("id"))
        self.old.add_table(made, ROWS)
        self.new.add_table(Table(TableName("b", "t"), made.columns, made.indexes), other)
        self.left, self.right = Counted("old", self.old), Counted("new", self.new)

    def verify(self, parallelism: int = 4) -> Outcome:
        """Plan while both are equal, or nothing is done about it; then prove."""
        return asyncio.run(self._verify(parallelism))

    async def _verify(self, parallelism: int) -> Outcome:
        engines = {"old": self.left, "new": self.right}
        ends = {"old": EndpointRef("memory"), "new": EndpointRef("memory")}
        plan: Plan = await make_plan(PlanRequest("p", ends, (Move(from_="old:a.*", to="new:b.*"),)), engines)
        self.left.most = self.right.most = 0
        *_, last = [event async for event in proofs.verify(plan, engines, parallelism, Limits())]
        assert isinstance(last, Outcome)
        assert (self.left.open, self.right.open) == (0, 0)
        return last


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(both, "PART_BYTES", 10)
    monkeypatch.setattr(proofs, "LOOK_SECONDS", 0.0)


@pytest.mark.parametrize(("parallelism", "most"), [(4, 4), (2, 2), (1, 1)])
def test_parts_are_compared_at_once_as_far_as_there_are_slots(parallelism: int, most: int) -> None:
    sides = Sides(ROWS)
    outcome = sides.verify(parallelism)
    assert (outcome.failed, outcome.rows) == (0, len(ROWS))
    assert (sides.left.most, sides.right.most) == (most, most)


def test_what_differs_is_named_in_the_order_of_the_key() -> None:
    sides = Sides([(number, "other" if number in (5, 395) else value) for number, value in ROWS])
    outcome = sides.verify()
    (failure,) = outcome.failures
    assert failure.error.index("key up to 99: 100 rows on both sides") < failure.error.index("key above 299")


def test_a_server_that_goes_away_under_one_part_ends_the_proof_of_the_table() -> None:
    sides = Sides(ROWS)
    sides.new.fail_at("checksum", 3, ConnectionLost("new", "gone"))
    (failure,) = sides.verify().failures
    assert "gone" in failure.error
