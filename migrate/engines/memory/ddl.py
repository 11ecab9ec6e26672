"""The DDL of the memory engine: one line of JSON per statement, tagged with `do`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from migrate.model.change import TableChange
from migrate.model.table import ForeignKey, Index, Schema, StoredKind, StoredObject, Table, TableName


class _Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    pass


class CreateSchema(_Statement, frozen=True, tag="create_schema"):
    """Refused when the schema exists."""

    schema: Schema


class CreateTable(_Statement, frozen=True, tag="create_table"):
    """Refused when the table exists, or its schema does not."""

    table: Table


class AddIndexes(_Statement, frozen=True, tag="add_indexes"):
    """Refused when the table does not exist, has one of that name, or has rows that a unique one forbids."""

    table: TableName
    indexes: tuple[Index, ...]


class AddForeignKeys(_Statement, frozen=True, tag="add_foreign_keys"):
    """Refused when a table or column is missing, or the name is taken; rows are not looked at (see orphans)."""

    table: TableName
    foreign_keys: tuple[ForeignKey, ...]


class DropForeignKeys(_Statement, frozen=True, tag="drop_foreign_keys"):
    """Refused when the table does not exist, or has no foreign key of one of these names."""

    table: TableName
    names: tuple[str, ...]


class AlterTable(_Statement, frozen=True, tag="alter_table"):
    """All changes or none. Refused when one names what is not there, or when a row does not fit what is made of it."""

    table: TableName
    changes: tuple[TableChange, ...]


class DropTable(_Statement, frozen=True, tag="drop_table"):
    """Refused when the table does not exist; its triggers go with it."""

    table: TableName


class CreateStored(_Statement, frozen=True, tag="create_stored"):
    """A view is made or replaced, anything else is refused when it exists. Settings are those of the session.

    Refused also without its schema, a trigger without its table, and a view that reads what is not there. Without a
    definer the account that asks becomes it.
    """

    stored: StoredObject


class DropStored(_Statement, frozen=True, tag="drop_stored"):
    """Refused when it does not exist."""

    kind: StoredKind
    name: TableName


class EnableEvent(_Statement, frozen=True, tag="enable_event"):
    """Refused when it does not exist."""

    name: TableName


Statement = (
    CreateSchema
    | CreateTable
    | AddIndexes
    | AddForeignKeys
    | DropForeignKeys
    | AlterTable
    | DropTable
    | CreateStored
    | DropStored
    | EnableEvent
)


def write(statement: Statement) -> str:
    """The text of a statement."""
    return msgspec.json.encode(statement).decode()


def read(text: str) -> Statement:
    """The statement of a text. Raises msgspec.MsgspecError when it is none."""
    statement: Statement = msgspec.json.decode(text, type=Statement)
    return statement


def define(table: Table) -> str:
    """The server's own DDL of a table: the statement that makes it as it is, foreign keys and all."""
    return write(CreateTable(table))


def create_table(table: Table, deferred: Sequence[Index]) -> str:
    """The statement that makes the table without its foreign keys and without `deferred`."""
    later = {index.name for index in deferred}
    indexes = tuple(index for index in table.indexes if index.name not in later)
    return write(CreateTable(msgspec.structs.replace(table, foreign_keys=(), indexes=indexes)))
