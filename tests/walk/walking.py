"""One walk: make both sides, plan, apply, and prove that nothing is left to do and nothing is otherwise."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from migrate.errors import Blocked, MigrateError
from migrate.model.plan import Plan
from migrate.model.table import spell
from tests.walk.flavours import Flavour
from tests.walk.lane import Lane, Side
from tests.walk.model import Schema, Table
from tests.walk.proof import differences
from tests.walk.rows import fillable, fillable_too, inserts
from tests.walk.spelt import quote
from tests.walk.stored import Names, Stored

T = TypeVar("T", bound=Table | Stored)
CHARSET = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"


class Lost(AssertionError):
    """A walk did not arrive. The message has all that a person needs to walk it again."""


class Walk:
    """Two schemas on the servers of a lane, and what they hold: `wanted` at the source, `there` on the target."""

    def __init__(self, lane: Lane, flavour: Flavour, wanted: Schema, there: Schema) -> None:
        self.wanted = wanted
        self.there = there
        self._lane = lane
        self._flavour = flavour
        self._source, self._target = lane.names()
        self._history: list[str] = []
        self._begun = False

    def arrive(self, rows: bool, both: bool, spoil: bool) -> None:
        """Make the source (and the first time the target), plan, apply and prove. Raises `Lost`.

        `rows`: tables have rows at the source; `both`: on the target too, where that can be. `spoil`: a row less there,
        which must be found, and stops the plan.
        """
        filled = fillable(self.wanted) if rows else frozenset()
        same = fillable_too(self.wanted, self.there, filled) if both else frozenset()
        self._make_target(same)
        head = [f"DROP DATABASE IF EXISTS {quote(self._source)}", f"CREATE DATABASE {quote(self._source)} {CHARSET}"]
        statements = [*head, f"USE {quote(self._source)}", *self.wanted.sql(self._flavour)]
        statements += _unchecked(inserts(self.wanted, filled, self.there, same, source=True))
        statements += self.wanted.stored_sql(Names(self._source, self._source))
        self._run(self._lane.source, "A", statements)
        try:
            if spoil and same:
                self._spoil(min(same))
            self._arrive()
        except (MigrateError, AssertionError) as error:
            raise Lost(self._told(error)) from error
        self.there = _both(self.wanted, self.there)

    def end(self) -> None:
        """Drop both."""
        self._lane.source.script([f"DROP DATABASE IF EXISTS {quote(self._source)}"])
        self._lane.target.script([f"DROP DATABASE IF EXISTS {quote(self._target)}"])

    # -- both sides

    def _make_target(self, same: Collection[str]) -> None:
        statements = [f"USE {quote(self._target)}"]
        if self._begun:
            statements += _unchecked([f"DELETE FROM {quote(table.name)}" for table in self.there.tables])
        else:
            self._begun = True
            statements = [f"CREATE DATABASE {quote(self._target)} {CHARSET}", *statements]
            statements += self.there.sql(self._flavour)
            statements += self.there.stored_sql(Names(self._target, self._source))
        statements += _unchecked(inserts(self.there, same, self.wanted, same, source=False))
        self._run(self._lane.target, "B", statements)

    def _run(self, side: Side, letter: str, statements: Sequence[str]) -> None:
        self._history.append(f"-- {letter}, on {side.server.name}:\n" + ";\n".join(statements) + ";\n")
        side.script(statements)

    # -- from one to the other

    def _arrive(self) -> None:
        plan = self._plan()
        self._apply(plan)
        found = differences(self._lane.source, self._source, self._lane.target, self._target, self.wanted)
        assert not found, "they are not equal:\n" + "\n".join(found)
        _, outcome = self._lane.apply(plan)
        assert (outcome.done, outcome.failed) == (0, 0), f"applied again it does something: {outcome}"
        again = self._lane.plan(self._source, self._target)
        assert not again.step, f"the second plan is not empty:\n{shown(again)}"

    def _plan(self) -> Plan:
        """A plan; triggers that are in its way are dropped first, as it advises."""
        plan = self._planned()
        broken = [one.name for one in self.there.triggers if self._in_the_way(plan, one.name)]
        if broken:
            drops = [f"DROP TRIGGER {quote(self._target)}.{quote(name)}" for name in broken]
            self._run(self._lane.target, "B", drops)
            left = tuple(one for one in self.there.triggers if one.name not in broken)
            self.there = replace(self.there, triggers=left)
            plan = self._planned()
            assert not any(self._in_the_way(plan, name) for name in broken), "dropped triggers are in the way"
        return plan

    def _planned(self) -> Plan:
        plan = self._lane.plan(self._source, self._target)
        self._history.append(f"-- the plan:\n{shown(plan)}\n")
        return plan

    def _in_the_way(self, plan: Plan, trigger: str) -> bool:
        """Whether the plan calls for that trigger of the target to go."""
        place, said = f"new:{spell(self._target)}.{spell(trigger)}", f"the trigger {spell(trigger)} there names"
        return any(one.code == "MG213" and (one.object == place or said in one.text) for one in plan.finding)

    def _apply(self, plan: Plan) -> None:
        blocked = [(step.id, step.blocked) for step in plan.step if step.blocked]
        assert not blocked, f"blocked: {blocked}"
        _, outcome = self._lane.apply(plan)
        failures = [(failure.step, failure.error) for failure in outcome.failures]
        assert not failures, f"failed: {failures}"
        assert outcome.done + outcome.skipped == len(plan.step), f"not all was done: {outcome}"

    def _spoil(self, table: str) -> None:
        """Other rows in a table are found and become equal again; where nothing tells them apart, the plan says so."""
        take = f"DELETE FROM {quote(table)} LIMIT 1"
        self._run(self._lane.target, "B", _unchecked([take]))
        plan = self._plan()
        told = {one.code for one in plan.finding if one.object.endswith(f".{spell(table)}")}
        steps = {step.id for step in plan.step if step.target.endswith(f".{spell(table)}")}
        sync = f"sync-rows:new:{spell(self._target)}.{spell(table)}"
        if "MG202" in told:
            blocked = [step.id for step in plan.step if step.blocked]
            assert sync in blocked, f"nothing is blocked: {blocked}"
            try:
                self._lane.apply(plan)
            except Blocked:
                pass
            else:
                raise AssertionError("a plan with blocked steps was applied")
        elif sync in steps:
            self._apply(plan)
        else:
            assert "MG204" in told, f"no word of other rows in {table}: {told}"
            _, outcome = self._lane.apply(plan)
            failed = [failure.step for failure in outcome.failures]
            assert failed == [f"verify:new:{spell(self._target)}.{spell(table)}"], f"failed: {failed}"
        self._run(self._lane.target, "B", _unchecked([f"DELETE FROM {quote(table)}"]))

    def _told(self, error: BaseException) -> str:
        return f"{type(error).__name__}: {error}\n\n" + "\n".join(self._history)


def _both(wanted: Schema, there: Schema) -> Schema:
    """What the target holds when it has all that is wanted beside what nobody wants."""

    return Schema(
        _kept(wanted.tables, there.tables),
        _kept(wanted.routines, there.routines),
        _kept(wanted.views, there.views),
        _kept(wanted.triggers, there.triggers),
        _kept(wanted.events, there.events),
    )


def _kept(mine: tuple[T, ...], theirs: tuple[T, ...]) -> tuple[T, ...]:
    names = {one.name for one in mine}
    return mine + tuple(one for one in theirs if one.name not in names)


def shown(plan: Plan) -> str:
    """A plan for people who look for a fault."""
    findings = [f"--   {one.code} {one.object}: {one.text}" for one in plan.finding]
    steps = [f"--   {step.id} {step.blocked}\n{getattr(step, 'sql', '')}" for step in plan.step]
    return "\n".join([*findings, *steps])


def _unchecked(statements: Sequence[str]) -> list[str]:
    """Rows in any order, whatever foreign keys say."""
    if not statements:
        return []
    return ["SET foreign_key_checks = 0", *statements, "SET foreign_key_checks = 1"]
