"""Tables of one vendor made on the other: what stands there afterwards is what was wanted, on real servers.

The property behind all of them: after the statements that were made from the translation, nothing but spelling differs
between what was wanted and what the target tells, so that a second plan is empty.
"""

from __future__ import annotations

import datetime

import pymysql
import pytest

from migrate.errors import UnreadableDdl
from migrate.model.table import Check, IndexPart
from migrate.sql import quote
from tests.conftest import FreshSchemas
from tests.engines.crossings import crossed, made, table_there
from tests.lab import Lab, client

TO_MARIADB = [("source", "maria11"), ("source", "maria10"), ("new", "maria11")]
TO_MYSQL = [("maria11", "source"), ("maria10", "source"), ("maria11", "new"), ("maria10", "new")]
UPGRADES = [("old", "source"), ("source", "new"), ("old", "new"), ("legacy", "new"), ("maria10", "maria11")]

EVERYWHERE = {
    "types": """CREATE TABLE {t} (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, a TINYINT(1) DEFAULT 1, b SMALLINT UNSIGNED DEFAULT 2,
        c MEDIUMINT DEFAULT -3, e DECIMAL(10,2) UNSIGNED DEFAULT 1.5, f FLOAT DEFAULT 0.5, g DOUBLE DEFAULT 1e10,
        f2 FLOAT(7,3) DEFAULT 1.5, z INT(5) ZEROFILL DEFAULT 7, bb BIT(3) DEFAULT b'101', da DATE DEFAULT '0000-00-00',
        dt DATETIME(3) DEFAULT '2020-01-01 00:00:00.123',
        ts TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), tn TIMESTAMP NULL,
        tm TIME(2) DEFAULT '12:00:00', ye YEAR DEFAULT 2020, en ENUM('a','it''s','\\\\x') DEFAULT 'it''s',
        st SET('x','y') DEFAULT 'x,y', bi BINARY(3) DEFAULT 'ab', vb VARBINARY(10) DEFAULT 'x', bl BLOB, tx TEXT,
        lt LONGTEXT CHARACTER SET latin1, c1 CHAR(3) CHARACTER SET ascii DEFAULT 'q',
        v2 VARCHAR(20) CHARACTER SET utf8 COLLATE utf8_unicode_ci DEFAULT 'd\\'q\\\\n',
        vu VARCHAR(20) CHARACTER SET utf16,
        em VARCHAR(9) DEFAULT '', ge GEOMETRY, po POINT NOT NULL, gc GEOMETRYCOLLECTION, ml MULTIPOLYGON,
        SPATIAL KEY sp (po), KEY pr (tx(20)), FULLTEXT KEY ft (tx), UNIQUE KEY un (v2, c1),
        KEY ii (a, b) COMMENT 'it''s') COMMENT 'it''s \\\\ a comment' STATS_PERSISTENT=1
        AVG_ROW_LENGTH=20 DEFAULT CHARACTER SET utf8mb4
        COLLATE utf8mb4_general_ci""",
    "expressions": """CREATE TABLE {t} (a INT, s VARCHAR(50), d DATETIME,
        g1 VARCHAR(200) AS (CONCAT(s, 'it''s "q" \\\\ back\nnew é 한 `bt`')) VIRTUAL,
        g2 DATETIME AS (d + INTERVAL 1 DAY),
        g3 VARCHAR(20) AS (CAST(a AS CHAR(10) CHARACTER SET latin1)),
        g4 VARCHAR(60) AS (CASE WHEN a > 1 AND s LIKE 'x%' OR NOT a <=> 3 THEN LOWER(s) ELSE SUBSTRING(s,1,2) END),
        g5 BIGINT AS (a * (a + 1) - -a / 2 MOD 3), g6 INT AS (a BETWEEN 1 AND 2 OR a IN (1,2,3) OR s IS NULL),
        g7 VARCHAR(60) AS (TRIM(BOTH 'x' FROM s)), g8 INT AS (EXTRACT(YEAR FROM d)), g9 INT AS (a & 7 | 1 << 2),
        h1 INT AS (CHAR_LENGTH(s) + LENGTH(s) + LOCATE('a', s) + INSTR(s, 'b')) STORED,
        h2 VARCHAR(60) AS (IFNULL(NULLIF(s, 'x'), COALESCE(s, 'y'))), h3 INT AS (TIMESTAMPDIFF(DAY, d, '2020-01-01')),
        h4 DATE AS (DATE(d)), h5 VARBINARY(20) AS (x'41ff'), h6 INT AS (a DIV 2 XOR a), h7 DOUBLE AS (ROUND(a / 3, 2)),
        h8 INT AS (~a), h9 INT AS (s NOT LIKE 'a%' AND a NOT IN (1,2) AND a NOT BETWEEN 1 AND 2),
        i1 VARCHAR(60) AS (CONVERT(s USING latin1)), i2 DECIMAL(10,2) AS (CAST(a AS DECIMAL(10,2))),
        i3 INT AS (INTERVAL(a, 1, 2)), i4 INT AS (NOT a), KEY k (h1)) DEFAULT CHARACTER SET utf8mb4
        COLLATE utf8mb4_general_ci""",
    "range": """CREATE TABLE {t} (a INT NOT NULL, d DATETIME, PRIMARY KEY (a)) PARTITION BY RANGE (a) (
        PARTITION p0 VALUES LESS THAN (10) COMMENT='x', PARTITION `p 2` VALUES LESS THAN MAXVALUE)""",
    "range columns": """CREATE TABLE {t} (a VARCHAR(10), b DATE) DEFAULT CHARACTER SET utf8mb4
        COLLATE utf8mb4_general_ci PARTITION BY RANGE COLUMNS(a,b) (
        PARTITION p0 VALUES LESS THAN ('it''s','2020-01-01'), PARTITION p1 VALUES LESS THAN (MAXVALUE,MAXVALUE))""",
    "list": """CREATE TABLE {t} (a INT) PARTITION BY LIST (a) (
        PARTITION p0 VALUES IN (1,2,NULL), PARTITION p1 VALUES IN (3))""",
    "hash": "CREATE TABLE {t} (a INT, d DATE) PARTITION BY HASH (YEAR(d)) PARTITIONS 3",
    "linear key": "CREATE TABLE {t} (a INT PRIMARY KEY) PARTITION BY LINEAR KEY (a) PARTITIONS 3",
    "subpartitions": """CREATE TABLE {t} (a INT, d DATE) PARTITION BY RANGE (TO_DAYS(d)) SUBPARTITION BY HASH (a)
        SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (700000) (SUBPARTITION s0, SUBPARTITION s1),
        PARTITION p1 VALUES LESS THAN MAXVALUE (SUBPARTITION s2, SUBPARTITION s3))""",
    "compressed": "CREATE TABLE {t} (a INT, b VARCHAR(10), KEY (b)) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8",
    "compact": "CREATE TABLE {t} (a INT) ROW_FORMAT=COMPACT",
    "myisam": """CREATE TABLE {t} (a INT NOT NULL AUTO_INCREMENT, b INT, KEY (b, a))
        ENGINE=MyISAM CHECKSUM=1 ROW_FORMAT=FIXED""",
    "memory": "CREATE TABLE {t} (a INT, b INT, KEY h (a) USING HASH, KEY b (b) USING BTREE) ENGINE=MEMORY MAX_ROWS=10",
    "odd names": """CREATE TABLE {t} (`a b` INT, `c``d` INT AS (`a b` + 1), `e'f` INT, KEY `k k` (`a b`))""",
}
"""Tables that say the same everywhere: nothing is noted but collations."""


@pytest.mark.parametrize(("old", "new"), [*TO_MARIADB, *TO_MYSQL, *UPGRADES])
async def test_tables_are_on_the_target_what_was_wanted(
    old: str, new: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    names = {case: case.replace(" ", "_") for case in EVERYWHERE}
    statements = [EVERYWHERE[case].replace("{t}", quote(names[case])) for case in EVERYWHERE]
    result = await crossed(source, target, schema, *statements)
    assert result.differences == ()
    assert result.statements.keys() == set(names.values())
    assert {code for name in names.values() for code in result.codes(name)} - {"MG401", "MG402"} == set()
    assert all("2038" in text for name in names.values() for text in result.texts(name, "MG402"))


@pytest.mark.parametrize(("old", "new"), TO_MARIADB)
async def test_json_of_mysql_is_text_with_a_check(old: str, new: str, every: Lab, fresh_schemas: FreshSchemas) -> None:
    source, target = every.servers[old], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    result = await crossed(
        source,
        target,
        schema,
        "CREATE TABLE t (id INT, j JSON NOT NULL, k JSON DEFAULT (JSON_ARRAY()), CONSTRAINT j CHECK (id > 1))",
    )
    assert result.differences == ()
    there = table_there(result, schema, "t")
    assert [(column.native, column.collation) for column in there.columns[1:]] == [("longtext", "utf8mb4_bin")] * 2
    assert [check.name for check in there.checks] == ["j", "j_chk", "k"]
    assert result.texts("t", "MG406") == ("the check `j` is called `j_chk`: that of column `j` has its name",)
    with pytest.raises(pymysql.err.MySQLError, match=r"CONSTRAINT `t\.j` failed"):
        made(target, schema, ["INSERT INTO t (id, j) VALUES (2, 'no document')"])


@pytest.mark.parametrize(("old", "new"), TO_MYSQL)
async def test_json_of_mariadb_stays_text_with_its_check(
    old: str, new: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    result = await crossed(
        source,
        target,
        schema,
        "CREATE TABLE t (id INT CHECK (id > 0), j JSON DEFAULT '{\"it''s\": 1}', CHECK (id < 9))",
        "CREATE TABLE u (j JSON, CONSTRAINT one CHECK (json_length(j) > 0), CONSTRAINT two CHECK (j <> '[]'))",
        "CREATE TABLE v (i INT, CONSTRAINT two CHECK (i <> 7))",
    )
    assert result.differences == ()
    assert [check.name for check in table_there(result, schema, "t").checks] == ["t_chk_1", "t_chk_id", "t_chk_j"]
    assert [check.name for check in table_there(result, schema, "u").checks] == ["one", "u_chk_j", "u_chk_two"]
    assert "MG406" in result.codes("v")
    made(target, schema, ["INSERT INTO t (id) VALUES (1)"])
    assert client.rows(target, f"SELECT j FROM `{schema}`.t") == [('{"it\'s": 1}',)]
    with pytest.raises(pymysql.err.MySQLError, match="t_chk_j"):
        made(target, schema, ["INSERT INTO t (id, j) VALUES (2, 'no document')"])


@pytest.mark.parametrize(("old", "new"), TO_MARIADB)
async def test_an_index_over_expressions_is_one_over_generated_columns(
    old: str, new: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    result = await crossed(
        source,
        target,
        schema,
        """CREATE TABLE t (a INT, u INT UNSIGNED, s VARCHAR(30) COLLATE utf8mb4_bin, c CHAR(5), j JSON, d DATETIME,
        KEY low ((LOWER(s))), KEY two ((CAST(j->'$.z' AS UNSIGNED)), (a + 1) DESC), UNIQUE KEY up ((UPPER(s)), a),
        KEY text ((CAST(j->>'$.n' AS CHAR(30)) COLLATE utf8mb4_bin)), KEY day ((DATE(d))),
        KEY both_ ((CONCAT(s, '-', s))), KEY fixed ((UPPER(c))))""",
        "CREATE TABLE left_out (a INT, u INT UNSIGNED, s VARCHAR(9), j JSON, KEY x ((COALESCE(s, 'x'))),"
        " KEY m ((a - u)), KEY v ((CAST(j->'$.t' AS UNSIGNED ARRAY))))",
        "CREATE TABLE no (s VARCHAR(9), UNIQUE KEY x ((COALESCE(s, 'x'))))",
    )
    assert result.differences == ()
    there = table_there(result, schema, "t")
    index = next(index for index in there.indexes if index.name == "two")
    assert index.parts == (IndexPart("two_expr_1"), IndexPart("two_expr_2", descending=True))
    made_columns = {column.name: column for column in there.columns if column.invisible}
    assert {name: column.native for name, column in made_columns.items()} == {
        "both__expr_1": "varchar(61)",
        "day_expr_1": "date",
        "fixed_expr_1": "varchar(5)",
        "low_expr_1": "varchar(30)",
        "text_expr_1": "varchar(30)",
        "two_expr_1": "bigint unsigned",
        "two_expr_2": "bigint",
        "up_expr_1": "varchar(30)",
    }
    assert result.codes("left_out").count("MG412") == 3
    assert table_there(result, schema, "left_out").indexes == ()
    assert result.codes("no") == ("MG410",)
    made(target, schema, ["INSERT INTO t (a, s) VALUES (1, 'Ab')"])
    with pytest.raises(pymysql.err.IntegrityError, match="1062"):
        made(target, schema, ["INSERT INTO t (a, s) VALUES (1, 'aB')"])


@pytest.mark.parametrize(("old", "new"), TO_MARIADB)
async def test_rules_that_mariadb_has_no_word_for_become_checks(
    old: str, new: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    result = await crossed(
        source,
        target,
        schema,
        """CREATE TABLE t (a INT, i INT NOT NULL INVISIBLE, g INT AS (a + 1) STORED NOT NULL, KEY k (a) INVISIBLE,
        p POINT NOT NULL SRID 4326, CONSTRAINT off CHECK (a < 5) NOT ENFORCED)""",
        "CREATE TABLE key_ (a INT, g INT AS (a + 1) STORED, PRIMARY KEY (g))",
    )
    assert result.differences == ()
    there = table_there(result, schema, "t")
    assert there.checks == (
        Check("g_not_null", "`g` is not null"),
        Check("i_not_null", "`i` is not null"),
    )
    assert [code for code in result.codes("t") if code != "MG401"] == ["MG404", "MG405", "MG406", "MG406", "MG412"]
    assert result.texts("key_", "MG410") == ("the primary key: MariaDB takes no generated column in it (`g`)",)
    with pytest.raises(pymysql.err.MySQLError, match="i_not_null"):
        made(target, schema, ["INSERT INTO t (a, p) VALUES (1, POINT(1, 2))"])


@pytest.mark.parametrize(("old", "new"), TO_MARIADB)
async def test_defaults_of_mysql_are_values_where_mariadb_tells_values(
    old: str, new: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    result = await crossed(
        source,
        target,
        schema,
        """CREATE TABLE t (id INT, a TEXT DEFAULT ('it''s \\\\'), b BLOB DEFAULT (x'6100ff'), d INT DEFAULT (5),
        e GEOMETRY DEFAULT (POINT(1,2)), g DATE DEFAULT ('2020-01-01'), h BINARY(2) DEFAULT (x'ff'),
        k LONGTEXT DEFAULT (CONCAT('a''', 'b')), u VARCHAR(36) DEFAULT (UUID()), n BINARY(4) DEFAULT 'a\\0b',
        v VARBINARY(5) DEFAULT x'ff00', f VARCHAR(9) DEFAULT (DATE_FORMAT('2020-02-03', '%d')))""",
    )
    assert result.differences == ()
    made(target, schema, ["INSERT INTO t (id) VALUES (1)"])
    assert client.rows(target, f"SELECT a, b, d, g, h, k, n, v, f, LENGTH(u) FROM `{schema}`.t")[0] == (
        "it's \\",
        b"a\0\xff",
        5,
        datetime.date(2020, 1, 1),
        b"\xff\0",
        "a'b",
        b"a\0b\0",
        b"\xff\0",
        "03",
        36,
    )


@pytest.mark.parametrize(("old", "new"), TO_MYSQL)
async def test_types_and_defaults_of_mariadb_become_what_mysql_has(
    old: str, new: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    result = await crossed(
        source,
        target,
        schema,
        """CREATE TABLE t (u UUID PRIMARY KEY DEFAULT UUID(), i INET6 DEFAULT '::1', j INET4, c VARCHAR(100) COMPRESSED,
        y YEAR(2), d DATETIME(3) DEFAULT CURRENT_TIMESTAMP, bl BLOB DEFAULT 'a''b', tx TEXT DEFAULT 'it''s \\\\',
        e DATE DEFAULT (CURDATE() + INTERVAL 1 DAY), n BINARY(4) DEFAULT 'a\\0b', inv INT DEFAULT 3 INVISIBLE,
        KEY ig (y) IGNORED) PAGE_COMPRESSED=1""",
        "CREATE TABLE child (u UUID, FOREIGN KEY (u) REFERENCES t (u))",
        "CREATE TABLE a (id INT PRIMARY KEY) ENGINE=Aria TRANSACTIONAL=1",
        "CREATE TABLE b (id INT NOT NULL AUTO_INCREMENT, x INT, KEY (x, id)) ENGINE=Aria",
    )
    assert result.differences == ()
    there = {column.name: column for column in table_there(result, schema, "t").columns}
    assert [there[name].native for name in ("u", "i", "j", "c", "y")] == [
        "char(36)",
        "varchar(45)",
        "varchar(15)",
        "varchar(100)",
        "year(4)",
    ]
    assert set(result.codes("t")) - {"MG401"} == {"MG402", "MG404", "MG405", "MG407"}
    assert [table_there(result, schema, name).storage.engine for name in "ab"] == ["InnoDB", "MyISAM"]
    made(target, schema, ["INSERT INTO t (y) VALUES (2020)"])
    assert client.rows(target, f"SELECT LENGTH(u), i, bl, tx, n FROM `{schema}`.t") == [
        (36, "::1", b"a'b", "it's \\", b"a\0b\0")
    ]


@pytest.mark.parametrize("old", ["source", "maria11"])
async def test_a_counter_of_no_whole_numbers_is_refused_where_mysql_has_none_any_more(
    old: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers["new"]
    schema = fresh_schemas("cross", source, target)
    definition = "CREATE TABLE t (f FLOAT AUTO_INCREMENT PRIMARY KEY)"
    result = await crossed(source, target, schema, definition)
    assert [note.text.partition(":")[0] for note in result.said.refused] == ["`f`"]
    with pytest.raises(pymysql.err.MySQLError) as refused:
        client.rows(target, definition, database=schema)
    assert refused.value.args[0] == 1063


@pytest.mark.parametrize(("old", "new"), TO_MYSQL)
async def test_what_mysql_has_nothing_for_is_refused_with_the_reason(
    old: str, new: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    result = await crossed(
        source,
        target,
        schema,
        "CREATE TABLE now_ (a DATETIME, g INT AS (TIMESTAMPDIFF(DAY, a, NOW())))",
        "CREATE TABLE hashed (a TEXT, UNIQUE (a))",
        "CREATE TABLE parent (id INT PRIMARY KEY)",
        """CREATE TABLE child (p INT, CONSTRAINT f FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE,
        CONSTRAINT c CHECK (p > 0))""",
        "CREATE SEQUENCE s",
        "CREATE TABLE counted (a INT DEFAULT NEXTVAL(s))",
        "CREATE TABLE made_ (a VARCHAR(99), g VARCHAR(99) AS (NATURAL_SORT_KEY(a)))" if old == "maria11" else "DO 1",
    )
    reasons = {note.name.name: note.text for note in result.said.refused}
    expected = {
        "now_": "the generated column `g`: MySQL does not take CURRENT_TIMESTAMP() in a generated column",
        "hashed": "the index `a`: MySQL has no unique keys over whole texts, nor longer ones than an index may be",
        "child": "the check `c`: MySQL takes no check of a column that foreign key `f` changes",
        "counted": "the default of column `a`: MySQL has no NEXTVAL()",
    }
    if old == "maria11":
        expected["made_"] = "the generated column `g`: MySQL has no NATURAL_SORT_KEY()"
    assert reasons == expected
    assert result.differences == ()


@pytest.mark.parametrize(("old", "new"), TO_MARIADB)
async def test_what_mariadb_has_nothing_for_is_refused_with_the_reason(
    old: str, new: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    result = await crossed(
        source,
        target,
        schema,
        "CREATE TABLE charset (a VARCHAR(10) CHARACTER SET gb18030)",
        "CREATE TABLE default_ (a BINARY(16) DEFAULT (UUID_TO_BIN(UUID())))",
        "CREATE TABLE engine_ (a INT) ENGINE=ARCHIVE",
        "CREATE TABLE minus (a INT, u INT UNSIGNED, g INT AS (a - u) STORED)",
        "CREATE TABLE named (d DATE, g VARCHAR(20) AS (MONTHNAME(d)) STORED)",
        "CREATE TABLE cast_ (s VARCHAR(9), g JSON AS (CAST(s AS JSON)))",
    )
    assert {note.name.name: note.text for note in result.said.refused} == {
        "charset": "column `a`: the target has no character set gb18030",
        "default_": "the default of column `a`: MariaDB has no UUID_TO_BIN()",
        "engine_": "the target has no engine ARCHIVE",
        "minus": "the generated column `g`: MariaDB stores no difference of unsigned numbers (NO_UNSIGNED_SUBTRACTION)",
        "named": "the generated column `g`: MariaDB does not take MONTHNAME() in a generated column whose values are"
        " kept",
        "cast_": "the generated column `g`: MariaDB cannot CAST to JSON",
    }


@pytest.mark.parametrize(("old", "new"), TO_MARIADB)
async def test_stored_columns_say_what_mariadb_would_take_from_the_session(
    old: str, new: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    result = await crossed(
        source,
        target,
        schema,
        """CREATE TABLE t (d DATE, c CHAR(9), r VARCHAR(9), m VARCHAR(9) AS (DATE_FORMAT(d, '%Y-%m')) STORED,
        l VARCHAR(9) AS (LOWER(c)) STORED, x INT AS (r REGEXP '^a'), KEY (x), CHECK (DATE_FORMAT(d, '%Y') > 2000))""",
    )
    assert result.differences == ()
    made(target, schema, ["INSERT INTO t (d, c, r) VALUES ('2020-03-04', 'Ab', 'Abc')"])
    assert client.rows(target, f"SELECT m, l, x FROM `{schema}`.t") == [("2020-03", "ab", 1)]


@pytest.mark.parametrize(
    ("old", "new", "collation", "becomes"),
    [
        ("source", "maria11", "utf8mb4_0900_ai_ci", "utf8mb4_0900_ai_ci"),
        ("source", "maria10", "utf8mb4_0900_ai_ci", "utf8mb4_uca1400_nopad_ai_ci"),
        ("source", "maria11", "utf8mb4_ja_0900_as_cs", "utf8mb4_uca1400_nopad_as_cs"),
        ("source", "maria10", "utf8mb4_0900_bin", "utf8mb4_nopad_bin"),
        ("maria11", "source", "utf8mb4_uca1400_ai_ci", "utf8mb4_0900_ai_ci"),
        ("maria10", "new", "utf8mb4_uca1400_swedish_nopad_as_cs", "utf8mb4_sv_0900_as_cs"),
        ("maria11", "new", "latin1_swedish_nopad_ci", "latin1_swedish_ci"),
    ],
)
async def test_a_collation_becomes_the_one_most_like_it_and_unique_keys_are_told(
    old: str, new: str, collation: str, becomes: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    charset = collation.partition("_")[0]
    result = await crossed(
        source,
        target,
        schema,
        f"CREATE TABLE t (a VARCHAR(9) CHARACTER SET {charset} COLLATE {collation} PRIMARY KEY, b INT)"
        f" DEFAULT CHARACTER SET {charset} COLLATE {collation}",
    )
    assert result.differences == ()
    there = table_there(result, schema, "t")
    assert (there.columns[0].collation, there.storage.collation) == (becomes, becomes)
    same_rules = (collation, becomes) == ("utf8mb4_0900_bin", "utf8mb4_nopad_bin")
    assert result.codes("t") == (() if same_rules else ("MG401", "MG411"))


async def test_a_unique_key_refuses_what_the_new_collation_calls_equal(every: Lab, fresh_schemas: FreshSchemas) -> None:
    source, target = every.servers["maria11"], every.servers["source"]
    schema = fresh_schemas("cross", source, target)
    result = await crossed(
        source, target, schema, "CREATE TABLE t (a VARCHAR(9) COLLATE utf8mb4_general_nopad_ci UNIQUE)"
    )
    assert "spaces at the end do not count any more" in result.texts("t", "MG411")[0]
    made(source, schema, ["INSERT INTO t VALUES ('a'), ('a ')"])
    with pytest.raises(pymysql.err.IntegrityError, match="1062"):
        made(target, schema, ["INSERT INTO t VALUES ('a'), ('a ')"])


@pytest.mark.parametrize("old", ["source", "maria11"])
async def test_a_foreign_key_to_no_unique_key_is_made_and_told(
    old: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers["new"]
    schema = fresh_schemas("cross", source, target)
    result = await crossed(
        source,
        target,
        schema,
        "CREATE TABLE parent (id INT PRIMARY KEY, a INT, KEY (a))",
        "CREATE TABLE child (a INT, i INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES parent (a),"
        " CONSTRAINT g FOREIGN KEY (i) REFERENCES parent (id))",
    )
    assert result.differences == ()
    assert [code for code in result.codes("child") if code != "MG401"] == ["MG409"]


async def test_a_default_partition_is_refused_although_the_dictionary_hides_it(
    every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers["maria11"], every.servers["source"]
    schema = fresh_schemas("cross", source, target)
    with pytest.raises(UnreadableDdl, match="MySQL has no DEFAULT partition of a list"):
        await crossed(
            source,
            target,
            schema,
            "CREATE TABLE t (a INT) PARTITION BY LIST (a) (PARTITION p VALUES IN (1), PARTITION q DEFAULT)",
        )


async def test_equal_dialects_translate_nothing(every: Lab, fresh_schemas: FreshSchemas) -> None:
    source, target = every.servers["source"], every.servers["target"]
    schema = fresh_schemas("cross", source, target)
    result = await crossed(source, target, schema, "CREATE TABLE t (j JSON, s VARCHAR(9) UNIQUE, KEY ((LOWER(s))))")
    assert (result.said.notes, result.said.refused, result.differences) == ((), (), ())


@pytest.mark.parametrize("new", ["source", "maria11"])
async def test_bytes_by_default_that_the_source_prints_as_question_marks_are_taken_from_its_dictionary(
    new: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers["old"], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    result = await crossed(source, target, schema, "CREATE TABLE t (id INT, b VARBINARY(5) DEFAULT x'ff41')")
    assert result.differences == ()
    made(target, schema, ["INSERT INTO t (id) VALUES (1)"])
    assert client.rows(target, f"SELECT b FROM `{schema}`.t") == [(b"\xff\x41",)]
