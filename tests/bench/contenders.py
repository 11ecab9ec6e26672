"""Who takes part: each knows the commands that move one schema from the source to an empty one on the target.

Every contender gets what its users would give it on a machine of this size: defaults, four threads where it asks.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.lab import LabError, Server, packages
from tests.lab.definitions import MYSQL_8_0_33
from tests.lab.system import environment

REPOSITORY = Path(__file__).resolve().parents[2]
THREADS = 4
LOGIN = ("--protocol=TCP", "--default-character-set=utf8mb4", "--max-allowed-packet=256M")


@dataclass(frozen=True)
class Step:
    """A command of a move, by a name for the report."""

    name: str
    command: Sequence[str]
    variables: Mapping[str, str]


class Contender(Protocol):
    """One way to move a schema."""

    @property
    def key(self) -> str:
        """What the goals call it; unique."""

    @property
    def name(self) -> str:
        """What the report calls it; unique."""

    @property
    def version(self) -> str:
        """Program and version, as the program itself tells."""

    def steps(self, source: Server, target: Server, schema: str, folder: Path) -> Sequence[Step]:
        """One after the other they move everything to a database that is there and empty; so is `folder`."""


@dataclass(frozen=True)
class Migrate:
    """This project: plan and apply, with the verification that apply does by default or without."""

    verify: bool
    version: str = "migrate of this tree"

    @property
    def key(self) -> str:
        """For the goals."""
        return "verified" if self.verify else "unverified"

    @property
    def name(self) -> str:
        """migrate, or migrate --no-verify."""
        return "migrate" if self.verify else "migrate --no-verify"

    def steps(self, source: Server, target: Server, schema: str, folder: Path) -> Sequence[Step]:
        """Plan, then apply."""
        (folder / "migrate.toml").write_text(configuration(source, target, schema), encoding="utf-8")
        paths = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
        # As one has it who installed it: with its bytecode, whatever this shell says of that.
        variables = {**os.environ, "PYTHONPATH": paths, "BENCH_PASSWORD": source.password}
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        variables["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / f"migrate-bench-bytecode-{os.getuid()}")
        command = (sys.executable, "-m", "migrate")
        flags = ("--quiet",) if self.verify else ("--quiet", "--no-verify")
        return (
            Step("plan", (*command, "plan", "-c", "migrate.toml", "-o", "plan.toml", "--quiet"), variables),
            Step("apply", (*command, "apply", "plan.toml", *flags), variables),
        )


@dataclass(frozen=True)
class Dump:
    """mariadb-dump into mariadb, or mysqldump into mysql, through a pipe: one connection on each side."""

    dumper: tuple[str, ...]
    loader: tuple[str, ...]
    version: str
    name: str
    key: str = "dump"

    def steps(self, source: Server, target: Server, schema: str, folder: Path) -> Sequence[Step]:
        """Both programs at once."""
        dump = shlex.join([*self.dumper, *address(source), "--single-transaction", schema])
        load = shlex.join([*self.loader, *address(target), schema])
        both = ("bash", "-o", "pipefail", "-c", f"{dump} | {load}")
        return (Step("pipe", both, {**environment(), "MYSQL_PWD": source.password}),)


@dataclass(frozen=True)
class Mydumper:
    """mydumper to files, then myloader from them. `old`: before 1.0, when it asked for more options."""

    folder: Path
    version: str
    old: bool
    key: str = "mydumper"
    name: str = "mydumper + myloader"

    def steps(self, source: Server, target: Server, schema: str, folder: Path) -> Sequence[Step]:
        """One after the other: files lie in between. It split a table only when it was told to."""
        options = (f"--threads={THREADS}", f"--password={source.password}")
        more = ("--rows=100000", "--trx-consistency-only") if self.old else ()
        files = str(folder / "dump")
        dump = (str(self.folder / "mydumper"), *options, *address(source), f"--database={schema}")
        load = (str(self.folder / "myloader"), *options, *address(target), f"--database={schema}")
        return (
            Step("dump", (*dump, f"--outputdir={files}", *more), environment()),
            Step("load", (*load, f"--source-db={schema}", f"--directory={files}"), environment()),
        )


@dataclass(frozen=True)
class Homemade:
    """The script one writes in an afternoon: see homemade.py."""

    version: str
    key: str = "script"
    name: str = "aiomysql: SSCursor, executemany"

    def steps(self, source: Server, target: Server, schema: str, folder: Path) -> Sequence[Step]:
        """All in one process."""
        command = (sys.executable, "-m", "tests.bench.homemade", str(source.port), str(target.port), schema)
        paths = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
        login = {"PYTHONPATH": paths, "BENCH_USER": source.user, "BENCH_PASSWORD": source.password}
        return (Step("copy", command, {**os.environ, **login}),)


def configuration(source: Server, target: Server, schema: str) -> str:
    """migrate.toml for the two servers; the password is in the environment."""
    ends = "".join(
        f'[endpoint.{name}]\nengine = "mysql"\nhost = "{server.host}"\nport = {server.port}\n'
        f'user = "{server.user}"\npassword = "${{BENCH_PASSWORD}}"\n\n'
        for name, server in (("old", source), ("new", target))
    )
    return f'name = "bench"\n\n{ends}[[move]]\nfrom = "old:{schema}.*"\nto = "new:{schema}.*"\n'


def mysql_client(server: Server) -> list[str]:
    """The client of the lab's server package, with the address; the password goes by MYSQL_PWD."""
    program = packages.ensure(MYSQL_8_0_33) / "bin" / "mysql"
    return [str(program), "--no-defaults", *LOGIN, "--ssl-mode=DISABLED", "--get-server-public-key", *address(server)]


def address(server: Server) -> list[str]:
    """Where and who, as all clients take it."""
    return [f"--host={server.host}", f"--port={server.port}", f"--user={server.user}"]


def find_dump() -> Dump:
    """mariadb-dump on PATH, installed by Debian's package when we are root; else the lab's own mysqldump.

    Raises LabError when there is neither.
    """
    options: tuple[str, ...] = ("--no-defaults", *LOGIN)
    dumper, loader = _installed("mariadb-dump", "mariadb-client"), shutil.which("mariadb")
    if dumper is not None and loader is not None:
        told = version([dumper, "--version"])
        return Dump((dumper, *options), (loader, *options), told, "mariadb-dump, piped to mariadb")
    folder = packages.ensure(MYSQL_8_0_33) / "bin"
    options += ("--ssl-mode=DISABLED", "--get-server-public-key")
    dump = (str(folder / "mysqldump"), *options, "--no-tablespaces", "--set-gtid-purged=OFF")
    told = version([dump[0], "--version"])
    return Dump(dump, (str(folder / "mysql"), *options), told, "mysqldump, piped to mysql")


def find_mydumper() -> Mydumper | str:
    """The one in $MYDUMPER_HOME, else the one on PATH, installed by Debian's package when we are root.

    When there is none, the reason in words: the bench goes on without.
    """
    chosen = os.environ.get("MYDUMPER_HOME")
    if chosen is None:
        found = _installed("mydumper", "mydumper")
        if found is None:
            return "there is none: install it, or name the folder of its programs in MYDUMPER_HOME"
        chosen = str(Path(found).parent)
    folder = Path(chosen)
    for program in (folder / "mydumper", folder / "myloader"):
        if not os.access(program, os.X_OK):
            return f"{program} is not a program"
    told = version([str(folder / "mydumper"), "--version"])
    return Mydumper(folder, told, old=told.startswith("mydumper 0."))


def find_all() -> tuple[list[Contender], list[str]]:
    """Everyone who can take part but the floor, migrate first, and for each who cannot a line that says why."""
    import aiomysql

    missing = []
    found: list[Contender] = [Migrate(verify=False), Migrate(verify=True)]
    mydumper = find_mydumper()
    if isinstance(mydumper, str):
        missing.append(f"mydumper is not measured: {mydumper}")
    else:
        found.append(mydumper)
    found += [find_dump(), Homemade(f"aiomysql {aiomysql.__version__}")]
    return found, missing


def version(command: Sequence[str]) -> str:
    """What a program says of itself, cut to name and number. Raises LabError when it says nothing."""
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    words = (done.stdout or done.stderr).strip().splitlines()
    if not words:
        raise LabError(f"{command[0]} does not tell its version")
    number = re.search(r"\d+\.\d+\.\d+\S*?(?=[,\s]|$)", words[0])
    return f"{Path(command[0]).name} {number.group()}" if number else words[0]


def _installed(program: str, package: str) -> str | None:
    """The path of a program, after an attempt to install Debian's package when there is none and we are root."""
    found = shutil.which(program)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"bench: installing {package} with apt-get", flush=True)
        for words in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", package]):
            variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(["apt-get", *words], env=variables, capture_output=True, check=False)
        found = shutil.which(program)
    return found
