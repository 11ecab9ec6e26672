"""After the last step: `diff` must be empty. A server that made something else of the DDL is found here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from migrate.diff import describe
from migrate.engines.base import Engine, LedgerKey, LedgerLine, Made
from migrate.errors import Different
from migrate.executor.check import LAST_LOOK
from migrate.model.change import AddForeignKey, AddIndex, Change
from migrate.model.pattern import parse_object
from migrate.model.plan import Plan
from migrate.model.progress import Parity, StepFailed
from migrate.model.table import ObjectRef
from migrate.planfile import fingerprint
from migrate.planner.gap import Gap, StoredGap, gaps, made_of, stored_gaps
from migrate.planner.parity import parity
from migrate.planner.survey import Survey, survey
from migrate.planner.translate import StoredPair, StoredRef

MADE_OTHERWISE = "the target server made something else of the statement: please report it with both servers' versions"
ALTERED = "the source was altered while the plan was applied: plan again"
NAMED = 5
CODE = Different.exit_code
LEFT_OUT: tuple[tuple[str, type[Change]], ...] = (("add-indexes", AddIndex), ("add-foreign-keys", AddForeignKey))
"""What a plan may leave out of a table: it has no such step, and neither changes the table."""


async def last_look(plan: Plan, engines: Mapping[str, Engine]) -> tuple[tuple[StepFailed, ...], tuple[Parity, ...]]:
    """Compare every object of the plan once more; record that all is well, or say what is not. Also count both sides.

    A stored object that was made from another dialect is remembered as it stands, beside what it was made from: its
    words cannot be compared, and the next plan finds it unchanged by that.
    """
    seen = await survey(plan.move, engines)
    differences, stored = gaps(seen, engines), stored_gaps(seen, engines)
    failures = [*_tables(plan, seen, differences)]
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


def _tables(plan: Plan, seen: Survey, differences: Mapping[ObjectRef, Gap]) -> Iterator[StepFailed]:
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
        wrong = [describe(change) for change in differences[pair.target].changes if type(change) not in left_out]
        if wrong:
            hint = MADE_OTHERWISE if fingerprint(pair.table) == sources[name] else ALTERED
            text = f"{name} is not defined as its source: {'; '.join(wrong[:NAMED])}"
            yield StepFailed(f"verify:{name}", text, hint, CODE)


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
