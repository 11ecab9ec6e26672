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
from migrate.model.table import Catalog, TableName
from migrate.planner.needs import Reads, reads
from migrate.planner.order import step_kind
from migrate.planner.survey import Survey

Thing = tuple[str, Literal["view", "foreign key", "functions"], str, str]
"""Where statements meet: the endpoint, the kind, and the name of a view, or the child and the parent of a key.

All functions of an endpoint are one: what a view calls may read any table, which the server locks with the view.
"""


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
    there, coming = _Views(seen.present), _Views.of(reads(seen))
    keys = _keys(seen)
    callers = {endpoint: there.calling(endpoint) | coming.calling(endpoint) for endpoint in seen.present}
    found = {}
    for step in plan.step:
        if not isinstance(step, Ddl) or step.action == "create-schema":
            continue
        kind, ref = step_kind(step), parse_object(step.target)
        if kind not in ("table", "view", "function"):
            continue
        alone = there.through(ref.endpoint, ref.table)
        along: set[TableName] = set()
        if kind == "table":
            along = coming.through(ref.endpoint, ref.table) - alone
        elif kind == "view":
            alone = alone | {ref.table}
        things = {_view(ref.endpoint, view) for view in alone}
        shared = {_view(ref.endpoint, view) for view in along}
        if kind == "table":
            things |= keys.get((ref.endpoint, ref.table), set())
        calling = callers.get(ref.endpoint)
        if calling:
            (things if kind == "function" or alone & calling else shared).add((ref.endpoint, "functions", "", ""))
        if things or shared:
            found[step.id] = Claim(frozenset(things), frozenset(shared))
    return found


class _Views:
    """Which views name which tables, views and functions, by endpoint."""

    def __init__(self, catalogs: Mapping[str, Catalog]) -> None:
        self._readers: dict[tuple[str, TableName], set[TableName]] = {}
        self._callers: dict[str, set[TableName]] = {}
        for endpoint, catalog in catalogs.items():
            for use in catalog.uses:
                if use.by[0] == "view":
                    self._add(endpoint, use.by[1], use.kind, use.of)

    @classmethod
    def of(cls, reading: Reads) -> _Views:
        """Those that are to be made."""
        made = cls({})
        for ref, used in reading.items():
            if ref.kind == "view":
                for kind, name in used:
                    made._add(ref.object.endpoint, ref.object.table, kind, name)
        return made

    def _add(self, endpoint: str, view: TableName, kind: str, of: TableName) -> None:
        self._readers.setdefault((endpoint, of), set()).add(view)
        if kind == "function":
            self._callers.setdefault(endpoint, set()).add(view)

    def through(self, endpoint: str, name: TableName) -> set[TableName]:
        """The views that name it, and those that read these."""
        found: set[TableName] = set()
        left = {name}
        while left:
            left = set[TableName]().union(*(self._readers.get((endpoint, one), set()) for one in left)) - found
            found |= left
        return found

    def calling(self, endpoint: str) -> set[TableName]:
        """The views that call functions, themselves or in those that they read: with them go tables nobody can name."""
        callers = self._callers.get(endpoint, set())
        return callers.union(*(self.through(endpoint, one) for one in callers))


def _view(endpoint: str, name: TableName) -> Thing:
    return endpoint, "view", str(name), ""


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
