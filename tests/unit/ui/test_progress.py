"""How far an apply is: the figures, the lines and the bars."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from rich.console import Console

from migrate.model.progress import (
    ChunkDone,
    StepDone,
    StepFailed,
    StepSkipped,
    StepStarted,
    Throttled,
    ThrottleEnded,
    Waiting,
)
from migrate.ui.bars import Bars
from migrate.ui.progress import Lines, Meter, Quiet, line
from tests.unit.ui import shop

LOAD, VERIFY = shop.LOAD.id, shop.VERIFY.id


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def meter(clock: Clock) -> Meter:
    return Meter(shop.plan(shop.CREATE, shop.LOAD, shop.VERIFY), clock)


def test_the_line_has_time_rows_speed_eta_and_what_runs() -> None:
    clock = Clock()
    counted = meter(clock)
    counted.add(StepStarted(LOAD, 520_000, 560_000_000))
    clock.now += 4
    counted.add(ChunkDone(LOAD, 341_000, 180_400_000))
    # 179,000 rows to load and 1,200,000 to prove, at 85,250 rows a second
    assert line(counted.read()) == (
        "4.0 s · 341,000 of 520,000 rows · 45.1 MB/s · ETA 16 s · running: load-rows:new:shop.orders"
    )


def test_proven_rows_stand_beside_loaded_ones() -> None:
    clock = Clock()
    counted = meter(clock)
    counted.add(StepStarted(LOAD))
    clock.now += 1
    counted.add(ChunkDone(LOAD, 1_200_000, 310_000_000))
    counted.add(StepDone(LOAD, 1.0, 1_200_000, 310_000_000))
    counted.add(StepStarted(VERIFY, 1_200_000))
    clock.now += 1
    counted.add(ChunkDone(VERIFY, 600_000, 0))
    assert line(counted.read()) == (
        "2.0 s · 1,200,000 of 1,200,000 rows · 600,000 of 1,200,000 proven · 155 MB/s · ETA 1 s"
        " · running: verify:new:shop.orders"
    )


def test_before_the_first_chunk_there_is_no_speed_and_no_eta() -> None:
    clock = Clock()
    counted = meter(clock)
    clock.now += 3
    reading = counted.read()
    assert (reading.rows_speed, reading.bytes_speed, reading.eta) == (0.0, 0.0, None)
    assert line(reading) == "3.0 s · 0 of 1,200,000 rows"


def test_speed_is_that_of_the_last_seconds_so_that_a_stall_shows() -> None:
    clock = Clock()
    counted = meter(clock)
    counted.add(StepStarted(LOAD))
    for _ in range(20):
        clock.now += 1
        counted.add(ChunkDone(LOAD, 1_000, 1_000_000))
    assert 950 <= counted.read().rows_speed <= 1_050
    clock.now += 60
    assert counted.read().rows_speed == 0


def test_a_table_that_grew_is_never_more_than_whole() -> None:
    counted = meter(Clock())
    counted.add(StepStarted(LOAD, 10))
    counted.add(ChunkDone(LOAD, 12, 0))
    assert "12 of 12 rows" in line(counted.read())


def test_rows_of_an_earlier_run_count_as_done_but_not_for_the_speed() -> None:
    clock = Clock()
    counted = meter(clock)
    counted.add(ChunkDone(LOAD, 1_000_000, 1))
    counted.add(StepStarted(LOAD, 1_200_000))
    clock.now += 1
    counted.add(ChunkDone(LOAD, 100_000, 2_000_000))
    reading = counted.read()
    assert (reading.rows, reading.rows_speed, reading.bytes_speed) == (1_100_000, 100_000, 2_000_000)


def test_a_skipped_load_is_no_work_that_remains() -> None:
    counted = meter(Clock())
    counted.add(StepSkipped(LOAD, "done before"))
    counted.add(StepSkipped(VERIFY, "done before"))
    reading = counted.read()
    assert (reading.rows_total, reading.proven_total) == (0, 0)


def test_many_running_steps_are_counted_after_three() -> None:
    counted = meter(Clock())
    for number in range(5):
        counted.add(StepStarted(f"load-rows:{number}"))
    assert line(counted.read()).endswith("running: load-rows:0, load-rows:1, load-rows:2 and 2 more")
    counted.add(StepFailed("load-rows:0", "no"))
    assert len(counted.read().running) == 4


def test_without_a_terminal_one_line_comes_every_five_seconds() -> None:
    clock, said = Clock(), list[str]()
    lines = Lines(meter(clock), said.append, clock)
    for _ in range(55):
        clock.now += 0.2
        lines.tick()
    assert len(said) == 2
    assert said[0].startswith("5.0 s · ")


def test_waits_and_failures_are_told_at_once() -> None:
    said: list[str] = []
    lines = Lines(meter(Clock()), said.append, Clock())
    lines.tell(Waiting(LOAD, "old: dead lock", 2.0))
    lines.tell(StepFailed(LOAD, "new: disk full"))
    lines.tell(StepDone(VERIFY, 1.0, note="the ending tells this"))
    assert said == [
        "waiting 2 s: load-rows:new:shop.orders: old: dead lock",
        "failed: load-rows:new:shop.orders: new: disk full",
    ]


def test_what_holds_work_up_is_told_when_it_begins_and_when_it_ends() -> None:
    said: list[str] = []
    lines = Lines(meter(Clock()), said.append, Clock())
    lines.tell(Throttled("", 50_000_000))
    lines.tell(Throttled("old", 25, 31))
    lines.tell(ThrottleEnded("old", 192.0))
    assert said == [
        "held to 50 MB/s (max_rate)",
        "paused: old runs 31 statements besides ours, more than its max_threads_running of 25",
        "no longer paused: old was busy for 3 min 12 s",
    ]


def test_a_pause_stands_in_the_line_while_it_lasts_and_a_rate_does_not() -> None:
    counted = meter(Clock())
    counted.add(Throttled("", 50_000_000))
    assert line(counted.read()) == "0.0 s · 0 of 1,200,000 rows"
    counted.add(Throttled("old", 25, 31))
    counted.add(Throttled("new", 25, 31))
    assert line(counted.read()) == "0.0 s · 0 of 1,200,000 rows · paused: old, new busy"
    counted.add(ThrottleEnded("old", 3.0))
    assert line(counted.read()) == "0.0 s · 0 of 1,200,000 rows · paused: new busy"


def test_quiet_only_says_what_must_be_heard() -> None:
    said: list[str] = []
    quiet = Quiet(said.append)
    quiet.tell(StepFailed(LOAD, "no"))
    quiet.tick()
    quiet.say("finishing")
    assert said == ["finishing"]


def screen(stream: io.StringIO, draw: Callable[[], None]) -> list[str]:
    """What `draw` leaves on the terminal: the lines after the last erased one."""
    before = stream.tell()
    draw()
    frames = re.split("\x1b\\[[0-9;?]*[A-Za-z]|\r", stream.getvalue()[before:])
    return [text.rstrip() for text in frames[-1].split("\n")]


def bars_on(width: int, clock: Clock) -> tuple[io.StringIO, Bars]:
    stream = io.StringIO()
    return stream, Bars(meter(clock), Console(file=stream, force_terminal=True, width=width, color_system=None))


def test_bars_fit_eighty_columns_and_show_speed_and_eta() -> None:
    clock = Clock()
    stream, bars = bars_on(80, clock)
    bars.tell(StepStarted(LOAD, 1_200_000))
    bars.tell(StepStarted("load-rows:new:a_schema_with_a_long_name.a_table_orders"))
    clock.now += 2
    bars.tell(ChunkDone(LOAD, 600_000, 90_000_000))
    assert screen(stream, bars.tick) == [
        "━━━━━                 25% · 2.0 s · 300,000 rows/s · 45 MB/s · ETA 6 s",
        "load-rows:new:shop.orders           ━━━━━━━━          600,000 of 1,200,000",
        "…a_with_a_long_name.a_table_orders  ━━━━━━━━━━━━━━━━",
    ]
    bars.close()


def test_bars_show_a_pause() -> None:
    stream, bars = bars_on(80, Clock())
    bars.tell(Throttled("old", 25, 31))
    assert screen(stream, bars.tick)[0].endswith("0% · 0.0 s · paused: old busy")
    bars.close()


def test_bars_take_eight_lines_at_most() -> None:
    stream, bars = bars_on(100, Clock())
    for number in range(12):
        bars.tell(StepStarted(f"load-rows:new:shop.주문{number}", 100))
    lines = screen(stream, bars.tick)
    assert len(lines) == 8
    assert lines[7].startswith("load-rows:new:shop.주문6 ")
    for number in range(11):
        bars.tell(StepDone(f"load-rows:new:shop.주문{number}", 1.0))
    assert len(screen(stream, bars.tick)) == 2
    bars.close()


def test_what_is_said_stays_above_the_bars() -> None:
    stream, bars = bars_on(80, Clock())
    bars.tick()
    bars.say("finishing the running chunks")
    bars.tell(StepFailed(LOAD, "new: disk full"))
    bars.close()
    assert "finishing the running chunks\n" in stream.getvalue()
    assert "failed: load-rows:new:shop.orders: new: disk full\n" in stream.getvalue()
