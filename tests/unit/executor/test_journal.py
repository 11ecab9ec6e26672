"""Many steps share a commit of the state file, and none goes on before its intent is on the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.errors import StateError
from migrate.executor import journal as module
from migrate.executor.journal import Journal
from migrate.model.progress import ChunkDone, StepDone, StepFailed, StepSkipped
from migrate.state import State

DIGEST = "sha256:" + "a1" * 32


class Opened:
    """A state file with a run, and another connection that sees what is committed."""

    def __init__(self, state: State, looking: State) -> None:
        self.state = state
        self.looking = looking
        self.journal = Journal(state.claim(DIGEST, "shop", "plans/shop.toml", 0))

    @property
    def intents(self) -> tuple[str, ...]:
        return self.looking.unfinished_intents(DIGEST)

    @property
    def statuses(self) -> dict[str, str]:
        return {name: one.status for name, one in self.looking.statuses(DIGEST).items()}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    path = tmp_path / "state" / "migrate.db"
    with State.open(path) as state, State.open(path) as looking:
        yield Opened(state, looking)


def commits(opened: Opened) -> list[str]:
    """Every COMMIT from now on."""
    seen: list[str] = []
    opened.state._sql.set_trace_callback(lambda sql: seen.append(sql) if sql == "COMMIT" else None)
    return seen


async def test_an_intent_is_on_the_disk_before_its_step_goes_on(opened: Opened) -> None:
    async def step(name: str) -> tuple[str, ...]:
        await opened.journal.intent(name)
        return opened.intents

    seen = await asyncio.gather(*map(step, "abc"))
    assert all(name in found for name, found in zip("abc", seen, strict=True))


async def test_steps_that_ask_at_once_share_a_commit(opened: Opened) -> None:
    seen = commits(opened)
    assert await asyncio.gather(*(opened.journal.intent(name) for name in "abcdef")) == [True] * 6
    assert len(seen) == 1
    assert set(opened.statuses.values()) == {"running"}


async def test_a_step_that_asks_twice_begins_once_and_its_second_part_waits_too(opened: Opened) -> None:
    async def part() -> tuple[bool, tuple[str, ...]]:
        first = await opened.journal.intent("load")
        return first, opened.intents

    assert list(await asyncio.gather(part(), part())) == [(True, ("load",)), (False, ("load",))]


async def test_intents_of_waiting_steps_are_taken_along_and_need_no_commit_later(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AHEAD", 2)
    for name in "abcde":
        opened.journal.expect(name)
    assert await opened.journal.intent("a")
    assert opened.intents == ("a", "b", "c")
    assert opened.statuses == {"a": "running", "b": "pending", "c": "pending"}
    seen = commits(opened)
    assert await opened.journal.intent("b")
    assert not await opened.journal.intent("b")
    assert seen == []
    assert await opened.journal.intent("d")
    assert len(seen) == 1
    assert opened.statuses == {"a": "running", "b": "running", "c": "pending", "d": "running", "e": "pending"}


async def test_ends_go_with_the_next_intent_in_their_order(opened: Opened) -> None:
    await opened.journal.intent("a")
    seen = commits(opened)
    opened.journal.note([ChunkDone("a", 5, 50), StepDone("a", 0.1, 7, 70), StepSkipped("b", "done before")])
    assert seen == []
    await opened.journal.intent("c")
    assert len(seen) == 1
    assert opened.statuses == {"a": "done", "b": "skipped", "c": "running"}
    assert opened.looking.statuses(DIGEST)["a"].rows == 7


async def test_an_end_waits_no_longer_than_a_moment(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.05)
    await opened.journal.intent("a")
    opened.journal.note([StepDone("a", 0.1)])
    assert opened.statuses == {"a": "running"}
    await asyncio.sleep(0.2)
    assert opened.statuses == {"a": "done"}


async def test_a_failure_is_on_the_disk_at_once(opened: Opened) -> None:
    await opened.journal.intent("a")
    await opened.journal.intent("b")
    opened.journal.note([StepDone("a", 0.1), StepFailed("b", "no", "", 1)])
    assert opened.statuses == {"a": "done", "b": "failed"}


async def test_the_end_of_a_run_writes_what_waits(opened: Opened) -> None:
    await opened.journal.intent("a")
    opened.journal.note([StepDone("a", 0.1)])
    opened.journal.end(0, "done 1")
    assert opened.statuses == {"a": "done"}
    assert opened.looking.history(DIGEST)[0].exit_code == 0


async def test_a_file_that_cannot_be_written_stops_the_steps_that_asked(opened: Opened) -> None:
    opened.journal.expect("later")
    opened.journal.note([StepDone("before", 0.1)])
    with sqlite3.connect(opened.state.path) as sql:
        pages = sql.execute("PRAGMA page_count").fetchone()[0]
    sql.close()
    opened.state._sql.execute(f"PRAGMA max_page_count = {pages}")
    opened.journal.note([StepSkipped("large", "x" * 100_000)])
    ends = await asyncio.gather(*(opened.journal.intent(name) for name in "ab"), return_exceptions=True)
    assert [type(end) for end in ends] == [StateError, StateError]
    opened.state._sql.execute("PRAGMA max_page_count = 100000")
    assert await opened.journal.intent("later")
    assert opened.statuses == {"before": "done", "large": "skipped", "later": "running"}
