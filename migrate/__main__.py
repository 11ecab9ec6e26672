"""The one place where errors become a sentence on stderr and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from migrate.errors import MigrateError, Stopped
from migrate.ui.jsonl import Jsonl

INTERNAL_ERROR = 70
"""EX_SOFTWARE of sysexits.h: a bug of ours."""
INTERRUPTED = 130
READER_GONE = 141
"""128 + SIGPIPE: who read our stdout went away."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return the exit code of the process."""
    words = sys.argv[1:] if argv is None else list(argv)
    jsonl = Jsonl(sys.stdout)
    try:
        try:
            return _run(words, jsonl)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - the one place that turns any failure into one sentence
            return _tell(_known(error), error, words, jsonl)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes stdout once more at exit, which would print a traceback: let it flush into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


def _run(words: list[str], jsonl: Jsonl) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name that this terminal's encoding lacks is shown escaped
            stream.reconfigure(errors="backslashreplace")
    from migrate.cli import run

    return run(words, jsonl)


def _known(error: BaseException) -> MigrateError | None:
    """The error as one of ours; None: a bug. Of several at once, the first that stopped the run."""
    if isinstance(error, MigrateError):
        return error
    if isinstance(error, BaseExceptionGroup):
        found = [known for one in error.exceptions if (known := _known(one)) is not None]
        return next((one for one in found if isinstance(one, Stopped)), found[0]) if found else None
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return MigrateError(f"{os.fsdecode(error.filename)}: {error.strerror}", "check the path and its permissions")
    return None


def _tell(known: MigrateError | None, error: BaseException, words: list[str], jsonl: Jsonl) -> int:
    if "--debug" in words:
        traceback.print_exception(error)
    if known is None:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        known = MigrateError(f"internal error: {what} (run again with --debug for the traceback, and report it)")
        known.exit_code = INTERNAL_ERROR
    print(f"error: {known.message}", file=sys.stderr)
    if known.hint:
        print(f"  next: {known.hint}", file=sys.stderr)
    if any(word.partition("=")[0] == "--json" for word in words):
        name = type(known).__name__ if known.exit_code != INTERNAL_ERROR else "InternalError"
        fields = {"error": name, "message": known.message, "hint": known.hint, "exit_code": known.exit_code}
        jsonl.write("error", fields)
    return known.exit_code


if __name__ == "__main__":
    sys.exit(main())
