"""Counters of tables whose steps wait are asked for together, and never before they were wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from migrate.engines.memory import MemoryEngine, MemoryServer
from migrate.errors import ConnectionLost
from migrate.executor.counters import MOST, Counters
from migrate.model.table import TableName

TABLES = [TableName("a", f"t{number:03}") for number in range(100)]


class Counting(MemoryEngine):
    """Knows a value of every table, and what it was asked."""

    def __init__(self) -> None:
        super().__init__("new", MemoryServer("new"), 4)
        self.asked: list[tuple[TableName, ...]] = []
        self.failing = 0

    async def auto_increment(self, tables: Sequence[TableName]) -> Mapping[TableName, int]:
        self.asked.append(tuple(tables))
        await asyncio.sleep(0)
        if self.failing:
            self.failing -= 1
            raise ConnectionLost("new", "gone")
        return {table: int(table.name[1:]) for table in tables if table != TABLES[7]}


async def test_those_that_wait_are_asked_for_together() -> None:
    engine = Counting()
    counters = Counters(engine)
    for table in TABLES:
        counters.want(table)
    found = await asyncio.gather(*map(counters.value, TABLES))
    assert found == [None if number == 7 else number for number in range(100)]
    assert len(engine.asked) == 2
    assert max(map(len, engine.asked)) <= MOST


async def test_a_table_is_asked_for_again_when_it_is_wanted_again() -> None:
    engine = Counting()
    counters = Counters(engine)
    for _ in range(2):
        counters.want(TABLES[3])
        assert await counters.value(TABLES[3]) == 3
        assert await counters.value(TABLES[3]) == 3
    assert engine.asked == [(TABLES[3],), (TABLES[3],)]


async def test_after_an_error_the_same_are_asked_for_again() -> None:
    engine = Counting()
    engine.failing = 1
    counters = Counters(engine)
    for table in TABLES[:3]:
        counters.want(table)
    with pytest.raises(ConnectionLost):
        await counters.value(TABLES[0])
    assert await counters.value(TABLES[1]) == 1
    assert await counters.value(TABLES[0]) == 0
    assert set(engine.asked[1]) == set(TABLES[:3])
