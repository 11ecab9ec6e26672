"""The proof: both servers sum the same ranges, and the definitions are compared by the diff that planned them."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec

from migrate.diff import describe
from migrate.engines.base import Engine, Reader, Rows
from migrate.engines.compare import Causes, Compared, compare, compare_span, extra_alone, in_meaning
from migrate.errors import Different, MigrateError
from migrate.executor.both import parts_worth, raise_first, spans_from
from migrate.executor.differences import NO_PARENT, REPAIR, REPAIRED, different, named
from migrate.executor.documents import Documents
from migrate.executor.file_proof import chosen, compare_files
from migrate.executor.moments import Moments
from migrate.executor.orphans import Look, judged, looks_around, orphans
from migrate.executor.slots import Lane, Slots
from migrate.executor.throttle import Limits, Pace, Throttle
from migrate.model.plan import Plan, Verify
from migrate.model.progress import ChunkDone, Event, Outcome, StepDone, StepFailed, StepStarted
from migrate.model.table import ObjectRef
from migrate.model.words import counted
from migrate.planner.gap import Gap, StoredGap, gaps, stored_gaps
from migrate.planner.needs import left_behind, reads
from migrate.planner.parity import parity
from migrate.planner.survey import both_sides, survey
from migrate.planner.translate import Pair, StoredPair

UNMOVABLE = "MG102"
"""The finding of a table that the plan leaves behind: there is nothing to prove."""

SPARED = ("MG211", "MG503")
"""The findings of tables that keep rows, or partitions, which only the target has."""

LOOKS = 3
LOOK_SECONDS = 0.3
"""A range that differs is looked at again so often, with these pauses: what moves is told from what is different."""

COPY_AGAIN = "plan again: the new plan moves the partitions that differ"
MOVING = " (the source is being written to there: this may be no difference)"


class Mended(msgspec.Struct, frozen=True):
    """Rows mended or read again, and deleted; the ranges that differ still, and values of documents in them."""

    rows: int
    deleted: int
    left: tuple[Compared, ...]
    documents: tuple[str, ...]


class Mending(Protocol):
    """What makes ranges equal that differ, see `migrate.executor.repair`."""

    moments: Moments

    def pace(self, throttle: Throttle, pair: Pair) -> Pace: ...

    async def mend(
        self, pair: Pair, left: Reader, right: Reader, wrong: list[Compared], spare: bool, pace: Pace
    ) -> Mended: ...


async def verify(
    plan: Plan, engines: Mapping[str, Engine], parallelism: int, limits: Limits, mending: Mending | None = None
) -> AsyncIterator[Event | Outcome]:
    """Prove every object of the plan's moves equal, whatever the plan did or did not have to do. Ends with an Outcome.

    Rows that differ are made equal where there is a `mending`. Raises `NothingMatches`, `ServerError` before the first
    event.
    """
    began = time.monotonic()
    seen = await survey(plan.move, engines)
    gap, stored_gap = gaps(seen, engines), stored_gaps(seen, engines)
    events: asyncio.Queue[Event | BaseException] = asyncio.Queue()
    unmovable = {finding.object for finding in plan.finding if finding.code == UNMOVABLE}
    spared = {finding.object for finding in plan.finding if finding.code in SPARED}
    spared |= {step.target for step in plan.step if isinstance(step, Verify) and step.spare}
    meant = [pair for pair in seen.pairs if str(pair.source) not in unmovable]
    throttle = Throttle(limits, engines, events.put_nowait)
    slots = Slots(parallelism, engines, (_lane(pair) for pair in meant))
    coming = seen.tables_there() | {pair.target for pair in meant}
    left = left_behind(seen, stored_gap, coming, reads(seen))
    for pair in seen.stored:
        if pair.target not in left and not pair.refused:
            _prove_stored(pair, stored_gap[pair.target], events)
    stored = events.qsize()
    sizes = {
        ObjectRef(endpoint, one.table): one.bytes
        for endpoint, there in seen.sources.items()
        for one in there.statistics
    }
    proof = _Proof(engines, slots, throttle, events, mending, sizes)
    tasks = [asyncio.create_task(proof.prove(one, str(one.target) in spared, gap[one.target])) for one in meant]
    waiting, rows, done = len(tasks) + stored, 0, 0
    failures: list[StepFailed] = []
    try:
        while waiting:
            event = await events.get()
            if isinstance(event, BaseException):
                raise event
            match event:
                case ChunkDone(rows=more):
                    rows += more
                case StepDone():
                    done, waiting = done + 1, waiting - 1
                case StepFailed():
                    failures.append(event)
                    waiting -= 1
            yield event
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for failure in await _without_parent(looks_around(seen, meant, proof.repaired), engines):
        failures.append(failure)
        yield failure
    counted = await parity(plan.move, seen, gap, stored_gap, engines)
    seconds = time.monotonic() - began
    ends = tuple(failures)
    throttled = throttle.seconds + (mending.moments.paused if mending else 0.0)
    yield Outcome(done, len(ends), 0, rows, 0, seconds, ends, parity=counted, throttled=throttled)


async def _without_parent(looks: Sequence[Look], engines: Mapping[str, Engine]) -> list[StepFailed]:
    """A failure for each table that has orphans which the source does not have."""
    failures = []
    for child, some in itertools.groupby(looks, lambda look: look.at.child):
        try:
            judged([await orphans(look, engines) for look in some], NO_PARENT)
        except MigrateError as error:
            failures.append(StepFailed(f"check-foreign-keys:{child}", str(error), error.hint, error.exit_code))
    return failures


def _prove_stored(pair: StoredPair, gap: StoredGap, events: asyncio.Queue[Event | BaseException]) -> None:
    """One stored object: it is there and is as wanted."""
    name = f"verify-{pair.target.kind}:{pair.target.object}"
    if gap.change is None:
        events.put_nowait(StepDone(name, 0.0))
        return
    error = Different(
        f"{pair.target} differs from {pair.source}: {describe(gap.change)}",
        "plan again: the new plan shows what it would take",
    )
    events.put_nowait(StepFailed(name, str(error), error.hint, error.exit_code))


def _lane(pair: Pair) -> Lane:
    return pair.source.endpoint, pair.target.endpoint


class Rowwise(msgspec.Struct):
    """What came of the rows of one table: equal ones, those made so or deleted, the target's own, ranges that differ.

    `documents` are the values in JSON documents that differ, named one by one; `causes` why ranges differ.
    `moving`: the source is being written to where it differs.
    """

    total: int = 0
    mended: int = 0
    deleted: int = 0
    extra: int = 0
    wrong: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    causes: Causes = msgspec.field(default_factory=Causes)
    moving: bool = False


class _Proof:
    """The proof of tables, several at once; of a large one several parts at once."""

    def __init__(
        self,
        engines: Mapping[str, Engine],
        slots: Slots,
        throttle: Throttle,
        events: asyncio.Queue[Event | BaseException],
        mending: Mending | None,
        sizes: Mapping[ObjectRef, int],
    ) -> None:
        """`sizes`: bytes of the source's tables, as the servers know."""
        self._engines = engines
        self._slots = slots
        self._throttle = throttle
        self._events = events
        self._mending = mending
        self._sizes = sizes
        self.repaired: set[ObjectRef] = set()
        """Tables on the targets to which rows were written."""

    async def prove(self, pair: Pair, spare: bool, gap: Gap) -> None:
        """One table: its definition, then its rows. Tells of it; an exception that is no failure is told too."""
        name = f"verify:{pair.target}"
        began = time.monotonic()
        mending = self._mending
        pace = mending.pace(self._throttle, pair) if mending else self._throttle.pace(_lane(pair), _go_on)
        try:
            async with self._slots.take(_lane(pair), *_lane(pair), size=self._sizes.get(pair.source, 0)):
                await pace.turn()
                self._events.put_nowait(StepStarted(name))
                found = [describe(change) for change in gap.changes]
                rows = Rowwise()
                if gap.actual is None:
                    found = ["the target has no such table"]
                elif not gap.values_differ and self._engines[pair.target.endpoint].files is not None:
                    rows = await self._files(pair, spare)
                    found += rows.wrong
                elif not gap.values_differ:
                    rows = await self._rows(pair, gap, spare, pace, mending if not found else None)
                    found += rows.wrong
            if found:
                only_rows = len(found) == len(rows.wrong)
                raise different(pair, found, only_rows, rows.documents, rows.causes, self._hint(pair, rows))
        except MigrateError as error:
            self._events.put_nowait(StepFailed(name, str(error), error.hint, error.exit_code))
        except Exception as error:  # noqa: BLE001 - whoever reads the events raises it; here nobody would
            self._events.put_nowait(error)
        else:
            notes = [f"{counted(rows.mended, 'row was', 'rows were')} read again"] if rows.mended else []
            notes += [gone(rows.deleted)] if rows.deleted else []
            notes += [kept(rows.extra)] if rows.extra else []
            self._events.put_nowait(StepDone(name, time.monotonic() - began, rows.total, note="; ".join(notes)))
        finally:
            self._slots.over(_lane(pair))

    def _hint(self, pair: Pair, rows: Rowwise) -> str:
        if self._engines[pair.target.endpoint].files is not None:
            return COPY_AGAIN
        if self._mending:
            return REPAIRED
        return f"{REPAIR}; stop the writers of the source first" if rows.moving else REPAIR

    async def _files(self, pair: Pair, spare: bool) -> Rowwise:
        """Both sides partition by partition; those that the target alone has may stay where the plan says so."""
        source, target = self._engines[pair.source.endpoint], self._engines[pair.target.endpoint]
        only = await chosen(pair, source)
        found = await compare_files(pair, source, target, pair.wanted, only, None, spare)
        self._events.put_nowait(ChunkDone(f"verify:{pair.target}", found.rows, 0))
        return Rowwise(found.rows, wrong=found.wrong)

    async def _rows(self, pair: Pair, gap: Gap, spare: bool, pace: Pace, mending: Mending | None) -> Rowwise:
        """Both sides range by range; what differs is looked at again, or made equal where there is a `mending`."""
        source, target = self._engines[pair.source.endpoint], self._engines[pair.target.endpoint]
        mine, theirs = both_sides(pair, source, target)
        if not _has_key(gap, mine):
            # No index goes up its ranges there, or none of that name (1176): all rows are summed up once.
            mine, theirs = (msgspec.structs.replace(rows, alike=False) for rows in (mine, theirs))
            theirs = msgspec.structs.replace(theirs, index="")
        found = Rowwise()
        async with self._open(pair, mending) as (left, right):
            unequal = await self._compared(pair, mine, theirs, left, right, pace, mending, found)
            if mending and unequal:
                self.repaired.add(pair.target)
                made = await mending.mend(pair, left, right, unequal, spare, pace)
                found.mended, found.deleted = made.rows, made.deleted
                unequal, found.documents = list(made.left), made.documents
            documents = Documents(left, right, mine, theirs, pace.turn)
            for one in unequal:
                again, moving = (one, False) if mending else await _settled(one, left, right, mine, theirs)
                if again.equal:
                    continue
                extra = await extra_alone(left, right, mine, theirs, again) if spare else None
                if extra is None:
                    found.total -= one.source.rows
                    found.moving |= moving
                    found.wrong += (named(again, source) + (MOVING if moving else ""),)
                    await found.causes.look(left, right, mine, theirs, again)
                    if not moving and not mending:
                        await documents.settle(again, writer=None)
                else:
                    found.extra += extra
        found.documents = found.documents or documents.tally.said(source)
        return found

    @asynccontextmanager
    async def _open(self, pair: Pair, mending: Mending | None) -> AsyncIterator[tuple[Reader, Reader]]:
        source, target = self._engines[pair.source.endpoint], self._engines[pair.target.endpoint]
        reading = mending.moments.reader(source.endpoint) if mending else source.reader()
        async with reading as left, target.reader() as right:
            yield left, right

    async def _compared(
        self,
        pair: Pair,
        mine: Rows,
        theirs: Rows,
        left: Reader,
        right: Reader,
        pace: Pace,
        mending: Mending | None,
        found: Rowwise,
    ) -> list[Compared]:
        """The ranges that differ, in key order. Others help with a large table, as far as there are slots for them."""
        source, target = self._engines[pair.source.endpoint], self._engines[pair.target.endpoint]
        count = parts_worth(self._sizes.get(pair.source, 0), source.slots, target.slots)
        starts = await left.starts(mine, count) if count > 1 and mine.key and mine.alike else ()
        spans = spans_from(starts)
        unequal: list[list[Compared]] = [[] for _ in spans]
        work = iter(enumerate(spans))
        at_work = set[asyncio.Task[None] | None]()

        async def look(left: Reader, right: Reader) -> None:
            for number, span in work:
                async for seen in compare(left, right, mine, theirs, within=span):
                    one = await in_meaning(left, right, mine, theirs, seen)
                    if not one.equal:
                        unequal[number].append(one)
                    await pace.turn()
                    found.total += one.source.rows
                    self._events.put_nowait(ChunkDone(f"verify:{pair.target}", one.source.rows, 0))

        async def help_out() -> None:
            async with self._slots.take(_lane(pair), *_lane(pair)):
                at_work.add(asyncio.current_task())
                async with self._open(pair, mending) as (left, right):
                    await look(left, right)

        helpers = [asyncio.create_task(help_out()) for _ in spans[1:]]
        try:
            await look(left, right)
        except BaseException:
            at_work.clear()
            raise
        finally:
            for helper in helpers:
                if helper not in at_work:  # it waits for slots, and nothing is left for it
                    helper.cancel()
            ends = await asyncio.gather(*helpers, return_exceptions=True)
        raise_first([end for end in ends if not isinstance(end, asyncio.CancelledError)])
        return list(itertools.chain.from_iterable(unequal))


def _has_key(gap: Gap, rows: Rows) -> bool:
    """Whether the target has the index along which rows are read, over the same columns."""
    names = [column.name.casefold() for column in rows.key]
    indexes = gap.actual.indexes if gap.actual else ()
    found = [one for one in indexes if one.name.casefold() == rows.index.casefold()]
    return any([part.column.casefold() for part in one.parts] == names for one in found)


def kept(extra: int) -> str:
    """What is said of rows that only the target has, and keeps."""
    return f"{counted(extra, 'row that only the target has stays', 'rows that only the target has stay')} there"


def _go_on() -> None:
    """Nobody asks a proof to end but by cancelling it."""


def gone(extra: int) -> str:
    """What is said of rows that only the target had, and has no more."""
    return counted(extra, "row that only the target had was deleted", "rows that only the target had were deleted")


async def _settled(one: Compared, left: Reader, right: Reader, mine: Rows, theirs: Rows) -> tuple[Compared, bool]:
    """A range once more, and whether the source's rows in it are being written to: then it may not differ at all."""
    moving = False
    for _ in range(LOOKS):
        await asyncio.sleep(LOOK_SECONDS)
        again = await compare_span(left, right, mine, theirs, one.span)
        moving = moving or again.source != one.source
        one = await in_meaning(left, right, mine, theirs, again)
        if one.equal:
            break
    return one, moving
