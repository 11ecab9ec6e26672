"""Which index cuts a table into spans."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from migrate.engines.mysql import keys
from migrate.model.table import Column, Index, IndexPart, Table
from migrate.model.types import (
    Binary,
    Bit,
    Decimal,
    Enum,
    Float,
    Integer,
    Json,
    NeutralType,
    Opaque,
    Set,
    Temporal,
    Text,
)
from tests.unit.engines.mysql.test_ddl import INNODB, NAME, column, index


def key_of(*indexes: Index, **columns: Column) -> str | None:
    table = Table(NAME, tuple(columns.values()), indexes, storage=INNODB)
    found = keys.usable_key(table)
    return None if found is None else found.name


def test_the_primary_key_is_preferred_to_a_narrower_unique_one() -> None:
    wide = column("a", Text("utf8mb4", 200))
    assert key_of(index("u", "unique", "id"), index("PRIMARY", "primary", "a"), a=wide, id=column("id")) == "PRIMARY"


@pytest.mark.parametrize(
    "neutral",
    [
        Integer(64, signed=False),
        Decimal(20, 4),
        Text("utf8mb4", 10),
        Binary(16),
        Temporal("datetime", 6),
        Enum(("a", "b")),
        Set(("a", "b")),
    ],
)
def test_types_with_an_exact_order_are_usable(neutral: NeutralType) -> None:
    assert key_of(index("PRIMARY", "primary", "a"), a=column("a", neutral)) == "PRIMARY"


@pytest.mark.parametrize("neutral", [Float(32), Float(64), Bit(8), Json(), Opaque("inet6")])
def test_other_types_are_not(neutral: NeutralType) -> None:
    assert key_of(index("PRIMARY", "primary", "a"), a=column("a", neutral)) is None


def test_a_primary_key_that_is_not_usable_gives_way_to_a_unique_one() -> None:
    keys = (index("PRIMARY", "primary", "f"), index("u", "unique", "a"))
    assert key_of(*keys, f=column("f", Float(64)), a=column("a")) == "u"


@pytest.mark.parametrize(
    ("key", "column_a"),
    [
        (index("u", "unique", "a"), column("a", nullable=True)),
        (index("u", "unique", "a"), column("a", generated="1 + 1")),
        (index("u", "plain", "a"), column("a")),
        (index("u", "unique", "gone"), column("a")),
        (replace(index("u", "unique", "a"), visible=False), column("a")),
        (replace(index("u", "unique", "a"), method="HASH"), column("a")),
        (Index("u", "unique", (IndexPart("a", prefix=4),)), column("a", Text("latin1", 20))),
        (Index("u", "unique", (IndexPart(expression="`a` + 1"),)), column("a")),
        (Index("u", "unique", (IndexPart("a"), IndexPart(expression="`a` + 1"))), column("a")),
    ],
    ids=["null", "virtual", "plain", "unknown", "invisible", "hash", "prefix", "expression", "half an expression"],
)
def test_an_index_that_cannot_name_each_row_in_order_is_not_usable(key: Index, column_a: Column) -> None:
    assert key_of(key, a=column_a) is None


def test_a_stored_generated_column_is_usable() -> None:
    assert key_of(index("u", "unique", "a"), a=column("a", generated="1 + 1", stored=True)) == "u"


def test_the_fewest_then_the_narrowest_columns_then_the_name_decide() -> None:
    columns = {
        "big": column("big", Integer(64)),
        "small": column("small", Integer(16)),
        "text": column("text", Text("utf8mb4", 40)),
        "kind": column("kind", Enum(("a",))),
    }
    pair, text, big = index("a", "unique", "small", "big"), index("b", "unique", "text"), index("z", "unique", "big")
    kind = index("0", "unique", "kind")
    assert key_of(pair, text, big, kind, **columns) == "z"
    assert key_of(pair, text, kind, **columns) == "b"
    assert key_of(pair, kind, **columns) == "a"
    assert key_of(kind, **columns) == "0"
    assert key_of(replace(big, name="y"), big, **columns) == "y"


def test_an_index_of_mixed_direction_is_the_last_choice() -> None:
    mixed = Index("PRIMARY", "primary", (IndexPart("a"), IndexPart("b", descending=True)))
    both = {"a": column("a"), "b": column("b")}
    assert key_of(mixed, index("u", "unique", "a", "b"), **both) == "u"
    assert key_of(mixed, **both) == "PRIMARY"


@pytest.mark.parametrize("collation", ["utf8mb4_nopad_bin", "utf8mb4_0900_ai_ci", "latin1_swedish_nopad_ci"])
def test_a_char_that_mariadb_orders_in_two_ways_cuts_nothing_there(collation: str) -> None:
    padded, counted = (
        Table(NAME, (column("c", Text("utf8mb4", 9, fixed=True), collation=name),), (index("PRIMARY", "primary", "c"),))
        for name in ("utf8mb4_general_ci", collation)
    )
    assert [keys.usable_key(table, mariadb=True) is None for table in (padded, counted)] == [False, True]
    assert keys.usable_key(counted) is not None


@pytest.mark.parametrize(("members", "cuts"), [(63, True), (64, False)])
def test_a_set_that_sorting_takes_for_negative_cuts_nothing_where_its_key_goes_up_and_down(
    members: int, cuts: bool
) -> None:
    parts = (IndexPart("a", descending=True), IndexPart("s"))
    columns = {"a": column("a", Integer(32)), "s": column("s", Set(tuple(f"m{n}" for n in range(members))))}
    assert key_of(Index("PRIMARY", "primary", parts), **columns) == ("PRIMARY" if cuts else None)
    assert key_of(index("PRIMARY", "primary", "a", "s"), **columns) == "PRIMARY"
