"""Unique keys whose texts compare otherwise on the target: whether rows that differ here would be equal there.

Asked of the source, which can tell where it has the target's collation under the same rules: a unique key refuses such
rows, and a load would end on them half way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migrate.engines.base import Collision, Dialect
from migrate.engines.mysql.abilities import read_collations
from migrate.engines.mysql.collations import change, same_name, weights
from migrate.engines.mysql.connect import Server
from migrate.engines.mysql.phrases import sql_of
from migrate.model.table import Column, Index, IndexPart, Table
from migrate.model.types import Binary, Bit, Text
from migrate.sql import quote, quote_table

__all__ = ["collisions"]

# SQL_BIG_RESULT has the rows sorted, where a table of the groups takes twenty times as long (MariaDB). Sorting looks at
# no more than max_sort_length bytes of a text (seen on 8.0.33: what differs behind them is no group), and needs room.
BEFORE = "SET max_sort_length=8388608,sort_buffer_size=8388608"
ONE = """\
SELECT COUNT(*),MIN(`value`),MAX(`value`)
FROM (SELECT SQL_BIG_RESULT CONCAT(MIN({spelled}),'|',MAX({spelled})) AS `value`
FROM {table} WHERE {present}{where} GROUP BY {groups} HAVING COUNT(*)>1) AS `twice`"""

LONGEST = 60
"""Letters of a value that are shown."""


async def collisions(server: Server, ways: Sequence[tuple[Table, Table, str]], there: Dialect) -> tuple[Collision, ...]:
    """See the contract. One query for each such key; tables without one cost nothing."""
    async with server.session("metadata") as session:
        here = Dialect("mariadb" if server.is_mariadb else "mysql", server.version)
        asked = [
            (mine, key, where)
            for mine, theirs, where in ways
            for index in mine.indexes
            if (key := _Key(mine, index, theirs, here, there)).moved
        ]
        if not asked:
            return ()
        found: list[Collision] = []
        known = await read_collations(session)
        await session.execute(BEFORE)
        for mine, key, where in asked:
            statement = key.query(known, where)
            if statement:
                ((number, first, last),) = (await session.query(statement, str(mine.name))).rows
                examples = tuple(dict.fromkeys(key.spell(str(one)) for one in (first, last) if one is not None))
                found.append(Collision(mine.name, key.name, key.rules, int(number), examples))
        await session.close()  # nobody else works under these settings
    return tuple(found)


class _Key:
    """One unique key, as it is here and there; `moved` are the collations of its texts that compare otherwise."""

    def __init__(self, mine: Table, index: Index, theirs: Table, here: Dialect, there: Dialect) -> None:
        self.name, self._table, self._here, self._there = index.name, mine, here, there
        self._columns = {column.name: column for column in mine.columns}
        self._parts: list[tuple[IndexPart, str]] = []
        """What is unique here, and the collation by which it is compared there, if that is another one."""
        self.moved: list[tuple[str, str]] = []
        wanted = {column.name: column for column in theirs.columns}
        made = next((one for one in theirs.indexes if one.name == index.name), None)
        if made is None or index.kind not in ("primary", "unique"):
            return
        for part, goal in zip(index.parts, made.parts, strict=True):
            old, new = _collation(self._columns.get(part.column)), _collation(wanted.get(goal.column))
            is_other = bool(new) and (old or part.expression) and self._weights(old) != weights(new, there.vendor)
            self._parts.append((part, new if is_other else ""))
            if is_other:
                self.moved.append((old, new))

    @property
    def rules(self) -> str:
        """By which collations it is compared there, and what they change."""
        said = ((new, change(old, new) if old else "") for old, new in dict.fromkeys(self.moved))
        return " and ".join(f"{new} ({why})" if why else new for new, why in said)

    def query(self, known: Mapping[str, str], where: str) -> str:
        """How many values are there more than once, with two of them; empty where this server does not know."""
        groups, spelled, present = [], [], []
        for part, collation in self._parts:
            value, name = self._value(part), self._own_name(collation, known)
            if collation and not name:
                return ""
            if name and part.expression:
                value = f"CONVERT({value} USING {known[name]})"
            present.append(f"{value} IS NOT NULL")
            groups.append(f"{value} COLLATE {name}" if name else value)
            spelled.append(f"HEX(CONVERT({value} USING utf8mb4))" if self._is_text(part) else f"HEX(CONCAT({value}))")
        return ONE.format(
            spelled=spelled[0] if len(spelled) == 1 else f"CONCAT_WS(',',{','.join(spelled)})",
            table=quote_table(self._table.name),
            present=" AND ".join(present),
            where=f" AND ({where}\n)" if where else "",
            groups=",".join(groups),
        )

    def _value(self, part: IndexPart) -> str:
        value = quote(part.column) if part.column else f"({sql_of(part.expression, self._here)})"
        return f"LEFT({value},{part.prefix})" if part.prefix else value

    def _own_name(self, collation: str, known: Mapping[str, str]) -> str:
        """What this server calls it; empty where it has none that compares so."""
        if self._weights(collation) != weights(collation, self._there.vendor):
            return ""
        return next((name for name in known if same_name(name, collation)), "")

    def _weights(self, collation: str) -> str:
        return weights(collation, self._here.vendor)

    def _is_text(self, part: IndexPart) -> bool:
        column = self._columns.get(part.column)
        return column is None or isinstance(column.type, Text)

    def spell(self, value: str) -> str:
        """One value, as a person reads it: how it is spelled here, in two ways where it is."""
        ways = [", ".join(self._spelled(way)) for way in dict.fromkeys(value.split("|"))]
        return " and ".join(f"({way})" if len(self._parts) > 1 else way for way in ways)

    def _spelled(self, way: str) -> Iterator[str]:
        for (part, _), digits in zip(self._parts, way.split(","), strict=True):
            column = self._columns.get(part.column)
            if column is not None and isinstance(column.type, Binary | Bit):
                yield f"0x{digits[: 2 * LONGEST]}{'…' * (len(digits) > 2 * LONGEST)}"
                continue
            text = bytes.fromhex(digits).decode("utf-8", "backslashreplace")
            shown = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}"
            yield repr(shown) if self._is_text(part) else shown


def _collation(column: Column | None) -> str:
    """By which a text is compared; members of ENUM and SET are compared as numbers."""
    return column.collation if column is not None and isinstance(column.type, Text) else ""
