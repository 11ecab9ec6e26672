"""The lab's folder, its file locks, its one error type and its messages to the user."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LabError(RuntimeError):
    """Something the lab needs is missing or failed; the message is one sentence that says what to do."""


def home() -> Path:
    """The lab's folder: $MIGRATE_LAB_HOME, else migrate-lab in the user's cache folder. Created when missing.

    Raises OSError when it cannot be created.
    """
    chosen = os.environ.get("MIGRATE_LAB_HOME")
    if chosen:
        path = Path(chosen).expanduser()
    else:
        cache = os.environ.get("XDG_CACHE_HOME")
        path = (Path(cache) if cache else Path.home() / ".cache") / "migrate-lab"
    path.mkdir(parents=True, exist_ok=True)
    return path.resolve()


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lab's file lock `name`; other processes and threads that want it wait without a limit.

    The lock is flock(2) on a file of its own, so the kernel releases it when its holder dies. Not re-entrant:
    taking the same lock twice in one thread waits for ever.
    """
    folder = home() / "locks"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.lock").open("a") as file:
        asked = time.monotonic()
        told = False
        while not _try_lock(file.fileno()):
            if not told and time.monotonic() - asked > 2:
                say(f"waiting for another process that holds the lab's lock {name!r}")
                told = True
            time.sleep(0.02)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def home_beside(folder: Path) -> Path:
    """A home of its own in `folder`, with the packages and templates of this one."""
    made = folder / "lab"
    made.mkdir()
    for name in ("packages", "templates", "libraries"):
        if (home() / name).exists():
            (made / name).symlink_to(home() / name)
    return made


def say(message: str) -> None:
    """One line of progress for a human, on stderr (stdout is for values a shell evaluates)."""
    print(f"lab: {message}", file=sys.stderr, flush=True)
