"""Garbage: what a plan has replaced and kept, or left behind when it was rolled back, is removed for good.

Only objects that our own proofs name are deleted, never all below a location, and only after the server was asked that
it shows no table and no partition there. It may be interrupted and run again; afterwards nothing can be rolled back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack

import msgspec

from migrate.engines.base import Engine, LedgerKey, LedgerLine
from migrate.engines.files import Collected
from migrate.errors import MigrateError, UnfinishedPlan
from migrate.executor.check import finished_steps, refuse_strangers
from migrate.executor.context import run_of, step_tag
from migrate.executor.holding import claim, take_targets
from migrate.model.pattern import endpoint_of, parse_object
from migrate.model.plan import Plan, Swap
from migrate.model.progress import Event, Outcome, StepDone, StepFailed, StepStarted
from migrate.model.table import Table, TableName
from migrate.model.words import counted
from migrate.planner.partitions import files_of
from migrate.state import State


class Garbage(msgspec.Struct, frozen=True):
    """What one swap leaves to be removed: tables under hidden names, and what of each location proofs name."""

    step: Swap
    done: bool
    """Whether the swap is done: then it is what was replaced, else what was built and rolled back."""
    tables: tuple[TableName, ...]
    statements: tuple[str, ...]
    found: tuple[Collected, ...]


def collected(plan: Plan, step: Swap) -> LedgerKey:
    """The ledger's place for a collection that has begun: such a swap cannot be undone any more."""
    return LedgerKey(plan.digest, f"gc:{step.target}", parse_object(step.target).table)


def _over(plan: Plan, step: Swap) -> LedgerKey:
    """The ledger's place for a collection that is done: nothing is left of that swap."""
    return LedgerKey(plan.digest, f"gc-done:{step.target}", parse_object(step.target).table)


async def garbage(plan: Plan, engines: Mapping[str, Engine]) -> tuple[Garbage, ...]:
    """What may be removed now. Raises `StalePlan`, `UnfinishedPlan`, `ServerError`; changes nothing."""
    await refuse_strangers(plan, engines)
    finished = await finished_steps(plan, engines)
    left: dict[str, list[tuple[Swap, bool, tuple[TableName, ...], tuple[str, ...]]]] = {}
    for step in plan.step:
        if not isinstance(step, Swap):
            continue
        engine = engines[endpoint_of(step.target)]
        if [line async for line in engine.ledger(_over(plan, step))]:
            continue
        begun = [one.id for one in plan.step if one.target == step.target and one.id in finished]
        if begun and step.id not in finished:
            raise UnfinishedPlan(step.target)
        some = left.setdefault(endpoint_of(step.target), [])
        some.append((step, bool(begun), *await _left(step, engine, done=bool(begun))))
    found: list[Garbage] = []
    for endpoint, some in left.items():
        files = files_of(engines[endpoint])
        hidden = [name for _, _, names, _ in some for name in names]
        looked = await _collect(engines[endpoint], [(step, places) for step, _, _, places in some], hidden, look=True)
        for (step, done, names, _), places in zip(some, looked, strict=True):
            if names or any(place.files for place in places):
                found.append(Garbage(step, done, names, tuple(map(files.forget, names)), places))
    return tuple(found)


async def _left(step: Swap, engine: Engine, done: bool) -> tuple[tuple[TableName, ...], tuple[str, ...]]:
    """Of a swap that is done: what it replaced. Of one that is not: what was built for it. Tables, and locations."""
    table, files = parse_object(step.target).table, files_of(engine)
    hidden = step.kept if done else step.aside
    names = [msgspec.structs.replace(table, name=hidden)] if hidden else []
    there = sorted(await files.standing(names))
    places = await files.places([Table(name, ()) for name in there])
    # Of others a DROP deletes all below their location, whoever wrote it and whoever reads it.
    ours = [name for name in there if places[name].external]
    locations = [*(places[name].location for name in ours), *(step.was if done else [step.goal])]
    return tuple(ours), tuple(sorted({one for one in locations if one}))


async def _collect(
    engine: Engine, some: Sequence[tuple[Swap, Sequence[str]]], ignored: Sequence[TableName], look: bool
) -> list[tuple[Collected, ...]]:
    """What of each swap's locations is, or would be, removed: asked together, since all tables are asked about."""
    wanted = {parse_object(step.target).table: places for step, places in some if places}
    if not wanted:
        return [() for _ in some]
    found = {one.location: one for one in await files_of(engine).collect(wanted, ignored, look)}
    return [tuple(found[place] for place in places) for _, places in some]


async def gc(
    plan: Plan,
    engines: Mapping[str, Engine],
    state: State,
    plan_path: str,
    lock_timeout: float,
    interrupt: asyncio.Event,
) -> AsyncIterator[Event | Outcome]:
    """Remove it; the last value is the Outcome. Raises `Locked`, and what `garbage` raises, before that."""
    began = time.monotonic()
    run = await claim(plan, state, plan_path, lock_timeout, interrupt)
    code, summary = 1, "gc ended by an error"
    try:
        async with AsyncExitStack() as stack:
            await take_targets(plan, engines, lock_timeout, interrupt, stack)
            found = await garbage(plan, engines)
            failures: list[StepFailed] = []
            done = files = size = 0
            dropped: list[Garbage] = []
            for one in found:
                if interrupt.is_set():
                    break
                yield StepStarted(one.step.id)
                try:
                    await _drop(plan, one, engines[endpoint_of(one.step.target)])
                except MigrateError as error:
                    failures.append(StepFailed(one.step.id, str(error), error.hint, error.exit_code))
                    yield failures[-1]
                else:
                    dropped.append(one)
            async for one, gone in _removed(dropped, engines):
                if not any(place.used_by for place in gone):
                    await _end(plan, one, engines[endpoint_of(one.step.target)])
                done += 1
                here, there = sum(place.files for place in gone), sum(place.bytes for place in gone)
                files, size = files + here, size + there
                yield StepDone(one.step.id, time.monotonic() - began, here, there, _note(gone))
            left = len(found) - done - len(failures)
            code = failures[0].exit_code if failures else 0
            summary = f"collected {done} · failed {len(failures)} · not started {left}"
            seconds = time.monotonic() - began
            ends = tuple(failures)
            yield Outcome(done, len(failures), left, files, size, seconds, ends, interrupted=left > 0)
    finally:
        run.end(code, summary)


async def _drop(plan: Plan, one: Garbage, engine: Engine) -> None:
    """Note that this cannot be undone any more, and drop the hidden tables: nobody reads what goes then."""
    if one.done:
        await engine.record_ends({collected(plan, one.step): LedgerLine("whole")})
    for sql in one.statements:
        await engine.execute(sql, step_tag(plan, one.step))


async def _end(plan: Plan, one: Garbage, engine: Engine) -> None:
    """Nothing is left of the swap. What was rolled back may be applied again, and is then as if for the first time."""
    if one.done:
        await engine.record_ends({_over(plan, one.step): LedgerLine("whole")})
    else:
        table = parse_object(one.step.target).table
        await files_of(engine).forget_objects(table, run_of(plan))


async def _removed(
    found: Sequence[Garbage], engines: Mapping[str, Engine]
) -> AsyncIterator[tuple[Garbage, tuple[Collected, ...]]]:
    """Remove the objects that nothing shows any more. The server is asked once more: the world has gone on."""
    for endpoint in sorted({endpoint_of(one.step.target) for one in found}):
        mine = [one for one in found if endpoint_of(one.step.target) == endpoint]
        places = [(one.step, [place.location for place in one.found]) for one in mine]
        for one, gone in zip(mine, await _collect(engines[endpoint], places, (), look=False), strict=True):
            yield one, gone


def _note(gone: tuple[Collected, ...]) -> str:
    used = [one for one in gone if one.used_by]
    if not used:
        return ""
    return f"{counted(len(used), 'location')} stayed, used by {used[0].used_by}: {used[0].location}"
