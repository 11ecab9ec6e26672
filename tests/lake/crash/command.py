"""The real command between two lakes, each of whose servers is behind a proxy."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.crash.command import Process, Ran
from tests.lab.definitions import USER
from tests.lab.lake import Lake
from tests.lake.crash.statements import Hold, Statements, When, statements
from tests.lake.crash.world import World
from tests.lake.faults import Answer, Faults, Request, Rule, faults

ENDPOINT = """\
[endpoint.{name}]
engine = "lake"
host = "127.0.0.1"
port = {port}
user = "{user}"
[endpoint.{name}.s3]
endpoint = "{s3}"
region = "us-east-1"
access_key = "${{CRASH_{upper}_ACCESS}}"
secret_key = "${{CRASH_{upper}_SECRET}}"
"""

MOVE = """\
[[move]]
from = "old:hive.{old}.{table}"
to = "new:hive.{new}.{goal}"
location = "{location}"
{more}
"""

PLAN = "plans/crash.toml"
OK, STOPPED, STALE, LOCKED = 0, 3, 4, 5


@dataclass(frozen=True)
class Point:
    """Where an apply is stopped: at which server, at which statement or request, and when. See `Hold`.

    Of the store's requests all from the `number`th on are held, and cut off in the end if `when` is `before`.
    """

    pattern: str
    when: When = "before"
    number: int = 1
    of: Literal["source", "target", "s3"] = "target"


class Command:
    """`migrate` in a folder of its own; `source` and `target` are what the Trinos are asked, `s3` the store's proxy."""

    def __init__(self, folder: Path, world: World, source: Statements, target: Statements, s3: Faults) -> None:
        self.folder = folder
        self.world = world
        self.source = source
        self.target = target
        self.s3 = s3
        self._started: list[Process] = []

    def write(self, table: str, more: str = "", both: bool = False) -> None:
        """The configuration; with `both` one key opens both buckets, so that the store copies by itself."""
        lake = self.world.lake
        text = 'name = "crash"\n'
        for name, end, trino in (("old", lake.source, self.source), ("new", lake.target, self.target)):
            key = lake.both if both else end.key
            upper = name.upper()
            text += ENDPOINT.format(name=name, port=trino.port, user=USER, s3=self.s3.url, upper=upper)
            os.environ |= {f"CRASH_{upper}_ACCESS": key.access, f"CRASH_{upper}_SECRET": key.secret}
        goal = "*" if "*" in table else table
        text += MOVE.format(
            old=self.world.old, new=self.world.new, table=table, goal=goal, location=self.world.location, more=more
        )
        (self.folder / "migrate.toml").write_text(text)

    async def plan(self) -> Ran:
        """Make the plan; nothing of it is blocked."""
        ran = await self.run("plan")
        assert ran.code == OK, ran.err
        assert "blocked" not in ran.out, ran.out
        return ran

    def start(self, *words: str) -> Process:
        """Start a command and go on."""
        process = Process(self.folder, words)
        self._started.append(process)
        return process

    async def run(self, *words: str) -> Ran:
        """Run a command to its end."""
        return await self.ended(self.start(*words))

    async def ended(self, process: Process) -> Ran:
        """Wait for its end, while the proxies go on."""
        return await asyncio.to_thread(process.wait)

    async def apply(self, *words: str, code: int = OK) -> Ran:
        """Apply the plan; it ends so."""
        ran = await self.run("apply", PLAN, *words)
        assert ran.code == code, (ran.code, ran.out, ran.err)
        return ran

    async def until(self, process: Process, reached: asyncio.Event) -> None:
        """Wait for a point; the command must not end before."""
        while not reached.is_set():
            assert process.runs, ((await self.ended(process)).err, [one.sql[:90] for one in self.target.told[-20:]])
            await asyncio.sleep(0.005)

    @asynccontextmanager
    async def held_at(self, point: Point, *words: str) -> AsyncIterator[Process]:
        """An apply that has come to a point, where it is held while inside."""
        hold = Hold(point.pattern, point.when, point.number)
        if point.of == "s3":
            self.s3.rule = self._storing(hold)
        else:
            self.trino(point.of).hold = hold
        process = self.start("apply", PLAN, *words)
        try:
            await self.until(process, hold.reached)
            yield process
        finally:
            hold.released.set()
            self.s3.rule = None
            self.source.hold = self.target.hold = None

    async def killed_at(self, point: Point) -> None:
        """Begin an apply and kill it at a point."""
        async with self.held_at(point) as process:
            assert process.kill()

    def trino(self, of: str) -> Statements:
        """The proxy of that name."""
        return self.source if of == "source" else self.target

    def _storing(self, hold: Hold) -> Rule:
        async def rule(request: Request) -> Answer | None:
            if re.search(hold.pattern, f"{request.method} {request.path}") is None:
                return None
            hold.seen += 1
            if hold.seen < hold.number:
                return None
            await hold.stop()
            return Answer(0) if hold.when == "before" else None

        return rule

    async def finish(self, table: str, whole: bool = False) -> None:
        """The same command ends well, at once; all is equal; once more finds nothing to do.

        `whole`: so do `verify` and a new plan.
        """
        ran = await self.apply()
        await self.world.assert_moved(table)
        asked = len(self.target.told)
        again = await self.apply()
        assert "Nothing to do" in again.out, (ran.out, again.out)
        wrote = [one.sql for one in self.target.told[asked:] if not re.match(r"(SELECT|SHOW)\b", one.sql)]
        assert not wrote
        if not whole:
            return
        verified = await self.run("verify", PLAN)
        assert verified.code == OK, verified.out + verified.err
        planned = await self.run("plan", "-o", "plans/again.toml")
        assert planned.code == OK, planned.err
        assert "No changes" in planned.out, planned.out

    def close(self) -> None:
        """Leave nothing running."""
        for process in self._started:
            if process.runs:
                process.kill()


@asynccontextmanager
async def commands(folder: Path, lake: Lake, world: World) -> AsyncIterator[Command]:
    """The command, and the proxies before the servers for as long as it lives."""
    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(statements(lake.source.trino.port))
        target = await stack.enter_async_context(statements(lake.target.trino.port))
        s3 = await stack.enter_async_context(faults(lake.endpoint))
        command = Command(folder, world, source, target, s3)
        stack.callback(command.close)
        yield command


def writes(command: Command) -> list[Request]:
    """Objects that were written, or copied, to where the move puts its data: not those of the ledger."""
    place = command.world.location.removeprefix("s3:/")
    return [
        one
        for one in command.s3.seen
        if one.method == "PUT" and one.path.startswith(place) and "/_migrate/" not in one.path
    ]
