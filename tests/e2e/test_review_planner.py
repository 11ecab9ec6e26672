"""Worlds that a plan must name, because `apply` would fail in them or lose something: on real servers."""

from __future__ import annotations

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate, findings, refused
from tests.e2e.equality import assert_equal
from tests.e2e.world import World, account, fill
from tests.lab import Server, client, extra


def table(world: World, *statements: str) -> None:
    for statement in statements:
        client.rows(world.source, statement, database=world.schema)


def found(world: World) -> set[tuple[str, str]]:
    ran = world.migrate.must("plan", "--json")
    return {(code, where) for code, where in findings(ran) if code not in ("MG301", "MG304")}


def test_a_table_of_generated_columns_only_stays_behind_and_all_else_moves(world: World) -> None:
    table(world, "CREATE TABLE made (a INT AS (1) VIRTUAL, b INT AS (2) STORED)", "INSERT INTO made VALUES ()")
    assert found(world) == {("MG102", f"old:{world.schema}.made")}
    table(world, "DROP TABLE made")
    world.finishes()


def test_a_foreign_key_to_a_table_that_stays_behind_is_left_out(world: World) -> None:
    table(
        world,
        "CREATE TABLE parent (id INT PRIMARY KEY, e ENUM('?','b') CHARACTER SET utf8mb4)",
        "INSERT INTO parent VALUES (1,'b')",
        "CREATE TABLE child (id INT PRIMARY KEY, p INT, CONSTRAINT f FOREIGN KEY (p) REFERENCES parent (id))",
        "INSERT INTO child VALUES (1,1)",
    )
    assert found(world) == {("MG102", f"old:{world.schema}.parent"), ("MG103", f"new:{world.goal}.child")}
    assert world.apply().code == 0
    assert client.rows(world.target, f"SELECT id, p FROM `{world.goal}`.child") == [(1, 1)]
    assert world.apply().out == "Nothing to do: this plan was applied before.\n"
    assert world.plan().code == 0
    assert "No changes." in world.plan().out, "a key that is left out is no change"


def test_a_foreign_key_to_a_table_that_stays_behind_but_is_there_is_made(world: World) -> None:
    parent = "CREATE TABLE parent (id INT PRIMARY KEY, e ENUM('?','b') CHARACTER SET utf8mb4)"
    table(
        world,
        parent,
        "INSERT INTO parent VALUES (1,'b')",
        "CREATE TABLE child (id INT PRIMARY KEY, p INT, CONSTRAINT f FOREIGN KEY (p) REFERENCES parent (id))",
        "INSERT INTO child VALUES (1,1)",
    )
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(world.target, world.goal, f"{parent};\nINSERT INTO parent VALUES (1,'b')")
    assert found(world) == {("MG102", f"old:{world.schema}.parent")}
    world.finishes()


@pytest.mark.parametrize("kind", ["ENUM", "SET"])
def test_members_that_the_server_cannot_print_keep_their_table_behind(world: World, kind: str) -> None:
    table(world, f"CREATE TABLE mood (id INT PRIMARY KEY, e {kind}('😀','😃','b') CHARACTER SET utf8mb4)")
    ran = world.plan()
    assert "U+FFFF" in ran.out
    assert found(world) == {("MG102", f"old:{world.schema}.mood")}


def test_members_with_a_question_mark_in_a_set_that_lacks_such_characters_move(world: World) -> None:
    table(
        world,
        "CREATE TABLE mood (id INT PRIMARY KEY, e ENUM('?','é') CHARACTER SET latin1)",
        "INSERT INTO mood VALUES (1,'?'),(2,'é')",
    )
    assert found(world) == set()
    world.finishes()


CUSTOMER = "CREATE TABLE customer (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80))"


def test_a_trigger_on_the_target_steps_aside_for_the_load_and_never_fires(world: World) -> None:
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(
        world.target,
        world.goal,
        f"{CUSTOMER};\nCREATE TABLE fired (n INT);\n"
        "CREATE TRIGGER audit AFTER INSERT ON customer FOR EACH ROW INSERT INTO fired VALUES (NEW.id)",
    )
    assert found(world) == {("MG205", f"new:{world.goal}.customer")}
    assert world.apply().code == 0
    assert client.rows(world.target, f"SELECT * FROM `{world.goal}`.fired") == []
    client.rows(world.target, f"INSERT INTO `{world.goal}`.customer VALUES (-7,'g')")
    assert client.rows(world.target, f"SELECT * FROM `{world.goal}`.fired") == [(-7,)], "it is there again, and works"
    client.rows(world.target, f"DELETE FROM `{world.goal}`.customer WHERE id = -7")
    client.rows(world.target, f"DROP TRIGGER `{world.goal}`.audit")
    client.rows(world.target, f"DROP TABLE `{world.goal}`.fired")
    assert found(world) == set()
    world.finishes()


def test_a_trigger_on_a_column_that_goes_or_is_gone_must_go_first(world: World) -> None:
    goal, trigger = world.goal, f"CREATE TRIGGER `{world.goal}`.audit BEFORE INSERT ON `{world.goal}`.customer"
    trigger += " FOR EACH ROW SET @said = 'it''s NEW.name', @x = NEW.Extra"
    client.rows(world.target, f"CREATE DATABASE `{goal}`")
    fill(world.target, goal, "CREATE TABLE customer (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80), extra INT)")
    client.rows(world.target, trigger)
    assert found(world) == {("MG209", f"new:{goal}.customer")}, "the column may not go, so that the trigger stays whole"

    ran = world.migrate.must("plan", "--allow-destructive", "*", "--json")
    assert ("MG213", f"new:{goal}.customer") in findings(ran)
    refused(world.apply(), 6, f"load-rows:new:{goal}.customer", "the trigger audit there names the column Extra")
    assert client.rows(world.target, f"SELECT COUNT(extra) FROM `{goal}`.customer") == [(0,)], "nothing was changed"

    client.rows(world.target, f"ALTER TABLE `{goal}`.customer DROP COLUMN extra")
    assert found(world) == {("MG205", f"new:{goal}.customer"), ("MG213", f"new:{goal}.audit")}
    refused(world.apply(), 6, f"create-trigger:new:{goal}.audit", "names the column Extra")
    assert [row[0] for row in client.rows(world.target, f"SHOW TRIGGERS FROM `{goal}`")] == ["audit"]

    client.rows(world.target, f"ALTER TABLE `{goal}`.customer ADD COLUMN extra INT")
    client.rows(world.target, f"DROP TRIGGER `{goal}`.audit")
    world.migrate.must("plan", "--allow-destructive", "*")
    world.finishes()


def test_a_key_that_no_query_uses_on_the_target_becomes_visible_before_rows_are_compared(world: World) -> None:
    made = "CREATE TABLE hidden (id INT NOT NULL, n VARCHAR(9), PRIMARY KEY (n(1)), UNIQUE KEY u (id){})"
    table(world, made.format(""), "INSERT INTO hidden VALUES (1,'a'),(2,'b'),(3,'c')")
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(world.target, world.goal, f"{made.format(' INVISIBLE')};\nINSERT INTO hidden VALUES (1,'a'),(2,'x')")
    assert found(world) == {("MG204", f"new:{world.goal}.hidden")}
    world.finishes()


def test_a_trigger_that_an_account_may_not_see_is_a_note(world: World) -> None:
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(world.target, world.goal, CUSTOMER)
    name = f"'{world.goal}'"
    rights = "CREATE, ALTER, INDEX, DROP, REFERENCES, INSERT, SELECT, UPDATE, DELETE"
    with account(world.target, name, f"{rights} ON `{world.goal}`.*"):
        world.configure(new_user=f'"{world.goal}"')
        assert found(world) == {("MG306", "new")}
        world.finishes()


def test_an_account_that_may_not_see_other_objects_is_a_note(world: World) -> None:
    table(world, "CREATE TRIGGER audit AFTER INSERT ON customer FOR EACH ROW SET @x = 1")
    step = f"create-trigger:new:{world.goal}.audit"
    assert (found(world), step in world.migrate.plan.read_text()) == (set(), True)
    name = f"'{world.schema}'"
    with account(world.source, name, f"SELECT, SHOW VIEW ON `{world.schema}`.*"):
        world.configure(old_user=f'"{world.schema}"')
        ran = world.plan()
        assert (found(world), step in world.migrate.plan.read_text()) == ({("MG306", "old")}, False)
        assert "lacks TRIGGER, EVENT, SHOW_ROUTINE" in ran.out
        client.rows(world.source, f"GRANT TRIGGER, EVENT, EXECUTE ON `{world.schema}`.* TO {name}", root=True)
        assert (found(world), step in world.migrate.plan.read_text()) == (set(), True)


def test_a_view_with_the_name_of_a_table_blocks_it(world: World) -> None:
    client.rows(world.target, f"CREATE DATABASE `{world.goal}`")
    fill(world.target, world.goal, "CREATE VIEW customer AS SELECT 1 AS id")
    assert ("MG206", f"new:{world.goal}.customer") in found(world)
    refused(world.apply(), 6, f"load-rows:new:{world.goal}.customer", "view")
    client.rows(world.target, f"DROP VIEW `{world.goal}`.customer")
    world.plan()
    world.finishes()


def test_a_condition_that_would_leave_its_parentheses_is_refused(world: World) -> None:
    world.configure(move=f'where = {{ "{world.schema}.customer" = "id = 1) OR (id > 100" }}')
    refused(world.migrate("plan"), 78, "$.move[0].where", f"{world.schema}.customer", "closes that was not opened")
    world.configure(move=f'where = {{ "{world.schema}.orders" = "customer IN (SELECT id FROM customer)" }}')
    refused(world.migrate("plan"), 78, "$.move[0].where", f"{world.schema}.orders", "subquery")
    world.target_is_untouched()


def test_a_target_that_folds_case_takes_lower_case_names_only(
    migrate: Migrate, source: Server, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("e2e_fold", source)
    fill(source, schema, "CREATE TABLE Upper (id INT PRIMARY KEY);\nCREATE TABLE low (id INT PRIMARY KEY)")
    fill(source, schema, "INSERT INTO Upper VALUES (1);\nINSERT INTO low VALUES (2)")
    with extra("e2e-fold", options=("--lower-case-table-names=1",), initialise=True) as folding:
        migrate.configure(source, folding, (f"{schema}.*", f"{schema}.*"))
        ran = migrate.must("plan", "--json")
        assert [one for one in findings(ran) if one[0] == "MG207"] == [("MG207", f"new:{schema}.Upper")]
        refused(migrate("apply", PLAN), 6, f"load-rows:new:{schema}.Upper", "lower case")
        migrate.must("plan", "--skip", f"load-rows:new:{schema}.Upper")
        migrate.must("apply", PLAN)
        assert client.rows(folding, f"SHOW TABLES FROM `{schema}` LIKE 'low'") == [("low",)]
        assert client.rows(folding, f"SHOW TABLES FROM `{schema}` LIKE 'upper'") == []
        migrate.configure(source, folding, (f"{schema}.low", f"{schema.upper()}.*"))
        refused(migrate("plan") and migrate("apply", PLAN), 6, f"load-rows:new:{schema.upper()}.low")
        migrate.configure(source, folding, (f"{schema}.Upper", f"{schema}.`upper`"))
        migrate.must("plan")
        migrate.must("apply", PLAN)
        assert client.rows(folding, f"SELECT * FROM `{schema}`.`upper`") == [(1,)]
        client.rows(source, f"RENAME TABLE `{schema}`.Upper TO `{schema}`.`upper`")
        assert_equal(source, schema, folding, schema)
