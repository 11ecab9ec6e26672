"""`make_plan`: what differs becomes steps, what cannot be done becomes findings."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import msgspec

from migrate.engines.base import Engine
from migrate.engines.compare import Difference, as_moved, difference
from migrate.model.pattern import endpoint_of, glob_matches, parse_object
from migrate.model.plan import Ddl, EndpointRef, Finding, Move, Plan, PlannedObject, Step, SyncRows
from migrate.model.table import ObjectRef, Statistics, TableName
from migrate.planfile import fingerprint
from migrate.planner.chain import steps_of
from migrate.planner.colliding import collisions, refused
from migrate.planner.conditions import check_conditions
from migrate.planner.filed import file_steps, has_files
from migrate.planner.gap import Gap, StoredGap, gaps, missing_schemas, stored_gaps
from migrate.planner.heavy import heavy
from migrate.planner.link import Existing, Link, pruned, schema_step
from migrate.planner.needs import left_behind, reads
from migrate.planner.obstacles import obstacles
from migrate.planner.order import in_order, step_kind, without
from migrate.planner.outside import Held, Reference, outside, watched
from migrate.planner.risk import finding
from migrate.planner.rows import checks
from migrate.planner.said import dated, definers, hidden, server_notes, translated
from migrate.planner.stored import StoredPlanner, StoredSteps, windows
from migrate.planner.survey import Survey, both_sides, define, define_stored, reasons, rows_of, survey
from migrate.planner.token import with_token
from migrate.planner.translate import Pair, StoredRef, merged

Compared = tuple[Existing, Difference, str]
"""What is known of the rows on the target, how many differ where they were compared, and why none may be deleted."""


class PlanRequest(msgspec.Struct, frozen=True):
    """What a plan is made of. `include`, `exclude`, `skip` and `allow_destructive` come from the command line.

    `allow_destructive` and `prune` are globs on `schema.table` of the target.
    """

    name: str
    endpoint: Mapping[str, EndpointRef]
    move: tuple[Move, ...]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    parallelism: int = 8
    per_server: int = 4
    max_rate: int = 0
    allow_destructive: tuple[str, ...] = ()
    prune: tuple[str, ...] = ()


async def make_plan(request: PlanRequest, engines: Mapping[str, Engine]) -> Plan:
    """Compare both sides and say what to do; changes nothing on either. The plan is sealed.

    Raises `NothingMatches`, `BadConfig`, `BadPlan`, `UnknownStep`, `ServerError`.
    """
    moves = merged(request.move, request.include, request.exclude, request.prune)
    check_conditions(moves)
    used = sorted({endpoint_of(end) for move in moves for end in (move.from_, move.to)})
    identities = await asyncio.gather(*(engines[name].identity() for name in used))
    seen = await survey(moves, engines)
    gap = gaps(seen, engines)
    changing = [pair for pair in seen.pairs if gap[pair.target].changes and not has_files(pair, engines)]
    wanted = {pair.source for pair in changing} - seen.definitions.keys()
    seen = msgspec.structs.replace(seen, definitions={**seen.definitions, **await define(wanted, engines)})
    able, findings = _movable(seen, engines)
    filed = [pair for pair in able if has_files(pair, engines)]
    movable = tuple(pair for pair in able if not has_files(pair, engines))
    spared = {pair.target for pair in seen.pairs if not _permitted(request, pair.target)}
    in_the_way = await obstacles(seen, gap, engines, spared)
    statistics = await _measure(movable, engines)
    free = tuple(pair for pair in movable if pair.target not in in_the_way)
    outsiders = outside(seen, {pair.target for pair in movable})
    existing = await _existing(free, gap, statistics, engines, request.per_server, outsiders)
    loaded = [pair for pair in free if pair.target not in existing or existing[pair.target][0] is Existing.NONE]
    in_the_way |= await heavy(loaded, engines)
    written = [pair for pair in free if pair.target not in in_the_way and _gets_rows(pair, gap, existing)]
    rechecked = await collisions(written, engines)
    in_the_way |= refused(written, rechecked)

    steps: list[Step] = []
    objects: list[PlannedObject] = []
    children = _children(seen)
    for pair in movable:
        rows, differs, held = existing.get(pair.target, (Existing.NONE, Difference(), ""))
        made, found = steps_of(
            Link(
                pair=pair,
                source=engines[pair.source.endpoint],
                target=engines[pair.target.endpoint],
                origin=seen.dialects[pair.source.endpoint],
                gap=gap[pair.target],
                existing=rows,
                difference=differs,
                held=held,
                statistics=statistics[pair.source],
                definition=seen.definitions.get(pair.source, ""),
                obstacle=in_the_way.get(pair.target),
                children=children.get(pair.target, ()),
                permitted=_permitted(request, pair.target),
            )
        )
        findings += found
        if made:
            steps += made
            objects.append(_planned(pair, gap[pair.target]))
    made_of_files, found_of_files = await file_steps(
        [pair for pair in filed if pair.target not in in_the_way],
        gap,
        engines,
        {pair.target for pair in filed if _permitted(request, pair.target)},
    )
    steps += made_of_files
    findings += found_of_files
    findings += [finding(code, str(ref), text) for ref, (code, text) in in_the_way.items() if ref in _targets(filed)]
    written_files = {step.target for step in made_of_files}
    objects += [_planned(pair, gap[pair.target]) for pair in filed if str(pair.target) in written_files]
    syncs = [step for step in steps if isinstance(step, SyncRows)]
    steps += checks(movable, gap, steps, await watched(outsiders, syncs, engines))
    stored_gap = stored_gaps(seen, engines)
    stored = await _stored(seen, stored_gap, steps, able, in_the_way, engines)
    findings += stored.findings
    objects += stored.objects
    steps = [_waiting(step, stored.waits) for step in (*steps, *stored.steps)]
    steps += _schema_steps(seen, steps, engines)
    ordered = without(in_order(steps), request.skip)
    touched = {(step.target, step_kind(step)) for step in ordered}  # what is skipped whole is no object of the plan
    kept = tuple(one for one in objects if (one.name, one.kind) in touched)
    findings += dated(seen, moves)
    findings += translated(seen, gap, stored_gap, rechecked)
    findings += await definers(seen, kept, engines)
    findings += await server_notes(ordered, engines)
    findings += await hidden(seen, ordered, gap, engines)
    plan = Plan(
        name=request.name,
        endpoint={
            name: msgspec.structs.replace(request.endpoint[name], identity=identity)
            for name, identity in zip(used, identities, strict=True)
        },
        move=moves,
        parallelism=request.parallelism,
        per_server=request.per_server,
        max_rate=request.max_rate,
        object=kept,
        step=ordered,
        finding=tuple(sorted(dict.fromkeys(findings), key=lambda one: (one.code, one.object, one.text))),
    )
    return await _sealed(plan, engines)


async def _sealed(plan: Plan, engines: Mapping[str, Engine]) -> Plan:
    """The plan under its seal, counted up while a ledger knows a step of its digest as done.

    Every step of a new plan is needed now. A plan of the same content was applied then, and the target was put back
    since: without the count the ledger would call this one done too.
    """
    places: dict[str, set[tuple[str, str]]] = {}
    for one in plan.object:
        ref = parse_object(one.name)
        places.setdefault(ref.endpoint, set()).add((ref.table.catalog, ref.table.schema))
    while True:
        made = with_token(plan)
        asked = (engines[name].finished(made.digest, sorted(some)) for name, some in places.items())
        if not frozenset[str]().union(*await asyncio.gather(*asked)):
            return made
        plan = msgspec.structs.replace(plan, again=plan.again + 1)


def _movable(seen: Survey, engines: Mapping[str, Engine]) -> tuple[tuple[Pair, ...], list[Finding]]:
    """The pairs that both engines can take, and why the others stay behind."""
    movable, findings = [], []
    for pair in seen.pairs:
        why = reasons(seen, pair, seen.definitions.get(pair.source, ""), engines)
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
    outsiders: Mapping[ObjectRef, tuple[Reference, ...]],
) -> dict[ObjectRef, Compared]:
    """How the rows of tables that are on the target compare. Only columns that hold the same values can be compared.

    `outsiders` are foreign keys of other tables to them: see `migrate.planner.outside`.
    """
    there: dict[str, list[Pair]] = {}
    for pair in pairs:
        if gap[pair.target].actual is not None:
            there.setdefault(pair.target.endpoint, []).append(pair)
    occupied: set[ObjectRef] = set()
    for name, found in there.items():
        tables = await engines[name].occupied([pair.target.table for pair in found])
        occupied.update(ObjectRef(name, table) for table in tables)
    at_once = asyncio.Semaphore(per_server)

    async def look(pair: Pair) -> Compared:
        unknown = Difference()
        if pair.target not in occupied:
            return Existing.NONE if statistics[pair.source].rows else Existing.EQUAL, unknown, ""
        if pair.move.existing == "fail":
            return Existing.REFUSED, unknown, ""
        if pair.move.compare == "schema":
            return Existing.NOT_COMPARED, unknown, ""
        if gap[pair.target].values_differ or not _has_key(pair, gap[pair.target], engines):
            return Existing.CHANGING, unknown, ""
        source, target = engines[pair.source.endpoint], engines[pair.target.endpoint]
        mine, theirs = map(as_moved, both_sides(pair, source, target))
        held = Held(theirs, outsiders.get(pair.target, ()) if pruned(pair) else ())
        async with at_once:
            found = await difference(source, target, mine, theirs, held.look)
        return Existing.OTHER if found else Existing.EQUAL, found, held.said()

    asked = [pair for found in there.values() for pair in found]
    answers = await asyncio.gather(*(look(pair) for pair in asked))
    return {pair.target: answer for pair, answer in zip(asked, answers, strict=True)}


def _gets_rows(pair: Pair, gap: Mapping[ObjectRef, Gap], existing: Mapping[ObjectRef, Compared]) -> bool:
    """Whether rows may be written to the table, or keys made over those that it has."""
    known = existing[pair.target][0] if pair.target in existing else Existing.NONE
    return known is not Existing.REFUSED and (known is not Existing.EQUAL or bool(gap[pair.target].changes))


def _has_key(pair: Pair, gap: Gap, engines: Mapping[str, Engine]) -> bool:
    """Whether the target can walk along the source's key: it has that index, with the same columns, for queries too."""
    key = engines[pair.source.endpoint].key(pair.table)
    return key is None or any(
        index.name == key.name and index.parts == key.parts and index.visible
        for index in (gap.actual.indexes if gap.actual else ())
    )


async def _stored(
    seen: Survey,
    gap: Mapping[StoredRef, StoredGap],
    tables: list[Step],
    movable: tuple[Pair, ...],
    in_the_way: Mapping[ObjectRef, tuple[str, str]],
    engines: Mapping[str, Engine],
) -> StoredSteps:
    """The steps of stored objects, from the definitions that these need."""
    reading = reads(seen)
    coming = seen.tables_there() | {pair.target for pair in movable}
    left = left_behind(seen, gap, coming, reading)
    left |= {
        pair.target: in_the_way[pair.target.object]
        for pair in seen.stored
        if pair.target.kind in ("view", "sequence") and pair.target.object in in_the_way
    }
    opened = windows(seen, tables)
    loaded = {window.table for window in opened}
    wanted = [pair for pair in seen.stored if pair.target not in left]
    groups = {
        (pair.target.object.endpoint, pair.target.object.table.schema, pair.wanted.table)
        for pair in wanted
        if pair.target.kind == "trigger"
        and (gap[pair.target].change is not None or _table_of(pair.target, pair.wanted.table) in loaded)
    }
    needed = [
        (pair.source.endpoint, pair.stored)
        for pair in wanted
        if gap[pair.target].change is not None
        or (pair.target.object.endpoint, pair.target.object.table.schema, pair.wanted.table) in groups
    ]
    made = {pair.target for pair in wanted}
    needed += [
        (window.table.endpoint, trigger)
        for window in opened
        for trigger in window.triggers
        if StoredRef("trigger", ObjectRef(window.table.endpoint, trigger.name)) not in made
    ]
    definitions = await define_stored(needed, engines)
    return StoredPlanner(seen, gap, tables, definitions, engines, reading).plan(left)


def _table_of(ref: StoredRef, table: str) -> ObjectRef:
    name = ref.object.table
    return ObjectRef(ref.object.endpoint, TableName(name.schema, table, name.catalog))


def _children(seen: Survey) -> dict[ObjectRef, tuple[TableName, ...]]:
    """Of each table that others on its server refer to: these others."""
    found: dict[ObjectRef, tuple[TableName, ...]] = {}
    for endpoint, catalog in seen.present.items():
        for table in catalog.tables:
            for parent in sorted({key.referenced for key in table.foreign_keys} - {table.name}):
                ref = ObjectRef(endpoint, parent)
                found[ref] = (*found.get(ref, ()), table.name)
    return found


def _targets(pairs: Collection[Pair]) -> set[ObjectRef]:
    return {pair.target for pair in pairs}


def _permitted(request: PlanRequest, target: ObjectRef) -> bool:
    name = f"{target.table.schema}.{target.table.name}"
    return any(glob_matches(glob, name) for glob in request.allow_destructive)


def _waiting(step: Step, waits: Mapping[str, tuple[str, ...]]) -> Step:
    more = waits.get(step.id)
    return msgspec.structs.replace(step, after=(*step.after, *more)) if more else step


def _schema_steps(seen: Survey, steps: Collection[Step], engines: Mapping[str, Engine]) -> list[Step]:
    needed = {name for step in steps for name in step.after}
    found: list[Step] = []
    for endpoint, schema in missing_schemas(seen):
        place = TableName(schema.name, "", schema.catalog)
        if schema_step(endpoint, place) in needed:
            sql = engines[endpoint].create_schema(schema)
            found.append(
                Ddl(id=schema_step(endpoint, place), target=f"{endpoint}:{place}", action="create-schema", sql=sql)
            )
    return found


def _planned(pair: Pair, gap: Gap) -> PlannedObject:
    start = "absent" if gap.actual is None else fingerprint(gap.actual)
    return PlannedObject(str(pair.target), start, fingerprint(pair.table))
