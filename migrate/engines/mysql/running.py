"""How busy a server is."""

from __future__ import annotations

from migrate.engines.mysql.connect import Server
from migrate.errors import ServerError

THREADS_RUNNING = "SHOW GLOBAL STATUS LIKE 'Threads_running'"
"""Needs no privilege, locks nothing, and takes a millisecond. Other sources of the same either need PROCESS or lock."""


async def threads_running(server: Server) -> int:
    """Connections that are at work on a statement, without those of `server`.

    The status tells of all. Which of them are ours is known here, before and after the answer; of the two the larger
    number counts, so that our own work never holds itself up. MySQL counts its event scheduler (8.0, 9.7), even asleep,
    and who reads its binary log (seen on 9.7.4).
    """
    async with server.session("metadata") as session:
        before = server.at_work
        rows = (await session.query(THREADS_RUNNING)).rows
        ours = 1 + max(before, server.at_work)
    if not rows:
        raise ServerError(server.endpoint, "the server does not tell Threads_running", "set max_threads_running = 0")
    return max(0, int(str(rows[0][1])) - ours)
