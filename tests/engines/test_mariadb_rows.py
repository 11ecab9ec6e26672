"""Rows between MySQL and MariaDB, and between versions of them: every value arrives as it was, and sums up the same."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import pytest

from migrate.engines.base import Checksum, LedgerKey, Payload, Rows, Span
from migrate.engines.mysql import ddl
from migrate.engines.mysql.connect import Server
from migrate.engines.mysql.inspect import inspect
from migrate.engines.mysql.ledger import ledger_table
from migrate.engines.mysql.rows import MysqlReader, MysqlWriter
from migrate.model.table import Table, TableName
from tests.conftest import FreshSchemas
from tests.e2e import equality
from tests.e2e.hostile import values
from tests.engines.mysql_catalogs import patterns, run
from tests.engines.mysql_sessions import connected
from tests.engines.world import MANY, PLAN, TAG, bounds, spans
from tests.lab import Lab, client
from tests.lab import Server as LabServer

PAIRS = {
    "8.0.33 to 11.8": ("source", "maria11"),
    "11.8 to 8.0.33": ("maria11", "target"),
    "8.0.33 to 10.11": ("source", "maria10"),
    "10.11 to 11.8": ("maria10", "maria11"),
    "10.11 to 9.7": ("maria10", "new"),
    "8.0.12 to 9.7": ("old", "new"),
}


@pytest.fixture(params=PAIRS.values(), ids=PAIRS)
def pair(request: pytest.FixtureRequest, lab: Lab, maria: Lab) -> tuple[LabServer, LabServer]:
    """Two servers that differ."""
    servers = {**lab.servers, **maria.servers}
    here, there = request.param
    return servers[here], servers[there]


@pytest.fixture(params=["LOAD DATA", "INSERT"])
def local_infile(request: pytest.FixtureRequest) -> bool:
    """Both ways into a table."""
    return bool(request.param == "LOAD DATA")


# -- what MariaDB says otherwise

_SRID = re.compile(r"ST_SRID\(POINT\((\S+?),(\S+?)\),4326\)")


def spoken(server: LabServer, statement: str) -> str:
    """The statement in words of that server."""
    if server.vendor == "mysql":
        return statement
    statement = statement.replace("cte_max_recursion_depth", "max_recursive_iterations")
    return _SRID.sub(r"ST_GeomFromText('POINT(\1 \2)',4326)", statement.replace(" SRID 4326", ""))


def hostile(server: LabServer, only: str = "") -> Iterator[str]:
    """Statements that make and fill the hostile tables that both vendors can have."""
    for statement in values.statements():
        if "gb18030" not in statement and statement.lstrip().startswith(only):
            yield spoken(server, statement)


# -- moving


async def table_there(server: Server, schema: str, name: str) -> Table:
    """What the server tells of a table."""
    (found,) = (await inspect(server, patterns(f"{schema}.{name}"))).tables
    return found


def read_as(table: Table) -> Rows:
    """What is read of a table by its key."""
    columns = {column.name: column for column in table.columns}
    key = ddl.usable_key(table)
    return Rows(
        table.name,
        tuple(column for column in table.columns if not column.generated),
        tuple(columns[part.column] for part in key.parts) if key else (),
        key.name if key else "",
    )


class Both:
    """A table on both servers, ready to move."""

    def __init__(self, source: Server, target: Server, mine: Rows, theirs: Rows, local_infile: bool) -> None:
        self.source, self.target = source, target
        self.mine, self.theirs = mine, theirs
        self._local_infile = local_infile
        self._key = LedgerKey(PLAN, f"load:{theirs.table}", theirs.table)

    @classmethod
    async def of(cls, source: Server, target: Server, here: TableName, there: TableName, local_infile: bool) -> Both:
        """The table `here`, as it is there; a table without a usable key is read whole."""
        mine = read_as(await table_there(source, here.schema, here.name))
        told = {column.name: column for column in (await table_there(target, there.schema, there.name)).columns}
        theirs = Rows(
            there,
            tuple(told[column.name] for column in mine.columns),
            tuple(told[column.name] for column in mine.key),
            mine.index,
        )
        async with target.session("write") as session:
            await session.execute(ledger_table(there).create())
        return cls(source, target, mine, theirs, local_infile)

    async def move(self, limit: int) -> None:
        """In chunks of `limit` rows, or whole where nothing cuts the table."""
        async with self.source.session("read") as reading, self.target.session("write") as writing:
            packet = int((await self.target.variables())["max_allowed_packet"])
            reader, writer = MysqlReader(reading), MysqlWriter(writing, TAG, self._local_infile, packet)
            if self.mine.key:
                for span in spans(await bounds(reader, self.mine, limit)):
                    payload = await reader.read(self.mine, span, writer.layouts, MANY, MANY)
                    assert await writer.write(self.theirs, payload, self._key, "transactional")
            else:

                async def payloads() -> AsyncIterator[Payload]:
                    async for payload in reader.stream(self.mine, writer.layouts, limit):
                        yield payload

                assert await writer.write_whole(self.theirs, payloads(), self._key)

    async def sums(self) -> tuple[Checksum, Checksum]:
        """Of both sides."""
        async with self.source.session("read") as left, self.target.session("read") as right:
            return (
                await MysqlReader(left).checksum(self.mine, Span()),
                await MysqlReader(right).checksum(self.theirs, Span()),
            )


async def moved_exactly(
    pair: tuple[LabServer, LabServer],
    here: TableName,
    there: TableName,
    local_infile: bool,
    meanings: Sequence[str] = (),
) -> None:
    """Move a table, and prove it: by the sums, and by every value, asked of the servers without migrate.

    Of columns in `meanings` the text is compared.
    """
    as_told: dict[str, Callable[[str], str]] = dict.fromkeys(meanings, str)
    async with connected(pair[0]) as source, connected(pair[1]) as target:
        both = await Both.of(source, target, here, there, local_infile)
        await both.move(1000)
        mine, theirs = await both.sums()
    wanted = equality.rows(pair[0], here.schema, here.name, meanings=as_told)
    assert equality.rows(pair[1], there.schema, there.name, meanings=as_told) == wanted
    assert mine == theirs
    assert mine.rows == len(wanted) > 0


async def test_hostile_values_of_every_type_arrive_and_sum_up_the_same(
    pair: tuple[LabServer, LabServer], local_infile: bool, fresh_schemas: FreshSchemas
) -> None:
    here, there = pair
    schema, goal = fresh_schemas("rows", here), fresh_schemas("rows_to", there)
    values.fill(here, schema, hostile(here))
    run(there, goal, *hostile(there, "CREATE"))
    if here.vendor != there.vendor == "mariadb":
        client.rows(here, f"UPDATE {schema}.numbers SET f = 0, f5 = 0, o = 0, o5 = 0 WHERE id = 0")  # no -0 there
    tables = equality.tables(here, schema)
    assert len(tables) == 5 + len(values.CHARSETS)
    for table in tables:
        texts = ("j", "k") if table == "jsons" else ()
        await moved_exactly(pair, TableName(schema, table), TableName(goal, table), local_infile, texts)
