"""What differs between two documents, and the SQL that mends it."""

from __future__ import annotations

import pytest

from migrate.engines.base import Altered, Document
from migrate.engines.mysql.documents import altered, candidates, is_double, leaves, repairs

KEY = ("1",)


def document(text: str, **typed: str) -> Document:
    return Document(KEY, "j", text, tuple((path.replace("d", '$."d"'), kind) for path, kind in typed.items()))


def expression(was: str, became: str, kind: str = "", now: str = "STRING") -> str:
    """What is put at $.d."""
    typed = {"d": kind} if kind else {}
    (repair,) = repairs(
        document(f'{{"d": {was}}}', **typed), document(f'{{"d": {became}}}', **({"d": now} if kind else {}))
    )
    assert repair.path == '$."d"'
    return repair.expression


def test_places_are_spelled_as_the_server_reads_them_whatever_the_keys() -> None:
    found = leaves('{"": [1, {"a\\"b\\\\": true}], "ü.x": null, "e": {}, "n": []}')
    assert found == {'$.""[0]': "1", '$.""[1]."a\\"b\\\\"': True, '$."ü.x"': None, '$."e"': "{}", '$."n"': "[]"}


@pytest.mark.parametrize(
    ("text", "double"),
    [
        ("0.1", True),
        ("5.0", True),
        ("4.282522637229053", True),
        ("1.10", False),
        ("5.00", False),
        ("0.12345678901234567", False),
        ("12345678901234567890123", False),
        ("-0", True),
        ("-0.0", True),
        ("123456789012345.6", True),
    ],
)
def test_a_number_is_a_double_when_a_double_prints_so(text: str, double: bool) -> None:
    assert is_double(text) is double


@pytest.mark.parametrize(
    ("was", "became", "kind", "wanted"),
    [
        ("4.282522637229053e-32", "4.2825226372290526e-32", "", "4.282522637229053e-32"),
        ("-0.30000000000000004", "-0.3", "", "-0.30000000000000004e0"),
        ("1.10", "1.1", "", "CAST('1.10' AS DECIMAL(3,2))"),
        ("-0.00", "0.0", "", "CAST('-0.00' AS DECIMAL(2,2))"),
        ("123456789012345678901", "1.2345678901234568e20", "", "CAST('123456789012345678901' AS DECIMAL(21,0))"),
        ('"2020-02-31"', '"2020-02-31"', "DATE", "CAST('2020-02-31' AS DATE)"),
        ('"-10:11:12.500000"', '"-10:11:12.500000"', "TIME", "CAST('-10:11:12.500000' AS TIME(6))"),
        ('"base64:type15:AAH/"', '"base64:type15:AAH/"', "BLOB", "CAST(x'0001ff' AS BINARY)"),
        ('"base64:type251:"', '"base64:type251:"', "BLOB", "CAST(x'' AS BINARY)"),
        ('"it\'s"', '"other"', "", ""),
        ('"2020-01-01"', '"2020-01-02"', "", ""),
        ("true", "1", "", ""),
    ],
)
def test_what_is_put_in_place_of_an_altered_value(was: str, became: str, kind: str, wanted: str) -> None:
    assert expression(was, became, kind) == wanted


def test_bytes_of_other_columns_come_out_of_a_column_again() -> None:
    for code, column in ((252, "BLOB"), (254, "BINARY(2)")):
        text = f'"base64:type{code}:YQA="'
        assert f"CAST(x'6100' AS BINARY)),'$[*]' COLUMNS (`v` {column} " in expression(text, text, "BLOB")
    text = '"base64:type16:AAU="'
    assert "JSON_ARRAY(5),'$[*]' COLUMNS (`v` BIT(16) " in expression(text, text, "BIT")


def test_a_string_that_only_looks_like_a_date_is_left_alone() -> None:
    same = document('{"d": "2020-01-01", "n": 5}')
    assert repairs(same, same) == []
    assert altered(same, same) == ()
    assert candidates('{"a": "2020-01-01", "b": "10:11:12.000000", "c": "2020", "d": 5, "e": "x 2020-01-01"}') == [
        '$."a"',
        '$."b"',
    ]


def test_what_stays_altered_is_told_with_its_place_and_both_values() -> None:
    here = document('{"d": "2020-01-01", "gone": 1, "t": true}', d="DATE")
    there = document('{"d": "2020-01-01", "t": 1}', d="STRING")
    assert altered(here, there) == (
        Altered(KEY, "j", '$."d"', 'DATE "2020-01-01"', '"2020-01-01"'),
        Altered(KEY, "j", '$."gone"', "1", "nothing"),
        Altered(KEY, "j", '$."t"', "true", "1"),
    )
