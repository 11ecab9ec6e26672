"""Random whole schemas."""

from __future__ import annotations

from dataclasses import replace

from tests.walk.dice import Dice
from tests.walk.flavours import Flavour
from tests.walk.model import ForeignKey, Schema, Table
from tests.walk.parts import a_table
from tests.walk.stored_parts import with_stored
from tests.walk.valid import settle

RULES = ("", "CASCADE", "SET NULL", "RESTRICT", "NO ACTION")


def a_schema(dice: Dice, flavour: Flavour) -> Schema:
    """One to five tables, some with foreign keys between them."""
    schema = Schema()
    for _ in range(dice.number(1, 5)):
        schema = with_table(dice, flavour, schema)
    for _ in range(dice.number(0, 3)):
        schema = with_foreign_key(dice, flavour, schema)
    schema = settle(schema, flavour)
    for _ in range(dice.number(0, 4)):
        schema = with_stored(dice, schema)
    return settle(schema, flavour)


def checks_of(schema: Schema) -> list[str]:
    """Names of checks: they are unique in a schema."""
    return [check.name for table in schema.tables for check in table.checks]


def with_table(dice: Dice, flavour: Flavour, schema: Schema) -> Schema:
    """And one more table."""
    name = dice.name([table.name for table in schema.tables])
    return replace(schema, tables=(*schema.tables, a_table(dice, flavour, name, checks_of(schema))))


def changed(schema: Schema, table: Table) -> Schema:
    """The schema with this table in the place of the one of its name."""
    return replace(schema, tables=tuple(table if one.name == table.name else one for one in schema.tables))


def with_foreign_key(dice: Dice, flavour: Flavour, schema: Schema) -> Schema:
    """And one more foreign key, its columns made when there are none; the same when no table can have one."""
    schema = settle(schema, flavour)
    parents = [
        (table, index)
        for table in schema.tables
        for index in table.indexes
        if table.engine == "InnoDB" and table.partitioning is None and index.kind in ("primary", "unique")
        if not any(part.prefix or part.expr for part in index.parts)
    ]
    children = [table for table in schema.tables if table.engine == "InnoDB" and table.partitioning is None]
    if not parents or not children:
        return schema
    parent, index = dice.one(parents)
    child = dice.one(children)
    taken = [key.name for table in schema.tables for key in table.foreign_keys]
    columns = list(child.columns)
    names = []
    for part in index.parts:
        model = parent.column(part.column)
        if model is None:
            return schema
        alike = [column.name for column in columns if column.type == model.type and not column.auto]
        if alike and dice.chance(50):
            names.append(dice.one(alike))
            continue
        collation = parent.collation_of(model)
        column = replace(
            model,
            name=dice.name([one.name for one in columns]),
            nullable=not dice.chance(30),
            auto=False,
            default="",
            on_update="",
            hidden=False,
            collation="" if collation == child.collation else collation,
        )
        columns.append(column)
        names.append(column.name)
    if len(set(names)) < len(names):
        return schema
    key = ForeignKey(
        dice.name([*taken, *(one.name for one in child.indexes)], "fk"),
        tuple(names),
        parent.name,
        tuple(part.column for part in index.parts),
        dice.one(RULES),
        dice.one(RULES),
    )
    child = replace(child, columns=tuple(columns), foreign_keys=(*child.foreign_keys, key))
    return changed(schema, child)
