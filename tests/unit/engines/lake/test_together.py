"""Questions that come at the same time, answered together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from migrate.engines.lake.gathering import Together
from migrate.engines.lake.united import united
from migrate.errors import ServerError


class Asked:
    """Doubles numbers, and keeps what it was asked; it refuses what has 13 in it, or is broken for good."""

    def __init__(self, name: str = "GENERIC_INTERNAL_ERROR") -> None:
        self.seen: list[list[int]] = []
        self._name = name

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.seen.append(list(numbers))
        await asyncio.sleep(0)
        if 13 in numbers:
            raise ServerError("there", f"13 of {list(numbers)}", name=self._name)
        return [2 * number for number in numbers]


async def test_questions_of_one_moment_are_asked_in_groups() -> None:
    asked = Asked()
    together = Together(3, 2, asked)
    assert await asyncio.gather(*map(together.answer, range(7))) == [0, 2, 4, 6, 8, 10, 12]
    assert asked.seen == [[0], [1, 2], [3, 4], [5, 6]]  # three would do, and leave one of two slots idle
    assert await asyncio.gather(*map(together.answer, range(3))) == [0, 2, 4]
    assert asked.seen[4:] == [[0, 1, 2]]


async def test_one_that_is_refused_spoils_no_other_and_is_named() -> None:
    asked = Asked()
    together = Together(4, 1, asked)
    found = await asyncio.gather(*map(together.answer, (1, 13, 2, 3, 4)), return_exceptions=True)
    assert [str(one) for one in found] == ["2", "there: 13 of [13]", "4", "6", "8"]
    assert sorted(asked.seen) == [[1], [1, 13], [2, 3, 4], [13]]


async def test_a_server_that_is_gone_is_not_asked_once_more_for_each() -> None:
    asked = Asked(name="")
    together = Together(4, 1, asked)
    found = await asyncio.gather(*map(together.answer, (1, 13)), return_exceptions=True)
    assert [str(one) for one in found] == ["there: 13 of [1, 13]"] * 2
    assert asked.seen == [[1, 13]]


async def test_what_nobody_waits_for_is_not_asked_to_its_end() -> None:
    ended: list[str] = []

    async def ask(_: Sequence[int]) -> list[int]:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return []

    together = Together(4, 1, ask)
    waiting = [asyncio.create_task(together.answer(number)) for number in range(2)]
    await asyncio.sleep(0.01)
    waiting[0].cancel()
    await asyncio.sleep(0.01)
    assert ended == []
    waiting[1].cancel()
    await asyncio.sleep(0.01)
    assert ended == ["cancelled"]


async def test_a_fault_of_ours_is_raised_and_not_waited_for() -> None:
    async def ask(_: Sequence[int]) -> list[int]:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await asyncio.wait_for(Together(4, 1, ask).answer(1), 5)


def test_several_are_one_query_and_one_is_itself() -> None:
    assert united(["a FROM t"]) == "SELECT 0, a FROM t"
    assert united(["a FROM t", "b FROM u"]) == (
        "SELECT * FROM (SELECT 0, a FROM t UNION ALL SELECT 1, b FROM u) LIMIT 9223372036854775807"
    )
