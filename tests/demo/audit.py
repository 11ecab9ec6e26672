"""A check of two schemas that shares no code with migrate: what the servers themselves say, compared as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pymysql.cursors import Cursor

from tests.lab import Server, client

Row = tuple[Any, ...]

# What describes a table apart from its rows. Each query gives the table's name first; %s is the schema, and nothing
# that differs between two equal schemas (names of schemas, statistics, times) is selected. Source: MySQL 8.0
# Reference Manual, chapter "INFORMATION_SCHEMA Tables".
STRUCTURE = {
    "table": """
        SELECT table_name, engine, row_format, table_collation, create_options, table_comment, auto_increment
        FROM information_schema.tables WHERE table_schema = %s AND table_type = 'BASE TABLE'""",
    "column": """
        SELECT table_name, column_name, ordinal_position, column_type, is_nullable, column_default, extra,
          character_set_name, collation_name, generation_expression, column_comment, srs_id
        FROM information_schema.columns WHERE table_schema = %s""",
    "index": """
        SELECT table_name, index_name, seq_in_index, non_unique, column_name, expression, sub_part, collation,
          nullable, index_type, is_visible, index_comment
        FROM information_schema.statistics WHERE table_schema = %s""",
    "foreign key": """
        SELECT k.table_name, k.constraint_name, k.ordinal_position, k.column_name, k.referenced_table_name,
          k.referenced_column_name, r.update_rule, r.delete_rule
        FROM information_schema.key_column_usage AS k
        JOIN information_schema.referential_constraints AS r
          ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
            AND r.table_name = k.table_name
        WHERE k.constraint_schema = %s""",
    "check": """
        SELECT t.table_name, t.constraint_name, c.check_clause, t.enforced
        FROM information_schema.table_constraints AS t
        JOIN information_schema.check_constraints AS c
          ON c.constraint_schema = t.constraint_schema AND c.constraint_name = t.constraint_name
        WHERE t.constraint_schema = %s""",
    "partition": """
        SELECT table_name, partition_name, subpartition_name, partition_ordinal_position, partition_method,
          partition_expression, partition_description
        FROM information_schema.partitions WHERE table_schema = %s AND partition_name IS NOT NULL""",
    "view": """
        SELECT table_name, view_definition, check_option, is_updatable, definer, security_type, character_set_client,
          collation_connection
        FROM information_schema.views WHERE table_schema = %s""",
    "trigger": """
        SELECT trigger_name, event_manipulation, event_object_table, action_order, action_statement, action_timing,
          sql_mode, definer, character_set_client, collation_connection
        FROM information_schema.triggers WHERE trigger_schema = %s""",
    "routine": """
        SELECT routine_name, routine_type, dtd_identifier, routine_definition, is_deterministic, sql_data_access,
          security_type, sql_mode, routine_comment, definer, character_set_client, collation_connection
        FROM information_schema.routines WHERE routine_schema = %s""",
    "parameter": """
        SELECT specific_name, ordinal_position, parameter_mode, parameter_name, dtd_identifier, routine_type
        FROM information_schema.parameters WHERE specific_schema = %s""",
    "event": """
        SELECT event_name, definer, time_zone, event_definition, interval_value, interval_field, sql_mode, starts, ends,
          status, on_completion, event_comment
        FROM information_schema.events WHERE event_schema = %s""",
}
OTHERS = {"view": "views", "trigger": "triggers", "routine": "routines", "event": "events"}


@dataclass(frozen=True)
class Facts:
    """What one server says about a schema.

    `rows` and `checksums` by table (CHECKSUM TABLE: every row is read, the order does not matter, a row that is there
    twice counts twice; it also sees which hidden columns may be NULL, so a functional index over a string function,
    whose result may be NULL only when the index was made in strict mode, can make it differ for equal rows);
    `structure` the rows of each query of STRUCTURE; `orphans` the rows of each foreign key (table.constraint) whose
    parent is missing.
    """

    rows: dict[str, int]
    checksums: dict[str, int]
    structure: dict[str, frozenset[Row]]
    orphans: dict[str, int]


def facts(server: Server, schema: str) -> Facts:
    """Ask a server; tables whose names start with _migrate are not looked at, they are the tool's own.

    Raises pymysql.err.MySQLError, for instance for a schema that is not there.
    """
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION information_schema_stats_expiry = 0")
        structure = {
            kind: frozenset(row for row in _ask(cursor, sql, (schema,)) if not str(row[0]).startswith("_migrate"))
            for kind, sql in STRUCTURE.items()
        }
        names = sorted(str(row[0]) for row in structure["table"])
        rows = {name: int(_ask(cursor, f"SELECT COUNT(*) FROM {_quoted(name)}")[0][0]) for name in names}
        checksums = {name: int(_ask(cursor, f"CHECKSUM TABLE {_quoted(name)} EXTENDED")[0][1]) for name in names}
        orphans = {key: int(_ask(cursor, sql)[0][0]) for key, sql in orphan_queries(structure["foreign key"]).items()}
    return Facts(rows, checksums, structure, orphans)


def orphan_queries(foreign_keys: frozenset[Row]) -> dict[str, str]:
    """One query for each foreign key, by table.constraint: how many rows name a parent that is not there.

    A row with a NULL in any column of the key names none (MATCH SIMPLE, the only one InnoDB has).
    """
    grouped: dict[str, list[Row]] = {}
    for row in sorted(foreign_keys, key=lambda found: (found[0], found[1], found[2])):
        grouped.setdefault(f"{row[0]}.{row[1]}", []).append(row)
    queries = {}
    for key, columns in grouped.items():
        child, parent = _quoted(columns[0][0]), _quoted(columns[0][4])
        pairs = " AND ".join(f"p.{_quoted(row[5])} = c.{_quoted(row[3])}" for row in columns)
        named = " AND ".join(f"c.{_quoted(row[3])} IS NOT NULL" for row in columns)
        queries[key] = (
            f"SELECT COUNT(*) FROM {child} AS c WHERE {named} "
            f"AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {pairs})"
        )
    return queries


def differences(source: Facts, target: Facts) -> list[str]:
    """What differs, one sentence each; empty when both sides are equal and no foreign key is left hanging."""
    found = []
    for name in sorted(source.rows.keys() | target.rows.keys()):
        if name not in target.rows:
            found.append(f"table {name} is missing on the target")
        elif name not in source.rows:
            found.append(f"table {name} is only on the target")
        elif source.rows[name] != target.rows[name]:
            found.append(f"table {name} has {source.rows[name]} rows on the source, {target.rows[name]} on the target")
        elif source.checksums[name] != target.checksums[name]:
            found.append(f"table {name} has as many rows on both sides, but their checksums differ")
    for kind in STRUCTURE:
        for side, there, elsewhere in (("source", source, target), ("target", target, source)):
            missing = there.structure[kind] - elsewhere.structure[kind]
            found += [f"only the {side} has this {kind}: {row!r}" for row in sorted(missing, key=repr)]
    for side, facts_ in (("source", source), ("target", target)):
        found += [
            f"foreign key {key} on the {side}: {count} rows name a parent that is not there"
            for key, count in facts_.orphans.items()
            if count
        ]
    return found


def _ask(cursor: Cursor, sql: str, parameters: Sequence[object] | None = None) -> list[Row]:
    cursor.execute(sql, parameters)
    return list(cursor.fetchall())


def _quoted(name: object) -> str:
    return "`" + str(name).replace("`", "``") + "`"
