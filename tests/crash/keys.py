"""A schema with a table of every kind of key, and of those that have none: each kind is resumed in its own way."""

from __future__ import annotations

from tests.crash.shop import fill_numbers
from tests.lab import Server
from tests.lab.client import connect

TABLES = (
    """CREATE TABLE bigints (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(80) NULL, d DOUBLE NOT NULL,
  KEY by_v (v)) CHARSET utf8mb4 COLLATE utf8mb4_general_ci""",
    """CREATE TABLE pairs (a INT NOT NULL, b VARCHAR(40) NOT NULL, c DATE NOT NULL, v VARCHAR(60) NULL,
  PRIMARY KEY (a, b, c), KEY by_c (c)) CHARSET utf8mb4 COLLATE utf8mb4_bin""",
    """CREATE TABLE words (word VARCHAR(60) NOT NULL PRIMARY KEY, n INT NOT NULL, KEY by_n (n))
  CHARSET utf8mb4 COLLATE utf8mb4_unicode_ci""",
    "CREATE TABLE hashes (h VARBINARY(24) NOT NULL PRIMARY KEY, body VARBINARY(80) NULL)",
    "CREATE TABLE prices (price DECIMAL(24,6) NOT NULL PRIMARY KEY, v VARCHAR(60) NOT NULL) CHARSET latin1",
    "CREATE TABLE moments (at DATETIME(6) NOT NULL PRIMARY KEY, v VARCHAR(60) NOT NULL) CHARSET latin1",
    """CREATE TABLE states (state ENUM('paid','new','sent') NOT NULL, n INT NOT NULL, v VARCHAR(60) NOT NULL,
  PRIMARY KEY (state, n)) CHARSET latin1""",
    "CREATE TABLE codes (code CHAR(32) NOT NULL, n INT NULL, UNIQUE KEY by_code (code)) CHARSET ascii",
    "CREATE TABLE guesses (code CHAR(32) NULL, n INT NOT NULL, UNIQUE KEY by_code (code)) CHARSET ascii",
    "CREATE TABLE pile (n INT NULL, v VARCHAR(60) NOT NULL) CHARSET latin1",
    "CREATE TABLE old_pages (id INT NOT NULL PRIMARY KEY, page VARCHAR(80) NOT NULL) ENGINE=MyISAM CHARSET latin1",
    "CREATE TABLE old_pile (n INT NOT NULL, v VARCHAR(60) NOT NULL, KEY by_n (n)) ENGINE=MyISAM CHARSET latin1",
    "CREATE TABLE blobs (id INT NOT NULL PRIMARY KEY, data LONGBLOB NULL)",
    "CREATE TABLE parents (id INT NOT NULL PRIMARY KEY, name VARCHAR(60) NOT NULL, UNIQUE KEY by_name (name))",
    """CREATE TABLE children (id INT NOT NULL PRIMARY KEY, parent INT NULL, v VARCHAR(60) NOT NULL,
  CONSTRAINT child_parent FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE)""",
    "CREATE TABLE fired (n BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, child INT NOT NULL)",
)

ROWS = (
    "INSERT INTO bigints SELECT (n - {half}) * 4611686018427 + 1, IF(n % 7, SHA1(n), NULL), n / 7 FROM numbers",
    "INSERT INTO pairs SELECT n % 90, MD5(n), '2024-01-01' + INTERVAL n % 400 DAY, IF(n % 5, SHA1(n), '') FROM numbers",
    """INSERT INTO words SELECT CONCAT(ELT(1 + n % 3, 'w', 'W', 'ŵ'), MD5(n), ELT(1 + n % 2, '', '단어')), n
  FROM numbers""",
    """INSERT INTO hashes SELECT CONCAT(UNHEX(MD5(n)), IF(n % 2, x'00', x'')), IF(n % 6, UNHEX(SHA2(n, 512)), NULL)
  FROM numbers""",
    "INSERT INTO prices SELECT (n - {half}) * 1000003.000007, MD5(n) FROM numbers",
    "INSERT INTO moments SELECT '1999-12-31' + INTERVAL n * 1234567891 MICROSECOND, MD5(n) FROM numbers",
    "INSERT INTO states SELECT 1 + n % 3, n DIV 3, MD5(n) FROM numbers",
    "INSERT INTO codes SELECT MD5(n), IF(n % 4, n, NULL) FROM numbers",
    "INSERT INTO guesses SELECT IF(n % 3, MD5(n), NULL), n % 50 FROM numbers",
    "INSERT INTO pile SELECT IF(n % 9, n % 300, NULL), MD5(n % 300) FROM numbers",
    "INSERT INTO old_pages SELECT n, SHA1(n) FROM numbers",
    "INSERT INTO old_pile SELECT n % 300, MD5(n % 300) FROM numbers",
    """INSERT INTO blobs SELECT n, IF(n % 7, REPEAT(UNHEX(SHA2(n, 512)), IF(n = 5, 81920, 16384 + n)), NULL)
  FROM numbers WHERE n <= 24""",
    "INSERT INTO parents SELECT n, MD5(n) FROM numbers WHERE n <= {half}",
    "INSERT INTO children SELECT n, IF(n % 8, 1 + n * 7919 % {half}, NULL), MD5(n) FROM numbers",
)

AFTERWARDS = (
    "CREATE TRIGGER on_child AFTER INSERT ON children FOR EACH ROW INSERT INTO fired (child) VALUES (NEW.id)",
    "INSERT INTO children VALUES (0, 1, 'this one fires')",
)


def make_keys(server: Server, schema: str, most: int = 12_000) -> None:
    """Make and fill the schema; most of its tables have `most` rows."""
    with connect(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{schema}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
    fill_numbers(server, schema, most)
    with connect(server, database=schema) as connection, connection.cursor() as cursor:
        for statement in (*TABLES, *(rows.format(half=most // 2) for rows in ROWS), *AFTERWARDS):
            cursor.execute(statement)
