"""Views, triggers, routines, events and sequences on real servers: told, renamed, made, and then told the same."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pymysql
import pytest
from msgspec.structs import replace

from migrate.engines.base import Made, Renames
from migrate.engines.mysql import stored_ddl
from migrate.engines.mysql.made import made, record_made
from migrate.engines.mysql.shown import accounts, over, stored_definitions
from migrate.engines.mysql.stored_ddl import same_stored
from migrate.engines.mysql.uses import row_columns
from migrate.errors import MissingPrivilege, ServerError
from migrate.model.table import StoredObject, TableName, Use
from migrate.sql import quote
from tests.conftest import FreshSchemas
from tests.engines.mysql_catalogs import catalog_of
from tests.engines.mysql_catalogs import run as run_sql
from tests.engines.mysql_sessions import connected
from tests.engines.mysql_stored_objects import catalog, copy, fill, hostile, run
from tests.lab import Lab, client
from tests.lab import Server as LabServer

Namer = Callable[[str], str]

SERVERS = ("source", "old", "legacy", "new", "maria10", "maria11")


@pytest.fixture(params=SERVERS)
def each_server(request: pytest.FixtureRequest, every: Lab) -> LabServer:
    """Each version of the lab in turn."""
    return every.servers[request.param]


@pytest.fixture(params=["maria10", "maria11"])
def each_maria(request: pytest.FixtureRequest, every: Lab) -> LabServer:
    return every.servers[request.param]


@pytest.fixture
def named(every: Lab) -> Iterator[Namer]:
    """Names of schemas that nobody uses, each with a pattern in which # is replaced; dropped everywhere at the end."""
    names: list[str] = []

    def name(pattern: str) -> str:
        names.append(pattern.replace("#", uuid.uuid4().hex[:8]))
        return names[-1]

    yield name
    for server in every.servers.values():
        with client.connect(server) as connection, connection.cursor() as cursor:
            for one in names:
                cursor.execute(f"DROP DATABASE IF EXISTS {quote(one)}")


# -- made under another name, and equal

NAMES = {
    "plain": ("stored_#", "other_#", "crm_#", "more_#"),
    "backticks": ("st`o red_#", "한글.o_#", "select_#", "a/b%_#"),
    "quotes": ("Stored_#", "a?b\\c_#", "s.t'o\"red_#", "O_#"),
    "long": ("s" * 56 + "#", "2024_#", "2025_#", "x" * 56 + "#"),
}
CASES = [(server, names) for server in SERVERS for names in ("plain", "backticks")]
CASES += [(server, names) for server in ("source", "maria11") for names in ("quotes", "long")]


@pytest.mark.parametrize(("server", "names"), CASES)
async def test_a_hostile_schema_is_made_under_another_name_and_told_the_same(
    every: Lab, named: Namer, server: str, names: str
) -> None:
    lab_server = every.servers[server]
    home, other, new_home, new_other = (named(one) for one in NAMES[names])
    fill(lab_server, home, other)
    copied = await copy(lab_server, lab_server, {home: new_home, other: new_other})
    assert len(copied.pairs) == len(hostile(lab_server))
    assert [wanted.broken for wanted, _ in copied.pairs.values() if wanted.broken] == []
    assert copied.different() == []


VIEWS = (Path(__file__).parent / "mysql_views.sql").read_text("utf-8").splitlines()
OF_VIEWS = "a INT PRIMARY KEY, b INT, c VARCHAR(20), d DATE, e DOUBLE, j JSON, KEY kb (b), FULLTEXT KEY ft (c)"


async def test_a_view_of_any_shape_is_made_from_its_own_words_and_told_the_same(
    each_server: LabServer, named: Namer
) -> None:
    """However often: a server tells some views otherwise when they are made again."""
    home, first, second = named("views_#"), named("first_#"), named("second_#")
    refused = 0
    with client.connect(each_server) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {home}")
        cursor.execute(f"USE {home}")
        for table in "tuw":
            cursor.execute(f"CREATE TABLE {table} ({OF_VIEWS})")
        for number, query in enumerate(VIEWS):
            try:
                cursor.execute(f"CREATE VIEW v{number} AS {query}")
            except pymysql.err.MySQLError:  # what this version does not know
                refused += 1
    assert len(VIEWS) - refused > 60
    for here, there in ((home, first), (first, second)):
        copied = await copy(each_server, each_server, {here: there})
        assert len(copied.pairs) == len(VIEWS) - refused
        found = [copied.pairs[key] for key in copied.different()]
        assert 5 < len(found) < 20 or here == first
        assert [wanted.name for wanted, made in found if made is None or not same_stored(made, wanted)] == []


async def test_names_that_differ_in_case_only_stay_apart(each_server: LabServer, named: Namer) -> None:
    home, other = named("case_#"), named("other_#")
    fill(each_server, home, other)
    twin = named(home.upper().replace("#", ""))
    copied = await copy(each_server, each_server, {home: twin, other: named("OTHER_#")})
    assert copied.different() == []


@pytest.mark.parametrize(("origin", "goal"), [("source", "target"), ("source", "new"), ("maria10", "maria11")])
async def test_a_schema_that_keeps_its_name_is_made_on_another_server_and_told_the_same(
    every: Lab, named: Namer, origin: str, goal: str
) -> None:
    home, other = named("stored_#"), named("other_#")
    fill(every.servers[origin], home, other)
    copied = await copy(every.servers[origin], every.servers[goal], {home: home, other: other})
    assert copied.different() == []


async def test_from_an_older_version_only_spelling_and_the_words_of_views_differ(
    old: LabServer, source: LabServer, named: Namer
) -> None:
    home, other = named("stored_#"), named("other_#")
    fill(old, home, other)
    copied = await copy(old, source, {home: named("crm_#"), other: named("more_#")})
    left = [
        (wanted.kind, wanted.name.name)
        for wanted, there in copied.pairs.values()
        if there is None or not stored_ddl.same_stored(replace(there, enabled=wanted.enabled), wanted)
    ]
    # 8.0.12 tells '1:30' MINUTE_SECOND as 90, no schema of a column, and json_table without quotes.
    assert left == [("event", "e3"), ("view", "m3"), ("view", "v11"), ("view", "v5")]


async def test_tables_and_views_whose_own_names_change_are_renamed_wherever_they_are_named(
    each_server: LabServer, named: Namer
) -> None:
    home, goal, away = named("stored_#"), named("crm_#"), named("away_#")
    client.rows(each_server, f"CREATE DATABASE {quote(home)} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    client.rows(each_server, f"CREATE DATABASE {quote(away)}")
    run_sql(
        each_server,
        home,
        "CREATE TABLE t (a INT, t INT)",
        "CREATE TABLE u (a INT)",
        "CREATE TABLE log (w VARCHAR(20))",
        "CREATE VIEW v AS SELECT t.a, t.t, u.a ua, 't.a' q FROM t JOIN u ON t.a = u.a WHERE t.t IN (SELECT t FROM t x)",
        "CREATE VIEW v2 AS SELECT v.a FROM v JOIN t ON v.a = t.a",
        "CREATE PROCEDURE p(t INT) BEGIN DECLARE x INT; SELECT t INTO x FROM t WHERE t.a = 1;"
        " INSERT INTO t VALUES (1, t); UPDATE t JOIN u ON u.a = t.a SET t.t = 5, u.a = 't';"
        " DELETE FROM {s}.t; INSERT INTO log SELECT a FROM v; END",
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN INSERT INTO u VALUES (NEW.t); DELETE FROM log; END",
    )
    objects = {
        TableName(home, "t"): TableName(goal, "t`2"),
        TableName(home, "v"): TableName(goal, "w"),
        TableName(home, "log"): TableName(away, "log"),
    }
    copied = await copy(each_server, each_server, {home: goal}, objects)
    assert copied.different() == []
    procedure = copied.pairs["procedure", TableName(home, "p")][0].text
    assert procedure.split("BEGIN ")[1] == (
        "DECLARE x INT; SELECT t INTO x FROM `t``2` WHERE `t``2`.a = 1; INSERT INTO `t``2` VALUES (1, t);"
        " UPDATE `t``2` JOIN u ON u.a = `t``2`.a SET `t``2`.t = 5, u.a = 't';"
        f" DELETE FROM {quote(goal)}.`t``2`; INSERT INTO {quote(away)}.`log` SELECT a FROM `w`; END"
    )
    trigger = copied.pairs["trigger", TableName(home, "tr")][0]
    assert (trigger.table, trigger.name.schema) == ("t`2", goal)


async def test_triggers_fire_in_their_order_and_views_tell_the_same_rows(each_server: LabServer, named: Namer) -> None:
    home, goal = named("stored_#"), named("crm_#")
    client.rows(each_server, f"CREATE DATABASE {quote(home)} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    run_sql(
        each_server,
        home,
        "CREATE TABLE t (a INT, b VARCHAR(60))",
        "CREATE TRIGGER last BEFORE INSERT ON t FOR EACH ROW SET NEW.b = CONCAT(NEW.b, '-last')",
        "CREATE TRIGGER gone BEFORE INSERT ON t FOR EACH ROW PRECEDES last SET NEW.b = 'gone'",
        "CREATE TRIGGER first BEFORE INSERT ON t FOR EACH ROW PRECEDES gone SET NEW.b = CONCAT(NEW.b, '-first')",
        "DROP TRIGGER gone",
        "CREATE VIEW v AS SELECT a, CONCAT(b, '😀') c FROM t",
    )
    copied = await copy(each_server, each_server, {home: goal})
    assert copied.different() == []
    assert [(w.name.name, w.order) for w, _ in copied.pairs.values() if w.kind == "trigger"] == [
        ("first", 1),
        ("last", 2),
    ]
    client.rows(each_server, f"INSERT INTO {quote(goal)}.t VALUES (1, 'x')")
    assert client.rows(each_server, f"SELECT * FROM {quote(goal)}.v") == [(1, "x-first-last😀")]


# -- what is told


async def test_one_object_of_each_kind_is_told(each_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("stored")
    client.rows(each_server, f"CREATE DATABASE `{schema}` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    modes = "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION"
    run_sql(
        each_server,
        schema,
        f"SET NAMES utf8mb4 COLLATE utf8mb4_bin, sql_mode = '{modes}', time_zone = '+05:00'",
        "CREATE TABLE t (a INT)",
        "CREATE VIEW v (x) AS SELECT a FROM t WHERE a > 1 WITH LOCAL CHECK OPTION",
        "CREATE TRIGGER tr AFTER UPDATE ON t FOR EACH ROW SET @a = 1",
        "CREATE PROCEDURE p(IN x INT, OUT y VARCHAR(5)) MODIFIES SQL DATA DETERMINISTIC COMMENT 'it''s' SET y = 'a'",
        "CREATE FUNCTION f() RETURNS DATE NO SQL SQL SECURITY INVOKER RETURN NULL",
        "CREATE EVENT e ON SCHEDULE EVERY 2 HOUR STARTS '2031-01-02 03:04:05' COMMENT 'c' DO SET @a = 1",
    )
    found = {one.kind: one for one in (await catalog_of(each_server, f"{schema}.*")).stored}
    plain = (("character_set_client", "utf8mb4"), ("collation_connection", "utf8mb4_bin"))
    mode = (("sql_mode", modes),)
    me = f"{each_server.user}@%"
    maria = each_server.vendor == "mariadb"
    width = "(11)" if maria or each_server.version < "8.0.19" else ""
    column = "x" if maria or each_server.version.startswith("5.7") else "a"
    condition = f"`{schema}`.`t`.`a` > 1" if maria else f"(`{schema}`.`t`.`a` > 1)"
    select = f"select `{schema}`.`t`.`a` AS `{column}` from `{schema}`.`t` where {condition}"
    algorithm = "ALGORITHM=UNDEFINED " if maria else ""
    assert found == {
        "view": StoredObject(
            "view",
            TableName(schema, "v"),
            f"{algorithm}SQL SECURITY DEFINER VIEW (`x`) AS {select} WITH LOCAL CHECK OPTION",
            me,
            plain,
        ),
        "trigger": StoredObject(
            "trigger", TableName(schema, "tr"), "SET @a = 1", me, plain + mode, "t", "AFTER", "UPDATE", 1
        ),
        "procedure": StoredObject(
            "procedure",
            TableName(schema, "p"),
            f"PROCEDURE (IN `x` int{width}, OUT `y` varchar(5) CHARSET utf8mb4 COLLATE utf8mb4_general_ci)\n"
            "MODIFIES SQL DATA\nDETERMINISTIC\nSQL SECURITY DEFINER\nCOMMENT 'it''s'\nSET y = 'a'",
            me,
            plain + mode,
        ),
        "function": StoredObject(
            "function",
            TableName(schema, "f"),
            "FUNCTION () RETURNS date\nNO SQL\nSQL SECURITY INVOKER\nRETURN NULL",
            me,
            plain + mode,
        ),
        "event": StoredObject(
            "event",
            TableName(schema, "e"),
            "ON SCHEDULE EVERY 2 HOUR STARTS '2031-01-02 03:04:05' ON COMPLETION NOT PRESERVE COMMENT 'c'\n"
            "DO SET @a = 1",
            me,
            (*plain, *mode, ("time_zone", "+05:00")),
        ),
    }


async def test_what_reads_what_is_gone_is_broken_and_stops_nothing(
    each_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("stored", each_server)
    run_sql(
        each_server,
        schema,
        "CREATE TABLE t (a INT)",
        "CREATE TABLE u (a INT, b INT)",
        "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
        "CREATE VIEW a1 AS SELECT a FROM t",
        "CREATE VIEW b1 AS SELECT a1.a FROM a1",
        "CREATE VIEW c1 AS SELECT f() x",
        "CREATE VIEW d1 AS SELECT b FROM u",
        "CREATE VIEW fine AS SELECT a FROM u",
        "CREATE EVENT future ON SCHEDULE EVERY 1 DAY STARTS '2001-01-01' ENDS '2034-01-01' DISABLE DO SET @a = 1",
        "DROP TABLE t",
        "DROP FUNCTION f",
        "ALTER TABLE u DROP COLUMN b",
    )
    found = {one.name.name: one.broken for one in (await catalog_of(each_server, f"{schema}.*")).stored}
    assert {name for name, broken in found.items() if broken} == {"a1", "b1", "c1", "d1"}
    assert found["a1"].startswith(f"View '{schema}.a1' references invalid table(s)")


async def test_letters_above_the_dictionarys_own_are_told_and_tell_objects_apart(
    each_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("stored", each_server)
    run_sql(
        each_server,
        schema,
        "CREATE TABLE t (a INT)",
        *(
            statement.replace("@", letter).replace("#", name)
            for letter, name in (("😀", "1"), ("😁", "2"), ("?", "3"))
            for statement in (
                "CREATE VIEW v# AS SELECT '@' x",
                "CREATE PROCEDURE p#() SELECT '@'",
                "CREATE TRIGGER tr# BEFORE INSERT ON t FOR EACH ROW SET @x = '@'".replace("@x", "@@").replace(
                    "@@", "%x"
                ),
                "CREATE EVENT e# ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01' DO SELECT '@'",
            )
            for statement in [statement.replace("%x", "NEW.a")]
        ),
    )
    found = (await catalog_of(each_server, f"{schema}.*")).stored
    for kind in ("view", "procedure", "trigger", "event"):
        texts = [one.text for one in found if one.kind == kind]
        assert [letter for text, letter in zip(texts, "😀😁?", strict=True) if letter not in text] == []
        assert len(set(texts)) == 3


async def test_an_event_whose_time_is_over_is_broken_because_servers_drop_it(
    each_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("stored", each_server)
    run_sql(
        each_server,
        schema,
        "CREATE EVENT kept ON SCHEDULE AT '2001-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE DO SET @a = 1",
        "CREATE EVENT later ON SCHEDULE AT '2031-01-01 00:00:00' DISABLE DO SET @a = 1",
        "CREATE EVENT past ON SCHEDULE AT '2001-01-01 00:00:00' DISABLE DO SET @a = 1",
    )
    found = (await catalog_of(each_server, f"{schema}.*")).stored
    assert [(one.name.name, one.broken) for one in found] == [("kept", ""), ("later", "")]
    client.rows(
        each_server, f"CREATE EVENT `{schema}`.soon ON SCHEDULE AT NOW() + INTERVAL 2 DAY DISABLE DO SET @a = 1"
    )
    async with connected(each_server) as opened:
        (soon,) = [one for one in (await catalog(opened, [schema])).stored if one.name.name == "soon"]
    assert over(soon, datetime.now(UTC)).broken == ""
    assert over(soon, datetime.now(UTC) + timedelta(days=4)).broken.startswith("its time is over since 20")


async def test_an_account_that_may_not_see_words_is_told_which_privilege_it_lacks(
    each_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("stored", each_server)
    run_sql(
        each_server,
        schema,
        "CREATE TABLE t (a INT)",
        "CREATE VIEW v AS SELECT a FROM t",
        "CREATE PROCEDURE p() SELECT 1",
    )
    user = f"stored_{uuid.uuid4().hex[:8]}"
    client.rows(each_server, f"CREATE USER {user}@'%' IDENTIFIED BY 'pw'", root=True)
    client.rows(each_server, f"GRANT SELECT, EXECUTE ON `{schema}`.* TO {user}@'%'", root=True)
    try:
        async with connected(each_server, user=user, password="pw") as opened:
            found = (await catalog(opened, [schema])).stored
            hints = []
            for one in found:
                with pytest.raises(MissingPrivilege) as caught:
                    await stored_definitions(opened, [one])
                hints.append(caught.value)
            assert await accounts(opened) is None
    finally:
        client.rows(each_server, f"DROP USER {user}@'%'", root=True)
    assert [(one.kind, one.broken) for one in found] == [
        (
            "procedure",
            "this account may not see its words: grant it SHOW_ROUTINE (before 8.0.20 and on MariaDB: SELECT on *.*)",
        ),
        ("view", "this account may not see its words: grant it SHOW VIEW and SELECT on it"),
    ]
    assert f"{schema}.p: this account may not see its words" in hints[0].message
    assert hints[0].hint.startswith("grant it SHOW_ROUTINE")
    assert f"the view {schema}.v" in hints[1].message


async def test_definitions_of_what_is_not_there_raise(source: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("stored", source)
    async with connected(source) as opened:
        assert await stored_definitions(opened, []) == {}
        for kind in ("view", "trigger", "procedure", "event"):
            with pytest.raises(ServerError, match=rf"the {kind} {schema}\.none"):
                await stored_definitions(opened, [StoredObject(kind, TableName(schema, "none"))])


# -- definers and accounts


async def test_a_definer_is_kept_replaced_or_the_one_who_makes_it(
    each_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("stored", each_server)
    user = f"it's`a@b_{uuid.uuid4().hex[:4]}"
    client.rows(each_server, f"CREATE USER {quote(user)}@'%' IDENTIFIED BY 'pw'", root=True)
    objects = [
        "TABLE t (a INT)",
        "VIEW v AS SELECT a FROM t",
        "PROCEDURE p() SELECT 1",
        "FUNCTION f() RETURNS INT NO SQL RETURN 1",
        "TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",
        "EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
    ]
    definer = f"DEFINER={quote(user)}@`%` "
    run_sql(each_server, schema, *(f"CREATE {'' if n == 0 else definer}{sql}" for n, sql in enumerate(objects)))
    me, them = f"{each_server.user}@%", f"{user}@%"
    try:
        async with connected(each_server) as opened:
            found = (await catalog(opened, [schema])).stored
            shown = await stored_definitions(opened, found)
            assert {one.definer for one in found} == {them}
            known = await accounts(opened)
            assert known is not None
            assert {them, me} <= known
            for wished, got in ((them, them), ("", me), (me, me)):
                for one in found:
                    wanted = replace(one, definer=wished)
                    await run(opened, stored_ddl.drop_stored(one))
                    script = stored_ddl.create_stored(wanted, shown[one.key], Renames())
                    await run(opened, script.sql, dict(script.session))
                there = (await catalog(opened, [schema])).stored
                assert {one.definer for one in there} == {got}
                assert all(
                    stored_ddl.same_stored(two, replace(one, definer=wished, enabled=two.enabled))
                    for one, two in zip(found, there, strict=True)
                )
    finally:
        client.rows(each_server, f"DROP USER {quote(user)}@'%'", root=True)


async def test_a_role_is_a_definer_and_an_account_without_host(
    each_maria: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema, role = fresh_schemas("stored", each_maria), f"role_{uuid.uuid4().hex[:8]}"
    client.rows(each_maria, f"CREATE ROLE {role}", root=True)
    try:
        client.rows(each_maria, f"CREATE DEFINER={role} VIEW `{schema}`.v AS SELECT 1 a", root=True)
        client.rows(each_maria, f"CREATE DEFINER={role} PROCEDURE `{schema}`.p() SELECT 1", root=True)
        async with connected(each_maria) as opened:
            found = (await catalog(opened, [schema])).stored
            assert {one.definer for one in found} == {f"{role}@"}
            known = await accounts(opened)
            shown = await stored_definitions(opened, found)
        assert known is not None
        assert f"{role}@" in known
        for one in found:
            client.rows(each_maria, stored_ddl.drop_stored(one), root=True)
            client.rows(each_maria, stored_ddl.create_stored(one, shown[one.key], Renames()).sql, root=True)
        assert (await catalog_of(each_maria, f"{schema}.*")).stored == found
    finally:
        client.rows(each_maria, f"DROP ROLE {role}", root=True)


# -- events, sequences, clients


async def test_an_event_is_made_disabled_and_enabled_afterwards(each_server: LabServer, named: Namer) -> None:
    home, goal = named("stored_#"), named("crm_#")
    client.rows(each_server, f"CREATE DATABASE {quote(home)} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    run_sql(
        each_server,
        home,
        "SET NAMES latin1",
        "CREATE EVENT `on` ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01' DO SET @a = 1",
        "CREATE EVENT `off` ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01' DISABLE DO SET @a = 1",
    )
    copied = await copy(each_server, each_server, {home: goal})
    assert [(key[1].name, wanted.enabled) for key, (wanted, _) in copied.pairs.items()] == [
        ("off", False),
        ("on", True),
    ]
    assert [there.enabled for _, there in copied.pairs.values() if there] == [False, False]
    wanted = copied.pairs["event", TableName(home, "on")][0]
    script = stored_ddl.enable_event(wanted)
    assert dict(script.session)["character_set_client"] == "latin1"
    async with connected(each_server) as server:
        await run(server, script.sql, dict(script.session))
    assert wanted in (await catalog_of(each_server, f"{goal}.*")).stored


async def test_a_sequence_is_made_anew_with_its_settings(each_maria: LabServer, named: Namer) -> None:
    home, goal = named("stored_#"), named("crm_#")
    client.rows(each_maria, f"CREATE DATABASE {quote(home)} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    run_sql(
        each_maria,
        home,
        "CREATE SEQUENCE s1 START WITH 5 INCREMENT BY 3 MAXVALUE 1000 CACHE 7 CYCLE",
        "CREATE SEQUENCE `s``2` START WITH 10 MINVALUE -5 MAXVALUE 10 INCREMENT BY -1 NOCACHE",
        "CREATE VIEW v AS SELECT NEXTVAL(s1) a, NEXT VALUE FOR {s}.s1 b, LASTVAL(`s``2`) c",
        "CREATE PROCEDURE p() SELECT NEXT VALUE FOR {s}.s1, NEXTVAL({s}.`s``2`), '{s}.s1'",
        "SELECT NEXTVAL(s1)",
    )
    copied = await copy(each_maria, each_maria, {home: goal})
    assert copied.different() == []
    assert [wanted.text for wanted, _ in copied.pairs.values() if wanted.kind == "sequence"] == [
        "AS bigint(21) ENGINE=InnoDB START WITH 5 MINVALUE 1 MAXVALUE 1000 INCREMENT BY 3 CACHE 7 CYCLE",
        "AS bigint(21) ENGINE=InnoDB START WITH 10 MINVALUE -5 MAXVALUE 10 INCREMENT BY -1 CACHE 0",
    ]
    assert client.rows(each_maria, f"SELECT NEXTVAL({quote(goal)}.s1)") == [(5,)]


async def test_what_a_client_of_another_character_set_made_keeps_its_letters(
    each_server: LabServer, named: Namer
) -> None:
    home, goal = named("stored_#"), named("crm_#")
    client.rows(each_server, f"CREATE DATABASE {quote(home)} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    for charset, letters in (("latin1", "é€ß"), ("cp1251", "Жя"), ("euckr", "한글"), ("sjis", "表ソ")):
        with client.connect(each_server, database=home, charset=charset) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE PROCEDURE p_{charset}() SELECT HEX('{letters}'), {home}.f()")
            if charset != "sjis":  # servers tell a letter whose second byte is a backslash wrongly in a view
                cursor.execute(f"CREATE VIEW v_{charset} AS SELECT '{letters}' x")
    copied = await copy(each_server, each_server, {home: goal})
    assert copied.different() == []
    assert len({dict(wanted.settings)["character_set_client"] for wanted, _ in copied.pairs.values()}) == 4
    for charset, letters in (("latin1", "é€ß"), ("euckr", "한글")):
        assert client.rows(each_server, f"SELECT x FROM {quote(goal)}.v_{charset}") == [(letters,)]


async def test_text_that_is_declared_without_a_character_set_says_which_it_got(
    each_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("stored")
    client.rows(each_server, f"CREATE DATABASE `{schema}` CHARACTER SET latin1")
    run_sql(
        each_server,
        schema,
        "CREATE PROCEDURE declares() BEGIN DECLARE x VARCHAR(9); SET x = 'a'; END",
        "CREATE PROCEDURE says() BEGIN DECLARE x VARCHAR(9) CHARACTER SET utf8mb4; DECLARE y INT; SET x = 'char'; END",
        f"ALTER DATABASE `{schema}` CHARACTER SET utf8mb4",
    )
    found = {one.name.name: dict(one.settings) for one in (await catalog_of(each_server, f"{schema}.*")).stored}
    assert found["declares"]["collation_database"] == "latin1_swedish_ci"
    assert "collation_database" not in found["says"]


# -- what they use


@pytest.mark.parametrize(
    "body",
    [
        "SET @x = `new`.`C`",
        "SET @x = NEW./* a comment */c",
        "SET @x = 1 /*!50003 + NEW.c */",
        "SET @x = (SELECT new.c FROM t AS new LIMIT 1)",
        "SET @x = new.t.c",
        "SET @x = @new.c, @y = 'NEW.c', @z = \"NEW.c\"",
        "SET @x = new.c()",
    ],
)
def test_a_server_refuses_a_trigger_where_a_column_that_it_names_is_missing(
    each_server: LabServer, named: Namer, body: str
) -> None:
    schema = named("stored_#")
    client.rows(each_server, f"CREATE DATABASE `{schema}`")
    client.rows(each_server, "CREATE TABLE t (id INT PRIMARY KEY)", database=schema)
    trigger = StoredObject("trigger", TableName(schema, "tr"), body, table="t")
    create = f"CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW {body}"
    if row_columns(trigger):
        with pytest.raises(pymysql.err.OperationalError, match=r"Unknown column '[cC]' in 'NEW'"):
            client.rows(each_server, create, database=schema)
    else:
        client.rows(each_server, create, database=schema)


async def test_what_views_use_is_exact_and_what_others_name_is_among_it(each_server: LabServer, named: Namer) -> None:
    home, other = named("stored_#"), named("other_#")
    fill(each_server, home, other)
    async with connected(each_server) as opened:
        found = (await catalog(opened, [home])).uses
    of_views = {(use.by[1].name, use.kind, use.of.schema == other, use.of.name) for use in found if use.by[0] == "view"}
    assert of_views >= {
        ("v1", "relation", False, "t"),
        ("v2", "relation", False, "t"),
        ("v2", "function", False, "f"),
        ("v2", "function", True, "g"),
        ("v3", "relation", False, "t"),
        ("v3", "relation", False, home),
        ("v4", "relation", False, home),
        ("v5", "relation", True, "u"),
        ("v5", "relation", True, "w"),
        ("v5", "relation", True, home),
        ("v6", "relation", False, "v1"),
        ("v7", "relation", False, "ft"),
        ("v`10.x", "relation", False, "t`x.y"),
    }
    if each_server.vendor == "mysql" and each_server.version > "8.0.12":
        told = client.rows(
            each_server,
            "SELECT VIEW_NAME, 'relation', TABLE_SCHEMA = %s, TABLE_NAME FROM information_schema.VIEW_TABLE_USAGE"
            " WHERE VIEW_SCHEMA = %s UNION SELECT TABLE_NAME, 'function', SPECIFIC_SCHEMA = %s, SPECIFIC_NAME"
            " FROM information_schema.VIEW_ROUTINE_USAGE WHERE TABLE_SCHEMA = %s",
            *(other, home, other, home),
        )
        known = {(view, kind, bool(away), name) for view, kind, away, name in told}
        assert of_views - known <= {("v2", "function", True, "g")}  # of functions only those of the view's own schema
        assert known <= of_views
    of_others = {(use.by[1].name, use.kind, use.of.name) for use in found if use.by[0] != "view"}
    assert of_others >= {
        ("p", "relation", "t"),
        ("p", "relation", "log"),
        ("p", "procedure", "q"),
        ("p", "function", "f"),
        ("tr_a", "function", "f"),
        ("tr_b", "relation", "log"),
        ("e1", "relation", "log"),
        ("e 2", "procedure", "q"),
        ("ansi", "relation", "t"),
    }
    by = TableName(home, "q")
    assert Use(("procedure", by), "procedure", by) not in found


async def test_the_number_of_queries_does_not_grow_with_the_number_of_objects(
    each_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    counter = "SHOW SESSION STATUS LIKE 'Questions'"
    asked = []
    async with connected(each_server) as opened:
        for count in (1, 30):
            schema = fresh_schemas("stored", each_server)
            statements = ["CREATE TABLE t (a INT)"]
            for n in range(count):
                statements += [
                    f"CREATE VIEW v{n} AS SELECT a, 'x' y FROM t",
                    f"CREATE PROCEDURE p{n}() SELECT a, 'x' FROM `t`",
                    f"CREATE TRIGGER t{n} BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 'x'",
                    f"CREATE EVENT e{n} ON SCHEDULE EVERY 1 DAY DO SELECT 'x'",
                ]
            run_sql(each_server, schema, *statements)
            numbers = []
            for _ in range(2):  # the first one opens the session
                async with opened.session("metadata") as session:
                    numbers.append(int((await session.query(counter)).rows[0][1]))
                found = await catalog(opened, [schema])
            async with opened.session("metadata") as session:
                numbers.append(int((await session.query(counter)).rows[0][1]))
            assert len(found.stored) == count * 4
            asked.append(numbers[2] - numbers[1])
    assert asked[0] == asked[1]


# -- what was made of another dialect


async def test_what_was_made_is_remembered_by_kind_and_name_and_replaced(
    each_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    one, two, none = (fresh_schemas("stored", each_server) for _ in range(3))
    view = Made("view", TableName(one, "v"), "sha256:" + "a" * 64, "sha256:" + "b" * 64)
    function = replace(view, kind="function")
    other = replace(view, name=TableName(two, "한`글'\\"))
    async with connected(each_server) as opened:
        assert await made(opened, []) == ()
        assert await made(opened, [one, two]) == ()
        await record_made(opened, [view, function, other])
        assert await made(opened, [one]) == (function, view)
        await record_made(opened, [replace(view, target="sha256:" + "c" * 64)])
        found = await made(opened, [two, none, one])
        assert found == tuple(
            sorted((function, replace(view, target="sha256:" + "c" * 64), other), key=lambda m: (m.name, m.kind))
        )
        assert (await catalog(opened, [one])).tables == ()
