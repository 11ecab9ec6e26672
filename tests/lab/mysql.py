"""One server, MySQL or MariaDB: start it on a data directory, wait until it answers a real login."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pymysql

from tests.lab import packages, processes
from tests.lab.datadir import base_command, main_words
from tests.lab.definitions import HOST, PASSWORD, USER, Package, package_of
from tests.lab.home import LabError
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
START_SECONDS = 120.0  # a crash recovery on a busy machine included


class PortTaken(LabError):
    """The port that was free when it was chosen is not free any more."""


def free_port(preferred: int | None = None) -> int:
    """A TCP port nobody listens on at 127.0.0.1: `preferred` when it is free, else one the kernel picks."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE or port == 0:
                    raise
                continue
            return int(probe.getsockname()[1])
    raise LabError(f"no free port at {HOST}")


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


def launch(package: Package, folder: Path, port: int, options: Sequence[str]) -> tuple[processes.Process, Path]:
    """Start a server on `folder`/data without waiting; gives the process and its socket's path. Its log starts anew."""
    binaries = packages.ensure(package)
    path = socket_path(folder)
    remove_socket(path)  # a killed server leaves it, with a lock that names a pid someone else may have by now
    log = folder / "mysqld.log"
    log.write_bytes(b"")
    # Of its own: MariaDB clears another server's temporary tables out of a shared one when it starts.
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    command = [*base_command(package, binaries, folder / "data"), *OPTIONS, *package.start_options]
    command += [f"--port={port}", f"--socket={path}", f"--pid-file={folder / 'mysqld.pid'}"]
    command += [f"--tmpdir={temporary}", *options]
    return processes.spawn(command, log, environment()), path


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


def wait_login(record: Record, seconds: float = START_SECONDS) -> None:
    """Wait until the server answers a login with a SELECT.

    Raises PortTaken when another program has its port, LabError when the server ended, answers as another version
    or did not answer in `seconds`; the message holds the main error of its log.
    """
    limit = time.monotonic() + seconds
    while True:
        running = record.running
        try:
            version = login(record.port)
        except pymysql.err.MySQLError as error:
            words = main_words(Path(record.log).read_text(errors="replace"))
            if not running:
                if "bind on TCP/IP port" in words or "Address already in use" in words:
                    raise PortTaken(f"{record.key}: port {record.port} was taken: {words}") from error
                title = package_of(record.version).title
                raise LabError(f"{record.key} ({title}) ended: {words}; see {record.log}") from error
            if time.monotonic() > limit:
                raise LabError(
                    f"{record.key} (pid {record.process.pid}) does not answer on port {record.port} "
                    f"after {seconds:.0f} s ({error}): `python -m tests.lab down` ends it; see {record.log}"
                ) from error
            time.sleep(0.05)
            continue
        if not running or not version.startswith(record.version):
            raise PortTaken(f"{record.key}: another server (version {version}) answers on port {record.port}")
        return
