"""Fixtures of the engines' tests."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from tests.engines.suite import EngineSuite
from tests.lab import Lab
from tests.lab import Server as LabServer

OFTEN = 2
"""Pairs of servers that each test of the suite is run between in `make test`; every pair has its turn."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the suite between pairs of servers a sample runs in `make test`; a test's name says which."""
    pairs: dict[str, list[pytest.Function]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and item.cls and issubclass(item.cls, EngineSuite):
            given = dict(item.callspec.params) if hasattr(item, "callspec") else {}
            if given.pop("world", None):
                pairs[f"{item.cls.__name__} {item.originalname} {given}"].append(item)
    for title, some in pairs.items():
        for item in random.Random(title).sample(some, max(0, len(some) - OFTEN)):
            item.add_marker(pytest.mark.full)


@pytest.fixture(params=["source", "old", "new"], ids=["8.0.33", "8.0.12", "9.7"])
def any_server(request: pytest.FixtureRequest, lab: Lab) -> LabServer:
    """Each MySQL version of the lab in turn."""
    return lab.servers[request.param]


@pytest.fixture(params=["maria10", "maria11"], ids=["10.11", "11.8"])
def any_mariadb(request: pytest.FixtureRequest, maria: Lab) -> LabServer:
    """Each MariaDB version of the lab in turn."""
    return maria.servers[request.param]


@pytest.fixture(params=["source", "old", "new", "maria10", "maria11"], ids=["8.0.33", "8.0.12", "9.7", "10.11", "11.8"])
def every_server(request: pytest.FixtureRequest, lab: Lab, maria: Lab) -> LabServer:
    """Each version of MySQL and of MariaDB in turn."""
    return {**lab.servers, **maria.servers}[request.param]
