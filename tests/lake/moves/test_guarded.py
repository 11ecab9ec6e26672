"""What somebody else did to the target between plan, swap and rollback is seen, and nothing of it is lost."""

from __future__ import annotations

import pytest

from tests.lake.moves.world import PLAN, World

pytestmark = [pytest.mark.xdist_group("lake"), pytest.mark.full]


def test_a_table_that_was_written_to_since_the_plan_is_not_replaced(world: World) -> None:
    world.plain("t")
    world.moves_all()
    world.put("t/g", b"100|new\n")
    world.plan()
    world.target("INSERT INTO {t}.t VALUES (99, 'theirs')")
    ran = world.apply()
    assert ran.code == 4, ran.text
    assert "changed since the plan was made" in ran.out + ran.err
    assert world.target("SELECT v FROM {t}.t WHERE id = 99") == [["theirs"]]


def test_a_partition_that_was_rewritten_since_the_plan_is_not_replaced(world: World) -> None:
    world.days("t", (1, 2))
    world.moves_all()
    world.write("t", 2, 7)
    world.plan()
    world.target("INSERT INTO {t}.t VALUES (99, 'theirs', 2)")
    ran = world.apply()
    assert ran.code == 4, ran.text
    assert "its partitions changed since the plan was made" in ran.out + ran.err
    assert world.target("SELECT v FROM {t}.t WHERE id = 99") == [["theirs"]]


def test_a_table_made_anew_under_the_name_is_no_proven_one(world: World) -> None:
    world.plain("t")
    world.moves_all()
    world.target("DROP TABLE {t}.t")
    world.theirs("t", "{at}/elsewhere")
    world.plan()
    assert [step["kind"] for step in world.steps()][:1] == ["copy_files"]


def test_rollback_leaves_a_table_of_somebody_else_under_the_name(world: World) -> None:
    world.plain("t")
    world.moves_all()
    world.target("DROP TABLE {t}.t")
    world.theirs("t", "{at}/elsewhere")
    ran = world.rollback()
    assert ran.code == 7, ran.text
    assert "another table has its name" in ran.out + ran.err
    assert world.tables() == ["t"]


def test_a_table_that_another_plan_has_put_aside_is_not_made_beside_it(world: World) -> None:
    world.plain("t")
    world.moves_all()
    world.put("t/g", b"100|new\n")
    world.plan()
    (swap,) = world.steps("swap")
    world.target(swap["sql"][0].replace("\n", " "))
    (said,) = [one for one in world.planned()["findings"] if one["code"] == "MG201"]
    assert "put it aside" in said["text"]
    assert world.steps() == []


def test_a_filter_that_lets_nothing_through_is_nothing(world: World) -> None:
    world.days("t", (1, 2))
    world.moves_all()
    world.configure(partitions="p = 77")
    world.plan()
    assert world.steps() == []
    ran = world.migrate("verify", PLAN)
    assert ran.code == 0, ran.text


def test_a_partition_whose_files_hold_no_rows_is_replaced(world: World) -> None:
    world.days("t", (1, 2))
    world.moves_all()
    world.put("t/p=2/f", b"")
    world.put("t/p=2/_SUCCESS", b"")
    world.moves_all()
    assert world.target("SELECT p, count(*) FROM {t}.t GROUP BY 1") == [[1, 2]]
    world.nothing_left()
