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

THERE = "SELECT TABLE_SCHEMA,TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA IN ({schemas})"


async def with_parents(session: Session, tables: Iterable[TableName]) -> tuple[set[TableName], set[TableName]]:
    """The tables, and all that write to one of them by a cascade; and such as are not there, or not to be seen.

    Two queries for each generation of parents.
    """
    found, unseen = set(tables), set[TableName]()
    young = found
    while young:
        children = (await session.query(CASCADES.format(schemas=_schemas(young)))).rows
        parents = {
            TableName(str(schema), str(parent))
            for child_schema, child, schema, parent in children
            if TableName(str(child_schema), str(child)) in young
        } - found
        there = (await session.query(THERE.format(schemas=_schemas(parents)))).rows if parents else ()
        young = parents & {TableName(str(schema), str(name)) for schema, name in there}
        unseen |= parents - young
        found |= young
    return found, unseen


def _schemas(tables: Iterable[TableName]) -> str:
    return ",".join(literal(schema) for schema in sorted({table.schema for table in tables}))
