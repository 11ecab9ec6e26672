"""Which JSON texts are the same document."""

from __future__ import annotations

import pytest

from migrate.engines.base import Document
from migrate.engines.compare import DOCUMENT_BYTES, DOCUMENTS_AT_ONCE, Batches, means_the_same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 1, "b": [1, 2]}', '{"b":[1,2],"a":1}'),
        ("1", "1.0"),
        ("1.5", "15e-1"),
        ("-0.0", "0"),
        ('"\\u00e9"', '"é"'),
        ('{"a": 1, "a": 2}', '{"a": 2}'),
        ("1e400", "10e399"),
        ("9" * 5000, "9" * 5000 + ".0"),
        ("no json", "no json"),
        ("[]", " [ ] "),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert means_the_same(one, other)
    assert means_the_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "true"),
        ("0", "false"),
        ("1", '"1"'),
        ("null", ""),
        ("null", "0"),
        ("[1, 2]", "[2, 1]"),
        ("[]", "{}"),
        ('{"a": null}', "{}"),
        ('{"a": 1}', '{"A": 1}'),
        ("0.1", "0.10000000000000001"),
        ('"é"', '"e\u0301"'),
        ("no json", "No json"),
        ("NaN", "NaN "),
        ("[" * 5000 + "]" * 5000, "[" * 5000 + " " + "]" * 5000),
        ("1e999999999999999999999", "10e999999999999999999998"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert not means_the_same(one, other)
    assert not means_the_same(other, one)


def test_of_large_documents_few_are_held_at_a_time() -> None:
    keys = [(str(number),) for number in range(2000)]
    small, large = Batches(keys), Batches(keys)
    taken: list[tuple[str, ...]] = []
    while batch := small.take():
        small.held([Document(key, "j", "{}") for key in batch])
        taken += batch
        assert len(batch) <= DOCUMENTS_AT_ONCE
    assert taken == keys
    for _ in range(5):
        batch = large.take()
        large.held([Document(key, "j", "x" * (3 << 20)) for key in batch])
        assert len(batch) * (3 << 20) < 2 * DOCUMENT_BYTES
