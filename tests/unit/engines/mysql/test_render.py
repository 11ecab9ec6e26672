"""CREATE TABLE from the model: what it says, and that it can be cut like a server's own."""

from __future__ import annotations

import pytest

from migrate.engines.mysql.render import create_table, string
from migrate.model.table import Check, Column, Index, IndexPart, Partition, Partitioning, Storage, Table, TableName
from migrate.model.types import Binary, Bit, Geometry, Integer, Temporal, Text
from migrate.sql import items
from tests.unit.engines.mysql.targets import MARIADB_11, MYSQL_8

NAME = TableName("shop", "odd `name`")
TABLE = Table(
    name=NAME,
    columns=(
        Column("id", "bigint unsigned", Integer(64, signed=False), nullable=False, auto_increment=True),
        Column(
            "s",
            "varchar(9)",
            Text("utf8mb4", 9),
            default="it's \\",
            charset="utf8mb4",
            collation="utf8mb4_bin",
            comment="a 'comment'",
        ),
        Column("g", "int", Integer(32), generated=r"concat(`s`,\'x\')", stored=True, invisible=True),
        Column("m", "datetime(3)", Temporal("datetime", 3), default="CURRENT_TIMESTAMP(3)", default_is_expression=True),
        Column("t", "timestamp", Temporal("timestamp"), on_update="CURRENT_TIMESTAMP"),
        Column("u", "char(36)", Text("ascii", 36, True), default="uuid()", default_is_expression=True),
        Column("b", "bit(3)", Bit(3), default="b'101'"),
        Column("y", "binary(3)", Binary(3, True), default="0x6142"),
        Column("p", "point", Geometry("point"), nullable=False, srid=4326),
    ),
    indexes=(
        Index("PRIMARY", "primary", (IndexPart("id"),), "BTREE"),
        Index("k", "unique", (IndexPart("s", prefix=3), IndexPart("b", descending=True)), "BTREE", visible=False),
        Index("sp", "spatial", (IndexPart("p"),)),
    ),
    checks=(Check("c", r"(`s` <> \'\')"), Check("s", "json_valid(`s`)")),
    storage=Storage("InnoDB", True, "Compressed", "utf8mb4", "utf8mb4_bin", ("KEY_BLOCK_SIZE=8",)),
    comment="x",
)


def test_mysql_reads_what_the_model_says() -> None:
    assert create_table(TABLE, MYSQL_8) == (
        "CREATE TABLE `odd ``name``` (\n"
        "  `id` bigint unsigned NOT NULL AUTO_INCREMENT,\n"
        "  `s` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT 'it''s \\\\' COMMENT 'a ''comment''',\n"
        "  `g` int GENERATED ALWAYS AS (concat(`s`,'x')) STORED INVISIBLE,\n"
        "  `m` datetime(3) DEFAULT CURRENT_TIMESTAMP(3),\n"
        "  `t` timestamp NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP,\n"
        "  `u` char(36) DEFAULT (uuid()),\n"
        "  `b` bit(3) DEFAULT b'101',\n"
        "  `y` binary(3) DEFAULT x'6142',\n"
        "  `p` point NOT NULL SRID 4326,\n"
        "  PRIMARY KEY (`id`),\n"
        "  UNIQUE KEY `k` (`s`(3), `b` DESC) INVISIBLE,\n"
        "  SPATIAL KEY `sp` (`p`),\n"
        "  CONSTRAINT `c` CHECK ((`s` <> '')),\n"
        "  CONSTRAINT `s` CHECK (json_valid(`s`))\n"
        ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 COMMENT='x'"
    )


def test_mariadb_has_checks_of_columns_and_ignored_indexes() -> None:
    text = create_table(TABLE, MARIADB_11)
    assert "COMMENT 'a ''comment''' CHECK (json_valid(`s`)),\n" in text
    assert "UNIQUE KEY `k` (`s`(3), `b` DESC) IGNORED,\n" in text
    assert "`p` point NOT NULL,\n" in text
    assert "CONSTRAINT `s`" not in text


@pytest.mark.parametrize("here", [MYSQL_8, MARIADB_11], ids=["mysql", "mariadb"])
def test_it_is_cut_like_the_text_of_a_server(here: object) -> None:
    cut = items(create_table(TABLE, here))  # type: ignore[arg-type]  # a dialect
    kinds = [(item.kind, item.name) for item in cut.items]
    assert kinds[:9] == [("column", column.name) for column in TABLE.columns]
    assert kinds[9:12] == [("primary", "PRIMARY"), ("unique", "k"), ("spatial", "sp")]
    assert kinds[12] == ("check", "c")


def test_a_default_of_bytes_is_said_as_it_was_told() -> None:
    assert "`y` binary(3) DEFAULT 'a\\0b',\n" in create_table(TABLE, MYSQL_8, {"y": "'a\\0b'"})


def test_partitions_are_said_one_by_one() -> None:
    parts = Partitioning(
        "RANGE",
        "to_days(`d`)",
        (
            Partition("p0", "LESS THAN (10)", "it's", ("s0", "s1")),
            Partition("p 1", "LESS THAN MAXVALUE", "", ("s2", "s3")),
        ),
        "HASH",
        "`a`",
    )
    table = Table(NAME, (Column("a", "int", Integer(32)),), partitioning=parts, storage=Storage("InnoDB"))
    assert create_table(table, MYSQL_8).partition("ENGINE=InnoDB")[2] == (
        "\nPARTITION BY RANGE (to_days(`d`))\nSUBPARTITION BY HASH (`a`)\nSUBPARTITIONS 2\n"
        "(PARTITION `p0` VALUES LESS THAN (10) COMMENT = 'it''s' (SUBPARTITION `s0`, SUBPARTITION `s1`),\n"
        " PARTITION `p 1` VALUES LESS THAN MAXVALUE (SUBPARTITION `s2`, SUBPARTITION `s3`))"
    )


def test_a_string_means_every_letter_of_it() -> None:
    assert string("a'b\\c\0\n\r\x1a") == "'a''b\\\\c\\0\\n\\r\\Z'"
