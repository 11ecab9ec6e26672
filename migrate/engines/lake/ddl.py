"""Statements of a lake, as text: tables over files, partitions, names, rows by Trino."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from migrate.engines.files import FilePartition
from migrate.engines.lake.shown import array
from migrate.engines.lake.tables import column_options, connector_of, options_of, partition_columns
from migrate.engines.lake.types import converted, read
from migrate.model.table import Column, Partitioning, Schema, Table, TableName
from migrate.sql import ansi, ansi_table, ansi_text

NULL = "__HIVE_DEFAULT_PARTITION__"
"""How Hive spells a partition whose value is NULL, in folders and in the procedures."""


def create_over(table: Table, location: str) -> str:
    """The table over the files below a location; without one, where Trino puts it. It is made once."""
    connector = connector_of(table)
    head = f"CREATE TABLE IF NOT EXISTS {ansi_table(table.name)} (\n"
    body = ",\n".join(f"   {_column(table, column)}" for column in _in_order(table))
    comment = f"\nCOMMENT {ansi_text(table.comment)}" if table.comment else ""
    options = options_of(table)
    if location:
        options["external_location" if connector == "hive" else "location"] = ansi_text(location)
    if table.partitioning is not None:
        key, value = _partitioned(table, table.partitioning)
        options[key] = value
    listed = ",\n".join(f"   {key} = {value}" for key, value in sorted(options.items()))
    return f"{head}{body}\n){comment}" + (f"\nWITH (\n{listed}\n)" if listed else "")


def _in_order(table: Table) -> tuple[Column, ...]:
    """Hive wants the partition columns last, in the order of the partitioning."""
    if connector_of(table) != "hive":
        return table.columns
    last = partition_columns(table)
    return (*(column for column in table.columns if column not in last), *last)


def _column(table: Table, column: Column) -> str:
    text = f"{ansi(column.name)} {column.native}"
    text += f" DEFAULT {column.default}" if column.default is not None else ""
    text += "" if column.nullable else " NOT NULL"
    text += f" COMMENT {ansi_text(column.comment)}" if column.comment else ""
    own = ", ".join(f"{key} = {value}" for key, value in sorted(column_options(table, column.name).items()))
    return f"{text} WITH ({own})" if own else text


def _partitioned(table: Table, partitioning: Partitioning) -> tuple[str, str]:
    if partitioning.method == "iceberg":
        return "partitioning", partitioning.expression
    return "partitioned_by", texts(column.name for column in partition_columns(table))


def texts(values: Iterable[str]) -> str:
    """`ARRAY['a', 'b']`."""
    return f"ARRAY[{', '.join(ansi_text(value) for value in values)}]"


def create_schema(schema: Schema) -> str:
    """The schema, unless it is there."""
    return f"CREATE SCHEMA IF NOT EXISTS {ansi(schema.catalog)}.{ansi(schema.name)}"


def sync_partitions(name: TableName) -> str:
    """Every partition whose folder stands below the table is shown; none is dropped."""
    return (
        f"CALL {ansi(name.catalog)}.system.sync_partition_metadata("
        f"schema_name => {ansi_text(name.schema)}, table_name => {ansi_text(name.name)}, mode => 'ADD')"
    )


def register(table: Table, partition: FilePartition) -> str:
    """The partition with a location of its own."""
    return f"{_procedure(table, partition, 'register_partition')}, location => {ansi_text(partition.location)})"


def unregister(table: Table, partition: FilePartition) -> str:
    """The partition is shown no more; its files stay."""
    return f"{_procedure(table, partition, 'unregister_partition')})"


def _procedure(table: Table, partition: FilePartition, procedure: str) -> str:
    name = table.name
    columns = texts(column.name for column in partition_columns(table))
    values = texts(NULL if value is None else value for value in partition.values)
    return (
        f"CALL {ansi(name.catalog)}.system.{procedure}("
        f"schema_name => {ansi_text(name.schema)}, table_name => {ansi_text(name.name)}, "
        f"partition_columns => {columns}, partition_values => {values}"
    )


def rename_to(name: TableName, to: TableName) -> str:
    """The table under another name, in its catalog."""
    return f"ALTER TABLE {ansi_table(name)} RENAME TO {ansi_table(to)}"


def forget(name: TableName) -> str:
    """The table is dropped: of an external one the files stay."""
    return f"DROP TABLE IF EXISTS {ansi_table(name)}"


def analyze(name: TableName) -> str:
    """Statistics of the table are collected anew."""
    return f"ANALYZE {ansi_table(name)}"


def cast(column: Column, wanted: Column) -> str:
    """The column's value, as the type that it has in the wanted table."""
    name = ansi(column.name)
    return converted(read(column.native), read(wanted.native), name)


def alike(table: Table, wanted: Table) -> tuple[Column, ...]:
    """The columns of the table that tell in which partition of the wanted one its rows go."""
    here = {column.name.lower(): column for column in table.columns}
    return tuple(here[column.name.lower()] for column in partition_columns(wanted) if column.name.lower() in here)


def condition(columns: Sequence[Column], where: str, partitions: Sequence[FilePartition]) -> str:
    """` WHERE …` of the rows that pass and have the values of one of the partitions; empty for all."""
    return _condition([(ansi(column.name), column) for column in columns], where, partitions)


_Term = tuple[str, Column]
"""An expression, and the column whose type it has."""


def _condition(terms: Sequence[_Term], where: str, partitions: Sequence[FilePartition]) -> str:
    parts = [f"({where})"] if where else []
    if partitions and terms:
        parts.append(_among(terms, partitions))
    return f" WHERE {' AND '.join(parts)}" if parts else ""


def _among(terms: Sequence[_Term], partitions: Sequence[FilePartition]) -> str:
    if len(terms) == 1:
        expression, column = terms[0]
        values = [one.values[0] for one in partitions]
        given = ", ".join(literal(value, column) for value in values if value is not None)
        ways = [f"{expression} IN ({given})"] if given else []
        ways += [f"{expression} IS NULL"] if None in values else []
    else:
        ways = [
            "(" + " AND ".join(_equal(term, value) for term, value in zip(terms, one.values, strict=True)) + ")"
            for one in partitions
        ]
    return f"({' OR '.join(ways)})"


def _equal(term: _Term, value: str | None) -> str:
    expression, column = term
    return f"{expression} IS NULL" if value is None else f"{expression} = {literal(value, column)}"


def literal(value: str, column: Column) -> str:
    """A partition's value, as a value of its column."""
    text = ansi_text(value)
    return text if column.native == "varchar" else f"CAST({text} AS {column.native})"


def insert_session(wanted: Table) -> tuple[Mapping[str, str], bool]:
    """Settings for `insert`, and whether it replaces what is there: a Hive table without partitions only takes more."""
    if connector_of(wanted) != "hive":
        return {}, True
    if wanted.partitioning is None:
        return {}, False
    return {f"{wanted.name.catalog}.insert_existing_partitions_behavior": "OVERWRITE"}, True


def insert(
    wanted: Table, source: Table, via: str, where: str, partitions: Sequence[FilePartition] = ()
) -> tuple[str, ...]:
    """Rows of the source, seen in `via`, in place of those that `wanted` has of these partitions, or of all.

    Hive writes over whole partitions by itself. Elsewhere rows are deleted first, by a statement of its own: the two
    are not one moment.
    """
    there = {column.name.lower(): column for column in source.columns}
    columns = _in_order(wanted)
    chosen = ", ".join(cast(there[column.name.lower()], column) for column in columns)
    seen = TableName(source.name.schema, source.name.name, via or source.name.catalog)
    names = ", ".join(ansi(column.name) for column in columns)
    terms, kept = _cut(source, wanted)
    rows = f"SELECT {chosen}\nFROM {ansi_table(seen)}{_condition(terms, where, partitions)}"
    into = f"INSERT INTO {ansi_table(wanted.name)} ({names})\n{rows}"
    if connector_of(wanted) == "hive":
        return (into,)
    return f"DELETE FROM {ansi_table(wanted.name)}{condition(kept, '', partitions)}", into


def _cut(source: Table, wanted: Table) -> tuple[list[_Term], tuple[Column, ...]]:
    """What of the source's rows tells their batch, and the columns of the wanted table that hold it.

    A table of Hive is cut by its own partitions. Of others rows are told apart by what they become: no two batches
    then write into one partition.
    """
    if connector_of(source) == "hive":
        there = {column.name.lower(): column for column in wanted.columns}
        own = partition_columns(source)
        return [(ansi(column.name), column) for column in own], tuple(there[column.name.lower()] for column in own)
    goals = grouped(source, wanted)
    return [(cast(column, goal), goal) for column, goal in goals], tuple(goal for _, goal in goals)


def grouped(source: Table, wanted: Table) -> list[tuple[Column, Column]]:
    """Each column that tells in which partition of the wanted table a row goes, at the source and as it is wanted."""
    goals = {column.name.lower(): column for column in wanted.columns}
    return [(column, goals[column.name.lower()]) for column in alike(source, wanted)]


WRITERS = 100
"""Partitions that one writer has open at most: hive.max-partitions-per-writers, iceberg.max-partitions-per-writer."""
_BUCKETS = re.compile(r"bucket\(.*,\s*(\d+)\s*\)\Z", re.DOTALL)


def at_once(wanted: Table) -> int:
    """How many values of the partition columns one statement may write; each may go into several buckets of Iceberg."""
    if wanted.partitioning is None or wanted.partitioning.method != "iceberg":
        return WRITERS // 2
    found = (_BUCKETS.match(field) for field in array(wanted.partitioning.expression))
    return max(1, WRITERS // 2 // math.prod(int(one[1]) for one in found if one))
