"""Free TCP ports at the lab's address."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack

from tests.lab.definitions import HOST
from tests.lab.home import LabError


class PortTaken(LabError):
    """The port that was free when it was chosen is not free any more."""


def free_port(preferred: int | None = None) -> int:
    """A TCP port nobody listens on: `preferred` when it is free, else one the kernel picks."""
    return free_ports([preferred])[0]


def free_ports(preferred: list[int | None]) -> list[int]:
    """As many different free ports as there are wishes, each the wished one when that is free."""
    chosen: list[int] = []
    with ExitStack() as held:  # all are held until the last is found, so that none comes twice
        for wish in preferred:
            probe = held.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            for port in (wish, 0):
                if port is not None and _bind(probe, port):
                    break
            else:
                raise LabError(f"no free port at {HOST}")
            chosen.append(int(probe.getsockname()[1]))
    return chosen


def _bind(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind((HOST, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True
