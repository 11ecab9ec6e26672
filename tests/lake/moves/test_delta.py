"""Tables of Delta, whose rows are what their log says: a commit that writes no file of data is a write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.lake import Lake
from tests.lake.moves.conftest import Worlds
from tests.lake.moves.world import World, source_schema

pytestmark = [pytest.mark.xdist_group("lake"), pytest.mark.full]


@pytest.fixture
def delta(lake: Lake, worlds: Worlds) -> Iterator[World]:
    """A table without partitions, whose rows go into Delta on the same Trino."""
    with source_schema(lake, "mv") as schema:
        world = worlds(schema, catalog="delta", same_trino=True)
        world.plain("t")
        world.configure(method="insert_select", via="hive")
        yield world


def emptied(world: World) -> None:
    """All rows are deleted by a commit alone: every file of data stays."""
    files = [key for key in world.keys(end=world.goal_end) if "/_" not in key]
    world.target("DELETE FROM {t}.t")
    assert world.target("SELECT count(*) FROM {t}.t") == [[0]]
    assert [key for key in world.keys(end=world.goal_end) if "/_" not in key] == files


def test_a_table_of_delta_whose_rows_were_deleted_is_not_rolled_back(delta: World) -> None:
    delta.moves_all()
    emptied(delta)
    ran = delta.rollback()
    assert ran.code == 7, ran.text
    assert "was written to since it was swapped in" in ran.out + ran.err
    assert delta.target("SELECT count(*) FROM {t}.t") == [[0]]


def test_a_table_of_delta_whose_rows_were_deleted_since_the_plan_is_not_replaced(delta: World) -> None:
    delta.moves_all()
    delta.put("t/g", b"100|new\n")
    delta.plan()
    emptied(delta)
    ran = delta.apply()
    assert ran.code == 4, ran.text
    assert "changed since the plan was made" in ran.out + ran.err


def test_a_table_of_delta_that_nobody_wrote_to_goes_back(delta: World) -> None:
    delta.moves_all()
    delta.put("t/g", b"100|new\n")
    delta.moves_all()
    assert delta.target("SELECT count(*) FROM {t}.t") == [[4]]
    ran = delta.rollback()
    assert ran.code == 0, ran.text
    assert delta.target("SELECT count(*) FROM {t}.t") == [[3]]
