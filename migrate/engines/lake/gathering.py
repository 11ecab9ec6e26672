"""Several questions at once, as many as there is room for; or several as one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from migrate.errors import MigrateError, ServerError

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


class Together(Generic[S, R]):
    """Questions that come at the same time, answered by as few statements as can be, each as if it had come alone.

    At the same time: within one turn of the event loop, as all those are that `asyncio.gather` starts. `ask` has up to
    `most` questions and gives their answers in their order. Where the server refuses a statement of several questions,
    each is asked alone, so that the one at fault is named and the others have their answers. Where one statement is
    not enough they are alike in size, and so many that all `slots` are at work until the end.
    """

    def __init__(self, most: int, slots: int, ask: Callable[[Sequence[S]], Awaitable[Sequence[R]]]) -> None:
        self._most = most
        self._slots = slots
        self._ask = ask
        self._waiting: list[tuple[S, asyncio.Future[R]]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def answer(self, about: S) -> R:
        """The answer to one question, or what `ask` raised at it."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[R] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._begin)
        self._waiting.append((about, turn))
        return await turn

    def _begin(self) -> None:
        waiting, self._waiting = self._waiting, []
        groups = math.ceil(len(waiting) / self._most)
        if groups > 1:
            groups = min(len(waiting), math.ceil(groups / self._slots) * self._slots)
        for number in range(groups):
            first, end = (len(waiting) * part // groups for part in (number, number + 1))
            self._start(waiting[first:end])

    def _start(self, group: Sequence[tuple[S, asyncio.Future[R]]]) -> None:
        task = asyncio.get_running_loop().create_task(self._answered(group))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

        def left(_: asyncio.Future[R]) -> None:
            if all(turn.done() for _, turn in group):
                task.cancel()  # nobody waits for it any more; nothing, where that is because it has ended

        for _, turn in group:
            turn.add_done_callback(left)

    async def _answered(self, group: Sequence[tuple[S, asyncio.Future[R]]]) -> None:
        asked = [(about, turn) for about, turn in group if not turn.done()]
        if not asked:
            return
        try:
            answers = await self._ask([about for about, _ in asked])
        except ServerError as error:
            if error.name and len(asked) > 1:
                for one in asked:
                    self._start([one])
                return
            _fail(asked, error)
        except Exception as error:  # noqa: BLE001 - it is raised where the answers are awaited
            _fail(asked, error)
        else:
            for (_, turn), found in zip(asked, answers, strict=True):
                if not turn.done():
                    turn.set_result(found)


def _fail(asked: Sequence[tuple[S, asyncio.Future[R]]], error: Exception) -> None:
    for _, turn in asked:
        if not turn.done():
            turn.set_exception(error)
