"""Tables of one format, said in the words of another: types, partitioning, properties. Each change is a note."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from migrate.engines.lake.lexemes import string_value
from migrate.engines.lake.shown import array
from migrate.engines.lake.tables import connector_of, format_of, options_of, partition_columns, spell_name
from migrate.engines.lake.types import FORMATS, Format, held, neutral, read, spell
from migrate.engines.values import Note, Translation
from migrate.model.table import Catalog, Column, Partitioning, Storage, Table
from migrate.sql import ansi, ansi_text

_FILE_FORMATS = ("ORC", "PARQUET", "AVRO")
_KEPT = {
    ("hive", "iceberg"): frozenset(
        {"orc_bloom_filter_columns", "orc_bloom_filter_fpp", "parquet_bloom_filter_columns"}
    ),
    ("iceberg", "hive"): frozenset(
        {"orc_bloom_filter_columns", "orc_bloom_filter_fpp", "parquet_bloom_filter_columns"}
    ),
}


def translated(wanted: Catalog, connectors: dict[str, str]) -> Translation:
    """Every table as the connector of its catalog here has it; the same where that is the one it comes from."""
    notes: list[Note] = []
    refused: list[Note] = []
    tables: list[Table] = []
    for table in wanted.tables:
        here = FORMATS.get(connectors.get(table.name.catalog, ""))
        if here is None:
            what = connectors.get(table.name.catalog, "")
            said = f"catalog {table.name.catalog} is of {what}" if what else f"there is no catalog {table.name.catalog}"
            refused.append(Note("MG605", table.name, f"{said}: tables go into Hive, Iceberg and Delta catalogs"))
            tables.append(table)
        elif here != "hive" and "$" in table.name.name:
            said = f"{format_of(here)} takes what follows a $ in a name for one of its own views of a table"
            refused.append(Note("MG605", table.name, f"{said}: give the table another name"))
            tables.append(table)
        elif connector_of(table) == here or connector_of(table) not in FORMATS.values():
            tables.append(table)
        else:
            tables.append(_Mapping(table, here, notes).table())
    catalog = msgspec.structs.replace(wanted, tables=tuple(tables))
    return Translation(catalog, tuple(notes), tuple(refused))


class _Mapping:
    """One table on its way to another format."""

    def __init__(self, table: Table, goal: Format, notes: list[Note]) -> None:
        self._from = table
        self._origin = connector_of(table)
        self._goal: Format = goal
        self._notes = notes
        self._options = options_of(table)
        self._transforms: list[str] = []

    def _note(self, code: str, text: str, part: str = "") -> None:
        self._notes.append(Note(code, self._from.name, text, part))

    def table(self) -> Table:
        """The table in the format of the goal."""
        last = partition_columns(self._from) if self._goal == "hive" else ()
        ordered = (*(column for column in self._from.columns if column not in last), *last)
        columns = tuple(self._column(column) for column in ordered)
        options = self._properties()
        partitioning = self._partitioning()
        return msgspec.structs.replace(
            self._from,
            columns=columns,
            partitioning=partitioning,
            storage=Storage(
                engine=format_of(self._goal),
                transactional=False,
                options=tuple(sorted(f"{key}={value}" for key, value in options.items())),
            ),
        )

    def _column(self, column: Column) -> Column:
        kind = read(column.native)
        cast = held(kind, self._goal)
        nullable = column.nullable
        if not nullable and self._goal == "hive":
            nullable = True
            self._note("MG608", "Hive tables take NULL in every column: NOT NULL is dropped", column.name)
        if cast.kind != kind:
            code = "MG607" if cast.lossy else "MG606"
            self._note(code, f"{column.native} becomes {spell(cast.kind)}: {cast.why}", column.name)
        return msgspec.structs.replace(column, native=spell(cast.kind), type=neutral(cast.kind), nullable=nullable)

    def _properties(self) -> dict[str, str]:
        """The table's own properties, those of files' format first."""
        kept = _KEPT.get((self._origin, self._goal), frozenset())
        made = {key: value for key, value in self._options.items() if key in kept}
        if self._goal != "delta_lake":
            made["format"] = self._file_format()
        if self._goal == "iceberg" and "bucketed_by" in self._options:
            self._buckets()
        if self._goal == "iceberg" and "sorted_by" in self._options:
            made["sorted_by"] = texts(_sorted(one) for one in array(self._options["sorted_by"]))
        known = {"format", "format_version", "bucketed_by", "bucket_count", "bucketing_version", "sorted_by"}
        if self._goal != "iceberg" and ("bucketed_by" in self._options or "sorted_by" in self._options):
            self._note("MG610", f"buckets and order of files are not kept in {format_of(self._goal)} tables")
        lost = sorted(set(self._options) - known - set(made))
        if lost:
            said = ", ".join(f"{key} = {self._options[key]}" for key in lost)
            self._note("MG609", f"properties that {format_of(self._goal)} tables do not have: {said}")
        return made

    def _file_format(self) -> str:
        said = self._options.get("format", "")
        name = string_value(said) if said else "PARQUET"
        if name in _FILE_FORMATS:
            return ansi_text(name)
        self._note("MG611", f"files of format {name} become PARQUET: {format_of(self._goal)} has no such")
        return ansi_text("PARQUET")

    def _buckets(self) -> None:
        count = self._options.get("bucket_count", "0")
        self._transforms = [f"bucket({_inside(name)}, {count})" for name in array(self._options["bucketed_by"])]
        said = f"{count} buckets of Hive become partitions: {', '.join(self._transforms)}"
        self._note("MG612", said)

    def _partitioning(self) -> Partitioning | None:
        names = [column.name for column in partition_columns(self._from)]
        if self._goal == "iceberg":
            fields = [*(_inside(name) for name in names), *self._transforms]
            return Partitioning("iceberg", texts(fields), ()) if fields else None
        if self._origin == "iceberg" and self._from.partitioning is not None:
            lost = [one for one in array(self._from.partitioning.expression) if "(" in one and not one.startswith('"')]
            if lost:
                said = f"partitions by {', '.join(lost)} are not made: {format_of(self._goal)} partitions by columns"
                self._note("MG613", said)
        expression = ", ".join(spell_name(name) for name in names)
        return Partitioning(format_of(self._goal), expression, ()) if names else None


def texts(values: Iterable[str]) -> str:
    """An array as Trino prints it, so that what is there compares with what is wanted."""
    return f"ARRAY[{','.join(ansi_text(value) for value in values)}]"


def _sorted(field: str) -> str:
    """A field of Hive's order, as Iceberg has it: NULLs come first where values go up."""
    name, _, way = field.rpartition(" ") if field.upper().endswith((" ASC", " DESC")) else (field, "", "ASC")
    nulls = "NULLS FIRST" if way.upper() == "ASC" else "NULLS LAST"
    return f"{_inside(name)} {way.upper()} {nulls}"


def _inside(name: str) -> str:
    """A column's name in a field of Iceberg's partitioning, where only plain ones are bare."""
    return name if name.isidentifier() and name.isascii() else ansi(name)
