"""`python -m tests.bench.lake`: who copies the files of a table how fast, and how plans grow; no thresholds.

Exit status: 0 measured, 1 migrate itself failed or gave another result, or there are no servers; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from obstore.exceptions import BaseError
from trino.exceptions import Error as TrinoError

from tests.bench import measure
from tests.bench.contenders import REPOSITORY
from tests.bench.lake import contenders, data, race, report, scale, world
from tests.bench.lake.data import MIXED, SMALL, Shape
from tests.bench.report import replaced
from tests.lab import LabError, lease
from tests.lab.lake import Lake, lake_of

PAGE = REPOSITORY / "docs" / "benchmarks-lake.md"
OURS = ("migrate", "streamed")
SHAPES = {one.name: one for one in (MIXED, SMALL)}
SCALE = "scale"
TABLES, COLUMNS = 1000, 20
FEW, MANY = 500, 5000
"""Partitions of ten objects each, whose copies' memory is compared."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; the exit status."""
    chosen = options(arguments)
    try:
        with lease("lake") as lab:
            return _measure(lake_of(lab), chosen)
    except (LabError, measure.Failed, TrinoError, BaseError, OSError) as error:
        say(f"failed: {error}")
        return 1


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line says. Ends the program on wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.lake",
        description="Copy the files of tables of Hive by migrate and by other tools, side by side.",
    )
    parser.add_argument(
        "--shape", action="append", choices=[*SHAPES, SCALE], help="only this one, may be given again (default: all)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="laps of each, of which the quickest counts (default: 3)")
    parser.add_argument(
        "--tables", type=int, default=TABLES, help=f"of Hive, to be planned at once (default: {TABLES})"
    )
    parser.add_argument("--partitions", type=int, default=MANY, help=f"of the largest table (default: {MANY})")
    parser.add_argument(
        "--write",
        action="store_true",
        help="put what is printed into docs/benchmarks-lake.md, in place of its sections",
    )
    chosen = parser.parse_args(arguments)
    if min(chosen.rounds, chosen.tables, chosen.partitions) < 1:
        parser.error("rounds, tables and partitions are at least 1")
    chosen.shape = chosen.shape or [*SHAPES, SCALE]
    return chosen


def _measure(lake: Lake, chosen: argparse.Namespace) -> int:
    started = time.monotonic()
    right = True
    _clean(lake)
    data.make_schema(lake, world.SCHEMA)
    machine = f"{measure.machine()}; SeaweedFS {lake.s3.version}, Trino {lake.source.trino.version} and "
    machine += f"{lake.target.trino.version} with a Hive metastore each on it"
    try:
        for name in chosen.shape:
            if name == SCALE:
                lines = _scale(lake, chosen, machine)
            else:
                lines, equal = _shape(lake, SHAPES[name], chosen.rounds, machine)
                right = right and equal
            print("\n".join(["", *lines, ""]), flush=True)
            if chosen.write:
                PAGE.write_text(replaced(PAGE.read_text("utf-8"), name, lines), "utf-8")
    finally:
        _clean(lake)
    say(f"measured in {(time.monotonic() - started) / 60:.1f} minutes")
    return 0 if right else 1


def _shape(lake: Lake, shape: Shape, rounds: int, machine: str) -> tuple[list[str], bool]:
    taking_part = contenders.everyone()
    _made(shape.name, partial(data.make, lake, world.SCHEMA, shape))
    expected = data.stands(lake, "source", f"{world.SCHEMA}/{shape.name}")
    laps = []
    for number in range(rounds):
        for contender in taking_part if number % 2 == 0 else reversed(taking_part):
            one = race.lap(contender, lake, shape, expected)
            say(f"{shape.name}, {contender.name}: {one.seconds:.1f} s, {one.wrong or 'equal'}")
            laps.append(one)
    lines = report.copies(shape, taking_part, laps, machine)
    return lines, not any(one.wrong for one in laps if one.key in OURS)


def _scale(lake: Lake, chosen: argparse.Namespace, machine: str) -> list[str]:
    many, few = data.many(chosen.partitions), data.many(min(FEW, chosen.partitions))
    for shape in {few.name: few, many.name: many}.values():
        _made(shape.name, partial(data.make, lake, world.SCHEMA, shape))
    _made(f"{chosen.tables} tables", partial(data.make_tables, lake, world.SCHEMA, chosen.tables, COLUMNS))
    tables = f"{chosen.tables:,} tables of {COLUMNS} columns and 2 partitions"
    large = scale.plan(lake, many.words, many.name)
    whole = scale.plan(lake, tables, "t*")
    looked = scale.analyze(lake, tables, "t*")
    less = scale.apply(lake, few.words, few.name)
    more = scale.apply(lake, many.words, many.name)
    judged = [
        report.Judged(f"plan of {tables}", whole.used.seconds, report.PLAN_GOAL, " s"),
        report.Judged(f"queries of Trino for each of {chosen.tables:,} tables", (whole.queries or 0) / chosen.tables),
        report.Judged(f"memory of apply, {many.words}", more.used.peak_bytes / 1e6, report.MEMORY_GOAL, " MB"),
        report.Judged(f"the same / {few.words}", more.used.peak_bytes / less.used.peak_bytes),
    ]
    return report.scale([large, whole, looked, less, more], judged, machine)


def _made(what: str, make: Callable[[], object]) -> None:
    started = time.monotonic()
    make()
    say(f"{what}: made in {time.monotonic() - started:.0f} s")


def _clean(lake: Lake) -> None:
    """Nothing of the bench's is left at either end."""
    world.empty_target(lake)
    data.drop(lake.source, world.SCHEMA)
    data.clear(lake, "source", world.SCHEMA)


def say(words: str) -> None:
    """One line of the bench's own."""
    print(f"bench: {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
