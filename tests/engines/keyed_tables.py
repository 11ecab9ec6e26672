"""Random tables with a key: every shape of key that a server takes, and rows that are alike but for what it tells.

For hypothesis: the first of everything is the plainest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from hypothesis import strategies as st

from migrate.engines.mysql.layout import MARKS
from tests.e2e.hostile.values import OWN
from tests.lab import Server, client

COLLATIONS = "SELECT * FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY"

PIECES = (
    # what is alike in case, accent, width or at the end; what sorts before a blank, is ignored, or counts as two
    "a", "A", "á", "À", "ａ", "b", "B", " ", "  ", "\t", "\0", "\n", "\u00a0", "\u00ad", "\u200b", "\x7f",
    "", "ss", "ß", "ẞ", "ae", "æ", "Æ", "oe", "œ", "ö", "Ö", "ü", "Ü", "y", "å", "aa", "Å", "ø", "Ø", "n",
    "ñ", "ń", "c", "h", "ch", "Ch", "CH", "cs", "ccs", "dz", "dzs", "ǆ", "l", "ll", "lj", "ij", "ĳ", "gy",
    "ny", "rr", "sz", "zs", "i", "ı", "İ", "I", "z", "ž", "š", "s", "e", "é", "e\u0301", "\u0301", "\u0308",
    "é\u0302", "ð", "d", "đ", "þ", "th", "Ё", "ё", "Е", "й", "и\u0306", "ъ", "ы", "α", "ά", "Σ", "ς", "σ",
    "א", "ש\u05bc", "ش", "لا", "ﷲ", "०", "क\u094d", "ก", "เ", "เก", "เ็ก", "한", "가", "ㄱ", "ᄀ", "か",
    "カ", "ガ", "か\u3099", "ー", "漢", "字", "中", "㐀", "😀", "😁", "\U00020000", "\ue000", "\ufffd",
    "\uffff", "1", "２", "²", "①", "%", "_", "\\", "'", '"', "`", ";", "NULL", "zz",
)  # fmt: skip

INTEGERS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
DATES = ("2024-02-29", "2024-03-01", "0000-00-00", "2020-02-31", "2020-00-00", "0001-01-01", "9999-12-31", "1000-01-01")
CLOCKS = ("00:00:00", "00:00:00.000001", "12:00:00.5", "23:59:59.999999", "23:59:59", "02:30:00.1")
TIMES = (*CLOCKS, "-00:00:00.000001", "-00:00:01", "838:59:59", "-838:59:59", "100:00:00", "-12:00:00.5")
INSTANTS = ("2024-03-31 02:30:00", "1970-01-01 00:00:01", "1970-01-01 00:00:01.000001", "2038-01-19 03:14:07", "0")
"""The last is the zero date."""

MEMBERS = ("z", "m", "", "a", "10", "2", "é", "z ", "it''s", "B")
WIDTH = 12
"""Characters or bytes of a text in a key: three of them fit into every engine's key."""


class Facts(msgspec.Struct, frozen=True):
    """What a server can have. `collations` with their character sets."""

    vendor: str
    collations: tuple[tuple[str, str], ...]
    descending: bool

    @classmethod
    def of(cls, server: Server) -> Facts:
        """Asked of the server."""
        with client.connect(server) as connection, connection.cursor() as cursor:
            cursor.execute(COLLATIONS)
            names = [column[0].upper() for column in cursor.description]
            # MariaDB has collations of several character sets: only the full name says which.
            full = names.index("FULL_COLLATION_NAME") if "FULL_COLLATION_NAME" in names else 0
            found = {(str(row[full] or row[0]), str(row[1])) for row in cursor.fetchall()}
        plain = ("utf8mb4_general_ci", "utf8mb4")
        assert plain in found
        return cls(server.vendor, (plain, *sorted(found - {plain})), not server.version.startswith("5."))


class KeyedTable(msgspec.Struct, frozen=True):
    """Column definitions, keys and the rest of a CREATE TABLE; `order` of the key; a literal per column and row.

    To the columns `k1`, … of the key come `n`, the number of a row, and `v`, of any size.
    """

    columns: tuple[str, ...]
    keys: tuple[str, ...]
    options: str
    rows: tuple[tuple[str, ...], ...]

    def statements(self, name: str) -> tuple[str, ...]:
        """Make it, and fill it with the rows that its keys let through."""
        made = ", ".join((*self.columns, "n INT NOT NULL", "v LONGBLOB", *self.keys))
        rows = ",".join(f"({','.join(row[:-1])},{n},{row[-1]})" for n, row in enumerate(self.rows))
        names = ",".join(column.split()[0] for column in self.columns)
        fill = (f"INSERT IGNORE INTO {name} ({names},n,v) VALUES {rows}",) if rows else ()
        return (f"CREATE TABLE {name} ({made}) {self.options}", *fill)


class Part(msgspec.Struct, frozen=True):
    """A column of a key: its type, its values as literals, and whether its beginning can be indexed."""

    native: str
    values: st.SearchStrategy[str]
    prefix: bool = False
    whole: bool = True


def _quoted(texts: Sequence[str]) -> st.SearchStrategy[str]:
    return st.sampled_from([f"'{text}'" for text in texts])


def _integers(facts: Facts) -> st.SearchStrategy[Part]:
    def part(name: str, unsigned: bool, zerofill: bool) -> Part:
        bits = INTEGERS[name]
        low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        edges = st.sampled_from(sorted({0, 1, low, low + 1, high, high - 1, high // 2, high // 2 + 1}))
        values = st.one_of(st.integers(max(low, -5), 20), edges, st.integers(low, high)).map(str)
        return Part(f"{name} unsigned{' zerofill' if zerofill else ''}" if unsigned else name, values)

    return st.builds(part, st.sampled_from(list(INTEGERS)), st.booleans(), st.booleans())


def _decimals(facts: Facts) -> st.SearchStrategy[Part]:
    def part(size: tuple[int, int]) -> Part:
        digits, scale = size
        most = 10**digits - 1
        numbers = st.one_of(st.integers(-3, 3), st.sampled_from([most, -most, most - 1]), st.integers(-most, most))
        return Part(f"decimal({digits},{scale})", numbers.map(lambda number: _scaled(number, scale)))

    return st.sampled_from([(5, 0), (9, 2), (30, 30), (65, 30), (65, 0), (18, 9)]).map(part)


def _scaled(number: int, scale: int) -> str:
    digits = str(abs(number)).rjust(scale + 1, "0")
    text = f"{digits[: len(digits) - scale]}.{digits[len(digits) - scale :]}" if scale else digits
    return f"-{text}" if number < 0 else text


def _times(facts: Facts) -> st.SearchStrategy[Part]:
    moments = st.builds(lambda date, clock: f"'{date} {clock}'", st.sampled_from(DATES), st.sampled_from(CLOCKS))
    years = st.one_of(st.sampled_from(["0", "1901", "2155"]), st.integers(1901, 2155).map(str))
    kinds = [Part("date", _quoted(DATES)), Part("year", years)]
    for digits in (0, 3, 6):
        kinds.append(Part(f"datetime({digits})", moments))
        kinds.append(Part(f"time({digits})", _quoted(TIMES)))
        kinds.append(Part(f"timestamp({digits})", _quoted(INSTANTS)))
    return st.sampled_from(kinds)


def _bytes(facts: Facts) -> st.SearchStrategy[Part]:
    short = st.one_of(
        st.sampled_from([b"", b"\0", b"\0\0", b" ", b"a", b"A", b"'", b"\\", b"\xff" * WIDTH, MARKS[0].field]),
        st.binary(max_size=WIDTH),
    )
    values = short.map(lambda value: f"x'{value.hex()}'")
    natives = (f"varbinary({WIDTH})", f"binary({WIDTH})", "blob")
    return st.sampled_from([Part(native, values, prefix=True, whole=native != "blob") for native in natives])


def _texts(facts: Facts) -> st.SearchStrategy[Part]:
    def part(collation: tuple[str, str], native: str) -> Part:
        name, charset = collation
        pieces = st.lists(st.sampled_from(PIECES), max_size=4)
        texts = pieces.map(lambda some: f"_utf8mb4 x'{''.join(some)[:WIDTH].encode().hex()}'")
        if own := OWN.get(charset):
            texts = st.one_of(texts, st.sampled_from([f"_{charset} x'{digits}'" for digits in own]))
        # No whole text can be a key: but MariaDB makes a hash of it.
        return Part(f"{native} CHARACTER SET {charset} COLLATE `{name}`", texts, prefix=True, whole=native != "text")

    natives = st.sampled_from([f"varchar({WIDTH})", f"varchar({WIDTH})", f"char({WIDTH})", "text"])
    return st.builds(part, st.sampled_from(facts.collations), natives)


def _choices(facts: Facts) -> st.SearchStrategy[Part]:
    listed = ",".join(f"'{member}'" for member in MEMBERS)
    enum = Part(f"enum({listed}) COLLATE utf8mb4_bin", st.integers(0, len(MEMBERS)).map(str))
    members = ",".join(f"'m{number:02}'" for number in range(64))
    edges = st.sampled_from([0, 1, 2**53 + 1, 2**63, 2**63 + 1, 2**64 - 1])
    return st.sampled_from([enum, Part(f"set({members})", st.one_of(edges, st.integers(0, 2**64 - 1)).map(str))])


def _without_order(facts: Facts) -> st.SearchStrategy[Part]:
    """What cannot cut a table, though the server takes it for a key."""
    numbers = st.sampled_from(["0", "1", "-1.5", "16777217", "3.4e38", "1e-45"])
    parts = [Part("float", numbers), Part("double", numbers), Part("bit(9)", st.integers(0, 511).map(str))]
    if facts.vendor == "mariadb":
        parts.append(Part("inet6", _quoted(("::", "::1", "2001:db8::1", "::ffff:1.2.3.4"))))
    return st.sampled_from(parts)


KINDS: tuple[Callable[[Facts], st.SearchStrategy[Part]], ...] = (
    *(_integers, _texts, _texts, _texts, _times, _bytes, _choices, _decimals, _without_order),
)
SIZES = (
    *("NULL", "''", "x'00'", "REPEAT('a',100)", "REPEAT(x'00ff',200)", "REPEAT('b',2000)"),
    f"x'{b''.join(mark for marks in MARKS for mark in (marks.field, marks.row, marks.null)).hex()}'",
)
"""The last holds every delimiter."""


@st.composite
def keyed_tables(draw: st.DrawFn, facts: Facts) -> KeyedTable:
    """One table that `facts` can have."""
    parts = draw(st.lists(st.sampled_from(KINDS).flatmap(lambda kind: kind(facts)), min_size=1, max_size=3))
    kind = draw(st.sampled_from(["PRIMARY KEY", "PRIMARY KEY", "UNIQUE KEY `of parts`", ""]))
    columns, listed, plain, values = [], [], True, []
    for number, part in enumerate(parts, start=1):
        short = part.prefix and (not part.whole or draw(st.integers(0, 9)) == 9)
        nullable = not kind.startswith("PRIMARY") and draw(st.integers(0, 3)) == 3
        down = facts.descending and draw(st.integers(0, 3)) == 3
        plain = plain and not short
        columns.append(f"k{number} {part.native} {'NULL' if nullable else 'NOT NULL'}")
        listed.append(f"k{number}{'(5)' if short else ''}{' DESC' if down else ''}")
        values.append(st.one_of(part.values, st.just("NULL")) if nullable else part.values)
    keys = [f"{kind} ({', '.join(listed)})"] if kind else []
    if draw(st.integers(0, 4)) == 4:
        keys.append("UNIQUE KEY `of n` (n)")
    options = ["ENGINE=InnoDB"]
    if facts.vendor == "mariadb":
        options += ["ENGINE=MyISAM", "ENGINE=Aria"]
    elif not any(part.endswith(" DESC") for part in listed):
        options.append("ENGINE=MyISAM")
    if kind and len(keys) == 1 and plain:
        options.append("ENGINE=InnoDB PARTITION BY KEY (k1) PARTITIONS 3")
    option = options[max(0, draw(st.integers(-4, len(options) - 1)))]
    count = draw(st.sampled_from([20, 0, 1, 2, 7, 30, 40]))  # left to itself hypothesis likes no long lists
    rows = st.lists(st.tuples(*values, st.sampled_from(SIZES)), min_size=count // 2, max_size=count)
    return KeyedTable(tuple(columns), tuple(keys), option, tuple(draw(rows)))


ALIKE = tuple(a + b for a in ("a", " ", "\0", "c", "ß", "e") for b in ("a", " ", "\0", "\t", "h", "\u0301", "가", "b "))


def every_text(native: str, charset: str, collation: str) -> KeyedTable:
    """A table keyed by a text in that collation, with all that may be alike in it or sort at an odd place."""
    texts = tuple((f"_utf8mb4 x'{text.encode().hex()}'", "NULL") for text in (*PIECES, *ALIKE))
    column = f"k1 {native}({WIDTH}) CHARACTER SET {charset} COLLATE `{collation}` NOT NULL"
    return KeyedTable((column,), ("PRIMARY KEY (k1)",), "ENGINE=InnoDB", texts)


class Split(msgspec.Struct, frozen=True):
    """How a table is cut: into how many ranges, each into chunks of these many rows and bytes, in turn.

    From `alone` bytes on a row is large, and travels alone.
    """

    ranges: int
    limits: tuple[int, ...]
    budgets: tuple[int, ...]
    layouts: tuple[str, ...]
    alone: int
    where: str


def splits() -> st.SearchStrategy[Split]:
    """One way to cut a table."""
    return st.builds(
        Split,
        ranges=st.integers(1, 6),
        limits=st.lists(st.one_of(st.integers(1, 7), st.integers(1, 60)), min_size=1, max_size=4).map(tuple),
        budgets=st.lists(st.sampled_from([1 << 20, 1000, 100, 1, 5000]), min_size=1, max_size=3).map(tuple),
        layouts=st.sampled_from([("raw", "hex", "insert", "cells"), ("insert", "cells")]),
        alone=st.sampled_from([4 << 20, 300, 1000, 1]),
        where=st.sampled_from(["", "", "", "n % 3 <> 0", "v IS NOT NULL -- these"]),
    )
