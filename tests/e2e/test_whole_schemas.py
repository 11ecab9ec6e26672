"""Everything that a schema holds moves, into another name, within and across vendors: and works there as it did."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.conftest import FreshSchemas
from tests.e2e import office
from tests.e2e.command import PLAN, Migrate
from tests.e2e.equality import stored, views
from tests.e2e.test_real_data import DATA, SAMPLES, load
from tests.e2e.whole import Whole, assert_complete, order_of
from tests.lab import Lab, Server, client

PAIRS = (
    ("source", "target"),
    ("source", "new"),
    ("new", "new"),
    ("source", "maria11"),
    ("maria11", "maria11"),
    ("maria11", "source"),
    ("old", "source"),
    ("source", "maria10"),
)
TITLES = {
    "source": "mysql8.0.33",
    "target": "mysql8.0.33",
    "old": "mysql8.0.12",
    "new": "mysql9",
    "maria10": "mariadb10.11",
    "maria11": "mariadb11.8",
}
OFTEN = (("source", "target"), ("source", "new"), ("source", "maria11"), ("maria11", "source"))
"""The others are gone through with all tests."""


def between(often: Sequence[tuple[str, str]]) -> pytest.MarkDecorator:
    """A test of all pairs, of which `make test` runs some."""
    return pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param(
                old,
                new,
                id=f"{TITLES[old]}-{TITLES[new]}",
                marks=() if (old, new) in often else pytest.mark.full,
            )
            for old, new in PAIRS
        ],
    )


def moves_whole(whole: Whole) -> None:
    """Plan, apply, and then nothing is left to do; nothing is left out, and views give the same rows."""
    counts = whole.counts()
    whole.plan()
    ran = whole.apply()
    assert_complete(ran, counts)
    whole.assert_there()
    whole.rests()


def assert_works_alike(whole: Whole, doing: tuple[str, ...]) -> None:
    """The same work gives the same answers on both sides, and leaves the same behind."""
    ((schema, goal),) = tuple(whole.schemas.items())[:1]
    names = tuple(each for pair in whole.schemas.items() for each in pair)
    here = office.work(whole.source, schema, *doing, hidden=names)
    there = office.work(whole.target, goal, *doing, hidden=names)
    assert here == there
    whole.assert_there()


# -- Sakila ------------------------------------------------------------------------------------------------------------

SAKILA = (
    "INSERT INTO film (title, description, language_id) VALUES ('MIGRATE DREAMS', 'A tale', 1)",
    "SELECT title, description FROM film_text WHERE title = 'MIGRATE DREAMS'",
    "UPDATE film SET title = 'MIGRATE WAKES' WHERE title = 'MIGRATE DREAMS'",
    "SELECT title FROM film_text WHERE title LIKE 'MIGRATE%'",
    "DELETE FROM film WHERE title = 'MIGRATE WAKES'",
    "SELECT COUNT(*) FROM film_text WHERE title LIKE 'MIGRATE%'",
    "INSERT INTO customer (store_id,first_name,last_name,address_id,create_date) VALUES (1,'A','B',5,'2000-01-01')",
    "SELECT create_date FROM customer WHERE first_name = 'A'",
    "SELECT get_customer_balance(298, '2006-01-01'), inventory_in_stock(9), inventory_held_by_customer(9)",
    "CALL film_in_stock(1, 1, @many)",
    "CALL film_not_in_stock(2, 2, @many)",
    "SELECT @many",
    "CALL rewards_report(0, 0, @many)",
)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no sample databases at {DATA}: set MIGRATE_REAL_DATA")
@between((OFTEN[0], OFTEN[-1]))
def test_sakila_moves_whole(
    old: str, new: str, migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas, tmp_path: Path
) -> None:
    source, target = everywhere.servers[old], everywhere.servers[new]
    schema, goal = fresh_everywhere("whole_sakila", source), fresh_everywhere("whole_film")
    theirs, files, count = SAMPLES["sakila"]
    load(source, files, theirs, schema, tmp_path)
    actors = {"actors": lambda text: ", ".join(sorted(text.split(", ")))}  # GROUP_CONCAT without an order
    unordered = {"film_list": actors, "nicer_but_slower_film_list": actors}
    whole = Whole(migrate, source, target, {schema: goal}, meanings=unordered)
    assert whole.counts() == {"tables": count, "views": 7, "triggers": 6, "procedures": 3, "functions": 3}
    moves_whole(whole)
    assert len(views(target, goal)) == 7
    assert client.rows(target, f"SELECT COUNT(*) FROM `{goal}`.film_list")[0][0] > 900
    assert_works_alike(whole, SAKILA)


# -- a schema of our own -----------------------------------------------------------------------------------------------


def own(source: Server, schema: str) -> None:
    office.make(source, "schema.sql", office.Names(schema))


@between(OFTEN)
def test_a_schema_with_some_of_everything_moves_whole(
    old: str, new: str, migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas
) -> None:
    source, target = everywhere.servers[old], everywhere.servers[new]
    schema, goal = fresh_everywhere("whole_office", source), fresh_everywhere("whole_bureau")
    own(source, schema)
    whole = Whole(migrate, source, target, {schema: goal})
    assert whole.counts() == {
        "tables": 6, "views": 10, "triggers": 14, "events": 4, "procedures": 6, "functions": 5,
    }  # fmt: skip
    moves_whole(whole)
    made = stored(target, goal)
    assert_works_alike(whole, office.WORK)
    if source.vendor == target.vendor:  # between vendors it is not the same script, and each prints a view in its way
        assert_says_what_a_person_would_write(made, whole, "schema.sql", office.Names(goal, text=schema, quoted=True))


def assert_says_what_a_person_would_write(
    made: dict[str, list[tuple[object, ...]]], whole: Whole, script: str, names: office.Names
) -> None:
    """The same script, run with the other name where it is a name and nowhere else, makes the very same objects."""
    client.rows(whole.target, f"DROP DATABASE `{names.home}`")
    client.rows(whole.target, f"CREATE DATABASE `{names.home}` CHARACTER SET utf8mb4")
    office.make(whole.target, script, names)
    wanted = stored(whole.target, names.home)
    for kind in wanted:
        assert made[kind] == wanted[kind]


# -- several schemas ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), [("source", "target"), ("maria11", "maria11")], ids=["mysql", "mariadb"])
def test_two_schemas_that_name_each_other_move_together(
    old: str, new: str, migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas
) -> None:
    source, target = everywhere.servers[old], everywhere.servers[new]
    names = office.Names(fresh_everywhere("whole_one", source), fresh_everywhere("whole_two", source))
    office.make(source, "schema.sql", names)
    office.make(source, "side.sql", names)
    goal, goal_side = fresh_everywhere("whole_first"), fresh_everywhere("whole_second")
    whole = Whole(migrate, source, target, {names.home: goal, names.side: goal_side})
    moves_whole(whole)
    made = stored(target, goal), stored(target, goal_side)
    assert_works_alike(whole, (*office.SIDE_WORK, *office.WORK))
    for schema in (goal_side, goal):
        client.rows(target, f"DROP DATABASE `{schema}`")
    for schema in (goal, goal_side):
        client.rows(target, f"CREATE DATABASE `{schema}` CHARACTER SET utf8mb4")
    renamed = office.Names(goal, goal_side, text=names.home, quoted=True)
    office.make(target, "schema.sql", renamed)
    office.make(target, "side.sql", renamed)
    assert made == (stored(target, goal), stored(target, goal_side))


def test_a_view_over_a_schema_that_stays_reads_it_where_it_is(
    migrate: Migrate, source: Server, fresh_everywhere: FreshSchemas
) -> None:
    """Only the schema that moves gets another name, and only a server that has the other one can hold the view."""
    schema, beside, goal = (
        fresh_everywhere("whole_reads", source),
        fresh_everywhere("whole_beside", source),
        fresh_everywhere("whole_goal"),
    )
    run(source, schema, f"CREATE TABLE `{beside}`.t (id INT PRIMARY KEY)", f"INSERT INTO `{beside}`.t VALUES (1),(2)",
        "CREATE TABLE own (id INT PRIMARY KEY)", "INSERT INTO own VALUES (2)",
        f"CREATE VIEW v AS SELECT t.id FROM `{beside}`.t JOIN own USING (id)")  # fmt: skip
    whole = Whole(migrate, source, source, {schema: goal})
    moves_whole(whole)
    assert client.rows(source, f"SELECT id FROM `{goal}`.v") == [(2,)]
    (text,) = stored(source, goal)["view"]
    assert f"`{beside}`.`t`" in text[1]


# -- events ------------------------------------------------------------------------------------------------------------


def run(server: Server, schema: str, *doing: str) -> None:
    """Run statements in one session, in a schema."""
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        for statement in doing:
            cursor.execute(statement)


STATUS = "SELECT EVENT_NAME,STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = %s ORDER BY 1"


def test_events_are_made_asleep_and_wake_when_all_else_is_done(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("whole_events", source), fresh_schemas("whole_events_to")
    own(source, schema)
    # it would spoil every table that it finds, from its first second on
    run(
        source,
        schema,
        "CREATE EVENT a_first ON SCHEDULE EVERY 1 SECOND STARTS '2037-01-01 00:00:00' DO DELETE FROM trail",
    )
    whole = Whole(migrate, source, target, {schema: goal})
    plan = whole.plan()
    made = plan.actions("create-event")
    assert sorted(made) == ["a_asleep", "a_first", "every_night", "mixed", "once"]
    assert all(" DISABLE " in f" {step['sql']} " for step in made.values())
    assert sorted(plan.actions("enable-event")) == ["a_first", "every_night", "mixed", "once"]
    done = order_of(whole.apply())
    waking = [place for place, step in enumerate(done) if step.startswith("enable-event:")]
    assert waking == list(range(len(done) - 4, len(done)))
    awake = {
        "a_asleep": "DISABLED",
        "a_first": "ENABLED",
        "every_night": "ENABLED",
        "mixed": "ENABLED",
        "once": "ENABLED",
    }
    assert dict(client.rows(target, STATUS, goal)) == awake
    whole.assert_there()
    whole.rests()


def test_an_event_that_was_over_long_ago_and_is_kept_arrives_as_it_is(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("whole_over", source), fresh_schemas("whole_over_to")
    run(
        source,
        schema,
        "CREATE TABLE t (id INT PRIMARY KEY)",
        "CREATE EVENT past ON SCHEDULE AT '2020-01-01 00:00:00' ON COMPLETION PRESERVE DO DELETE FROM t",
        "CREATE EVENT ended ON SCHEDULE EVERY 1 DAY STARTS '2019-01-01 00:00:00' ENDS '2020-01-01 00:00:00'"
        " ON COMPLETION PRESERVE DISABLE DO DELETE FROM t",
    )
    whole = Whole(migrate, source, target, {schema: goal})
    moves_whole(whole)
    assert dict(client.rows(target, STATUS, goal)) == dict(client.rows(source, STATUS, schema))


# -- definers ----------------------------------------------------------------------------------------------------------

DEFINERS = """
SELECT 'v',DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = %s
UNION ALL SELECT 'r',DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = %s
UNION ALL SELECT 't',DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = %s
UNION ALL SELECT 'e',DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = %s ORDER BY 1,2"""


def defined(source: Server, schema: str, account: str) -> None:
    """One object of every kind that has a definer."""
    run(
        source,
        schema,
        "CREATE TABLE t (id INT PRIMARY KEY)",
        "INSERT INTO t VALUES (1)",
        f"CREATE DEFINER = {account} VIEW v AS SELECT id FROM t",
        f"CREATE DEFINER = {account} FUNCTION f () RETURNS INT DETERMINISTIC NO SQL RETURN 1",
        f"CREATE DEFINER = {account} TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id + 1",
        f"CREATE DEFINER = {account} EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DO DELETE FROM t",
    )


@pytest.mark.parametrize(
    ("wanted", "arrives", "said"),
    [
        ("keep", "whole gone@some.host", True),
        ("drop", "app@%", False),
        ("app@%", "app@%", False),
        ("whole_other@%", "whole_other@%", True),
    ],
    ids=["keep", "drop", "named", "named and not there"],
)
@pytest.mark.parametrize("new", ["target", "new", "maria11"])
def test_a_definer_stays_goes_or_is_another_one_and_is_named_where_the_target_lacks_it(
    new: str, wanted: str, arrives: str, said: bool, migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas
) -> None:
    target = everywhere.servers[new]
    source = everywhere.source if new == "target" else target
    schema, goal = fresh_everywhere("whole_definer", source), fresh_everywhere("whole_definer_to")
    defined(source, schema, "`whole gone`@`some.host`")
    whole = Whole(migrate, source, target, {schema: goal}, changes={"move": f'definer = "{wanted}"\n'})
    plan = whole.plan()
    plan.assert_only("MG107")
    if said:
        (text,) = plan.of("MG107").values()
        assert f"the account {arrives}, definer of " in text
        assert all(f"{kind} {goal}." in text for kind in ("view", "function", "trigger", "event")), text
    else:
        assert plan.of("MG107") == {}
    whole.apply()
    assert client.rows(target, DEFINERS, *(goal,) * 4) == [(kind, arrives) for kind in "ertv"]
    whole.rests()


# -- what is not certain -----------------------------------------------------------------------------------------------

UNCERTAIN = {
    "a statement in a string": "CREATE PROCEDURE bad () BEGIN PREPARE p FROM 'DELETE FROM {0}.t'; EXECUTE p; END",
    "a string that looks like one": "CREATE VIEW bad AS SELECT 'DELETE FROM {0}.t' AS doing FROM t",
    "another schema but for case": "CREATE VIEW bad AS SELECT id FROM {1}.t",
}


@pytest.fixture
def twins(source: Server, target: Server, fresh_everywhere: FreshSchemas) -> Iterator[tuple[str, str]]:
    """A schema on the source, and one on both servers whose name differs from its in case only, each with a table."""
    schema = fresh_everywhere("whole_bad", source)
    upper = schema.upper()
    made = "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"
    run(source, schema, *made)
    try:
        for server in (source, target):
            client.rows(server, f"CREATE DATABASE {upper}")
            run(server, upper, *made)
        yield schema, upper
    finally:
        for server in (source, target):
            client.rows(server, f"DROP DATABASE IF EXISTS {upper}")


@pytest.mark.parametrize("how", UNCERTAIN)
def test_words_that_cannot_be_rewritten_for_certain_are_blocked_and_nothing_is_changed(
    how: str, twins: tuple[str, str], migrate: Migrate, source: Server, target: Server, fresh_everywhere: FreshSchemas
) -> None:
    schema, goal = twins[0], fresh_everywhere("whole_bad_to")
    made = UNCERTAIN[how].format(*twins)
    run(source, schema, made, "CREATE VIEW good AS SELECT id FROM t")
    whole = Whole(migrate, source, target, {schema: goal})
    plan = whole.plan()
    blocked = f"create-{made.split()[1].lower()}:new:{goal}.bad"
    assert list(plan.of("MG104")) == [f"old:{schema}.bad"], plan.findings
    assert [step["id"] for step in plan.steps if step.get("blocked")] == [blocked]
    ran = migrate("apply", PLAN)
    assert ran.code == 6, ran.text
    assert blocked in ran.err
    assert client.rows(target, "SHOW DATABASES LIKE %s", goal.replace("_", r"\_")) == []
    # without it all else moves
    migrate.must("plan", "--skip", blocked)
    migrate.must("apply", PLAN)
    assert client.rows(target, f"SELECT id FROM `{goal}`.good") == [(1,)]
    assert stored(target, goal)["routine"] == []


CERTAIN = {
    "alias": "CREATE VIEW v AS SELECT {0}.id FROM t AS {0} JOIN {0}.u ON u.id = {0}.id",
    "table": "CREATE PROCEDURE p () SELECT {0}.id, {0}.{0}.id, {0}.f(1) FROM {0}.{0} JOIN {0}.t ON t.id = {0}.id",
    "column": "CREATE PROCEDURE p () SELECT w.{0}, {0}.f(w.{0}) FROM w",
    "variable": "CREATE PROCEDURE p () BEGIN DECLARE {0} INT DEFAULT 3; SELECT {0}, {0}.f({0}) FROM {0}.t; END",
    "label": "CREATE PROCEDURE p () BEGIN {0}: LOOP LEAVE {0}; END LOOP; SELECT {0}.f(2); END",
    "versioned comment": "CREATE PROCEDURE p () BEGIN SELECT 1; /*!50001 SELECT id FROM {0}.t; */ END",
}


@pytest.mark.parametrize("how", CERTAIN)
def test_what_is_called_like_the_schema_and_is_something_else_keeps_its_name(
    how: str, migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    """Where that is certain; a refusal would be right too, a wrong name never."""
    schema, goal = fresh_schemas("whole_like", source), fresh_schemas("whole_like_to")
    run(
        source,
        schema,
        *(f"CREATE TABLE {table} (id INT PRIMARY KEY)" for table in ("t", "u", schema)),
        f"CREATE TABLE w ({schema} INT PRIMARY KEY)",
        *(f"INSERT INTO {table} VALUES (1),(2)" for table in ("t", "u", "w", schema)),
        "CREATE FUNCTION f (n INT) RETURNS INT DETERMINISTIC NO SQL RETURN n + 1",
        CERTAIN[how].format(schema),
    )
    whole = Whole(migrate, source, target, {schema: goal})
    plan = whole.plan()
    if plan.of("MG104"):
        assert [step["id"] for step in plan.steps if step.get("blocked")]
        return
    whole.apply()
    doing = "SELECT * FROM v" if how == "alias" else "CALL p()"
    here = office.work(source, schema, doing)
    assert isinstance(here[0][1], list), here
    assert office.work(target, goal, doing) == here
    whole.rests()


def test_under_its_own_name_nothing_is_uncertain(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("whole_same", source)
    several = [
        statement.format(schema, schema).replace(" bad ", f" bad{n} ") for n, statement in enumerate(UNCERTAIN.values())
    ]
    run(source, schema, "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)", *several)
    whole = Whole(migrate, source, target, {schema: schema})
    moves_whole(whole)


# -- a target that has an older version --------------------------------------------------------------------------------

OLDER = (
    "CREATE OR REPLACE VIEW s_orders AS SELECT id, state, placed, 1.50 AS total, 'nobody' AS whole_name FROM orders",
    "CREATE OR REPLACE VIEW q_open AS SELECT id, customer, state, note, placed FROM orders",
    "DROP FUNCTION z_tax",
    "CREATE FUNCTION z_tax (amount DECIMAL(12,2)) RETURNS DECIMAL(12,2) DETERMINISTIC NO SQL RETURN amount",
    "DROP PROCEDURE walk",
    "CREATE PROCEDURE walk (OUT said VARCHAR(500), IN more INT) SET said = 'older'",
    "DROP PROCEDURE ansi",
    "DROP TRIGGER t_a2",
    "CREATE TRIGGER t_a2 BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = CONCAT(NEW.note, 'older')",
    "DROP TRIGGER t_au1",
    "DROP TRIGGER t_bd2",
    "CREATE TRIGGER t_bd2 BEFORE INSERT ON trail FOR EACH ROW SET NEW.what = UPPER(NEW.what)",
    "DROP EVENT every_night",
    "CREATE EVENT every_night ON SCHEDULE EVERY 2 DAY STARTS '2037-01-01 03:30:00' DO DELETE FROM trail",
    "DROP EVENT once",
    "ALTER EVENT mixed DISABLE",
    "ALTER EVENT a_asleep ENABLE",
)
"""What was different in the schema some time ago; a trigger of it stood on another table."""

EXTRA = (
    "CREATE VIEW x_view AS SELECT id FROM orders",
    "CREATE PROCEDURE x_procedure () SELECT 1",
    "CREATE FUNCTION x_function () RETURNS INT DETERMINISTIC NO SQL RETURN 1",
    "CREATE TRIGGER x_trigger AFTER INSERT ON line FOR EACH ROW SET @x = NEW.amount",
    "CREATE TRIGGER x_between BEFORE INSERT ON orders FOR EACH ROW PRECEDES t_a2 SET NEW.note = CONCAT(NEW.note, 'x')",
    "CREATE EVENT x_event ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DISABLE DO DELETE FROM trail",
    "CREATE TABLE x_table (id INT PRIMARY KEY)",
)
"""What only the target has; one of its triggers stands between two that move."""


def without(told: dict[str, list[tuple[object, ...]]], prefix: str) -> dict[str, list[tuple[object, ...]]]:
    """What a server says of a schema without the objects whose names begin so; triggers by their order among others."""
    found = {kind: [row for row in rows if not str(row[0]).startswith(prefix)] for kind, rows in told.items()}
    triggers = found["trigger"]
    for n, row in enumerate(triggers):
        before = [other for other in triggers[:n] if other[1:4] == row[1:4]]
        triggers[n] = (*row[:4], len(before) + 1, *row[5:])
    return found


@pytest.mark.parametrize(("old", "new"), [("source", "target"), ("maria11", "maria11")], ids=["mysql", "mariadb"])
def test_an_older_version_on_the_target_is_replaced_and_nothing_else_is_touched(
    old: str, new: str, migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas
) -> None:
    source, target = everywhere.servers[old], everywhere.servers[new]
    schema, goal = fresh_everywhere("whole_today", source), fresh_everywhere("whole_before", target)
    own(source, schema)
    office.make(target, "schema.sql", office.Names(goal, text=schema, quoted=True))
    wanted = stored(target, goal)
    run(target, goal, *OLDER, *EXTRA)
    whole = Whole(migrate, source, target, {schema: goal})
    plan = whole.plan()
    plan.assert_only("MG208")
    replaced = {found.rpartition(".")[2] for found in plan.of("MG208")}
    assert replaced == {
        "s_orders", "q_open", "z_tax", "walk", "t_a2", "t_bd2", "t_bd1", "every_night", "a_asleep",
    }  # fmt: skip  # t_bd1 comes after t_bd2, which is made anew
    made = {name for kind in KINDS for name in plan.actions(f"create-{kind}")}
    assert made == replaced | {"ansi", "t_au1", "once"}
    assert sorted(plan.actions("enable-event")) == ["every_night", "mixed", "once"]
    assert not [step for step in plan.steps if step["kind"] != "ddl" and step["kind"] != "verify"]
    assert not [step for step in plan.steps if ".x_" in step["target"]]
    ran = whole.apply()
    assert [row for row in ran.of("outcome")[0]["parity"] if row["source"] != row["moved"]] == []
    there = stored(target, goal)
    assert without(there, "x_") == wanted
    extra = {row[0] for kind in ("view", "routine", "trigger", "event") for row in there[kind]} - {
        row[0] for kind in ("view", "routine", "trigger", "event") for row in wanted[kind]
    }
    assert extra == {"x_view", "x_procedure", "x_function", "x_trigger", "x_between", "x_event"}
    whole.rests()


KINDS = ("view", "procedure", "function", "trigger", "event")


def test_triggers_of_a_table_that_gets_rows_step_aside_and_come_back(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    """Neither those that move nor one that only the target has fires for a row that is loaded."""
    schema, goal = fresh_schemas("whole_aside", source), fresh_schemas("whole_aside_to", target)
    own(source, schema)
    office.make(target, "schema.sql", office.Names(goal, text=schema, quoted=True))
    before = stored(target, goal)
    run(
        target,
        goal,
        "SET foreign_key_checks = 0",
        "TRUNCATE line",
        "TRUNCATE orders",
        "CREATE TRIGGER x_only BEFORE INSERT ON line FOR EACH ROW SET NEW.amount = NEW.amount + 1",
        "CREATE TRIGGER x_kept AFTER UPDATE ON line FOR EACH ROW SET @x = 1",
    )
    whole = Whole(migrate, source, target, {schema: goal})
    plan = whole.plan()
    plan.assert_only("MG205", "MG208")
    aside = plan.of("MG205")
    assert set(aside) == {f"new:{goal}.orders", f"new:{goal}.line"}
    assert "x_only" in aside[f"new:{goal}.line"]
    assert "x_kept" not in aside[f"new:{goal}.line"]  # rows are written, never updated
    done = order_of(whole.apply())
    for table, trigger in (("line", "x_only"), ("orders", "t_z1"), ("orders", "t_ad1")):
        steps = [
            f"drop-trigger:new:{goal}.{trigger}",
            f"load-rows:new:{goal}.{table}",
            f"create-trigger:new:{goal}.{trigger}",
        ]
        assert sorted(steps, key=done.index) == steps
    there = stored(target, goal)
    assert {row[0] for row in there["trigger"]} == {row[0] for row in before["trigger"]} | {"x_only", "x_kept"}
    assert without(there, "x_") == before
    assert client.rows(target, f"SELECT id,what FROM `{goal}`.trail") == [(1, "before all triggers")]
    assert client.rows(target, f"SELECT SUM(amount) FROM `{goal}`.line") == [(114,)]
    whole.rests()


# -- killed ------------------------------------------------------------------------------------------------------------

MADE = """
SELECT (SELECT COUNT(*) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = %s)
  + (SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = %s)
  + (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = %s)
  + (SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = %s)"""


@pytest.mark.parametrize("older", [False, True], ids=["empty target", "older version"])
def test_killed_among_stored_objects_it_goes_on_and_ends_as_if_it_had_not_been(
    older: bool, migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("whole_killed", source), fresh_schemas("whole_killed_to")
    own(source, schema)
    if older:
        client.rows(target, f"CREATE DATABASE `{goal}` CHARACTER SET utf8mb4")
        office.make(target, "schema.sql", office.Names(goal, text=schema, quoted=True))
        run(target, goal, *OLDER, "DROP VIEW n_both", "DROP TRIGGER t_z1", "DROP PROCEDURE prepared")
    whole = Whole(migrate, source, target, {schema: goal})
    whole.plan()
    everything = sum(number for kind, number in whole.counts().items() if kind != "tables")
    begun = client.rows(target, MADE, *(goal,) * 4)[0][0]
    killed = 0
    for share in (0.2, 0.5, 0.85):
        child = migrate.start("apply", PLAN, "--parallelism", "1")
        try:
            while child.poll() is None:
                made = client.rows(target, MADE, *(goal,) * 4)[0][0]
                if made >= begun + (everything - begun) * share:
                    break
                time.sleep(0.002)
            killed += child.poll() is None
            child.kill()
        finally:
            child.kill()
            child.communicate()
    assert killed >= 2, "it was over before it could be killed"
    ran = whole.apply()
    assert [row for row in ran.of("outcome")[0]["parity"] if row["source"] != row["moved"]] == []
    whole.assert_there()
    whole.rests()
    made_there = stored(target, goal)
    assert_says_what_a_person_would_write(made_there, whole, "schema.sql", office.Names(goal, text=schema, quoted=True))


# -- what only one vendor has ------------------------------------------------------------------------------------------

SEQUENCES = (
    "CREATE SEQUENCE numbers START WITH 100 INCREMENT BY 5 CACHE 0",
    "CREATE TABLE t (id INT PRIMARY KEY DEFAULT (NEXTVAL(numbers)), w INT)",
    "INSERT INTO t (w) VALUES (1),(2)",
    "CREATE VIEW v AS SELECT id, w FROM t",
    "CREATE FUNCTION next_one () RETURNS BIGINT RETURN NEXTVAL(numbers)",
)


def test_a_sequence_moves_before_the_table_that_draws_from_it(
    migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas
) -> None:
    server = everywhere.maria11
    schema, goal = fresh_everywhere("whole_sequence", server), fresh_everywhere("whole_sequence_to")
    run(server, schema, *SEQUENCES)
    whole = Whole(migrate, server, server, {schema: goal})
    whole.plan()
    ran = whole.apply()
    assert [row for row in ran.of("outcome")[0]["parity"] if row["source"] != row["moved"]] == []
    assert [row["source"] for row in ran.of("outcome")[0]["parity"] if row["kind"] == "sequences"] == [1]
    whole.rests()
    here, there = (
        office.work(server, each, "INSERT INTO t (w) VALUES (3)", "SELECT id, w FROM v ORDER BY w", "SELECT next_one()")
        for each in (schema, goal)
    )
    assert here == there


def test_a_table_without_its_sequence_stays_behind(
    migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas
) -> None:
    server = everywhere.maria11
    schema, goal = fresh_everywhere("whole_sequence", server), fresh_everywhere("whole_sequence_to")
    run(server, schema, *SEQUENCES, "CREATE TABLE plain (id INT PRIMARY KEY)")
    whole = Whole(migrate, server, server, {schema: goal}, changes={"move": 'exclude = ["*.numbers"]'})
    plan = whole.plan()
    assert "draws from the sequence" in plan.of("MG102")[f"old:{schema}.t"]
    assert set(plan.actions("create-table")) == {"plain"}


def test_a_sequence_is_left_out_where_there_are_none_and_so_is_what_draws_from_it(
    migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas
) -> None:
    source, target = everywhere.maria11, everywhere.target
    schema, goal = fresh_everywhere("whole_sequence", source), fresh_everywhere("whole_sequence_to")
    run(source, schema, SEQUENCES[0], "CREATE TABLE t (id INT PRIMARY KEY, w INT)", "INSERT INTO t VALUES (1,1)",
        *SEQUENCES[3:])  # fmt: skip
    whole = Whole(migrate, source, target, {schema: goal})
    plan = whole.plan()
    assert f"old:{schema}.numbers" in plan.of("MG101")
    ran = migrate("apply", PLAN, "--json")
    if not [step for step in plan.steps if step.get("blocked")]:
        assert ran.code == 0, ran.text
        (row,) = [row for row in ran.of("outcome")[0]["parity"] if row["kind"] == "sequences"]
        assert (row["source"], row["moved"], row["left_out"]) == (1, 0, [["MG101", 1]])
        assert client.rows(target, f"SELECT id FROM `{goal}`.v") == [(1,)]


# -- letters -----------------------------------------------------------------------------------------------------------

EMOJI = {
    "view": ("CREATE VIEW o AS SELECT '😀' AS face, HEX('😀') AS hex", "SELECT * FROM o"),
    "trigger": (
        "CREATE TRIGGER o BEFORE INSERT ON t FOR EACH ROW SET NEW.v = '😀'",
        "INSERT INTO t VALUES (1,'')",
        "SELECT HEX(v) FROM t",
    ),
    "procedure": ("CREATE PROCEDURE o () COMMENT '😀' SELECT HEX('😀'), '😀'", "CALL o()"),
    "function": ("CREATE FUNCTION o (v VARCHAR(9)) RETURNS INT DETERMINISTIC NO SQL RETURN v = '😀'", "SELECT o('😀')"),
    "event": ("CREATE EVENT o ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DO INSERT INTO t VALUES (1,'😀')",),
}


@pytest.mark.parametrize("vendor", ["mysql", "mariadb"])
@pytest.mark.parametrize("kind", EMOJI)
def test_letters_beyond_the_dictionary_are_never_lost_in_silence(
    kind: str, vendor: str, migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas
) -> None:
    """Dictionaries show a character above U+FFFF as ?: what is made from such words would not be what was there."""
    source = everywhere.source if vendor == "mysql" else everywhere.maria11
    target = everywhere.target if vendor == "mysql" else everywhere.maria11
    schema, goal = fresh_everywhere("whole_letters", source), fresh_everywhere("whole_letters_to")
    made, *doing = EMOJI[kind]
    run(source, schema, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9))", made)
    whole = Whole(migrate, source, target, {schema: goal})
    plan = whole.plan()
    if [found for found in plan.findings if found["level"] == "unsupported"]:
        return  # said, and not made
    whole.apply()
    sides = ((source, schema), (target, goal))
    assert office.work(source, schema, *doing) == office.work(target, goal, *doing)
    # everything that only SHOW CREATE tells: of an event, and in comments
    shown = [str(client.rows(each, f"SHOW CREATE {kind.upper()} `{name}`.o")[0]).count("😀") for each, name in sides]
    assert shown[0] == shown[1] > 0
