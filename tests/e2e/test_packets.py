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
