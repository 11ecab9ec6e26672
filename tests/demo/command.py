"""Run the real command in a folder as a user would, its output going where ours goes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.processes import tied

REPOSITORY = Path(__file__).resolve().parents[2]
GRACE_SECONDS = 3.0  # for a command that the same Ctrl-C has reached, before it is asked
END_SECONDS = 15.0  # how long a command that was asked to stop may take to write its checkpoint


@dataclass(frozen=True)
class Ran:
    """A command that ended: its words after `migrate`, its exit code (negative: the signal) and wall seconds."""

    words: tuple[str, ...]
    code: int
    seconds: float


@dataclass(frozen=True)
class Migrate:
    """The command `migrate` in a folder, with these environment variables on top of ours."""

    folder: Path
    variables: Mapping[str, str]

    def run(self, *words: str) -> Ran:
        """Print the command line, run it to its end and return how it ended; its output is not captured."""
        _, ran = self._run(words, None)
        return ran

    def run_killed(self, *words: str, when: Callable[[], bool]) -> tuple[bool, Ran]:
        """The same, but SIGKILL it as soon as `when` says so (asked about 20 times a second).

        The first value is False when the command ended by itself before that.
        """
        return self._run(words, when)

    def _run(self, words: Sequence[str], when: Callable[[], bool] | None) -> tuple[bool, Ran]:
        print(f"\n$ migrate {shlex.join(words)}", flush=True)
        started = time.monotonic()
        command = tied([sys.executable, "-m", "migrate", *words])
        child = subprocess.Popen(command, cwd=self.folder, env=self._environment())
        killed = False
        try:
            while when is not None and child.poll() is None:
                if when():
                    child.kill()
                    killed = True
                    break
                time.sleep(0.05)
            child.wait()
        finally:
            _end(child)
        return killed and child.returncode == -9, Ran(tuple(words), child.returncode, time.monotonic() - started)

    def _environment(self) -> dict[str, str]:
        """Ours, with the repository first on the import path: the command runs in another folder."""
        paths = [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
        return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **self.variables}


def _end(child: subprocess.Popen[bytes]) -> None:
    """Leave no child behind when this program is interrupted: wait, then ask it to stop, then make it.

    Ctrl-C in a terminal has reached the child already, so it is given time first.
    """
    for ask in (None, child.terminate, child.kill):
        if child.poll() is not None:
            return
        if ask is not None:
            ask()
        try:
            child.wait(GRACE_SECONDS if ask is None else END_SECONDS)
        except subprocess.TimeoutExpired:
            continue
