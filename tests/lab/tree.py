"""An unpacked package: a folder with bin, lib and share. What goes into it and how its programs are run."""

from __future__ import annotations

import posixpath
import shutil
import tarfile
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from tests.lab.package import Package

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


Placing = Callable[[str], str | None]  # where a member of an archive goes in the folder, None for nowhere
NONE: Mapping[str, str] = {}


def first_kept(tar: tarfile.TarFile, package: Package, place: Placing) -> dict[str, str]:
    """The members that are not wanted but that a wanted hard link names: where the first such link goes.

    For `unpack_tar` of an archive with hard links, which keep one copy of a file under many names.
    """
    found: dict[str, str] = {}
    for member in tar:
        if member.islnk() and _goal(member.linkname, package, place) is None:
            name = _goal(member.name, package, place)
            if name is not None:
                found.setdefault(member.linkname, name)
    return found


def unpack_tar(
    tar: tarfile.TarFile, package: Package, tree: Path, place: Placing = str, kept: Mapping[str, str] = NONE
) -> None:
    """Write the wanted files of an archive to `tree`, and the links between them.

    `kept` is what `first_kept` found. Nothing is written outside of `tree`, and no link leads out of it: by hand,
    because tarfile's filters are not in every Python 3.11. Raises tarfile.TarError for a damaged archive.
    """
    for member in tar:
        name = _goal(member.name, package, place) or kept.get(member.name)
        if name is None or not (member.isfile() or member.issym() or member.islnk()):
            continue
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if member.islnk():
            linked = _goal(member.linkname, package, place) or kept.get(member.linkname)
            if linked is not None and linked != name:
                path.hardlink_to(tree / linked)
        elif member.issym():
            # An absolute link means the root of what is unpacked: the system's /etc is not the package's.
            linked = posixpath.normpath(posixpath.join(posixpath.dirname(member.name), member.linkname))
            linked = _goal(linked.lstrip("/"), package, place)
            if linked is not None:
                path.symlink_to(posixpath.relpath(linked, posixpath.dirname(name)))
        else:
            content = tar.extractfile(member)
            if content is not None:
                with content, path.open("wb") as file:
                    shutil.copyfileobj(content, file)
                path.chmod(0o755 if member.mode & 0o100 else 0o644)


def _goal(name: str, package: Package, place: Placing) -> str | None:
    placed = place(name)
    return placed if placed is not None and wanted(package, placed) else None


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
