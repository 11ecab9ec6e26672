"""A schema as the walk makes it up, and the statements that make it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tests.walk.flavours import Flavour
from tests.walk.spelt import quote, string
from tests.walk.stored import Event, Names, Routine, Stored, Trigger, View

Group = Literal[
    "integer", "decimal", "float", "bit", "text", "member", "binary", "date", "moment", "time", "year", "json", "place"
]
"""What values a type has: those of one group are read alike."""


@dataclass(frozen=True)
class Type:
    """`word` with `size` in parentheses; `length` in characters or bytes where it has one."""

    word: str
    group: Group
    size: str = ""
    unsigned: bool = False

    @property
    def sql(self) -> str:
        size = f"({self.size})" if self.size else ""
        return f"{self.word}{size}{' unsigned' if self.unsigned else ''}"

    @property
    def length(self) -> int:
        """0 for a type without one."""
        return int(self.size) if self.size.isdigit() and self.group in ("text", "binary") else 0

    @property
    def lob(self) -> bool:
        """Whether an index can have only a prefix of it."""
        return self.word.endswith(("text", "blob"))

    @property
    def has_charset(self) -> bool:
        return self.group in ("text", "member")


@dataclass(frozen=True)
class Expr:
    """SQL in which @1, @2 … stand for columns; each must be of the group beside it."""

    text: str
    names: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()

    @property
    def sql(self) -> str:
        return re.sub(r"@(\d)", lambda match: quote(self.names[int(match[1]) - 1]), self.text)


@dataclass(frozen=True)
class Column:
    """`default` is SQL. A column without `collation` has the table's."""

    name: str
    type: Type
    nullable: bool = True
    default: str = ""
    on_update: str = ""
    auto: bool = False
    generated: Expr | None = None
    stored: bool = False
    collation: str = ""
    hidden: bool = False
    srid: int | None = None
    comment: str = ""

    def sql(self, flavour: Flavour) -> str:
        words = [quote(self.name), self.type.sql]
        if self.type.has_charset and self.collation:
            words.append(f"CHARACTER SET {self.collation.partition('_')[0]} COLLATE {self.collation}")
        if self.generated:
            words.append(f"GENERATED ALWAYS AS ({self.generated.sql}) {'STORED' if self.stored else 'VIRTUAL'}")
        if not (self.generated and flavour.maria):
            words.append("NULL" if self.nullable else "NOT NULL")
        if self.srid is not None:
            words.append(f"SRID {self.srid}")
        if self.default:
            words.append(f"DEFAULT {self.default}")
        if self.on_update:
            words.append(f"ON UPDATE {self.on_update}")
        if self.auto:
            words.append("AUTO_INCREMENT")
        if self.hidden:
            words.append("INVISIBLE")
        if self.comment:
            words.append(f"COMMENT {string(self.comment)}")
        return " ".join(words)


@dataclass(frozen=True)
class Part:
    """Of an index: a column, a prefix of it, or an expression."""

    column: str = ""
    expr: Expr | None = None
    prefix: int = 0
    descending: bool = False

    @property
    def sql(self) -> str:
        what = f"({self.expr.sql})" if self.expr else quote(self.column)
        return f"{what}{f'({self.prefix})' if self.prefix else ''}{' DESC' if self.descending else ''}"

    @property
    def columns(self) -> tuple[str, ...]:
        return self.expr.names if self.expr else (self.column,)


IndexKind = Literal["primary", "unique", "plain", "fulltext", "spatial"]


@dataclass(frozen=True)
class Index:
    """The primary key is called PRIMARY."""

    name: str
    kind: IndexKind
    parts: tuple[Part, ...]
    hidden: bool = False
    comment: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for part in self.parts for name in part.columns)

    def sql(self, flavour: Flavour) -> str:
        head = {"primary": "PRIMARY KEY", "plain": "KEY"}.get(self.kind, f"{self.kind.upper()} KEY")
        name = "" if self.kind == "primary" else f" {quote(self.name)}"
        words = [f"{head}{name} ({', '.join(part.sql for part in self.parts)})"]
        if self.comment:
            words.append(f"COMMENT {string(self.comment)}")
        if self.hidden:
            words.append(flavour.hidden)
        return " ".join(words)


@dataclass(frozen=True)
class ForeignKey:
    """To a table of the same schema."""

    name: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    on_delete: str = ""
    on_update: str = ""

    @property
    def sql(self) -> str:
        mine, theirs = (", ".join(map(quote, names)) for names in (self.columns, self.parent_columns))
        rules = "".join(
            f" ON {word} {rule}" for word, rule in (("DELETE", self.on_delete), ("UPDATE", self.on_update)) if rule
        )
        return f"CONSTRAINT {quote(self.name)} FOREIGN KEY ({mine}) REFERENCES {quote(self.parent)} ({theirs}){rules}"


@dataclass(frozen=True)
class Check:
    """A constraint of the table."""

    name: str
    expr: Expr
    enforced: bool = True

    @property
    def sql(self) -> str:
        return f"CONSTRAINT {quote(self.name)} CHECK ({self.expr.sql}){'' if self.enforced else ' NOT ENFORCED'}"


@dataclass(frozen=True)
class Partition:
    """`values` is what follows VALUES."""

    name: str
    values: str
    comment: str = ""

    @property
    def sql(self) -> str:
        comment = f" COMMENT = {string(self.comment)}" if self.comment else ""
        return f"PARTITION {quote(self.name)} VALUES {self.values}{comment}"


@dataclass(frozen=True)
class Partitioning:
    """`method` with its expression: either `count` partitions, or those that are listed. `sub`: two of them by HASH."""

    method: Literal["HASH", "LINEAR HASH", "KEY", "LINEAR KEY", "RANGE", "LIST", "RANGE COLUMNS", "LIST COLUMNS"]
    expr: Expr
    count: int = 0
    partitions: tuple[Partition, ...] = ()
    sub: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.expr.names, *([self.sub] if self.sub else []))))

    @property
    def sql(self) -> str:
        text = f"PARTITION BY {self.method} ({self.expr.sql})"
        if self.sub:
            text += f" SUBPARTITION BY HASH ({quote(self.sub)}) SUBPARTITIONS 2"
        if self.count:
            return f"{text} PARTITIONS {self.count}"
        return f"{text} ({', '.join(partition.sql for partition in self.partitions)})"


@dataclass(frozen=True)
class Table:
    """`options` are further ones, such as STATS_PERSISTENT=1."""

    name: str
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    partitioning: Partitioning | None = None
    engine: str = "InnoDB"
    row_format: str = ""
    collation: str = "utf8mb4_bin"
    comment: str = ""
    options: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def collation_of(self, column: Column) -> str:
        return (column.collation or self.collation) if column.type.has_charset else ""

    @property
    def primary(self) -> Index | None:
        return next((index for index in self.indexes if index.kind == "primary"), None)

    def sql(self, flavour: Flavour) -> str:
        """CREATE TABLE without foreign keys."""
        lines = [column.sql(flavour) for column in self.columns]
        lines += [index.sql(flavour) for index in self.indexes]
        lines += [check.sql for check in self.checks]
        charset = self.collation.partition("_")[0]
        tail = [f"ENGINE={self.engine}", f"DEFAULT CHARSET={charset} COLLATE={self.collation}"]
        if self.row_format:
            tail.append(f"ROW_FORMAT={self.row_format}")
        tail += self.options
        if self.comment:
            tail.append(f"COMMENT={string(self.comment)}")
        text = f"CREATE TABLE {quote(self.name)} (\n  " + ",\n  ".join(lines) + f"\n) {' '.join(tail)}"
        return text + (f"\n{self.partitioning.sql}" if self.partitioning else "")

    def foreign_keys_sql(self) -> str:
        """One ALTER TABLE that adds them all."""
        return f"ALTER TABLE {quote(self.name)} " + ", ".join(f"ADD {key.sql}" for key in self.foreign_keys)


@dataclass(frozen=True)
class Schema:
    """Everything that one side of a walk holds."""

    tables: tuple[Table, ...] = ()
    routines: tuple[Routine, ...] = ()
    views: tuple[View, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    events: tuple[Event, ...] = ()

    def table(self, name: str) -> Table | None:
        return next((table for table in self.tables if table.name == name), None)

    def sql(self, flavour: Flavour) -> list[str]:
        """The statements that make its tables in the current, empty schema."""
        statements = [table.sql(flavour) for table in self.tables]
        return statements + [table.foreign_keys_sql() for table in self.tables if table.foreign_keys]

    def stored_sql(self, names: Names) -> list[str]:
        """The statements that make everything else."""
        every: tuple[Stored, ...] = (*self.routines, *self.views, *self.triggers, *self.events)
        return [statement for one in every for statement in one.sql(names)]


def named(found: Sequence[str]) -> str:
    """Names for a column list."""
    return ", ".join(map(quote, found))
