"""CREATE TABLE made from the model, as the server of a dialect would print it: for tables of another dialect only.

What is printed can be cut by `migrate.sql.items`, as the text of a server can. Foreign keys are not in it: they are
made by statements of their own.
"""

from __future__ import annotations

from collections.abc import Mapping

from migrate.engines.base import Dialect
from migrate.engines.mysql.phrases import sql_of
from migrate.model.table import Check, Column, Index, IndexPart, Partition, Partitioning, Table
from migrate.model.types import Binary, Bit, Opaque, Temporal
from migrate.sql import quote

_ROW_FORMATS = {
    "innodb": ("compact", "redundant", "compressed"),
    "myisam": ("fixed", "dynamic"),
    "aria": ("fixed", "dynamic", "page"),
}
"""Row formats that are said: those that an engine does not choose by itself for every table."""


def create_table(table: Table, here: Dialect, literals: Mapping[str, str] | None = None) -> str:
    """The table's definition in words of `here`, without foreign keys.

    `literals` are defaults of columns to be said as they are: the dictionary of MySQL tells bytes up to the first NUL.
    """
    mariadb = here.vendor == "mariadb"
    names = {column.name.casefold() for column in table.columns}
    of_columns = {check.name.casefold(): check for check in table.checks if mariadb and check.name.casefold() in names}
    lines = [
        _column(column, here, of_columns.get(column.name.casefold()), (literals or {}).get(column.name))
        for column in table.columns
    ]
    lines += [_index(index, table, here) for index in table.indexes]
    lines += [_check(check, here) for check in table.checks if check.name.casefold() not in of_columns]
    body = ",\n  ".join(lines)
    return (
        f"CREATE TABLE {quote(table.name.name)} (\n  {body}\n){_options(table)}{_partitions(table.partitioning, here)}"
    )


def string(text: str) -> str:
    """A string that means `text` unless NO_BACKSLASH_ESCAPES is set, which no session of ours does."""
    table = str.maketrans({"'": "''", "\\": "\\\\", "\0": "\\0", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z"})
    return f"'{text.translate(table)}'"


def collate(collation: str, sign: str = " ") -> str:
    """What says a collation after its character set, with a leading blank.

    Nothing for that of bytes, which has no other: MySQL 5.7 and 8.0.12 refuse its name there (1064).
    """
    return "" if collation in ("", "binary") else f" COLLATE{sign}{collation}"


def _column(column: Column, here: Dialect, check: Check | None, literal: str | None) -> str:
    mariadb = here.vendor == "mariadb"
    said = [quote(column.name), column.native]
    if column.charset:
        said.append(f"CHARACTER SET {column.charset} COLLATE {column.collation}")
    if column.generated:
        kind = "STORED" if column.stored else "VIRTUAL"
        said.append(f"GENERATED ALWAYS AS ({sql_of(column.generated, here)}) {kind}")
    if not column.nullable:
        said.append("NOT NULL")
    elif isinstance(column.type, Temporal) and column.type.kind == "timestamp" and not column.generated:
        said.append("NULL")  # without it, old defaults of a server make the column NOT NULL
    if column.srid is not None and not mariadb:
        said.append(f"SRID {column.srid}")
    if column.default is not None and not column.generated:
        said.append(f"DEFAULT {literal or _default(column, here)}")
    elif column.nullable and not column.generated and isinstance(column.type, Temporal):
        said.append("DEFAULT NULL")
    if column.on_update:
        said.append(f"ON UPDATE {column.on_update}")
    if column.auto_increment:
        said.append("AUTO_INCREMENT")
    if column.invisible:
        said.append("INVISIBLE")
    if column.comment:
        said.append(f"COMMENT {string(column.comment)}")
    if check is not None:
        said.append(f"CHECK ({sql_of(check.expression, here)})")
    return " ".join(said)


def _default(column: Column, here: Dialect) -> str:
    default = column.default or ""
    if column.default_is_expression:
        text = sql_of(default, here)
        now = text.lower().startswith("current_timestamp") and isinstance(column.type, Temporal)
        return text if now and column.type.kind in ("timestamp", "datetime") else f"({text})"  # type: ignore[union-attr]
    match column.type:
        case Bit():
            return default
        case Binary():
            return f"x'{default[2:]}'" if default.startswith("0x") else string(default)
        case Opaque():
            return string(default)
        case _:
            return string(default)


_KINDS = {"primary": "PRIMARY KEY", "unique": "UNIQUE KEY", "plain": "KEY"}
_KINDS |= {"fulltext": "FULLTEXT KEY", "spatial": "SPATIAL KEY"}


def _index(index: Index, table: Table, here: Dialect) -> str:
    said = [_KINDS[index.kind]]
    if index.method.upper() == "VECTOR":
        said = ["VECTOR KEY"]
    if index.kind != "primary":
        said.append(quote(index.name))
    said.append(f"({', '.join(_part(part, here) for part in index.parts)})")
    if index.method and table.storage.engine.lower() == "memory":
        said.append(f"USING {index.method}")
    if index.comment:
        said.append(f"COMMENT {string(index.comment)}")
    if index.parser and here.vendor == "mysql":
        said.append(f"WITH PARSER {quote(index.parser)}")
    if not index.visible:
        said.append("IGNORED" if here.vendor == "mariadb" else "INVISIBLE")
    return " ".join(said)


def _part(part: IndexPart, here: Dialect) -> str:
    what = quote(part.column) if part.column else f"({sql_of(part.expression, here)})"
    prefix = f"({part.prefix})" if part.prefix else ""
    return f"{what}{prefix}{' DESC' if part.descending else ''}"


def _check(check: Check, here: Dialect) -> str:
    enforced = "" if check.enforced else " NOT ENFORCED"
    return f"CONSTRAINT {quote(check.name)} CHECK ({sql_of(check.expression, here)}){enforced}"


def _options(table: Table) -> str:
    storage = table.storage
    said = [f" ENGINE={storage.engine}"]
    if storage.charset:
        said.append(f"DEFAULT CHARSET={storage.charset}{collate(storage.collation, '=')}")
    if storage.row_format.lower() in _ROW_FORMATS.get(storage.engine.lower(), ()):
        said.append(f"ROW_FORMAT={storage.row_format.upper()}")
    for option in storage.options:
        name, equals, value = option.partition("=")
        if equals:
            said.append(f"{name.upper()}={value}")
    if table.comment:
        said.append(f"COMMENT={string(table.comment)}")
    return " ".join(said)


def _partitions(partitioning: Partitioning | None, here: Dialect) -> str:
    if partitioning is None:
        return ""
    said = [f"\nPARTITION BY {_method(partitioning.method, partitioning.expression, here)}"]
    each = len(partitioning.partitions[0].subpartitions) if partitioning.partitions else 0
    if partitioning.submethod:
        said.append(f"SUBPARTITION BY {_method(partitioning.submethod, partitioning.subexpression, here)}")
        said.append(f"SUBPARTITIONS {each}")
    listed = ",\n ".join(_partition(partition) for partition in partitioning.partitions)
    said.append(f"({listed})")
    return "\n".join(said)


def _method(method: str, expression: str, here: Dialect) -> str:
    return f"{method} ({sql_of(expression, here)})"


def _partition(partition: Partition) -> str:
    said = [f"PARTITION {quote(partition.name)}"]
    if partition.bound:
        said.append(f"VALUES {partition.bound}")
    if partition.comment:
        said.append(f"COMMENT = {string(partition.comment)}")
    if partition.subpartitions:
        said.append(f"(SUBPARTITION {', SUBPARTITION '.join(map(quote, partition.subpartitions))})")
    return " ".join(said)
