"""The MySQL engine keeps the contract, on real servers of MariaDB: within a version, to a newer one, and with MySQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.engines.mysql_world import Doors, MysqlWorld
from tests.engines.suite import EngineSuite
from tests.lab import Lab

PAIRS = {
    "10.11": ("maria10", "twin of maria10"),
    "11.8": ("maria11", "twin of maria11"),
    "10.11 to 11.8": ("maria10", "maria11"),
    "8.0.33 to 11.8": ("source", "maria11"),
    "11.8 to 8.0.33": ("maria11", "target"),
}


@pytest.fixture(scope="module")
def doors(lab: Lab, maria: Lab) -> Iterator[Doors]:
    """A way behind the engines' backs to every server."""
    made = Doors({**lab.servers, **maria.servers})
    yield made
    made.close()


@pytest_asyncio.fixture(params=PAIRS.values(), ids=list(PAIRS))
async def world(request: pytest.FixtureRequest, doors: Doors) -> AsyncIterator[MysqlWorld]:
    source, target = request.param
    made = MysqlWorld(doors[source], doors[target])
    yield made
    await made.close()


class TestMariadb(EngineSuite):
    """Real servers."""
