"""The only door to Trino: its client blocks, so statements run in threads, at most `slots` of them at once.

A session never has a catalog or a schema of its own: names in statements are whole. The client would send a statement
again when its answer was lost, which runs it twice; so it may not. Polls for an answer are sent again, by HTTP's layer:
the same address gives the same answer.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

import requests
import trino.exceptions
from requests.adapters import HTTPAdapter
from trino.auth import BasicAuthentication, JWTAuthentication
from trino.dbapi import Connection
from urllib3.util.retry import Retry

from migrate.engines.lake.trino_refusals import NOT_TRINO, http_refused, place, refused
from migrate.errors import AccessDenied, CannotConnect, ConnectionLost, ServerError
from migrate.model.plan import EndpointRef
from migrate.sql import ansi_text

T = TypeVar("T")
Cursor = Any
"""trino.dbapi.Cursor, most of which has no types."""
Row = list[Any]

LONGEST = 1_000_000
"""Characters of the longest statement that Trino takes (query.max-length)."""
TOO_LONG = "QUERY_TEXT_TOO_LARGE"
"""Trino's own name of that."""
SOURCE = "migrate"
PATIENCE = 60.0
"""Seconds to wait for a killed query to end; one that commits to a metastore is not ended in the middle."""
TIMEOUT = (10.0, 120.0)
"""Seconds to connect, and to wait for an answer: Trino answers a poll within seconds, done or not."""
BATCH = 1000
_RETRIED = Retry(
    total=6, backoff_factor=0.3, status_forcelist=(429, 502, 503, 504), allowed_methods=("GET", "HEAD", "DELETE")
)
_FAILURES = (trino.exceptions.Error, trino.exceptions.HttpError, requests.RequestException, ValueError, KeyError)
"""What the client raises; ValueError and KeyError where an answer is not Trino's."""

LIVE = "SELECT query_id FROM system.runtime.queries WHERE state NOT IN ('FINISHED', 'FAILED', 'QUEUED')"
TAGGED = """\
SELECT query_id FROM system.runtime.queries
WHERE state NOT IN ('FINISHED', 'FAILED')
AND (starts_with(query, {whole}) OR starts_with(query, {within}))"""
QUERY_GONE = "Query not found"
"""Trino's answer (404) when a query is asked for that it has not, or not any more."""
GONE = frozenset({"NOT_FOUND", "NOT_SUPPORTED", "ADMINISTRATIVELY_KILLED"})
"""How Trino calls a query that ended before it could be killed."""


class Server:
    """One Trino and our sessions on it. `ref.password` and `ref.token` are the secrets themselves here."""

    def __init__(self, endpoint: str, ref: EndpointRef, slots: int) -> None:
        self.endpoint = endpoint
        self.ref = ref
        self.slots = slots
        self._free = asyncio.Semaphore(slots)
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix=f"trino-{endpoint}")
        self._control = ThreadPoolExecutor(1, thread_name_prefix=f"trino-{endpoint}-control")
        """For what must run though all others wait: cancelling."""
        self._idle: list[Connection] = []
        self._cursors: set[Cursor] = set()
        self._guard = threading.Lock()
        self._info: Mapping[str, Any] | None = None
        self._catalogs: Mapping[str, str] | None = None

    def __repr__(self) -> str:
        return f"Server({self.endpoint!r}, {self.ref.user}@{place(self.ref)})"

    async def query(self, sql: str, about: str = "") -> list[Row]:
        """Run a statement and have all its rows; times and decimals are as Trino spells them, bytes in base64."""
        return [row async for rows in self.batches(sql, about) for row in rows]

    async def first(self, sql: str, about: str = "") -> list[tuple[str, Any]]:
        """The first row of an answer, as names of columns with values; names may be there twice. Empty: no row."""
        async with self._free:
            connection = self._taken()
            cursor = self._opened(connection)
            whole = False

            def work() -> list[tuple[str, Any]]:
                rows = (cursor.execute(sql), cursor.fetchall())[1]
                names = [one[0] for one in cursor.description or ()]
                return list(zip(names, rows[0], strict=True)) if rows else []

            try:
                found = await self._run(cursor, work, about)
                whole = True
                return found
            finally:
                self._done(cursor, connection, whole)

    async def stream(self, sql: str, about: str = "") -> AsyncIterator[Row]:
        """Rows as they come, about `BATCH` of them in memory. Left before its end, the query is cancelled."""
        async for rows in self.batches(sql, about):
            for row in rows:
                yield row

    async def batches(self, sql: str, about: str = "") -> AsyncIterator[list[Row]]:
        """The same, some rows at a time."""
        async with self._free:
            connection = self._taken()
            cursor = self._opened(connection)
            whole = False
            try:
                await self._run(cursor, lambda: cursor.execute(self._checked(sql)), about)
                while rows := await self._run(cursor, lambda: cursor.fetchmany(BATCH), about):
                    yield rows
                whole = True
            finally:
                self._done(cursor, connection, whole)

    async def execute(self, sql: str, tag: str = "", session: Mapping[str, str] | None = None, about: str = "") -> None:
        """Run a statement to its end. `session` are Trino's session properties, for this statement alone.

        In it `catalog` and `schema` are what names without them mean.
        """
        text = f"/* {tag} */ {sql}" if tag else sql
        async with self._free:
            connection = self._connection(session) if session else self._taken()
            cursor = self._opened(connection)
            whole = False
            try:
                await self._run(cursor, lambda: (cursor.execute(self._checked(text)), cursor.fetchall()), about)
                whole = not session
            finally:
                self._done(cursor, connection, whole)

    async def info(self) -> Mapping[str, Any]:
        """What `GET /v1/info` tells: environment, version; asked once. Empty where it is not to be had."""
        if self._info is None:
            connection = self._taken()
            async with self._free:
                try:
                    self._info = await self._thread(lambda: self._asked_info(connection))
                except _FAILURES as error:
                    raise self._named(error) from error
                finally:
                    self._back(connection)
        return self._info

    async def catalogs(self) -> Mapping[str, str]:
        """The connector of each catalog, asked once."""
        if self._catalogs is None:
            rows = await self.query("SELECT catalog_name, connector_name FROM system.metadata.catalogs")
            self._catalogs = {str(name): str(connector) for name, connector in sorted(rows)}
        return self._catalogs

    async def version(self) -> tuple[int, ...]:
        """Such as (476,). Builds of vendors add words: the number is what counts."""
        rows = await self.query("SELECT node_version FROM system.runtime.nodes WHERE coordinator LIMIT 1")
        text = str(rows[0][0]) if rows else ""
        digits = text.partition("-")[0].partition(".")[0]
        if not digits.isdigit():
            raise ServerError(self.endpoint, f"this is no version of Trino: {text!r}")
        return (int(digits),)

    async def running(self) -> int:
        """Queries at work, without ours. An account without the right to see others' sees its own only."""
        found = {str(row[0]) for row in await self.query(LIVE)}
        with self._guard:
            ours = {cursor.query_id for cursor in self._cursors}
        # Ours that asked has ended meanwhile, and is in its own answer.
        return max(0, len(found - ours) - 1)

    async def end_executors(self, tag: str) -> int:
        """Kill every query under `tag` or `tag:…` and wait until none is left. Returns how many there were."""
        asked = TAGGED.format(whole=ansi_text(f"/* {tag} */"), within=ansi_text(f"/* {tag}:"))
        ended: set[str] = set()
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while found := {str(row[0]) for row in await self.query(asked)}:
            for query in sorted(found - ended):
                await self._kill(query)
            ended |= found
            if asyncio.get_running_loop().time() > deadline:
                raise ServerError(
                    self.endpoint,
                    f"queries that were killed do not end: {', '.join(sorted(found))}",
                    "see what they wait for in Trino's web interface, then run the same command again",
                )
            await asyncio.sleep(0.2)
        return len(ended)

    async def _kill(self, query: str) -> None:
        said = "another run of migrate takes over"
        try:
            await self.execute(
                f"CALL system.runtime.kill_query(query_id => {ansi_text(query)}, message => {ansi_text(said)})"
            )
        except ServerError as error:
            if error.name not in GONE:
                raise

    async def close(self) -> None:
        """End our sessions; what still runs there is cancelled."""
        with self._guard:
            cursors: list[Cursor] = list(self._cursors)
            idle: list[Any] = list(self._idle)
            self._idle.clear()
        for cursor in cursors:
            self._control.submit(_cancel, cursor)
        for connection in idle:
            connection.close()
        self._control.shutdown(wait=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    # -- sessions

    def _checked(self, sql: str) -> str:
        if len(sql) > LONGEST:
            said = f"a statement has {len(sql):,} characters, and Trino takes {LONGEST:,}: {sql[:60]}…"
            raise ServerError(self.endpoint, said, name=TOO_LONG)
        return sql

    def _taken(self) -> Connection:
        with self._guard:
            if self._idle:
                return self._idle.pop()
        return self._connection(None)

    def _back(self, connection: Connection) -> None:
        with self._guard:
            self._idle.append(connection)

    def _opened(self, connection: Connection) -> Cursor:
        cursor: Cursor = connection.cursor()
        with self._guard:
            self._cursors.add(cursor)
        return cursor

    def _done(self, cursor: Cursor, connection: Connection, whole: bool) -> None:
        with self._guard:
            self._cursors.discard(cursor)
        if whole:
            self._back(connection)
        else:
            self._control.submit(_cancel, cursor, connection)

    def _connection(self, session: Mapping[str, str] | None) -> Connection:
        ref = self.ref
        if (ref.password or ref.token) and not ref.https:
            raise CannotConnect(
                self.endpoint,
                "a password or a token is sent over https only",
                "set https = true and the port of Trino's https, or leave the password out",
            )
        http = requests.Session()
        http.verify = (ref.ssl_ca or True) if ref.ssl_verify else False
        for scheme in ("http://", "https://"):
            http.mount(scheme, HTTPAdapter(max_retries=_RETRIED))
        auth: JWTAuthentication | BasicAuthentication | None = None
        if ref.token:
            auth = JWTAuthentication(ref.token)
        elif ref.password:
            auth = BasicAuthentication(ref.user, ref.password)
        if auth is not None:
            auth.set_http_session(http)
        properties = dict(session or {})
        return Connection(
            host=ref.host,
            port=ref.port,
            user=ref.user or None,
            source=SOURCE,
            http_scheme="https" if ref.https else "http",
            auth=auth,
            http_session=http,
            catalog=properties.pop("catalog", None),
            schema=properties.pop("schema", None),
            session_properties=properties,
            max_attempts=1,
            request_timeout=TIMEOUT,
            legacy_primitive_types=True,
            timezone="UTC",
        )

    # -- threads

    async def _thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _run(self, cursor: Cursor, work: Callable[[], T], about: str) -> T:
        try:
            return await self._thread(work)
        except asyncio.CancelledError:
            self._control.submit(_cancel, cursor)  # the thread ends with the query
            raise
        except _FAILURES as error:
            raise self._named(error, about) from error

    def _asked_info(self, connection: Any) -> Mapping[str, Any]:
        request = connection._create_request()  # the client has no other way to ask anything but statements
        answer = request.get(request.get_url("/v1/info"))
        if answer.status_code != requests.codes.ok:
            return {}
        told = json.loads(answer.text)
        return told if isinstance(told, dict) else {}

    def _named(self, error: Exception, about: str = "") -> ServerError:
        """Our name of what the client raised."""
        where = place(self.ref)
        match error:
            case trino.exceptions.TrinoQueryError():
                return refused(self.endpoint, error.error_name or "", error.error_code or 0, str(error.message), about)
            case trino.exceptions.TrinoAuthError():
                return AccessDenied(self.endpoint, str(error), "check user and password or token")
            case trino.exceptions.HttpError() | trino.exceptions.OperationalError() if str(error).startswith("error "):
                status, _, words = str(error).removeprefix("error ").partition(":")
                if QUERY_GONE in words:
                    said = f"{where} does not know its query any more: it was started anew meanwhile"
                    return ConnectionLost(self.endpoint, said, "run the same command again", int(status))
                return http_refused(self.endpoint, self.ref, int(status) if status.isdigit() else 0, words.strip())
            case requests.exceptions.SSLError():
                hint = "give the authority's certificate as ssl_ca"
                return CannotConnect(self.endpoint, f"{where}: its certificate is not trusted", hint)
            case requests.RequestException() | trino.exceptions.TrinoConnectionError():
                return self._unreachable(str(error))
            case _:
                said = f"{where} does not answer as Trino does: {type(error).__name__}: {str(error)[:120]}"
                return CannotConnect(self.endpoint, said, NOT_TRINO)

    def _unreachable(self, words: str) -> ServerError:
        where = place(self.ref)
        reasons = {
            "certificate": "its certificate is not trusted",
            "SSLError": "it does not speak https there",
            "NameResolutionError": "unknown host",
            "Name or service not known": "unknown host",
            "Connection refused": "connection refused",
            "ConnectTimeout": "no answer",
            "connect timeout": "no answer",
            "No route to host": "no route to it",
        }
        for sign, reason in reasons.items():
            if sign in words:
                return CannotConnect(
                    self.endpoint, f"cannot connect to {where}: {reason}", "check host, port and https"
                )
        return ConnectionLost(self.endpoint, f"the connection to {where} was lost: {words[:160]}")


def _cancel(cursor: Cursor, connection: Any = None) -> None:
    """End a query that nobody waits for. Where that fails, Trino itself ends it, some minutes after the last poll."""
    with suppress(*_FAILURES):
        cursor.cancel()
    if connection is not None:
        connection.close()
