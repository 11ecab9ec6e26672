"""After the last step: `diff` must be empty. A server that made something else of the DDL is found here."""

from __future__ import annotations

from collections.abc import Mapping

from migrate.diff import describe
from migrate.engines.base import Engine, LedgerKey, LedgerLine
from migrate.errors import Different
from migrate.executor.check import LAST_LOOK
from migrate.model.change import AddForeignKey, AddIndex
from migrate.model.pattern import parse_object
from migrate.model.plan import Plan
from migrate.model.progress import StepFailed
from migrate.planfile import fingerprint
from migrate.planner.gap import gaps
from migrate.planner.survey import survey

MADE_OTHERWISE = "the target server made something else of the statement: please report it with both servers' versions"
ALTERED = "the source was altered while the plan was applied: plan again"
NAMED = 5


async def last_look(plan: Plan, engines: Mapping[str, Engine]) -> tuple[StepFailed, ...]:
    """Compare every table of the plan once more; record that all is well, or say what is not."""
    steps = {step.id for step in plan.step}
    sources = {item.name: item.source for item in plan.object}
    seen = await survey(plan.move, engines)
    differences = gaps(seen, engines)
    failures = []
    for pair in seen.pairs:
        name = str(pair.target)
        if name not in sources:
            continue
        left_out = {
            kind
            for action, kind in (("add-indexes", AddIndex), ("add-foreign-keys", AddForeignKey))
            if f"{action}:{name}" not in steps
        }
        wrong = [describe(change) for change in differences[pair.target].changes if type(change) not in left_out]
        if wrong:
            hint = MADE_OTHERWISE if fingerprint(pair.table) == sources[name] else ALTERED
            text = f"{name} is not defined as its source: {'; '.join(wrong[:NAMED])}"
            failures.append(StepFailed(f"verify:{name}", text, hint, Different.exit_code))
    if not failures and plan.object:
        ref = parse_object(plan.object[0].name)
        await engines[ref.endpoint].record(LedgerKey(plan.digest, LAST_LOOK, ref.table), (LedgerLine("whole"),))
    return tuple(failures)
