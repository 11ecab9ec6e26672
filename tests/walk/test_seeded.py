"""What a walk chooses does not depend on where the project lies, nor on what else is loaded."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from tests.walk.dice import Dice
from tests.walk.edits import Edit, edited
from tests.walk.flavours import MYSQL8
from tests.walk.model import Schema
from tests.walk.schemas import a_schema
from tests.walk.seeded import only_by_seed
from tests.walk.test_walk import RANDOM, SOME_EDITS


def chosen(number: int) -> list[Schema]:
    """Schemas as walks of this number begin with."""
    found: list[Schema] = []

    @seed(number)
    @settings(max_examples=30, database=None, deadline=None, phases=(Phase.generate,))
    @given(random=RANDOM, edits=SOME_EDITS)
    def choose(random: Random, edits: list[Edit]) -> None:
        schema = a_schema(Dice(random), MYSQL8)
        for edit in edits:
            schema = edited(Dice(random), MYSQL8, schema, edit)
        found.append(schema)

    choose()
    return found


def test_a_seed_chooses_the_same_whatever_constants_are_in_local_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    with only_by_seed():
        first = chosen(1)
    more = Constants(integers=set(range(2, 100)))
    monkeypatch.setattr(providers, "_get_local_constants", lambda: more)
    with only_by_seed():
        assert chosen(1) == first
        assert chosen(2) != first
