"""Names that break what is put together of names: for everything that has one, on both sides, in plans and in print."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pymysql
import pytest

from tests.e2e import office
from tests.e2e.command import PLAN, Migrate
from tests.e2e.equality import name, stored
from tests.e2e.whole import Whole, assert_complete
from tests.lab import Lab, Server, client

NAMES = (
    # words of the language, and what a trigger and a statement mean by them
    "select", "TABLE", "order", "old", "new", "NULL", "end", "begin", "values", "definer", "current_user", "row",
    # blanks, dots, quotes and other signs
    "a b", " before", "tab\tin", "no-break\u00a0", "a.b", "..", ".", "a/b", "a\\b", "\\", "\\'", "it's",
    "'", '"', '"quoted"', "`", "``", "a`b", "`a`.`b`", "%", "%s", "_", "a_b%", "*", "?", "[a-z]", "{}", "$1", "@x",
    "#", "-- x", "/* x */", "/*!50000 x */", ";", "a;b", "DELIMITER ;;", "a:b", "a=b", "(", ")", ",", "~", "^", "\x01",
    # digits first, or only
    "1st", "123", "0x1F", "1e5", "1.5",
    # letters of the world, and how long and how alike names may be
    "한글", "이름 과 점.", "É", "ß", "İ", "日本", "\u200b", "\uffff", "Twin", "tWIN", "x" * 64, "한" * 40,
)  # fmt: skip
"""Each is the name of a table, a column, an index, a check, a foreign key, a trigger, a procedure, a function, a
parameter and an event. Names of columns and stored objects know no case, so the twins share theirs with nobody."""

NOT_IN_ROUTINES = ("이름 `과` 점.", "`한`")
"""MySQL itself cuts such a name short in its dictionary, and refuses the routine, trigger or event (4089, 3507)."""

PAIRS = (("source", "target"), ("source", "new"), ("source", "maria11"), ("maria11", "maria11"))
OFTEN = (("source", "target"), ("source", "maria11"))
"""The others are gone through with all tests."""


def other(word: str, mark: str) -> str:
    """Another name that is as hostile, and no longer than a name may be."""
    return (word + mark)[:64] if len(word) < 60 else mark + word[len(mark) :]


def literal(word: str) -> str:
    """As a string, whatever the sql_mode."""
    return f"CONVERT(x'{word.encode().hex()}' USING utf8mb4)"


def statements(schema: str, word: str) -> Iterator[str]:
    """Everything that may have a name, with this one. What can be alike with its twin in case only, is not."""
    table, column = name(word), name(word)
    own = name(other(word, "1")) if word == "tWIN" else name(word)  # of namespaces without case
    view, child, parted = name(other(word, "v")), name(other(word, "c")), name(other(word, "p"))
    yield (
        f"CREATE TABLE {table} ({column} INT PRIMARY KEY, {name(other(word, '2'))} VARCHAR(80) COMMENT {quoted(word)},"
        f" {name(other(word, '3'))} INT AS ({column} + 1) STORED, KEY {column} ({name(other(word, '2'))}),"
        f" CONSTRAINT {own} CHECK ({column} <> 77)) COMMENT {quoted(word)}"
    )
    yield f"INSERT INTO {table} ({column},{name(other(word, '2'))}) VALUES (1,{literal(word)}),(2,'%s')"
    yield (
        f"CREATE TABLE {child} (id INT PRIMARY KEY, {column} INT,"
        f" CONSTRAINT {own} FOREIGN KEY ({column}) REFERENCES {table} ({column}) ON DELETE CASCADE)"
    )
    yield f"INSERT INTO {child} VALUES (10,1),(11,NULL)"
    part, other_part = column, name(other(word[:9], "q"))
    if len(word) >= 40 or word in ("0x1F", "1e5"):  # too long for a file, and the server prints that one without quotes
        part, other_part = "p", "q"
    yield (
        f"CREATE TABLE {parted} ({column} INT PRIMARY KEY) PARTITION BY LIST ({column})"
        f" (PARTITION {part} VALUES IN (1,2), PARTITION {other_part} VALUES IN (3))"
    )
    yield f"INSERT INTO {parted} VALUES (1),(3)"
    if word in NOT_IN_ROUTINES:
        return
    yield (
        f"CREATE FUNCTION {own} ({column} INT) RETURNS INT READS SQL DATA COMMENT {quoted(word)}"
        f" RETURN {column} + (SELECT COUNT(*) FROM {name(schema)}.{table})"
    )
    yield (
        f"CREATE PROCEDURE {own} (IN {column} INT, OUT {name(other(word, '2'))} INT) BEGIN"
        f" DECLARE {name(other(word, '3'))} INT DEFAULT {name(schema)}.{own}({column});"
        f" SET {name(other(word, '2'))} = {name(other(word, '3'))};"
        f" SELECT {table}.{column}, {quoted(f'{schema}.{word}')} FROM {name(schema)}.{table} ORDER BY 1; END"
    )
    alias = name(word.lstrip(" \x01\u200b") or "blank")  # the server itself loses what does not show at its beginning
    yield (
        f"CREATE VIEW {view} AS SELECT t.{column} AS {alias}, {name(schema)}.{own}(t.{column}) AS f,"
        f" {table}.{name(other(word, '2'))} AS `2`"
        f" FROM {name(schema)}.{table} AS t JOIN {table} USING ({column})"
    )
    yield (
        f"CREATE TRIGGER {own} BEFORE INSERT ON {name(schema)}.{child} FOR EACH ROW"
        f" SET NEW.{column} = (SELECT MAX({column}) FROM {name(schema)}.{table})"
    )
    yield (
        f"CREATE EVENT {own} ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' COMMENT {quoted(word)}"
        f" DO DELETE FROM {name(schema)}.{table} WHERE {column} = 99"
    )


def quoted(text: str) -> str:
    """As a string literal under the lab's sql_mode."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def doing(schema: str, words: Sequence[str]) -> Iterator[str]:
    """Fires each trigger, calls each routine, reads each view."""
    for word in words:
        own = name(other(word, "1")) if word == "tWIN" else name(word)
        yield f"INSERT INTO {name(other(word, 'c'))} (id) VALUES (20)"
        yield f"SELECT * FROM {name(other(word, 'c'))} ORDER BY id"
        yield f"CALL {own}(5, @out)"
        yield "SELECT @out"
        yield f"SELECT * FROM {name(other(word, 'v'))} ORDER BY 1"


@dataclass(frozen=True)
class Schemas:
    """A hostile name at the source, and another one on the target."""

    source: Server
    target: Server
    schema: str
    goal: str


@pytest.fixture(
    params=[pytest.param(pair, id="-".join(pair), marks=() if pair in OFTEN else pytest.mark.full) for pair in PAIRS]
)
def schemas(request: pytest.FixtureRequest, everywhere: Lab) -> Iterator[Schemas]:
    old, new = request.param
    mark = uuid.uuid4().hex[:8]
    made = Schemas(
        everywhere.servers[old],
        everywhere.servers[new],
        f"sel`ect %_.한글/'\"*?é\\ {mark}",
        f"`{mark}`.%s {{}} ;-- 이름*~~",
    )
    client.rows(made.source, f"CREATE DATABASE {name(made.schema)} CHARACTER SET utf8mb4")
    yield made
    for server in (made.source, made.target):
        for each in (made.schema, made.goal):
            client.rows(server, f"DROP DATABASE IF EXISTS {name(each)}")


def test_every_name_of_everything_is_hostile_and_all_of_it_moves(schemas: Schemas, migrate: Migrate) -> None:
    source, target, schema, goal = schemas.source, schemas.target, schemas.schema, schemas.goal
    with client.connect(source) as connection, connection.cursor() as cursor:
        cursor.execute(f"USE {name(schema)}")
        for word in (*NAMES, *NOT_IN_ROUTINES):
            for statement in statements(schema, word):
                try:
                    cursor.execute(statement)
                except pymysql.err.MySQLError as error:
                    raise AssertionError(f"{error}: {statement}") from error
    whole = Whole(migrate, source, target, {schema: goal}, written=True)
    counts = whole.counts()
    many = len(NAMES)
    kinds = ("views", "triggers", "events", "procedures", "functions")
    assert counts == {"tables": 3 * (many + len(NOT_IN_ROUTINES)), **dict.fromkeys(kinds, many)}
    whole.plan()
    ran = whole.apply()
    assert_complete(ran, counts)
    whole.assert_there()
    whole.rests()
    made = stored(target, goal)
    prints(migrate)
    here = office.work(source, schema, *doing(schema, NAMES), hidden=(schema, goal))
    there = office.work(target, goal, *doing(goal, NAMES), hidden=(schema, goal))
    assert here == there
    assert [answer for _, answer in here if isinstance(answer, str)] == []
    assert {row[0] for row in made["trigger"]} == {row[0] for row in stored(source, schema)["trigger"]}


def prints(migrate: Migrate) -> None:
    """Everything that shows a plan shows this one, on lines of its own making."""
    for words in (
        ("show", PLAN),
        ("show", PLAN, "--ddl"),
        ("show", PLAN, "--format", "sql"),
        ("show", PLAN, "--format", "json"),
        ("show", PLAN, "--color", "always"),
        ("status", PLAN, "--all"),
        ("status", PLAN, "--json"),
        ("check", PLAN),
        ("verify", PLAN, "--json"),
        ("apply", PLAN, "--dry-run"),
        ("plan", "-o", "again.toml"),
    ):
        ran = migrate.must(*words)
        assert ran.out.strip(), ran.text
        if "--ddl" not in words and "sql" not in words:
            assert "\x01" not in ran.out, "a control character reached the terminal"


@pytest.mark.parametrize("vendor", ["mysql", "mariadb"])
def test_a_name_with_letters_that_no_dictionary_has_is_refused_or_is_another_name_before_we_see_it(
    vendor: str, migrate: Migrate, everywhere: Lab
) -> None:
    """MariaDB refuses an emoji in a name. MySQL puts a ? in its place, and that is the name that moves."""
    server = everywhere.source if vendor == "mysql" else everywhere.maria11
    schema, goal = (f"whole_emoji{n}_{uuid.uuid4().hex[:8]}" for n in (1, 2))
    client.rows(server, f"CREATE DATABASE {schema} CHARACTER SET utf8mb4")
    try:
        if vendor == "mariadb":
            with pytest.raises(pymysql.err.MySQLError) as refused:
                client.rows(server, f"CREATE TABLE {schema}.`a😀b` (id INT PRIMARY KEY)")
            assert refused.value.args[0] == 1300
            return
        client.rows(server, f"CREATE TABLE {schema}.`a😀b` (`😀` INT PRIMARY KEY)")
        client.rows(server, f"CREATE VIEW {schema}.`v😀` AS SELECT `😀` FROM {schema}.`a😀b`")
        whole = Whole(migrate, server, everywhere.target, {schema: goal})
        whole.plan()
        assert_complete(whole.apply(), {"tables": 1, "views": 1})
        assert client.rows(everywhere.target, f"SELECT `?` FROM {goal}.`v?`") == []
        whole.rests()
    finally:
        for each in (server, everywhere.target):
            for one in (schema, goal):
                client.rows(each, f"DROP DATABASE IF EXISTS {one}")
