"""What a MySQL or MariaDB server holds, as values of `migrate.model.table`."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from migrate.engines.mysql.connect import Server
from migrate.engines.mysql.dictionary import Record, dictionary
from migrate.engines.mysql.measure import measure
from migrate.engines.mysql.stored import exact, stored_objects
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

_CURRENT = re.compile(r"current_timestamp(?:\(\d?\))?\Z|now\(\d?\)\Z", re.IGNORECASE)
_ON_UPDATE = re.compile(r"on update (\S+)", re.IGNORECASE)
_OPTION = re.compile(r"""[^\s=]+(?:=(?:"[^"]*"|'[^']*'|\S*))?""")

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
    build = _Tables(read)
    tables = tuple(build.table(name, row) for name, row in chosen.items())
    stored = await exact(server, stored_objects(read, wanted))
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

    def __init__(self, read: dict[str, tuple[Record, ...]]) -> None:
        self._transactional = {row["ENGINE"].lower(): row["TRANSACTIONS"] == "YES" for row in read["ENGINES"]}
        self._columns = _by_table(read["COLUMNS"])
        self._statistics = _by_table(read["STATISTICS"])
        self._keys = _by_table(row for row in read["KEY_COLUMN_USAGE"] if row["REFERENCED_TABLE_NAME"] is not None)
        self._rules = {
            (row["CONSTRAINT_SCHEMA"], row["TABLE_NAME"], row["CONSTRAINT_NAME"]): row
            for row in read["REFERENTIAL_CONSTRAINTS"]
        }
        self._constraints = _by_table(row for row in read["TABLE_CONSTRAINTS"] if row["CONSTRAINT_TYPE"] == "CHECK")
        # MySQL's names of checks are unique in a schema, MariaDB's in a table, which it then tells.
        self._clauses = {
            (row["CONSTRAINT_SCHEMA"], row["TABLE_NAME"], row["CONSTRAINT_NAME"]): row["CHECK_CLAUSE"]
            for row in read["CHECK_CONSTRAINTS"]
        }
        self._partitions = _by_table(row for row in read["PARTITIONS"] if row["PARTITION_NAME"] is not None)

    def table(self, name: TableName, row: Record) -> Table:
        """The table of a row of TABLES."""
        key = (name.schema, name.name)
        return Table(
            name=name,
            columns=tuple(_column(r) for r in sorted(self._columns[key], key=lambda r: r["ORDINAL_POSITION"])),
            indexes=_indexes(self._statistics[key]),
            foreign_keys=self._foreign_keys(key),
            checks=self._checks(key),
            partitioning=_partitioning(self._partitions[key]),
            storage=self._storage(row),
            comment=row["TABLE_COMMENT"] or "",
        )

    def _storage(self, row: Record) -> Storage:
        engine = row["ENGINE"] or ""
        collation = row["TABLE_COLLATION"] or ""
        options = [
            option
            for option in _OPTION.findall(row["CREATE_OPTIONS"] or "")
            if option.lower() != "partitioned" and not option.lower().startswith("row_format=")
        ]
        if row["TABLE_TYPE"] not in ("BASE TABLE", "SYSTEM VIEW"):
            options.append(row["TABLE_TYPE"].lower())
        return Storage(
            engine=engine,
            transactional=self._transactional.get(engine.lower(), False),
            row_format=row["ROW_FORMAT"] or "",
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

    def _checks(self, key: _Key) -> tuple[Check, ...]:
        schema, table = key
        made = []
        for row in self._constraints[key]:
            name = row["CONSTRAINT_NAME"]
            clause = self._clauses.get((schema, None, name), self._clauses.get((schema, table, name), ""))
            made.append(Check(name, _expression(clause), row["ENFORCED"] != "NO"))
        return tuple(sorted(made, key=lambda check: check.name))


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


def _column(row: Record) -> Column:
    extra = (row["EXTRA"] or "").lower()
    default = row["COLUMN_DEFAULT"]
    on_update = _ON_UPDATE.search(row["EXTRA"] or "")
    charset = row["CHARACTER_SET_NAME"] or ""
    # Before 8.0.13 nothing but the type tells CURRENT_TIMESTAMP from a text of these letters.
    computed = "default_generated" in extra
    now = row["DATA_TYPE"] in ("timestamp", "datetime") and default is not None and _CURRENT.match(default)
    generated = _expression(row["GENERATION_EXPRESSION"])
    return Column(
        name=row["COLUMN_NAME"],
        native=row["COLUMN_TYPE"],
        type=to_neutral(row["COLUMN_TYPE"], row["DATA_TYPE"], charset),
        nullable=row["IS_NULLABLE"] == "YES",
        default=_expression(default) if computed else default,
        default_is_expression=bool(now) or computed,
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


def _indexes(rows: list[Record]) -> tuple[Index, ...]:
    """The primary key first, then by name."""
    made = []
    for name, parts in _grouped(rows, "INDEX_NAME", "SEQ_IN_INDEX"):
        first = parts[0]
        method = first["INDEX_TYPE"]
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


def _expression(text: str | None) -> str:
    """Text of an expression, as the server escapes it, but with its letters put right.

    MySQL 8.0 hands these columns of information_schema out as if their UTF-8 were latin1: every byte beyond ASCII
    becomes a letter of its own (seen on 8.0.12 and 8.0.33). What is not such text stays as it is.
    """
    try:
        return (text or "").encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text or ""


def _part(row: Record, special: bool) -> IndexPart:
    return IndexPart(
        column=row["COLUMN_NAME"] or "",
        expression=_expression(row["EXPRESSION"]),
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
    """The VALUES clause without its first word; a range by one expression ends with a bare MAXVALUE."""
    if description is None:
        return ""
    if method.startswith("LIST"):
        return f"IN ({description})"
    if method.startswith("RANGE"):
        return "LESS THAN MAXVALUE" if (method, description) == ("RANGE", "MAXVALUE") else f"LESS THAN ({description})"
    return description


async def definitions(server: Server, names: Sequence[TableName]) -> dict[TableName, str]:
    """The server's own CREATE TABLE of each, several at a time. Raises ServerError for one that is not there."""
    left = iter(sorted(set(names)))
    found: dict[TableName, str] = {}

    async def work() -> None:
        async with server.session("metadata") as session:
            for name in left:
                row = (await session.query(f"SHOW CREATE TABLE {quote_table(name)}", str(name))).rows[0]
                found[name] = row[1].decode() if isinstance(row[1], bytes) else row[1]

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(server.slots, len(set(names)))):
                workers.create_task(work())
    except* MigrateError as failed:
        raise failed.exceptions[0] from None
    return {name: found[name] for name in names}
