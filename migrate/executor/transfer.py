"""The steps of tables whose rows are files: objects are copied, tables built aside, swapped in.

Every one may run again from its beginning: what stands at its place is seen and left, and no statement harms that ran
before. Readers see a table or a partition as it was, or as it was proven.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from migrate.engines.base import Engine, LedgerLine, Span
from migrate.engines.files import FilePartition, Files, Place, Proof
from migrate.errors import AlreadyThere, Different, MigrateError, NotThere, SourceMoved
from migrate.executor.check import as_seen
from migrate.executor.context import Context, run_of, step_tag
from migrate.model.pattern import parse_object
from migrate.model.plan import CopyFiles, Ddl, InsertSelect, Swap
from migrate.model.progress import ChunkDone
from migrate.model.table import Table, TableName
from migrate.planner.partitions import copy_of, files_of, placed, under, version_at

CHANGED = "it was written to since the plan was made, and is left as it is"
TOLD = 0.2
"""Seconds between two events of what is safe."""
AT_ONCE = 16
"""Partitions of one table that are copied together; how many objects are under way at once, the engine knows."""


async def copy_files(context: Context, step: CopyFiles) -> tuple[int, int]:
    """Every planned partition's objects, proven by listings. Returns objects and bytes.

    Raises `SourceMoved` for a partition that is not in its planned version any more, `ObjectDiffers`, `ServerError`,
    `Interrupt`.
    """
    pair = context.standing.pairs[step.target]
    source, target = files_of(context.engines[pair.source.endpoint]), files_of(context.engines[pair.target.endpoint])
    pace = context.pace(step)
    work = iter(step.part)
    done = [0, 0]
    safe = Counted(lambda objects, size: context.tell(ChunkDone(step.id, objects, size)))

    async def turn(size: int) -> None:
        await pace.turn()
        await pace.moved(size)

    async def some() -> None:
        for part in work:
            origin, goal = placed(step.origin, part).location, under(step.goal, part.name)
            copied = await target.copy(source, origin, goal, step.way, safe.add, turn)
            if copied.source.digest != part.digest:
                raise SourceMoved(f"{step.source} {part.name}".rstrip())
            if part.name and not copied.target.files:
                await target.keep(goal)
            done[0] += copied.target.files
            done[1] += copied.target.bytes

    async def whole() -> None:
        nonlocal work
        work, done[:] = iter(step.part), [0, 0]
        async with context.take(step, pair.source.endpoint, pair.target.endpoint):
            await context.begin(step)
            try:
                await together([some] * min(AT_ONCE, max(1, len(step.part))))
            finally:
                safe.tell()

    await context.patiently(step, whole)
    return done[0], done[1]


class Counted:
    """Objects and bytes that are safe, told now and then: an event for each small object costs much of what it does."""

    def __init__(self, tell: Callable[[int, int], None]) -> None:
        self._tell = tell
        self._objects = self._bytes = 0
        self._told = time.monotonic()

    def add(self, objects: int, size: int) -> None:
        """So many more."""
        self._objects += objects
        self._bytes += size
        if time.monotonic() - self._told >= TOLD:
            self.tell()

    def tell(self) -> None:
        """What was not told yet."""
        if self._objects:
            self._tell(self._objects, self._bytes)
        self._objects = self._bytes = 0
        self._told = time.monotonic()


async def together(work: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """All of it at once; the first that fails ends the others, and is raised when they are over."""
    tasks = [asyncio.ensure_future(one()) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def statement(context: Context, step: Ddl) -> None:
    """One statement that may run again."""
    engine, tag = context.engines[parse_object(step.target).endpoint], step_tag(context.plan, step)

    async def work() -> None:
        async with context.take(step, engine.endpoint):
            await context.begin(step)
            await engine.end_executors(tag)
            await engine.execute(step.sql, tag, step.session)

    await context.patiently(step, work)


async def insert_select(context: Context, step: InsertSelect) -> None:
    """The batches that the ledger does not have. Raises `ServerError`, `Interrupt`."""
    pair = context.standing.pairs[step.target]
    engine, key = context.engines[pair.target.endpoint], context.key(step)
    tag = step_tag(context.plan, step)
    files = files_of(engine)
    aside = msgspec.structs.replace(pair.wanted.name, name=step.aside)

    async def work() -> None:
        async with context.take(step, engine.endpoint):
            await context.begin(step)
            await engine.end_executors(tag)
            done = {line.span.lower async for line in engine.ledger(key) if line.kind == "chunk"}
            if not (step.afresh and done):
                await files.sweep(msgspec.structs.replace(pair.wanted, name=aside), step.goal)
            for number, batch in enumerate(step.batch):
                place = (f"{number:06}",)
                if place in done:
                    continue
                await context.pace(step).turn()
                for sql in batch.sql:
                    await engine.execute(sql, tag, step.session)
                await engine.record(key, [LedgerLine("chunk", Span(lower=place))])

    await context.patiently(step, work)


async def swap(context: Context, step: Swap) -> str:
    """What was built takes its place. Returns what the user should know.

    Raises `Different` when something else stands there by now, `ServerError`.
    """
    ref = parse_object(step.target)
    engine = context.engines[ref.endpoint]

    async def work() -> None:
        async with context.take(step, ref.endpoint):
            await context.begin(step)
            await engine.end_executors(step_tag(context.plan, step))
            if step.part or not step.aside:
                await _swap_partitions(context, step, engine)
            else:
                await _swap_table(context, step, engine, ref.table)
            await _remember(context, step, files_of(engine), ref.table)

    await context.patiently(step, work)
    kept = msgspec.structs.replace(ref.table, name=step.kept) if step.kept else None
    return f"the old table is kept as {kept}" if kept else ""


async def _swap_table(context: Context, step: Swap, engine: Engine, table: TableName) -> None:
    """Two renames, or one where nothing was there; after a failure between them the old one has its name again."""
    tag, files = step_tag(context.plan, step), files_of(engine)
    new = msgspec.structs.replace(table, name=step.aside)
    old = msgspec.structs.replace(table, name=step.kept) if step.kept else None
    there = await files.standing([table, new, *([old] if old else [])])
    if new not in there:
        if step.drops and table in there and await _location(files, table) != step.goal:
            raise Different(f"{step.target}: what was built for it is gone", "plan again: migrate plan")
        if table not in there:
            raise Different(f"{step.target}: neither it nor what was built for it is there", "plan again: migrate plan")
        if old is not None and old not in there:
            raise Different(f"{step.target}: what was built for it is gone", "plan again: migrate plan")
        return
    if table in there:
        if (old is None and not step.drops) or old in there:
            raise Different(
                f"{step.target}: a table was made there since the plan was",
                "move it out of the way, or plan again: migrate plan",
            )
        actual = context.standing.gap[parse_object(step.target)].actual
        if step.seen and actual is not None and not await as_seen(files, step, actual):
            raise Different(f"{step.target}: {CHANGED}", "plan again: the new plan shows what it would take")
        if step.drops:
            await _refuse_drop(files, step, table)
        await engine.execute(step.sql[0], tag)
    try:
        await engine.execute(step.sql[-1], tag)
    except MigrateError:
        if old is not None:
            await engine.end_executors(tag)  # the answer may be lost, not the statement
            if table not in await files.standing([table]):
                await engine.execute(files.rename_to(old, table), tag)
        raise


async def _refuse_drop(files: Files, step: Swap, table: TableName) -> None:
    """Raises `Different` unless dropping the table that stands there deletes only what the plan says, and its own."""
    now = await _location(files, table)
    if step.was != (now,):
        raise Different(f"{step.target}: it is at {now} by now, not at {step.was[0]}", "plan again: migrate plan")
    used = await files.users([now], [table])
    if used:
        text = f"{step.target}: dropping it would delete below {now}, where {used[now]} is too"
        raise Different(text, "move either elsewhere, or drop it by hand; then run the same command again")


async def _location(files: Files, table: TableName) -> str:
    return (await files.places([Table(table, ())]))[table].location


async def _swap_partitions(context: Context, step: Swap, engine: Engine) -> None:
    """Each statement in its order. Once more, those that ran before find their work done; where it went is asked."""
    tag, files = step_tag(context.plan, step), files_of(engine)
    if step.seen and await version_at(files, step.was) != step.seen:
        raise Different(f"{step.target}: {CHANGED}", "plan again: the new plan shows what it would take")
    for sql in step.sql:
        await context.check_lock(step)
        try:
            await engine.execute(sql, tag)
        except (AlreadyThere, NotThere):
            continue  # that it is where it should be is proven below
    if not step.part:
        return
    pair = context.standing.pairs[step.target]
    place = (await files.places([pair.wanted]))[pair.wanted.name]
    meant = {part.name: under(step.goal, part.name) for part in step.part}
    here = [one for one in await files.partitions(pair.wanted, place, pair.move.partitions) if one.name in meant]
    found = {one.name: one.location for one in await files.located(pair.wanted, place, here)}
    other = [one for one in here if found.get(one.name, "") != meant[one.name]]
    # Only rows tell where a partition is: one without any may be anywhere.
    full = {one.partition async for one in files.sums(pair.wanted, pair.wanted, "", other)}
    missing = {part.name for part in step.part if part.files} - {one.name for one in here}
    wrong = sorted(full | missing)
    if wrong:
        place_now = found.get(wrong[0]) or "no place"
        text = f"{step.target}: the partition {wrong[0]} is at {place_now}, not at {meant[wrong[0]]}"
        raise Different(text, "something else changes partitions there: stop it, then run the same command again")


async def _remember(context: Context, step: Swap, files: Files, table: TableName) -> None:
    """Keep what was proven: the next plan compares each side with its own version."""
    run = run_of(context.plan)
    copy = copy_of(context.plan, step.target)
    if copy is None:
        if step.aside and step.goal:  # written by the server: of the source's files nothing is known
            whole = [FilePartition("", (), step.goal)]
            async for _, one in files.listings(Place(step.goal, external=True), whole):
                await files.record_proofs(table, run, [Proof("", "", "", step.goal, one.digest, one.files, one.bytes)])
        return
    goals = [FilePartition(part.name, (), under(step.goal, part.name)) for part in copy.part]
    now = {name: one async for name, one in files.listings(Place(step.goal, external=True), goals)}
    proofs = [
        Proof(
            part.name,
            placed(copy.origin, part).location,
            part.digest,
            under(step.goal, part.name),
            now[part.name].digest,
            now[part.name].files,
            now[part.name].bytes,
        )
        for part in copy.part
    ]
    await files.record_proofs(table, run, proofs)
