"""What a command gets besides its own options: the streams and where things are told."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from migrate.cli.options import STATE, Globals
from migrate.errors import CannotWrite
from migrate.model.plan import Plan
from migrate.model.progress import Event, Outcome
from migrate.ui.bars import Bars
from migrate.ui.console import Lines, Screen
from migrate.ui.jsonl import Jsonl, told
from migrate.ui.progress import Lines as LineProgress
from migrate.ui.progress import Meter, Progress, Quiet
from migrate.ui.units import command


class Shell:
    """The streams and options of one call of `migrate`."""

    def __init__(self, options: Globals, jsonl: Jsonl) -> None:
        self.options = options
        self.env: Mapping[str, str] = os.environ
        self.out = Screen(sys.stdout, options.color)
        self.err = Screen(sys.stderr, options.color)
        self._jsonl = jsonl
        self._log: Jsonl | None = None
        if options.log_file is not None:
            try:
                file = options.log_file.open("a", encoding="utf-8")
            except OSError as error:
                raise CannotWrite(str(options.log_file), "log", error.strerror or str(error)) from error
            self._log = Jsonl(file, stamped=True)

    def result(self, lines: Lines) -> None:
        """The result, for eyes: on stdout, unless a program listens."""
        if not self.options.json:
            self.out.put(lines)

    def record(self, kind: str, fields: dict[str, object]) -> None:
        """The result, for programs: on stdout with --json, and in the log."""
        if self.options.json:
            self._jsonl.write(kind, fields)
        if self._log is not None:
            self._log.write(kind, fields)

    def tell(self, value: Event | Outcome) -> None:
        """Something that the executor told."""
        if self.options.json or self._log is not None:
            self.record(*told(value))

    def say(self, text: str) -> None:
        """A diagnostic, on stderr."""
        if not self.options.quiet:
            self.err.put([text])

    def progress(self, plan: Plan) -> Progress:
        """Bars on a terminal, a line every few seconds elsewhere, nothing with --quiet."""

        def write(text: str) -> None:
            self.err.put([text])

        if self.options.quiet:
            return Quiet(write)
        meter = Meter(plan)
        return Bars(meter, self.err) if self.err.draws else LineProgress(meter, write)

    def command(self, *words: str | os.PathLike[str]) -> str:
        """A command line that the user can paste; it names the state file when that is not the usual one."""
        state = [] if self.options.state == STATE else ["--state", os.fspath(self.options.state)]
        return command("migrate", *(os.fspath(word) for word in words), *state)


Context = Annotated[Shell, Parameter(parse=False)]


def plain(value: Any) -> dict[str, object]:
    """A Struct as a dict for JSON, every field there."""
    return {name: msgspec.to_builtins(getattr(value, name)) for name in value.__struct_fields__}
