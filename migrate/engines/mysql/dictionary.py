"""Reads information_schema: a constant number of queries, whatever the number of schemas and tables.

Servers differ in which columns these tables have (8.0.12 has no EXPRESSION of an index, 5.7 no SRS_ID): the first query
asks, and what a server lacks reads as None. Names of columns are ours, in capitals: 8.0 answers in capitals, whatever
was asked, and others do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from migrate.engines.mysql.answers import literal
from migrate.engines.mysql.connect import Session

Record = Mapping[str, Any]
"""One row, by the names in `WANTED`: text is str, counts are int, NULL and what the server lacks are None."""

SCHEMATA = "SELECT SCHEMA_NAME,DEFAULT_CHARACTER_SET_NAME,DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA"

AVAILABLE = """\
SELECT TABLE_NAME,COLUMN_NAME FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA IN ('information_schema','INFORMATION_SCHEMA') AND TABLE_NAME IN ({tables})"""

# Table of information_schema: the column that holds the schema (empty: not of a schema), then what is read.
# FULLTEXT parsers are nowhere in information_schema: SHOW CREATE TABLE alone tells them.
WANTED: dict[str, tuple[str, ...]] = {
    "ENGINES": ("", "ENGINE TRANSACTIONS"),
    "TABLES": (
        "TABLE_SCHEMA",
        "TABLE_SCHEMA TABLE_NAME TABLE_TYPE ENGINE ROW_FORMAT CREATE_OPTIONS TABLE_COLLATION TABLE_COMMENT",
    ),
    # Apart: beside a view, 8.0.12 gives tables the comment "'db.view' is not BASE TABLE" when these are read along.
    "TABLES statistics": (
        "TABLE_SCHEMA",
        "TABLE_SCHEMA TABLE_NAME AUTO_INCREMENT TABLE_ROWS DATA_LENGTH",
    ),
    "COLUMNS": (
        "TABLE_SCHEMA",
        "TABLE_SCHEMA TABLE_NAME COLUMN_NAME ORDINAL_POSITION COLUMN_DEFAULT IS_NULLABLE DATA_TYPE COLUMN_TYPE",
        "CHARACTER_SET_NAME COLLATION_NAME EXTRA COLUMN_COMMENT GENERATION_EXPRESSION SRS_ID",
    ),
    "STATISTICS": (
        "TABLE_SCHEMA",
        "TABLE_SCHEMA TABLE_NAME INDEX_NAME NON_UNIQUE SEQ_IN_INDEX COLUMN_NAME COLLATION SUB_PART INDEX_TYPE",
        "INDEX_COMMENT IS_VISIBLE IGNORED EXPRESSION",
    ),
    "KEY_COLUMN_USAGE": (
        "TABLE_SCHEMA",
        "TABLE_SCHEMA TABLE_NAME CONSTRAINT_NAME COLUMN_NAME ORDINAL_POSITION REFERENCED_TABLE_SCHEMA",
        "REFERENCED_TABLE_NAME REFERENCED_COLUMN_NAME",
    ),
    "REFERENTIAL_CONSTRAINTS": (
        "CONSTRAINT_SCHEMA",
        "CONSTRAINT_SCHEMA TABLE_NAME CONSTRAINT_NAME UPDATE_RULE DELETE_RULE",
    ),
    "TABLE_CONSTRAINTS": (
        "TABLE_SCHEMA",
        "TABLE_SCHEMA TABLE_NAME CONSTRAINT_NAME CONSTRAINT_TYPE ENFORCED",
    ),
    "CHECK_CONSTRAINTS": ("CONSTRAINT_SCHEMA", "CONSTRAINT_SCHEMA TABLE_NAME CONSTRAINT_NAME CHECK_CLAUSE"),
    "PARTITIONS": (
        "TABLE_SCHEMA",
        "TABLE_SCHEMA TABLE_NAME PARTITION_NAME SUBPARTITION_NAME PARTITION_ORDINAL_POSITION",
        "SUBPARTITION_ORDINAL_POSITION PARTITION_METHOD SUBPARTITION_METHOD PARTITION_EXPRESSION",
        "SUBPARTITION_EXPRESSION PARTITION_DESCRIPTION PARTITION_COMMENT",
    ),
    "VIEWS": (
        "TABLE_SCHEMA",
        "TABLE_SCHEMA TABLE_NAME VIEW_DEFINITION CHECK_OPTION DEFINER SECURITY_TYPE ALGORITHM CHARACTER_SET_CLIENT",
        "COLLATION_CONNECTION",
    ),
    "TRIGGERS": (
        "TRIGGER_SCHEMA",
        "TRIGGER_SCHEMA TRIGGER_NAME EVENT_OBJECT_TABLE EVENT_MANIPULATION ACTION_TIMING ACTION_ORDER",
        "ACTION_STATEMENT SQL_MODE DEFINER CHARACTER_SET_CLIENT COLLATION_CONNECTION DATABASE_COLLATION",
    ),
    "ROUTINES": (
        "ROUTINE_SCHEMA",
        "ROUTINE_SCHEMA ROUTINE_NAME SPECIFIC_NAME ROUTINE_TYPE DTD_IDENTIFIER ROUTINE_DEFINITION IS_DETERMINISTIC",
        "EXTERNAL_LANGUAGE SQL_DATA_ACCESS SECURITY_TYPE SQL_MODE ROUTINE_COMMENT DEFINER CHARACTER_SET_CLIENT",
        "COLLATION_CONNECTION DATABASE_COLLATION",
    ),
    "PARAMETERS": (
        "SPECIFIC_SCHEMA",
        "SPECIFIC_SCHEMA SPECIFIC_NAME ROUTINE_TYPE ORDINAL_POSITION PARAMETER_MODE PARAMETER_NAME DTD_IDENTIFIER",
        "CHARACTER_SET_NAME COLLATION_NAME",
    ),
    "EVENTS": (
        "EVENT_SCHEMA",
        "EVENT_SCHEMA EVENT_NAME EVENT_DEFINITION EVENT_TYPE EXECUTE_AT INTERVAL_VALUE INTERVAL_FIELD STARTS ENDS",
        "STATUS ON_COMPLETION SQL_MODE EVENT_COMMENT DEFINER TIME_ZONE CHARACTER_SET_CLIENT COLLATION_CONNECTION",
        "DATABASE_COLLATION",
    ),
}


async def schemata(session: Session) -> dict[str, tuple[str, str]]:
    """Every schema that the account sees, with its default character set and collation."""
    rows = (await session.query(SCHEMATA)).rows
    return {_value(name): (_value(charset), _value(collation)) for name, charset, collation in rows}


async def dictionary(session: Session, schemas: Callable[[str], bool]) -> tuple[dict[str, tuple[str, str]], _Tables]:
    """The schemas that `schemas` picks, and the rows of every table in `WANTED` that belong to one of them."""
    chosen = {name: about for name, about in (await schemata(session)).items() if schemas(name)}
    if not chosen:
        return chosen, dict.fromkeys(WANTED, ())
    there = await _available(session)
    tables: _Tables = {}
    for entry, (schema_column, *lines) in WANTED.items():
        columns = " ".join(lines).split()
        table = entry.partition(" ")[0]
        tables[entry] = await _read(session, table, schema_column, columns, there.get(table, set()), chosen)
    statistics = {(row["TABLE_SCHEMA"], row["TABLE_NAME"]): row for row in tables.pop("TABLES statistics")}
    unknown = dict.fromkeys(("AUTO_INCREMENT", "TABLE_ROWS", "DATA_LENGTH"))  # of a table made in between
    tables["TABLES"] = tuple(
        {**row, **statistics.get((row["TABLE_SCHEMA"], row["TABLE_NAME"]), unknown)} for row in tables["TABLES"]
    )
    return chosen, tables


_Tables = dict[str, tuple[Record, ...]]


async def _available(session: Session) -> dict[str, set[str]]:
    answer = await session.query(AVAILABLE.format(tables=",".join(literal(entry) for entry in WANTED)))
    there: dict[str, set[str]] = {}
    for table, column in answer.rows:
        there.setdefault(_value(table).upper(), set()).add(_value(column).upper())
    return there


async def _read(
    session: Session,
    table: str,
    schema_column: str,
    columns: list[str],
    there: set[str],
    chosen: Mapping[str, object],
) -> tuple[Record, ...]:
    if not there:
        return ()
    selected = ",".join(column if column in there else "NULL" for column in columns)
    sql = f"SELECT {selected} FROM information_schema.{table}"
    if schema_column:
        sql += f" WHERE {schema_column} IN ({','.join(literal(schema) for schema in chosen)})"
    records = [dict(zip(columns, map(_value, row), strict=True)) for row in (await session.query(sql, table)).rows]
    # Servers compare names here without case, or without accents: the exact ones are picked again.
    return tuple(record for record in records if not schema_column or record[schema_column] in chosen)


def _value(value: Any) -> Any:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
