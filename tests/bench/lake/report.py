"""What was measured of the lake as Markdown, for the terminal and for docs/benchmarks-lake.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.goals import MEGABYTE
from tests.bench.lake.contenders import Contender
from tests.bench.lake.data import Shape
from tests.bench.lake.race import Lap
from tests.bench.lake.scale import Taken
from tests.bench.report import table

COPY_GOAL = 1.1
"""Copies with their proof, to s5cmd, which proves nothing."""
MEMORY_GOAL = 200
PLAN_GOAL = 60
"""Seconds for 1,000 tables of Hive."""


@dataclass(frozen=True)
class Judged:
    """A figure beside its goal; None: nothing was set, or nothing was measured."""

    words: str
    value: float | None
    limit: float | None = None
    unit: str = ""

    @property
    def cells(self) -> list[str]:
        """Of its line."""
        digits = ".0f" if self.unit else ".2f"
        figure = "-" if self.value is None else f"{self.value:{digits}}{self.unit}"
        if self.limit is None:
            return [self.words, figure, "-", ""]
        verdict = "not measured" if self.value is None else "reached" if self.value <= self.limit else "missed"
        return [self.words, figure, f"≤ {self.limit:{digits}}{self.unit}", verdict]


def copies(shape: Shape, contenders: Sequence[Contender], laps: Sequence[Lap], machine: str) -> list[str]:
    """The section of one shape of files."""
    best = quickest(laps)
    rows = [_row(one, best, laps) for one in contenders]
    return [
        f"### {shape.name}",
        "",
        f"{shape.words}; {shape.bytes / MEGABYTE:,.0f} MB. {machine}.",
        "",
        *table(
            ("", "wall s", "of which", "store CPU s", "Trino CPU s", "client CPU s", "client MB", "laps, s"),
            rows,
            right=(1, 3, 4, 5, 6),
        ),
        "",
        *table(("", "figure", "goal", ""), [one.cells for one in ratios(best)], right=(1, 2)),
    ]


def quickest(laps: Sequence[Lap]) -> dict[str, Lap]:
    """Of each contender, the lap that was disturbed the least, of those that were equal."""
    best: dict[str, Lap] = {}
    for one in laps:
        if not one.wrong:
            best[one.key] = min(best.get(one.key, one), one, key=lambda lap: lap.seconds)
    return best


def ratios(best: Mapping[str, Lap]) -> list[Judged]:
    """The goals. The step `copy_files` ends when the listings of both sides have proven every object."""
    ours, floor, rival = best.get("migrate"), best.get("floor"), best.get("s5cmd")
    rclone, streamed = best.get("rclone"), best.get("streamed")

    def to(value: float | None, other: Lap | None) -> float | None:
        return value / other.seconds if value is not None and other is not None else None

    copied = ours.steps.get("copy-files") if ours else None
    applied, planned = (ours.last_seconds, ours.seconds) if ours else (None, None)
    return [
        Judged("copy_files, every object proven by listings / s5cmd", to(copied, rival), COPY_GOAL),
        Judged("copy_files, every object proven by listings / rclone", to(copied, rclone)),
        Judged("copy_files, every object proven by listings / floor", to(copied, floor)),
        Judged("apply: copied, proven by listings and by Trino's checksums, swapped in / s5cmd", to(applied, rival)),
        Judged("plan and apply / s5cmd", to(planned, rival)),
        Judged("the same through the client with two keys / s5cmd", to(streamed.seconds if streamed else None, rival)),
    ]


def _row(one: Contender, best: Mapping[str, Lap], laps: Sequence[Lap]) -> list[str]:
    mine = [lap for lap in laps if lap.key == one.key]
    each = ", ".join(lap.wrong.partition(":")[0] if lap.wrong else f"{lap.seconds:.1f}" for lap in mine)
    title = f"{one.name} ({one.version})"
    found = best.get(one.key)
    if found is None:
        return [title, *[""] * 6, each]
    parts = {name: used.seconds for name, used in found.commands.items()} if len(found.commands) > 1 else {}
    parts |= found.steps
    return [
        title,
        f"{found.seconds:.1f}",
        ", ".join(f"{name} {seconds:.1f}" for name, seconds in parts.items()),
        f"{found.servers.store:.1f}",
        f"{found.servers.trino:.1f}",
        f"{found.client_cpu:.1f}",
        f"{max(lap.peak_bytes for lap in mine) / MEGABYTE:.0f}",
        each,
    ]


def scale(taken: Sequence[Taken], judged: Sequence[Judged], machine: str) -> list[str]:
    """The section of plans and of copies of very many objects."""
    rows = [
        [
            one.words,
            f"{one.used.seconds:.1f}",
            ", ".join(f"{name} {seconds:.1f}" for name, seconds in (one.steps or {}).items()),
            f"{one.used.cpu_seconds:.1f}",
            f"{one.used.peak_bytes / MEGABYTE:.0f}",
            "-" if one.queries is None else f"{one.queries:,}",
            "-" if one.requests is None else f"{one.requests:,}",
        ]
        for one in taken
    ]
    head = ("", "wall s", "of which", "client CPU s", "client MB", "queries of Trino", "requests to the store")
    return [
        "### scale",
        "",
        f"{machine}.",
        "",
        *table(head, rows, right=(1, 3, 4, 5, 6)),
        "",
        *table(("", "figure", "goal", ""), [one.cells for one in judged], right=(1, 2)),
    ]
