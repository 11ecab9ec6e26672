"""How a row is laid out as bytes by the source and read again by the target: text of SQL only, no server.

Four layouts, all run on real servers with hostile values (docs/mysql.md has the table of types):

* `raw`: a field's own bytes between delimiters, into LOAD DATA CHARACTER SET binary without escaping. Delimiters
  are four control bytes each; that no value contains one is proven by counting, chunk by chunk.
* `hex`: the same, with text and bytes as hexadecimal digits: for a chunk in which no delimiter could be proven.
* `insert`: tuples of literals for INSERT … VALUES: for a target with local_infile=OFF.
* `cells`: one row, each cell by itself, for rows of many MiB: LOAD DATA is superlinear in the size of a field.

What each type needs, and what goes wrong otherwise: FLOAT prints six digits, so `c*1e0`; but a DOUBLE so treated is cut
to 22 characters; ENUM and SET go by number, because index 0 and members that look like numbers are lost as text; BIT by
number; JSON and MariaDB's UUID, INET4 and INET6 must arrive as utf8mb4, not as binary. A VECTOR is its bytes, the same
on MySQL and on MariaDB.

A column whose `type` is text in another character set than its own, or text where it is JSON or a UUID, is laid out and
hashed as that text: so it arrives in a column of another type, and both sides sum up the same.
GROUP_CONCAT cuts each argument to its declared length without a warning, unless it is a blob: hence WIDE.
"""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Sequence

import msgspec

from migrate.engines.base import Rows
from migrate.model.table import Column
from migrate.model.types import Binary, Bit, Decimal, Enum, Float, Geometry, Integer, Json, Opaque, Set, Temporal, Text
from migrate.sql import quote

WIDE = "CAST('' AS CHAR(1000000) CHARACTER SET utf8mb4)"
LOB_BYTES = 4096
"""From this declared size on, a cell's real size must be asked for before it is read."""


class Marks(msgspec.Struct, frozen=True):
    """Field delimiter, row delimiter and NULL: no byte in common and none that begins again inside itself.

    So a match in a chunk lies wholly inside one value or is a delimiter, and counting is a proof.
    """

    field: bytes
    row: bytes
    null: bytes


def _marks(field: str, row: str, null: str) -> Marks:
    return Marks(bytes.fromhex(field), bytes.fromhex(row), bytes.fromhex(null))


MARKS = (
    _marks("1f021e03", "1d041c05", "1b061a07"),
    _marks("0e0f1011", "12131415", "16171819"),
    _marks("017f1f0b", "020c1e0e", "030f1d10"),
)


def literal_bytes(value: bytes) -> str:
    """A hexadecimal literal; it has no character set and means the same under every sql_mode."""
    return f"x'{value.hex()}'"


# -- one column ----------------------------------------------------------------------------------------------------


TEXTUAL = frozenset({"json", "uuid", "inet4", "inet6"})
"""Native types that are no text, and that SQL gives and takes as text in utf8mb4; all but JSON are MariaDB's."""
_SAME_BYTES = frozenset({("utf8mb3", "utf8mb4"), ("ascii", "utf8mb4"), ("ascii", "utf8mb3"), ("ascii", "latin1")})
"""What is written in the first is the same bytes in the second."""


def _is_bytes(column: Column) -> bool:
    return isinstance(column.type, Text | Binary | Geometry | Opaque)


def _is_textual(column: Column) -> bool:
    return isinstance(column.type, Json) or (isinstance(column.type, Opaque) and column.native in TEXTUAL)


def converted(column: Column) -> tuple[str, str] | None:
    """The column's own character set and the one it is laid out in, when their bytes differ."""
    if not isinstance(column.type, Text) or not column.charset:
        return None
    own, laid_out = _charset(column.charset), _charset(column.type.charset)
    return None if own == laid_out or (own, laid_out) in _SAME_BYTES else (column.charset, column.type.charset)


def _charset(name: str) -> str:
    return "utf8mb3" if name.lower() == "utf8" else name.lower()


def plain(column: Column) -> str:
    """The value as the bytes that say all of it; NULL stays NULL."""
    name = quote(column.name)
    match column.type:
        case Float(bits=64):
            return f"CONCAT({name})"
        case Float():
            return f"CONCAT({name}*1e0)"
        case Bit():
            return f"CONCAT(CAST({name} AS UNSIGNED))"
        case Enum() | Set():
            return f"CONCAT({number(column)})"
        case Text() if between := converted(column):
            return f"CAST(CONVERT({name} USING {between[1]}) AS BINARY)"
        case Text() | Json() | Opaque() if column.native in TEXTUAL or isinstance(column.type, Json):
            return f"CAST(CAST({name} AS CHAR CHARACTER SET utf8mb4) AS BINARY)"
        case Text() | Binary() | Geometry() | Opaque():
            return f"CAST({name} AS BINARY)"
        case _:
            return f"CONCAT({name})"


def number(column: Column) -> str:
    """The number of an ENUM or SET, all 64 bits: +0 goes through a double, and MariaDB warns of CAST AS UNSIGNED."""
    return f"({quote(column.name)}|0)"


def _field(column: Column, marks: Marks, as_hex: bool, alone: bool = False) -> str:
    value = plain(column) if as_hex else _bare(column, alone)
    if as_hex and (_is_bytes(column) or isinstance(column.type, Json)):
        value = f"HEX({value})"
    return _or_null(column, value, literal_bytes(marks.null))


def _or_null(column: Column, value: str, null: str) -> str:
    """What a NULL is laid out as. Not IFNULL of the value: that is NULL too where it outgrows max_allowed_packet."""
    return f"IF({quote(column.name)} IS NULL,{null},{value})" if column.nullable else value


def _bare(column: Column, alone: bool) -> str:
    """What says the value inside a row's CONCAT, which takes numbers as they are, and text among its like.

    A fifth of the server's work less than by way of `plain`. `alone`: see `text_alone`.
    """
    value = plain(column)
    match column.type:
        case Integer() | Decimal() | Temporal() | Bit() | Enum() | Set() if not column.nullable:
            return value.removeprefix("CONCAT(").removesuffix(")")
        case Text() if alone:
            return quote(column.name)
        case _:
            return value


def text_alone(rows: Rows) -> bool:
    """Whether all of a row but its numbers is utf8mb4 under one collation: such text needs no CAST in a CONCAT.

    MariaDB refuses some mixtures of character sets and collations there (1271), and converts others.
    """
    texts = [column for column in rows.columns if isinstance(column.type, Text)]
    others = any(isinstance(column.type, Binary | Geometry | Opaque | Json) for column in rows.columns)
    plain_text = all(_charset(column.charset) == "utf8mb4" and not converted(column) for column in texts)
    return plain_text and not others and len({column.collation for column in texts}) <= 1


def _take(column: Column, number: int, marks: Marks, as_hex: bool) -> tuple[str, str]:
    """What stands in LOAD DATA's column list, and in its SET clause (empty: the field goes in directly)."""
    variable = f"@v{number}"
    value = f"NULLIF({variable},{literal_bytes(marks.null)})" if column.nullable else variable
    if as_hex and (_is_bytes(column) or isinstance(column.type, Json)):
        value = f"UNHEX({value})"
    match column.type:
        case Bit() | Enum() | Set():
            value = f"CAST({value} AS UNSIGNED)"
        case _ if _is_textual(column):
            value = f"CONVERT({value} USING utf8mb4)"
    if value == variable and not isinstance(column.type, Geometry | Opaque):
        return quote(column.name), ""
    return variable, f"{quote(column.name)} = {value}"


def _literal(column: Column) -> str:
    """SQL that prints the value as a literal for INSERT."""
    value = plain(column)
    match column.type:
        case Integer() | Decimal() | Bit() | Enum() | Set():
            text = value
        case Float() | Temporal():
            text = f"CONCAT('''',{value},'''')"
        case _ if _is_textual(column):
            text = f"CONCAT('_utf8mb4 x''',HEX({value}),'''')"
        case _:
            text = f"CONCAT('x''',HEX({value}),'''')"
    return _or_null(column, text, "'NULL'")


def cell_literal(column: Column, value: bytes | None) -> bytes:
    """The same literal, made here from the bytes that `plain` gave."""
    if value is None:
        return b"NULL"
    match column.type:
        case Integer() | Decimal() | Bit() | Enum() | Set():
            return value
        case Float() | Temporal():
            return b"'" + value + b"'"
        case _ if _is_textual(column):
            return b"_utf8mb4 x'%b'" % hexlify(value)
        case _:
            return b"x'%b'" % hexlify(value)


# -- a row, a chunk -------------------------------------------------------------------------------------------------


def row_expression(rows: Rows, layout: str, marks: Marks) -> str:
    """One row as one blob."""
    if layout == "insert":
        literals = ",',',".join(_literal(column) for column in rows.columns)
        return f"CONCAT({WIDE},'(',{literals},')')"
    between, alone = f",{literal_bytes(marks.field)},", text_alone(rows)
    fields = between.join(_field(column, marks, layout == "hex", alone) for column in rows.columns)
    return f"CONCAT({WIDE},{fields})"


NO_GEOMETRY = "no geometry by file"
"""Among the layouts that a target takes: its LOAD DATA takes no GEOMETRY NOT NULL."""


def fitting(rows: Rows, layouts: Sequence[str]) -> Sequence[str]:
    """Those of a target's layouts that it takes of a table with these columns."""
    if NO_GEOMETRY in layouts and any(isinstance(c.type, Geometry) and not c.nullable for c in rows.columns):
        return [layout for layout in layouts if layout not in ("raw", "hex")]
    return layouts


def separator(layout: str, marks: Marks) -> str:
    """What stands between two rows, as a literal."""
    return "','" if layout == "insert" else literal_bytes(marks.row)


def nulls_expression(rows: Rows) -> str:
    """How many cells of a row are NULL."""
    return total([f"({quote(c.name)} IS NULL)" for c in rows.columns if c.nullable])


def proven(data: bytes, rows: int, columns: int, nulls: int, marks: Marks) -> bool:
    """Whether every delimiter in `data` is one that was put there."""
    return (
        _holds(data, marks.row, rows - 1)
        and _holds(data, marks.field, (columns - 1) * rows)
        and _holds(data, marks.null, nulls)
    )


def _holds(data: bytes, mark: bytes, number: int) -> bool:
    """Whether the mark is there just so often. Its first byte, which no other mark has, is counted in half the time."""
    return data.count(mark[:1]) == number or data.count(mark) == number


def load_statement(rows: Rows, target: str, layout: str, marks: Marks, mariadb: bool = False) -> str:
    """LOAD DATA LOCAL for a `raw` or `hex` payload into `target` (a quoted name). Every row ends with the row mark.

    MariaDB forgets NO_AUTO_VALUE_ON_ZERO when there is a SET clause that does not name the counter: 0 would become the
    next value (seen on 10.11.18 and 11.8.9). So it is named there.
    """
    taken = [_take(column, n, marks, layout == "hex") for n, column in enumerate(rows.columns)]
    if mariadb and any(assignment for _, assignment in taken):
        for n, column in enumerate(rows.columns):
            if column.auto_increment and not taken[n][1]:
                taken[n] = (f"@v{n}", f"{quote(column.name)} = @v{n}")
    names = ",".join(name for name, _ in taken)
    sets = ",".join(assignment for _, assignment in taken if assignment)
    return (
        f"LOAD DATA LOCAL INFILE 'migrate' INTO TABLE {target} CHARACTER SET binary"
        f" FIELDS TERMINATED BY {literal_bytes(marks.field)} ESCAPED BY ''"
        f" LINES TERMINATED BY {literal_bytes(marks.row)} ({names})" + (f" SET {sets}" if sets else "")
    )


def insert_head(rows: Rows, target: str) -> str:
    """`INSERT INTO … (…) VALUES `."""
    return f"INSERT INTO {target} ({','.join(quote(c.name) for c in rows.columns)}) VALUES "


def lobs(rows: Rows) -> tuple[Column, ...]:
    """Columns whose cells can be large."""

    def large(column: Column) -> bool:
        match column.type:
            case Json() | Geometry():
                return True
            case Opaque():
                return not _is_textual(column)
            case Binary(length=length):
                return length >= LOB_BYTES
            case Text(length=length):
                return length is None or length >= LOB_BYTES
            case _:
                return False

    return tuple(column for column in rows.columns if large(column))


def size_expression(rows: Rows) -> str:
    """Bytes of a row's cells of changing size."""
    return total([f"IFNULL(LENGTH({quote(column.name)}),0)" for column in rows.columns if _is_sized(column)])


def widest(rows: Rows) -> int:
    """Bytes that a row may have at the most, as its columns are declared."""

    def width(column: Column) -> int:
        match column.type:
            case Opaque() if _is_textual(column):
                return 45
            case Text(length=None) | Json() | Geometry() | Opaque():
                return 1 << 32
            case Text(length=int(length)):
                return 4 * length
            case Binary(length=length):
                return length
            case _:
                return 24

    return sum(width(column) for column in rows.columns)


def _is_sized(column: Column) -> bool:
    return _is_bytes(column) or isinstance(column.type, Json)


def total(terms: Sequence[str]) -> str:
    """A sum as a flat tree: a chain of 1,017 columns overran the thread stack of 8.0.12 (error 1436)."""
    if len(terms) < 2:
        return terms[0] if terms else "0"
    middle = len(terms) // 2
    return f"({total(terms[:middle])}+{total(terms[middle:])})"
