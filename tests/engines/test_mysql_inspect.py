"""What inspect, definitions and measure tell of real servers, exactly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from migrate.engines.base import Rows
from migrate.engines.mysql.connect import Server, literal
from migrate.engines.mysql.inspect import definitions, inspect, measure
from migrate.errors import ServerError
from migrate.model.pattern import Pattern, parse_pattern
from migrate.model.plan import EndpointRef
from migrate.model.table import (
    Catalog,
    Check,
    Column,
    ForeignKey,
    Index,
    IndexPart,
    Partition,
    Partitioning,
    Schema,
    Statistics,
    Storage,
    Table,
    TableName,
)
from migrate.model.types import (
    Binary,
    Bit,
    Decimal,
    Enum,
    Float,
    Geometry,
    Integer,
    Json,
    NeutralType,
    Set,
    Temporal,
    Text,
)
from migrate.sql import quote
from tests.conftest import FreshSchemas
from tests.lab import Lab, client
from tests.lab import Server as LabServer

CHARSET, COLLATION = "utf8mb4", "utf8mb4_0900_ai_ci"
INNODB = Storage(engine="InnoDB", transactional=True, row_format="Dynamic", charset=CHARSET, collation=COLLATION)


@pytest.fixture(params=["source", "old"], ids=["8.0.33", "8.0.12"])
def any_server(request: pytest.FixtureRequest, lab: Lab) -> LabServer:
    return lab.servers[request.param]


def is_old(server: LabServer) -> bool:
    return server.version == "8.0.12"


@asynccontextmanager
async def connected(server: LabServer, **changes: str) -> AsyncIterator[Server]:
    user, password = changes.get("user", server.user), changes.get("password", server.password)
    opened = Server("old", EndpointRef("mysql", server.host, server.port, user, password), slots=3)
    try:
        yield opened
    finally:
        await opened.close()


def patterns(*texts: str) -> tuple[Pattern, ...]:
    return tuple(parse_pattern(f"old:{text}") for text in texts)


async def catalog_of(server: LabServer, *texts: str) -> Catalog:
    async with connected(server) as opened:
        return await inspect(opened, patterns(*texts))


async def table_of(server: LabServer, schema: str, *statements: str, name: str = "t") -> Table:
    """The table `name` after these statements, each with `{s}` for the schema."""
    run(server, schema, *statements)
    (table,) = (await catalog_of(server, f"{quote(schema)}.{quote(name)}")).tables
    return table


def run(server: LabServer, schema: str, *statements: str) -> None:
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement.replace("{s}", schema))


def column(name: str, native: str, kind: NeutralType, **more: object) -> Column:
    if isinstance(kind, Text | Enum | Set) and "charset" not in more:
        more = {"charset": CHARSET, "collation": COLLATION, **more}
    return Column(name, native, kind, **more)  # type: ignore[arg-type]  # fields of Column, compared below


INT, TEXT = Integer(32), Text(CHARSET)


def int_(server: LabServer) -> str:
    return "int(11)" if is_old(server) else "int"


# -- columns


async def test_every_type_of_column_is_read(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", any_server)
    table = await table_of(
        any_server,
        schema,
        r"""CREATE TABLE t (
            t1 TINYINT, t2 SMALLINT UNSIGNED, t3 MEDIUMINT(7) ZEROFILL, t4 INT, t5 BIGINT UNSIGNED, t6 TINYINT(1),
            d1 DECIMAL(65,30), d2 DECIMAL UNSIGNED, f1 FLOAT, f2 FLOAT(7,3), f3 DOUBLE, b1 BIT, b64 BIT(64),
            c1 CHAR(3) CHARACTER SET latin1, c2 VARCHAR(20), c3 TEXT, c4 TINYTEXT CHARACTER SET ucs2,
            c5 CHAR(4) CHARACTER SET binary, c6 TEXT CHARACTER SET binary, c7 CHAR(2) COLLATE utf8mb4_bin,
            y1 BINARY(2), y2 VARBINARY(300), y3 TINYBLOB, y4 LONGBLOB,
            a1 DATE, a2 TIME(6), a3 DATETIME(3), a4 TIMESTAMP NULL, a5 YEAR, j JSON,
            e ENUM('a''b','c,d','e\\f','g\nh','') NOT NULL DEFAULT 'c,d', s SET('x','y z') NOT NULL,
            g1 GEOMETRY, g2 POINT SRID 4326, g3 GEOMETRYCOLLECTION)""",
    )
    old = is_old(any_server)
    assert table.columns == (
        column("t1", "tinyint(4)" if old else "tinyint", Integer(8)),
        column("t2", "smallint(5) unsigned" if old else "smallint unsigned", Integer(16, signed=False)),
        column("t3", "mediumint(7) unsigned zerofill", Integer(24, signed=False)),
        column("t4", int_(any_server), INT),
        column("t5", "bigint(20) unsigned" if old else "bigint unsigned", Integer(64, signed=False)),
        column("t6", "tinyint(1)", Integer(8)),
        column("d1", "decimal(65,30)", Decimal(65, 30)),
        column("d2", "decimal(10,0) unsigned", Decimal(10, 0)),
        column("f1", "float", Float(32)),
        column("f2", "float(7,3)", Float(32)),
        column("f3", "double", Float(64)),
        column("b1", "bit(1)", Bit(1)),
        column("b64", "bit(64)", Bit(64)),
        column("c1", "char(3)", Text("latin1", 3, fixed=True), charset="latin1", collation="latin1_swedish_ci"),
        column("c2", "varchar(20)", Text(CHARSET, 20)),
        column("c3", "text", TEXT),
        column("c4", "tinytext", Text("ucs2"), charset="ucs2", collation="ucs2_general_ci"),
        column("c5", "binary(4)", Binary(4, fixed=True)),
        column("c6", "blob", Binary(65_535)),
        column("c7", "char(2)", Text(CHARSET, 2, fixed=True), charset=CHARSET, collation="utf8mb4_bin"),
        column("y1", "binary(2)", Binary(2, fixed=True)),
        column("y2", "varbinary(300)", Binary(300)),
        column("y3", "tinyblob", Binary(255)),
        column("y4", "longblob", Binary(4_294_967_295)),
        column("a1", "date", Temporal("date")),
        column("a2", "time(6)", Temporal("time", 6)),
        column("a3", "datetime(3)", Temporal("datetime", 3)),
        column("a4", "timestamp", Temporal("timestamp")),
        column("a5", "year(4)" if old else "year", Temporal("year")),
        column("j", "json", Json()),
        column(
            "e",
            r"enum('a''b','c,d','e\\f','g\nh','')",
            Enum(("a'b", "c,d", "e\\f", "g\nh", "")),
            nullable=False,
            default="c,d",
        ),
        column("s", "set('x','y z')", Set(("x", "y z")), nullable=False),
        column("g1", "geometry", Geometry("geometry")),
        column("g2", "point", Geometry("point"), srid=4326),
        column("g3", "geomcollection", Geometry("geometrycollection")),
    )


async def test_defaults_tell_nothing_null_empty_and_now_apart(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_server)
    table = await table_of(
        any_server,
        schema,
        r"""CREATE TABLE t (
            a VARCHAR(30), b VARCHAR(30) DEFAULT NULL, c VARCHAR(30) DEFAULT '', d VARCHAR(30) DEFAULT 'NULL',
            e VARCHAR(30) DEFAULT 'CURRENT_TIMESTAMP', f VARCHAR(30) NOT NULL, g VARCHAR(30) DEFAULT 'it''s \\ \n "한',
            h BIT(5) DEFAULT b'101', i BINARY(4) DEFAULT 'ab', j DECIMAL(5,2) DEFAULT 1, k INT DEFAULT -5,
            l TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
            m DATETIME DEFAULT CURRENT_TIMESTAMP, n DATETIME ON UPDATE CURRENT_TIMESTAMP,
            o DATETIME DEFAULT '2020-01-01 00:00:00')""",
    )
    told = {c.name: (c.nullable, c.default, c.default_is_expression, c.on_update) for c in table.columns}
    assert told == {
        "a": (True, None, False, ""),
        "b": (True, None, False, ""),
        "c": (True, "", False, ""),
        "d": (True, "NULL", False, ""),
        "e": (True, "CURRENT_TIMESTAMP", False, ""),
        "f": (False, None, False, ""),
        "g": (True, "it's \\ \n \"한글", False, ""),
        "h": (True, "b'101'", False, ""),
        "i": (True, "0x6162", False, ""),
        "j": (True, "1.00", False, ""),
        "k": (True, "-5", False, ""),
        "l": (False, "CURRENT_TIMESTAMP(6)", True, "CURRENT_TIMESTAMP(6)"),
        "m": (True, "CURRENT_TIMESTAMP", True, ""),
        "n": (True, None, False, "CURRENT_TIMESTAMP"),
        "o": (True, "2020-01-01 00:00:00", False, ""),
    }


async def test_expression_defaults_and_invisible_columns_of_newer_servers(
    source: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", source)
    table = await table_of(
        source,
        schema,
        "CREATE TABLE t (a JSON DEFAULT (JSON_ARRAY('a''b')), b INT DEFAULT (1 + 1) INVISIBLE,"
        " `한글` VARCHAR(9) DEFAULT (CONCAT('é','한')))",
    )
    assert table.columns == (
        column("a", "json", Json(), default=r"json_array(_utf8mb4\'a\\\'b\')", default_is_expression=True),
        column("b", "int", INT, default="(1 + 1)", default_is_expression=True, invisible=True),
        column(
            "한글",
            "varchar(9)",
            Text(CHARSET, 9),
            default=r"concat(_utf8mb4\'é\',_utf8mb4\'한\')",
            default_is_expression=True,
        ),
    )


async def test_a_generated_invisible_primary_key_is_seen(source: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", source)
    with client.connect(source, root=True, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_generate_invisible_primary_key=ON")
        cursor.execute("CREATE TABLE t (a INT)")
    table = await table_of(source, schema)
    assert table.columns[0] == column(
        "my_row_id", "bigint unsigned", Integer(64, signed=False), nullable=False, auto_increment=True, invisible=True
    )
    assert [index.kind for index in table.indexes] == ["primary"]


async def test_generated_columns_tell_their_expression_and_whether_they_are_stored(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_server)
    table = await table_of(
        any_server,
        schema,
        "CREATE TABLE t (`a.b` INT, v INT AS (`a.b`+1), st VARCHAR(9) AS (CONCAT('a''b','é한')) STORED NOT NULL,"
        " ts TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
    )
    told = [(c.generated, c.stored, c.default, c.nullable) for c in table.columns]
    assert told == [
        ("", False, None, True),
        ("(`a.b` + 1)", False, None, True),
        (r"concat(_utf8mb4\'a\\\'b\',_utf8mb4\'é한\')", True, None, False),
        ("", False, "CURRENT_TIMESTAMP", True),
    ]


async def test_names_and_comments_of_any_letters_are_exact(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", any_server)
    names = ("a``b", "select", "한글", "%", "a.b", "a/b", "with space", "it's", 'q"q', "back\\slash")
    columns = ",".join(f"`{name}` INT COMMENT 'c\\n''q\"\\\\ 한글 %s'" for name in names)
    for name in names:
        run(any_server, schema, f"CREATE TABLE `{name}` ({columns}) COMMENT 't\\n''q\"\\\\ 한글 %s'")
    catalog = await catalog_of(any_server, f"{schema}.*")
    expected = [name.replace("``", "`") for name in names]
    assert [table.name.name for table in catalog.tables] == sorted(expected)
    for table in catalog.tables:
        assert table.comment == "t\n'q\"\\ 한글 %s"
        assert [(c.name, c.comment) for c in table.columns] == [(name, "c\n'q\"\\ 한글 %s") for name in expected]
        (alone,) = (await catalog_of(any_server, f"{schema}.{quote(table.name.name)}")).tables
        assert alone == table


# -- indexes


async def test_indexes_of_every_kind(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", any_server)
    table = await table_of(
        any_server,
        schema,
        "CREATE TABLE t (b INT NOT NULL, a INT NOT NULL, c VARCHAR(100), d TEXT, e TEXT, p POINT NOT NULL SRID 4326,"
        " PRIMARY KEY (b, a), UNIQUE KEY `z%u` (c(5)), KEY hidden (a) INVISIBLE,"
        " KEY `down` (a DESC, c(10), b) COMMENT 'i''c 한글', FULLTEXT KEY words (d, e), SPATIAL KEY place (p))",
    )
    assert table.indexes == (
        Index("PRIMARY", "primary", (IndexPart("b"), IndexPart("a")), "BTREE"),
        Index(
            "down",
            "plain",
            (IndexPart("a", descending=True), IndexPart("c", prefix=10), IndexPart("b")),
            "BTREE",
            comment="i'c 한글",
        ),
        Index("hidden", "plain", (IndexPart("a"),), "BTREE", visible=False),
        Index("place", "spatial", (IndexPart("p"),)),
        Index("words", "fulltext", (IndexPart("d"), IndexPart("e"))),
        Index("z%u", "unique", (IndexPart("c", prefix=5),), "BTREE"),
    )


async def test_functional_indexes_tell_their_expressions_and_hide_their_columns(
    source: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", source)
    table = await table_of(
        source,
        schema,
        "CREATE TABLE t (a INT, b VARCHAR(9), KEY f ((LOWER(b)), a, (a * 2) DESC), UNIQUE KEY g ((CONCAT(b,'é'))))",
    )
    assert [c.name for c in table.columns] == ["a", "b"]
    assert table.indexes == (
        Index(
            "f",
            "plain",
            (IndexPart(expression="lower(`b`)"), IndexPart("a"), IndexPart(expression="(`a` * 2)", descending=True)),
            "BTREE",
        ),
        Index("g", "unique", (IndexPart(expression=r"concat(`b`,_utf8mb4\'é\')"),), "BTREE"),
    )


async def test_hash_and_btree_of_a_memory_table_are_told_apart(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_server)
    table = await table_of(any_server, schema, "CREATE TABLE t (a INT, KEY h (a), KEY b (a) USING BTREE) ENGINE=MEMORY")
    assert [(index.name, index.method) for index in table.indexes] == [("b", "BTREE"), ("h", "HASH")]
    assert table.storage == Storage("MEMORY", False, "Fixed", CHARSET, COLLATION)


# -- constraints


async def test_foreign_keys_to_itself_and_to_another_schema(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema, other = fresh_schemas("insp", any_server), fresh_schemas("inspfar", any_server)
    table = await table_of(
        any_server,
        schema,
        f"CREATE TABLE {other}.`f``ar` (x INT, y INT, z INT, PRIMARY KEY (y, x), UNIQUE (z, x))",
        f"CREATE TABLE t (id INT PRIMARY KEY, up INT, a INT, b INT,"
        f" CONSTRAINT z_self FOREIGN KEY (up) REFERENCES t (id) ON DELETE CASCADE,"
        f" CONSTRAINT a_far FOREIGN KEY (a, b) REFERENCES {other}.`f``ar` (y, x) ON UPDATE CASCADE ON DELETE SET NULL,"
        f" CONSTRAINT `m m` FOREIGN KEY (b, a) REFERENCES {other}.`f``ar` (z, x) ON DELETE RESTRICT)",
    )
    far = TableName(other, "f`ar")
    assert table.foreign_keys == (
        ForeignKey("a_far", ("a", "b"), far, ("y", "x"), "CASCADE", "SET NULL"),
        ForeignKey("m m", ("b", "a"), far, ("z", "x"), "NO ACTION", "RESTRICT"),
        ForeignKey("z_self", ("up",), TableName(schema, "t"), ("id",), "NO ACTION", "CASCADE"),
    )


async def test_checks_enforced_and_not(source: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", source)
    table = await table_of(
        source,
        schema,
        "CREATE TABLE t (a INT CHECK (a > 0), b VARCHAR(9), CONSTRAINT `c``k` CHECK (b <> 'x''é') NOT ENFORCED)",
        "CREATE TABLE u (a INT, CONSTRAINT other_table CHECK (a < 9))",
    )
    assert table.checks == (
        Check("c`k", r"(`b` <> _utf8mb4\'x\\\'é\')", enforced=False),
        Check("t_chk_1", "(`a` > 0)"),
    )


async def test_a_server_without_checks_tells_none(old: LabServer, fresh_schemas: FreshSchemas) -> None:
    table = await table_of(old, fresh_schemas("insp", old), "CREATE TABLE t (a INT CHECK (a > 0))")
    assert table.checks == ()


# -- partitions and storage


PARTITIONED: tuple[tuple[str, str, Partitioning], ...] = (
    (
        "a INT",
        "RANGE (a) (PARTITION p0 VALUES LESS THAN (10) COMMENT 'c''0', PARTITION `p%` VALUES LESS THAN MAXVALUE)",
        Partitioning("RANGE", "`a`", (Partition("p0", "LESS THAN (10)", "c'0"), Partition("p%", "LESS THAN MAXVALUE"))),
    ),
    (
        "a INT, b VARCHAR(5)",
        "RANGE COLUMNS (a, b) (PARTITION p VALUES LESS THAN (10,'a'), PARTITION q VALUES LESS THAN (MAXVALUE,MAXVALUE))",
        Partitioning(
            "RANGE COLUMNS",
            "`a`,`b`",
            (Partition("p", "LESS THAN (10,'a')"), Partition("q", "LESS THAN (MAXVALUE,MAXVALUE)")),
        ),
    ),
    (
        "a INT",
        "LIST (a) (PARTITION p0 VALUES IN (1,2,NULL), PARTITION p1 VALUES IN (3))",
        Partitioning("LIST", "`a`", (Partition("p0", "IN (NULL,1,2)"), Partition("p1", "IN (3)"))),
    ),
    (
        "`한글` VARCHAR(5)",
        "LIST COLUMNS (`한글`) (PARTITION `é` VALUES IN ('é','b'''))",
        Partitioning("LIST COLUMNS", "`한글`", (Partition("é", "IN ('é','b''')"),)),
    ),
    (
        "a INT",
        "LINEAR HASH (a) PARTITIONS 2",
        Partitioning("LINEAR HASH", "`a`", (Partition("p0"), Partition("p1"))),
    ),
    (
        "a INT PRIMARY KEY",
        "KEY () PARTITIONS 11",
        Partitioning("KEY", "", tuple(Partition(f"p{number}") for number in range(11))),
    ),
    (
        "d DATE",
        """RANGE (YEAR(d)) SUBPARTITION BY HASH (TO_DAYS(d)) SUBPARTITIONS 2 (
        PARTITION p0 VALUES LESS THAN (2000) (SUBPARTITION s1, SUBPARTITION s0),
        PARTITION p1 VALUES LESS THAN (2010) (SUBPARTITION s2, SUBPARTITION s3))""",
        Partitioning(
            "RANGE",
            "year(`d`)",
            (
                Partition("p0", "LESS THAN (2000)", subpartitions=("s1", "s0")),
                Partition("p1", "LESS THAN (2010)", subpartitions=("s2", "s3")),
            ),
            "HASH",
            "to_days(`d`)",
        ),
    ),
)


@pytest.mark.parametrize(
    ("columns", "by", "expected"), PARTITIONED, ids=[row[1].partition("(")[0] for row in PARTITIONED]
)
async def test_partitions_are_told_in_their_order(
    any_server: LabServer, fresh_schemas: FreshSchemas, columns: str, by: str, expected: Partitioning
) -> None:
    schema = fresh_schemas("insp", any_server)
    table = await table_of(any_server, schema, f"CREATE TABLE t ({columns}) PARTITION BY {by}")
    assert table.partitioning == expected
    assert table.storage == INNODB


async def test_storage_tells_engine_options_and_whether_rollback_works(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_server)
    run(
        any_server,
        schema,
        "CREATE TABLE plain (a INT)",
        "CREATE TABLE small (a INT) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 STATS_PERSISTENT=1",
        "CREATE TABLE press (a INT) COMPRESSION='zlib'",
        "CREATE TABLE isam (a INT) ENGINE=MyISAM CHECKSUM=1 MAX_ROWS=10 DEFAULT CHARSET=latin1",
    )
    storage = {table.name.name: table.storage for table in (await catalog_of(any_server, f"{schema}.*")).tables}
    press = {option.upper().replace("'", '"') for option in storage.pop("press").options}
    assert press == {'COMPRESSION="ZLIB"'}
    assert storage == {
        "plain": INNODB,
        "small": Storage("InnoDB", True, "Compressed", CHARSET, COLLATION, ("KEY_BLOCK_SIZE=8", "stats_persistent=1")),
        "isam": Storage("MyISAM", False, "Fixed", "latin1", "latin1_swedish_ci", ("checksum=1", "max_rows=10")),
    }


# -- what is chosen


async def test_patterns_choose_with_case_and_only_their_own(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema, upper = fresh_schemas("insp", any_server), fresh_schemas("INSP", any_server)
    low = upper.lower()
    client.rows(any_server, f"CREATE DATABASE `{low}`")
    try:
        for name in (schema, upper, low):
            run(
                any_server, name, "CREATE TABLE Orders (a INT)", "CREATE TABLE orders (a INT)", "CREATE TABLE x (a INT)"
            )
        catalog = await catalog_of(any_server, f"{upper}.ord*", f"{schema}.x", f"{schema}.?rders")
        assert [str(table.name) for table in catalog.tables] == [
            f"{upper}.orders",
            f"{schema}.Orders",
            f"{schema}.orders",
            f"{schema}.x",
        ]
        assert catalog.schemas == (Schema(upper, CHARSET, COLLATION), Schema(schema, CHARSET, COLLATION))
        assert [statistics.table for statistics in catalog.statistics] == [table.name for table in catalog.tables]
    finally:
        client.rows(any_server, f"DROP DATABASE `{low}`")


async def test_nothing_that_fits_is_an_empty_catalog(any_server: LabServer) -> None:
    assert await catalog_of(any_server, "insp_no_such_schema.*") == Catalog()


async def test_a_schema_with_a_charset_of_its_own_and_no_table(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp")
    client.rows(any_server, f"CREATE DATABASE `{schema}` CHARACTER SET latin1 COLLATE latin1_bin")
    assert await catalog_of(any_server, f"{schema}.*") == Catalog(schemas=(Schema(schema, "latin1", "latin1_bin"),))
    client.rows(any_server, f"DROP DATABASE `{schema}`")


async def test_system_schemas_fit_no_glob_but_can_be_spelled_out(any_server: LabServer) -> None:
    everything = await catalog_of(any_server, "*.*", "mys*.*", "?ys.*")
    assert {s.name for s in everything.schemas} & {"mysql", "sys", "information_schema", "performance_schema"} == set()
    assert [str(table.name) for table in (await catalog_of(any_server, "mysql.use?")).tables] == ["mysql.user"]


async def test_our_own_tables_are_invisible(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", any_server)
    run(
        any_server,
        schema,
        "CREATE TABLE _migrate_ledger (a INT)",
        "CREATE TABLE _mo_12345678_abcdef01 (a INT)",
        "CREATE TABLE _other (a INT)",
        "CREATE TRIGGER tr BEFORE INSERT ON _mo_12345678_abcdef01 FOR EACH ROW SET NEW.a = 1",
        "CREATE VIEW _migrate_v AS SELECT 1 AS x",
    )
    catalog = await catalog_of(any_server, f"{schema}.*", f"{schema}._migrate_ledger")
    assert [table.name.name for table in catalog.tables] == ["_other"]
    assert catalog.others == ()


# -- the other objects

OTHERS = (
    "CREATE TABLE orders (a INT)",
    "CREATE VIEW v AS SELECT a FROM orders",
    "CREATE TRIGGER tr BEFORE INSERT ON orders FOR EACH ROW SET NEW.a = 1",
    "CREATE PROCEDURE r(IN x INT, OUT y VARCHAR(5)) BEGIN SET y = 'é''한'; END",
    "CREATE FUNCTION r(x INT) RETURNS INT DETERMINISTIC RETURN x + 1",
    "CREATE EVENT ev ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DISABLE DO SELECT 1",
)


async def test_views_triggers_routines_and_events_are_named_and_no_tables(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_server)
    run(any_server, schema, *OTHERS)
    catalog = await catalog_of(any_server, f"{schema}.*")
    assert [table.name.name for table in catalog.tables] == ["orders"]
    assert [(other.kind, other.name.name) for other in catalog.others] == [
        ("event", "ev"),
        ("function", "r"),
        ("procedure", "r"),
        ("trigger", "tr"),
        ("view", "v"),
    ]
    hashes = [other.definition for other in catalog.others]
    assert len(set(hashes)) == 5
    assert all(len(text) == 64 for text in hashes)
    assert [other.kind for other in (await catalog_of(any_server, f"{schema}.orders")).others] == []
    assert [other.kind for other in (await catalog_of(any_server, f"{schema}.r")).others] == ["function", "procedure"]
    run(any_server, schema, *(statement for statement in ("ALTER EVENT ev COMMENT 'same'",)))
    again = await catalog_of(any_server, f"{schema}.*")
    assert [a.kind for a, b in zip(catalog.others, again.others, strict=True) if a != b] == ["event"]


@pytest.mark.parametrize(
    ("drop", "make", "kind"),
    [
        ("DROP VIEW v", "CREATE VIEW v AS SELECT a + 1 AS a FROM orders", "view"),
        ("DROP TRIGGER tr", "CREATE TRIGGER tr BEFORE UPDATE ON orders FOR EACH ROW SET NEW.a = 1", "trigger"),
        ("DROP PROCEDURE r", "CREATE PROCEDURE r(IN x INT, OUT y CHAR(5)) BEGIN SET y = 'é''한'; END", "procedure"),
        ("DROP FUNCTION r", "CREATE FUNCTION r(y INT) RETURNS INT DETERMINISTIC RETURN x + 1", "function"),
        ("DROP EVENT ev", "CREATE EVENT ev ON SCHEDULE EVERY 2 DAY STARTS '2030-01-01' DISABLE DO SELECT 1", "event"),
    ],
)
async def test_a_change_of_an_object_changes_its_hash_and_no_other(
    source: LabServer, fresh_schemas: FreshSchemas, drop: str, make: str, kind: str
) -> None:
    schema = fresh_schemas("insp", source)
    run(source, schema, *OTHERS)
    before = (await catalog_of(source, f"{schema}.*")).others
    run(source, schema, drop, make)
    after = (await catalog_of(source, f"{schema}.*")).others
    assert [a.kind for a, b in zip(before, after, strict=True) if a.definition != b.definition] == [kind]


async def test_a_broken_view_does_not_stop_inspection(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", any_server)
    run(any_server, schema, "CREATE TABLE t (a INT)", "CREATE VIEW v AS SELECT a FROM t", "DROP TABLE t")
    catalog = await catalog_of(any_server, f"{schema}.*")
    assert catalog.tables == ()
    assert [(other.kind, other.name.name) for other in catalog.others] == [("view", "v")]


# -- properties of the whole


async def questions(opened: Server, pattern: str) -> tuple[int, int]:
    """Statements that one inspection takes on a warm session, and the tables it found."""
    counter = "SHOW SESSION STATUS LIKE 'Questions'"
    async with opened.session("metadata") as session:
        before = int((await session.query(counter)).rows[0][1])
    catalog = await inspect(opened, patterns(pattern))
    async with opened.session("metadata") as session:
        after = int((await session.query(counter)).rows[0][1])
    return after - before, len(catalog.tables)


async def test_the_number_of_queries_does_not_grow_with_the_number_of_tables(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    one, many = fresh_schemas("inspone", any_server), fresh_schemas("inspmany", any_server)
    run(any_server, one, "CREATE TABLE t (a INT PRIMARY KEY)")
    definition = "(id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(9), KEY (a), g INT AS (LENGTH(a)))"
    run(any_server, many, *(f"CREATE TABLE t{number} {definition}" for number in range(300)))
    async with connected(any_server) as opened:
        few = await questions(opened, f"{one}.*")
        lots = await questions(opened, f"{many}.*")
        both = await questions(opened, f"insp*_{'?' * 10}.*")
    assert few[1] == 1
    assert lots[1] == 300
    assert both[1] >= 301
    assert few[0] == lots[0] == both[0]
    assert few[0] <= 20


async def test_twice_is_the_same_and_a_copy_by_its_own_definition_is_equal(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    """The one diff stands on this: what SHOW CREATE TABLE says makes a table that inspects as the first one."""
    schema, copy = fresh_schemas("insp", any_server), fresh_schemas("inspcopy", any_server)
    statements = [f"CREATE TABLE p{n} ({columns}) PARTITION BY {by}" for n, (columns, by, _) in enumerate(PARTITIONED)]
    statements.append(
        r"CREATE TABLE `a``b` (`select` INT NOT NULL AUTO_INCREMENT PRIMARY KEY, `한글` VARCHAR(30) NOT NULL"
        r" DEFAULT 'it''s \\ \n é', e ENUM('a''b','c\\d','') DEFAULT 'a''b', b BIT(5) DEFAULT b'101', y BINARY(4)"
        r" DEFAULT 'ab', ts TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),"
        r" v INT AS (LENGTH(`한글`)), s VARCHAR(40) AS (CONCAT('a''é',`한글`)) STORED, p POINT NOT NULL SRID 4326,"
        r" KEY k (`한글`(3), v DESC) COMMENT 'i''c', SPATIAL KEY sp (p), FULLTEXT KEY ft (`한글`) WITH PARSER ngram,"
        r" KEY hid (v) INVISIBLE) COMMENT 'l\n''q\"\\ 한글' ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8"
    )
    if not is_old(any_server):
        statements.append(
            "CREATE TABLE newer (a INT CHECK (a > 0), b INT INVISIBLE DEFAULT (1 + 1), KEY ((a * 2) DESC),"
            " CHECK (b <> 3) NOT ENFORCED)"
        )
    run(any_server, schema, *statements)
    async with connected(any_server) as opened:
        first = await inspect(opened, patterns(f"{schema}.*"))
        assert first == await inspect(opened, patterns(f"{schema}.*"))
        texts = await definitions(opened, [table.name for table in first.tables])
        async with opened.session("write") as session:
            await session.execute(f"USE `{copy}`")
            for text in texts.values():
                await session.execute(text)
        second = await inspect(opened, patterns(f"{copy}.*"))
    assert len(first.tables) == len(statements)
    assert [_without_schema(table) for table in first.tables] == [_without_schema(table) for table in second.tables]


def _without_schema(table: Table) -> Table:
    return Table(
        TableName("", table.name.name),
        table.columns,
        table.indexes,
        table.foreign_keys,
        table.checks,
        table.partitioning,
        table.storage,
        table.comment,
    )


async def test_definitions_are_the_servers_text_under_their_names(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_server)
    run(any_server, schema, *(f"CREATE TABLE `t{n}` (`한글` INT COMMENT 'é''')" for n in range(20)))
    names = [TableName(schema, f"t{n}") for n in range(19, -1, -1)]
    async with connected(any_server) as opened:
        texts = await definitions(opened, names)
        assert await definitions(opened, []) == {}
        with pytest.raises(ServerError) as caught:
            await definitions(opened, [*names, TableName(schema, "none")])
    assert list(texts) == names
    assert texts[names[0]].startswith("CREATE TABLE `t19` (\n  `한글` int")
    assert "COMMENT 'é'''" in texts[names[0]]
    assert caught.value.code == 1146
    assert f"{schema}.none" in caught.value.message


async def test_an_account_sees_what_it_may_see(source: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", source)
    run(source, schema, "CREATE TABLE a (x INT)", "CREATE TABLE b (x INT)", *OTHERS)
    client.rows(source, "CREATE USER IF NOT EXISTS insp_less@'%' IDENTIFIED BY 'insp-pw'", root=True)
    client.rows(source, f"GRANT SELECT ON `{schema}`.a TO insp_less@'%'", root=True)
    try:
        async with connected(source, user="insp_less", password="insp-pw") as opened:
            catalog = await inspect(opened, patterns(f"{schema}.*"))
    finally:
        client.rows(source, "DROP USER insp_less@'%'", root=True)
    assert [table.name.name for table in catalog.tables] == ["a"]
    assert catalog.others == ()


# -- measure


def rows_of(table: Table, where: str = "") -> Rows:
    held = tuple(c for c in table.columns if not c.generated)
    key = tuple(c for i in table.indexes if i.kind == "primary" for p in i.parts for c in held if c.name == p.column)
    return Rows(table.name, held, key, where=where)


async def test_measure_counts_rows_and_weighs_the_first_thousand(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_server)
    numbers = "(SELECT a.i*10+b.i AS i FROM {d} a, {d} b)".replace(
        "{d}", "(SELECT 0 i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4)"
    )
    run(
        any_server,
        schema,
        "CREATE TABLE `a``b` (id INT AUTO_INCREMENT PRIMARY KEY, `%` VARCHAR(50), j JSON, g INT AS (LENGTH(j)))",
        "INSERT INTO `a``b` (`%`,j) VALUES ('한글','[1]'),(NULL,NULL),('',NULL)",
        "CREATE TABLE big (id INT, filler CHAR(10))",
        f"INSERT INTO big SELECT n.i*1000+m.i, REPEAT('x',10) FROM {numbers} n, {numbers} m",
        "CREATE TABLE `empty` (a INT)",
        "CREATE TABLE isam (a INT) ENGINE=MyISAM",
    )
    async with connected(any_server) as opened:
        catalog = await inspect(opened, patterns(f"{schema}.*"))
        by_name = {table.name.name: table for table in catalog.tables}
        asked = [
            rows_of(by_name["empty"]),
            rows_of(by_name["big"]),
            rows_of(by_name["a`b"]),
            rows_of(by_name["isam"]),
            rows_of(by_name["a`b"], "`%` = '' -- only the empty one"),
        ]
        measured = await measure(opened, asked)
        assert measured == await measure(opened, asked)
        assert await measure(opened, ()) == ()
    name = TableName(schema, "a`b")
    assert measured[0] == Statistics(TableName(schema, "empty"))
    assert measured[1].rows == 625
    assert 10 * 625 < measured[1].bytes <= 15 * 625
    assert measured[2] == Statistics(name, 3, 1 + 6 + 3 + 1 + 1, 4)
    assert measured[3] == Statistics(TableName(schema, "isam"))
    assert measured[4] == Statistics(name, 1, 1, 4)


async def test_measure_takes_the_servers_estimate_for_a_large_table(
    source: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", source)
    run(
        source,
        schema,
        "CREATE TABLE t (a INT PRIMARY KEY) STATS_PERSISTENT=1",
        "INSERT INTO t VALUES (1),(2),(3)",
        "ANALYZE TABLE t",
        "SET foreign_key_checks=0",
        "INSERT INTO t VALUES (4)",
    )
    async with connected(source) as opened:
        (table,) = (await inspect(opened, patterns(f"{schema}.t"))).tables
        (exact,) = await measure(opened, [rows_of(table)])
        (estimate,) = await measure(opened, [rows_of(table)], exact_below=1)
    assert exact == Statistics(table.name, 4, 4)
    assert estimate.rows in (3, 4)
    assert estimate.bytes == estimate.rows


async def test_measure_asks_about_many_tables_at_once(source: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", source)
    run(source, schema, *(f"CREATE TABLE t{n:02d} AS SELECT {n} AS a" for n in range(70)))
    async with connected(source) as opened:
        catalog = await inspect(opened, patterns(f"{schema}.*"))
        counter = "SHOW SESSION STATUS LIKE 'Questions'"
        async with opened.session("metadata") as session:
            before = int((await session.query(counter)).rows[0][1])
        measured = await measure(opened, [rows_of(table) for table in catalog.tables])
        async with opened.session("metadata") as session:
            after = int((await session.query(counter)).rows[0][1])
    assert [(s.table.name, s.rows) for s in measured] == [(f"t{n:02d}", 1) for n in range(70)]
    assert after - before <= 10


async def test_measure_of_a_thousand_columns(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", any_server)
    columns = ",".join(f"c{n} INT" for n in range(1017))
    run(any_server, schema, f"CREATE TABLE t ({columns})", f"INSERT INTO t VALUES ({','.join('7' * 1017)})")
    async with connected(any_server) as opened:
        (table,) = (await inspect(opened, patterns(f"{schema}.t"))).tables
        assert await measure(opened, [rows_of(table)]) == (Statistics(table.name, 1, 1017),)


async def test_measure_with_a_wrong_condition_names_the_table(source: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", source)
    table = await table_of(source, schema, "CREATE TABLE t (a INT)")
    async with connected(source) as opened:
        with pytest.raises(ServerError) as caught:
            await measure(opened, [rows_of(table), rows_of(table, "no_such > 1")])
    assert caught.value.code == 1054
    assert f"{schema}.t" in caught.value.message
    assert literal("x") not in caught.value.message
