"""`make_plan`: what differs becomes steps, what cannot be done becomes findings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from migrate.engines.base import Engine
from migrate.engines.compare import equal
from migrate.model.plan import Ddl, EndpointRef, Finding, LoadRows, Move, Plan, PlannedObject, Step
from migrate.model.table import ObjectRef, Statistics, spell
from migrate.planfile import fingerprint
from migrate.planner.chain import Existing, Link, schema_step, steps_of
from migrate.planner.conditions import check_conditions
from migrate.planner.gap import Gap, gaps, missing_schemas
from migrate.planner.obstacles import obstacles
from migrate.planner.order import in_order, without
from migrate.planner.risk import finding
from migrate.planner.survey import Survey, both_sides, define, reasons, rows_of, survey
from migrate.planner.translate import Pair, merged, moved, source_pattern


class PlanRequest(msgspec.Struct, frozen=True):
    """What a plan is made of. `include`, `exclude` and `skip` come from the command line."""

    name: str
    endpoint: Mapping[str, EndpointRef]
    move: tuple[Move, ...]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    parallelism: int = 8
    per_server: int = 4


async def make_plan(request: PlanRequest, engines: Mapping[str, Engine]) -> Plan:
    """Compare both sides and say what to do; changes nothing on either. The plan is not sealed yet.

    Raises `NothingMatches`, `BadConfig`, `UnknownStep`, `ServerError`.
    """
    moves = merged(request.move, request.include, request.exclude)
    check_conditions(moves)
    used = sorted({end.partition(":")[0] for move in moves for end in (move.from_, move.to)})
    identities = await asyncio.gather(*(engines[name].identity() for name in used))
    seen = await survey(moves, engines)
    gap = gaps(seen, engines)
    wanted = {pair.source for pair in seen.pairs if gap[pair.target].changes} - seen.definitions.keys()
    definitions = {**seen.definitions, **await define(wanted, engines)}
    movable, findings = _movable(seen, definitions, engines)
    in_the_way = await obstacles(seen, engines)
    statistics = await _measure(movable, engines)
    free = tuple(pair for pair in movable if pair.target not in in_the_way.always)
    existing = await _existing(free, gap, statistics, engines, request.per_server)

    steps: list[Step] = _schema_steps(seen, free, engines)
    objects: list[PlannedObject] = []
    for pair in movable:
        made, found = steps_of(
            Link(
                pair=pair,
                source=engines[pair.source.endpoint],
                target=engines[pair.target.endpoint],
                changes=gap[pair.target].changes,
                existing=existing.get(pair.target, Existing.NONE),
                statistics=statistics[pair.source],
                definition=definitions.get(pair.source, ""),
                obstacle=in_the_way.always.get(pair.target),
                triggers=in_the_way.triggers.get(pair.target, ()),
            )
        )
        findings += found
        if made:
            steps += made
            objects.append(_planned(pair, gap[pair.target]))
    ordered = without(in_order(steps), request.skip)
    touched = {step.target for step in ordered}  # what is skipped whole is no object of the plan
    findings += _other_objects(seen, moves) + await _server_notes(ordered, engines)
    findings += await _hidden(seen, ordered, gap, engines)
    return Plan(
        name=request.name,
        endpoint={
            name: msgspec.structs.replace(request.endpoint[name], identity=identity)
            for name, identity in zip(used, identities, strict=True)
        },
        move=moves,
        parallelism=request.parallelism,
        per_server=request.per_server,
        object=tuple(one for one in objects if one.name in touched),
        step=ordered,
        finding=tuple(sorted(findings, key=lambda one: (one.code, one.object, one.text))),
    )


def _movable(
    seen: Survey, definitions: Mapping[ObjectRef, str], engines: Mapping[str, Engine]
) -> tuple[tuple[Pair, ...], list[Finding]]:
    """The pairs that both engines can take, and why the others stay behind."""
    movable, findings = [], []
    for pair in seen.pairs:
        why = reasons(pair, definitions.get(pair.source, ""), engines)
        if not why:
            movable.append(pair)
        findings += [finding("MG102", str(pair.source), reason) for reason in why]
    return tuple(movable), findings


async def _measure(pairs: tuple[Pair, ...], engines: Mapping[str, Engine]) -> dict[ObjectRef, Statistics]:
    by_endpoint: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_endpoint.setdefault(pair.source.endpoint, []).append(pair)
    measured = await asyncio.gather(
        *(
            engines[name].measure([rows_of(engines[name], pair.table, pair.where) for pair in asked])
            for name, asked in by_endpoint.items()
        )
    )
    return {ObjectRef(name, one.table): one for name, found in zip(by_endpoint, measured, strict=True) for one in found}


async def _existing(
    pairs: tuple[Pair, ...],
    gap: Mapping[ObjectRef, Gap],
    statistics: Mapping[ObjectRef, Statistics],
    engines: Mapping[str, Engine],
    per_server: int,
) -> dict[ObjectRef, Existing]:
    """How the rows of tables that are on the target compare. Only tables of the same shape can be compared."""
    there: dict[str, list[Pair]] = {}
    for pair in pairs:
        if gap[pair.target].actual is not None:
            there.setdefault(pair.target.endpoint, []).append(pair)
    occupied: set[ObjectRef] = set()
    for name, found in there.items():
        tables = await engines[name].occupied([pair.target.table for pair in found])
        occupied.update(ObjectRef(name, table) for table in tables)
    at_once = asyncio.Semaphore(per_server)

    async def look(pair: Pair) -> Existing:
        if pair.target not in occupied:
            return Existing.NONE if statistics[pair.source].rows else Existing.EQUAL
        if pair.move.existing == "fail":
            return Existing.REFUSED
        if gap[pair.target].shape_differs:
            return Existing.OTHER
        if pair.move.compare == "schema":
            return Existing.NOT_COMPARED
        source, target = engines[pair.source.endpoint], engines[pair.target.endpoint]
        async with at_once:
            same = await equal(source, target, *both_sides(pair, source))
        return Existing.EQUAL if same else Existing.OTHER

    asked = [pair for found in there.values() for pair in found]
    answers = await asyncio.gather(*(look(pair) for pair in asked))
    return {pair.target: answer for pair, answer in zip(asked, answers, strict=True)}


def _schema_steps(seen: Survey, pairs: tuple[Pair, ...], engines: Mapping[str, Engine]) -> list[Step]:
    needed = {(pair.target.endpoint, pair.target.table.schema) for pair in pairs}
    return [
        Ddl(
            id=schema_step(endpoint, schema.name),
            target=f"{endpoint}:{spell(schema.name)}",
            action="create-schema",
            sql=engines[endpoint].create_schema(schema),
        )
        for endpoint, schema in missing_schemas(seen)
        if (endpoint, schema.name) in needed
    ]


def _planned(pair: Pair, gap: Gap) -> PlannedObject:
    start = "absent" if gap.actual is None else fingerprint(gap.actual)
    return PlannedObject(str(pair.target), start, fingerprint(pair.table))


def _other_objects(seen: Survey, moves: tuple[Move, ...]) -> list[Finding]:
    """Views, triggers, routines and events that stand where the moves take tables from."""
    found = []
    for endpoint, catalog in seen.sources.items():
        for other in catalog.others:
            if any(source_pattern(move).endpoint == endpoint and moved(move, other.name) for move in moves):
                text = f"this {other.kind} stays behind: this version moves tables only"
                found.append(finding("MG101", f"{endpoint}:{other.name}", text))
    return found


async def _server_notes(steps: tuple[Step, ...], engines: Mapping[str, Engine]) -> list[Finding]:
    """What a reviewer must know of the servers, when rows are to be loaded."""
    loads = [step for step in steps if isinstance(step, LoadRows)]
    found = []
    for endpoint in sorted({step.target.partition(":")[0] for step in loads}):
        found += [finding(code, endpoint, text) for code, text in await engines[endpoint].notes()]
    for endpoint in sorted({step.source.partition(":")[0] for step in loads}):
        text = (
            "tables are read one after the other, not at one moment: stop writers, or expect verify to name what moved"
        )
        found.append(finding("MG304", endpoint, text))
    return found


async def _hidden(
    seen: Survey, steps: tuple[Step, ...], gap: Mapping[ObjectRef, Gap], engines: Mapping[str, Engine]
) -> list[Finding]:
    """What the accounts may not see, so that no finding is not taken for nothing there."""
    found = []
    for endpoint, catalog in seen.sources.items():
        unseen = await engines[endpoint].unseen([schema.name for schema in catalog.schemas])
        if unseen:
            text = (
                f"the account lacks {', '.join(unseen)}: objects that need it to be seen may be there and are not named"
            )
            found.append(finding("MG306", endpoint, text))
    loaded = {step.target for step in steps if isinstance(step, LoadRows)}
    for endpoint in seen.present:
        there = {
            ref.table.schema
            for ref, one in gap.items()
            if ref.endpoint == endpoint and one.actual is not None and str(ref) in loaded
        }
        if there and "TRIGGER" in await engines[endpoint].unseen(sorted(there)):
            text = "the account lacks TRIGGER: a trigger of a table that is loaded here is not seen, and would fire"
            found.append(finding("MG306", endpoint, text))
    return found
