"""Fixtures of the engines' tests."""

from __future__ import annotations

import pytest

from tests.lab import Lab
from tests.lab import Server as LabServer


@pytest.fixture(params=["source", "old"], ids=["8.0.33", "8.0.12"])
def any_server(request: pytest.FixtureRequest, lab: Lab) -> LabServer:
    """Each MySQL version of the lab in turn."""
    return lab.servers[request.param]
