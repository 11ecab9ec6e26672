"""The two streams: stdout for the result, stderr for progress and diagnostics."""

from __future__ import annotations

from typing import Literal, TextIO

from rich.console import Console
from rich.text import Text

Color = Literal["auto", "always", "never"]


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would exit with 1 here; `migrate.__main__` decides that."""
        raise


def console(stream: TextIO, color: Color = "auto") -> Console:
    """A console on `stream`. `auto` colours a terminal only, and obeys NO_COLOR, FORCE_COLOR and TERM."""
    if color == "never":
        return _Console(file=stream, color_system=None, highlight=False, markup=False, emoji=False)
    if color == "always":
        return _Console(
            file=stream,
            force_terminal=True,
            color_system="standard",
            no_color=False,
            highlight=False,
            markup=False,
            emoji=False,
        )
    return _Console(file=stream, highlight=False, markup=False, emoji=False)


def put(target: Console, lines: list[Text] | list[str]) -> None:
    """Print whole lines: never wrapped, never cut, whatever the width, so that a pipe gets what a person sees."""
    for line in lines:
        # As Text, because rich would read `load-rows:new:shop` in a str as an emoji, and brackets as markup.
        target.print(Text(line) if isinstance(line, str) else line, soft_wrap=True)
