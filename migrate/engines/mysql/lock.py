"""One run per target schema, and the end of what dead runs left behind.

GET_LOCK goes with its connection, silently: so the lock lives on a connection of its own, is asked for before every
step, and frees itself when its process dies. Names are at most 64 characters (error 3057 above), hence a hash.

Others read who holds it from the connection's attributes. These are in performance_schema, which MariaDB has off by
default, and an idle connection shows nothing else that it may choose. There the name is told by more locks, one for
each bit of it that is set: 3 ms to take them, 10 ms to read them (10.11 and 11.8); they too go with the connection.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

from migrate.engines.mysql.connect import Server, Session
from migrate.errors import ConnectionLost, Locked, ServerError

RUNNING = """\
SELECT ID FROM information_schema.PROCESSLIST
WHERE (INFO LIKE '/* {tag} */%' OR INFO LIKE '/* {tag}:%') AND ID <> CONNECTION_ID()"""

HOLDER = "SELECT USER,HOST FROM information_schema.PROCESSLIST WHERE ID = {connection}"
ATTRIBUTE = """\
SELECT ATTR_VALUE FROM performance_schema.session_account_connect_attrs
WHERE PROCESSLIST_ID = {connection} AND ATTR_NAME = 'program_name'"""

NAME_BYTES = 80
"""Bytes of the holder's name that locks tell."""

NO_SUCH_THREAD = 1094
PATIENCE = 60.0
"""Seconds to wait for a killed statement to end; a copying ALTER undoes its work first."""


FRESH = 0.2
"""Seconds for which an answer holds: many small steps begin in that time, and a lock can be lost after any look."""


class MysqlLock:
    """See `migrate.engines.base.Lock`."""

    def __init__(
        self, endpoint: str, session: Session, names: Sequence[tuple[str, str]], stack: AsyncExitStack
    ) -> None:
        self._endpoint = endpoint
        self._session = session
        self._names = names
        self._stack = stack
        self._one_at_a_time = asyncio.Lock()
        self._held_at = -math.inf

    async def check(self) -> None:
        async with self._one_at_a_time:
            now = time.monotonic()
            if now - self._held_at >= FRESH:
                await self._ask()
                self._held_at = now

    async def _ask(self) -> None:
        asked = ",".join(f"IS_USED_LOCK('{name}') = CONNECTION_ID()" for _, name in self._names)
        try:
            found = await self._session.query(f"SELECT {asked}")
            held = [str(value) == "1" for value in found.rows[0]]
        except ConnectionLost:
            held = [False for _ in self._names]
        lost = [schema for (schema, _), mine in zip(self._names, held, strict=True) if not mine]
        if lost:
            raise Locked(
                f"{self._endpoint}: the lock on {', '.join(lost)} was lost with its connection",
                "another run may have begun: run the same command again",
            )

    async def release(self) -> None:
        """Free for the next run when this returns: the server ends a closed connection in its own time."""
        try:
            for _, name in self._names:
                await self._session.execute(f"DO RELEASE_LOCK('{name}')")
        except ConnectionLost:
            self._session.abandon()  # the lock went with the connection
        await self._stack.aclose()


async def take_lock(server: Server, schemas: Sequence[str], holder: str, timeout: float) -> MysqlLock:
    """Lock every schema or none. Raises `Locked` naming the holder after `timeout` seconds."""
    stack = AsyncExitStack()
    session = await stack.enter_async_context(server.session("lock", program_name=holder))
    names = [(schema, "migrate:" + hashlib.sha256(schema.encode()).hexdigest()[:48]) for schema in sorted(set(schemas))]
    deadline = time.monotonic() + timeout
    try:
        for schema, name in names:
            left = max(0.0, deadline - time.monotonic())
            found = await session.query(f"SELECT GET_LOCK('{name}',{left:.1f})")
            if str(found.rows[0][0]) != "1":
                raise Locked(
                    f"{server.endpoint}: schema {schema} is locked by {await _holder(server, session, name)}",
                    "wait for that run, or give --lock-timeout SECONDS",
                )
        if not await _tells_attributes(server):
            bits = ",".join(f"GET_LOCK('{_bit(session.id, number)}',0)" for number in _set_bits(holder))
            await session.execute(f"DO {bits}")
    except BaseException:
        await stack.aclose()
        raise
    return MysqlLock(server.endpoint, session, names, stack)


async def _tells_attributes(server: Server) -> bool:
    return (await server.variables()).get("performance_schema", "OFF").upper() in ("ON", "1")


def _bit(connection: int, number: int) -> str:
    return f"migrate:holder:{connection}:{number}"


def _set_bits(holder: str) -> list[int]:
    """Numbers of the bits of the name; 0, the last to be taken, says that all of them are there."""
    sent = holder.encode()[:NAME_BYTES].decode("utf-8", "ignore").encode()
    return [*(8 * at + bit + 1 for at, byte in enumerate(sent) for bit in range(8) if byte >> bit & 1), 0]


async def _told_by_bits(session: Session, connection: int) -> str:
    """The name that `_set_bits` took apart; empty when the holder tells none."""
    asked = ",".join(f"IS_USED_LOCK('{_bit(connection, n)}') = {connection}" for n in range(8 * NAME_BYTES + 1))
    told, *bits = [str(value) == "1" for value in (await session.query(f"SELECT {asked}")).rows[0]]
    octets = (sum(bits[start + bit] << bit for bit in range(8)) for start in range(0, len(bits), 8))
    return bytes(octets).rstrip(b"\0").decode("utf-8", "replace") if told else ""


async def _holder(server: Server, session: Session, name: str) -> str:
    connection = (await session.query(f"SELECT IS_USED_LOCK('{name}')")).rows[0][0]
    if connection is None:
        return "a run that has just ended"
    if not await _tells_attributes(server) and (said := await _told_by_bits(session, int(str(connection)))):
        return said
    try:
        told = (await session.query(ATTRIBUTE.format(connection=connection))).rows
        if told:
            return str(told[0][0])
    except ServerError:  # performance_schema may be off or not granted: the process list tells less
        pass
    rows = (await session.query(HOLDER.format(connection=connection))).rows
    return f"{rows[0][0]} at {rows[0][1]} (connection {connection})" if rows else f"connection {connection}"


async def end_executors(server: Server, tag: str) -> int:
    """Kill statements that carry the tag and wait until they are gone. Raises `ServerError` when one stays."""
    ended: set[int] = set()
    deadline = time.monotonic() + PATIENCE
    while True:
        async with server.session("metadata") as session:
            running = [int(str(row[0])) for row in (await session.query(RUNNING.format(tag=tag))).rows]
            if not running:
                return len(ended)
            if time.monotonic() > deadline:
                raise ServerError(
                    server.endpoint,
                    f"connection {running[0]} of an earlier run was killed and is still at work",
                    "it may be undoing a long statement: look at SHOW PROCESSLIST and apply again when it is gone",
                )
            for connection in running:
                if connection not in ended:
                    try:
                        await session.execute(f"KILL {connection}")
                    except ServerError as error:
                        if error.code != NO_SUCH_THREAD:  # it may end by itself between the two statements
                            raise
                    ended.add(connection)
        await asyncio.sleep(0.1)
