"""How busy a server is: our own sessions do not count."""

from __future__ import annotations

import asyncio

from migrate.engines.mysql.running import threads_running
from tests.engines.mysql_sessions import connected
from tests.lab import Server as LabServer

OURS = 30
"""More than what other test runs have at work at the same server."""


async def test_our_own_statements_do_not_count_and_those_of_another_process_do(source: LabServer) -> None:
    async with connected(source) as opened, connected(source) as other:
        sessions = [await opened.connect("read") for _ in range(OURS)]
        asleep = [asyncio.create_task(one.query("SELECT SLEEP(300)")) for one in sessions]
        for _ in range(1000):  # until all of them are at work
            if await threads_running(other) >= OURS:
                break
            await asyncio.sleep(0.01)
        seen_by_another, seen_by_us = await threads_running(other), await threads_running(opened)
        async with opened.session("metadata") as session:
            for one in sessions:
                await session.execute(f"KILL QUERY {one.id}")
        await asyncio.gather(*asleep)
        afterwards = await threads_running(opened)
    assert seen_by_another >= OURS
    assert seen_by_us < OURS
    assert afterwards < OURS
