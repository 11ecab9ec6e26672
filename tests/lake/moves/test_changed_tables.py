"""Tables whose definition changes after a first move, and tables that can only be copied whole."""

from __future__ import annotations

import pytest

from tests.lake.moves.world import World

pytestmark = [pytest.mark.xdist_group("lake")]


@pytest.mark.full
def test_a_table_without_partitions_is_copied_whole_and_the_old_one_kept(world: World) -> None:
    world.plain("t")
    world.moves_all()
    world.put("t/g", b"100|new\n")
    assert "MG507" in world.codes()
    assert world.apply().code == 0
    world.assert_equal()
    (kept,) = [name for name in world.every_table() if name.startswith("_mo_")]
    assert world.target(f"SELECT count(*) FROM {{t}}.{kept}") == [[3]]
    world.nothing_left()


@pytest.mark.full
def test_a_column_that_was_added_comes_after(world: World) -> None:
    world.days("t", (1, 2))
    world.moves_all()
    world.source("ALTER TABLE {s}.t ADD COLUMN more varchar COMMENT 'it''s new'")
    world.put("t/p=3/f", b"1|v|m\n")
    world.show("t")
    glob = f"{world.goal}.t"
    world.plan("--allow-destructive", glob)
    ran = world.apply()
    assert ran.code == 0, ran.text
    world.assert_equal()
    assert world.target("SELECT more FROM {t}.t WHERE p = 3") == [["m"]]
    world.nothing_left()


@pytest.mark.full
def test_a_comment_alone_moves_no_file(world: World) -> None:
    world.days("t", (1, 2))
    world.moves_all()
    world.source("COMMENT ON TABLE {s}.t IS 'it''s a table'")
    world.source("COMMENT ON COLUMN {s}.t.v IS 'a \"value\"'")
    world.plan()
    assert world.steps("copy_files") == []
    ran = world.apply()
    assert ran.code == 0, ran.text
    ((shown,),) = world.target("SHOW CREATE TABLE {t}.t")
    assert "COMMENT 'it''s a table'" in shown
    assert "v varchar COMMENT 'a \"value\"'" in shown
    world.nothing_left()


@pytest.mark.full
def test_a_comment_and_a_partition_change_together(world: World) -> None:
    world.days("t", (1, 2))
    world.moves_all()
    world.source("COMMENT ON TABLE {s}.t IS NULL")
    world.source("COMMENT ON COLUMN {s}.t.id IS 'key'")
    world.write("t", 2, 9)
    world.plan()
    assert set(world.parts("t")) == {"p=2"}
    ran = world.apply()
    assert ran.code == 0, ran.text
    world.assert_equal()
    world.nothing_left()


@pytest.mark.full
@pytest.mark.parametrize("partitioned", [True, False])
def test_statistics_are_collected_when_asked_for(world: World, partitioned: bool) -> None:
    (world.days if partitioned else world.plain)("t")
    world.configure(analyze=True)
    world.moves_all()
    total = world.target("SHOW STATS FOR {t}.t")[-1]
    assert total[4] == float(world.source("SELECT count(*) FROM {s}.t")[0][0])
    world.nothing_left()


@pytest.mark.full
def test_a_plan_that_was_given_up_is_in_nobodys_way(world: World) -> None:
    world.days("t", (1, 2))
    world.plan()
    given_up = world.migrate.plan.read_bytes()
    assert world.apply().code == 0
    world.write("t", 3, 1)
    world.show("t")
    world.plan()
    world.write("t", 3, 2)  # this plan is stale before it is applied
    assert world.apply().code == 4
    world.moves_all()
    world.assert_equal()
    world.migrate.plan.write_bytes(given_up)
    ran = world.apply()
    assert ran.code in (0, 4), ran.text
    world.assert_equal()
