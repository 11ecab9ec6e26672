"""What the target is doing for a run, seen from outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab import Server, client
from tests.lab.client import connect

WORKING = """\
SELECT ID, STATE, INFO FROM information_schema.PROCESSLIST
WHERE INFO LIKE %s AND INFO LIKE %s AND ID <> CONNECTION_ID()"""

LOCK = """\
SELECT t.PROCESSLIST_ID FROM performance_schema.metadata_locks AS l
JOIN performance_schema.threads AS t ON t.THREAD_ID = l.OWNER_THREAD_ID
JOIN performance_schema.session_connect_attrs AS a ON a.PROCESSLIST_ID = t.PROCESSLIST_ID
WHERE l.OBJECT_TYPE = 'USER LEVEL LOCK' AND l.LOCK_STATUS = 'GRANTED' AND a.ATTR_NAME = 'program_name'
AND a.ATTR_VALUE LIKE %s"""


def working(server: Server, schema: str, words: str, state: str = "") -> list[int]:
    """Connections with a tagged statement at work that names the schema and holds `words`; only in that state."""
    found = client.rows(server, WORKING, f"%/* migrate:%{words}%", f"%{schema}%")
    return [int(row[0]) for row in found if state in (row[1] or "")]


def lock_connection(server: Server, pid: int) -> int | None:
    """The connection on which a run of that process holds its lock."""
    found = client.rows(server, LOCK, f"%pid {pid},%", root=True)
    return int(found[0][0]) if found else None


@contextmanager
def table_held(server: Server, schema: str, table: str) -> Iterator[None]:
    """Inside, somebody reads the table in an open transaction, so that no ALTER of it begins."""
    with connect(server, database=schema, autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM `{table}` LIMIT 1")
        cursor.fetchall()
        yield
        connection.rollback()
