"""Packets from a peer that sends them in any pieces, slowly or all at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pymysql.err
import pytest

from migrate.engines.mysql.receiving import AHEAD, Receiver, receiver
from migrate.engines.mysql.sending import MAX_PACKET_LEN

Peer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Early(asyncio.StreamReader):
    """aiomysql's reader knows whether the peer said its last word."""

    @property
    def eof_received(self) -> bool:
        return self.at_eof()


@asynccontextmanager
async def received(peer: Peer, wait: float = 0) -> AsyncIterator[Receiver]:
    """What comes from `peer`; the receiver takes over after `wait` seconds."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await peer(writer)
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        reader = Early()
        before = asyncio.StreamReaderProtocol(reader)
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: before, "127.0.0.1", port)
        await asyncio.sleep(wait)
        writer = asyncio.StreamWriter(transport, before, reader, asyncio.get_running_loop())
        try:
            yield receiver(SimpleNamespace(_writer=writer, _reader=reader))
        finally:
            transport.abort()


def packets(values: Sequence[bytes], first: int = 0) -> bytes:
    """The values as a server sends them."""
    sent, number = bytearray(), first
    for value in values:
        for at in range(0, len(value) + 1, MAX_PACKET_LEN):
            part = value[at : at + MAX_PACKET_LEN]
            sent += len(part).to_bytes(3, "little") + bytes([number % 256]) + part
            number += 1
    return bytes(sent)


def in_pieces(data: bytes, dice: random.Random) -> Peer:
    """Send `data` in pieces of any size, waiting now and then."""

    async def peer(writer: asyncio.StreamWriter) -> None:
        at = 0
        while at < len(data):
            size = dice.choice((1, 3, 4, 5, 1000, AHEAD - 1, AHEAD, AHEAD + 1, 1 << 20))
            writer.write(data[at : at + size])
            at += size
            if dice.random() < 0.3:
                await writer.drain()
                await asyncio.sleep(0)
        await writer.drain()

    return peer


async def told(peer: Peer, count: int, first: int = 0, wait: float = 0) -> list[bytes | bytearray]:
    """The first packets."""
    async with received(peer, wait) as made:
        found, number = [], first
        for _ in range(count):
            data, number = await made.packet(number)
            found.append(data)
        return found


@pytest.mark.parametrize("seed", range(10))
async def test_packets_arrive_whole_and_in_order_however_they_are_cut(seed: int) -> None:
    dice = random.Random(seed)
    sizes = (0, 1, 2, 100, AHEAD - 5, AHEAD - 4, AHEAD - 1, AHEAD, AHEAD + 1, 3 * AHEAD, 1 << 20)
    values = [dice.randbytes(dice.choice(sizes)) for _ in range(60)]
    found = await told(in_pieces(packets(values, 250), dice), len(values), 250)
    assert [bytes(one) for one in found] == values
    assert all(isinstance(one, bytearray) == (len(one) > AHEAD) for one in found)


@pytest.mark.parametrize("size", [MAX_PACKET_LEN - 1, MAX_PACKET_LEN, MAX_PACKET_LEN + 1, 2 * MAX_PACKET_LEN])
async def test_a_value_may_take_several_packets(size: int) -> None:
    value = random.Random(1).randbytes(1 << 10) * (size // 1024 + 1)
    values = [value[:size], b"the next one"]
    assert await told(in_pieces(packets(values), random.Random(2)), 2) == values


async def test_a_large_packet_can_be_cut_at_its_front_at_once() -> None:
    """A view of it that is still held somewhere would forbid that (BufferError)."""
    (data,) = await told(in_pieces(packets([b"x" * (1 << 20)]), random.Random(3)), 1)
    assert isinstance(data, bytearray)
    del data[:9]
    assert len(data) == (1 << 20) - 9


async def test_what_came_before_the_receiver_is_not_lost() -> None:
    values = [b"early", b"x" * (AHEAD // 2)]
    assert await told(in_pieces(packets(values), random.Random(4)), 2, wait=0.1) == values


async def test_a_peer_that_talks_on_unasked_is_refused() -> None:
    with pytest.raises(pymysql.err.InternalError, match="after the handshake"):
        await told(in_pieces(packets([b"x" * (2 * AHEAD)]), random.Random(5)), 1, wait=0.1)


async def test_a_peer_is_not_read_faster_than_it_is_asked() -> None:
    sent = 0

    async def peer(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.transport.set_write_buffer_limits(high=0)
        for number in range(1 << 10):
            writer.write(packets([b"y" * AHEAD], number))
            await writer.drain()
            sent += 1

    async with received(peer) as made:
        await made.packet(0)
        await asyncio.sleep(0.3)
        assert sent < 1 << 9, "64 MiB went somewhere though nobody asked for them"
        number = 1
        for _ in range(100):
            data, number = await made.packet(number)
            assert len(data) == AHEAD


@pytest.mark.parametrize("cut", [0, 2, 4, 10, AHEAD, 2 * AHEAD])
async def test_a_peer_that_goes_away_in_the_middle_is_a_lost_connection(cut: int) -> None:
    async def peer(writer: asyncio.StreamWriter) -> None:
        writer.write(packets([b"z" * (3 * AHEAD)])[:cut])
        await writer.drain()

    async with received(peer) as made:
        with pytest.raises(pymysql.err.OperationalError, match="Lost connection"):
            await made.packet(0)
        assert made.ended
        with pytest.raises(pymysql.err.OperationalError, match="Lost connection"):
            await made.packet(0)


async def test_a_packet_of_another_number_belongs_to_nobody_but_an_error_is_heard() -> None:
    async def answers(writer: asyncio.StreamWriter) -> None:
        writer.write(packets([b"to another statement"], 5))
        await writer.drain()

    async with received(answers) as made:
        with pytest.raises(pymysql.err.InternalError, match="packet 5 came in place of 1"):
            await made.packet(1)
        assert made.ended

    async def ends(writer: asyncio.StreamWriter) -> None:
        writer.write(packets([b"\xff\x1d\x04#08S01Server shutdown in progress"]))
        await writer.drain()

    async with received(ends) as made:
        data, _ = await made.packet(1)
        assert data.endswith(b"shutdown in progress")
        assert made.ended


async def test_who_waits_for_a_packet_can_give_up() -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(packets([b"late"]))
        await writer.drain()

    async with received(silent) as made:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await made.packet(0)
        assert (await made.packet(0))[0] == b"late"
