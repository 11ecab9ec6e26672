"""The bench's report: figures of the quickest equal laps, goals beside them, and the rest of the page as it was."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.bench.__main__ import PAGE
from tests.bench.measure import Failed, Usage, run, server_cpu
from tests.bench.race import Lap
from tests.bench.report import Measured, Member, Setting, replaced, section
from tests.bench.shapes import SHAPES
from tests.lab import Server

SETTING = Setting("2 cores, 8 GiB of memory", "MySQL 8.0.33 twice on it", ["nothing"])
MEMBERS = (
    Member("floor", "floor", "mysql 8"),
    Member("unverified", "migrate --no-verify", "migrate"),
    Member("verified", "migrate", "migrate"),
    Member("mydumper", "mydumper", "mydumper 1.0.1-1"),
)


def lap(key: str, seconds: float, wrong: str = "", *, cpu: float = 1.0, peak: int = 9_000_000) -> Lap:
    """A lap of two steps, the first of one second."""
    steps = {"plan": Usage(1.0, 0.5, 1), "apply": Usage(seconds - 1.0, cpu, peak)}
    return Lap(key, steps, source_cpu=3.0, target_cpu=20.0, wrong=wrong)


def lines(*laps: Lap, members: tuple[Member, ...] = MEMBERS, plain: float = 2.0) -> list[str]:
    """The section of the narrow shape."""
    return section(Measured(SHAPES["narrow"], 500, 12.3, members, laps, plain), SETTING)


def cells(found: list[str], beginning: str) -> list[str]:
    """The cells of the one row that begins so."""
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found]
    (row,) = [row for row in rows if row[0].startswith(beginning)]
    return row


def test_figures_are_of_the_quickest_lap_and_memory_is_the_largest() -> None:
    found = lines(lap("verified", 12.0), lap("verified", 10.0, cpu=3.0), lap("verified", 30.0, peak=11_000_000))
    assert cells(found, "migrate (")[1:] == [
        *("10.0", "plan 1.0, apply 9.0", "3.0", "20.0", "3.5", "35 %", "11"),
        "12.0, 10.0, 30.0",
    ]


def test_ratios_of_what_apply_took_stand_beside_their_goals() -> None:
    found = lines(lap("floor", 10.0), lap("unverified", 12.5), lap("verified", 14.8), lap("mydumper", 12.0))
    assert cells(found, "without verification / floor") == [*_said("without verification / floor", "1.15", "1.20")]
    assert cells(found, "without verification / mydumper")[1:] == ["0.96", "≤ 0.90", "missed"]
    assert cells(found, "with verification / mydumper")[1:] == ["1.15", "≤ 1.10", "missed"]
    assert cells(found, "plan and apply without")[1:] == ["1.04", "-", ""]
    assert cells(found, "plan and apply with verification")[1:] == ["1.23", "-", ""]
    assert cells(found, "verification / copy")[1:] == ["20 %", "≤ 15 %", "missed"]
    assert cells(found, "CPU of the source")[1:] == ["1.50", "≤ 2.00", "reached"]
    assert cells(found, "CPU of the client / wall time, without")[1:] == ["12 %", "≤ 15 %", "reached"]
    assert cells(found, "memory of the client")[1:] == ["9 MB", "≤ 250 MB", "reached"]


def _said(words: str, figure: str, limit: str) -> tuple[str, ...]:
    return words, figure, f"≤ {limit}", "reached"


def test_a_goal_is_not_judged_against_another_version_of_the_rival() -> None:
    members = (*MEMBERS[:3], Member("mydumper", "mydumper", "mydumper 0.10.1"))
    found = lines(lap("unverified", 5.0), lap("mydumper", 10.0), members=members)
    assert cells(found, "without verification / mydumper")[1:] == ["0.40", "≤ 0.90", "set against mydumper 1"]


def test_what_was_not_measured_has_no_figure() -> None:
    found = lines(lap("unverified", 5.0), plain=0.0)
    assert cells(found, "without verification / aiomysql")[1:] == ["-", "≤ 0.40", "not measured"]
    assert cells(found, "CPU of the source")[1:] == ["-", "≤ 2.00", "too little to measure"]
    assert "Not measured: nothing." in found


def test_a_lap_that_was_wrong_counts_for_nothing_and_is_told_without_its_paths() -> None:
    wrong = lap("mydumper", 2.0, "failed: exit 1: /tmp/folder is gone")
    found = lines(lap("unverified", 9.0), lap("mydumper", 10.0), wrong)
    assert cells(found, "mydumper")[1] == "10.0"
    assert cells(found, "mydumper")[-1] == "10.0, failed"
    alone = lines(lap("unverified", 9.0), wrong)
    assert cells(alone, "mydumper")[1:] == ["", "", "", "", "", "", "", "failed"]
    assert cells(alone, "without verification / mydumper")[1:] == ["-", "≤ 0.90", "not measured"]
    assert "folder" not in "\n".join(found + alone)


def test_writing_one_shape_leaves_the_rest_of_the_page() -> None:
    blob = "<!-- blob: begin -->\nkept\n<!-- blob: end -->\n"
    page = f"# Page\n<!-- wide: begin -->\nold\n<!-- wide: end -->\nbetween\n{blob}"
    assert replaced(page, "wide", ["new", "figures"]) == page.replace("old", "new\nfigures")


def test_a_page_without_a_place_for_the_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="no place between"):
        replaced("<!-- wide: end -->\n<!-- wide: begin -->\n", "wide", [])


def test_the_page_has_a_place_for_every_shape() -> None:
    page = PAGE.read_text("utf-8")
    for name in SHAPES:
        assert "mark 7" in replaced(page, name, ["mark 7"])


def test_the_meter_tells_the_cost_of_a_command_and_not_of_who_asks(tmp_path: Path) -> None:
    ballast = bytearray(300_000_000)
    ballast[::4096] = b"x" * len(ballast[::4096])
    code = "import time; a = bytearray(60_000_000); a[::4096] = b'x' * len(a[::4096]); time.sleep(0.2)"
    used = run([sys.executable, "-c", code], tmp_path, os.environ)
    assert 60_000_000 < used.peak_bytes < 200_000_000
    assert used.seconds >= 0.2
    assert used.cpu_seconds > 0


def test_a_command_that_fails_says_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"^exit 3: the end$"):
        run(["sh", "-c", "echo begin >&2; echo the end >&2; exit 3"], tmp_path, os.environ)


def test_the_cpu_of_a_server_is_what_its_process_took() -> None:
    me = Server("me", "8", "127.0.0.1", 1, "", "", "", "", os.getpid(), "")
    before, sum_before = server_cpu(me), sum(os.times()[:2])
    while sum(os.times()[:2]) - sum_before < 0.3:
        pass
    assert server_cpu(me) - before == pytest.approx(0.3, abs=0.05)
