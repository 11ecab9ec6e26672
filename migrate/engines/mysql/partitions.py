"""Partitions of an existing table: the cheapest clause that spreads the rows as wanted and keeps every one.

The words are the definition's own. A partition is never dropped: rows of one that is not wanted go where they belong,
and where they belong nowhere the server refuses (error 1526).
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec
from msgspec.structs import replace

from migrate.errors import UnreadableDdl
from migrate.model.table import Partition, Partitioning
from migrate.sql import Token, quote, tokens

__all__ = ["Spread", "spread", "spreading"]

_BOUND = re.compile(r"LESS THAN \((-?\d+)\)\Z")


Way = Literal["add", "reorganize", "all"]


class Spread(msgspec.Struct, frozen=True):
    """`clause` goes to the end of the ALTER TABLE, without a comma; `alone`: nothing else may be in that statement."""

    clause: str
    alone: bool = False


def spread(actual: Partitioning | None, wanted: Partitioning | None, tail: str) -> Spread:
    """What makes partitions as wanted, in the words of `tail`, which is what follows the body of the definition.

    Raises `UnreadableDdl` when it does not say how the table is partitioned, or says other partitions.
    """
    if wanted is None:
        return Spread("REMOVE PARTITIONING")
    whole, parts = _cut(tail)
    cut = _differing(actual, wanted) if actual is not None else None
    if actual is None or cut is None or not parts:
        return Spread(whole)
    if len(parts) != len(wanted.partitions):
        raise UnreadableDdl(tail, f"it has {len(parts)} partitions, and {len(wanted.partitions)} were inspected")
    first, left = cut
    listed = ",\n ".join(parts[first : len(parts) - left])
    names = ", ".join(quote(part.name) for part in actual.partitions[first : len(actual.partitions) - left])
    return Spread(f"REORGANIZE PARTITION {names} INTO (\n {listed})" if names else f"ADD PARTITION (\n {listed})", True)


def spreading(actual: Partitioning | None, wanted: Partitioning | None) -> Way:
    """Which partitions `spread` makes anew: some that are added, some in place of others, or all."""
    cut = _differing(actual, wanted) if actual is not None and wanted is not None else None
    if actual is None or cut is None:
        return "all"
    return "add" if sum(cut) == len(actual.partitions) else "reorganize"


def _differing(actual: Partitioning, wanted: Partitioning) -> tuple[int, int] | None:
    """How many partitions are alike before and after those that differ; None where only all can be made anew.

    That is so where rows are told apart in another way, and where fewer rows would fit: the server then looks at each.
    """
    alike = replace(actual, partitions=()) == replace(wanted, partitions=())
    if not alike or not wanted.method.upper().startswith(("RANGE", "LIST")) or actual == wanted:
        return None
    there, want = actual.partitions, wanted.partitions
    shorter = min(len(there), len(want))
    first = 0
    while first < shorter and there[first] == want[first]:
        first += 1
    left = 0
    while left < shorter - first and there[-1 - left] == want[-1 - left]:
        left += 1
    if wanted.method.upper().startswith("RANGE"):
        # A partition begins where the one before ends: the first one behind the differing ones may change with them.
        if left and (first == len(there) - left or _last(there, left) != _last(want, left)):
            left -= 1
        if not left and first < len(there) and not _reaches(want[-1], there[-1]):
            return None
    elif left and first == len(there) - left:
        return None  # a new list among others: ADD PARTITION puts it last
    return None if first == len(want) - left else (first, left)


def _last(partitions: tuple[Partition, ...], left: int) -> str:
    """The bound of the last one that differs."""
    return partitions[len(partitions) - left - 1].bound if len(partitions) > left else ""


def _reaches(wanted: Partition, actual: Partition) -> bool:
    """Whether the last partition ends no sooner than the actual last one."""
    if wanted.bound == actual.bound or wanted.bound == "LESS THAN MAXVALUE":
        return True
    want, there = _BOUND.match(wanted.bound), _BOUND.match(actual.bound)
    return bool(want and there and int(want[1]) >= int(there[1]))


def _cut(tail: str) -> tuple[str, tuple[str, ...]]:
    """The whole PARTITION BY, and the text of each partition; none where they are only counted."""
    found = tokens(tail, versioned=True)
    start = next((at for at, token in enumerate(found) if _begins(found, at)), None)
    if start is None:
        raise UnreadableDdl(tail, "it says nothing of partitions")
    clause = found[start:]
    whole = tail[clause[0].start : clause[-1].end]
    opening = next(
        (
            at
            for at in range(1, len(clause))
            if clause[at].text == "(" and clause[at + 1].text == "PARTITION" and clause[at + 1].kind == "word"
        ),
        None,
    )
    if opening is None:
        return whole, ()
    parts: list[str] = []
    depth = 0
    begin = clause[opening].end
    for token in clause[opening:]:
        if token.kind != "sign":
            continue
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 or (depth == 1 and token.text == ","):
            parts.append(tail[begin : token.start].strip())
            begin = token.end
        if depth == 0:
            break
    return whole, tuple(parts)


def _begins(found: tuple[Token, ...], at: int) -> bool:
    token = found[at]
    if token.kind != "word":
        return False
    if token.text == "PARTITION BY":
        return True
    return token.text == "PARTITION" and at + 1 < len(found) and found[at + 1].text == "BY"
