"""A side that is not what was planned: nothing wrong is swapped in, and what changed is named."""

from __future__ import annotations

import asyncio

import pytest

from tests.lake.faults import Answer, Request, faults
from tests.lake.moves.world import World

pytestmark = [pytest.mark.xdist_group("lake")]


def stale(world: World, *named: str) -> None:
    ran = world.apply()
    assert ran.code == 4, ran.text
    for one in named:
        assert one in ran.err, ran.text
    assert "migrate plan" in ran.err


def test_an_object_that_changed_or_went_since_the_plan_is_named(world: World) -> None:
    world.days("t", (1, 2, 3))
    world.plan()
    world.write("t", 2, 3)
    stale(world, f"{world.schema}.t p=2")
    world.write("t", 2, 2)
    world.plan()
    world.remove("t/p=3/f")
    stale(world, f"{world.schema}.t p=3")
    assert world.every_table() == []


@pytest.mark.full
def test_a_definition_that_changed_since_the_plan_is_named(world: World) -> None:
    world.days("t", (1,))
    world.plan()
    world.source("ALTER TABLE {s}.t ADD COLUMN more varchar")
    stale(world, f"{world.schema}.t")
    assert world.every_table() == []


@pytest.mark.full
def test_a_table_that_somebody_made_meanwhile_stays(world: World) -> None:
    world.days("t", (1,))
    world.plan()
    world.target("CREATE SCHEMA {t}")
    world.target("CREATE TABLE {t}.t (other integer) WITH (external_location = '{at}/theirs')")
    world.target("INSERT INTO {t}.t VALUES 5")
    stale(world, f"{world.goal}.t")
    assert world.target("SELECT * FROM {t}.t") == [[5]]


@pytest.mark.full
def test_the_very_table_that_somebody_made_meanwhile_stays_too(world: World) -> None:
    world.days("t", (1,))
    world.plan()
    world.target("CREATE SCHEMA {t}")
    world.target(
        "CREATE TABLE {t}.t (id bigint, v varchar, p integer) WITH (format = 'TEXTFILE',"
        " textfile_field_separator = '|', partitioned_by = ARRAY['p'], external_location = '{at}/theirs')"
    )
    world.target("INSERT INTO {t}.t VALUES (5, 'theirs', 5)")
    ran = world.apply()
    assert ran.code in (4, 7), ran.text
    assert world.target("SELECT * FROM {t}.t") == [[5, "theirs", 5]]


@pytest.mark.full
async def test_an_object_that_changes_while_it_is_copied_is_noticed(world: World) -> None:
    world.days("t", range(1, 40))
    async with faults(world.lake.endpoint) as proxy:
        world.configure(store=proxy.url)
        await asyncio.to_thread(world.plan)
        changed = False

        async def change(request: Request) -> Answer | None:
            nonlocal changed
            if request.method == "GET" and "/t/p" in request.path and "list-type" not in request.path and not changed:
                changed = True
                await asyncio.to_thread(world.write, "t", 39, 17)
                await asyncio.to_thread(world.write, "t", 20, 17)
            return None

        proxy.rule = change
        ran = await asyncio.to_thread(world.apply)
        assert changed
        assert ran.code == 3, ran.text
        assert "p=20" in ran.out + ran.err or "p=39" in ran.out + ran.err, ran.text
        assert world.tables() == []
        proxy.rule = None
        assert (await asyncio.to_thread(world.apply)).code == 4
        await asyncio.to_thread(world.moves_all)
    world.assert_equal()


@pytest.mark.full
async def test_an_object_that_changes_after_it_was_copied_is_noticed(world: World) -> None:
    world.days("t", (1, 2, 3))
    async with faults(world.lake.endpoint) as proxy:
        world.configure(store=proxy.url)
        await asyncio.to_thread(world.plan)
        changed = False

        async def change(request: Request) -> Answer | None:
            nonlocal changed
            if (
                request.method == "PUT"
                and "/_migrate/" in request.path
                and "copy-files" in request.path
                and not changed
            ):
                changed = True
                await asyncio.to_thread(world.write, "t", 2, 17)
            return None

        proxy.rule = change
        ran = await asyncio.to_thread(world.apply)
        names = [request.path for request in proxy.seen if request.method == "PUT" and "_migrate" in request.path]
        assert changed, names
        assert ran.code == 3, ran.text
        assert "p=2" in ran.out + ran.err, ran.text
        assert world.tables() == []
