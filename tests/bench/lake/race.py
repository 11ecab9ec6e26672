"""Run the contenders in turns over one shape, and check each result."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench import measure
from tests.bench.lake import data, world
from tests.bench.lake.contenders import LOG, Contender
from tests.bench.lake.data import Shape
from tests.bench.measure import Failed, Usage
from tests.lab.lake import Lake


@dataclass(frozen=True)
class Lap:
    """One copy: what each command took, CPU seconds of the servers meanwhile, and seconds of the plan's own steps.

    `wrong` begins with "failed" or "not equal", and is empty when the result was equal.
    """

    key: str
    commands: dict[str, Usage]
    servers: world.Cpu
    steps: dict[str, float]
    wrong: str = ""

    @property
    def seconds(self) -> float:
        """Wall time of all commands."""
        return sum(used.seconds for used in self.commands.values())

    @property
    def last_seconds(self) -> float:
        """Wall time of the last command: of migrate without its plan."""
        return list(self.commands.values())[-1].seconds

    @property
    def client_cpu(self) -> float:
        """CPU seconds of the clients."""
        return sum(used.cpu_seconds for used in self.commands.values())

    @property
    def peak_bytes(self) -> int:
        """Memory of the largest client process."""
        return max((used.peak_bytes for used in self.commands.values()), default=0)


def lap(contender: Contender, lake: Lake, shape: Shape, expected: dict[str, tuple[int, str]]) -> Lap:
    """One contender, from an empty target; the check afterwards is not in its time."""
    world.empty_target(lake)
    world.settle(lake)
    wrong = ""
    taken: dict[str, Usage] = {}
    with tempfile.TemporaryDirectory(prefix="migrate-bench-") as name:
        folder = Path(name)
        commands = contender.steps(lake, shape, folder)
        before = world.cpu(lake)
        try:
            for step in commands:
                taken[step.name] = measure.run(step.command, folder, step.variables)
        except Failed as error:
            wrong = f"failed: {error}"
        used = world.cpu(lake) - before
        steps = step_seconds(folder / LOG)
    if not wrong and (found := _difference(lake, shape, expected)):
        wrong = f"not equal: {found}"
    return Lap(contender.key, taken, used, steps, wrong)


def _difference(lake: Lake, shape: Shape, expected: dict[str, tuple[int, str]]) -> str:
    """migrate copies below a folder that it chooses: what counts is the key from the partition on."""
    found = data.stands(lake, "target", world.SCHEMA)
    here = {key[key.index("day=") :]: one for key, one in found.items() if "day=" in key}
    if len(here) != len(found):
        return f"{len(found)} objects, of which {len(here)} are of the table"
    return data.unlike(expected, here)


def step_seconds(log: Path) -> dict[str, float]:
    """Seconds of each kind of step, by the log of `apply`; nothing where there is none."""
    found: dict[str, float] = {}
    for line in log.read_text("utf-8").splitlines() if log.exists() else ():
        told = json.loads(line)
        if told["type"] == "step_done":
            kind = told["step"].partition(":")[0]
            found[kind] = found.get(kind, 0.0) + told["seconds"]
    return found
