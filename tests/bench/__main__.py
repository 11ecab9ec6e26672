"""`python -m tests.bench`: who moves four tables how fast, between two private servers; no thresholds.

Exit status: 0 measured, 1 migrate itself failed or gave another result, or there are no servers; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

import pymysql

from tests.bench import contenders, race
from tests.demo import audit
from tests.lab import LabError, client, extra


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Move four tables by migrate and by other tools, side by side."
    )
    parser.add_argument("--rows", type=int, default=500_000, help="rows of each table (default: 500000)")
    parser.add_argument("--rounds", type=int, default=2, help="laps of each contender (default: 2)")
    parser.add_argument("--only", default="", help="only contenders whose name holds this, migrate always takes part")
    parser.add_argument("--buffer-pool", default="1G", help="innodb_buffer_pool_size of both servers (default: 1G)")
    chosen = parser.parse_args(arguments)
    if chosen.rows < 1 or chosen.rounds < 1:
        parser.error("--rows and --rounds must be at least 1")
    try:
        return _measure(chosen.rows, chosen.rounds, chosen.only, f"--innodb-buffer-pool-size={chosen.buffer_pool}")
    except (LabError, client.ScriptError, pymysql.err.MySQLError) as error:
        say(f"failed: {error}")
        return 1


def _measure(rows: int, rounds: int, only: str, option: str) -> int:
    found, missing = contenders.find_all()
    taking_part = [one for one in found if only in one.name or isinstance(one, contenders.Migrate)]
    for line in missing:
        say(line)
    say(race.machine())
    with ExitStack() as servers:
        source = servers.enter_context(extra("bench-source", options=[option]))
        target = servers.enter_context(extra("bench-target", options=[option]))
        started = time.monotonic()
        race.fill(source, rows)
        expected = audit.facts(source, race.SCHEMA)
        say(
            f"MySQL {source.version} twice with {option}; {len(expected.rows)} tables, "
            f"{sum(expected.rows.values()):,} rows, made in {time.monotonic() - started:.0f} s"
        )
        laps = []
        for contender in race.turns(taking_part, rounds):
            one = race.lap(contender, source, target, expected)
            say(f"{one.contender}: {one.seconds:.1f} s, {one.cpu_seconds:.1f} s of CPU, {one.wrong or 'equal'}")
            laps.append(one)
    print()
    print("\n".join(race.report(laps, {one.name: one.version for one in taking_part})), flush=True)
    return 1 if any(one.wrong for one in laps if one.contender.startswith("migrate")) else 0


def say(words: str) -> None:
    """One line of the bench's own."""
    print(f"bench: {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
