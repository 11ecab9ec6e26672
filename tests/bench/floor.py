"""The floor: what the target takes to load the rows when nobody has to read them or to lay them out.

Four clients of the server's vendor load files that were there before: LOAD DATA LOCAL into tables that have nothing
but their primary keys, then one ALTER TABLE for the indexes of each table.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.contenders import THREADS, Step, mysql_client
from tests.lab import Server, client
from tests.lab.system import environment

NAME = "floor: LOAD DATA of ready files"
SECONDARY = re.compile(r"^  (?:UNIQUE )?KEY ")


@dataclass(frozen=True)
class Floor:
    """Loads what `export` made."""

    files: Path
    version: str
    key: str = "floor"
    name: str = NAME

    def steps(self, source: Server, target: Server, schema: str, folder: Path) -> Sequence[Step]:
        """One client for each script."""
        load = shlex.join([*mysql_client(target), "--local-infile=1", schema, "--execute=source {}"])
        scripts = shlex.join(str(path) for path in sorted(self.files.glob("*.sql")))
        together = f"printf '%s\\n' {scripts} | xargs -P {THREADS} -I {{}} {load}"
        return (Step("load", ("bash", "-c", together), {**environment(), "MYSQL_PWD": target.password}),)


def export(source: Server, schema: str, folder: Path) -> int:
    """Have the source write each table to a file, and lay a script for each of the clients beside; bytes written.

    The server must run on this machine, with a secure_file_priv that allows it. Raises pymysql.err.MySQLError.
    """
    total = 0
    folder.chmod(0o777)  # the server may run as another user
    scripts: list[list[str]] = [[] for _ in range(THREADS)]
    with client.connect(source, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        tables = [str(row[0]) for row in cursor.fetchall()]
        for number, table in enumerate(tables):
            cursor.execute(f"SHOW CREATE TABLE `{table}`")
            definition, indexes = split(str((cursor.fetchone() or ("", ""))[1]))
            path = folder / f"{table}.tsv"
            cursor.execute(f"SELECT * FROM `{table}` INTO OUTFILE %s CHARACTER SET binary", (str(path),))
            total += path.stat().st_size
            lines = scripts[number % THREADS]
            lines.append(f"{definition};")
            lines.append(f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE `{table}` CHARACTER SET binary;")
            if indexes:
                lines.append(f"ALTER TABLE `{table}` {', '.join(f'ADD {index}' for index in indexes)};")
    for number, lines in enumerate(scripts):
        if lines:
            (folder / f"{number}.sql").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return total


def split(definition: str) -> tuple[str, list[str]]:
    """A CREATE TABLE as the server shows it, without its secondary indexes, and these."""
    head, *body, tail = definition.split("\n")
    indexes = [line.strip().rstrip(",") for line in body if SECONDARY.match(line)]
    kept = [line.rstrip(",") for line in body if not SECONDARY.match(line)]
    return "\n".join([head, ",\n".join(kept), tail]), indexes
