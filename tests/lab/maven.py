"""Download a package with mvn and unpack what the lab needs of it."""

from __future__ import annotations

import shutil
import stat
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

from tests.lab.home import LabError, home
from tests.lab.package import Jars, Maven, Package
from tests.lab.processes import tied
from tests.lab.system import need_mvn
from tests.lab.tree import first_kept, unpack_tar, wanted

NOTHING_ELSE = "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"


def fetch(package: Package, origin: Maven, work: Path, tree: Path) -> None:
    """Download to `work` and unpack to `tree`. Raises LabError, or what `unpack` raises."""
    archive = download(origin, work)
    unpack(package, origin, archive, tree)
    archive.unlink()


def download(origin: Maven, work: Path) -> Path:
    """Fetch the artifact with mvn into `work`. Raises LabError with mvn's own words when that fails.

    mvn gets a local repository of the lab's own: its plugins stay there for the next download, the artifact's
    copy is removed (it is large, and mvn would keep it for ever).
    """
    group, name, version, *_ = origin.artifact.split(":")
    repository = home() / "m2"
    goals = ["dependency:copy", f"-Dartifact={origin.artifact}", f"-DoutputDirectory={work}"]
    try:
        _mvn(repository, goals, origin.artifact, work)
    finally:
        copy = repository.joinpath(*group.split("."), name, version)
        if copy.exists():
            shutil.rmtree(copy)
    found = [path for path in work.iterdir() if path.suffix in (".zip", ".jar", ".gz")]
    if len(found) != 1:
        raise LabError(f"mvn cannot download {origin.artifact}: it left {len(found)} files, not one")
    return found[0]


def fetch_jars(jars: Jars, work: Path, tree: Path) -> None:
    """Download a folder of jars into `tree`. Raises LabError with mvn's own words when that fails.

    A jar that another folder of the tree has already is linked to that one: plugins share most of theirs.
    mvn's repository is in `work`, for what a version of Trino depends on is of no use to anything else.
    """
    folder = tree / jars.folder
    folder.mkdir(parents=True)
    pom = work / f"{jars.folder.replace('/', '-')}.xml"
    pom.write_text(_pom(jars))
    goals = ["-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    _mvn(work / "m2", goals, f"{jars.artifacts[0]} and what it needs", work)
    known = {(path.name, path.stat().st_size): path for path in tree.rglob("*.jar") if path.parent != folder}
    for path in folder.iterdir():
        same = known.get((path.name, path.stat().st_size))
        if same is not None:
            path.unlink()
            path.hardlink_to(same)
    if jars.service is not None:
        with zipfile.ZipFile(folder / "service.jar", "w") as archive:
            archive.writestr("META-INF/services/io.trino.spi.Plugin", f"{jars.service}\n")


def _pom(jars: Jars) -> str:
    """A project that depends on the artifacts of the folder."""

    def words(coordinate: str, more: str = "") -> str:
        group, name, version = (escape(word) for word in coordinate.split(":"))
        return (
            f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version>"
            f"{more}</dependency>\n"
        )

    managed = "" if jars.bom is None else words(jars.bom, "<type>pom</type><scope>import</scope>")
    alone = NOTHING_ELSE if jars.bom is None else ""
    dependencies = "".join(words(artifact, alone) for artifact in jars.artifacts)
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0">\n<modelVersion>4.0.0</modelVersion>\n'
        "<groupId>lab</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>\n"
        f"<dependencyManagement><dependencies>\n{managed}</dependencies></dependencyManagement>\n"
        f"<dependencies>\n{dependencies}</dependencies>\n</project>\n"
    )


def _mvn(repository: Path, goals: list[str], what: str, work: Path) -> None:
    """Run mvn in `work`. A file whose checksum is not the published one is refused (-C). Raises LabError."""
    command = [need_mvn(), "-q", "-B", "-C", f"-Dmaven.repo.local={repository}", *goals]
    done = subprocess.run(tied(command), capture_output=True, text=True, cwd=work, check=False)
    if done.returncode != 0:
        errors = [line for line in done.stdout.splitlines() if "ERROR" in line] or done.stderr.splitlines()
        reason = errors[0] if errors else f"exit status {done.returncode}"
        raise LabError(f"mvn cannot download {what} (is there a network, and a mirror set up?): {reason}")


def without_top(name: str) -> str | None:
    """A member's name without the one folder around all of them; None for that folder."""
    return name.removeprefix("./").partition("/")[2] or None


def unpack(package: Package, origin: Maven, archive: Path, tree: Path) -> None:
    """Unpack the wanted members of a zip, of the tar inside it or of a tar.gz to `tree`, keeping their modes.

    Raises zipfile.BadZipFile, tarfile.TarError or EOFError for a damaged archive (zip members carry a checksum).
    """
    tree.mkdir(parents=True)
    if archive.name.endswith(".tar.gz"):
        with tarfile.open(archive) as tar:
            kept = first_kept(tar, package, without_top)
        with tarfile.open(archive) as tar:
            unpack_tar(tar, package, tree, without_top, kept)
        return
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
