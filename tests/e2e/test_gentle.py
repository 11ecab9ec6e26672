"""Limits on real servers: bytes a second, and pauses while a side is busy."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.e2e.command import PLAN, wait_until
from tests.e2e.equality import assert_equal
from tests.e2e.world import World, account, count
from tests.lab import Server, client

LIMIT = 12
"""Statements of others that may run; more than other tests run at these servers."""
SLEEPERS = LIMIT + 4
RATE = 1_000_000
ROWS = 2_500
"""Of a thousand bytes each."""


@contextmanager
def busy(server: Server) -> Iterator[None]:
    """More statements at work than `LIMIT`, until the block ends."""
    with ExitStack() as stack:
        sleepers = [stack.enter_context(client.connect(server)) for _ in range(SLEEPERS)]
        killer = stack.enter_context(client.connect(server))
        pool = stack.enter_context(ThreadPoolExecutor(SLEEPERS))

        def sleep(connection: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT SLEEP(300)")

        numbers = [client.number(one) for one in sleepers]
        asleep = [pool.submit(sleep, one) for one in sleepers]
        try:
            yield
        finally:
            with killer.cursor() as cursor:
                for number in numbers:
                    cursor.execute(f"KILL QUERY {number}")
            for end in asleep:
                end.result()


def fill(world: World, *tables: str) -> None:
    with client.connect(world.source, database=world.schema) as connection, connection.cursor() as cursor:
        cursor.execute("SET cte_max_recursion_depth = 1000000")
        for table in tables:
            cursor.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, v VARBINARY(1000))")
            numbers = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
            cursor.execute(f"INSERT INTO {table} {numbers} SELECT i, REPEAT(CHAR(65 + i % 26), 1000) FROM n")


def told(world: World, kind: str) -> list[dict[str, Any]]:
    """What apply or verify told so far, of one type."""
    log = world.migrate.folder / "log.jsonl"
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    records = [json.loads(line) for line in lines if line.endswith("\n")]
    return [record for record in records if record["type"] == kind]


def test_a_rate_is_kept_in_small_chunks_and_told(world: World) -> None:
    fill(world, "big", "other")
    world.configure(options='[options]\nmax_rate = "1MB"\n')
    world.plan()
    assert f"max_rate = {RATE}\n" in world.migrate.plan.read_text()
    ran = world.apply("--json")
    assert ran.code == 0, ran.text
    (outcome,) = ran.of("outcome")
    assert outcome["bytes"] > 2 * 1000 * ROWS
    assert outcome["seconds"] >= outcome["bytes"] / RATE
    assert 0 < outcome["throttled"] <= outcome["seconds"]
    assert ran.of("throttled") == [{"type": "throttled", "endpoint": "", "limit": RATE, "running": 0}]
    assert "held to 1 MB/s (max_rate)" in ran.err
    chunks = f"SELECT COUNT(*) FROM `{world.goal}`._migrate_ledger WHERE kind = 'chunk'"
    assert count(world.target, chunks) >= outcome["bytes"] / RATE
    assert_equal(world.source, world.schema, world.target, world.goal)


def test_a_rate_in_the_plan_is_lifted_by_apply(world: World) -> None:
    fill(world, "big")
    world.configure(options="[options]\nmax_rate = 2000\n")
    world.plan()
    ran = world.apply("--max-rate", "0", "--json")
    assert ran.code == 0, ran.text
    assert ran.of("throttled") == []
    assert ran.of("outcome")[0]["throttled"] == 0


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_busy_server_is_waited_for_by_apply_and_by_verify(world: World, side: str) -> None:
    fill(world, "big")
    world.plan()
    server = world.source if side == "old" else world.target
    limit = ("--max-threads-running", f"{side}={LIMIT}", "--log-file", "log.jsonl")
    with busy(server):
        child = world.migrate.start("apply", PLAN, *limit)
        wait_until(lambda: bool(told(world, "throttled")))
        assert count(world.target, f"SELECT COUNT(*) FROM `{world.goal}`.big") == 0
        assert told(world, "throttle_ended") == []
    ran = world.migrate.ended(child, ("apply", PLAN))
    assert ran.code == 0, ran.text
    (pause,) = told(world, "throttled")[:1]
    assert (pause["endpoint"], pause["limit"]) == (side, LIMIT)
    assert pause["running"] >= SLEEPERS
    assert [one["endpoint"] for one in told(world, "throttle_ended")][:1] == [side]
    assert f"paused: {side} runs " in ran.err
    assert f"no longer paused: {side} was busy for " in ran.err
    assert "throttled " in ran.out
    assert_equal(world.source, world.schema, world.target, world.goal)

    (world.migrate.folder / "log.jsonl").unlink()
    with busy(server):
        child = world.migrate.start("verify", PLAN, *limit)
        wait_until(lambda: bool(told(world, "throttled")))
        assert told(world, "chunk_done") == []
    ran = world.migrate.ended(child, ("verify", PLAN))
    assert ran.code == 0, ran.text
    assert "throttled " in ran.out
    assert "Equal: " in ran.out


def test_a_busy_source_is_waited_for_before_the_lock_of_its_moment_is_asked_for(world: World) -> None:
    world.plan()
    limit = ("--max-threads-running", f"old={LIMIT}", "--log-file", "log.jsonl")
    with busy(world.source):
        child = world.migrate.start("apply", PLAN, *limit)
        wait_until(lambda: bool(told(world, "throttled")))
        assert told(world, "moment_opened") == []
        child.send_signal(signal.SIGINT)
        ran = world.migrate.ended(child, ("apply", PLAN))
        assert ran.code == 130, ran.text
        assert "paused: old runs " in ran.err
        child = world.migrate.start("apply", PLAN, *limit)
        wait_until(lambda: len(told(world, "throttled")) == 2)
    ran = world.migrate.ended(child, ("apply", PLAN))
    assert ran.code == 0, ran.text
    assert "no longer paused: old was busy for " in ran.err
    assert "throttled " in ran.out
    assert len(told(world, "moment_opened")) == 1


def test_a_pause_in_the_middle_leaves_no_transaction_open_and_an_interrupt_in_it_is_clean(world: World) -> None:
    fill(world, "big")
    with account(world.target, "'gentle_e2e'@'%'", "ALL ON *.*"):
        world.configure(new_user='"gentle_e2e"', options="[options]\nmax_rate = 400000\n")
        world.plan()
        child = world.migrate.start("apply", PLAN, "--max-threads-running", f"new={LIMIT}", "--log-file", "log.jsonl")
        chunks = f"SELECT COUNT(*) FROM `{world.goal}`._migrate_ledger WHERE kind = 'chunk'"
        wait_until(lambda: count(world.target, chunks) >= 2)
        with busy(world.target):
            wait_until(lambda: any(one["endpoint"] == "new" for one in told(world, "throttled")))
            open_ = (
                "SELECT COUNT(*) FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p"
                " ON p.ID = t.trx_mysql_thread_id WHERE p.USER = 'gentle_e2e'"
            )
            # InnoDB looks again only when nobody has asked for a tenth of a second.
            wait_until(lambda: int(client.rows(world.target, open_, root=True)[0][0]) == 0, every=0.2)
            there = count(world.target, chunks)
            child.send_signal(signal.SIGINT)
            ran = world.migrate.ended(child, ("apply", PLAN))
        assert ran.code == 130, ran.text
        assert "resume: migrate apply plans/move.toml" in ran.text
        assert count(world.target, chunks) == there
        assert told(world, "throttle_ended")
        world.state_is_intact()
        world.finishes()
