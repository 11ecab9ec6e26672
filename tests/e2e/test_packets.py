"""Rows that are larger than a server's packets: the plan says so, and what it advises is enough."""

from __future__ import annotations

import pytest

from tests import lab as lab_api
from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate
from tests.e2e.equality import assert_equal
from tests.e2e.world import fill
from tests.lab import Server, client

TABLES = """\
CREATE TABLE large (id INT PRIMARY KEY, j JSON, b LONGBLOB);
CREATE TABLE small (id INT PRIMARY KEY, j JSON);
INSERT INTO large VALUES (1,CONCAT('"',REPEAT('x',1500000),'"'),NULL),(2,NULL,REPEAT(x'00ff',1500000)),(3,'[1]','');
INSERT INTO small VALUES (1,'{}')"""


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_table_with_such_rows_is_blocked_until_the_server_takes_them(
    side: str, migrate: Migrate, source: Server, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("packets", source)
    with lab_api.extra("packets") as private:
        old, new = (private, source) if side == "old" else (source, private)
        if side == "old":
            client.rows(private, f"CREATE DATABASE {schema}")
        fill(old, schema, TABLES)
        client.rows(private, "SET GLOBAL max_allowed_packet=1048576", root=True)
        goal = fresh_schemas("packets_to")
        migrate.configure(old, new, (f"{schema}.*", f"{goal}.*"))
        (plan,) = migrate.must("plan", "--json").of("plan")
        (found,) = [one for one in plan["findings"] if one["code"] == "MG308"]
        assert (found["level"], found["object"]) == ("unsupported", f"new:{goal}.large")
        advice = "SET GLOBAL max_allowed_packet=2097152"
        assert found["text"].startswith(f"1 row cannot be {'read from' if side == 'old' else 'written to'} {side}: ")
        assert found["text"].endswith(f"; {advice} there")
        blocked = migrate("apply", PLAN)
        assert blocked.code == 6, blocked.text
        assert f"load-rows:new:{goal}.large" in blocked.text
        client.rows(private, advice, root=True)
        migrate.must("plan")
        applied = migrate("apply", PLAN)
        assert applied.code == 0, applied.text
        assert_equal(old, schema, new, goal)


MARKS = "x'15170e19160f18141f1d1e1c'"
CROWDED = f"""\
CREATE TABLE texts (id INT AUTO_INCREMENT PRIMARY KEY, t VARCHAR(500));
INSERT INTO texts (t) SELECT REPEAT(CHAR(97+seq%26),500) FROM seq_1_to_40000;
CREATE TABLE bytes (id INT PRIMARY KEY, b LONGBLOB);
INSERT INTO bytes SELECT seq,'s' FROM seq_1_to_6000;
INSERT INTO bytes SELECT 6000+seq,REPEAT('x',1040000) FROM seq_1_to_4;
CREATE TABLE digits (id INT PRIMARY KEY, b LONGBLOB);
INSERT INTO digits SELECT seq,CONCAT(REPEAT('x',1000000),{MARKS}) FROM seq_1_to_4;
CREATE TABLE numbers (id INT PRIMARY KEY, {",".join(f"c{n} DOUBLE" for n in range(200))});
INSERT INTO numbers SELECT seq{",1/(seq+2)" * 200} FROM seq_1_to_3000"""


def test_a_chunk_that_mariadb_would_cut_is_read_in_smaller_ones(
    migrate: Migrate, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = "crowded", fresh_schemas("packets_to")
    with lab_api.extra("packets", "11.8", ["--max-allowed-packet=4M"]) as private:
        client.rows(private, f"CREATE DATABASE {schema} CHARACTER SET utf8mb4")
        fill(private, schema, CROWDED)
        migrate.configure(private, target, (f"{schema}.*", f"{goal}.*"))
        migrate.must("plan")
        applied = migrate("apply", PLAN)
        assert applied.code == 0, applied.text
        assert_equal(private, schema, target, goal)


def test_a_row_larger_than_a_statement_that_holds_every_delimiter_arrives_as_digits(
    migrate: Migrate, source: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("packets", source), "digits_to"
    made = f"""\
CREATE TABLE a (id INT PRIMARY KEY, b LONGBLOB, t VARCHAR(9), n BIT(9), e ENUM('x','y'), d DOUBLE);
INSERT INTO a VALUES (1,CONCAT(REPEAT('a',5000000),{MARKS}),'é',NULL,'y',0.1),(2,'b',NULL,x'01ff',NULL,NULL)"""
    fill(source, schema, made)
    with lab_api.extra("packets", options=["--max-allowed-packet=1M"]) as private:
        migrate.configure(source, private, (f"{schema}.*", f"{goal}.*"))
        migrate.must("plan")
        applied = migrate("apply", PLAN)
        assert applied.code == 0, applied.text
        client.rows(private, "SET GLOBAL max_allowed_packet=67108864", root=True)  # for the proof's own reading
        assert_equal(source, schema, private, goal)
