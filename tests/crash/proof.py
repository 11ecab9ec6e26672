"""Equality of two schemas, proven by a plain driver and without a line of the product."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.lab import Server
from tests.lab.client import connect

COLUMNS = """\
SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = %s AND TABLE_NAME NOT LIKE '\\_migrate%%' ORDER BY TABLE_NAME, ORDINAL_POSITION"""

INDEXES = """\
SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, SEQ_IN_INDEX, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS
WHERE TABLE_SCHEMA = %s AND TABLE_NAME NOT LIKE '\\_migrate%%' ORDER BY 1, 2, 4"""

FOREIGN_KEYS = """\
SELECT TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
FROM information_schema.KEY_COLUMN_USAGE
WHERE TABLE_SCHEMA = %s AND REFERENCED_TABLE_NAME IS NOT NULL ORDER BY 1, 2, 3"""

COUNTERS = """\
SELECT TABLE_NAME, NULLIF(AUTO_INCREMENT, 1) FROM information_schema.TABLES
WHERE TABLE_SCHEMA = %s AND TABLE_NAME NOT LIKE '\\_migrate%%' ORDER BY 1"""

TOUCHED = """\
SELECT TABLE_NAME, CREATE_TIME, UPDATE_TIME FROM information_schema.TABLES
WHERE TABLE_SCHEMA = %s ORDER BY 1"""

Sum = tuple[int, int]


def content(server: Server, schema: str) -> dict[str, Sum]:
    """Of every table the number of rows and the sum of a CRC over the hex of all values; NULL is not the empty text."""
    with connect(server) as connection, connection.cursor() as cursor:
        cursor.execute(COLUMNS, (schema,))
        columns: dict[str, list[str]] = {}
        for table, column in cursor.fetchall():
            columns.setdefault(table, []).append(column)
        sums: dict[str, Sum] = {}
        for table, names in columns.items():
            values = ",".join(f"IFNULL(HEX(CONCAT(`{name}`,'')),'-')" for name in names)
            cursor.execute(f"SELECT COUNT(*), IFNULL(SUM(CRC32(CONCAT_WS('/',{values}))),0) FROM `{schema}`.`{table}`")
            count, total = cursor.fetchall()[0]
            sums[table] = int(count), int(total)
        return sums


def multiset(server: Server, schema: str, table: str) -> Counter[tuple[Any, ...]]:
    """All rows of a table, each with how often it is there."""
    with connect(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM `{schema}`.`{table}`")
        return Counter(cursor.fetchall())


def structure(server: Server, schema: str) -> dict[str, list[tuple[Any, ...]]]:
    """Indexes, foreign keys and counters of every table."""
    with connect(server) as connection, connection.cursor() as cursor:
        if server.vendor == "mysql":
            cursor.execute("SET information_schema_stats_expiry = 0")
        found = {}
        for name, statement in (("indexes", INDEXES), ("foreign keys", FOREIGN_KEYS), ("counters", COUNTERS)):
            cursor.execute(statement, (schema,))
            found[name] = list(cursor.fetchall())
        return found


def touched(server: Server, schema: str) -> list[tuple[Any, ...]]:
    """When each table, the ledger too, was made and last written."""
    with connect(server) as connection, connection.cursor() as cursor:
        cursor.execute("SET information_schema_stats_expiry = 0")
        cursor.execute(TOUCHED, (schema,))
        return list(cursor.fetchall())


class Proof:
    """What a source schema, which nobody writes to any more, holds; targets are held against it."""

    def __init__(self, source: Server, schema: str, keyless: tuple[str, ...] = ()) -> None:
        self._content = content(source, schema)
        self._multisets = {table: multiset(source, schema, table) for table in keyless}
        self._structure = structure(source, schema)

    def assert_equal(self, target: Server, schema: str) -> None:
        """Every table has the same rows, each as often, and the same indexes, foreign keys and counters."""
        assert content(target, schema) == self._content
        for table, rows in self._multisets.items():
            assert multiset(target, schema, table) == rows, table
        assert structure(target, schema) == self._structure
