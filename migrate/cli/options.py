"""Options that several commands share. Each command still shows them all in its own `--help`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from migrate.model.rate import parse_rate
from migrate.ui.console import Color

GLOBAL = Group("Global options, before or after the command", sort_key=9)
STATE = Path("state/migrate.db")

Flag = Annotated[bool, Parameter(negative="")]
"""A switch without a `--no-…` twin."""
Words = Annotated[tuple[str, ...], Parameter(negative="")]


def _globs(_: object, globs: tuple[str, ...]) -> None:
    """Refuse a glob that no table can fit, as the configuration does. ValueError says what is wrong."""
    for glob in globs:
        if "." not in glob and not glob.startswith("*"):
            raise ValueError(f"{glob!r} matches no table: write schema.table, as in '*.{glob}'")


Globs = Annotated[tuple[str, ...], Parameter(negative="", validator=_globs)]
"""Globs on `schema.table`."""


def _rate(_: object, text: str | None) -> None:
    if text is not None:
        parse_rate(text)


def _threads(_: object, words: tuple[str, ...]) -> None:
    """Refuse what is neither a number nor ENDPOINT=NUMBER. ValueError says what is wrong."""
    for word in words:
        if not word.rpartition("=")[2].isdecimal():
            raise ValueError(f"{word!r} is not a number of statements: write 40, or old=40 for one endpoint")


Rate = Annotated[str | None, Parameter(validator=_rate)]
"""Bytes a second, such as 50MB."""
Threads = Annotated[tuple[str, ...], Parameter(negative="", validator=_threads)]
"""Statements that others may run: a number for all endpoints, ENDPOINT=NUMBER for one."""
Positive = Annotated[int | None, Parameter(validator=Number(gte=1))]
ConfigFile = Annotated[Path | None, Parameter(name=["--config", "-c"])]


@Parameter(name="*", group=GLOBAL)
@dataclass(frozen=True, kw_only=True)
class Globals:
    """What every command takes."""

    state: Path = STATE
    """The state file: how far each plan has come."""
    json: Flag = False
    """Write JSON lines on stdout, for programs."""
    color: Color = "auto"
    """Colours: auto is a terminal without NO_COLOR."""
    log_file: Path | None = None
    """Append everything that happens to this file, as JSON lines with the time."""
    quiet: Flag = False
    """No progress, only the result and errors."""
    debug: Flag = False
    """Show the traceback of an error."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class PlanFlags:
    """What `plan` and `run` take."""

    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None
    """Where the plan goes; plans/NAME.toml unless given."""
    include: Globs = ()
    """Only source tables that match, like shop.order*; may be repeated."""
    exclude: Globs = ()
    """Not the source tables that match; may be repeated."""
    skip: Words = ()
    """Leave this step out, and those that need it; may be repeated."""
    dated_tables: Flag = False
    """Move all dated tables, such as events_20240101, whatever the configuration says."""
    allow_destructive: Globs = ()
    """Permit changes that drop values in target tables that match, like shop.orders; may be repeated."""
    prune: Globs = ()
    """Delete rows that only the target has from target tables that match, like shop.orders; may be repeated."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ApplyFlags:
    """What `apply` and `run` take."""

    parallelism: Positive = None
    """How many pieces of work run at once, instead of the plan's number."""
    per_server: Positive = None
    """How many of them on one server, instead of the plan's number."""
    max_rate: Rate = None
    """Bytes of rows that move in a second, such as 50MB, instead of the plan's number; 0: as many as can."""
    max_threads_running: Threads = ()
    """Pause while others run more statements than this on a server, instead of the plan's numbers; 0: never. N for all
    endpoints or ENDPOINT=N; may be repeated."""
    on_error: Literal["stop", "continue"] = "stop"
    """After a failed step: start nothing more, or go on with what does not need it."""
    no_verify: Flag = False
    """Do not prove afterwards that both sides are equal."""
    lock_timeout: Annotated[float, Parameter(validator=Number(gte=0))] = 10.0
    """Seconds to wait for another run to end."""


GLOBALS = Globals()
PLAN_FLAGS = PlanFlags()
APPLY_FLAGS = ApplyFlags()
