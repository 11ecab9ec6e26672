"""Rows into an empty table: several ranges of the key at once, each going up, each chunk recorded where it lands.

Resume reads the ledger: a range is a chain of chunks, each beginning where the one before it ended, so what is left
of a range begins at the last link. Nothing is compared here; bounds are only looked up, letter by letter.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import msgspec

from migrate.engines.base import Bound, Engine, LedgerLine, Payload, Reader, Span, Writer
from migrate.engines.compare import compare
from migrate.errors import MigrateError, ServerError
from migrate.executor.both import PART_BYTES, parts_worth, raise_first, spans_from
from migrate.executor.catch_up import CHUNK_BYTES, CatchUp, next_limit
from migrate.executor.context import BACKOFF, Context, Interrupt, step_tag
from migrate.executor.slots import Hold
from migrate.model.plan import Estimate, LoadRows
from migrate.model.progress import ChunkDone
from migrate.planner.survey import both_sides, rows_of
from migrate.planner.translate import Pair

FIRST_ROWS = 2_000
KEPT_CHUNKS = 4
"""Of a table of so few chunks the ledger's lines are remembered, so that its proof need not ask for them."""
MOST_BYTES_AHEAD = 2 * CHUNK_BYTES
"""The next chunk is not read while one that is larger, a row by itself, is in memory."""


class Ranges(msgspec.Struct):
    """A table's ranges and the links that the ledger has of them."""

    parts: tuple[Span, ...] = ()
    links: dict[Bound | None, Bound | None] = {}
    rows: int = 0
    bytes: int = 0
    moments: set[str] = set()
    whole: bool = False

    def left(self, part: Span) -> Span | None:
        """What is not yet there of a range; None when nothing is."""
        at = part.lower
        while at in self.links:
            upper = self.links[at]
            if upper == part.upper:
                return None
            at = upper
        return Span(at, part.upper)


def first_limit(estimate: Estimate) -> int:
    """How many rows to ask for before any were seen: about a chunk of rows as large as the plan takes them for."""
    return max(1, min(FIRST_ROWS, CHUNK_BYTES * estimate.rows // estimate.bytes)) if estimate.bytes else FIRST_ROWS


class Load:
    """One table's rows. `rows` and `bytes` count what is safe on the target, this run or an earlier one."""

    def __init__(self, context: Context, step: LoadRows) -> None:
        pair: Pair = context.standing.pairs[step.target]
        self._context = context
        self._step = step
        self._source: Engine = context.engines[pair.source.endpoint]
        self._target: Engine = context.engines[pair.target.endpoint]
        mine, there = both_sides(pair, self._source, self._target)
        if step.protocol == "whole-object":
            mine, there = (msgspec.structs.replace(side, key=(), index="") for side in (mine, there))
        self._rows = msgspec.structs.replace(mine, columns=rows_of(self._source, pair.table).columns)
        self._into = msgspec.structs.replace(there, where="")
        self._key = context.key(step)
        self._moment = context.moments.name(self._source.endpoint)
        self._digest = bool(self._moment and context.proving)
        self._limit = first_limit(step.estimate)
        self._pace = context.pace(step, self._stop_if_asked)
        self._failed = False
        self._others = False
        """Whether some rows were read at another moment."""
        self._chunks: list[LedgerLine] = []
        self.rows = 0
        self.bytes = 0

    async def run(self) -> None:
        """Load what is missing and record the step as whole."""
        ranges = self._first_ranges()
        if ranges is None:
            ranges = await self._context.patiently(self._step, self._ranges_in_slots)
        if ranges.whole:
            return
        self._others = bool(ranges.moments - {self._moment})
        moved_on = bool(self._moment and self._others and self._context.proving)
        # Where a range is another set of keys there, none can be brought to another moment, only the table.
        if not self._rows.key or (moved_on and not self._rows.alike):
            await self._context.patiently(self._step, self._whole)
            return
        if ranges.rows:
            self._context.recount(self._step)
            self._count(ranges.rows, ranges.bytes)
        if moved_on:
            await self._context.patiently(self._step, lambda: self._catch_up(ranges))
        await self._all_ranges(ranges)
        moment = "" if self._others else self._moment
        if moment:
            all_of_it = self._chunks if not ranges.rows and len(self._chunks) <= KEPT_CHUNKS else ()
            self._context.of_this_moment[self._step.target] = tuple(all_of_it)
        await self._context.record(self._step, LedgerLine("whole", rows=self.rows, bytes=self.bytes, moment=moment))

    # -- with a key

    @property
    def _one_range(self) -> bool:
        """Whether the table is one range for every run of this plan: then the ledger need not be told."""
        small = self._step.estimate.bytes < 2 * PART_BYTES
        return bool(self._rows.key) and small and self._step.protocol == "transactional"

    def _first_ranges(self) -> Ranges | None:
        """What the ledger has of a table that no run of this plan has touched, without asking it.

        Had a predecessor's first chunk come through late all the same, ours would meet its line.
        """
        return Ranges(parts=(Span(),)) if self._one_range and self._context.untouched(self._step) else None

    async def _ranges_in_slots(self) -> Ranges:
        async with self._context.take(self._step, self._source.endpoint, self._target.endpoint):
            return await self._ranges()

    async def _ledger_in_slots(self) -> Ranges:
        async with self._context.take(self._step, self._target.endpoint):
            return await self._read_ledger()

    async def _ranges(self) -> Ranges:
        """Ranges and links as the ledger has them; the ranges are cut and recorded when it has none."""
        ranges = await self._read_ledger()
        if ranges.whole or ranges.parts:
            return ranges
        if not self._rows.key:  # one range, so that the ledger knows the table as this plan's before the first row
            await self._target.record(self._key, (LedgerLine("cut"),))
            return ranges
        if self._one_range:
            ranges.parts = (Span(),)
            return ranges
        async with self._context.moments.reader(self._source.endpoint) as reader:
            count = parts_worth(self._step.estimate.bytes, self._source.slots, self._target.slots)
            starts = await reader.starts(self._rows, count, self._step.estimate.rows)
        parts = tuple(spans_from(starts))
        await self._target.record(self._key, tuple(LedgerLine("cut", part) for part in parts))
        # Read back: a predecessor's cuts, had they come through late, would stand there instead.
        ranges = await self._read_ledger()
        if not ranges.parts:
            raise ServerError(
                self._target.endpoint,
                f"{self._into.table}: the ledger does not give back what was just written to it",
                "does the server change the case of names? then write names in lower case",
            )
        return ranges

    async def _read_ledger(self) -> Ranges:
        ranges = Ranges()
        parts = []
        async for line in self._target.ledger(self._key):
            match line.kind:
                case "cut":
                    parts.append(line.span)
                case "chunk":
                    ranges.links[line.span.lower] = line.span.upper
                    ranges.moments.add(line.moment)
                    ranges.rows += line.rows
                    ranges.bytes += line.bytes
                case "whole":
                    ranges.whole = True
        ranges.parts = tuple(parts)
        return ranges

    async def _all_ranges(self, ranges: Ranges) -> None:
        """Every range at once, as slots allow. When one fails, the others end their chunks, and the error is raised."""
        tasks = [self._patient_range(part, ranges) for part in ranges.parts if ranges.left(part) is not None]
        raise_first(await asyncio.gather(*tasks, return_exceptions=True))

    async def _catch_up(self, ranges: Ranges) -> None:
        """Bring what an earlier run loaded to this run's moment, before the rest comes.

        A row that got another key meanwhile would stand in the way of itself, with its unique values.
        """
        source, target = self._source, self._target
        theirs = msgspec.structs.replace(self._into, where=self._rows.where)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._context.take(self._step, source.endpoint, target.endpoint))
            await self._context.begin(self._step)
            left = await stack.enter_async_context(self._context.moments.reader(source.endpoint))
            right = await stack.enter_async_context(target.reader())
            writer = await stack.enter_async_context(target.writer(step_tag(self._context.plan, self._step)))
            work = CatchUp(left, right, writer, self._rows, theirs, self._pace)
            for part in ranges.parts:
                rest = ranges.left(part)
                there = Span(part.lower, part.upper if rest is None else rest.lower)
                if there.lower != there.upper or rest is None:
                    async for one in compare(left, right, self._rows, theirs, within=there):
                        await self._pace.turn()
                        await self._context.check_lock(self._step)
                        if not one.equal:
                            await work.mend(one)
            await work.finish()

    async def _patient_range(self, part: Span, ranges: Ranges) -> None:
        """One range to its end, through temporary errors; after each, the ledger tells how far it came.

        Slots are held while it moves, not while it waits.
        """
        tries = 0
        here, there = self._source.endpoint, self._target.endpoint
        left = ranges.left(part)
        while left is not None:
            before = self.rows
            try:
                async with self._context.take(self._step, here, there, parts=len(ranges.parts) or 1) as hold:
                    await self._context.begin(self._step)
                    left = await self._range(left, hold)
                continue
            except MigrateError as error:
                tries = 1 if self.rows > before else tries + 1
                if not error.temporary or tries > len(BACKOFF):
                    self._failed = True
                    raise
                await self._context.wait(self._step, error, BACKOFF[tries - 1])
            except Recorded:
                tries = 0
            ranges = await self._context.patiently(self._step, self._ledger_in_slots)
            self._others = self._others or bool(ranges.moments - {self._moment})
            left = ranges.left(part)

    async def _range(self, left: Span, hold: Hold) -> Span | None:
        """Chunk after chunk; the next one is read while this one is written.

        What is left when the slots are wanted elsewhere, None at the end.
        """
        tag = step_tag(self._context.plan, self._step)
        moments, here = self._context.moments, self._source.endpoint
        async with moments.reader(here) as reader, self._target.writer(tag) as writer:
            reading = asyncio.create_task(self._read(reader, writer, left))
            try:
                while True:
                    payload = await reading
                    rest = Span(payload.span.upper, left.upper)
                    last = rest.lower == left.upper
                    paused = not last and hold.wanted
                    self._stop_if_asked()
                    ends = last or paused
                    meanwhile = not ends and len(payload.data) <= MOST_BYTES_AHEAD
                    if meanwhile:
                        reading = asyncio.create_task(self._read(reader, writer, rest))
                    await self._context.check_lock(self._step)  # a round trip a chunk: no write without it
                    if not await writer.write(self._into, payload, self._key, self._step.protocol, self._moment):
                        raise Recorded
                    self._count(payload.rows, len(payload.data))
                    if len(self._chunks) <= KEPT_CHUNKS:
                        self._chunks.append(payload.line(self._moment))
                    if ends:
                        return rest if paused else None
                    if not meanwhile:
                        del payload
                        reading = asyncio.create_task(self._read(reader, writer, rest))
            finally:
                await _ended(reading)

    async def _read(self, reader: Reader, writer: Writer, span: Span) -> Payload:
        await self._pace.turn()
        budget = self._pace.fitting(min(CHUNK_BYTES, reader.largest, writer.largest))
        payload = await reader.read(self._rows, span, writer.layouts, self._limit, budget, self._digest)
        await self._pace.moved(len(payload.data))
        self._limit = next_limit(self._limit, payload, budget)
        return payload

    # -- without

    async def _whole(self) -> None:
        tag = step_tag(self._context.plan, self._step)
        async with (
            self._context.take(self._step, self._source.endpoint, self._target.endpoint),
            self._context.moments.reader(self._source.endpoint) as reader,
            self._target.writer(tag) as writer,
        ):
            await self._context.begin(self._step)
            budget = self._pace.fitting(min(CHUNK_BYTES, writer.largest))
            rows = size = 0  # of this try: no row is safe before the end

            async def payloads() -> AsyncIterator[Payload]:
                nonlocal rows, size
                async for payload in reader.stream(self._rows, writer.layouts, budget):
                    self._context.stop_if_asked(self._step)
                    await self._pace.moved(len(payload.data))
                    rows += payload.rows
                    size += len(payload.data)
                    yield payload

            await writer.write_whole(self._into, payloads(), self._key, self._moment)
            self._count(rows, size)

    def _stop_if_asked(self) -> None:
        if self._failed:
            raise Interrupt
        self._context.stop_if_asked(self._step)

    def _count(self, rows: int, size: int) -> None:
        self.rows += rows
        self.bytes += size
        if rows or size:
            self._context.tell(ChunkDone(self._step.id, rows, size))


class Recorded(Exception):
    """The ledger has the chunk already: a predecessor's transaction came through after its client died."""


async def _ended(task: asyncio.Task[Payload]) -> None:
    """See a read end that nobody waits for: its session must not outlive it, and goes on seeing its moment.

    Only when this task itself is to end at once is the read cut off.
    """
    here = asyncio.current_task()
    if here is not None and here.cancelling():
        task.cancel()
    await asyncio.gather(task, return_exceptions=True)
