"""Worlds of the lake's moves: schemas and prefixes of their own, gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.command import Migrate
from tests.lab.lake import Lake
from tests.lake.moves.hostile import fill
from tests.lake.moves.world import World, drop_schema, new_name, source_schema

Worlds = Callable[..., World]


@pytest.fixture
def worlds(lake: Lake, tmp_path: Path) -> Iterator[Worlds]:
    """Call it for a world around a schema of the source: its target is on the other Trino unless said."""
    made: list[World] = []

    def build(schema: str, catalog: str = "hive", same_trino: bool = False) -> World:
        folder = tmp_path / f"work{len(made)}"
        folder.mkdir()
        end = lake.source if same_trino else lake.target
        one = World(lake, Migrate(folder), schema, new_name("mvto"), end, catalog)
        made.append(one)
        one.configure()
        return one

    yield build
    for one in made:
        drop_schema(lake, one.goal_end, one.goal_catalog, one.goal)


@pytest.fixture
def world(lake: Lake, worlds: Worlds) -> Iterator[World]:
    """An empty schema on the source, and a target for it."""
    with source_schema(lake, "mv") as schema:
        yield worlds(schema)


@pytest.fixture(scope="module")
def hostile(lake: Lake) -> Iterator[str]:
    """A schema of the source with tables of every kind; nobody changes it."""
    with source_schema(lake, "mvh") as schema:
        fill(lake, schema)
        yield schema
