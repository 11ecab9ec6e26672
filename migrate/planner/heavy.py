"""Rows that are too large for a server's packets: found before a load would end on them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from migrate.engines.base import Engine, Oversized
from migrate.model.table import ObjectRef
from migrate.planner.survey import both_sides
from migrate.planner.translate import Pair


async def heavy(pairs: Sequence[Pair], engines: Mapping[str, Engine]) -> dict[ObjectRef, tuple[str, str]]:
    """Of each target table that such rows are to be loaded into: a finding's code and text that rule out every step.

    Raises `ServerError`.
    """
    ways: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        ways.setdefault((pair.source.endpoint, pair.target.endpoint), []).append(pair)
    answers = await asyncio.gather(*(_between(way, some, engines) for way, some in ways.items()))
    return {ref: ("MG308", text) for found in answers for ref, text in found.items()}


async def _between(way: tuple[str, str], pairs: Sequence[Pair], engines: Mapping[str, Engine]) -> dict[ObjectRef, str]:
    source, target = engines[way[0]], engines[way[1]]
    found = await source.oversized([both_sides(pair, source, target) for pair in pairs], await target.intake())
    texts: dict[ObjectRef, str] = {}
    for pair in pairs:
        said = [_said(one, way) for one in found if one.table == pair.source.table]
        if said:
            texts[pair.target] = "; ".join(said)
    return texts


def _said(one: Oversized, way: tuple[str, str]) -> str:
    endpoint, verb = (way[0], "read from") if one.side == "source" else (way[1], "written to")
    rows = f"{one.rows:,} row{'s' if one.rows > 1 else ''}"
    advice = f"{one.advice} there" if one.advice else "no setting of that server is enough"
    return f"{rows} cannot be {verb} {endpoint}: the largest needs a packet of {one.largest:,} bytes; {advice}"
