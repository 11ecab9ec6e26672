"""The MySQL engine keeps the contract, on real servers of MySQL: within a version, and to a newer one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.engines.mysql_world import Doors, MysqlWorld
from tests.engines.suite import EngineSuite
from tests.engines.world import World
from tests.lab import Lab

PAIRS = {
    "8.0.33": ("source", "target"),
    "8.0.12 to 8.0.33": ("old", "target"),
    "8.0.12 to 9.7": ("old", "new"),
    "9.7": ("new", "twin of new"),
}


@pytest.fixture(scope="module")
def doors(lab: Lab) -> Iterator[Doors]:
    """A way behind the engines' backs to every server."""
    made = Doors(lab.servers)
    yield made
    made.close()


@pytest_asyncio.fixture(params=PAIRS.values(), ids=list(PAIRS))
async def world(request: pytest.FixtureRequest, doors: Doors) -> AsyncIterator[MysqlWorld]:
    source, target = request.param
    made = MysqlWorld(doors[source], doors[target])
    yield made
    await made.close()


class TestMysql(EngineSuite):
    """Real servers."""


def _is_a_world(world: MysqlWorld) -> World:
    return world  # mypy proves here that nothing is missing
