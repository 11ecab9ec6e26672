"""Expressions of tables in the words of the other vendor."""

from __future__ import annotations

import pytest

from migrate.engines.base import Dialect
from migrate.engines.mysql.abilities import Abilities
from migrate.engines.mysql.phrases import Place, expression, sql_of, told_by
from migrate.model.table import Column
from migrate.model.types import Integer, Text
from tests.unit.engines.mysql.targets import (
    MARIADB_11,
    MYSQL_5,
    MYSQL_8,
    TO_MARIADB_10,
    TO_MARIADB_11,
    TO_MYSQL_8,
    TO_MYSQL_9,
)

COLUMNS = (
    Column("a", "int", Integer(32)),
    Column("u", "int unsigned", Integer(32, signed=False)),
    Column("c", "char(5)", Text("utf8mb4", 5, True)),
    Column("s", "varchar(5)", Text("utf8mb4", 5)),
)


@pytest.mark.parametrize(
    ("sql", "origin", "target", "place", "said"),
    [
        ("concat(`s`,_utf8mb4'it\\'s')", MYSQL_8, TO_MARIADB_11, "virtual", "concat(`s`,'it\\'s')"),
        ("concat(_latin1'x',N'y')", MYSQL_8, TO_MARIADB_11, "virtual", "concat('x','y')"),
        ("concat(`s`,_binary'ab')", MYSQL_8, TO_MARIADB_11, "virtual", "concat(`s`,x'6162')"),
        ("regexp_like(`s`,_utf8mb4'a,(b')", MYSQL_8, TO_MARIADB_11, "check", "((`s`) regexp ('a,(b'))"),
        ("json_pretty(`s`)", MYSQL_8, TO_MARIADB_11, "virtual", "json_detailed(`s`)"),
        ("json_overlaps(`s`,`s`)", MYSQL_8, TO_MARIADB_10, "virtual", "json_overlaps(`s`,`s`)"),
        (
            "(`s` collate utf8mb4_0900_as_cs)",
            MYSQL_8,
            TO_MARIADB_10,
            "check",
            "(`s` collate utf8mb4_uca1400_nopad_as_cs)",
        ),
        ("date_format(`s`,'%Y')", MYSQL_8, TO_MARIADB_11, "stored", "date_format(`s`,'%Y','en_US')"),
        ("date_format(`s`,'%Y')", MYSQL_8, TO_MARIADB_11, "virtual", "date_format(`s`,'%Y')"),
        ("lower(`c`)", MYSQL_8, TO_MARIADB_11, "stored", "lower(rtrim(`c`))"),
        ("trim(`c`)", MYSQL_8, TO_MARIADB_11, "stored", "trim(`c`)"),
        ("(`a` - 1)", MYSQL_8, TO_MARIADB_11, "stored", "(`a` - 1)"),
        ("nvl2(`a`,1,2)", MARIADB_11, TO_MYSQL_8, "virtual", "if(`a` is not null,1,2)"),
        ("json_detailed(`s`)", MARIADB_11, TO_MYSQL_8, "virtual", "json_pretty(`s`)"),
        ("date_format(`s`,'%Y','en_US')", MARIADB_11, TO_MYSQL_8, "stored", "date_format(`s`,'%Y')"),
        ("geomfromtext(`s`)", MYSQL_5, TO_MYSQL_8, "virtual", "st_geomfromtext(`s`)"),
        ("uuid()", MARIADB_11, TO_MYSQL_8, "default", "uuid()"),
        ("user()", MARIADB_11, TO_MYSQL_9, "default", "user()"),
    ],
)
def test_it_is_said_in_words_that_hold_there(
    sql: str, origin: Dialect, target: Abilities, place: Place, said: str
) -> None:
    found = expression(sql, origin, target, place, COLUMNS)
    assert (found.text, found.refused) == (said, ())


@pytest.mark.parametrize(
    ("sql", "origin", "target", "place", "why"),
    [
        ("uuid_to_bin(`s`)", MYSQL_8, TO_MARIADB_11, "default", "MariaDB has no UUID_TO_BIN()"),
        ("json_schema_valid(`s`,`s`)", MYSQL_8, TO_MARIADB_10, "check", "MariaDB has no JSON_SCHEMA_VALID()"),
        ("regexp_like(`s`,'a','c')", MYSQL_8, TO_MARIADB_11, "check", "MariaDB has no REGEXP_LIKE()"),
        ("cast(`s` as json)", MYSQL_8, TO_MARIADB_11, "virtual", "MariaDB cannot CAST to JSON"),
        ("cast(`s` as unsigned array)", MYSQL_8, TO_MARIADB_11, "stored", "MariaDB has no multi-valued casts"),
        ("1 member of (`s`)", MYSQL_8, TO_MARIADB_11, "check", "MariaDB has no MEMBER OF"),
        ("convert(`s` using gb18030)", MYSQL_8, TO_MARIADB_11, "virtual", "the target has no character set gb18030"),
        (
            "(`a` - `u`)",
            MYSQL_8,
            TO_MARIADB_11,
            "stored",
            "MariaDB stores no difference of unsigned numbers (NO_UNSIGNED_SUBTRACTION)",
        ),
        (
            "cast(`s` as datetime)",
            MYSQL_8,
            TO_MARIADB_11,
            "stored",
            "MariaDB stores no text that is CAST to DATETIME (TIME_ROUND_FRACTIONAL)",
        ),
        (
            "monthname(`s`)",
            MYSQL_8,
            TO_MARIADB_11,
            "check",
            "MariaDB does not take MONTHNAME() in a check whose values are kept",
        ),
        ("nextval(`x`.`s`)", MARIADB_11, TO_MYSQL_8, "default", "MySQL has no NEXTVAL()"),
        ("(next value for `s`)", MARIADB_11, TO_MYSQL_8, "default", "MySQL has no sequences"),
        ("user()", MARIADB_11, TO_MYSQL_8, "default", "MySQL does not take USER() in a default"),
        ("rand()", MARIADB_11, TO_MYSQL_8, "virtual", "MySQL does not take RAND() in a generated column"),
        ("md5(`s`)", MYSQL_8, TO_MYSQL_9, "virtual", "this server has no MD5()"),
        ("password(`s`)", MYSQL_5, TO_MYSQL_8, "virtual", "MySQL 8.0 and later have no PASSWORD()"),
        ("date_format(`s`,'%M','de_DE')", MARIADB_11, TO_MYSQL_8, "virtual", "MySQL's DATE_FORMAT() takes no language"),
        ("@x", MARIADB_11, TO_MYSQL_8, "virtual", "its words are not understood at @x"),
    ],
)
def test_what_the_target_lacks_is_refused_by_name(
    sql: str, origin: Dialect, target: Abilities, place: Place, why: str
) -> None:
    found = expression(sql, origin, target, place, COLUMNS)
    assert (found.text, found.refused) == (sql, (why,))


def test_the_dictionary_of_mysql_8_escapes_what_mariadb_tells_as_it_is() -> None:
    sql = "concat(`a'b`,'it\\'s \\\\')"
    assert told_by(sql, MYSQL_8) == r"concat(`a\'b`,\'it\\\'s \\\\\')"
    assert sql_of(told_by(sql, MYSQL_8), MYSQL_8) == sql
    assert sql_of(told_by(sql, MARIADB_11), MARIADB_11) == sql == told_by(sql, MYSQL_5)
