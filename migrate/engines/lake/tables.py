"""Tables of a lake as values of the model, and back: which options define one, and what its partition columns are.

Where files are (`external_location`, `location`) is no part of a table: it differs on every side. Neither is what
every version of Trino assumes, and only some print.
"""

from __future__ import annotations

import re

import msgspec

from migrate.engines.lake.lexemes import lexemes
from migrate.engines.lake.shown import ShownColumn, ShownTable, array
from migrate.engines.lake.types import FORMATS, neutral, read, spell
from migrate.model.table import Column, Partitioning, Storage, Table, TableName
from migrate.sql import ansi

LOCATIONS = frozenset({"external_location", "location"})
PARTITIONS = frozenset({"partitioned_by", "partitioning"})
ASSUMED = frozenset(
    {
        ("auto_purge", "false"),
        ("transactional", "false"),
        ("orc_bloom_filter_fpp", "5E-2"),
        ("orc_bloom_filter_fpp", "0.05"),
        ("format_version", "2"),
        ("max_commit_retry", "4"),
        ("object_store_layout_enabled", "false"),
        ("delete_after_commit_enabled", "false"),
        ("max_previous_versions", "100"),
        ("change_data_feed_enabled", "false"),
        ("deletion_vectors_enabled", "false"),
        ("column_mapping_mode", "'NONE'"),
    }
)
"""Properties with what Trino makes of a table that does not say them."""

_TRANSFORM = re.compile(r"""\s*(?:"((?:[^"]|"")*)"|([^"\s(]+))\s*\Z""")


def table_of(name: TableName, connector: str, shown: ShownTable) -> Table:
    """The table that SHOW CREATE TABLE told of."""
    options = [
        f"{key}={value}"
        for key, value in shown.properties
        if key not in LOCATIONS | PARTITIONS and (key, value) not in ASSUMED
    ]
    options += [f"{ansi(column.name)}.{key}={value}" for column in shown.columns for key, value in column.properties]
    return Table(
        name=name,
        columns=tuple(_column(column) for column in shown.columns),
        partitioning=_partitioning(connector, shown),
        storage=Storage(engine=format_of(connector), transactional=False, options=tuple(sorted(options))),
        comment=shown.comment,
    )


def format_of(connector: str) -> str:
    """hive, iceberg, delta; of others the connector's own name."""
    return "delta" if connector == "delta_lake" else connector


def connector_of(table: Table) -> str:
    """The connector whose tables are like this one."""
    return "delta_lake" if table.storage.engine == "delta" else table.storage.engine


def _column(shown: ShownColumn) -> Column:
    kind = read(shown.native)
    return Column(
        name=shown.name,
        native=spell(kind),
        type=neutral(kind),
        nullable=shown.nullable,
        default=shown.default,
        default_is_expression=shown.default is not None,
        comment=shown.comment,
    )


def _partitioning(connector: str, shown: ShownTable) -> Partitioning | None:
    method = format_of(connector)
    by = shown.names("partitioned_by")
    if by:
        return Partitioning(method, ", ".join(spell_name(name) for name in by), ())
    text = next((value for key, value in shown.properties if key == "partitioning"), "")
    return Partitioning(method, text, ()) if array(text) else None


def spell_name(name: str) -> str:
    """The name as it stands in the expression of a partitioning: bare where that is unambiguous."""
    return name if re.fullmatch(r"\w+", name) else ansi(name)


def partition_columns(table: Table) -> tuple[Column, ...]:
    """The columns whose values a partition has: of Iceberg those that are not transformed."""
    if table.partitioning is None:
        return ()
    expression = table.partitioning.expression
    if table.partitioning.method == "iceberg":
        names = [bare for one in array(expression) if (bare := _untransformed(one))]
    else:
        names = [one.named for one in lexemes(expression) if one.is_name]
    known = {column.name.lower(): column for column in table.columns}
    return tuple(known[name.lower()] for name in names if name.lower() in known)


def _untransformed(field: str) -> str:
    found = _TRANSFORM.match(field)
    if found is None:
        return ""
    return found[2] or found[1].replace('""', '"')


def options_of(table: Table) -> dict[str, str]:
    """The table's own properties, each with its SQL."""
    return {key: value for key, value in map(_cut, table.storage.options) if not key.startswith('"')}


def column_options(table: Table, column: str) -> dict[str, str]:
    """Properties of one column, such as those of a projection."""
    begins = f"{ansi(column)}."
    return {
        key.removeprefix(begins): value
        for key, value in map(_cut, table.storage.options)
        if key.startswith(begins) and key.startswith('"')
    }


def _cut(option: str) -> tuple[str, str]:
    if option.startswith('"'):
        end = _end_of_name(option)
        key, _, value = option[end:].partition("=")
        return option[:end] + key, value
    key, _, value = option.partition("=")
    return key, value


def _end_of_name(option: str) -> int:
    at = 1
    while not (option[at] == '"' and option[at : at + 2] != '""'):
        at += 2 if option[at : at + 2] == '""' else 1
    return at + 1


def with_options(table: Table, options: dict[str, str]) -> Table:
    """The table with these properties of its own in place of those it has."""
    own = [f"{key}={value}" for key, value in options.items()]
    kept = [one for one in table.storage.options if one.startswith('"')]
    return msgspec.structs.replace(
        table, storage=msgspec.structs.replace(table.storage, options=tuple(sorted(own + kept)))
    )


def is_lake(connector: str) -> bool:
    """Whether tables of the connector are files."""
    return connector in FORMATS
