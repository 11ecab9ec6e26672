"""Which differences are spelling, and which are not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from migrate.engines.mysql import ddl, spelling
from migrate.model.change import (
    AddIndex,
    AlterColumn,
    AlterComment,
    AlterForeignKey,
    AlterIndex,
    AlterPartitioning,
    AlterStorage,
    DropForeignKey,
    MoveColumn,
    TableChange,
)
from migrate.model.table import (
    Check,
    Column,
    ForeignKey,
    Index,
    IndexPart,
    Partition,
    Partitioning,
    Storage,
    TableName,
)
from migrate.model.types import Enum, Integer, Temporal, Text

NAME = TableName("crm", "orders")
BY_NOTE = Index("by_note", "plain", (IndexPart("note"),))
WORDS = Index("words", "fulltext", (IndexPart("note"),))


NUMBER = Column("n", "int(11)", Integer(32), nullable=False)
WORD = Column("w", "varchar(9)", Text("utf8", 9), nullable=False, charset="utf8", collation="utf8_general_ci")
MOMENT = Column("m", "timestamp", Temporal("timestamp"), default="CURRENT_TIMESTAMP", on_update="CURRENT_TIMESTAMP")
HASHED = Partitioning("HASH", "`id`", (Partition("p0"), Partition("p1")))


def altered(actual: Column, **wanted: object) -> TableChange:
    return AlterColumn(NAME, actual, replace(actual, **wanted))


@pytest.mark.parametrize(
    "change",
    [
        altered(NUMBER, native="int"),
        altered(replace(NUMBER, native="bigint(20) unsigned"), native="bigint unsigned"),
        altered(replace(NUMBER, native="year(4)"), native="year"),
        altered(replace(NUMBER, default="1"), default="'1'"),
        altered(replace(NUMBER, native="decimal(10,2)", default="0.00"), default="0"),
        altered(WORD, type=Text("utf8mb3", 9), charset="utf8mb3", collation="utf8mb3_general_ci", native="VARCHAR(9)"),
        altered(MOMENT, default="current_timestamp()", on_update="current_timestamp()", default_is_expression=True),
        altered(replace(MOMENT, default="CURRENT_TIMESTAMP(6)"), default="current_timestamp(6)"),
        altered(replace(NUMBER, generated="((`a` + 1))"), generated="`a`  +  1"),
        altered(replace(NUMBER, generated="concat(`a`, 'X')"), generated="CONCAT(`a`,'X')"),
        altered(replace(NUMBER, default="(uuid())", default_is_expression=True), default="UUID()"),
        AlterIndex(NAME, BY_NOTE, replace(BY_NOTE, method="BTREE")),
        AlterIndex(NAME, WORDS, replace(WORDS, method="FULLTEXT")),
        AlterStorage(
            NAME,
            Storage("InnoDB", True, "Dynamic", "utf8", "utf8_general_ci", ("partitioned", "row_format=DYNAMIC", "a=1")),
            Storage("InnoDB", True, "", "utf8mb3", "utf8mb3_general_ci", ("a=1",)),
        ),
        AlterPartitioning(NAME, HASHED, replace(HASHED, expression="id", method="hash")),
    ],
)
def test_a_difference_of_spelling_is_none(change: TableChange) -> None:
    assert ddl.same(change)


@pytest.mark.parametrize(
    "change",
    [
        altered(NUMBER, native="bigint(11)"),
        altered(replace(NUMBER, native="tinyint(1)"), native="tinyint(4)"),
        altered(replace(NUMBER, native="int(5) unsigned zerofill"), native="int(6) unsigned zerofill"),
        altered(NUMBER, native="int unsigned"),
        altered(NUMBER, nullable=True),
        altered(replace(NUMBER, default="1"), default="2"),
        altered(NUMBER, default="0"),
        altered(WORD, default="'1'"),
        altered(replace(WORD, default="1"), default="1.0"),
        altered(WORD, charset="utf8mb4", collation="utf8mb4_general_ci", type=Text("utf8mb4", 9)),
        altered(WORD, collation="utf8_bin"),
        altered(WORD, comment="x"),
        altered(Column("e", "enum('a')", Enum(("a",))), native="enum('A')"),
        altered(MOMENT, default="CURRENT_TIMESTAMP(6)"),
        altered(MOMENT, on_update=""),
        altered(replace(WORD, default="CURRENT_TIMESTAMP"), default="current_timestamp()"),
        altered(replace(NUMBER, generated="concat(`a`,'x')"), generated="concat(`a`,'X')"),
        altered(replace(NUMBER, generated="(`a`) + (`b`)"), generated="`a`) + (`b`"),
        altered(replace(NUMBER, generated="_utf8mb4\\'A\\'"), generated="_utf8mb4\\'a\\'"),
        AlterIndex(NAME, BY_NOTE, replace(BY_NOTE, comment="x")),
        AlterIndex(NAME, BY_NOTE, replace(BY_NOTE, method="HASH")),
        AlterIndex(NAME, BY_NOTE, replace(BY_NOTE, visible=False)),
        AlterStorage(NAME, Storage("InnoDB"), Storage("MyISAM")),
        AlterStorage(NAME, Storage("InnoDB", row_format="Dynamic"), Storage("InnoDB", row_format="Compressed")),
        AlterStorage(NAME, Storage("InnoDB", options=("max_rows=1",)), Storage("InnoDB")),
        AlterPartitioning(NAME, HASHED, None),
        AlterPartitioning(NAME, None, HASHED),
        AlterPartitioning(NAME, HASHED, replace(HASHED, partitions=(Partition("p0"),))),
        AlterComment(NAME, "a", "A"),
        MoveColumn(NAME, "n"),
        AddIndex(NAME, BY_NOTE),
        DropForeignKey(NAME, ForeignKey("f", ("a",), NAME, ("a",))),
    ],
)
def test_a_real_difference_is_one(change: TableChange) -> None:
    assert not ddl.same(change)


def test_restrict_and_no_action_do_the_same_and_cascade_does_not() -> None:
    key = ForeignKey("f", ("a",), NAME, ("a",), on_update="RESTRICT", on_delete="NO ACTION")
    assert ddl.same(AlterForeignKey(NAME, key, replace(key, on_update="NO ACTION", on_delete="RESTRICT")))
    assert not ddl.same(AlterForeignKey(NAME, key, replace(key, on_delete="CASCADE")))
    assert spelling.same_foreign_key(key, replace(key, on_update="NO ACTION", on_delete="RESTRICT"))
    assert not spelling.same_foreign_key(key, replace(key, on_delete="CASCADE"))
    assert not spelling.same_foreign_key(key, replace(key, name="g"))


def test_a_check_in_parentheses_is_the_same_check() -> None:
    check = Check("c", "((`a` > 1) and (`b` <> 'X'))")
    assert spelling.same_check(check, replace(check, expression="(`a` > 1) AND (`b` <> 'X')"))
    assert not spelling.same_check(check, replace(check, expression="(`a` > 1) and (`b` <> 'x')"))
    assert not spelling.same_check(check, replace(check, enforced=False))
