"""Rows without a parent: sessions that write have foreign_key_checks=0, so that no server looks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from migrate.engines.base import Engine
from migrate.errors import Different
from migrate.model.table import Catalog, ForeignKey, ObjectRef
from migrate.model.words import counted
from migrate.planner.outside import Reference, outside, references
from migrate.planner.survey import Survey
from migrate.planner.translate import Pair

LEAVE_OUT = "move the parent's rows too, or leave the foreign key out with `migrate plan --skip`"

MIXED = "mixed moments: these rows were read at several; apply again without --no-verify, which brings them to one"

OUTSIDE = "the plan does not move that table: delete these rows there, or give them a parent again"


class Look(msgspec.Struct, frozen=True):
    """A foreign key on a target whose rows are to be counted, and what the count may be.

    `source` and `original` are the table and its key where they come from. Without them the table is one that no move
    brings, and `known` is how many of its rows may lack a parent.
    """

    at: Reference
    source: ObjectRef | None = None
    original: ForeignKey | None = None
    known: int = 0


class Orphans(msgspec.Struct, frozen=True):
    """How many rows have no parent, and how many may."""

    look: Look
    here: int
    allowed: int


def looks_at(pair: Pair) -> list[Look]:
    """The foreign keys of a table that moves."""
    originals = {key.name: key for key in pair.table.foreign_keys}
    return [Look(Reference(pair.target, key), pair.source, originals[key.name]) for key in pair.wanted.foreign_keys]


def looks_outside(present: Catalog, parent: ObjectRef, known: Mapping[str, int]) -> list[Look]:
    """Those foreign keys to `parent` that a plan names, as far as they are there still."""
    found = (one for one in references(parent.endpoint, present) if one.parent == parent)
    return [Look(one, known=known[one.name]) for one in found if one.name in known]


def looks_around(seen: Survey, pairs: Sequence[Pair], written: Collection[ObjectRef]) -> list[Look]:
    """Every foreign key that stands on a target and leaves one of these tables, or refers to one; `pairs` move."""
    there = seen.tables_there()
    looks = [look for pair in pairs if pair.target in there for look in looks_at(pair) if look.at.parent in there]
    others = outside(seen, {pair.target for pair in pairs})
    looks += [Look(one) for ref in sorted(others) for one in others[ref]]
    return [look for look in looks if look.at.child in written or look.at.parent in written]


async def orphans(look: Look, engines: Mapping[str, Engine]) -> Orphans:
    """Count the rows, at the source too where there are some. Raises `ServerError`."""
    here = await engines[look.at.child.endpoint].orphans(look.at.child.table, look.at.key)
    if not here or look.source is None or look.original is None:
        return Orphans(look, here, look.known)
    return Orphans(look, here, await engines[look.source.endpoint].orphans(look.source.table, look.original))


def judged(found: Sequence[Orphans], advice: str = LEAVE_OUT) -> str:
    """What to note of orphans that may be there. Raises `Different`, which names all others and ends with `advice`."""
    wrong = [one for one in found if one.here > one.allowed]
    if wrong:
        outsiders = all(one.look.source is None for one in wrong)
        raise Different("\n  ".join(map(_named, wrong)), OUTSIDE if outsiders else advice)
    return "; ".join(
        f"{counted(one.here, 'row has', 'rows have')} no parent for foreign key {one.look.at.key.name},"
        f" {'at the source too' if one.look.source else 'as when it was planned'}"
        for one in found
        if one.here
    )


def _named(one: Orphans) -> str:
    number = counted(one.here, "row has", "rows have")
    text = f"{one.look.at.child}: {number} no parent for foreign key {one.look.at.key.name}"
    if one.look.source:
        return f"{text}; at the source {one.allowed:,}"
    return f"{text}; {one.allowed:,} when it was planned" if one.allowed else text
