"""The real command in a folder of its own, started so that a test can kill it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.lab import Server

REPOSITORY = Path(__file__).resolve().parents[2]

CONFIGURATION = """\
name = "crash"
[endpoint.old]
engine = "mysql"
host = "{source.host}"
port = {source.port}
user = "{source.user}"
password = "${{LAB_PASSWORD}}"
[endpoint.new]
engine = "mysql"
host = "{target.host}"
port = {target.port}
user = "{target.user}"
password = "${{LAB_PASSWORD}}"
[[move]]
from = "old:{old}.*"
to = "new:{new}.*"
"""

PLAN = "plans/crash.toml"
SECONDS = 240.0
"""How long a command may take on a busy machine before the test gives up."""


@dataclass(frozen=True)
class Ran:
    """How a command ended: its exit code (negative: the signal), stdout, stderr and wall seconds."""

    code: int
    out: str
    err: str
    seconds: float


class Process:
    """A command at work. Its output goes to files, so that a stopped one blocks nobody."""

    def __init__(self, folder: Path, words: tuple[str, ...]) -> None:
        self.began = time.monotonic()
        self._out = folder / f"out-{time.monotonic_ns()}"
        self._err = self._out.with_name(self._out.name.replace("out", "err"))
        paths = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH", ""))))
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "migrate", *words],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": paths, "LAB_PASSWORD": "lab-app"},
                stdout=out,
                stderr=err,
                stdin=subprocess.DEVNULL,
            )
        self.pid = self._child.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._child.poll() is None

    @property
    def told(self) -> int:
        """How many chunks and ends of steps an apply with `--json` has told so far."""
        lines = self._out.read_text().splitlines()
        return sum(1 for line in lines if line.startswith(('{"type":"chunk_done"', '{"type":"step_done"')))

    def kill(self) -> bool:
        """SIGKILL it; False when it had ended by itself."""
        self._child.kill()
        return self._child.wait() == -signal.SIGKILL

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._child.send_signal(number)

    def until(self, seen: Callable[[], bool], seconds: float = 60.0, every: float = 0.005) -> bool:
        """Wait until `seen` says so; False when the command ended, or the time did, before."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit and self.runs:
            if seen():
                return True
            time.sleep(every)
        return False

    def wait(self) -> Ran:
        """Wait for its end."""
        try:
            code = self._child.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"no end after {SECONDS:.0f} s; it said: {self._err.read_text()[-2000:]}") from None
        ran = Ran(code, self._out.read_text(), self._err.read_text(), time.monotonic() - self.began)
        assert "Traceback" not in ran.err, ran.err
        return ran


class Migrate:
    """The command `migrate` in a folder that holds a configuration for one schema on two servers."""

    def __init__(self, folder: Path, source: Server, target: Server, old: str, new: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        (folder / "migrate.toml").write_text(CONFIGURATION.format(source=source, target=target, old=old, new=new))
        self._started: list[Process] = []

    def start(self, *words: str) -> Process:
        """Start a command and go on."""
        process = Process(self.folder, words)
        self._started.append(process)
        return process

    def run(self, *words: str) -> Ran:
        """Run a command to its end."""
        return self.start(*words).wait()

    def plan(self) -> None:
        """Make the plan; it must have no blocked step."""
        ran = self.run("plan")
        assert ran.code == 0, ran.err
        assert "blocked" not in ran.out, ran.out

    def apply(self, *words: str) -> Ran:
        """Apply the plan to its end, whatever that is."""
        return self.run("apply", PLAN, *words)

    def close(self) -> None:
        """Leave nothing running, stopped ones too."""
        for process in self._started:
            if process.runs:
                process.kill()
