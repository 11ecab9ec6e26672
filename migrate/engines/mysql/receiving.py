"""What a server sends: large packets are received into the memory in which they stay.

asyncio's StreamReader gathers what comes, copies out what is asked for and moves the rest to the front: of a chunk of
8 MiB that took as long as all else that the client does with it.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Any, cast

import pymysql.err
from pymysql.constants import CR

from migrate.engines.mysql.sending import MAX_PACKET_LEN

AHEAD = 1 << 16
"""Bytes that may come before anybody asks for them; of larger packets the rest goes where it belongs at once."""
ERROR = b"\xff"
"""What an error begins with."""
_HEADER = struct.Struct("<HBB")


class Receiver(asyncio.BufferedProtocol):
    """The receiving end of a connection, from the end of its handshake on: it takes the place of `before`.

    The writer of that connection goes on waiting by `before`, which is told what concerns it.
    """

    def __init__(self, transport: asyncio.Transport, before: asyncio.Protocol) -> None:
        self.ended = False  # the server will send no more
        self._transport = transport
        self._before = before
        self._lost: Exception | None = None
        self._ahead = bytearray(AHEAD)
        self._start = self._end = 0  # of what waits in `_ahead`
        self._whole: memoryview | None = None  # where a large packet goes, and how much of it is there
        self._filled = 0
        self._waiting: asyncio.Future[None] | None = None
        self._paused = False
        transport.set_protocol(self)

    async def packet(self, number: int) -> tuple[bytes | bytearray, int]:
        """The next packet, a bytearray when it is large, and the number that the one after it has.

        Raises pymysql.err.MySQLError for a connection that is lost, and for a packet of another number than `number`;
        but gives an error that the server had no time to number.
        """
        data, more, number = await self._part(number)
        while more:
            part, more, number = await self._part(number)
            data += part
        return data, number

    async def _part(self, number: int) -> tuple[bytes | bytearray, bool, int]:
        low, high, told = _HEADER.unpack(await self._little(_HEADER.size))
        size = low + (high << 16)
        data = await (self._little(size) if size <= AHEAD else self._large(size))
        if told != number:
            self.ended = True
            if data[:1] != ERROR:  # its last word, such as that a statement is too long, or that it shuts down
                raise pymysql.err.InternalError(f"packet {told} came in place of {number}")
        return data, size == MAX_PACKET_LEN, (number + 1) % 256

    async def _little(self, size: int) -> bytes:
        while self._end - self._start < size:
            if self._start + size > AHEAD:
                self._to_the_front()
            await self._more()
        data = bytes(memoryview(self._ahead)[self._start : self._start + size])
        self._start += size
        if self._start == self._end:
            self._to_the_front()
        return data

    async def _large(self, size: int) -> bytearray:
        data = bytearray(size)
        self._filled = self._end - self._start
        data[: self._filled] = memoryview(self._ahead)[self._start : self._end]
        self._start = self._end
        self._to_the_front()
        with memoryview(data) as self._whole:
            try:
                while self._filled < size:
                    await self._more()
            finally:
                self._whole = None
        return data

    def _to_the_front(self) -> None:
        left = self._end - self._start
        self._ahead[:left] = self._ahead[self._start : self._end]
        self._start, self._end = 0, left
        if self._paused and left < AHEAD and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    async def _more(self) -> None:
        """Wait until something came. Raises pymysql.err.OperationalError when nothing will."""
        if self.ended:
            told = f" ({self._lost})" if self._lost else ""
            text = f"Lost connection to MySQL server during query{told}"
            raise pymysql.err.OperationalError(CR.CR_SERVER_LOST, text) from self._lost
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # -- called by asyncio

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        if self._whole is not None:
            return self._whole[self._filled :]
        return memoryview(self._ahead)[self._end :]

    def buffer_updated(self, nbytes: int) -> None:
        """They are there."""
        if self._whole is not None:
            self._filled += nbytes
            if self._filled == len(self._whole):
                self._whole = None  # what comes before the waiting one runs belongs to the next packet
                self._wake()
            return
        self._end += nbytes
        if self._end == AHEAD:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool | None:
        """The server said its last word."""
        self.ended = True
        self._wake()
        return self._before.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more will come."""
        self.ended, self._lost = True, exc
        self._wake()
        self._before.connection_lost(exc)

    def pause_writing(self) -> None:
        """The writer shall wait."""
        self._before.pause_writing()

    def resume_writing(self) -> None:
        """The writer may go on."""
        self._before.resume_writing()


def receiver(connection: Any) -> Receiver:
    """The one of a connection of aiomysql that is through with its handshake, whose own reader is not used again.

    Raises pymysql.err.InternalError when much came that nobody asked for.
    """
    early = bytes(connection._reader._buffer)  # such as the word of a server that shuts down
    if len(early) > AHEAD:
        raise pymysql.err.InternalError(f"{len(early)} bytes came after the handshake")
    transport = cast(asyncio.Transport, connection._writer.transport)
    made = Receiver(transport, cast(asyncio.Protocol, transport.get_protocol()))
    made.get_buffer(len(early))[: len(early)] = early
    made.buffer_updated(len(early))
    made.ended = connection._reader.eof_received
    return made
