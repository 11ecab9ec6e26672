"""A random schema, random edits on either side; plan and apply make the target equal, and the second plan is empty.

A walk begins with two schemas, arrives, and goes on: the source is edited once more, and the target follows. Of a
failure hypothesis prints every statement that makes both sides, and the plan; with WALK_SHRINK=1 in the environment it
looks for the shortest such walk first, which takes minutes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.lab import Lab
from tests.walk.dice import Dice
from tests.walk.edits import EDITS, Edit, edited
from tests.walk.flavours import MARIADB, MYSQL8, MYSQL9, MYSQL57, Flavour
from tests.walk.lane import Lane, lane_between
from tests.walk.schemas import a_schema
from tests.walk.seeded import only_by_seed
from tests.walk.valid import can_become
from tests.walk.walking import Walk


class Pair(NamedTuple):
    """Two servers, and what both can have."""

    source: str
    target: str
    flavour: Flavour


PAIRS = {
    "8.0.33": Pair("source", "target", MYSQL8),
    "9.7": Pair("new", "new", MYSQL9),
    "5.7": Pair("legacy", "legacy", MYSQL57),
    "11.8": Pair("maria11", "maria11", MARIADB),
}
EACH = 25
"""Walks of one test. Together those of `make test` are 200."""
OFTEN = {"8.0.33": 3, "9.7": 1, "5.7": 1, "11.8": 3}
FULL = {"8.0.33": 10, "9.7": 4, "5.7": 4, "11.8": 6}
"""Tests of each pair in `make test`, and in `make test-full`."""

LANES = [
    pytest.param(pair, number, id=f"{pair}-{number}", marks=() if number < count else pytest.mark.full)
    for pair, count in OFTEN.items()
    for number in range(FULL[pair])
]
RANDOM = st.randoms(use_true_random=False)
SOME_EDITS = st.lists(st.sampled_from(EDITS), min_size=1, max_size=6)
RARELY = st.integers(0, 9).map(lambda number: number == 9)


class Walking(RuleBasedStateMachine):
    """What hypothesis chooses from: whole schemas to begin with, then edits."""

    lane: Lane
    flavour: Flavour
    arrived = 0

    def __init__(self) -> None:
        super().__init__()
        self._walk: Walk | None = None

    @initialize(random=RANDOM, edits=SOME_EDITS, rows=st.booleans(), both=st.booleans(), spoil=RARELY)
    def begin(self, random: Random, edits: list[Edit], rows: bool, both: bool, spoil: bool) -> None:
        dice = Dice(random)
        wanted = there = a_schema(dice, self.flavour)
        for edit in edits:
            other = edited(dice, self.flavour, there, edit)
            there = other if can_become(other, wanted, self.flavour) else there
        self._walk = Walk(self.lane, self.flavour, wanted, there)
        self._arrive(rows, both, spoil)

    @rule(random=RANDOM, edits=SOME_EDITS, rows=st.booleans(), both=st.booleans(), spoil=RARELY)
    def go_on(self, random: Random, edits: list[Edit], rows: bool, both: bool, spoil: bool) -> None:
        assert self._walk is not None
        dice = Dice(random)
        for edit in edits:
            other = edited(dice, self.flavour, self._walk.wanted, edit)
            if can_become(self._walk.there, other, self.flavour):
                self._walk.wanted = other
        self._arrive(rows, both, spoil)

    def _arrive(self, rows: bool, both: bool, spoil: bool) -> None:
        assert self._walk is not None
        self._walk.arrive(rows, both, spoil)
        type(self).arrived += 1

    def teardown(self) -> None:
        if self._walk is not None:
            self._walk.end()


@pytest.fixture(scope="module")
def lane_of(every: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Lane]]:
    """The lane of a pair, open until the last test."""
    lanes: dict[str, Lane] = {}
    with ExitStack() as stack:

        def lane(pair: str) -> Lane:
            if pair not in lanes:
                source, target, _ = PAIRS[pair]
                folder = tmp_path_factory.mktemp("lane")
                lanes[pair] = stack.enter_context(lane_between(every.servers[source], every.servers[target], folder))
            return lanes[pair]

        yield lane


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("pair", "number"), LANES)
def test_a_random_walk_arrives_and_rests(pair: str, number: int, lane_of: Callable[[str], Lane]) -> None:
    class Machine(Walking):
        lane = lane_of(pair)
        flavour = PAIRS[pair].flavour

    with only_by_seed():
        run_state_machine_as_test(
            seed(number)(Machine),
            settings=settings(
                max_examples=EACH,
                stateful_step_count=2,
                deadline=None,
                database=None,
                phases=(Phase.generate, Phase.shrink) if os.environ.get("WALK_SHRINK") else (Phase.generate,),
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert Machine.arrived >= EACH
