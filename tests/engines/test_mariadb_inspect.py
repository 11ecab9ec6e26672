"""What inspect tells of tables of MariaDB, exactly."""

from __future__ import annotations

import pytest

from migrate.engines.mysql.inspect import definitions
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
    NeutralType,
    Opaque,
    Set,
    Temporal,
    Text,
)
from tests.conftest import FreshSchemas
from tests.engines.mysql_catalogs import PARTITIONED, catalog_of, run, table_of
from tests.engines.mysql_sessions import connected
from tests.lab import Server as LabServer

UTF8 = Text("utf8mb4")
INT = Integer(32)
COLLATION = "utf8mb4_uca1400_nopad_as_ci"
INNODB = Storage("InnoDB", True, "Dynamic", "utf8mb4", COLLATION)
HERE = f"ALTER DATABASE {{s}} CHARACTER SET utf8mb4 COLLATE {COLLATION}"
"""What both versions have: the default of 10.11 is latin1, that of 11.8 utf8mb4."""


def column(name: str, native: str, kind: NeutralType, **more: object) -> Column:
    if isinstance(kind, Text | Enum | Set) and "charset" not in more:
        more = {"charset": "utf8mb4", "collation": COLLATION, **more}
    return Column(name, native, kind, **more)  # type: ignore[arg-type]  # fields of Column, compared below


# -- columns


async def test_every_type_of_column_is_read(any_mariadb: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", any_mariadb)
    table = await table_of(
        any_mariadb,
        schema,
        HERE,
        r"""CREATE TABLE t (
            t1 TINYINT, t2 SMALLINT UNSIGNED, t3 MEDIUMINT(7) ZEROFILL, t5 BIGINT UNSIGNED, t6 BOOLEAN,
            d1 DECIMAL(65,30), d2 DECIMAL UNSIGNED, f1 FLOAT, f2 FLOAT(7,3), f3 DOUBLE, b1 BIT(1), b64 BIT(64),
            c1 CHAR(3) CHARACTER SET latin1 COLLATE latin1_bin, c2 VARCHAR(20), c3 TEXT,
            c4 TINYTEXT CHARACTER SET ucs2 COLLATE ucs2_general_ci, c5 CHAR(4) CHARACTER SET binary,
            c7 VARCHAR(2) CHARACTER SET utf8mb3 COLLATE utf8mb3_uca1400_german2_ai_ci, c0 CHAR(0),
            y1 BINARY(2), y2 VARBINARY(300), y4 LONGBLOB,
            a1 DATE, a2 TIME(6), a3 DATETIME(3), a4 TIMESTAMP NULL, a5 YEAR,
            e ENUM('a''b','c,d','e\\f','g\nh','') NOT NULL DEFAULT 'c,d', s SET('x','y z') NOT NULL,
            g1 GEOMETRY REF_SYSTEM_ID=4326, g2 POINT, g3 GEOMETRYCOLLECTION,
            u UUID, i6 INET6, i4 INET4, z VARCHAR(99) COMPRESSED, w BLOB COMPRESSED)""",
    )
    assert table.columns == (
        column("t1", "tinyint(4)", Integer(8)),
        column("t2", "smallint(5) unsigned", Integer(16, signed=False)),
        column("t3", "mediumint(7) unsigned zerofill", Integer(24, signed=False)),
        column("t5", "bigint(20) unsigned", Integer(64, signed=False)),
        column("t6", "tinyint(1)", Integer(8)),
        column("d1", "decimal(65,30)", Decimal(65, 30)),
        column("d2", "decimal(10,0) unsigned", Decimal(10, 0)),
        column("f1", "float", Float(32)),
        column("f2", "float(7,3)", Float(32)),
        column("f3", "double", Float(64)),
        column("b1", "bit(1)", Bit(1)),
        column("b64", "bit(64)", Bit(64)),
        column("c1", "char(3)", Text("latin1", 3, fixed=True), charset="latin1", collation="latin1_bin"),
        column("c2", "varchar(20)", Text("utf8mb4", 20)),
        column("c3", "text", UTF8),
        column("c4", "tinytext", Text("ucs2"), charset="ucs2", collation="ucs2_general_ci"),
        column("c5", "binary(4)", Binary(4, fixed=True)),
        column("c7", "varchar(2)", Text("utf8mb3", 2), charset="utf8mb3", collation="utf8mb3_uca1400_german2_ai_ci"),
        column("c0", "char(0)", Text("utf8mb4", 0, fixed=True)),
        column("y1", "binary(2)", Binary(2, fixed=True)),
        column("y2", "varbinary(300)", Binary(300)),
        column("y4", "longblob", Binary(4_294_967_295)),
        column("a1", "date", Temporal("date")),
        column("a2", "time(6)", Temporal("time", 6)),
        column("a3", "datetime(3)", Temporal("datetime", 3)),
        column("a4", "timestamp", Temporal("timestamp")),
        column("a5", "year(4)", Temporal("year")),
        column(
            "e",
            r"enum('a''b','c,d','e\\f','g\nh','')",
            Enum(("a'b", "c,d", "e\\f", "g\nh", "")),
            nullable=False,
            default="c,d",
        ),
        column("s", "set('x','y z')", Set(("x", "y z")), nullable=False),
        column("g1", "geometry", Geometry("geometry")),
        column("g2", "point", Geometry("point")),
        column("g3", "geometrycollection", Geometry("geometrycollection")),
        column("u", "uuid", Opaque("uuid")),
        column("i6", "inet6", Opaque("inet6")),
        column("i4", "inet4", Opaque("inet4")),
        column("z", "varchar(99) /*M!100301 COMPRESSED*/", Text("utf8mb4", 99)),
        column("w", "blob /*M!100301 COMPRESSED*/", Binary(65_535)),
    )


async def test_defaults_are_told_as_mysql_tells_them_values_without_quotes_and_expressions_in_their_words(
    any_mariadb: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_mariadb)
    table = await table_of(
        any_mariadb,
        schema,
        HERE,
        r"""CREATE TABLE t (
            a VARCHAR(30), b VARCHAR(30) DEFAULT NULL, c VARCHAR(30) DEFAULT '', d VARCHAR(30) DEFAULT 'NULL',
            e VARCHAR(30) DEFAULT 'current_timestamp()', f VARCHAR(30) NOT NULL,
            g VARCHAR(30) DEFAULT 'it''s \\ \n \r \t \0 "한', h BIT(5) DEFAULT b'101', j DECIMAL(5,2) DEFAULT 1,
            k INT DEFAULT -5, l TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
            m DATETIME DEFAULT NOW() INVISIBLE, n DATETIME ON UPDATE CURRENT_TIMESTAMP INVISIBLE,
            o DATETIME DEFAULT '2020-01-01 00:00:00', p DOUBLE DEFAULT -1.5e-300, q INT DEFAULT (1 + 1),
            r VARCHAR(30) DEFAULT (CONCAT('a','é한''x')), s INT DEFAULT '7', t VARCHAR(30) DEFAULT 7,
            u UUID DEFAULT UUID(), v UUID DEFAULT '123e4567-e89b-12d3-a456-426655440000', w DATE DEFAULT (CURDATE()),
            x TEXT DEFAULT 'text', y SET('x','y') DEFAULT 'x,y', z YEAR DEFAULT 2020,
            ü VARCHAR(9) DEFAULT 'Ã©', ä BIGINT UNSIGNED DEFAULT 18446744073709551615,
            ö VARCHAR(30) DEFAULT ('a' COLLATE utf8mb4_bin), q2 TIME DEFAULT '-10:00:00')""",
    )
    told = {c.name: (c.nullable, c.default, c.default_is_expression, c.on_update) for c in table.columns}
    now = "current_timestamp()"
    assert told == {
        "a": (True, None, False, ""),
        "b": (True, None, False, ""),
        "c": (True, "", False, ""),
        "d": (True, "NULL", False, ""),
        "e": (True, "current_timestamp()", False, ""),
        "f": (False, None, False, ""),
        "g": (True, "it's \\ \n \r \t \0 \"한", False, ""),
        "h": (True, "b'101'", False, ""),
        "j": (True, "1.00", False, ""),
        "k": (True, "-5", False, ""),
        "l": (False, "current_timestamp(6)", True, "current_timestamp(6)"),
        "m": (True, now, True, ""),
        "n": (True, None, False, now),
        "o": (True, "2020-01-01 00:00:00", False, ""),
        "p": (True, "-1.5e-300", False, ""),
        "q": (True, "(1 + 1)", True, ""),
        "r": (True, "concat('a','é한\\'x')", True, ""),
        "s": (True, "7", False, ""),
        "t": (True, "7", False, ""),
        "u": (True, "uuid()", True, ""),
        "v": (True, "123e4567-e89b-12d3-a456-426655440000", False, ""),
        "w": (True, "curdate()", True, ""),
        "x": (True, "text", False, ""),
        "y": (True, "x,y", False, ""),
        "z": (True, "2020", False, ""),
        "ü": (True, "Ã©", False, ""),
        "ä": (True, "18446744073709551615", False, ""),
        "ö": (True, "('a' collate utf8mb4_bin)", True, ""),
        "q2": (True, "-10:00:00", False, ""),
    }
    assert [column.name for column in table.columns if column.invisible] == ["m", "n"]


async def test_defaults_of_bytes_and_of_letters_that_the_dictionary_cannot_hold_are_exact(
    any_mariadb: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_mariadb)
    run(
        any_mariadb,
        schema,
        HERE,
        "CREATE TABLE t (a VARBINARY(9) DEFAULT x'00ff41', b BINARY(3) DEFAULT x'ff', c BLOB DEFAULT x'00ff',"
        " d VARBINARY(9) DEFAULT 'é', e VARBINARY(9) DEFAULT '', f BINARY(2) DEFAULT '?', g BINARY(2) DEFAULT x'0000')",
        "CREATE TABLE u (a VARCHAR(9) DEFAULT '😀?', b VARCHAR(9) DEFAULT '?', c VARCHAR(9) CHARACTER SET latin1"
        " DEFAULT 'a?', `d``e` VARCHAR(9) CHARACTER SET utf16 DEFAULT '🙂', e INT DEFAULT 5)",
    )
    catalog = await catalog_of(any_mariadb, f"{schema}.*")
    told = [[column.default for column in table.columns] for table in catalog.tables]
    assert told == [["0x00FF41", "0xFF", "0x00FF", "0xC3A9", "", "0x3F", ""], ["😀?", "?", "a?", "🙂", "5"]]
    assert not any(column.default_is_expression for table in catalog.tables for column in table.columns)


async def test_a_definition_with_bytes_that_are_no_text_can_be_read_and_made_again(
    any_mariadb: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema, copy = fresh_schemas("insp", any_mariadb), fresh_schemas("inspcopy", any_mariadb)
    made = await table_of(
        any_mariadb,
        schema,
        HERE,
        r"CREATE TABLE t (`x'y` VARCHAR(9) DEFAULT 'it''s \\', a VARBINARY(9) DEFAULT x'00ff415c27', b BINARY(3)"
        r" DEFAULT x'ff' COMMENT 'é''')",
    )
    async with connected(any_mariadb) as opened:
        name = TableName(schema, "t")
        text = (await definitions(opened, [name]))[name]
    assert "`a` varbinary(9) DEFAULT x'00ff415c27'" in text
    assert "COMMENT 'é'''" in text
    again = await table_of(any_mariadb, copy, text)
    assert again.columns == made.columns


async def test_generated_columns_tell_their_expression_and_whether_they_are_stored(
    any_mariadb: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_mariadb)
    table = await table_of(
        any_mariadb,
        schema,
        HERE,
        "CREATE TABLE t (`a.b` INT, v INT AS (`a.b`+1), st VARCHAR(9) AS (CONCAT('a''b','Ã©')) STORED,"
        " pe INT AS (`a.b` * 2) PERSISTENT COMMENT 'c', vi INT AS (1) INVISIBLE)",
    )
    told = [(c.generated, c.stored, c.default, c.default_is_expression, c.invisible) for c in table.columns]
    assert told == [
        ("", False, None, False, False),
        ("`a.b` + 1", False, None, False, False),
        ("concat('a\\'b','Ã©')", True, None, False, False),
        ("`a.b` * 2", True, None, False, False),
        ("1", False, None, False, True),
    ]


async def test_json_is_text_with_a_check_as_the_server_tells_it(
    any_mariadb: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_mariadb)
    table = await table_of(any_mariadb, schema, HERE, """CREATE TABLE t (j JSON DEFAULT '{"a": 1}')""")
    assert table.columns == (
        column("j", "longtext", UTF8, default='{"a": 1}', charset="utf8mb4", collation="utf8mb4_bin"),
    )
    assert table.checks == (Check("j", "json_valid(`j`)"),)


async def test_vectors_and_their_index_are_told(maria11: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", maria11)
    table = await table_of(
        maria11, schema, "CREATE TABLE t (id INT PRIMARY KEY, v VECTOR(3) NOT NULL, VECTOR KEY near (v) M=8)"
    )
    assert table.columns[1] == column("v", "vector(3)", Opaque("vector(3)"), nullable=False)
    assert table.indexes[1] == Index("near", "plain", (IndexPart("v"),), "VECTOR")


# -- indexes and constraints


async def test_indexes_of_every_kind(any_mariadb: LabServer, fresh_schemas: FreshSchemas) -> None:
    """10.11 tells BTREE of a plain index that was made USING HASH, 11.8 HASH; both made a B-tree."""
    schema = fresh_schemas("insp", any_mariadb)
    table = await table_of(
        any_mariadb,
        schema,
        HERE,
        "CREATE TABLE t (b INT NOT NULL, a INT NOT NULL, c VARCHAR(2000), d TEXT, e TEXT, p POINT NOT NULL,"
        " PRIMARY KEY (b, a), UNIQUE KEY `z%u` (c(5)), KEY hidden (a) IGNORED, KEY hashed (a) USING HASH,"
        " UNIQUE KEY long_one (c), UNIQUE KEY of_text (d, a), UNIQUE KEY asked (a) USING HASH,"
        " KEY `down` (a DESC, c(10), b) COMMENT 'i''c 한글', FULLTEXT KEY words (d, e), SPATIAL KEY place (p))",
    )
    assert table.indexes == (
        Index("PRIMARY", "primary", (IndexPart("b"), IndexPart("a")), "BTREE"),
        Index("asked", "unique", (IndexPart("a"),), "HASH"),
        Index(
            "down",
            "plain",
            (IndexPart("a", descending=True), IndexPart("c", prefix=10), IndexPart("b")),
            "BTREE",
            comment="i'c 한글",
        ),
        Index("hashed", "plain", (IndexPart("a"),), "BTREE"),
        Index("hidden", "plain", (IndexPart("a"),), "BTREE", visible=False),
        Index("long_one", "unique", (IndexPart("c"),), "HASH"),
        Index("of_text", "unique", (IndexPart("d"), IndexPart("a")), "HASH"),
        Index("place", "spatial", (IndexPart("p"),)),
        Index("words", "fulltext", (IndexPart("d"), IndexPart("e"))),
        Index("z%u", "unique", (IndexPart("c", prefix=5),), "BTREE"),
    )


async def test_hash_and_btree_of_a_memory_table_are_told_apart(
    any_mariadb: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_mariadb)
    table = await table_of(
        any_mariadb, schema, HERE, "CREATE TABLE t (a INT, KEY h (a), KEY b (a) USING BTREE) ENGINE=MEMORY"
    )
    assert [(index.name, index.method) for index in table.indexes] == [("b", "BTREE"), ("h", "HASH")]
    assert table.storage == Storage("MEMORY", False, "Fixed", "utf8mb4", COLLATION)


async def test_foreign_keys_tell_their_rules_and_restrict_where_none_was_said(
    any_mariadb: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema, other = fresh_schemas("insp", any_mariadb), fresh_schemas("inspfar", any_mariadb)
    table = await table_of(
        any_mariadb,
        schema,
        f"CREATE TABLE {other}.`f``ar` (x INT, y INT, PRIMARY KEY (y, x), UNIQUE (x))",
        f"CREATE TABLE t (id INT PRIMARY KEY, up INT, a INT, b INT,"
        f" CONSTRAINT z_self FOREIGN KEY (up) REFERENCES t (id) ON DELETE CASCADE,"
        f" CONSTRAINT a_far FOREIGN KEY (a, b) REFERENCES {other}.`f``ar` (y, x) ON UPDATE CASCADE ON DELETE SET NULL,"
        f" CONSTRAINT `m m` FOREIGN KEY (b) REFERENCES {other}.`f``ar` (x) ON DELETE NO ACTION)",
    )
    far = TableName(other, "f`ar")
    assert table.foreign_keys == (
        ForeignKey("a_far", ("a", "b"), far, ("y", "x"), "CASCADE", "SET NULL"),
        ForeignKey("m m", ("b",), far, ("x",), "RESTRICT", "NO ACTION"),
        ForeignKey("z_self", ("up",), TableName(schema, "t"), ("id",), "RESTRICT", "CASCADE"),
    )


async def test_checks_of_columns_are_called_like_them_and_those_of_other_tables_are_not_mixed_up(
    any_mariadb: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_mariadb)
    table = await table_of(
        any_mariadb,
        schema,
        HERE,
        "CREATE TABLE t (a INT CHECK (a > 0), b VARCHAR(9), CONSTRAINT `c``k` CHECK (b <> 'x''Ã©'), CHECK (a < 9))",
        "CREATE TABLE u (a INT CHECK (a > 100), CHECK (a < 900))",
    )
    assert table.checks == (
        Check("CONSTRAINT_1", "`a` < 9"),
        Check("a", "`a` > 0"),
        Check("c`k", "`b` <> 'x\\'Ã©'"),
    )


# -- partitions, storage, schemas


@pytest.mark.parametrize(
    ("columns", "by", "expected"), PARTITIONED, ids=[row[1].partition("(")[0] for row in PARTITIONED]
)
async def test_partitions_are_told_in_their_order(
    any_mariadb: LabServer, fresh_schemas: FreshSchemas, columns: str, by: str, expected: Partitioning
) -> None:
    schema = fresh_schemas("insp", any_mariadb)
    table = await table_of(any_mariadb, schema, HERE, f"CREATE TABLE t ({columns}) PARTITION BY {by}")
    assert table.partitioning == expected
    assert table.storage == INNODB


async def test_a_default_partition_of_columns_is_told(any_mariadb: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", any_mariadb)
    by = "PARTITION BY LIST COLUMNS (a) (PARTITION p VALUES IN (1), PARTITION d DEFAULT)"
    table = await table_of(any_mariadb, schema, f"CREATE TABLE t (a INT) {by}")
    parts = (Partition("p", "IN (1)"), Partition("d", "DEFAULT"))
    assert table.partitioning == Partitioning("LIST COLUMNS", "`a`", parts)


async def test_storage_tells_engine_options_and_whether_rollback_works(
    any_mariadb: LabServer, fresh_schemas: FreshSchemas
) -> None:
    """10.11 says `page_compressed`=1, 11.8 `page_compressed`='1'."""
    schema = fresh_schemas("insp", any_mariadb)
    run(
        any_mariadb,
        schema,
        HERE,
        "CREATE TABLE plain (a INT)",
        "CREATE TABLE small (a INT) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 STATS_PERSISTENT=1",
        "CREATE TABLE page (a INT) PAGE_COMPRESSED=1 PAGE_COMPRESSION_LEVEL=7 `ENCRYPTED`=NO",
        "CREATE TABLE isam (a INT) ENGINE=MyISAM CHECKSUM=1 MAX_ROWS=10 DEFAULT CHARSET=latin1 COLLATE=latin1_bin",
        "CREATE TABLE aria (a INT) ENGINE=Aria TRANSACTIONAL=0 PAGE_CHECKSUM=1",
        "CREATE TABLE versions (a INT, b INT WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING COMMENT 'é'''",
        "CREATE SEQUENCE numbers",
        "CREATE VIEW seen AS SELECT 1 AS one",
    )
    found = {table.name.name: table for table in (await catalog_of(any_mariadb, f"{schema}.*")).tables}
    assert {name: table.storage for name, table in found.items()} == {
        "plain": INNODB,
        "small": Storage(
            "InnoDB", True, "Compressed", "utf8mb4", COLLATION, ("key_block_size=8", "stats_persistent=1")
        ),
        "page": Storage(
            "InnoDB",
            True,
            "Dynamic",
            "utf8mb4",
            COLLATION,
            ("encrypted=NO", "page_compressed=1", "page_compression_level=7"),
        ),
        "isam": Storage("MyISAM", False, "Fixed", "latin1", "latin1_bin", ("checksum=1", "max_rows=10")),
        "aria": Storage("Aria", False, "Page", "utf8mb4", COLLATION, ("page_checksum=1", "transactional=0")),
        "versions": Storage("InnoDB", True, "Dynamic", "utf8mb4", COLLATION, ("system versioned",)),
    }
    assert found["versions"].comment == "é'"
    assert [column.name for column in found["versions"].columns] == ["a", "b"]


async def test_columns_of_a_period_of_the_system_are_generated(
    any_mariadb: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_mariadb)
    table = await table_of(
        any_mariadb,
        schema,
        "CREATE TABLE t (a INT, s TIMESTAMP(6) AS ROW START, e TIMESTAMP(6) AS ROW END, PERIOD FOR SYSTEM_TIME (s, e))"
        " WITH SYSTEM VERSIONING",
    )
    told = [(column.name, column.generated, column.stored) for column in table.columns]
    assert told == [("a", "", False), ("s", "ROW START", True), ("e", "ROW END", True)]


async def test_a_schema_tells_its_charset_and_the_full_name_of_its_collation(
    any_mariadb: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_mariadb)
    run(any_mariadb, schema, "ALTER DATABASE {s} CHARACTER SET utf8mb3 COLLATE uca1400_ai_ci")
    assert await catalog_of(any_mariadb, f"{schema}.*") == Catalog(
        schemas=(Schema(schema, "utf8mb3", "utf8mb3_uca1400_ai_ci"),)
    )


async def test_a_newer_server_tells_the_same_of_what_an_older_one_printed(
    maria10: LabServer, maria11: LabServer, fresh_schemas: FreshSchemas
) -> None:
    """The one diff stands on this: what SHOW CREATE TABLE says makes a table that inspects as the first one."""
    schema = fresh_schemas("insp", maria10, maria11)
    run(maria11, schema, HERE)
    made = await table_of(
        maria10,
        schema,
        HERE,
        r"CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a VARBINARY(9) DEFAULT x'00ff', b BINARY(3) DEFAULT 'a',"
        r" c VARCHAR(2000) DEFAULT 'it''s \\ \n', d INT DEFAULT (1 + 1) CHECK (d > 0), j JSON, u UUID DEFAULT UUID(),"
        r" ts TIMESTAMP(3) NOT NULL DEFAULT NOW(3) ON UPDATE NOW(3), g INT AS (d + 1) STORED INVISIBLE,"
        r" UNIQUE KEY l (c), KEY h (d) USING HASH, KEY i (d) IGNORED, CONSTRAINT k CHECK (d < 100)) PAGE_COMPRESSED=1",
    )
    async with connected(maria10) as opened:
        (text,) = (await definitions(opened, [made.name])).values()
    assert await table_of(maria11, schema, text) == made
