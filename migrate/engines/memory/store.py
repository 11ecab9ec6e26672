"""What a server keeps: tables with their rows in order of arrival, and the ledger beside them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from migrate.engines.base import Bound, LedgerKey, LedgerLine, Made, Span
from migrate.engines.memory.values import Row, Sortable, Value, rank, refusal, unspell
from migrate.errors import DuplicateRow, LossyWrite
from migrate.model.table import Column, Index, Table, TableName


def stored_columns(table: Table) -> tuple[Column, ...]:
    """The columns whose values a row holds: generated ones hold none."""
    return tuple(column for column in table.columns if not column.generated)


class StoredTable:
    """A table and its rows; a row has one value per column of `columns`."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.columns = stored_columns(table)
        self.rows: list[Row] = []
        self.counter = 1
        """The next AUTO_INCREMENT value, where a column has one."""
        self._sorted: dict[tuple[str, ...], tuple[list[Sortable], list[Row]]] = {}

    def place(self, name: str) -> int:
        """Where a row holds the value of this column. KeyError when it holds none."""
        for place, column in enumerate(self.columns):
            if column.name == name:
                return place
        raise KeyError(name)

    def picker(self, names: Sequence[str]) -> Callable[[Row], Row]:
        """The values of these columns of a row, in this order."""
        places = [self.place(name) for name in names]
        return lambda row: tuple(row[place] for place in places)

    def arrange(self, names: Sequence[str], values: Sequence[Value]) -> Row:
        """A whole row of values that came in the order of `names`; the columns not named get NULL."""
        given = dict(zip(names, values, strict=True))
        return tuple(given.get(column.name) for column in self.columns)

    def check(self, endpoint: str, rows: Sequence[Row]) -> None:
        """Raises LossyWrite or DuplicateRow when these rows cannot be added, as they are, to those that are there."""
        for row in rows:
            for column, value in zip(self.columns, row, strict=True):
                if why := refusal(column, value):
                    raise LossyWrite(f"{endpoint}:{self.table.name}.{column.name}", why)
        for index in self.table.indexes:
            if index.kind in ("primary", "unique") and all(part.column for part in index.parts):
                self._check_unique(endpoint, index, rows)

    def _check_unique(self, endpoint: str, index: Index, rows: Sequence[Row]) -> None:
        places = [self.place(part.column) for part in index.parts]
        taken: set[Sortable] = set()
        for batch in (self.rows, rows):
            for row in batch:
                if any(row[place] is None for place in places):
                    continue
                key = tuple(rank(self.columns[place], row[place]) for place in places)
                if key in taken:
                    text = ", ".join(repr(row[place]) for place in places)
                    raise DuplicateRow(endpoint, f"{self.table.name}: {index.name} has ({text}) already", code=1062)
                taken.add(key)

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows that `check` let through."""
        self.rows.extend(rows)
        self._changed()

    def replace(self, rows: list[Row]) -> None:
        """Have these rows and no other."""
        self.rows = rows
        self._changed()

    def become(self, table: Table, rows: list[Row]) -> None:
        """Be this table from now on, with these rows of it."""
        self.table = table
        self.columns = stored_columns(table)
        self.replace(rows)

    def set_counter(self, value: int) -> None:
        """Make `value` the next AUTO_INCREMENT value, or the first one above all rows when that is more."""
        self.counter = value
        self._changed()

    def _changed(self) -> None:
        self._sorted.clear()
        for place, column in enumerate(self.columns):
            if column.auto_increment:
                used = [value for row in self.rows if isinstance(value := row[place], int)]
                self.counter = max([self.counter, *(value + 1 for value in used)])

    def inside(self, key: Sequence[Column], span: Span) -> list[Row]:
        """The rows of the span, by key; without a key all rows as they came."""
        if not key:
            return list(self.rows)
        names = tuple(column.name for column in key)
        if names not in self._sorted:
            columns = [self.columns[self.place(name)] for name in names]
            pick = self.picker(names)
            ranked = sorted(((_rank(columns, pick(row)), row) for row in self.rows), key=lambda pair: pair[0])
            self._sorted[names] = ([place for place, _ in ranked], [row for _, row in ranked])
        places, rows = self._sorted[names]
        low = 0 if span.lower is None else bisect_right(places, self._bound(names, span.lower))
        high = len(rows) if span.upper is None else bisect_right(places, self._bound(names, span.upper))
        if span.only:
            only = {self._bound(names, key) for key in span.only}
            return [row for place, row in zip(places[low:high], rows[low:high], strict=True) if place in only]
        return rows[low:high]

    def outside(self, key: Sequence[Column], span: Span) -> list[Row]:
        """The other rows."""
        gone = {id(row) for row in self.inside(key, span)}
        return [row for row in self.rows if id(row) not in gone]

    def _bound(self, names: tuple[str, ...], bound: tuple[str, ...]) -> Any:  # Any: bisect wants comparable values
        return _rank([self.columns[self.place(name)] for name in names], [unspell(literal) for literal in bound])


def _rank(
    columns: Sequence[Column], values: Sequence[Value]
) -> Any:  # Any: values of one column compare, mypy cannot know
    return tuple(rank(column, value) for column, value in zip(columns, values, strict=True))


class Ledger:
    """The ledger of one schema: a step has one line of a kind for one lower bound, however far that line comes.

    `made` is what was made from words of another dialect, by kind and name.
    """

    def __init__(self) -> None:
        self.made: dict[tuple[str, TableName], Made] = {}
        self._lines: dict[tuple[str, str, str, Bound | None], tuple[TableName, LedgerLine]] = {}

    def has(self, key: LedgerKey, line: LedgerLine) -> bool:
        """Whether the step has a line of this kind from the same place on."""
        return _identity(key, line) in self._lines

    def add(self, key: LedgerKey, lines: Iterable[LedgerLine]) -> None:
        """Add lines, or none of them when one is there already."""
        named = {_identity(key, line): (key.target, line) for line in lines}
        if not named.keys() & self._lines.keys():
            self._lines |= named

    def lines(self, key: LedgerKey) -> list[LedgerLine]:
        """The lines of one step, in the order they were written."""
        return [line for (plan, step, *_), (_, line) in self._lines.items() if (plan, step) == (key.plan, key.step)]

    def forget(self, key: LedgerKey) -> None:
        """Drop all lines of the step."""
        self._lines = {one: line for one, line in self._lines.items() if one[:2] != (key.plan, key.step)}

    def targets(self, plan: str) -> frozenset[TableName]:
        """The tables that this plan wrote lines for."""
        return frozenset(target for (other, *_), (target, _) in self._lines.items() if other == plan)

    def whole(self, plan: str) -> frozenset[str]:
        """The steps of this plan that have a line `whole`."""
        return frozenset(step for (other, step, kind, _) in self._lines if other == plan and kind == "whole")


def _identity(key: LedgerKey, line: LedgerLine) -> tuple[str, str, str, Bound | None]:
    return key.plan, key.step, line.kind, line.span.lower
