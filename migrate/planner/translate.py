"""What the target shall hold: the source's tables under the names that the moves give them.

Used by plan to compare, and by apply to rebuild what was wanted from the source as it is now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from migrate.errors import BadConfig, NothingMatches
from migrate.model.pattern import Pattern, glob_matches, parse_pattern
from migrate.model.plan import Move
from migrate.model.table import Catalog, ForeignKey, ObjectRef, Table, TableName


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


def target_name(move: Move, table: TableName) -> ObjectRef:
    """Where that table goes: `*` keeps a part of the name, anything else replaces it."""
    to = target_pattern(move)
    schema = table.schema if to.schema.text == "*" and not to.schema.literal else to.schema.text
    name = table.name if to.name.text == "*" and not to.name.literal else to.name.text
    return ObjectRef(to.endpoint, TableName(schema, name))


def row_condition(move: Move, table: TableName) -> str:
    """The condition on the rows of that table, empty for all."""
    name = f"{table.schema}.{table.name}"
    return next((condition for glob, condition in move.where.items() if glob_matches(glob, name)), "")


def merged(moves: Sequence[Move], include: Sequence[str], exclude: Sequence[str]) -> tuple[Move, ...]:
    """The moves with what the command line includes and excludes, as a plan holds them."""
    return tuple(
        msgspec.structs.replace(move, include=(*move.include, *include), exclude=(*move.exclude, *exclude))
        for move in moves
    )


def pairs(
    moves: Sequence[Move],
    sources: Mapping[str, Catalog],
    present: Mapping[str, Catalog],
    left_behind: Collection[ObjectRef] = (),
) -> tuple[Pair, ...]:
    """Every table that moves, by target name. `sources` and `present` are catalogs by endpoint.

    `left_behind` are targets that cannot be made: they are no parents of others unless they are there.

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
            made, orphaned = _foreign_keys(table, source, target, parents, (there, left_behind))
            wanted = msgspec.structs.replace(table, name=target.table, foreign_keys=made)
            found[target] = Pair(source, target, table, wanted, row_condition(move, source.table), move, orphaned)
    return tuple(found[target] for target in sorted(found))


def _goals(move: Move, sources: Mapping[str, Catalog]) -> dict[ObjectRef, ObjectRef]:
    """Which tables a move takes, and where. Raises `NothingMatches`."""
    pattern = source_pattern(move)
    tables = [table.name for table in sources[pattern.endpoint].tables]
    taken = [table for table in tables if moved(move, table)]
    if not taken:
        rules = ", ".join(f"include {glob}" for glob in move.include) or f"exclude {', '.join(move.exclude)}"
        raise NothingMatches(pattern.endpoint, f"{pattern.tables} with {rules}", ())
    return {ObjectRef(pattern.endpoint, table): target_name(move, table) for table in taken}


def _foreign_keys(
    table: Table,
    source: ObjectRef,
    target: ObjectRef,
    parents: Mapping[ObjectRef, ObjectRef],
    known: tuple[Collection[ObjectRef], Collection[ObjectRef]],
) -> tuple[tuple[ForeignKey, ...], tuple[ForeignKey, ...]]:
    """Foreign keys with the parent's name on the target; and those whose parent is nowhere there.

    `known` are the tables that are there, and those that cannot come.
    """
    there, left_behind = known
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
        comes = moves_along and goal not in left_behind
        (made if comes or goal in there else orphaned).append(renamed)
    return tuple(made), tuple(orphaned)
