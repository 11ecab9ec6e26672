"""One walk: make both sides, plan, apply, and prove that nothing is left to do and nothing is otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migrate.errors import MigrateError
from migrate.model.plan import Plan
from tests.walk.flavours import Flavour
from tests.walk.lane import Lane, Side
from tests.walk.model import Schema, quote
from tests.walk.proof import differences

class Lost(AssertionError):
    """A walk did not arrive. The message has all that a person needs to walk it again."""


@dataclass
class Walk:
    """`wanted` is what the source holds, `there` what the target does."""

    lane: Lane
    flavour: Flavour
    source: str
    target: str

    def begin(self, wanted: Schema, there: Schema) -> None:
        """Make both sides anew."""
        self._make(self.lane.source, self.source, wanted)
        self._make(self.lane.target, self.target, there)

    def arrive(self, wanted: Schema, there: Schema) -> None:
        """Plan and apply. Raises `Lost` unless both sides are equal then and the next plan is empty."""
        try:
            self._arrive(wanted)
        except (MigrateError, AssertionError) as error:
            raise Lost(self._told(f"{type(error).__name__}: {error}", wanted, there)) from error

    def _arrive(self, wanted: Schema) -> None:
        plan = self.lane.plan(self.source, self.target)
        try:
            self._apply(plan)
            tables = [table.name for table in wanted.tables]
            found = differences(self.lane.source, self.source, self.lane.target, self.target, tables)
            assert not found, "they are not equal:\n" + "\n".join(found)
            self._apply_again(plan)
            again = self.lane.plan(self.source, self.target)
            assert not again.step, f"the second plan is not empty:\n{_shown(again)}"
        except (MigrateError, AssertionError) as error:
            error.add_note(f"-- the plan:\n{_shown(plan)}")
            raise

    def _apply(self, plan: Plan) -> None:
        blocked = [step for step in plan.step if step.blocked]
        assert not blocked, f"blocked: {[(step.id, step.blocked) for step in blocked]}"
        _, outcome = self.lane.apply(plan)
        failures = [(failure.step, failure.error) for failure in outcome.failures]
        assert not failures, f"failed: {failures}"
        assert outcome.done + outcome.skipped == len(plan.step), f"not all was done: {outcome}"

    def _apply_again(self, plan: Plan) -> None:
        _, outcome = self.lane.apply(plan)
        assert (outcome.done, outcome.failed) == (0, 0), f"applied again it does something: {outcome}"

    def _make(self, side: Side, name: str, schema: Schema) -> None:
        side.script([*self.script(name, schema)])

    def script(self, name: str, schema: Schema) -> Sequence[str]:
        """Statements that make a side from nothing."""
        charset = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        head = [f"DROP DATABASE IF EXISTS {quote(name)}", f"CREATE DATABASE {quote(name)} {charset}"]
        return [*head, f"USE {quote(name)}", *schema.sql(self.flavour)]

    def _told(self, what: str, wanted: Schema, there: Schema) -> str:
        a = ";\n".join(self.script(self.source, wanted))
        b = ";\n".join(self.script(self.target, there))
        return f"{what}\n\n-- A, on {self.lane.source.server.name}:\n{a};\n\n-- B, on {self.lane.target.server.name}:\n{b};\n"

    def end(self) -> None:
        """Drop both."""
        self.lane.source.script([f"DROP DATABASE IF EXISTS {quote(self.source)}"])
        self.lane.target.script([f"DROP DATABASE IF EXISTS {quote(self.target)}"])


def _shown(plan: Plan) -> str:
    findings = [f"{one.code} {one.object}: {one.text}" for one in plan.finding]
    steps = [f"{step.id} {step.blocked}\n    {getattr(step, 'sql', '')}" for step in plan.step]
    return "\n".join([*findings, *steps])
