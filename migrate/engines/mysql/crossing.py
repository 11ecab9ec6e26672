"""What the parts of one table share while it is put into the words of another server."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping

from migrate.engines.base import Dialect, Note
from migrate.engines.mysql import collations
from migrate.engines.mysql.abilities import Abilities
from migrate.engines.mysql.phrases import Place, expression, sql_of, told_by
from migrate.model.table import Check, Column, Index, Table, TableName
from migrate.model.types import Enum, Set
from migrate.sql import quote

_LONGEST = 64


def free_name(name: str, taken: Collection[str]) -> str:
    """`name`, or one made from it, that has at most 64 characters and is not among `taken`, which is in lower case.

    The same for the same arguments: a second plan must find what the first one made.
    """
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    for tail in ("", *(f"_{number}" for number in range(2, 1000))):
        made = name if len(name + tail) <= _LONGEST else f"{name[: _LONGEST - len(digest) - len(tail) - 1]}_{digest}"
        if (made + tail).casefold() not in taken:
            return made + tail
    raise ValueError(f"no name is left like {name}")


class Crossing:
    """One table on its way: what was noted, what was refused, and what its parts need besides."""

    def __init__(
        self,
        table: Table,
        origin: Dialect,
        target: Abilities,
        twice: Collection[str],
        parents: Mapping[TableName, Table],
    ) -> None:
        """`twice` are names of checks, in lower case, that more than one table of the schema has."""
        self.table, self.origin, self.target, self.twice, self.parents = table, origin, target, twice, parents
        self.here = target.dialect
        self.has = target.features
        self.crossing = origin.vendor != self.here.vendor
        self.to_mariadb = self.crossing and self.here.vendor == "mariadb"
        self.to_mysql = self.crossing and self.here.vendor == "mysql"
        self.notes: list[Note] = []
        self.refused: list[Note] = []
        self.columns: list[Column] = []
        self.checks: list[Check] = []
        """Checks that stand in for what the target has no other word for."""
        self._collated: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._reweighed: dict[str, tuple[str, str]] = {}

    def note(self, code: str, text: str, part: str = "") -> None:
        """What a reviewer must know."""
        self.notes.append(Note(code, self.table.name, text, part))

    def refuse(self, text: str, part: str = "") -> None:
        """Why the target cannot have the table."""
        self.refused.append(Note("MG410", self.table.name, text, part))

    # -- expressions

    def said(self, told: str, place: Place, where: str, part: str, code: str) -> str:
        """An expression as the target's dictionary would tell it; the same where nothing must be said otherwise."""
        sql = sql_of(told, self.origin)
        said = expression(sql, self.origin, self.target, place, self.table.columns)
        for why in said.refused:
            self.refuse(f"{where}: {why}", part)
        for what in said.changes:
            self.note(code, f"{where}: {what}", part)
        if said.refused or (not self.crossing and said.text == sql):
            return told
        return told_by(said.text, self.here)

    def kept(self, column: str) -> bool:
        """Whether an index keeps the values of that column, generated or not."""
        return any(part.column.casefold() == column.casefold() for index in self.table.indexes for part in index.parts)

    # -- checks

    def free_check(self, name: str) -> str:
        """A name for a check that neither a check nor a column of the table has."""
        taken = {check.name.casefold() for check in (*self.table.checks, *self.checks)}
        return free_name(name, taken | {column.name.casefold() for column in self.table.columns})

    def not_null(self, column: str) -> str:
        """Makes a check that stands in for NOT NULL, and gives its name."""
        name = self.free_check(f"{column}_not_null")
        self.checks.append(Check(name, told_by(f"{quote(column)} is not null", self.here)))
        return name

    # -- collations

    def weigh(self, old: str, new: str, column: str = "") -> None:
        """Remember that a column, or the table's default, has another collation now, if it compares otherwise."""
        if collations.weights(old, self.origin.vendor) == collations.weights(new, self.here.vendor):
            return
        self._collated[old, new].append(column)
        if column:
            self._reweighed[column] = (old, new)

    def tell_collations(self) -> None:
        """One note for each collation and what it becomes."""
        for (old, new), columns in self._collated.items():
            named = [quote(column) for column in columns if column]
            more = f" and {len(named) - 5} more" if len(named) > 5 else ""
            where = f"column{'s' if len(named) > 1 else ''} {', '.join(named[:5])}{more}: " if named else "by default: "
            what = f"the collation {old} becomes {new}" if old != new else f"{new} is the target's own of that name"
            why = collations.change(old, new)
            self.note("MG401", f"{where}{what}{f' ({why})' if why else ''}")

    def recheck(self, index: Index) -> None:
        """A unique key over text that compares otherwise now refuses other rows. ENUM and SET are numbers in it."""
        numbers = {column.name for column in self.table.columns if isinstance(column.type, Enum | Set)}
        parts = [part.column for part in index.parts if part.column not in numbers]
        moved = [self._reweighed[column] for column in parts if column in self._reweighed]
        if index.kind not in ("primary", "unique") or not moved:
            return
        old, new = moved[0]
        why = collations.change(old, new)
        key = "the primary key" if index.kind == "primary" else f"the unique key {quote(index.name)}"
        self.note(
            "MG411",
            f"{key} is checked again under {new} while rows are loaded: rows that are equal under it are refused"
            + (f" ({why})" if why else ""),
            index.name,
        )
