"""`kill -9` at random moments of apply; then the same command finishes: nothing is missing, nothing there twice."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from tests.conftest import FreshSchemas
from tests.crash.command import PLAN, Migrate
from tests.crash.conftest import Begin
from tests.crash.proof import Proof, content, multiset, touched
from tests.lab import Server, client

BEGINNING = (0.1, 1.2)
"""Seconds: imports, the plan, connections, locks and the look at both sides. Every run gets so far."""


def progress(target: Server, schema: str) -> int:
    """How many lines the ledger has: cuts, chunks, and ends of steps. The clock of these tests, whatever the load."""
    try:
        return int(client.rows(target, f"SELECT COUNT(*) FROM `{schema}`._migrate_ledger")[0][0])
    except pymysql.err.MySQLError as error:
        if error.args[0] in (1049, 1146):  # the schema, or the ledger in it, is not there yet
            return 0
        raise


@pytest.fixture(scope="session")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, shop: str, proof: Proof, source: Server, target: Server
) -> Iterator[int]:
    """Lines of the ledger after an apply that nobody kills; what it makes is equal."""
    new = f"{shop}_whole"
    migrate = Migrate(tmp_path_factory.mktemp("undisturbed"), source, target, shop, new)
    try:
        migrate.plan()
        ran = migrate.apply()
        assert ran.code == 0, ran.err
        proof.assert_equal(target, new)
        yield progress(target, new)
    finally:
        client.rows(target, f"DROP DATABASE IF EXISTS `{new}`")


def finish(migrate: Migrate, proof: Proof, target: Server, new: str) -> None:
    """The same command ends well; all is equal; once more finds nothing to do and touches nothing; verify agrees."""
    ran = migrate.apply()
    assert ran.code == 0, ran.err + ran.out
    before = touched(target, new)
    time.sleep(1.1)  # the times that are compared are whole seconds
    again = migrate.apply()
    assert again.code == 0, again.err
    assert "Nothing to do" in again.out
    verified = migrate.run("verify", PLAN)
    assert verified.code == 0, verified.err + verified.out
    assert "Equal: 12 tables" in verified.out
    assert touched(target, new) == before
    proof.assert_equal(target, new)


def chain(
    moments: list[int], dice: random.Random, begin: Begin, shop: str, fresh_schemas: FreshSchemas, target: Server
) -> tuple[Migrate, str, int]:
    """Start and kill at each of these moments of `progress`; how many times it was killed, not ended by itself."""
    new = fresh_schemas("crashed")
    migrate = begin(shop, new)
    migrate.plan()
    killed = 0
    for moment in moments:
        process = migrate.start("apply", PLAN, "--parallelism", str(dice.choice((2, 4, 8))))
        time.sleep(dice.uniform(*BEGINNING))
        process.until(lambda moment=moment: progress(target, new) >= moment)  # type: ignore[misc]  # typed by its use
        time.sleep(dice.uniform(0, 0.15))
        killed += process.kill()
    return migrate, new, killed


def test_the_proof_itself_sees_a_missing_a_changed_and_a_doubled_row(
    source: Server, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("proof", source)
    client.rows(source, f"CREATE TABLE `{schema}`.t (a INT, b VARCHAR(9))")
    client.rows(source, f"INSERT INTO `{schema}`.t VALUES (1,NULL), (2,''), (2,'')")
    whole, rows = content(source, schema)["t"], multiset(source, schema, "t")
    assert whole[0] == 3
    assert rows == {(1, None): 1, (2, ""): 2}
    client.rows(source, f"UPDATE `{schema}`.t SET b = '' WHERE a = 1")
    assert content(source, schema)["t"] != whole
    client.rows(source, f"UPDATE `{schema}`.t SET b = NULL WHERE a = 1")
    assert content(source, schema)["t"] == whole
    client.rows(source, f"DELETE FROM `{schema}`.t WHERE a = 2 LIMIT 1")
    assert content(source, schema)["t"] != whole
    assert multiset(source, schema, "t") == {(1, None): 1, (2, ""): 1}


@pytest.mark.parametrize(
    ("seed", "kills"), [(1, 8), *(pytest.param(*one, marks=pytest.mark.full) for one in ((2, 6), (3, 5)))]
)
def test_killed_again_and_again_it_goes_on_where_it_stopped(
    seed: int,
    kills: int,
    undisturbed: int,
    begin: Begin,
    shop: str,
    proof: Proof,
    fresh_schemas: FreshSchemas,
    target: Server,
) -> None:
    dice = random.Random(seed)
    moments = sorted(dice.randrange(undisturbed - 2) for _ in range(kills))
    migrate, new, killed = chain(moments, dice, begin, shop, fresh_schemas, target)
    assert killed >= kills - 1, "a kill may come too late only at the very end"
    finish(migrate, proof, target, new)


@pytest.mark.parametrize("share", [pytest.param(0.35, marks=pytest.mark.full), 0.75])
def test_killed_once_it_finishes_in_a_second_run(
    share: float,
    undisturbed: int,
    begin: Begin,
    shop: str,
    proof: Proof,
    fresh_schemas: FreshSchemas,
    target: Server,
) -> None:
    migrate, new, killed = chain([int(undisturbed * share)], random.Random(0), begin, shop, fresh_schemas, target)
    assert killed == 1
    finish(migrate, proof, target, new)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(100, 120))
def test_killed_at_many_more_moments_it_goes_on_where_it_stopped(
    seed: int,
    undisturbed: int,
    begin: Begin,
    shop: str,
    proof: Proof,
    fresh_schemas: FreshSchemas,
    target: Server,
) -> None:
    dice = random.Random(seed)
    moments = sorted(dice.randrange(undisturbed - 2) for _ in range(1 + seed % 9))
    migrate, new, _ = chain(moments, dice, begin, shop, fresh_schemas, target)
    state: Path = migrate.folder / "state"
    if seed % 2 and state.exists():
        shutil.rmtree(state)
    finish(migrate, proof, target, new)
