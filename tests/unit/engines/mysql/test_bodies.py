"""Words of stored objects for the other vendor: spliced, refused, or left as they are byte for byte."""

from __future__ import annotations

import pytest

from migrate.engines.base import Dialect
from migrate.engines.mysql.abilities import Abilities
from migrate.engines.mysql.bodies import body
from tests.unit.engines.mysql.targets import (
    MARIADB_11,
    MYSQL_5,
    MYSQL_8,
    TO_MARIADB_10,
    TO_MARIADB_11,
    TO_MYSQL_8,
)


@pytest.mark.parametrize(
    ("text", "origin", "target", "said"),
    [
        ("select 'a' COLLATE utf8mb4_0900_bin", MYSQL_8, TO_MARIADB_10, "select 'a' COLLATE utf8mb4_nopad_bin"),
        ("SET x = `t`.`j`->>'$.a'", MYSQL_8, TO_MARIADB_10, "SET x = JSON_UNQUOTE(JSON_EXTRACT(`t`.`j`,'$.a'))"),
        ("select j -> '$.a' from t", MYSQL_8, TO_MARIADB_10, "select JSON_EXTRACT(j , '$.a') from t"),
        ("where regexp_like(f(a,b),'x')", MYSQL_8, TO_MARIADB_10, "where ((f(a,b)) REGEXP ('x'))"),
        ("select json_pretty(j)", MYSQL_8, TO_MARIADB_10, "select json_detailed(j)"),
        ("SELECT NVL(a,1), t.nvl(2)", MARIADB_11, TO_MYSQL_8, "SELECT IFNULL(a,1), t.nvl(2)"),
        ("select x -- COLLATE utf8mb4_0900_bin\n", MYSQL_8, TO_MARIADB_10, "select x -- COLLATE utf8mb4_0900_bin\n"),
        ("select 'COLLATE utf8mb4_0900_bin'", MYSQL_8, TO_MARIADB_10, "select 'COLLATE utf8mb4_0900_bin'"),
        ("insert into distance (a) values (1)", MYSQL_5, TO_MYSQL_8, "insert into distance (a) values (1)"),
        ("select a from t limit 1 offset 2", MYSQL_8, TO_MARIADB_10, "select a from t limit 1 offset 2"),
        ("select 'a' collate utf8_general_ci", MYSQL_5, TO_MYSQL_8, "select 'a' collate utf8_general_ci"),
        ("select rank() over (order by a)", MARIADB_11, TO_MYSQL_8, "select rank() over (order by a)"),
        ("select x.rank from x", MARIADB_11, TO_MYSQL_8, "select x.rank from x"),
    ],
)
def test_only_what_is_certain_is_said_otherwise(text: str, origin: Dialect, target: Abilities, said: str) -> None:
    found = body(text, "", origin, target)
    assert (found.text.lower(), found.refused) == (said.lower(), ())


@pytest.mark.parametrize(
    ("text", "origin", "target", "why"),
    [
        ("select a->'$.x'->'$.y' from t", MYSQL_8, TO_MARIADB_10, "MariaDB has no operator ->"),
        ("select 1 /*!80000 + 1 */", MYSQL_8, TO_MARIADB_11, "each vendor reads /*!…*/ comments in its own way"),
        ("select _gb18030'x'", MYSQL_8, TO_MARIADB_11, "the target has no character set gb18030"),
        ("FUNCTION (`p` uuid) RETURNS int\nreturn 1", MARIADB_11, TO_MYSQL_8, "MySQL has no type UUID"),
        ("FUNCTION () RETURNS inet6\nreturn '::1'", MARIADB_11, TO_MYSQL_8, "MySQL has no type INET6"),
        ("select 'open", MYSQL_8, TO_MARIADB_11, "a quote or a comment does not end"),
    ],
)
def test_what_does_not_hold_there_is_refused(text: str, origin: Dialect, target: Abilities, why: str) -> None:
    assert body(text, "", origin, target) == type(body("", "", origin, target))(text, refused=(why,))


def test_quotes_are_what_the_objects_own_mode_says() -> None:
    said = body('select "uuid_to_bin(1)", "->"', "", MYSQL_8, TO_MARIADB_11)
    assert said.refused == ()
    assert body("select \"a\"->'$.x'", "ANSI_QUOTES", MYSQL_8, TO_MARIADB_11).text == "select JSON_EXTRACT(\"a\",'$.x')"
