"""The shop's two files hold what the demo promises, and nothing that differs from run to run."""

from __future__ import annotations

import re

import pytest

from tests.demo.shop import FILL_SQL, SCHEMA_SQL, fill_script

SCHEMA = SCHEMA_SQL.read_text(encoding="utf-8")
FILL = FILL_SQL.read_text(encoding="utf-8")
TABLES = re.findall(r"^CREATE TABLE (\w+)", SCHEMA, re.MULTILINE)


def test_every_table_is_filled_but_the_one_that_stays_empty() -> None:
    filled = re.findall(r"^INSERT INTO (\w+)", FILL, re.MULTILINE)
    assert sorted(filled) == sorted(set(TABLES) - {"coupons"})
    assert len(TABLES) == len(set(TABLES)) == 18


@pytest.mark.parametrize(
    "feature",
    [
        "STORED",
        "VIRTUAL",
        "JSON",
        "DECIMAL(",
        "ENUM(",
        "SET(",
        "BLOB",
        "DATETIME(6)",
        "TIMESTAMP(3)",
        "BIT(",
        "POINT",
        "FULLTEXT KEY",
        "SPATIAL KEY",
        "UNIQUE KEY",
        "CHECK (",
        "PARTITION BY RANGE",
        "ON UPDATE CURRENT_TIMESTAMP",
        "latin1",
    ],
)
def test_the_schema_has(feature: str) -> None:
    assert feature in SCHEMA


def test_the_foreign_keys_have_a_cycle_and_self_references() -> None:
    keys = re.findall(r"CONSTRAINT (\w+) FOREIGN KEY \([^)]*\) REFERENCES (\w+)", SCHEMA)
    parents = dict(keys)
    assert len(keys) == len(parents) == 20
    assert parents["employees_department"] == "departments"
    assert parents["departments_head"] == "employees"
    assert [parents[name] for name in ("employees_manager", "categories_parent", "customers_referrer")] == [
        "employees",
        "categories",
        "customers",
    ]


@pytest.mark.parametrize(
    ("script", "letters"),
    [
        ("Korean", "가-힣"),
        ("Arabic", "ء-ي"),
        ("Greek", "α-ω"),
        ("Hebrew", "א-ת"),
        ("Cyrillic", "а-я"),
        ("Thai", "ก-๙"),
        ("kana", "ぁ-ヿ"),
        ("emoji", "🌀-🫿"),
    ],
)
def test_text_is_in_many_scripts(script: str, letters: str) -> None:
    assert re.search(f"[{letters}]", FILL), script


def test_no_value_depends_on_the_moment_or_on_chance() -> None:
    forbidden = r"\b(NOW|CURDATE|CURTIME|SYSDATE|RAND|UUID|CURRENT_TIMESTAMP|LOCALTIME|UNIX_TIMESTAMP)\b"
    assert re.findall(forbidden, FILL, re.IGNORECASE) == []


def test_the_scale_is_set_before_anything_uses_it() -> None:
    script = fill_script(0.25)
    assert script.startswith("SET @scale = 0.25;\n")
    assert script.endswith(FILL)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_scale_that_gives_no_rows_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="the scale must be above 0"):
        fill_script(scale)
