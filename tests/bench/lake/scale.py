"""What grows with a lake and what may not: plans of many partitions, objects and tables, and copies of many objects."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import measure
from tests.bench.contenders import Step
from tests.bench.lake import world
from tests.bench.lake.race import step_seconds
from tests.bench.measure import Usage
from tests.lab.buckets import KEYS
from tests.lab.lake import Lake
from tests.lake.faults import Faults, faults

LOG = "scale.jsonl"


@dataclass(frozen=True)
class Taken:
    """One command: what it took, and what it asked of the Trinos and of the store; None where that was not counted."""

    words: str
    used: Usage
    queries: int | None = None
    requests: int | None = None
    steps: dict[str, float] | None = None


def plan(lake: Lake, words: str, tables: str) -> Taken:
    """Plan a move of these tables to an empty target: once for its time, once more for its requests."""
    world.empty_target(lake)
    with tempfile.TemporaryDirectory(prefix="migrate-bench-") as name:
        folder = Path(name)
        (step,) = _commands(lake, folder, tables, f"bench_{uuid.uuid4().hex[:8]}")
        world.settle(lake)
        used = measure.run(step.command, folder, step.variables)
        user = f"bench_{uuid.uuid4().hex[:8]}"
        with _counted(lake) as proxy:
            (step,) = _commands(lake, folder, tables, user, proxy.url)
            measure.run(step.command, folder, step.variables)
            requests = len(proxy.seen)
    return Taken(f"plan of {words}", used, _queries(lake, user), requests)


def apply(lake: Lake, words: str, tables: str) -> Taken:
    """Plan and apply a move to an empty target; what apply took."""
    world.empty_target(lake)
    with tempfile.TemporaryDirectory(prefix="migrate-bench-") as name:
        folder = Path(name)
        user = f"bench_{uuid.uuid4().hex[:8]}"
        (step,) = _commands(lake, folder, tables, user)
        measure.run(step.command, folder, step.variables)
        planned = _queries(lake, user)
        world.settle(lake)
        command = world.migrate("apply", "plan.toml", "--quiet", "--log-file", LOG)
        used = measure.run(command, folder, step.variables)
        return Taken(f"apply of {words}", used, _queries(lake, user) - planned, steps=step_seconds(folder / LOG))


def analyze(lake: Lake, words: str, tables: str) -> Taken:
    """`migrate analyze` of these tables."""
    with tempfile.TemporaryDirectory(prefix="migrate-bench-") as name:
        folder = Path(name)
        user = f"bench_{uuid.uuid4().hex[:8]}"
        (step,) = _commands(lake, folder, tables, user)
        command = world.migrate("analyze", f"old:hive.{world.SCHEMA}.{tables}", "-c", "migrate.toml", "--quiet")
        world.settle(lake)
        used = measure.run(command, folder, step.variables)
    return Taken(f"analyze of {words}", used, _queries(lake, user))


def _commands(lake: Lake, folder: Path, tables: str, user: str, url: str = "") -> Sequence[Step]:
    text = world.configuration(lake, tables, user, url)
    (folder / "migrate.toml").write_text(text, encoding="utf-8")
    command = world.migrate("plan", "-c", "migrate.toml", "-o", "plan.toml", "--quiet")
    return (Step("plan", command, world.variables(KEYS["both"], KEYS["both"])),)


def _queries(lake: Lake, user: str) -> int:
    """What a user asked both Trinos. They forget a query after a quarter of an hour (query.min-expire-age)."""
    sql = f"SELECT count(*) FROM system.runtime.queries WHERE \"user\" = '{user}'"
    return sum(int(end.rows(sql)[0][0]) for end in (lake.source, lake.target))


@contextmanager
def _counted(lake: Lake) -> Iterator[Faults]:
    """A proxy before the store that only counts; it lives in a thread of its own."""
    ready = threading.Event()
    found: list[Faults] = []
    ends: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        over = asyncio.Event()
        async with faults(lake.endpoint) as proxy:
            found.append(proxy)
            ends.append((asyncio.get_running_loop(), over))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="counting-proxy")
    thread.start()
    ready.wait()
    try:
        yield found[0]
    finally:
        loop, over = ends[0]
        loop.call_soon_threadsafe(over.set)
        thread.join()
