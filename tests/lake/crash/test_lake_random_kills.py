"""`kill -9` at moments of chance, seeded: each time the same command goes on, at once, to equality.

Apply is killed again and again on one way through its plan; when it got through, a new target begins.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lab.lake import Lake
from tests.lake.crash.command import PLAN, Command, commands
from tests.lake.crash.reader import Reader, reading
from tests.lake.crash.world import MANY, OLD, PART, PLAIN, Sums, World, target_world

pytestmark = [pytest.mark.xdist_group("lake"), pytest.mark.timeout(1800)]

BEGINNING = (0.3, 2.0)
"""Seconds from the start of a command, in which it looks at both sides."""
INSERT = 'method = "insert_select"\nvia = "source_hive"'


class Kills:
    """Kills of one command at a time, `left` of which are to come."""

    def __init__(self, seed: int, number: int) -> None:
        self.left = number
        self.dice = random.Random(seed)
        print(f"seed {seed}")

    async def chain(self, command: Command, most: int) -> None:
        """Kill up to so many runs of apply, each at a moment of its own."""
        for _ in range(min(most, self.left)):
            process = command.start("apply", PLAN)
            moment = await self._moment(command)
            killed = process.kill()
            print(f"  {moment}: {'killed' if killed else 'it had ended'}")
            if not killed:
                return
            self.left -= 1

    async def _moment(self, command: Command) -> str:
        """Wait for one: by the clock at first, then by what the servers are asked."""
        way = self.dice.choice(("beginning", "statements", "statements", "requests"))
        if way == "beginning":
            seconds = self.dice.uniform(*BEGINNING)
            await asyncio.sleep(seconds)
            return f"after {seconds:.2f} s"
        asked = command.target.told if way == "statements" else command.s3.seen
        number = self.dice.randint(1, 60 if way == "statements" else 250)
        began, least, deadline = len(asked), self.dice.uniform(0, 0.05), time.monotonic() + 15
        while len(asked) < began + number and time.monotonic() < deadline:  # noqa: ASYNC110 - lists that grow
            await asyncio.sleep(0.005)
        await asyncio.sleep(least)
        return f"at {len(asked) - began} {way}"


async def old_tables(world: World, tables: tuple[str, ...]) -> tuple[Mapping[str, Sums], Mapping[str, Sums]]:
    """What stands at the target, and what shall."""
    for table in tables:
        await world.make(world.lake.target, table, OLD[table])
    before = {table: await world.ask(world.lake.target, table) for table in tables}
    return before, {table: await world.ask(world.lake.source, table) for table in tables}


@pytest.mark.parametrize(
    ("seed", "kills", "table", "more"),
    [
        (1, 3, "p*", ""),
        pytest.param(2, 20, "p*", "", marks=pytest.mark.full),
        pytest.param(3, 10, MANY, INSERT, marks=pytest.mark.full),
    ],
    ids=["sample", "copy_files", "insert_select"],
)
async def test_tables_arrive_whole_whenever_it_is_killed(
    seed: int, kills: int, table: str, more: str, lake: Lake, crash_source: str, tmp_path: Path
) -> None:
    tables = (MANY,) if more else (PLAIN, PART)
    killing = Kills(seed, kills)
    while killing.left:
        async with target_world(lake, crash_source) as world:
            before, after = await old_tables(world, tables)
            folder = tmp_path / world.new
            folder.mkdir()
            async with commands(folder, lake, world) as command:
                command.write(table, more)
                await command.plan()
                with ExitStack() as stack:
                    readers: list[Reader] = [
                        stack.enter_context(reading(lake.target, world.new, one)) for one in tables
                    ]
                    await killing.chain(command, killing.dice.randint(4, 7))
                    for one in tables:
                        await command.finish(one)
                for reader in readers:
                    check = reader.assert_partitions if reader.table == PART else reader.assert_whole
                    check(before[reader.table], after[reader.table], command.target.told)
