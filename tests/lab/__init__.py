"""The lab: real databases and a lake for tests and demos, without containers.

From a shell: `python -m tests.lab up`. From Python: `lab.up("mysql").source` and the functions below.
"""

from tests.lab.home import LabError
from tests.lab.lab import Lab, Server, down, extra, kill9, lease, prepare, restart, server, status, stop, up

__all__ = [
    "Lab",
    "LabError",
    "Server",
    "down",
    "extra",
    "kill9",
    "lease",
    "prepare",
    "restart",
    "server",
    "status",
    "stop",
    "up",
]
