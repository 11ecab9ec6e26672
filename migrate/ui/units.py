"""Numbers and names as people read them. Sizes are decimal: 1 MB is 1,000,000 bytes."""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len

from migrate.model.plan import CopyFiles, DataStep, Plan

_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")
_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def count(number: int) -> str:
    """1200000 -> 1,200,000."""
    return f"{number:,}"


def size(number: float) -> str:
    """Bytes: 512 B, 4.5 kB, 88 MB, 1.2 GB."""
    place = 0
    while number >= 999.5 and place < len(_SIZES) - 1:
        number /= 1000
        place += 1
    text = f"{number:.1f}" if place and number < 99.95 else f"{number:.0f}"
    return f"{text.removesuffix('.0')} {_SIZES[place]}"


def duration(seconds: float) -> str:
    """12.4 s, 3 min 12 s, 2 h 05 min."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def remaining(seconds: float) -> str:
    """A guess, so without a fraction: 6 s, 3 min 10 s."""
    return f"{max(1, round(seconds))} s" if seconds < 59.5 else duration(round(seconds))


def shown(text: str) -> str:
    """`text` without anything that could move the cursor, change a colour or turn the reading direction."""
    return "".join(
        sign.encode("unicode_escape").decode() if unicodedata.category(sign) == "Cc" or sign in _MARKS else sign
        for sign in text
    )


def shown_lines(text: str) -> list[str]:
    """The lines of `text`, each safe to print; tabs become spaces."""
    return [shown(line.expandtabs(4)) for line in text.split("\n")]


def padded(text: str, width: int, right: bool = False) -> str:
    """`text` in `width` cells of a terminal: Korean and emoji take two."""
    space = " " * max(0, width - cell_len(text))
    return space + text if right else text + space


def aligned(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset(), gap: str = "  ") -> list[str]:
    """Rows of cells as lines with straight columns; columns in `right` are flush right. No line ends in a blank."""
    if not rows:
        return []
    widths = [max(cell_len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        gap.join(padded(cell, widths[place], place in right) for place, cell in enumerate(row)).rstrip() for row in rows
    ]


def command(*words: str | Path) -> str:
    """Words as one line for a shell."""
    return shlex.join(str(word) for word in words)


def unit(plan: Plan) -> str:
    """What the plan moves and counts: rows, or objects where it copies files and nothing else."""
    moving = {type(step) for step in plan.step if isinstance(step, DataStep)}
    return "objects" if moving == {CopyFiles} else "rows"
