"""A filled source for the whole session, and the command in a folder per test."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import FreshSchemas
from tests.crash.command import Migrate
from tests.crash.proof import Proof
from tests.crash.shop import KEYLESS, make_shop
from tests.lab import Server, client

Begin = Callable[..., Migrate]


@pytest.fixture(scope="session")
def shop(source: Server) -> Iterator[str]:
    """The schema of `tests.crash.shop` on the source; nobody writes to it."""
    name = f"crash_{uuid.uuid4().hex[:10]}"
    make_shop(source, name)
    yield name
    client.rows(source, f"DROP DATABASE `{name}`")


@pytest.fixture(scope="session")
def proof(shop: str, source: Server) -> Proof:
    """What `shop` holds."""
    return Proof(source, shop, KEYLESS)


@pytest.fixture
def begin(tmp_path: Path, source: Server, target: Server, fresh_schemas: FreshSchemas) -> Iterator[Begin]:
    """Gives the command in a folder of its own: begin(old, new), with the folder's name and other servers."""
    assert fresh_schemas, "set up before, so that its end, which drops schemas, meets no stopped process of ours"
    made: list[Migrate] = []

    def begin(old: str, new: str, folder: str = "work", to: Server | None = None, of: Server | None = None) -> Migrate:
        migrate = Migrate(tmp_path / folder, of or source, to or target, old, new)
        made.append(migrate)
        return migrate

    yield begin
    for migrate in made:
        migrate.close()
