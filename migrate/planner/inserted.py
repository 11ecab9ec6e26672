"""A table that the target's server writes anew from the source's rows, in batches of partitions, and swaps in."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.engines.files import FilePartition
from migrate.errors import BadKey
from migrate.model.plan import Batch, Estimate, Finding, InsertSelect, Step
from migrate.model.table import Table
from migrate.model.words import counted
from migrate.planfile import round_estimate
from migrate.planner.building import Filed, built, lost, proof, replaced_whole, swap_table
from migrate.planner.link import pruned, step_id
from migrate.planner.managed import fate
from migrate.planner.partitions import Side, both_sums, look, refuse_archived
from migrate.planner.risk import finding


def via_of(one: Filed) -> str:
    """The target's catalog that sees the source's rows; empty: none is known."""
    pair = one.pair
    here = pair.source.table.catalog if pair.source.endpoint == pair.target.endpoint else ""
    return pair.move.via or here


def unseen(one: Filed) -> Finding:
    """Why rows cannot be written anew where no catalog is known to see them."""
    text = f"no catalog of {one.pair.target.endpoint} is known to see its rows"
    return finding("MG511", one.where, f'{text}: write via = "CATALOG", or method = "copy_files"')


async def insert_steps(one: Filed) -> tuple[list[Step], list[Finding]]:
    """The steps and findings of a table whose rows are written anew, and seen. Raises `InArchive`, `ServerError`."""
    pair, via = one.pair, via_of(one)
    side = await _looked(one)
    kept = one.gap.actual is not None
    if kept and not one.gap.alterations and pair.move.compare == "rows" and await _equal(one):
        return [], []
    findings = lost(one)
    if kept and not pruned(pair) and (gone := await _gone(one)):
        return replaced_whole(one, f"it is written whole; {gone}", findings)
    if kept:
        findings.append(finding("MG507", one.where, f"its rows differ: it is written whole, and {fate(one)}"))
    batches, size = await _batches(one, via, side)
    session, replaces = one.others.insert_session(pair.wanted)
    create = built(one, (), one.goal)
    insert = InsertSelect(
        id=step_id("insert-select", pair.target),
        source=str(pair.source),
        target=one.where,
        after=(create.id,),
        aside=one.built().name.name,
        goal=one.goal,
        batch=batches,
        where=pair.where,
        afresh=not replaces,
        session=dict(session),
        estimate=Estimate(0, round_estimate(size)),
    )
    return [create, insert, proof(one), *await swap_table(one, kept)], findings


async def _looked(one: Filed) -> Side | None:
    """The files that the server will read, where that can be known. Raises `InArchive` when it could not read them."""
    if one.place.refused or not one.place.location:
        return None
    try:
        side = await look(one.own, one.pair, one.place, one.chosen)
    except BadKey:
        return None  # the server may take it; only how much it reads is not known
    await refuse_archived(one.pair, one.own, side, side.partitions)
    return side


async def _batches(one: Filed, via: str, side: Side | None) -> tuple[tuple[Batch, ...], int]:
    """The statements, and the bytes of what they read where that is known."""
    pair, size = one.pair, 0
    if side is None:
        partitions = one.chosen
    else:
        partitions, size = side.partitions, side.bytes
    if [partition.name for partition in partitions] == [""]:
        partitions = await one.own.groups(pair.table, pair.wanted, pair.where)
    if pair.move.partitions and not partitions:
        return (), size
    if [partition.name for partition in partitions] == [""]:
        partitions = ()
    many = one.others.at_once(pair.wanted)
    groups = [partitions[n : n + many] for n in range(0, len(partitions), many)] or [()]
    insert = one.others.insert
    built_table = one.built()
    return tuple(Batch(insert(built_table, pair.table, via, pair.where, group)) for group in groups), size


async def _gone(one: Filed) -> str:
    """What of the table that is there does not move, and would not be in the one that takes its place, if anything."""
    pair, actual = one.pair, one.gap.actual
    if actual is None:
        return ""
    if pair.where and await _rows(one, actual, "") != await _rows(one, actual, pair.where):
        return "rows that the condition leaves out"
    there = {partition.name for partition in await one.others.groups(actual, actual, "")}
    if pair.move.partitions:
        coming = {found.name for found in one.chosen}
    else:
        coming = {found.name for found in await one.own.groups(pair.table, pair.wanted, "")}
    gone = there - coming - {""}
    return counted(len(gone), "partition") if gone else ""


async def _rows(one: Filed, table: Table, where: str) -> int:
    return sum([found.rows async for found in one.others.sums(table, table, where)])


async def _equal(one: Filed) -> bool:
    """Whether both servers count and sum up all rows alike, partition by partition."""
    pair = one.pair
    only: Sequence[FilePartition] | None = None
    if pair.move.partitions:
        only = one.chosen
    where = "" if only is None else pair.where
    mine, theirs = await both_sums(pair, one.own, one.others, pair.wanted, only, where)
    return mine == theirs
