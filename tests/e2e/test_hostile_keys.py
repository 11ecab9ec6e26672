"""However the rows are keyed, each arrives once: chunks and ranges follow the server's own order."""

from __future__ import annotations

import random

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import Migrate
from tests.e2e.equality import name, tables
from tests.e2e.hostile.keys import KEYS
from tests.e2e.hostile.values import fill
from tests.e2e.test_real_data import moves_and_then_rests
from tests.lab import Server, extra

SAMPLE = 12
OLD = [key for key in sorted(KEYS) if not KEYS[key].new]


def make(server: Server, schema: str, keys: list[str]) -> None:
    """A table for each of these keys, named after it."""
    for key in keys:
        fill(server, schema, KEYS[key].statements(name(key)))
    assert tables(server, schema) == sorted(keys)


def test_every_kind_of_key_is_walked_without_losing_or_doubling_a_row(
    migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("e2e_keys", source), fresh_schemas("e2e_keys_to")
    make(source, schema, sorted(KEYS))
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    moves_and_then_rests(migrate, source, schema, target, goal)


def sample(seed: int) -> list[str]:
    return sorted(random.Random(seed).sample(OLD, SAMPLE))


@pytest.mark.parametrize("keys", [sample(1), pytest.param(OLD, marks=pytest.mark.full)], ids=["a sample", "all"])
def test_keys_of_an_older_server_are_walked(
    keys: list[str], migrate: Migrate, old: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("e2e_keys_old", old), fresh_schemas("e2e_keys_old_to")
    make(old, schema, keys)
    migrate.configure(old, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    moves_and_then_rests(migrate, old, schema, target, goal)


@pytest.mark.parametrize("keys", [sample(2), pytest.param(OLD, marks=pytest.mark.full)], ids=["a sample", "all"])
def test_keys_are_walked_into_a_target_that_takes_inserts_only(
    keys: list[str], migrate: Migrate, source: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, goal = fresh_schemas("e2e_keys_in", source), fresh_schemas("e2e_keys_in_to")
    make(source, schema, keys)
    with extra("e2e-no-local-infile", options=["--local-infile=OFF"]) as target:
        migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
        migrate.must("plan")
        moves_and_then_rests(migrate, source, schema, target, goal)
