"""What changes to an existing table may cost its rows: nothing, values that are refused or altered, or values for sure.

Statements run under a strict sql_mode (`alter.SESSION`): the server refuses what does not fit. But digits behind the
point, fractions of a second and times of day it takes off without a word (8.0.33, MariaDB 11.8). `lossy` is a value
that may be refused, or be another one after; `destructive` is a value that is gone. Widening costs nothing. Where
neither is certain, a change counts as lossy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.engines.base import Loss
from migrate.engines.mysql.partitions import spreading
from migrate.engines.mysql.spelling import same_charset
from migrate.model.change import (
    AddCheck,
    AddColumn,
    AddIndex,
    AlterCheck,
    AlterColumn,
    AlterIndex,
    AlterPartitioning,
    AlterStorage,
    DropColumn,
    TableChange,
)
from migrate.model.table import Column, Index, Partitioning, Storage, Table
from migrate.model.types import (
    Binary,
    Bit,
    Decimal,
    Enum,
    Float,
    Geometry,
    Integer,
    Json,
    NeutralType,
    Set,
    Temporal,
    Text,
)
from migrate.sql import quote

__all__ = ["losses"]

_TEXT_BYTES = {"tinytext": 255, "text": 65_535, "mediumtext": 16_777_215, "longtext": 4_294_967_295}
_LONGEST = {"utf8mb4": 4, "utf8mb3": 3, "utf16": 4, "utf16le": 4, "utf32": 4, "ucs2": 2, "gb18030": 4}
"""Bytes of the longest character; others are taken for 2 (gbk, sjis and the like, and more than enough for latin1)."""
_SINGLE = frozenset(
    [
        "ascii",
        "latin1",
        "latin2",
        "latin5",
        "latin7",
        "cp1250",
        "cp1251",
        "cp1256",
        "cp1257",
        "cp850",
        "cp852",
        "cp866",
        "koi8r",
        "koi8u",
        "greek",
        "hebrew",
        "tis620",
        "armscii8",
        "dec8",
        "hp8",
        "keybcs2",
        "macce",
        "macroman",
        "swe7",
        "geostd8",
        "binary",
    ]
)
_MOMENTS = {"timestamp", "datetime"}
_UNICODE = frozenset({"utf8mb4", "utf16", "utf16le", "utf32", "gb18030"})
"""Character sets that hold every character of every other one."""
_BMP = frozenset({"utf8mb3", "ucs2"})
_EVERYTHING_GOES = frozenset({"blackhole"})


def losses(wanted: Table, actual: Table, changes: Sequence[TableChange]) -> tuple[Loss, ...]:
    """What these changes may cost the rows of `actual`, in their order; a sentence each, naming the part."""
    found: list[Loss] = []
    for change in changes:
        match change:
            case DropColumn(column=column):
                if not column.generated:
                    found.append(_destructive(f"column {quote(column.name)} goes with its values"))
            case AddColumn(column=column):
                if isinstance(column.type, Geometry) and not column.nullable and not column.generated:
                    found.append(
                        _lossy(f"column {quote(column.name)} is NOT NULL and has no default: refused if there are rows")
                    )
            case AlterColumn(actual=there, wanted=want):
                found += _column(there, want, actual)
            case AddIndex(index=index):
                found += _index(index, actual, changes)
            case AlterIndex(wanted=index):
                found += _index(index, actual, changes)
            case AddCheck(check=check) if check.enforced:
                found.append(_lossy(f"check {quote(check.name)}: refused if a row breaks it"))
            case AlterCheck(wanted=check) if check.enforced:
                found.append(_lossy(f"check {quote(check.name)}: refused if a row breaks it"))
            case AlterStorage(actual=storage, wanted=new_storage):
                found += _storage(storage, new_storage, wanted)
            case AlterPartitioning(actual=parts, wanted=new_parts):
                found += _partitioning(parts, new_parts)
            case _:
                pass
    return tuple(dict.fromkeys(found))


def _lossy(text: str) -> Loss:
    return Loss("lossy", text)


def _destructive(text: str) -> Loss:
    return Loss("destructive", text)


def _column(actual: Column, wanted: Column, table: Table) -> Iterator[Loss]:
    name = f"column {quote(wanted.name)}"
    if wanted.generated and not actual.generated:
        yield _destructive(f"{name}: its values give way to ({wanted.generated})")
        return
    if actual.generated and not actual.stored and not wanted.generated:
        yield _destructive(f"{name}: its computed values are gone, rows get the default")
        return
    if wanted.generated:
        if wanted.generated != actual.generated or wanted.type != actual.type:
            yield _lossy(f"{name}: computed anew, refused if a value does not fit")
        return
    if actual.nullable and not wanted.nullable:
        yield _lossy(f"{name} becomes NOT NULL: refused if a row has NULL")
    why = _narrower(actual, wanted)
    if why:
        yield _lossy(f"{name}: {why}")
    if actual.collation and wanted.collation and not same_charset(actual.collation, wanted.collation):
        keys = [
            index.name
            for index in table.indexes
            if index.kind in ("primary", "unique")
            if any(part.column == actual.name for part in index.parts)
        ]
        if keys:
            yield _lossy(
                f"{name}: refused if values that differ under {actual.collation} are equal under {wanted.collation}"
                f" (unique in {', '.join(map(quote, keys))})"
            )
    if wanted.srid is not None and wanted.srid != actual.srid:
        yield _lossy(f"{name}: refused if a value has another SRID than {wanted.srid}")


def _narrower(actual: Column, wanted: Column) -> str:
    """Why a value of the one type may not be had in the other; empty when every one is, unchanged."""
    shown = f"{actual.native} becomes {wanted.native}"
    match actual.type, wanted.type:
        case Enum(before), Enum(after):
            return _members(before, after) or _charset(actual, wanted)
        case Set(before), Set(after):
            return _members(before, after) or _charset(actual, wanted)
        case ((Enum() | Set()), Text()) if _characters(wanted) >= _longest_member(actual.type):
            return _charset(actual, wanted)
        case Text(), Text():
            return _shorter(actual, wanted, shown) or _charset(actual, wanted)
        case before, after if _holds(before, after, actual, wanted):
            return ""
        case (Binary(), Binary(fixed=True)):
            return f"{shown}: zero bytes are added to shorter values, longer ones refused"
        case (Temporal(kind="timestamp"), Temporal(kind="datetime")) | (
            Temporal(kind="datetime"),
            Temporal("timestamp"),
        ):
            return f"{shown}: read as UTC, refused if a value is none there"
        case ((Integer() | Decimal() | Float() | Temporal()), (Integer() | Decimal() | Float() | Temporal())):
            return f"{shown}: values are rounded or cut where they have more digits, refused where they do not fit"
        case _:
            return f"{shown}: refused if a value does not fit"


def _holds(actual: NeutralType, wanted: NeutralType, there: Column, want: Column) -> bool:
    """Whether every value of the one type, which are no texts, is a value of the other."""
    match actual, wanted:
        case Integer(), Integer():
            return _integer_fits(actual, wanted)
        case Integer(), Decimal(precision=precision, scale=scale):
            return precision - scale >= _digits(actual) and (actual.signed <= _signed(want))
        case Integer(), Float(bits=bits):
            return (
                actual.bits <= (53 if bits == 64 else 24) and actual.signed <= _signed(want) and "(" not in want.native
            )
        case Integer(), Text():
            return _characters(want) >= max(_digits(actual) + 1, _width(there))
        case Integer(), Temporal():
            return False
        case Decimal(), Decimal():
            whole = wanted.precision - wanted.scale >= actual.precision - actual.scale
            return whole and wanted.scale >= actual.scale and _signed(there) <= _signed(want)
        case Float(bits=before), Float(bits=after):
            plain = "(" not in want.native or _numbers_of(want.native) == _numbers_of(there.native)
            return after >= before and plain and _signed(there) <= _signed(want)
        case Binary(), Binary():
            if wanted.fixed:
                return actual.fixed and wanted.length == actual.length  # else zero bytes are added
            return wanted.length >= actual.length
        case Temporal(kind=before, precision=digits), Temporal(kind=after, precision=more):
            return more >= digits and (before == after or (before, after) == ("date", "datetime"))
        case Temporal(kind="year"), Integer():
            return wanted.bits >= 16
        case Bit(), Bit():
            return wanted.bits >= actual.bits
        case Json(), Text():
            return _capacity(want) >= _TEXT_BYTES["longtext"] and want.charset == "utf8mb4"
        case Geometry(kind=before_kind), Geometry(kind=after_kind):
            return after_kind in (before_kind, "geometry")
        case _:
            return there.native.lower() == want.native.lower()


def _integer_fits(actual: Integer, wanted: Integer) -> bool:
    if actual.signed and not wanted.signed:
        return False
    if actual.signed == wanted.signed:
        return wanted.bits >= actual.bits
    return wanted.bits > actual.bits


def _digits(number: Integer) -> int:
    return len(str(2 ** (number.bits - number.signed)))


def _width(column: Column) -> int:
    """Digits that ZEROFILL fills up to."""
    numbers = _numbers_of(column.native)
    return int(numbers.split(",")[0]) if "zerofill" in column.native.lower() and numbers else 0


def _numbers_of(native: str) -> str:
    return native.partition("(")[2].partition(")")[0]


def _signed(column: Column) -> bool:
    words = column.native.lower().split()
    return "unsigned" not in words and "zerofill" not in words


def _members(actual: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    gone = [member for member in actual if member not in wanted]
    if not gone:
        return ""
    shown = ", ".join(repr(member) for member in gone[:3]) + (", …" if len(gone) > 3 else "")
    return f"refused if a row has {shown}, which {'is' if len(gone) == 1 else 'are'} no member any more"


def _longest_member(neutral: NeutralType) -> int:
    match neutral:
        case Enum(members):
            return max(map(len, members), default=0)
        case Set(members):
            return sum(map(len, members)) + max(len(members) - 1, 0)
    return 0


def _shorter(actual: Column, wanted: Column, shown: str) -> str:
    """Why a text may not fit, or lose spaces at its end, which CHAR does not keep."""
    fixed = [isinstance(column.type, Text) and column.type.fixed for column in (actual, wanted)]
    listed = _kind(wanted) not in _TEXT_BYTES
    small = _characters(wanted) < _characters(actual) if listed else _capacity(wanted) < _bytes_needed(actual, wanted)
    if fixed == [False, True]:
        return f"{shown}: spaces at the end are lost{', longer values refused' if small else ''}"
    return f"{shown}: refused if a value does not fit" if small else ""


def _kind(column: Column) -> str:
    return column.native.lower().partition("(")[0]


def _characters(column: Column) -> int:
    """The most characters that any value has, or of a TEXT the most that it can have."""
    if isinstance(column.type, Text) and column.type.length is not None:
        return column.type.length
    shortest = {"utf32": 4, "ucs2": 2, "utf16": 2, "utf16le": 2}.get(column.charset, 1)
    return _TEXT_BYTES.get(_kind(column), 0) // shortest


def _capacity(column: Column) -> int:
    """Bytes that fit."""
    if isinstance(column.type, Text) and column.type.length is not None:
        return column.type.length * _bytes(column.charset)
    return _TEXT_BYTES.get(_kind(column), 0)


def _bytes_needed(actual: Column, wanted: Column) -> int:
    """Bytes that the longest value of the one takes in the character set of the other."""
    if same_charset(actual.charset, wanted.charset):
        return _capacity(actual)
    return _characters(actual) * _bytes(wanted.charset)


def _bytes(charset: str) -> int:
    name = _charset_name(charset)
    return 1 if name in _SINGLE else _LONGEST.get(name, 2)


def _charset_name(charset: str) -> str:
    return "utf8mb3" if charset.lower() == "utf8" else charset.lower()


def _charset(actual: Column, wanted: Column) -> str:
    before, after = _charset_name(actual.charset), _charset_name(wanted.charset)
    if not before or before == after or after in _UNICODE or before == "ascii":
        return ""
    if after in _BMP and before in _BMP | _SINGLE - {"binary"}:
        return ""
    return f"refused if a value has a character of {actual.charset} that {wanted.charset} lacks"


def _index(index: Index, table: Table, changes: Sequence[TableChange]) -> Iterator[Loss]:
    counters = {c.column.name for c in changes if isinstance(c, AddColumn) and c.column.auto_increment}
    if index.kind not in ("primary", "unique") or any(part.column in counters for part in index.parts):
        return
    wanted = {(part.column, part.expression, part.prefix) for part in index.parts}
    for there in table.indexes:
        parts = {(part.column, part.expression, part.prefix) for part in there.parts}
        if there.kind in ("primary", "unique") and parts <= wanted:
            return
    name = "the primary key" if index.kind == "primary" else f"unique index {quote(index.name)}"
    yield _lossy(f"{name}: refused if two rows are equal in it")


def _storage(actual: Storage, wanted: Storage, table: Table) -> Iterator[Loss]:
    before, after = actual.engine.lower(), wanted.engine.lower()
    if before == after:
        return
    if after in _EVERYTHING_GOES:
        yield _destructive(f"engine {wanted.engine} keeps no rows")
    elif after == "memory":
        yield _destructive("engine MEMORY loses all rows when the server stops")


def _partitioning(actual: Partitioning | None, wanted: Partitioning | None) -> Iterator[Loss]:
    if wanted is None or not wanted.method.upper().startswith(("RANGE", "LIST")):
        return
    ranges = wanted.method.upper().startswith("RANGE")
    if ranges and "MAXVALUE" in wanted.partitions[-1].bound.upper() and "," not in wanted.expression:
        return
    way = spreading(actual, wanted)
    if way == "add" or (way == "reorganize" and ranges):
        return
    yield _lossy("partitions: refused if a row fits into none of them")
