"""Whatever is killed at whatever moment of an apply: resumed, it comes to equality, no row twice and none missing.

A seed says who is killed and, but for the pace of the machine, when. Every chain of kills begins with nothing on the
target, so that each one meets work under way; one that comes after the end does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import lab as lab_api
from tests.crash.bank import assert_moment, make_bank, transferring, transfers
from tests.crash.command import Migrate
from tests.crash.keys import TABLES, make_keys
from tests.crash.kills import DECK, Kills
from tests.crash.proof import Proof, structure
from tests.lab import Server, client

FULL = pytest.mark.full, pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def private() -> Iterator[Server]:
    """A source that may be killed."""
    with lab_api.extra("killed-source") as server:
        make_keys(server, "keys")
        make_bank(server, "bank")
        yield server


Begin = Callable[..., tuple[Kills, Server]]


@pytest.fixture
def begin(tmp_path: Path, private: Server) -> Iterator[Begin]:
    """Plans a move to a target of its own and measures it: begin(seed, schema), with the target's version."""
    with ExitStack() as stack:

        def begin(seed: int, schema: str, version: str = "8.0.33") -> tuple[Kills, Server]:
            target = stack.enter_context(lab_api.extra("killed-target", version))
            migrate = Migrate(tmp_path / "work", private, target, schema, "arrived")
            stack.callback(migrate.close)
            migrate.plan()
            kills = Kills(seed, migrate, private, target, "arrived")
            kills.measure()
            return kills, target

        yield begin


@pytest.fixture(scope="module")
def proof(private: Server) -> Proof:
    """All rows of all tables of `tests.crash.keys`, each with how often it is there."""
    tables = [row[0] for row in structure(private, "keys")["counters"]]
    assert len(tables) == len(TABLES) + 1, "and the table of numbers"
    return Proof(private, "keys", tuple(tables))


@pytest.mark.parametrize(
    ("seed", "kills", "version"),
    [
        (1, len(DECK), "8.0.33"),
        pytest.param(2, 30, "8.0.33", marks=FULL),
        pytest.param(3, 2 * len(DECK), "11.8", marks=FULL),
    ],
)
def test_tables_of_every_kind_of_key_arrive_whole_whatever_is_killed(
    seed: int, kills: int, version: str, begin: Begin, private: Server, proof: Proof
) -> None:
    killing, target = begin(seed, "keys", version)

    def check() -> None:
        proof.assert_equal(target, "arrived")
        assert triggers(target, "arrived") == triggers(private, "keys") == [("on_child", "children")]

    killing.run(kills, check)
    assert killing.hits.total() == kills
    assert set(killing.hits) == set(DECK)


def triggers(server: Server, schema: str) -> list[tuple[str, str]]:
    """Names of the triggers and their tables."""
    return client.rows(
        server,
        "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = %s",
        schema,
    )


@pytest.mark.parametrize(("seed", "kills"), [(4, 3), pytest.param(5, 18, marks=FULL)])
def test_a_source_that_goes_on_working_arrives_as_it_was_at_one_moment_whatever_is_killed(
    seed: int, kills: int, begin: Begin, private: Server
) -> None:
    killing, target = begin(seed, "bank")
    before = transfers(private, "bank")

    def check() -> None:
        there = transfers(target, "arrived")
        assert before < there <= transfers(private, "bank")
        assert_moment(target, "arrived", there)

    with transferring(private, "bank"):
        killing.run(kills, check)
        ran = killing.migrate.apply()
        assert ran.code == 0, ran.out + ran.err
        there = transfers(target, "arrived")
        catch_up(killing.migrate)
        caught_up = transfers(target, "arrived")
        assert there < caught_up <= transfers(private, "bank")
        assert_moment(target, "arrived", caught_up)
    assert killing.hits.total() == kills
    assert_moment(private, "bank", transfers(private, "bank"))
    catch_up(killing.migrate)
    assert transfers(target, "arrived") == transfers(private, "bank")
    assert_moment(target, "arrived", transfers(private, "bank"))


def catch_up(migrate: Migrate) -> None:
    """Plan and apply once more: rows that changed come along, and those that went go."""
    ran = migrate.run("run", "migrate.toml", "--prune", "arrived.*")
    assert ran.code == 0, ran.out + ran.err
