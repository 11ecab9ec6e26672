"""Steps of stored objects: routines before what calls them, views after what they read, triggers after the rows,
events made disabled and enabled last."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from migrate.diff import describe
from migrate.engines.base import Engine, Renames
from migrate.errors import UnreadableDdl
from migrate.model.change import AlterStored
from migrate.model.pattern import parse_object
from migrate.model.plan import Action, Ddl, Finding, PlannedObject, RowStep, SetAutoIncrement, Step
from migrate.model.table import Catalog, ObjectRef, StoredObject, TableName, spell
from migrate.model.types import Json
from migrate.planfile import fingerprint
from migrate.planner.gap import StoredGap, start_of
from migrate.planner.link import schema_step, settled_by, shaped_by, step_id
from migrate.planner.needs import Reads
from migrate.planner.obstacles import naming
from migrate.planner.risk import finding
from migrate.planner.survey import Survey
from migrate.planner.translate import StoredPair, StoredRef

Definitions = Mapping[StoredRef, str]
"""Statements as servers print them, under the endpoint that printed them."""


class StoredSteps(msgspec.Struct):
    """What becomes of stored objects. `waits`: ids of other steps, and what these must wait for as well."""

    steps: list[Step]
    findings: list[Finding]
    objects: list[PlannedObject]
    waits: dict[str, tuple[str, ...]]


class Window(msgspec.Struct, frozen=True):
    """Triggers that stand on a table which is to be written: they go before the rows and come back after them."""

    table: ObjectRef
    triggers: tuple[StoredObject, ...]
    updates: bool = False
    """Whether those that fire for an UPDATE are among them."""


def windows(seen: Survey, steps: Sequence[Step]) -> tuple[Window, ...]:
    """Every table that these steps write and that has triggers which would fire."""
    targets = {step.target for step in steps if isinstance(step, RowStep) and not step.blocked}
    return tuple(window for ref, window in firing(seen.present).items() if str(ref) in targets)


def firing(present: Mapping[str, Catalog]) -> dict[ObjectRef, Window]:
    """The triggers of each table that would fire if it were written: rows are written and cleared.

    Only documents are updated, where text had altered them.
    """
    found = {}
    for endpoint, catalog in sorted(present.items()):
        by_table: dict[TableName, list[StoredObject]] = {}
        for one in catalog.stored:
            if one.kind == "trigger":
                by_table.setdefault(TableName(one.name.schema, one.table, one.name.catalog), []).append(one)
        tables = catalog.by_name()
        for name, triggers in sorted(by_table.items()):
            ref = ObjectRef(endpoint, name)
            updates = name in tables and any(isinstance(column.type, Json) for column in tables[name].columns)
            those = [one for one in triggers if updates or one.event != "UPDATE"]
            if those:
                those.sort(key=lambda one: (one.timing, one.event, one.order))
                found[ref] = Window(ref, tuple(those), updates)
    return found


class StoredPlanner:
    """Puts the steps together; `wanted` are the pairs that can be had, `gap` the gaps of all."""

    def __init__(
        self,
        seen: Survey,
        gap: Mapping[StoredRef, StoredGap],
        tables: Sequence[Step],
        definitions: Definitions,
        engines: Mapping[str, Engine],
        reads: Reads,
    ) -> None:
        self._seen = seen
        self._gap = gap
        self._tables = tables
        self._definitions = definitions
        self._engines = engines
        self._reads = reads
        self._pairs = {pair.target: pair for pair in seen.stored}
        self._wanted = {pair.target: pair.wanted for pair in seen.pairs}
        self._made = StoredSteps([], [], [], {})

    def plan(self, left: Mapping[StoredRef, tuple[str, str]]) -> StoredSteps:
        """All steps and findings; `left` are those that stay behind, with a finding's code and why."""
        for ref, (code, text) in sorted(left.items()):
            self._made.findings.append(finding(code, str(self._pairs[ref].source), f"this {ref.kind} {text}"))
        for pair in self._seen.stored:
            if pair.target not in left and pair.target.kind != "trigger":
                self._one(pair)
        self._triggers(left)
        self._events_last()
        return self._made

    # -- one object

    def _one(self, pair: StoredPair) -> None:
        gap = self._gap[pair.target]
        if gap.change is None:
            return
        if only_enabling(gap, self._engines[pair.target.object.endpoint]):
            self._enable(pair)
            self._object(pair.target, gap.actual, pair)
            return
        after: tuple[str, ...] = (schema_step(pair.target.object.endpoint, pair.target.object.table),)
        if pair.target.kind == "view":
            after += self._read_by(pair)
        self._replaced(pair, gap)
        if gap.actual is not None and pair.target.kind != "view":
            after += (self._drop(pair.target, gap.actual),)
        self._create(pair.target, pair.wanted, self._script_of(pair), after, str(pair.source))
        self._object(pair.target, gap.actual, pair)
        if pair.target.kind == "event" and pair.wanted.enabled:
            self._enable(pair)
        if pair.target.kind == "sequence":
            self._made.steps.append(_counter(pair))

    def _replaced(self, pair: StoredPair, gap: StoredGap) -> None:
        if gap.actual is not None and gap.change is not None:
            text = f"the {pair.target.kind} there is replaced: {describe(gap.change)}"
            self._made.findings.append(finding("MG208", str(pair.target.object), text))

    def _script_of(self, pair: StoredPair) -> tuple[str, dict[str, str], str]:
        """The statement, its session's settings, and why it may not run."""
        definition = self._definitions[StoredRef(pair.stored.kind, pair.source)]
        if pair.refused:
            code, text = pair.refused
            self._made.findings.append(finding(code, str(pair.source), f"this {pair.target.kind}: {text}"))
            return definition, {}, text
        engine = self._engines[pair.target.object.endpoint]
        origin = self._seen.dialects[pair.source.endpoint]
        try:
            script = engine.create_stored(pair.wanted, definition, pair.renames, origin)
        except UnreadableDdl as error:
            self._made.findings.append(finding("MG104", str(pair.source), f"this {pair.target.kind}: {error.why}"))
            return definition, {}, error.why
        return script.sql, dict(script.session), ""

    def _create(
        self,
        ref: StoredRef,
        wanted: StoredObject,
        script: tuple[str, dict[str, str], str],
        after: tuple[str, ...],
        source: str,
    ) -> str:
        sql, session, blocked = script
        action: Action = f"create-{ref.kind}"  # type: ignore[assignment]  # every kind has such an action
        name = step_id(action, ref.object)
        there = self._gap[ref].actual if ref in self._gap else None
        self._made.steps.append(
            Ddl(
                id=name,
                source=source,
                target=str(ref.object),
                after=after,
                risk="lossy" if there is not None and source else "safe",
                blocked=blocked,
                action=action,
                session=session,
                sql=sql,
            )
        )
        return name

    def _drop(self, ref: StoredRef, actual: StoredObject) -> str:
        action: Action = f"drop-{ref.kind}"  # type: ignore[assignment]  # every kind but views and sequences has one
        name = step_id(action, ref.object)
        if all(step.id != name for step in self._made.steps):
            sql = self._engines[ref.object.endpoint].drop_stored(actual)
            self._made.steps.append(Ddl(id=name, target=str(ref.object), risk="lossy", action=action, sql=sql))
        return name

    def _object(self, ref: StoredRef, actual: StoredObject | None, pair: StoredPair | None) -> None:
        source = fingerprint(pair.stored) if pair else ""
        self._made.objects.append(PlannedObject(str(ref.object), start_of(actual), source, ref.kind))

    def _read_by(self, pair: StoredPair) -> tuple[str, ...]:
        """The steps after which everything that a view reads and calls is there."""
        after: list[str] = []
        endpoint = pair.target.object.endpoint
        for kind, name in self._reads[pair.target]:
            ref = ObjectRef(endpoint, name)
            if kind == "relation":
                after += [*shaped_by(ref), step_id("create-view", ref), step_id("create-sequence", ref)]
            else:
                after.append(step_id(f"create-{kind}", ref))
        own = step_id("create-view", pair.target.object)
        return tuple(sorted(set(after) - {own}))

    # -- triggers

    def _triggers(self, left: Mapping[StoredRef, tuple[str, str]]) -> None:
        """Group by group (table, timing, event): from the first that is not as wanted all are made anew, in order."""
        groups: dict[tuple[str, ...], list[StoredPair]] = {}
        for pair in self._seen.stored:
            if pair.target.kind == "trigger" and pair.target not in left:
                one, name = pair.wanted, pair.target.object
                key = (name.endpoint, name.table.catalog, name.table.schema, one.table, one.timing, one.event)
                groups.setdefault(key, []).append(pair)
        opened = {window.table: window for window in windows(self._seen, self._tables)}
        for window in opened.values():
            self._open(window, left)
        for _, pairs in sorted(groups.items()):
            pairs.sort(key=lambda pair: pair.wanted.order)
            table = _table_of(pairs[0].target, pairs[0].wanted)
            again = table in opened and (opened[table].updates or pairs[0].wanted.event != "UPDATE")
            changed = [n for n, pair in enumerate(pairs) if self._gap[pair.target].change is not None]
            first = 0 if again else changed[0] if changed else len(pairs)
            before: tuple[str, ...] = ()
            for pair in pairs[first:]:
                gap = self._gap[pair.target]
                self._replaced(pair, gap)
                after = (*settled_by(table), *before)
                if gap.actual is not None:
                    after += (self._drop(pair.target, gap.actual),)
                made = self._create(pair.target, pair.wanted, self._script_of(pair), after, str(pair.source))
                before = (made,)
                self._object(pair.target, gap.actual, pair)

    def _open(self, window: Window, left: Collection[StoredRef]) -> None:
        """Drop what would fire; what does not come from the source comes back as it was, if the server lets it."""
        names = ", ".join(spell(trigger.name.name) for trigger in window.triggers)
        text = f"its triggers ({names}) are dropped while rows are written and made again afterwards"
        self._made.findings.append(finding("MG205", str(window.table), text))
        before: tuple[str, ...] = ()
        for trigger in window.triggers:
            ref = StoredRef("trigger", ObjectRef(window.table.endpoint, trigger.name))
            dropped = self._drop(ref, trigger)
            for action in ("load-rows", "sync-rows"):
                name = step_id(action, window.table)
                self._made.waits[name] = (*self._made.waits.get(name, ()), dropped)
            if ref in self._pairs and ref not in left:
                continue  # made anew with its group
            definition = self._definitions[ref]
            engine = self._engines[window.table.endpoint]
            script = engine.create_stored(trigger, definition, Renames(), self._seen.dialects[window.table.endpoint])
            after = (dropped, *settled_by(window.table), *before)
            made = self._create(ref, trigger, (script.sql, dict(script.session), self._broken(ref, trigger)), after, "")
            before = (made,)
            self._object(ref, trigger, None)

    def _broken(self, ref: StoredRef, trigger: StoredObject) -> str:
        """Why a trigger could not be made again after the rows, with a finding; empty when it can."""
        table = _table_of(ref, trigger)
        has = {column.name.casefold() for column in self._wanted[table].columns}
        lacking = [name for name in self._engines[table.endpoint].row_columns(trigger) if name.casefold() not in has]
        if not lacking:
            return ""
        text = f"{naming(lacking)}, which its table does not have: it could not be made again; drop or mend it first"
        self._made.findings.append(finding("MG213", str(ref.object), f"this trigger {text}"))
        return text

    # -- events

    def _enable(self, pair: StoredPair) -> None:
        ref = pair.target
        script = self._engines[ref.object.endpoint].enable_event(pair.wanted)
        self._made.steps.append(
            Ddl(
                id=step_id("enable-event", ref.object),
                source=str(pair.source),
                target=str(ref.object),
                after=(step_id("create-event", ref.object),),
                action="enable-event",
                sql=script.sql,
                session=dict(script.session),
            )
        )

    def _events_last(self) -> None:
        """Events run when all else in their schema is done: the first waits for every last step, then one by one."""
        steps = [*self._tables, *self._made.steps]
        needed = {name for step in steps for name in (*step.after, *self._made.waits.get(step.id, ()))}
        before: dict[tuple[str, str, str] | None, str] = {}
        for n, step in enumerate(self._made.steps):
            if not isinstance(step, Ddl) or step.action != "enable-event":
                continue
            place = _place(step)
            if place in before:
                waits: tuple[str, ...] = (before[place],)
            else:
                inside = [one for one in steps if one.id not in needed and _place(one) == place]
                waits = tuple(one.id for one in inside if not one.id.startswith("enable-event:"))
            self._made.steps[n] = msgspec.structs.replace(step, after=(*step.after, *waits))
            before[place] = step.id


def _place(step: Step) -> tuple[str, str, str] | None:
    """Endpoint, catalog and schema of a step on a table or stored object."""
    if isinstance(step, Ddl) and step.action == "create-schema":
        return None
    ref = parse_object(step.target)
    return ref.endpoint, ref.table.catalog, ref.table.schema


def _table_of(ref: StoredRef, trigger: StoredObject) -> ObjectRef:
    name = ref.object.table
    return ObjectRef(ref.object.endpoint, TableName(name.schema, trigger.table, name.catalog))


def _counter(pair: StoredPair) -> SetAutoIncrement:
    """A sequence goes on where the source's stands: that moves with the data, as AUTO_INCREMENT does."""
    ref = pair.target.object
    return SetAutoIncrement(
        id=step_id("set-auto-increment", ref),
        source=str(pair.source),
        target=str(ref),
        after=(step_id("create-sequence", ref),),
    )


def only_enabling(gap: StoredGap, engine: Engine) -> bool:
    """Whether an event is as wanted but for that it does not run."""
    match gap.change:
        case AlterStored(actual=actual, wanted=wanted) if wanted.enabled and not actual.enabled:
            enabled = _enabled(actual)
            return enabled == wanted or engine.same(AlterStored(enabled, wanted))
        case _:
            return False


def _enabled(event: StoredObject) -> StoredObject:
    return msgspec.structs.replace(event, enabled=True)
