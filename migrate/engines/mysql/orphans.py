"""Rows whose foreign key points nowhere: servers do not look while rows are written with foreign_key_checks=0."""

from __future__ import annotations

from collections.abc import Mapping

from migrate.engines.mysql.answers import as_text, literal
from migrate.engines.mysql.connect import Session
from migrate.model.table import ForeignKey, TableName
from migrate.sql import quote, quote_table

ORPHANS = """\
SELECT COUNT(*) FROM {child} AS `c` LEFT JOIN {parent} AS `p` ON {join}
WHERE {present} AND `p`.{first} IS NULL"""

REFERRING = "SELECT COUNT(*) FROM {child} AS `c` JOIN (SELECT {columns}{rows}) AS `p` ON {join}"

COLLATIONS = """\
SELECT COLUMN_NAME, CHARACTER_SET_NAME, COLLATION_NAME FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {name} AND COLLATION_NAME IS NOT NULL"""

_Collations = Mapping[str, tuple[str, str]]
"""The character set and collation of columns that have one, by name in lower case."""


async def count_orphans(session: Session, table: TableName, foreign_key: ForeignKey) -> int:
    """How many rows there are; a NULL in the key points nowhere on purpose and does not count."""
    query = ORPHANS.format(
        child=quote_table(table),
        parent=quote_table(foreign_key.referenced),
        join=await _join(session, table, foreign_key),
        present=" AND ".join(f"`c`.{quote(mine)} IS NOT NULL" for mine in foreign_key.columns),
        first=quote(foreign_key.referenced_columns[0]),
    )
    return int((await session.query(query)).rows[0][0])


async def count_referring(session: Session, rows: str, table: TableName, foreign_key: ForeignKey) -> int:
    """How many rows of `table` refer to rows of their parent: those that `rows` takes, a FROM clause after a blank."""
    columns = ",".join(map(quote, foreign_key.referenced_columns))
    join = await _join(session, table, foreign_key)
    query = REFERRING.format(child=quote_table(table), columns=columns, rows=rows, join=join)
    return int((await session.query(query)).rows[0][0])


async def _join(session: Session, table: TableName, foreign_key: ForeignKey) -> str:
    """The condition under which `c` refers to `p`, texts compared as the parent's column compares them.

    Two columns of other collations a server does not compare (1267): one of a foreign key's two can be altered while
    nobody looks. The parent's stays as it is, so that its index serves.
    """
    mine, theirs = await _collations(session, table), await _collations(session, foreign_key.referenced)
    pairs = zip(foreign_key.columns, foreign_key.referenced_columns, strict=True)
    return " AND ".join(
        f"{_like(f'`c`.{quote(one)}', mine.get(one.casefold()), theirs.get(other.casefold()))} = `p`.{quote(other)}"
        for one, other in pairs
    )


def _like(column: str, mine: tuple[str, str] | None, theirs: tuple[str, str] | None) -> str:
    if mine is None or theirs is None or mine == theirs:
        return column
    charset, collation = theirs
    return f"{column if mine[0] == charset else f'CONVERT({column} USING {charset})'} COLLATE {collation}"


async def _collations(session: Session, table: TableName) -> _Collations:
    query = COLLATIONS.format(schema=literal(table.schema), name=literal(table.name))
    found = (await session.query(query)).rows
    return {as_text(name).casefold(): (as_text(charset), as_text(own)) for name, charset, own in found}
