"""What every step of a run shares."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import msgspec

from migrate.engines.base import Engine, LedgerKey, LedgerLine, Lock
from migrate.errors import CannotConnect, ConnectionLost, Locked, MigrateError
from migrate.executor.apart import Apart
from migrate.executor.check import Standing
from migrate.executor.counters import Counters
from migrate.executor.journal import Journal
from migrate.executor.moments import Moments
from migrate.executor.slots import Hold, Slots, lane_of
from migrate.executor.throttle import Limits, Pace, Throttle
from migrate.model.pattern import endpoint_of, parse_object, parse_schema
from migrate.model.plan import Ddl, Plan, Step
from migrate.model.progress import Event, StepStarted, Waiting
from migrate.model.table import TableName
from migrate.planner.order import step_kind

T = TypeVar("T")

BACKOFF = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each retry of a temporary error; progress in between starts the count again."""

MOST_ENDS = 64
"""Lines that close steps in one statement."""

PAUSE, PAUSES = 0.005, 10
"""Seconds, and how often: while other work waits for slots, a line that closes a step waits for more of them."""


class Interrupt(Exception):
    """The user asked to stop; raised between chunks, so that the checkpoint is clean."""


class Context:
    """The plan, both sides, and where to tell what happens."""

    def __init__(
        self,
        plan: Plan,
        engines: Mapping[str, Engine],
        standing: Standing,
        slots: Slots,
        interrupt: asyncio.Event,
        journal: Journal,
        locks: Mapping[str, Lock],
        apart: Apart,
        moments: Moments,
        proving: bool,
        limits: Limits,
        begun: Mapping[str, frozenset[TableName]],
    ) -> None:
        self.plan = plan
        self.engines = engines
        self.standing = standing
        self.slots = slots
        self.apart = apart
        self.moments = moments
        self.proving = proving
        """Whether the rows are proven in the end."""
        self.written_again: set[str] = set()
        """Tables whose rows this run has caught up with: their triggers were dropped for that."""
        self.interrupt = interrupt
        self.events: asyncio.Queue[Event | BaseException] = asyncio.Queue()
        """What happens; an exception is a mistake of ours, and ends the run."""
        self.throttle = Throttle(limits, engines, self.tell)
        self.stopping = False
        self.lost: set[str] = set()
        """Endpoints that went away, or whose lock did: nothing more begins there."""
        self._bytes: dict[str, int] = {}
        for step in plan.step:
            self._bytes[step.target] = max(step.estimate.bytes, self._bytes.get(step.target, 0))
        self.journal = journal
        self.counters = {endpoint: Counters(engine) for endpoint, engine in engines.items()}
        self.of_this_moment: dict[str, tuple[LedgerLine, ...]] = {}
        """Tables all of whose rows this run has loaded, at its own moment; of small ones the lines of the ledger."""
        self._begun = begun
        self._locks = locks
        self._ends: dict[str, dict[LedgerKey, LedgerLine]] = {endpoint: {} for endpoint in engines}

    def take(self, step: Step, *endpoints: str, parts: int = 1) -> AbstractAsyncContextManager[Hold]:
        """Slots for work on the step, or on one of so many parts of its table; it begins when they are given."""
        self.journal.expect(step.id)
        return self.slots.take(lane_of(step), *endpoints, size=self.table_bytes(step.target) // parts)

    def table_bytes(self, target: str) -> int:
        """About how large a table is, as the plan knows."""
        return self._bytes.get(target, 0)

    async def check_lock(self, step: Step) -> None:
        """Raises `Locked` when the lock of the step's target was lost: another run may be at work there."""
        endpoint = endpoint_of(step.target)
        if endpoint in self._locks:
            try:
                await self._locks[endpoint].check()
            except Locked:
                self.lost.add(endpoint)
                raise

    def failed(self, error: MigrateError) -> None:
        """A step ended with this error: where the server itself is gone, nothing more begins there."""
        if isinstance(error, ConnectionLost | CannotConnect):
            self.lost.add(error.endpoint)

    async def begin(self, step: Step) -> None:
        """Work on the step begins, its slots are taken: the state file knows it before the target does. Told once.

        While one of its servers is busy nothing begins. Raises `Interrupt` when nothing more shall begin, `Locked` when
        a lock was lost.
        """
        await self.pace(step).turn()
        await self.check_lock(step)
        if await self.journal.intent(step.id):
            self.tell(StepStarted(step.id, step.estimate.rows, step.estimate.bytes))

    def pace(self, step: Step, ask: Callable[[], None] | None = None) -> Pace:
        """What the step's work keeps to; `ask` is in place of `stop_if_asked`."""
        return self.throttle.pace(
            lane_of(step), ask or (lambda: self.stop_if_asked(step)), lambda: self.check_lock(step)
        )

    def recount(self, step: Step) -> None:
        """The ledger is about to tell how far an earlier run came: what the state file counted is forgotten."""
        self.journal.proven(step.id, 0, 0)

    def tell(self, event: Event) -> None:
        """Hand an event to whoever reads the run."""
        self.events.put_nowait(event)

    async def forget(self, steps: Sequence[Step]) -> None:
        """Have the ledger forget that these are done, so that they are not, whatever becomes of this run."""
        by_target: dict[str, list[LedgerKey]] = {}
        for step in steps:
            by_target.setdefault(endpoint_of(step.target), []).append(self.key(step))
        for endpoint, keys in by_target.items():
            await self.engines[endpoint].forget(keys)

    async def read_rows(self, step: Step) -> list[LedgerLine]:
        """What the ledger has of the rows of the step's table: chunks, and that all are there."""
        target, table = self.engines[endpoint_of(step.target)], parse_object(step.target).table
        found = list(self.of_this_moment.get(step.target, ()))
        actions = ("load-rows",) if step.target in self.of_this_moment else ("load-rows", "sync-rows")
        for action in actions if not found else ():
            lines = target.ledger(LedgerKey(self.plan.digest, f"{action}:{step.target}", table))
            found += [line async for line in lines if line.kind != "cut"]
        return found

    def untouched(self, step: Step) -> bool:
        """Whether the ledger had nothing of the step's table when this run began, and was alone with it."""
        ref = parse_object(step.target)
        return ref.table not in self._begun.get(ref.endpoint, {ref.table})

    def key(self, step: Step) -> LedgerKey:
        """The step's place in the ledger."""
        if isinstance(step, Ddl) and step.action == "create-schema":
            return LedgerKey(self.plan.digest, step.id, parse_schema(step.target)[1])
        table = parse_object(step.target).table
        if step_kind(step) != "table":  # a trigger may be called like a table, of which the ledger tells something else
            table = msgspec.structs.replace(table, name="")
        return LedgerKey(self.plan.digest, step.id, table)

    def stop_if_asked(self, step: Step) -> None:
        """Raises `Interrupt` when the user asked to stop, or another step failed and nothing more shall begin.

        Also when a server of the step is gone: one step has failed of it, the others are not started.
        """
        if self.interrupt.is_set() or self.stopping or self.lost.intersection(lane_of(step)):
            raise Interrupt

    async def record(self, step: Step, line: LedgerLine) -> None:
        """Write the line that closes the step, and with it those that wait for their turn."""
        endpoint, key = endpoint_of(step.target), self.key(step)
        waiting = self._ends[endpoint]
        waiting[key] = line

        async def work() -> None:
            async with self.slots.line(endpoint):
                for _ in range(PAUSES):
                    if key not in waiting or len(waiting) >= MOST_ENDS or not self.slots.queued:
                        break
                    await asyncio.sleep(PAUSE)
                if key in waiting:  # else it went with those of another step
                    together = dict(itertools.islice(waiting.items(), MOST_ENDS))
                    together[key] = line
                    await self.engines[endpoint].record_ends(together)
                    for one in together:
                        del waiting[one]

        await self.patiently(step, work)

    async def patiently(self, step: Step, work: Callable[[], Awaitable[T]]) -> T:
        """Do idempotent work; again after a temporary error, at most `len(BACKOFF)` times."""
        for seconds in BACKOFF:
            try:
                return await work()
            except MigrateError as error:
                if not error.temporary:
                    raise
                await self.wait(step, error, seconds)
        return await work()

    async def wait(self, step: Step, error: MigrateError, seconds: float) -> None:
        """Tell of a temporary error and sleep; an interrupt ends the sleep. Raises `Locked` when the lock went too."""
        self.tell(Waiting(step.id, str(error), seconds))
        try:
            await asyncio.wait_for(self.interrupt.wait(), seconds)
        except TimeoutError:
            self.stop_if_asked(step)
            await self.check_lock(step)
            return
        raise Interrupt


def plan_tag(plan: Plan) -> str:
    """What every statement of this plan carries, so that a successor finds what a dead run left at work."""
    return "migrate:" + plan.digest.removeprefix("sha256:")[:16]


def run_of(plan: Plan) -> str:
    """What proofs of this plan are kept under: its tag, as part of a key."""
    return plan_tag(plan).removeprefix("migrate:")


def step_tag(plan: Plan, step: Step) -> str:
    """The plan's tag and the step's."""
    return f"{plan_tag(plan)}:{hashlib.sha256(step.id.encode()).hexdigest()[:12]}"
