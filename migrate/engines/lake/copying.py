"""Copies of what stands below one location to below another, proven by listings. See `migrate.engines.files.Files`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from migrate.engines.files import Copied, Way
from migrate.engines.lake.files import Objects


async def way_of(target: Objects, source: Objects, origin: str, goal: str) -> Way:
    """See `Files.way`."""
    raise NotImplementedError


async def copy(
    target: Objects,
    source: Objects,
    origin: str,
    goal: str,
    way: Way,
    tell: Callable[[int, int], None],
    turn: Callable[[], Awaitable[None]],
) -> Copied:
    """See `Files.copy`."""
    raise NotImplementedError
