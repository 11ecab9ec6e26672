"""Colours and pipes."""

from __future__ import annotations

import io

import pytest
from rich.text import Text

from migrate.ui.console import Screen

LINE = Text("red", style="red").append(" and a long line " * 20)


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def printed(color: str, monkeypatch: pytest.MonkeyPatch, **env: str) -> str:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    Screen(stream, color).put([LINE])  # type: ignore[arg-type]  # parametrised
    return stream.getvalue()


def test_a_pipe_gets_plain_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed("auto", monkeypatch) == LINE.plain + "\n"


def test_always_colours_a_pipe_even_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[31mred" in printed("always", monkeypatch, NO_COLOR="1", TERM="dumb")


def test_never_wins_over_force_color(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed("never", monkeypatch, FORCE_COLOR="1") == LINE.plain + "\n"


def test_names_are_no_markup_and_no_emoji(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    Screen(stream, "never").put(["[bold]a[/bold] load-rows:new:shop [link]"])
    assert stream.getvalue() == "[bold]a[/bold] load-rows:new:shop [link]\n"


def test_a_reader_that_went_away_is_left_to_main() -> None:
    with pytest.raises(BrokenPipeError):
        Screen(Broken(), "never").put(["x"])
