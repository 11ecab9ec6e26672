"""Whether the plan still holds: every object of it at its start, at a point of its chain, or at its end.

Asked before the first write, of all objects at once. The ledger says which steps are done; where it is silent, `diff`
shows how far a table has come. Anything else is a world that nobody reviewed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

import msgspec

from migrate.diff import describe
from migrate.engines.base import Dialect, Engine, Files
from migrate.errors import NothingMatches, StalePlan
from migrate.model.change import AddIndex, TableChange
from migrate.model.pattern import all_of, parse_object
from migrate.model.plan import CopyFiles, Ddl, LoadRows, Plan, PlannedObject, RowStep, Step, Swap
from migrate.model.table import Catalog, ObjectRef, Table, TableName
from migrate.planfile import fingerprint
from migrate.planner.altering import around_rows
from migrate.planner.gap import Gap, StoredGap, gaps, start_of, stored_gaps
from migrate.planner.obstacles import obstacles
from migrate.planner.order import step_kind
from migrate.planner.partitions import changed, files_of, version_at, version_of
from migrate.planner.stored import only_enabling, windows
from migrate.planner.survey import Survey, define, survey
from migrate.planner.translate import Pair, StoredPair, StoredRef

LAST_LOOK = "last-look"
"""The ledger's name for the comparison after the last step: until it is there, all is looked at again."""


class Standing(msgspec.Struct, frozen=True):
    """Where the plan stands. `differences` are readable lines, none when it holds; without them the rest is whole.

    `finished` are the ids of steps that the ledger calls done; `pairs`, `stored` and the gaps are empty when all are.
    """

    finished: frozenset[str]
    differences: tuple[str, ...] = ()
    pairs: Mapping[str, Pair] = {}
    gap: Mapping[ObjectRef, Gap] = {}
    stored: Mapping[StoredRef, StoredPair] = {}
    stored_gap: Mapping[StoredRef, StoredGap] = {}
    seen: Survey | None = None

    def present(self, endpoint: str) -> Catalog:
        """What the target holds in the schemas that the plan writes to."""
        return self.seen.present[endpoint] if self.seen else Catalog()

    def origin(self, pair: Pair) -> Dialect:
        """Whose words the source of a pair speaks."""
        return self.seen.dialects[pair.source.endpoint] if self.seen else Dialect()


async def check(plan: Plan, engines: Mapping[str, Engine]) -> tuple[str, ...]:
    """What differs from the world that was reviewed, a line each; empty when the plan holds or is done."""
    return (await stand(plan, engines)).differences


async def stand(plan: Plan, engines: Mapping[str, Engine]) -> Standing:
    """Look at both sides; changes nothing. Raises `ServerError`."""
    others = await strangers(plan, engines)
    if others:
        return Standing(frozenset(), others)
    finished = await finished_steps(plan, engines)
    if LAST_LOOK in finished and all(step.id in finished for step in plan.step):
        return Standing(finished, await _gone(plan, engines))
    try:
        seen = await survey(plan.move, engines)
    except NothingMatches as error:
        return Standing(finished, (str(error),))
    world = Standing(
        finished,
        (),
        {str(pair.target): pair for pair in seen.pairs},
        gaps(seen, engines),
        {pair.target: pair for pair in seen.stored},
        stored_gaps(seen, engines),
        seen,
    )
    world = await _with_definitions(plan, world, engines)
    unfinished = {_place(step) for step in plan.step if step.id not in finished}
    open_objects = [item for item in plan.object if (item.kind, item.name) in unfinished or not unfinished]
    aside = await _put_aside(plan, world, engines)
    absent = {name for name, waits in aside.items() if waits and world.gap[parse_object(name)].actual is None}
    meant = [item for item in open_objects if item.name not in absent]
    differences = [line for item in meant for line in _differences(plan, item, world, engines)]
    if not differences:
        differences += await _in_the_way(plan, world, engines)
        differences += await _strange_rows(plan, finished, world.gap, engines)
        differences += await _changed_files(plan, world, engines)
        differences += await _changed_targets(plan, world, engines, aside)
    return msgspec.structs.replace(world, differences=tuple(differences))


def _place(step: Step) -> tuple[str, str]:
    return step_kind(step), step.target


async def _with_definitions(plan: Plan, world: Standing, engines: Mapping[str, Engine]) -> Standing:
    """The sources' own DDL of tables that must still be altered: what is left is told by the same words as planned."""
    assert world.seen is not None  # noqa: S101 - the only caller has just seen both sides
    altered = {step.target for step in plan.step if step.id not in world.finished and _alters(step)}
    needed = {world.pairs[name].source for name in altered if name in world.pairs} - world.seen.definitions.keys()
    definitions = {**world.seen.definitions, **await define(needed, engines)}
    return msgspec.structs.replace(world, seen=msgspec.structs.replace(world.seen, definitions=definitions))


def _alters(step: Step) -> bool:
    if not isinstance(step, Ddl):
        return False
    return step.action in ("alter-table", "drop-foreign-keys") or (
        step.action == "add-indexes" and not is_after_load(step)
    )


def targets(plan: Plan) -> dict[str, tuple[tuple[str, str], ...]]:
    """The (catalog, schema) pairs that the plan writes to, by endpoint."""
    found: dict[str, set[tuple[str, str]]] = {}
    for item in plan.object:
        ref = parse_object(item.name)
        found.setdefault(ref.endpoint, set()).add((ref.table.catalog, ref.table.schema))
    return {endpoint: tuple(sorted(schemas)) for endpoint, schemas in sorted(found.items())}


async def refuse_strangers(plan: Plan, engines: Mapping[str, Engine]) -> None:
    """Raises `StalePlan` when another server answers under an address of the plan."""
    others = await strangers(plan, engines)
    if others:
        raise StalePlan(others, "nothing was changed: connect to the servers of the plan")


async def strangers(plan: Plan, engines: Mapping[str, Engine]) -> tuple[str, ...]:
    """Endpoints behind whose address another server answers now."""
    names = sorted(plan.endpoint)
    found = await asyncio.gather(*(engines[name].identity() for name in names))
    return tuple(
        f"{name} is another server: planned {plan.endpoint[name].identity}, found {identity}"
        f" (a failover or a restored copy gives a new identity)"
        for name, identity in zip(names, found, strict=True)
        if plan.endpoint[name].identity != identity
    )


async def _gone(plan: Plan, engines: Mapping[str, Engine]) -> tuple[str, ...]:
    """Objects of a plan that is done which are not there any more; the source may have moved on."""
    there: set[tuple[str, ObjectRef]] = set()
    for endpoint, schemas in targets(plan).items():
        catalog = await engines[endpoint].inspect([all_of(endpoint, schema, catalog) for catalog, schema in schemas])
        there.update(("table", ObjectRef(endpoint, table.name)) for table in catalog.tables)
        there.update((stored.kind, ObjectRef(endpoint, stored.name)) for stored in catalog.stored)
    return tuple(
        f"{item.name}: this plan was applied, and the {item.kind} is gone"
        for item in plan.object
        if (item.kind, parse_object(item.name)) not in there
    )


async def finished_steps(plan: Plan, engines: Mapping[str, Engine]) -> frozenset[str]:
    """The ids of the steps that the ledgers call done."""
    asked = targets(plan)
    found = await asyncio.gather(*(engines[name].finished(plan.digest, schemas) for name, schemas in asked.items()))
    return frozenset[str]().union(*found)


def _differences(plan: Plan, item: PlannedObject, world: Standing, engines: Mapping[str, Engine]) -> list[str]:
    """Why an object is neither where its chain of steps starts, nor at a point of it, nor at its end."""
    if item.kind != "table":
        return _stored_differences(plan, item, world, engines)
    pair = world.pairs.get(item.name)
    if pair is None:
        return [f"{item.name}: its source table is gone"]
    if fingerprint(pair.table) != item.source:
        return [f"{pair.source}: its definition changed since the plan was made"]
    here = world.gap[pair.target]
    if here.actual is None:
        if item.start != "absent":
            return [f"{item.name}: the table was there when the plan was made and is gone"]
        if f"create-table:{item.name}" in world.finished:
            return [f"{item.name}: this plan created the table, and it is gone"]
        return []
    if fingerprint(here.actual) == item.start or _to_come(plan, item, world, engines):
        return []
    return [f"{item.name}: {describe(change)}" for change in here.alterations]


def _to_come(plan: Plan, item: PlannedObject, world: Standing, engines: Mapping[str, Engine]) -> bool:
    """Whether all that the table still needs is done, word for word, by steps of the plan that are not done yet."""
    pair = world.pairs[item.name]
    steps = [step for step in plan.step if step.target == item.name and step.id not in world.finished]
    coming = {step.sql for step in steps if isinstance(step, Ddl)}
    here = world.gap[pair.target]
    later = any(isinstance(step, Ddl) and is_after_load(step) for step in steps)
    left = tuple(change for change in here.alterations if not (later and isinstance(change, AddIndex)))
    return not left or any(way <= coming for way in outstanding(pair, here, left, world, engines))


def is_after_load(step: Ddl) -> bool:
    """Whether the step adds the indexes that were left out of a table until it was loaded."""
    return step.action == "add-indexes" and f"load-rows:{step.target}" in step.after


def outstanding(
    pair: Pair, here: Gap, changes: Sequence[TableChange], world: Standing, engines: Mapping[str, Engine]
) -> tuple[frozenset[str], ...]:
    """The statements of ALTER TABLE that these changes of a table that is there still take: at once, or around rows.

    Which way a plan goes, its steps alone do not say: some of them may have been left out of it. There is no way where
    no step of the plan that is not done yet alters the table.
    """
    if here.actual is None or not changes:
        return (frozenset(),)
    definition = world.seen.definitions.get(pair.source, "") if world.seen else ""
    if not definition:
        return ()
    source, target = engines[pair.source.endpoint], engines[pair.target.endpoint]
    words = definition, world.origin(pair)
    made = target.alter_table(pair.wanted, here.actual, changes, *words)
    before, last = around_rows(pair, here.actual, changes, (source, target), words)
    return frozenset(one.sql for one in made), frozenset(one.sql for one in (*before, *([last] if last else [])))


def _stored_differences(plan: Plan, item: PlannedObject, world: Standing, engines: Mapping[str, Engine]) -> list[str]:
    assert item.kind != "table"  # noqa: S101 - told apart by the caller
    ref = StoredRef(item.kind, parse_object(item.name))
    pair = world.stored.get(ref)
    dropping = f"drop-{item.kind}:{item.name}" in {step.id for step in plan.step}
    if pair is None:
        if item.source:
            return [f"{item.name}: the {item.kind} is gone at the source"]
        actual = world.present(ref.object.endpoint).stored_by_key().get((ref.kind, ref.object.table))
        return [] if start_of(actual) in ("absent", item.start) else [f"{item.name}: the {item.kind} changed"]
    if item.source and fingerprint(pair.stored) != item.source:
        return [f"{pair.source}: the {item.kind}'s definition changed since the plan was made"]
    here = world.stored_gap[ref]
    if here.actual is None:
        if item.start != "absent" and not dropping:
            return [f"{item.name}: the {item.kind} was there when the plan was made and is gone"]
        if f"create-{item.kind}:{item.name}" in world.finished:
            return [f"{item.name}: this plan created the {item.kind}, and it is gone"]
        return []
    if start_of(here.actual) == item.start or here.change is None:
        return []
    if only_enabling(here, engines[ref.object.endpoint]):
        return []
    if f"create-{item.kind}:{item.name}" in world.finished and _other_words(pair, world):
        return []  # made by this plan, and the target's words cannot be compared with the source's
    return [f"{item.name}: {describe(here.change)}"]


def _other_words(pair: StoredPair, world: Standing) -> bool:
    assert world.seen is not None  # noqa: S101 - a pair was seen
    return world.seen.dialects[pair.source.endpoint] != world.seen.dialects[pair.target.object.endpoint]


async def _in_the_way(plan: Plan, world: Standing, engines: Mapping[str, Engine]) -> list[str]:
    """Views of a table's name, and triggers that a load would fire or a change break, made since the plan was."""
    assert world.seen is not None  # noqa: S101 - the only caller has just seen both sides
    found = await obstacles(world.seen, world.gap, engines)
    loads = [step for step in plan.step if isinstance(step, RowStep) and step.id not in world.finished]
    dropped = {step.target for step in plan.step if isinstance(step, Ddl) and step.action == "drop-trigger"}
    altered = [step for step in plan.step if _alters(step) and step.id not in world.finished]
    refs = {parse_object(step.target): None for step in (*loads, *altered)}
    lines = [f"{ref}: {found[ref][1]}" for ref in refs if ref in found]
    for window in windows(world.seen, loads):
        names = {str(ObjectRef(window.table.endpoint, one.name)): one.name.name for one in window.triggers}
        lines += [
            f"{window.table}: its trigger {name} would fire for every row"
            for ref, name in names.items()
            if ref not in dropped
        ]
    return lines


async def _strange_rows(
    plan: Plan, finished: frozenset[str], gap: Mapping[ObjectRef, Gap], engines: Mapping[str, Engine]
) -> list[str]:
    """Tables that are to be loaded and hold rows which this plan did not write."""
    there: dict[str, list[ObjectRef]] = {}
    for step in plan.step:
        if isinstance(step, LoadRows) and step.id not in finished:
            ref = parse_object(step.target)
            if gap[ref].actual is not None:
                there.setdefault(ref.endpoint, []).append(ref)
    lines = []
    for endpoint, refs in there.items():
        tables = [ref.table for ref in refs]
        strange = await engines[endpoint].occupied(tables) - await engines[endpoint].started(plan.digest, tables)
        lines += [f"{endpoint}:{table}: holds rows that this plan did not write" for table in sorted(strange)]
    return lines


async def _put_aside(plan: Plan, world: Standing, engines: Mapping[str, Engine]) -> dict[str, bool]:
    """Swaps that are not done and have taken a table away, by target: whether what was built waits for its name.

    Of one that drops it, that it is gone tells; or that what was built, and is nowhere, has its name.
    """
    asked: dict[str, list[tuple[Swap, TableName, TableName, TableName]]] = {}
    for step in plan.step:
        replaces = isinstance(step, Swap) and (step.kept or step.drops)
        if isinstance(step, Swap) and replaces and step.id not in world.finished and step.target in world.pairs:
            ref = parse_object(step.target)
            kept, built = (msgspec.structs.replace(ref.table, name=name) for name in (step.kept, step.aside))
            asked.setdefault(ref.endpoint, []).append((step, ref.table, kept, built))
    found: dict[str, bool] = {}
    for endpoint, some in asked.items():
        names = [name for _, *three in some for name in three]
        there = await files_of(engines[endpoint]).standing(names)
        for step, table, kept, built in some:
            proven = f"verify:{step.target}" in world.finished
            if kept in there or (step.drops and proven and (table not in there or built not in there)):
                found[step.target] = built in there
    return found


async def _changed_files(plan: Plan, world: Standing, engines: Mapping[str, Engine]) -> list[str]:
    """Partitions that are still to be copied, and are not in their planned version."""
    steps = [one for one in plan.step if isinstance(one, CopyFiles) and one.id not in world.finished]
    lines = []
    for step in steps:
        files = files_of(engines[parse_object(step.source).endpoint])
        names = await changed(files, step)
        lines += [f"{step.source} {name}".rstrip() + ": its files changed since the plan was made" for name in names]
    return lines


async def _changed_targets(
    plan: Plan, world: Standing, engines: Mapping[str, Engine], aside: Collection[str]
) -> list[str]:
    """Tables and partitions that are still to be replaced, and are not as they were when the plan was made.

    Where a table is `aside`, the swap has begun: what has its name is its successor.
    """
    lines = []
    for step in plan.step:
        if not isinstance(step, Swap) or step.id in world.finished or step.target in aside or not step.seen:
            continue
        ref = parse_object(step.target)
        actual, files = world.gap[ref].actual, files_of(engines[ref.endpoint])
        if actual is not None and not await as_seen(files, step, actual):
            lines.append(f"{step.target}: {'its partitions' if step.part else 'it'} changed since the plan was made")
    return lines


async def as_seen(files: Files, step: Swap, actual: Table) -> bool:
    """Whether what a swap replaces is still what the plan saw."""
    if step.part or not step.aside:
        return await version_at(files, step.was) == step.seen
    place = (await files.places([actual]))[actual.name]
    every = await files.partitions(actual, place, "")
    return await version_of(files, place, every) == step.seen


def pending(plan: Plan, standing: Standing) -> tuple[Step, ...]:
    """The steps that the ledger does not call done."""
    return tuple(step for step in plan.step if step.id not in standing.finished)
