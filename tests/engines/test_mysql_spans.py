"""Whatever its key, its rows and its cuts, a table is read with every row once, in the order of its key."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from itertools import cycle
from unittest import mock

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from msgspec.structs import replace

from migrate.engines.base import Bound, Payload, Rows, Span
from migrate.engines.mysql import rows as reading
from migrate.engines.mysql.connect import Server
from migrate.engines.mysql.layout import Marks
from migrate.engines.mysql.rows import MysqlReader
from tests.conftest import FreshSchemas
from tests.engines.keyed_tables import Facts, KeyedTable, Split, every_text, keyed_tables, splits
from tests.engines.mysql_sessions import connected
from tests.engines.test_mariadb_rows import read_as, table_there
from tests.engines.world import spans
from tests.lab import Lab, client
from tests.lab import Server as LabServer

SERVERS = ("source", "old", "legacy", "new", "maria10", "maria11")
IDS = ("8.0.33", "8.0.12", "5.7", "9.7", "10.11", "11.8")
SESSION = "SET sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00'"


def numbers(payload: Payload) -> list[int]:
    """The column `n` of every row of a payload: it is the last but one, before `v`."""
    if payload.rows == 0:
        return []
    if payload.layout == "cells":
        return [int(msgspec.msgpack.decode(payload.data)[-1])]
    if payload.layout == "insert":
        return [int(row.rpartition(b",")[2]) for row in payload.data[1:-1].split(b"),(")]
    marks = Marks(*payload.marks)
    return [int(row.rpartition(marks.field)[2]) for row in payload.data.split(marks.row)]


class Opened:
    """A server with a schema of this test's own, seen by migrate and by a client."""

    def __init__(self, lab: LabServer, server: Server, schema: str, runner: asyncio.Runner) -> None:
        self.lab, self.server, self.schema, self.runner = lab, server, schema, runner
        self.client = client.connect(lab, database=schema)
        self.run(SESSION)

    def run(self, sql: str) -> Sequence[tuple[object, ...]]:
        with self.client.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    async def fill(self, table: KeyedTable) -> Rows:
        """Make the table anew. The number of a row is read last, so that it is found at the end of a row."""
        self.run("DROP TABLE IF EXISTS t")
        for statement in table.statements("t"):
            self.run(statement)
        rows = read_as(await table_there(self.server, self.schema, "t"), self.server.is_mariadb)
        return replace(rows, columns=tuple(sorted(rows.columns, key=lambda column: column.name == "n")))

    def truth(self, rows: Rows) -> dict[int, int]:
        """The number of every row, in the order of the key as the server itself has it, and the bytes of the row."""
        key = ",".join(column.name for column in rows.key)
        where = f"WHERE {rows.where}\n" if rows.where else ""
        sized = "+".join(f"IFNULL(LENGTH({column.name}),0)" for column in rows.columns)
        found = self.run(f"SELECT n,{sized} FROM t {where}" + (f"ORDER BY {key}" if key else ""))
        return {int(str(n)): int(str(size)) for n, size in found}


async def chunks(reader: MysqlReader, rows: Rows, span: Span, split: Split) -> list[Payload]:
    """A span to its end."""
    limits, budgets = cycle(split.limits), cycle(split.budgets)
    found: list[Payload] = []
    while True:
        limit = next(limits)
        payload = await reader.read(rows, span, split.layouts, limit, next(budgets))
        assert payload.span.lower == span.lower
        assert payload.rows <= limit
        assert payload.rows >= 1 or payload.span == span, "a chunk without rows ends its span"
        found.append(payload)
        if payload.span.upper == span.upper:
            return found
        assert payload.span.upper is not None
        span = Span(payload.span.upper, span.upper)


async def reads_every_row_once(opened: Opened, table: KeyedTable, split: Split) -> None:
    """The property."""
    rows = replace(await opened.fill(table), where=split.where)
    truth = opened.truth(rows)
    async with opened.server.session("read") as session:
        # Small limits, so that small rows and chunks meet all of them.
        with mock.patch.multiple(reading, BIG_ROW=split.alone, FEW_ROWS=2, LEAST=8):
            reader = MysqlReader(session)
            if not rows.key:
                payloads = [one async for one in reader.stream(rows, split.layouts, split.budgets[0])]
                assert sorted(n for one in payloads for n in numbers(one)) == sorted(truth)
                return
            parts = list(spans(await reader.starts(rows, split.ranges)))
            assert len(parts) <= split.ranges
            came = [payload for part in parts for payload in await chunks(reader, rows, part, split)]
        order = list(truth)
        at = 0
        for payload in came:
            found = numbers(payload)
            assert len(found) == payload.rows
            assert sorted(found) == sorted(order[at : at + len(found)]), "the next rows of the key"
            at += len(found)
        assert at == len(order)
        whole = await reader.checksum(rows, Span())
        sums = [await reader.checksum(rows, payload.span) for payload in came]
        assert [one.rows for one in sums] == [payload.rows for payload in came]
        assert (whole.rows, whole.sum) == (len(order), sum(one.sum for one in sums))
        await bounds_are_those_of(reader, rows, parts, split.limits[0], order)


async def bounds_are_those_of(
    reader: MysqlReader, rows: Rows, parts: Sequence[Span], limit: int, order: Sequence[int]
) -> None:
    """Every `limit` rows of a range end at a bound, and no range is longer than it says."""
    for part in parts:
        count = (await reader.checksum(rows, part)).rows
        left = part
        for _ in range((count - 1) // limit if count else 0):
            upper = await reader.next_bound(rows, left, limit)
            assert upper is not None
            assert (await reader.checksum(rows, Span(left.lower, upper))).rows == limit
            left = Span(upper, part.upper)
        assert await reader.next_bound(rows, left, limit) is None


FEW, MANY = 20, 200
PHASES = (Phase.generate, Phase.shrink) if "SPANS_SHRINK" in os.environ else (Phase.generate,)
"""To look for the shortest failure takes minutes."""
HABITS = settings(deadline=None, database=None, phases=PHASES, suppress_health_check=list(HealthCheck))


@pytest.fixture(params=SERVERS, ids=IDS)
def opened(request: pytest.FixtureRequest, every: Lab, fresh_schemas: FreshSchemas) -> Iterator[Opened]:
    """Each server in turn. `run` belongs to one event loop for all examples of a test."""
    server = every.servers[request.param]
    schema = fresh_schemas("spans", server)
    client.rows(server, f"ALTER DATABASE {schema} CHARACTER SET utf8mb4")
    with asyncio.Runner() as runner:
        connection = connected(server)
        made = Opened(server, runner.run(connection.__aenter__()), schema, runner)
        yield made
        made.client.close()
        runner.run(connection.__aexit__(None, None, None))


@pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.full)])
def test_every_row_is_read_once_in_the_order_of_the_key(opened: Opened, examples: int) -> None:
    @seed(examples)
    @settings(HABITS, max_examples=examples)
    @given(table=keyed_tables(Facts.of(opened.lab)), split=splits())
    def property_(table: KeyedTable, split: Split) -> None:
        opened.runner.run(reads_every_row_once(opened, table, split))

    property_()


SPLIT = Split(3, (3, 1, 4), (1 << 20,), ("raw", "hex"), 4 << 20, "")


@pytest.mark.full
@pytest.mark.parametrize("part", range(10))
def test_text_in_every_collation_is_read_once_in_the_order_of_the_key(opened: Opened, part: int) -> None:
    """All collations of a server are shared out to the parts."""
    for name, charset in Facts.of(opened.lab).collations[part::10]:
        for native in ("char", "varchar"):
            opened.runner.run(reads_every_row_once(opened, every_text(native, charset, name), SPLIT))


async def test_numbers_without_gaps_are_cut_without_looking_and_gaps_are_jumped_over(
    source: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("spans", source)
    numbers_there = [*range(1, 41), *range(1000, 1021), 10**15, *range(10**18, 10**18 + 11)]
    client.rows(source, f"CREATE TABLE {schema}.t (id BIGINT PRIMARY KEY, n INT)")
    values = ",".join(f"({key},{n})" for n, key in enumerate(numbers_there))
    client.rows(source, f"INSERT INTO {schema}.t VALUES {values}")
    looked: list[Span] = []
    fives = Split(1, (5,), (1 << 20,), ("raw", "hex", "insert", "cells"), 1 << 20, "")
    async with connected(source) as server, server.session("read") as session:
        rows = read_as(await table_there(server, schema, "t"), server.is_mariadb)
        reader, looking = MysqlReader(session), MysqlReader.next_bound

        async def counted(self: MysqlReader, rows: Rows, span: Span, limit: int) -> Bound | None:
            looked.append(span)
            return await looking(self, rows, span, limit)

        with mock.patch.object(MysqlReader, "next_bound", counted):
            found = await chunks(reader, rows, Span(), fives)
    assert sorted(n for one in found for n in numbers(one)) == list(range(len(numbers_there)))
    assert all(one.rows for one in found[:-1])
    assert len(looked) < len(found) / 2
