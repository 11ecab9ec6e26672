"""Foreign keys that write to a table from elsewhere: what its parents' cascades change, a lock on it does not hold off.

Seen on 5.7.22: LOCK TABLES child READ lets an UPDATE of its parent cascade into it. MySQL 8.0 locks parents along.
"""

from __future__ import annotations

from collections.abc import Iterable

from migrate.engines.mysql.answers import literal
from migrate.engines.mysql.connect import Session
from migrate.model.table import TableName

__all__ = ["with_parents"]

CASCADES = """\
SELECT CONSTRAINT_SCHEMA,TABLE_NAME,UNIQUE_CONSTRAINT_SCHEMA,REFERENCED_TABLE_NAME
FROM information_schema.REFERENTIAL_CONSTRAINTS
WHERE CONSTRAINT_SCHEMA IN ({schemas})
AND (UPDATE_RULE NOT IN ('RESTRICT','NO ACTION') OR DELETE_RULE NOT IN ('RESTRICT','NO ACTION'))"""


async def with_parents(session: Session, tables: Iterable[TableName]) -> tuple[TableName, ...]:
    """The tables, and all that write to one of them by a cascade, in order of name; parents that nobody sees are not
    found. One query for each generation of parents."""
    found = set(tables)
    young = found
    while young:
        schemas = ",".join(literal(schema) for schema in sorted({table.schema for table in young}))
        rows = (await session.query(CASCADES.format(schemas=schemas))).rows
        young = {
            TableName(str(schema), str(parent))
            for child_schema, child, schema, parent in rows
            if TableName(str(child_schema), str(child)) in young
        } - found
        found |= young
    return tuple(sorted(found))
