"""Ctrl-C, once: no new work, running chunks end. Twice: stop at once, still safe. SIGTERM likewise."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable

from migrate.errors import Interrupted

FIRST = "finishing the running chunks; Ctrl-C again to stop at once (safe)"


class Interrupt:
    """`event` is set by the first signal; `at_once` says that a second one cancelled the task."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.at_once = False
        self.terminated = False
        """Whether the signal was SIGTERM, not Ctrl-C."""

    @property
    def exit_code(self) -> int:
        """128 and the signal's number, as shells count."""
        return 143 if self.terminated else 130


@contextlib.asynccontextmanager
async def catching(say: Callable[[str], None]) -> AsyncIterator[Interrupt]:
    """While inside, signals set or cancel instead of killing. The second one cancels the task that came in.

    After one they are ignored: the process is ending, and one that comes late shall not change how it ends.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    interrupt = Interrupt()

    def caught(number: int) -> None:
        interrupt.terminated = number == signal.SIGTERM
        if not interrupt.event.is_set():
            interrupt.event.set()
            say(FIRST)
        elif task is not None:
            interrupt.at_once = True
            task.cancel()

    caught_signals = (signal.SIGINT, signal.SIGTERM)
    for number in caught_signals:
        loop.add_signal_handler(number, caught, number)
    try:
        yield interrupt
    finally:
        for number in caught_signals:
            loop.remove_signal_handler(number)
            if interrupt.event.is_set():
                signal.signal(number, signal.SIG_IGN)


@contextlib.asynccontextmanager
async def heeding(say: Callable[[str], None], at_once: str, hint: str) -> AsyncIterator[Interrupt]:
    """As `catching`; what a signal ended raises `Interrupted` with its exit code, after two of them in these words."""
    async with catching(say) as interrupt:
        try:
            yield interrupt
        except Interrupted as error:
            raise Interrupted(error.message, error.hint, interrupt.terminated) from None
        except asyncio.CancelledError:
            if not interrupt.at_once:
                raise
            raise Interrupted(at_once, hint, interrupt.terminated) from None
