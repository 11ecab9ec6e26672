"""What versions have, and the codes of what is told."""

from __future__ import annotations

import pytest

from migrate.engines.base import Dialect
from migrate.engines.mysql import mapping
from migrate.planner.risk import FINDINGS
from tests.unit.engines.mysql.targets import MARIADB_10, MARIADB_11, MYSQL_5, MYSQL_8, MYSQL_9


def test_every_code_is_a_finding_and_says_the_same() -> None:
    assert {code: text for code, (_, text) in mapping.CODES.items()} == {code: FINDINGS[code] for code in mapping.CODES}


@pytest.mark.parametrize(
    ("here", "origin", "lacking"),
    [
        (MYSQL_8, MARIADB_11, True),
        (MARIADB_11, MYSQL_8, True),
        (MYSQL_9, MYSQL_8, False),
        (MYSQL_8, Dialect("mysql", (8, 0, 12)), False),
        (MYSQL_8, MYSQL_5, False),
        (MARIADB_11, MARIADB_10, False),
        (MYSQL_5, MYSQL_8, True),
        (MYSQL_8, MYSQL_9, True),
        (MARIADB_10, MARIADB_11, True),
    ],
)
def test_words_hold_on_the_same_vendor_going_up(here: Dialect, origin: Dialect, lacking: bool) -> None:
    assert mapping.lacks(here, origin) is lacking


@pytest.mark.parametrize(
    ("dialect", "words"),
    [
        (MYSQL_5, set()),
        (Dialect("mysql", (8, 0, 12)), {"RANK", "EXCEPT"}),
        (MYSQL_8, {"RANK", "EXCEPT", "INTERSECT"}),
        (MYSQL_9, {"RANK", "EXCEPT", "INTERSECT", "QUALIFY"}),
        (MARIADB_10, {"OFFSET", "RETURNING", "EXCEPT", "INTERSECT"}),
        (MARIADB_11, {"OFFSET", "RETURNING", "EXCEPT", "INTERSECT", "VECTOR"}),
    ],
)
def test_words_are_reserved_since_a_version(dialect: Dialect, words: set[str]) -> None:
    asked = {"RANK", "EXCEPT", "INTERSECT", "QUALIFY", "OFFSET", "RETURNING", "VECTOR"}
    assert mapping.reserved(dialect) & asked == words


def test_the_words_of_sql_mode_that_mysql_8_dropped_are_those_of_5_7() -> None:
    assert mapping.sql_modes(MYSQL_5) - mapping.sql_modes(MYSQL_8) == {
        *("DB2", "MAXDB", "MSSQL", "MYSQL323", "MYSQL40", "NO_AUTO_CREATE_USER", "NO_FIELD_OPTIONS"),
        *("NO_KEY_OPTIONS", "NO_TABLE_OPTIONS", "ORACLE", "POSTGRESQL"),
    }
