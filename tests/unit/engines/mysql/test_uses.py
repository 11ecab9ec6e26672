"""The columns that a trigger names by NEW and OLD, whatever surrounds them."""

from __future__ import annotations

import pytest

from migrate.engines.mysql.uses import row_columns
from migrate.model.table import StoredObject, TableName


def named(text: str, sql_mode: str = "") -> tuple[str, ...]:
    settings = (("sql_mode", sql_mode),)
    return row_columns(StoredObject("trigger", TableName("a", "tr"), text, settings=settings, table="t"))


@pytest.mark.parametrize(
    "text",
    [
        "SET NEW.a = 1",
        "SET @x=old.a+1",
        "SET @x = `New`.`a`",
        "SET @x = NEW . a",
        "SET @x = NEW./* a comment */a",
        "BEGIN IF NEW.a IN (1, 2) THEN SET @x = 1; END IF; END",
        "/*!50003 SET @x = NEW.a */",
        "/*!50003SET*/ /*!NEW.a*/ /*M!100100NEW.a*/",
        "SET @x = 'it''s' 'a \\' quote', NEW.a = 2",
        'SET @x = "it\'s", NEW.a = 2',
        "SET @x = 1 -- it's\n, NEW.a = 2 # it's\n",
        "SET @x = 5--NEW.a",
        "INSERT INTO u (b) SELECT NEW.a FROM u AS v",
    ],
)
def test_a_column_is_found_wherever_it_stands(text: str) -> None:
    assert named(text) == ("a",)


@pytest.mark.parametrize(
    "text",
    [
        "SET @x = 'NEW.a'",
        "SET @x = 'it''s NEW.a'",
        "SET @x = 'a \\' NEW.a'",
        'SET @x = "NEW.a"',
        "/* NEW.a */ SET @x = 1 -- NEW.a\n# NEW.a",
        "SET @NEW.a = 1, @`NEW.a` = 2",
        "SET @x = `NEW.a`, @y = `x``NEW.a`",
        "SELECT x.new.a, RENEW.a, new.x.a, $NEW.a, 한NEW.a INTO @x",
        "SET @x = new.a(1), @y = new.a /* f */ (2)",
    ],
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert named(text) == ()


def test_names_are_told_as_they_are_spelled_in_their_order_and_once() -> None:
    assert named("SET NEW.b = OLD.`a``b.c`, NEW.한글 = NEW.b, @x = NEW.1st") == ("b", "a`b.c", "한글", "1st")


@pytest.mark.parametrize(
    ("sql_mode", "text", "columns"),
    [
        ("ANSI_QUOTES", 'SET NEW."a" = "it\'s NEW.b", @x = \' NEW.c\'', ("a",)),
        ("NO_BACKSLASH_ESCAPES", "SET @x = '\\', NEW.a = ' NEW.b'", ("a",)),
        ("", "SET @x = '\\', NEW.a = ' NEW.b'", ("b",)),
        ("ANSI_QUOTES,NO_BACKSLASH_ESCAPES", 'SET @x = \'\\\', "NEW"."a""" = 1', ('a"',)),
    ],
)
def test_the_mode_says_what_a_quote_and_a_backslash_are(sql_mode: str, text: str, columns: tuple[str, ...]) -> None:
    assert named(text, sql_mode) == columns
