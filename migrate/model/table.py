"""What a schema holds: tables with everything they have, and the other objects."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from migrate.model.types import NeutralType


class _Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


_PLAIN = re.compile(r"[\w$]+\Z")


def spell(part: str) -> str:
    """One part of a name as people write it: bare where that is unambiguous, else in backticks."""
    return part if _PLAIN.match(part) else "`" + part.replace("`", "``") + "`"


class TableName(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """A name inside one endpoint. `catalog` is empty for engines that have none."""

    schema: str
    name: str
    catalog: str = ""

    def __str__(self) -> str:
        return ".".join(spell(part) for part in (self.catalog, self.schema, self.name) if part)


class ObjectRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """A table on an endpoint, written `endpoint:schema.table`."""

    endpoint: str
    table: TableName

    def __str__(self) -> str:
        return f"{self.endpoint}:{self.table}"


class Column(_Value, frozen=True):
    """`native` is the engine's own type text; `default` is None when there is none (then NULL, if nullable)."""

    name: str
    native: str
    type: NeutralType
    nullable: bool = True
    default: str | None = None
    default_is_expression: bool = False
    on_update: str = ""
    auto_increment: bool = False
    generated: str = ""
    stored: bool = False
    invisible: bool = False
    charset: str = ""
    collation: str = ""
    srid: int | None = None
    comment: str = ""


class IndexPart(_Value, frozen=True):
    """A column (with `prefix` characters of it when not 0) or an expression."""

    column: str = ""
    expression: str = ""
    prefix: int = 0
    descending: bool = False


IndexKind = Literal["primary", "unique", "plain", "fulltext", "spatial"]


class Index(_Value, frozen=True):
    """An index over `parts`, in their order."""

    name: str
    kind: IndexKind
    parts: tuple[IndexPart, ...]
    method: str = ""
    visible: bool = True
    parser: str = ""
    comment: str = ""


class ForeignKey(_Value, frozen=True):
    """`columns` of this table refer to `referenced_columns` of `referenced`, pair by pair."""

    name: str
    columns: tuple[str, ...]
    referenced: TableName
    referenced_columns: tuple[str, ...]
    on_update: str = "NO ACTION"
    on_delete: str = "NO ACTION"


class Check(_Value, frozen=True):
    """A CHECK constraint."""

    name: str
    expression: str
    enforced: bool = True


class Partition(_Value, frozen=True):
    """One partition; `bound` is the text of its VALUES clause, empty where the method has none."""

    name: str
    bound: str = ""
    comment: str = ""
    subpartitions: tuple[str, ...] = ()


class Partitioning(_Value, frozen=True):
    """How rows are spread over partitions."""

    method: str
    expression: str
    partitions: tuple[Partition, ...]
    submethod: str = ""
    subexpression: str = ""


class Storage(_Value, frozen=True):
    """`transactional` says whether a rollback undoes rows; `options` are the engine's own words, sorted."""

    engine: str = ""
    transactional: bool = True
    row_format: str = ""
    charset: str = ""
    collation: str = ""
    options: tuple[str, ...] = ()


class Table(_Value, frozen=True):
    """Everything a table has but its rows. Two tables are equal when `==` says so."""

    name: TableName
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    partitioning: Partitioning | None = None
    storage: Storage = Storage()
    comment: str = ""


StoredKind = Literal["sequence", "procedure", "function", "view", "trigger", "event"]
"""In the order in which they are made."""


class StoredObject(_Value, frozen=True):
    """A view, trigger, routine, event or sequence: words that the server keeps. Two are equal when `==` says so.

    `text` is all that defines it but its name, its definer and its settings, in the words of the server's dictionary.
    `definer` is an account, `user@host`; empty: none, or any will do. `settings` are the system variables under which
    the server reads the words (sql_mode, character_set_client, collation_connection, time_zone), by name.

    A trigger is in the schema of its `table` (a bare name); it is the `order`-th of those with its `timing` (BEFORE,
    AFTER) and `event` (INSERT, UPDATE, DELETE), from 1. `enabled` says whether an event runs. `broken` is what the
    server itself finds wrong with the object, such as a view of a table that is gone.
    """

    kind: StoredKind
    name: TableName
    text: str = ""
    definer: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    table: str = ""
    timing: str = ""
    event: str = ""
    order: int = 0
    enabled: bool = True
    broken: str = ""

    @property
    def key(self) -> StoredKey:
        """Kinds have namespaces of their own: a procedure may be called like a view."""
        return self.kind, self.name


StoredKey = tuple[StoredKind, TableName]


class Use(_Value, frozen=True):
    """The object `by` reads or calls `of`: a table, view or sequence (`relation`), a function or a procedure.

    Where the server does not tell, it is found by names in the object's words, and may be more than there is.
    """

    by: StoredKey
    kind: Literal["relation", "function", "procedure"]
    of: TableName


class Statistics(_Value, frozen=True):
    """What moves with the data: rows, bytes of data, the next AUTO_INCREMENT value."""

    table: TableName
    rows: int = 0
    bytes: int = 0
    auto_increment: int | None = None


class Catalog(_Value, frozen=True):
    """What one endpoint holds within some patterns, sorted by name.

    `statistics` and `uses` are no part of any hash; `schemas` are those that exist, with their default charset and
    collation.
    """

    schemas: tuple[Schema, ...] = ()
    tables: tuple[Table, ...] = ()
    stored: tuple[StoredObject, ...] = ()
    uses: tuple[Use, ...] = ()
    statistics: tuple[Statistics, ...] = ()

    def by_name(self) -> dict[TableName, Table]:
        """Every table under its name."""
        return {table.name: table for table in self.tables}

    def stored_by_key(self) -> dict[StoredKey, StoredObject]:
        """Every stored object under its kind and name."""
        return {stored.key: stored for stored in self.stored}


class Schema(_Value, frozen=True):
    """A schema (a database, in MySQL's words)."""

    name: str
    charset: str = ""
    collation: str = ""
    catalog: str = ""
