"""What stands below locations: versions of partitions, by listings of the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from migrate.engines.files import FilePartition, Listing, Place
from migrate.engines.lake.files import Objects, Stored


class Tally:
    """A `Listing` that grows by one object at a time, in any order."""

    def add(self, stored: Stored) -> None: ...

    def skip(self) -> None: ...

    @property
    def listing(self) -> Listing:
        raise NotImplementedError


def data(objects: Objects, location: str) -> AsyncIterator[tuple[Stored, bool]]:
    """Every object below the location, and whether it is data: what is not is skipped, and copied by nobody."""
    raise NotImplementedError


def listings(
    objects: Objects, place: Place, partitions: Sequence[FilePartition]
) -> AsyncIterator[tuple[str, Listing]]:
    """See `migrate.engines.files.Files.listings`."""
    raise NotImplementedError
