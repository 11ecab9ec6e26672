"""Whatever an apply sends to a target, the state file on the disk knew of its step before."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from migrate.engines.memory.faults import Faults, Point
from migrate.model.plan import Ddl
from migrate.state import State
from tests.unit.executor.crash_world import World


@pytest.mark.parametrize("parallelism", [1, 4])
def test_intents_are_on_the_disk_before_the_target_is_written_to(
    parallelism: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World.fresh(Path(folder) / "0")
        statements = {step.sql: step.id for step in world.plan.step if isinstance(step, Ddl)}
        seen: set[str] = set()
        passing = Faults.at

        async def at(faults: Faults, point: Point, subject: str) -> None:
            steps: set[str] = set()
            if point == "ddl.sent" and subject in statements:
                steps = {statements[subject]}
            elif point == "write.begun":
                table = subject.partition(" ")[0]
                steps = {f"load-rows:new:{table}", f"sync-rows:new:{table}"} & {step.id for step in world.plan.step}
            if steps:
                with State.open(world.folder / "state.db") as looking:
                    assert steps <= set(looking.unfinished_intents(world.plan.digest))
                seen.update(steps)
            await passing(faults, point, subject)

        monkeypatch.setattr(Faults, "at", at)
        outcome = world.apply(parallelism)
        assert outcome.failed == 0
        assert "sync-rows:new:b.known" in seen
        assert len(seen) > 15
