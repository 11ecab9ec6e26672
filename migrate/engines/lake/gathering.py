"""Several questions at once, as many as there is room for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from migrate.errors import MigrateError

S = TypeVar("S")
R = TypeVar("R")


async def at_once(slots: int, ask: Callable[[S], Awaitable[R]], about: Sequence[S]) -> list[R]:
    """The answers, in their order; so many questions at a time. The first failure ends all."""
    left = iter(enumerate(about))
    found: dict[int, R] = {}

    async def work() -> None:
        for number, one in left:
            found[number] = await ask(one)

    await gathered(*(work() for _ in range(min(slots, len(about)))))
    return [found[number] for number in range(len(about))]


async def gathered(*asked: Awaitable[R]) -> list[R]:
    """All answers; when one fails, the others are cancelled, and it is raised by itself."""
    tasks: list[asyncio.Task[R]] = []

    async def awaited(one: Awaitable[R]) -> R:
        return await one

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(awaited(one)) for one in asked]
    except* MigrateError as failed:
        raise _first(failed) from None
    return [task.result() for task in tasks]


def _first(failed: BaseExceptionGroup[MigrateError]) -> MigrateError:
    one: BaseException = failed
    while isinstance(one, BaseExceptionGroup):
        one = one.exceptions[0]
    if not isinstance(one, MigrateError):  # cannot be: the group is of these only
        raise TypeError(one)
    return one
