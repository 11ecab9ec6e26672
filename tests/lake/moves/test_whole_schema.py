"""A whole hostile schema by each way that a lake has: equal by rows and checksums, and nothing to do afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.lake import Lake
from tests.lake.moves.conftest import Worlds
from tests.lake.moves.hostile import NAMES, PARTITIONS, VALUES
from tests.lake.moves.world import base_tables

pytestmark = [pytest.mark.xdist_group("lake")]

ROWS = {
    "hostile": len(VALUES) + 3,
    "many": 2 * PARTITIONS,
    "csv": 4,
    "empty": 0,
    "hollow": 1,
    "junk": 4,
    "irregular": 3,
}


def test_by_files_through_this_machine(hostile: str, worlds: Worlds) -> None:
    world = worlds(hostile)
    world.configure(method="copy_files")
    world.moves_all()
    rows = world.assert_equal()
    assert {name: rows[name] for name in ROWS} == ROWS
    assert {name.lower() for name in NAMES} <= set(world.tables())
    assert world.target("SELECT DISTINCT price FROM {t}.seen") == world.source("SELECT DISTINCT price FROM {s}.seen")
    assert world.target('SELECT DISTINCT price FROM {t}."seen twice"') != []
    assert {step["way"] for step in world.steps("copy_files")} == {"stream"}
    world.nothing_left()


@pytest.mark.full
def test_by_files_within_the_store(hostile: str, worlds: Worlds, lake: Lake) -> None:
    world = worlds(hostile)
    world.configure(method="copy_files", keys=(lake.both, lake.both))
    world.moves_all()
    assert {step["way"] for step in world.steps("copy_files")} == {"server"}
    world.assert_equal()
    world.nothing_left()


@pytest.mark.full
@pytest.mark.parametrize(
    ("catalog", "same_trino"), [("hive", True), ("hive", False), ("iceberg", True), ("iceberg", False)]
)
def test_by_rows(hostile: str, worlds: Worlds, catalog: str, same_trino: bool) -> None:
    world = worlds(hostile, catalog=catalog, same_trino=same_trino)
    via: dict[str, Any] = {} if same_trino else {"via": "source_hive"}
    to = f"old:{catalog}.{world.goal}.*" if same_trino else ""
    world.configure(method="insert_select", to=to, exclude=[f"{hostile}.seen*"], **via)
    world.moves_all()
    lost = {"$dollar"} if catalog == "iceberg" else set[str]()  # such a name means another thing there
    names = set(base_tables(world.lake.source, "hive", hostile)) - lost
    assert set(world.tables()) == names
    world.assert_equal({name: name for name in names})
    world.nothing_left()
