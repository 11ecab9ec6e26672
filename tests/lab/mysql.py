"""One MySQL server: initialise a data directory, start mysqld on it, wait until it answers a real login."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pymysql

from tests.lab import packages, processes
from tests.lab.definitions import ACCOUNTS_SQL, HOST, PASSWORD, USER, Package
from tests.lab.home import LabError, home, locked, say
from tests.lab.registry import Record
from tests.lab.system import environment

# Real servers with settings for many short tests; the redo log's size is the package's, it is named by version.
OPTIONS = (
    f"--bind-address={HOST}",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--mysqlx=OFF",
    "--local-infile=ON",
    "--secure-file-priv=",
    "--max-allowed-packet=256M",
    "--max-connections=300",
    "--default-time-zone=SYSTEM",
    "--innodb-buffer-pool-size=256M",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--innodb-buffer-pool-load-at-startup=OFF",
    # The performance schema is on and sizes itself by these two: about 100 MB less than by their defaults.
    "--table-definition-cache=400",
    "--table-open-cache=1000",
)
START_SECONDS = 120.0  # a crash recovery on a busy machine included


class PortTaken(LabError):
    """The port that was free when it was chosen is not free any more."""


def template(package: Package) -> Path:
    """A data directory of this package, initialised once with the lab's accounts; servers get copies of it.

    Raises LabError when mysqld cannot initialise it.
    """
    binaries = packages.ensure(package)
    settings = "\n".join((ACCOUNTS_SQL, *package.init_options))
    digest = hashlib.sha256(settings.encode()).hexdigest()[:10]
    folder = home() / "templates" / f"{package.name}-{package.version}-{digest}"
    if not folder.is_dir():
        with locked(f"template-{folder.name}"):
            if not folder.is_dir():
                started = time.monotonic()
                work = home() / "tmp" / f"template-{folder.name}"
                if work.exists():
                    shutil.rmtree(work)
                work.parent.mkdir(exist_ok=True)
                initialise(package, binaries, work, package.init_options)
                folder.parent.mkdir(exist_ok=True)
                work.rename(folder)
                say(f"initialised a {package.version} data directory in {time.monotonic() - started:.1f} s")
    return folder


def initialise(package: Package, binaries: Path, datadir: Path, options: Sequence[str]) -> None:
    """Create `datadir` with the lab's accounts in it. Raises LabError with the server's own words."""
    with tempfile.TemporaryDirectory(prefix="migrate-lab-") as folder:
        accounts = Path(folder) / "accounts.sql"
        accounts.write_text(ACCOUNTS_SQL)
        command = [*_base(binaries, datadir), *options, "--initialize-insecure", f"--init-file={accounts}"]
        done = subprocess.run(processes.tied(command), capture_output=True, text=True, env=environment(), check=False)
    if done.returncode != 0:
        raise LabError(f"mysqld {package.version} cannot initialise {datadir}: {main_words(done.stdout + done.stderr)}")
    (datadir / "auto.cnf").unlink(missing_ok=True)  # the server's UUID: every copy makes its own


def copy_datadir(template_folder: Path, datadir: Path) -> None:
    """Copy a template to `datadir`, which appears as a whole or not at all."""
    work = datadir.with_name(datadir.name + ".part")
    if work.exists():
        shutil.rmtree(work)
    datadir.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(template_folder, work)
    work.rename(datadir)


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
    """Start mysqld on `folder`/data without waiting; gives the process and its socket's path. The log starts anew."""
    binaries = packages.ensure(package)
    path = socket_path(folder)
    remove_socket(path)  # a killed server leaves it, with a lock that names a pid someone else may have by now
    log = folder / "mysqld.log"
    log.write_bytes(b"")
    command = [*_base(binaries, folder / "data"), *OPTIONS, *package.start_options]
    command += [f"--port={port}", f"--socket={path}", f"--pid-file={folder / 'mysqld.pid'}", *options]
    return processes.spawn(command, log, environment()), path


def login(port: int, timeout: float = 2.0) -> str:
    """Log in as the lab's user over TCP and return the server's version. Raises pymysql.err.MySQLError."""
    connection = pymysql.connect(
        host=HOST,
        port=port,
        user=USER,
        password=PASSWORD,
        connect_timeout=timeout,
        read_timeout=timeout,
        write_timeout=timeout,
    )
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
                raise LabError(f"{record.key} (MySQL {record.version}) ended: {words}; see {record.log}") from error
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


def main_words(log: str) -> str:
    """The first error line of a server's log without its time stamp (later ones follow from it), or its last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if "[ERROR]" in line and "Aborting" not in line]
    chosen = errors[0] if errors else lines[-1] if lines else "it wrote nothing"
    return chosen.split("[Server] ", 1)[-1].split("[InnoDB] ", 1)[-1]


def _base(binaries: Path, datadir: Path) -> list[str]:
    command = [str(binaries / "bin" / "mysqld"), "--no-defaults", f"--basedir={binaries}", f"--datadir={datadir}"]
    command += [f"--lc-messages-dir={binaries / 'share'}", f"--character-sets-dir={binaries / 'share' / 'charsets'}"]
    if os.geteuid() == 0:
        command.append("--user=root")  # mysqld refuses to run as root unless it is told to
    return command
