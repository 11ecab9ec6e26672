"""Have a package: downloaded and unpacked once, so that its folder is either whole or absent."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

from tests.lab import debian, maven
from tests.lab.home import LabError, home, locked, say
from tests.lab.package import Debian, Maven, Package, Vendor
from tests.lab.system import environment, need_libraries
from tests.lab.tree import has_loader, programs, run

VERSION_FILE = "VERSION"  # in the unpacked folder: the server's own version
# How a package says its version: the program, its words, and where the version is in what it prints.
VERSIONS: dict[Vendor, tuple[str, tuple[str, ...], str]] = {
    "mysql": ("mysqld", ("--no-defaults", "--version"), r"\bVer (\d+(?:\.\d+)+)"),
    "mariadb": ("mariadbd", ("--no-defaults", "--version"), r"\bVer (\d+(?:\.\d+)+)"),
    "java": ("java", ("-version",), r'\bversion "(\d+(?:\.\d+)+)'),
}


def folder_of(package: Package) -> Path:
    """Where the package is, or will be, unpacked."""
    return home() / "packages" / f"{package.vendor}-{package.version}"


def ensure(package: Package) -> Path:
    """The folder of the unpacked package, downloaded first when it is not there yet.

    A killed download or unpack leaves only a folder under `tmp`, which the next run removes; the package's own
    folder appears by one rename of a whole tree. Raises LabError when it cannot be had or cannot run here.
    """
    folder = folder_of(package)
    if package.java is not None:
        ensure(package.java)
    if not folder.is_dir():
        with locked(f"package-{folder.name}"):
            if not folder.is_dir():
                _make(package, folder)
    _need_libraries(folder)
    return folder


def version_of(package: Package) -> str:
    """The version of the server in the unpacked package, such as 11.8.9: more than `package.version` may say."""
    try:
        return (folder_of(package) / VERSION_FILE).read_text().strip()
    except FileNotFoundError:
        return package.version  # unpacked by a lab that knew only packages of one exact version


def _make(package: Package, folder: Path) -> None:
    started = time.monotonic()
    work = home() / "tmp" / folder.name
    if work.exists():
        shutil.rmtree(work)  # left behind by a run that was killed; the lock says it is not in use
    work.mkdir(parents=True)
    if shutil.disk_usage(work).free < package.space * 1_000_000:
        raise LabError(f"{package.title} needs {package.space} MB free in {home()} to unpack")
    try:
        tree = work / "tree"
        what = f"{package.title} ({package.megabytes} MB"
        if isinstance(package.origin, Maven):
            say(f"downloading {what}, {package.origin.artifact}) with mvn")
            maven.fetch(package, package.origin, work, tree)
        elif isinstance(package.origin, Debian):
            say(f"downloading {what}, Debian {package.origin.suite}) with apt-get")
            debian.fetch(package, package.origin, work, tree)
        else:
            say(f"downloading {what}, {package.jars[0].artifacts[0]} and what it needs) with mvn")
        for jars in package.jars:
            maven.fetch_jars(jars, work, tree)
        (tree / VERSION_FILE).write_text(_check(package, tree) + "\n")
        folder.parent.mkdir(exist_ok=True)
        tree.rename(folder)
    finally:
        shutil.rmtree(work)
    say(f"{package.title} is in {folder} after {time.monotonic() - started:.1f} s")


def _need_libraries(folder: Path) -> None:
    if not has_loader(folder):
        need_libraries(programs(folder))


def _check(package: Package, tree: Path) -> str:
    """Run the program once for its version. Raises LabError when it does not run here or is another one."""
    if package.vendor not in VERSIONS:
        return package.version  # it takes a whole installation to run it
    program, words, pattern = VERSIONS[package.vendor]
    _need_libraries(tree)
    command = [*run(tree, program), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    found = re.search(pattern, done.stdout + done.stderr)
    if done.returncode != 0 or found is None or not f"{found[1]}.".startswith(f"{package.version}."):
        said = (done.stdout + done.stderr).strip() or f"exit status {done.returncode}"
        raise LabError(f"the download did not unpack to a {package.title} that runs here: {said}")
    return found[1]
