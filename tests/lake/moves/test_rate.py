"""A limit on bytes a second holds for files too, whichever way they go, and is told."""

from __future__ import annotations

import pytest

from tests.lake.moves.world import World

pytestmark = [pytest.mark.xdist_group("lake")]

SIZE, FILES = 60_000, 5
RATE = 30_000


@pytest.mark.parametrize("way", ["server", pytest.param("stream", marks=pytest.mark.full)])
def test_files_are_copied_no_faster_than_the_rate(world: World, way: str) -> None:
    world.plain("t", rows=0)
    for number in range(FILES):
        world.put(f"t/{number}", f"{number}|{'x' * (SIZE - 3)}\n".encode())
    keys = (world.lake.both, world.lake.both) if way == "server" else None
    world.configure(keys=keys, more='[options]\nmax_rate = "30kB"')
    world.plan()
    assert [step["way"] for step in world.steps("copy_files")] == [way]
    ran = world.apply("--json")
    assert ran.code == 0, ran.text
    (copied,) = [one for one in ran.of("step_done") if one["step"].startswith("copy-files:")]
    assert copied["seconds"] > SIZE * FILES / RATE - 1, "one second's worth may have been saved up"
    assert [one["limit"] for one in ran.of("throttled") if not one["endpoint"]] == [RATE]
    world.assert_equal()
