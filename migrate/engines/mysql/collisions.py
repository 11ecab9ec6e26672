"""Unique keys whose texts compare otherwise on the target: whether rows that differ here would be equal there.

Asked of the source, which can tell where it has the target's collation under the same rules; where not, the target is
asked to weigh the values, see `weighing`. A unique key refuses such rows, and a load would end on them half way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migrate.engines.base import Collision, Dialect
from migrate.engines.mysql.abilities import read_collations
from migrate.engines.mysql.collations import change, same_name, weights
from migrate.engines.mysql.connect import Server, Session
from migrate.engines.mysql.phrases import sql_of
from migrate.engines.mysql.weighing import NEW_LETTERS, Judge, twice, versions_apart
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


async def collisions(
    server: Server, ways: Sequence[tuple[Table, Table, str]], there: Dialect, judge: Judge
) -> tuple[Collision, ...]:
    """See the contract. One query for each such key that this server can tell of; tables without one cost nothing."""
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
                told = int(number), tuple(str(one) for one in (first, last) if one is not None)
            else:
                async with server.session("metadata") as other:  # one that was left in the middle is closed
                    weighed = await key.weighed(other, where, judge)
                if weighed is None:
                    continue
                told = weighed
            examples = tuple(dict.fromkeys(map(key.spell, told[1])))
            found.append(Collision(mine.name, key.name, key.rules, told[0], examples))
        await session.close()  # nobody else works under these settings
    return tuple(found)


class _Key:
    """One unique key, as it is here and there; `moved` are the collations of its texts that compare otherwise."""

    def __init__(self, mine: Table, index: Index, theirs: Table, here: Dialect, there: Dialect) -> None:
        self.name, self._table, self._here, self._there = index.name, mine, here, there
        self._columns = {column.name: column for column in mine.columns}
        self._parts: list[tuple[IndexPart, str]] = []
        """What is unique here, and the collation by which it is compared there, if that is another one."""
        self._rules: list[str] = []
        """By which collation each part is compared there; empty where it is by bytes."""
        self.moved: list[tuple[str, str]] = []
        wanted = {column.name: column for column in theirs.columns}
        made = next((one for one in theirs.indexes if one.name == index.name), None)
        if made is None or index.kind not in ("primary", "unique"):
            return
        for part, goal in zip(index.parts, made.parts, strict=True):
            old, new = _collation(self._columns.get(part.column)), _collation(wanted.get(goal.column))
            is_other = bool(new) and (old or part.expression) and self._weights(old) != weights(new, there.vendor)
            self._parts.append((part, new if is_other else ""))
            self._rules.append(new)
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
            spelled.append(self._digits(part))
        return ONE.format(
            spelled=spelled[0] if len(spelled) == 1 else f"CONCAT_WS(',',{','.join(spelled)})",
            table=quote_table(self._table.name),
            present=" AND ".join(present),
            where=f" AND ({where}\n)" if where else "",
            groups=",".join(groups),
        )

    async def weighed(self, session: Session, where: str, judge: Judge) -> tuple[int, tuple[str, ...]] | None:
        """How many values the target takes for equal to others, with two of them; None where that stays unknown."""
        values = [self._value(part) for part, _ in self._parts]
        clause = " AND ".join(f"{value} IS NOT NULL" for value in values) + (f" AND ({where}\n)" if where else "")
        taken = f"FROM {quote_table(self._table.name)} WHERE {clause}"
        if self._here.vendor == "mysql" and all(versions_apart(old, new) for old, new in self.moved):
            texts = [value for value, (_, new) in zip(values, self._parts, strict=True) if new]
            new_letters = " OR ".join(NEW_LETTERS.format(text=text) for text in texts)
            if not (await session.query(f"SELECT 1 {taken} AND ({new_letters}) LIMIT 1", str(self._table.name))).rows:
                return 0, ()
        spelled = ",',',".join(self._digits(part) for part, _ in self._parts)
        return await twice(session, taken, f"CONCAT({spelled})", self._rules, judge)

    def _digits(self, part: IndexPart) -> str:
        value = self._value(part)
        return f"HEX(CONVERT({value} USING utf8mb4))" if self._is_text(part) else f"HEX(CONCAT({value}))"

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
