"""Rows: the layout `memory` (msgpack of a list of rows), reading and writing sessions, checksums."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from migrate.engines.base import (
    Altered,
    Bound,
    Buckets,
    Checksum,
    Document,
    LedgerKey,
    LedgerLine,
    MomentWay,
    Payload,
    Reader,
    Rows,
    RowSum,
    Span,
)
from migrate.engines.memory.executors import Executor
from migrate.engines.memory.faults import Point
from migrate.engines.memory.server import MemoryServer
from migrate.engines.memory.store import StoredTable
from migrate.engines.memory.values import Row, condition, spell
from migrate.errors import ServerError
from migrate.model.plan import Protocol as LoadProtocol
from migrate.model.table import ForeignKey, TableName

LAYOUT = "memory"
_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(list[tuple[Any, ...]])  # Any: str and bytes in one union cannot be said


class MemoryReader:
    """A reading session: every call sees the rows of its own moment."""

    largest: int = 16 * 1024 * 1024

    def __init__(self, endpoint: str, server: MemoryServer) -> None:
        self._endpoint = endpoint
        self._server = server

    async def starts(self, rows: Rows, count: int, total: int = 0) -> tuple[Bound, ...]:
        """See base.Reader: the last key of every part but the last."""
        stored, inside = self._inside(rows, Span())
        cuts = sorted({len(inside) * part // count for part in range(1, count)} - {0, len(inside)})
        return tuple(_bound(stored, rows, inside[cut - 1]) for cut in cuts)

    async def next_bound(self, rows: Rows, span: Span, limit: int) -> Bound | None:
        """See base.Reader."""
        stored, inside = self._inside(rows, span)
        return _bound(stored, rows, inside[limit - 1]) if len(inside) > limit else None

    async def read(
        self, rows: Rows, span: Span, layouts: Sequence[str], limit: int, budget: int, digest: bool = False
    ) -> Payload:
        """See base.Reader."""
        self._check_layout(layouts)
        await self._server.faults.at("read", str(rows.table))
        stored, inside = self._inside(rows, span)
        taken = _cut(_picked(stored, rows, inside[:limit]), budget)
        upper = span.upper if len(taken) == len(inside) else _bound(stored, rows, inside[len(taken) - 1])
        payload = _payload(msgspec.structs.replace(span, upper=upper), taken)
        return msgspec.structs.replace(payload, digest=_digest(taken)) if digest else payload

    async def digest(self, rows: Rows, span: Span, like: str) -> str:
        """See base.Reader."""
        await self._server.faults.at("checksum", str(rows.table))
        stored, inside = self._inside(rows, span)
        return _digest(_picked(stored, rows, inside))

    async def stream(self, rows: Rows, layouts: Sequence[str], budget: int) -> AsyncIterator[Payload]:
        """See base.Reader."""
        self._check_layout(layouts)
        stored, inside = self._inside(rows, Span())
        left = _picked(stored, rows, inside)
        while left:
            await self._server.faults.at("read", str(rows.table))
            taken = _cut(left, budget)
            yield _payload(Span(), taken)
            left = left[len(taken) :]

    async def checksum(self, rows: Rows, span: Span) -> Checksum:
        """See base.Reader: the sum of the first 64 bits of the MD5 of each row."""
        await self._server.faults.at("checksum", str(rows.table))
        stored, inside = self._inside(rows, span)
        sums = [_hash(row) for row in _summed(stored, rows, inside)]
        return Checksum(len(sums), sum(sums))

    async def bucket_sums(
        self, rows: Rows, span: Span, bits: int, among: Buckets | None = None
    ) -> Mapping[int, Checksum]:
        """See base.Reader."""
        found: dict[int, Checksum] = {}
        for row in await self.row_sums(rows, span, among):
            number = _bucket(row.key, bits)
            before = found.get(number, Checksum())
            found[number] = Checksum(before.rows + 1, before.sum + row.sum)
        return found

    async def row_sums(self, rows: Rows, span: Span, among: Buckets | None = None) -> tuple[RowSum, ...]:
        """See base.Reader."""
        await self._server.faults.at("checksum", str(rows.table))
        stored, inside = self._inside(rows, span)
        sums = [_hash(row) for row in _summed(stored, rows, inside)]
        found = [RowSum(_bound(stored, rows, row), total) for row, total in zip(inside, sums, strict=True)]
        return tuple(row for row in found if among is None or _bucket(row.key, among.bits) in among.numbers)

    async def referring(self, rows: Rows, keys: Sequence[Bound], table: TableName, foreign_key: ForeignKey) -> int:
        """See base.Reader."""
        stored, inside = self._inside(rows, Span(only=tuple(keys)))
        parents = set(map(stored.picker(foreign_key.referenced_columns), inside))
        child = self._server.table(self._endpoint, table)
        return sum(1 for key in map(child.picker(foreign_key.columns), child.rows) if key in parents)

    async def documents(self, rows: Rows, keys: Sequence[Bound]) -> Sequence[Document]:
        """See base.Reader: there are none here."""
        return ()

    async def altered(self, rows: Rows, source: Sequence[Document]) -> tuple[Altered, ...]:
        """See base.Reader."""
        return ()

    def _inside(self, rows: Rows, span: Span) -> tuple[StoredTable, list[Row]]:
        stored = self._server.table(self._endpoint, rows.table)
        passes = condition(self._endpoint, rows.where, stored.columns)
        return stored, [row for row in stored.inside(rows.key, span) if passes(row)]

    def _check_layout(self, layouts: Sequence[str]) -> None:
        if LAYOUT not in layouts:
            raise ServerError(self._endpoint, f"cannot lay rows out as {' or '.join(layouts)}")


class MemoryMoment:
    """Copies of all tables, which as many readers see at once as there are."""

    def __init__(self, endpoint: str, server: MemoryServer, readers: int) -> None:
        self.way: MomentWay = server.moment_way
        self.position = "memory"
        self.locked = 0.0
        self._endpoint = endpoint
        self._server = server
        if self.way != "none":
            self._server = copy.copy(server)
            self._server.tables = copy.deepcopy(server.tables)
        self._free = asyncio.Semaphore(readers)

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        """See base.Moment."""
        async with self._free:
            yield MemoryReader(self._endpoint, self._server)


class MemoryWriter:
    """A writing session. A transaction's rows are seen by nobody before its commit."""

    layouts: tuple[str, ...] = (LAYOUT,)
    largest: int = 16 * 1024 * 1024

    def __init__(self, endpoint: str, server: MemoryServer, tag: str) -> None:
        self._endpoint = endpoint
        self._server = server
        self._tag = tag

    async def write(
        self, rows: Rows, payload: Payload, key: LedgerKey, protocol: LoadProtocol, moment: str = ""
    ) -> bool:
        """See base.Writer. A second transaction for the same place waits until the first has come to an end."""
        self._server.check_writable(self._endpoint)
        stored = self._server.table(self._endpoint, key.target)
        ledger = self._server.ledger(self._endpoint, key.target)
        line = payload.line(moment)
        new = _unpack(stored, rows, payload)
        async with self._server.executors.working(self._tag) as executor:
            await self._at("write.begun", key, executor)
            if protocol == "transactional":
                async with self._server.executors.making((key, payload.span.lower), executor):
                    if ledger.has(key, line):
                        return False
                    await self._at("write.line", key, executor)
                    await self._transact(stored, new, key, executor)
                    ledger.add(key, [line])
            else:
                if ledger.has(key, line):
                    return False
                stored.replace(stored.outside(rows.key, payload.span))
                await self._at("write.cleared", key, executor)
                await self._add(stored, new, key, executor)
                ledger.add(key, [line])
            await self._at("write.done", key, executor)
        return True

    async def write_whole(self, rows: Rows, payloads: AsyncIterator[Payload], key: LedgerKey, moment: str = "") -> bool:
        """See base.Writer: rows are there as they come, whatever the table; a later call empties it again."""
        self._server.check_writable(self._endpoint)
        stored = self._server.table(self._endpoint, key.target)
        ledger = self._server.ledger(self._endpoint, key.target)
        async with self._server.executors.working(self._tag) as executor:
            await self._at("write.begun", key, executor)
            if ledger.has(key, LedgerLine("whole")):
                return False
            stored.replace([])
            await self._at("write.cleared", key, executor)
            count = size = 0
            async for payload in payloads:
                await self._add(stored, _unpack(stored, rows, payload), key, executor)
                count, size = count + payload.rows, size + len(payload.data)
            ledger.add(key, [LedgerLine("whole", Span(), count, size, moment)])
            await self._at("write.done", key, executor)
        return True

    async def mend(self, rows: Rows, source: Sequence[Document]) -> int:
        """See base.Writer: nothing here is altered on its way."""
        return 0

    async def replace(self, rows: Rows, payloads: AsyncIterator[Payload], together: bool = False) -> None:
        """See base.Writer."""
        self._server.check_writable(self._endpoint)
        stored = self._server.table(self._endpoint, rows.table)
        before = list(stored.rows)
        together = together or not rows.key
        async with self._server.executors.working(self._tag) as executor:
            try:
                if not rows.key:
                    passes = condition(self._endpoint, rows.where, stored.columns)
                    stored.replace([row for row in stored.rows if not passes(row)])
                async for payload in payloads:
                    await self._server.faults.at("write.begun", str(rows.table))
                    executor.check(self._endpoint)
                    before = before if together else list(stored.rows)
                    if rows.key:
                        stored.replace(stored.outside(rows.key, payload.span))
                    taken = _unpack(stored, rows, payload) if payload.rows else []
                    stored.check(self._endpoint, taken)
                    stored.add(taken)
                    await self._server.faults.at("write.done", str(rows.table))
            except BaseException:
                stored.replace(before)
                raise

    async def _transact(self, stored: StoredTable, new: Sequence[Row], key: LedgerKey, executor: Executor) -> None:
        """All rows at once, at the end; a table without transactions keeps what it took before a failure."""
        if not stored.table.storage.transactional:
            await self._add(stored, new, key, executor)
            return
        stored.check(self._endpoint, new)
        await self._at("write.half", key, executor)
        await self._at("write.rows", key, executor)
        stored.check(self._endpoint, new)
        stored.add(new)

    async def _add(self, stored: StoredTable, new: Sequence[Row], key: LedgerKey, executor: Executor) -> None:
        """Without a transaction: what was written before a failure stays."""
        stored.check(self._endpoint, new)
        half = (len(new) + 1) // 2
        stored.add(new[:half])
        await self._at("write.half", key, executor)
        stored.check(self._endpoint, new[half:])
        stored.add(new[half:])
        await self._at("write.rows", key, executor)

    async def _at(self, point: Point, key: LedgerKey, executor: Executor) -> None:
        await self._server.faults.at(point, str(key.target))
        executor.check(self._endpoint)


def _hash(row: Row) -> int:
    return int.from_bytes(hashlib.md5(_encode(row), usedforsecurity=False).digest()[:8])


def _digest(rows: Sequence[Row]) -> str:
    return hashlib.md5(_encode(rows), usedforsecurity=False).hexdigest()


def _bucket(key: Bound, bits: int) -> int:
    return zlib.crc32(",".join(key).encode(errors="surrogatepass")) >> (32 - bits)


def _payload(span: Span, rows: Sequence[Row]) -> Payload:
    return Payload(span, len(rows), _encode(rows), LAYOUT)


def _unpack(stored: StoredTable, rows: Rows, payload: Payload) -> list[Row]:
    if payload.layout != LAYOUT:
        raise ValueError(f"a payload laid out as {payload.layout!r}")
    names = [column.name for column in rows.columns]
    return [stored.arrange(names, row) for row in _decoder.decode(payload.data)]


def _picked(stored: StoredTable, rows: Rows, inside: Iterable[Row]) -> list[Row]:
    pick = stored.picker([column.name for column in rows.columns])
    return [pick(row) for row in inside]


def _summed(stored: StoredTable, rows: Rows, inside: Iterable[Row]) -> list[Row]:
    """Of each row the values that are summed up; 0.0 is what -0.0 + 0.0 comes to."""
    signless = [column.name in rows.signless for column in rows.columns]
    return [
        tuple(
            value + 0.0 if bare and isinstance(value, float) else value
            for value, bare in zip(row, signless, strict=True)
        )
        for row in _picked(stored, rows, inside)
    ]


def _cut(rows: list[Row], budget: int) -> list[Row]:
    """As many of the first rows as fit into `budget` bytes, but at least one."""
    size = 0
    for place, row in enumerate(rows):
        size += len(_encode(row))
        if size > budget and place > 0:
            return rows[:place]
    return rows


def _bound(stored: StoredTable, rows: Rows, row: Row) -> Bound:
    return tuple(spell(row[stored.place(column.name)]) for column in rows.key)
