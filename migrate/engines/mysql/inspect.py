"""What a MySQL or MariaDB server holds, as values of `migrate.model.table`."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from migrate.engines.mysql.connect import Server
from migrate.engines.mysql.defaults import exact_defaults, letters, mariadb_default, mysql_default, readable
from migrate.engines.mysql.dictionary import Record, dictionary
from migrate.engines.mysql.measure import measure
from migrate.engines.mysql.shown import exact
from migrate.engines.mysql.stored import stored_objects
from migrate.engines.mysql.types import to_neutral
from migrate.engines.mysql.uses import uses
from migrate.errors import MigrateError
from migrate.model.pattern import Pattern
from migrate.model.table import (
    Catalog,
    Check,
    Column,
    ForeignKey,
    Index,
    IndexKind,
    IndexPart,
    Partition,
    Partitioning,
    Schema,
    Statistics,
    Storage,
    Table,
    TableName,
)
from migrate.sql import quote_table

__all__ = ["definitions", "inspect", "measure"]

SYSTEM = frozenset({"mysql", "sys", "information_schema", "performance_schema"})
OURS = ("_migrate", "_mo_")
"""What starts so is this program's own, and no part of what people have."""

_ON_UPDATE = re.compile(r"on update ([^\s,]+)", re.IGNORECASE)
_OPTION = re.compile(r"""(?:(?:DATA|INDEX) )?[^\s=]+(?:=(?:"[^"]*"|'[^']*'|\S*))?""")
_MARIADB_OPTION = re.compile(r"\A`(.+)`='?(.*?)'?\Z")
_HASHING = frozenset({"memory"})
"""Engines of MariaDB with hash indexes that are not unique; all others make such an index a B-tree."""

_Key = tuple[str, str]
_Grouped = dict[_Key, list[Record]]


async def inspect(server: Server, patterns: Sequence[Pattern]) -> Catalog:
    """Tables that fit a pattern and what belongs to them; routines and events whose own name fits.

    The number of queries is constant. A schema of the server's own fits only a pattern that spells it out. Names that
    start with `_migrate` or `_mo_` are left out. What the account may not see is not there: servers do not tell.
    """
    async with server.session("metadata") as session:
        schemas, read = await dictionary(session, lambda schema: _schema_wanted(patterns, schema))

    def wanted(name: TableName) -> bool:
        return not name.name.startswith(OURS) and any(p.matches(name) and _may(p, name.schema) for p in patterns)

    rows = {TableName(row["TABLE_SCHEMA"], row["TABLE_NAME"]): row for row in read["TABLES"]}
    base = {n: r for n, r in sorted(rows.items()) if "VIEW" not in r["TABLE_TYPE"] and r["TABLE_TYPE"] != "SEQUENCE"}
    chosen = {name: row for name, row in base.items() if wanted(name)}
    build = _Tables(read, server.is_mariadb)
    tables = tuple(build.table(name, row) for name, row in chosen.items())
    if server.is_mariadb:
        async with server.session("metadata") as session:
            tables = await exact_defaults(session, tables)
    stored = await exact(server, stored_objects(read, wanted, OURS))
    return Catalog(
        schemas=tuple(Schema(name, *(part or "" for part in about)) for name, about in sorted(schemas.items())),
        tables=tables,
        stored=stored,
        uses=uses(read, stored),
        statistics=tuple(_statistics(table, chosen[table.name]) for table in tables),
    )


def _statistics(table: Table, row: Record) -> Statistics:
    counts = any(column.auto_increment for column in table.columns)  # MyISAM and MEMORY tell 1 for every table
    following = row["AUTO_INCREMENT"] if counts else None
    return Statistics(table.name, row["TABLE_ROWS"] or 0, row["DATA_LENGTH"] or 0, following)


def _schema_wanted(patterns: Sequence[Pattern], schema: str) -> bool:
    return not schema.startswith(OURS) and any(p.schema.matches(schema) and _may(p, schema) for p in patterns)


def _may(pattern: Pattern, schema: str) -> bool:
    return pattern.schema.fixed or schema.lower() not in SYSTEM


class _Tables:
    """Puts tables together from rows of information_schema, each row looked at once."""

    def __init__(self, read: dict[str, tuple[Record, ...]], mariadb: bool) -> None:
        self._mariadb = mariadb
        self._transactional = {row["ENGINE"].lower(): row["TRANSACTIONS"] == "YES" for row in read["ENGINES"]}
        self._columns = _by_table(read["COLUMNS"])
        self._statistics = _by_table(read["STATISTICS"])
        self._keys = _by_table(row for row in read["KEY_COLUMN_USAGE"] if row["REFERENCED_TABLE_NAME"] is not None)
        self._rules = {
            (row["CONSTRAINT_SCHEMA"], row["TABLE_NAME"], row["CONSTRAINT_NAME"]): row
            for row in read["REFERENTIAL_CONSTRAINTS"]
        }
        self._checks = _mariadb_checks(read) if mariadb else _mysql_checks(read)
        self._partitions = _by_table(row for row in read["PARTITIONS"] if row["PARTITION_NAME"] is not None)

    def table(self, name: TableName, row: Record) -> Table:
        """The table of a row of TABLES."""
        key = (name.schema, name.name)
        return Table(
            name=name,
            columns=tuple(
                _column(r, self._mariadb) for r in sorted(self._columns[key], key=lambda r: r["ORDINAL_POSITION"])
            ),
            indexes=_indexes(self._statistics[key], self._mariadb and (row["ENGINE"] or "").lower() not in _HASHING),
            foreign_keys=self._foreign_keys(key),
            checks=tuple(sorted(self._checks[key], key=lambda check: (check.name, check.expression))),
            partitioning=_partitioning(self._partitions[key]),
            storage=self._storage(row),
            comment=row["TABLE_COMMENT"] or "",
        )

    def _storage(self, row: Record) -> Storage:
        engine = row["ENGINE"] or ""
        collation = row["TABLE_COLLATION"] or ""
        said = _OPTION.findall(row["CREATE_OPTIONS"] or "")
        row_format = row["ROW_FORMAT"] or ""
        if "partitioned" in said:  # MySQL 8 and 9 keep telling what it was before an ALTER in place
            row_format = next(
                (o.partition("=")[2].capitalize() for o in said if o.startswith("row_format=")), row_format
            )
        options = [
            _MARIADB_OPTION.sub(lambda found: f"{found[1].lower()}={found[2]}", option) if self._mariadb else option
            for option in said
            if option.lower() != "partitioned" and not option.lower().startswith("row_format=")
        ]
        if row["TABLE_TYPE"] not in ("BASE TABLE", "SYSTEM VIEW"):
            options.append(row["TABLE_TYPE"].lower())
        return Storage(
            engine=engine,
            transactional=self._transactional.get(engine.lower(), False),
            row_format=row_format,
            charset=collation.partition("_")[0],  # every collation is named after its character set
            collation=collation,
            options=tuple(sorted(options)),
        )

    def _foreign_keys(self, key: _Key) -> tuple[ForeignKey, ...]:
        made = []
        for name, rows in _grouped(self._keys[key], "CONSTRAINT_NAME", "ORDINAL_POSITION"):
            rules = self._rules.get((*key, name))
            made.append(
                ForeignKey(
                    name=name,
                    columns=tuple(row["COLUMN_NAME"] for row in rows),
                    referenced=TableName(rows[0]["REFERENCED_TABLE_SCHEMA"], rows[0]["REFERENCED_TABLE_NAME"]),
                    referenced_columns=tuple(row["REFERENCED_COLUMN_NAME"] for row in rows),
                    on_update=rules["UPDATE_RULE"] if rules else "NO ACTION",
                    on_delete=rules["DELETE_RULE"] if rules else "NO ACTION",
                )
            )
        return tuple(made)


def _mysql_checks(read: dict[str, tuple[Record, ...]]) -> dict[_Key, list[Check]]:
    """Their names are unique in a schema, and only TABLE_CONSTRAINTS says of which table each is."""
    clauses = {
        (row["CONSTRAINT_SCHEMA"], row["CONSTRAINT_NAME"]): row["CHECK_CLAUSE"] for row in read["CHECK_CONSTRAINTS"]
    }
    made: dict[_Key, list[Check]] = defaultdict(list)
    for row in read["TABLE_CONSTRAINTS"]:
        name = row["CONSTRAINT_NAME"]
        if row["CONSTRAINT_TYPE"] == "CHECK":
            check = Check(name, letters(clauses.get((row["TABLE_SCHEMA"], name))), row["ENFORCED"] != "NO")
            made[row["TABLE_SCHEMA"], row["TABLE_NAME"]].append(check)
    return made


def _mariadb_checks(read: dict[str, tuple[Record, ...]]) -> dict[_Key, list[Check]]:
    """Their names are unique in a table; the check of a column is called like the column."""
    made: dict[_Key, list[Check]] = defaultdict(list)
    for row in read["CHECK_CONSTRAINTS"]:
        check = Check(row["CONSTRAINT_NAME"], row["CHECK_CLAUSE"])
        made[row["CONSTRAINT_SCHEMA"], row["TABLE_NAME"]].append(check)
    return made


def _by_table(rows: Iterable[Record]) -> _Grouped:
    grouped: _Grouped = defaultdict(list)
    for row in rows:
        grouped[row["TABLE_SCHEMA"], row["TABLE_NAME"]].append(row)
    return grouped


def _grouped(rows: list[Record], name: str, position: str) -> list[tuple[str, list[Record]]]:
    """Rows under their name, names and positions ascending."""
    grouped: dict[str, list[Record]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row[name], row[position])):
        grouped[row[name]].append(row)
    return list(grouped.items())


def _column(row: Record, mariadb: bool) -> Column:
    extra = (row["EXTRA"] or "").lower()
    on_update = _ON_UPDATE.search(row["EXTRA"] or "")
    charset = row["CHARACTER_SET_NAME"] or ""
    kind = to_neutral(row["COLUMN_TYPE"], row["DATA_TYPE"], charset)
    told = row["COLUMN_DEFAULT"]
    default, computed = mariadb_default(told, kind) if mariadb else mysql_default(told, row["DATA_TYPE"], extra)
    generated = (row["GENERATION_EXPRESSION"] or "") if mariadb else letters(row["GENERATION_EXPRESSION"])
    return Column(
        name=row["COLUMN_NAME"],
        native=row["COLUMN_TYPE"],
        type=kind,
        nullable=row["IS_NULLABLE"] == "YES",
        default=default,
        default_is_expression=computed,
        on_update=on_update[1] if on_update else "",
        auto_increment="auto_increment" in extra,
        generated=generated,
        stored=bool(generated) and ("stored generated" in extra or "persistent" in extra),
        invisible="invisible" in extra,
        charset=charset,
        collation=row["COLLATION_NAME"] or "",
        srid=row["SRS_ID"],
        comment=row["COLUMN_COMMENT"] or "",
    )


_SPECIAL: dict[str, IndexKind] = {"FULLTEXT": "fulltext", "SPATIAL": "spatial"}


def _indexes(rows: list[Record], trees: bool) -> tuple[Index, ...]:
    """The primary key first, then by name. `trees`: an index that is not unique is a B-tree, whatever is told.

    MariaDB 11.8 tells the words of the definition, `USING HASH`, where 10.11 tells what became of them.
    """
    made = []
    for name, parts in _grouped(rows, "INDEX_NAME", "SEQ_IN_INDEX"):
        first = parts[0]
        method = first["INDEX_TYPE"]
        if trees and method == "HASH" and int(first["NON_UNIQUE"]):
            method = "BTREE"
        special = _SPECIAL.get(method)
        unique: IndexKind = "primary" if name == "PRIMARY" else "unique"
        made.append(
            Index(
                name=name,
                kind=special or (unique if int(first["NON_UNIQUE"]) == 0 else "plain"),
                parts=tuple(_part(row, special is not None) for row in parts),
                method="" if special else method,
                visible=first["IS_VISIBLE"] != "NO" and first["IGNORED"] != "YES",
                comment=first["INDEX_COMMENT"] or "",
            )
        )
    return tuple(sorted(made, key=lambda index: (index.kind != "primary", index.name)))


def _part(row: Record, special: bool) -> IndexPart:
    return IndexPart(
        column=row["COLUMN_NAME"] or "",
        expression=letters(row["EXPRESSION"]),
        prefix=0 if special else row["SUB_PART"] or 0,  # of a spatial index it is the size of a bounding box
        descending=row["COLLATION"] == "D",
    )


def _partitioning(rows: list[Record]) -> Partitioning | None:
    if not rows:
        return None
    first = rows[0]
    method = first["PARTITION_METHOD"]
    made = []
    order = lambda row: (row["PARTITION_ORDINAL_POSITION"], row["SUBPARTITION_ORDINAL_POSITION"] or 0)  # noqa: E731 - one use
    grouped: dict[str, list[Record]] = defaultdict(list)
    for row in sorted(rows, key=order):
        grouped[row["PARTITION_NAME"]].append(row)
    for name, parts in grouped.items():
        made.append(
            Partition(
                name=name,
                bound=_bound(method, parts[0]["PARTITION_DESCRIPTION"]),
                comment=parts[0]["PARTITION_COMMENT"] or "",
                subpartitions=tuple(row["SUBPARTITION_NAME"] for row in parts if row["SUBPARTITION_NAME"] is not None),
            )
        )
    return Partitioning(
        method=method,
        expression=first["PARTITION_EXPRESSION"] or "",
        partitions=tuple(made),
        submethod=first["SUBPARTITION_METHOD"] or "",
        subexpression=first["SUBPARTITION_EXPRESSION"] or "",
    )


def _bound(method: str, description: str | None) -> str:
    """The VALUES clause without its first word; a range by one expression ends with a bare MAXVALUE.

    MariaDB's DEFAULT partition is told as MAXVALUE, or of a LIST by an expression as `0`, which may as well be a 0.
    """
    if description is None:
        return ""
    if method.startswith("LIST") and description == "MAXVALUE":
        return "DEFAULT"
    if method.startswith("LIST"):
        return f"IN ({description})"
    if method.startswith("RANGE"):
        return "LESS THAN MAXVALUE" if (method, description) == ("RANGE", "MAXVALUE") else f"LESS THAN ({description})"
    return description


async def definitions(server: Server, names: Sequence[TableName]) -> dict[TableName, str]:
    """The server's own CREATE TABLE of each, several at a time. Raises ServerError for one that is not there."""
    left = iter(sorted(set(names)))
    found: dict[TableName, str] = {}
    if not names:
        return found
    await server.variables()

    async def work() -> None:
        # MariaDB's answer may hold bytes that are no text.
        async with server.session("read" if server.is_mariadb else "metadata") as session:
            for name in left:
                row = (await session.query(f"SHOW CREATE TABLE {quote_table(name)}", str(name))).rows[0]
                found[name] = readable(row[1]) if isinstance(row[1], bytes) else row[1]

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(server.slots, len(set(names)))):
                workers.create_task(work())
    except* MigrateError as failed:
        raise failed.exceptions[0] from None
    return {name: found[name] for name in names}
