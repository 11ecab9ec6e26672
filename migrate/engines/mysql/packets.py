"""Rows that max_allowed_packet keeps from being read or written, found before anything moves.

What was seen on real servers (docs/mysql.md, "How rows travel"): on MySQL a row that travels cell by cell has no limit,
but for cells that the server must make text of or a document from; on MariaDB each cell must fit a packet. A row that
is laid out whole must fit one too, and as hexadecimal digits it is twice as long.
"""

from __future__ import annotations

from collections.abc import Sequence

from migrate.engines.base import Intake, Oversized, Rows
from migrate.engines.mysql.connect import Server
from migrate.engines.mysql.layout import bare, converted, fitting, insert_head, total
from migrate.model.table import Column
from migrate.model.types import Binary, Geometry, Json, Opaque, Text
from migrate.sql import quote, quote_table

BATCH = 32
"""Tables in one statement."""

BESIDE = 32
"""Bytes of a column that are no value: delimiters, quotes, the digits of numbers and dates."""

TAG = 64
"""Bytes of the comment that a statement carries, and of the byte that says what it is."""

LARGEST_PACKET = 1 << 30
"""Bytes: what max_allowed_packet can be at the most."""

TEXT_PER_BYTE = 8
"""A document's text is never so many times as long as what is stored: six letters for a control character."""

MEGABYTE = 1 << 20
_CAPACITY = {"tinytext": 255, "text": 65_535, "mediumtext": (1 << 24) - 1}
NOTHING = "0"
"""The size of what cannot be too large."""

ONE = """\
SELECT {number},SUM(`reading` >= {here}),SUM(`writing` >= {there}),MAX(`reading`),MAX(`writing`)
FROM (SELECT {reading} AS `reading`,{writing} AS `writing` FROM {table}{where}) AS `sizes`"""


async def oversized(server: Server, ways: Sequence[tuple[Rows, Rows]], intake: Intake) -> tuple[Oversized, ...]:
    """See the contract. One pass over each table whose columns are declared so large that it may hold such a row."""
    found: list[Oversized] = []
    async with server.session("metadata") as session:
        asked = [
            (mine, reading, writing)
            for mine, theirs in ways
            for reading, writing in [_sizes(mine, theirs, intake, session.packet, session.is_mariadb)]
            if (reading, writing) != (NOTHING, NOTHING)
        ]
        for start in range(0, len(asked), BATCH):
            batch = asked[start : start + BATCH]
            for where in (False, True):  # a condition that does not fit its table must not be blamed on others
                some = [(n, *one) for n, one in enumerate(batch) if bool(one[0].where) is where]
                for part in [some] if not where and some else [[one] for one in some]:
                    statement = " UNION ALL ".join(
                        f"({_one(n, mine, reading, writing, session.packet, intake.packet)})"
                        for n, mine, reading, writing in part
                    )
                    place = str(part[0][1].table) if len(part) == 1 else ""
                    for number, *figures in (await session.query(statement, place)).rows:
                        found += _told(batch[int(number)][0], [int(str(one or 0)) for one in figures])
    return tuple(sorted(found))


def _told(mine: Rows, figures: Sequence[int]) -> list[Oversized]:
    many_read, many_written, read, written = figures
    found = []
    if many_read:
        found.append(Oversized(mine.table, "source", many_read, read, _advice(read)))
    if many_written:
        found.append(Oversized(mine.table, "target", many_written, written, _advice(written)))
    return found


def _advice(needed: int) -> str:
    packet = (needed // MEGABYTE + 1) * MEGABYTE
    if packet > LARGEST_PACKET:
        return ""
    return f"SET GLOBAL max_allowed_packet={packet}"


def _sizes(mine: Rows, theirs: Rows, intake: Intake, here: int, mariadb: bool) -> tuple[str, str]:
    """What must fit a packet to read a row and to write it, as SQL; 0 where nothing can be too large."""
    beside = BESIDE * len(mine.columns)
    digits = 2 * sum(_most(column) for column in mine.columns) + beside
    laid_out = f"(2*{total([_length(column, here) for column in mine.columns if _most(column)])}+{beside})"
    by_file = "raw" in fitting(mine, intake.layouts)
    there = {column.name: column for column in theirs.columns}
    if mine.key:
        made = [column for column in mine.columns if _most(column) and (mariadb or _is_made(column))]
        reading = _largest(made, here, here, mariadb)
    else:
        reading = laid_out if digits >= here else NOTHING
    if by_file:
        documents = [
            column
            for column in mine.columns
            if isinstance(there[column.name].type, Json) or (intake.each and _is_cast(there[column.name]))
        ]
        writing = _largest(documents, intake.packet, here, mariadb)
    else:
        head = TAG + len(insert_head(theirs, quote_table(theirs.table)).encode())
        writing = f"({laid_out}+{head})" if digits + head >= intake.packet else NOTHING
    return reading, writing


def _is_made(column: Column) -> bool:
    """Whether the server makes something new of the value before it gives it, rather than its stored bytes."""
    return _is_document(column) or converted(column) is not None


def _is_cast(column: Column) -> bool:
    """Whether the row is proven by something that is made of the value."""
    return bare(column) != quote(column.name)


def _is_document(column: Column) -> bool:
    """Also where its text is wanted: the column it comes from is still one of documents."""
    return isinstance(column.type, Json) or column.native == "json"


def _most(column: Column) -> int:
    """Bytes of the largest value of changing size."""
    match column.type:
        case Text(length=int(length)):
            return 4 * length
        case Text():
            return _CAPACITY.get(column.native.lower().partition("(")[0], 1 << 32)
        case Binary(length=length):
            return length
        case Json() | Geometry() | Opaque():
            return 1 << 32
        case _:
            return 0


def _largest(columns: Sequence[Column], packet: int, here: int, mariadb: bool) -> str:
    """The size of the largest of these cells."""
    sizes = [_cell(column, packet, here, mariadb) for column in columns if 2 * _most(column) >= packet]
    if not sizes:
        return NOTHING
    return sizes[0] if len(sizes) == 1 else f"GREATEST({','.join(sizes)})"


def _cell(column: Column, packet: int, here: int, mariadb: bool) -> str:
    if _is_document(column) and not mariadb:
        # Text is made of a document only where it may matter: that takes as long as reading it.
        stored = f"IFNULL(JSON_STORAGE_SIZE({quote(column.name)}),0)"
        return f"IF({stored} < {packet // TEXT_PER_BYTE},0,GREATEST({stored},{_length(column, here)})+{BESIDE})"
    return f"({_length(column, here)}+{BESIDE})"


def _length(column: Column, here: int) -> str:
    """Bytes of a value as it is laid out. Of what does not fit a packet here it is told only that it does not.

    LENGTH of a document that does not is 0, with a warning (seen on 8.0.33); of other things it is NULL.
    """
    name = quote(column.name)
    between = converted(column)
    size = f"LENGTH(CONVERT({name} USING {between[1]}))" if between else f"LENGTH({name})"
    if _is_document(column):
        size = f"NULLIF({size},0)"
    return f"IF({name} IS NULL,0,IFNULL({size},{2 * (here - BESIDE)}))"


def _one(number: int, rows: Rows, reading: str, writing: str, here: int, there: int) -> str:
    where = f" WHERE ({rows.where}\n)" if rows.where else ""
    return ONE.format(
        number=number,
        here=here,
        there=there,
        reading=reading,
        writing=writing,
        table=quote_table(rows.table),
        where=where,
    )
