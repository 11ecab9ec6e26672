"""Statements that a server must not get at the same time, because it would end one of them as a dead lock (1213).

An ALTER TABLE ends by locking the views that read the table, and the tables that foreign keys tie to it; a view that is
made locks what it reads and the views that read it. Two such statements that meet are a dead lock in most cases (MySQL
8.0.33 and 9.7.4; not MariaDB). Worse, an ALTER that is ended so late is rolled back under a wrong file name
(bugs.mysql.com 107315, 120561): of a table whose name has other letters than a-z, A-Z, 0-9 and _, the server then says
"Tablespace is missing" (1812) until it is restarted. And some are done although the error says that they are not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal

import msgspec

from migrate.model.pattern import parse_object
from migrate.model.plan import Ddl, Plan
from migrate.model.table import TableName
from migrate.planner.needs import reads
from migrate.planner.order import step_kind
from migrate.planner.survey import Survey

Thing = tuple[str, Literal["view", "foreign key"], str, str]
"""Where statements meet: the endpoint, the kind, and the name of a view, or the child and the parent of a key."""

Readers = Mapping[TableName, set[TableName]]
"""Of tables, views and functions the views that name them."""


class Claim(msgspec.Struct, frozen=True):
    """What a statement locks `alone`, and what it locks `along` with others that do no more."""

    alone: frozenset[Thing] = frozenset()
    along: frozenset[Thing] = frozenset()


NOTHING = Claim()


class _Shared:
    """A lock that one holds alone or several along with each other, in the order of asking."""

    def __init__(self) -> None:
        self._alone = False
        self._along = 0
        self._queue: deque[tuple[bool, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def held(self, alone: bool) -> AsyncIterator[None]:
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((alone, given))
        self._let_in()
        try:
            await given
            yield
        finally:
            if not given.cancelled():
                self._alone, self._along = (False, self._along) if alone else (self._alone, self._along - 1)
            self._let_in()

    def _let_in(self) -> None:
        while self._queue:
            alone, given = self._queue[0]
            if not given.cancelled():
                if self._alone or (alone and self._along):
                    return
                self._alone, self._along = alone, self._along + (not alone)
                given.set_result(None)
            self._queue.popleft()


class Apart:
    """Keeps statements apart by their claims."""

    def __init__(self, claims: Mapping[str, Claim]) -> None:
        self._claims = claims
        self._locks: dict[Thing, _Shared] = {}

    @asynccontextmanager
    async def take(self, step: str) -> AsyncIterator[None]:
        """Hold what the step claims. All take in the same order, so that none waits in a circle."""
        claim = self._claims.get(step, NOTHING)
        async with AsyncExitStack() as stack:
            for thing in sorted(claim.alone | claim.along):
                lock = self._locks.setdefault(thing, _Shared())
                await stack.enter_async_context(lock.held(thing in claim.alone))
            yield


def claims(plan: Plan, seen: Survey) -> dict[str, Claim]:
    """Of the plan's DDL steps what they claim, of those that claim anything."""
    there, coming = _readers_there(seen), _readers_coming(seen)
    keys = _keys(seen)
    found = {}
    for step in plan.step:
        if not isinstance(step, Ddl) or step.action == "create-schema":
            continue
        kind, ref = step_kind(step), parse_object(step.target)
        views, later = there.get(ref.endpoint, {}), coming.get(ref.endpoint, {})
        along: set[TableName] = set()
        match kind:
            case "table":
                alone, along = _through(ref.table, views), _through(ref.table, later)
            case "view":
                alone = {ref.table, *_through(ref.table, views)}
            case "function":
                alone = _through(ref.table, views)
            case _:
                continue
        tied = keys.get((ref.endpoint, ref.table), set()) if kind == "table" else set()
        claim = Claim(
            frozenset({_view(ref.endpoint, view) for view in alone} | tied),
            frozenset(_view(ref.endpoint, view) for view in along - alone),
        )
        if claim != NOTHING:
            found[step.id] = claim
    return found


def _view(endpoint: str, name: TableName) -> Thing:
    return endpoint, "view", str(name), ""


def _readers_there(seen: Survey) -> dict[str, dict[TableName, set[TableName]]]:
    found: dict[str, dict[TableName, set[TableName]]] = {}
    for endpoint, catalog in seen.present.items():
        readers = found.setdefault(endpoint, {})
        for use in catalog.uses:
            if use.by[0] == "view":
                readers.setdefault(use.of, set()).add(use.by[1])
    return found


def _readers_coming(seen: Survey) -> dict[str, dict[TableName, set[TableName]]]:
    found: dict[str, dict[TableName, set[TableName]]] = {}
    for ref, used in reads(seen).items():
        if ref.kind == "view":
            readers = found.setdefault(ref.object.endpoint, {})
            for _, name in used:
                readers.setdefault(name, set()).add(ref.object.table)
    return found


def _through(name: TableName, readers: Readers) -> set[TableName]:
    """The views that read it, and those that read these."""
    found: set[TableName] = set()
    left = {name}
    while left:
        left = set[TableName]().union(*(readers.get(one, set()) for one in left)) - found
        found |= left
    return found


def _keys(seen: Survey) -> dict[tuple[str, TableName], set[Thing]]:
    """Of every table its ties to parents and children, those that are there and those that come."""
    found: dict[tuple[str, TableName], set[Thing]] = {}
    tables = [(endpoint, table) for endpoint, catalog in seen.present.items() for table in catalog.tables]
    tables += [(pair.target.endpoint, pair.wanted) for pair in seen.pairs]
    for endpoint, table in tables:
        for parent in {key.referenced for key in table.foreign_keys}:
            for end in (table.name, parent):
                found.setdefault((endpoint, end), set()).add((endpoint, "foreign key", str(table.name), str(parent)))
    return found
