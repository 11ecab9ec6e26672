"""Which index of a table cuts it into spans, along which its rows are read, proven and written again."""

from __future__ import annotations

from migrate.engines.mysql.collations import pads
from migrate.model.table import Column, Index, Table
from migrate.model.types import Binary, Decimal, Enum, Integer, Set, Temporal, Text

MOST_MEMBERS = 64
"""Of a SET: its number fills all the bits of a BIGINT UNSIGNED."""


def usable_key(table: Table, mariadb: bool = False) -> Index | None:
    """The index that can cut the table into spans: the primary key, else the narrowest unique one without NULLs.

    All its parts are whole columns with a total order that a literal can name exactly: no prefixes, expressions,
    virtual columns, floats, bits, JSON or geometry; not HASH, which has no order; not invisible, which no query uses.
    Indexes of mixed direction come last: the server would sort for every span. MariaDB's CHAR without PAD SPACE has two
    orders (`compares_apart`). None: there is none.
    """
    if table.storage.engine.lower() == "archive":
        return None  # it knows no DELETE, so a span cannot be written again
    columns = {column.name: column for column in table.columns}
    apart = {column.name for column in table.columns if mariadb and compares_apart(column)}
    usable = [
        index
        for index in table.indexes
        if _cuts(index, columns) and apart.isdisjoint(part.column for part in index.parts)
    ]
    return min(usable, key=lambda index: _preference(index, columns), default=None)


def compares_apart(column: Column) -> bool:
    """Whether MariaDB orders the column otherwise in an index than in a condition: CHAR where blanks at the end count.

    InnoDB compares it with the blanks that fill it up, `k > 'a'` without them: a row with `a` and NUL is before `a` in
    the one, behind it in the other, and would be in no span or in two. Seen on 10.11.18 and 11.8.9, under each such
    collation; MySQL's NO PAD collations do not do it.
    """
    return isinstance(column.type, Text) and column.type.fixed and not pads(column.collation)


def _cuts(index: Index, columns: dict[str, Column]) -> bool:
    if index.kind not in ("primary", "unique") or index.method.upper() == "HASH":
        return False
    if index.kind == "unique" and not index.visible:
        return False
    if len({part.descending for part in index.parts}) > 1 and any(
        isinstance(of := columns[part.column].type, Set) and len(of.members) == MOST_MEMBERS
        for part in index.parts
        if part.column in columns
    ):
        return False  # the server sorts for every span, and takes the 64th member for a minus sign where it sorts
    return all(
        not part.expression and not part.prefix and part.column in columns and _orders(columns[part.column])
        for part in index.parts
    )


def _orders(column: Column) -> bool:
    """Whether spans can end at values of the column."""
    if column.nullable or (column.generated and not column.stored):
        return False
    return isinstance(column.type, Integer | Decimal | Text | Binary | Temporal | Enum | Set)


def _preference(index: Index, columns: dict[str, Column]) -> tuple[bool, bool, bool, int, int, str]:
    parts = [columns[part.column] for part in index.parts]
    mixed = len({part.descending for part in index.parts}) > 1
    by_number = any(isinstance(column.type, Enum | Set) for column in parts)
    return (mixed, index.kind != "primary", by_number, len(parts), sum(map(_width, parts)), index.name)


def _width(column: Column) -> int:
    """About how many bytes a value takes in the index."""
    match column.type:
        case Integer(bits=bits):
            return bits // 8
        case Decimal(precision=precision):
            return precision // 2 + 1
        case Text(length=length):
            return 4 * (length or 65535)
        case Binary(length=length):
            return length
        case _:
            return 8
