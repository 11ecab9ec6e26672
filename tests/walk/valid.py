"""What servers take: whatever a random schema has that they would refuse is mended, or taken out.

The rules are those of the manuals (MySQL 8.0: 13.1.20, 10.3.12; MariaDB: CREATE TABLE), as far as the walk makes such
things at all. A schema that is valid stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tests.walk.flavours import Flavour
from tests.walk.model import Check, Column, Expr, ForeignKey, Index, Part, Schema, Table, Type
from tests.walk.stored_parts import settle_stored

_BYTES = {"utf8mb4": 4, "utf8mb3": 3, "utf8": 3}
_ROW_FORMATS = {
    "InnoDB": ("", "DYNAMIC", "COMPACT", "REDUNDANT", "COMPRESSED"),
    "MyISAM": ("", "DYNAMIC", "FIXED"),
    "Aria": ("",),
}
_INT = Type("int", "integer")
_SIZES = {"date": 8, "moment": 8, "time": 8, "decimal": 12, "member": 8, "bit": 8}


def settle(schema: Schema, flavour: Flavour) -> Schema:
    """The schema with all that a server of this flavour refuses mended."""
    while True:
        tables = tuple(_table(table, flavour) for table in schema.tables)
        settled = replace(schema, tables=tables)
        settled = replace(settled, tables=tuple(_foreign_keys(table, settled, flavour) for table in settled.tables))
        settled = settle_stored(settled, flavour)
        if settled == schema:
            return schema
        schema = settled


def _table(table: Table, flavour: Flavour) -> Table:
    table = replace(table, columns=_columns(table, flavour))
    table = replace(table, indexes=_indexes(table, flavour))
    table = replace(table, columns=_keyed(table), checks=_checks(table, flavour))
    if table.row_format not in _ROW_FORMATS[table.engine]:
        table = replace(table, row_format="")
    if not _may_be_partitioned(table):
        table = replace(table, partitioning=None)
    return table


# -- columns


def _computed(column: Column) -> bool:
    """Whether the server counts it among those that others may read only when they come after it (error 3107)."""
    return column.generated is not None or column.default.startswith("(")


def _computes(expr: Expr, columns: Iterable[Column], flavour: Flavour) -> bool:
    """Whether a column may be made of it: MariaDB takes no CHAR, whose spaces depend on the session (error 1901)."""
    found = [column for column in columns if column.name in expr.names]
    return _reads(expr, found) and not (flavour.maria and any(column.type.word == "char" for column in found))


def _reads(expr: Expr, columns: Iterable[Column]) -> bool:
    """Whether all columns of an expression are there, of the type that it needs."""
    found = {column.name: column for column in columns if not column.auto}
    pairs = zip(expr.names, expr.groups, strict=True)
    return all(name in found and found[name].type.group == group for name, group in pairs)


def _columns(table: Table, flavour: Flavour) -> tuple[Column, ...]:
    made: list[Column] = []
    for column in table.columns:
        if column.generated is not None:
            names = {one.name for one in made}
            base = [one for one in table.columns if one.name in names or not _computed(one)]
            if not _computes(column.generated, base, flavour):
                continue
            column = replace(
                column, nullable=True, default="", on_update="", auto=False, hidden=False, srid=None, collation=""
            )
        made.append(_column(column, flavour, table.engine))
    if all(column.generated for column in made):
        made.append(Column(next(name for name in ("a", "z", "y") if name not in {c.name for c in made}), _INT))
    if all(column.hidden for column in made):
        made[0] = replace(made[0], hidden=False)
    counters = [column.name for column in made if column.auto]
    return tuple(replace(one, auto=one.name == counters[0]) if counters else one for one in made)


def _column(column: Column, flavour: Flavour, engine: str) -> Column:
    of = column.type
    if column.auto:
        column = replace(column, default="", on_update="", nullable=False)
        if of.group != "integer":
            column = replace(column, auto=False)
    worded = bool(column.default) and not column.default.startswith("(")
    if worded and (of.lob or of.group in ("json", "place")):
        column = replace(column, default="")
    if column.on_update and column.on_update != _now(column):
        column = replace(column, on_update="")
    if column.default.startswith("CURRENT_TIMESTAMP") and column.default != _now(column):
        column = replace(column, default=_now(column))
    if not of.has_charset and column.collation:
        column = replace(column, collation="")
    if column.srid is not None and (of.group != "place" or engine != "InnoDB"):
        column = replace(column, srid=None)
    if flavour.maria and column.hidden and not column.nullable and not column.default and not column.auto:
        column = replace(column, hidden=False)
    return column


def _now(column: Column) -> str:
    if column.type.word not in ("datetime", "timestamp"):
        return ""
    return f"CURRENT_TIMESTAMP({column.type.size})" if column.type.size else "CURRENT_TIMESTAMP"


def _keyed(table: Table) -> tuple[Column, ...]:
    """Columns of the primary key and of spatial ones hold no NULL; a counter is the first of a key."""
    solid = {name for index in table.indexes if index.kind in ("primary", "spatial") for name in index.columns}
    starts = {
        index.parts[0].column
        for index in table.indexes
        if index.kind in ("primary", "unique", "plain") and not index.parts[0].prefix
    }
    made = []
    for column in table.columns:
        if column.name in solid and column.nullable:
            column = replace(column, nullable=False)
        if column.auto and column.name not in starts:
            column = replace(column, auto=False)
        made.append(column)
    return tuple(made)


# -- indexes


def _indexes(table: Table, flavour: Flavour) -> tuple[Index, ...]:
    made: list[Index] = []
    for index in table.indexes:
        settled = _index(index, table, flavour)
        if settled is None or any(settled.name.casefold() == one.name.casefold() for one in made):
            continue
        made.append(settled)
    if not any(index.kind == "primary" for index in made):
        made = [replace(index, hidden=False) if _stands_in(index, table) else index for index in made]
    return tuple(sorted(made, key=lambda index: index.kind != "primary"))


def _stands_in(index: Index, table: Table) -> bool:
    """Whether InnoDB may take it for the primary key, which must be visible (error 3522)."""
    found = [table.column(name) for name in index.columns]
    return index.kind == "unique" and all(column is not None and not column.nullable for column in found)


def _index(index: Index, table: Table, flavour: Flavour) -> Index | None:
    parts: list[Part] = []
    for part in index.parts:
        settled = _part(part, index, table)
        if settled is not None and all(settled.column != one.column or settled.expr for one in parts):
            parts.append(settled)
    if index.kind == "fulltext":
        collations = {table.collation_of(column) for part in parts if (column := table.column(part.column))}
        if len(collations) > 1:
            parts = parts[:1]
    if index.kind == "spatial":
        parts = parts[:1]
    if index.kind in ("primary", "unique", "plain"):
        parts = _short(parts, table)
    if not parts:
        return None
    hidden = index.hidden and bool(flavour.hidden) and index.kind != "primary"
    return replace(index, parts=tuple(parts), hidden=hidden)


def _part(part: Part, index: Index, table: Table) -> Part | None:
    if part.expr is not None:
        usable = index.kind in ("unique", "plain") and table.engine == "InnoDB" and _reads(part.expr, table.columns)
        return part if usable else None
    column = table.column(part.column)
    if column is None:
        return None
    of = column.type
    virtual = column.generated is not None and not column.stored
    match index.kind:
        case "fulltext":
            usable = of.group == "text" and not virtual
            return Part(part.column) if usable else None
        case "spatial":
            return Part(part.column) if of.group == "place" else None
        case "primary" if column.generated is not None:
            return None
    if of.group in ("json", "place") or (virtual and table.engine != "InnoDB"):
        return None
    if of.lob:
        part = replace(part, prefix=part.prefix or 5)
    if table.engine != "InnoDB":
        part = replace(part, descending=False)
    return replace(part, prefix=0) if part.prefix and part.prefix >= (of.length or 1000 * of.lob) else part


def _bytes(part: Part, table: Table) -> int:
    column = table.column(part.column)
    if column is None:
        return 50
    if not column.type.length and not column.type.lob:
        return _SIZES.get(column.type.group, 8)
    width = _BYTES.get(table.collation_of(column).partition("_")[0], 1)
    return (part.prefix or column.type.length) * width


def _limit(table: Table) -> int:
    """Bytes of one part of an index."""
    if table.engine != "InnoDB":
        return 900
    return 767 if table.row_format in ("COMPACT", "REDUNDANT") else 3072


def _short(parts: list[Part], table: Table) -> list[Part]:
    """Parts that fit into an index, together and one by one."""
    made: list[Part] = []
    for part in parts:
        if _bytes(part, table) > _limit(table):
            part = replace(part, prefix=5)
        if sum(_bytes(one, table) for one in (*made, part)) <= (900 if table.engine != "InnoDB" else 3000):
            made.append(part)
    return made


def _checks(table: Table, flavour: Flavour) -> tuple[Check, ...]:
    if not flavour.checks:
        return ()
    kept = (check for check in table.checks if _reads(check.expr, table.columns))
    return tuple(replace(check, enforced=check.enforced or flavour.maria) for check in kept)


def _may_be_partitioned(table: Table) -> bool:
    parts = table.partitioning
    if parts is None:
        return True
    columns = [table.column(name) for name in parts.columns]
    plain = all(column is not None and not column.generated for column in columns)
    keys = [index for index in table.indexes if index.kind in ("primary", "unique")]
    return (
        table.engine == "InnoDB"
        and plain
        and _reads_any(parts.expr, table)
        and not any(index.kind in ("fulltext", "spatial") for index in table.indexes)
        and not any(column.type.group == "place" for column in table.columns)
        and all(
            any(part.column == name and not part.prefix for part in index.parts)
            for index in keys
            for name in parts.columns
        )
        and not any(part.expr for index in keys for part in index.parts)
    )


def _reads_any(expr: Expr, table: Table) -> bool:
    """Like `_reads`; partitions may be made by a counter."""
    return _reads(expr, [replace(column, auto=False) for column in table.columns])


# -- foreign keys


def _foreign_keys(table: Table, schema: Schema, flavour: Flavour) -> Table:
    made: list[ForeignKey] = []
    if not flavour.keys_beside_virtual and any(column.generated and not column.stored for column in table.columns):
        return replace(table, foreign_keys=())
    for key in table.foreign_keys:
        parent = schema.table(key.parent)
        if parent is None or not _refers(key, table, parent):
            continue
        if any(index.name.casefold() == key.name.casefold() for index in table.indexes):
            continue
        made.append(_rules(key, table, parent))
    return replace(table, foreign_keys=tuple(made))


def _refers(key: ForeignKey, child: Table, parent: Table) -> bool:
    for table in (child, parent):
        if table.engine != "InnoDB" or table.partitioning is not None:
            return False
    keys = [
        tuple(part.column for part in index.parts)
        for index in parent.indexes
        if index.kind in ("primary", "unique") and not index.hidden
        if not any(part.prefix or part.expr for part in index.parts)
    ]
    if key.parent_columns not in keys:
        return False
    if child.name == parent.name and set(key.columns) & set(key.parent_columns):
        return False
    pairs = [(child.column(one), parent.column(two)) for one, two in zip(key.columns, key.parent_columns, strict=True)]
    return all(one is not None and two is not None and _alike(one, child, two, parent) for one, two in pairs)


def _alike(one: Column, child: Table, two: Column, parent: Table) -> bool:
    for column in (one, two):
        if column.generated is not None or column.type.lob or column.type.group in ("json", "place", "bit"):
            return False
    if child.collation_of(one) != parent.collation_of(two):
        return False
    if _bytes(Part(one.name), child) > _limit(child):
        return False
    if one.type.group == two.type.group == "text":
        return (one.type.word == "char") == (two.type.word == "char")
    return one.type == two.type


def _rules(key: ForeignKey, table: Table, parent: Table) -> ForeignKey:
    """Rules that change rows of this table go where other parts of it depend on the column."""
    bases = {name for column in table.columns if column.generated for name in column.generated.names}
    bases |= {name for check in table.checks for name in check.expr.names}
    bases |= {name for index in table.indexes for part in index.parts if part.expr for name in part.expr.names}
    rigid = bool(bases & set(key.columns))
    columns = [table.column(name) for name in key.columns]
    empty = all(column is not None and column.nullable for column in columns)
    above = [parent.column(name) for name in key.parent_columns]
    solid = all(column is not None and not column.nullable for column in above)

    def rule(text: str) -> str:
        if text in ("CASCADE", "SET NULL") and rigid:
            return ""
        return "" if text == "SET NULL" and not empty else text

    on_update = rule(key.on_update)
    if on_update == "CASCADE" and not solid and not empty:
        on_update = ""
    return replace(key, on_delete=rule(key.on_delete), on_update=on_update)


_CAST_TO_ALL = ("text", "member", "binary", "json")


def can_become(there: Schema, wanted: Schema, flavour: Flavour) -> bool:
    """Whether a server alters the one into the other: MariaDB casts a geometry from and to strings only.

    A table that stays on the target alone holds the columns that its foreign keys refer to.
    """
    pairs = [(one, two) for one in there.tables for two in wanted.tables if one.name == two.name]
    moves = {two.name for _, two in pairs}
    held = {key.parent for one in there.tables if one.name not in moves for key in one.foreign_keys}
    if any(one.columns != two.columns or one.indexes != two.indexes for one, two in pairs if one.name in held):
        return False
    columns = [(a, b) for one, two in pairs for a in one.columns for b in two.columns]
    return not flavour.maria or all(
        (a.type.group == "place") == (b.type.group == "place")
        or a.type.group in _CAST_TO_ALL
        or b.type.group in _CAST_TO_ALL
        for a, b in columns
        if a.name.casefold() == b.name.casefold()
    )
