"""Progress on a terminal: one bar for all, one for each of the loads at work, eight lines at most."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as RichProgress

from migrate.model.progress import Event
from migrate.ui.progress import Meter, Reading, remark
from migrate.ui.units import count, duration, remaining, shown, size

MOST = 7
"""Bars below the one for all."""


NAME = 40
"""Cells of a step's name; the bar needs the rest of the line."""


class Bars:
    """Redrawn by `tick`; no thread of its own."""

    def __init__(self, meter: Meter, console: Console) -> None:
        self._meter = meter
        self._bars = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[info]}", markup=False),
            console=console,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            transient=True,
            expand=True,
        )
        self._all = self._bars.add_task("all", total=None, info="")
        self._tasks: dict[str, TaskID] = {}
        self._bars.start()

    def tell(self, event: Event) -> None:
        self._meter.add(event)
        if text := remark(event):
            self.say(text)

    def tick(self) -> None:
        reading = self._meter.read()
        self._draw_all(reading)
        wanted = reading.running[:MOST]
        for step in self._tasks.keys() - {running.step for running in wanted}:
            self._bars.remove_task(self._tasks.pop(step))
        for running in wanted:
            if running.step not in self._tasks:
                self._tasks[running.step] = self._bars.add_task(_short(running.step), total=None, info="")
            total = max(running.total, running.rows)
            info = f"{count(running.rows)} of {count(total)}" if total else ""
            self._bars.update(self._tasks[running.step], total=total or None, completed=running.rows, info=info)
        self._bars.refresh()

    def _draw_all(self, reading: Reading) -> None:
        done = reading.rows + reading.proven
        total = max(done, reading.rows_total + reading.proven_total)
        parts = [duration(reading.seconds)]
        if reading.rows_speed:
            parts += [f"{count(round(reading.rows_speed))} rows/s", f"{size(reading.bytes_speed)}/s"]
        if reading.eta:
            parts.append(f"ETA {remaining(reading.eta)}")
        info = " · ".join(parts)
        self._bars.update(self._all, total=total or None, completed=done, info=info)

    def say(self, text: str) -> None:
        self._bars.console.print(text, soft_wrap=True)

    def close(self) -> None:
        self._bars.stop()


def _short(step: str) -> str:
    """The end of a long name is what tells it from the others."""
    text = shown(step)
    while cell_len(text) > NAME:
        text = f"…{text[2:]}"
    return text
