"""The DDL of the memory engine: one line of JSON per statement, tagged with `do`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from migrate.model.table import ForeignKey, Index, Schema, Table, TableName


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


class DropTable(_Statement, frozen=True, tag="drop_table"):
    """Refused when the table does not exist."""

    table: TableName


Statement = CreateSchema | CreateTable | AddIndexes | AddForeignKeys | DropTable


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
