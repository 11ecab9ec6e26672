"""Managed tables of the target: their files go with their name, so that another takes their place only by a DROP."""

from __future__ import annotations

import pytest

from tests.lake.moves.world import World

pytestmark = [pytest.mark.xdist_group("lake")]

ANY = ("--allow-destructive", "*")


def managed(world: World, rows: str = "(7, 'theirs', 1)") -> str:
    """A managed table `t` with these rows and partitions, and the configuration that lets it go. Returns its folder."""
    world.target("CREATE SCHEMA IF NOT EXISTS {t}")
    world.target(
        "CREATE TABLE {t}.t (id bigint, v varchar, p integer) WITH (format = 'TEXTFILE',"
        " textfile_field_separator = '|', partitioned_by = ARRAY['p'])"
    )
    world.target(f"INSERT INTO {{t}}.t VALUES {rows}")
    world.configure(replace_managed="drop")
    ((path,),) = world.target('SELECT "$path" FROM {t}.t LIMIT 1')
    return str(path).rpartition("/p=")[0].replace("s3a://", "s3://")


def external(world: World) -> bool:
    """Whether the table is ours: of a managed one Hive's metastore tells a location too, as of an external one."""
    return f"{world.there}/t/" in world.target("SHOW CREATE TABLE {t}.t")[0][0]


def test_a_managed_table_is_dropped_once_its_successor_is_proven(world: World) -> None:
    world.days("t", (1, 2))
    place = managed(world)
    (said,) = [one for one in world.planned()["findings"] if one["code"] == "MG514"]
    assert said["level"] == "destructive"
    assert place in said["text"]
    (swap,) = world.steps("swap")
    assert (swap["risk"], swap["was"]) == ("destructive", [place])
    assert f"--allow-destructive '{world.goal}.t'" in swap["blocked"]
    ran = world.apply()
    assert ran.code == 6, ran.text
    assert world.target("SELECT * FROM {t}.t") == [[7, "theirs", 1]]
    assert "drop what is there, and swap in" in world.plan(*ANY).out
    unproven = world.apply("--no-verify")
    assert unproven.code == 6, unproven.text
    assert world.target("SELECT * FROM {t}.t") == [[7, "theirs", 1]]
    ran = world.apply()
    assert ran.code == 0, ran.text
    world.assert_equal()
    assert external(world)
    world.nothing_left()


@pytest.mark.full
def test_what_was_dropped_is_not_put_back_and_rollback_says_so(world: World) -> None:
    world.days("t", (1, 2))
    world.plain("u")
    managed(world)
    world.plan(*ANY)
    assert world.apply().code == 0
    shown = world.rollback("--dry-run")
    assert f"new:hive.{world.goal}.t: the managed table that was there was dropped" in shown.out
    ran = world.rollback()
    assert ran.code == 7, ran.text
    assert "it cannot be put back" in ran.out + ran.err
    assert world.tables() == ["t"], "the other table of the plan went back"
    world.assert_equal({"t": "t"})


@pytest.mark.full
def test_rows_that_are_written_anew_replace_a_managed_table_too(world: World) -> None:
    world.days("t", (1, 2))
    managed(world)
    world.configure(replace_managed="drop", method="insert_select", via="source_hive")
    world.plan(*ANY)
    ran = world.apply()
    assert ran.code == 0, ran.text
    world.assert_equal()
    assert external(world)
    world.nothing_left()


@pytest.mark.full
def test_a_managed_table_that_is_equal_stays(world: World) -> None:
    world.days("t", (1,), rows=1)
    managed(world, "(0, 'v1', 1)")
    assert "No changes" in world.plan().out
    assert not external(world)


@pytest.mark.full
def test_partitions_that_only_the_managed_table_has_need_a_permission_of_their_own(world: World) -> None:
    world.days("t", (1,))
    managed(world, "(7, 'theirs', 1), (8, 'theirs', 9)")
    assert "--prune" in next(one["text"] for one in world.planned(*ANY)["findings"] if one["code"] == "MG507")
    assert world.apply().code == 6
    world.plan(*ANY, "--prune", f"{world.goal}.t")
    assert world.apply().code == 0
    world.assert_equal()


@pytest.mark.full
def test_a_managed_table_that_was_written_to_since_the_plan_stays(world: World) -> None:
    world.days("t", (1, 2))
    managed(world)
    world.plan(*ANY)
    world.target("INSERT INTO {t}.t VALUES (9, 'later', 1)")
    ran = world.apply()
    assert ran.code == 4, ran.text
    assert world.target("SELECT count(*) FROM {t}.t") == [[2]]


@pytest.mark.full
def test_a_drop_that_would_delete_files_of_another_table_is_refused(world: World) -> None:
    world.days("t", (1, 2))
    place = managed(world)
    world.plan(*ANY)
    world.target(
        "CREATE TABLE {t}.theirs (id bigint, v varchar, p integer) WITH (format = 'TEXTFILE',"
        " textfile_field_separator = '|', partitioned_by = ARRAY['p'], external_location = '{at}/theirs')"
    )
    values = f"'{world.goal}', 'theirs', ARRAY['p'], ARRAY['5'], '{place}/p=1'"
    world.target(f"CALL hive.system.register_partition({values})")
    ran = world.apply()
    assert ran.code == 7, ran.text
    assert f"hive.{world.goal}.theirs is too" in ran.out + ran.err
    (said,) = [one for one in world.planned(*ANY)["findings"] if one["code"] == "MG502"]
    assert f"hive.{world.goal}.theirs is too" in said["text"]
    assert world.target("SELECT * FROM {t}.t") == [[7, "theirs", 1]]
    assert world.target("SELECT * FROM {t}.theirs") == [[7, "theirs", 5]]


@pytest.mark.full
def test_a_drop_that_would_delete_what_the_plan_copies_is_refused(world: World) -> None:
    world.days("t", (1, 2))
    place = managed(world)
    world.configure(replace_managed="drop", location=place)
    (said,) = [one for one in world.planned(*ANY)["findings"] if one["code"] == "MG502"]
    assert f"the files of new:hive.{world.goal}.t would go" in said["text"]
    assert world.apply().code == 6
