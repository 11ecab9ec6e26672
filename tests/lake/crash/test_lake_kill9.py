"""`kill -9` at every named point of a lake's moves: the same command finishes at once, and readers saw whole tables."""

from __future__ import annotations

import pytest

from tests.lake.crash.command import Command
from tests.lake.crash.reader import reading
from tests.lake.crash.statements import Hold
from tests.lake.crash.world import NEW, OLD, PART, PLAIN, World

pytestmark = [pytest.mark.xdist_group("lake"), pytest.mark.timeout(300)]


async def test_between_the_two_renames_of_a_swap(command: Command, world: World) -> None:
    await world.make(world.lake.target, PLAIN, OLD[PLAIN])
    command.write(PLAIN)
    before = await world.ask(world.lake.target, PLAIN)
    after = await world.ask(world.lake.source, PLAIN)
    with reading(world.lake.target, world.new, PLAIN) as reader:
        await command.plan()
        await command.killed_at(Hold(rf'\."{PLAIN}" RENAME TO', "after"))
        await command.finish(PLAIN)
    reader.assert_whole(before, after, command.target.told)
    assert NEW
