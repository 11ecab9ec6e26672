"""What was made on the target from stored objects of another dialect: `_migrate_made`, beside the ledger.

Words of two dialects cannot be compared. So after such an object was made, a hash of the source's and one of what the
target then tells of it are written down: while both are the same, nothing is to be done.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from migrate.engines.base import Made
from migrate.engines.mysql.answers import literal
from migrate.engines.mysql.connect import Server
from migrate.model.table import TableName
from migrate.sql import quote_table

MADE = "_migrate_made"

CREATE = """\
CREATE TABLE IF NOT EXISTS {table} (
  `kind` varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'view, trigger, procedure, …',
  `name_hash` char(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `name` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  `source` varchar(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'hash of what the source told',
  `target` varchar(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'hash of what was here afterwards',
  `written` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`kind`,`name_hash`)
) ENGINE=InnoDB COMMENT='what migrate has made here from another dialect; `migrate gc` removes it'"""

THERE = "SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_SCHEMA IN ({schemas}) AND TABLE_NAME = {name}"


async def made(server: Server, schemas: Sequence[str]) -> tuple[Made, ...]:
    """What `record_made` wrote in these schemas, in order; none where there is no such table."""
    if not schemas:
        return ()
    found: list[Made] = []
    async with server.session("metadata") as session:
        listed = ",".join(literal(schema) for schema in schemas)
        rows = (await session.query(THERE.format(schemas=listed, name=literal(MADE)))).rows
        there = sorted({str(row[0]) for row in rows} & set(schemas))
        for schema in there:
            answer = await session.query(f"SELECT `kind`,`name`,`source`,`target` FROM {_table(schema)}")
            found += (Made(kind, TableName(schema, name), source, target) for kind, name, source, target in answer.rows)
    return tuple(sorted(found, key=lambda one: (one.name, one.kind)))


async def record_made(server: Server, made: Sequence[Made]) -> None:
    """Write these, each in place of what was known of its kind and name; one statement per schema."""
    by_schema: dict[str, list[Made]] = defaultdict(list)
    for one in made:
        by_schema[one.name.schema].append(one)
    async with server.session("write") as session:
        for schema, ones in sorted(by_schema.items()):
            await session.execute(CREATE.format(table=_table(schema)))
            values = ",".join(_values(one) for one in ones)
            columns = "`kind`,`name_hash`,`name`,`source`,`target`"
            await session.execute(f"REPLACE INTO {_table(schema)} ({columns}) VALUES {values}")


def _table(schema: str) -> str:
    return quote_table(TableName(schema, MADE))


def _values(one: Made) -> str:
    name_hash = hashlib.sha256(one.name.name.encode()).hexdigest()[:32]
    told = (one.kind, name_hash, one.name.name, one.source, one.target)
    return f"({','.join(map(literal, told))})"
