"""Long statements and what LOAD DATA LOCAL is given, in the packets of the protocol."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable
from typing import Any

from pymysql.constants import COMMAND

Piece = bytes | bytearray | memoryview
"""Bytes of a statement, or of the data that goes with it."""
MAX_PACKET_LEN = (1 << 24) - 1
"""Bytes of one packet of the protocol: what is longer goes on in the next one."""

PACKET = 1 << 20
"""Bytes of local data sent at a time, and so what waits in memory of them; less where the server takes less."""
LITTLE = 1 << 14
"""Bytes that wait for more, or for the end: every write is at least one packet of the network's."""


class LocalData:
    """The data of one statement. `size` is the most bytes of it in one packet; a little more than that is held."""

    def __init__(self, connection: Any, size: int) -> None:
        self._connection = connection
        self._size = size
        self._waiting: list[Piece] = []

    async def send(self, data: memoryview) -> None:
        """Wait until nearly all of it is with the socket. An empty piece sends nothing: an empty packet is the end."""
        # aiomysql's LoadLocalFile reads a file, and never waits for the socket: a fast source would fill the memory.
        for at in range(0, len(data), self._size):
            part = data[at : at + self._size]
            self._waiting += (self._header(len(part)), part)
            if sum(map(len, self._waiting)) >= LITTLE:
                self._write()
                await self._connection._writer.drain()

    def end(self) -> None:
        """The data is whole; the server answers."""
        self._waiting.append(self._header(0))
        self._write()

    def _write(self) -> None:
        self._connection._writer.writelines(self._waiting)
        self._waiting.clear()

    def _header(self, size: int) -> bytes:
        number = self._connection._next_seq_id
        self._connection._next_seq_id = (number + 1) % 256
        return _header(size, number)


async def send_statement(connection: Any, length: int, pieces: Iterable[Piece]) -> None:
    """A statement of `length` bytes; about one piece waits in memory. Raises ValueError when it has other bytes.

    aiomysql takes a statement as one value, and copies what is left of it for each packet.
    """
    writer, left, room, number = connection._writer, length + 1, 0, 0
    for piece in itertools.chain((bytes([COMMAND.COM_QUERY]),), pieces):
        rest = memoryview(piece).cast("B")
        while rest:
            if not room:
                room = min(MAX_PACKET_LEN, left)
                writer.write(_header(room, number))
                number += 1
            part, rest = rest[:room], rest[room:]
            writer.write(part)
            await writer.drain()
            room -= len(part)
            left -= len(part)
            if rest and not left:
                raise ValueError("a statement is longer than was said")
    if left:
        raise ValueError("a statement is shorter than was said")
    if (length + 1) % MAX_PACKET_LEN == 0:  # else the server would wait for more
        writer.write(_header(0, number))
        number += 1
    connection._next_seq_id = number % 256


def _header(size: int, number: int) -> bytes:
    """What stands before a packet of that size."""
    return struct.pack("<I", size)[:3] + bytes([number % 256])
