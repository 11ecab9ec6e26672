"""The proof of one table while a plan is applied, and what it takes to get there after an earlier run.

The source is read at the moment of this run. What an earlier run loaded was read at another one: where that differs it
is no fault, and is read again. Of what this run loaded the source has said the digests: see `chunks`.
"""

from __future__ import annotations

import asyncio

import msgspec

from migrate.engines.base import Writer
from migrate.engines.compare import Causes, Compared, compare_span, extra_alone
from migrate.executor.both import EVERYTHING, BothSides, Part
from migrate.executor.chunks import unproven
from migrate.executor.context import Context, step_tag
from migrate.executor.differences import different, named
from migrate.executor.documents import Documents, Tally
from migrate.model.pattern import all_of
from migrate.model.plan import Verify
from migrate.model.progress import ChunkDone
from migrate.model.table import ObjectRef
from migrate.planner.order import step_kind


class Proven(msgspec.Struct, frozen=True):
    """Rows that are equal, how many of them were read `again`; rows of its own that the target had, and keeps.

    `documents` counts those that were mended.
    """

    rows: int
    again: int = 0
    deleted: int = 0
    extra: int = 0
    documents: int = 0


async def prove(context: Context, step: Verify) -> Proven:
    """The proof of one table. Raises `Different`, `ServerError`, `Interrupt`."""
    return await _Proof(context, step).run()


class _Proof:
    def __init__(self, context: Context, step: Verify) -> None:
        self._both = BothSides(context, step, prune=not step.spare)
        self._spare = step.spare
        self._behind = False
        self._total = 0
        self._unequal: list[Compared] = []
        self._documents = Tally()
        self._once = asyncio.Lock()
        self._triggers_gone = False

    async def run(self) -> Proven:
        both = self._both
        now = both.context.moments.name(both.source.endpoint)
        spans = EVERYTHING
        if now:
            lines = await both.context.read_rows(both.step)
            self._behind = any(line.moment != now for line in lines)
            if not self._behind:
                spans = await unproven(both, lines, self._equal)
        await both.walk(self._look, spans)
        extra, wrong, causes = 0, [], Causes()
        if self._unequal:
            if self._behind:
                self._documents.forget()  # what was read again was parsed again
            async with both.open() as part:
                for one in self._unequal:
                    again = await self._again(part, one) if self._behind else one
                    spared = None if again.equal else await self._spared(part, again)
                    extra += spared or 0
                    if not again.equal and spared is None:
                        wrong.append(again)
                        await causes.look(part.left, part.right, both.mine, both.theirs, again)
        if wrong:
            lost = self._documents.said(both.source)
            raise different(both.pair, [named(one, both.source) for one in wrong], documents=lost, causes=causes)
        deleted = both.written.extra if both.prune else 0
        return Proven(self._total, both.written.rows, deleted, extra, self._documents.mended)

    async def _look(self, part: Part, compared: Compared) -> None:
        one = await self._settled(part, compared)
        if not one.equal:
            self._unequal.append(one)
            if self._behind:
                await self._let_no_trigger_fire()
                await (await part.writing()).mend(one)
        self._equal(one.source.rows)

    def _equal(self, rows: int) -> None:
        self._total += rows
        self._both.context.tell(ChunkDone(self._both.step.id, rows, 0))

    async def _spared(self, part: Part, one: Compared) -> int | None:
        """How many rows only the target has, where the plan lets it keep them and nothing else differs."""
        if not self._spare:
            return None
        return await extra_alone(part.left, part.right, self._both.mine, self._both.theirs, one)

    async def _settled(self, part: Part, one: Compared) -> Compared:
        """A range, after the documents in it that their text had altered were mended."""
        both = self._both

        async def opened() -> Writer:
            await self._let_no_trigger_fire()
            return await part.writer()

        looking = Documents(part.left, part.right, both.mine, both.theirs, both.pace.turn, self._documents)
        return await looking.settle(one, opened)

    async def _again(self, part: Part, one: Compared) -> Compared:
        both = self._both
        return await self._settled(part, await compare_span(part.left, part.right, both.mine, both.theirs, one.span))

    async def _let_no_trigger_fire(self) -> None:
        """Drop the triggers of the plan that an earlier run made on the table: their steps come after this one."""
        async with self._once:
            if self._triggers_gone:
                return
            both = self._both
            context, ref, target = both.context, both.pair.target, both.target
            await context.check_lock(both.step)
            steps = {one.target for one in context.plan.step if step_kind(one) == "trigger"}
            context.written_again.add(str(ref))
            present = await target.inspect([all_of(ref.endpoint, ref.table.schema, ref.table.catalog)])
            for one in present.stored:
                on_it = (one.kind, one.name.schema, one.table) == ("trigger", ref.table.schema, ref.table.name)
                if on_it and str(ObjectRef(ref.endpoint, one.name)) in steps:
                    await target.execute(target.drop_stored(one), step_tag(context.plan, both.step))
            self._triggers_gone = True
