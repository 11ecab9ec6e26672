"""The demo's own check finds every kind of difference; nothing here needs a server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.demo.audit import STRUCTURE, Facts, differences, orphan_queries

KEY = ("orders", "orders_address", 1, "customer_id", "addresses", "customer_id", "NO ACTION", "CASCADE")
KEY_2 = ("orders", "orders_address", 2, "address_number", "addresses", "number", "NO ACTION", "CASCADE")
EQUAL = Facts(
    rows={"orders": 10, "addresses": 4},
    checksums={"orders": 111, "addresses": 222},
    structure={kind: frozenset({("orders", kind)}) for kind in STRUCTURE},
    orphans={"orders.orders_address": 0},
)


def test_equal_sides_have_no_difference() -> None:
    assert differences(EQUAL, replace(EQUAL)) == []


def test_a_missing_and_a_surplus_table_are_named() -> None:
    target = replace(EQUAL, rows={"orders": 10, "extra": 1}, checksums={"orders": 111, "extra": 1})
    assert differences(EQUAL, target) == [
        "table addresses is missing on the target",
        "table extra is only on the target",
    ]


def test_another_count_is_named_with_both_numbers() -> None:
    target = replace(EQUAL, rows={"orders": 9, "addresses": 4})
    assert differences(EQUAL, target) == ["table orders has 10 rows on the source, 9 on the target"]


def test_equal_counts_with_another_checksum_differ() -> None:
    target = replace(EQUAL, checksums={"orders": 112, "addresses": 222})
    assert differences(EQUAL, target) == ["table orders has as many rows on both sides, but their checksums differ"]


@pytest.mark.parametrize("kind", STRUCTURE)
def test_structure_that_differs_is_shown_from_both_sides(kind: str) -> None:
    target = replace(EQUAL, structure={**EQUAL.structure, kind: frozenset({("orders", "other")})})
    assert differences(EQUAL, target) == [
        f"only the source has this {kind}: ('orders', '{kind}')",
        f"only the target has this {kind}: ('orders', 'other')",
    ]


def test_orphans_are_a_difference_on_either_side() -> None:
    target = replace(EQUAL, orphans={"orders.orders_address": 3})
    assert differences(EQUAL, target) == [
        "foreign key orders.orders_address on the target: 3 rows name a parent that is not there"
    ]


def test_the_orphan_query_of_a_composite_key_joins_all_its_columns_and_skips_nulls() -> None:
    assert orphan_queries(frozenset({KEY_2, KEY})) == {
        "orders.orders_address": (
            "SELECT COUNT(*) FROM `orders` AS c "
            "WHERE c.`customer_id` IS NOT NULL AND c.`address_number` IS NOT NULL "
            "AND NOT EXISTS (SELECT 1 FROM `addresses` AS p "
            "WHERE p.`customer_id` = c.`customer_id` AND p.`number` = c.`address_number`)"
        )
    }
