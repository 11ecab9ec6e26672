"""A table that is there is made whole again only where nothing of it would be lost, or that is permitted."""

from __future__ import annotations

import pytest

from tests.lake.moves.world import World

pytestmark = [pytest.mark.xdist_group("lake")]


@pytest.mark.full
def test_partitions_that_only_the_target_has_are_not_lost_by_insert_select(world: World) -> None:
    world.days("t", (1, 2))
    world.configure(method="insert_select", via="source_hive")
    world.moves_all()
    world.target("INSERT INTO {t}.t VALUES (99, 'theirs', 7)")
    world.write("t", 2, 5)
    world.plan()
    (blocked,) = [step for step in world.steps() if step.get("blocked")]
    assert "1 partition would be lost that only it has" in blocked["blocked"]
    ran = world.apply()
    assert ran.code == 6, ran.text
    assert world.target("SELECT v FROM {t}.t WHERE id = 99") == [["theirs"]]

    world.plan("--prune", "*.t")
    assert world.apply().code == 0
    world.assert_equal()


@pytest.mark.full
def test_rows_that_a_condition_leaves_out_are_not_lost(world: World) -> None:
    world.plain("t", rows=6)
    world.configure(method="insert_select", via="source_hive")
    world.moves_all()
    world.configure(method="insert_select", via="source_hive", where={"*.t": "id < 3"})
    world.plan()
    (blocked,) = [step for step in world.steps() if step.get("blocked")]
    assert "rows that the condition leaves out would be lost" in blocked["blocked"]
    assert world.apply().code == 6
    assert world.target("SELECT count(*) FROM {t}.t") == [[6]]


@pytest.mark.full
def test_a_filtered_move_that_copies_a_table_whole_does_not_lose_the_partitions_beside(world: World) -> None:
    world.days("t", (1, 2))
    world.moves_all()
    world.source("ALTER TABLE {s}.t ADD COLUMN w varchar")
    world.configure(partitions="p = 1")
    world.plan("--allow-destructive", "*.t")
    (blocked,) = [step for step in world.steps() if step.get("blocked")]
    assert "1 partition would be lost that only it has" in blocked["blocked"]
    assert world.apply().code == 6
    assert world.target("SELECT DISTINCT p FROM {t}.t ORDER BY p") == [[1], [2]]
