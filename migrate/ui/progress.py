"""How far an apply is, while it runs: counted by `Meter`, shown by `Lines` (a pipe) or `Bars` (a terminal)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from migrate.model.plan import DataStep, Plan, Verify
from migrate.model.progress import (
    ChunkDone,
    Event,
    MomentOpened,
    StepDone,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepStopped,
    Throttled,
    ThrottleEnded,
    Waiting,
)
from migrate.model.words import counted
from migrate.ui.units import count, duration, remaining, shown, size, unit

WINDOW = 10.0
"""Seconds over which speed is measured: long enough to be steady, short enough to show a stall."""
EVERY = 5.0
"""Seconds between two lines when stderr is no terminal."""


class Running(msgspec.Struct, frozen=True):
    """One step at work; `total` is 0 where nobody knows."""

    step: str
    rows: int
    total: int


class Reading(msgspec.Struct, frozen=True):
    """What the meter shows at one moment. Speeds are per second; `eta` is None until there is a speed to go by."""

    seconds: float
    rows: int
    rows_total: int
    proven: int
    proven_total: int
    rows_speed: float
    bytes_speed: float
    eta: float | None
    running: tuple[Running, ...]
    busy: tuple[str, ...] = ()
    """Endpoints whose load holds up work now."""
    unit: str = "rows"
    """What moves and is counted, see `unit`."""


class Meter:
    """Counts events. Rows of loads are `rows`, rows of verifications are `proven`; both count for the ETA."""

    def __init__(self, plan: Plan, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._total = {step.id: step.estimate.rows for step in plan.step if isinstance(step, DataStep)}
        self._loads = frozenset(self._total)
        by_target = {step.target: step.estimate.rows for step in plan.step if isinstance(step, DataStep)}
        for step in plan.step:
            if isinstance(step, Verify):
                self._total[step.id] = step.estimate.rows or by_target.get(step.target, 0)
        self._unit = unit(plan)
        self._seen: dict[str, int] = {}
        self._running: dict[str, None] = {}
        self._busy: dict[str, None] = {}
        self._work = 0
        self._bytes = 0
        self._samples: deque[tuple[float, int, int]] = deque([(self._start, 0, 0)])

    def add(self, event: Event) -> None:
        """Count one event."""
        match event:
            case StepStarted():
                self._running[event.step] = None
                if event.rows:
                    self._total[event.step] = event.rows
            case ChunkDone():
                self._seen[event.step] = self._seen.get(event.step, 0) + event.rows
                if event.step in self._running:  # before its start a step tells what an earlier run got done
                    self._work += event.rows
                    self._bytes += event.bytes
                    self._sample()
            case StepDone() | StepSkipped():
                self._running.pop(event.step, None)
                self._total[event.step] = self._seen.get(event.step, 0)  # the plan only guessed
            case StepFailed() | StepStopped():
                self._running.pop(event.step, None)
            case Throttled(endpoint=endpoint):
                self._busy |= {endpoint: None} if endpoint else {}
            case ThrottleEnded():
                self._busy.pop(event.endpoint, None)
            case Waiting() | MomentOpened():
                pass

    def read(self) -> Reading:
        """The figures of now."""
        now = self._clock()
        at, work, volume = self._samples[0]
        while len(self._samples) > 1 and self._samples[1][0] <= now - WINDOW:
            self._samples.popleft()
            at, work, volume = self._samples[0]
        spent = max(now - at, 1e-3)
        speed = (self._work - work) / spent
        left = sum(max(0, total - self._seen.get(step, 0)) for step, total in self._total.items())
        return Reading(
            seconds=now - self._start,
            rows=self._sum(self._seen, loads=True),
            rows_total=self._sum(self._total, loads=True),
            proven=self._sum(self._seen, loads=False),
            proven_total=self._sum(self._total, loads=False),
            rows_speed=speed,
            bytes_speed=(self._bytes - volume) / spent,
            eta=left / speed if speed > 0 else None,
            running=tuple(Running(step, self._seen.get(step, 0), self._total.get(step, 0)) for step in self._running),
            busy=tuple(self._busy),
            unit=self._unit,
        )

    def _sum(self, rows: dict[str, int], loads: bool) -> int:
        return sum(number for step, number in rows.items() if (step in self._loads) == loads)

    def _sample(self) -> None:
        now = self._clock()
        if now - self._samples[-1][0] >= WINDOW / 50:  # so that a million chunks leave some fifty samples
            self._samples.append((now, self._work, self._bytes))


def figures(reading: Reading) -> list[str]:
    """The parts that both kinds of display share."""
    parts = []
    if reading.rows_total or reading.rows:
        parts.append(_of(reading.rows, reading.rows_total, reading.unit))
    if reading.proven or (reading.proven_total and not reading.rows_total):
        parts.append(_of(reading.proven, reading.proven_total, "proven"))
    if reading.bytes_speed:
        parts.append(f"{size(reading.bytes_speed)}/s")
    if reading.eta is not None and reading.eta > 0:
        parts.append(f"ETA {remaining(reading.eta)}")
    return parts + paused(reading)


def paused(reading: Reading) -> list[str]:
    """Which servers are waited for; empty when none is."""
    return [f"paused: {', '.join(map(shown, reading.busy))} busy"] if reading.busy else []


def line(reading: Reading) -> str:
    """`12.4 s · 341,000 of 520,000 rows · 45.1 MB/s · ETA 6 s · running: load-rows:new:shop.orders`."""
    names = [shown(running.step) for running in reading.running]
    running = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    parts = [duration(reading.seconds), *figures(reading), *([f"running: {running}"] if running else [])]
    return " · ".join(parts)


def _of(done: int, total: int, what: str) -> str:
    # A table may have grown since the plan guessed: never say 12 of 10.
    return f"{count(done)} of {count(max(done, total))} {what}"


def remark(event: Event) -> str:
    """What is worth a line of its own; empty for the rest. The ending tells all notes and failures."""
    match event:
        case Waiting():
            return f"waiting {remaining(event.seconds)}: {shown(event.step)}: {shown(event.error)}"
        case Throttled(endpoint=""):
            return f"held to {size(event.limit)}/s (max_rate)"
        case Throttled():
            name = shown(event.endpoint)
            number = counted(event.running, "statement")
            return f"paused: {name} runs {number} besides ours, more than its max_threads_running of {event.limit}"
        case ThrottleEnded():
            return f"no longer paused: {shown(event.endpoint)} was busy for {remaining(event.seconds)}"
        case MomentOpened():
            at = f", at {shown(event.position)}" if event.position else ""
            held = f"; its writers were held off for {event.locked:.2f} s" if event.locked else ""
            return f"{shown(event.endpoint)} is read at one moment ({event.way}{at}){held}"
        case StepFailed():
            return f"failed: {shown(event.step)}: {shown(event.error)}"
        case _:
            return ""


class Progress(Protocol):
    """Told every event, ticked a few times a second, closed before the ending is printed."""

    def tell(self, event: Event) -> None: ...

    def tick(self) -> None: ...

    def say(self, text: str) -> None:
        """One line above the bars."""

    def close(self) -> None: ...


class Lines:
    """One line every five seconds; `write` gets it without its end."""

    def __init__(self, meter: Meter, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._meter = meter
        self._write = write
        self._clock = clock
        self._last = clock()

    def tell(self, event: Event) -> None:
        self._meter.add(event)
        if text := remark(event):
            self._write(text)

    def tick(self) -> None:
        if self._clock() - self._last >= EVERY:
            self._last = self._clock()
            self._write(line(self._meter.read()))

    def say(self, text: str) -> None:
        self._write(text)

    def close(self) -> None:
        pass


class Quiet:
    """Shows nothing while it runs; what the user must hear is still said."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def tell(self, event: Event) -> None:
        pass

    def tick(self) -> None:
        pass

    def say(self, text: str) -> None:
        self._write(text)

    def close(self) -> None:
        pass
