"""What a plan has replaced is removed for good: what our proofs name, and nothing that anything still shows."""

from __future__ import annotations

import pytest

from tests.e2e.command import Ran
from tests.lake.moves.world import PLAN, World

pytestmark = [pytest.mark.xdist_group("lake")]


def gc(world: World, *words: str) -> Ran:
    return world.migrate("gc", PLAN, *words)


@pytest.mark.full
def test_a_replaced_table_goes_with_its_files_and_with_nothing_else(world: World) -> None:
    world.plain("t")
    world.moves_all()
    (old,) = world.target("SELECT DISTINCT regexp_replace(\"$path\", '/[^/]*$', '') FROM {t}.t")[0]
    world.put("t/g", b"100|new\n")
    world.moves_all()
    token = old.rpartition("/")[2]
    world.put(f"t/{token}/strange", b"of somebody else", end=world.goal_end)
    before = world.keys("t", end=world.goal_end)
    shown = gc(world, "--dry-run")
    assert shown.code == 0, shown.text
    assert shown.out.count("DROP TABLE") == 1
    assert "would delete  1 object (" in shown.out
    assert world.keys("t", end=world.goal_end) == before

    ran = gc(world)
    assert ran.code == 0, ran.text
    assert "removed 1 object" in ran.out
    assert world.every_table() == ["t"]
    gone = set(before) - set(world.keys("t", end=world.goal_end))
    assert [key.rpartition("/")[0] for key in gone] == [f"t/{token}"]
    assert f"t/{token}/strange" in world.keys("t", end=world.goal_end)
    world.assert_equal()
    again = gc(world)
    assert (again.code, "Nothing to remove." in again.out) == (0, True), again.text
    refused = world.rollback()
    assert refused.code == 7
    assert "removed by migrate gc" in refused.out + refused.err


def test_replaced_partitions_go_and_those_that_stay_are_kept(world: World) -> None:
    world.days("t", (1, 2, 3))
    world.moves_all()
    world.write("t", 2, 7)
    world.show("t")
    world.moves_all()
    before = set(world.keys("t", end=world.goal_end))
    ran = gc(world)
    assert ran.code == 0, ran.text
    gone = before - set(world.keys("t", end=world.goal_end))
    assert [key.split("/")[2:] for key in gone] == [["p=2", "f"]]
    world.assert_equal()


@pytest.mark.full
def test_files_that_a_table_of_somebody_else_shows_stay(world: World) -> None:
    world.plain("t")
    world.moves_all()
    (old,) = world.target("SELECT DISTINCT regexp_replace(\"$path\", '/[^/]*$', '') FROM {t}.t")[0]
    world.put("t/g", b"100|new\n")
    world.moves_all()
    world.theirs("other", old)
    before = world.keys("t", end=world.goal_end)
    shown = gc(world, "--dry-run")
    assert "used by" in shown.out, shown.text
    ran = gc(world)
    assert ran.code == 0, ran.text
    assert "used by" in ran.out
    assert world.keys("t", end=world.goal_end) == before
    assert world.target("SELECT count(*) FROM {t}.other") == [[3]]


@pytest.mark.full
def test_what_was_rolled_back_can_be_removed_and_planned_again(world: World) -> None:
    world.days("t", (1, 2))
    world.moves_all()
    assert world.rollback().code == 0
    ran = gc(world)
    assert ran.code == 0, ran.text
    assert "removed 2 objects" in ran.out
    assert world.every_table() == []
    world.moves_all()
    world.assert_equal()


@pytest.mark.full
def test_a_plan_that_is_not_done_is_no_garbage(world: World) -> None:
    world.plain("t")
    assert world.migrate("plan", "-o", PLAN).code == 0
    ran = gc(world)
    assert (ran.code, "Nothing to remove." in ran.out) == (0, True), ran.text
