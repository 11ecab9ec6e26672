"""What a move takes: seconds, CPU seconds and memory of the clients, CPU seconds of the servers.

Sources: getrusage(2) for the clients, /proc/PID/stat (proc(5), fields 14 and 15) for the servers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab import Server

METER = Path(__file__).with_name("meter.py")
IDLE = 0.05
"""CPU seconds a second: a server that takes less has nothing left to do from what was before."""


class Failed(RuntimeError):
    """A command ended with an error; the message is the last of what it said."""


@dataclass(frozen=True)
class Usage:
    """Of one command and the processes it waited for: wall and CPU seconds, bytes of the largest process."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Usage:
    """Run a command in a folder to its end. Raises Failed."""
    with tempfile.NamedTemporaryFile("r", prefix="migrate-bench-", suffix=".json") as result:
        metered = [sys.executable, "-I", "-S", str(METER), result.name, *command]
        done = subprocess.run(metered, cwd=folder, env=variables, capture_output=True, check=False)
        if done.returncode != 0:
            raise Failed(f"exit {done.returncode}: {_last((done.stderr or done.stdout).decode(errors='replace'))}")
        seconds, cpu_seconds, peak = json.load(result)
    return Usage(float(seconds), float(cpu_seconds), int(peak))


def server_cpu(server: Server) -> float:
    """CPU seconds, user and system, that a server has taken since its start. Raises OSError when it has ended."""
    stat = Path(f"/proc/{server.pid}/stat").read_text()
    fields = stat[stat.rindex(")") + 2 :].split()  # the name before it may hold spaces and parentheses
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settle(servers: Sequence[Server], seconds: float = 15.0) -> None:
    """Let the servers and the disk finish what an earlier lap left to them; no longer than `seconds`."""
    os.sync()
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        before = [server_cpu(server) for server in servers]
        time.sleep(0.5)
        if all(server_cpu(server) - start <= IDLE * 0.5 for server, start in zip(servers, before, strict=True)):
            return


def machine() -> str:
    """What is measured on, as far as it matters."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, Python {sys.version.split()[0]}"


def _last(words: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
