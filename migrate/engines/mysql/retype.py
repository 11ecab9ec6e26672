"""What a change of a column's type, character set or collation means for the bytes of its rows."""

from __future__ import annotations

from typing import Literal

from migrate.engines.mysql.spelling import plain_charset, same_type
from migrate.model.table import Column
from migrate.model.types import Binary, Enum, Geometry, Integer, Opaque, Set, Text

__all__ = ["Retype", "longest_character", "retype"]

Retype = Literal["same", "listed", "extended", "recoded", "copied", "unknown"]
"""same: nothing changes, neither bytes nor what may be stored. listed: new members at the end of an ENUM or SET, which
takes no more bytes. extended: a longer VARCHAR or VARBINARY whose length is told in as many bytes. recoded: the same
bytes mean the same text, in another order or as utf8mb4 that were utf8mb3. copied: every row is made anew. unknown:
nobody tried.
"""

_LONGEST = {"utf8mb4": 4, "utf8mb3": 3, "utf16": 4, "utf16le": 4, "utf32": 4, "ucs2": 2, "gb18030": 4}
_LONGEST |= dict.fromkeys(("eucjpms", "ujis"), 3) | dict.fromkeys(
    ("big5", "cp932", "euckr", "gb2312", "gbk", "sjis"), 2
)


def retype(actual: Column, wanted: Column) -> Retype:
    """How rows change where nothing but the type, the character set or the collation of a column does."""
    if same_type(actual, wanted):
        return "same"
    match actual.type, wanted.type:
        case (Opaque(), _) | (_, Opaque()) | (Geometry(), Geometry()):
            return "unknown"
        case Integer(bits=before, signed=sign), Integer(bits=after, signed=other) if (before, sign) == (after, other):
            # Of tinyint(1) too the width is told to clients only; what ZEROFILL does was not tried.
            return "unknown" if "zerofill" in f"{actual.native} {wanted.native}".lower() else "same"
        case (Enum(there), Enum(want)) | (Set(there), Set(want)):
            return _members(len(there), len(want), actual, wanted) if want[: len(there)] == there else "copied"
        case Binary(length=short, fixed=False), Binary(length=long, fixed=False) if _vary(actual, wanted):
            return "extended" if short <= long and _told_alike(short, long) else "copied"
        case Text(length=length, fixed=False), Text(length=longer, fixed=False) if _vary(actual, wanted):
            return _varchar(length or 0, longer or 0, actual, wanted)
        case Text(), Text() if actual.native.lower() == wanted.native.lower():
            kept = plain_charset(actual.charset) == plain_charset(wanted.charset)
            return "unknown" if kept or _grown(actual, wanted) else "copied"
    return "copied"


def longest_character(charset: str) -> int:
    """Bytes of the longest character."""
    return _LONGEST.get(plain_charset(charset), 1)


def _members(before: int, after: int, actual: Column, wanted: Column) -> Retype:
    if plain_charset(actual.collation) != plain_charset(wanted.collation):
        return "unknown"
    size = (lambda count: 1 if count < 256 else 2) if isinstance(actual.type, Enum) else _set_bytes
    return "listed" if size(before) == size(after) else "copied"


def _set_bytes(members: int) -> int:
    """Sets are kept in 1, 2, 3, 4 or 8 bytes."""
    return next(size for size in (1, 2, 3, 4, 8) if members <= 8 * size)


def _varchar(length: int, longer: int, actual: Column, wanted: Column) -> Retype:
    before, after = length * longest_character(actual.charset), longer * longest_character(wanted.charset)
    if plain_charset(actual.collation) == plain_charset(wanted.collation):
        return "extended" if length <= longer and _told_alike(before, after) else "copied"
    if plain_charset(actual.charset) != plain_charset(wanted.charset) and not _grown(actual, wanted):
        return "copied"
    return "recoded" if length == longer and _told_alike(before, after) else "unknown"


def _grown(actual: Column, wanted: Column) -> bool:
    return (plain_charset(actual.charset), plain_charset(wanted.charset)) == ("utf8mb3", "utf8mb4")


def _vary(actual: Column, wanted: Column) -> bool:
    return all(column.native.lower().startswith("var") for column in (actual, wanted))


def _told_alike(before: int, after: int) -> bool:
    """Whether lengths up to so many bytes take as many bytes themselves: one, or two."""
    return (before < 256) == (after < 256)
