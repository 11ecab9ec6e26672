"""aiomysql's connection and its replies, as they are used here: less trusting, and without copies of large packets.

The only door to aiomysql.
"""

from __future__ import annotations

from typing import Any, cast

import aiomysql.connection
import pymysql.err
from pymysql.constants import CLIENT, CR
from pymysql.protocol import MysqlPacket

from migrate.engines.mysql.receiving import Receiver, receiver

_CLEAR_TEXT = frozenset({"mysql_clear_password", "mysql_old_password"})


class Connection(aiomysql.connection.Connection):  # type: ignore[misc]  # aiomysql ships no types
    """Less trusting: no plain text where TLS was asked for, and no password in clear text."""

    _next_seq_id: int
    _receiver: Receiver | None = None

    async def _connect(self) -> None:
        await super()._connect()
        self._receiver = receiver(self)

    @property
    def ended(self) -> bool:
        """Whether the server will answer no more, as far as this side knows."""
        return self.closed or self._receiver is None or self._receiver.ended

    async def _read_packet(self, packet_type: Any = MysqlPacket) -> Any:
        if self._receiver is None:
            return await super()._read_packet(packet_type)
        data, self._next_seq_id = await self._receiver.packet(self._next_seq_id)
        packet = packet_type(data, self._encoding)
        packet.check_error()
        return packet

    async def _request_authentication(self) -> None:
        if self._ssl_context and not self.server_capabilities & CLIENT.SSL:
            raise pymysql.err.OperationalError(CR.CR_SSL_CONNECTION_ERROR, "the server does not offer TLS")
        if not self._ssl_context:
            self._refuse_clear_text(self._server_auth_plugin)
        await super()._request_authentication()

    async def _process_auth(self, plugin_name: bytes, auth_packet: Any) -> Any:
        if not self._secure:
            self._refuse_clear_text(plugin_name.decode("ascii", "replace"))
        return await super()._process_auth(plugin_name, auth_packet)

    @staticmethod
    def _refuse_clear_text(plugin: str) -> None:
        if plugin in _CLEAR_TEXT:
            text = f"the server asks for the password in clear text ({plugin})"
            raise pymysql.err.OperationalError(CR.CR_AUTH_PLUGIN_CANNOT_LOAD, text)


class Reply(aiomysql.connection.MySQLResult):  # type: ignore[misc]  # aiomysql ships no types
    """A server may answer any statement by asking for a file of ours; none is ever sent."""

    async def _read_load_local_packet(self, first_packet: Any) -> None:
        raise pymysql.err.OperationalError(CR.CR_MALFORMED_PACKET, "it asked for a local file, which is refused")

    def _read_row_from_packet(self, packet: Any) -> tuple[Any, ...]:
        """Bytes; but for the last cell when it is most of a large packet: that one is the packet's bytearray itself."""
        data = packet.get_all_data()
        if not isinstance(data, bytearray):
            return cast(tuple[Any, ...], super()._read_row_from_packet(packet))
        row: list[Any] = []
        for encoding, converter in self.converters:
            length = packet.read_length_encoded_integer()
            start = packet._position
            if length is None:
                cell: Any = None
            elif start + length == len(data) and length > start and encoding is None:
                del data[:start]  # moves nothing
                cell = data
            else:
                cell = bytes(packet.read(length))
                cell = cell if encoding is None else cell.decode(encoding)
                cell = cell if converter is None else converter(cell)
            row.append(cell)
        return tuple(row)
