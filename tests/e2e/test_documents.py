"""JSON documents that text alters on the way arrive as they were, and those that cannot are named one by one."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Iterator

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate
from tests.lab import Lab, Server, client

DOUBLES = 20_000
KEY = 'q"\\\\x.y'
SESSION = "SET time_zone='+00:00', sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'"
COLUMNS = "id INT PRIMARY KEY, j JSON, k JSON, at TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP"
TYPED = (
    *("CAST(1.10 AS DECIMAL(5,2))", "CAST(REPEAT('9',65) AS DECIMAL(65,30))", "CAST('-0.00' AS DECIMAL(5,2))"),
    *("CAST('0.12345678901234567' AS DECIMAL(18,17))", "CAST(REPEAT('7',40) AS DECIMAL(40,0))"),
    *("DATE'2020-01-02'", "CAST('0000-00-00' AS DATE)", "CAST('-10:11:12.5' AS TIME(6))", "TIME'10:11:12'"),
    *("TIMESTAMP'2020-01-02 03:04:05.12'", "x'0001ff'", "CAST('' AS BINARY)", "CAST(7 AS UNSIGNED)", "-0e0"),
    *("'2020-01-02'", "'base64:type252:AP8='", "'10:11:12.000000'", "TRUE", "18446744073709551615", "'1.10'"),
)
TEXT = "CAST({} AS CHAR CHARACTER SET utf8mb4)"


def doubles(count: int) -> Iterator[str]:
    """Literals of doubles of all sizes, most of them of 16 or 17 digits."""
    dice = random.Random(5)
    while count:
        (value,) = struct.unpack("<d", dice.getrandbits(64).to_bytes(8, "little"))
        if math.isfinite(value):
            yield repr(value) if "e" in repr(value) else f"{value!r}e0"
            count -= 1


def fill(server: Server, schema: str) -> None:
    numbers = list(doubles(DOUBLES))
    rows = []
    for n, (a, b, c, d) in enumerate(zip(*(iter(numbers),) * 4, strict=True)):
        nested = f"JSON_OBJECT('a',{a},'list',JSON_ARRAY(1,JSON_OBJECT('{KEY}',{b}),'x',{c}))"
        rows.append(f"({n},{nested},CAST({d} AS JSON),'2001-01-01')")
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute(SESSION)
        cursor.execute(f"CREATE TABLE numbers ({COLUMNS})")
        for start in range(0, len(rows), 500):
            cursor.execute(f"INSERT INTO numbers VALUES {','.join(rows[start : start + 500])}")
        cursor.execute(f"CREATE TABLE typed ({COLUMNS})")
        for n, one in enumerate(TYPED):
            cursor.execute(
                f"INSERT INTO typed VALUES ({n},JSON_OBJECT('d',{one}),JSON_ARRAY(1,JSON_ARRAY({one})),NULL)"
            )
        cursor.execute("CREATE TABLE columns (b BLOB, f BINARY(3), t TIMESTAMP(3) NULL)")
        cursor.execute("INSERT INTO columns VALUES (x'00ff','abc','2020-01-01 00:00:00.5')")
        for n, column in enumerate("bft", 100):
            cursor.execute(f"INSERT INTO typed SELECT {n},JSON_OBJECT('d',{column}),NULL,NULL FROM columns")
        cursor.execute("DROP TABLE columns")


def stored(server: Server, schema: str, table: str) -> list[tuple[object, ...]]:
    """Rows with the text of their documents."""
    asked = f"SELECT id,{TEXT.format('j')},{TEXT.format('k')},at FROM {schema}.{table} ORDER BY id"
    return client.rows(server, asked, init_command=SESSION)


def types(server: Server, schema: str) -> list[tuple[object, ...]]:
    asked = f"SELECT id,JSON_TYPE(JSON_EXTRACT(j,'$.d')),JSON_TYPE(JSON_EXTRACT(k,'$[1][0]')) FROM {schema}.typed"
    return client.rows(server, f"{asked} ORDER BY id")


@pytest.mark.parametrize(("here", "there"), [("source", "target"), ("old", "source"), ("new", "source")])
def test_documents_of_numbers_dates_and_bytes_arrive_as_they_were(
    here: str, there: str, migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas
) -> None:
    old, new = everywhere.servers[here], everywhere.servers[there]
    schema, goal = fresh_everywhere("docs", old), fresh_everywhere("docs_to")
    fill(old, schema)
    migrate.configure(old, new, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    applied = migrate.must("apply", PLAN)
    assert "JSON documents were mended" in applied.text
    for table in ("numbers", "typed"):
        assert stored(new, goal, table) == stored(old, schema, table)
    # A DECIMAL whose text a double prints too, and an UNSIGNED that fits, are numbers of the same value and text.
    same = {"UNSIGNED INTEGER": "INTEGER"}
    assert [[same.get(str(one), one) for one in row] for row in types(new, goal)] == [
        [same.get(str(one), one) for one in row] for row in types(old, schema)
    ]
    migrate.must("verify", PLAN)
    assert migrate.must("plan", "--json").of("plan")[0]["steps"] == 0


def test_what_cannot_be_kept_is_named_one_by_one_and_what_was_damaged_is_repaired(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("docs", source), fresh_schemas("docs_to")
    for statement in (
        "CREATE TABLE t (id INT PRIMARY KEY, j JSON)",
        "INSERT INTO t VALUES (1,JSON_OBJECT('d',DATE'2020-01-02')),(2,JSON_ARRAY(1.10)),(3,'{}'),(30,NULL)",
        "CREATE TABLE small (b TINYBLOB)",
        "INSERT INTO small VALUES (x'00ff')",
        "INSERT INTO t SELECT 3 + n,JSON_OBJECT('a b',JSON_ARRAY(b)) FROM small, (SELECT 1 AS n UNION SELECT 2) AS two",
        "DROP TABLE small",
    ):
        client.rows(source, statement, database=schema)
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    applied = migrate("apply", PLAN)
    assert applied.code == 7, applied.text
    became = 'BLOB "base64:type249:AP8=" became BLOB "base64:type15:AP8="'
    named = [line.strip() for line in applied.out.splitlines() if "document j" in line]
    assert named == [f'row {n}, document j at $."a b"[0]: {became}' for n in (4, 5)]
    verified = migrate("verify", PLAN)
    assert verified.code == 7, verified.text
    assert f'row 5, document j at $."a b"[0]: {became}' in verified.text
    for side, name in ((source, schema), (target, goal)):
        client.rows(side, "DELETE FROM t WHERE id IN (4,5)", database=name)
    migrate.must("verify", PLAN)
    client.rows(target, """UPDATE t SET j = '{"d": "2020-01-02"}' WHERE id = 1""", database=goal)
    verified = migrate("verify", PLAN)
    assert verified.code == 7, verified.text
    assert 'row 1, document j at $."d": DATE "2020-01-02" became "2020-01-02"' in verified.text
    client.rows(target, "INSERT INTO t VALUES (99,'[1]')", database=goal)
    migrate.must("verify", PLAN, "--repair")
    assert client.rows(
        target, "SELECT id,JSON_TYPE(j->'$.d'),JSON_TYPE(j->'$[0]') FROM t ORDER BY id", database=goal
    ) == [
        (1, "DATE", "OBJECT"),
        (2, None, "DECIMAL"),
        (3, None, "OBJECT"),
        (30, None, None),
    ]
    migrate.must("verify", PLAN)


def test_documents_become_text_on_mariadb_and_texts_of_it_stay_letter_by_letter(
    migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas
) -> None:
    mysql, mariadb = everywhere.source, everywhere.maria11
    schema, goal = fresh_everywhere("docs", mysql), fresh_everywhere("docs_to")
    fill(mysql, schema)
    migrate.configure(mysql, mariadb, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    migrate.must("apply", PLAN)
    migrate.must("verify", PLAN)
    for table in ("numbers", "typed"):
        there = client.rows(mariadb, f"SELECT id,j,k FROM {goal}.{table} ORDER BY id")
        assert there == client.rows(mysql, f"SELECT id,j,k FROM {schema}.{table} ORDER BY id")
    texts = (
        '{"a":1.00, "b":[1, 2]}',
        '{"a":1,"a":2}',
        '{"b":1,"a":2}',
        " [ 1 ,2]",
        r'"\u00e9"',
        "[4.282522637229053e-32]",
    )
    back, home = fresh_everywhere("docs", mariadb), fresh_everywhere("docs_to")
    client.rows(mariadb, "CREATE TABLE t (id INT PRIMARY KEY, j JSON)", database=back)
    for n, text in enumerate(texts):
        client.rows(mariadb, "INSERT INTO t VALUES (%s,%s)", n, text, database=back)
    migrate.configure(mariadb, mysql, (f"{back}.*", f"{home}.*"))
    migrate.must("plan")
    migrate.must("apply", PLAN)
    migrate.must("verify", PLAN)
    assert client.rows(mysql, "SELECT id,j FROM t ORDER BY id", database=home) == list(enumerate(texts))


@pytest.mark.parametrize("name", ["maria10", "maria11"])
def test_documents_on_mariadb_are_compared_by_what_they_mean(
    name: str, migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas
) -> None:
    mysql, mariadb = everywhere.source, everywhere.servers[name]
    schema, goal = fresh_everywhere("docs", mysql), fresh_everywhere("docs_to", mariadb)
    with client.connect(mysql, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute("SET cte_max_recursion_depth = 10000")
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20), j JSON, k JSON)")
        cursor.execute(
            "INSERT INTO t WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < 2500)"
            " SELECT n, CONCAT('name ', n), JSON_OBJECT('aa',n,'b',JSON_ARRAY(1.5,'é',NULL,TRUE),'c',JSON_OBJECT()),"
            " IF(n % 3, NULL, JSON_ARRAY(n, 1e0)) FROM seq"
        )
    migrate.configure(mysql, mariadb, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    migrate.must("apply", PLAN)

    def run(sql: str) -> list[tuple[object, ...]]:
        return client.rows(mariadb, sql, database=goal)

    run(
        """UPDATE t SET j = CONCAT('{"c":{},"b":[15e-1,"\\\\u00e9",null , true],"aa":', id, '.0}'),"""
        " k = JSON_COMPACT(k)"
    )
    written = run("SELECT * FROM t ORDER BY id")
    migrate.must("verify", PLAN)
    assert migrate.must("plan", "-o", "again.toml", "--json").of("plan")[0]["steps"] == 0, "they mean the same"

    run("UPDATE t SET j = JSON_REPLACE(j,'$.b[3]',1) WHERE id = 7")  # true is not 1
    run("UPDATE t SET k = 'null' WHERE id = 8")  # neither is null NULL
    run("UPDATE t SET name = 'another' WHERE id = 9")
    run("UPDATE t SET k = NULL WHERE id = 12")
    verified = migrate("verify", PLAN)
    assert verified.code == 7, verified.text
    assert "2,500 rows on both sides, with other values" in verified.text
    planned = migrate.must("plan", "-o", "sync.toml", "--json")
    assert planned.of("plan")[0]["steps"] > 0
    migrate.must("apply", "sync.toml")
    now = run("SELECT * FROM t ORDER BY id")
    assert [row[0] for row, before in zip(now, written, strict=True) if row != before] == [7, 8, 9, 12], "only these"
    migrate.must("verify", "sync.toml")
    run("UPDATE t SET j = '[]' WHERE id = 2500")
    migrate.must("verify", PLAN, "--repair")
    assert run("SELECT j FROM t WHERE id = 2500") != [("[]",)]
    migrate.must("verify", PLAN)


def test_documents_under_an_empty_key_are_mended_too_where_no_path_leads_to_them(
    migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas
) -> None:
    """MySQL 5.7 takes no path with an empty key (3143)."""
    old, new = everywhere.servers["legacy"], everywhere.target
    schema, goal = fresh_everywhere("docs", old), fresh_everywhere("docs_to")
    day, within = "DATE'2020-01-02'", "JSON_OBJECT('',CAST('10:11:12' AS TIME(6)))"
    for statement in (
        "CREATE TABLE t (id INT PRIMARY KEY, j JSON)",
        f"INSERT INTO t VALUES (1,JSON_OBJECT('',{day},'a',1)),(2,JSON_ARRAY(JSON_OBJECT('b',0,'',{within})))",
        f"INSERT INTO t VALUES (3,JSON_OBJECT('.\"\"',JSON_OBJECT('',JSON_ARRAY(1,JSON_OBJECT('c',{day})))))",
    ):
        client.rows(old, statement, database=schema)
    migrate.configure(old, new, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    migrate.must("apply", PLAN)
    kinds = (
        """SELECT JSON_TYPE(j->'$.""') FROM t WHERE id = 1""",
        """SELECT JSON_TYPE(j->'$[0]."".""') FROM t WHERE id = 2""",
        """SELECT JSON_TYPE(j->'$.".\\\\"\\\\""."" [1].c') FROM t WHERE id = 3""",
    )
    assert [client.rows(new, one, database=goal)[0][0] for one in kinds] == ["DATE", "TIME", "DATE"]
    migrate.must("verify", PLAN)


def test_documents_in_a_table_without_a_key_are_said_to_be_what_cannot_be_looked_at(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("docs", source), fresh_schemas("docs_to")
    client.rows(source, "CREATE TABLE t (n INT, i JSON, j JSON, k JSON)", database=schema)
    values = "(1,'[]',JSON_OBJECT('d',DATE'2020-01-02'),'1'),(1,'{}','[1]','2')"
    client.rows(source, f"INSERT INTO t VALUES {values}", database=schema)
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    for ran in (migrate("apply", PLAN), migrate("verify", PLAN)):
        assert ran.code == 7, ran.text
        assert "no key by which these could be mended or named" in ran.text
        assert "with other values. Only JSON documents differ (j)" in ran.text
    client.rows(target, "UPDATE t SET n = 2 WHERE j = CAST('[1]' AS JSON)", database=goal)
    ran = migrate("verify", PLAN)
    assert "Only JSON documents" not in ran.text
    assert "with other values" in ran.text
