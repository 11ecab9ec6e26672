"""The proof of one table while a plan is applied, and what it takes to get there after an earlier run.

The source is read at the moment of this run. What an earlier run loaded was read at another one: where that differs it
is no fault, and is read again.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, aclosing

from migrate.engines.base import Reader
from migrate.engines.compare import Compared, compare, compare_span
from migrate.executor.catch_up import CatchUp
from migrate.executor.context import Context, step_tag
from migrate.executor.verify import different, named
from migrate.model.pattern import all_of
from migrate.model.plan import Verify
from migrate.model.progress import ChunkDone
from migrate.model.table import ObjectRef
from migrate.planner.order import step_kind
from migrate.planner.survey import both_sides


async def prove(context: Context, step: Verify) -> tuple[int, int]:
    """Rows that are equal, and how many of them were read again. Raises `Different`, `ServerError`, `Interrupt`."""
    pair = context.standing.pairs[step.target]
    here, there = pair.source.endpoint, pair.target.endpoint
    async with context.take(step, here, there):
        await context.begin(step)
        behind = await context.behind(step)
        async with context.moments.reader(here) as left, context.engines[there].reader() as right:
            return await _Proof(context, step, left, right).run(behind)


class _Proof:
    def __init__(self, context: Context, step: Verify, left: Reader, right: Reader) -> None:
        self._context = context
        self._step = step
        self._pair = context.standing.pairs[step.target]
        self._source = context.engines[self._pair.source.endpoint]
        self._target = context.engines[self._pair.target.endpoint]
        self._mine, self._theirs = both_sides(self._pair, self._source, self._target)
        self._left = left
        self._right = right
        self._mending: CatchUp | None = None

    async def run(self, behind: bool) -> tuple[int, int]:
        total, wrong = 0, list[Compared]()
        async with AsyncExitStack() as stack:
            async with aclosing(compare(self._left, self._right, self._mine, self._theirs)) as compared:
                async for one in compared:
                    self._context.stop_if_asked(self._step)
                    if not one.equal:
                        wrong.append(one)
                        if behind:
                            await self._mend(one, stack)
                    total += one.source.rows if one.equal or behind else 0
                    self._context.tell(ChunkDone(self._step.id, one.source.rows, 0))
            if self._mending is not None:
                await self._mending.finish()
                wrong = [again for one in wrong if not (again := await self._again(one)).equal]
        if wrong:
            raise different(self._pair, [named(one, self._source) for one in wrong])
        return total, self._mending.rows if self._mending else 0

    async def _mend(self, one: Compared, stack: AsyncExitStack) -> None:
        await self._context.check_lock(self._step)
        if self._mending is None:
            await self._let_no_trigger_fire()
            writer = await stack.enter_async_context(self._target.writer(step_tag(self._context.plan, self._step)))
            self._mending = CatchUp(self._left, self._right, writer, self._mine, self._theirs, self._between)
        await self._mending.mend(one)

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
