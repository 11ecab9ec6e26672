"""Everything that a schema holds moves, into another name, within and across vendors: and works there as it did."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import FreshSchemas
from tests.e2e import office
from tests.e2e.command import Migrate
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
both = pytest.mark.parametrize(("old", "new"), PAIRS, ids=[f"{TITLES[old]}-{TITLES[new]}" for old, new in PAIRS])


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
    here = office.work(whole.source, schema, *doing, hidden=(schema, goal))
    there = office.work(whole.target, goal, *doing, hidden=(schema, goal))
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
@both
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


@both
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
    whole = Whole(migrate, source, target, {schema: goal}, {"move": f'definer = "{wanted}"\n'})
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
    "alias": "CREATE VIEW bad AS SELECT {0}.id FROM t AS {0} JOIN {0}.u ON u.id = {0}.id",
    "prepared": "CREATE PROCEDURE bad () BEGIN PREPARE p FROM 'DELETE FROM {0}.t'; EXECUTE p; END",
    "versioned comment": "CREATE PROCEDURE bad () BEGIN SELECT 1; /*!50001 DELETE FROM {0}.t; */ END",
}


@pytest.mark.parametrize("how", UNCERTAIN)
def test_words_that_cannot_be_rewritten_for_certain_are_blocked_and_nothing_is_changed(
    how: str, migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("whole_bad", source), fresh_schemas("whole_bad_to")
    run(source, schema, "CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE u (id INT PRIMARY KEY)",
        "INSERT INTO t VALUES (1)", UNCERTAIN[how].format(schema), "CREATE VIEW good AS SELECT id FROM t")  # fmt: skip
    whole = Whole(migrate, source, target, {schema: goal})
    plan = whole.plan()
    kind = "view" if how == "alias" else "procedure"
    assert list(plan.of("MG104")) == [f"old:{schema}.bad"], plan.findings
    assert [step["id"] for step in plan.steps if step.get("blocked")] == [f"create-{kind}:new:{goal}.bad"]
    ran = migrate("apply", "plans/move.toml")
    assert ran.code == 6, ran.text
    assert f"create-{kind}:new:{goal}.bad" in ran.err
    assert client.rows(target, "SHOW DATABASES LIKE %s", goal.replace("_", r"\_")) == []
    # without it all else moves; and where nothing changes its name nothing is uncertain
    migrate.must("plan", "--skip", f"create-{kind}:new:{goal}.bad")
    assert migrate("apply", "plans/move.toml").code == 0
    assert client.rows(target, f"SELECT id FROM `{goal}`.good") == [(1,)]
    kept = fresh_schemas(schema)
    assert kept != schema


def test_under_its_own_name_nothing_is_uncertain(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("whole_same", source)
    bad = [statement.format(schema).replace(" bad ", f" bad{n} ") for n, statement in enumerate(UNCERTAIN.values())]
    run(source, schema, "CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE u (id INT PRIMARY KEY)",
        "INSERT INTO t VALUES (1)", *bad)  # fmt: skip
    whole = Whole(migrate, source, target, {schema: schema})
    moves_whole(whole)
