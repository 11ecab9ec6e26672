"""What a server works on, under the tag of who asked for it; the work goes on when its client dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import asynccontextmanager

from migrate.engines.memory import ddl
from migrate.errors import ServerError


class Executor:
    """A statement of DDL under the settings of `session`, or a session's write where `statement` is None."""

    def __init__(
        self, tag: str, statement: ddl.Statement | None = None, session: Mapping[str, str] | None = None
    ) -> None:
        self.tag = tag
        self.statement = statement
        self.session = dict(session or {})
        self.ended = False
        """Killed: it takes no effect any more."""
        self.finished = False
        """It took effect."""

    def check(self, endpoint: str) -> None:
        """Raises ServerError in the name of the server when the work was ended."""
        if self.ended:
            raise ServerError(endpoint, f"the work of {self.tag} was ended", code=1317)


class Executors:
    """All running work of a server, and which of it is making which unique line of a ledger."""

    def __init__(self) -> None:
        self.running: list[Executor] = []
        self._making: dict[Hashable, Executor] = {}
        self._moved = asyncio.Condition()

    def end(self, tag: str) -> int:
        """End all work under this tag, and tags below it, at once. Returns how much there was."""
        ended = [executor for executor in self.running if f"{executor.tag}:".startswith(f"{tag}:")]
        for executor in ended:
            executor.ended = True
        self.running = [executor for executor in self.running if not executor.ended]
        return len(ended)

    async def tell(self) -> None:
        """Wake those who wait for a line."""
        async with self._moved:
            self._moved.notify_all()

    @asynccontextmanager
    async def working(self, tag: str) -> AsyncIterator[Executor]:
        """A session's write: gone with it, whatever its end."""
        executor = Executor(tag)
        self.running.append(executor)
        try:
            yield executor
        finally:
            self.running = [other for other in self.running if other is not executor]

    @asynccontextmanager
    async def making(self, line: Hashable, executor: Executor) -> AsyncIterator[None]:
        """A transaction has the line in it: another one waits here until this one is over, or was ended."""

        def free() -> bool:
            return line not in self._making or self._making[line].ended

        async with self._moved:
            await self._moved.wait_for(free)
            self._making[line] = executor
        try:
            yield
        finally:
            if self._making.get(line) is executor:
                del self._making[line]
            await self.tell()
