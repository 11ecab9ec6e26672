"""JSON lines: the first names the version, then one object a line."""

from __future__ import annotations

import io
import json
from datetime import datetime

from migrate.model.progress import ChunkDone, Outcome, StepDone, StepFailed, Throttled
from migrate.ui.jsonl import Jsonl, told


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_the_version_comes_first_and_once() -> None:
    stream = io.StringIO()
    out = Jsonl(stream)
    assert stream.getvalue() == ""
    out.write("plan", {"path": "주문.toml"})
    out.write("end")
    assert lines(stream) == [{"type": "version", "ui": "1.0"}, {"type": "plan", "path": "주문.toml"}, {"type": "end"}]


def test_a_log_has_the_time_of_each_line() -> None:
    stream = io.StringIO()
    Jsonl(stream, stamped=True).write("end")
    for line in lines(stream):
        assert datetime.fromisoformat(str(line["time"])).utcoffset() is not None


def test_events_carry_every_field_zeros_too() -> None:
    assert told(ChunkDone("s", 0, 7)) == ("chunk_done", {"step": "s", "rows": 0, "bytes": 7})
    assert told(StepDone("s", 1.5)) == (
        "step_done",
        {"step": "s", "seconds": 1.5, "rows": 0, "bytes": 0, "note": ""},
    )


def test_an_event_without_a_step_carries_what_it_has() -> None:
    assert told(Throttled("", 1000)) == ("throttled", {"endpoint": "", "limit": 1000, "running": 0})


def test_the_outcome_carries_its_failures() -> None:
    kind, fields = told(Outcome(1, 1, 2, 3, 4, 5.0, (StepFailed("s", "e", "h", 7),)))
    assert kind == "outcome"
    assert fields["failures"] == [{"step": "s", "error": "e", "hint": "h", "exit_code": 7}]
    assert fields["interrupted"] is False
