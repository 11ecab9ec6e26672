"""Processes that have everything imported already: a command in one starts in a fraction of the time.

`python -m tests.e2e.warm` imports all of `migrate`, then reads one request a line on stdin, forks, and the child is
`python -m migrate` of these words: a process of its own, with the folder, environment and files of the request. Nothing
of what it does is seen by the next one. Two lines on stdout answer a request: the child's number, and how it ended.
"""

from __future__ import annotations

import functools
import gc
import importlib
import os
import pkgutil
import select
import signal
import subprocess
import sys
from pathlib import Path

import msgspec


class Request(msgspec.Struct, frozen=True):
    """A command line, where it runs, and the files that it writes to."""

    words: tuple[str, ...]
    folder: str
    environment: dict[str, str]
    out: str
    err: str


class Warm:
    """The process that forks, started when it is first needed. It ends with us, when its stdin does."""

    def __init__(self) -> None:
        self._parent: subprocess.Popen[bytes] | None = None

    def run(self, request: Request, limit: float) -> int:
        """The exit code of the command, negative for a signal. Raises TimeoutError when it was killed at the limit."""
        if self._parent is None:
            root = Path(__file__).resolve().parents[2]
            command = [sys.executable, "-m", "tests.e2e.warm"]
            self._parent = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        parent = self._parent
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(msgspec.json.encode(request) + b"\n")
        child = int(parent.stdout.readline())
        late = not select.select([parent.stdout], [], [], limit)[0]
        if late:
            os.kill(child, signal.SIGKILL)
        code = int(parent.stdout.readline())
        if late:
            raise TimeoutError
        return code


@functools.cache
def warm() -> Warm:
    """The one of this process."""
    return Warm()


def _import_all() -> None:
    import migrate

    for module in pkgutil.walk_packages(migrate.__path__, "migrate."):
        if module.name != "migrate.__main__":
            importlib.import_module(module.name)


def _be(request: Request) -> None:
    """Become the command. Never returns."""
    for path, number in ((os.devnull, 0), (request.out, 1), (request.err, 2)):
        opened = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv = ["migrate", *request.words]
    from migrate.__main__ import main

    code = 1
    try:
        code = main()
        sys.stderr.flush()
    finally:
        os._exit(code)


def serve() -> None:
    """Answer requests until stdin ends."""
    _import_all()
    gc.freeze()  # what is imported is no garbage: a child that looked for some would copy all pages of it
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin.buffer:
        request = msgspec.json.decode(line, type=Request)
        child = os.fork()
        if child == 0:
            answers.detach()
            _be(request)
        print(child, file=answers)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=answers)


if __name__ == "__main__":
    serve()
