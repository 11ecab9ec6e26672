"""A schema of Hive tables as one meets them: formats, partitions and names of every kind, files that are no data."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e.command import Migrate
from tests.lab.lake import Lake
from tests.lake.moves.world import World, quoted, text

VALUES = (
    "2024-01-01",
    "a:b",
    "x/y",
    "5%",
    "k=v",
    "it's",
    "a#b",
    "a b",
    " lead",
    "%3A",
    "[x]{y}^",
    'q"q',
    "a\\b?*",
)
PARTITIONS = 500
NAMES = ("select", "with space", 'q"uote', "it's", "a`b", "a.b", "a%b", "$dollar", "a?b", "order by 1; --", "UPPER")
FORMATS = ("PARQUET", "ORC", "AVRO", "TEXTFILE", "JSON", "RCBINARY", "SEQUENCEFILE")
TYPES = """\
b boolean, i8 tinyint, i16 smallint, i32 integer, i64 bigint, r real, f double, d decimal(38,10), e decimal(5,0),
v varchar, w varchar(10), c char(7), y date, t timestamp(3)"""
VALUES_OF_TYPES = """\
(true, TINYINT '-128', SMALLINT '32767', -2147483648, 9223372036854775807, REAL '1.5', 1e300,
 DECIMAL '1234567890123456789012345678.0123456789', DECIMAL '-99999', '한국어 "q" ''s'' \\ \t|,', 'ten', 'ab',
 DATE '1969-12-31', TIMESTAMP '2024-02-29 23:59:59.123'),
(false, TINYINT '0', SMALLINT '-1', 0, 0, REAL '-0.25', 0e0, DECIMAL '0', DECIMAL '1', '', '', ' x',
 DATE '2400-01-01', TIMESTAMP '1970-01-01 00:00:00.000'),
(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"""
AVRO_TYPES = TYPES.replace("i8 tinyint", "i8 integer").replace("i16 smallint", "i16 integer")


def fill(lake: Lake, schema: str) -> None:
    """Make all of it in this schema, some tables at a time."""
    world = World(lake, Migrate(Path()), schema, "", lake.target)
    tables = (
        *(lambda one=one: _format(world, one) for one in FORMATS),
        *(lambda one=one, n=n: _named(world, n, one) for n, one in enumerate(NAMES)),
        *(
            lambda make=make: make(world)
            for make in (_hostile, _nested, _csv, _many, _irregular, _bucketed, _empty, _junk)
        ),
    )
    with ThreadPoolExecutor(4) as pool:
        for one in [pool.submit(make) for make in tables]:
            one.result()
    world.source("CREATE VIEW {s}.seen AS SELECT id, DECIMAL '1.10' AS price, \"p 1\" FROM {s}.hostile WHERE id > 1")
    world.source("CREATE VIEW {s}.\"seen twice\" COMMENT 'of a ''view''' AS SELECT price FROM {s}.seen")


def _format(world: World, form: str) -> None:
    name = f"f_{form.lower()}"
    types = AVRO_TYPES if form == "AVRO" else TYPES
    world.source(f"CREATE TABLE {{s}}.{name} ({types}) WITH (format = '{form}', external_location = '{{at}}/{name}')")
    world.source(f"INSERT INTO {{s}}.{name} VALUES {VALUES_OF_TYPES}")


def _named(world: World, number: int, name: str) -> None:
    world.source(
        f"CREATE TABLE {{s}}.{quoted(name)} WITH (external_location = '{{at}}/named{number}') AS SELECT {number} n"
    )


def _hostile(world: World) -> None:
    world.source(
        "CREATE TABLE {s}.hostile (id bigint COMMENT 'it''s \"q\" \\ ; --', \"p 1\" varchar, day date, n integer)"
        " COMMENT 'a ''comment''; \"x\"'"
        " WITH (partitioned_by = ARRAY['p 1', 'day', 'n'], external_location = '{at}/hostile')"
    )
    rows = [f"({n}, {text(value)}, DATE '2024-01-{n + 1:02}', {n})" for n, value in enumerate(VALUES)]
    rows += ["(100, NULL, DATE '2024-01-01', 1)", "(101, 'x', NULL, NULL)", "(102, NULL, NULL, NULL)"]
    world.source(f"INSERT INTO {{s}}.hostile VALUES {', '.join(rows)}")


def _nested(world: World) -> None:
    world.source(
        'CREATE TABLE {s}.nested (a array(row(x integer, "y z" varchar(5))), m map(varchar, array(decimal(10,2))),'
        ' r row("from" timestamp(3), s row(t char(3))), p varchar)'
        " WITH (format = 'ORC', partitioned_by = ARRAY['p'], external_location = '{at}/nested')"
    )
    world.source(
        "INSERT INTO {s}.nested VALUES (ARRAY[ROW(1, 'a'), NULL], MAP(ARRAY['k'], ARRAY[ARRAY[DECIMAL '1.10', NULL]]),"
        " ROW(TIMESTAMP '2024-01-01 00:00:00.001', ROW(CAST('ab' AS char(3)))), 'p1'), (NULL, NULL, NULL, 'p2'),"
        " (ARRAY[], MAP(), ROW(NULL, NULL), 'p2')"
    )


def _csv(world: World) -> None:
    world.put("csv/a.csv", b'id,"name"\r\n1,"a,b"\r\n2,"q""q"\r\n3,\r\n')
    world.put("csv/b.csv", "id,name\n4,한국어\n".encode())
    world.source(
        "CREATE TABLE {s}.csv (id varchar, name varchar)"
        " WITH (format = 'CSV', skip_header_line_count = 1, csv_separator = ',', external_location = '{at}/csv')"
    )


def _many(world: World) -> None:
    world.source(
        "CREATE TABLE {s}.many (id bigint, v varchar, p integer) WITH (format = 'TEXTFILE',"
        " textfile_field_separator = '|', partitioned_by = ARRAY['p'], external_location = '{at}/many')"
    )
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: world.put(f"many/p={n}/f", f"{n}|v{n}\n{n}|w\n".encode()), range(PARTITIONS)))
    world.source(f"CALL hive.system.sync_partition_metadata('{world.schema}', 'many', 'ADD')")


def _irregular(world: World) -> None:
    world.source(
        "CREATE TABLE {s}.irregular (id bigint, p varchar) WITH (format = 'TEXTFILE', partitioned_by = ARRAY['p'],"
        " external_location = '{at}/irregular')"
    )
    for value, key in (("usual", "irregular/p=usual"), ("far", "elsewhere/far off"), ("also/here", "elsewhere/2")):
        world.put(f"{key}/f", f"{len(value)}\n".encode())
        register(world, "irregular", value, key)


def register(world: World, table: str, value: str, key: str) -> None:
    """Have the source show a partition at a location of its own."""
    world.source(
        f"CALL hive.system.register_partition('{world.schema}', '{table}', ARRAY['p'], ARRAY[{text(value)}],"
        f" '{{at}}/{key}')"
    )


def _bucketed(world: World) -> None:
    world.source(
        "CREATE TABLE {s}.bucketed (id bigint, v varchar, p varchar) WITH (format = 'ORC', bucketed_by = ARRAY['id'],"
        " bucket_count = 4, sorted_by = ARRAY['v'], partitioned_by = ARRAY['p'], external_location = '{at}/bucketed')"
    )
    world.source(
        "INSERT INTO {s}.bucketed SELECT nationkey, name, 'r' || CAST(regionkey AS varchar) FROM tpch.tiny.nation"
    )


def _empty(world: World) -> None:
    world.source("CREATE TABLE {s}.empty (id bigint, v varchar) WITH (external_location = '{at}/empty')")
    world.source("CREATE TABLE {s}.managed (id bigint, p varchar) WITH (partitioned_by = ARRAY['p'])")
    world.source("INSERT INTO {s}.managed VALUES (1, 'a'), (2, 'b')")
    world.source(
        "CREATE TABLE {s}.hollow (id bigint, p varchar) WITH (partitioned_by = ARRAY['p'],"
        " external_location = '{at}/hollow')"
    )
    world.source("INSERT INTO {s}.hollow VALUES (1, 'full')")
    world.source(f"CALL hive.system.create_empty_partition('{world.schema}', 'hollow', ARRAY['p'], ARRAY['none'])")


def _junk(world: World) -> None:
    world.source(
        "CREATE TABLE {s}.junk (id bigint, p varchar) WITH (format = 'TEXTFILE', partitioned_by = ARRAY['p'],"
        " external_location = '{at}/junk')"
    )
    for key in ("p=a/f", "p=b/f"):
        world.put(f"junk/{key}", b"1\n2\n")
    for key in ("_SUCCESS", ".hive-staging_1/f", "p=a/_SUCCESS", "p=b/.f.crc", "p=b/_temporary/0/f", "p=a_$folder$"):
        world.put(f"junk/{key}", b"junk")
    for key in ("p=a/", "p=b/"):
        world.put(f"junk/{key}", b"")
    world.source(f"CALL hive.system.sync_partition_metadata('{world.schema}', 'junk', 'ADD')")
