"""An event loop whose time passes only while nobody has anything to do, and then at once: no test sleeps."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Waits for no time-out."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        assert found or timeout is not None, "everybody waits for something that never comes"
        if not found and timeout:
            self.passed += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._passing = _Selector()
        super().__init__(self._passing)

    def time(self) -> float:
        return 1000.0 + self._passing.passed


def in_virtual_time(work: Coroutine[object, object, T]) -> T:
    """What `work` gives; `asyncio.sleep` in it takes its time by the loop's clock, and none by ours."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)


def now() -> float:
    """The loop's time, in seconds."""
    return asyncio.get_running_loop().time()
