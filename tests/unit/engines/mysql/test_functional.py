"""Types of expressions that MySQL indexes."""

from __future__ import annotations

import pytest

from migrate.engines.mysql.functional import KeyType, type_of
from migrate.model.table import Column
from migrate.model.types import Decimal, Integer, Temporal, Text

BIN = ("utf8mb4", "utf8mb4_bin")
COLUMNS = (
    Column("a", "int", Integer(32)),
    Column("u", "int unsigned", Integer(32, signed=False)),
    Column("d", "decimal(5,2)", Decimal(5, 2)),
    Column("s", "varchar(30)", Text("utf8mb4", 30), charset=BIN[0], collation=BIN[1]),
    Column("l", "varchar(9)", Text("latin1", 9), charset="latin1", collation="latin1_bin"),
    Column("t", "text", Text("utf8mb4"), charset=BIN[0], collation=BIN[1]),
    Column("m", "datetime", Temporal("datetime")),
)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("lower(`s`)", KeyType("varchar(30)", *BIN)),
        ("(upper(`S`))", KeyType("varchar(30)", *BIN)),
        ("left(`s`,3)", KeyType("varchar(3)", *BIN)),
        ("substr(`s`,2,5)", KeyType("varchar(5)", *BIN)),
        ("concat(`s`,_utf8mb4'-',`s`)", KeyType("varchar(61)", *BIN)),
        ("(lower(`s`) collate utf8mb4_general_ci)", KeyType("varchar(30)", "utf8mb4", "utf8mb4_general_ci")),
        (
            "(cast(json_unquote(json_extract(`t`,_utf8mb4'$.n')) as char(30) charset utf8mb4) collate utf8mb4_bin)",
            KeyType("varchar(30)", *BIN),
        ),
        ("cast(`t` as unsigned)", KeyType("bigint unsigned")),
        ("cast(`t` as decimal(10,2))", KeyType("decimal(10,2)")),
        ("cast(`m` as date)", KeyType("date")),
        ("cast(`m` as datetime(3))", KeyType("datetime(3)")),
        ("year(`m`)", KeyType("bigint")),
        ("(`a` + 1)", KeyType("bigint")),
        ("((`a` * 2) % `u`)", KeyType("bigint unsigned")),
        ("`d`", KeyType("decimal(5,2)")),
    ],
)
def test_the_type_holds_every_value(sql: str, kind: KeyType) -> None:
    assert type_of(sql, COLUMNS) == kind


@pytest.mark.parametrize(
    "sql",
    [
        "coalesce(`s`,'x')",
        "lower(`t`)",
        "concat(`s`,`l`)",
        "cast(`t` as unsigned array)",
        "(`d` + 1)",
        "(`a` / 2)",
        "(`missing` + 1)",
        "substr(`s`,2)",
        "@x",
    ],
)
def test_a_type_that_is_not_certain_is_none(sql: str) -> None:
    assert type_of(sql, COLUMNS) is None
