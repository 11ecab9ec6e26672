"""`migrate verify --repair`: what differs is read again from the source, at one moment, and proven."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

from migrate.engines.base import Engine, Lock, Reader, Writer
from migrate.engines.compare import Compared, compare_span
from migrate.errors import Different, Interrupted, StalePlan
from migrate.executor.catch_up import CatchUp
from migrate.executor.check import strangers
from migrate.executor.context import plan_tag
from migrate.executor.documents import Documents
from migrate.executor.holding import take_targets
from migrate.executor.moments import Moments
from migrate.executor.throttle import Limits, Pace, Throttle
from migrate.executor.verify import Mended, verify
from migrate.model.plan import Plan
from migrate.model.progress import Event, Outcome
from migrate.model.table import ObjectRef, TableName
from migrate.planner.stored import Window, firing
from migrate.planner.survey import both_sides, survey
from migrate.planner.translate import Pair


async def repair(
    plan: Plan,
    engines: Mapping[str, Engine],
    parallelism: int,
    limits: Limits,
    lock_timeout: float,
    interrupt: asyncio.Event,
) -> AsyncIterator[Event | Outcome]:
    """Prove every object of the plan's moves equal, and make rows equal that are not. Ends with an Outcome.

    The targets are locked as for apply. Before the first proof it may raise `Locked`, `StalePlan`, `Interrupted`,
    `ReadOnlyServer` and other errors of the servers.
    """
    async with AsyncExitStack() as stack:
        others = await strangers(plan, engines)
        if others:
            raise StalePlan(others, "plan again: migrate plan")
        locks = await take_targets(plan, engines, lock_timeout, interrupt, stack)
        seen = await survey(plan.move, engines)
        moments = Moments(engines, limits, interrupt)
        tables: dict[str, list[TableName]] = {}
        for pair in seen.pairs:
            tables.setdefault(pair.source.endpoint, []).append(pair.source.table)
        async for opening in moments.open(tables, parallelism, stack):
            yield opening
        mender = Mender(engines, moments, locks, plan_tag(plan), firing(seen.present), interrupt)
        async for event in verify(plan, engines, parallelism, limits, mender):
            yield event


class Mender:
    """Makes ranges of tables equal; see `migrate.executor.verify.Mending`."""

    def __init__(
        self,
        engines: Mapping[str, Engine],
        moments: Moments,
        locks: Mapping[str, Lock],
        tag: str,
        windows: Mapping[ObjectRef, Window],
        interrupt: asyncio.Event,
    ) -> None:
        self.moments = moments
        self._engines = engines
        self._locks = locks
        self._tag = tag
        self._windows = windows
        self._interrupt = interrupt

    async def mend(
        self, pair: Pair, left: Reader, right: Reader, wrong: list[Compared], spare: bool, pace: Pace
    ) -> Mended:
        """Makes ranges that differ equal, documents in them first.

        Raises `Different` where a trigger would fire or rows to spare cannot be told from others, `Interrupted`,
        `Locked` when the lock was lost.
        """
        target, source = self._engines[pair.target.endpoint], self._engines[pair.source.endpoint]
        mine, theirs = both_sides(pair, source, target)
        documents = Documents(left, right, mine, theirs, pace.turn)
        self._refuse_triggers(pair)
        if spare and not mine.key:
            raise Different(
                f"{pair.target} differs from {pair.source} and is not repaired: it has no key any more by which rows"
                " that only the target has could be spared",
                "give it its key again on both sides, or plan again: --prune empties the table and loads it again",
            )
        async with target.writer(self._tag) as writer:

            async def opened() -> Writer:
                return writer

            work = CatchUp(left, right, writer, mine, theirs, pace, prune=not spare)
            replaced = []
            for one in wrong:
                await self._check(pair)
                one = await documents.settle(one, opened)
                if not one.equal:
                    replaced.append(one)
                    await work.mend(one)
            await work.finish()
            again = [await compare_span(left, right, mine, theirs, one.span) for one in replaced]
            documents.tally.forget()  # what was read again was parsed again
            again = [await documents.settle(one, opened) for one in again]
        left_over = tuple(one for one in again if not one.equal)
        deleted = 0 if spare else work.written.extra
        return Mended(work.written.rows + documents.tally.mended, deleted, left_over, documents.tally.said(source))

    def pace(self, throttle: Throttle, pair: Pair) -> Pace:
        """What work on the table keeps to; raises `Interrupted` when the user asked to stop, `Locked`."""
        lane = pair.source.endpoint, pair.target.endpoint
        return throttle.pace(lane, self._ask, lambda: self._check(pair))

    async def _check(self, pair: Pair) -> None:
        if pair.target.endpoint in self._locks:
            await self._locks[pair.target.endpoint].check()

    def _ask(self) -> None:
        if self._interrupt.is_set():
            text = "interrupted: ranges that were replaced are equal, the others are as they were"
            raise Interrupted(text, "run the same command again")

    def _refuse_triggers(self, pair: Pair) -> None:
        window = self._windows.get(pair.target)
        if window:
            names = ", ".join(str(one.name) for one in window.triggers)
            raise Different(
                f"{pair.target} differs from {pair.source} and is not repaired: {names} would fire",
                "drop these triggers, repair, and make them again: migrate plan, then apply",
            )
