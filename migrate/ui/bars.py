"""Progress on a terminal: one bar for all, one for each of the loads at work, eight lines at most."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from migrate.model.progress import Event
from migrate.ui.progress import Meter, Reading, paused, remark
from migrate.ui.units import count, duration, remaining, shown, size

MOST = 7
"""Lines below the bar for all."""
NAME = 34
"""Cells of a step's name: with bar and figures, a line still fits 80."""
WIDE, NARROW = 20, 16


class Bars:
    """Redrawn by `tick`; no thread of its own. The bars vanish at the end: the ending tells what stays true."""

    def __init__(self, meter: Meter, console: Console) -> None:
        self._meter = meter
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._live.start()

    def tell(self, event: Event) -> None:
        self._meter.add(event)
        if text := remark(event):
            self.say(text)

    def tick(self) -> None:
        self._live.update(_draw(self._meter.read()), refresh=True)

    def say(self, text: str) -> None:
        self._live.console.print(Text(text), soft_wrap=True)

    def close(self) -> None:
        self._live.stop()


def _draw(reading: Reading) -> Group:
    done = reading.rows + reading.proven
    total = max(done, reading.rows_total + reading.proven_total)
    parts = [f"{100 * done // total}%"] if total else []
    parts.append(duration(reading.seconds))
    if reading.rows_speed:
        parts += [f"{count(round(reading.rows_speed))} rows/s", f"{size(reading.bytes_speed)}/s"]
    if reading.eta:
        parts.append(f"ETA {remaining(reading.eta)}")
    parts += paused(reading)
    whole = _grid()
    whole.add_row(_bar(total, done, WIDE), Text(" · ".join(parts)))
    each = _grid()
    for running in reading.running[:MOST]:
        most = max(running.total, running.rows)
        figures = f"{count(running.rows)} of {count(most)}" if most else ""
        each.add_row(Text(_short(running.step)), _bar(most, running.rows, NARROW), Text(figures))
    return Group(whole, each)


def _grid() -> Table:
    return Table.grid(padding=(0, 2, 0, 0))


def _bar(total: int, done: int, width: int) -> ProgressBar:
    return ProgressBar(total=total or None, completed=done, width=width, pulse=not total)


def _short(step: str) -> str:
    """The end of a long name is what tells it from the others."""
    text = shown(step)
    if cell_len(text) <= NAME:
        return text
    while cell_len(text) > NAME - 1:
        text = text[1:]
    return f"…{text}"
