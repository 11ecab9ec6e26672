"""Documents that a target's parser altered on their way in: found row by row where a range differs, mended, named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing

import msgspec

from migrate.engines.base import Altered, Engine, Reader, Rows, Writer
from migrate.engines.compare import Batches, Compared, compare_span, differing, in_meaning
from migrate.model.types import Json

Opening = Callable[[], Awaitable[Writer]]
"""How to come by a writer, which is opened only if there is something to write."""

NAMED = 20
"""Values of one table that are named."""


class Tally(msgspec.Struct):
    """How many documents of a table were mended, how many values are others still, and the first of these.

    `untold`: documents were in rows that cannot be found again, and may be what differs.
    """

    mended: int = 0
    lost: int = 0
    named: list[Altered] = []
    untold: bool = False

    def forget(self) -> None:
        """What could not be mended so far will be looked at again."""
        self.lost = 0
        self.named.clear()

    def said(self, source: Engine) -> tuple[str, ...]:
        """The values that are others on the target, a line each, and how many more there are."""
        lines = [
            f"row {source.spell(one.key)}, document {one.column} at {one.path}: {one.was} became {one.became}"
            for one in self.named
        ]
        if self.untold:
            return ("it has JSON documents, and no key by which these could be mended or named: give it one",)
        more = self.lost - len(lines)
        return (*lines, f"and {more:,} more values in documents") if more > 0 else tuple(lines)


class Documents:
    """One table's documents, as two readers see them; several may count together in `tally`."""

    def __init__(
        self,
        left: Reader,
        right: Reader,
        mine: Rows,
        theirs: Rows,
        turn: Callable[[], Awaitable[None]],
        tally: Tally | None = None,
    ) -> None:
        """`turn` is waited for before rows are looked at, and may raise."""
        self._left = left
        self._right = right
        self._mine = mine
        self._theirs = theirs
        self._turn = turn
        self.tally = tally or Tally()

    @property
    def there(self) -> bool:
        """Whether the table has documents on both sides, in rows that can be found again."""
        return has_documents(self._mine) and has_documents(self._theirs)

    async def settle(self, found: Compared, writer: Opening | None) -> Compared:
        """A range that differs, after its documents were mended by what `writer` opens; without, they are looked at.

        What cannot be mended is counted and named. Raises `ServerError`, and what `turn` and `writer` do.
        """
        found = await in_meaning(self._left, self._right, self._mine, self._theirs, found)
        if found.equal or not self.there:
            self.tally.untold = not found.equal and not self._mine.key and _documents(self._mine)
            return found
        mended = 0
        async with aclosing(differing(self._left, self._right, self._mine, self._theirs, found.span)) as groups:
            async for one in groups:
                batches = Batches(one.changed)
                while keys := batches.take():
                    await self._turn()
                    documents = await self._left.documents(self._mine, keys)
                    batches.held(documents)
                    altered = await self._right.altered(self._theirs, documents)
                    if altered and writer is not None:
                        places = {(one.key, one.column) for one in altered}
                        documents = [one for one in documents if (one.key, one.column) in places]
                        mended += await (await writer()).mend(self._theirs, documents)
                        altered = await self._right.altered(self._theirs, documents)
                    self.tally.lost += len(altered)
                    self.tally.named += altered[: NAMED - len(self.tally.named)]
        self.tally.mended += mended
        if not mended:
            return found
        return await compare_span(self._left, self._right, self._mine, self._theirs, found.span)


def has_documents(rows: Rows) -> bool:
    """Whether there are JSON documents, in rows that can be found again by a key."""
    return bool(rows.key) and _documents(rows)


def _documents(rows: Rows) -> bool:
    return any(isinstance(column.type, Json) for column in rows.columns)
