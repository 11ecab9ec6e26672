"""Run the contenders in turns, check each result, and say how long each took."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.contenders import Contender, Failed
from tests.demo import audit
from tests.lab import Server, client

SCHEMA = "bench"
TABLES_SQL = Path(__file__).with_name("tables.sql")


@dataclass(frozen=True)
class Lap:
    """One move: wall seconds, CPU seconds of the client side, and what was wrong with it ("" when equal)."""

    contender: str
    seconds: float
    cpu_seconds: float
    wrong: str = ""


def turns(contenders: Sequence[Contender], rounds: int) -> Iterator[Contender]:
    """Everyone once in each round, every second round in reverse: nobody is always first on warm servers."""
    for number in range(rounds):
        yield from contenders if number % 2 == 0 else reversed(contenders)


def fill(source: Server, rows: int) -> None:
    """Make the tables anew on the source. Raises ScriptError."""
    client.rows(source, f"DROP DATABASE IF EXISTS `{SCHEMA}`")
    client.rows(source, f"CREATE DATABASE `{SCHEMA}`")
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as script:
        script.write(f"SET @rows = {rows};\n{TABLES_SQL.read_text(encoding='utf-8')}")
        script.flush()
        client.run_script(source, SCHEMA, Path(script.name))


def lap(contender: Contender, source: Server, target: Server, expected: audit.Facts) -> Lap:
    """One contender, from an empty database on the target; the check afterwards is not in its time."""
    client.rows(target, f"DROP DATABASE IF EXISTS `{SCHEMA}`")
    client.rows(target, f"CREATE DATABASE `{SCHEMA}`")
    wrong = ""
    with tempfile.TemporaryDirectory(prefix="migrate-bench-") as folder:
        started, cpu = time.monotonic(), _children()
        try:
            contender.move(source, target, SCHEMA, Path(folder))
        except Failed as error:
            wrong = f"failed: {error}"
        seconds, used = time.monotonic() - started, _children() - cpu
    if not wrong:
        found = audit.differences(expected, audit.facts(target, SCHEMA))
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            wrong = f"not equal: {found[0]}{more}"
    return Lap(contender.name, seconds, used, wrong)


def report(laps: Sequence[Lap], versions: dict[str, str]) -> list[str]:
    """One line for each contender, in the order of `versions`: the median of its laps that were equal.

    Ratios are seconds divided by the seconds of migrate with and without its verification.
    """
    good = {name: [one for one in laps if one.contender == name and not one.wrong] for name in versions}
    medians = {name: median(one.seconds for one in some) for name, some in good.items() if some}
    width = max(len(name) for name in versions)
    head = f"{'':<{width}}  {'seconds':>8}  {'client CPU s':>12}  {'/ migrate':>9}  {'/ --no-verify':>13}  laps"
    lines = [head]
    for name, version in versions.items():
        if name not in medians:
            wrong = next((one.wrong for one in laps if one.contender == name), "was not run")
            lines.append(f"{name:<{width}}  {wrong}  [{version}]")
            continue
        cpu = median(one.cpu_seconds for one in good[name])
        ratios = [_ratio(medians[name], medians.get(base)) for base in ("migrate", "migrate --no-verify")]
        each = ", ".join(f"{one.seconds:.1f}" for one in good[name])
        numbers = f"{medians[name]:>8.1f}  {cpu:>12.1f}  {ratios[0]:>9}  {ratios[1]:>13}"
        lines.append(f"{name:<{width}}  {numbers}  {each}  [{version}]")
        lines += [f"{'':<{width}}  one lap {one.wrong}" for one in laps if one.contender == name and one.wrong]
    return lines


def machine() -> str:
    """What this was measured on, as far as it matters."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, load {load:.1f} before the start"


def _ratio(seconds: float, base: float | None) -> str:
    return "-" if base is None else f"{seconds / base:.2f}"


def _children() -> float:
    """CPU seconds, user and system, of all processes that we started and that have ended (getrusage(2))."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
