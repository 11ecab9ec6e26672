"""A pair of servers, and `migrate plan` and `migrate apply` between them in this process, without new sessions.

A walk takes a fraction of a second, so what the command does once for each call is done once for all walks here: the
event loop, the engines and the state file stay open.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from migrate import planfile
from migrate.engines import open_engines
from migrate.executor import run
from migrate.model.plan import EndpointRef, Move, Plan
from migrate.model.progress import Event, Outcome
from migrate.model.table import spell
from migrate.planner.build import PlanRequest, make_plan
from migrate.state import State
from tests.lab import Server, client

_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"
_SESSION = f"SET NAMES utf8mb4, sql_mode = '{_MODE}', time_zone = '+00:00', foreign_key_checks = 1"

_DEAD_LOCK = 1213
_TRIES = 5

_numbers = itertools.count(1)


class Side:
    """One server as the tests see it, over a connection of their own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        # Kept: setting a connection up takes longer than most statements.
        self._connection: Connection[Cursor] = client.connect(server)
        self._cursor = self._connection.cursor()
        if server.vendor == "mysql" and not server.version.startswith("5."):
            self.script(["SET information_schema_stats_expiry = 0"])

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of one statement. Raises pymysql.err.MySQLError."""
        self._cursor.execute(sql, parameters or None)
        return list(self._cursor.fetchall())

    def script(self, statements: Sequence[str]) -> None:
        """Run statements one by one, from the usual settings on. Raises `Unmade`, which names the refused one."""
        for statement in (_SESSION, *statements):
            try:
                self._execute(statement)
            except pymysql.err.MySQLError as error:
                raise Unmade(f"{self.server.name} refused what the walk made up: {error}\n{statement}") from error

    def _execute(self, statement: str) -> None:
        """Run it; again, when the server ended it as a dead lock: other tests use the server's metadata as well.

        Seen once in some hundred thousand statements, for a CREATE TRIGGER on MariaDB 11.8. Nothing of it is left.
        """
        for left in reversed(range(_TRIES)):
            try:
                self._cursor.execute(statement)
                break
            except pymysql.err.OperationalError as error:
                if error.args[0] != _DEAD_LOCK or not left:
                    raise

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


class Unmade(AssertionError):
    """The generator wrote DDL that a server does not take: a fault of the test."""


class Lane:
    """From one server to another (or to another schema of the same one)."""

    def __init__(self, source: Server, target: Server, state: State) -> None:
        self.source = Side(source)
        self.target = Side(target)
        self._state = state
        self._stack = ExitStack()
        self._runner = self._stack.enter_context(asyncio.Runner())
        refs = {"old": _ref(source), "new": _ref(target)}
        self._refs = {name: _sealed(name, ref) for name, ref in refs.items()}
        self._opened = open_engines(refs, 4)
        self._engines = self._runner.run(self._opened.__aenter__())

    def names(self) -> tuple[str, str]:
        """Names of two schemas that nobody uses, for the source and for the target."""
        number = f"{os.getpid()}_{next(_numbers)}"
        return f"walk_a_{number}", f"walk_b_{number}"

    def plan(self, source: str, target: str) -> Plan:
        """`migrate plan --allow-destructive '*'`: sealed, written and read again."""
        request = PlanRequest(
            name="walk",
            endpoint=self._refs,
            move=(Move(f"old:{spell(source)}.*", f"new:{spell(target)}.*"),),
            allow_destructive=("*",),
        )
        plan = self._runner.run(make_plan(request, self._engines))
        read = planfile.decode(planfile.encode(plan), "walk.toml")
        assert read == plan, "the plan is not what was read back"
        return read

    def apply(self, plan: Plan) -> tuple[list[Event], Outcome]:
        """`migrate apply`: what it told. Raises what the command would catch and show."""
        return self._runner.run(self._apply(plan))

    async def _apply(self, plan: Plan) -> tuple[list[Event], Outcome]:
        told: list[Event] = []
        outcome: Outcome | None = None
        async for event in run.apply(plan, self._engines, self._state, run.ApplyOptions(""), asyncio.Event()):
            if isinstance(event, Outcome):
                outcome = event
            else:
                told.append(event)
        assert outcome is not None, "apply ended without an outcome"
        return told, outcome

    def close(self) -> None:
        """Close every session."""
        self._runner.run(self._opened.__aexit__(None, None, None))
        self._stack.close()
        self.source.close()
        self.target.close()


@contextmanager
def lane_between(source: Server, target: Server, folder: Path) -> Iterator[Lane]:
    """A lane, closed at the end; its state file is in `folder`."""
    with State.open(folder / "migrate.db") as state:
        lane = Lane(source, target, state)
        try:
            yield lane
        finally:
            lane.close()


def _ref(server: Server) -> EndpointRef:
    return EndpointRef("mysql", server.host, server.port, server.user, server.password)


def _sealed(name: str, ref: EndpointRef) -> EndpointRef:
    """What the plan may know of it."""
    return EndpointRef(ref.engine, ref.host, ref.port, ref.user, f"${{{name.upper()}_SECRET}}")
