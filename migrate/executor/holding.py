"""What a run holds while it works: the plan on this machine, the schemas on their servers, targets that take writes."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from migrate.engines.base import Engine, Lock
from migrate.errors import Interrupted, Locked
from migrate.executor.check import targets
from migrate.executor.context import plan_tag
from migrate.model.pattern import parse_object
from migrate.model.plan import Plan, RowStep, Verify
from migrate.model.table import TableName
from migrate.state import Run, State

LOCK_POLL = 0.1
"""Seconds between two looks at a lock that another run holds."""


async def claim(plan: Plan, state: State, plan_path: str, lock_timeout: float, interrupt: asyncio.Event) -> Run:
    """This machine's lock on the plan. Raises `Locked` after `lock_timeout` seconds, `Interrupted`."""
    deadline = time.monotonic() + lock_timeout
    while True:
        try:
            return state.claim(plan.digest, plan.name, plan_path, 0)
        except Locked:
            _stop_waiting(interrupt)
            if time.monotonic() >= deadline:
                raise
            await asyncio.sleep(LOCK_POLL)


async def _lock(
    engine: Engine, schemas: Sequence[tuple[str, str]], holder: str, timeout: float, interrupt: asyncio.Event
) -> Lock:
    """The server's lock, asked for in slices, so that an interrupt is heard."""
    deadline = time.monotonic() + timeout
    while True:
        left = max(0.0, deadline - time.monotonic())
        try:
            return await engine.lock(schemas, holder, min(left, 1.0))
        except Locked:
            _stop_waiting(interrupt)
            if left <= 1.0:
                raise


def _stop_waiting(interrupt: asyncio.Event) -> None:
    if interrupt.is_set():
        raise Interrupted("stopped while waiting for another run to end; nothing was changed", "apply again later")


async def mend_tables(
    plan: Plan, engines: Mapping[str, Engine], finished: frozenset[str]
) -> dict[str, frozenset[TableName]]:
    """Tables that were being filled when their server died can be read and written again. Raises `ServerError`.

    Returns by endpoint those of the tables with rows to come of which the ledger has something already.
    """
    loaded = {step.target for step in plan.step if isinstance(step, RowStep)}
    begun: dict[str, set[TableName]] = {}
    for step in plan.step:
        if step.id not in finished and step.target in loaded and isinstance(step, RowStep | Verify):
            ref = parse_object(step.target)
            begun.setdefault(ref.endpoint, set()).add(ref.table)
    started = {name: await engines[name].started(plan.digest, sorted(tables)) for name, tables in begun.items()}
    for endpoint, found in started.items():
        await engines[endpoint].mend(sorted(found))
    return started


async def take_targets(
    plan: Plan,
    engines: Mapping[str, Engine],
    lock_timeout: float,
    interrupt: asyncio.Event,
    stack: AsyncExitStack,
) -> dict[str, Lock]:
    """Each target must take writes, is locked, and is rid of what a dead run left at work there."""
    who = os.environ.get("USER") or os.environ.get("LOGNAME") or "unknown"
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    holder = f"migrate, {who}@{socket.gethostname()}, pid {os.getpid()}, since {since}"
    locks: dict[str, Lock] = {}
    for endpoint, schemas in targets(plan).items():
        engine = engines[endpoint]
        await engine.writable()
        lock = await _lock(engine, schemas, holder, lock_timeout, interrupt)
        stack.push_async_callback(lock.release)
        locks[endpoint] = lock
        await engine.end_executors(plan_tag(plan))
    return locks
