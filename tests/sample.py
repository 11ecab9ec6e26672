"""Long matrices: `make test` runs a seeded sample of them, `make test-full` all."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest


def sampled(cases: Iterable[object], number: int, seed: int = 1) -> list[object]:
    """The cases in their order, for `parametrize`: all but `number` of them carry the mark `full`."""
    every = list(cases)
    chosen = set(random.Random(seed).sample(range(len(every)), number))
    return [one if n in chosen else pytest.param(one, marks=pytest.mark.full) for n, one in enumerate(every)]
