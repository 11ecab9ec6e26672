"""Rows between MySQL and MariaDB, and between versions of them: every value arrives as it was, and sums up the same."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import pytest
from msgspec.structs import replace

from migrate.engines.base import Checksum, LedgerKey, Payload, Rows, Span
from migrate.engines.mysql import keys
from migrate.engines.mysql.connect import Server
from migrate.engines.mysql.inspect import inspect
from migrate.engines.mysql.ledger import ledger_table
from migrate.engines.mysql.rows import MysqlReader
from migrate.engines.mysql.writing import MysqlWriter, taken
from migrate.model.table import Table, TableName
from tests.conftest import FreshSchemas
from tests.e2e import equality
from tests.e2e.hostile import values
from tests.engines.mysql_catalogs import patterns, run
from tests.engines.mysql_sessions import connected
from tests.engines.world import MANY, PLAN, TAG
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


@pytest.fixture(params=PAIRS.values(), ids=list(PAIRS))
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
    yield "ALTER DATABASE {s} CHARACTER SET utf8mb4"
    for statement in values.statements():
        if "gb18030" not in statement and statement.lstrip().startswith(only):
            yield spoken(server, statement)


# -- moving


async def table_there(server: Server, schema: str, name: str) -> Table:
    """What the server tells of a table."""
    (found,) = (await inspect(server, patterns(f"{schema}.{name}"))).tables
    return found


def read_as(table: Table, mariadb: bool = False) -> Rows:
    """What is read of a table by its key."""
    columns = {column.name: column for column in table.columns}
    key = keys.usable_key(table, mariadb)
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
    async def of(
        cls,
        source: Server,
        target: Server,
        here: TableName,
        there: TableName,
        local_infile: bool = True,
        as_there: bool = False,
    ) -> Both:
        """The table `here`, as it is there; a table without a usable key is read whole.

        `as_there`: the source lays its values out in the types that they have on the target.
        """
        mine = read_as(await table_there(source, here.schema, here.name), source.is_mariadb)
        told = {column.name: column for column in (await table_there(target, there.schema, there.name)).columns}
        if as_there:
            mine = replace(mine, columns=tuple(replace(one, type=told[one.name].type) for one in mine.columns))
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
            intake = taken({**await self.target.variables(), "local_infile": "ON" if self._local_infile else "OFF"})
            reader, writer = MysqlReader(reading), MysqlWriter(writing, TAG, intake)
            if self.mine.key:
                span = Span()
                while True:
                    payload = await reader.read(self.mine, span, writer.layouts, limit, MANY)
                    assert await writer.write(self.theirs, payload, self._key, "transactional")
                    if payload.span.upper is None:
                        break
                    span = Span(payload.span.upper)
            else:

                async def payloads() -> AsyncIterator[Payload]:
                    async for payload in reader.stream(self.mine, writer.layouts, limit):
                        yield payload

                assert await writer.write_whole(self.theirs, payloads(), self._key)

    def filtered(self, where: str) -> Both:
        """The same with a condition on what is read."""
        mine = replace(self.mine, where=where)
        return Both(self.source, self.target, mine, self.theirs, self._local_infile)

    async def sums(self) -> tuple[Checksum, Checksum]:
        """Of both sides. Digests must not be equal where these are not."""
        async with self.source.session("read") as left, self.target.session("read") as right:
            found = (
                await MysqlReader(left).checksum(self.mine, Span()),
                await MysqlReader(right).checksum(self.theirs, Span()),
            )
        mine, theirs = await self.digests()
        assert found[0] == found[1] or mine != theirs or not mine
        return found

    async def digests(self) -> tuple[str, str]:
        """Of both sides, as one chunk; empty where there is none."""
        like = "raw0:" if self._local_infile else "insert0:"
        async with self.source.session("read") as left, self.target.session("read") as right:
            return (
                await MysqlReader(left).digest(self.mine, Span(), like),
                await MysqlReader(right).digest(self.theirs, Span(), like),
            )


async def moved_exactly(
    pair: tuple[LabServer, LabServer],
    here: TableName,
    there: TableName,
    local_infile: bool = True,
    meanings: Sequence[str] = (),
    as_there: bool = False,
    limit: int = 1000,
) -> bool:
    """Move a table, and prove it: by the sums, and by every value, asked of the servers without migrate.

    Of columns in `meanings` the text is compared. Returns whether digests prove it too.
    """
    as_told: dict[str, Callable[[str], str]] = dict.fromkeys(meanings, str)
    async with connected(pair[0]) as source, connected(pair[1]) as target:
        both = await Both.of(source, target, here, there, local_infile, as_there)
        await both.move(limit)
        mine, theirs = await both.sums()
        digests = await both.digests()
    wanted = equality.rows(pair[0], here.schema, here.name, meanings=as_told)
    assert equality.rows(pair[1], there.schema, there.name, meanings=as_told) == wanted
    assert mine == theirs
    assert mine.rows == len(wanted) > 0
    return digests[0] == digests[1]


async def test_hostile_values_of_every_type_arrive_and_sum_up_the_same(
    pair: tuple[LabServer, LabServer], local_infile: bool, fresh_schemas: FreshSchemas
) -> None:
    here, there = pair
    schema, goal = fresh_schemas("rows", here), fresh_schemas("rows_to", there)
    run(here, schema, *hostile(here))
    made = hostile(there, "CREATE")
    if here.vendor == "mariadb":  # its JSON is text, and stays text
        made = (re.sub(r"\bJSON\b", "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", each) for each in made)
    run(there, goal, *made)
    if here.vendor != there.vendor == "mariadb":
        client.rows(here, f"UPDATE {schema}.numbers SET f = 0, f5 = 0, o = 0, o5 = 0 WHERE id = 0")  # no -0 there
    tables = equality.tables(here, schema)
    assert len(tables) == 5 + len(values.CHARSETS)
    for table in tables:
        texts = ("j", "k") if table == "jsons" else ()
        proven = await moved_exactly(pair, TableName(schema, table), TableName(goal, table), local_infile, texts)
        # Others print doubles otherwise, and documents have no size of their own.
        both_mariadb = here.vendor == there.vendor == "mariadb"
        assert proven or (table in ("numbers", "jsons") and not both_mariadb)


@pytest.mark.parametrize("key", ["id INT AUTO_INCREMENT PRIMARY KEY", "k INT NULL"], ids=["with a key", "keyless"])
async def test_values_that_hold_every_delimiter_arrive(
    key: str, pair: tuple[LabServer, LabServer], local_infile: bool, fresh_schemas: FreshSchemas
) -> None:
    here, there = pair
    schema, goal = fresh_schemas("rows", here), fresh_schemas("rows_to", there)
    made = [statement.replace("j JSON", "j LONGTEXT") for statement in values.marked(key)]
    run(here, schema, "ALTER DATABASE {s} CHARACTER SET utf8mb4", *made)
    run(there, goal, "ALTER DATABASE {s} CHARACTER SET utf8mb4", made[0])
    await moved_exactly(pair, TableName(schema, "marked"), TableName(goal, "marked"), local_infile, limit=4)


async def test_rows_of_many_mebibytes_arrive(
    pair: tuple[LabServer, LabServer], local_infile: bool, fresh_schemas: FreshSchemas
) -> None:
    here, there = pair
    schema, goal = fresh_schemas("rows", here), fresh_schemas("rows_to", there)
    made = "CREATE TABLE large (id INT PRIMARY KEY, b LONGBLOB, t LONGTEXT CHARACTER SET utf8mb4, n INT)"
    run(
        here,
        schema,
        made,
        "INSERT INTO large VALUES (1,REPEAT(x'1f021e030a5c00ff',1048576),NULL,1)",  # 8 MiB
        "INSERT INTO large VALUES (2,NULL,REPEAT('한😀x',800000),NULL)",
        "INSERT INTO large SELECT 10+id,REPEAT(x'00ff',35000),REPEAT('\\\\',65536),id FROM large",
    )
    run(there, goal, made)
    await moved_exactly(pair, TableName(schema, "large"), TableName(goal, "large"), local_infile)


ADDRESSES = """
INSERT INTO t VALUES (1,'123e4567-e89b-12d3-a456-426655440000','::1','1.2.3.4'),
  (2,'00000000-0000-0000-0000-000000000000','::','0.0.0.0'),(3,NULL,NULL,NULL),
  (4,'ffffffff-ffff-ffff-ffff-ffffffffffff','2001:db8::ff00:42:8329','255.255.255.255'),
  (5,'6ccd780c-baba-1026-9564-5b8c656024db','::ffff:192.0.2.1','127.0.0.1')"""
NATIVE = "u UUID, six INET6, four INET4"
AS_TEXT = "u CHAR(36) CHARACTER SET ascii, six VARCHAR(45) CHARACTER SET ascii, four VARCHAR(15) CHARACTER SET ascii"


async def test_uuids_and_addresses_arrive_as_themselves_or_as_text(
    maria10: LabServer, maria11: LabServer, new: LabServer, local_infile: bool, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("rows", maria10, maria11, new)
    same, text = f"{schema}_same", f"{schema}_text"
    run(maria10, schema, f"CREATE TABLE t (id INT PRIMARY KEY, {NATIVE})", ADDRESSES)
    run(maria11, schema, f"CREATE TABLE {same} (id INT PRIMARY KEY, {NATIVE})")
    for server, table, columns in ((maria11, same, NATIVE), (maria11, text, AS_TEXT), (new, text, AS_TEXT)):
        run(server, schema, f"CREATE TABLE IF NOT EXISTS {table} (id INT PRIMARY KEY, {columns})")
        here, there = TableName(schema, "t"), TableName(schema, table)
        await moved_exactly((maria10, server), here, there, local_infile, ("u", "six", "four"))
    told = client.rows(new, f"SELECT * FROM {schema}.{text} WHERE id = 5")
    assert told == [(5, "6ccd780c-baba-1026-9564-5b8c656024db", "::ffff:192.0.2.1", "127.0.0.1")]


VECTORS = "INSERT INTO t VALUES (1,x'0000803F0000004000004040'),(2,x'000000000000008000008000'),(3,NULL)"


@pytest.mark.parametrize("names", [("new", "maria11"), ("maria11", "new")], ids=["9.7 to 11.8", "11.8 to 9.7"])
async def test_vectors_arrive_as_their_bytes(
    names: tuple[str, str], local_infile: bool, fresh_schemas: FreshSchemas, request: pytest.FixtureRequest
) -> None:
    here, there = (request.getfixturevalue(name) for name in names)
    schema = fresh_schemas("rows", here, there)
    run(here, schema, "CREATE TABLE t (id INT PRIMARY KEY, v VECTOR(3))", VECTORS)
    run(there, schema, "CREATE TABLE t (id INT PRIMARY KEY, v VECTOR(3))")
    name = TableName(schema, "t")
    async with connected(here) as left, connected(there) as right:
        both = await Both.of(left, right, name, name, local_infile)
        await both.move(2)
        mine, theirs = await both.sums()
    assert mine == theirs
    hexed = [("0000803F0000004000004040",), ("000000000000008000008000",), (None,)]
    assert client.rows(there, f"SELECT HEX(v) FROM {schema}.t ORDER BY id") == hexed


async def test_a_zero_with_a_sign_which_mariadb_cannot_hold_is_no_equal_value(
    source: LabServer, maria11: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("rows", source, maria11)
    for server in (source, maria11):
        run(server, schema, "CREATE TABLE t (id INT PRIMARY KEY, d DOUBLE, f FLOAT)")
    run(source, schema, "INSERT INTO t VALUES (1,'-0',1.5),(2,2.5,'-0')")
    async with connected(source) as here, connected(maria11) as there:
        both = await Both.of(here, there, TableName(schema, "t"), TableName(schema, "t"))
        await both.move(10)
        mine, theirs = await both.sums()
        assert (mine.rows, theirs.rows) == (2, 2)
        assert mine.sum != theirs.sum
        run(source, schema, "UPDATE t SET d = 0 WHERE id = 1", "UPDATE t SET f = 0 WHERE id = 2")
        assert await both.sums() == (theirs, theirs)


async def test_json_that_becomes_text_sums_up_the_same_and_a_typed_value_in_it_shows_unless_text_was_wanted(
    source: LabServer, maria11: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("rows", source, maria11)
    run(
        source,
        schema,
        "CREATE TABLE t (id INT PRIMARY KEY, j JSON)",
        """INSERT INTO t VALUES (1,'{"b": 1.0, "a": []}')""",
    )
    run(maria11, schema, "CREATE TABLE t (id INT PRIMARY KEY, j JSON)")
    here, there = TableName(schema, "t"), TableName(schema, "t")
    await moved_exactly((source, maria11), here, there, meanings=("j",))
    assert client.rows(maria11, f"SELECT j FROM {schema}.t") == [('{"a": [], "b": 1.0}',)]
    run(maria11, schema, "TRUNCATE TABLE t", "DROP TABLE _migrate_ledger")
    run(source, schema, "INSERT INTO t VALUES (2,JSON_OBJECT('day',CURRENT_DATE))")
    async with connected(source) as left, connected(maria11) as right:
        both = await Both.of(left, right, here, there)
        await both.move(10)
        mine, theirs = await both.sums()
        assert mine != theirs, "a DATE arrived as a string"
        both = await Both.of(left, right, here, there, as_there=True)
        assert await both.sums() == (theirs, theirs)


GB18030 = ("中文", "a\\\\b\\'\\n", "", "é한", "\U00020087")
"""As literals."""


@pytest.mark.parametrize(("charset", "whole"), [("utf8mb4", True), ("latin1", False)])
async def test_text_in_a_character_set_that_the_target_lacks_is_converted_and_what_is_lost_shows(
    charset: str, whole: bool, source: LabServer, maria10: LabServer, local_infile: bool, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("rows", source, maria10)
    made = "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20), l TEXT) CHARACTER SET "
    run(source, schema, f"{made} gb18030", *(f"INSERT INTO t (v,l) VALUES ('{text}','{text}')" for text in GB18030))
    run(maria10, schema, f"{made} {charset}")
    name = TableName(schema, "t")
    async with connected(source) as left, connected(maria10) as right:
        both = await Both.of(left, right, name, name, local_infile, as_there=True)
        await both.move(2)
        mine, theirs = await both.sums()
    assert (mine == theirs) is whole
    asked = f"SELECT v,l FROM {schema}.t ORDER BY id"
    here, there = client.rows(source, asked), client.rows(maria10, asked)
    assert (here == there) is whole
    assert here[0] == ("中文", "中文")
    assert there[0] == (("中文", "中文") if whole else ("??", "??"))
