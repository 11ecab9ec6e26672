"""Who takes part: each knows how to move one schema from the source to an empty one on the target.

Every contender gets what its users would give it on a machine of this size: defaults, four threads where it asks.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.lab import LabError, Server, packages
from tests.lab.definitions import MYSQL_8_0_33
from tests.lab.system import environment

REPOSITORY = Path(__file__).resolve().parents[2]
THREADS = 4
ROWS_A_FILE = 100_000  # mydumper splits a table only when it is told to


class Failed(RuntimeError):
    """A contender ended with an error; the message is the last of what it said."""


class Contender(Protocol):
    """One way to move a schema."""

    @property
    def name(self) -> str:
        """What the report calls it; unique."""

    @property
    def version(self) -> str:
        """Program and version, as the program itself tells."""

    def move(self, source: Server, target: Server, schema: str, folder: Path) -> None:
        """Move everything; the database is there and empty on the target, `folder` is empty. Raises Failed."""


@dataclass(frozen=True)
class Migrate:
    """This project: plan and apply, with the verification that apply does by default or without."""

    verify: bool
    version: str = "this tree"

    @property
    def name(self) -> str:
        """migrate, or migrate --no-verify."""
        return "migrate" if self.verify else "migrate --no-verify"

    def move(self, source: Server, target: Server, schema: str, folder: Path) -> None:
        """Plan, then apply."""
        (folder / "migrate.toml").write_text(configuration(source, target, schema), encoding="utf-8")
        paths = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
        variables = {**os.environ, "PYTHONPATH": paths, "BENCH_PASSWORD": source.password}
        command = [sys.executable, "-m", "migrate"]
        _run([*command, "plan", "-c", "migrate.toml", "-o", "plan.toml", "--quiet"], folder, variables)
        flags = ["--quiet"] if self.verify else ["--quiet", "--no-verify"]
        _run([*command, "apply", "plan.toml", *flags], folder, variables)


@dataclass(frozen=True)
class Mysqldump:
    """mysqldump into mysql, through a pipe: one connection on each side."""

    folder: Path
    version: str
    name: str = "mysqldump | mysql"

    def move(self, source: Server, target: Server, schema: str, folder: Path) -> None:
        """Both programs at once."""
        options = ["--no-defaults", "--protocol=TCP", "--ssl-mode=DISABLED", "--get-server-public-key"]
        options += ["--default-character-set=utf8mb4", "--max-allowed-packet=256M"]
        variables = {**environment(), "MYSQL_PWD": source.password}
        dump = [str(self.folder / "bin" / "mysqldump"), *options, *_address(source)]
        dump += ["--single-transaction", "--no-tablespaces", "--set-gtid-purged=OFF", schema]
        load = [str(self.folder / "bin" / "mysql"), *options, *_address(target), schema]
        words = folder / "words"
        with (
            words.open("wb") as errors,
            subprocess.Popen(dump, stdout=subprocess.PIPE, stderr=errors, env=variables) as first,
        ):
            second = subprocess.run(load, stdin=first.stdout, stderr=errors, env=variables, check=False)
            if first.stdout is not None:
                first.stdout.close()
        if first.returncode or second.returncode:
            raise Failed(_last(words.read_text(errors="replace")))


@dataclass(frozen=True)
class Mydumper:
    """mydumper to files, then myloader from them."""

    program: str
    version: str
    consistency: str  # the option's name differs between versions
    name: str = "mydumper + myloader"

    def move(self, source: Server, target: Server, schema: str, folder: Path) -> None:
        """One after the other: files lie in between."""
        loader = str(Path(self.program).with_name("myloader"))
        options = [f"--threads={THREADS}", f"--password={source.password}"]
        dump = [self.program, *options, *_address(source), f"--database={schema}", f"--outputdir={folder / 'dump'}"]
        dump += [f"--rows={ROWS_A_FILE}", self.consistency]
        _run(dump, folder, os.environ)
        load = [loader, *options, *_address(target), f"--source-db={schema}", f"--database={schema}"]
        _run([*load, f"--directory={folder / 'dump'}", "--overwrite-tables"], folder, os.environ)


@dataclass(frozen=True)
class Homemade:
    """The script one writes in an afternoon: see homemade.py."""

    version: str
    name: str = "home-made script"

    def move(self, source: Server, target: Server, schema: str, folder: Path) -> None:
        """In a process of its own, so that its CPU seconds can be told apart."""
        command = [sys.executable, "-m", "tests.bench.homemade", str(source.port), str(target.port), schema]
        variables = {**os.environ, "BENCH_USER": source.user, "BENCH_PASSWORD": source.password}
        _run(command, REPOSITORY, variables)


def configuration(source: Server, target: Server, schema: str) -> str:
    """migrate.toml for the two servers; the password is in the environment."""
    ends = "".join(
        f'[endpoint.{name}]\nengine = "mysql"\nhost = "{server.host}"\nport = {server.port}\n'
        f'user = "{server.user}"\npassword = "${{BENCH_PASSWORD}}"\n\n'
        for name, server in (("old", source), ("new", target))
    )
    return f'name = "bench"\n\n{ends}[[move]]\nfrom = "old:{schema}.*"\nto = "new:{schema}.*"\n'


def find_mysqldump() -> Mysqldump:
    """The one of the lab's server package. Raises LabError when there is none."""
    folder = packages.ensure(MYSQL_8_0_33)
    return Mysqldump(folder, _version([str(folder / "bin" / "mysqldump"), "--version"]))


def find_mydumper() -> Mydumper | str:
    """$MYDUMPER_BIN (myloader lies beside it), else the one on PATH, else Debian's package when we are root.

    When there is none, the reason in words: the bench goes on without.
    """
    chosen = os.environ.get("MYDUMPER_BIN") or shutil.which("mydumper")
    if chosen is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("bench: installing mydumper with apt-get", flush=True)
        for words in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", "mydumper"]):
            variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(["apt-get", *words], env=variables, capture_output=True, check=False)
        chosen = shutil.which("mydumper")
    if chosen is None:
        return "there is none: install it, or name one in MYDUMPER_BIN"
    program = Path(chosen)
    if program.is_dir():
        program /= "mydumper"
    for path in (program, program.with_name("myloader")):
        if not os.access(path, os.X_OK):
            return f"{path} is not a program"
    help_text = subprocess.run([str(program), "--help"], capture_output=True, text=True, check=False).stdout
    consistency = "--trx-tables" if "--trx-tables" in help_text else "--trx-consistency-only"
    return Mydumper(str(program), _version([str(program), "--version"]), consistency)


def find_all() -> tuple[list[Contender], list[str]]:
    """Everyone who can take part, migrate first, and for each who cannot a line that says why."""
    import aiomysql

    missing = []
    found: list[Contender] = [Migrate(verify=True), Migrate(verify=False), find_mysqldump()]
    mydumper = find_mydumper()
    if isinstance(mydumper, str):
        missing.append(f"mydumper is not measured: {mydumper}")
    else:
        found.append(mydumper)
    found.append(Homemade(f"aiomysql {aiomysql.__version__}, SSCursor and executemany"))
    return found, missing


def _address(server: Server) -> list[str]:
    return [f"--host={server.host}", f"--port={server.port}", f"--user={server.user}"]


def _run(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"exit {done.returncode}: {_last(done.stderr or done.stdout)}")


def _last(words: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _version(command: Sequence[str]) -> str:
    """What a program says of itself, cut to name and number."""
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    words = (done.stdout or done.stderr).strip().splitlines()
    if not words:
        raise LabError(f"{command[0]} does not tell its version")
    number = re.search(r"\d+\.\d+\.\d+\S*?(?=[,\s]|$)", words[0])
    return f"{Path(command[0]).name} {number.group()}" if number else words[0]
