"""What was measured of one shape as Markdown, for the terminal and for docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.goals import MEGABYTE, Figures, Judged, figures, goals, judge
from tests.bench.race import Lap
from tests.bench.shapes import Shape

HEAD = (
    "",
    "wall s",
    "of which",
    "source CPU s",
    "target CPU s",
    "client CPU s",
    "client CPU / wall",
    "client MB",
    "laps, s",
)


@dataclass(frozen=True)
class Member:
    """Who took part."""

    key: str
    name: str
    version: str


@dataclass(frozen=True)
class Measured:
    """One shape. `plain_select`: CPU seconds of the source; `megabytes` of the rows as tab separated text."""

    shape: Shape
    size: int
    megabytes: float
    members: Sequence[Member]
    laps: Sequence[Lap]
    plain_select: float


@dataclass(frozen=True)
class Setting:
    """What all of a run shares: the machine, the servers, who could not take part."""

    machine: str
    servers: str
    missing: Sequence[str] = ()


def section(measured: Measured, setting: Setting) -> list[str]:
    """The lines of a shape, from its heading on. No dates and no paths: what an error said stays out of it."""
    versions = {one.key: one.version for one in measured.members}
    found = figures(measured.laps, measured.plain_select)
    judged = [judge(goal, found, versions) for goal in goals(measured.shape)]
    rows = [_row(one, found, measured.laps) for one in measured.members]
    what = f"{measured.shape.said(measured.size)}; {measured.megabytes:,.0f} MB as tab separated text."
    return [
        f"### {measured.shape.name}",
        "",
        f"{what} {setting.machine}; {setting.servers}.",
        "",
        *table(HEAD, rows, right=(1, 3, 4, 5, 6, 7)),
        "",
        f"Plain SELECTs of all rows take {measured.plain_select:.1f} CPU seconds of the source.",
        *(f"Not measured: {one}." for one in setting.missing),
        "",
        *table(("", "figure", "goal", ""), [_goal(one) for one in judged], right=(1, 2)),
    ]


def _row(one: Member, of_all: Figures, laps: Sequence[Lap]) -> list[str]:
    mine = [lap for lap in laps if lap.key == one.key]
    title = f"{one.name} ({one.version})"
    each = ", ".join(lap.wrong.partition(":")[0] if lap.wrong else f"{lap.seconds:.1f}" for lap in mine)
    found = of_all.best.get(one.key)
    if found is None:
        return [title, *[""] * (len(HEAD) - 2), each]
    parts = (
        ", ".join(f"{name} {used.seconds:.1f}" for name, used in found.steps.items()) if len(found.steps) > 1 else ""
    )
    return [
        title,
        f"{found.seconds:.1f}",
        parts,
        f"{found.source_cpu:.1f}",
        f"{found.target_cpu:.1f}",
        f"{found.client_cpu:.1f}",
        f"{100 * found.client_cpu / found.seconds:.0f} %",
        f"{of_all.peaks[one.key] / MEGABYTE:.0f}",
        each,
    ]


def _goal(one: Judged) -> list[str]:
    digits = ".0f" if one.unit else ".2f"
    figure = "-" if one.value is None else f"{one.value:{digits}}{one.unit}"
    limit = "-" if one.limit is None else f"≤ {one.limit:{digits}}{one.unit}"
    return [one.words, figure, limit, one.verdict]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> list[str]:
    """A Markdown table that is one on a terminal too."""
    widths = [max(3, *(len(row[at]) for row in [head, *rows])) for at in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [f"{cell:>{widths[at]}}" if at in right else f"{cell:<{widths[at]}}" for at, cell in enumerate(cells)]
        return f"| {' | '.join(padded)} |"

    rule = [f"{'-' * (width - 1)}:" if at in right else "-" * width for at, width in enumerate(widths)]
    return [line(head), line(rule), *map(line, rows)]


def replaced(page: str, name: str, lines: Sequence[str]) -> str:
    """The page with the section of one shape made anew; all other lines stay as they are.

    Raises ValueError when the page has no place for it.
    """
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ValueError(f"there is no place between {begin.strip()} and {end.strip()}")
    before, _, rest = page.partition(begin)
    return f"{before}{begin}" + "".join(f"{line}\n" for line in lines) + f"{end}{rest.partition(end)[2]}"
