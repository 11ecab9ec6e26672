"""What the ledger's digests prove of a table that this run has loaded: the target alone is read for it.

Of every chunk the source said the digest as it gave the rows, at this run's moment. Where the target says the same of
what it holds, the rows are equal, and the source need not read them again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from migrate.engines.base import Bound, LedgerLine, Span
from migrate.executor.both import EVERYTHING, BothSides, raise_first


async def unproven(both: BothSides, lines: Sequence[LedgerLine], proven: Callable[[int], None]) -> Sequence[Span]:
    """Spans, in key order, that must be compared still; `proven` is told of the rows of each that need not be.

    `lines` are what the ledger has of the table, all of one moment, this run's. Raises `ServerError`, `Interrupt`.
    """
    chunks = chain(lines)
    if not any(line.digest for line in chunks) or not both.mine.alike:
        return EVERYTHING
    left = set[int]()
    work = iter(enumerate(chunks))
    count = min(len(chunks), both.parts(both.target.slots))
    raise_first(await asyncio.gather(*(_look(both, work, left, proven) for _ in range(count)), return_exceptions=True))
    return joined([line.span for number, line in enumerate(chunks) if number in left])


async def _look(
    both: BothSides, work: Iterator[tuple[int, LedgerLine]], left: set[int], proven: Callable[[int], None]
) -> None:
    with both.failing():
        async with both.context.take(both.step, both.target.endpoint):
            await both.context.begin(both.step)
            async with both.target.reader() as reader:
                for number, line in work:
                    await both.pace.turn()
                    if line.digest and await reader.digest(both.theirs, line.span, line.digest) == line.digest:
                        proven(line.rows)
                    else:
                        left.add(number)


def chain(lines: Sequence[LedgerLine]) -> Sequence[LedgerLine]:
    """The chunks in key order, each beginning where the one before it ended; none where they are not all of a table."""
    by_lower: dict[Bound | None, LedgerLine] = {line.span.lower: line for line in lines if line.kind == "chunk"}
    found: list[LedgerLine] = []
    at: Bound | None = None
    while line := by_lower.pop(at, None):
        found.append(line)
        at = line.span.upper
        if at is None:
            return found
    return ()


def joined(spans: Sequence[Span]) -> Sequence[Span]:
    """Spans in key order, neighbours as one."""
    found: list[Span] = []
    for span in spans:
        if found and found[-1].upper == span.lower and span.lower is not None:
            found[-1] = Span(found[-1].lower, span.upper)
        else:
            found.append(span)
    return found
