"""Download a package with mvn and unpack what the lab needs of it."""

from __future__ import annotations

import shutil
import stat
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

from tests.lab.definitions import Maven, Package
from tests.lab.home import LabError, home
from tests.lab.processes import tied
from tests.lab.system import need_mvn
from tests.lab.tree import unpack_tar, wanted


def fetch(package: Package, origin: Maven, work: Path, tree: Path) -> None:
    """Download to `work` and unpack to `tree`. Raises LabError, or what `unpack` raises."""
    archive = download(origin, work)
    unpack(package, origin, archive, tree)
    archive.unlink()


def download(origin: Maven, work: Path) -> Path:
    """Fetch the artifact with mvn into `work`. Raises LabError with mvn's own words when that fails.

    A file whose checksum is not the published one is refused (-C).
    mvn gets a local repository of the lab's own: its plugins stay there for the next download, the artifact's
    copy is removed (it is large, and mvn would keep it for ever).
    """
    mvn = need_mvn()
    group, name, version, *_ = origin.artifact.split(":")
    repository = home() / "m2"
    command = [mvn, "-q", "-B", "-C", f"-Dmaven.repo.local={repository}", "dependency:copy"]
    command += [f"-Dartifact={origin.artifact}", f"-DoutputDirectory={work}"]
    done = subprocess.run(tied(command), capture_output=True, text=True, cwd=work, check=False)
    copy = repository.joinpath(*group.split("."), name, version)
    if copy.exists():
        shutil.rmtree(copy)
    found = [path for path in work.iterdir() if path.suffix in (".zip", ".jar")]
    if done.returncode != 0 or len(found) != 1:
        errors = [line for line in done.stdout.splitlines() if "ERROR" in line] or done.stderr.splitlines()
        reason = errors[0] if errors else "it left no file"
        raise LabError(f"mvn cannot download {origin.artifact} (is there a network, and a mirror set up?): {reason}")
    return found[0]


def unpack(package: Package, origin: Maven, archive: Path, tree: Path) -> None:
    """Unpack the wanted members of a zip (or of the tar inside it) to `tree`, keeping their modes.

    Raises zipfile.BadZipFile, tarfile.TarError or EOFError for a damaged archive (zip members carry a checksum).
    """
    tree.mkdir(parents=True)
    with zipfile.ZipFile(archive) as outer:
        if origin.inner is not None:
            with tempfile.TemporaryDirectory(dir=tree.parent) as folder:
                with tarfile.open(outer.extract(origin.inner, folder)) as tar:
                    unpack_tar(tar, package, tree)
            return
        for member in outer.infolist():
            if member.is_dir() or not wanted(package, member.filename):
                continue
            path = Path(outer.extract(member, tree))
            path.chmod(stat.S_IMODE(member.external_attr >> 16) | 0o644)
    for program in (tree / "bin").glob("*"):
        program.chmod(0o755)
