"""Fixtures of the tests that run the real command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import Migrate


@pytest.fixture
def migrate(tmp_path: Path) -> Migrate:
    """The command in an empty folder of the test's own."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Migrate(folder)
