"""Rows of a table that was there before: what differs from the source is found by sums, and replaced.

Nothing is remembered of how far it came: what was replaced is equal when it is looked at again.
"""

from __future__ import annotations

from contextlib import aclosing

from migrate.engines.base import LedgerLine, Payload
from migrate.engines.compare import compare
from migrate.executor.catch_up import CatchUp
from migrate.executor.context import Context, step_tag
from migrate.model.plan import SyncRows
from migrate.model.progress import ChunkDone
from migrate.planner.survey import both_sides


async def sync(context: Context, step: SyncRows) -> tuple[int, int, int]:
    """Rows and bytes that were written, and rows that only the target had. The step is recorded as whole.

    Raises `ServerError`, `LossyWrite`, `Interrupt`.
    """
    rows = size = extra = 0

    async def work() -> None:
        nonlocal rows, size, extra
        pair = context.standing.pairs[step.target]
        source, target = context.engines[pair.source.endpoint], context.engines[pair.target.endpoint]
        mine, theirs = both_sides(pair, source)

        def between(payload: Payload) -> None:
            if payload.rows:
                context.tell(ChunkDone(step.id, payload.rows, len(payload.data)))
            context.stop_if_asked(step)

        async with context.take(step, source.endpoint, target.endpoint):
            await context.begin(step)
            async with (
                context.moments.reader(source.endpoint) as left,
                target.reader() as right,
                target.writer(step_tag(context.plan, step)) as writer,
            ):
                one_try = CatchUp(left, right, writer, mine, theirs, between, step.prune)
                try:
                    async with aclosing(compare(left, right, mine, theirs)) as ranges:
                        async for one in ranges:
                            context.stop_if_asked(step)
                            if not one.equal:
                                await context.check_lock(step)
                                await one_try.mend(one)
                    await one_try.finish()
                finally:
                    rows, size = rows + one_try.rows, size + one_try.bytes
                extra = one_try.extra

    await context.patiently(step, work)
    moment = context.moments.name(context.standing.pairs[step.target].source.endpoint)
    await context.record(step, LedgerLine("whole", rows=rows, bytes=size, moment=moment))
    return rows, size, extra
