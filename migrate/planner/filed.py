"""The chain of steps that brings a table whose rows are files: copied, or written anew by the server, then swapped in.

Nothing is dropped first. A table is built under another name over files of its own, proven, and takes its place by a
rename; where the target has the table already and can take partitions one by one, only those that differ do.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection, Coroutine, Mapping, Sequence
from typing import Literal

import msgspec

from migrate.engines.base import Engine
from migrate.engines.files import FilePartition, Place, overlap
from migrate.errors import BadKey, InArchive
from migrate.model.pattern import endpoint_of
from migrate.model.plan import CopyFiles, Estimate, Finding, Step, Swap
from migrate.model.table import ObjectRef, Table, TableName
from migrate.model.words import counted
from migrate.planfile import round_estimate
from migrate.planner.building import (
    Chain,
    Filed,
    Looked,
    analyzed,
    blocked,
    built,
    destructive,
    goal_of,
    in_place,
    lost,
    proof,
    replaced_whole,
    swap_table,
    synced,
)
from migrate.planner.gap import Gap
from migrate.planner.inserted import insert_steps, unseen, via_of
from migrate.planner.link import pruned, schema_step, step_id
from migrate.planner.managed import fate, refused, with_drops
from migrate.planner.partitions import (
    Side,
    Standing,
    compared,
    files_of,
    look,
    refuse_archived,
    under,
    version_at,
)
from migrate.planner.risk import finding
from migrate.planner.token import kept_of
from migrate.planner.translate import Pair

Method = Literal["copy_files", "insert_select"]
AT_ONCE = 16
"""Tables whose files are looked at together."""
ALIKE = ("MG505", "MG510")
"""Findings that say the same of many tables."""
LISTED = 5
"""Partitions that a finding names."""


def has_files(pair: Pair, engines: Mapping[str, Engine]) -> bool:
    """Whether the rows of both sides are files."""
    return engines[pair.source.endpoint].files is not None and engines[pair.target.endpoint].files is not None


def method(pair: Pair, place: Place) -> Method:
    """How the table moves: as the move says; by its files where that can be done, and it says nothing."""
    if pair.move.method != "auto":
        return pair.move.method
    alike = pair.table.storage.engine == pair.wanted.storage.engine and pair.table.columns == pair.wanted.columns
    return "copy_files" if alike and not pair.where and not place.refused else "insert_select"


async def file_steps(
    pairs: Sequence[Pair],
    gap: Mapping[ObjectRef, Gap],
    engines: Mapping[str, Engine],
    permitted: Collection[ObjectRef],
) -> tuple[list[Step], list[Finding]]:
    """The steps of these tables, some naming steps to wait for that may not exist, and their findings.

    `permitted` are tables on which destructive steps may run.
    """
    steps: list[Step] = []
    findings: list[Finding] = []
    sources, targets = await _places(pairs, gap, engines)
    at_once = asyncio.Semaphore(AT_ONCE)

    async def chain(pair: Pair) -> Looked:
        here, there = engines[pair.source.endpoint], engines[pair.target.endpoint]
        place, other = sources[pair.source], targets.get(pair.target)
        one = Filed(pair, here, there, gap[pair.target], place, other, pair.target in permitted)
        how = method(pair, place)
        stopped = _stopped(one, how)
        if stopped is not None:
            return one, *stopped
        one = await _with_partitions(one, how)  # of all tables at the same time: few questions ask for them all
        async with at_once:
            return one, *await _chain(one, how)

    away = await _put_aside(pairs, gap, engines)
    taken: dict[str, Pair] = {}
    for pair in pairs:
        if pair.target in away:
            text = f"a plan that has not ended put it aside as {away[pair.target]}: apply that plan, or roll it back"
            findings.append(finding("MG201", str(pair.target), text))
            continue
        first = taken.setdefault(goal_of(pair), pair)
        if first is not pair:
            text = f"its files would go among those of {first.target}: give its move another location"
            findings.append(finding("MG509", str(pair.target), text))
    around = [(one.location, f"the files of {source} are") for source, one in sources.items() if one.location]
    around += [(goal_of(pair), f"the files of {pair.target} would go") for pair in pairs]
    for made, found in await with_drops(await _all([chain(pair) for pair in taken.values()]), around):
        steps += made
        findings += found
    findings += _overlapping(pairs, sources)
    return steps, _once(findings)


async def _all(chains: Sequence[Coroutine[None, None, Looked]]) -> list[Looked]:
    """All of them; when one fails, the others end before it is raised: servers are left to nobody's questions."""
    tasks = [asyncio.create_task(one) for one in chains]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _put_aside(
    pairs: Sequence[Pair], gap: Mapping[ObjectRef, Gap], engines: Mapping[str, Engine]
) -> dict[ObjectRef, TableName]:
    """Tables that are not there because a plan that has not ended renamed them: under which names."""
    absent: dict[str, list[Pair]] = {}
    for pair in pairs:
        if gap[pair.target].actual is None:
            absent.setdefault(pair.target.endpoint, []).append(pair)
    found: dict[ObjectRef, TableName] = {}
    for endpoint, some in absent.items():
        schemas = {(pair.target.table.catalog, pair.target.table.schema) for pair in some}
        for name in sorted(await files_of(engines[endpoint]).hidden(schemas)):
            found |= {pair.target: name for pair in some if kept_of(pair.target.table, name)}
    return found


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """What is true of many tables of a target is said once."""
    alike: dict[tuple[str, str, str], list[Finding]] = {}
    for one in findings:
        if one.code in ALIKE:
            alike.setdefault((one.code, endpoint_of(one.object), one.text), []).append(one)
    said = [one for one in findings if one.code not in ALIKE]
    for (_, endpoint, text), some in alike.items():
        where = some[0].object if len(some) == 1 else endpoint
        tables = "" if len(some) == 1 else f"of {counted(len(some), 'table')}: "
        said.append(msgspec.structs.replace(some[0], object=where, text=f"{tables}{text}"))
    return said


async def _places(
    pairs: Sequence[Pair], gap: Mapping[ObjectRef, Gap], engines: Mapping[str, Engine]
) -> tuple[dict[ObjectRef, Place], dict[ObjectRef, Place]]:
    """Where the tables are, at their sources and on the targets that have them."""
    here: dict[str, list[Table]] = {}
    there: dict[str, list[Table]] = {}
    for pair in pairs:
        here.setdefault(pair.source.endpoint, []).append(pair.table)
        actual = gap[pair.target].actual
        if actual is not None and not engines[pair.target.endpoint].findings(actual):
            there.setdefault(pair.target.endpoint, []).append(actual)

    async def ask(tables: Mapping[str, list[Table]]) -> dict[ObjectRef, Place]:
        found: dict[ObjectRef, Place] = {}
        for endpoint, some in tables.items():
            places = await files_of(engines[endpoint]).places(some)
            found |= {ObjectRef(endpoint, name): place for name, place in places.items()}
        return found

    sources, targets = await asyncio.gather(ask(here), ask(there))
    return sources, targets


def _overlapping(pairs: Sequence[Pair], sources: Mapping[ObjectRef, Place]) -> list[Finding]:
    """Sources of which one lies in another: what is copied of the outer one holds files of the inner one."""
    found = []
    known = [(sources[pair.source].location, pair) for pair in pairs if sources[pair.source].location]
    placed = sorted(known, key=lambda one: f"{one[0]}/")
    for (outer, one), (inner, other) in itertools.pairwise(placed):
        if one.source != other.source and overlap(outer, inner):
            text = f"the files of {other.source} are inside those of {one.source}, at {inner}"
            found.append(finding("MG509", str(one.target), text))
    return found


def _stopped(one: Filed, how: Method) -> Chain | None:
    """What is said of a table that cannot move, as far as nothing more has to be asked; None: it may."""
    pair = one.pair
    if how == "copy_files" and one.place.refused:
        return [], [finding(code, one.where, text) for code, text in one.place.refused]
    if how == "copy_files" and overlap(pair.move.location, one.place.location):
        text = f"the files of {pair.source} are at {one.place.location}, and would be copied into or around themselves"
        return [], [finding("MG509", one.where, f"{text}: name another location")]
    if one.gap.actual is not None and (unreadable := one.target.findings(one.gap.actual)):
        text = f"what stands there cannot be read: {'; '.join(unreadable)}"
        return [blocked(one, text)], [finding("MG201", one.where, text)]
    if text := refused(one):
        return [blocked(one, text)], [finding("MG502", one.where, text)]
    if how == "insert_select" and not via_of(one):
        return [], [unseen(one)]
    return None


async def _with_partitions(one: Filed, how: Method) -> Filed:
    """The table with the partitions that it moves, and those that the target has. Raises `BadFilter`, `ServerError`."""
    condition = one.pair.move.partitions
    asked = [one.own.partitions(one.pair.table, one.place, condition)]
    if how == "copy_files" and one.gap.actual is not None and one.there is not None:
        asked.append(one.others.partitions(one.gap.actual, one.there, condition))
    chosen, *present = await asyncio.gather(*asked)
    return msgspec.structs.replace(one, chosen=chosen, present=present[0] if present else ())


async def _chain(one: Filed, how: Method) -> Chain:
    """The steps of one table and its findings."""
    pair = one.pair
    must_be_empty = one.gap.actual is not None and pair.move.existing == "fail"
    if must_be_empty and await one.target.occupied([pair.target.table]):
        text = 'it is not empty and the move says existing = "fail"'
        return [blocked(one, text)], [finding("MG203", one.where, text)]
    described = in_place(one)
    if described:
        one = msgspec.structs.replace(one, gap=msgspec.structs.replace(one.gap, changes=()))
    try:
        steps, findings = await (insert_steps(one) if how == "insert_select" else _by_files(one))
    except (BadKey, InArchive) as error:
        where = f"partition {error.partition}: " if error.partition else ""
        text = f"{where}{error}: {error.hint}"
        return [blocked(one, text)], [finding("MG512" if isinstance(error, BadKey) else "MG513", one.where, text)]
    swaps = [step for step in steps if isinstance(step, Swap)]
    if any(swap.drops for swap in swaps) and one.there is not None:
        text = "a managed table stands there: once its successor is proven it is dropped with all of its files, below"
        text += f" {one.there.location}, and nothing puts it back; until the rename behind that its name is missing"
        findings.append(finding("MG514", one.where, text))
    whole = any(swap.kept or swap.drops for swap in swaps)
    return [*([] if whole else described), *steps], findings


async def _by_files(one: Filed) -> Chain:
    """The steps and findings of a table whose files are copied."""
    pair = one.pair
    side = await look(one.own, pair, one.place, one.chosen)
    findings = _skipped(one, side)
    if one.gap.actual is None or one.there is None:
        steps = await _whole(one, side, findings, kept=False)
        return steps, findings
    here = one.present
    names = [partition.name for partition in here]
    extra = [partition for partition in here if partition.name not in side.listings]
    if one.gap.alterations:
        return await _rebuilt(one, side, extra, findings, "its definition differs")
    standing = await compared(pair, one.own, one.others, side, one.gap.actual, one.there, here)
    changed = [partition for partition in side.partitions if standing[partition.name] is not Standing.EQUAL]
    findings += _extra(one, extra)
    gone = extra if pruned(pair) else []
    if not changed and not gone:
        return [], findings
    if not one.there.registers:
        why = "partitions cannot be given locations there" if names != [""] else "it has no partitions"
        return await _rebuilt(one, side, [] if pruned(pair) else extra, findings, why)
    return await _partly(one, side, changed, here, gone, findings), findings


def _skipped(one: Filed, side: Side) -> list[Finding]:
    skipped = sum(listing.skipped for listing in side.listings.values())
    if not skipped:
        return []
    text = f"{counted(skipped, 'object')} below it that are no data stay behind: names that begin with _ or ., folders"
    return [finding("MG506", one.where, text)]


def _extra(one: Filed, extra: Sequence[FilePartition]) -> list[Finding]:
    if not extra:
        return []
    named = ", ".join(partition.name for partition in extra[:LISTED])
    more = f" and {len(extra) - LISTED:,} more" if len(extra) > LISTED else ""
    text = f"{counted(len(extra), 'partition')} that the source does not have: {named}{more}"
    if pruned(one.pair):
        return [finding("MG504", one.where, f"removed, {text}; their files stay")]
    return [finding("MG503", one.where, f"stay, {text}")]


async def _copy(one: Filed, side: Side, partitions: Sequence[FilePartition], findings: list[Finding]) -> CopyFiles:
    parts = tuple(side.part(partition) for partition in partitions)
    moved = sum(part.bytes for part in parts)
    await refuse_archived(one.pair, one.own, side, partitions)
    full = (partition.location for partition in partitions if side.listings[partition.name].files)
    way = await one.others.way(one.own, next(full, one.place.location), one.pair.move.location)
    if way == "stream" and moved:
        findings.append(finding("MG510", one.where, "its files go through the machine that applies the plan"))
    return CopyFiles(
        id=step_id("copy-files", one.pair.target),
        source=str(one.pair.source),
        target=one.where,
        after=(schema_step(one.pair.target.endpoint, one.pair.target.table),),
        origin=one.place.location,
        goal=one.goal,
        way=way,
        part=parts,
        estimate=Estimate(round_estimate(sum(part.files for part in parts)), round_estimate(moved)),
    )


async def _whole(one: Filed, side: Side, findings: list[Finding], kept: bool) -> list[Step]:
    """Every partition that moves, into a table of its own."""
    copy = await _copy(one, side, side.partitions, findings)
    steps: list[Step] = [copy, built(one, (copy.id,), one.goal)]
    if one.pair.wanted.partitioning is not None:
        steps.append(synced(one))
    findings += lost(one)
    return [*steps, proof(one), *await swap_table(one, kept)]


async def _rebuilt(
    one: Filed, side: Side, extra: Sequence[FilePartition], findings: list[Finding], why: str
) -> tuple[list[Step], list[Finding]]:
    """The whole table once more, and swapped in."""
    if one.pair.move.partitions and one.gap.actual is not None and one.there is not None and not pruned(one.pair):
        every = await one.every()  # those that do not move are lost too
        extra = [partition for partition in every if partition.name not in side.listings]
    if extra:
        return replaced_whole(one, f"{why}, so that it is copied whole; {counted(len(extra), 'partition')}", findings)
    findings.append(finding("MG507", one.where, f"{why}: it is copied whole, and {fate(one)}"))
    steps = await _whole(one, side, findings, kept=True)
    if one.gap.alterations:
        steps = [destructive(one, step) if isinstance(step, Swap) else step for step in steps]
    return steps, findings


async def _partly(
    one: Filed,
    side: Side,
    changed: Sequence[FilePartition],
    here: Sequence[FilePartition],
    gone: Sequence[FilePartition],
    findings: list[Finding],
) -> list[Step]:
    """New and differing partitions alone, each registered at its new place; the table itself stays."""
    target, files, wanted = one.pair.target, one.others, one.pair.wanted
    present = {partition.name for partition in here}
    steps: list[Step] = []
    sql: list[str] = [files.unregister(wanted, partition) for partition in gone]
    assert one.gap.actual is not None and one.there is not None  # noqa: S101 PT018 - it has partitions
    replaced = [partition for partition in here if partition.name in {one.name for one in changed}]
    were = await files.located(one.gap.actual, one.there, [*replaced, *gone]) if replaced or gone else ()
    undo = [files.unregister(wanted, partition) for partition in changed]
    undo += [files.register(wanted, partition) for partition in were]
    for partition in changed:
        placed = msgspec.structs.replace(partition, location=under(one.goal, partition.name))
        sql += [files.unregister(wanted, partition)] if partition.name in present else []
        sql.append(files.register(wanted, placed))
    if changed:
        copy = await _copy(one, side, changed, findings)
        steps += [copy, built(one, (copy.id,), one.goal), synced(one)]
        steps.append(proof(one, [partition.name for partition in changed]))
        sql.append(files.forget(one.built().name))
    if replaced:
        text = f"{counted(len(replaced), 'partition')} that differ are registered anew: each is missing for a moment"
        findings.append(finding("MG508", one.where, text))
    swap = Swap(
        id=step_id("swap", target),
        source=str(one.pair.source),
        target=one.where,
        after=(step_id("verify", target),),
        risk="destructive" if gone else "safe",
        aside=one.built().name.name if changed else "",
        sql=tuple(sql),
        undo=tuple(undo),
        was=tuple(partition.location for partition in were),
        seen=await version_at(files, [partition.location for partition in were]) if were else "",
        goal=one.goal,
        part=tuple(side.part(partition) for partition in changed),
    )
    return [*steps, swap, *analyzed(one, target.table, "swap")]
