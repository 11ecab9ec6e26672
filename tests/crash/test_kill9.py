"""`kill -9` at random moments of apply; then the same command finishes: nothing is missing, nothing there twice."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import FreshSchemas
from tests.crash.command import PLAN, Migrate
from tests.crash.conftest import Begin
from tests.crash.proof import Proof, content, multiset, touched
from tests.lab import Server, client

IMPORTS = 0.7
"""Seconds in which the command certainly has not reached a server yet."""


@pytest.fixture(scope="session")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, shop: str, proof: Proof, source: Server, target: Server
) -> Iterator[float]:
    """Seconds of an apply that nobody kills; what it makes is equal."""
    new = f"{shop}_whole"
    migrate = Migrate(tmp_path_factory.mktemp("undisturbed"), source, target, shop, new)
    try:
        migrate.plan()
        ran = migrate.apply()
        assert ran.code == 0, ran.err
        proof.assert_equal(target, new)
        yield ran.seconds
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
    seed: int, kills: int, seconds: float, begin: Begin, shop: str, fresh_schemas: FreshSchemas
) -> tuple[Migrate, str, list[float]]:
    """Start and kill, `kills` times, at moments whose sum of work is spread over the whole of an undisturbed run."""
    dice = random.Random(seed)
    new = fresh_schemas("crashed")
    migrate = begin(shop, new)
    migrate.plan()
    work = max(1.0, seconds - IMPORTS)
    at = sorted(dice.uniform(0, work * 1.1) for _ in range(kills))
    steps = [later - earlier for earlier, later in zip([0.0, *at], at, strict=False)]
    killed = []
    for step in steps:
        if not migrate.start("apply", PLAN, "--parallelism", str(dice.choice((2, 4, 8)))).kill_at(IMPORTS + step):
            break
        killed.append(IMPORTS + step)
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


@pytest.mark.parametrize(("seed", "kills"), [(1, 8), (2, 6), (3, 5)])
def test_killed_again_and_again_it_goes_on_where_it_stopped(
    seed: int,
    kills: int,
    undisturbed: float,
    begin: Begin,
    shop: str,
    proof: Proof,
    fresh_schemas: FreshSchemas,
    target: Server,
) -> None:
    migrate, new, killed = chain(seed, kills, undisturbed, begin, shop, fresh_schemas)
    assert len(killed) > kills // 2, "most of the kills met a living process"
    finish(migrate, proof, target, new)


@pytest.mark.parametrize("share", [pytest.param(0.35, marks=pytest.mark.full), 0.75])
def test_killed_once_it_finishes_in_a_second_run(
    share: float,
    undisturbed: float,
    begin: Begin,
    shop: str,
    proof: Proof,
    fresh_schemas: FreshSchemas,
    target: Server,
) -> None:
    new = fresh_schemas("crashed")
    migrate = begin(shop, new)
    migrate.plan()
    jitter = random.Random(share).uniform(-0.1, 0.1)
    assert migrate.start("apply", PLAN).kill_at(IMPORTS + (undisturbed - IMPORTS) * (share + jitter))
    finish(migrate, proof, target, new)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(100, 120))
def test_killed_at_many_more_moments_it_goes_on_where_it_stopped(
    seed: int,
    undisturbed: float,
    begin: Begin,
    shop: str,
    proof: Proof,
    fresh_schemas: FreshSchemas,
    target: Server,
) -> None:
    migrate, new, _ = chain(seed, 1 + seed % 9, undisturbed, begin, shop, fresh_schemas)
    state: Path = migrate.folder / "state"
    if seed % 2 and state.exists():
        shutil.rmtree(state)
    finish(migrate, proof, target, new)
