"""What must happen to make one catalog like another: the output of diff, the input of the planner."""

from __future__ import annotations

import msgspec

from migrate.model.table import (
    Check,
    Column,
    ForeignKey,
    Index,
    Partitioning,
    Schema,
    Storage,
    StoredObject,
    Table,
    TableName,
)


class _Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="change"):
    pass


class CreateSchema(_Change, frozen=True, tag="create_schema"):
    """The schema does not exist."""

    schema: Schema


class CreateTable(_Change, frozen=True, tag="create_table"):
    """The table does not exist; foreign keys are changes of their own."""

    table: Table


class CreateStored(_Change, frozen=True, tag="create_stored"):
    """The stored object does not exist."""

    stored: StoredObject


class AlterStored(_Change, frozen=True, tag="alter_stored"):
    """A stored object of that kind and name is there and is not as wanted."""

    actual: StoredObject
    wanted: StoredObject


class _TableChange(_Change, frozen=True):
    table: TableName


class AddColumn(_TableChange, frozen=True, tag="add_column"):
    """`after` is the column before it, empty for the first place."""

    column: Column
    after: str = ""


class AlterColumn(_TableChange, frozen=True, tag="alter_column"):
    """The column is there and is not as wanted."""

    actual: Column
    wanted: Column


class MoveColumn(_TableChange, frozen=True, tag="move_column"):
    """The column stands in another place."""

    column: str
    after: str = ""


class DropColumn(_TableChange, frozen=True, tag="drop_column"):
    """The column is not wanted."""

    column: Column


class AddIndex(_TableChange, frozen=True, tag="add_index"):
    """The index is missing."""

    index: Index


class AlterIndex(_TableChange, frozen=True, tag="alter_index"):
    """An index of that name is there and is not as wanted."""

    actual: Index
    wanted: Index


class DropIndex(_TableChange, frozen=True, tag="drop_index"):
    """The index is not wanted."""

    index: Index


class AddForeignKey(_TableChange, frozen=True, tag="add_foreign_key"):
    """The foreign key is missing."""

    foreign_key: ForeignKey


class DropForeignKey(_TableChange, frozen=True, tag="drop_foreign_key"):
    """The foreign key is not wanted."""

    foreign_key: ForeignKey


class AlterForeignKey(_TableChange, frozen=True, tag="alter_foreign_key"):
    """A foreign key of that name is there and is not as wanted: it is dropped first and added last."""

    actual: ForeignKey
    wanted: ForeignKey


class AddCheck(_TableChange, frozen=True, tag="add_check"):
    """The check is missing."""

    check: Check


class DropCheck(_TableChange, frozen=True, tag="drop_check"):
    """The check is not wanted."""

    check: Check


class AlterCheck(_TableChange, frozen=True, tag="alter_check"):
    """A check of that name is there and is not as wanted: it is dropped first and added after the columns."""

    actual: Check
    wanted: Check


class AlterStorage(_TableChange, frozen=True, tag="alter_storage"):
    """Engine, row format, default charset or options differ."""

    actual: Storage
    wanted: Storage


class AlterPartitioning(_TableChange, frozen=True, tag="alter_partitioning"):
    """Rows are spread differently."""

    actual: Partitioning | None
    wanted: Partitioning | None


class AlterComment(_TableChange, frozen=True, tag="alter_comment"):
    """The table's comment differs."""

    actual: str
    wanted: str


TableChange = (
    AddColumn
    | AlterColumn
    | MoveColumn
    | DropColumn
    | AddIndex
    | AlterIndex
    | DropIndex
    | AddForeignKey
    | AlterForeignKey
    | DropForeignKey
    | AddCheck
    | AlterCheck
    | DropCheck
    | AlterStorage
    | AlterPartitioning
    | AlterComment
)
StoredChange = CreateStored | AlterStored
Change = CreateSchema | CreateTable | TableChange | StoredChange
