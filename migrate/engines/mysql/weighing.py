"""Keys of a source that only the target can compare: sent as literals, weighed there, told apart by a number each.

Nothing is written, and no table of the target is read. Of texts without a letter from U+0530 on nothing needs to be
sent where only Unicode's version differs: MySQL's utf8mb4_0900 and MariaDB's uca1400 weigh all of them alike (Unicode
9 and 14; 8.0.33 and 11.8.9: their weights are one to one; U+0560, U+0588 and U+05EF are letters in 14 only).
"""

from __future__ import annotations

import itertools
import re
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from migrate.engines.mysql.connect import Server, Session
from migrate.engines.mysql.layout import literal_bytes
from migrate.sql import quote

Judge = Callable[[Sequence[str], Sequence[Sequence[bytes]]], Awaitable[Sequence[int]]]
"""What a target says of values of a key, see `migrate.engines.base.Engine.alike`."""

MOST = 1_000_000
"""Values of a key that are sent at most: twenty seconds of a target's work, and 8 MB here."""
AT_ONCE = 300
"""Values in one statement: of a key of 3,072 bytes these are 2 MB of digits."""

NEW_LETTERS = "REGEXP_LIKE({text},'[^\\\\x{{0000}}-\\\\x{{052F}}]','c')"
"""Whether a text of MySQL 8.0 has a letter that other versions of Unicode may weigh otherwise."""

_WEIGHED = "HEX(WEIGHT_STRING({text} COLLATE {collation}))"
_ROOT = re.compile(r"utf8mb4_(?:0900|uca1400_nopad)_(ai_ci|as_ci|as_cs)\Z")


def versions_apart(old: str, new: str) -> bool:
    """Whether two collations differ in nothing but the version of Unicode."""
    one, other = _ROOT.match(old), _ROOT.match(new)
    return bool(one and other) and one[1] == other[1]  # type: ignore[index]  # both are there


async def alike(server: Server, collations: Sequence[str], values: Sequence[Sequence[bytes]]) -> Sequence[int]:
    """See the contract: 64 bits of a hash of the weights. Empty where the server lacks VALUES (MySQL before 8.0.19)."""
    names = [quote(f"k{n}") for n in range(len(collations))]
    parts = [_weight(name, one) for name, one in zip(names, collations, strict=True)]
    names_sent = ",".join(f"x'' AS {name}" for name in names)
    hashed = f"CONV(LEFT(SHA2(CONCAT_WS(',',{','.join(parts)}),256),16),16,10)"
    found: list[int] = []
    async with server.session("metadata") as session:  # which asks for the version
        if not server.is_mariadb and server.version < (8, 0, 19):
            return ()
        row = "" if server.is_mariadb else "ROW"
        for start in range(0, len(values), AT_ONCE):
            some = values[start : start + AT_ONCE]
            lines = (f"{row}({n},{','.join(map(literal_bytes, value))})" for n, value in enumerate(some))
            answer = await session.query(
                f"SELECT `n`,{hashed} FROM (SELECT -1 AS `n`,{names_sent} UNION ALL VALUES {','.join(lines)}) AS `sent`"
                " WHERE `n`>=0"
            )
            told = {int(n): int(number) for n, number in answer.rows}
            found += [told[n] for n in range(len(some))]
    return found


def _weight(name: str, collation: str) -> str:
    """What of a part decides whether it is equal to another one, as text."""
    if not collation:
        return f"HEX({name})"
    text = f"CONVERT(CONVERT({name} USING utf8mb4) USING {collation.partition('_')[0]})"
    if "nopad" not in collation and "_0900_" not in collation:
        text = f"TRIM(TRAILING ' ' FROM {text})"
    return _WEIGHED.format(text=text, collation=collation)


async def twice(
    session: Session, taken: str, spelled: str, collations: Sequence[str], judge: Judge
) -> tuple[int, tuple[str, ...]] | None:
    """How many values are there more than once, and one or two of them, each by two of its `spelled` ways.

    `taken` is the FROM and WHERE clause of the rows; `spelled` prints a key as digits. None: too many, or the judge
    cannot tell.
    """
    ((count,),) = (await session.query(f"SELECT COUNT(*) FROM (SELECT 1 {taken} LIMIT {MOST + 1}) AS `some`")).rows
    if int(count) > MOST:
        return None
    numbers = array("Q")
    async for batch in _batches(session, f"SELECT {spelled} {taken}"):
        told = await judge(collations, [_parts(one) for one in batch])
        if not told:
            return None
        numbers.extend(told)
    again = sorted({one for one, other in itertools.pairwise(sorted(numbers)) if one == other})
    ways: dict[int, list[str]] = {number: [] for number in (again[:1] + again[-1:])}
    if again:
        async for batch in _batches(session, f"SELECT {spelled} {taken}"):
            told = await judge(collations, [_parts(one) for one in batch])
            for value, number in zip(batch, told, strict=True):
                if len(ways.get(number, "xx")) < 2:
                    ways[number].append(value)
    return len(again), tuple("|".join(sorted(some)) for some in ways.values())


async def _batches(session: Session, statement: str) -> AsyncIterator[list[str]]:
    batch: list[str] = []
    async for (value,) in session.stream(statement):
        batch.append(value if isinstance(value, str) else value.decode("ascii"))
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _parts(value: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(digits) for digits in value.split(","))
