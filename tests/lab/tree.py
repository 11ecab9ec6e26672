"""An unpacked package: a folder with bin, lib and share. What goes into it and how its programs are run."""

from __future__ import annotations

import posixpath
import shutil
import tarfile
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from tests.lab.definitions import Package

# Programs the lab or its tests may run.
PROGRAMS = ("mysqld", "mysql", "mysqldump", "mysqladmin", "mariadbd", "mariadb")
# A package that brings its own C library brings its loader too (x86-64, as everything the lab downloads).
LOADER = Path("lib", "private", "ld-linux-x86-64.so.2")


def wanted(package: Package, name: str) -> bool:
    """Whether the file `name` is kept. False for every path that would leave the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        return False
    plain = str(path)
    return any(fnmatchcase(plain, pattern) for pattern in package.keep) and not any(
        fnmatchcase(plain, pattern) for pattern in package.drop
    )


def unpack_tar(tar: tarfile.TarFile, package: Package, tree: Path, place: Callable[[str], str | None] = str) -> None:
    """Write the wanted files of an archive to `tree`, and the links between them.

    `place` says where a member goes, None for nowhere. Nothing is written outside of `tree`, and no link leads out of
    it: by hand, because tarfile's filters are not in every Python 3.11. Raises tarfile.TarError for a damaged archive.
    """

    def goal(name: str) -> str | None:
        placed = place(name)
        return placed if placed is not None and wanted(package, placed) else None

    for member in tar:
        name = goal(member.name)
        if name is None or not (member.isfile() or member.issym()):
            continue
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = tar.extractfile(member) if member.isfile() else None
        if content is not None:
            with content, path.open("wb") as file:
                shutil.copyfileobj(content, file)
            path.chmod(0o755 if member.mode & 0o100 else 0o644)
            continue
        linked = goal(posixpath.normpath(posixpath.join(posixpath.dirname(member.name), member.linkname)))
        if linked is not None:
            path.symlink_to(posixpath.relpath(linked, posixpath.dirname(name)))


def programs(folder: Path) -> list[Path]:
    """The programs of an unpacked package that the lab or its tests may run."""
    return [path for path in (folder / "bin" / name for name in PROGRAMS) if path.is_file()]


def has_loader(folder: Path) -> bool:
    """Whether the package brings its own C library, and needs none of the system's libraries."""
    return (folder / LOADER).is_file()


def run(folder: Path, program: str) -> list[str]:
    """The words that run a program of the package, under its own loader when it brings one (see ld.so(8))."""
    path = str(folder / "bin" / program)
    if not has_loader(folder):
        return [path]
    loader = folder / LOADER
    return [str(loader), "--library-path", str(loader.parent), "--argv0", path, path]
