"""Stored objects of one vendor made on the other, on real servers: what they say, and what is refused by which word."""

from __future__ import annotations

import pytest

from tests.conftest import FreshSchemas
from tests.engines.crossings import crossed_objects
from tests.lab import Lab, client

TABLES = (
    "CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(20), j JSON) DEFAULT CHARACTER SET utf8mb4",
    "INSERT INTO t VALUES (1, 'a', '{\"a\": 1}'), (2, 'B', '{\"a\": 2}')",
    "CREATE TABLE log (x VARCHAR(200)) DEFAULT CHARACTER SET utf8mb4",
)
OF_MYSQL = (
    """CREATE VIEW v1 AS SELECT id, UPPER(s) u, j->>'$.a' ja, s COLLATE utf8mb4_0900_as_cs c FROM t
    WHERE s REGEXP '^a' OR s = 'b'""",
    "CREATE VIEW v2 AS SELECT id, ROW_NUMBER() OVER (ORDER BY id) rn, JSON_PRETTY(j) p FROM t",
    "CREATE VIEW v3 AS SELECT id FROM t UNION SELECT 7 ORDER BY 1",
    """CREATE FUNCTION f(p VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin) RETURNS VARCHAR(20)
    CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin DETERMINISTIC RETURN CONCAT(p, 'it''s')""",
    """CREATE PROCEDURE p() BEGIN
    DECLARE x VARCHAR(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci DEFAULT 'it''s';
    SELECT j->'$.a', t.j->>'$.a' FROM t LIMIT 1 OFFSET 1; INSERT INTO log VALUES (x); END""",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.s = CONCAT(NEW.s, _utf8mb4'it\\'s')",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO INSERT INTO log VALUES ('x' COLLATE utf8mb4_0900_ai_ci)",
)
OF_MARIADB = (
    """CREATE VIEW v1 AS SELECT id, LCASE(s) u, JSON_VALUE(j, '$.a') ja, s COLLATE utf8mb4_uca1400_as_cs c,
    NVL(s, 'x') n, NOT id x FROM t WHERE s REGEXP '^a' OR s = 'b'""",
    """CREATE VIEW v2 AS SELECT id, ROW_NUMBER() OVER (ORDER BY id) rn, JSON_DETAILED('{"a": 1}') p FROM t""",
    "CREATE VIEW v3 AS SELECT id FROM t UNION SELECT 7 ORDER BY 1",
    """CREATE FUNCTION f(p VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin) RETURNS VARCHAR(20)
    CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin DETERMINISTIC RETURN CONCAT(p, 'it''s')""",
    """CREATE PROCEDURE p() BEGIN SELECT s FROM t LIMIT 1 OFFSET 1;
    SELECT PERCENT_RANK() OVER (ORDER BY id) FROM t; INSERT INTO log VALUES ('it''s'); END""",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.s = CONCAT(NEW.s, 'it\\'s')",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO INSERT INTO log VALUES ('x' COLLATE utf8mb4_uca1400_ai_ci)",
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("source", "maria11"),
        ("source", "maria10"),
        ("new", "maria11"),
        ("maria11", "source"),
        ("maria10", "new"),
        ("maria11", "new"),
    ],
)
async def test_objects_do_on_the_target_what_they_did(
    old: str, new: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    result = await crossed_objects(source, target, schema, *TABLES, *_objects(source.vendor))
    assert result.said.refused == ()
    asked = ["SELECT id, u, ja, c FROM v1 ORDER BY id", "SELECT id, rn FROM v2 ORDER BY id", "SELECT * FROM v3"]
    asked += ["SELECT f('x')", "SELECT p FROM v2 LIMIT 0"]
    for server in (source, target):
        client.rows(server, "CALL p()", database=schema)
        client.rows(server, "INSERT INTO t (id, s) VALUES (3, 'n')", database=schema)
    asked += ["SELECT s FROM t WHERE id = 3", "SELECT * FROM log"]
    for question in asked:
        assert client.rows(target, question, database=schema) == client.rows(source, question, database=schema)
    assert client.rows(target, "SELECT s FROM t WHERE id = 3", database=schema) == [("nit's",)]


def _objects(vendor: str) -> tuple[str, ...]:
    return OF_MYSQL if vendor == "mysql" else OF_MARIADB


REFUSED_BY_MARIADB = {
    "SELECT ANY_VALUE(s) FROM t": "MariaDB has no ANY_VALUE()",
    "SELECT CAST('{}' AS JSON)": "MariaDB cannot CAST to JSON",
    "SELECT l.x FROM t, LATERAL (SELECT t.id AS x) l": "MariaDB has no LATERAL",
    "INSERT INTO t (id) VALUES (9) AS new ON DUPLICATE KEY UPDATE id = new.id": (
        "MariaDB has no alias for the rows of an INSERT"
    ),
    "SELECT id FROM t FOR SHARE": "MariaDB says LOCK IN SHARE MODE for FOR SHARE",
    "SELECT id FROM t FOR UPDATE OF t": "MariaDB has no FOR UPDATE OF",
    "SELECT UUID_TO_BIN(UUID())": "MariaDB has no UUID_TO_BIN()",
    "SELECT 1 MEMBER OF ('[1]')": "MariaDB has no MEMBER OF",
    "VALUES ROW(1,2)": "MariaDB has no VALUES ROW",
    "SELECT REGEXP_LIKE(s, 'a', 'c') FROM t": "MariaDB has no REGEXP_LIKE()",
    "BEGIN DECLARE offset INT; SET offset = 1; END": ("OFFSET is a reserved word there: as a name it needs backticks"),
}
REFUSED_BY_MYSQL = {
    "BEGIN FOR i IN 1..3 DO INSERT INTO log VALUES (i); END FOR; END": "MySQL has no FOR … IN loop",
    "INSERT INTO log VALUES ('a') RETURNING x": "MySQL has no RETURNING",
    "EXECUTE IMMEDIATE 'SELECT 1'": "MySQL has no EXECUTE IMMEDIATE",
    "BEGIN DECLARE x ROW TYPE OF t; END": "MySQL has no TYPE OF",
    "BEGIN NOT ATOMIC SELECT 1; END": "MySQL has no BEGIN NOT ATOMIC",
    "CREATE OR REPLACE TABLE zz (a INT)": "MySQL has CREATE OR REPLACE for views only",
    "BEGIN SELECT NEXT VALUE FOR sq; END": "MySQL has no sequences",
    "BEGIN DECLARE c CURSOR (a INT) FOR SELECT a; END": "MySQL's cursors have no parameters",
    "SELECT id FROM t ORDER BY id FETCH FIRST 1 ROWS ONLY": "MySQL has no FETCH FIRST",
    "SELECT id AS groups FROM t": "GROUPS is a reserved word there: as a name it needs backticks",
    "BEGIN ALTER TABLE log ADD COLUMN IF NOT EXISTS y INT; END": "MySQL has no ADD COLUMN IF NOT EXISTS",
    "BEGIN DECLARE v UUID; SELECT v; END": "MySQL has no type UUID",
    "SELECT SFORMAT('{}', 1)": "MySQL has no SFORMAT()",
    "SELECT id FROM t LIMIT ROWS EXAMINED 10": "MySQL has no LIMIT ROWS EXAMINED",
}


@pytest.mark.parametrize(
    ("old", "new", "bodies"),
    [
        ("source", "maria11", REFUSED_BY_MARIADB),
        ("new", "maria10", REFUSED_BY_MARIADB),
        ("maria11", "source", REFUSED_BY_MYSQL),
        ("maria10", "new", REFUSED_BY_MYSQL),
    ],
    ids=["8.0.33-11.8", "9.7-10.11", "11.8-8.0.33", "10.11-9.7"],
)
async def test_words_that_the_target_lacks_are_refused_by_name(
    old: str, new: str, bodies: dict[str, str], every: Lab, fresh_schemas: FreshSchemas
) -> None:
    source, target = every.servers[old], every.servers[new]
    schema = fresh_schemas("cross", source, target)
    objects = [f"CREATE PROCEDURE p{number:02}() {text}" for number, text in enumerate(bodies)]
    objects = ["CREATE SEQUENCE sq", *objects] if source.vendor == "mariadb" else objects
    result = await crossed_objects(source, target, schema, *TABLES, *objects)
    reasons = {note.name.name: note.text for note in result.said.refused}
    assert reasons.pop("sq", "MySQL has no sequences") == "MySQL has no sequences"
    assert reasons == {f"p{number:02}": why for number, why in enumerate(bodies.values())}


async def test_settings_lose_what_the_target_does_not_know(every: Lab, fresh_schemas: FreshSchemas) -> None:
    source, target = every.servers["maria11"], every.servers["source"]
    schema = fresh_schemas("cross", source, target)
    result = await crossed_objects(
        source,
        target,
        schema,
        *TABLES,
        "SET sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_CREATE_USER'",
        "CREATE PROCEDURE p() SELECT 'it''s'",
    )
    assert result.texts("p", "MG408") == (
        "collation_connection utf8mb4_uca1400_ai_ci becomes utf8mb4_0900_ai_ci",
        "sql_mode is there without NO_AUTO_CREATE_USER, which the target does not know",
    )
    ((mode, collation),) = client.rows(
        target,
        "SELECT SQL_MODE, COLLATION_CONNECTION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = %s",
        schema,
    )
    assert (mode, collation) == ("STRICT_ALL_TABLES", "utf8mb4_0900_ai_ci")


async def test_a_body_in_oracles_language_is_refused(every: Lab, fresh_schemas: FreshSchemas) -> None:
    source, target = every.servers["maria11"], every.servers["source"]
    schema = fresh_schemas("cross", source, target)
    result = await crossed_objects(
        source, target, schema, *TABLES, "SET sql_mode = 'ORACLE'", "CREATE PROCEDURE p AS BEGIN SELECT 1; END"
    )
    assert "the target has no sql_mode ORACLE: its words are PL/SQL" in result.texts("p", "MG410")


async def test_a_name_that_became_reserved_is_refused_on_the_way_up(every: Lab, fresh_schemas: FreshSchemas) -> None:
    source, target = every.servers["legacy"], every.servers["source"]
    schema = fresh_schemas("cross", source, target)
    result = await crossed_objects(
        source,
        target,
        schema,
        *TABLES,
        "CREATE PROCEDURE p() SELECT id AS rank FROM t",
        "CREATE PROCEDURE q() SELECT id AS `rank` FROM t",
    )
    assert {note.name.name: note.text for note in result.said.refused} == {
        "p": "RANK is a reserved word there: as a name it needs backticks"
    }


async def test_md5_is_refused_where_the_server_has_none(every: Lab, fresh_schemas: FreshSchemas) -> None:
    source, target = every.servers["source"], every.servers["new"]
    schema = fresh_schemas("cross", source, target)
    result = await crossed_objects(source, target, schema, *TABLES, "CREATE VIEW v AS SELECT MD5(s) m FROM t")
    assert {note.name.name: note.text for note in result.said.refused} == {"v": "this server has no MD5()"}
