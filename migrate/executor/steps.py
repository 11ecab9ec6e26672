"""What each kind of step does. A step that is done already is found done, and every end is recorded in the ledger."""

from __future__ import annotations

import msgspec

from migrate.engines.base import Engine, LedgerLine
from migrate.errors import DuplicateRow, MigrateError, ValueHeld
from migrate.executor.check import is_after_load, outstanding
from migrate.executor.context import Context, step_tag
from migrate.executor.file_proof import prove_files
from migrate.executor.load import Load
from migrate.executor.moments import mixed_sources
from migrate.executor.orphans import LEAVE_OUT, MIXED, Orphans, judged, looks_at, looks_outside, orphans
from migrate.executor.prove import prove
from migrate.executor.sync import sync
from migrate.executor.transfer import copy_files, insert_select, statement, swap
from migrate.executor.verify import gone, kept
from migrate.model.change import AddForeignKey, AddIndex, AlterForeignKey, CreateTable
from migrate.model.pattern import all_of, endpoint_of, parse_object, parse_schema
from migrate.model.plan import (
    CheckForeignKeys,
    CopyFiles,
    Ddl,
    InsertSelect,
    LoadRows,
    SetAutoIncrement,
    Step,
    Swap,
    SyncRows,
    Verify,
)
from migrate.model.table import Catalog
from migrate.model.words import counted
from migrate.planner.gap import Gap, StoredGap, gaps, stored_gaps
from migrate.planner.order import step_kind
from migrate.planner.stored import only_enabling
from migrate.planner.survey import Survey
from migrate.planner.translate import Pair, StoredRef

EQUAL_BEFORE = (
    "rows of the target are told apart by this key, and two have the same value: delete or change one of them, or empty"
    " the table; then run the same command again"
)


class Done(msgspec.Struct, frozen=True):
    """How a step ended: rows and bytes that are safe or proven, and what the user should know."""

    rows: int = 0
    bytes: int = 0
    note: str = ""


async def run_step(context: Context, step: Step) -> Done:
    """Do one step to its end and record it. Raises `MigrateError`, or `Interrupt` at a clean checkpoint."""
    match step:
        case Ddl(action="create-schema"):
            return await _create_schema(context, step)
        case CopyFiles():
            objects, size = await copy_files(context, step)
            await _record(context, step)
            return Done(objects, size)
        case InsertSelect():
            await insert_select(context, step)
            await _record(context, step)
            return Done()
        case Swap():
            note = await swap(context, step)
            await _record(context, step)
            return Done(note=note)
        case Ddl(action="create-aside" | "sync-partitions" | "analyze-table"):
            await statement(context, step)
            await _record(context, step)
            return Done()
        case Ddl() if step_kind(step) != "table":
            return await _stored(context, step)
        case Ddl():
            return await _ddl(context, step)
        case LoadRows():
            load = Load(context, step)
            await load.run()
            return Done(load.rows, load.bytes)
        case SyncRows():
            written = await sync(context, step)
            return Done(written.rows, written.bytes, _own_rows(step, written.extra))
        case SetAutoIncrement():
            return await _set_auto_increment(context, step)
        case CheckForeignKeys():
            return await _check_foreign_keys(context, step)
        case Verify():
            return await _verify(context, step)


def _own_rows(step: SyncRows, extra: int) -> str:
    if not extra:
        return ""
    if not step.prune:
        return kept(extra)
    return gone(extra) + (f", {step.extra:,} when it was planned" if extra > step.extra else "")


def is_done(context: Context, step: Ddl, pair: Pair, gap: Gap) -> bool:
    """Whether what a DDL step on a table does is there: `diff` is the judge."""
    match step.action:
        case "create-table":
            return CreateTable not in gap.kinds
        case "add-indexes" if is_after_load(step):
            return not gap.kinds & {CreateTable, AddIndex}
        case "add-foreign-keys":
            return not gap.kinds & {AddForeignKey, AlterForeignKey}
        case _:
            ways = outstanding(pair, gap, gap.alterations, context.standing, context.engines)
            return all(step.sql not in way for way in ways)


def is_stored_done(step: Ddl, gap: StoredGap, engine: Engine) -> bool:
    """Whether what a step on a stored object does is there."""
    match step.action.partition("-")[0]:
        case "drop":
            return gap.actual is None
        case "enable":
            return gap.actual is not None and gap.actual.enabled
        case _:
            return gap.actual is not None and (gap.change is None or only_enabling(gap, engine))


async def _create_schema(context: Context, step: Ddl) -> Done:
    endpoint, schema = parse_schema(step.target)
    engine = context.engines[endpoint]

    async def work() -> None:
        async with context.take(step, endpoint):
            await context.begin(step)
            there = await engine.inspect((all_of(endpoint, schema.schema, schema.catalog),))
            if all(known.name != schema.schema for known in there.schemas):
                await engine.execute(step.sql, step_tag(context.plan, step))
            await engine.prepare_ledger(((schema.catalog, schema.schema),))

    await context.patiently(step, work)
    await _record(context, step)
    return Done()


async def _ddl(context: Context, step: Ddl) -> Done:
    """One statement. It is not idempotent: after a lost connection its executor is ended, then the server is asked."""
    pair = context.standing.pairs[step.target]
    endpoint = pair.target.endpoint
    engine = context.engines[endpoint]
    tag = step_tag(context.plan, step)
    gap = context.standing.gap[pair.target]
    lost = False

    async def work() -> str:
        nonlocal gap, lost
        async with context.apart.take(step.id), context.take(step, endpoint):
            await context.begin(step)
            if lost:
                await engine.end_executors(tag)
                gap = gaps(await _look_again(context, endpoint), context.engines)[pair.target]
            lost = True
            if is_done(context, step, pair, gap):
                return "found done"
            try:
                await engine.execute(step.sql, tag, step.session)
            except DuplicateRow as error:
                raise _equal_rows(context, step, error) from error
            return ""

    orphans = await _orphans(context, step) if step.action == "add-foreign-keys" else ""
    note = await context.patiently(step, work)
    await _record(context, step)
    return Done(note="; ".join(part for part in (orphans, note) if part))


def _equal_rows(context: Context, step: Ddl, error: DuplicateRow) -> MigrateError:
    """Whose rows are equal in a unique key that the table was to get, as far as the plan tells."""
    others = [one for one in context.plan.step if one.target == step.target]
    synced = any(isinstance(one, SyncRows) for one in others)
    spares = any(isinstance(one, Verify) and one.spare for one in others)
    table = context.standing.pairs[step.target].target.table
    if spares and (step.action == "add-indexes" or not synced):
        return ValueHeld(str(table), str(error))
    if synced and step.action == "alter-table":
        said = error.message.removeprefix(f"{error.endpoint}: ")
        return DuplicateRow(error.endpoint, f"{table}: {said}", EQUAL_BEFORE, error.code)
    return error


async def _stored(context: Context, step: Ddl) -> Done:
    """One statement on a view, routine, trigger, event or sequence; asked for again after a lost connection."""
    kind = step_kind(step)
    assert kind != "table"  # noqa: S101 - told apart by the caller
    ref = StoredRef(kind, parse_object(step.target))
    endpoint = ref.object.endpoint
    engine = context.engines[endpoint]
    tag = step_tag(context.plan, step)
    present = context.standing.present(endpoint)
    # What this run does to the object before this step, the look before the run could not see.
    own = {f"{action}-{kind}:{step.target}" for action in ("drop", "create")} - {step.id}
    seen_before = not own.intersection(step.after).difference(context.standing.finished)
    # Dropped since the look before the run, where the proof of its table wrote rows.
    lost = kind == "trigger" and any(f"verify:{table}" in step.after for table in context.written_again)

    async def work() -> str:
        nonlocal present, lost
        async with context.apart.take(step.id), context.take(step, endpoint):
            await context.begin(step)
            if lost:
                await engine.end_executors(tag)
                present = (await _look_again(context, endpoint)).present[endpoint]
            asked, lost = lost or seen_before, True
            if asked and is_stored_done(step, _stored_gap(context, ref, present), engine):
                return "found done"
            await engine.execute(step.sql, tag, step.session)
            return ""

    note = await context.patiently(step, work)
    await _record(context, step)
    return Done(note=note)


async def _look_again(context: Context, endpoint: str) -> Survey:
    """What was seen before the run, with what stands on this target now."""
    seen = context.standing.seen
    assert seen is not None  # noqa: S101 - a step that is not done was looked at
    known = (*seen.present[endpoint].schemas, *seen.schemas[endpoint])
    places = dict.fromkeys((schema.catalog, schema.name) for schema in known)
    asked = [all_of(endpoint, schema, catalog) for catalog, schema in places]
    present = await context.engines[endpoint].inspect(asked)
    return msgspec.structs.replace(seen, present={**seen.present, endpoint: present})


def _stored_gap(context: Context, ref: StoredRef, present: Catalog) -> StoredGap:
    """What the object needs now; one that only the target has needs nothing once it is there."""
    seen = context.standing.seen
    pair = context.standing.stored.get(ref)
    if seen is None or pair is None:
        return StoredGap(None, present.stored_by_key().get((ref.kind, ref.object.table)))
    here = {**seen.present, ref.object.endpoint: present}
    # The order of a trigger is one among those of its table.
    group = tuple(
        one
        for one in seen.stored
        if one.target.kind == ref.kind == "trigger"
        and one.target.object.endpoint == ref.object.endpoint
        and (one.wanted.name.schema, one.wanted.table) == (pair.wanted.name.schema, pair.wanted.table)
    )
    asked = msgspec.structs.replace(seen, present=here, stored=group or (pair,))
    return stored_gaps(asked, context.engines)[ref]


async def _orphans(context: Context, step: Ddl | CheckForeignKeys) -> str:
    """Rows that point nowhere. The server does not look, since checks are off; the source may have them too."""
    pair = context.standing.pairs[step.target]
    looks = looks_at(pair)
    if isinstance(step, CheckForeignKeys) and step.outside:
        looks += looks_outside(context.standing.present(pair.target.endpoint), pair.target, step.outside)

    async def count() -> list[Orphans]:
        found = []
        for look in looks:
            async with context.take(step, pair.source.endpoint, pair.target.endpoint):
                await context.begin(step)
                found.append(await orphans(look, context.engines))
        return found

    found = await context.patiently(step, count)
    advice = LEAVE_OUT
    if not context.proving and any(one.here > one.allowed for one in found):
        mixed = await mixed_sources(context.plan, context.engines, context.moments, context.of_this_moment)
        advice = MIXED if pair.source.endpoint in mixed else LEAVE_OUT
    return judged(found, advice)


async def _check_foreign_keys(context: Context, step: CheckForeignKeys) -> Done:
    note = await _orphans(context, step)
    await _record(context, step)
    return Done(note=note)


async def _set_auto_increment(context: Context, step: SetAutoIncrement) -> Done:
    """The counter of a table, or a sequence, goes with the data: also over values that were deleted."""
    here, there = parse_object(step.source), parse_object(step.target)
    source, target = context.counters[here.endpoint], context.counters[there.endpoint]
    source.want(here.table)
    target.want(there.table)

    async def work() -> None:
        async with context.take(step, here.endpoint, there.endpoint):
            await context.begin(step)
            wanted = await source.value(here.table)
            if wanted is not None and wanted != await target.value(there.table):
                engine = context.engines[there.endpoint]
                await engine.set_auto_increment(there.table, wanted, step_tag(context.plan, step))

    await context.patiently(step, work)
    await _record(context, step)
    return Done()


async def _verify(context: Context, step: Verify) -> Done:
    """Both sides summed range by range, the source at the moment of this run; of files partition by partition."""
    if context.engines[endpoint_of(step.target)].files is not None:
        rows = await prove_files(context, step)
        await _record(context, step)
        return Done(rows)
    proven = await context.patiently(step, lambda: prove(context, step))
    await _record(context, step)
    here = endpoint_of(step.source)
    again = counted(proven.again, "row was", "rows were")
    notes = [f"{again} read again at the new moment of {here}"] if proven.again else []
    documents = counted(proven.documents, "JSON document was", "JSON documents were")
    notes += [f"{documents} mended, which text had altered"] if proven.documents else []
    notes += [gone(proven.deleted)] if proven.deleted else []
    notes += [kept(proven.extra)] if proven.extra else []
    return Done(proven.rows, note="; ".join(notes))


async def _record(context: Context, step: Step) -> None:
    await context.record(step, LedgerLine("whole"))
