"""The command line: which commands there are, and the options that all of them take.

Nothing here imports an engine, a driver or a parser of SQL: `migrate --help` and `migrate show` need none of them. A
command imports what it calls when it runs.
"""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, cast

import msgspec
from cyclopts import (
    App,
    CycloptsError,
    MissingArgumentError,
    Parameter,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)

from migrate import __version__
from migrate.cli.analyze import analyze
from migrate.cli.apply import apply
from migrate.cli.check import check
from migrate.cli.context import Shell
from migrate.cli.gc import gc
from migrate.cli.init import init
from migrate.cli.options import GLOBAL, GLOBALS, Globals
from migrate.cli.plan import plan
from migrate.cli.rollback import rollback
from migrate.cli.run import run_
from migrate.cli.show import show
from migrate.cli.show_config import show_config
from migrate.cli.state import state
from migrate.cli.status import status
from migrate.cli.verify import verify
from migrate.errors import UsageError
from migrate.ui.console import Screen
from migrate.ui.jsonl import Jsonl

app = App(
    name="migrate",
    help="Terraform for moving data: plan, review, apply and verify moves between databases.\n\n"
    "Start with: migrate init, migrate plan, migrate show plans/NAME.toml, migrate apply plans/NAME.toml",
    version=f"migrate {__version__}",
    help_format="plaintext",
    default_parameter=Parameter(show_default=lambda value: None if value in (False, (), None) else str(value)),
    suppress_keyboard_interrupt=False,
)
app.meta.group_parameters = GLOBAL
COMMANDS: dict[str, Callable[..., int]] = {
    "init": init,
    "show-config": show_config,
    "analyze": analyze,
    "plan": plan,
    "show": show,
    "check": check,
    "apply": apply,
    "status": status,
    "verify": verify,
    "rollback": rollback,
    "gc": gc,
    "run": run_,
}
for number, (name, function) in enumerate(COMMANDS.items()):
    app.command(function, name=name, sort_key=number)
app.command(state)
for flag in ("--help", "--version"):
    app[flag].sort_key = 99


class Call(msgspec.Struct, frozen=True):
    """A command line that was understood: what to call, and with what."""

    command: Callable[..., Any]
    bound: inspect.BoundArguments
    options: Globals
    wants_context: bool


@app.meta.default
def _read(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)], options: Globals = GLOBALS
) -> Call:
    command, bound, ignored = app.parse_args(tokens, exit_on_error=False, print_error=False)
    return Call(command, bound, options, "context" in ignored)


def parse(argv: Sequence[str]) -> Call | None:
    """Understand a command line, without doing anything; None when it asked for help or the version, which is printed.

    Raises `UsageError`.
    """
    try:
        call = app.meta(
            list(argv),
            console=Screen(sys.stdout),
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
    except CycloptsError as error:
        raise _usage(error, argv) from error
    return cast("Call | None", call)


def run(argv: Sequence[str], jsonl: Jsonl) -> int:
    """Run one command line; the exit code. Raises `MigrateError`."""
    call = parse(argv)
    if call is None:
        return 0
    if not call.wants_context:  # the help that cyclopts shows for a bare `migrate` or `migrate state`
        call.command(*call.bound.args, **call.bound.kwargs)
        return 0
    context = Shell(call.options, jsonl)
    return int(call.command(*call.bound.args, **call.bound.kwargs, context=context))


def options_of(command: Sequence[str]) -> tuple[str, ...]:
    """Every option of a command, those of all commands included."""
    one = app
    for word in command:
        one = one[word]
    collections = (one, app.meta)
    found = {
        name
        for place in collections
        if place.default_command is not None
        for argument in place.assemble_argument_collection()
        for name in argument.names
        if name.startswith("-") and argument.show
    }
    return tuple(sorted(found))


def _usage(error: CycloptsError, argv: Sequence[str]) -> UsageError:
    """One sentence and one hint, in our words."""
    words: list[str] = []
    for word in argv:
        if (*words, word) in commands():
            words.append(word)
    see = f"see `{' '.join(['migrate', *words, '--help'])}`"
    match error:
        case UnknownOptionError():
            wrong = error.token.keyword or error.token.value
            return UsageError(f"unknown option {wrong!r}", _did_you_mean(wrong, options_of(words), see))
        case UnknownCommandError() if error.unused_tokens:
            wrong = error.unused_tokens[0]
            names = [chain[-1] for chain in commands() if chain[:-1] == tuple(words)]
            return UsageError(f"unknown command {' '.join([*words, wrong])!r}", _did_you_mean(wrong, names, see))
        case MissingArgumentError() if error.argument is not None:
            name = error.argument.name
            return UsageError(f"{name} needs a value" if name.startswith("-") else f"{name} is missing", see)
        case ValidationError() if error.argument is not None and isinstance(error.argument.value, tuple | str):
            return UsageError(f"{error.argument.name}: {error.exception_message}", see)
        case UnusedCliTokensError() if error.unused_tokens:
            wrong, _, value = error.unused_tokens[0].partition("=")
            if wrong in options_of(words):  # the reader of global options passes on what it cannot use
                return UsageError(f"{wrong} takes no value like {value!r}" if value else f"{wrong} needs a value", see)
            return UsageError(f"unexpected {error.unused_tokens[0]!r}", see)
        case _:
            message = " ".join(str(error).split())
            return UsageError(message[:1].lower() + message[1:].removesuffix("."), see)


def _did_you_mean(wrong: str, names: Sequence[str], see: str) -> str:
    word = wrong.partition("=")[0]
    near = [name for name in names if name.startswith(word)] or difflib.get_close_matches(word, names, 1)
    return f"did you mean {near[0]}? {see}" if near else see


def commands() -> tuple[tuple[str, ...], ...]:
    """Every command as its words: ("plan",), ("state",), ("state", "list"), …"""
    out: list[tuple[str, ...]] = []
    for name in app:
        if name.startswith("-"):
            continue
        out.append((name,))
        out += [(name, below) for below in app[name] if not below.startswith("-")]
    return tuple(out)
