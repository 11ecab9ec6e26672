"""Tables whose rows can be walked only in the order that the server itself has, one for each kind of key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.e2e.hostile.values import MEMBERS, MODE

_LETTERS = (
    "CONCAT(CHAR(97 + i % 26), CHAR(65 + i DIV 26 % 26), LPAD(i, 5, '0'), IF(i % 7, 'é', '한'), IF(i % 5, '', '😀'))"
)
_SIGNED = "CAST(i AS SIGNED)"


@dataclass(frozen=True)
class Key:
    """A table `columns` with `rows` rows that `values` gives for i = 1, 2, …; `more` are rows of literals on top."""

    columns: str
    values: str
    more: str = ""
    rows: int = 6_000
    names: str = ""
    options: str = ""
    new: bool = False
    """Whether MySQL 8.0.12 does not know it."""

    def statements(self, table: str) -> Iterator[str]:
        """CREATE and INSERT."""
        yield MODE
        yield f"CREATE TABLE {table} ({self.columns}) {self.options}"
        numbers = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {self.rows})"
        yield f"INSERT INTO {table} {self.names} {numbers} SELECT {self.values} FROM n"
        if self.more:
            yield f"INSERT INTO {table} VALUES {self.more}"


KEYS = {
    "many rows": Key(
        "id INT PRIMARY KEY, v VARBINARY(1000)", "i, REPEAT(UNHEX(MD5(i)), IF(i % 3, 20, 40))", rows=60_000
    ),
    "many rows of a composite key": Key(
        "a SMALLINT, b VARCHAR(20), c DATE, n INT, PRIMARY KEY (b, a, c)",
        "i % 9, MD5(i DIV 9), DATE'2020-01-01' + INTERVAL i % 500 DAY, i",
        rows=55_000,
    ),
    "many rows without a key": Key("a INT, v VARCHAR(40)", "i DIV 4, MD5(i DIV 4)", rows=55_000),
    "negative and sparse": Key(
        "id BIGINT PRIMARY KEY, n INT",
        f"({_SIGNED} - 3000) * 1000000000000000, i",
        "(-9223372036854775808,1),(-9223372036854775807,2),(9223372036854775807,3),(1,4)",
    ),
    "unsigned up to the end": Key(
        "id BIGINT UNSIGNED PRIMARY KEY, n INT", "18446744073709551615 - i * i, i", "(18446744073709551615,0),(0,0)"
    ),
    "text in 0900_ai_ci": Key(
        "k VARCHAR(60) COLLATE utf8mb4_0900_ai_ci PRIMARY KEY, n INT",
        f"{_LETTERS}, i",
        "('',1),(' ',2),('ÿ',3),('😀',4)",
    ),
    "text in general_ci": Key(
        "k VARCHAR(60) COLLATE utf8mb4_general_ci PRIMARY KEY, n INT", f"{_LETTERS}, i", "('',0)"
    ),
    "text in bin": Key(
        "k VARCHAR(60) COLLATE utf8mb4_bin PRIMARY KEY, n INT",
        f"{_LETTERS}, i",
        "('a',1),('A',2),('a\\t',3),('%',4),('',5)",
    ),
    "latin1": Key(
        "k VARCHAR(60) CHARACTER SET latin1 PRIMARY KEY, n INT",
        "CONCAT(CONVERT(CHAR(128 + i % 128) USING latin1), i), i",
    ),
    "gbk": Key(
        "k VARCHAR(60) CHARACTER SET gbk PRIMARY KEY, n INT",
        "CONCAT(CONVERT(UNHEX(CONCAT('A2', HEX(161 + i % 90))) USING gbk), i), i",
        "(_gbk x'a2e3',0),(_gbk x'815c',1)",
    ),
    "ucs2": Key(
        "k VARCHAR(60) CHARACTER SET ucs2 COLLATE ucs2_bin PRIMARY KEY, n INT",
        "CONVERT(UNHEX(LPAD(HEX(i * 10), 4, '0')) USING ucs2), i",
    ),
    "ucs2 halves of pairs": Key(
        "k VARCHAR(60) CHARACTER SET ucs2 COLLATE ucs2_bin, n INT NOT NULL, PRIMARY KEY (k, n)",
        "IF(i % 2, _ucs2 x'd800', _ucs2 x'dfff'), i",
    ),
    "utf8mb3": Key("k VARCHAR(60) CHARACTER SET utf8 PRIMARY KEY, n INT", "CONCAT('한', i), i", "('',0)"),
    "utf16": Key("k VARCHAR(60) CHARACTER SET utf16 PRIMARY KEY, n INT", f"{_LETTERS}, i"),
    "char padded": Key("k CHAR(20) PRIMARY KEY, n INT", "i, i", "('',0),('a',1)"),
    "binary": Key("k BINARY(16) PRIMARY KEY, n INT", "UNHEX(MD5(i)), i", "('',0),(x'ff',1)"),
    "varbinary": Key(
        "k VARBINARY(16) PRIMARY KEY, n INT", "LEFT(UNHEX(MD5(i)), 3 + i % 9), i", "('',0),(x'00',1),(x'0000',2)"
    ),
    "decimal": Key(
        "k DECIMAL(65,30) PRIMARY KEY, n INT",
        "(CAST(i AS DECIMAL(65,30)) - 3000) / 7, i",
        "(99999999999999999999999999999999999.999999999999999999999999999999,0)",
    ),
    "date": Key(
        "k DATE PRIMARY KEY, n INT",
        "DATE'1500-01-01' + INTERVAL i DAY, i",
        "('0000-00-00',1),('2020-02-31',2),('2020-00-00',3),('9999-12-31',4)",
    ),
    "impossible dates": Key(
        "k DATE, n INT, PRIMARY KEY (k, n)", "ELT(1 + i % 4, '0000-00-00', '2020-02-31', '2020-00-00', '2021-02-31'), i"
    ),
    "datetime": Key(
        "k DATETIME(6) PRIMARY KEY, n INT",
        "'2020-02-28 23:59:59.999999' + INTERVAL i * i MICROSECOND, i",
        "('0000-00-00',1),('2020-02-31 01:02:03.000004',2)",
    ),
    "timestamp": Key("k TIMESTAMP(3) PRIMARY KEY, n INT", "FROM_UNIXTIME(1710000000.001 + i * 1000), i", "(0,1)"),
    "time": Key("k TIME(2) PRIMARY KEY, n INT", "SEC_TO_TIME(i - 3000.25), i", "('-838:59:59',1),('838:59:59',2)"),
    "year": Key("k YEAR, n INT, PRIMARY KEY (k, n)", "IF(i % 256, 1900 + i % 256, 0), i"),
    "enum": Key("k ENUM('z','m','','a','10','2') NOT NULL, n INT, PRIMARY KEY (k, n)", "1 + i % 6, i", "('nobody',0)"),
    "enum second": Key("n INT, k ENUM('z','m','a') NOT NULL, PRIMARY KEY (n, k)", "i DIV 3, 1 + i % 3"),
    "set": Key(
        f"k SET({MEMBERS}) PRIMARY KEY, n INT", "9223372036854775808 + i, i", "(0,0),(1,1),(9007199254740993,2)"
    ),
    "unique without primary": Key("a INT NOT NULL, b INT NOT NULL, n INT, UNIQUE KEY (a, b)", "-i, i % 3, i"),
    "nullable unique": Key("a INT, n INT, UNIQUE KEY (a)", "IF(i % 2, i, NULL), i DIV 50"),
    "prefix unique": Key("a VARCHAR(60) NOT NULL, n INT, UNIQUE KEY (a(12))", f"{_LETTERS}, i"),
    "float": Key("a DOUBLE PRIMARY KEY, n INT", "i / 7, i"),
    "descending": Key("a INT, b INT, n INT, PRIMARY KEY (a DESC, b)", "i % 50, i, i"),
    "descending whole": Key("a INT, b INT, PRIMARY KEY (a DESC, b DESC)", "i % 50, i"),
    "blob prefix": Key("a BLOB NOT NULL, n INT, PRIMARY KEY (a(16))", "UNHEX(MD5(i)), i"),
    "generated stored": Key("a INT, g INT AS (a * 2) STORED PRIMARY KEY", "i", names="(a)"),
    "invisible column": Key("a INT INVISIBLE PRIMARY KEY, n INT", "i, i", names="(a, n)", new=True),
    "myisam": Key("a INT, v VARCHAR(40), PRIMARY KEY (v, a)", "i, MD5(i)", options="ENGINE=MyISAM"),
    "myisam without a key": Key("a INT, v VARCHAR(40)", "i DIV 3, MD5(i DIV 3)", options="ENGINE=MyISAM"),
    "memory": Key("a INT, PRIMARY KEY (a)", "i", options="ENGINE=MEMORY"),
    "memory by tree": Key("a INT, PRIMARY KEY USING BTREE (a)", "i", options="ENGINE=MEMORY"),
    "archive": Key("a INT, v VARCHAR(40)", "i DIV 3, MD5(i DIV 3)", options="ENGINE=ARCHIVE"),
    "csv": Key("a INT NOT NULL, v VARCHAR(40) NOT NULL", "i DIV 3, MD5(i DIV 3)", options="ENGINE=CSV"),
}
