"""Foreign keys of tables on a target that no move brings there, but that refer to rows which a plan writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from migrate.engines.base import Bound, Engine, Reader, Rows
from migrate.model.plan import SyncRows
from migrate.model.table import Catalog, ForeignKey, ObjectRef, spell
from migrate.planner.survey import Survey

KEYS_AT_ONCE = 500
"""Keys in one statement."""


class Reference(msgspec.Struct, frozen=True):
    """A foreign key of the table `child`."""

    child: ObjectRef
    key: ForeignKey

    @property
    def name(self) -> str:
        """What a plan calls it."""
        return f"{self.child.table}.{spell(self.key.name)}"

    @property
    def parent(self) -> ObjectRef:
        """The table that it refers to."""
        return ObjectRef(self.child.endpoint, self.key.referenced)


def references(endpoint: str, catalog: Catalog) -> Iterator[Reference]:
    """Every foreign key of the tables there."""
    for table in catalog.tables:
        for key in table.foreign_keys:
            yield Reference(ObjectRef(endpoint, table.name), key)


def outside(seen: Survey, inside: Collection[ObjectRef]) -> dict[ObjectRef, tuple[Reference, ...]]:
    """Of each target table in `inside`: the foreign keys to it of tables that are not."""
    found: dict[ObjectRef, tuple[Reference, ...]] = {}
    for endpoint, catalog in seen.present.items():
        for one in references(endpoint, catalog):
            if one.parent in inside and one.child not in inside:
                found[one.parent] = (*found.get(one.parent, ()), one)
    return found


class Held:
    """Counts rows that refer to rows which are to be deleted: told of the latter by `engines.compare.difference`."""

    def __init__(self, rows: Rows, keys: Iterable[Reference]) -> None:
        """`rows` are those of the parent on the target. Only keys to its own key tell which rows lose their parent."""
        self._rows = rows
        self._keys = [one for one in keys if _is_to(one.key, [column.name for column in rows.key])]
        self._found = [0] * len(self._keys)

    async def look(self, reader: Reader, own: Sequence[Bound]) -> None:
        """Rows with these keys are to be deleted. Raises `ServerError`."""
        for start in range(0, len(own), KEYS_AT_ONCE):
            batch = own[start : start + KEYS_AT_ONCE]
            for n, one in enumerate(self._keys):
                self._found[n] += await reader.referring(self._rows, batch, one.child.table, one.key)

    def said(self) -> str:
        """What was found and what to do about it; empty when nothing was."""
        found = [
            f"{count:,} row{'s' * (count > 1)} of {one.child} (foreign key {one.key.name})"
            for one, count in zip(self._keys, self._found, strict=True)
            if count
        ]
        if not found:
            return ""
        return (
            f"rows that only the target has cannot be deleted: {', '.join(found)}, which the plan does not move, refer"
            f" to them. Delete or change those rows first, or plan without --prune for {self._rows.table}"
        )


async def watched(
    outsiders: Mapping[ObjectRef, Sequence[Reference]], syncs: Iterable[SyncRows], engines: Mapping[str, Engine]
) -> dict[str, dict[str, int]]:
    """Of each synced table: the foreign keys outside whose rows may lose their parent, and how many have none already.

    A row that is replaced keeps its key: what refers to that loses its parent only where rows are deleted.
    """
    by_name = {str(ref): keys for ref, keys in outsiders.items()}
    found: dict[str, dict[str, int]] = {}
    for step in syncs:
        for one in by_name.get(step.target, ()):
            if not step.blocked and (step.prune or not _is_to(one.key, step.key)):
                before = await engines[one.child.endpoint].orphans(one.child.table, one.key)
                found.setdefault(step.target, {})[one.name] = before
    return found


def _is_to(key: ForeignKey, columns: Collection[str]) -> bool:
    referred = {name.casefold() for name in key.referenced_columns}
    return referred == {name.casefold() for name in columns}
