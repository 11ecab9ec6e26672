"""Changes to an existing table, one a case: what it was, the rows in it, what it is wanted to be."""

from __future__ import annotations

from typing import NamedTuple


class Change(NamedTuple):
    """`before` and `after` are the bodies of CREATE TABLE; `rows` fill the table, `keeps` selects what must stay.

    `risk` is the worst that the plan must say; `needs` are features (see `FEATURES`) that a server must have. `counts`
    is how many statements there are, `maria` how many on MariaDB where that differs.
    """

    before: str
    after: str
    rows: str = ""
    keeps: str = "*"
    risk: str = "safe"
    needs: str = ""
    count: int = 1
    maria: int | None = None


# The first version of MySQL, and of MariaDB, that has it; None: none has.
FEATURES: dict[str, tuple[tuple[int, ...] | None, tuple[int, ...] | None]] = {
    "check": ((8, 0, 16), (10, 2)),
    "not enforced": ((8, 0, 16), None),
    "default expression": ((8, 0, 13), (10, 2)),
    "functional index": ((8, 0, 13), None),
    "hidden index": ((8, 0), (10, 6)),
    "hidden column": ((8, 0, 23), (10, 3)),
    "srid": ((8, 0), None),
    "descending": ((8, 0), (10, 8)),
    "ngram": ((5, 7), None),
    "mysql": ((5, 7), None),
    "mariadb": (None, (10, 6)),
    "native json": ((5, 7), None),
    "0900": ((8, 0), None),
}

CHANGES: dict[str, Change] = {
    # -- columns come, go and move
    "column added last": Change("(id int PRIMARY KEY)", "(id int PRIMARY KEY, a int)", "(id) VALUES (1)", "id"),
    "column added first": Change("(id int PRIMARY KEY)", "(a int, id int PRIMARY KEY)", "(id) VALUES (1)", "id"),
    "column added between": Change(
        "(id int PRIMARY KEY, z int)", "(id int PRIMARY KEY, a int, z int)", "VALUES (1, 2)", "id, z"
    ),
    "columns added everywhere": Change(
        "(id int PRIMARY KEY, z int)",
        "(a int, b int, id int PRIMARY KEY, c varchar(9), d int, z int, e int)",
        "VALUES (1, 2)",
        "id, z",
    ),
    "column added with a default": Change(
        "(id int PRIMARY KEY)", "(id int PRIMARY KEY, a varchar(9) NOT NULL DEFAULT 'it''s \\\\')", "VALUES (1)", "id"
    ),
    "column added not null": Change(
        "(id int PRIMARY KEY)", "(id int PRIMARY KEY, d date NOT NULL)", "VALUES (1)", "id"
    ),
    "column added with an expression": Change(
        "(id int PRIMARY KEY)", "(id int PRIMARY KEY, a int DEFAULT (1 + 2))", "VALUES (1)", "id", needs="default expression"
    ),
    "counter added": Change(
        "(a int)", "(id bigint NOT NULL AUTO_INCREMENT, a int, PRIMARY KEY (id))", "VALUES (5), (6)", "a"
    ),
    "point added where rows are": Change(
        "(id int PRIMARY KEY)", "(id int PRIMARY KEY, p point NOT NULL)", risk="lossy"
    ),
    "column dropped": Change(
        "(id int PRIMARY KEY, a int, b int)", "(id int PRIMARY KEY, b int)", "VALUES (1, 2, 3)", "id, b", "destructive"
    ),
    "column dropped with its index": Change(
        "(id int PRIMARY KEY, a int, b int, KEY a (a), KEY ba (b, a))",
        "(id int PRIMARY KEY, b int)",
        "VALUES (1, 2, 3)",
        "id, b",
        "destructive",
    ),
    "column dropped from an index": Change(
        "(id int PRIMARY KEY, a int, b int, KEY k (b, a))",
        "(id int PRIMARY KEY, b int, KEY k (b))",
        "VALUES (1, 2, 3)",
        "id, b",
        "destructive",
    ),
    "generated column dropped": Change(
        "(id int PRIMARY KEY, a int AS (id + 1) VIRTUAL)", "(id int PRIMARY KEY)", "(id) VALUES (1)", "id"
    ),
    "columns in another order": Change(
        "(a int, b int, c int, d int, e int)", "(e int, b int, a int, d int, c int)", "VALUES (1, 2, 3, 4, 5)", "a,b,c,d,e"
    ),
    "column moved first": Change("(a int, b int, c int)", "(c int, a int, b int)", "VALUES (1, 2, 3)", "a,b,c"),
    "column moved and changed": Change(
        "(a int, b int, c int)", "(c bigint NOT NULL, b int, a int)", "VALUES (1, 2, 3)", "a,b,c", "lossy"
    ),
    "column of another case": Change("(a int, Bee int)", "(a int, bEE int COMMENT 'x')", "VALUES (1, 2)", "a, bee"),
    "column of another case moved": Change("(a int, Bee int, c int)", "(a int, c int, bEE int)", "VALUES (1, 2, 3)", "a, bee"),
    "added, dropped, changed and moved": Change(
        "(id int PRIMARY KEY, a int, b varchar(5), c int, d text)",
        "(d text, x int NOT NULL DEFAULT 7, id bigint PRIMARY KEY, b varchar(20), y date AFTER_)".replace(" AFTER_", ""),
        "VALUES (1, 2, 'b', 4, 'd')",
        "id, b, d",
        "destructive",
    ),
    # -- types
    "int widened": Change("(a int)", "(a bigint)", "VALUES (-2147483648), (2147483647)"),
    "int narrowed": Change("(a bigint)", "(a int)", "VALUES (5)", risk="lossy"),
    "int loses its sign": Change("(a int)", "(a int unsigned)", "VALUES (5)", risk="lossy"),
    "unsigned widened to signed": Change("(a int unsigned)", "(a bigint)", "VALUES (4294967295)"),
    "int to decimal": Change("(a int)", "(a decimal(12,2))", "VALUES (-5)"),
    "int to varchar": Change("(a int)", "(a varchar(11))", "VALUES (-2147483648)", "a + 0"),
    "varchar to int": Change("(a varchar(11))", "(a int)", "VALUES ('17')", "a + 0", "lossy"),
    "decimal widened": Change("(a decimal(10,2))", "(a decimal(12,3))", "VALUES (12345678.25)", "a + 0"),
    "decimal narrowed": Change("(a decimal(10,2))", "(a decimal(10,3))", "VALUES (1.25)", "a + 0", "lossy"),
    "float to double": Change("(a float)", "(a double)", "VALUES (0.5)"),
    "double to float": Change("(a double)", "(a float)", "VALUES (0.5)", risk="lossy"),
    "varchar widened": Change("(a varchar(10))", "(a varchar(20))", "VALUES ('x')"),
    "varchar widened beyond a byte of length": Change("(a varchar(60))", "(a varchar(70))", "VALUES ('x')"),
    "varchar narrowed": Change("(a varchar(20))", "(a varchar(10))", "VALUES ('x')", risk="lossy"),
    "varchar to text": Change("(a varchar(20))", "(a text)", "VALUES ('x')"),
    "text to varchar": Change("(a text)", "(a varchar(20))", "VALUES ('x')", risk="lossy"),
    "text to longtext": Change("(a text)", "(a longtext)", "VALUES ('x')"),
    "char to varchar": Change("(a char(9))", "(a varchar(9))", "VALUES ('x  ')"),
    "varchar to char": Change("(a varchar(9))", "(a char(9))", "VALUES ('x')", risk="lossy"),
    "blob to longblob": Change("(a blob)", "(a longblob)", "VALUES ('x')"),
    "varbinary widened": Change("(a varbinary(9))", "(a varbinary(19))", "VALUES ('x')"),
    "binary to varbinary": Change("(a binary(3))", "(a varbinary(3))", "VALUES ('x')"),
    "binary widened": Change("(a binary(3))", "(a binary(4))", "VALUES ('x')", "left(a, 3)", "lossy"),
    "date to datetime": Change("(a date)", "(a datetime)", "VALUES ('2024-02-29')", "cast(a AS date)"),
    "datetime to date": Change("(a datetime)", "(a date)", "VALUES ('2024-02-29')", "cast(a AS date)", "lossy"),
    "datetime gets fractions": Change("(a datetime)", "(a datetime(6))", "VALUES ('2024-02-29 01:02:03')"),
    "datetime loses fractions": Change("(a datetime(6))", "(a datetime(3))", "VALUES ('2024-02-29 01:02:03')", risk="lossy"),
    "datetime to timestamp": Change("(a datetime)", "(a timestamp NULL)", "VALUES ('2024-02-29 01:02:03')", risk="lossy"),
    "time gets fractions": Change("(a time)", "(a time(2))", "VALUES ('-838:59:59')"),
    "enum gets members": Change("(a enum('x','y'))", "(a enum('x','y','z'))", "VALUES ('y')"),
    "enum gets members in front": Change("(a enum('x','y'))", "(a enum('w','x','y'))", "VALUES ('y')"),
    "enum loses members": Change("(a enum('x','y','z'))", "(a enum('x','y'))", "VALUES ('y')", risk="lossy"),
    "enum beyond a byte": Change(
        "(a enum('x'))",
        "(a enum('x'," + ",".join(f"'m{number}'" for number in range(300)) + "))",
        "VALUES ('x')",
    ),
    "set gets members": Change("(a set('x','y'))", "(a set('x','y','z'))", "VALUES ('x,y')"),
    "set beyond a byte": Change(
        "(a set('x','y'))", "(a set('x','y','c','d','e','f','g','h','i'))", "VALUES ('x,y')"
    ),
    "enum to varchar": Change("(a enum('x','yy'))", "(a varchar(2))", "VALUES ('yy')"),
    "varchar to enum": Change("(a varchar(2))", "(a enum('x','yy'))", "VALUES ('yy')", risk="lossy"),
    "bit widened": Change("(a bit(3))", "(a bit(9))", "VALUES (b'101')", "a + 0"),
    "year to int": Change("(a year)", "(a int)", "VALUES (1999)"),
    "zerofill": Change("(a int)", "(a int(6) zerofill)", "VALUES (5)", "a + 0", "lossy"),
    "tinyint as boolean": Change("(a tinyint)", "(a tinyint(1))", "VALUES (5)"),
    "text to json": Change("(a longtext)", "(a json)", "VALUES ('[1]')", risk="lossy", needs="native json"),
    "point to geometry": Change("(a point)", "(a geometry)", "VALUES (ST_GeomFromText('POINT(1 2)'))", "ST_AsText(a)"),
    # -- NULL, default and other attributes
    "not null": Change("(a int, b int)", "(a int NOT NULL, b int)", "VALUES (1, 2)", risk="lossy"),
    "null": Change("(a int NOT NULL, b int)", "(a int, b int)", "VALUES (1, 2)"),
    "default set": Change("(a int)", "(a int DEFAULT 5)", "VALUES (NULL)"),
    "default changed": Change("(a varchar(9) DEFAULT 'x')", "(a varchar(9) DEFAULT 'it''s')", "VALUES ('y')"),
    "default dropped": Change("(a int NOT NULL DEFAULT 5)", "(a int NOT NULL)", "VALUES (1)"),
    "default expression": Change(
        "(a int, b text)", "(a int DEFAULT (5 + 6), b text DEFAULT ('x'))", "VALUES (1, 'b')", needs="default expression"
    ),
    "default zero date": Change("(a date)", "(a date NOT NULL DEFAULT '0000-00-00')", "VALUES ('0000-00-00')", risk="lossy"),
    "current timestamp": Change(
        "(a datetime(3), b timestamp NULL)",
        "(a datetime(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), b timestamp NULL DEFAULT CURRENT_TIMESTAMP)",
        "VALUES ('2024-01-01', '2024-01-01 01:02:03')",
    ),
    "on update dropped": Change(
        "(a timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
        "(a timestamp NULL DEFAULT CURRENT_TIMESTAMP)",
        "VALUES ('2024-01-01 01:02:03')",
    ),
    "column comment": Change("(a int COMMENT 'x')", "(a int COMMENT 'y, ''z'' \\\\ AUTO_INCREMENT=5')", "VALUES (1)"),
    "hidden column": Change("(a int, b int)", "(a int, b int INVISIBLE)", "(a, b) VALUES (1, 2)", "a, b", needs="hidden column"),
    "visible column": Change("(a int, b int INVISIBLE)", "(a int, b int)", "(a, b) VALUES (1, 2)", "a, b", needs="hidden column"),
    "counter": Change(
        "(id int NOT NULL, a int)", "(id int NOT NULL AUTO_INCREMENT, a int, PRIMARY KEY (id))", "VALUES (0, 1), (7, 2)",
        risk="lossy",
    ),
    "counter on the primary key": Change(
        "(id int NOT NULL PRIMARY KEY)", "(id int NOT NULL AUTO_INCREMENT PRIMARY KEY)", "VALUES (0), (7)"
    ),
    "counter with a plain index": Change(
        "(id int NOT NULL, a int)", "(id int NOT NULL AUTO_INCREMENT, a int, KEY (id))", "VALUES (3, 1), (7, 2)"
    ),
    "no counter": Change(
        "(id int NOT NULL AUTO_INCREMENT, a int, PRIMARY KEY (id))", "(id int NOT NULL, a int)", "VALUES (3, 1), (7, 2)"
    ),
    "counter on another column": Change(
        "(id int NOT NULL AUTO_INCREMENT, b int NOT NULL, PRIMARY KEY (id))",
        "(id int NOT NULL, b int NOT NULL AUTO_INCREMENT, PRIMARY KEY (id), KEY b (b))",
        "VALUES (3, 1), (7, 2)",
    ),
    "srid": Change(
        "(g point NOT NULL)", "(g point NOT NULL SRID 4326)", "VALUES (ST_GeomFromText('POINT(1 2)', 4326))",
        "ST_AsText(g)", "lossy", needs="srid",
    ),
    "no srid": Change(
        "(g point NOT NULL SRID 4326)", "(g point NOT NULL)", "VALUES (ST_GeomFromText('POINT(1 2)', 4326))",
        "ST_AsText(g)", needs="srid",
    ),
    # -- character sets
    "charset of a column": Change(
        "(a varchar(20) CHARACTER SET latin1)", "(a varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)", "VALUES ('äé')"
    ),
    "charset of a text": Change(
        "(a text CHARACTER SET latin1)", "(a text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)", "VALUES ('äé')", risk="lossy"
    ),
    "utf8mb3 to utf8mb4": Change(
        "(a varchar(20)) CHARSET=utf8 COLLATE=utf8_unicode_ci", "(a varchar(20)) CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci",
        "VALUES ('äé한')",
    ),
    "smaller charset": Change(
        "(a varchar(20)) CHARSET=utf8mb4 COLLATE=utf8mb4_bin", "(a varchar(20)) CHARSET=latin1 COLLATE=latin1_bin",
        "VALUES ('äé')", risk="lossy",
    ),
    "collation of a column": Change(
        "(a varchar(20) COLLATE utf8mb4_bin)", "(a varchar(20) COLLATE utf8mb4_general_ci)", "VALUES ('A'), ('a')"
    ),
    "collation of a key": Change(
        "(a varchar(20) COLLATE utf8mb4_bin, UNIQUE KEY u (a))",
        "(a varchar(20) COLLATE utf8mb4_general_ci, UNIQUE KEY u (a))",
        "VALUES ('A'), ('b')",
        risk="lossy",
    ),
    "collation of an index": Change(
        "(a varchar(20) COLLATE utf8mb4_bin, KEY u (a))",
        "(a varchar(20) COLLATE utf8mb4_general_ci, KEY u (a))",
        "VALUES ('A'), ('a')",
    ),
    "default charset alone": Change(
        "(a varchar(20) CHARACTER SET latin1 COLLATE latin1_bin, b int) CHARSET=latin1 COLLATE=latin1_bin",
        "(a varchar(20) CHARACTER SET latin1 COLLATE latin1_bin, b int) CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        "VALUES ('äé', 1)",
    ),
    "default charset and a new column": Change(
        "(a varchar(20)) CHARSET=latin1 COLLATE=latin1_bin",
        "(a varchar(20) CHARACTER SET latin1 COLLATE latin1_bin, b varchar(9), c enum('x') DEFAULT 'x')"
        " CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        "VALUES ('äé')",
        "a",
    ),
    "default charset and columns that follow it": Change(
        "(a varchar(20), b text, c enum('x','ä'), d set('y'), e char(3) CHARACTER SET ascii COLLATE ascii_bin)"
        " CHARSET=latin1 COLLATE=latin1_bin",
        "(a varchar(20), b mediumtext, c enum('x','ä'), d set('y'), e char(3) CHARACTER SET ascii COLLATE ascii_bin)"
        " CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        "VALUES ('äé', 'äé', 'ä', 'y', 'x')",
    ),
    # -- generated columns
    "virtual expression": Change(
        "(a int, v int AS (a + 1) VIRTUAL)", "(a int, v int AS (a + 2) VIRTUAL)", "(a) VALUES (1)", "a", "lossy"
    ),
    "stored expression": Change(
        "(a int, v int AS (a + 1) STORED)", "(a int, v int AS (a + 2) STORED)", "(a) VALUES (1)", "a", "lossy"
    ),
    "virtual to stored": Change(
        "(a int, v int AS (a + 1) VIRTUAL, KEY v (v))", "(a int, v int AS (a + 1) STORED, KEY v (v))", "(a) VALUES (1)", "a, v"
    ),
    "stored to virtual": Change(
        "(a int, v int AS (a + 1) STORED, b int)", "(a int, v int AS (a + 1) VIRTUAL, b int)", "(a) VALUES (1)", "a, v"
    ),
    "stored to plain": Change(
        "(a int, v int AS (a + 1) STORED)", "(a int, v int)", "(a) VALUES (1)", "a, v"
    ),
    "plain to stored": Change(
        "(a int, v int)", "(a int, v int AS (a + 1) STORED)", "(a) VALUES (1)", "a", "destructive"
    ),
    "plain to virtual": Change(
        "(a int, v int, z int, KEY v (v, z))", "(a int, v int AS (a + 1) VIRTUAL, z int, KEY v (v, z))", "(a) VALUES (1)", "a, z",
        "destructive",
    ),
    "virtual to plain": Change(
        "(a int, v int AS (a + 1) VIRTUAL, z int)", "(a int, v int, z int)", "(a) VALUES (1)", "a, z", "destructive"
    ),
    "generated type": Change(
        "(a int, v varchar(20) AS (concat(a, 'x')) VIRTUAL)", "(a int, v varchar(30) AS (concat(a, 'x')) VIRTUAL)",
        "(a) VALUES (1)", "a", "lossy",
    ),
    "generated column added": Change(
        "(a int)", "(a int, v int AS (a + 1) VIRTUAL, s int AS (a * 2) STORED)", "(a) VALUES (1)", "a"
    ),
    "virtual column added": Change("(a int)", "(a int, v int AS (a + 1) VIRTUAL)", "(a) VALUES (1)", "a"),
    "virtual column moved": Change(
        "(a int, v int AS (a + 1) VIRTUAL, b int)", "(v int AS (a + 1) VIRTUAL, a int, b int)", "(a) VALUES (1)", "a, v"
    ),
    "virtual upon virtual becomes stored": Change(
        "(a int, v int AS (a + 1) VIRTUAL, w int AS (v + 1) VIRTUAL)",
        "(a int, v int AS (a + 1) STORED, w int AS (v + 1) VIRTUAL)",
        "(a) VALUES (1)",
        "a, v, w",
    ),
    # -- indexes
    "index added": Change("(a int, b int)", "(a int, b int, KEY k (a, b))", "VALUES (1, 2)"),
    "index dropped": Change("(a int, b int, KEY k (a, b))", "(a int, b int)", "VALUES (1, 2)"),
    "index of other columns": Change("(a int, b int, KEY k (a))", "(a int, b int, KEY k (b))", "VALUES (1, 2)"),
    "index of another name": Change("(a int, KEY k (a))", "(a int, KEY z (a))", "VALUES (1)"),
    "index of another case": Change("(a int, KEY k (a))", "(a int, KEY K (a))", "VALUES (1)"),
    "index comment": Change("(a int, KEY k (a))", "(a int, KEY k (a) COMMENT 'it''s')", "VALUES (1)"),
    "index prefix": Change("(a varchar(30), KEY k (a))", "(a varchar(30), KEY k (a(5)))", "VALUES ('x')"),
    "index descending": Change("(a int, b int, KEY k (a, b))", "(a int, b int, KEY k (a, b DESC))", "VALUES (1, 2)", needs="descending"),
    "hidden index": Change("(a int, KEY k (a))", "(a int, KEY k (a) INVISIBLE)", "VALUES (1)", needs="hidden index mysql"),
    "visible index": Change("(a int, KEY k (a) INVISIBLE)", "(a int, KEY k (a))", "VALUES (1)", needs="hidden index mysql"),
    "ignored index": Change("(a int, KEY k (a))", "(a int, KEY k (a) IGNORED)", "VALUES (1)", needs="mariadb"),
    "index not ignored": Change("(a int, KEY k (a) IGNORED)", "(a int, KEY k (a))", "VALUES (1)", needs="mariadb"),
    "hidden index of other columns": Change(
        "(a int, b int, KEY k (a))", "(a int, b int, KEY k (b) INVISIBLE)", "VALUES (1, 2)", needs="hidden index mysql"
    ),
    "unique added": Change("(a int, b int)", "(a int, b int, UNIQUE KEY u (a))", "VALUES (1, 2), (2, 2)", risk="lossy"),
    "unique of more columns": Change(
        "(a int, b int, UNIQUE KEY u (a))", "(a int, b int, UNIQUE KEY u (a, b))", "VALUES (1, 2), (2, 2)"
    ),
    "unique becomes plain": Change("(a int, UNIQUE KEY u (a))", "(a int, KEY u (a))", "VALUES (1), (2)"),
    "plain becomes unique": Change("(a int, KEY u (a))", "(a int, UNIQUE KEY u (a))", "VALUES (1), (2)", risk="lossy"),
    "primary key added": Change("(a int NOT NULL, b int)", "(a int NOT NULL PRIMARY KEY, b int)", "VALUES (1, 2)", risk="lossy"),
    "primary key dropped": Change("(a int NOT NULL PRIMARY KEY, b int)", "(a int NOT NULL, b int)", "VALUES (1, 2)"),
    "primary key changed": Change(
        "(a int NOT NULL, b int NOT NULL, PRIMARY KEY (a))", "(a int NOT NULL, b int NOT NULL, PRIMARY KEY (b))",
        "VALUES (1, 2)", risk="lossy",
    ),
    "primary key gets a column": Change(
        "(a int NOT NULL, b int NOT NULL, PRIMARY KEY (a))", "(a int NOT NULL, b int NOT NULL, PRIMARY KEY (a, b))", "VALUES (1, 2)"
    ),
    "primary key widened": Change("(a int NOT NULL PRIMARY KEY)", "(a bigint NOT NULL PRIMARY KEY)", "VALUES (1)"),
    "counter of a new primary key": Change(
        "(id int NOT NULL AUTO_INCREMENT, a int NOT NULL, PRIMARY KEY (id))",
        "(id int NOT NULL AUTO_INCREMENT, a int NOT NULL, PRIMARY KEY (a, id), KEY id (id))",
        "VALUES (3, 1), (7, 2)",
    ),
    "fulltext added": Change("(a text, b text)", "(a text, b text, FULLTEXT KEY f (a))", "VALUES ('some words', 'x')"),
    "fulltext added beside another": Change(
        "(a text, b text, FULLTEXT KEY e (b))", "(a text, b text, FULLTEXT KEY e (b), FULLTEXT KEY f (a))", "VALUES ('some words', 'x')"
    ),
    "fulltexts added": Change(
        "(a text, b text, c int)", "(a text, b text, c int, FULLTEXT KEY f (a), FULLTEXT KEY g (b), FULLTEXT KEY h (a, b))",
        "VALUES ('some words', 'x', 1)", count=3, maria=1,
    ),
    "fulltexts added and a column": Change(
        "(a text, b text)", "(a text, x int, b text, FULLTEXT KEY f (a), FULLTEXT KEY g (b))",
        "VALUES ('some words', 'x')", "a, b", count=3, maria=1,
    ),
    "fulltexts changed": Change(
        "(a text, b text, FULLTEXT KEY f (a), FULLTEXT KEY g (b))", "(a text, b text, FULLTEXT KEY f (b), FULLTEXT KEY g (a, b))",
        "VALUES ('some words', 'x')", count=3, maria=1,
    ),
    "fulltexts added in a copy": Change(
        "(a text, b text, c bigint)", "(a text, b text, c int, FULLTEXT KEY f (a), FULLTEXT KEY g (b))",
        "VALUES ('some words', 'x', 1)", risk="lossy",
    ),
    "fulltext dropped": Change("(a text, FULLTEXT KEY f (a))", "(a text)", "VALUES ('some words')"),
    "fulltexts of MyISAM": Change(
        "(a text, b text) ENGINE=MyISAM", "(a text, b text, FULLTEXT KEY f (a), FULLTEXT KEY g (b)) ENGINE=MyISAM", "VALUES ('x', 'x')"
    ),
    "spatial added": Change(
        "(g point NOT NULL)", "(g point NOT NULL, SPATIAL KEY s (g))", "VALUES (ST_GeomFromText('POINT(1 2)'))", "ST_AsText(g)"
    ),
    "spatial dropped": Change(
        "(g point NOT NULL, SPATIAL KEY s (g))", "(g point NOT NULL)", "VALUES (ST_GeomFromText('POINT(1 2)'))", "ST_AsText(g)"
    ),
    "functional added": Change(
        "(a int, b varchar(9))", "(a int, b varchar(9), KEY f ((a + 1), (lower(b))))", "VALUES (1, 'X')", needs="functional index"
    ),
    "functional changed": Change(
        "(a int, KEY f ((a + 1)))", "(a int, KEY f ((a + 2)))", "VALUES (1)", needs="functional index"
    ),
    "functional dropped": Change("(a int, KEY f ((a + 1)))", "(a int)", "VALUES (1)", needs="functional index"),
    # -- checks
    "check added": Change(
        "(a int)", "(a int, CONSTRAINT c1 CHECK (a > 0))", "VALUES (1)", risk="lossy", needs="check"
    ),
    "check dropped": Change("(a int, CONSTRAINT c2 CHECK (a > 0))", "(a int)", "VALUES (1)", needs="check"),
    "check changed": Change(
        "(a int, CONSTRAINT c3 CHECK (a > 0))", "(a int, CONSTRAINT c3 CHECK (a > -1))", "VALUES (1)", risk="lossy", needs="check"
    ),
    "check no longer enforced": Change(
        "(a int, CONSTRAINT c4 CHECK (a > 0))", "(a int, CONSTRAINT c4 CHECK (a > 0) NOT ENFORCED)", "VALUES (1)",
        needs="not enforced",
    ),
    "check enforced": Change(
        "(a int, CONSTRAINT c5 CHECK (a > 0) NOT ENFORCED)", "(a int, CONSTRAINT c5 CHECK (a > 0))", "VALUES (1)", risk="lossy",
        needs="not enforced",
    ),
    "check changed and not enforced": Change(
        "(a int, CONSTRAINT c6 CHECK (a > 0))", "(a int, CONSTRAINT c6 CHECK (a > 1) NOT ENFORCED)", "VALUES (1)", needs="not enforced",
    ),
    "check of a new column": Change(
        "(a int)", "(a int, b int NOT NULL DEFAULT 5, CONSTRAINT c7 CHECK (b > a))", "VALUES (1)", "a", "lossy", "check"
    ),
    "check goes with its column": Change(
        "(a int, b int, CONSTRAINT c8 CHECK (b > a))", "(a int)", "VALUES (1, 2)", "a", "destructive", "check"
    ),
    "column check added": Change("(a int)", "(a int CHECK (a > 0))", "VALUES (1)", risk="lossy", needs="mariadb"),
    "column check dropped": Change("(a int CHECK (a > 0))", "(a int)", "VALUES (1)", needs="mariadb"),
    "column check changed": Change(
        "(a int CHECK (a > 0))", "(a int CHECK (a > -1))", "VALUES (1)", risk="lossy", needs="mariadb"
    ),
    # -- the table
    "table comment": Change("(a int) COMMENT='x'", "(a int) COMMENT='it''s \\\\ new\\nline'", "VALUES (1)"),
    "table comment dropped": Change("(a int) COMMENT='x'", "(a int)", "VALUES (1)"),
    "row format": Change("(a int) ROW_FORMAT=COMPACT", "(a int) ROW_FORMAT=DYNAMIC", "VALUES (1)"),
    "row format redundant": Change("(a int)", "(a int) ROW_FORMAT=REDUNDANT", "VALUES (1)"),
    "compressed": Change("(a int, b text)", "(a int, b text) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4", "VALUES (1, 'x')"),
    "not compressed": Change("(a int, b text) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4", "(a int, b text)", "VALUES (1, 'x')"),
    "options": Change(
        "(a int) STATS_PERSISTENT=1 MAX_ROWS=10 AVG_ROW_LENGTH=7", "(a int) STATS_PERSISTENT=0 STATS_SAMPLE_PAGES=9 MIN_ROWS=1 CHECKSUM=1",
        "VALUES (1)",
    ),
    "options dropped": Change(
        "(a int) STATS_PERSISTENT=0 STATS_SAMPLE_PAGES=9 STATS_AUTO_RECALC=1 MIN_ROWS=1 MAX_ROWS=9 CHECKSUM=1 DELAY_KEY_WRITE=1"
        " PACK_KEYS=1 AVG_ROW_LENGTH=10", "(a int)", "VALUES (1)",
    ),
    "engine to MyISAM": Change("(a int, b text)", "(a int, b text) ENGINE=MyISAM", "VALUES (1, 'x')"),
    "engine to InnoDB": Change("(a int, b text) ENGINE=MyISAM", "(a int, b text) ENGINE=InnoDB", "VALUES (1, 'x')"),
    "engine to InnoDB from a fixed format": Change(
        "(a int) ENGINE=MyISAM ROW_FORMAT=FIXED", "(a int) ENGINE=InnoDB", "VALUES (1)"
    ),
    "engine to memory": Change("(a int)", "(a int) ENGINE=MEMORY", "VALUES (1)", risk="destructive"),
    "everything at once": Change(
        "(id int NOT NULL, a varchar(9), b int, KEY b (b)) ENGINE=MyISAM CHARSET=latin1 COLLATE=latin1_bin COMMENT='old'",
        "(id bigint NOT NULL AUTO_INCREMENT, b int NOT NULL DEFAULT 1 COMMENT 'b', a varchar(19), n date, PRIMARY KEY (id),"
        " UNIQUE KEY b (b)) ENGINE=InnoDB CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='new'",
        "VALUES (1, 'ä', 5)", "id, a, b", "lossy",
    ),
    # -- partitions
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
        "(a int, b int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))",
        "VALUES (1), (2)", "a", count=2,
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
        "VALUES (1), (2)", risk="lossy",
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
        "VALUES (1, '2024-01-01')", risk="lossy",
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
        "VALUES (1), (2)", risk="lossy",
    ),
    "list of texts": Change(
        "(a varchar(9)) PARTITION BY LIST COLUMNS (a) (PARTITION p0 VALUES IN ('x*/', 'it''s'))",
        "(a varchar(9)) PARTITION BY LIST COLUMNS (a) (PARTITION p0 VALUES IN ('x*/', 'it''s'), PARTITION p1 VALUES IN ('y,('))",
        "VALUES ('x*/')",
    ),
    "subpartitions": Change(
        "(a int, d date) PARTITION BY RANGE (a) SUBPARTITION BY HASH (to_days(d)) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (9))",
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
        "(`a``b` int, `select` int, `한글` int, `%s` varchar(9), `a.b` int, KEY `k``, (` (`a``b`), KEY `key` (`select`))",
        "(`%` int, `a.b` int, `a``b` bigint, `select` varchar(20) COMMENT '%s ``', `한글` int, `%s` varchar(19),"
        " KEY `k``, (` (`한글`, `%s`), UNIQUE KEY `index` (`a.b`))",
        "VALUES (1, 2, 3, 'x', 5)",
        "`a``b`, `select` + 0, `한글`, `%s`, `a.b`",
        "lossy",
    ),
}
