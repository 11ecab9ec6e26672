"""The one loop: steps whose predecessors are done begin, events flow out, what ends is recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import msgspec

from migrate.engines.base import Engine, Lock
from migrate.errors import Blocked, Different, MigrateError, StalePlan, Stopped
from migrate.executor.apart import Apart, claims
from migrate.executor.check import LAST_LOOK, Standing, finished_steps, pending, stand, strangers, targets
from migrate.executor.context import Context, Interrupt
from migrate.executor.holding import claim, mend_tables, take_targets
from migrate.executor.journal import Journal
from migrate.executor.last_look import last_look
from migrate.executor.moments import Moments, mixed_sources, reopened, to_read
from migrate.executor.slots import Slots, lane_of
from migrate.executor.steps import run_step
from migrate.executor.throttle import Limits
from migrate.model.pattern import endpoint_of
from migrate.model.plan import DataStep, Plan, Step, Swap, Verify
from migrate.model.progress import Event, Outcome, Parity, StepDone, StepFailed, StepSkipped, StepStatus, StepStopped
from migrate.model.table import TableName
from migrate.planner.gap import gaps, stored_gaps
from migrate.planner.parity import parity
from migrate.planner.survey import survey
from migrate.state import State


class ApplyOptions(msgspec.Struct, frozen=True):
    """How to apply. `lock_timeout` in seconds."""

    plan_path: str
    parallelism: int = 8
    stop_on_error: bool = True
    verify: bool = True
    lock_timeout: float = 0.0
    limits: Limits = Limits()


async def preview(plan: Plan, engines: Mapping[str, Engine], state: State) -> tuple[StepStatus, ...]:
    """What each step would do now: `done`, or `pending` with what an earlier run got done. Raises `StalePlan`."""
    standing = await _standing(plan, engines, "")
    known = state.statuses(plan.digest)
    return tuple(
        StepStatus(step.id, "done")
        if step.id in standing.finished
        else msgspec.structs.replace(known.get(step.id, StepStatus(step.id, "pending")), status="pending")
        for step in plan.step
    )


async def apply(
    plan: Plan, engines: Mapping[str, Engine], state: State, options: ApplyOptions, interrupt: asyncio.Event
) -> AsyncIterator[Event | Outcome]:
    """Do what is left of the plan; the last value is the Outcome.

    Before the first event of a step and the first write it may raise `Blocked`, `Locked`, `StalePlan`, `Interrupted`,
    `ReadOnlyServer` and other errors of the servers. Later errors are events.
    """
    _refuse_blocked(plan)
    _refuse_unproven(plan, options)
    journal = Journal(await claim(plan, state, options.plan_path, options.lock_timeout, interrupt))
    began = time.monotonic()
    begun = False
    summary, code = "ended by an error", 1
    try:
        async with AsyncExitStack() as stack:
            _refuse_stale(await strangers(plan, engines), options.plan_path)  # before anything is locked or ended there
            finished = await finished_steps(plan, engines)
            locks: dict[str, Lock] = {}
            begun_tables: dict[str, frozenset[TableName]] = {}
            if any(step.id not in finished for step in plan.step):
                locks = await take_targets(plan, engines, options.lock_timeout, interrupt, stack)
                begun_tables = await mend_tables(plan, engines, finished)
            standing = await _standing(plan, engines, options.plan_path)
            if pending(plan, standing):
                for endpoint, schemas in targets(plan).items():
                    there = {(schema.catalog, schema.name) for schema in standing.present(endpoint).schemas}
                    await engines[endpoint].prepare_ledger([pair for pair in schemas if pair in there])
            moments = Moments(engines, options.limits, interrupt)
            async for told in moments.open(to_read(plan, standing, options.verify), options.parallelism, stack):
                journal.note([told])
                yield told
            again = reopened(plan, standing, moments) if options.verify else ()
            standing = msgspec.structs.replace(standing, finished=standing.finished - {step.id for step in again})
            slots = Slots(options.parallelism, engines, map(lane_of, left_of(plan, standing)))
            apart = Apart(claims(plan, standing.seen) if standing.seen else {})
            context = Context(
                plan,
                engines,
                standing,
                slots,
                interrupt,
                journal,
                locks,
                apart,
                moments,
                proving=options.verify,
                limits=options.limits,
                begun=begun_tables,
            )
            await context.forget(again)
            begun = bool(pending(plan, standing))
            async for event in Loop(context, options).events():
                if isinstance(event, Outcome):
                    event = msgspec.structs.replace(event, seconds=time.monotonic() - began)
                    code = 0 if not event.failed and not event.not_started else 3
                    summary = f"done {event.done} · failed {event.failed} · not started {event.not_started}"
                yield event
    except MigrateError as error:
        summary, code = str(error), Stopped.exit_code if begun else error.exit_code
        if not begun or isinstance(error, Stopped):
            raise
        raise Stopped(str(error), error.hint or "run the same command again") from error
    finally:
        journal.end(code, summary)


def left_of(plan: Plan, standing: Standing) -> list[Step]:
    """Steps that are not done and move something from a source: what a pair of servers has left to do."""
    return [step for step in plan.step if step.source and step.id not in standing.finished]


class Loop:
    """Steps in dependency order, as parallel as slots allow."""

    def __init__(self, context: Context, options: ApplyOptions) -> None:
        self._context = context
        self._options = options
        self._steps = {step.id: step for step in context.plan.step}
        self._counted = {step.id for step in left_of(context.plan, context.standing)}
        """Steps for whose pair of servers slots are kept free."""
        self._over: set[str] = set()
        self._ready: list[Step] = []
        self._waiting: dict[str, int] = {}
        self._followers: dict[str, list[Step]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failures: list[StepFailed] = []
        self._done = self._skipped = self._rows = self._bytes = 0

    async def events(self) -> AsyncIterator[Event | Outcome]:
        """Everything that happens, once the state file has it; then the Outcome."""
        plan, standing, journal = self._context.plan, self._context.standing, self._context.journal
        counted: tuple[Parity, ...] = ()
        not_counted, mixed = "", tuple[str, ...]()
        for step in plan.step:
            if step.id in standing.finished:
                yield self._skip(step, "done before")
        for step in plan.step:
            if step.id not in self._over:
                self._wait(step)
        try:
            for event in self._start_ready():
                yield event
            while self._tasks:
                for event in await self._told():
                    yield event
                    for more in self._ended(event):
                        yield more
            if not self._failures and len(self._over) == len(plan.step) and LAST_LOOK not in standing.finished:
                failures, counted = await last_look(plan, self._context.engines)
                journal.note(failures)
                for failure in failures:
                    self._failures.append(failure)
                    self._done = max(0, self._done - 1)
                    yield failure
                if not self._options.verify:
                    context = self._context
                    mixed = await mixed_sources(plan, context.engines, context.moments, context.of_this_moment)
            elif self._failures and not self._context.interrupt.is_set():
                counted, not_counted = await self._count()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        failed = len(self._failures)
        yield Outcome(
            done=self._done,
            failed=failed,
            not_started=max(0, len(plan.step) - self._done - self._skipped - failed),
            rows=self._rows,
            bytes=self._bytes,
            seconds=0.0,
            failures=tuple(self._failures),
            skipped=self._skipped,
            interrupted=self._context.interrupt.is_set() and len(self._over) < len(plan.step),
            parity=counted,
            not_counted=not_counted,
            mixed=mixed,
            throttled=self._context.moments.paused + self._context.throttle.seconds,
        )

    async def _told(self) -> list[Event]:
        """What happened since the last look, noted together. Raises what a step's work must not raise."""
        events, told = self._context.events, list[Event]()
        one = await events.get()
        while not isinstance(one, BaseException):
            told.append(one)
            if events.empty():
                self._context.journal.note(told)
                return told
            one = events.get_nowait()
        self._context.journal.note(told)
        raise one

    async def _count(self) -> tuple[tuple[Parity, ...], str]:
        """Both sides after a failure; that may well be of a server that cannot be asked any more."""
        engines, lost = self._context.engines, self._context.lost
        moves = [one for one in self._context.plan.move if not lost & {endpoint_of(one.from_), endpoint_of(one.to)}]
        if not moves:
            return (), f"no answer from {', '.join(sorted(lost))}"
        try:
            seen = await survey(moves, engines)
            return await parity(moves, seen, gaps(seen, engines), stored_gaps(seen, engines), engines), ""
        except MigrateError as error:
            return (), str(error)

    def _start_ready(self) -> list[Event]:
        """Begin every step whose predecessors are over; the slots decide which of them goes first."""
        skipped: list[Event] = []
        if self._context.interrupt.is_set() or self._context.stopping:
            return skipped
        while self._ready:  # what is skipped may make others ready
            ready, self._ready = self._ready, []
            for step in ready:
                if isinstance(step, Verify) and not self._options.verify:
                    skipped.append(self._skip(step, "--no-verify"))
                else:
                    self._tasks[step.id] = asyncio.create_task(self._one(step))
        return skipped

    def _wait(self, step: Step) -> None:
        """Have the step wait for what must come before it and is not over."""
        before = [name for name in step.after if name not in self._over]
        self._waiting[step.id] = len(before)
        for name in before:
            self._followers.setdefault(name, []).append(step)
        if not before:
            self._ready.append(step)

    def _is_over(self, name: str) -> None:
        self._over.add(name)
        for follower in self._followers.pop(name, ()):
            self._waiting[follower.id] -= 1
            if not self._waiting[follower.id]:
                self._ready.append(follower)

    def _give_up(self, step: Step) -> None:
        """The step and all that needs it will not come: no slot is kept free for them."""
        self._slots_left(step)
        for follower in self._followers.pop(step.id, ()):
            self._give_up(follower)

    def _slots_left(self, step: Step) -> None:
        if step.id in self._counted:
            self._counted.remove(step.id)
            self._context.slots.over(lane_of(step))

    def _skip(self, step: Step, why: str) -> StepSkipped:
        self._slots_left(step)
        self._is_over(step.id)
        self._skipped += 1
        event = StepSkipped(step.id, why)
        self._context.journal.note([event])
        return event

    async def _one(self, step: Step) -> None:
        """One step; its last event says how it ended."""
        context = self._context
        began = time.monotonic()
        try:
            context.stop_if_asked(step)
            done = await run_step(context, step)
        except Interrupt:
            context.tell(StepStopped(step.id))
        except MigrateError as error:
            context.failed(error)
            # Rows that differ are no reason to leave other tables unproven, and their documents unmended.
            stops = self._options.stop_on_error and not isinstance(error, Different)
            context.stopping = context.stopping or stops
            # After a temporary error nobody knows whether the server did the work: that is no "nothing was changed".
            code = Stopped.exit_code if error.temporary else error.exit_code
            context.tell(StepFailed(step.id, str(error), error.hint, code))
        except Exception as error:  # noqa: BLE001 - whoever reads the events raises it; here nobody would
            context.events.put_nowait(error)
        else:
            context.tell(StepDone(step.id, time.monotonic() - began, done.rows, done.bytes, done.note))

    def _ended(self, event: Event) -> list[Event]:
        """Count what ended, and begin what waited for it."""
        match event:
            case StepDone(step=name, rows=rows, bytes=size):
                self._tasks.pop(name)
                self._slots_left(self._steps[name])
                self._is_over(name)
                self._done += 1
                if isinstance(self._steps[name], DataStep):
                    self._rows += rows
                    self._bytes += size
                return self._start_ready()
            case StepFailed(step=name):
                self._tasks.pop(name)
                self._give_up(self._steps[name])
                self._failures.append(event)
                return self._start_ready()
            case StepStopped(step=name):
                self._tasks.pop(name)
                self._give_up(self._steps[name])
            case _:
                pass
        return []


def _refuse_blocked(plan: Plan) -> None:
    blocked = [step for step in plan.step if step.blocked]
    if blocked:
        lines = "\n  ".join(f"{step.id}: {step.blocked}" for step in blocked)
        raise Blocked(
            f"{len(blocked)} blocked steps, nothing was changed:\n  {lines}",
            f"leave them out: migrate plan --skip '{blocked[0].id}', or exclude the tables",
        )


def _refuse_unproven(plan: Plan, options: ApplyOptions) -> None:
    """Nothing is dropped for what nobody has proven."""
    drops = [step.target for step in plan.step if isinstance(step, Swap) and step.drops]
    if drops and not options.verify:
        text = f"{drops[0]} is a managed table, which is dropped for its successor once that is proven"
        raise Blocked(f"{text}; nothing was changed", "leave --no-verify out")


async def _standing(plan: Plan, engines: Mapping[str, Engine], path: str) -> Standing:
    standing = await stand(plan, engines)
    _refuse_stale(standing.differences, path)
    return standing


def _refuse_stale(differences: tuple[str, ...], path: str) -> None:
    if differences:
        raise StalePlan(
            differences,
            f"review what changed and plan again: migrate plan -o {path}" if path else "plan again: migrate plan",
        )
