"""Tables of hostile values, one for each kind of type, and texts in many character sets."""

from __future__ import annotations

from collections.abc import Iterator

from tests.lab import Server, client

MODE = (
    "SET sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00',"
    " cte_max_recursion_depth = 1000000"
)
"""Not strict, so that an invalid ENUM value becomes index 0, and dates that do not exist can be stored."""

MARKS = tuple(
    bytes.fromhex(first + common) for common in ("15", "170e19", "160f1814", "1f1d1e1c") for first in ("11", "12", "13")
)
"""Delimiters that may stand between the values on their way; a value may hold any of them."""

NUMBERS = """
CREATE TABLE numbers (
  id INT PRIMARY KEY, t TINYINT, tz TINYINT(3) UNSIGNED ZEROFILL, s SMALLINT, m MEDIUMINT UNSIGNED, i INT, b BIGINT,
  bu BIGINT UNSIGNED, d DECIMAL(65,30), dw DECIMAL(65,0), dz DECIMAL(10,3) UNSIGNED ZEROFILL, f FLOAT,
  f5 FLOAT(20,5), o DOUBLE, o5 DOUBLE(30,5), b1 BIT(1), b7 BIT(7), b8 BIT(8), b9 BIT(9), b63 BIT(63), b64 BIT(64),
  y YEAR, flag BOOLEAN)"""
NUMBER_ROWS = (
    "(1" + ",NULL" * 22 + ")",
    "(0" + ",0" * 10 + ",'-0','-0','-0','-0'" + ",0" * 8 + ")",
    """(-1,-128,0,-32768,0,-2147483648,-9223372036854775808,0,
      -99999999999999999999999999999999999.999999999999999999999999999999,
      -99999999999999999999999999999999999999999999999999999999999999999,0,
      -3.402823466e38,-99999.99999,-1.7976931348623157e308,-1e20,0,0,0,0,0,0,1901,-1)""",
    """(2,127,255,32767,16777215,2147483647,9223372036854775807,18446744073709551615,
      99999999999999999999999999999999999.999999999999999999999999999999,
      99999999999999999999999999999999999999999999999999999999999999999,9999999.999,
      3.402823466e38,99999.99999,1.7976931348623157e308,1e20,
      1,127,255,511,9223372036854775807,18446744073709551615,2155,1)""",
    """(2147483647,1,7,1,1,1,1,9007199254740993,0.000000000000000000000000000001,1,0.001,
      16777217,0.1,4.9406564584124654e-324,0.1,b'1',b'0110000',b'01011100',b'000110000',9007199254740993,
      12345678901234567890,2000,0)""",
)
RANDOM_ROWS = """
INSERT INTO numbers (id,f,o,b64,b)
WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
SELECT i, (RAND(i) - 0.5) * POW(10, FLOOR(RAND(-i) * 70) - 35), (RAND(i) - 0.5) * POW(10, FLOOR(RAND(-i) * 600) - 300),
  CAST(CONV(LEFT(MD5(i),16),16,10) AS UNSIGNED), CAST(CONV(LEFT(MD5(-i),15),16,10) AS SIGNED) FROM n"""

TIMES = """
CREATE TABLE times (
  id INT AUTO_INCREMENT PRIMARY KEY, d DATE, t TIME, t6 TIME(6), dt DATETIME, dt3 DATETIME(3), dt6 DATETIME(6),
  ts TIMESTAMP NULL, ts6 TIMESTAMP(6) NULL)"""
TIME_ROWS = (
    "(0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)",
    "(1,'0000-00-00','00:00:00','-00:00:00.000001','0000-00-00 00:00:00',0,0,0,0)",
    """(2,'2020-02-31','-838:59:59','-838:59:59.000000','2021-02-31 23:59:59','2020-00-00 00:00:00.001',
      '2020-01-00 00:00:00.000001','1970-01-01 00:00:01','1970-01-01 00:00:01.000001')""",
    """(3,'9999-12-31','838:59:59','838:59:59','9999-12-31 23:59:59','9999-12-31 23:59:59.999',
      '9999-12-31 23:59:59.999999','2038-01-19 03:14:07','2038-01-19 03:14:07.499999')""",
    """(4,'0001-01-01','00:00:01','12:00:00.1','1000-01-01 00:00:00','0000-00-00 10:00:00','0099-01-01',
      '2024-03-31 02:30:00','2024-10-27 02:30:00.5')""",
)

MEMBERS = ",".join(f"'m{number:02}'" for number in range(64))
CHOICES = f"""
CREATE TABLE choices (
  id INT PRIMARY KEY, e ENUM('a','','0','1','it''s','a\\\\b','한글','5','3','%'), s SET({MEMBERS}),
  latin ENUM('é','ß') CHARACTER SET latin1, few SET('x','y') NOT NULL)"""

JSONS = """
CREATE TABLE jsons (id INT AUTO_INCREMENT PRIMARY KEY, j JSON, k JSON NOT NULL)"""
JSON_TEXTS = (
    "null",
    '""',
    "[]",
    "{}",
    "0",
    "-0.0",
    "1e300",
    "18446744073709551615",
    "-9223372036854775808",
    "true",
    '"😀 한글 \\u0000 \\\\ \\" \\n tab\\t"',
    '{"": {"%": [1, [2, [3, null]]]}, "a\'b": "\'; DROP TABLE x; --"}',
    '{"d": 0.1, "e": 12345.678901}',
    '["\\u001f\\u0002\\u001e\\u0003"]',
)

SHAPES = """
CREATE TABLE shapes (
  id INT PRIMARY KEY, g GEOMETRY, p POINT NOT NULL SRID 4326, l LINESTRING, a POLYGON, mp MULTIPOINT,
  ml MULTILINESTRING, ma MULTIPOLYGON, c GEOMETRYCOLLECTION, SPATIAL KEY (p))"""
SHAPE_ROWS = (
    "(1,NULL,ST_SRID(POINT(1,2),4326)" + ",NULL" * 6 + ")",
    """(2,ST_GeomFromText('POINT(50 10)',4326),ST_GeomFromText('POINT(-90 180)',4326),
      ST_GeomFromText('LINESTRING(0 0,1 1)'),
      ST_GeomFromText('POLYGON((0 0,0 3,3 3,0 0),(1 1.5,1 2,1.5 2,1 1.5))'),ST_GeomFromText('MULTIPOINT(0 0,1 1)'),
      ST_GeomFromText('MULTILINESTRING((0 0,1 1),(2 2,3 3))',3857),
      ST_GeomFromText('MULTIPOLYGON(((0 0,0 1,1 1,0 0)))'),
      ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))'))""",
    "(3,ST_GeomFromText('GEOMETRYCOLLECTION EMPTY'),ST_SRID(POINT(-0e0,1e-300),4326)" + ",NULL" * 6 + ")",
)

COMMON = (
    "'', ' ', 'a ', 'a\\t', '\\0', 'a\\0b', '\\\\N', 'NULL', '\\'', '\"', '`',"
    " '%s', '\\n\\r\\n', '\\Z', '\\\\', 'a;b,c'"
)
"""Texts that are the same in every character set, as literals."""

OWN = {
    "utf8mb4": ("f09f9880", "ed959ceab880", "c3a9", "65cc81", "efbfbf", "f48fbfbf", "e280a8"),
    "latin1": ("80", "81", "a0", "ff", "8d8f909d", "c3a9"),
    "gbk": ("a2e3", "815c", "8140", "bf5c27", "fea0"),
    "ucs2": ("d800", "dfff", "dc00d800", "0000", "005c", "1f02", "ffff"),
    "utf16": ("d83dde00", "005c0027", "ffff"),
    "utf16le": ("3dd800de", "5c002700"),
    "utf32": ("0001f600", "0010ffff"),
    "utf8": ("ed959c", "efbfbf"),
    "sjis": ("835c", "955c", "b1", "8140"),
    "big5": ("a55c", "b35c", "f9d5"),
    "euckr": ("b0a1", "c8fe"),
    "gb18030": ("815c", "8139ef30", "9439da33"),
}
"""Bytes of a character set that a detour over another one, or an escape, would lose."""

CHARSETS = tuple(OWN)


def statements() -> Iterator[str]:
    """CREATE and INSERT of every table of values."""
    yield MODE
    yield NUMBERS
    yield "INSERT INTO numbers VALUES " + ",".join(NUMBER_ROWS)
    yield RANDOM_ROWS
    yield TIMES
    yield "INSERT INTO times VALUES " + ",".join(TIME_ROWS)
    yield CHOICES
    yield (
        "INSERT INTO choices VALUES (1,NULL,NULL,NULL,''),(2,'nobody','','é',''),(3,'','m00','ß','x,y'),"
        "(4,'0','m63','é','y'),(5,3,18446744073709551615,NULL,0),(6,'한글',9007199254740993,1,3),"
        "(7,'it''s',9223372036854775809,2,1),(8,'a\\\\b',1,'nobody','x'),(9,'5',2,1,2),(10,'3',3,1,2),(11,'%',4,1,2)"
    )
    yield JSONS
    texts = [f"_utf8mb4 x'{text.encode().hex()}'" for text in JSON_TEXTS]
    yield "INSERT INTO jsons (j,k) VALUES (NULL,'1')," + ",".join(f"({text},{text})" for text in texts)
    yield SHAPES
    yield "INSERT INTO shapes VALUES " + ",".join(SHAPE_ROWS)
    for charset in CHARSETS:
        yield (
            f"CREATE TABLE text_{charset} (id INT AUTO_INCREMENT PRIMARY KEY, c CHAR(40), v VARCHAR(40) NOT NULL,"
            f" t TEXT, m LONGTEXT, n VARCHAR(40)) CHARACTER SET {charset}"
        )
        for text in COMMON.split(", "):
            yield f"INSERT INTO text_{charset} (c,v,t,m) VALUES ({','.join([text] * 4)})"
        for digits in OWN[charset]:
            text = f"_{charset} x'{digits}'"
            yield f"INSERT INTO text_{charset} (c,v,t,m) VALUES ({','.join([text] * 4)})"
    yield (
        "CREATE TABLE bytes (id INT AUTO_INCREMENT PRIMARY KEY, b BINARY(8), v VARBINARY(40), t TINYBLOB, l BLOB,"
        " m MEDIUMBLOB NOT NULL, n BLOB)"
    )
    for value in (b"", b"\0", b"\0" * 8, b"abc", b"\xff" * 8, b"\\N", b"\t\n\r\x1a", bytes(range(8)), b"\\", b"'"):
        yield f"INSERT INTO bytes (b,v,t,l,m) VALUES ({','.join([_hex(value)] * 5)})"
    for size in (255, 4096, 65_535):
        yield f"INSERT INTO bytes (m,l) VALUES (REPEAT(x'00',{size}),REPEAT(x'ff',{size}))"
    yield "INSERT INTO bytes (m) VALUES (REPEAT(x'11160f1814',32768))"


def marked(key: str = "id INT AUTO_INCREMENT PRIMARY KEY") -> Iterator[str]:
    """A table whose values hold every delimiter, so that none of them can stand between these values."""
    yield f"CREATE TABLE marked ({key}, b VARBINARY(80), t VARCHAR(80), j JSON, l LONGBLOB, n INT)"
    pieces = [*MARKS, b"".join(MARKS), *(mark[:2] + mark for mark in MARKS), *(mark[1:] + mark[:1] for mark in MARKS)]
    for number, piece in enumerate(pieces):
        columns = "b,t,l" + (",n" if number % 2 else "")
        values = ",".join([_hex(piece)] * 3) + (",7" if number % 2 else "")
        yield f"INSERT INTO marked ({columns}) VALUES ({values})"


def fill(server: Server, schema: str, made: Iterator[str]) -> None:
    """Run statements one after the other in one session."""
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        for statement in made:
            cursor.execute(statement)


def _hex(value: bytes) -> str:
    return f"x'{value.hex()}'"
