"""Columns in the words of another server: types, charsets, defaults, generated columns, attributes."""

from __future__ import annotations

import re

from msgspec.structs import replace

from migrate.engines.mysql import mapping
from migrate.engines.mysql.crossing import Crossing
from migrate.engines.mysql.defaults import hexadecimal, mariadb_default
from migrate.engines.mysql.lexemes import Unread, lexemes, literal_bytes
from migrate.engines.mysql.phrases import sql_of, told_by
from migrate.engines.mysql.types import to_neutral
from migrate.model.table import Check, Column
from migrate.model.types import Binary, Geometry, Json, Opaque, Temporal, Text
from migrate.sql import quote

__all__ = ["column_there", "typed"]

_COMPRESSED = re.compile(r"\s*/\*M!\d+ COMPRESSED(?:=\w+)?\*/")
_JSON_VALID = re.compile(r"json_valid\(`(?:[^`]|``)*`\)", re.IGNORECASE)
_NOW = re.compile(r"(?:current_timestamp|now)(?:\((\d?)\))?\Z", re.IGNORECASE)


def column_there(column: Column, at: Crossing) -> Column:
    """The column in the target's words; what that takes is noted, refused, or becomes a check of the table."""
    column = _type(column, at)
    column = _collation(column, at)
    column = _generated(column, at)
    column = _default(column, at)
    return _attributes(column, at)


def typed(column: Column, at: Crossing, native: str, charset: str = "", collation: str = "") -> Column:
    """The column with another type, and with what the target has of its charset and collation."""
    if charset:
        charset, collation = at.target.charset(charset), at.target.collation(collation)
    kind = to_neutral(native, re.split(r"[ (]", native)[0], charset)
    return replace(column, native=native, type=kind, charset=charset, collation=collation)


# -- types


def _type(column: Column, at: Crossing) -> Column:
    where = f"column {quote(column.name)}"
    if isinstance(column.type, Json) and not at.has.json:
        at.note(
            "MG403",
            f"{where}: json becomes longtext with CHECK (json_valid({quote(column.name)})), which is what JSON is on"
            " MariaDB; documents are the text that MySQL prints of them",
            column.name,
        )
        at.checks.append(Check(column.name, f"json_valid({quote(column.name)})"))
        return typed(column, at, "longtext", "utf8mb4", "utf8mb4_bin")
    if at.to_mysql and _is_json(column, at):
        at.note(
            "MG403",
            f"{where}: JSON of MariaDB, a longtext with a check, stays that: MySQL's JSON would reorder keys and drop"
            " those that are there twice",
            column.name,
        )
    kind = column.native.lower()
    have = {"uuid": at.has.uuid, "inet6": at.has.inet6, "inet4": at.has.inet4}
    if not have.get(kind, True):
        goal = mapping.AS_TEXT[kind]
        at.note(
            "MG402", f"{where}: {kind} becomes {goal[0]} CHARACTER SET {goal[1]}, as the server prints it", column.name
        )
        return typed(column, at, *goal)
    if kind.startswith("vector(") and not at.has.vector:
        native = f"varbinary({4 * int(kind[7:-1])})"
        at.note("MG402", f"{where}: {kind} becomes {native}, the same bytes", column.name)
        return typed(column, at, native)
    return _named(column, at, kind, where)


def _named(column: Column, at: Crossing, kind: str, where: str) -> Column:
    """The same type by the target's name."""
    native = column.native
    if at.to_mysql and _COMPRESSED.search(native):
        native = _COMPRESSED.sub("", native)
        at.note("MG402", f"{where}: COMPRESSED is left out, MySQL has no compressed columns", column.name)
    if kind in mapping.COLLECTIONS:
        native = mapping.COLLECTIONS[at.here.vendor == "mysql" and at.here.version >= (8,)]
    if at.to_mysql and kind == "year(2)":
        native = "year(4)"
        at.note("MG402", f"{where}: year(2) becomes year: it shows four digits", column.name)
    if at.crossing and isinstance(column.type, Opaque) and not kind.startswith("vector("):
        at.refuse(f"{where}: the target has no type {kind}", column.name)
    if isinstance(column.type, Temporal) and column.type.kind == "timestamp" and _ends_sooner(at):
        at.note("MG402", f"{where}: moments after 2038-01-19 03:14:07 UTC do not fit and are refused", column.name)
    if column.srid is not None and not at.has.srid:
        at.note(
            "MG412",
            f"{where}: SRID {column.srid} is left out: the target keeps the SRID of each value, and refuses none",
            column.name,
        )
        column = replace(column, srid=None)
    return replace(column, native=native)


def _ends_sooner(at: Crossing) -> bool:
    """Whether TIMESTAMP reaches less far on the target: that of MariaDB since 11.5 ends in 2106, others in 2038."""
    far = [one.vendor == "mariadb" and one.version >= (11, 5) for one in (at.origin, at.here)]
    return far == [True, False]


def _is_json(column: Column, at: Crossing) -> bool:
    return (
        column.native.lower() == "longtext"
        and column.collation == "utf8mb4_bin"
        and any(
            check.name == column.name and _JSON_VALID.fullmatch(sql_of(check.expression, at.origin))
            for check in at.table.checks
        )
    )


def _collation(column: Column, at: Crossing) -> Column:
    if not column.collation:
        return column
    charset, name = at.target.charset(column.charset), at.target.collation(column.collation)
    if not charset or not name:
        at.refuse(f"column {quote(column.name)}: the target has no character set {column.charset}", column.name)
        return column
    at.weigh(column.collation, name, column.name)
    kind = replace(column.type, charset=charset) if isinstance(column.type, Text) else column.type
    return replace(column, type=kind, charset=charset, collation=name)


# -- generated columns and defaults


def _generated(column: Column, at: Crossing) -> Column:
    if not column.generated:
        return column
    where = f"the generated column {quote(column.name)}"
    kept = column.stored or at.kept(column.name)
    told = at.said(column.generated, "stored" if kept else "virtual", where, column.name, "MG405")
    column = replace(column, generated=told)
    if column.nullable or at.has.generated_not_null or _in_primary_key(column, at):
        return column  # a primary key over it is refused with the key
    at.note("MG405", f"{where}: NOT NULL becomes the check {quote(at.not_null(column.name))}", column.name)
    return replace(column, nullable=True)


def _in_primary_key(column: Column, at: Crossing) -> bool:
    return any(
        index.kind == "primary" and any(part.column == column.name for part in index.parts)
        for index in at.table.indexes
    )


def _default(column: Column, at: Crossing) -> Column:
    if column.default is None:
        return column
    where = f"the default of column {quote(column.name)}"
    if column.default_is_expression:
        return _expression(column, at, where)
    if isinstance(column.type, Binary) and at.origin.vendor == "mysql" and at.origin.version < (8,):
        # MySQL 5.7 tells bytes as text, others as hexadecimal digits.
        column = replace(column, default=hexadecimal(column.default.encode(), column.type))
    if not (at.to_mysql and _is_large(column)):
        return column
    if not at.has.expression_defaults:
        at.refuse(f"{where}: this version takes none for {column.native}", column.name)
        return column
    literal = _literal(column)
    at.note("MG405", f"{where} becomes the expression ({literal}), as MySQL wants for {column.native}", column.name)
    return replace(column, default=told_by(literal, at.here), default_is_expression=True)


def _expression(column: Column, at: Crossing, where: str) -> Column:
    default = sql_of(column.default or "", at.origin)
    if isinstance(column.type, Temporal) and column.type.kind in ("timestamp", "datetime") and _NOW.match(default):
        return _now(column, column.type, default, at, where)
    if not at.has.expression_defaults:
        at.refuse(f"{where}: this version takes values only", column.name)
        return column
    told = at.said(column.default or "", "default", where, column.name, "MG405")
    value = _value(sql_of(told, at.here), column) if at.to_mariadb else None
    if value is not None:
        return replace(column, default=value, default_is_expression=False)
    return replace(column, default=told)


def _now(column: Column, kind: Temporal, default: str, at: Crossing, where: str) -> Column:
    """MySQL wants the digits of the column in CURRENT_TIMESTAMP; MariaDB takes any."""
    found = _NOW.match(default)
    if not at.to_mysql or int((found and found[1]) or 0) == kind.precision:
        return column
    digits = f"({kind.precision})" if kind.precision else ""
    at.note("MG405", f"{where}: CURRENT_TIMESTAMP has as many digits as the column now, {kind.precision}", column.name)
    return replace(column, default=f"CURRENT_TIMESTAMP{digits}")


def _is_large(column: Column) -> bool:
    """Whether it is a TEXT, BLOB, JSON or GEOMETRY, for which MySQL takes no plain default (error 1101)."""
    name = re.split(r"[ (]", column.native.lower())[0]
    return isinstance(column.type, Json | Geometry) or name.endswith(("text", "blob"))


def _literal(column: Column) -> str:
    value = column.default or ""
    if isinstance(column.type, Binary):
        return value if value.startswith("0x") else "_binary''"
    table = str.maketrans({"'": "\\'", "\\": "\\\\", "\0": "\\0", "\n": "\\n", "\r": "\\r"})
    return f"'{value.translate(table)}'"


def _value(sql: str, column: Column) -> str | None:
    """The value in an expression that is only that, as MariaDB then tells the default; None for anything else."""
    try:
        found = lexemes(sql)
    except Unread:
        return None
    if len(found) == 1 and found[0].kind == "bytes":
        sql = f"x'{literal_bytes(found[0].text)}'"
    told, is_expression = mariadb_default(sql, column.type)
    return None if is_expression else told


# -- attributes


def _attributes(column: Column, at: Crossing) -> Column:
    if at.to_mysql and column.on_update and isinstance(column.type, Temporal):
        digits = f"({column.type.precision})" if column.type.precision else ""
        column = replace(column, on_update=f"CURRENT_TIMESTAMP{digits}")
    if not column.invisible:
        return column
    where = f"column {quote(column.name)}"
    if not at.has.invisible_columns:
        at.note("MG412", f"{where}: it is visible here, this version has no invisible columns", column.name)
        return replace(column, invisible=False)
    bare = column.default is None and not (column.nullable or column.auto_increment or column.generated)
    if not bare or at.has.bare_invisible_columns:
        return column
    if _in_primary_key(column, at):
        text = f"{where}: it is visible here, MariaDB wants a default for an invisible column of the primary key"
        at.note("MG412", text, column.name)
        return replace(column, invisible=False)
    at.note(
        "MG406",
        f"{where}: NOT NULL becomes the check {quote(at.not_null(column.name))}, MariaDB wants a default for a column"
        " that is invisible and NOT NULL",
        column.name,
    )
    return replace(column, nullable=True)
