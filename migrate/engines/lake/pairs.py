"""Two listings side by side, without holding them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from migrate.engines.lake.files import Stored

Pair = tuple[Stored | None, Stored | None]


class _Reading:
    """One listing, one object ahead; `ordered` as long as keys ascend."""

    def __init__(self, objects: AsyncIterator[Stored]) -> None:
        self._objects = objects
        self.now: Stored | None = None
        self.ordered = True

    async def go_on(self) -> None:
        before, self.now = self.now, await anext(self._objects, None)
        if before is not None and self.now is not None and self.now.key < before.key:
            self.ordered = False


async def paired(left: AsyncIterator[Stored], right: AsyncIterator[Stored]) -> AsyncIterator[Pair]:
    """Objects of equal key together, the others with None; each object once.

    S3 lists in the order of UTF-8, where nothing is held. Some stores do not (SeaweedFS sorts folder by folder, the
    directory buckets of AWS not at all): what has not met its like is held then, which is little where both sides have
    the same order, and one location's objects at worst. Before a listing shows that it is out of order, an object may
    come alone of each side although both have it: whoever minds asks for it by name.
    """
    here, there = _Reading(left), _Reading(right)
    await here.go_on()
    await there.go_on()
    lefts: dict[str, Stored] = {}
    rights: dict[str, Stored] = {}
    while here.now is not None or there.now is not None:
        if here.now is not None and there.now is not None and here.now.key == there.now.key:
            yield here.now, there.now
            await here.go_on()
            await there.go_on()
        elif here.now is not None and (there.now is None or here.now.key < there.now.key):
            met = rights.pop(here.now.key, None)
            if met is not None or there.now is None or (here.ordered and there.ordered):
                yield here.now, met
            else:
                lefts[here.now.key] = here.now
            await here.go_on()
        elif there.now is not None:
            met = lefts.pop(there.now.key, None)
            if met is not None:
                yield met, there.now
            else:
                rights[there.now.key] = there.now
            await there.go_on()
    for one in lefts.values():
        yield one, None
    for one in rights.values():
        yield None, one
