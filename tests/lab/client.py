"""A small synchronous client for tests: connect, read rows, run a script file."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from tests.lab import packages
from tests.lab.definitions import MYSQL_8_0_33, package_of
from tests.lab.lab import Server
from tests.lab.system import environment
from tests.lab.tree import run


class ScriptError(RuntimeError):
    """A statement of a script failed; the message is what the client said, with the line."""


def connect(server: Server, *, root: bool = False, **options: Any) -> Connection[Cursor]:
    """Connect over TCP as the lab's user, or as root. Closes as a context manager; autocommit is on unless given.

    Without TLS: setting that up takes 60 ms and more, a connection without it 3, and the tests make ten thousands.
    `options` are pymysql.connect's, such as database, cursorclass, autocommit. Raises pymysql.err.MySQLError.
    """
    chosen: dict[str, Any] = {
        "host": server.host,
        "port": server.port,
        "user": "root" if root else server.user,
        "password": server.root_password if root else server.password,
        "charset": "utf8mb4",
        "autocommit": True,
        "ssl_disabled": True,
    }
    chosen.update(options)
    connection: Connection[Cursor] = pymysql.connect(**chosen)
    return connection


def rows(server: Server, sql: str, *parameters: Any, root: bool = False, **options: Any) -> list[tuple[Any, ...]]:
    """Run one statement on a connection of its own and return its rows (none for one that gives no rows).

    `parameters` replace %s in the statement; with none, % is an ordinary character. Raises pymysql.err.MySQLError.
    """
    with connect(server, root=root, **options) as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return list(cursor.fetchall())


def number(connection: Connection[Cursor]) -> int:
    """What the server calls the connection, and KILL takes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        ((found,),) = cursor.fetchall()
    return int(found)


def run_script(server: Server, schema: str | None, path: Path, *, root: bool = False) -> str:
    """Run a file of SQL with the vendor's own client (so DELIMITER, comments and quotes mean what they mean there).

    It stops at the first error. Returns what the client printed (tab separated). The text is utf8mb4. Raises
    ScriptError when a statement fails, OSError when the file cannot be read, LabError when there is no client.
    """
    if server.vendor == "mariadb":
        command = run(packages.ensure(package_of(server.version)), "mariadb")
        login = ["--skip-ssl"]
    else:  # one client for all versions of MySQL: not every package has it
        command = run(packages.ensure(MYSQL_8_0_33), "mysql")
        # MySQL 5.7 does not know the collation this client logs in with, and would take the text for latin1.
        login = ["--ssl-mode=DISABLED", "--get-server-public-key", "--init-command=SET NAMES utf8mb4"]
    command += ["--no-defaults", f"--host={server.host}", f"--port={server.port}", "--protocol=TCP", *login]
    command += [f"--user={'root' if root else server.user}", "--default-character-set=utf8mb4"]
    command += ["--max-allowed-packet=256M", "--local-infile=1", "--batch"]
    if schema is not None:
        command.append(f"--database={schema}")
    variables = {**environment(), "MYSQL_PWD": server.root_password if root else server.password}
    with path.open("rb") as script:
        done = subprocess.run(command, stdin=script, capture_output=True, env=variables, check=False)
    if done.returncode != 0:
        raise ScriptError(f"{path} on {server.name}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace")
