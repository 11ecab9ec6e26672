"""The moments in which a run reads its sources, and what of an earlier run was read at another one.

A run reads all rows of a source at one moment, of which only its own connections know. What a run that is resumed loads
belongs to a later moment than what was there already: every table is then proven again, at the new one, and what
differs is read anew, so that in the end all is of one moment.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from migrate.engines.base import Engine, LedgerKey, Moment, Reader
from migrate.executor.check import Standing
from migrate.model.pattern import endpoint_of, parse_object
from migrate.model.plan import CheckForeignKeys, Plan, RowStep, Step, Verify
from migrate.model.progress import MomentOpened
from migrate.model.table import TableName
from migrate.planner.order import step_kind


class Moments:
    """Readers of every source: of its moment where there is one, else of the time at which they are asked."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._engines = engines
        self._open: dict[str, tuple[Moment, str]] = {}

    async def open(
        self, endpoint: str, tables: Sequence[TableName], parallelism: int, stack: AsyncExitStack
    ) -> list[MomentOpened]:
        """Open the source's moment until the stack unwinds; nothing where there is no way. Raises `ServerError`."""
        engine = self._engines[endpoint]
        way, _ = await engine.moment_way(tables)
        if way == "none":
            return []
        moment = await stack.enter_async_context(engine.moment(tables, min(engine.slots, parallelism)))
        if moment.way == "none":
            return []
        self._open[endpoint] = (moment, uuid.uuid4().hex)
        return [MomentOpened(endpoint, moment.way, moment.position, moment.locked)]

    def reader(self, endpoint: str) -> AbstractAsyncContextManager[Reader]:
        """A reader of that source."""
        found = self._open.get(endpoint)
        return found[0].reader() if found else self._engines[endpoint].reader()

    def name(self, endpoint: str) -> str:
        """What the ledger calls the source's moment, empty when there is none."""
        found = self._open.get(endpoint)
        return found[1] if found else ""


async def open_moments(
    plan: Plan,
    standing: Standing,
    engines: Mapping[str, Engine],
    parallelism: int,
    verify: bool,
    stack: AsyncExitStack,
) -> tuple[Moments, list[MomentOpened]]:
    """A moment of every source of which rows are still to be loaded, or proven. Raises `ServerError`."""
    moments, told = Moments(engines), list[MomentOpened]()
    left = [step for step in plan.step if step.id not in standing.finished]
    wanted = [step for step in left if isinstance(step, RowStep) or (verify and isinstance(step, Verify))]
    read = [step for step in plan.step if isinstance(step, RowStep | Verify)]
    for endpoint in sorted({endpoint_of(step.source) for step in wanted}):
        of_it = (step.source for step in read if endpoint_of(step.source) == endpoint)
        tables = sorted({parse_object(source).table for source in of_it})
        told += await moments.open(endpoint, tables, parallelism, stack)
    return moments, told


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
