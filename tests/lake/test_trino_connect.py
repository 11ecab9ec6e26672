"""The door to Trino, on real ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from migrate.engines.lake import LakeEngine
from migrate.engines.lake.connect import LONGEST, Server
from migrate.errors import CannotConnect, ServerError
from migrate.model.plan import EndpointRef
from tests.lab.lake import End, Lake
from tests.lake.conftest import FreshSchema
from tests.lake.engines import engine, ref_of

pytestmark = [pytest.mark.xdist_group("lake"), pytest.mark.full]

FOREVER = "SELECT count(*) FROM tpch.sf1000.lineitem a CROSS JOIN tpch.sf1000.lineitem b WHERE a.comment = b.comment"


@pytest.fixture
async def source(lake: Lake) -> AsyncIterator[LakeEngine]:
    async with engine(lake, lake.source) as opened:
        yield opened


@pytest.fixture
async def server(lake: Lake) -> AsyncIterator[Server]:
    opened = Server("source", ref_of(lake, lake.source), 3)
    yield opened
    await opened.close()


async def fails(ref: EndpointRef) -> ServerError:
    opened = Server("there", ref, 1)
    try:
        with pytest.raises(ServerError) as caught:
            await opened.query("SELECT 1")
    finally:
        await opened.close()
    return caught.value


async def test_an_answer_is_as_trino_spells_it(server: Server) -> None:
    found = await server.query(
        "SELECT '한', DECIMAL '1.10', TIMESTAMP '2024-01-01 00:00:00.123456', to_utf8('ab'), NULL"
    )
    assert found == [["한", "1.10", "2024-01-01 00:00:00.123456", "YWI=", None]]
    assert await server.first("SELECT 1 AS a, 'x' AS a") == [("a", 1), ("a", "x")]
    assert await server.first("SELECT 1 AS a WHERE false") == []


async def test_a_large_answer_comes_in_parts_and_may_be_left(server: Server) -> None:
    count = 0
    async for _ in server.stream("SELECT orderkey FROM tpch.tiny.lineitem"):
        count += 1
    assert count == 60_175
    stream = server.stream("SELECT orderkey FROM tpch.sf100.lineitem")
    assert len(await anext(stream)) == 1
    await stream.aclose()  # type: ignore[attr-defined]
    assert await server.query("SELECT 1") == [[1]]


async def test_no_more_sessions_work_than_there_are_slots(server: Server) -> None:
    answers = await asyncio.gather(*(server.query(f"SELECT {number}") for number in range(12)))
    assert answers == [[[number]] for number in range(12)]
    assert len(server._idle) <= 3


async def test_a_refusal_has_trinos_own_name(server: Server) -> None:
    with pytest.raises(ServerError, match=r"source: about it: .*does not exist \(SCHEMA_NOT_FOUND\)") as caught:
        await server.query("SELECT * FROM hive.nowhere.t", "about it")
    assert (caught.value.name, caught.value.temporary) == ("SCHEMA_NOT_FOUND", False)
    with pytest.raises(ServerError, match="SYNTAX_ERROR"):
        await server.execute("NONSENSE")
    with pytest.raises(ServerError, match=r"Schema must be specified|Catalog must be specified"):
        await server.query("SELECT * FROM nation")
    with pytest.raises(ServerError, match="1,000,001 characters"):
        await server.query("x" * (LONGEST + 1))


async def test_what_cannot_be_reached_says_where_and_what_next(lake: Lake) -> None:
    ref = ref_of(lake, lake.source)
    refused = await fails(replace(ref, port=1))
    assert isinstance(refused, CannotConnect)
    assert str(refused) == "there: cannot connect to http://127.0.0.1:1: connection refused"
    assert refused.hint == "check host, port and https"
    unknown = await fails(replace(ref, host="nowhere.invalid"))
    assert str(unknown) == f"there: cannot connect to http://nowhere.invalid:{ref.port}: unknown host"
    for other in (replace(ref, port=lake.s3.port), replace(ref, port=lake.source.metastore.port)):
        assert isinstance(await fails(other), ServerError)
    plain = await fails(replace(ref, https=True))
    assert isinstance(plain, CannotConnect)
    assert "https" in str(plain)
    for secret in (replace(ref, password="x"), replace(ref, token="x")):
        said = await fails(secret)
        assert "over https only" in str(said)
        assert "https = true" in said.hint


async def test_the_identity_tells_the_ends_apart_and_stays(
    lake: Lake, source: LakeEngine, fresh_schema: FreshSchema
) -> None:
    first = await source.identity()
    fresh_schema(lake.source, "identity")
    async with engine(lake, lake.source) as again, engine(lake, lake.target) as target:
        assert await again.identity() == first
        assert await target.identity() != first
        assert (await source.dialect(), await target.dialect()) == (
            await again.dialect(),
            replace(await again.dialect(), version=(483,)),
        )
    assert first.startswith("trino:lab/")


async def starts(end: End, tag: str) -> str:
    """Waits until a query runs under the tag; which one."""
    asked = f"SELECT query_id FROM system.runtime.queries WHERE state = 'RUNNING' AND starts_with(query, '/* {tag} */')"
    for _ in range(100):
        rows = await asyncio.to_thread(end.rows, asked)
        if rows:
            return str(rows[0][0])
        await asyncio.sleep(0.1)
    raise AssertionError(f"nothing runs under {tag}")


def state_of(end: End, query: str) -> str:
    return str(end.rows(f"SELECT state FROM system.runtime.queries WHERE query_id = '{query}'")[0][0])


async def test_what_a_dead_run_left_is_ended_and_nothing_else(lake: Lake, source: LakeEngine) -> None:
    runs = {tag: asyncio.create_task(source.execute(FOREVER, tag)) for tag in ("r1:s1", "r1:s2", "r10:s1")}
    found = {tag: await starts(lake.source, tag) for tag in runs}
    async with engine(lake, lake.source) as successor:
        assert await successor.end_executors("r1:s1") == 1
        assert await successor.end_executors("r1") == 1
        assert await successor.end_executors("r1") == 0
        assert [state_of(lake.source, found[tag]) for tag in runs] == ["FAILED", "FAILED", "RUNNING"]
        for tag in ("r1:s1", "r1:s2"):
            with pytest.raises(ServerError, match="ADMINISTRATIVELY_KILLED"):
                await runs[tag]
        assert await successor.running() >= 1
        assert await successor.end_executors("r10") == 1
    with pytest.raises(ServerError):
        await runs["r10:s1"]


async def test_a_cancelled_task_leaves_no_query(lake: Lake, source: LakeEngine) -> None:
    task = asyncio.create_task(source.execute(FOREVER, "cancelled"))
    query = await starts(lake.source, "cancelled")
    assert await source.running() == 0  # ours do not count
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    until = time.monotonic() + 10
    while state_of(lake.source, query) == "RUNNING" and time.monotonic() < until:  # noqa: ASYNC110 - asked of Trino
        await asyncio.sleep(0.1)
    assert state_of(lake.source, query) == "FAILED"


async def test_settings_hold_for_their_statement_alone(
    lake: Lake, source: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema = fresh_schema(lake.source, "session")
    statement = "CREATE TABLE made AS SELECT 1 AS a"
    await source.execute(statement, "t", {"catalog": "hive", "schema": schema})
    assert lake.source.rows(f"SELECT * FROM hive.{schema}.made") == [[1]]
    with pytest.raises(ServerError, match="must be specified"):
        await source.execute(statement, "t")
    with pytest.raises(ServerError, match="INVALID_SESSION_PROPERTY"):
        await source.execute(statement, "t", {"catalog": "hive", "schema": schema, "hive.nonsense": "1"})
