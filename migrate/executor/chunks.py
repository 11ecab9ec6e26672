"""What the ledger's digests prove of a table that this run has loaded: the target alone is read for it.

Of every chunk the source said the digest as it gave the rows, at this run's moment. Where the target says the same of
what it holds, the rows are equal, and the source need not read them again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from migrate.engines.base import Bound, LedgerLine, Span
from migrate.executor.both import BothSides, raise_first

EVERYTHING: Sequence[Span] = (Span(),)


async def unproven(both: BothSides, lines: Sequence[LedgerLine], proven: Callable[[int], None]) -> Sequence[Span]:
    """Spans, in key order, that must be compared still; `proven` is told of the rows of each that need not be.

    `lines` are what the ledger has of the table, all of one moment, this run's. Raises `ServerError`, `Interrupt`.
    """
    chain = _chain(lines)
    if not chain or not any(line.digest for line in chain) or not both.mine.alike:
        return EVERYTHING
    left = set[int]()
    work = iter(enumerate(chain))
    count = min(len(chain), both.parts(both.target.slots))
    raise_first(await asyncio.gather(*(_look(both, work, left, proven) for _ in range(count)), return_exceptions=True))
    return _joined([line.span for number, line in enumerate(chain) if number in left])


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


def _chain(lines: Sequence[LedgerLine]) -> Sequence[LedgerLine]:
    """The chunks in key order, each beginning where the one before it ended; none where they are not all of a table."""
    by_lower: dict[Bound | None, LedgerLine] = {line.span.lower: line for line in lines if line.kind == "chunk"}
    chain: list[LedgerLine] = []
    at: Bound | None = None
    while line := by_lower.pop(at, None):
        chain.append(line)
        at = line.span.upper
        if at is None:
            return chain
    return ()


def _joined(spans: Sequence[Span]) -> Sequence[Span]:
    """Neighbours as one."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].upper == span.lower and span.lower is not None:
            joined[-1] = Span(joined[-1].lower, span.upper)
        else:
            joined.append(span)
    return joined
