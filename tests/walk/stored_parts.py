"""Random views, triggers, routines and events, and random edits of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeVar

from tests.walk.dice import Dice
from tests.walk.flavours import Flavour
from tests.walk.model import Schema
from tests.walk.stored import (
    DEFINERS,
    EVENTS,
    FUNCTIONS,
    GHOST,
    LITERAL,
    MODES,
    PROCEDURES,
    SCHEDULES,
    TRIGGERS,
    Event,
    Routine,
    Settings,
    Stored,
    Trigger,
    View,
)

T = TypeVar("T", View, Trigger, Routine, Event)


def _settings(dice: Dice, zoned: bool = False, ghost: bool = False, aloof: bool = False) -> Settings:
    """`aloof`: of an object that is made without a look at any table."""

    definer = GHOST if ghost and dice.chance(10) else dice.one(DEFINERS) if dice.chance(20) else ""
    return Settings(
        mode=dice.one((*MODES, LITERAL) if aloof else MODES) if dice.chance(25) else "",
        latin=dice.chance(10),
        zone=dice.one(("+09:00", "-03:30")) if zoned and dice.chance(30) else "",
        definer=definer,
    )


def a_view(dice: Dice, schema: Schema, name: str) -> View:
    """Over a table or a view that is there."""
    bases: list[tuple[str, tuple[str, ...]]] = [
        (table.name, tuple(column.name for column in table.columns)) for table in schema.tables
    ]
    over = len(bases)
    bases += [(view.name, view.outputs[: len(view.columns)]) for view in schema.views if view.name != name]
    at = dice.number(0, len(bases) - 1)
    base, columns = bases[at]
    functions = [one.name for one in schema.routines if one.kind == "FUNCTION"]
    algorithm = dice.one(("", "MERGE", "TEMPTABLE")) if dice.chance(30) else ""
    checkable = at < over and algorithm != "TEMPTABLE"
    return View(
        name,
        base,
        dice.some(columns, 1, 4) if columns else (),
        join=dice.one(schema.tables).name if dice.chance(15) else "",
        function=dice.one(functions) if functions and dice.chance(40) else "",
        check=dice.one(("LOCAL", "CASCADED")) if checkable and dice.chance(15) else "",
        security=dice.one(("INVOKER", "DEFINER")) if dice.chance(25) else "",
        algorithm=algorithm,
        qualified=dice.chance(30),
        where=dice.chance(30),
        settings=_settings(dice),
    )


def a_trigger(dice: Dice, schema: Schema, name: str) -> Trigger:
    """On any table."""
    table = dice.one(schema.tables)
    return Trigger(
        name,
        table.name,
        dice.one(("BEFORE", "AFTER")),
        dice.one(("INSERT", "UPDATE", "DELETE")),
        dice.one(table.columns).name,
        dice.one(TRIGGERS),
        _settings(dice),
    )


def a_routine(dice: Dice, schema: Schema, name: str) -> Routine:
    """A function or a procedure."""
    table = dice.one(schema.tables).name
    returns, body = dice.one(FUNCTIONS)
    function = dice.chance(50)
    return Routine(
        "FUNCTION" if function else "PROCEDURE",
        name,
        table,
        body if function else dice.one(PROCEDURES),
        returns if function else "",
        comment=dice.one(("x", "it's 100 %")) if dice.chance(15) else "",
        security=dice.one(("INVOKER", "DEFINER")) if dice.chance(25) else "",
        qualified=dice.chance(40),
        settings=_settings(dice, ghost=not function, aloof=True),
    )


def an_event(dice: Dice, schema: Schema, name: str) -> Event:
    """Enabled or not."""
    return Event(
        name,
        dice.one(SCHEDULES),
        dice.one(schema.tables).name,
        dice.one(EVENTS),
        enabled=not dice.chance(30),
        preserve=dice.chance(20),
        comment=dice.one(("x", "it's 100 %")) if dice.chance(15) else "",
        settings=_settings(dice, zoned=True, ghost=True, aloof=True),
    )


def with_stored(dice: Dice, schema: Schema) -> Schema:
    """And one more view, trigger, routine or event."""
    match dice.number(1, 4):
        case 1:
            taken = [table.name for table in schema.tables] + [view.name for view in schema.views]
            return replace(schema, views=(*schema.views, a_view(dice, schema, dice.name(taken, "view"))))
        case 2:
            name = dice.name([one.name for one in schema.triggers], "trigger")
            return replace(schema, triggers=(*schema.triggers, a_trigger(dice, schema, name)))
        case 3:
            name = dice.name([one.name for one in schema.routines], "routine")
            return replace(schema, routines=(*schema.routines, a_routine(dice, schema, name)))
        case _:
            name = dice.name([one.name for one in schema.events], "event")
            return replace(schema, events=(*schema.events, an_event(dice, schema, name)))


def add_stored(dice: Dice, flavour: Flavour, schema: Schema) -> Schema:
    """One more of any kind."""
    return with_stored(dice, schema)


def drop_stored(dice: Dice, flavour: Flavour, schema: Schema) -> Schema:
    """One less of any kind."""
    return _one(dice, schema, lambda found: None)


def replace_stored(dice: Dice, flavour: Flavour, schema: Schema) -> Schema:
    """Another one of the same name."""

    def other(found: Stored) -> Stored:
        match found:
            case View():
                above = [view.name for view in schema.views].index(found.name)
                return a_view(dice, replace(schema, views=schema.views[:above]), found.name)
            case Trigger():
                return a_trigger(dice, schema, found.name)
            case Routine():
                return replace(a_routine(dice, schema, found.name), kind=found.kind)
            case Event():
                return an_event(dice, schema, found.name)

    changed = _one(dice, schema, other)
    return replace(changed, routines=tuple(map(_of_its_kind, changed.routines)))


def _of_its_kind(routine: Routine) -> Routine:
    """With a body that its kind can have."""
    bodies = FUNCTIONS if routine.kind == "FUNCTION" else tuple(("", body) for body in PROCEDURES)
    if (routine.returns, routine.body) in bodies:
        return routine
    returns, body = bodies[0]
    return replace(routine, returns=returns, body=body)


def change_stored(dice: Dice, flavour: Flavour, schema: Schema) -> Schema:
    """A small part of one: its settings, or whether it is enabled."""

    def other(found: Stored) -> Stored:
        if isinstance(found, Event) and dice.chance(60):
            return replace(found, enabled=not found.enabled)
        return replace(found, settings=_settings(dice, zoned=isinstance(found, Event)))

    return _one(dice, schema, other)


def order_triggers(dice: Dice, flavour: Flavour, schema: Schema) -> Schema:
    """In another order."""
    return replace(schema, triggers=dice.some(schema.triggers, len(schema.triggers), len(schema.triggers)))


def _one(dice: Dice, schema: Schema, change: Callable[[Stored], Stored | None]) -> Schema:
    every: list[Stored] = [*schema.views, *schema.triggers, *schema.routines, *schema.events]
    if not every:
        return with_stored(dice, schema)
    chosen = dice.one(every)
    made = change(chosen)

    def swapped(found: Collection[T]) -> tuple[T, ...]:
        listed = (made if one is chosen else one for one in found)
        return tuple(one for one in listed if one is not None)  # type: ignore[misc]  # made is of the same kind

    return replace(
        schema,
        views=swapped(schema.views),
        triggers=swapped(schema.triggers),
        routines=swapped(schema.routines),
        events=swapped(schema.events),
    )


def settle_stored(schema: Schema, flavour: Flavour) -> Schema:
    """Without what refers to tables, views, columns and functions that are not there."""
    tables = {table.name: {column.name for column in table.columns} for table in schema.tables}
    readable = dict(tables)
    functions = {one.name for one in schema.routines if one.kind == "FUNCTION"}
    views: list[View] = []
    for view in schema.views:
        if view.base not in readable or view.name in readable:
            continue
        kept = replace(
            view,
            columns=tuple(column for column in view.columns if column in readable[view.base]),
            join=view.join if view.join in tables else "",
            function=view.function if view.function in functions else "",
        )
        views.append(kept)
        readable[kept.name] = set(kept.outputs)
    return replace(
        schema,
        views=tuple(views),
        triggers=tuple(one for one in schema.triggers if one.column in tables.get(one.table, ())),
        routines=tuple(one for one in schema.routines if one.table in tables),
        events=tuple(one for one in schema.events if one.table in tables),
    )


STORED_EDITS = (add_stored, drop_stored, replace_stored, change_stored, order_triggers)
