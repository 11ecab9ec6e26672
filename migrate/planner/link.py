"""One table on its way: all that its steps are made from, and what these are called."""

from __future__ import annotations

from enum import Enum, auto

import msgspec

from migrate.engines.base import Dialect, Engine
from migrate.engines.compare import Difference
from migrate.model.pattern import glob_matches
from migrate.model.plan import Estimate
from migrate.model.table import ObjectRef, Statistics, TableName
from migrate.planfile import round_estimate
from migrate.planner.gap import Gap
from migrate.planner.survey import rows_of
from migrate.planner.translate import Pair


class Existing(Enum):
    """What is known of the rows on the target."""

    NONE = auto()
    EQUAL = auto()
    OTHER = auto()
    NOT_COMPARED = auto()
    CHANGING = auto()
    REFUSED = auto()


class Link(msgspec.Struct, frozen=True):
    """All that the steps of one table are made from. `definition` is the source's own DDL, needed for DDL only.

    `obstacle` is that of `migrate.planner.obstacles`; `children` are tables there with foreign keys to this one;
    `permitted` says whether destructive steps may run on this table.
    """

    pair: Pair
    source: Engine
    target: Engine
    origin: Dialect
    gap: Gap
    existing: Existing
    statistics: Statistics
    definition: str = ""
    obstacle: tuple[str, str] | None = None
    children: tuple[TableName, ...] = ()
    permitted: bool = False
    difference: Difference = Difference()
    """How the rows differ, where they were compared."""
    held: str = ""
    """Why rows that only the target has cannot be deleted though they are to be; empty when they can."""

    @property
    def prune(self) -> bool:
        """Whether rows that only the target has are to be deleted."""
        return pruned(self.pair)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns by which the rows are cut, none where there is no such key."""
        return tuple(column.name for column in rows_of(self.source, self.pair.table).key)


def pruned(pair: Pair) -> bool:
    """Whether the rows that only the target has are to go."""
    name = pair.target.table
    return any(glob_matches(glob, f"{name.schema}.{name.name}") for glob in pair.move.prune)


def schema_step(endpoint: str, table: TableName) -> str:
    """The id of the step that creates the schema of a table."""
    return f"create-schema:{endpoint}:{TableName(table.schema, '', table.catalog)}"


def step_id(action: str, target: ObjectRef) -> str:
    """The id of the step that does this to that object."""
    return f"{action}:{target}"


def shaped_by(table: ObjectRef) -> tuple[str, ...]:
    """The steps, of which only some may exist, after which a table has its columns."""
    actions = ("create-table", "drop-foreign-keys", "alter-table", "alter-table-2", "alter-table-3", "swap")
    return tuple(step_id(action, table) for action in actions)


def written_by(table: ObjectRef) -> tuple[str, ...]:
    """The steps, of which at most one exists, after which a table has its rows."""
    return step_id("load-rows", table), step_id("sync-rows", table)


def filled_by(table: ObjectRef) -> tuple[str, ...]:
    """The steps, of which only some may exist, after which a table has its rows and indexes."""
    return *written_by(table), step_id("add-indexes", table)


def settled_by(table: ObjectRef) -> tuple[str, ...]:
    """The steps, of which only some may exist, after which nothing writes to a table: its proof may still do."""
    return *shaped_by(table), *filled_by(table), step_id("set-auto-increment", table), step_id("verify", table)


def estimated(link: Link) -> Estimate:
    """The whole table, rounded."""
    return Estimate(round_estimate(link.statistics.rows), round_estimate(link.statistics.bytes))
