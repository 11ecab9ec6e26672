"""Whether the plan still holds: every object of it at its start, at a point of its chain, or at its end.

Asked before the first write, of all objects at once. The ledger says which steps are done; where it is silent, `diff`
shows how far a table has come. Anything else is a world that nobody reviewed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from migrate.diff import describe
from migrate.engines.base import Engine
from migrate.errors import NothingMatches
from migrate.model.change import AddForeignKey, AddIndex
from migrate.model.pattern import all_of, parse_object
from migrate.model.plan import LoadRows, Plan, PlannedObject, Step
from migrate.model.table import Catalog, ObjectRef
from migrate.planfile import fingerprint
from migrate.planner.gap import Gap, gaps
from migrate.planner.obstacles import obstacles
from migrate.planner.survey import Survey, survey
from migrate.planner.translate import Pair

LAST_LOOK = "last-look"
"""The ledger's name for the comparison after the last step: until it is there, all is looked at again."""


class Standing(msgspec.Struct, frozen=True):
    """Where the plan stands. `differences` are readable lines, none when it holds; without them the rest is whole.

    `finished` are the ids of steps that the ledger calls done; `pairs` and `gap` are by target and empty when all are.
    """

    finished: frozenset[str]
    differences: tuple[str, ...] = ()
    pairs: Mapping[str, Pair] = {}
    gap: Mapping[ObjectRef, Gap] = {}
    seen: Survey | None = None

    def present(self, endpoint: str) -> Catalog:
        """What the target holds in the schemas that the plan writes to."""
        return self.seen.present[endpoint] if self.seen else Catalog()


async def check(plan: Plan, engines: Mapping[str, Engine]) -> tuple[str, ...]:
    """What differs from the world that was reviewed, a line each; empty when the plan holds or is done."""
    return (await stand(plan, engines)).differences


async def stand(plan: Plan, engines: Mapping[str, Engine]) -> Standing:
    """Look at both sides; changes nothing. Raises `ServerError`."""
    strangers = await _strangers(plan, engines)
    if strangers:
        return Standing(frozenset(), strangers)
    finished = await finished_steps(plan, engines)
    if LAST_LOOK in finished and all(step.id in finished for step in plan.step):
        return Standing(finished, await _gone(plan, engines))
    try:
        seen = await survey(plan.move, engines)
    except NothingMatches as error:
        return Standing(finished, (str(error),))
    gap = gaps(seen, engines)
    pairs = {str(pair.target): pair for pair in seen.pairs}
    unfinished = {step.target for step in plan.step if step.id not in finished}
    open_objects = [item for item in plan.object if item.name in unfinished or not unfinished]
    differences = [line for item in open_objects for line in _differences(item, pairs, gap, finished)]
    if not differences:
        differences += await _in_the_way(plan, finished, seen, engines)
        differences += await _strange_rows(plan, finished, gap, engines)
    return Standing(finished, tuple(differences), pairs, gap, seen)


def targets(plan: Plan) -> dict[str, tuple[tuple[str, str], ...]]:
    """The (catalog, schema) pairs that the plan writes to, by endpoint."""
    found: dict[str, set[tuple[str, str]]] = {}
    for item in plan.object:
        ref = parse_object(item.name)
        found.setdefault(ref.endpoint, set()).add((ref.table.catalog, ref.table.schema))
    return {endpoint: tuple(sorted(schemas)) for endpoint, schemas in sorted(found.items())}


async def _strangers(plan: Plan, engines: Mapping[str, Engine]) -> tuple[str, ...]:
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
    """Tables of a plan that is done which are not there any more; the source may have moved on."""
    there: set[ObjectRef] = set()
    for endpoint, schemas in targets(plan).items():
        patterns = [all_of(endpoint, schema) for _, schema in schemas]
        there.update(ObjectRef(endpoint, table.name) for table in (await engines[endpoint].inspect(patterns)).tables)
    return tuple(
        f"{item.name}: this plan was applied, and the table is gone"
        for item in plan.object
        if parse_object(item.name) not in there
    )


async def finished_steps(plan: Plan, engines: Mapping[str, Engine]) -> frozenset[str]:
    """The ids of the steps that the ledgers call done."""
    asked = targets(plan)
    found = await asyncio.gather(*(engines[name].finished(plan.digest, schemas) for name, schemas in asked.items()))
    return frozenset[str]().union(*found)


def _differences(
    item: PlannedObject, pairs: Mapping[str, Pair], gap: Mapping[ObjectRef, Gap], finished: frozenset[str]
) -> list[str]:
    pair = pairs.get(item.name)
    if pair is None:
        return [f"{item.name}: its source table is gone"]
    if fingerprint(pair.table) != item.source:
        return [f"{pair.source}: its definition changed since the plan was made"]
    here = gap[pair.target]
    if here.actual is None:
        if item.start != "absent":
            return [f"{item.name}: the table was there when the plan was made and is gone"]
        if f"create-table:{item.name}" in finished:
            return [f"{item.name}: this plan created the table, and it is gone"]
        return []
    if fingerprint(here.actual) == item.start:
        return []
    wrong = [change for change in here.changes if not isinstance(change, AddIndex | AddForeignKey)]
    return [f"{item.name}: {describe(change)}" for change in wrong]


async def _in_the_way(plan: Plan, finished: frozenset[str], seen: Survey, engines: Mapping[str, Engine]) -> list[str]:
    """Views of a table's name, and triggers that a load would fire, which were made since the plan was."""
    found = await obstacles(seen, engines)
    lines = []
    for step in plan.step:
        if isinstance(step, LoadRows) and step.id not in finished:
            ref = parse_object(step.target)
            if ref in found.always:
                lines.append(f"{ref}: {found.always[ref][1]}")
            lines += [f"{ref}: its trigger {name} would fire for every row" for name in found.triggers.get(ref, ())]
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


def pending(plan: Plan, standing: Standing) -> tuple[Step, ...]:
    """The steps that the ledger does not call done."""
    return tuple(step for step in plan.step if step.id not in standing.finished)
