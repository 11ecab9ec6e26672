"""The two streams: stdout for the result, stderr for progress and diagnostics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TextIO

from rich.console import Console
from rich.text import Text

Color = Literal["auto", "always", "never"]
Lines = Sequence[Text] | Sequence[str]


class Screen(Console):
    """One of the two streams. `auto` colours a terminal only, and obeys NO_COLOR, FORCE_COLOR and TERM."""

    def __init__(self, stream: TextIO, color: Color = "auto") -> None:
        options: dict[str, Any] = {}
        if color == "never":
            options = {"color_system": None}
        elif color == "always":
            options = {"force_terminal": True, "color_system": "standard", "no_color": False}
        super().__init__(file=stream, highlight=False, markup=False, emoji=False, **options)

    @property
    def draws(self) -> bool:
        """Whether bars can be redrawn here: a real terminal. Colours may be forced on a pipe, bars may not."""
        return self.file.isatty() and not self.is_dumb_terminal

    def put(self, lines: Lines) -> None:
        """Print whole lines: never wrapped, never cut, whatever the width, so that a pipe gets what a person sees."""
        for line in lines:
            # As Text, because rich would read `load-rows:new:shop` in a str as an emoji, and brackets as markup.
            self.print(Text(line) if isinstance(line, str) else line, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        """Rich calls this when the reader went away, and would exit with 1; `migrate.__main__` decides that."""
        raise  # inside rich's own `except BrokenPipeError`
