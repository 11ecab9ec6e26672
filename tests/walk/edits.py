"""Random edits of a schema, each of one thing. `settle` takes care of what they leave broken elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.walk.dice import Dice
from tests.walk.flavours import Flavour
from tests.walk.model import Check, Column, ForeignKey, Index, Part, Partitioning, Schema, Table, Type
from tests.walk.parts import (
    COMMENTS,
    INTEGERS,
    OPTIONS,
    ROW_FORMATS,
    TYPES,
    a_check,
    a_column,
    a_default,
    a_generated,
    a_key,
    a_partitioning,
    a_type,
    an_index,
)
from tests.walk.schemas import RULES, changed, checks_of, with_foreign_key, with_table
from tests.walk.stored_parts import STORED_EDITS
from tests.walk.valid import settle

Edit = Callable[[Dice, Flavour, Schema], Schema]


def _of_table(edit: Callable[[Dice, Flavour, Table], Table]) -> Edit:
    def whole(dice: Dice, flavour: Flavour, schema: Schema) -> Schema:
        return changed(schema, edit(dice, flavour, dice.one(schema.tables)))

    whole.__name__ = edit.__name__
    return whole


def _of_column(edit: Callable[[Dice, Flavour, Table, Column], Column]) -> Edit:
    def whole(dice: Dice, flavour: Flavour, table: Table) -> Table:
        column = dice.one(table.columns)
        return with_column(table, edit(dice, flavour, table, column))

    whole.__name__ = edit.__name__
    return _of_table(whole)


def with_column(table: Table, column: Column) -> Table:
    """The table with this column in the place of the one of its name."""
    return replace(table, columns=tuple(column if one.name == column.name else one for one in table.columns))


# -- columns


@_of_table
def add_column(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """Anywhere, now and then a generated one."""
    name = dice.name([column.name for column in table.columns])
    made = a_generated(dice, flavour, name, table.columns) if dice.chance(20) else None
    at = dice.number(0, len(table.columns))
    column = made or a_column(dice, flavour, name)
    return replace(table, columns=(*table.columns[:at], column, *table.columns[at:]))


@_of_table
def drop_column(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """With the parts of indexes that it has."""
    gone = dice.one(table.columns).name
    return replace(table, columns=tuple(column for column in table.columns if column.name != gone))


@_of_table
def move_column(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """To any place."""
    column = dice.one(table.columns)
    others = [one for one in table.columns if one != column]
    at = dice.number(0, len(others))
    return replace(table, columns=(*others[:at], column, *others[at:]))


@_of_column
def change_size(dice: Dice, flavour: Flavour, table: Table, column: Column) -> Column:
    """Widened or narrowed, or another type with like values."""
    return retyped(dice, flavour, column, dice.one(TYPES[column.type.group]))


@_of_column
def change_type(dice: Dice, flavour: Flavour, table: Table, column: Column) -> Column:
    """Of any other kind."""
    return retyped(dice, flavour, column, a_type(dice))


def retyped(dice: Dice, flavour: Flavour, column: Column, of: Type) -> Column:
    """Computed columns keep their type: their expression has it. A default goes with the values that it was one of."""
    if column.generated:
        return column
    if of.group == column.type.group and of.lob == column.type.lob and of.length >= column.type.length:
        return replace(column, type=of)
    return replace(column, type=of, default=a_default(dice, flavour, of) if column.default else "", on_update="")


def change_parent_type(dice: Dice, flavour: Flavour, schema: Schema) -> Schema:
    """A column that foreign keys refer to, and all of theirs with it."""
    keys = [(table, key) for table in schema.tables for key in table.foreign_keys]
    if not keys:
        return schema
    _, chosen = dice.one(keys)
    at = dice.number(0, len(chosen.columns) - 1)
    parent = schema.table(chosen.parent)
    model = parent.column(chosen.parent_columns[at]) if parent else None
    if parent is None or model is None:
        return schema
    of = dice.one(INTEGERS) if model.type.group == "integer" else dice.one(TYPES[model.type.group])
    new = retyped(dice, flavour, model, of)
    group = {(parent.name, model.name)}
    while True:
        more = {
            (table.name, mine)
            for table, key in keys
            for mine, theirs in zip(key.columns, key.parent_columns, strict=True)
            if (key.parent, theirs) in group
        } | {
            (key.parent, theirs)
            for table, key in keys
            for mine, theirs in zip(key.columns, key.parent_columns, strict=True)
            if (table.name, mine) in group
        }
        if more <= group:
            break
        group |= more
    for table_name, column_name in group:
        table = schema.table(table_name)
        column = table.column(column_name) if table else None
        if table and column:
            schema = changed(schema, with_column(table, replace(column, type=new.type, default="", on_update="")))
    return schema


@_of_column
def change_null(dice: Dice, flavour: Flavour, table: Table, column: Column) -> Column:
    """NULL or NOT NULL."""
    return replace(column, nullable=not column.nullable)


@_of_column
def change_default(dice: Dice, flavour: Flavour, table: Table, column: Column) -> Column:
    """Another one, or none."""
    if column.generated:
        return column
    default = a_default(dice, flavour, column.type) if not column.default or dice.chance(50) else ""
    on_update = default if default.startswith("CURRENT_TIMESTAMP") and dice.chance(40) else ""
    return replace(column, default=default, on_update=on_update)


@_of_column
def change_collation(dice: Dice, flavour: Flavour, table: Table, column: Column) -> Column:
    """Its own, or the table's."""
    return replace(column, collation=dice.one((*flavour.collations, "")))


@_of_column
def change_comment(dice: Dice, flavour: Flavour, table: Table, column: Column) -> Column:
    """Of a column."""
    return replace(column, comment="" if column.comment and dice.chance(50) else dice.one(COMMENTS))


@_of_column
def change_hidden(dice: Dice, flavour: Flavour, table: Table, column: Column) -> Column:
    """INVISIBLE or not."""
    return replace(column, hidden=flavour.hidden_columns and not column.hidden and not column.generated)


@_of_column
def change_srid(dice: Dice, flavour: Flavour, table: Table, column: Column) -> Column:
    """The coordinates of a geometry."""
    return replace(column, srid=dice.one((None, 0, 4326))) if flavour.srid else column


@_of_table
def change_counter(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """AUTO_INCREMENT goes, or comes to another column."""
    chosen = dice.one((*(column.name for column in table.columns if column.type.group == "integer"), ""))
    columns = (replace(column, auto=column.name == chosen and not column.generated) for column in table.columns)
    return replace(table, columns=tuple(columns))


@_of_table
def change_generated(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """Another expression, stored or not, or a plain column instead; or a plain one becomes generated."""
    at = dice.number(0, len(table.columns) - 1)
    column = table.columns[at]
    if column.generated and dice.chance(30):
        made = replace(column, stored=not column.stored)
    elif column.generated and dice.chance(40):
        made = replace(column, generated=None, stored=False)
    else:
        made = a_generated(dice, flavour, column.name, table.columns[:at]) or column
    return with_column(table, made)


# -- indexes and constraints


@_of_table
def add_index(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """Of any kind."""
    name = dice.name([index.name for index in table.indexes])
    return replace(table, indexes=(*table.indexes, an_index(dice, flavour, table, name)))


@_of_table
def drop_index(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """Any, the primary key too."""
    if not table.indexes:
        return table
    gone = dice.one(table.indexes)
    return replace(table, indexes=tuple(index for index in table.indexes if index != gone))


@_of_table
def change_index(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """Its columns, its kind, its visibility or its comment."""
    others = [index for index in table.indexes if index.kind != "primary"]
    if not others:
        return table
    index = dice.one(others)
    match dice.number(1, 4):
        case 1:
            made = replace(index, hidden=not index.hidden)
        case 2:
            made = an_index(dice, flavour, table, index.name)
        case 3 if index.kind in ("unique", "plain"):
            made = replace(index, kind="plain" if index.kind == "unique" else "unique")
        case _:
            made = replace(index, comment="" if index.comment else dice.one(COMMENTS))
    return replace(table, indexes=tuple(made if one == index else one for one in table.indexes))


@_of_table
def change_primary(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """Another primary key, or the first one."""
    others = tuple(index for index in table.indexes if index.kind != "primary")
    parts = tuple(part for part in a_key(dice, flavour, table.columns) if part.expr is None)
    new = (Index("PRIMARY", "primary", parts),) if parts else ()
    return replace(table, indexes=(*new, *others))


def add_foreign_key(dice: Dice, flavour: Flavour, schema: Schema) -> Schema:
    """Between any two tables, or one and itself."""
    return with_foreign_key(dice, flavour, schema)


@_of_table
def drop_foreign_key(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """Its index goes with it, as far as it was made for it."""
    if not table.foreign_keys:
        return table
    gone = dice.one(table.foreign_keys)
    return replace(table, foreign_keys=tuple(key for key in table.foreign_keys if key != gone))


@_of_table
def change_foreign_key(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """Its rules."""
    if not table.foreign_keys:
        return table
    key = dice.one(table.foreign_keys)
    made: ForeignKey = replace(key, on_delete=dice.one(RULES), on_update=dice.one(RULES))
    return replace(table, foreign_keys=tuple(made if one == key else one for one in table.foreign_keys))


def add_check(dice: Dice, flavour: Flavour, schema: Schema) -> Schema:
    """Of any table."""
    table = dice.one(schema.tables)
    check = a_check(dice, table, dice.name(checks_of(schema), "check"))
    return changed(schema, replace(table, checks=(*table.checks, check))) if check else schema


@_of_table
def change_check(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """Dropped, another condition, or enforced or not."""
    if not table.checks:
        return table
    check = dice.one(table.checks)
    made: Check | None = None
    match dice.number(1, 3):
        case 1:
            made = replace(check, enforced=not check.enforced)
        case 2:
            made = a_check(dice, table, check.name)
    return replace(table, checks=tuple(new for one in table.checks if (new := made if one == check else one)))


# -- the whole table


@_of_table
def change_partitioning(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """None, another one, or one partition more or less."""
    parts = table.partitioning
    if parts is None or dice.chance(40):
        return replace(table, partitioning=a_partitioning(dice, table))
    if dice.chance(25):
        return replace(table, partitioning=None)
    return replace(table, partitioning=_fewer_or_more(dice, parts))


def _fewer_or_more(dice: Dice, parts: Partitioning) -> Partitioning:
    if parts.count:
        return replace(parts, count=dice.number(1, 5))
    listed = parts.partitions
    if len(listed) > 1 and parts.method.startswith("RANGE") and dice.chance(50):
        gone = dice.one(listed[:-1])
        return replace(parts, partitions=tuple(one for one in listed if one != gone))
    at = dice.number(0, len(listed) - 1)
    changed_one = replace(listed[at], comment=dice.one(("", *COMMENTS)))
    return replace(parts, partitions=(*listed[:at], changed_one, *listed[at + 1 :]))


@_of_table
def change_table(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """Its engine, row format, default collation, options or comment."""
    match dice.number(1, 5):
        case 1:
            return replace(table, comment="" if table.comment else dice.one(COMMENTS))
        case 2:
            return replace(table, row_format=dice.one(("", *ROW_FORMATS)))
        case 3:
            return replace(table, options=dice.some(OPTIONS, 0, 2))
        case 4:
            return replace(table, collation=dice.one(flavour.collations))
        case _:
            return replace(table, engine=dice.one(flavour.engines))


@_of_table
def change_charset(dice: Dice, flavour: Flavour, table: Table) -> Table:
    """The default alone: columns keep what they have."""
    columns = tuple(replace(column, collation=table.collation_of(column)) for column in table.columns)
    return replace(table, columns=columns, collation=dice.one(flavour.collations))


def add_table(dice: Dice, flavour: Flavour, schema: Schema) -> Schema:
    """One more."""
    return with_table(dice, flavour, schema)


def drop_table(dice: Dice, flavour: Flavour, schema: Schema) -> Schema:
    """One less, unless it is the last."""
    if len(schema.tables) < 2:
        return schema
    gone = dice.one(schema.tables)
    return replace(schema, tables=tuple(table for table in schema.tables if table != gone))


EDITS: Sequence[Edit] = (
    add_column,
    drop_column,
    move_column,
    change_size,
    change_type,
    change_null,
    change_default,
    change_collation,
    change_comment,
    change_hidden,
    change_srid,
    change_counter,
    change_generated,
    add_index,
    drop_index,
    change_index,
    change_primary,
    add_foreign_key,
    drop_foreign_key,
    change_foreign_key,
    change_parent_type,
    add_check,
    change_check,
    change_partitioning,
    change_table,
    change_charset,
    add_table,
    drop_table,
    *STORED_EDITS,
)


def edited(dice: Dice, flavour: Flavour, schema: Schema, edit: Edit) -> Schema:
    """The schema after the edit, such that servers take it."""
    return settle(edit(dice, flavour, schema), flavour)


__all__ = ["EDITS", "Edit", "Part", "edited"]
