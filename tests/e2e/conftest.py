"""Fixtures of the tests that run the real command."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import lab as lab_api
from tests.conftest import FreshSchemas
from tests.e2e.command import Migrate
from tests.e2e.equality import name
from tests.e2e.world import World, fill
from tests.lab import Lab, Server, client


@pytest.fixture
def migrate(tmp_path: Path) -> Migrate:
    """The command in an empty folder of the test's own."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Migrate(folder)


@pytest.fixture
def world(migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas) -> World:
    """A shop of two tables on the source, configured to move, not planned yet."""
    schema, goal = fresh_schemas("e2e_fail", source), fresh_schemas("e2e_fail_to")
    fill(source, schema)
    made = World(migrate, source, target, schema, goal)
    made.configure()
    return made


@pytest.fixture(scope="session")
def everywhere(lab: Lab) -> Iterator[Lab]:
    """All servers of the lab, of every version and both vendors."""
    with lab_api.lease("all") as servers:
        yield servers


@pytest.fixture
def fresh_everywhere(everywhere: Lab) -> Iterator[FreshSchemas]:
    """As `fresh_schemas`, for all servers: made with utf8mb4, dropped with what refers from one to another."""
    names: list[str] = []

    def fresh(label: str = "t", *create_on: Server) -> str:
        made = f"{label}_{uuid.uuid4().hex[:10]}"
        names.append(made)
        for server in create_on:
            client.rows(server, f"CREATE DATABASE {name(made)} CHARACTER SET utf8mb4")
        return made

    yield fresh
    for server in everywhere.servers.values() if names else ():
        with client.connect(server) as connection, connection.cursor() as cursor:
            cursor.execute("SET foreign_key_checks = 0")
            for each in names:
                cursor.execute(f"DROP DATABASE IF EXISTS {name(each)}")
