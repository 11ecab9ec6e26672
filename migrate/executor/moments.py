"""The moments in which a run reads its sources, and what of an earlier run was read at another one.

A run reads all rows of a source at one moment, of which only its own connections know. What a run that is resumed loads
belongs to a later moment than what was there already: every table is then proven again, at the new one, and what
differs is read anew, so that in the end all is of one moment.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from migrate.engines.base import Engine, LedgerKey, Moment, Reader
from migrate.errors import Interrupted
from migrate.executor.check import Standing
from migrate.executor.throttle import Limits, Pace, Throttle
from migrate.model.pattern import endpoint_of, parse_object
from migrate.model.plan import CheckForeignKeys, Plan, RowStep, Step, Verify
from migrate.model.progress import Event, MomentOpened
from migrate.model.table import TableName
from migrate.planner.order import step_kind


class Moments:
    """Readers of every source: of its moment where there is one, else of the time at which they are asked."""

    def __init__(self, engines: Mapping[str, Engine], limits: Limits, interrupt: asyncio.Event) -> None:
        self._engines = engines
        self._limits = limits
        self._interrupt = interrupt
        self._open: dict[str, tuple[Moment, str]] = {}
        self.paused = 0.0
        """Seconds for which busy sources were waited for."""

    async def open(
        self, tables: Mapping[str, Sequence[TableName]], parallelism: int, stack: AsyncExitStack
    ) -> AsyncIterator[Event]:
        """Open a moment of each source until the stack unwinds, of its tables; none where there is no way.

        Gives what happens meanwhile. A source that is busy is waited for before its lock is asked for. Raises
        `ServerError`, and `Interrupted` as soon as the user asks to stop: what waits for a lock is then ended.
        """
        for endpoint, names in sorted(tables.items()):
            events: asyncio.Queue[Event | asyncio.Task[Any]] = asyncio.Queue()
            throttle = Throttle(self._limits, self._engines, events.put_nowait)
            pace = throttle.pace((endpoint, endpoint), lambda: None)
            work = asyncio.create_task(self._one(endpoint, names, parallelism, stack, pace, events.put_nowait))
            asked = asyncio.create_task(self._interrupt.wait())
            for one in (work, asked):
                one.add_done_callback(events.put_nowait)
            try:
                while not isinstance(event := await events.get(), asyncio.Task):
                    yield event
                if not work.done():
                    text = f"stopped before a row of {endpoint} was read; what was there stays as it was"
                    raise Interrupted(text, "run the same command again")
                await work
            finally:
                asked.cancel()
                work.cancel()
                await asyncio.gather(work, asked, return_exceptions=True)
                self.paused += throttle.seconds

    async def _one(
        self,
        endpoint: str,
        tables: Sequence[TableName],
        parallelism: int,
        stack: AsyncExitStack,
        pace: Pace,
        tell: Callable[[Event], None],
    ) -> None:
        engine = self._engines[endpoint]
        way, _ = await engine.moment_way(tables)
        if way == "none":
            return
        await pace.turn()
        moment = await stack.enter_async_context(engine.moment(tables, min(engine.slots, parallelism)))
        if moment.way == "none":
            return
        self._open[endpoint] = (moment, uuid.uuid4().hex)
        tell(MomentOpened(endpoint, moment.way, moment.position, moment.locked))

    def reader(self, endpoint: str) -> AbstractAsyncContextManager[Reader]:
        """A reader of that source."""
        found = self._open.get(endpoint)
        return found[0].reader() if found else self._engines[endpoint].reader()

    def name(self, endpoint: str) -> str:
        """What the ledger calls the source's moment, empty when there is none."""
        found = self._open.get(endpoint)
        return found[1] if found else ""


def to_read(plan: Plan, standing: Standing, verify: bool) -> dict[str, list[TableName]]:
    """Every source of which rows are still to be loaded, or proven, and its tables that the plan reads."""
    left = [step for step in plan.step if step.id not in standing.finished]
    wanted = [step for step in left if isinstance(step, RowStep) or (verify and isinstance(step, Verify))]
    tables: dict[str, set[TableName]] = {endpoint_of(step.source): set() for step in wanted}
    for step in plan.step:
        if isinstance(step, RowStep | Verify) and endpoint_of(step.source) in tables:
            tables[endpoint_of(step.source)].add(parse_object(step.source).table)
    return {endpoint: sorted(names) for endpoint, names in tables.items()}


def reopened(plan: Plan, standing: Standing, moments: Moments) -> tuple[Step, ...]:
    """Steps that are done, and are done again at the new moment: proofs, what is checked after them, and triggers.

    Triggers must not fire meanwhile.
    """
    loaded = {step.target for step in _loads(plan) if moments.name(endpoint_of(step.source))}
    proofs = {f"verify:{target}" for target in loaded}
    return tuple(
        step
        for step in plan.step
        if step.id in standing.finished
        and (
            step.id in proofs
            or (
                (isinstance(step, CheckForeignKeys) or step_kind(step) == "trigger")
                and bool(proofs.intersection(step.after))
            )
        )
    )


async def mixed_sources(
    plan: Plan, engines: Mapping[str, Engine], moments: Moments, of_this_moment: Collection[str]
) -> tuple[str, ...]:
    """Sources whose rows were read at several moments, as the ledgers tell; of some tables this run knows."""
    read: dict[str, set[str]] = {}
    for step in _loads(plan):
        if step.target in of_this_moment:
            endpoint = endpoint_of(step.source)
            read.setdefault(endpoint, set()).add(moments.name(endpoint))
            continue
        ref = parse_object(step.target)
        async for line in engines[ref.endpoint].ledger(LedgerKey(plan.digest, step.id, ref.table)):
            if line.kind == "chunk" or (line.kind == "whole" and line.moment):
                read.setdefault(endpoint_of(step.source), set()).add(line.moment)
    return tuple(sorted(endpoint for endpoint, moments in read.items() if len(moments) > 1))


def _loads(plan: Plan) -> list[RowStep]:
    return [step for step in plan.step if isinstance(step, RowStep)]
