"""Run one command and write what it took: `python -I -S meter.py RESULT COMMAND…`; its exit status is the command's.

A process of its own, and a small one: what a process was before its exec counts into its ru_maxrss (exec_mmap in
Linux's fs/exec.c), so started by the bench itself nobody would be smaller than the bench.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time


def main(result: str, command: list[str]) -> int:
    """Seconds of wall and CPU time, and bytes of the largest process, of the command and all that it waited for."""
    started = time.monotonic()
    code = subprocess.call(command)
    seconds = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(result, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib would double the meter's own size
        json.dump([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024], file)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
