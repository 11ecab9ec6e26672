"""Tables that a server left broken when it died.

MyISAM keeps changed blocks of an index in memory until a statement ends, and nothing of it is logged. After the death
of the server the index lacks rows that are in the data: it is refused (errors 126, 145, 1034, 1194), or it finds too
few rows and says nothing, so that what is cleared by key and written again is there twice. MariaDB repairs such a
table before it is used, MySQL does not unless myisam_recover_options says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from migrate.engines.mysql.answers import literal
from migrate.engines.mysql.connect import Server, Session
from migrate.errors import ServerError
from migrate.model.table import TableName
from migrate.sql import quote_table

# A table that cannot be opened has no engine here.
WITHOUT_TRANSACTIONS = """\
SELECT TABLE_SCHEMA,TABLE_NAME FROM information_schema.TABLES
WHERE TABLE_TYPE = 'BASE TABLE' AND (TABLE_SCHEMA,TABLE_NAME) IN ({names}) AND (ENGINE IS NULL OR ENGINE NOT IN
  (SELECT ENGINE FROM information_schema.ENGINES WHERE TRANSACTIONS = 'YES'))"""


async def mend(server: Server, tables: Sequence[TableName]) -> frozenset[TableName]:
    """See `migrate.engines.base.Engine`."""
    if not tables:
        return frozenset()
    names = ",".join(f"({literal(table.schema)},{literal(table.name)})" for table in tables)
    async with server.session("metadata") as session:
        found = (await session.query(WITHOUT_TRANSACTIONS.format(names=names))).rows
        asked = sorted(set(tables) & {TableName(str(schema), str(name)) for schema, name in found})
        broken = [table for table in asked if await _complaints(session, f"CHECK TABLE {quote_table(table)}")]
        for table in broken:
            said = await _complaints(session, f"REPAIR LOCAL TABLE {quote_table(table)}")
            if said:
                raise ServerError(
                    server.endpoint,
                    f"{table} broke when the server died, and REPAIR TABLE does not help: {said[-1]}",
                    "drop that table and plan again",
                )
    return frozenset(broken)


async def _complaints(session: Session, statement: str) -> list[str]:
    """What the server says against the table, if it does not say OK in the end.

    FAST would look at nothing that the file calls closed, which a file that lost blocks may do (seen on 8.0.33). An
    engine that cannot be checked says so in a note.
    """
    said = [(str(kind).lower(), str(text)) for _, _, kind, text in (await session.query(statement)).rows]
    if said[-1][0] == "note" or said[-1] in (("status", "OK"), ("status", "Table is already up to date")):
        return []
    return [text for _, text in said]
