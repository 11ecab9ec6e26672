"""The ledger beside the data is what resume stands on: without a state file, elsewhere, over a moving source."""

from __future__ import annotations

import shutil
import time

import pytest

from tests.conftest import FreshSchemas
from tests.crash.command import PLAN, Migrate
from tests.crash.conftest import Begin
from tests.crash.proof import Proof, multiset
from tests.crash.shop import ADDED, make_family
from tests.crash.watch import working
from tests.lab import Server, client

LEDGER = "SELECT `step`, `kind`, `lower_bound` IS NULL FROM _migrate_ledger"


def killed_half_way(migrate: Migrate, target: Server, new: str, table: str = "") -> None:
    """Apply and SIGKILL it as soon as the first chunk of a load (of that table) is safe on the target."""
    process = migrate.start("apply", PLAN)

    def half_way() -> bool:
        if not client.rows(target, f"SHOW TABLES FROM `{new}` LIKE '\\_migrate\\_ledger'" if new_exists() else "DO 0"):
            return False
        lines = client.rows(target, LEDGER, database=new)
        return any(kind == "chunk" and step.endswith(table) for step, kind, _ in lines)

    def new_exists() -> bool:
        return bool(client.rows(target, "SHOW DATABASES LIKE %s", new))

    assert process.until(half_way), "a chunk came before the end"
    assert process.kill()


@pytest.fixture
def family(begin: Begin, fresh_schemas: FreshSchemas, source: Server) -> tuple[Migrate, str, str, Proof]:
    """A planned move of some 50,000 rows into a schema that is not there yet, one table without a key among them."""
    old, new = fresh_schemas("lost", source), fresh_schemas("lost")
    make_family(source, old, ADDED, 60_000)
    client.rows(source, "CREATE TABLE twice (a INT, b VARCHAR(40)) ENGINE=MyISAM", database=old)
    client.rows(source, "INSERT INTO twice SELECT n % 9, MD5(n % 9) FROM numbers WHERE n <= 20000", database=old)
    migrate = begin(old, new)
    migrate.plan()
    return migrate, old, new, Proof(source, old, ("twice",))


def test_without_its_state_file_a_killed_apply_finishes_from_the_ledger(
    family: tuple[Migrate, str, str, Proof], target: Server
) -> None:
    migrate, _, new, proof = family
    killed_half_way(migrate, target, new)
    shutil.rmtree(migrate.folder / "state")
    ran = migrate.apply()
    assert ran.code == 0, ran.err + ran.out
    proof.assert_equal(target, new)
    shutil.rmtree(migrate.folder / "state")
    again = migrate.apply()
    assert (again.code, again.out.startswith("Nothing to do")) == (0, True), again.err


def test_another_machine_finishes_what_a_killed_apply_began_with_the_plan_alone(
    family: tuple[Migrate, str, str, Proof], target: Server, begin: Begin
) -> None:
    migrate, old, new, proof = family
    killed_half_way(migrate, target, new)
    elsewhere = begin(old, new, "elsewhere")
    (elsewhere.folder / "plans").mkdir()
    shutil.copy(migrate.folder / PLAN, elsewhere.folder / PLAN)
    ran = elsewhere.apply()
    assert ran.code == 0, ran.err + ran.out
    proof.assert_equal(target, new)
    back = migrate.apply()
    assert (back.code, back.out.startswith("Nothing to do")) == (0, True), back.err


def test_a_source_that_changed_between_kill_and_resume_is_caught_up_with(
    family: tuple[Migrate, str, str, Proof], source: Server, target: Server
) -> None:
    """Also in rows that were there already."""
    migrate, old, new, _ = family
    killed_half_way(migrate, target, new, ".child")
    client.rows(source, "UPDATE child SET t = 'changed' WHERE id = 1", database=old)
    ran = migrate.apply()
    assert ran.code == 0, ran.err + ran.out
    assert client.rows(target, "SELECT t FROM child WHERE id = 1", database=new) == [("changed",)]
    Proof(source, old, ("twice",)).assert_equal(target, new)
    assert migrate.run("verify", PLAN).code == 0


def test_a_kill_while_a_table_that_stood_there_empty_is_filled_is_no_reason_to_refuse_it(
    begin: Begin, fresh_schemas: FreshSchemas, source: Server, target: Server
) -> None:
    """No key, no transactions: what the dead run left is partial, and only this plan can have written it."""
    old, new = fresh_schemas("stood", source), fresh_schemas("stood", target)
    definition = "CREATE TABLE pile (n INT, b LONGBLOB) ENGINE=MyISAM"
    make_family(source, old, ADDED, 2000)
    for server, schema in ((source, old), (target, new)):
        client.rows(server, definition, database=schema)
    client.rows(source, "INSERT INTO pile SELECT n, REPEAT(MD5(n), 3000) FROM numbers WHERE n <= 700", database=old)
    migrate = begin(old, new)
    migrate.plan()
    for _ in range(20):
        process = migrate.start("apply", PLAN)
        assert process.until(lambda: bool(working(target, new, "LOAD DATA%pile")))
        process.kill()
        while working(target, new, "LOAD DATA%pile"):
            time.sleep(0.05)
        arrived = multiset(target, new, "pile").total()
        if 0 < arrived < 700:
            break
        client.rows(target, f"DROP DATABASE `{new}`")
        client.rows(target, f"CREATE DATABASE `{new}`")
        client.rows(target, definition, database=new)
    else:
        pytest.fail("no kill met the load half way")
    ran = migrate.apply()
    assert ran.code == 0, ran.err + ran.out
    assert multiset(target, new, "pile") == multiset(source, old, "pile")
