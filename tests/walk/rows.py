"""Rows that both sides can hold: the target's, once it is altered, are the source's.

Row number r of a table has, in every column, the r-th value of the column's group of types: so values of one group turn
into one another (1 and 1.00, '2020-01-02' and '2020-01-02 00:00:00'), keys are unique, and foreign keys find their row.
A column that only the source has holds what a server puts into a column that it adds.
"""

from __future__ import annotations

from collections.abc import Collection

from tests.walk.model import Column, Group, Schema, Table, named
from tests.walk.spelt import quote

COUNT = 3
"""Rows of a table that has any."""

_VALUES: dict[Group, tuple[str, str, str]] = {
    "integer": ("1", "2", "3"),
    "decimal": ("1", "2", "3"),
    "float": ("1", "2", "3"),
    "bit": ("1", "2", "3"),
    "text": ("'1'", "'2'", "'3'"),
    "member": ("'1'", "'2'", "'3'"),
    "binary": ("'1'", "'2'", "'3'"),
    "date": ("'2001-02-03'", "'2002-02-03'", "'2003-02-03'"),
    "moment": ("'2001-02-03'", "'2002-02-03'", "'2003-02-03'"),
    "time": ("'01:00:00'", "'02:00:00'", "'03:00:00'"),
    "year": ("2001", "2002", "2003"),
    "json": ("""'{"a": 1}'""", """'{"a": 2, "x y": "it''s"}'""", "'[3]'"),
    "place": tuple(f"ST_GeomFromText('POINT({n} {n})', @srid)" for n in (1, 2, 3)),  # type: ignore[dict-item]  # 3 of them
}
_LIKE: tuple[frozenset[Group], ...] = (
    frozenset({"integer", "decimal", "float"}),
    frozenset({"text", "member"}),
    frozenset({"date", "moment"}),
)
"""Groups whose values turn into one another."""

_IMPLICIT: dict[Group, str] = {
    "integer": "0",
    "decimal": "0",
    "float": "0",
    "bit": "0",
    "text": "''",
    "binary": "''",
    "date": "'0000-00-00'",
    "time": "'00:00:00'",
    "year": "0",
}
"""What rows get in a column that is added NOT NULL and without a default."""

_MANY_TO_ONE = ("case ", "if(", "char_length(", "json_")
"""Expressions that make one value of several."""


def fillable(schema: Schema) -> frozenset[str]:
    """Tables that take the rows of this module: no unique key makes two of them equal. With their parents."""
    return _with_parents((schema,), frozenset(table.name for table in schema.tables if _unique(table, frozenset())))


def fillable_too(wanted: Schema, there: Schema, filled: Collection[str]) -> frozenset[str]:
    """Of the tables that are filled at the source: those that may have the same rows on the target.

    Whatever the target must change for it keeps their values.
    """
    found = set()
    for table in there.tables:
        want = wanted.table(table.name)
        if want is not None and table.name in filled and _unique(table, frozenset()) and _agree(want, table):
            found.add(table.name)
    return _with_parents((wanted, there), frozenset(found))


def _with_parents(schemas: tuple[Schema, ...], filled: frozenset[str]) -> frozenset[str]:
    """Without tables one of whose parents has no rows."""
    keys = [(table.name, key.parent) for schema in schemas for table in schema.tables for key in table.foreign_keys]
    while True:
        left = filled - {child for child, parent in keys if parent not in filled}
        if left == filled:
            return filled
        filled = left


def inserts(schema: Schema, filled: Collection[str], other: Schema, both: Collection[str], source: bool) -> list[str]:
    """Statements that put rows into the tables `filled`; `both` are those that have them on the other side too."""
    referenced = {
        (key.parent, name)
        for one in (schema, other)
        for table in one.tables
        for key in table.foreign_keys
        for name in key.parent_columns
    }
    statements = []
    for table in schema.tables:
        if table.name not in filled:
            continue
        there = other.table(table.name) if table.name in both else None
        columns = [column for column in table.columns if column.generated is None]
        rows = [
            "(" + ", ".join(_cell(table, column, there, number, referenced, source) for column in columns) + ")"
            for number in range(COUNT)
        ]
        names = named([column.name for column in columns])
        statements.append(f"INSERT INTO {quote(table.name)} ({names}) VALUES\n  " + ",\n  ".join(rows))
    return statements


def _cell(
    table: Table, column: Column, other: Table | None, number: int, referenced: set[tuple[str, str]], source: bool
) -> str:
    there = other.column(column.name) if other else None
    if source and other is not None and there is None:
        return _added(column)
    if there is not None and there.generated is not None:
        there = None
    solid = not column.nullable or (table.name, column.name) in referenced or (there is not None and not there.nullable)
    if number == 1 and not solid:
        return "NULL"
    srid = max(column.srid or 0, (there.srid or 0) if there else 0)
    return _VALUES[column.type.group][number].replace("@srid", str(srid))


def _added(column: Column) -> str:
    if column.default:
        return "DEFAULT"
    if column.nullable:
        return "NULL"
    if column.type.group == "member":
        return "1" if column.type.word == "enum" else "''"
    return _IMPLICIT[column.type.group]


# -- what rows can be


def _unique(table: Table, constant: Collection[str]) -> bool:
    """Whether no unique key finds two rows equal, when the columns `constant` have one value in all of them."""
    telling = {column.name for column in table.columns if column.generated is None} - set(constant)
    for column in table.columns:
        made = column.generated
        if made is not None and _tells(made.text) and set(made.names) <= telling:
            telling.add(column.name)
    for index in table.indexes:
        if index.kind not in ("primary", "unique"):
            continue
        parts = [part for part in index.parts if part.expr is None or _tells(part.expr.text)]
        if not any(set(part.columns) <= telling for part in parts):
            return False
    return True


def _tells(expression: str) -> bool:
    return not expression.startswith(_MANY_TO_ONE)


def _agree(wanted: Table, there: Table) -> bool:
    """Whether an ALTER TABLE of the one makes its rows those of the other."""
    added = set()
    for column in wanted.columns:
        if column.generated is not None:
            continue
        other = there.column(column.name)
        if other is None:
            if not _may_be_added(column):
                return False
            added.add(column.name)
        elif other.generated is not None or not _turns_into(other, column):
            return False
    keyed = {name for key in wanted.foreign_keys for name in key.columns}
    if any(column.name in added & keyed and _added(column) != "NULL" for column in wanted.columns):
        return False
    return _unique(wanted, added)


def _may_be_added(column: Column) -> bool:
    if column.auto or "CURRENT_TIMESTAMP" in column.default or "uuid" in column.default:
        return False
    return bool(column.default) or column.nullable or column.type.group in (*_IMPLICIT, "member")


def _turns_into(there: Column, wanted: Column) -> bool:
    mine, theirs = wanted.type, there.type
    if mine.group != theirs.group:
        return any({mine.group, theirs.group} <= like for like in _LIKE)
    if mine.group == "place":
        return wanted.srid is None or there.srid is None or wanted.srid == there.srid
    return mine == theirs or "binary" not in (mine.word, theirs.word)
