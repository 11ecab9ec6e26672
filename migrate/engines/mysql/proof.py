"""The hash of a row, by which two servers prove that they hold the same: text of SQL only, no server."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from migrate.engines.base import Rows
from migrate.engines.mysql.layout import NOTHING, WIDE, bare, converted, lobs, number, summed
from migrate.model.table import Column
from migrate.model.types import Binary, Enum, Float, Geometry, Json, Opaque, Set, Text
from migrate.sql import quote


def hash_expression(rows: Rows) -> str:
    """64 bits of a hash of the row's values. Length before value, NULL apart: no two rows look alike by accident.

    The same number on every server for the same values: MySQL 9.6 has lost MD5 and SHA1, and SHA2 takes no longer. A
    large cell is hashed by itself: CONCAT above max_allowed_packet would be NULL, and a NULL is not summed.
    """
    row = f"CONCAT({','.join((NOTHING, *_values((*rows.columns, *rows.computed), rows.signless)))})"
    return f"CAST(CONV(LEFT({_hash(row)},16),16,10) AS UNSIGNED)"


def _values(columns: Sequence[Column], signless: Collection[str] = ()) -> list[str]:
    """What of a row goes into its hash, as parts of a text; of columns in `signless` zeros without their sign."""
    large = {column.name for column in lobs(columns)}
    parts: list[str] = []
    for column in columns:
        told = [_bits(column, "+0e0")] if column.name in signless else _told(column, column.name in large)
        if column.nullable:
            whole = told[0] if len(told) == 1 else f"CONCAT({','.join((NOTHING, *told))})"
            told = [f"IFNULL({whole},'N')"]
        parts += [*told, "','"]
    return parts


def digest_expression(count: str, size: str, text: str, remarks: str) -> str:
    """The digest of a chunk: of its rows laid out by `layout.chunk_expression`, one after the other.

    `size` tells of what the text might have lost on its way into one value, `remarks` of what it does not tell. Half
    the work of a sum of hashes of rows; but it proves nothing where rows come in another order.
    """
    remarks = f"NULLIF({remarks},'')"
    parts = (count, f"CAST(IFNULL({size},0) AS UNSIGNED)", f"IFNULL({_hash(text)},'')", f"IFNULL({_hash(remarks)},'')")
    return "CONCAT(" + ",':',".join(parts) + ")"


def proven_size(rows: Rows) -> str:
    """Bytes of a chunk's large text and bytes, the same on both sides: only of these could something get lost."""
    sizes = []
    for column in lobs(rows.columns):
        between = converted(column)
        name = quote(column.name)
        value = f"CONVERT({name} USING {between[1]})" if between else name
        if isinstance(column.type, Text | Binary | Geometry):
            sizes.append(f"IFNULL(LENGTH({value}),0)" if column.nullable else f"LENGTH({value})")
    return summed(sizes)


def remarks_expression(rows: Rows) -> str:
    """What the layout of rows does not tell of their values, but the hash of a row does, as one blob.

    Empty or NULL where there is nothing to say, so that sides agree whose columns are of other types.
    """
    remarks = _values(rows.computed)
    for column in rows.columns:
        match column.type:
            case Float():
                bits = _bits(column)
                remarks.append(f"IFNULL({bits},'N')" if column.nullable else bits)
            case Enum() | Set() if _has_doubtful_members(column.type):
                member = quote(column.name)
                remarks += [f"IFNULL({member},'')" if column.nullable else member, "','"]
            case Json():
                remarks.append(_if_typed(column))
            case Text() if between := converted(column):
                remarks.append(f"IF({quote(column.name)} IS NULL,'',{_if_lost(column, between)})")
            case _:
                continue
    return f"GROUP_CONCAT(CONCAT({','.join((WIDE, *remarks))}) SEPARATOR '')" if remarks else "NULL"


def typed(column: Column) -> str:
    """Whether something in a document only looks like a string in its text: a DATE, a TIME, a BLOB.

    There the document read from its text has a string, and the document has none. Numbers that a parser misreads do not
    matter: MySQL 9.7 reads them right, so that servers would say different things of the same document.
    """
    name = quote(column.name)
    read = f"CAST(CAST({name} AS CHAR CHARACTER SET utf8mb4) AS JSON)"
    strings = [f"JSON_SEARCH({document},'all','%')" for document in (name, read)]
    return f"({name} <> {read} AND NOT {strings[0]} <=> {strings[1]})"


def _hash(value: str) -> str:
    return f"SHA2({value},256)"


def _told(column: Column, large: bool) -> list[str]:
    """What of a value goes into the hash of its row."""
    name, value = quote(column.name), bare(column)
    match column.type:
        case Float():
            return [_bits(column)]
        case Enum() | Set() if _has_doubtful_members(column.type):
            return [number(column), "':'", f"CAST({name} AS BINARY)"]
        case Json():
            # It says nothing of other documents, so that they sum up like their text where JSON is kept as text.
            return [_hash(value), _if_typed(column)]
        case Text() if between := converted(column):
            return [*([_hash(value)] if large else [f"LENGTH({value})", "':'", value]), _if_lost(column, between)]
        case _ if large:
            return [_hash(value)]
        case Text() | Binary() | Opaque():
            return [f"LENGTH({name})", "':'", value]
        case _:
            return [value]


def _has_doubtful_members(kind: Enum | Set) -> bool:
    """SHOW CREATE TABLE prints a letter above U+FFFF as ?, and the target has that instead."""
    return any(letter == "?" or letter > "\uffff" for member in kind.members for letter in member)


def _bits(column: Column, changed: str = "") -> str:
    """All 64 of them: what MySQL prints of 2.2250738585072014e-308 reads back as another number.

    `changed`: +0e0 makes 0.0 of -0.0, and leaves all others as they are (IEEE 754, 6.3).
    """
    return f"ST_AsBinary(POINT({quote(column.name)}{changed},0))"


def _if_typed(column: Column) -> str:
    return f"IF({typed(column)},':typed','')"


def _if_lost(column: Column, between: tuple[str, str]) -> str:
    """What the other character set lacks became a question mark there, without a warning."""
    name = quote(column.name)
    back = f"CAST(CONVERT(CONVERT({name} USING {between[1]}) USING {between[0]}) AS BINARY)"
    return f"IF({back} = CAST({name} AS BINARY),'',':lost')"
