"""What the target shall hold: the source's tables under the names that the moves give them.

Used by plan to compare, and by apply to rebuild what was wanted from the source as it is now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from migrate.engines.base import Renames
from migrate.errors import BadConfig, NothingMatches
from migrate.model.pattern import Pattern, glob_matches, parse_pattern
from migrate.model.plan import Move
from migrate.model.table import Catalog, ForeignKey, ObjectRef, StoredKind, StoredObject, Table, TableName
from migrate.planner.dated import stays_behind


class Pair(msgspec.Struct, frozen=True):
    """A table at the source, and the same table as it is wanted on the target.

    `orphaned` are foreign keys that cannot be made there: their parent does not move and is not there.
    """

    source: ObjectRef
    target: ObjectRef
    table: Table
    wanted: Table
    where: str
    move: Move
    orphaned: tuple[ForeignKey, ...] = ()


class StoredRef(msgspec.Struct, frozen=True, order=True):
    """A stored object on an endpoint, written `kind endpoint:schema.name`."""

    kind: StoredKind
    object: ObjectRef

    def __str__(self) -> str:
        return f"{self.kind} {self.object}"


class StoredPair(msgspec.Struct, frozen=True):
    """A stored object at the source, and the same as it is wanted on the target.

    `refused`: a finding's code and why its words cannot hold there; `wanted` is then the source's under the new name.
    `renames` are those that its words went through.
    """

    source: ObjectRef
    target: StoredRef
    stored: StoredObject
    wanted: StoredObject
    move: Move
    renames: Renames
    refused: tuple[str, str] | None = None


def source_pattern(move: Move) -> Pattern:
    """The pattern of a move's `from`."""
    return parse_pattern(move.from_)


def target_pattern(move: Move) -> Pattern:
    """The pattern of a move's `to`."""
    return parse_pattern(move.to)


def moved(move: Move, table: TableName) -> bool:
    """Whether the move takes that table."""
    name = f"{table.schema}.{table.name}"
    if not source_pattern(move).matches(table) or any(glob_matches(glob, name) for glob in move.exclude):
        return False
    return not move.include or any(glob_matches(glob, name) for glob in move.include)


def dated_left(move: Move, catalog: Catalog) -> tuple[TableName, ...]:
    """The tables that the move would take, and that stay behind because their names end with a date."""
    fixed = source_pattern(move).name.fixed
    return tuple(
        table.name for table in catalog.tables if moved(move, table.name) and stays_behind(move, table.name, fixed)
    )


def stored_moved(move: Move, stored: StoredObject) -> bool:
    """Whether the move takes that stored object: a trigger goes with its table, others by their own name."""
    if stored.kind == "trigger":
        table = TableName(stored.name.schema, stored.table, stored.name.catalog)
        return moved(move, table) and not stays_behind(move, table, source_pattern(move).name.fixed)
    return moved(move, stored.name)


def target_name(move: Move, table: TableName) -> ObjectRef:
    """Where that table goes: `*` keeps a part of the name, anything else replaces it."""
    to = target_pattern(move)
    schema = table.schema if to.schema.text == "*" and not to.schema.literal else to.schema.text
    name = table.name if to.name.text == "*" and not to.name.literal else to.name.text
    catalog = to.catalog.text if to.catalog else ""
    if to.catalog and to.catalog.text == "*" and not to.catalog.literal:
        catalog = table.catalog
    return ObjectRef(to.endpoint, TableName(schema, name, catalog))


def row_condition(move: Move, table: TableName) -> str:
    """The condition on the rows of that table, empty for all."""
    name = f"{table.schema}.{table.name}"
    return next((condition for glob, condition in move.where.items() if glob_matches(glob, name)), "")


def merged(
    moves: Sequence[Move], include: Sequence[str], exclude: Sequence[str], prune: Sequence[str] = ()
) -> tuple[Move, ...]:
    """The moves with what the command line includes, excludes and prunes, as a plan holds them."""
    return tuple(
        msgspec.structs.replace(
            move,
            include=(*move.include, *include),
            exclude=(*move.exclude, *exclude),
            prune=(*move.prune, *prune),
        )
        for move in moves
    )


def pairs(
    moves: Sequence[Move],
    sources: Mapping[str, Catalog],
    present: Mapping[str, Catalog],
) -> tuple[Pair, ...]:
    """Every table that moves, by target name. `sources` and `present` are catalogs by endpoint.

    Raises `NothingMatches` for a move that takes nothing, `BadConfig` when two tables would become one.
    """
    goals = [_goals(move, sources) for move in moves]
    there = {ObjectRef(endpoint, table.name) for endpoint, catalog in present.items() for table in catalog.tables}
    found: dict[ObjectRef, Pair] = {}
    for move, taken in zip(moves, goals, strict=True):
        # A parent goes where this move takes it, or else where any other move takes it.
        parents = {source: goal for others in (*goals, taken) for source, goal in others.items()}
        tables = sources[source_pattern(move).endpoint].by_name()
        for source, target in taken.items():
            if target in found or target == source:
                other = found[target].source if target in found else source
                raise BadConfig(
                    "configuration",
                    "$.move",
                    f"{source} and {other} would both be {target}",
                    "give each its own target",
                )
            table = tables[source.table]
            made, orphaned = _foreign_keys(table, source, target, parents, there)
            wanted = msgspec.structs.replace(table, name=target.table, foreign_keys=made)
            found[target] = Pair(source, target, table, wanted, row_condition(move, source.table), move, orphaned)
    return tuple(found[target] for target in sorted(found))


def _goals(move: Move, sources: Mapping[str, Catalog]) -> dict[ObjectRef, ObjectRef]:
    """Which tables a move takes, and where. Raises `NothingMatches`."""
    pattern = source_pattern(move)
    catalog = sources[pattern.endpoint]
    behind = set(dated_left(move, catalog))
    taken = [table.name for table in catalog.tables if moved(move, table.name) and table.name not in behind]
    if not taken and not behind and not any(stored_moved(move, stored) for stored in catalog.stored):
        rules = ", ".join(f"include {glob}" for glob in move.include) or f"exclude {', '.join(move.exclude)}"
        raise NothingMatches(pattern.endpoint, f"{pattern.tables} with {rules}", ())
    return {ObjectRef(pattern.endpoint, table): target_name(move, table) for table in taken}


def _foreign_keys(
    table: Table,
    source: ObjectRef,
    target: ObjectRef,
    parents: Mapping[ObjectRef, ObjectRef],
    there: Collection[ObjectRef],
) -> tuple[tuple[ForeignKey, ...], tuple[ForeignKey, ...]]:
    """Foreign keys with the parent's name on the target; and those whose parent is nowhere there."""
    made: list[ForeignKey] = []
    orphaned: list[ForeignKey] = []
    for key in table.foreign_keys:
        goal = parents.get(ObjectRef(source.endpoint, key.referenced))
        moves_along = goal is not None and goal.endpoint == target.endpoint
        if goal is None or not moves_along:
            own = key.referenced.schema == source.table.schema
            schema = target.table.schema if own else key.referenced.schema
            goal = ObjectRef(target.endpoint, TableName(schema, key.referenced.name))
        renamed = msgspec.structs.replace(key, referenced=goal.table)
        (made if moves_along or goal in there else orphaned).append(renamed)
    return tuple(made), tuple(orphaned)


def without_parents(pairs: Sequence[Pair], gone: Collection[ObjectRef]) -> tuple[Pair, ...]:
    """The pairs with foreign keys to the targets in `gone` among the orphaned: these parents do not come."""
    made = []
    for pair in pairs:
        endpoint = pair.target.endpoint
        lost = {key.name for key in pair.wanted.foreign_keys if ObjectRef(endpoint, key.referenced) in gone}
        if lost:
            kept = tuple(key for key in pair.wanted.foreign_keys if key.name not in lost)
            more = tuple(key for key in pair.wanted.foreign_keys if key.name in lost)
            wanted = msgspec.structs.replace(pair.wanted, foreign_keys=kept)
            pair = msgspec.structs.replace(pair, wanted=wanted, orphaned=(*pair.orphaned, *more))
        made.append(pair)
    return tuple(made)
