"""What a plan swapped in gives its place back, exactly once, and not when somebody wrote to it since."""

from __future__ import annotations

import pytest

from tests.lake.moves.world import World

pytestmark = [pytest.mark.xdist_group("lake")]


@pytest.mark.full
def test_a_table_that_was_new_goes_back_aside(world: World) -> None:
    world.days("t", (1, 2))
    world.moves_all()
    shown = world.rollback("--dry-run")
    assert shown.code == 0
    assert shown.out.count("would run") == 1
    assert world.tables() == ["t"]
    ran = world.rollback()
    assert ran.code == 0, ran.text
    assert world.tables() == []
    again = world.rollback()
    assert again.code == 0
    assert "Nothing to roll back" in again.out
    world.moves_all()
    world.assert_equal()
    world.nothing_left()


@pytest.mark.full
def test_a_table_that_replaced_another_gives_its_name_back(world: World) -> None:
    world.plain("t")
    world.moves_all()
    world.put("t/g", b"100|new\n")
    world.moves_all()
    assert world.target("SELECT count(*) FROM {t}.t") == [[4]]
    ran = world.rollback()
    assert ran.code == 0, ran.text
    assert world.target("SELECT count(*) FROM {t}.t") == [[3]]
    again = world.rollback()
    assert (again.code, "Nothing to roll back" in again.out) == (0, True), again.text
    assert world.target("SELECT count(*) FROM {t}.t") == [[3]]
    world.moves_all()
    world.assert_equal()
    assert world.rollback().code == 0
    assert world.target("SELECT count(*) FROM {t}.t") == [[3]]


def test_partitions_go_back_to_where_they_were(world: World) -> None:
    world.days("t", (1, 2, 3))
    world.moves_all()
    places = world.target('SELECT p, "$path" FROM {t}.t ORDER BY 1, 2')
    world.write("t", 2, 7)
    world.write("t", 4, 1)
    world.show("t")
    world.moves_all()
    world.assert_equal()
    shown = world.rollback("--dry-run")
    assert shown.out.count("unregister_partition") == 2
    assert world.rollback().code == 0
    assert world.target('SELECT p, "$path" FROM {t}.t ORDER BY 1, 2') == places
    again = world.rollback()
    assert (again.code, "Nothing to roll back" in again.out) == (0, True), again.text
    assert world.target('SELECT p, "$path" FROM {t}.t ORDER BY 1, 2') == places
    world.moves_all()
    world.assert_equal()
    world.nothing_left()


@pytest.mark.full
@pytest.mark.parametrize("partitioned", [True, False])
def test_what_was_written_to_since_stays(world: World, partitioned: bool) -> None:
    if partitioned:
        world.days("t", (1, 2))
        more = "INSERT INTO {t}.t VALUES (99, 'theirs', 2)"
    else:
        world.plain("t")
        more = "INSERT INTO {t}.t VALUES (99, 'theirs')"
    world.moves_all()
    world.target(more)
    ran = world.rollback()
    assert ran.code == 7, ran.text
    assert "written to" in ran.out + ran.err
    assert world.target("SELECT v FROM {t}.t WHERE id = 99") == [["theirs"]]


@pytest.mark.full
def test_a_new_partition_that_somebody_wrote_since_stays(world: World) -> None:
    world.days("t", (1, 2))
    world.moves_all()
    world.target("INSERT INTO {t}.t VALUES (99, 'theirs', 77)")
    ran = world.rollback()
    assert ran.code == 7, ran.text
    assert world.target("SELECT v FROM {t}.t WHERE id = 99") == [["theirs"]]


@pytest.mark.full
def test_rows_that_trino_wrote_go_back_too(world: World) -> None:
    world.plain("t")
    world.configure(method="insert_select", via="source_hive")
    world.moves_all()
    world.put("t/g", b"100|new\n")
    world.moves_all()
    assert world.rollback().code == 0
    assert world.target("SELECT count(*) FROM {t}.t") == [[3]]
    world.moves_all()
    world.target("INSERT INTO {t}.t VALUES (99, 'theirs')")
    ran = world.rollback()
    assert ran.code == 7, ran.text
    assert world.target("SELECT count(*) FROM {t}.t") == [[5]]


@pytest.mark.full
def test_a_plan_that_a_later_one_went_on_from_is_not_rolled_back_first(world: World) -> None:
    world.days("t", (1, 2))
    world.moves_all()
    first = world.migrate.plan.read_bytes()
    world.write("t", 2, 7)
    world.moves_all()
    second = world.migrate.plan.read_bytes()
    world.migrate.plan.write_bytes(first)
    ran = world.rollback()
    assert ran.code == 7, ran.text
    assert "later plan" in ran.out + ran.err
    world.assert_equal()
    for plan in (second, first):
        world.migrate.plan.write_bytes(plan)
        ran = world.rollback()
        assert ran.code == 0, ran.text
    assert world.tables() == []
