"""Moves of chosen partitions, and what later plans do with those that came, changed or went."""

from __future__ import annotations

import pytest

from tests.e2e.command import refused
from tests.lake.moves.conftest import Worlds
from tests.lake.moves.world import World
from tests.lake.questions import asked

pytestmark = [pytest.mark.xdist_group("lake")]


@pytest.mark.full
def test_a_filter_chooses_partitions_which_the_plan_lists_with_files_and_bytes(world: World) -> None:
    world.days("t", (1, 2, 3, 4))
    world.write("t", 3, 5, "second")
    world.configure(partitions="p >= 2 AND p < 4")
    plan = world.plan()
    assert world.parts("t") == {"p=2": (1, 10), "p=3": (2, 35)}
    assert "2" in plan.out
    world.write("t", 5, 1)  # comes after the plan, and fits no partition of it
    world.write("t", 25, 1)  # its name begins as that of one that is meant
    world.show("t")
    assert world.apply().code == 0
    assert world.target("SELECT p, count(*) FROM {t}.t GROUP BY p ORDER BY p") == [[2, 2], [3, 7]]
    world.nothing_left()


@pytest.mark.full
def test_partitions_that_come_after_the_plan_are_left_for_the_next_one(world: World) -> None:
    world.days("t", (1, 2))
    world.configure(partitions="p < 10")
    world.plan()
    world.write("t", 3, 4)
    world.show("t")
    ran = world.apply()
    assert ran.code == 0, ran.text
    assert world.target("SELECT DISTINCT p FROM {t}.t ORDER BY p") == [[1], [2]]
    world.plan()
    assert world.parts("t") == {"p=3": (1, 20)}
    world.moves_all()
    world.assert_equal()
    world.nothing_left()


@pytest.mark.full
def test_a_filter_on_anything_else_is_refused_with_advice(world: World) -> None:
    world.days("t", (1,))
    for condition, named in (
        ("v = 'x'", "v"),
        ("p = 1 AND nonsense > 2", "nonsense"),
        ("p = 'text'", "p"),
        ("p = 1; DROP TABLE t", "semicolon"),
        ("p IN (SELECT 1)", "subquery"),
    ):
        world.configure(partitions=condition)
        refused(world.migrate("plan"), 1, f"{world.schema}.t", named)
        assert not world.migrate.plan.exists()


def test_changed_and_new_partitions_alone_are_copied(world: World) -> None:
    world.days("t", (1, 2, 3))
    world.moves_all()
    before = set(world.keys(end=world.goal_end))
    world.write("t", 2, 7)
    world.write("t", 4, 1)
    world.show("t")
    world.plan()
    assert world.parts("t") == {"p=2": (1, 35), "p=4": (1, 5)}
    assert world.apply().code == 0
    world.assert_equal()
    world.nothing_left()
    new = {key for key in world.keys(end=world.goal_end) if key not in before and not key.startswith("_migrate/")}
    assert sorted(key.rpartition("/")[0].rpartition("/")[2] for key in new) == ["p=2", "p=4"]
    assert before <= set(world.keys(end=world.goal_end))  # nothing was deleted
    assert [name for name in world.every_table() if name.startswith("_mo_")] == []


@pytest.mark.full
def test_a_sync_with_a_filter_leaves_other_partitions_alone(world: World) -> None:
    world.days("t", (1, 2, 3))
    world.moves_all()
    world.write("t", 1, 9)
    world.write("t", 3, 8)
    world.configure(partitions="p > 1")
    world.plan()
    assert set(world.parts("t")) == {"p=3"}
    assert world.apply().code == 0
    assert world.target("SELECT p, count(*) FROM {t}.t GROUP BY p ORDER BY p") == [[1, 2], [2, 2], [3, 8]]
    world.nothing_left()


@pytest.mark.full
def test_partitions_gone_at_the_source_stay_until_they_are_pruned(world: World) -> None:
    world.days("t", (1, 2, 3))
    world.moves_all()
    world.source(f"CALL hive.system.unregister_partition('{world.schema}', 't', ARRAY['p'], ARRAY['2'])")
    found = world.planned()
    assert [(one["code"], "p=2" in one["text"]) for one in found["findings"] if one["code"] == "MG503"] == [
        ("MG503", True)
    ]
    assert not found["changes"]
    glob = f"{world.goal}.t"
    assert "MG504" in world.codes("--prune", glob)
    assert [step["risk"] for step in world.steps("swap")] == ["destructive"]
    ran = world.apply()
    assert ran.code == 0, ran.text
    world.assert_equal()
    assert world.rollback().code == 0
    assert world.target("SELECT p, count(*) FROM {t}.t GROUP BY p ORDER BY p") == [[1, 2], [2, 2], [3, 2]]


@pytest.mark.full
def test_a_hundred_and_more_partitions_are_inserted_in_batches(world: World) -> None:
    world.days("t", range(130), rows=1)
    world.configure(method="insert_select", via="source_hive")
    world.moves_all()
    (insert,) = world.steps("insert_select")
    assert len(insert["batch"]) == 3
    world.assert_equal()
    world.nothing_left()


@pytest.mark.full
def test_partitions_without_files_are_there_too(world: World) -> None:
    world.days("t", (1,))
    world.source(f"CALL hive.system.create_empty_partition('{world.schema}', 't', ARRAY['p'], ARRAY['7'])")
    world.put("t/p=8/_SUCCESS", b"")
    world.show("t")
    world.moves_all()
    assert world.target('SELECT p FROM {t}."t$partitions" ORDER BY p') == [[1], [7], [8]]
    world.nothing_left()


@pytest.mark.full
def test_many_partitions_of_iceberg_go_into_hive_in_batches(world: World, worlds: Worlds) -> None:
    there = worlds(world.schema, same_trino=True)
    table = f"iceberg.{world.schema}.t"
    world.source(
        f"CREATE TABLE {table} (id bigint, p timestamp(6)) WITH (partitioning = ARRAY['p'], location = '{{at}}/t')"
    )
    for first in (0, 75):  # more than a hundred at once are not written to Iceberg either
        world.source(
            f"INSERT INTO {table} SELECT n,"
            " IF(n = 12, NULL, TIMESTAMP '2024-01-01 00:00:00.000000' + n * INTERVAL '1' HOUR)"
            f" FROM UNNEST(sequence({first}, {first + 74})) AS s (n)"
        )
    there.configure(
        from_=f"old:iceberg.{world.schema}.*",
        to=f"old:hive.{there.goal}.*",
        method="insert_select",
        where={"*.t": "id > 9"},
    )
    there.moves_all()
    (insert,) = there.steps("insert_select")
    assert len(insert["batch"]) == 3
    counted = "SELECT CAST(p AS timestamp(3)), count(*), checksum(id) FROM {} WHERE id > 9 GROUP BY 1 ORDER BY 1"
    assert there.target(counted.format("{t}.t")) == world.source(counted.format(table))
    there.nothing_left()
    world.source(f"DROP TABLE {table}")


def test_partitions_of_all_tables_are_read_once_by_few_queries(world: World) -> None:
    tables = [f"t{number}" for number in range(3)]
    for name in tables:
        world.days(name, (1, 2))
    world.plan()
    assert asked(world.lake.source, world.schema, "SHOW CREATE") == len(tables)
    assert asked(world.lake.source, world.schema, "$partitions") == 1
    world.moves_all()
    ends = [(world.lake.source, world.schema), (world.goal_end, world.goal)]
    before = [asked(end, schema, "$partitions") for end, schema in ends]
    for name in tables:
        world.write(name, 2, 7)
    world.plan()
    now = [asked(end, schema, "$partitions") for end, schema in ends]
    assert [one - other for one, other in zip(now, before, strict=True)] == [1, 1]
    assert {name: world.parts(name) for name in tables} == {name: {"p=2": (1, 35)} for name in tables}
