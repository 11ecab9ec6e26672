"""Documents that a target's parser altered on their way in: found row by row where a range differs, mended, named."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from migrate.engines.base import Altered, Engine, Reader, Rows, Writer
from migrate.engines.compare import Compared, compare_span
from migrate.model.types import Json

Opening = Callable[[], Awaitable[Writer]]
"""How to come by a writer, which is opened only if there is something to write."""

ROWS = 500
"""Rows whose documents are held at a time."""

NAMED = 20
"""Values of one table that are named."""


class Documents:
    """One table's. `mended` counts documents, `lost` values that are still others; `named` are the first of these."""

    def __init__(
        self, left: Reader, right: Reader, mine: Rows, theirs: Rows, between: Callable[[], None] = lambda: None
    ) -> None:
        self._left = left
        self._right = right
        self._mine = mine
        self._theirs = theirs
        self._between = between
        self.mended = 0
        self.lost = 0
        self.named: list[Altered] = []

    @property
    def there(self) -> bool:
        """Whether the table has documents on both sides, in rows that can be found again."""
        both = (self._mine.columns, self._theirs.columns)
        return bool(self._mine.key) and all(any(isinstance(one.type, Json) for one in columns) for columns in both)

    async def settle(self, found: Compared, writer: Opening | None) -> Compared:
        """A range that differs, after its documents were mended by what `writer` opens; without, they are looked at.

        What cannot be mended is counted and named. Raises `ServerError`, and what `between` and `writer` do.
        """
        here, there = await asyncio.gather(
            self._left.fingerprints(self._mine, found.span), self._right.fingerprints(self._theirs, found.span)
        )
        keys = [key for key, value in here.items() if there.get(key, value) != value]
        before = self.mended
        for start in range(0, len(keys), ROWS):
            self._between()
            documents = await self._left.documents(self._mine, keys[start : start + ROWS])
            altered = await self._right.altered(self._theirs, documents)
            if altered and writer is not None:
                places = {(one.key, one.column) for one in altered}
                documents = [one for one in documents if (one.key, one.column) in places]
                self.mended += await (await writer()).mend(self._theirs, documents)
                altered = await self._right.altered(self._theirs, documents)
            self.lost += len(altered)
            self.named += altered[: NAMED - len(self.named)]
        if self.mended == before:
            return found
        return await compare_span(self._left, self._right, self._mine, self._theirs, found.span)

    def forget(self) -> None:
        """What could not be mended so far will be looked at again."""
        self.lost = 0
        self.named.clear()

    def said(self, source: Engine) -> list[str]:
        """The values that are others on the target, a line each, and how many more there are."""
        lines = [
            f"row {source.spell(one.key)}, document {one.column} at {one.path}: {one.was} became {one.became}"
            for one in self.named
        ]
        return [*lines, f"and {self.lost - len(lines):,} more values in documents"] if self.lost > len(lines) else lines
