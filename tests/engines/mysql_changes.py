"""Changes of columns, one a case: what a table was, the rows in it, what it is wanted to be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """`before` and `after` are the bodies of CREATE TABLE; `rows` fill the table, `keeps` selects what must stay.

    `risk` is the worst that must be told; `needs` are features (see `FEATURES`) that a server must have. `count` is how
    many statements there are, `maria` how many on MariaDB, `older` on MySQL before 8.0.13, where these differ.
    """

    before: str
    after: str
    rows: str = ""
    keeps: str = "*"
    risk: str = "safe"
    needs: tuple[str, ...] = ()
    count: int = 1
    maria: int | None = None
    older: int | None = None
    maria_risk: str = ""


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
    "remade below others": ((8, 0, 13), (10, 6)),
}

COLUMNS: dict[str, Change] = {
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
        "(id int PRIMARY KEY)",
        "(id int PRIMARY KEY, a int DEFAULT (1 + 2))",
        "VALUES (1)",
        "id",
        needs=("default expression",),
    ),
    "column added with a default that differs from row to row": Change(
        "(id int PRIMARY KEY)",
        "(id int PRIMARY KEY, u varchar(36) DEFAULT (uuid()) COMMENT 'DEFAULT (uuid())',"
        " r int NOT NULL DEFAULT (rand() * 9))",
        "VALUES (1), (2)",
        "id",
        "lossy",
        ("default expression",),
        count=2,
        maria=1,
        maria_risk="safe",
    ),
    "all columns replaced": Change("(a int, b int)", "(c int)", "VALUES (1, 2)", "1", "destructive"),
    "uuid and inet6": Change(
        "(a int)", "(u uuid, i inet6 DEFAULT '::1', a int)", "VALUES (1)", "a", needs=("mariadb",)
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
        "(a int, b int, c int, d int, e int)",
        "(e int, b int, a int, d int, c int)",
        "VALUES (1, 2, 3, 4, 5)",
        "a,b,c,d,e",
    ),
    "column moved first": Change("(a int, b int, c int)", "(c int, a int, b int)", "VALUES (1, 2, 3)", "a,b,c"),
    "column moved and changed": Change(
        "(a int, b int, c int)", "(c bigint NOT NULL, b int, a int)", "VALUES (1, 2, 3)", "a,b,c", "lossy"
    ),
    "column of another case": Change("(a int, Bee int)", "(a int, bEE int COMMENT 'x')", "VALUES (1, 2)", "a, bee"),
    "column of another case moved": Change(
        "(a int, Bee int, c int)", "(a int, c int, bEE int)", "VALUES (1, 2, 3)", "a, bee"
    ),
    "added, dropped, changed and moved": Change(
        "(id int PRIMARY KEY, a int, b varchar(5), c int, d text)",
        "(d text, x int NOT NULL DEFAULT 7, id bigint PRIMARY KEY, b varchar(20), y date)",
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
    "datetime loses fractions": Change(
        "(a datetime(6))", "(a datetime(3))", "VALUES ('2024-02-29 01:02:03')", risk="lossy"
    ),
    "datetime to timestamp": Change(
        "(a datetime)", "(a timestamp NULL)", "VALUES ('2024-02-29 01:02:03')", risk="lossy"
    ),
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
    "set beyond a byte": Change("(a set('x','y'))", "(a set('x','y','c','d','e','f','g','h','i'))", "VALUES ('x,y')"),
    "enum to varchar": Change("(a enum('x','yy'))", "(a varchar(2))", "VALUES ('yy')"),
    "varchar to enum": Change("(a varchar(2))", "(a enum('x','yy'))", "VALUES ('yy')", risk="lossy"),
    "bit widened": Change("(a bit(3))", "(a bit(9))", "VALUES (b'101')", "a + 0"),
    "year to int": Change("(a year)", "(a int)", "VALUES (1999)"),
    "zerofill": Change("(a int)", "(a int(6) zerofill)", "VALUES (5)", "a + 0", "lossy"),
    "tinyint as boolean": Change("(a tinyint)", "(a tinyint(1))", "VALUES (5)"),
    "text to json": Change("(a longtext)", "(a json)", "VALUES ('[1]')", risk="lossy", needs=("native json",)),
    "point to geometry": Change("(a point)", "(a geometry)", "VALUES (ST_GeomFromText('POINT(1 2)'))", "ST_AsText(a)"),
    # -- NULL, default and other attributes
    "not null": Change("(a int, b int)", "(a int NOT NULL, b int)", "VALUES (1, 2)", risk="lossy"),
    "null": Change("(a int NOT NULL, b int)", "(a int, b int)", "VALUES (1, 2)"),
    "default set": Change("(a int)", "(a int DEFAULT 5)", "VALUES (NULL)"),
    "default changed": Change("(a varchar(9) DEFAULT 'x')", "(a varchar(9) DEFAULT 'it''s')", "VALUES ('y')"),
    "default dropped": Change("(a int NOT NULL DEFAULT 5)", "(a int NOT NULL)", "VALUES (1)"),
    "default expression": Change(
        "(a int, b text)",
        "(a int DEFAULT (5 + 6), b text DEFAULT ('x'))",
        "VALUES (1, 'b')",
        needs=("default expression",),
    ),
    "default zero date": Change(
        "(a date)", "(a date NOT NULL DEFAULT '0000-00-00')", "VALUES ('0000-00-00')", risk="lossy"
    ),
    "current timestamp": Change(
        "(a datetime(3), b timestamp NULL)",
        "(a datetime(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),"
        " b timestamp NULL DEFAULT CURRENT_TIMESTAMP)",
        "VALUES ('2024-01-01', '2024-01-01 01:02:03')",
    ),
    "on update dropped": Change(
        "(a timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
        "(a timestamp NULL DEFAULT CURRENT_TIMESTAMP)",
        "VALUES ('2024-01-01 01:02:03')",
    ),
    "column comment": Change("(a int COMMENT 'x')", "(a int COMMENT 'y, ''z'' \\\\ AUTO_INCREMENT=5')", "VALUES (1)"),
    "hidden column": Change(
        "(a int, b int)", "(a int, b int INVISIBLE)", "(a, b) VALUES (1, 2)", "a, b", needs=("hidden column",)
    ),
    "visible column": Change(
        "(a int, b int INVISIBLE)", "(a int, b int)", "(a, b) VALUES (1, 2)", "a, b", needs=("hidden column",)
    ),
    "counter": Change(
        "(id int NOT NULL, a int)",
        "(id int NOT NULL AUTO_INCREMENT, a int, PRIMARY KEY (id))",
        "VALUES (0, 1), (7, 2)",
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
        "(g point NOT NULL)",
        "(g point NOT NULL SRID 4326)",
        "VALUES (ST_GeomFromText('POINT(1 2)', 4326))",
        "ST_AsText(g)",
        "lossy",
        needs=("srid",),
    ),
    "no srid": Change(
        "(g point NOT NULL SRID 4326)",
        "(g point NOT NULL)",
        "VALUES (ST_GeomFromText('POINT(1 2)', 4326))",
        "ST_AsText(g)",
        needs=("srid",),
    ),
    # -- character sets
    "charset of a column": Change(
        "(a varchar(20) CHARACTER SET latin1)",
        "(a varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)",
        "VALUES ('äé')",
    ),
    "charset of a text": Change(
        "(a text CHARACTER SET latin1)",
        "(a text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)",
        "VALUES ('äé')",
        risk="lossy",
    ),
    "utf8mb3 to utf8mb4": Change(
        "(a varchar(20)) CHARSET=utf8 COLLATE=utf8_unicode_ci",
        "(a varchar(20)) CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci",
        "VALUES ('äé한')",
    ),
    "smaller charset": Change(
        "(a varchar(20)) CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        "(a varchar(20)) CHARSET=latin1 COLLATE=latin1_bin",
        "VALUES ('äé')",
        risk="lossy",
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
}
