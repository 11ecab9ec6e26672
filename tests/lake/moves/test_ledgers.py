"""Configurations whose files go to other folders write to the same tables: they see each other's locks and proofs."""

from __future__ import annotations

import shutil

import pytest

from tests.lake.engines import engine
from tests.lake.moves.world import World

pytestmark = [pytest.mark.xdist_group("lake")]


@pytest.mark.full
async def test_one_lock_holds_off_configurations_of_all_locations(world: World) -> None:
    world.plain("t")
    end = world.goal_end
    async with engine(world.lake, end, ledger=f"s3://{end.bucket}/_migrate") as other:
        for location in (world.there, f"{world.there}/else/where"):
            world.configure(location=location)
            world.plan()
            lock = await other.lock([("hive", world.goal)], "somebody else", 0)
            ran = world.apply()
            assert ran.code == 5, ran.text
            assert f"schema hive.{world.goal} is locked by somebody else" in ran.err
            await lock.release()
    assert world.apply().code == 0


@pytest.mark.full
def test_what_another_configuration_changed_since_is_not_rolled_back(world: World) -> None:
    world.days("t", (1, 2))
    world.moves_all()
    shutil.copy(world.migrate.plan, world.migrate.folder / "plans/first.toml")
    world.write("t", 2, 7)
    world.configure(location=f"{world.there}/else/where")
    world.plan()
    assert len(world.steps("copy_files")[0]["part"]) == 1, "what the first one proved is known"
    assert world.apply().code == 0
    world.assert_equal()
    ran = world.migrate("rollback", "plans/first.toml")
    assert ran.code == 7, ran.text
    assert "a later plan has changed it since" in ran.out + ran.err
    assert world.rollback().code == 0
    assert world.migrate("rollback", "plans/first.toml").code == 0
