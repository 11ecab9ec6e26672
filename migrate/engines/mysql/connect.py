"""Connections to one MySQL or MariaDB server.

Every session is pinned to the same settings, whatever the server's defaults are, so that a value reads and writes the
same everywhere. A session that met anything but a clean answer of the server is thrown away, never used again: after a
decode error or a cancelled read its packets belong to nobody ("Packet sequence number wrong").
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pymysql.err
from pymysql.constants import CLIENT, COMMAND, CR, FIELD_TYPE, SERVER_STATUS

from migrate.engines.mysql.answers import Answer, Result, ServerWarning, as_text
from migrate.engines.mysql.refusals import CONNECTION_LOST, code_and_text, named, not_mysql
from migrate.engines.mysql.sending import PACKET, LocalData, Piece, send_statement
from migrate.engines.mysql.settings import (
    BEFORE_READING,
    CONNECT_TIMEOUT,
    READ_VARIABLES,
    Kind,
    keep_alive,
    restricted_settings,
    settings,
    tls_context,
)
from migrate.engines.mysql.wire import Connection, Reply
from migrate.errors import CannotConnect, ConnectionLost, MissingPrivilege, ServerError
from migrate.model.plan import EndpointRef

FRESH = 1.0
"""Seconds for which an idle session is taken to be alive without asking: round trips add up."""

_INTEGERS = dict.fromkeys(
    (FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG, FIELD_TYPE.YEAR), int
)

# What a broken peer makes the driver raise; anything else is a mistake of ours and keeps its own traceback.
_DRIVER_ERRORS = (pymysql.err.MySQLError, OSError, EOFError, AssertionError, ValueError, LookupError, struct.error)
_CLIENT_ERRORS = range(2000, 3000)


class Session:
    """One connection with pinned settings; one statement at a time."""

    def __init__(self, server: Server, kind: Kind, connection: Connection) -> None:
        self.endpoint = server.endpoint
        self.kind = kind
        self.id: int = connection.thread_id()
        """The server's number of this connection: what KILL takes."""
        self.large = server._large
        """To be held by whoever reads a value of many MiB: one at a time does on one server."""
        self._server = server
        self._connection = connection
        self._busy = False
        self.idle_since = 0.0
        """When it came back among the idle ones, by the monotonic clock."""

    @property
    def usable(self) -> bool:
        """Whether the next statement will be answered in order, as far as this side knows."""
        return not self._busy and not self._connection.ended

    @property
    def is_mariadb(self) -> bool:
        """Whether the server is MariaDB."""
        return self._server.is_mariadb

    @property
    def packet(self) -> int:
        """Bytes of the largest statement, and the most that many functions give: max_allowed_packet."""
        return int(self._server._variables["max_allowed_packet"])

    @property
    def stops(self) -> bool:
        """Whether `stopping` holds here: not on MySQL 5.7."""
        return self.is_mariadb or self._server.version >= (8, 0, 3)

    def stopping(self, most: int) -> str:
        """SELECT, for a statement whose GROUP_CONCAT gives `most` bytes and then stops, with a warning."""
        if self.is_mariadb:
            return f"SET STATEMENT group_concat_max_len={most} FOR SELECT"
        return f"SELECT /*+ SET_VAR(group_concat_max_len={most}) */"

    @property
    def in_transaction(self) -> bool:
        """Whether the last statement that changed something left a transaction open."""
        return bool(self._connection.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS)

    async def query(self, sql: str | bytes, place: str = "") -> Answer:
        """Run a statement that gives rows, all of them held in memory."""
        with self._exchange(place):
            reply = await self._send(sql)
            await reply.read()
            self._note(reply)
        return Answer(tuple(reply.rows or ()), tuple(one[0] for one in reply.description or ()), reply.warning_count)

    async def execute(self, sql: str | bytes, place: str = "") -> Result:
        """Run a statement that gives no rows (those of one that does are dropped)."""
        with self._exchange(place):
            reply = await self._send(sql)
            await reply.read()
            self._note(reply)
        return Result(reply.affected_rows, reply.warning_count)

    async def execute_pieces(self, length: int, pieces: Iterable[Piece], place: str = "") -> Result:
        """`execute` of a statement that has `length` bytes in all, of which about one piece waits in memory."""
        with self._exchange(place):
            await send_statement(self._connection, length, pieces)
            reply = Reply(self._connection)
            await reply.read()
            self._note(reply)
        return Result(reply.affected_rows, reply.warning_count)

    async def warnings(self) -> tuple[ServerWarning, ...]:
        """What the last statement warned of; max_error_count of the server limits how many are told."""
        rows = (await self.query("SHOW WARNINGS")).rows
        return tuple(ServerWarning(as_text(level), int(code), as_text(text)) for level, code, text in rows)

    async def stream(self, sql: str | bytes, place: str = "") -> AsyncIterator[tuple[Any, ...]]:
        """Rows as they come, one in memory. Left before its end, the session is closed: the rest cannot be skipped."""
        with self._exchange(place):
            reply = await self._send(sql)
            await reply.init_unbuffered_query()
            while (row := await reply._read_rowdata_packet_unbuffered()) is not None:
                yield row
            self._note(reply)

    async def load_local(self, sql: str, pieces: Iterable[Piece], place: str = "") -> Result:
        """Run LOAD DATA LOCAL with `pieces` for the file; about one packet of them waits in memory.

        Only for a write session. The file name in `sql` is never opened. What `pieces` raises passes through, and the
        server drops what it has (transactional engines) with the connection.
        """
        if self.kind != "write":
            raise ValueError(f"a {self.kind} session may not load local data")
        with self._exchange(place):
            await self._connection._execute_command(COMMAND.COM_QUERY, sql.encode())
            packet = await self._connection._read_packet()
            if not packet.is_load_local_packet():
                raise pymysql.err.OperationalError(CR.CR_MALFORMED_PACKET, "the server did not ask for the data")
        data = LocalData(self._connection, min(PACKET, self.packet // 2))
        try:
            for piece in pieces:  # outside an exchange: what it raises is no error of the connection
                with self._exchange(place):
                    await data.send(memoryview(piece).cast("B"))
        except BaseException:
            self.abandon()
            raise
        with self._exchange(place):
            data.end()
            reply = Reply(self._connection)
            await reply.read()
            self._note(reply)
        return Result(reply.affected_rows, reply.warning_count)

    async def rollback(self) -> None:
        """End the transaction without it. A connection that is gone has done so already."""
        try:
            if self.usable:
                await self.execute("ROLLBACK")
        except ConnectionLost:  # the server rolls back what a lost connection leaves
            self.abandon()

    async def ping(self) -> bool:
        """Whether the server still answers here."""
        if not self.usable:
            return False
        try:
            await self.execute("DO 0")
        except ServerError:  # whatever it says, a fresh session is better
            self.abandon()
            return False
        return True

    async def close(self) -> None:
        """Say goodbye and close; in the middle of an answer just close."""
        if self.usable:
            try:
                await self._connection.ensure_closed()
            except OSError:  # it is gone already, which is what was wanted
                self.abandon()
        self.abandon()

    def abandon(self) -> None:
        """Close without a word, dropping what waits to be sent."""
        self._server._sessions.discard(self)
        if not self._connection.closed:
            self._connection._writer.transport.abort()
            self._connection.close()

    async def _send(self, sql: str | bytes) -> Reply:
        # aiomysql's cursors bring parameter interpolation and regular expressions that change statements.
        await self._connection._execute_command(COMMAND.COM_QUERY, sql.encode() if isinstance(sql, str) else sql)
        return Reply(self._connection)

    def _note(self, reply: Reply) -> None:
        """Keep the server's status; refuse a second result, which nobody here asks for."""
        if reply.server_status is not None:
            self._connection.server_status = reply.server_status
        if reply.has_next:
            raise pymysql.err.OperationalError(CR.CR_COMMANDS_OUT_OF_SYNC, "the statement gave more than one result")

    @contextmanager
    def _exchange(self, place: str) -> Iterator[None]:
        """One statement and its whole answer; anything but a clean answer makes the session unusable."""
        if self._busy or self._connection.closed:
            raise named(self.endpoint, EOFError("the session is closed or in mid-answer"), self._server.ref)
        self._busy = True
        try:
            yield
        except _DRIVER_ERRORS as error:
            code, _ = code_and_text(error)
            if isinstance(error, pymysql.err.MySQLError) and code and code not in _CLIENT_ERRORS:
                self._busy = code in CONNECTION_LOST  # an ERR packet: the server is done with the statement
            if self._busy:
                self.abandon()
            raise named(self.endpoint, error, self._server.ref, place) from error
        except BaseException:
            self.abandon()
            raise
        self._busy = False


class Server:
    """One endpoint and its sessions. `ref.password` is the password itself here, never `${NAME}`."""

    def __init__(self, endpoint: str, ref: EndpointRef, slots: int) -> None:
        self.endpoint = endpoint
        self.ref = ref
        self.slots = slots
        self._idle: dict[Kind, list[Session]] = {}
        self._sessions: set[Session] = set()
        self._variables: dict[str, str] = {}
        self._reading = asyncio.Lock()
        self._large = asyncio.Lock()

    def __repr__(self) -> str:
        return f"Server({self.endpoint!r}, {self.ref.user}@{self.ref.host}:{self.ref.port})"

    async def variables(self, refresh: bool = False) -> Mapping[str, str]:
        """The server's variables that we know of, as text; read once unless `refresh`."""
        if refresh or not self._variables:
            async with self.session("metadata") as session:
                if refresh:
                    await self._read_variables(session)
        return self._variables

    @property
    def version(self) -> tuple[int, int, int]:
        """Such as (8, 0, 33), whoever made it. Known once a session was opened; ValueError before."""
        numbers = self._variables.get("version", "").partition("-")[0].split(".")
        major, minor, patch = (int(number) for number in numbers[:3])
        return major, minor, patch

    @property
    def is_mariadb(self) -> bool:
        """Whether it is MariaDB. Known once a session was opened."""
        return "mariadb" in (self._variables.get("version", "") + self._variables.get("version_comment", "")).lower()

    @property
    def at_work(self) -> int:
        """How many sessions of ours wait for an answer."""
        return sum(session._busy for session in self._sessions)

    @asynccontextmanager
    async def session(self, kind: Kind, program_name: str = "migrate") -> AsyncIterator[Session]:
        """A session of `kind`, idle or new. Back among the idle ones afterwards, unless an error left the block."""
        session = await self._reused(kind) or await self.connect(kind, program_name)
        try:
            yield session
        except BaseException:
            session.abandon()
            raise
        idle = self._idle.setdefault(kind, [])
        if kind != "lock" and session.usable and not session.in_transaction and len(idle) < self.slots:
            session.idle_since = time.monotonic()
            idle.append(session)
        else:
            await session.close()

    async def _reused(self, kind: Kind) -> Session | None:
        while idle := self._idle.get(kind):
            session = idle.pop()
            fresh = session.usable and time.monotonic() - session.idle_since < FRESH
            if fresh or await session.ping():
                return session
            session.abandon()
        return None

    async def connect(self, kind: Kind, program_name: str = "migrate") -> Session:
        """A session of its own, which the caller closes. `program_name` is what others see of it (255 bytes).

        Raises CannotConnect, AccessDenied, Busy, ConnectionLost, each saying why.
        """
        connection = await self._open(kind, program_name)
        session = Session(self, kind, connection)
        self._sessions.add(session)
        try:
            async with self._reading:  # many sessions may open at once: the first one asks
                if not self._variables:
                    await self._read_variables(session)
            await session.execute(settings(kind, self._variables))
            await self._set_restricted(session)
        except BaseException:
            session.abandon()
            raise
        return session

    async def _open(self, kind: Kind, program_name: str) -> Connection:
        raw = kind in ("read", "write")
        ref = self.ref
        try:
            tls = tls_context(ref)
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise CannotConnect(
                self.endpoint,
                f"cannot use ssl_ca, ssl_cert or ssl_key: {place}{error.strerror or error}",
                "check the paths and the files",
            ) from error
        connection = Connection(
            host=ref.host,
            port=ref.port,
            user=ref.user,
            # The driver encodes a password as latin1; the server compares bytes, and every client sends UTF-8.
            password=ref.password.encode().decode("latin1"),
            charset="utf8mb4",
            use_unicode=not raw,
            conv={} if raw else _INTEGERS,
            autocommit=None,
            local_infile=kind == "write",
            program_name=program_name.encode()[:250].decode("utf-8", "ignore"),
            ssl=tls,
        )
        connection.client_flag &= ~CLIENT.MULTI_STATEMENTS  # a condition from the configuration is one expression
        connection._local_infile = False  # the capability is asked for above; aiomysql itself shall never open a file
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await connection._connect()
        except (*_DRIVER_ERRORS, RuntimeError) as error:
            connection.close()
            known = named(self.endpoint, error, ref, connecting=True)
            garbled = isinstance(known, ConnectionLost) and not code_and_text(error)[0]
            raise (not_mysql(self.endpoint, ref, error) if garbled else known) from error
        except BaseException:
            connection.close()
            raise
        keep_alive(connection._writer.get_extra_info("socket"))
        return connection

    async def _read_variables(self, session: Session) -> None:
        await session.execute(BEFORE_READING)
        answer = await session.query(READ_VARIABLES)
        self._variables = {as_text(name).lower(): as_text(value) for name, value in answer.rows}

    async def _set_restricted(self, session: Session) -> None:
        for statement in restricted_settings(self._variables):
            try:
                await session.execute(statement)
            except MissingPrivilege:  # the account works without: `variables` tells what stays as it is
                continue

    async def close(self) -> None:
        """Close every session, idle or not."""
        self._idle.clear()
        for session in tuple(self._sessions):
            await session.close()
