"""The shop database: its tables (schema.sql), its rows (fill.sql) and all else (objects.sql), the same everywhere."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.lab import Server, client

FOLDER = Path(__file__).parent
SCHEMA_SQL = FOLDER / "schema.sql"
FILL_SQL = FOLDER / "fill.sql"
OBJECTS_SQL = FOLDER / "objects.sql"


@dataclass(frozen=True)
class Shop:
    """What was made: how many tables and rows, bytes as InnoDB counts them (pages), and seconds it took."""

    tables: int
    rows: int
    data_bytes: int
    index_bytes: int
    seconds: float


def fill_script(scale: float) -> str:
    """fill.sql with its scale set; 1 is about 810,000 rows. Raises ValueError when scale is not above 0."""
    if not scale > 0:
        raise ValueError(f"the scale must be above 0, it is {scale}")
    return f"SET @scale = {scale!r};\n{FILL_SQL.read_text(encoding='utf-8')}"


def make(server: Server, schema: str, scale: float = 1.0) -> Shop:
    """Make the shop in a database of this name, which must not exist yet.

    Raises ScriptError when a statement of the three files fails, pymysql.err.MySQLError when the database is there.
    """
    started = time.monotonic()
    client.rows(server, f"CREATE DATABASE `{schema}` CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci")
    client.run_script(server, schema, SCHEMA_SQL)
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as script:
        script.write(fill_script(scale))
        script.flush()
        client.run_script(server, schema, Path(script.name))
    client.run_script(server, schema, OBJECTS_SQL)
    return _measure(server, schema, time.monotonic() - started)


def _measure(server: Server, schema: str, seconds: float) -> Shop:
    """Count the rows one by one, and ask InnoDB for sizes after it has looked at the tables anew."""
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION information_schema_stats_expiry = 0")
        cursor.execute("SHOW FULL TABLES WHERE table_type = 'BASE TABLE'")
        names = [str(row[0]) for row in cursor.fetchall()]
        cursor.execute(f"ANALYZE TABLE {', '.join(f'`{name}`' for name in names)}")
        rows = 0
        for name in names:
            cursor.execute(f"SELECT COUNT(*) FROM `{name}`")
            rows += int((cursor.fetchone() or (0,))[0])
        cursor.execute(
            "SELECT SUM(data_length), SUM(index_length) FROM information_schema.tables WHERE table_schema = %s",
            (schema,),
        )
        data, index = cursor.fetchone() or (0, 0)
    return Shop(len(names), rows, int(data), int(index), seconds)
