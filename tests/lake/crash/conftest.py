"""A source for all of these tests, a target and the command for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.lab.lake import Lake
from tests.lake.crash.command import Command, commands
from tests.lake.crash.world import World, source_world, target_world


@pytest.fixture(scope="session")
def crash_source(lake: Lake) -> Iterator[str]:
    """The schema at the source."""
    loop = asyncio.new_event_loop()
    opened = source_world(lake)
    try:
        yield loop.run_until_complete(opened.__aenter__())
        loop.run_until_complete(opened.__aexit__(None, None, None))
    finally:
        loop.close()


@pytest.fixture
async def world(lake: Lake, crash_source: str) -> AsyncIterator[World]:
    async with target_world(lake, crash_source) as made:
        yield made


@pytest.fixture
async def command(tmp_path: Path, lake: Lake, world: World) -> AsyncIterator[Command]:
    async with commands(tmp_path, lake, world) as made:
        yield made
