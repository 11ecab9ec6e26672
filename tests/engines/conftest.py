"""Fixtures of the engines' tests."""

from __future__ import annotations

import pytest

from tests.lab import Lab
from tests.lab import Server as LabServer


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
