"""How a row is laid out as bytes by the source and read again by the target: text of SQL only, no server.

Four layouts, all run on real servers with hostile values (docs/mysql.md has the table of types):

* `raw`: a field's own bytes between delimiters, into LOAD DATA CHARACTER SET binary without escaping. Delimiters
  are control bytes; that no value contains one is proven by counting, chunk by chunk.
* `hex`: the same, with text and bytes as hexadecimal digits: for a chunk in which no delimiter could be proven.
* `insert`: tuples of literals for INSERT … VALUES: for a target with local_infile=OFF.
* `cells`: one row, each cell by itself, for rows of many MiB: LOAD DATA is superlinear in the size of a field.

What each type needs, and what goes wrong otherwise: FLOAT prints six digits, so `c*1e0`; but a DOUBLE so treated is cut
to 22 characters; ENUM and SET go by number, because index 0 and members that look like numbers are lost as text; BIT by
number; JSON and MariaDB's UUID, INET4 and INET6 must arrive as utf8mb4, not as binary. A VECTOR is its bytes, the same
on MySQL and on MariaDB.

A column whose `type` is text in another character set than its own, or text where it is JSON or a UUID, is laid out and
hashed as that text: so it arrives in a column of another type, and both sides sum up the same.
GROUP_CONCAT cuts each argument to its declared length without a warning, unless it is a blob: hence WIDE, which stands
first in each row. It is binary, so that whatever follows is taken as its bytes: no text is checked, converted or copied
on its way, and no mixture of character sets is refused. That halves the source's work.
"""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Iterator, Sequence

import msgspec

from migrate.engines.base import Rows
from migrate.model.table import Column
from migrate.model.types import Binary, Bit, Decimal, Enum, Float, Geometry, Integer, Json, Opaque, Set, Temporal, Text
from migrate.sql import quote

WIDE = "CAST(CAST('' AS CHAR(1000000) CHARACTER SET utf8mb4) AS BINARY)"
NOTHING = "CAST('' AS BINARY)"
"""What stands first in a CONCAT, so that what follows is taken as its bytes."""
PIECE = 1 << 19
"""Bytes that are made digits at a time."""
SHORT_BINARY = 255
"""Bytes up to which binary values are so few among others that short delimiters are likely not among them."""
LOB_BYTES = 4096
"""From this declared size on, a cell's real size must be asked for before it is read."""


class Marks(msgspec.Struct, frozen=True):
    """Field delimiter, row delimiter and NULL: each is a byte of its own and then `common`, the same for all three.

    `common` does not begin again inside itself and has none of these bytes. So where it stands in a chunk, it is the
    end of a delimiter or lies wholly inside one value: counting it once is a proof.
    """

    field: bytes
    row: bytes
    null: bytes

    @property
    def common(self) -> bytes:
        """What they end in."""
        return self.field[1:]


def _marks(common: str) -> Marks:
    return Marks(*(bytes.fromhex(first + common) for first in ("11", "12", "13")))


MARKS = (_marks("15"), _marks("170e19"), _marks("160f1814"), _marks("1f1d1e1c"))
"""The first for text, which has few control bytes and none of these; one of three bytes for short binary values, by
chance in every second chunk of 8 MiB if that were nothing else; of four bytes, in one of 500, for long ones."""


class Layout(msgspec.Struct, frozen=True):
    """How a chunk is laid out: `raw`, `hex` or `insert`, and which of MARKS are its delimiters."""

    name: str
    marks: int = 0

    @property
    def delimiters(self) -> Marks:
        """What stands between fields and rows, and for NULL."""
        return MARKS[self.marks]

    def signed(self, digest: bytes) -> str:
        """A digest of rows so laid out, with how they were."""
        return f"{self.name}{self.marks}:{digest.decode('ascii')}"

    @staticmethod
    def of(digest: str) -> Layout:
        """How the rows were laid out of which this is the digest."""
        words = digest.partition(":")[0]
        return Layout(words[:-1], int(words[-1]))


_LONG = (Layout("raw", 2), Layout("raw", 3), Layout("hex"))


def literal_bytes(value: bytes) -> str:
    """A hexadecimal literal; it has no character set and means the same under every sql_mode."""
    return f"x'{value.hex()}'"


# -- one column ----------------------------------------------------------------------------------------------------


TEXTUAL = frozenset({"json", "uuid", "inet4", "inet6"})
"""Native types that are no text, and that SQL gives and takes as text in utf8mb4; all but JSON are MariaDB's."""
_SAME_BYTES = frozenset({("utf8mb3", "utf8mb4"), ("ascii", "utf8mb4"), ("ascii", "utf8mb3"), ("ascii", "latin1")})
"""What is written in the first is the same bytes in the second."""
_WIDE_LETTERS = frozenset({"ucs2", "utf16", "utf16le", "utf32"})


def _is_bytes(column: Column) -> bool:
    return isinstance(column.type, Text | Binary | Geometry | Opaque)


def _has_digits(column: Column) -> bool:
    """Whether its values are hexadecimal digits in the layout `hex`."""
    return _is_bytes(column) or isinstance(column.type, Json)


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


def _field(column: Column, marks: Marks, as_hex: bool) -> str:
    value = plain(column) if as_hex else bare(column)
    if as_hex and _has_digits(column):
        value = f"HEX({value})"
    return _or_null(column, value, literal_bytes(marks.null))


def _or_null(column: Column, value: str, null: str) -> str:
    """What a NULL is laid out as. Not IFNULL of the value: that is NULL too where it outgrows max_allowed_packet."""
    return f"IF({quote(column.name)} IS NULL,{null},{value})" if column.nullable else value


def bare(column: Column) -> str:
    """What says the value inside a CONCAT that begins with bytes: numbers, dates and text go in as they are."""
    value = plain(column)
    match column.type:
        case Binary():
            return quote(column.name)
        case Text() if not converted(column) and column.native not in TEXTUAL:
            # Beside a NULL's mark it would be read as one letter of several bytes, which that mark is not.
            odd = column.nullable and _charset(column.charset) in _WIDE_LETTERS
            return value if odd else quote(column.name)
        case _ if value.startswith("CONCAT("):
            return value.removeprefix("CONCAT(").removesuffix(")")
        case _:
            return value


def _take(column: Column, number: int, marks: Marks, as_hex: bool) -> tuple[str, str]:
    """What stands in LOAD DATA's column list, and in its SET clause (empty: the field goes in directly)."""
    variable = f"@v{number}"
    value = f"NULLIF({variable},{literal_bytes(marks.null)})" if column.nullable else variable
    if as_hex and _has_digits(column):
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


class Digits(msgspec.Struct, frozen=True):
    """Bytes that stand in a statement as hexadecimal digits, made when they are sent."""

    of: memoryview


def cell_literal(column: Column, value: memoryview | None) -> Sequence[bytes | Digits]:
    """The same literal, made here from the bytes that `plain` gave; its parts."""
    if value is None:
        return (b"NULL",)
    match column.type:
        case Integer() | Decimal() | Bit() | Enum() | Set():
            return (bytes(value),)
        case Float() | Temporal():
            return (b"'", bytes(value), b"'")
        case _ if _is_textual(column):
            return (b"_utf8mb4 x'", Digits(value), b"'")
        case _:
            return (b"x'", Digits(value), b"'")


def cell_field(column: Column, value: bytes | None, marks: Marks, as_hex: bool) -> bytes | Digits:
    """The same as a field of LOAD DATA."""
    if value is None:
        return marks.null
    return Digits(memoryview(value)) if as_hex and _has_digits(column) else value


def spelled_length(parts: Sequence[bytes | Digits]) -> int:
    """Bytes of these parts of a statement."""
    return sum(2 * len(part.of) if isinstance(part, Digits) else len(part) for part in parts)


def spelled(parts: Sequence[bytes | Digits]) -> Iterator[bytes]:
    """The parts as they are sent; a few bytes of digits at a time, for a cell of 64 MiB has 128 MiB of them."""
    for part in parts:
        if isinstance(part, Digits):
            for at in range(0, len(part.of), PIECE):
                yield hexlify(part.of[at : at + PIECE])
        else:
            yield part


# -- a row, a chunk -------------------------------------------------------------------------------------------------


def row_expression(rows: Rows, way: Layout) -> str:
    """One row as one blob."""
    if way.name == "insert":
        literals = ",',',".join(_literal(column) for column in rows.columns)
        return f"CONCAT({WIDE},'(',{literals},')')"
    marks = way.delimiters
    between = f",{literal_bytes(marks.field)},"
    fields = between.join(_field(column, marks, way.name == "hex") for column in rows.columns)
    return f"CONCAT({WIDE},{fields})"


NO_GEOMETRY = "no geometry by file"
"""Among the layouts that a target takes: its LOAD DATA takes no GEOMETRY NOT NULL."""


def fitting(rows: Rows, layouts: Sequence[str]) -> Sequence[str]:
    """Those of a target's layouts that it takes of a table with these columns."""
    if NO_GEOMETRY in layouts and any(isinstance(c.type, Geometry) and not c.nullable for c in rows.columns):
        return [layout for layout in layouts if layout not in ("raw", "hex")]
    return layouts


def chunk_expression(rows: Rows, way: Layout) -> str:
    """All rows as one blob, in the order in which they are read."""
    between = "','" if way.name == "insert" else literal_bytes(way.delimiters.row)
    return f"GROUP_CONCAT({row_expression(rows, way)} SEPARATOR {between})"


def nulls_expression(rows: Rows) -> str:
    """How many cells of a chunk are NULL."""
    return summed([f"({quote(c.name)} IS NULL)" for c in rows.columns if c.nullable])


def by_file(rows: Rows) -> Sequence[Layout]:
    """What is tried for LOAD DATA, one after the other."""
    binary = [c for c in rows.columns if isinstance(c.type, Binary | Geometry | Opaque) or _has_wide_letters(c)]
    if any(not isinstance(c.type, Binary) or c.type.length > SHORT_BINARY for c in binary):
        return _LONG
    return (Layout("raw", 1 if binary else 0), *_LONG)


def _has_wide_letters(column: Column) -> bool:
    return isinstance(column.type, Text) and _charset(column.type.charset) in _WIDE_LETTERS


def proven(data: bytes | bytearray, rows: Rows, count: int, nulls: int, marks: Marks) -> bool:
    """Whether every delimiter in `data` is one that was put there."""
    return data.count(marks.common) == len(rows.columns) * count - 1 + nulls


def load_statement(rows: Rows, target: str, layout: str, marks: Marks) -> str:
    """LOAD DATA LOCAL for a `raw` or `hex` payload into `target` (a quoted name). Every row ends with the row mark.

    Servers forget NO_AUTO_VALUE_ON_ZERO when there is a SET clause that does not name the counter: 0 would become the
    next value (seen on 5.7.22, 8.0.12, 10.11.18 and 11.8.9; not on 8.0.33 and 9.7.4). So it is named there.
    """
    taken = [_take(column, n, marks, layout == "hex") for n, column in enumerate(rows.columns)]
    if any(assignment for _, assignment in taken):
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


def lobs(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Those whose cells can be large."""

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

    return tuple(column for column in columns if large(column))


def size_expression(rows: Rows) -> str:
    """Bytes of a row's cells of changing size."""
    return total([f"IFNULL(LENGTH({quote(column.name)}),0)" for column in rows.columns if _has_digits(column)])


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


def total(terms: Sequence[str]) -> str:
    """A sum as a flat tree: a chain of 1,017 columns overran the thread stack of 8.0.12 (error 1436)."""
    if len(terms) < 2:
        return terms[0] if terms else "0"
    middle = len(terms) // 2
    return f"({total(terms[:middle])}+{total(terms[middle:])})"


def summed(terms: Sequence[str]) -> str:
    """The sum of these over all rows; where there are none, nothing is asked of every row."""
    return f"SUM({total(terms)})" if terms else "0"
