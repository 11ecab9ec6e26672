"""What migrate should reach, each goal a figure made of the quickest laps of one shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.race import Lap
from tests.bench.shapes import Shape

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Figures:
    """All that goals are made of: by the contenders' keys, the quickest lap of each and the most memory that it took;
    and what plain SELECTs took from the source."""

    best: Mapping[str, Lap]
    peaks: Mapping[str, int]
    plain_select: float


@dataclass(frozen=True)
class Goal:
    """`value` is at most `limit` (None: nothing was set for this shape).

    `needs` are the contenders it is made of, `rival` the beginning of the version of the other tool that it was set
    against: against another one the figure is shown and not judged.
    """

    words: str
    limit: float | None
    needs: Sequence[str]
    value: Callable[[Figures], float | None]
    unit: str = ""
    rival: tuple[str, str] | None = None


@dataclass(frozen=True)
class Judged:
    """A line of the report: a figure beside its goal. No value: a contender that it needs was not measured."""

    words: str
    value: float | None
    limit: float | None
    unit: str
    verdict: str


def figures(laps: Sequence[Lap], plain_select: float) -> Figures:
    """Of the laps that were equal. The quickest one was disturbed the least; of memory the largest figure counts."""
    good = [one for one in laps if not one.wrong]
    best: dict[str, Lap] = {}
    peaks: dict[str, int] = {}
    for one in good:
        best[one.key] = min(best.get(one.key, one), one, key=lambda lap: lap.seconds)
        peaks[one.key] = max(peaks.get(one.key, 0), one.peak_bytes)
    return Figures(best, peaks, plain_select)


def goals(shape: Shape) -> list[Goal]:
    """Those of a shape, in the order of the report. Ratios are of wall time where nothing else is said: goals were set
    for the load, which is what apply does; the time of plan is beside it, as what one waits for who wants both."""
    mydumper, dump = ("mydumper", "mydumper 1."), ("dump", "mariadb-dump")
    return [
        _ratio("without verification / floor", shape.floor_goal, "unverified", "floor"),
        _ratio("without verification / mydumper + myloader", 0.90, "unverified", "mydumper", mydumper),
        _ratio("with verification / mydumper + myloader", 1.1, "verified", "mydumper", mydumper),
        _ratio("without verification / dump through a pipe", 0.5, "unverified", "dump", dump),
        _ratio("without verification / aiomysql", 0.4, "unverified", "script"),
        _ratio(
            "plan and apply without verification / mydumper + myloader", None, "unverified", "mydumper", planned=True
        ),
        _ratio("plan and apply with verification / mydumper + myloader", None, "verified", "mydumper", planned=True),
        Goal("verification / copy", 15, ("verified", "unverified"), _verification, " %"),
        Goal("CPU of the source / of plain SELECTs, without verification", 2, ("unverified",), _source),
        Goal("CPU of the client / wall time, without verification", 15, ("unverified",), _share("unverified"), " %"),
        Goal("CPU of the client / wall time, with verification", 15, ("verified",), _share("verified"), " %"),
        Goal("memory of the client, the larger of both", 250, ("verified", "unverified"), _memory, " MB"),
    ]


def judge(goal: Goal, figures: Figures, versions: Mapping[str, str]) -> Judged:
    """The figure of a goal, and whether it is reached."""
    if any(key not in figures.best for key in goal.needs):
        return Judged(goal.words, None, goal.limit, goal.unit, "not measured")
    value = goal.value(figures)
    if value is None:
        return Judged(goal.words, None, goal.limit, goal.unit, "too little to measure")
    verdict = ""
    if goal.rival is not None and not versions[goal.rival[0]].startswith(goal.rival[1]):
        verdict = f"set against {goal.rival[1].rstrip('.')}"
    elif goal.limit is not None:
        verdict = "reached" if value <= goal.limit else "missed"
    return Judged(goal.words, value, goal.limit, goal.unit, verdict)


def _ratio(
    words: str,
    limit: float | None,
    one: str,
    other: str,
    rival: tuple[str, str] | None = None,
    planned: bool = False,
) -> Goal:
    def value(figures: Figures) -> float:
        ours = figures.best[one]
        return (ours.seconds if planned else ours.apply_seconds) / figures.best[other].seconds

    return Goal(words, limit, (one, other), value, rival=rival)


def _verification(figures: Figures) -> float:
    without = figures.best["unverified"].apply_seconds
    return 100 * (figures.best["verified"].apply_seconds - without) / without


def _source(figures: Figures) -> float | None:
    """None when plain SELECTs take less than a tick of the clock by which the kernel counts."""
    return figures.best["unverified"].source_cpu / figures.plain_select if figures.plain_select else None


def _share(key: str) -> Callable[[Figures], float]:
    return lambda figures: 100 * figures.best[key].client_cpu / figures.best[key].seconds


def _memory(figures: Figures) -> float:
    return max(figures.peaks[key] for key in ("verified", "unverified")) / MEGABYTE
