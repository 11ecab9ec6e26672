"""Random choices, kept simple so that hypothesis can shrink them: the first of everything is the plainest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

PLAIN = ("a", "b", "c", "d", "e", "f", "g", "h", "n", "m", "Code", "when_made")
HOSTILE = (
    "select",
    "a.b",
    "x y",
    "한글",
    "a`b",
    "%s",
    "%",
    "it's",
    'q"q',
    "Ünï",
    "(",
    "key,",
    "--x",
    "/*c*/",
    "\\",
    "`",
    "1",
    "l" * 64,
)


class Dice:
    """One source of randomness, `random.Random` or hypothesis' own."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def number(self, low: int, high: int) -> int:
        """Both ends included."""
        return self._random.randint(low, high)

    def chance(self, percent: int) -> bool:
        """False is the simpler one."""
        return self._random.randint(1, 100) > 100 - percent

    def one(self, of: Sequence[T]) -> T:
        """The first is the simplest."""
        return of[self._random.randint(0, len(of) - 1)]

    def some(self, of: Sequence[T], least: int, most: int) -> tuple[T, ...]:
        """Different ones, in any order."""
        left = list(of)
        count = min(self.number(least, most), len(left))
        return tuple(left.pop(self._random.randint(0, len(left) - 1)) for _ in range(count))

    def name(self, taken: Collection[str], prefix: str = "") -> str:
        """One that is not taken, in any case; now and then a hostile one. Those with a prefix are numbered."""
        folded = {name.casefold() for name in taken}
        pool = HOSTILE if self.chance(12) else PLAIN
        if prefix:
            base = prefix if pool is PLAIN else self.one(pool)[:40]
            return next(name for n in range(1, 1000) if (name := f"{base}{n}").casefold() not in folded)
        start = self._random.randint(0, len(pool) - 1)
        for name in (*pool[start:], *pool[:start]):
            if name.casefold() not in folded:
                return name
        return next(name for n in range(1, 1000) if (name := f"z{n}") not in folded)
