"""The MySQL engine keeps the contract, on real servers: 8.0.33 to 8.0.33, and 8.0.12 to 8.0.33."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.engines.mysql_world import Backdoor, MysqlWorld
from tests.engines.suite import EngineSuite
from tests.engines.world import World
from tests.lab import Lab


@pytest.fixture(scope="module")
def doors(lab: Lab) -> Iterator[dict[str, Backdoor]]:
    """A way behind the engines' backs to every server."""
    user = f"suite_{uuid.uuid4().hex[:8]}"
    made = {name: Backdoor(server, user) for name, server in lab.servers.items()}
    yield made
    for door in made.values():
        door.close()


@pytest_asyncio.fixture(params=["source", "old"], ids=["8.0.33", "8.0.12"])
async def world(request: pytest.FixtureRequest, doors: dict[str, Backdoor]) -> AsyncIterator[MysqlWorld]:
    made = MysqlWorld(doors[request.param], doors["target"])
    yield made
    await made.close()


class TestMysql(EngineSuite):
    """Real servers."""


def _is_a_world(world: MysqlWorld) -> World:
    return world  # mypy proves here that nothing is missing
