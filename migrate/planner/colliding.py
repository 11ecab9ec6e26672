"""Rows that are equal in a unique key as the target compares it: found before a load would end on them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from migrate.engines.base import Collision, Engine
from migrate.model.table import ObjectRef, spell
from migrate.model.words import counted
from migrate.planner.translate import Pair

Collisions = Mapping[ObjectRef, tuple[Collision, ...]]
"""Of each target table the keys that could be judged."""


async def collisions(pairs: Sequence[Pair], engines: Mapping[str, Engine]) -> dict[ObjectRef, tuple[Collision, ...]]:
    """Ask the sources of these tables. Raises `ServerError`."""
    ways: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        ways.setdefault((pair.source.endpoint, pair.target.endpoint), []).append(pair)
    answers = await asyncio.gather(
        *(
            engines[source].collisions([(pair.table, pair.wanted, pair.where) for pair in some], engines[target])
            for (source, target), some in ways.items()
        )
    )
    found: dict[ObjectRef, tuple[Collision, ...]] = {}
    for some, said in zip(ways.values(), answers, strict=True):
        for pair in some:
            if mine := tuple(one for one in said if one.table == pair.source.table):
                found[pair.target] = mine
    return found


def refused(pairs: Sequence[Pair], found: Collisions) -> dict[ObjectRef, tuple[str, str]]:
    """Of each target table that would refuse rows: a finding's code and text that rule out every step."""
    texts = {
        pair.target: "; ".join(_said(pair, one) for one in found.get(pair.target, ()) if one.values) for pair in pairs
    }
    return {ref: ("MG309", text) for ref, text in texts.items() if text}


def _said(pair: Pair, one: Collision) -> str:
    primary = any(index.name == one.index and index.kind == "primary" for index in pair.wanted.indexes)
    key = "the primary key" if primary else f"the unique key {spell(one.index)}"
    many = counted(one.values, "value is", "values are")
    return f"{key}: {many} there more than once under {one.rules}, such as {'; '.join(one.examples)}"
