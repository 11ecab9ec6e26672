"""Rollback: what a plan has swapped in gives its place back to what was there before.

Nothing is copied and nothing is deleted: the old tables and partitions were kept. It may be interrupted and run again.
Afterwards the plan counts as not applied.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import msgspec

from migrate.engines.base import Engine, LedgerKey
from migrate.engines.files import FilePartition, Files, Place, below, overlap
from migrate.errors import AlreadyThere, Different, MigrateError, NotThere
from migrate.executor.check import LAST_LOOK, refuse_strangers
from migrate.executor.context import run_of, step_tag
from migrate.executor.gc import collected
from migrate.executor.holding import claim, take_targets
from migrate.model.pattern import all_of, endpoint_of, parse_object
from migrate.model.plan import Plan, Swap
from migrate.model.progress import Event, Outcome, StepDone, StepFailed, StepStarted
from migrate.model.table import Table, TableName
from migrate.planner.partitions import files_of
from migrate.state import State

WRITTEN = "the new one was written to since it was swapped in"
COLLECTED = "what was there before was removed by migrate gc"
ANOTHER = "another table has its name by now"
DROPPED = "the managed table that was there was dropped with its files: it cannot be put back"
LATER = "a later plan has changed it since"


async def swapped(plan: Plan, engines: Mapping[str, Engine]) -> tuple[Swap, ...]:
    """The swaps that this plan has made or begun, the last one first. Raises `StalePlan`, `ServerError`."""
    await refuse_strangers(plan, engines)
    found = []
    for step in reversed(plan.step):
        if isinstance(step, Swap):
            ref = parse_object(step.target)
            lines = engines[ref.endpoint].ledger(LedgerKey(plan.digest, step.id, ref.table))
            whole = [line async for line in lines]
            if whole or await _begun(plan, step, engines[ref.endpoint], ref.table):
                found.append(step)
    return tuple(found)


async def _begun(plan: Plan, step: Swap, engine: Engine, table: TableName) -> bool:
    """Whether a swap that no ledger knows has begun: what stands there tells."""
    files = files_of(engine)
    if step.part or not step.aside:
        return await _partitions_begun(step, engine, files, table)
    new = msgspec.structs.replace(table, name=step.aside)
    if step.kept:
        old = msgspec.structs.replace(table, name=step.kept)
        return old in await files.standing([old])
    there = await files.standing([table, new])
    before = f"{'verify' if step.drops else 'create-aside'}:{step.target}"
    lines = [line async for line in engine.ledger(LedgerKey(plan.digest, before, table))]
    if step.drops:  # of both names one is free when it is begun
        return bool(lines) and (table in there) != (new in there)
    return bool(lines) and table in there and new not in there


async def _partitions_begun(step: Swap, engine: Engine, files: Files, table: TableName) -> bool:
    """Whether one that the swap puts elsewhere is there, or one is gone from where the plan saw it."""
    seen = await engine.inspect([all_of(engine.endpoint, table.schema, table.catalog)])
    actual = next((one for one in seen.tables if one.name == table), None)
    if actual is None:
        return False
    place = (await files.places([actual]))[table]
    here = await files.located(actual, place, await files.partitions(actual, place, ""))
    if any(overlap(step.goal, one.location) for one in here):
        return True
    were = step.undo[len(step.part) :]  # what was there is registered after what came is taken away
    return not set(were) <= {files.register(actual, one) for one in here}


async def rollback(
    plan: Plan,
    engines: Mapping[str, Engine],
    state: State,
    plan_path: str,
    lock_timeout: float,
    interrupt: asyncio.Event,
) -> AsyncIterator[Event | Outcome]:
    """Put back what was there; the last value is the Outcome. Raises `Locked`, `StalePlan`, `ServerError` before that.

    A table that was written to since is left as it is, and named (`Different`).
    """
    began = time.monotonic()
    run = await claim(plan, state, plan_path, lock_timeout, interrupt)
    code, summary = 1, "rollback ended by an error"
    try:
        async with AsyncExitStack() as stack:
            if any(isinstance(step, Swap) for step in plan.step):  # a dead run's statements end before anything is seen
                await take_targets(plan, engines, lock_timeout, interrupt, stack)
            swaps = await swapped(plan, engines)
            failures: list[StepFailed] = []
            done = 0
            for step in swaps:
                if interrupt.is_set():
                    break
                yield StepStarted(step.id)
                at = time.monotonic()
                try:
                    await _undo(plan, step, engines[endpoint_of(step.target)])
                except MigrateError as error:
                    failures.append(StepFailed(step.id, str(error), error.hint, error.exit_code))
                    yield failures[-1]
                    continue
                done += 1
                yield StepDone(step.id, time.monotonic() - at)
            left = len(swaps) - done - len(failures)
            code = failures[0].exit_code if failures else 0
            summary = f"rolled back {done} · failed {len(failures)} · not started {left}"
            seconds = time.monotonic() - began
            yield Outcome(done, len(failures), left, 0, 0, seconds, tuple(failures), interrupted=left > 0)
    finally:
        run.end(code, summary)


async def _undo(plan: Plan, step: Swap, engine: Engine) -> None:
    ref, files = parse_object(step.target), files_of(engine)
    run = run_of(plan)
    if step.drops:
        raise Different(f"{step.target}: {DROPPED}", "keep what is there; `migrate apply` ends a swap that was begun")
    if [line async for line in engine.ledger(collected(plan, step))]:
        raise Different(f"{step.target}: {COLLECTED}", "plan a move that brings the old state back, if it is anywhere")
    if await files.changed_after(ref.table, run):
        raise Different(f"{step.target}: {LATER}", "roll that one back first, or keep what is there")
    await _refuse_written(step, files, ref.table)
    if step.part or not step.aside:
        for sql in step.undo:
            try:
                await engine.execute(sql, step_tag(plan, step))
            except (AlreadyThere, NotThere):
                continue  # an earlier rollback came so far
    else:
        await _undo_table(plan, step, engine, ref.table)
    await files.forget_proofs(ref.table, run)
    keys = [LedgerKey(plan.digest, one.id, ref.table) for one in plan.step if one.target == step.target]
    keys += [
        LedgerKey(plan.digest, LAST_LOOK, msgspec.structs.replace(parse_object(one.name).table, name=""))
        for one in plan.object[:1]
    ]
    await engine.forget(keys)


async def _undo_table(plan: Plan, step: Swap, engine: Engine, table: TableName) -> None:
    tag = step_tag(plan, step)
    new = msgspec.structs.replace(table, name=step.aside)
    old = msgspec.structs.replace(table, name=step.kept) if step.kept else None
    there = await files_of(engine).standing([table, new, *([old] if old else [])])
    if old is not None and old not in there:
        if table in there:
            return  # it has its name again, or had never lost it
        raise Different(f"{step.target}: the table that was kept as {old} is gone", "it cannot be put back")
    if table in there and new not in there:
        place = (await files_of(engine).places([Table(table, ())]))[table]
        if step.goal and place.location != step.goal:
            raise Different(f"{step.target}: {ANOTHER}, at {place.location}", "rename that one, or keep what is there")
        await engine.execute(step.undo[0], tag)
    if old is not None:
        await engine.execute(step.undo[1], tag)


async def _refuse_written(step: Swap, files: Files, table: TableName) -> None:
    """Raises `Different` when files below the swapped-in locations are not those that were proven."""
    proofs = [proof for proof in (await files.proofs(table)).values() if below(proof.target, step.goal)]
    if not proofs or not step.goal:
        return
    parts = [FilePartition(proof.partition, (), proof.target) for proof in proofs]
    now = {name: one.digest async for name, one in files.listings(Place(step.goal, external=True), parts)}
    wrong = [proof.partition for proof in proofs if now.get(proof.partition) != proof.target_digest]
    if not wrong and not step.part:  # a whole table: it may have partitions by now that nobody proved
        whole = [FilePartition("", (), step.goal)]
        standing = sum([one.files async for _, one in files.listings(Place(step.goal, external=True), whole)])
        wrong = [""] if standing != sum(proof.files for proof in proofs) else []
    if wrong:
        what = f"{step.target} {wrong[0]}".rstrip()
        raise Different(f"{what}: {WRITTEN}", "copy what was written there elsewhere, or keep the new one")
