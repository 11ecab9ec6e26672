"""Changes of what tables have besides columns, one a case."""

from __future__ import annotations

from tests.engines.mysql_changes import COLUMNS, Change
from tests.engines.mysql_changes_of_computed import COMPUTED

TABLES: dict[str, Change] = {
    # -- indexes
    "index added": Change("(a int, b int)", "(a int, b int, KEY k (a, b))", "VALUES (1, 2)"),
    "index dropped": Change("(a int, b int, KEY k (a, b))", "(a int, b int)", "VALUES (1, 2)"),
    "index of other columns": Change("(a int, b int, KEY k (a))", "(a int, b int, KEY k (b))", "VALUES (1, 2)"),
    "index of another name": Change("(a int, KEY k (a))", "(a int, KEY z (a))", "VALUES (1)"),
    "index of another case": Change("(a int, KEY k (a))", "(a int, KEY K (a))", "VALUES (1)"),
    "index comment": Change("(a int, KEY k (a))", "(a int, KEY k (a) COMMENT 'it''s')", "VALUES (1)"),
    "index prefix": Change("(a varchar(30), KEY k (a))", "(a varchar(30), KEY k (a(5)))", "VALUES ('x')"),
    "index descending": Change(
        "(a int, b int, KEY k (a, b))", "(a int, b int, KEY k (a, b DESC))", "VALUES (1, 2)", needs=("descending",)
    ),
    "hidden index": Change(
        "(a int, KEY k (a))", "(a int, KEY k (a) INVISIBLE)", "VALUES (1)", needs=("hidden index", "mysql")
    ),
    "visible index": Change(
        "(a int, KEY k (a) INVISIBLE)", "(a int, KEY k (a))", "VALUES (1)", needs=("hidden index", "mysql")
    ),
    "ignored index": Change("(a int, KEY k (a))", "(a int, KEY k (a) IGNORED)", "VALUES (1)", needs=("mariadb",)),
    "index not ignored": Change("(a int, KEY k (a) IGNORED)", "(a int, KEY k (a))", "VALUES (1)", needs=("mariadb",)),
    "hidden index of other columns": Change(
        "(a int, b int, KEY k (a))",
        "(a int, b int, KEY k (b) INVISIBLE)",
        "VALUES (1, 2)",
        needs=("hidden index", "mysql"),
    ),
    "hidden index that stood in for the primary key": Change(
        "(code int NOT NULL, a int NOT NULL, UNIQUE KEY c (a, code))",
        "(code int NOT NULL, a int NOT NULL, PRIMARY KEY (code), UNIQUE KEY c (a, code) INVISIBLE)",
        "VALUES (1, 2)",
        risk="lossy",
        needs=("hidden index", "mysql"),
    ),
    "unique added": Change("(a int, b int)", "(a int, b int, UNIQUE KEY u (a))", "VALUES (1, 2), (2, 2)", risk="lossy"),
    "unique of more columns": Change(
        "(a int, b int, UNIQUE KEY u (a))", "(a int, b int, UNIQUE KEY u (a, b))", "VALUES (1, 2), (2, 2)"
    ),
    "unique becomes plain": Change("(a int, UNIQUE KEY u (a))", "(a int, KEY u (a))", "VALUES (1), (2)"),
    "plain becomes unique": Change("(a int, KEY u (a))", "(a int, UNIQUE KEY u (a))", "VALUES (1), (2)", risk="lossy"),
    "primary key added": Change(
        "(a int NOT NULL, b int)", "(a int NOT NULL PRIMARY KEY, b int)", "VALUES (1, 2)", risk="lossy"
    ),
    "primary key dropped": Change("(a int NOT NULL PRIMARY KEY, b int)", "(a int NOT NULL, b int)", "VALUES (1, 2)"),
    "primary key changed": Change(
        "(a int NOT NULL, b int NOT NULL, PRIMARY KEY (a))",
        "(a int NOT NULL, b int NOT NULL, PRIMARY KEY (b))",
        "VALUES (1, 2)",
        risk="lossy",
    ),
    "primary key gets a column": Change(
        "(a int NOT NULL, b int NOT NULL, PRIMARY KEY (a))",
        "(a int NOT NULL, b int NOT NULL, PRIMARY KEY (a, b))",
        "VALUES (1, 2)",
    ),
    "primary key widened": Change("(a int NOT NULL PRIMARY KEY)", "(a bigint NOT NULL PRIMARY KEY)", "VALUES (1)"),
    "counter of a new primary key": Change(
        "(id int NOT NULL AUTO_INCREMENT, a int NOT NULL, PRIMARY KEY (id))",
        "(id int NOT NULL AUTO_INCREMENT, a int NOT NULL, PRIMARY KEY (a, id), KEY id (id))",
        "VALUES (3, 1), (7, 2)",
    ),
    "fulltext added": Change("(a text, b text)", "(a text, b text, FULLTEXT KEY f (a))", "VALUES ('some words', 'x')"),
    "fulltext added beside another": Change(
        "(a text, b text, FULLTEXT KEY e (b))",
        "(a text, b text, FULLTEXT KEY e (b), FULLTEXT KEY f (a))",
        "VALUES ('some words', 'x')",
    ),
    "fulltexts added": Change(
        "(a text, b text, c int)",
        "(a text, b text, c int, FULLTEXT KEY f (a), FULLTEXT KEY g (b), FULLTEXT KEY h (a, b))",
        "VALUES ('some words', 'x', 1)",
        count=3,
        maria=1,
    ),
    "fulltexts added and a column": Change(
        "(a text, b text)",
        "(a text, x int, b text, FULLTEXT KEY f (a), FULLTEXT KEY g (b))",
        "VALUES ('some words', 'x')",
        "a, b",
        count=3,
        maria=1,
    ),
    "fulltexts changed": Change(
        "(a text, b text, FULLTEXT KEY f (a), FULLTEXT KEY g (b))",
        "(a text, b text, FULLTEXT KEY f (b), FULLTEXT KEY g (a, b))",
        "VALUES ('some words', 'x')",
        count=3,
        maria=1,
    ),
    "fulltexts added in a copy": Change(
        "(a text, b text, c bigint)",
        "(a text, b text, c int, FULLTEXT KEY f (a), FULLTEXT KEY g (b))",
        "VALUES ('some words', 'x', 1)",
        risk="lossy",
    ),
    "fulltext dropped": Change("(a text, FULLTEXT KEY f (a))", "(a text)", "VALUES ('some words')"),
    "fulltexts of MyISAM": Change(
        "(a text, b text) ENGINE=MyISAM",
        "(a text, b text, FULLTEXT KEY f (a), FULLTEXT KEY g (b)) ENGINE=MyISAM",
        "VALUES ('x', 'x')",
    ),
    "spatial added": Change(
        "(g point NOT NULL)",
        "(g point NOT NULL, SPATIAL KEY s (g))",
        "VALUES (ST_GeomFromText('POINT(1 2)'))",
        "ST_AsText(g)",
    ),
    "spatial dropped": Change(
        "(g point NOT NULL, SPATIAL KEY s (g))",
        "(g point NOT NULL)",
        "VALUES (ST_GeomFromText('POINT(1 2)'))",
        "ST_AsText(g)",
    ),
    "functional added": Change(
        "(a int, b varchar(9))",
        "(a int, b varchar(9), KEY f ((a + 1), (lower(b))))",
        "VALUES (1, 'X')",
        needs=("functional index",),
    ),
    "functional changed": Change(
        "(a int, KEY f ((a + 1)))", "(a int, KEY f ((a + 2)))", "VALUES (1)", needs=("functional index",)
    ),
    "functional dropped": Change("(a int, KEY f ((a + 1)))", "(a int)", "VALUES (1)", needs=("functional index",)),
    # -- checks
    "check added": Change(
        "(a int)", "(a int, CONSTRAINT c1 CHECK (a > 0))", "VALUES (1)", risk="lossy", needs=("check",)
    ),
    "check dropped": Change("(a int, CONSTRAINT c2 CHECK (a > 0))", "(a int)", "VALUES (1)", needs=("check",)),
    "check changed": Change(
        "(a int, CONSTRAINT c3 CHECK (a > 0))",
        "(a int, CONSTRAINT c3 CHECK (a > -1))",
        "VALUES (1)",
        risk="lossy",
        needs=("check",),
    ),
    "check no longer enforced": Change(
        "(a int, CONSTRAINT c4 CHECK (a > 0))",
        "(a int, CONSTRAINT c4 CHECK (a > 0) NOT ENFORCED)",
        "VALUES (1)",
        needs=("not enforced",),
    ),
    "check enforced": Change(
        "(a int, CONSTRAINT c5 CHECK (a > 0) NOT ENFORCED)",
        "(a int, CONSTRAINT c5 CHECK (a > 0))",
        "VALUES (1)",
        risk="lossy",
        needs=("not enforced",),
    ),
    "check changed and not enforced": Change(
        "(a int, CONSTRAINT c6 CHECK (a > 0))",
        "(a int, CONSTRAINT c6 CHECK (a > 1) NOT ENFORCED)",
        "VALUES (1)",
        needs=("not enforced",),
    ),
    "check of a new column": Change(
        "(a int)",
        "(a int, b int NOT NULL DEFAULT 5, CONSTRAINT c7 CHECK (b > a))",
        "VALUES (1)",
        "a",
        "lossy",
        ("check",),
    ),
    "check goes with its column": Change(
        "(a int, b int, CONSTRAINT c8 CHECK (b > a))", "(a int)", "VALUES (1, 2)", "a", "destructive", ("check",)
    ),
    "column check added": Change("(a int)", "(a int CHECK (a > 0))", "VALUES (1)", risk="lossy", needs=("mariadb",)),
    "column check dropped": Change("(a int CHECK (a > 0))", "(a int)", "VALUES (1)", needs=("mariadb",)),
    "column check changed": Change(
        "(a int CHECK (a > 0))", "(a int CHECK (a > -1))", "VALUES (1)", risk="lossy", needs=("mariadb",)
    ),
    # -- the table
    "table comment": Change("(a int) COMMENT='x'", "(a int) COMMENT='it''s \\\\ new\\nline'", "VALUES (1)"),
    "table comment dropped": Change("(a int) COMMENT='x'", "(a int)", "VALUES (1)"),
    "row format": Change("(a int) ROW_FORMAT=COMPACT", "(a int) ROW_FORMAT=DYNAMIC", "VALUES (1)"),
    "row format redundant": Change("(a int)", "(a int) ROW_FORMAT=REDUNDANT", "VALUES (1)"),
    "compressed": Change(
        "(a int, b text)", "(a int, b text) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4", "VALUES (1, 'x')"
    ),
    "not compressed": Change(
        "(a int, b text) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4", "(a int, b text)", "VALUES (1, 'x')"
    ),
    "options": Change(
        "(a int) STATS_PERSISTENT=1 MAX_ROWS=10 AVG_ROW_LENGTH=7",
        "(a int) STATS_PERSISTENT=0 STATS_SAMPLE_PAGES=9 MIN_ROWS=1 CHECKSUM=1",
        "VALUES (1)",
    ),
    "options dropped": Change(
        "(a int) STATS_PERSISTENT=0 STATS_SAMPLE_PAGES=9 STATS_AUTO_RECALC=1 MIN_ROWS=1 MAX_ROWS=9 CHECKSUM=1"
        " DELAY_KEY_WRITE=1 PACK_KEYS=1 AVG_ROW_LENGTH=10",
        "(a int)",
        "VALUES (1)",
    ),
    "compressed pages": Change("(a int)", "(a int) COMPRESSION='zlib'", "VALUES (1)", needs=("mysql",)),
    "no compressed pages": Change("(a int) COMPRESSION='zlib'", "(a int)", "VALUES (1)", needs=("mysql",)),
    "pages compressed by MariaDB": Change("(a int)", "(a int) PAGE_COMPRESSED=1", "VALUES (1)", needs=("mariadb",)),
    "pages no longer compressed by MariaDB": Change(
        "(a int) PAGE_COMPRESSED=1 PAGE_COMPRESSION_LEVEL=3", "(a int)", "VALUES (1)", needs=("mariadb",)
    ),
    "engine to MyISAM": Change("(a int, b text)", "(a int, b text) ENGINE=MyISAM", "VALUES (1, 'x')"),
    "engine to InnoDB": Change("(a int, b text) ENGINE=MyISAM", "(a int, b text) ENGINE=InnoDB", "VALUES (1, 'x')"),
    "engine to InnoDB from a fixed format": Change(
        "(a int) ENGINE=MyISAM ROW_FORMAT=FIXED", "(a int) ENGINE=InnoDB", "VALUES (1)"
    ),
    "engine to memory": Change("(a int)", "(a int) ENGINE=MEMORY", "VALUES (1)", risk="destructive"),
    "everything at once": Change(
        "(id int NOT NULL, a varchar(9), b int, KEY b (b))"
        " ENGINE=MyISAM CHARSET=latin1 COLLATE=latin1_bin COMMENT='old'",
        "(id bigint NOT NULL AUTO_INCREMENT, b int NOT NULL DEFAULT 1 COMMENT 'b', a varchar(19), n date,"
        " PRIMARY KEY (id), UNIQUE KEY b (b)) ENGINE=InnoDB CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='new'",
        "VALUES (1, 'ä', 5)",
        "id, a, b",
        "lossy",
    ),
    # -- partitions
    "row format of partitions": Change(
        "(a int) ROW_FORMAT=COMPACT PARTITION BY HASH (a) PARTITIONS 2",
        "(a int) ROW_FORMAT=DYNAMIC PARTITION BY HASH (a) PARTITIONS 2",
        "VALUES (1)",
    ),
    "partitioned by hash": Change("(a int)", "(a int) PARTITION BY HASH (a) PARTITIONS 3", "VALUES (1), (2)"),
    "partitioned by key": Change(
        "(a int PRIMARY KEY)", "(a int PRIMARY KEY) PARTITION BY LINEAR KEY (a) PARTITIONS 3", "VALUES (1), (2)"
    ),
    "more hash partitions": Change(
        "(a int) PARTITION BY HASH (a) PARTITIONS 3", "(a int) PARTITION BY HASH (a) PARTITIONS 5", "VALUES (1), (2)"
    ),
    "fewer hash partitions": Change(
        "(a int) PARTITION BY HASH (a) PARTITIONS 3", "(a int) PARTITION BY HASH (a) PARTITIONS 2", "VALUES (1), (2)"
    ),
    "not partitioned": Change("(a int) PARTITION BY HASH (a) PARTITIONS 3", "(a int)", "VALUES (1), (2)"),
    "not partitioned and a column": Change(
        "(a int) PARTITION BY HASH (a) PARTITIONS 3", "(a int, b int)", "VALUES (1), (2)", "a"
    ),
    "partitioned with its key": Change(
        "(a int PRIMARY KEY, d date)",
        "(a int, d date, PRIMARY KEY (a, d)) PARTITION BY RANGE (year(d))"
        " (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE COMMENT = 'it''s, (last)')",
        "VALUES (1, '1999-01-01'), (2, '2024-01-01')",
        risk="lossy",
    ),
    "range added": Change(
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10))",
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION `p 1` VALUES LESS THAN (20))",
        "VALUES (1), (2)",
    ),
    "range added and a column": Change(
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10))",
        "(a int, b int) PARTITION BY RANGE (a)"
        " (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))",
        "VALUES (1), (2)",
        "a",
        count=2,
    ),
    "range split off the last": Change(
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION pm VALUES LESS THAN MAXVALUE)",
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20),"
        " PARTITION pm VALUES LESS THAN MAXVALUE)",
        "VALUES (1), (12), (25)",
    ),
    "ranges merged": Change(
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20),"
        " PARTITION p2 VALUES LESS THAN (30), PARTITION p3 VALUES LESS THAN (40))",
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p2 VALUES LESS THAN (30),"
        " PARTITION p3 VALUES LESS THAN (40))",
        "VALUES (1), (12), (25), (39)",
    ),
    "first range goes": Change(
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20),"
        " PARTITION p2 VALUES LESS THAN (30))",
        "(a int) PARTITION BY RANGE (a) (PARTITION p1 VALUES LESS THAN (20), PARTITION p2 VALUES LESS THAN (30))",
        "VALUES (1), (12), (25)",
    ),
    "last range goes": Change(
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))",
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10))",
        "VALUES (1), (2)",
        risk="lossy",
    ),
    "last range reaches further": Change(
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))",
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (90))",
        "VALUES (1), (2)",
    ),
    "range bound moves": Change(
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20),"
        " PARTITION p2 VALUES LESS THAN (30))",
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (5), PARTITION p1 VALUES LESS THAN (20),"
        " PARTITION p2 VALUES LESS THAN (30))",
        "VALUES (1), (7), (25)",
    ),
    "range of another expression": Change(
        "(a int, d date) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10))",
        "(a int, d date) PARTITION BY RANGE (year(d)) (PARTITION p0 VALUES LESS THAN (2050))",
        "VALUES (1, '2024-01-01')",
        risk="lossy",
    ),
    "range columns added": Change(
        "(d date, a int) PARTITION BY RANGE COLUMNS (d, a) (PARTITION p0 VALUES LESS THAN ('2020-01-01', 5))",
        "(d date, a int) PARTITION BY RANGE COLUMNS (d, a) (PARTITION p0 VALUES LESS THAN ('2020-01-01', 5),"
        " PARTITION p1 VALUES LESS THAN (MAXVALUE, MAXVALUE))",
        "VALUES ('2019-01-01', 1)",
    ),
    "list added": Change(
        "(a int) PARTITION BY LIST (a) (PARTITION p0 VALUES IN (1, 2))",
        "(a int) PARTITION BY LIST (a) (PARTITION p0 VALUES IN (1, 2), PARTITION p1 VALUES IN (3, NULL))",
        "VALUES (1), (2)",
    ),
    "list gets a value": Change(
        "(a int) PARTITION BY LIST (a) (PARTITION p0 VALUES IN (1, 2), PARTITION p1 VALUES IN (3))",
        "(a int) PARTITION BY LIST (a) (PARTITION p0 VALUES IN (1, 2, 9), PARTITION p1 VALUES IN (3))",
        "VALUES (1), (2), (3)",
        risk="lossy",
    ),
    "list goes": Change(
        "(a int) PARTITION BY LIST (a) (PARTITION p0 VALUES IN (1, 2), PARTITION p1 VALUES IN (3))",
        "(a int) PARTITION BY LIST (a) (PARTITION p0 VALUES IN (1, 2))",
        "VALUES (1), (2)",
        risk="lossy",
    ),
    "list of texts": Change(
        "(a varchar(9)) PARTITION BY LIST COLUMNS (a) (PARTITION p0 VALUES IN ('x*/', 'it''s'))",
        "(a varchar(9)) PARTITION BY LIST COLUMNS (a) (PARTITION p0 VALUES IN ('x*/', 'it''s'),"
        " PARTITION p1 VALUES IN ('y,('))",
        "VALUES ('x*/')",
    ),
    "subpartitions": Change(
        "(a int, d date) PARTITION BY RANGE (a) SUBPARTITION BY HASH (to_days(d)) SUBPARTITIONS 2"
        " (PARTITION p0 VALUES LESS THAN (9))",
        "(a int, d date) PARTITION BY RANGE (a) SUBPARTITION BY HASH (to_days(d)) SUBPARTITIONS 2"
        " (PARTITION p0 VALUES LESS THAN (9), PARTITION p1 VALUES LESS THAN (19))",
        "VALUES (1, '2024-01-01')",
    ),
    "partition comment": Change(
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10))",
        "(a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10) COMMENT = 'x')",
        "VALUES (1), (2)",
    ),
    # -- names
    "a`b, select 한글 %s": Change(
        "(`a``b` int, `select` int, `한글` int, `%s` varchar(9), `a.b` int,"
        " KEY `k``, (` (`a``b`), KEY `key` (`select`))",
        "(`%` int, `a.b` int, `a``b` bigint, `select` varchar(20) COMMENT '%s ``', `한글` int, `%s` varchar(19),"
        " KEY `k``, (` (`한글`, `%s`), UNIQUE KEY `index` (`a.b`))",
        "VALUES (1, 2, 3, 'x', 5)",
        "`a``b`, `select` + 0, `한글`, `%s`, `a.b`",
        "lossy",
    ),
    "한글 `key` (1), computed": Change(
        "(`a``b` int, `v,(` int AS (`a``b` + 1) VIRTUAL, `%s` varchar(9), CONSTRAINT `c``k %` CHECK (`v,(` > 0))"
        " COMMENT='`'",
        "(`a``b` int, `v,(` int AS (`a``b` + 1) STORED, `%s` varchar(9) DEFAULT '%s',"
        " CONSTRAINT `c``k %` CHECK (`v,(` > 0))"
        " COMMENT='%s ''한글'' `'",
        "(`a``b`) VALUES (1)",
        "`a``b`, `v,(`",
        needs=("check",),
    ),
    "range.`of` select": Change(
        "(`a``b` int) PARTITION BY RANGE (`a``b`)"
        " (PARTITION `p``0` VALUES LESS THAN (10), PARTITION `select` VALUES LESS THAN MAXVALUE)",
        "(`a``b` int) PARTITION BY RANGE (`a``b`)"
        " (PARTITION `p``0` VALUES LESS THAN (10), PARTITION `p.1 %`"
        " VALUES LESS THAN (20),"
        " PARTITION `select` VALUES LESS THAN MAXVALUE)",
        "VALUES (1), (15), (25)",
    ),
}

CHANGES = COLUMNS | COMPUTED | TABLES
