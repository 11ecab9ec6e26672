"""`python -m tests.bench`: who moves four kinds of schema how fast, between two private servers; no thresholds.

Exit status: 0 measured, 1 migrate itself failed or gave another result, or there are no servers; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pymysql

from tests.bench import contenders, floor, measure, race, report
from tests.bench.contenders import REPOSITORY, Contender
from tests.bench.shapes import SHAPES, Shape
from tests.demo import audit
from tests.lab import LabError, Server, client, extra

PAGE = REPOSITORY / "docs" / "benchmarks.md"
OURS = ("unverified", "verified")
# A table that InnoDB has put out of its cache and read again may tell an AUTO_INCREMENT one less than before (8.0.33),
# and would not look equal: none is put out.
TABLES_KEPT = ("--table-definition-cache=20000", "--table-open-cache=8000")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; the exit status."""
    chosen = options(arguments)
    try:
        return _measure(chosen)
    except (LabError, client.ScriptError, measure.Failed, pymysql.err.MySQLError) as error:
        say(f"failed: {error}")
        return 1


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line says; `shape` is a list of shapes with their sizes. Ends the program on wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Move four kinds of schema by migrate and by other tools, side by side.",
    )
    parser.add_argument(
        "--shape",
        action="append",
        type=sized,
        metavar="NAME[=SIZE]",
        help="only this shape, may be given again: "
        + "; ".join(f"{one.name}: {one.said(one.size)}" for one in SHAPES.values()),
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="laps of each contender, of which the quickest counts (default: 3)"
    )
    parser.add_argument("--only", default="", help="only contenders whose name holds this, migrate always takes part")
    parser.add_argument("--buffer-pool", default="1G", help="innodb_buffer_pool_size of both servers (default: 1G)")
    parser.add_argument(
        "--write",
        action="store_true",
        help="put what is printed into docs/benchmarks.md, in place of the sections of the shapes that were measured",
    )
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 1:
        parser.error("--rounds must be at least 1")
    if chosen.write and chosen.only:
        parser.error("--write needs all contenders: the figures of the others would go")
    chosen.shape = chosen.shape or [(one, one.size) for one in SHAPES.values()]
    return chosen


def sized(words: str) -> tuple[Shape, int]:
    """NAME or NAME=SIZE. Raises argparse.ArgumentTypeError."""
    name, _, size = words.partition("=")
    if name not in SHAPES:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SHAPES)}")
    if not size:
        return SHAPES[name], SHAPES[name].size
    if not size.isdecimal() or int(size) < 1:
        raise argparse.ArgumentTypeError(f"{size!r} is not a size of {name}")
    return SHAPES[name], int(size)


def _measure(chosen: argparse.Namespace) -> int:
    found, missing = contenders.find_all()
    for line in missing:
        say(line)
    taking_part = [one for one in found if one.key in OURS or chosen.only in one.name]
    with_floor = chosen.only in floor.NAME
    started = time.monotonic()
    done: list[report.Measured] = []
    with ExitStack() as servers:
        pool = f"--innodb-buffer-pool-size={chosen.buffer_pool}"
        source = servers.enter_context(extra("bench-source", options=[pool, *TABLES_KEPT]))
        target = servers.enter_context(extra("bench-target", options=[pool, *TABLES_KEPT]))
        setting = report.Setting(
            measure.machine(),
            f"MySQL {source.version} twice on it, buffer pools of {chosen.buffer_pool}",
            [line.partition(":")[0].removesuffix(" is not measured") for line in missing],
        )
        for shape, size in chosen.shape:
            one = _shape(shape, size, taking_part, with_floor, chosen.rounds, source, target)
            lines = report.section(one, setting)
            print("\n".join(["", *lines, ""]), flush=True)
            if chosen.write:
                PAGE.write_text(report.replaced(PAGE.read_text("utf-8"), shape.name, lines), "utf-8")
            done.append(one)
    say(f"measured in {(time.monotonic() - started) / 60:.1f} minutes")
    return 1 if any(lap.wrong for one in done for lap in one.laps if lap.key in OURS) else 0


def _shape(
    shape: Shape,
    size: int,
    taking_part: Sequence[Contender],
    with_floor: bool,
    rounds: int,
    source: Server,
    target: Server,
) -> report.Measured:
    started = time.monotonic()
    race.fill(source, shape, size)
    expected = audit.facts(source, race.SCHEMA)
    with tempfile.TemporaryDirectory(prefix="migrate-bench-") as folder:
        files = Path(folder)
        written = floor.export(source, race.SCHEMA, files)
        everyone = list(taking_part)
        if with_floor:
            everyone.insert(0, floor.Floor(files, f"mysql {source.version}"))
        say(
            f"{shape.name}: {len(expected.rows)} tables, {sum(expected.rows.values()):,} rows, {written / 1e6:.0f} MB, "
            f"made in {time.monotonic() - started:.0f} s"
        )
        plain = min(race.plain_select(source) for _ in range(rounds))
        laps = []
        for contender in race.turns(everyone, rounds):
            one = race.lap(contender, source, target, expected)
            say(f"{shape.name}, {contender.name}: {one.seconds:.1f} s, {one.wrong or 'equal'}")
            laps.append(one)
    members = [report.Member(one.key, one.name, one.version) for one in everyone]
    return report.Measured(shape, size, written / 1e6, members, laps, plain)


def say(words: str) -> None:
    """One line of the bench's own."""
    print(f"bench: {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
