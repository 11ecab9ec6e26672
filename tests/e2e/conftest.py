"""Fixtures of the tests that run the real command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import Migrate
from tests.e2e.world import World, fill
from tests.lab import Server


@pytest.fixture
def migrate(tmp_path: Path) -> Migrate:
    """The command in an empty folder of the test's own."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Migrate(folder)


@pytest.fixture
def world(migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas) -> World:
    """A shop of two tables on the source, configured to move, not planned yet."""
    schema, goal = fresh_schemas("e2e_fail", source), fresh_schemas("e2e_fail_to")
    fill(source, schema)
    made = World(migrate, source, target, schema, goal)
    made.configure()
    return made
