"""The proof of what was just loaded: the target alone is read, and what its digests do not prove is compared."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from migrate.engines.base import Bound, LedgerLine, Span
from migrate.engines.memory import MemoryEngine, MemoryServer
from migrate.executor import catch_up, load
from migrate.executor.chunks import chain, joined
from migrate.executor.run import ApplyOptions, apply
from migrate.model.plan import EndpointRef, Move
from migrate.model.progress import Outcome
from migrate.model.table import Storage, Table, TableName
from migrate.planner.build import PlanRequest, make_plan
from migrate.state import State
from tests.engines.world import integer, primary, table, text

ROWS = 40
CHUNK = 10


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "FIRST_ROWS", CHUNK)
    monkeypatch.setattr(catch_up, "MOST_ROWS", CHUNK)


class Pair:
    """A table on one server, and an empty one, in memory; apply moves it."""

    def __init__(self, folder: Path, way: str = "flush-tables") -> None:
        self.old, self.new = MemoryServer("memory:1"), MemoryServer("memory:2")
        self.old.moment_way = way  # type: ignore[assignment]
        made = table("a", "t", integer("id"), text("v"), primary("id"))
        shape = Table(made.name, made.columns, made.indexes, storage=Storage("memory", transactional=True))
        self.old.add_table(shape, [(number, f"row {number}") for number in range(ROWS)])
        self._folder = folder

    def apply(self, spoil: bool = False) -> tuple[Outcome, Counter[str]]:
        """Plan and apply; how often each side was asked for sums and digests. `spoil`: one row is altered meanwhile."""
        return asyncio.run(self._apply(spoil))

    async def _apply(self, spoil: bool) -> tuple[Outcome, Counter[str]]:
        engines = {"old": MemoryEngine("old", self.old), "new": MemoryEngine("new", self.new)}
        ends = {"old": EndpointRef("memory"), "new": EndpointRef("memory")}
        plan = await make_plan(PlanRequest("p", ends, (Move(from_="old:a.*", to="new:b.*"),)), engines)
        before = Counter({side: server.faults.passed["checksum"] for side, server in self._sides().items()})
        gate = self.new.hold_at("checksum", 1) if spoil else None
        outcome: Outcome | None = None

        async def alter() -> None:
            if gate is not None:
                await gate.reached()
                stored = self.new.tables[TableName("b", "t")]
                stored.replace([(n, "spoiled" if n == 25 else v) for n, v in stored.rows])
                gate.open()

        altering = asyncio.create_task(alter())
        with State.open(self._folder / "state.db") as state:
            options = ApplyOptions("p.toml", parallelism=1)
            async for event in apply(plan, engines, state, options, asyncio.Event()):
                outcome = event if isinstance(event, Outcome) else outcome
        await altering
        assert outcome is not None
        asked = {side: server.faults.passed["checksum"] for side, server in self._sides().items()}
        return outcome, Counter(asked) - before

    def _sides(self) -> dict[str, MemoryServer]:
        return {"old": self.old, "new": self.new}


@pytest.mark.usefixtures("small_chunks")
def test_the_source_is_not_asked_again_for_what_it_has_just_given(tmp_path: Path) -> None:
    outcome, asked = Pair(tmp_path).apply()
    assert outcome.failed == 0
    assert asked == {"new": ROWS // CHUNK}


@pytest.mark.usefixtures("small_chunks")
def test_a_row_that_was_altered_meanwhile_is_found_in_its_own_chunk(tmp_path: Path) -> None:
    outcome, asked = Pair(tmp_path).apply(spoil=True)
    (failure,) = outcome.failures
    assert "key above 19 and up to 29: 10 rows on both sides, with other values" in failure.error
    assert asked["old"] == 1
    assert asked["new"] == ROWS // CHUNK + 1


def test_where_there_is_no_moment_the_source_is_compared_as_it_is_by_then(tmp_path: Path) -> None:
    outcome, asked = Pair(tmp_path, "none").apply()
    assert outcome.failed == 0
    assert asked == {"old": 1, "new": 1}


def line(lower: Bound | None, upper: Bound | None) -> LedgerLine:
    return LedgerLine("chunk", Span(lower, upper), 1, 1, "m", "d")


def test_chunks_are_a_chain_only_if_they_are_all_of_a_table() -> None:
    first, second, third = line(None, ("5",)), line(("5",), ("9",)), line(("9",), None)
    assert chain([third, LedgerLine("whole"), first, second]) == [first, second, third]
    assert chain([line(None, None)]) == [line(None, None)]
    for incomplete in ([], [first, second], [first, third], [second, third]):
        assert not chain(incomplete)


def test_neighbours_that_must_be_compared_are_one_span() -> None:
    one, two, four = Span(None, ("1",)), Span(("1",), ("2",)), Span(("3",), None)
    assert joined([one, two, four]) == [Span(None, ("2",)), four]
    assert joined([one, two, Span(("2",), None)]) == [Span()]
    assert joined([]) == []
