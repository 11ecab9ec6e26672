"""Proof that two schemas are equal, asked of the servers directly: nothing of migrate is used here.

Every value is compared, as bytes that say all of it: what a client library would make of it plays no part. Servers of
one vendor are compared whole; across vendors, where one says less than the other, or says it in other words, what both
say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
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
  COLLATION_NAME,GENERATION_EXPRESSION,COLUMN_COMMENT,{srid}
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME NOT LIKE '\\_migrate%%' ORDER BY 1,2"""
INDEXES = """
SELECT TABLE_NAME,INDEX_NAME,SEQ_IN_INDEX,NON_UNIQUE,COLUMN_NAME,{expression},SUB_PART,COLLATION,INDEX_TYPE,{visible},
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
CHECKS_OF_MARIADB = """
SELECT TABLE_NAME,CONSTRAINT_NAME,CHECK_CLAUSE,LEVEL
FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = %s ORDER BY 1,2"""
PARTITIONS = """
SELECT TABLE_NAME,PARTITION_ORDINAL_POSITION,SUBPARTITION_ORDINAL_POSITION,PARTITION_NAME,SUBPARTITION_NAME,
  PARTITION_METHOD,SUBPARTITION_METHOD,PARTITION_EXPRESSION,SUBPARTITION_EXPRESSION,PARTITION_DESCRIPTION,
  PARTITION_COMMENT
FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = %s AND PARTITION_NAME IS NOT NULL ORDER BY 1,2,3"""
VIEWS = """
SELECT TABLE_NAME,VIEW_DEFINITION,CHECK_OPTION,IS_UPDATABLE,DEFINER,SECURITY_TYPE,CHARACTER_SET_CLIENT,
  COLLATION_CONNECTION
FROM information_schema.VIEWS WHERE TABLE_SCHEMA = %s ORDER BY 1"""
TRIGGERS = """
SELECT TRIGGER_NAME,EVENT_OBJECT_TABLE,ACTION_TIMING,EVENT_MANIPULATION,ACTION_ORDER,ACTION_STATEMENT,DEFINER,SQL_MODE,
  CHARACTER_SET_CLIENT,COLLATION_CONNECTION,DATABASE_COLLATION
FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = %s ORDER BY 2,3,4,5"""
ROUTINES = """
SELECT ROUTINE_NAME,ROUTINE_TYPE,ROUTINE_DEFINITION,IS_DETERMINISTIC,SQL_DATA_ACCESS,SECURITY_TYPE,ROUTINE_COMMENT,
  DEFINER,SQL_MODE,CHARACTER_SET_CLIENT,COLLATION_CONNECTION,DATABASE_COLLATION
FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = %s ORDER BY 1,2"""
PARAMETERS = """
SELECT SPECIFIC_NAME,ROUTINE_TYPE,ORDINAL_POSITION,PARAMETER_MODE,PARAMETER_NAME,DTD_IDENTIFIER,CHARACTER_SET_NAME,
  COLLATION_NAME
FROM information_schema.PARAMETERS WHERE SPECIFIC_SCHEMA = %s ORDER BY 1,2,3"""
EVENTS = """
SELECT EVENT_NAME,EVENT_TYPE,CONCAT(EXECUTE_AT),INTERVAL_VALUE,INTERVAL_FIELD,CONCAT(STARTS),CONCAT(ENDS),TIME_ZONE,
  STATUS,ON_COMPLETION,EVENT_COMMENT,EVENT_DEFINITION,DEFINER,SQL_MODE,CHARACTER_SET_CLIENT,COLLATION_CONNECTION,
  DATABASE_COLLATION
FROM information_schema.EVENTS WHERE EVENT_SCHEMA = %s ORDER BY 1"""
STORED = {"view": VIEWS, "trigger": TRIGGERS, "routine": ROUTINES, "parameter": PARAMETERS, "event": EVENTS}

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
    mysql8, new = _is_mysql8(server), _is_mysql8(server) and server.version != "8.0.12"
    visible = "IS_VISIBLE" if mysql8 else "IGNORED" if server.vendor == "mariadb" else "NULL"
    queries = {
        "table": TABLES,
        "column": COLUMNS.format(srid="SRS_ID" if mysql8 else "NULL"),
        "index": INDEXES.format(expression="EXPRESSION" if new else "NULL", visible=visible),
        "foreign key": FOREIGN_KEYS,
        "partition": PARTITIONS,
    }
    if new or server.vendor == "mariadb":
        queries["check"] = CHECKS if new else CHECKS_OF_MARIADB
    found: dict[str, list[Row]] = {"check": []}
    with client.connect(server) as connection, connection.cursor() as cursor:
        if mysql8:
            cursor.execute("SET SESSION information_schema_stats_expiry = 0")
        cursor.execute(TABLES, (schema,))
        for table in [row[0] for row in cursor.fetchall()]:
            # AUTO_INCREMENT of a table that nobody opened since the server's start is one too low.
            cursor.execute(f"SELECT 1 FROM {name(schema)}.{name(table)} LIMIT 1")
        for kind, query in queries.items():
            cursor.execute(query, (schema,))
            found[kind] = [_today(kind, row, schema) for row in cursor.fetchall()]
    if server.vendor == "mariadb":  # it says RESTRICT of a key that was made without a rule
        found["foreign key"] = [(*row[:7], *map(_action, row[7:9]), *row[9:]) for row in found["foreign key"]]
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


def _is_mysql8(server: Server) -> bool:
    return server.vendor == "mysql" and not server.version.startswith("5.")


def stored(server: Server, schema: str, labels: Mapping[str, str] | None = None) -> dict[str, list[Row]]:
    """What a server says of the views, triggers, routines and events of a schema.

    Their definitions are as its dictionary has them, but for schemas in `labels` where they qualify a name.
    """
    found: dict[str, list[Row]] = {}
    with client.connect(server) as connection, connection.cursor() as cursor:
        for kind, query in STORED.items():
            cursor.execute(query, (schema,))
            found[kind] = [tuple(_labelled(cell, labels or {}) for cell in row) for row in cursor.fetchall()]
        for n, row in enumerate(found["view"]):
            cursor.execute(f"SHOW CREATE VIEW {name(schema)}.{name(row[0])}")
            shown = cursor.fetchone()
            assert shown is not None
            algorithm = re.search(r"ALGORITHM=(\w+)", str(shown[1]))
            found["view"][n] = (*row, algorithm.group(1) if algorithm else "")
        if server.vendor == "mysql":  # its dictionary tells bodies without escapes, and doubled backticks wrong
            _as_shown(cursor, schema, found, labels or {})
    ranks: dict[Row, int] = {}
    for n, row in enumerate(found["trigger"]):  # servers leave holes in the order where triggers were dropped
        ranks[row[1:4]] = ranks.get(row[1:4], 0) + 1
        found["trigger"][n] = (*row[:4], ranks[row[1:4]], *row[5:])
    found["parameter"] = [(*row[:5], _WIDTH.sub(r"\1", row[5]), *row[6:]) for row in found["parameter"]]
    return {kind: [_settings(row) for row in rows] for kind, rows in found.items()}


def _as_shown(cursor: Any, schema: str, found: dict[str, list[Row]], labels: Mapping[str, str]) -> None:
    """Put what SHOW CREATE tells of a body in the place of what the dictionary does."""
    places = {"trigger": (5, 2, "FOR EACH ROW"), "routine": (2, 2, ""), "event": (11, 3, " DO ")}
    for kind, (place, column, begins) in places.items():
        for n, row in enumerate(found[kind]):
            what = row[1] if kind == "routine" else kind.upper()
            cursor.execute(f"SHOW CREATE {what} {name(schema)}.{name(row[0])}")
            text = str(cursor.fetchone()[column]).partition(begins)[2] if begins else str(cursor.fetchone()[column])
            found[kind][n] = (*row[:place], _labelled(text, labels), *row[place + 1 :])


def _labelled(value: Any, labels: Mapping[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    for schema, label in labels.items():
        plain = re.escape(schema)
        written = rf'{re.escape(name(schema))}|"{plain}"|(?<![\w$.`"]){plain}'
        value = re.sub(rf"(?:{written})(?=\s*\.)", name(label), value)
    return value


def _settings(row: Row) -> Row:
    """Names of character sets are today's; a mode of MySQL 5.7 that later versions do not have is not told."""

    def today(cell: Any) -> Any:
        if not isinstance(cell, str):
            return cell
        modes = cell.split(",")
        if "NO_AUTO_CREATE_USER" in modes:
            cell = ",".join(mode for mode in modes if mode != "NO_AUTO_CREATE_USER")
        return _UTF8.sub("utf8mb3", cell)

    return tuple(map(today, row))


Meaning = Callable[[str], str]


def rows(
    server: Server, schema: str, table: str, where: str = "", meanings: Mapping[str, Meaning] | None = None
) -> list[Row]:
    """Every row of a table or view by value, sorted; cells above 1 MB by their length and SHA-512.

    Columns in `meanings` are compared as what their text means: servers write it in different ways.
    """
    meant = meanings or {}
    # 8.0.12 looks for a function that a view names without a schema in the current one
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00', sql_mode = ''")
        cursor.execute(
            "SELECT COLUMN_NAME,DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
            " ORDER BY ORDINAL_POSITION",
            (schema, table),
        )
        columns = [(column, kind.lower()) for column, kind in cursor.fetchall()]
        view = table in views(server, schema)
        values = ",".join(
            f"CAST({name(column)} AS CHAR)" if column in meant else _value(name(column), kind, view)
            for column, kind in columns
        )
        cursor.execute(f"SELECT {values} FROM {name(schema)}.{name(table)}" + (f" WHERE {where}" if where else ""))
        found: list[Row] = [
            tuple(
                meant[column](cell) if column in meant and cell is not None else cell
                for cell, (column, _) in zip(row, columns, strict=True)
            )
            for row in cursor.fetchall()
        ]
        return sorted(found, key=repr)


def _value(column: str, kind: str, view: bool) -> str:
    match kind:
        case "float" | "double":
            return f"HEX(ST_AsBinary(POINT({column},0)))"
        case "bit":
            return f"CAST({column} AS UNSIGNED)"
        case "enum" | "set" if view:  # 8.0.12 takes the index of one in a view for 0
            return f"HEX({column})"
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


def views(server: Server, schema: str) -> list[str]:
    """Names of the views of a schema."""
    found = client.rows(server, "SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = %s", schema)
    return sorted(row[0] for row in found)


def differences(
    source: Server,
    schema: str,
    target: Server,
    other: str,
    wheres: dict[str, str] | None = None,
    meanings: Mapping[str, Mapping[str, Meaning]] | None = None,
    together: Mapping[str, str] | None = None,
) -> list[str]:
    """What differs, one line each. `wheres`: only these rows of a table at the source are wanted on the target.

    `meanings`: of these columns of a table or view what their text means is compared. `together`: all schemas that
    moved, and their names on the target.
    """
    if source.vendor != target.vendor:
        here, there = _said_by_both(source, schema), _said_by_both(target, other)
    else:
        here, there = structure(source, schema), structure(target, other)
        labels = dict.fromkeys((schema, other), "this schema") if together is None else _of_both(together)
        here |= stored(source, schema, labels)
        there |= stored(target, other, labels)
        for told in (here, there):
            told["foreign key"] = [(*row[:4], labels.get(row[4], row[4]), *row[5:]) for row in told["foreign key"]]
        if "8.0.12" in (source.version, target.version):  # it has no checks
            here["check"] = there["check"] = []
            here, there = _loosely(here, labels), _loosely(there, labels)
    found = []
    for kind in here:
        found += [f"only at the source, {kind}: {row!r}" for row in here[kind] if row not in there[kind]]
        found += [f"only on the target, {kind}: {row!r}" for row in there[kind] if row not in here[kind]]
    both = {row[0] for row in here["table"]} & {row[0] for row in there["table"]}
    both |= {row[0] for row in here["view"]} & {row[0] for row in there["view"]}
    for table in sorted(both):
        meant = dict((meanings or {}).get(table, {}))
        if source.vendor != target.vendor:
            meant |= dict.fromkeys(_jsons(source, schema, table) | _jsons(target, other, table), _json)
        mine = rows(source, schema, table, (wheres or {}).get(table, ""), meant)
        theirs = rows(target, other, table, "", meant)
        if mine != theirs:
            wrong = next((pair for pair in zip(mine, theirs, strict=False) if pair[0] != pair[1]), None)
            found.append(f"table {table}: {len(mine)} rows at the source, {len(theirs)} on the target; {_short(wrong)}")
    return found


def _loosely(told: dict[str, list[Row]], labels: Mapping[str, str]) -> dict[str, list[Row]]:
    """As 8.0.12 tells it: names of columns of views without their schema, intervals of events in their smaller unit.

    And as 8.0.33 does: integers of routines without their width.
    """
    found = dict(told)
    for label in set(labels.values()):
        found["view"] = [(row[0], row[1].replace(f"{name(label)}.", ""), *row[2:]) for row in found["view"]]
    found["event"] = [
        (*row[:3], None if "_" in str(row[4]) else str(row[3] and int(row[3])), *row[4:]) for row in found["event"]
    ]
    found["routine"] = [tuple(_WIDTH.sub(r"\1", cell) if isinstance(cell, str) else cell for cell in row)
                        for row in found["routine"]]  # fmt: skip
    return found


def _of_both(together: Mapping[str, str]) -> dict[str, str]:
    return {each: f"schema {n}" for n, pair in enumerate(together.items()) for each in pair}


def _said_by_both(server: Server, schema: str) -> dict[str, list[Row]]:
    """What MySQL and MariaDB both tell of a schema, and tell alike when it is alike."""
    told, words = structure(server, schema), stored(server, schema)
    return {
        "table": [(row[0], row[1], row[5]) for row in told["table"]],
        "column": [(*row[:3], _type(row[3]), row[4], bool(row[9]), row[10]) for row in told["column"]],
        "index": [(*row[:5], row[6], *row[8:9]) for row in told["index"]],
        "foreign key": [(*row[:7], *(_action(rule) for rule in row[7:9])) for row in told["foreign key"]],
        "partition": [(*row[:4], row[5], _unquoted(row[7]), row[9]) for row in told["partition"]],
        "view": [(row[0], row[2], *row[4:6]) for row in words["view"]],
        "trigger": [row[:5] for row in words["trigger"]],
        "routine": [(*row[:2], *row[3:7]) for row in words["routine"]],
        "parameter": [(*row[:5], _type(row[5]), row[6]) for row in words["parameter"]],
        "event": [row[:11] for row in words["event"]],
    }


def _type(native: str) -> str:
    return "longtext" if native == "json" else native


def _action(rule: str) -> str:
    """Both words mean that the statement is refused."""
    return "RESTRICT" if rule == "NO ACTION" else rule


def _unquoted(text: Any) -> Any:
    return text.replace("`", "") if isinstance(text, str) else text


def _json(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)


def _jsons(server: Server, schema: str, table: str) -> set[str]:
    query = "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s"
    return {row[0] for row in client.rows(server, f"{query} AND DATA_TYPE = 'json'", schema, table)}


def _short(pair: tuple[Row, Row] | None) -> str:
    if pair is None:
        return "one is the beginning of the other"
    cells = [(n, a, b) for n, (a, b) in enumerate(zip(*pair, strict=True)) if a != b]
    return "; ".join(f"column {n + 1}: {str(a)[:80]} and {str(b)[:80]}" for n, a, b in cells[:4])


def assert_equal(
    source: Server,
    schema: str,
    target: Server,
    other: str,
    wheres: dict[str, str] | None = None,
    meanings: Mapping[str, Mapping[str, Meaning]] | None = None,
    together: Mapping[str, str] | None = None,
) -> None:
    """Both schemas have the same tables with the same rows, and all else is the same; there is at least one table."""
    assert tables(source, schema), f"{schema} on {source.name} has no table: nothing would be proven"
    found = differences(source, schema, target, other, wheres, meanings, together)
    assert not found, "\n".join(found)
