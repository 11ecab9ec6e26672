"""What LOAD DATA LOCAL is given, in the packets of the protocol."""

from __future__ import annotations

import struct
from typing import Any

LITTLE = 1 << 14
"""Bytes that wait for more, or for the end: every write is at least one packet of the network's."""


class LocalData:
    """The data of one statement. `size` is the most bytes of it in one packet; a little more than that is held."""

    def __init__(self, connection: Any, size: int) -> None:
        self._connection = connection
        self._size = size
        self._waiting: list[bytes | memoryview] = []

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
        """What stands before a packet of that size."""
        number = self._connection._next_seq_id
        self._connection._next_seq_id = (number + 1) % 256
        return struct.pack("<I", size)[:3] + bytes([number])
