"""Run the contenders in turns over one shape, and check each result."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import measure
from tests.bench.contenders import Contender, mysql_client
from tests.bench.measure import Failed, Usage
from tests.bench.shapes import Shape
from tests.demo import audit
from tests.lab import Server, client
from tests.lab.system import environment

SCHEMA = "bench"


@dataclass(frozen=True)
class Lap:
    """One move by the contender of that key: what each step took, and CPU seconds of both servers meanwhile.

    `wrong` begins with "failed" or "not equal", and is empty when the result was equal.
    """

    key: str
    steps: dict[str, Usage]
    source_cpu: float
    target_cpu: float
    wrong: str = ""

    @property
    def seconds(self) -> float:
        """Wall time of all steps."""
        return sum(used.seconds for used in self.steps.values())

    @property
    def apply_seconds(self) -> float:
        """Wall time of the step `apply` alone. Raises KeyError where there is none."""
        return self.steps["apply"].seconds

    @property
    def client_cpu(self) -> float:
        """CPU seconds of the clients in all steps."""
        return sum(used.cpu_seconds for used in self.steps.values())

    @property
    def peak_bytes(self) -> int:
        """Memory of the largest client process."""
        return max((used.peak_bytes for used in self.steps.values()), default=0)


def turns(contenders: Sequence[Contender], rounds: int) -> Iterator[Contender]:
    """Everyone once in each round, every second round in reverse: nobody is always first on warm servers."""
    for number in range(rounds):
        yield from contenders if number % 2 == 0 else reversed(contenders)


def fill(source: Server, shape: Shape, size: int) -> None:
    """Make the shape anew on the source. Raises ScriptError."""
    _empty(source)
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as script:
        script.write(shape.script(size))
        script.flush()
        client.run_script(source, SCHEMA, Path(script.name))


def plain_select(source: Server) -> float:
    """CPU seconds that the source takes to send all rows by plain SELECTs, table after table. Raises Failed."""
    tables = [str(row[0]) for row in client.rows(source, "SHOW TABLES", database=SCHEMA)]
    with tempfile.TemporaryDirectory(prefix="migrate-bench-") as folder:
        script = Path(folder) / "select.sql"
        script.write_text("".join(f"SELECT * FROM `{table}`;\n" for table in tables), encoding="utf-8")
        shown = [*mysql_client(source), "--quick", "--batch", SCHEMA, f"--execute=source {script}"]
        command = ("bash", "-c", 'exec "$@" >/dev/null', "bash", *shown)
        measure.settle([source])
        before = measure.server_cpu(source)
        measure.run(command, Path(folder), {**environment(), "MYSQL_PWD": source.password})
        return measure.server_cpu(source) - before


def lap(contender: Contender, source: Server, target: Server, expected: audit.Facts) -> Lap:
    """One contender, from an empty database on the target; the check afterwards is not in its time."""
    _empty(target)
    measure.settle([source, target])
    wrong = ""
    taken: dict[str, Usage] = {}
    with tempfile.TemporaryDirectory(prefix="migrate-bench-") as folder:
        steps = contender.steps(source, target, SCHEMA, Path(folder))
        before = [measure.server_cpu(server) for server in (source, target)]
        try:
            for step in steps:
                taken[step.name] = measure.run(step.command, Path(folder), step.variables)
        except Failed as error:
            wrong = f"failed: {error}"
        used = [measure.server_cpu(server) - start for server, start in zip((source, target), before, strict=True)]
    if not wrong:
        found = audit.differences(expected, audit.facts(target, SCHEMA))
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            wrong = f"not equal: {found[0]}{more}"
    return Lap(contender.key, taken, used[0], used[1], wrong)


def _empty(server: Server) -> None:
    client.rows(server, f"DROP DATABASE IF EXISTS `{SCHEMA}`")
    client.rows(server, f"CREATE DATABASE `{SCHEMA}`")
