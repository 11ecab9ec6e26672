"""How busy a server is: our own sessions do not count."""

from __future__ import annotations

import asyncio

from migrate.engines.mysql.connect import Server
from migrate.engines.mysql.running import threads_running
from tests.engines.mysql_sessions import connected
from tests.lab import Server as LabServer
from tests.lab import client

OURS = 30
"""More than what begins and ends at the same server between two questions."""
AT_WORK = """\
SELECT COUNT(*) FROM information_schema.PROCESSLIST
WHERE COMMAND IN ('Query', 'Execute') AND ID <> CONNECTION_ID() AND ID NOT IN ({})"""


async def test_our_own_statements_do_not_count_and_those_of_another_process_do(source: LabServer) -> None:
    async with connected(source) as opened, connected(source) as other:
        sessions = [await opened.connect("read") for _ in range(OURS)]
        asleep = [asyncio.create_task(one.query("SELECT SLEEP(300)")) for one in sessions]
        for _ in range(1000):  # until all of them are at work
            if await threads_running(other) >= OURS:
                break
            await asyncio.sleep(0.01)
        strangers = AT_WORK.format(",".join(str(one.id) for one in sessions))
        seen_by_another, seen_by_us = await threads_running(other), await besides(source, opened, strangers)
        async with opened.session("metadata") as session:
            for one in sessions:
                await session.execute(f"KILL QUERY {one.id}")
        await asyncio.gather(*asleep)
        afterwards = await besides(source, opened, strangers)
    assert seen_by_another >= OURS
    assert seen_by_us < OURS
    assert afterwards < OURS


async def besides(server: LabServer, opened: Server, strangers: str) -> int:
    """What is counted, without other test runs: they may make the same server busy."""
    before = count(server, strangers)
    running = await threads_running(opened)
    return running - max(before, count(server, strangers))


def count(server: LabServer, question: str) -> int:
    """The number that is the answer."""
    ((number,),) = client.rows(server, question)
    return int(number)
