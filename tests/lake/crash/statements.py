"""What a Trino is asked and when it answers, seen by a proxy before it that can hold a statement at a point."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from tests.lake.faults import Answer, Faults, Request, faults

GZIP = b"\x1f\x8b"
When = Literal["before", "running", "after"]


@dataclass
class Statement:
    """One statement: when it was sent on and, once the client's poll was answered so, when it ended."""

    sql: str
    began: float
    ended: float | None = None
    state: str = ""


@dataclass
class Hold:
    """A point: the `number`th statement that matches, before Trino has it, while it runs, or when it has ended.

    What is held there goes no further until `released`; a statement that is held before Trino has it never gets there.
    """

    pattern: str
    when: When
    number: int = 1
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    seen: int = 0

    async def stop(self) -> None:
        """Be reached, and wait."""
        self.reached.set()
        await self.released.wait()


@dataclass
class Statements:
    """A proxy before one Trino; `told` are its statements in their order."""

    proxy: Faults
    told: list[Statement] = field(default_factory=list)
    hold: Hold | None = None
    forgets: str = ""
    """The next statement that matches is lost to its client when it polls, as by a Trino that was started anew."""
    _forgotten: set[str] = field(default_factory=set)
    _by_query: dict[str, tuple[Statement, bool]] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """Where a client finds it."""
        return int(self.proxy.url.rpartition(":")[2])

    def matching(self, pattern: str) -> list[Statement]:
        """Those that match, in their order."""
        return [one for one in self.told if re.search(pattern, one.sql)]

    async def rule(self, request: Request) -> Answer | None:
        if request.method == "POST" and request.path == "/v1/statement" and self._held(request, "before", count=True):
            assert self.hold is not None
            await self.hold.stop()
            return Answer(0)
        if request.method == "GET" and "/executing/" in request.path and set(request.path.split("/")) & self._forgotten:
            return Answer(404, b"Error 404 Not Found: Query not found")
        return None

    async def answered(self, request: Request, content: bytes) -> None:
        if not request.path.startswith("/v1/statement"):
            return
        content = gzip.decompress(content) if content.startswith(GZIP) else content
        if not content.startswith(b"{"):
            return
        told = json.loads(content)
        if request.method == "POST":
            statement = Statement(request.body.decode(), time.monotonic())
            self.told.append(statement)
            hold = self.hold
            mine = hold is not None and hold.when != "before" and self._held(request, hold.when, count=True)
            self._by_query[told["id"]] = statement, mine
            if self.forgets and re.search(self.forgets, statement.sql):
                self._forgotten.add(told["id"])
                self.forgets = ""
        if told.get("id") not in self._by_query:
            return
        statement, mine = self._by_query[told["id"]]
        state = told["stats"]["state"]
        statement.state = state
        if state in ("FINISHED", "FAILED") and statement.ended is None:
            statement.ended = time.monotonic()
        if mine and self.hold is not None and not self.hold.reached.is_set():
            over = "nextUri" not in told
            wanted = state in ("RUNNING", "FINISHING") or over if self.hold.when == "running" else over
            if wanted:
                await self.hold.stop()

    def _held(self, request: Request, when: When, count: bool) -> bool:
        hold = self.hold
        if hold is None or hold.when != when or hold.reached.is_set():
            return False
        if re.search(hold.pattern, request.body.decode()) is None:
            return False
        hold.seen += count
        return hold.seen == hold.number


@asynccontextmanager
async def statements(port: int) -> AsyncIterator[Statements]:
    """A proxy before the Trino at that port."""
    async with faults(f"http://127.0.0.1:{port}") as proxy:
        watched = Statements(proxy)
        proxy.rule, proxy.answered = watched.rule, watched.answered
        yield watched
