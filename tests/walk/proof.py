"""Whether two schemas are equal, as their servers say it: SHOW CREATE, information_schema, rows. Nothing of migrate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tests.e2e.equality import CHECKS, CHECKS_OF_MARIADB, COLUMNS, FOREIGN_KEYS, INDEXES, PARTITIONS, TABLES
from tests.walk.lane import Side
from tests.walk.model import Schema
from tests.walk.proof_stored import stored_differences
from tests.walk.spelt import quote

Row = tuple[Any, ...]

_PRINTED = frozenset(
    [
        "tinyint",
        "smallint",
        "mediumint",
        "int",
        "bigint",
        "decimal",
        "float",
        "double",
        "date",
        "datetime",
        "timestamp",
        "time",
        "year",
    ]
)
"""Types whose text says all that the values of the walk are; of a number HEX would tell the whole part only."""
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")
_SAME = (
    (re.compile(r"(?<![\w`])_(?:utf8mb4|utf8mb3|latin1|ascii|utf8)(?=\\?')"), ""),
    (re.compile(r" ROW_FORMAT=\w+|row_format=\w+ ?"), ""),
    (re.compile(r" ON (?:DELETE|UPDATE) (?:RESTRICT|NO ACTION)"), ""),
    (re.compile(r"\ARESTRICT\Z"), "NO ACTION"),
    # Aria says its defaults once the table was altered.
    (re.compile(r" (?:PAGE_CHECKSUM|TRANSACTIONAL)=1|(?:page_checksum|transactional)=1 ?"), ""),
)
"""Words that say nothing: the character set that a server gives to a string, what is so without being said."""
_SORTED = ("  KEY", "  UNIQUE", "  FULLTEXT", "  SPATIAL", "  CONSTRAINT")
_CHARSET = re.compile(r" CHARACTER SET \w+(?: COLLATE \w+)?| COLLATE \w+")
"""Of a column: whether it is said depends on how the column came to have it; information_schema tells it anyway."""


def differences(source: Side, schema: str, target: Side, other: str, wanted: Schema) -> list[str]:
    """What of all that is wanted is otherwise on the target."""
    tables = [table.name for table in wanted.tables]
    found = _of_tables(source, schema, target, other, tables)
    for view in wanted.views:
        if rows(source, schema, view.name) != rows(target, other, view.name):
            found.append(f"view {view.name} has other rows")
    return found + stored_differences(source, schema, target, other, wanted)


def _of_tables(source: Side, schema: str, target: Side, other: str, tables: Sequence[str]) -> list[str]:
    found: list[str] = []
    for table in tables:
        here, there = shown(source, schema, table), shown(target, other, table)
        found += [f"{table}: only at the source: {line}" for line in here if line not in there]
        found += [f"{table}: only on the target: {line}" for line in there if line not in here]
        mine, theirs = rows(source, schema, table), rows(target, other, table)
        found += [f"{table}: row only at the source: {row}" for row in mine if row not in theirs]
        found += [f"{table}: row only on the target: {row}" for row in theirs if row not in mine]
        if mine != theirs and not found:
            found.append(f"{table}: {len(mine)} rows at the source, {len(theirs)} on the target")
    mine_told, theirs_told = told(source, schema, tables), told(target, other, tables)
    found += [f"only the source tells {row}" for row in mine_told if row not in theirs_told]
    found += [f"only the target tells {row}" for row in theirs_told if row not in mine_told]
    return found


def shown(side: Side, schema: str, table: str) -> list[str]:
    """The lines of SHOW CREATE TABLE; the order of indexes and constraints says nothing, nor does the counter."""
    ((_, text),) = side.rows(f"SHOW CREATE TABLE {quote(schema)}.{quote(table)}")
    lines = [line.rstrip(",") for line in text.splitlines()]
    body = lines[: lines.index(next(line for line in lines if line.startswith(")")))]
    tail = lines[len(body) :]
    ordered = [_CHARSET.sub("", line) for line in body if not line.startswith(_SORTED)]
    keys = sorted(line for line in body if line.startswith(_SORTED))
    return [_bare(line) for line in (*ordered, *keys, _COUNTER.sub("", tail[0]), *tail[1:])]


def _bare(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    for pattern, new in _SAME:
        text = pattern.sub(new, text)
    return text


def told(side: Side, schema: str, tables: Sequence[str]) -> list[tuple[str, Row]]:
    """What information_schema says of these tables."""
    server = side.server
    maria, old = server.vendor == "mariadb", server.version.startswith("5.")
    queries = {
        "table": TABLES,
        "column": COLUMNS.format(srid="NULL" if maria or old else "SRS_ID"),
        "index": INDEXES.format(
            expression="NULL" if maria or old else "EXPRESSION",
            visible="IGNORED" if maria else "NULL" if old else "IS_VISIBLE",
        ),
        "foreign key": FOREIGN_KEYS,
        "partition": PARTITIONS,
    }
    if not old:
        queries["check"] = CHECKS_OF_MARIADB if maria else CHECKS
    found = []
    for kind, query in queries.items():
        rows = [tuple(map(_bare, row)) for row in side.rows(query, schema) if row[0] in tables]
        found += [(kind, _table(row[:-1]) if kind == "table" else row) for row in rows]
    return found


def _table(row: Row) -> Row:
    """Of a partitioned table MySQL 8 and 9 go on telling the row format that it had before it was altered in place."""
    table, engine, row_format, collation, options, *rest = row
    if "partitioned" in options:
        said = re.search(r"row_format=(\w+)", options, re.IGNORECASE)
        row_format = said[1].capitalize() if said else "Dynamic"
    return (table, engine, row_format, collation, options.strip(), *rest)  # what was taken out of them leaves a blank


def rows(side: Side, schema: str, table: str) -> list[str]:
    """Every row, each value as digits that say all of it."""
    columns = side.rows(
        "SELECT COLUMN_NAME,DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
        " ORDER BY ORDINAL_POSITION",
        schema,
        table,
    )
    cells = ",',',".join(f"IFNULL({_digits(quote(name), kind.lower())},'NULL')" for name, kind in columns)
    return sorted(str(row[0]) for row in side.rows(f"SELECT CONCAT({cells}) FROM {quote(schema)}.{quote(table)}"))


def _digits(column: str, kind: str) -> str:
    if kind == "bit":
        return f"HEX({column} + 0)"
    return f"CONCAT({column})" if kind in _PRINTED else f"HEX({column})"
