"""Partitions of Hive: their names, which are folders, and where they are.

Names are made as Hive makes them (org.apache.hadoop.hive.common.FileUtils.makePartName and escapePathName): a value's
special characters are percent-encoded, names of columns are in lower case.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from migrate.engines.files import FilePartition, Place, Sums
from migrate.engines.lake.connect import Row, Server
from migrate.engines.lake.ddl import NULL, cast, condition, grouped
from migrate.engines.lake.gathering import Together, at_once
from migrate.engines.lake.lexemes import condition_fault
from migrate.engines.lake.tables import connector_of, partition_columns
from migrate.engines.lake.types import read
from migrate.engines.lake.united import TABLES, united
from migrate.errors import BadFilter, ServerError
from migrate.model.table import Column, Table, TableName
from migrate.sql import ansi, ansi_table

_SPECIAL = frozenset({chr(code) for code in range(0x20)} | set("\"#%'*/:=?\\\x7f{[]^"))
_INSTEAD = 'say partitions by partition columns only, or move the rows with method = "insert_select"'
BATCH = 500
"""Partitions in one condition: some thousands of terms are what Trino plans in reasonable time."""
WIDE = 400
"""Columns in one query of checksums; the rest is asked by another one."""


def name_of(columns: Sequence[Column], values: Sequence[str | None]) -> str:
    """Hive's name of a partition: `dt=2024-01-01/region=k%3Ar`. An empty text is as good as NULL to it."""
    pairs = zip(columns, values, strict=True)
    return "/".join(f"{_escaped(column.name.lower())}={_escaped(value or NULL)}" for column, value in pairs)


def _escaped(text: str) -> str:
    return "".join(f"%{ord(sign):02X}" if sign in _SPECIAL else sign for sign in text)


def as_text(column: Column, source: str = "") -> str:
    """An expression for the column's value as Hive writes it in a partition's name.

    Fractions lose their zeros at the end, texts of a fixed length keep their spaces (seen with Trino 476).
    """
    name = source or ansi(column.name)
    kind = read(column.native)
    match kind.name:
        case "varchar":
            return name
        case "timestamp" | "decimal" if kind.numbers and kind.numbers[-1]:
            return f"regexp_replace(CAST({name} AS varchar), '\\.?0+$', '')"
        case "char":  # a CAST alone pads it in Trino 476, and does not in 483
            return f"rpad(CAST({name} AS varchar), {(*kind.numbers, 1)[0]}, ' ')"
        case "real" | "double":
            return f"format('%s', {name})"
        case _:
            return f"CAST({name} AS varchar)"


class Chosen(msgspec.Struct, frozen=True):
    """The question which partitions of a table of Hive a condition lets through; empty: all of them."""

    table: Table
    place: Place
    where: str

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those that a partition has values of; none where the table has no partitions of Hive."""
        return partition_columns(self.table) if connector_of(self.table) == "hive" else ()


class Partitions:
    """Asks which partitions tables have; questions that come at the same time go to Trino as one query."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._together = Together(TABLES, server.slots, self._read)

    async def of(self, table: Table, place: Place, where: str) -> tuple[FilePartition, ...]:
        """See `migrate.engines.files.Files.partitions`: Trino evaluates the condition on the partitions alone.

        Each is where its name says; `irregular` asks where it really is.
        """
        asked = Chosen(table, place, where)
        if not asked.columns:
            if where:
                raise BadFilter(str(table.name), "the table has no partitions of Hive to choose from", _INSTEAD)
            return (FilePartition("", (), place.location),)
        if where and (fault := condition_fault(where)):
            raise BadFilter(str(table.name), f"{fault}: {where}", "write one condition on partition columns")
        try:
            return await self._together.answer(asked)
        except ServerError as error:
            if error.temporary or not where or error.name not in BAD_CONDITION:
                raise
            said = error.message.removeprefix(f"{self._server.endpoint}: {table.name}: ")
            raise BadFilter(str(table.name), f"{said}: {where}", _INSTEAD) from error

    async def _read(self, asked: Sequence[Chosen]) -> list[tuple[FilePartition, ...]]:
        """The partitions that each of these questions is about, by name."""
        found: list[dict[str, tuple[str | None, ...]]] = [{} for _ in asked]
        columns = [one.columns for one in asked]
        about = str(asked[0].table.name) if len(asked) == 1 else ""
        async for number, values in self._server.stream(united([_partitions_of(one) for one in asked]), about):
            found[number][name_of(columns[number], values)] = tuple(values)
        return [
            tuple(FilePartition(name, names[name], f"{one.place.location}/{name}") for name in sorted(names))
            for one, names in zip(asked, found, strict=True)
        ]


def _partitions_of(asked: Chosen) -> str:
    """SELECT with one column, the texts of a partition's values."""
    name = asked.table.name
    named = TableName(name.schema, f"{name.name}$partitions", name.catalog)
    texts = ", ".join(as_text(column) for column in asked.columns)
    chosen = f"CAST(ARRAY[{texts}] AS array(varchar))"
    return f"{chosen} FROM {ansi_table(named)}" + (f" WHERE ({asked.where})" if asked.where else "")


async def groups(server: Server, table: Table, wanted: Table, where: str) -> tuple[FilePartition, ...]:
    """See `migrate.engines.files.Files.groups`."""
    pairs = grouped(table, wanted)
    if not pairs:
        return (FilePartition("", (), ""),)
    goals = [goal for _, goal in pairs]
    chosen = ", ".join(as_text(goal, cast(column, goal)) for column, goal in pairs)
    rows = await server.query(f"SELECT DISTINCT {chosen} FROM {ansi_table(table.name)}{condition((), where, ())}")
    found = {name_of(goals, row): FilePartition(name_of(goals, row), tuple(row), "") for row in rows}
    return tuple(found[name] for name in sorted(found))


BAD_CONDITION = frozenset(
    {
        *("COLUMN_NOT_FOUND", "SYNTAX_ERROR", "TYPE_MISMATCH", "FUNCTION_NOT_FOUND", "AMBIGUOUS_NAME"),
        *("NOT_SUPPORTED", "INVALID_CAST_ARGUMENT", "INVALID_FUNCTION_ARGUMENT", "INVALID_LITERAL", "TYPE_NOT_FOUND"),
        *("EXPRESSION_NOT_AGGREGATE", "EXPRESSION_NOT_SCALAR", "NESTED_WINDOW", "INVALID_ARGUMENTS"),
    }
)


async def irregular(
    server: Server, table: Table, place: Place, names: Sequence[FilePartition]
) -> tuple[FilePartition, ...]:
    """Where these partitions really are, by the folders of their files; those without any rows are left out.

    Raises `ServerError` for one that is in more than one folder: its files cannot be told apart from others'.
    """
    columns = partition_columns(table)
    chosen = ", ".join(as_text(column) for column in columns)
    folder = "regexp_replace(\"$path\", '/[^/]*$', '')"
    found: dict[str, FilePartition] = {}
    for batch in _batches(names):
        sql = f"SELECT DISTINCT {chosen}, {folder} FROM {ansi_table(table.name)}{condition(columns, '', batch)}"
        for *values, at in await server.query(sql, str(table.name)):
            name = name_of(columns, values)
            location = s3(str(at))
            if name in found and found[name].location != location:
                said = f"{table.name}: partition {name} has files in {found[name].location} and in {location}"
                raise ServerError(server.endpoint, said, _INSTEAD)
            found[name] = FilePartition(name, tuple(values), location)
    return tuple(found[name] for name in sorted(found))


def s3(location: str) -> str:
    """The location spelled as we do: `s3://…`, whichever file system of Hadoop wrote it, without a slash at its end."""
    scheme, colon, rest = location.partition("://")
    return f"s3://{rest.rstrip('/')}" if colon and scheme in ("s3", "s3a", "s3n") else location.rstrip("/")


def _batches(names: Sequence[FilePartition]) -> list[Sequence[FilePartition]]:
    return [names[at : at + BATCH] for at in range(0, len(names), BATCH)]


async def sums(
    server: Server, table: Table, wanted: Table, where: str, parts: Sequence[FilePartition] | None
) -> AsyncIterator[Sums]:
    """See `migrate.engines.files.Files.sums`. A table of very many columns is asked by several queries."""
    targets = {column.name.lower(): column for column in wanted.columns}
    ways = [(column, targets[column.name.lower()]) for column in _in_order(table, wanted)]
    by = grouped(table, wanted)
    slices = [ways[at : at + WIDE] for at in range(0, len(ways), WIDE)] or [[]]
    for batch in [()] if parts is None else _batches(parts):
        asked = [_asked(table, one, by, condition([c for c, _ in by], where, batch)) for one in slices]
        if len(asked) == 1:
            async for row in server.stream(asked[0], str(table.name)):
                one = _summed(row, [target for _, target in by])
                if one.rows:
                    yield one
            continue

        async def ask(sql: str) -> list[Row]:
            return await server.query(sql, str(table.name))

        found: dict[str, Sums] = {}
        for rows in await at_once(server.slots, ask, asked):
            for row in rows:
                one = _summed(row, [target for _, target in by])
                before = found.get(one.partition)
                found[one.partition] = _joined(server, table, before, one) if before else one
        for name in sorted(found):
            if found[name].rows:
                yield found[name]


def _in_order(table: Table, wanted: Table) -> list[Column]:
    """The table's columns in the order of the wanted one's: both sides then tell checksums in one order."""
    here = {column.name.lower(): column for column in table.columns}
    return [here[column.name.lower()] for column in wanted.columns if column.name.lower() in here]


def _asked(
    table: Table, ways: Sequence[tuple[Column, Column]], grouped: Sequence[tuple[Column, Column]], where: str
) -> str:
    names = [as_text(target, cast(column, target)) for column, target in grouped]
    checksums = [f"to_hex(checksum({cast(column, target)}))" for column, target in ways]
    by = f" GROUP BY {', '.join(str(number + 1) for number in range(len(names)))}" if names else ""
    return f"SELECT {', '.join([*names, 'count(*)', *checksums])}\nFROM {ansi_table(table.name)}{where}{by}"


def _summed(row: Row, grouped: Sequence[Column]) -> Sums:
    values = row[: len(grouped)]
    count, *checksums = row[len(grouped) :]
    name = name_of(grouped, values)
    return Sums(name, int(count), tuple(str(one or "") for one in checksums))


def _joined(server: Server, table: Table, first: Sums, second: Sums) -> Sums:
    if first.rows != second.rows:
        raise ServerError(
            server.endpoint,
            f"{table.name}: partition {first.partition or 'whole table'} changed while it was summed up",
            "run the same command again",
        )
    return Sums(first.partition, first.rows, first.checksums + second.checksums)
