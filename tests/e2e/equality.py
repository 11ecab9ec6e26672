"""Proof that two schemas are equal, asked of the servers directly: nothing of migrate is used here.

Every value is compared, as bytes that say all of it: what a client library would make of it plays no part.
"""

from __future__ import annotations

import re
from typing import Any

from tests.lab import Server, client

Row = tuple[Any, ...]

TABLES = """
SELECT TABLE_NAME,ENGINE,ROW_FORMAT,TABLE_COLLATION,CREATE_OPTIONS,TABLE_COMMENT,NULLIF(AUTO_INCREMENT,1)
FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_TYPE = 'BASE TABLE'
  AND TABLE_NAME NOT LIKE '\\_migrate%%'
ORDER BY 1"""
COLUMNS = """
SELECT TABLE_NAME,ORDINAL_POSITION,COLUMN_NAME,COLUMN_TYPE,IS_NULLABLE,COLUMN_DEFAULT,EXTRA,CHARACTER_SET_NAME,
  COLLATION_NAME,GENERATION_EXPRESSION,COLUMN_COMMENT,SRS_ID
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME NOT LIKE '\\_migrate%%' ORDER BY 1,2"""
INDEXES = """
SELECT TABLE_NAME,INDEX_NAME,SEQ_IN_INDEX,NON_UNIQUE,COLUMN_NAME,{expression},SUB_PART,COLLATION,INDEX_TYPE,IS_VISIBLE,
  INDEX_COMMENT
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s AND TABLE_NAME NOT LIKE '\\_migrate%%' ORDER BY 1,2,3"""
FOREIGN_KEYS = """
SELECT k.TABLE_NAME,k.CONSTRAINT_NAME,k.ORDINAL_POSITION,k.COLUMN_NAME,
  IF(k.REFERENCED_TABLE_SCHEMA = k.TABLE_SCHEMA,'here',k.REFERENCED_TABLE_SCHEMA),k.REFERENCED_TABLE_NAME,
  k.REFERENCED_COLUMN_NAME,r.UPDATE_RULE,r.DELETE_RULE,r.MATCH_OPTION
FROM information_schema.KEY_COLUMN_USAGE AS k JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r
  ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME
    AND r.TABLE_NAME = k.TABLE_NAME
WHERE k.TABLE_SCHEMA = %s AND k.REFERENCED_TABLE_NAME IS NOT NULL ORDER BY 1,2,3"""
CHECKS = """
SELECT t.TABLE_NAME,t.CONSTRAINT_NAME,c.CHECK_CLAUSE,t.ENFORCED
FROM information_schema.TABLE_CONSTRAINTS AS t JOIN information_schema.CHECK_CONSTRAINTS AS c
  ON c.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME
WHERE t.TABLE_SCHEMA = %s AND t.CONSTRAINT_TYPE = 'CHECK' ORDER BY 1,2"""
PARTITIONS = """
SELECT TABLE_NAME,PARTITION_ORDINAL_POSITION,SUBPARTITION_ORDINAL_POSITION,PARTITION_NAME,SUBPARTITION_NAME,
  PARTITION_METHOD,SUBPARTITION_METHOD,PARTITION_EXPRESSION,SUBPARTITION_EXPRESSION,PARTITION_DESCRIPTION,
  PARTITION_COMMENT
FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = %s AND PARTITION_NAME IS NOT NULL ORDER BY 1,2,3"""

_WIDTH = re.compile(r"\b((?:tiny|small|medium|big)?int|year)\(\d+\)")
_UTF8 = re.compile(r"\butf8(?=_|\b)(?!mb)")
_BYTES = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext"}
_BYTES |= {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
_GEOMETRY = {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
_GEOMETRY |= {"geomcollection", "geometrycollection"}


def structure(server: Server, schema: str) -> dict[str, list[Row]]:
    """What a server says of the tables of a schema, apart from their rows; the schema's own name does not show.

    Across versions of a server, names of types are those of the newer one: int(11) is int, utf8 is utf8mb3.
    """
    new = server.version != "8.0.12"
    queries = {
        "table": TABLES,
        "column": COLUMNS,
        "index": INDEXES.format(expression="EXPRESSION" if new else "NULL"),
        "foreign key": FOREIGN_KEYS,
        "partition": PARTITIONS,
    }
    if new:
        queries["check"] = CHECKS
    found: dict[str, list[Row]] = {"check": []}
    with client.connect(server) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION information_schema_stats_expiry = 0")
        cursor.execute(TABLES, (schema,))
        for table in [row[0] for row in cursor.fetchall()]:
            # AUTO_INCREMENT of a table that nobody opened since the server's start is one too low.
            cursor.execute(f"SELECT 1 FROM {name(schema)}.{name(table)} LIMIT 1")
        for kind, query in queries.items():
            cursor.execute(query, (schema,))
            found[kind] = [_today(kind, row, schema) for row in cursor.fetchall()]
    base = {row[0] for row in found["table"]}
    found["column"] = [row for row in found["column"] if row[0] in base]  # information_schema has those of views too
    return found


def _today(kind: str, row: Row, schema: str) -> Row:
    def one(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        value = value.replace(f"`{schema.replace('`', '``')}`", "`this schema`")
        return _UTF8.sub("utf8mb3", _WIDTH.sub(r"\1", value))

    if kind == "column" and row[6] and str(row[5]).upper().startswith("CURRENT_TIMESTAMP"):
        row = (*row[:6], str(row[6]).removeprefix("DEFAULT_GENERATED").strip(), *row[7:])  # 8.0.12 does not say it
    return tuple(map(one, row)) if kind in ("table", "column") else row


def rows(server: Server, schema: str, table: str, where: str = "") -> list[Row]:
    """Every row of a table by value, sorted; cells above 1 MB by their length and SHA-512."""
    with client.connect(server) as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00', sql_mode = ''")
        cursor.execute(
            "SELECT COLUMN_NAME,DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
            " ORDER BY ORDINAL_POSITION",
            (schema, table),
        )
        values = ",".join(_value(name(column), kind.lower()) for column, kind in cursor.fetchall())
        cursor.execute(f"SELECT {values} FROM {name(schema)}.{name(table)}" + (f" WHERE {where}" if where else ""))
        return sorted(cursor.fetchall(), key=repr)


def _value(column: str, kind: str) -> str:
    match kind:
        case "float" | "double":
            return f"HEX(ST_AsBinary(POINT({column},0)))"
        case "bit":
            return f"CAST({column} AS UNSIGNED)"
        case "enum" | "set":  # both: the index 0 looks like a member '', and the dictionary shows an emoji as ?
            return f"CONCAT(CAST({column} AS UNSIGNED),':',HEX({column}))"
        case "json":  # the text of a DATE in it is that of a string; only a string survives being read back
            text = f"CAST({column} AS CHAR CHARACTER SET utf8mb4)"
            return f"CONCAT({text},':',{column} = CAST({text} AS JSON))"
        case _ if kind in _GEOMETRY:
            return f"HEX({column})"
        case _ if kind in _BYTES:
            long = f"CONCAT(LENGTH({column}),':',SHA2({column},512))"
            return f"IF(LENGTH({column}) > 1000000,{long},HEX({column}))"
        case _:
            return f"CONCAT({column})"


def name(identifier: str) -> str:
    """Quoted."""
    return "`" + identifier.replace("`", "``") + "`"


def tables(server: Server, schema: str) -> list[str]:
    """Names of the tables of a schema, without those of migrate itself."""
    return [row[0] for row in structure(server, schema)["table"]]


def differences(
    source: Server, schema: str, target: Server, other: str, wheres: dict[str, str] | None = None
) -> list[str]:
    """What differs, one line each. `wheres`: only these rows of a table at the source are wanted on the target."""
    here, there = structure(source, schema), structure(target, other)
    found = []
    for kind in here:
        found += [f"only at the source, {kind}: {row!r}" for row in here[kind] if row not in there[kind]]
        found += [f"only on the target, {kind}: {row!r}" for row in there[kind] if row not in here[kind]]
    both = {row[0] for row in here["table"]} & {row[0] for row in there["table"]}
    for table in sorted(both):
        mine, theirs = rows(source, schema, table, (wheres or {}).get(table, "")), rows(target, other, table)
        if mine != theirs:
            wrong = next((pair for pair in zip(mine, theirs, strict=False) if pair[0] != pair[1]), None)
            found.append(f"table {table}: {len(mine)} rows at the source, {len(theirs)} on the target; {_short(wrong)}")
    return found


def _short(pair: tuple[Row, Row] | None) -> str:
    if pair is None:
        return "one is the beginning of the other"
    cells = [(n, a, b) for n, (a, b) in enumerate(zip(*pair, strict=True)) if a != b]
    return "; ".join(f"column {n + 1}: {str(a)[:80]} and {str(b)[:80]}" for n, a, b in cells[:4])


def assert_equal(source: Server, schema: str, target: Server, other: str, wheres: dict[str, str] | None = None) -> None:
    """Both schemas have the same tables with the same rows, and there is at least one."""
    assert tables(source, schema), f"{schema} on {source.name} has no table: nothing would be proven"
    found = differences(source, schema, target, other, wheres)
    assert not found, "\n".join(found)
