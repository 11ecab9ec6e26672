"""What inspect tells of columns, indexes, constraints and partitions of real servers, exactly."""

from __future__ import annotations

import pytest

from migrate.model.table import (
    Check,
    ForeignKey,
    Index,
    IndexPart,
    Partitioning,
    Storage,
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
    Set,
    Temporal,
    Text,
)
from migrate.sql import quote
from tests.conftest import FreshSchemas
from tests.engines.mysql_catalogs import (
    CHARSET,
    COLLATION,
    INNODB,
    INT,
    PARTITIONED,
    TEXT,
    catalog_of,
    column,
    int_,
    is_old,
    run,
    table_of,
)
from tests.lab import Server as LabServer
from tests.lab import client

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
        "g": (True, "it's \\ \n \"한", False, ""),
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
