"""Numbers, names and columns."""

from __future__ import annotations

import pytest

from migrate.model.words import counted
from migrate.ui.units import aligned, command, count, duration, remaining, shown, shown_lines, size


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (4_500, "4.5 kB"),
        (88_000_000, "88 MB"),
        (45_123_456, "45.1 MB"),
        (99_960_000, "100 MB"),
        (999_600_000, "1 GB"),
        (310_000_000, "310 MB"),
        (1_234_000_000_000_000_000, "1234 PB"),
    ],
)
def test_size(number: int, text: str) -> None:
    assert size(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (12.44, "12.4 s"),
        (59.96, "1 min 0 s"),
        (192, "3 min 12 s"),
        (3599.6, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.01, "1 s"), (6.4, "6 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (190.2, "3 min 10 s")]
)
def test_a_guess_of_what_remains_has_no_fraction(seconds: float, text: str) -> None:
    assert remaining(seconds) == text


def test_counts() -> None:
    assert (count(1_200_000), counted(1, "row"), counted(12, "table"), counted(2, "index", "indexes")) == (
        "1,200,000",
        "1 row",
        "12 tables",
        "2 indexes",
    )


def test_shown_keeps_every_script_and_escapes_what_moves_the_cursor() -> None:
    assert shown("주문 🐬 naïve ﷽") == "주문 🐬 naïve ﷽"
    assert shown("a\nb\x1b[0m\x7f\x9b") == r"a\nb\x1b[0m\x7f\x9b"
    assert shown_lines("a\n\tb") == ["a", "    b"]


def test_columns_are_straight_in_cells_and_lines_do_not_end_in_blanks() -> None:
    assert aligned([("주문", "1", "x"), ("a", "12,000", "")], frozenset({1})) == ["주문       1  x", "a     12,000"]
    assert aligned([]) == []


def test_command_quotes_for_a_shell() -> None:
    assert command("migrate", "apply", "my plans/a.toml") == "migrate apply 'my plans/a.toml'"
