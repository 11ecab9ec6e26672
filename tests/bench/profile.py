"""`python -m tests.bench.profile SHAPE[=SIZE]`: where the CPU seconds of a move go, floor and migrate side by side.

CPU seconds of statements are those of performance_schema (SUM_CPU_TIME, 8.0.28 and newer), of a server's own threads
those of /proc (proc(5), task), of clients those of wait4(2). They say the same whatever else runs on the machine, more
or less; seconds on the wall do not.
"""

from __future__ import annotations

import argparse
import os
import pstats
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench import floor, measure, race
from tests.bench.__main__ import TABLES_KEPT, say, sized
from tests.bench.contenders import Contender, Migrate, Step
from tests.lab import Server, client, extra

STATEMENTS = """\
SELECT DIGEST_TEXT,COUNT_STAR,SUM_CPU_TIME/1e12,SUM_TIMER_WAIT/1e12
FROM performance_schema.events_statements_summary_by_digest WHERE COUNT_STAR>0"""
KINDS = (
    (r"LOAD DATA ", "LOAD DATA"),
    (r"ALTER TABLE .* ADD KEY ", "indexes added"),
    (r"SELECT .*GROUP_CONCAT .* INTO @|SELECT (?:/\*.*?\*/ )?COUNT \( \* \) , .*GROUP_CONCAT ", "chunks laid out"),
    (r"SELECT `CONCAT` \( @", "digests said, and rows that go with them"),
    (r"SELECT `CONCAT` \( COUNT ", "digests of what is held"),
    (r"CREATE TABLE ", "tables made"),
    (r"COMMIT", "COMMIT"),
    (r"", "all other statements"),
)
"""What a statement is for, by the words of its digest; the first that fits."""
BEFORE = (
    "UPDATE performance_schema.setup_consumers SET ENABLED='YES' WHERE NAME IN ('events_statements_cpu')",
    "TRUNCATE performance_schema.events_statements_summary_by_digest",
)
THREADS = "SELECT THREAD_OS_ID,NAME FROM performance_schema.threads WHERE TYPE='BACKGROUND' AND THREAD_OS_ID>0"


@dataclass(frozen=True)
class Spent:
    """Wall seconds of a command, and its CPU seconds in its own code and in the kernel's."""

    wall: float
    user: float
    system: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the profile of one shape."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.profile", description="Where CPU seconds go.")
    parser.add_argument("shape", type=sized, metavar="SHAPE[=SIZE]")
    parser.add_argument("--functions", type=int, default=16, help="functions of the client that are shown")
    parser.add_argument("--buffer-pool", default="1G", help="innodb_buffer_pool_size of both servers (default: 1G)")
    chosen = parser.parse_args(arguments)
    shape, size = chosen.shape
    with ExitStack() as opened:
        options = [f"--innodb-buffer-pool-size={chosen.buffer_pool}", *TABLES_KEPT, "--performance-schema=ON"]
        source = opened.enter_context(extra("profile-source", options=options))
        target = opened.enter_context(extra("profile-target", options=options))
        race.fill(source, shape, size)
        files = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="migrate-bench-")))
        written = floor.export(source, race.SCHEMA, files)
        say(f"{shape.name}, {shape.said(size)}: {written / 1e6:.0f} MB; load of the machine {os.getloadavg()[0]:.1f}")
        say(f"plain SELECTs: {min(race.plain_select(source) for _ in range(3)):.2f} CPU s of the source")
        ways: list[Contender] = [floor.Floor(files, ""), Migrate(verify=False), Migrate(verify=True)]
        for way in ways:
            _lap(way, source, target)
        _functions(Migrate(verify=True), source, target, chosen.functions)
    return 0


def _lap(way: Contender, source: Server, target: Server) -> None:
    client.rows(target, f"DROP DATABASE IF EXISTS `{race.SCHEMA}`")
    client.rows(target, f"CREATE DATABASE `{race.SCHEMA}`")
    with tempfile.TemporaryDirectory(prefix="migrate-bench-") as folder:
        for step in way.steps(source, target, race.SCHEMA, Path(folder)):
            measure.settle([source, target])
            for server in (source, target):
                for statement in BEFORE:
                    client.rows(server, statement, root=True)
            before = {server.port: (measure.server_cpu(server), _threads(server)) for server in (source, target)}
            spent = _run(step.command, step, Path(folder))
            print(f"\n## {way.name}, {step.name}: wall {spent.wall:.1f}, load {os.getloadavg()[0]:.1f}; ", end="")
            print(f"client {spent.user:.2f} user + {spent.system:.2f} system")
            for name, server in (("source", source), ("target", target)):
                total, threads = before[server.port]
                _server(name, server, measure.server_cpu(server) - total, threads)


def _server(name: str, server: Server, total: float, before: Mapping[str, float]) -> None:
    own = {thread: taken - before.get(thread, 0.0) for thread, taken in _threads(server).items()}
    print(f"{name}: {total:.2f} CPU s, of which its own threads {sum(own.values()):.2f}")
    for thread, taken in sorted(own.items(), key=lambda one: -one[1]):
        if taken >= 0.05:
            print(f"  {taken:6.2f}          thread {thread}")
    kinds: dict[str, list[float]] = {}
    for text, calls, cpu, wall in client.rows(server, STATEMENTS, root=True):
        sums = kinds.setdefault(purpose(str(text)), [0.0, 0.0, 0.0])
        for number, value in enumerate((cpu, wall, calls)):
            sums[number] += float(value)
    for kind, (cpu, wall, calls) in sorted(kinds.items(), key=lambda one: -one[1][0]):
        print(f"  {cpu:6.2f} {wall:6.2f} {calls:6.0f} x {kind}")
    rest = total - sum(own.values()) - sum(one[0] for one in kinds.values())
    print(f"  {rest:6.2f}          connections besides statements")


def purpose(digest: str) -> str:
    """What a statement is for, by its DIGEST_TEXT."""
    return next(words for pattern, words in KINDS if re.match(pattern, digest, re.DOTALL))


def _threads(server: Server) -> dict[str, float]:
    """CPU seconds of the server's own threads, by name."""
    found: dict[str, float] = {}
    for thread, name in client.rows(server, THREADS, root=True):
        stat = Path(f"/proc/{server.pid}/task/{thread}/stat")
        if not stat.exists():  # it has ended since
            continue
        fields = stat.read_text()
        taken = [int(one) for one in fields[fields.rindex(")") + 2 :].split()[11:13]]
        short = str(name).rpartition("/")[2]
        found[short] = found.get(short, 0.0) + sum(taken) / os.sysconf("SC_CLK_TCK")
    return found


def _run(command: Sequence[str], step: Step, folder: Path) -> Spent:
    """One command to its end; raises measure.Failed."""
    started = os.times()
    used = measure.run(command, folder, step.variables)
    ended = os.times()
    return Spent(
        used.seconds,
        ended.children_user - started.children_user,
        ended.children_system - started.children_system,
    )


def _functions(way: Migrate, source: Server, target: Server, count: int) -> None:
    """Apply once more under cProfile, which makes it slower: the shares are what counts."""
    client.rows(target, f"DROP DATABASE `{race.SCHEMA}`")
    client.rows(target, f"CREATE DATABASE `{race.SCHEMA}`")
    with tempfile.TemporaryDirectory(prefix="migrate-bench-") as folder:
        plan, apply = way.steps(source, target, race.SCHEMA, Path(folder))
        measure.run(plan.command, Path(folder), plan.variables)
        out = Path(folder) / "profile"
        program, *rest = apply.command
        measure.run((program, "-m", "cProfile", "-o", str(out), *rest), Path(folder), apply.variables)
        print("\n## functions of apply")
        pstats.Stats(str(out), stream=sys.stdout).sort_stats("tottime").print_stats(count)


if __name__ == "__main__":
    sys.exit(main())
