"""What is moved: four kinds of schema, each made anew by a script on the source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

TABLES = 4

# No JSON, FLOAT and BIT, or nothing could be compared: mydumper 0.10 cannot load the first, all but migrate round the
# second, and INTO OUTFILE writes the third without escapes. {h} is a number drawn for the cell, up to 32 bits.
WIDE: tuple[tuple[str, str], ...] = (
    ("INT NOT NULL", "CAST({h} AS SIGNED) - 2147483648"),
    ("BIGINT NULL", "NULLIF({h}, {h} DIV 7 * 7) * 2147483647"),
    ("DECIMAL(14,2) NOT NULL", "{h} / 100"),
    ("VARCHAR(40) NOT NULL", "CONCAT(ELT(1 + {h} % 4, 'Ελένη', '김민준', 'Müller', 'O''Hara'), ' ', {h})"),
    ("DATE NULL", "DATE_ADD('1990-01-01', INTERVAL NULLIF({h} % 12000, 0) DAY)"),
    ("DATETIME(6) NOT NULL", "TIMESTAMP('2024-01-01') + INTERVAL {h} * 1000003 MICROSECOND"),
    ("DOUBLE NULL", "NULLIF({h}, {h} DIV 5 * 5) / 977e0"),
    ("TINYINT NOT NULL", "{h} % 128"),
    ("ENUM('view','click','buy','leave') NOT NULL", "1 + {h} % 4"),
    ("VARCHAR(120) NULL", "IF({h} % 3, CONCAT('it''s a \"quoted\" \\\\ line\\n\\t', {h}), NULL)"),
    ("SMALLINT UNSIGNED NOT NULL", "{h} % 65536"),
    ("TIMESTAMP NULL", "TIMESTAMP('2024-06-01') + INTERVAL NULLIF({h} % 9000000, 0) SECOND"),
    ("VARBINARY(24) NOT NULL", "UNHEX(LEFT(SHA2({h}, 256), 2 * ({h} % 25)))"),
    ("TEXT NULL", "IF({h} % 2, REPEAT(ELT(1 + {h} % 3, 'lorem ipsum ', 'φως ', '빛과 소금 '), 1 + {h} % 5), NULL)"),
    ("CHAR(8) NOT NULL", "LEFT(MD5({h}), 8)"),
    ("SET('a','b','c') NOT NULL", "{h} % 8"),
    ("TIME NULL", "SEC_TO_TIME(NULLIF({h} % 86400, 0))"),
)
COLUMNS = 60
CELL = 64 * 1024

START = "SET SESSION time_zone = '+00:00', cte_max_recursion_depth = 1000000000, unique_checks = 0;\n"
NUMBERS = "WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < {size})"


@dataclass(frozen=True)
class Shape:
    """A kind of schema. `words` says what it is, {size} in it how much; `script` makes it, of that size.

    `floor_goal` is how much of the floor's time migrate may take without verification; None where nothing was set.
    """

    name: str
    words: str
    size: int
    floor_goal: float | None
    script: Callable[[int], str]

    def said(self, size: int) -> str:
        """What it is at this size, in words."""
        return self.words.format(size=f"{size:,}")


def narrow(size: int) -> str:
    """The tables of sysbench, with its groups of eleven digits."""
    columns = "id INT NOT NULL AUTO_INCREMENT, k INT NOT NULL DEFAULT 0, c CHAR(120) NOT NULL DEFAULT '', "
    columns += "pad CHAR(60) NOT NULL DEFAULT '', PRIMARY KEY (id), KEY k (k)"
    return _alike("sbtest", columns, f"n, CRC32(n) % {size}, {_digits(10)}, {_digits(5, 10)}", size)


def wide(size: int) -> str:
    """Sixty columns, the types of WIDE in turns."""
    kinds = [WIDE[number % len(WIDE)] for number in range(COLUMNS - 1)]
    columns = "id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, "
    columns += "".join(f"c{number:02} {kind}, " for number, (kind, _) in enumerate(kinds, 1))
    columns += "PRIMARY KEY (id), KEY c01 (c01), KEY c04 (c04)"
    drawn = [value.replace("{h}", f"CRC32(n * 64 + {number})") for number, (_, value) in enumerate(kinds, 1)]
    return _alike("wide", columns, ", ".join(["n", *drawn]), size)


def blob(size: int) -> str:
    """One cell of 64 KiB of noise in each row."""
    columns = "id INT NOT NULL AUTO_INCREMENT, name VARCHAR(40) NOT NULL, content MEDIUMBLOB NOT NULL, "
    columns += "PRIMARY KEY (id), KEY name (name)"
    noise = ", ".join(["RANDOM_BYTES(1024)"] * (CELL // 1024))
    return _alike("files", columns, f"n, CONCAT('file ', CRC32(n)), CONCAT({noise})", size)


def many_small(size: int) -> str:
    """As many tables, ten rows each."""
    return START + "".join(
        f"CREATE TABLE t{number:05} (id INT NOT NULL AUTO_INCREMENT, name VARCHAR(40) NOT NULL, at DATETIME NULL, "
        f"PRIMARY KEY (id), KEY name (name));\n"
        f"INSERT INTO t{number:05} VALUES "
        + ", ".join(f"({row}, 'row {row} of {number}', '2024-01-01')" for row in range(1, 11))
        + ";\n"
        for number in range(1, size + 1)
    )


SHAPES: dict[str, Shape] = {
    one.name: one
    for one in (
        Shape("narrow", "4 tables as sysbench makes them, {size} rows each", 500_000, 1.2, narrow),
        Shape(
            "wide", "4 tables of 60 columns of 17 types, seven of these nullable, {size} rows each", 50_000, 1.4, wide
        ),
        Shape("blob", "4 tables with a cell of 64 KiB in each of {size} rows", 1_500, 1.4, blob),
        Shape("many-small", "{size} tables of 10 rows", 2_000, None, many_small),
    )
}


def _alike(name: str, columns: str, values: str, size: int) -> str:
    """Tables of one definition; the first is drawn, the others are copied from it."""
    words = [START]
    words += [f"CREATE TABLE {name}{number} ({columns});\n" for number in range(1, TABLES + 1)]
    words.append(f"INSERT INTO {name}1 {NUMBERS.format(size=size)} SELECT {values} FROM seq;\n")
    words += [f"INSERT INTO {name}{number} SELECT * FROM {name}1;\n" for number in range(2, TABLES + 1)]
    return "".join(words)


def _digits(groups: int, first: int = 0) -> str:
    drawn = ", ".join(f"LPAD(CRC32(n * 16 + {number}), 11, '0')" for number in range(first, first + groups))
    return f"CONCAT_WS('-', {drawn})"
