"""The next AUTO_INCREMENT values of tables and of sequences: of all whose steps wait for a slot, asked for at once."""

from __future__ import annotations

import asyncio
import itertools

from migrate.engines.base import Engine
from migrate.model.table import TableName

MOST = 64
"""Tables asked about at once."""


class Counters:
    """Those of one server."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wanted: dict[TableName, None] = {}
        self._known: dict[TableName, int | None] = {}
        self._one_at_a_time = asyncio.Lock()

    def want(self, table: TableName) -> None:
        """From now on the table's value may be asked for: its rows are there."""
        self._wanted[table] = None

    async def value(self, table: TableName) -> int | None:
        """As it was at some time after `want`; None when the table has no such column. Raises `ServerError`."""
        async with self._one_at_a_time:
            if table in self._wanted or table not in self._known:
                asked = dict.fromkeys((table, *itertools.islice(self._wanted, MOST - 1)))
                found = await self._engine.auto_increment(tuple(asked))
                for one in asked:
                    self._known[one] = found.get(one)
                    self._wanted.pop(one, None)
            return self._known[table]
