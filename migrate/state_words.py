"""Times, texts and names as the state file spells them."""

from __future__ import annotations

import getpass
import os
import time
from datetime import UTC, datetime
from functools import lru_cache


def now() -> str:
    """This second, in UTC."""
    return _stamp(int(time.time()))


@lru_cache(maxsize=1)
def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text(said: str) -> str:
    """Paths and servers' messages may hold what UTF-8 does not have."""
    return said.encode(errors="backslashreplace").decode()


def who() -> str:
    """Whoever runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())
