"""Processes known by pid and start time, so that a recycled pid is never taken for the one that was started.

Sources: /proc/PID/stat (fields 3 the state, 20 the threads, 22 the start in clock ticks since boot), see proc(5), and
/proc/sys/kernel/random/boot_id, which differs at each boot.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_children: dict[int, subprocess.Popen[bytes]] = {}  # started by this process: it must reap them


@dataclass(frozen=True)
class Process:
    """A process: its pid and its start as `boot id:clock ticks`."""

    pid: int
    start: str


def identify(pid: int) -> Process | None:
    """The process that has this pid now, or None when none has it or it has ended and waits to be reaped.

    A zombie with other threads has not ended: its files and its port stay open until the last of them has.
    """
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat[stat.rindex(")") + 2 :].split()  # the name before it may hold spaces and parentheses
    if fields[0] in "ZX" and int(fields[17]) <= 1:
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return Process(pid, f"{boot}:{fields[19]}")


def myself() -> Process:
    """This process. Raises RuntimeError when /proc does not show it."""
    process = identify(os.getpid())
    if process is None:
        raise RuntimeError("/proc does not show this process")
    return process


def alive(process: Process) -> bool:
    """Whether this very process still runs (not merely its pid)."""
    return identify(process.pid) == process


def spawn(command: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path | None = None) -> Process:
    """Start `command` in a session of its own (it outlives this process), its output appended to `log`.

    `folder` is where it runs; without, where this process does.

    Raises OSError when the program cannot be started, RuntimeError when it ended at once.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=dict(environment),
            cwd=folder,
        )
    _children[child.pid] = child
    process = identify(child.pid)
    if process is None:
        raise RuntimeError(f"{command[0]} ended at once, see {log}")
    return process


def tied(command: Sequence[str]) -> list[str]:
    """The command so that it dies with this process, even by SIGKILL: it must not go on writing to a folder that
    the next run of the lab clears. By setpriv(1) of util-linux; where that is missing the command is unchanged.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", *command] if setpriv else list(command)


def send(process: Process, number: signal.Signals) -> bool:
    """Send a signal to this very process; False when it no longer runs.

    The pid is pinned (pidfd_open(2)) before its start time is compared, so it cannot be recycled in between.
    Raises PermissionError when the process belongs to another user.
    """
    try:
        pinned = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        if not alive(process):
            return False
        signal.pidfd_send_signal(pinned, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(pinned)
    return True


def wait_gone(process: Process, seconds: float) -> bool:
    """Wait until the process has ended; False when it still runs after `seconds`."""
    limit = time.monotonic() + seconds
    while alive(process):
        if time.monotonic() >= limit:
            return False
        time.sleep(0.02)
    return True


def stop(process: Process, grace: float = 20.0) -> bool:
    """SIGTERM, then SIGKILL after `grace` seconds; True when SIGTERM was enough or nothing ran.

    Raises RuntimeError when the process survives SIGKILL for 10 s.
    """
    if not send(process, signal.SIGTERM) or wait_gone(process, grace):
        return True
    kill(process)
    return False


def kill(process: Process) -> None:
    """SIGKILL and wait for the end. Raises RuntimeError when the process is still there after 10 s."""
    if send(process, signal.SIGKILL) and not wait_gone(process, 10):
        raise RuntimeError(f"process {process.pid} is still there 10 s after SIGKILL")
