"""Rows whose foreign key points nowhere: servers do not look while rows are written with foreign_key_checks=0."""

from __future__ import annotations

from migrate.model.table import ForeignKey, TableName
from migrate.sql import quote, quote_table

ORPHANS = """\
SELECT COUNT(*) FROM {child} AS `c` LEFT JOIN {parent} AS `p` ON {join}
WHERE {present} AND `p`.{first} IS NULL"""


def count_orphans(table: TableName, foreign_key: ForeignKey) -> str:
    """A query for one number; a NULL in the key points nowhere on purpose and does not count."""
    pairs = list(zip(foreign_key.columns, foreign_key.referenced_columns, strict=True))
    return ORPHANS.format(
        child=quote_table(table),
        parent=quote_table(foreign_key.referenced),
        join=" AND ".join(f"`c`.{quote(mine)} = `p`.{quote(theirs)}" for mine, theirs in pairs),
        present=" AND ".join(f"`c`.{quote(mine)} IS NOT NULL" for mine, _ in pairs),
        first=quote(pairs[0][1]),
    )
