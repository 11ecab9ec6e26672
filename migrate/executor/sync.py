"""Rows of a table that was there before: what differs from the source is found by sums, and replaced.

Nothing is remembered of how far it came: what was replaced is equal when it is looked at again.
"""

from __future__ import annotations

from migrate.engines.base import LedgerLine
from migrate.engines.compare import Compared
from migrate.executor.both import BothSides, Part
from migrate.executor.catch_up import Written
from migrate.executor.context import Context
from migrate.model.pattern import endpoint_of
from migrate.model.plan import SyncRows


async def sync(context: Context, step: SyncRows) -> Written:
    """What was written in all tries. The step is recorded as whole.

    Raises `ServerError`, `LossyWrite`, `ValueHeld`, `Interrupt`.
    """
    tries: list[Written] = []
    pair = context.standing.pairs[step.target]
    if not pair.wanted.storage.transactional:  # the ledger must know of a table that may break with its server
        async with context.slots.line(pair.target.endpoint):
            await context.engines[pair.target.endpoint].record(context.key(step), (LedgerLine("cut"),))

    async def mend(part: Part, one: Compared) -> None:
        if not one.equal:
            await (await part.writing()).mend(one)

    async def work() -> None:
        both = BothSides(context, step, step.prune)
        tries.append(both.written)
        await both.walk(mend)

    await context.patiently(step, work)
    rows, size = sum(one.rows for one in tries), sum(one.bytes for one in tries)
    moment = context.moments.name(endpoint_of(step.source))
    await context.record(step, LedgerLine("whole", rows=rows, bytes=size, moment=moment))
    return Written(rows, size, tries[-1].extra)
