"""Fixtures of all tests. The lab's servers start only when a test asks for one of them."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest

from tests import lab as lab_api
from tests.lab import Lab, LabError, Server, client
from tests.lab.definitions import servers_of


def pytest_configure() -> None:
    """A shell's background jobs ignore SIGINT, and so would every command that the tests start and interrupt."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class FreshSchemas(Protocol):
    """What the fixture `fresh_schemas` gives: call it for a name."""

    def __call__(self, label: str = "t", *create_on: Server) -> str:
        """A schema name nobody uses, such as t_1f0c9a2e; created on the servers of `create_on`."""


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The lab's group `mysql`, up. At the end it stays up if it was before, or if another test run uses it.

    Without servers every test that needs them fails, here as in CI; none is skipped.
    """
    yield from leased("mysql")


@pytest.fixture(scope="session")
def maria(lab: Lab) -> Iterator[Lab]:
    """The lab's group `mariadb`, up like the other one."""
    yield from leased("mariadb")


@pytest.fixture(scope="session")
def every(lab: Lab, maria: Lab) -> Lab:
    """All servers of the lab."""
    return Lab({**lab.servers, **maria.servers})


def leased(group: str) -> Iterator[Lab]:
    """Lease a group for as long as the fixture that goes through this lives; every test that wants it fails without."""
    missing = ""
    with ExitStack() as stack:
        try:
            servers = stack.enter_context(lab_api.lease(group))
        except LabError as error:
            missing = str(error)
        if missing:
            pytest.fail(f"no servers to test against: {missing}", pytrace=False)
        yield servers


@pytest.fixture(scope="session")
def source(lab: Lab) -> Server:
    """MySQL 8.0.33, where data comes from."""
    return lab.source


@pytest.fixture(scope="session")
def target(lab: Lab) -> Server:
    """MySQL 8.0.33, where data goes."""
    return lab.target


@pytest.fixture(scope="session")
def old(lab: Lab) -> Server:
    """MySQL 8.0.12."""
    return lab.old


@pytest.fixture(scope="session")
def legacy(lab: Lab) -> Server:
    """MySQL 5.7.22."""
    return lab.legacy


@pytest.fixture(scope="session")
def new(lab: Lab) -> Server:
    """MySQL 9, with its binary log on."""
    return lab.new


@pytest.fixture(scope="session")
def maria10(maria: Lab) -> Server:
    """MariaDB 10.11."""
    return maria.maria10


@pytest.fixture(scope="session")
def maria11(maria: Lab) -> Server:
    """MariaDB 11.8."""
    return maria.maria11


@pytest.fixture
def fresh_schemas(lab: Lab) -> Iterator[FreshSchemas]:
    """Unique schema names for one test; after it they are dropped from every shared server that the run has asked for.

    A shared server the test killed and did not restart is brought up again first.
    """
    names: list[str] = []

    def fresh(label: str = "t", *create_on: Server) -> str:
        name = f"{label}_{uuid.uuid4().hex[:10]}"
        names.append(name)
        for server in create_on:
            client.rows(server, f"CREATE DATABASE `{name}`")
        return name

    yield fresh
    if not names:
        return
    known = {record.key for record in lab_api.status()}
    groups = [group for group in ("mysql", "mariadb") if any(one.name in known for one in servers_of(group))]
    for server in [one for group in groups for one in lab_api.up(group, keep=False).servers.values()]:
        with client.connect(server) as connection, connection.cursor() as cursor:
            for name in names:
                cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
