"""A table of the target that owns its files: another one gets its name only when it is dropped, and they with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrate.engines.files import below, overlap
from migrate.model.plan import Swap
from migrate.model.table import ObjectRef
from migrate.planner.building import Chain, Filed, Looked, blocked
from migrate.planner.risk import finding

MANAGED = "the target is a managed table, whose files move or go with its name"


def refused(one: Filed) -> str:
    """Why the managed table that stands there stays in any case; empty when the move lets it be dropped."""
    if one.there is None or one.there.renames:
        return ""
    if unknown := "; ".join(text for code, text in one.there.refused if code == "MG603"):
        return f"{unknown}: name another target, or drop it by hand"
    if one.pair.move.replace_managed != "drop":
        return f'{MANAGED}: name another target, drop it by hand, or write replace_managed = "drop"'
    if not one.there.location:
        return f"{MANAGED}, and it has none that would tell where they are: drop it by hand"
    return ""


async def with_drops(chains: Sequence[Looked], around: Sequence[tuple[str, str]]) -> list[Chain]:
    """Of each table its steps and findings: blocked where a drop would harm others. `around` see `_refusals`."""
    by_server: dict[str, list[Filed]] = {}
    for one, steps, _ in chains:
        if any(isinstance(step, Swap) and step.drops for step in steps):
            by_server.setdefault(one.pair.target.endpoint, []).append(one)
    refusals: dict[ObjectRef, str] = {}
    for dropped in by_server.values():
        refusals |= await _refusals(dropped, around)
    return [
        ([blocked(one, text)], [finding("MG502", one.where, text)])
        if (text := refusals.get(one.pair.target, ""))
        else (steps, findings)
        for one, steps, findings in chains
    ]


async def _refusals(dropped: Sequence[Filed], around: Iterable[tuple[str, str]]) -> dict[ObjectRef, str]:
    """Of these tables, of one server, those that may not be dropped for their successors, and why.

    A drop deletes all below a table's location. `around` are locations of the plan, and what each is, in words.
    """
    found: dict[ObjectRef, str] = {}
    others: list[tuple[str, str, Filed | None]] = [(location, what, None) for location, what in around]
    others += [(place_of(one), f"{one.pair.target} is too", one) for one in dropped]
    for one in dropped:
        where = place_of(one)
        away = await _away(one)
        inside = [what for location, what, of in others if of is not one and overlap(location, where)]
        if inside:
            found[one.pair.target] = f"{MANAGED}: dropping it would delete below {where}, where {inside[0]}"
        elif away:
            found[one.pair.target] = f"{MANAGED}, and its partition {away}: drop it by hand"
    asked = [one for one in dropped if one.pair.target not in found]
    if asked:
        names = [one.pair.target.table for one in dropped]
        used = await asked[0].others.users([place_of(one) for one in asked], names)
        for one in asked:
            if what := used.get(place_of(one)):
                where = place_of(one)
                found[one.pair.target] = f"{MANAGED}: dropping it would delete below {where}, where {what} is too"
    return found


def place_of(one: Filed) -> str:
    """Where the table that is there has its files."""
    return one.there.location if one.there is not None else ""


async def _away(one: Filed) -> str:
    """A partition of it that is not below its location, and where that is, if any."""
    actual, place = one.gap.actual, one.there
    assert actual is not None and place is not None  # noqa: S101 PT018 - what is not there is not dropped
    if actual.partitioning is None:
        return ""
    parts = await one.others.located(actual, place, await one.others.partitions(actual, place, ""))
    far = [part for part in parts if not below(part.location, place.location)]
    return f"{far[0].name} is elsewhere, at {far[0].location}" if far else ""


def fate(one: Filed) -> str:
    """What becomes of the table that is there when another takes its place."""
    managed = one.there is not None and not one.there.renames
    return "the old one is dropped" if managed else "the old one is kept aside"
