"""The real command between two lakes, each of whose servers is behind a proxy."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.crash.command import Process, Ran
from tests.lab.definitions import USER
from tests.lab.lake import Lake
from tests.lake.crash.statements import Hold, Statements, statements
from tests.lake.crash.world import World
from tests.lake.faults import Faults, Request, faults

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
to = "new:hive.{new}.{table}"
location = "{location}"
{more}
"""

PLAN = "plans/crash.toml"
OK, STOPPED, STALE, LOCKED = 0, 3, 4, 5


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
        text += MOVE.format(
            old=self.world.old, new=self.world.new, table=table, location=self.world.location, more=more
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
            assert process.runs, ((await self.ended(process)).err, [one.sql[:90] for one in self.target.told])
            await asyncio.sleep(0.005)

    async def killed_at(self, hold: Hold, of: Statements | None = None) -> None:
        """Begin an apply and kill it at a point of a Trino's, the target's unless told."""
        watched = of or self.target
        watched.hold = hold
        process = self.start("apply", PLAN)
        try:
            await self.until(process, hold.reached)
            assert process.kill()
        finally:
            hold.released.set()
            watched.hold = None

    async def finish(self, table: str) -> None:
        """The same command ends well, at once; all is equal; once more finds nothing to do, and so does a new plan."""
        ran = await self.apply()
        await self.world.assert_moved(table)
        asked = len(self.target.told)
        again = await self.apply()
        assert "Nothing to do" in again.out, (ran.out, again.out)
        wrote = [one.sql for one in self.target.told[asked:] if not re.match(r"(SELECT|SHOW)\b", one.sql)]
        assert not wrote
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
    folder.mkdir(parents=True, exist_ok=True)
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
