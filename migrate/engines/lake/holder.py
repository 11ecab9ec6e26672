"""Which process holds a lock, and whether it is known to be dead.

Known is only what this machine can see: a process of this host and boot, and of our own PID namespace. Process ids are
given again, so the time at which it started counts too (proc_pid_stat(5), field 22). Where there is no such `/proc`,
nothing is known, and locks expire.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_START = 19
"""Of the fields behind the command's name; the first of them is the state."""


def this_process() -> str:
    """Us, so that any process on this machine can tell whether we live; empty where that cannot be told."""
    machine, stat = _machine(), _stat(os.getpid())
    return f"{machine} {os.getpid()} {stat[_START]}" if machine and stat else ""


def is_dead(process: str) -> bool:
    """Whether the process that called itself so has ended; False when nothing is known of it."""
    machine, pid, started = ([*process.rsplit(" ", 2), "", "", ""])[:3]
    if not machine or machine != _machine() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass  # somebody else's
    stat = _stat(int(pid))
    return bool(stat) and (stat[_START] != started or stat[0] in "ZX")


def _machine() -> str:
    try:
        return f"{socket.gethostname()} {_BOOT.read_text().strip()} {_NAMESPACE.readlink()}"
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    """What is behind the command's name, which may hold spaces and brackets."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return []
    return fields if len(fields) > _START else []
