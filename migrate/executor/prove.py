"""The proof of one table while a plan is applied, and what it takes to get there after an earlier run.

The source is read at the moment of this run. What an earlier run loaded was read at another one: where that differs it
is no fault, and is read again.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, aclosing

import msgspec

from migrate.engines.base import Reader, Writer
from migrate.engines.compare import Compared, compare, compare_span
from migrate.executor.catch_up import CatchUp
from migrate.executor.context import Context, step_tag
from migrate.executor.documents import Documents
from migrate.executor.verify import different, named
from migrate.model.pattern import all_of
from migrate.model.plan import Verify
from migrate.model.progress import ChunkDone
from migrate.model.table import ObjectRef
from migrate.planner.order import step_kind
from migrate.planner.survey import both_sides


class Proof(msgspec.Struct, frozen=True):
    """`rows` that are equal; how many of them were read `again`, and how many `documents` were mended."""

    rows: int
    again: int = 0
    documents: int = 0


async def prove(context: Context, step: Verify) -> Proof:
    """Raises `Different`, `ServerError`, `Interrupt`."""
    pair = context.standing.pairs[step.target]
    here, there = pair.source.endpoint, pair.target.endpoint
    async with context.take(step, here, there):
        await context.begin(step)
        behind = await context.behind(step)
        async with context.moments.reader(here) as left, context.engines[there].reader() as right:
            return await _Work(context, step, left, right).run(behind)


class _Work:
    def __init__(self, context: Context, step: Verify, left: Reader, right: Reader) -> None:
        self._context = context
        self._step = step
        self._pair = context.standing.pairs[step.target]
        self._source = context.engines[self._pair.source.endpoint]
        self._target = context.engines[self._pair.target.endpoint]
        self._mine, self._theirs = both_sides(self._pair, self._source)
        self._left = left
        self._right = right
        self._writer: Writer | None = None
        self._mending: CatchUp | None = None
        self._documents = Documents(left, right, self._mine, self._theirs, self._between)

    async def run(self, behind: bool) -> Proof:
        total, wrong = 0, list[Compared]()
        async with AsyncExitStack() as stack:
            async with aclosing(compare(self._left, self._right, self._mine, self._theirs)) as ranges:
                async for compared in ranges:
                    self._context.stop_if_asked(self._step)
                    one = await self._settled(compared, stack)
                    if not one.equal:
                        wrong.append(one)
                        if behind:
                            await self._mend(one, stack)
                    total += one.source.rows if one.equal or behind else 0
                    self._context.tell(ChunkDone(self._step.id, one.source.rows, 0))
            if self._mending is not None:
                await self._mending.finish()
                self._documents.forget()
                # What was read again was parsed again.
                again = [await self._settled(await self._again(one), stack) for one in wrong]
                wrong = [one for one in again if not one.equal]
        if wrong:
            lost = self._documents.said(self._source)
            raise different(self._pair, [named(one, self._source) for one in wrong], documents=lost)
        return Proof(total, self._mending.rows if self._mending else 0, self._documents.mended)

    async def _settled(self, one: Compared, stack: AsyncExitStack) -> Compared:
        """A range, after the documents in it that text altered were mended."""
        if one.equal or not self._documents.there:
            return one
        return await self._documents.settle(one, lambda: self._opened(stack))

    async def _mend(self, one: Compared, stack: AsyncExitStack) -> None:
        writer = await self._opened(stack)
        if self._mending is None:
            self._mending = CatchUp(self._left, self._right, writer, self._mine, self._theirs, self._between)
        await self._mending.mend(one)

    async def _opened(self, stack: AsyncExitStack) -> Writer:
        await self._context.check_lock(self._step)
        if self._writer is None:
            await self._let_no_trigger_fire()
            tag = step_tag(self._context.plan, self._step)
            self._writer = await stack.enter_async_context(self._target.writer(tag))
        return self._writer

    def _between(self) -> None:
        self._context.stop_if_asked(self._step)

    async def _again(self, one: Compared) -> Compared:
        return await compare_span(self._left, self._right, self._mine, self._theirs, one.span)

    async def _let_no_trigger_fire(self) -> None:
        """Drop the triggers of the plan that an earlier run made on the table: their steps come after this one."""
        context, ref = self._context, self._pair.target
        steps = {one.target for one in context.plan.step if step_kind(one) == "trigger"}
        context.written_again.add(str(ref))
        present = await self._target.inspect([all_of(ref.endpoint, ref.table.schema)])
        for one in present.stored:
            on_it = (one.kind, one.name.schema, one.table) == ("trigger", ref.table.schema, ref.table.name)
            if on_it and str(ObjectRef(ref.endpoint, one.name)) in steps:
                await self._target.execute(self._target.drop_stored(one), step_tag(context.plan, self._step))
