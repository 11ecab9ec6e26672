"""How many rows and bytes a move would carry."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.engines.base import Rows
from migrate.engines.mysql.answers import literal
from migrate.engines.mysql.connect import Server, Session
from migrate.engines.mysql.layout import total
from migrate.model.table import Statistics, TableName
from migrate.sql import quote, quote_table

EXACT_BELOW = 1 << 30
"""Bytes of data; a larger table is not counted but estimated by the server."""

SAMPLE = 1000
BATCH = 32
"""Tables in one statement."""

KNOWN = """\
SELECT TABLE_SCHEMA,TABLE_NAME,TABLE_ROWS,DATA_LENGTH,AUTO_INCREMENT FROM information_schema.TABLES
WHERE TABLE_SCHEMA IN ({schemas}) AND TABLE_NAME IN ({names})"""

# COUNT(*) of MySQL 8.0 starts threads that read the whole table: more than twice the CPU of reading its smallest index,
# and 3 ms for the smallest of tables. The line break ends a comment that a condition may end with.
COUNT = "(SELECT CAST(IFNULL(SUM(1),0) AS UNSIGNED) FROM {table}{where})"
ONE = """\
SELECT {number},{count},COUNT(*),CAST(IFNULL(SUM(`bytes`),0) AS UNSIGNED)
FROM (SELECT {size} AS `bytes` FROM {table}{where}{order} LIMIT {sample}) AS `sample`"""

_Known = dict[TableName, tuple[int, int, int | None]]


async def occupied(server: Server, tables: Sequence[TableName]) -> frozenset[TableName]:
    """Those of these existing tables that hold at least one row."""
    found: set[TableName] = set()
    async with server.session("metadata") as session:
        for start in range(0, len(tables), BATCH):
            batch = tables[start : start + BATCH]
            answer = await session.query(
                " UNION ALL ".join(
                    f"SELECT {n},EXISTS(SELECT 1 FROM {quote_table(table)})" for n, table in enumerate(batch)
                )
            )
            found.update(batch[int(str(n))] for n, holds in answer.rows if int(str(holds)))
    return frozenset(found)


async def measure(server: Server, rows: Sequence[Rows], exact_below: int = EXACT_BELOW) -> tuple[Statistics, ...]:
    """Rows, bytes and the AUTO_INCREMENT counter, in the order of `rows`; the same answer while nothing changes.

    Rows are counted, with the condition, where the data is less than `exact_below` bytes; above, they are the server's
    estimate of the whole table. Bytes are rows times the average length of the first 1,000 rows. Raises ServerError
    naming the table, when a condition does not fit it or it is gone.
    """
    measured: list[Statistics] = []
    if not rows:
        return ()
    async with server.session("metadata") as session:
        known = await _known(session, rows)
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            plain = [number for number, one in enumerate(batch) if not one.where and one.table in known]
            alone = [number for number in range(len(batch)) if number not in set(plain)]
            found: dict[int, tuple[int, int, int]] = {}
            for numbers in ([plain] if plain else []) + [[number] for number in alone]:
                statement = " UNION ALL ".join(f"({_one(n, batch[n], known, exact_below)})" for n in numbers)
                place = str(batch[numbers[0]].table) if len(numbers) == 1 else ""
                for number, *figures in (await session.query(statement, place)).rows:
                    found[int(number)] = (int(figures[0]), int(figures[1]), int(figures[2]))
            measured.extend(_statistics(one, found[number], known) for number, one in enumerate(batch))
    return tuple(measured)


def _statistics(rows: Rows, found: tuple[int, int, int], known: _Known) -> Statistics:
    count, sampled, size = found
    following = known[rows.table][2] if any(column.auto_increment for column in rows.columns) else None
    return Statistics(rows.table, count, count * size // sampled if sampled else 0, following)


async def _known(session: Session, rows: Sequence[Rows]) -> _Known:
    schemas = sorted({one.table.schema for one in rows})
    names = sorted({one.table.name for one in rows})
    answer = await session.query(
        KNOWN.format(schemas=",".join(map(literal, schemas)), names=",".join(map(literal, names)))
    )
    return {
        TableName(schema, name): (count or 0, size or 0, following)
        for schema, name, count, size, following in answer.rows
    }


def _one(number: int, rows: Rows, known: _Known, exact_below: int) -> str:
    estimate, size, _ = known.get(rows.table, (0, 0, None))
    where = f" WHERE ({rows.where}\n)" if rows.where else ""
    table = quote_table(rows.table)
    count = COUNT.format(table=table, where=where) if size < exact_below else str(estimate)
    return ONE.format(
        number=number,
        count=count,
        size=total([f"IFNULL(LENGTH({quote(column.name)}),0)" for column in rows.columns]),
        table=table,
        where=where,
        order=f" ORDER BY {','.join(quote(column.name) for column in rows.key)}" if rows.key else "",
        sample=SAMPLE,
    )
