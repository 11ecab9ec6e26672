"""A table that is built under another name over files of its own, proven, and swapped in: its steps.

Nothing is dropped first; what was there is kept under another name.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from migrate.engines.base import Dialect, Engine
from migrate.engines.files import FilePartition, Files, Place
from migrate.model.plan import CopyFiles, Ddl, Finding, Step, Swap, Verify
from migrate.model.table import Table, TableName
from migrate.planner.gap import Gap
from migrate.planner.link import schema_step, step_id
from migrate.planner.partitions import files_of, version_of
from migrate.planner.risk import finding
from migrate.planner.token import RUN, aside
from migrate.planner.translate import Pair, target_pattern


class Filed(msgspec.Struct, frozen=True):
    """A table whose rows are files, on its way: both engines, what the target lacks, and where things are."""

    pair: Pair
    source: Engine
    target: Engine
    gap: Gap
    place: Place
    there: Place | None
    permitted: bool
    """Whether destructive steps may run on this table."""
    chosen: tuple[FilePartition, ...] = ()
    """The source's partitions that move."""
    present: tuple[FilePartition, ...] = ()
    """Those of the table that is there which the move's condition lets through, where files are copied."""

    @property
    def own(self) -> Files:
        """The source's files."""
        return files_of(self.source)

    @property
    def others(self) -> Files:
        """The target's."""
        return files_of(self.target)

    @property
    def where(self) -> str:
        """What findings name."""
        return str(self.pair.target)

    @property
    def goal(self) -> str:
        """Where this plan's files of the table go: a folder that no other plan uses."""
        return goal_of(self.pair)

    async def every(self) -> tuple[FilePartition, ...]:
        """All partitions of the table that is there, asked for where `present` does not tell; none where none is."""
        if self.gap.actual is None or self.there is None:
            return ()
        if self.present and not self.pair.move.partitions:
            return self.present
        return await self.others.partitions(self.gap.actual, self.there, "")

    def built(self) -> Table:
        """The table as it is built, under its other name."""
        return msgspec.structs.replace(self.pair.wanted, name=aside(self.pair.target.table, "new"))


Chain = tuple[list[Step], list[Finding]]
"""The steps of one table, and its findings."""
Looked = tuple[Filed, list[Step], list[Finding]]


def goal_of(pair: Pair) -> str:
    """The folder of a table's files, below that of its schema and catalog where the move goes into several of these."""
    to, name = target_pattern(pair.move), pair.target.table
    parts = [(to.catalog, name.catalog), (to.schema, name.schema)]
    folders = [folder(text) for glob, text in parts if glob is not None and not glob.fixed]
    return "/".join([pair.move.location, *folders, folder(name.name), RUN])


def folder(name: str) -> str:
    """The name of a folder: of signs that no store and no client reads otherwise."""
    return "".join(sign if sign.isalnum() or sign in "_-" else f"~{ord(sign):x}~" for sign in name)


def blocked(one: Filed, why: str) -> Step:
    return CopyFiles(
        id=step_id("copy-files", one.pair.target),
        source=str(one.pair.source),
        target=one.where,
        origin=one.place.location,
        goal=one.goal,
        way="stream",
        part=(),
        blocked=why,
    )


def destructive(one: Filed, step: Step) -> Step:
    """The step as one that must be permitted, and is blocked until it is."""
    glob = f"{one.pair.target.table.schema}.{one.pair.target.table.name}"
    why = "" if one.permitted else f"destructive: permit it with migrate plan --allow-destructive '{glob}'"
    return msgspec.structs.replace(step, risk="destructive", blocked=why)


def replaced_whole(one: Filed, what: str, findings: Sequence[Finding]) -> tuple[list[Step], list[Finding]]:
    """Why a table that is there is not made anew: something of it does not move, and would be gone from it."""
    glob = f"{one.pair.target.table.schema}.{one.pair.target.table.name}"
    text = f"{what} would be lost that only it has: permit that with migrate plan --prune '{glob}'"
    return [blocked(one, text)], [*findings, finding("MG507", one.where, text)]


def in_place(one: Filed) -> list[Step]:
    """Statements that make the table what is wanted without touching a row, as comments are changed.

    None when nothing needs a change, or anything needs another one: then the table is made anew.
    """
    if one.gap.actual is None or one.gap.values_differ:
        return []
    target = one.pair.target
    made = one.target.alter_table(one.pair.wanted, one.gap.actual, one.gap.alterations, "", Dialect())
    if any(alteration.refused for alteration in made):
        return []
    steps: list[Step] = []
    for number, alteration in enumerate(made, 1):
        steps.append(
            Ddl(
                id=step_id(f"alter-table-{number}" if number > 1 else "alter-table", target),
                source=str(one.pair.source),
                target=one.where,
                after=tuple(step.id for step in steps[-1:]),
                action="alter-table",
                sql=alteration.sql,
            )
        )
    return steps


def built(one: Filed, after: tuple[str, ...], location: str) -> Step:
    """The table under its other name over the files below a location, and its partitions."""
    table = one.built()
    return Ddl(
        id=step_id("create-aside", one.pair.target),
        source=str(one.pair.source),
        target=one.where,
        after=(*after, schema_step(one.pair.target.endpoint, table.name)),
        action="create-aside",
        sql=one.others.create_over(table, location),
    )


def synced(one: Filed) -> Step:
    """The partitions of the table that is built become those whose folders are there."""
    return Ddl(
        id=step_id("sync-partitions", one.pair.target),
        source=str(one.pair.source),
        target=one.where,
        after=(step_id("create-aside", one.pair.target),),
        action="sync-partitions",
        sql=one.others.sync_partitions(one.built().name),
    )


def proof(one: Filed, partitions: Sequence[str] = ()) -> Verify:
    """The proof of what was built, before anybody sees it."""
    target = one.pair.target
    return Verify(
        id=step_id("verify", target),
        source=str(one.pair.source),
        target=one.where,
        after=tuple(step_id(name, target) for name in ("create-aside", "sync-partitions", "insert-select")),
        where=one.pair.where,
        aside=one.built().name.name,
        partition=tuple(partitions),
    )


async def swap_table(one: Filed, kept: bool) -> list[Step]:
    """What was built takes the table's name, the one that was there keeps another; and statistics, if asked for."""
    target, files = one.pair.target, one.others
    old = aside(target.table, "old")
    drops = kept and one.there is not None and not one.there.renames
    away = files.forget(target.table) if drops else files.rename_to(target.table, old)
    back = [files.rename_to(target.table, one.built().name), files.rename_to(old, target.table)]
    swap = Swap(
        id=step_id("swap", target),
        source=str(one.pair.source),
        target=one.where,
        after=(step_id("verify", target), step_id("analyze-table", target)),
        aside=one.built().name.name,
        sql=(*([away] if kept else []), files.rename_to(one.built().name, target.table)),
        undo=() if drops else tuple(back if kept else back[:1]),
        seen=await version_of(files, one.there, await one.every()) if kept and one.there else "",
        was=(one.there.location,) if kept and one.there and one.there.location else (),
        kept=old.name if kept and not drops else "",
        drops=drops,
        goal=one.goal,
    )
    last = destructive(one, swap) if drops else swap
    return [*analyzed(one, one.built().name, "verify"), last]  # Iceberg writes statistics beside the files


def analyzed(one: Filed, name: TableName, after: str) -> list[Step]:
    """Statistics of the table of that name, where the move asks for them."""
    if not one.pair.move.analyze:
        return []
    return [
        Ddl(
            id=step_id("analyze-table", one.pair.target),
            source=str(one.pair.source),
            target=one.where,
            after=(step_id(after, one.pair.target),),
            action="analyze-table",
            sql=one.others.analyze(name),
        )
    ]


def lost(one: Filed) -> list[Finding]:
    """What a new table does not have of the one that it is made from."""
    missing = "grants" if one.pair.move.analyze else "grants and statistics (analyze = true collects them)"
    return [finding("MG505", one.where, f"{missing} do not move")]
