"""Plans that no longer hold, or must not be done: refused before the first write."""

from __future__ import annotations

import msgspec

from migrate import planfile
from tests.e2e.command import PLAN, refused
from tests.e2e.world import World, fill
from tests.lab import client, extra


def test_a_source_table_that_changed_after_the_plan_makes_it_stale(world: World) -> None:
    world.plan()
    client.rows(world.source, f"ALTER TABLE `{world.schema}`.customer ADD mail VARCHAR(9)")
    refused(world.apply(), 4, f"old:{world.schema}.customer", "changed", "migrate plan")
    refused(world.migrate("check", PLAN), 4, f"old:{world.schema}.customer")
    world.target_is_untouched()
    world.state_is_intact()
    world.plan()
    world.finishes()


def test_a_source_table_that_is_gone_makes_the_plan_stale(world: World) -> None:
    world.plan()
    client.rows(world.source, f"DROP TABLE `{world.schema}`.orders")
    refused(world.apply(), 4, f"{world.goal}.orders", "gone", "migrate plan")
    world.target_is_untouched()


def test_a_table_that_somebody_else_made_on_the_target_makes_the_plan_stale(world: World) -> None:
    world.plan()
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(world.target, world.goal, "CREATE TABLE customer (id INT PRIMARY KEY, other DATE)")
    refused(world.apply(), 4, f"new:{world.goal}.customer", "other", "migrate plan")
    assert client.rows(world.target, f"SHOW TABLES FROM `{world.goal}`") == [("customer",)]
    world.state_is_intact()


def test_rows_that_somebody_else_wrote_on_the_target_make_the_plan_stale(world: World) -> None:
    world.plan()
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    columns = "id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80)"
    fill(world.target, world.goal, f"CREATE TABLE customer ({columns});\nINSERT INTO customer VALUES (9,'theirs')")
    refused(world.apply(), 4, f"new:{world.goal}.customer", "rows", "migrate plan")
    assert client.rows(world.target, f"SELECT * FROM `{world.goal}`.customer") == [(9, "theirs")]


def test_another_server_behind_the_same_address_is_refused(world: World) -> None:
    world.plan()
    with extra("e2e-stranger") as stranger:
        client.rows(stranger, f"CREATE DATABASE `{world.schema}`")
        plan = planfile.read(world.migrate.plan)
        moved = msgspec.structs.replace(plan.endpoint["new"], port=stranger.port)
        endpoints = {**plan.endpoint, "new": moved}
        planfile.write(world.migrate.plan, planfile.seal(msgspec.structs.replace(plan, endpoint=endpoints)))
        refused(world.apply(), 4, "new is another server", "server-uuid:", "migrate plan")
        world.target = stranger
        world.target_is_untouched()


CUSTOMER = "CREATE TABLE customer (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80))"
ONE_COLUMN_MORE = CUSTOMER.replace("(80)", "(80), theirs INT")


def test_a_column_that_would_go_blocks_the_plan(world: World) -> None:
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(world.target, world.goal, ONE_COLUMN_MORE)
    before = client.rows(world.target, f"SELECT * FROM `{world.goal}`.customer")
    ran = world.plan()
    assert "MG209" in ran.out
    refused(world.apply(), 6, f"alter-table:new:{world.goal}.customer", "destructive", "--skip")
    assert client.rows(world.target, f"SELECT * FROM `{world.goal}`.customer") == before
    assert client.rows(world.target, f"SHOW TABLES FROM `{world.goal}`") == [("customer",)]
    world.state_is_intact()


def test_a_definition_that_is_older_is_altered_and_the_rows_follow(world: World) -> None:
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(world.target, world.goal, CUSTOMER.replace("80", "70"))
    world.plan()
    assert f"alter-table:new:{world.goal}.customer" in world.migrate.plan.read_text()
    world.finishes()


def test_a_blocked_step_that_is_skipped_lets_the_rest_move(world: World) -> None:
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(world.target, world.goal, "CREATE TABLE orders (id INT PRIMARY KEY, other INT)")
    world.plan()
    world.migrate.must("plan", "--skip", f"alter-table:new:{world.goal}.orders")
    assert world.apply().code == 0
    assert client.rows(world.target, f"SELECT * FROM `{world.goal}`.customer") == [(1, "a"), (2, "b")]
    assert client.rows(world.target, f"SELECT * FROM `{world.goal}`.orders") == []
