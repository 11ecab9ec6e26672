"""One server, MySQL or MariaDB: start it on a data directory, wait until it answers a real login."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pymysql

from tests.lab import packages, processes
from tests.lab.datadir import base_command, copy_datadir, main_words, template
from tests.lab.definitions import HOST, PASSWORD, USER
from tests.lab.home import LabError
from tests.lab.kinds import NoAnswer, Started
from tests.lab.package import Database, Package
from tests.lab.registry import Record
from tests.lab.system import environment

# Real servers with settings for many short tests, on top of the package's own: what all of them know.
OPTIONS = (
    f"--bind-address={HOST}",
    "--skip-name-resolve",
    "--local-infile=ON",
    "--secure-file-priv=",
    "--max-allowed-packet=256M",
    "--max-connections=300",
    "--default-time-zone=SYSTEM",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--innodb-buffer-pool-load-at-startup=OFF",
    # MySQL's performance schema is on and sizes itself by these two: about 100 MB less than by their defaults.
    "--table-definition-cache=400",
    "--table-open-cache=1000",
)
WANTS_TLS = 3159


def socket_path(folder: Path) -> Path:
    """Where a server's socket goes: in its folder, or under the temporary folder when that path is too long.

    Unix limits a socket's path to 107 bytes (sun_path in unix(7)).
    """
    path = folder / "mysql.sock"
    if len(os.fsencode(path)) <= 100:
        return path
    short = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"migrate-lab-{short}.sock"


def remove_socket(path: Path) -> None:
    """Remove a server's socket and its lock. Only for a server that is known to have ended."""
    for leftover in (path, path.with_name(path.name + ".lock")):
        leftover.unlink(missing_ok=True)


def login(port: int, timeout: float = 2.0) -> str:
    """Log in as the lab's user over TCP and return the server's version. Raises pymysql.err.MySQLError.

    Without TLS, which takes twenty times as long, unless the server wants it.
    """
    connect = partial(
        pymysql.connect,
        host=HOST,
        port=port,
        user=USER,
        password=PASSWORD,
        connect_timeout=timeout,
        read_timeout=timeout,
        write_timeout=timeout,
    )
    try:
        connection = connect(ssl_disabled=True)
    except pymysql.err.MySQLError as error:
        if error.args[0] != WANTS_TLS:
            raise
        connection = connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        row = cursor.fetchone()
    return str(row[0]) if row else ""


class Databases:
    """MySQL and MariaDB (see `kinds.Kind`): they start on a copy of a data directory that is initialised once."""

    def version(self, package: Package) -> str:
        """The version of the server in the unpacked package."""
        return packages.version_of(package)

    def prepare(self, package: Package) -> None:
        """Have the package and its template. Raises LabError."""
        template(_database(package))

    def make_data(self, package: Package, folder: Path) -> None:
        """Copy the template. Raises LabError when there is none yet and it cannot be made."""
        copy_datadir(template(_database(package)), folder / "data")

    def launch(self, package: Package, name: str, folder: Path, port: int, options: Sequence[str]) -> Started:
        """Start a server on `folder`/data without waiting. Its log starts anew."""
        database = _database(package)
        binaries = packages.ensure(package)
        path = socket_path(folder)
        remove_socket(path)  # a killed server leaves it, with a lock that names a pid someone else may have by now
        log = folder / "mysqld.log"
        log.write_bytes(b"")
        # Of its own: MariaDB clears another server's temporary tables out of a shared one when it starts.
        temporary = folder / "tmp"
        temporary.mkdir(exist_ok=True)
        command = [*base_command(database, binaries, folder / "data"), *OPTIONS, *database.start_options]
        command += [f"--port={port}", f"--socket={path}", f"--pid-file={folder / 'mysqld.pid'}"]
        command += [f"--tmpdir={temporary}", *options]
        return Started(processes.spawn(command, log, environment()), log, path)

    def answers(self, record: Record) -> str:
        """The version it says after a login with a SELECT. Raises NoAnswer."""
        try:
            return login(record.port)
        except pymysql.err.MySQLError as error:
            raise NoAnswer(str(error)) from error

    def clean(self, record: Record) -> None:
        """Remove its socket."""
        remove_socket(Path(record.socket))

    def main_words(self, log: str) -> str:
        """The first error line of its log."""
        return main_words(log)


def _database(package: Package) -> Database:
    if not isinstance(package, Database):
        raise LabError(f"{package.title} is no database")
    return package


KIND = Databases()
