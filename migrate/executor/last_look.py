"""After the last step: `diff` must be empty. A server that made something else of the DDL is found here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from migrate.diff import describe
from migrate.engines.base import Engine, LedgerKey, LedgerLine, Made
from migrate.errors import Different
from migrate.executor.check import LAST_LOOK
from migrate.model.change import AddForeignKey, AddIndex, AlterIndex, Change, DropIndex
from migrate.model.pattern import parse_object
from migrate.model.plan import Ddl, Plan
from migrate.model.progress import Parity, StepFailed
from migrate.model.table import ObjectRef, Table
from migrate.planfile import fingerprint
from migrate.planner.gap import Gap, StoredGap, gaps, made_of, stored_gaps
from migrate.planner.parity import parity
from migrate.planner.survey import Survey, define, survey
from migrate.planner.translate import Pair, StoredPair, StoredRef

MADE_OTHERWISE = "the target server made something else of the statement: please report it with both servers' versions"
ALTERED = "the source was altered while the plan was applied: plan again"
NAMED = 5
CODE = Different.exit_code
ALTERS = "alter-table"
LEFT_OUT: tuple[tuple[str, type[Change]], ...] = (("add-indexes", AddIndex), ("add-foreign-keys", AddForeignKey))
"""What a plan may leave out of a table: it has no such step, and neither changes the table."""


async def last_look(plan: Plan, engines: Mapping[str, Engine]) -> tuple[tuple[StepFailed, ...], tuple[Parity, ...]]:
    """Compare every object of the plan once more; record that all is well, or say what is not. Also count both sides.

    A stored object that was made from another dialect is remembered as it stands, beside what it was made from: its
    words cannot be compared, and the next plan finds it unchanged by that.
    """
    seen = await survey(plan.move, engines)
    differences, stored = gaps(seen, engines), stored_gaps(seen, engines)
    failures = [*_tables(plan, await _with_definitions(plan, seen, differences, engines), differences, engines)]
    made: dict[str, list[Made]] = {}
    for pair, text, hint in _stored(plan, seen, stored, made):
        step = f"create-{pair.target.kind}:{pair.target.object}"
        failures.append(StepFailed(step, f"{pair.target} is not defined as its source: {text}", hint, CODE))
    if failures:
        return tuple(failures), await parity(plan.move, seen, differences, stored, engines)
    for endpoint, found in made.items():
        await engines[endpoint].record_made(found)
    remembered = {(endpoint, one.kind, one.name) for endpoint, found in made.items() for one in found}
    for target, here in stored.items():
        if (target.object.endpoint, target.kind, target.object.table) in remembered:
            stored[target] = StoredGap(None, here.actual)
    if plan.object:
        ref = parse_object(plan.object[0].name)
        place = msgspec.structs.replace(ref.table, name="")
        await engines[ref.endpoint].record(LedgerKey(plan.digest, LAST_LOOK, place), (LedgerLine("whole"),))
    return (), await parity(plan.move, seen, differences, stored, engines)


async def _with_definitions(
    plan: Plan, seen: Survey, differences: Mapping[ObjectRef, Gap], engines: Mapping[str, Engine]
) -> Survey:
    """With the sources' own DDL of tables that the plan altered and that differ: for the words of what is left."""
    altered = {step.target for step in plan.step if isinstance(step, Ddl)}
    still = {pair.source for pair in seen.pairs if str(pair.target) in altered and differences[pair.target].changes}
    definitions = {**seen.definitions, **await define(still - seen.definitions.keys(), engines)}
    return msgspec.structs.replace(seen, definitions=definitions)


def _tables(
    plan: Plan, seen: Survey, differences: Mapping[ObjectRef, Gap], engines: Mapping[str, Engine]
) -> Iterator[StepFailed]:
    steps = {step.id for step in plan.step}
    sources = {item.name: item.source for item in plan.object if item.kind == "table"}
    for pair in seen.pairs:
        name = str(pair.target)
        if name not in sources:
            continue
        left_out = {
            kind
            for action, kind in LEFT_OUT
            if not any(step in steps for step in (f"{action}:{name}", f"alter-table:{name}"))
        }
        here, unaltered = differences[pair.target], fingerprint(pair.table) == sources[name]
        wrong = [
            describe(change)
            for change in here.changes
            if type(change) not in left_out
            and not (unaltered and _is_skipped(change, plan, seen, pair, here.actual, engines[pair.target.endpoint]))
        ]
        if wrong:
            hint = MADE_OTHERWISE if unaltered else ALTERED
            text = f"{name} is not defined as its source: {'; '.join(wrong[:NAMED])}"
            yield StepFailed(f"verify:{name}", text, hint, CODE)


def _is_skipped(change: Change, plan: Plan, seen: Survey, pair: Pair, actual: Table | None, target: Engine) -> bool:
    """Whether the change is one of an index that waited for the rows, in a step which was left out of the plan.

    Such a plan alters the table and adds no indexes, and what the change would take no statement of it says.
    """
    name = str(pair.target)
    altering = [step for step in plan.step if isinstance(step, Ddl) and step.target == name and step.action == ALTERS]
    if actual is None or not altering or any(step.id == f"add-indexes:{name}" for step in plan.step):
        return False
    if not isinstance(change, AddIndex | AlterIndex | DropIndex):
        return False
    words = seen.definitions[pair.source], seen.dialects[pair.source.endpoint]
    said = {clause for step in altering for clause in _clauses(step.sql)}
    return not any(said & _clauses(one.sql) for one in target.alter_table(pair.wanted, actual, (change,), *words))


def _clauses(sql: str) -> set[str]:
    """What an ALTER TABLE does, a line each, after the one that names the table; not how."""
    lines = (line.strip().removesuffix(",") for line in sql.splitlines()[1:])
    return {line for line in lines if not line.startswith("ALGORITHM=")}


def _stored(
    plan: Plan, seen: Survey, differences: Mapping[StoredRef, StoredGap], made: dict[str, list[Made]]
) -> Iterator[tuple[StoredPair, str, str]]:
    """Stored objects of the plan that are not as wanted; those whose words cannot be compared go to `made`."""
    steps = {step.id for step in plan.step}
    sources = {(item.kind, item.name): item.source for item in plan.object}
    for pair in seen.stored:
        ref = pair.target
        source, here = sources.get((ref.kind, str(ref.object))), differences[ref]
        if not source or here.change is None or f"create-{ref.kind}:{ref.object}" not in steps:
            continue
        altered = fingerprint(pair.stored) != source
        across = seen.dialects[pair.source.endpoint] != seen.dialects[ref.object.endpoint]
        if here.actual is not None and across and not altered:
            hashes = made_of(pair, here.actual)
            made.setdefault(ref.object.endpoint, []).append(Made(ref.kind, ref.object.table, *hashes))
        else:
            yield pair, describe(here.change), ALTERED if altered else MADE_OTHERWISE
