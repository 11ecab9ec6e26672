"""Unique keys that compare otherwise on the target: rows that it would refuse are found by the plan."""

from __future__ import annotations

import asyncio

import pymysql
import pytest
from msgspec.structs import replace

from migrate.engines import open_engines
from migrate.engines.mysql import weighing
from migrate.model.pattern import all_of
from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate, Ran, refused
from tests.e2e.equality import assert_equal
from tests.e2e.hostile.values import fill
from tests.engines.mysql_sessions import ref_of
from tests.lab import Lab, client

NOPAD = "CHARACTER SET utf8mb4 COLLATE utf8mb4_general_nopad_ci"
TABLES = (
    f"CREATE TABLE one (x VARCHAR(20) {NOPAD} UNIQUE)",
    "INSERT INTO one VALUES ('a'), ('a '), ('b'), ('b '), ('B  '), (NULL), (NULL), ('c')",
    f"CREATE TABLE first (x VARCHAR(20) {NOPAD} PRIMARY KEY, n INT)",
    "INSERT INTO first VALUES ('a', 1), ('a ', 2)",
    f"CREATE TABLE start (id INT PRIMARY KEY, x TEXT {NOPAD}, UNIQUE beginning (x(3)))",
    "INSERT INTO start VALUES (1, 'a'), (2, 'a   z'), (3, 'abc')",
    f"CREATE TABLE some (b VARBINARY(9), n INT, x VARCHAR(20) {NOPAD}, UNIQUE three (b, n, x))",
    "INSERT INTO some VALUES ('k', 7, 'a\\n'), ('k', 7, 'a\\n '), ('k', 8, 'a'), (NULL, 7, 'a'), (NULL, 7, 'a ')",
    f"CREATE TABLE kept (x VARCHAR(20) {NOPAD} UNIQUE, id INT PRIMARY KEY)",
    "INSERT INTO kept VALUES ('a', 1), ('a ', -2), ('b', 3), (NULL, 4), (NULL, 5)",
    f"CREATE TABLE members (x ENUM('a', 'b') {NOPAD} PRIMARY KEY)",
    "INSERT INTO members VALUES ('a'), ('b')",
)
WHY = "utf8mb4_general_ci (spaces at the end do not count any more)"
SAID = {
    "first": f"the primary key: 1 value is there more than once under {WHY}, such as 'a' and 'a '",
    "one": (f"the unique key x: 2 values are there more than once under {WHY}, such as 'B  ' and 'b '; 'a' and 'a '"),
    "some": (
        f"the unique key three: 1 value is there more than once under {WHY},"
        r" such as (0x6B, 7, 'a\n') and (0x6B, 7, 'a\n ')"
    ),
    "start": f"the unique key beginning: 1 value is there more than once under {WHY}, such as 'a' and 'a  '",
}


def found(ran: Ran, code: str, goal: str) -> dict[str, str]:
    """The texts of the findings of that code, by table, or table and part."""
    (plan,) = ran.of("plan")
    return {one["object"].removeprefix(f"new:{goal}."): one["text"] for one in plan["findings"] if one["code"] == code}


def test_rows_that_are_equal_in_a_unique_key_there_block_their_table_and_nothing_else(
    migrate: Migrate, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers["maria11"], every.servers["source"]
    schema, goal = fresh_schemas("equal", source), fresh_schemas("equal_to")
    fill(source, schema, iter(TABLES))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"), move=f'where = {{ "{schema}.kept" = "id > 0" }}\n')
    planned = migrate("plan", "--json")
    assert found(planned, "MG309", goal) == SAID
    (checked,) = found(planned, "MG411", goal).items()
    assert checked[0] == "kept.x"
    assert checked[1].endswith("; it was checked: the source has none now")
    refused(migrate("apply", PLAN), 6, f"{goal}.one")
    migrate.must("plan", *(word for name in SAID for word in ("--exclude", f"{schema}.{name}")))
    migrate.must("apply", PLAN)
    assert client.rows(target, f"SELECT id FROM {goal}.kept ORDER BY id") == [(1,), (3,), (4,), (5,)]


def test_a_table_that_is_there_is_not_synced_into_a_key_that_refuses_its_rows(
    migrate: Migrate, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers["maria11"], every.servers["source"]
    schema, goal = fresh_schemas("equal", source), fresh_schemas("equal_to")
    fill(source, schema, iter((f"CREATE TABLE t (id INT PRIMARY KEY, x VARCHAR(20) {NOPAD} UNIQUE)",)))
    fill(source, schema, iter(("INSERT INTO t VALUES (1, 'a')",)))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    migrate.must("apply", PLAN)
    fill(source, schema, iter(("INSERT INTO t VALUES (2, 'a ')",)))
    planned = migrate("plan", "--json")
    assert list(found(planned, "MG309", goal)) == ["t"]
    refused(migrate("apply", PLAN), 6, f"{goal}.t")
    fill(source, schema, iter(("UPDATE t SET x = 'b ' WHERE id = 2",)))
    planned = migrate.must("plan", "--json")
    assert found(planned, "MG309", goal) == {}
    migrate.must("apply", PLAN)
    assert_equal(source, schema, target, goal)


@pytest.mark.parametrize(
    ("old", "new", "collation", "second"),
    [
        pytest.param("source", "legacy", "utf8mb4_0900_ai_ci", "q ", id="8.0.33 to 5.7"),
        pytest.param("maria10", "target", "utf8mb4_general_nopad_ci", "q ", id="10.11 to 8.0.33"),
    ],
)
def test_long_texts_are_told_apart_to_their_ends(
    old: str, new: str, collation: str, second: str, migrate: Migrate, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    """Servers sort by the first 1,024 bytes of a text, if nothing else is said."""
    source, target = every.servers[old], every.servers[new]
    schema, goal = fresh_schemas("equal", source), fresh_schemas("equal_to", target)
    texts = [f"{'y' * 700}{number:03}{end}" for end in ("q", second) for number in range(300)]
    made = (
        f"CREATE TABLE t (x VARCHAR(750) CHARACTER SET utf8mb4 COLLATE {collation} UNIQUE, id INT PRIMARY KEY)",
        "INSERT INTO t VALUES " + ",".join(f"('{text}', {number})" for number, text in enumerate(texts)),
    )
    fill(source, schema, iter(made))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    text = found(migrate("plan", "--json"), "MG309", goal)["t"]
    assert text.startswith("the unique key x: 300 values are there more than once under ")
    assert f"'{'y' * 30}…{'y' * 26}000q' and '{'y' * 30}…{'y' * 25}000q '" in text


def test_an_expression_of_a_unique_key_is_asked_for_too(
    migrate: Migrate, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    """8.0.12 indexes no expressions and has fewer languages."""
    source, target = every.servers["source"], every.servers["old"]
    schema, goal = fresh_schemas("equal", source), fresh_schemas("equal_to", target)
    norse = "CREATE TABLE t (id INT PRIMARY KEY, x VARCHAR(9) COLLATE utf8mb4_nb_0900_ai_ci, UNIQUE lower ((LOWER(x))))"
    fill(source, schema, iter((norse, "INSERT INTO t VALUES (1, 'A'), (2, 'Å')")))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    text = found(migrate("plan", "--json"), "MG309", goal)["t"]
    assert text.startswith("the unique key lower: 1 value is there more than once under utf8mb4_0900_ai_ci, such as ")
    assert text.endswith("'a' and 'å'")


ROOT = "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci"
NOT_THERE = (
    f"CREATE TABLE plain (x {ROOT} UNIQUE, id INT PRIMARY KEY)",
    "INSERT INTO plain VALUES ('a', 1), ('a ', 2), ('ä!', 3), ('ß', 4), ('Жук', 5), (NULL, 6), (NULL, 7)",
    f"CREATE TABLE korean (x {ROOT} PRIMARY KEY, n INT)",
    "INSERT INTO korean VALUES ('한글', 1), ('한', 2), ('글', 3)",
    f"CREATE TABLE sign (x {ROOT} UNIQUE, id INT PRIMARY KEY)",
    "INSERT INTO sign VALUES ('a\u05efb', 1), ('a\u05d9\u05d4\u05d5\u05d4b', 2), ('\u05ef', 3), ('c', 4)",
    f"CREATE TABLE some (b VARBINARY(9), n INT, x {ROOT}, id INT PRIMARY KEY, UNIQUE three (b, n, x))",
    "INSERT INTO some VALUES ('k', 7, '\u05ef', 1), ('k', 7, '\u05d9\u05d4\u05d5\u05d4', 2), ('l', 7, '\u05ef', 3)",
    f"CREATE TABLE left_out (x {ROOT} PRIMARY KEY, n INT)",
    "INSERT INTO left_out VALUES ('\u05ef', 1), ('\u05d9\u05d4\u05d5\u05d4', 2)",
    "CREATE TABLE norse (x VARCHAR(9) COLLATE utf8mb4_sv_0900_ai_ci UNIQUE)",
    "INSERT INTO norse VALUES ('ô'), ('o'), ('q')",
)


def test_values_that_only_the_target_can_compare_are_judged_by_it_before_rows_move(
    migrate: Migrate, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    """Unicode 14 takes U+05EF, the yod triangle, for the letters yod, he, vav, he; to 9 it is one of its own."""
    source, target = every.servers["source"], every.servers["maria11"]
    schema, goal = fresh_schemas("judged", source), fresh_schemas("judged_to")
    fill(source, schema, iter(NOT_THERE))
    move = f'where = {{ "{schema}.left_out" = "n > 1" }}\n'
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"), move=move)
    planned = migrate.must("plan", "--json")
    refusals = found(planned, "MG309", goal)
    rules = "a few hundred rare characters are weighed otherwise"
    assert {name: text.partition(":")[0] for name, text in refusals.items()} == {
        "norse": "the unique key x",
        "sign": "the unique key x",
        "some": "the unique key three",
    }
    assert refusals["sign"].startswith("the unique key x: 1 value is there more than once under utf8mb4_")
    assert rules in refusals["sign"]
    assert refusals["sign"].endswith("such as 'a\u05d9\u05d4\u05d5\u05d4b' and 'a\u05efb'")
    assert refusals["some"].endswith("such as (0x6B, 7, '\u05d9\u05d4\u05d5\u05d4') and (0x6B, 7, '\u05ef')")
    checked = found(planned, "MG411", goal)
    assert sorted(checked) == ["korean.PRIMARY", "left_out.PRIMARY", "plain.x"]
    assert all(text.endswith("; it was checked: the source has none now") for text in checked.values())
    assert client.rows(target, "SHOW DATABASES LIKE %s", goal) == [], "nothing was written"
    migrate.must("plan", *(word for name in refusals for word in ("--exclude", f"{schema}.{name}")))
    migrate.must("apply", PLAN)
    assert client.rows(target, f"SELECT COUNT(*) FROM {goal}.plain") == [(7,)]
    client.rows(source, f"ALTER TABLE {schema}.sign DROP KEY x")
    migrate.must("plan", "--exclude", f"{schema}.some", "--exclude", f"{schema}.norse")
    migrate.must("apply", PLAN)
    with pytest.raises(pymysql.err.IntegrityError, match="Duplicate entry"):
        client.rows(target, f"ALTER TABLE {goal}.sign ADD UNIQUE (x)")


def test_more_values_than_are_sent_are_left_to_the_load(
    monkeypatch: pytest.MonkeyPatch, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers["source"], every.servers["maria11"]
    schema = fresh_schemas("many", source)
    texts = ",".join(f"('{'한' * 700}{number:04}')" for number in range(400))
    made = "CREATE TABLE t (x VARCHAR(750) COLLATE utf8mb4_0900_ai_ci PRIMARY KEY)"
    fill(source, schema, iter((made, f"INSERT INTO t VALUES {texts}")))

    async def asked() -> list[tuple[str, int]]:
        async with open_engines({"old": ref_of(source), "new": ref_of(target)}, 2) as engines:
            mine = (await engines["old"].inspect([all_of("old", schema)])).tables[0]
            there = "utf8mb4_uca1400_nopad_ai_ci"
            theirs = replace(mine, columns=tuple(replace(one, collation=there) for one in mine.columns))
            told = await engines["old"].collisions([(mine, theirs, "")], engines["new"])
            return [(one.index, one.values) for one in told]

    assert asyncio.run(asked()) == [("PRIMARY", 0)], "long texts are told apart to their ends"
    monkeypatch.setattr(weighing, "MOST", 399)
    assert asyncio.run(asked()) == []
