"""Data directories: initialised once for each package as a template, and copied for each server."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.lab import packages, processes
from tests.lab.definitions import accounts_sql
from tests.lab.home import LabError, home, locked, say
from tests.lab.package import Database
from tests.lab.system import environment
from tests.lab.tree import run

# What mariadb-install-db feeds to the server, in its order; the names begin with mysql_ until 10.11, with mariadb_ now.
# Of its files *_test_db.sql is left out: it makes anonymous users.
MARIADB_TABLES = (
    "*_system_tables.sql",
    "*_performance_tables.sql",
    "*_system_tables_data.sql",
    "fill_help_tables.sql",
    "maria_add_gis_sp_bootstrap.sql",
    "*_sys_schema.sql",
)
# The data above makes root accounts without a password for this machine's names: only the one of the socket stays.
# A bootstrapping server has no accounts until it is told to read them.
MARIADB_ROOT_SQL = """\
DELETE FROM mysql.global_priv WHERE user = 'root' AND host <> 'localhost';
DELETE FROM mysql.proxies_priv WHERE user = 'root' AND host <> 'localhost';
FLUSH PRIVILEGES;
"""


def template(package: Database) -> Path:
    """A data directory of this package, initialised once with the lab's accounts; servers get copies of it.

    Raises LabError when the server cannot initialise it.
    """
    binaries = packages.ensure(package)
    version = packages.version_of(package)
    settings = "\n".join((accounts_sql(package), *package.init_options))
    digest = hashlib.sha256(settings.encode()).hexdigest()[:10]
    folder = home() / "templates" / f"{package.vendor}-{version}-{digest}"
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
                say(f"initialised a {version} data directory in {time.monotonic() - started:.1f} s")
    return folder


def initialise(package: Database, binaries: Path, datadir: Path, options: Sequence[str]) -> None:
    """Create `datadir` with the lab's accounts in it. Raises LabError with the server's own words."""
    command = [*base_command(package, binaries, datadir), *options]
    if package.vendor == "mysql":
        with tempfile.TemporaryDirectory(prefix="migrate-lab-") as folder:
            accounts = Path(folder) / "accounts.sql"
            accounts.write_text(accounts_sql(package))
            _initialise(package, [*command, "--initialize-insecure", f"--init-file={accounts}"], datadir)
        (datadir / "auto.cnf").unlink(missing_ok=True)  # the server's UUID: every copy makes its own
    else:
        datadir.mkdir(parents=True)
        # Its help tables need a larger packet than a bootstrapping server takes by default.
        _initialise(
            package, [*command, "--bootstrap", "--max-allowed-packet=8M"], datadir, _mariadb_sql(package, binaries)
        )


def _mariadb_sql(package: Database, binaries: Path) -> bytes:
    """All that makes an empty folder a data directory. Raises LabError when the package lacks a part of it."""
    parts = [b"CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n"]
    for pattern in MARIADB_TABLES:
        found = list((binaries / "share").glob(pattern))
        if len(found) != 1:
            raise LabError(f"{package.title} in {binaries} has {len(found)} files share/{pattern}, not one")
        parts.append(found[0].read_bytes())
    parts += [MARIADB_ROOT_SQL.encode(), accounts_sql(package).encode()]
    return b"\n".join(parts)


def _initialise(package: Database, command: Sequence[str], datadir: Path, script: bytes = b"") -> None:
    done = subprocess.run(
        processes.tied(command),
        input=script,
        capture_output=True,
        env=environment(),
        check=False,
    )
    if done.returncode != 0:
        words = main_words((done.stdout + done.stderr).decode(errors="replace"))
        raise LabError(f"{package.title} cannot initialise {datadir}: {words}")


def copy_datadir(template_folder: Path, datadir: Path) -> None:
    """Copy a template to `datadir`, which appears as a whole or not at all."""
    work = datadir.with_name(datadir.name + ".part")
    if work.exists():
        shutil.rmtree(work)
    datadir.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(template_folder, work)
    work.rename(datadir)


def base_command(package: Database, binaries: Path, datadir: Path) -> list[str]:
    """The words every run of the server begins with: the program and where its files are."""
    share = binaries / "share"
    command = [*run(binaries, package.server), "--no-defaults", f"--basedir={binaries}", f"--datadir={datadir}"]
    command += [f"--lc-messages-dir={share}", f"--character-sets-dir={share / 'charsets'}"]
    if os.geteuid() == 0:
        command.append("--user=root")  # it refuses to run as root unless it is told to
    return command


def main_words(log: str) -> str:
    """The first error line of a server's log without its time stamp (later ones follow from it), or its last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if ("[ERROR]" in line or line.startswith("ERROR")) and "Aborting" not in line]
    chosen = errors[0] if errors else lines[-1] if lines else "it wrote nothing"
    for mark in ("[ERROR] ", "[Server] ", "[InnoDB] "):
        chosen = chosen.split(mark, 1)[-1]
    return chosen
