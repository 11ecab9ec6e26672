"""Download packages of any Debian suite with apt-get and unpack what the lab needs of them.

Nothing is installed: apt-get works on lists, a status and a cache of the lab's own (apt.conf(5)), so that the system's
stay as they are and no root is needed. The address is the mirror that the machine's own apt is set up with.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from tests.lab.home import LabError
from tests.lab.package import Debian, Package
from tests.lab.processes import tied
from tests.lab.tree import unpack_tar

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# Where a file of a .deb goes. Until Debian 13 some packages still had /lib and /bin beside /usr (UsrMerge).
PLACES = (
    (re.compile(r"(usr/)?s?bin/"), "bin/"),
    (re.compile(r"(usr/)?lib/x86_64-linux-gnu/"), "lib/private/"),
    (re.compile(r"usr/lib/mysql/plugin/"), "lib/mysql/plugin/"),  # where such a server looks by itself
    (re.compile(r"usr/share/(mysql|mariadb)/"), "share/"),
    (re.compile(r"usr/lib/jvm/java-\d+-openjdk-amd64/"), ""),
    (re.compile(r"etc/java-\d+-openjdk/"), "etc/"),  # where the links in Java's conf and lib lead
)


def fetch(package: Package, origin: Debian, work: Path, tree: Path) -> None:
    """Download to `work` and unpack to `tree`. Raises LabError, tarfile.TarError for a damaged package."""
    tree.mkdir(parents=True)
    for archive in download(package, origin, work):
        unpack(package, archive, tree)
        archive.unlink()


def need_debian(title: str) -> None:
    """Raises LabError, in one sentence, when this machine cannot download packages of Debian."""
    missing = [program for program in ("apt-get", "dpkg-deb") if shutil.which(program) is None]
    if not KEYRING.is_file():
        missing.append(f"{KEYRING} (Debian's package debian-archive-keyring)")
    if missing:
        raise LabError(
            f"the lab takes {title} from Debian with apt-get, which needs a Debian machine: "
            f"here is no {' and no '.join(missing)}"
        )


def mirror() -> str:
    """The address of the Debian archive in this machine's own apt sources. Raises LabError when there is none."""
    known = {platform.freedesktop_os_release().get("VERSION_CODENAME"), "oldstable", "stable", "testing", "unstable"}
    words = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"]
    lines = _apt(words, "cannot read this machine's apt sources").splitlines()
    for line in lines:
        address, _, release = line.partition(" ")
        if release in known:
            return address
    raise LabError(f"this machine's apt sources name no Debian archive to download from, only {lines or 'nothing'}")


def download(package: Package, origin: Debian, work: Path) -> list[Path]:
    """The .debs of the packages and of all they depend on, in `work`. Raises LabError with apt-get's own words.

    Debian's signature is checked; a list that cannot be fetched is an error.
    """
    need_debian(package.title)
    apt, archives = work / "apt", work / "apt" / "cache" / "archives"
    for folder in (apt / "lists" / "partial", archives / "partial"):
        folder.mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb [arch=amd64 signed-by={KEYRING}] {mirror()} {origin.suite} main\n")
    settings = {
        "APT::Architecture": "amd64",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",  # no other user: it could not read this folder
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Dir::Cache": str(apt / "cache"),
        "Dir::Cache::archives": str(archives),
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::Etc::sourcelist": str(apt / "sources.list"),
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": str(apt / "lists"),
        "Dir::State::status": str(apt / "status"),
    }
    base = ["apt-get", "-q", "-y", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))]
    what = f"cannot download {' and '.join(origin.packages)} of Debian {origin.suite} (is there a network?)"
    _apt([*base, "--error-on=any", "update"], what)
    _apt([*base, "--download-only", "install", *origin.packages], what)
    found = sorted(archives.glob("*.deb"))
    if not found:
        raise LabError(f"apt-get {what}: it left no file")
    return found


def place(name: str) -> str | None:
    """Where a file of a .deb goes in the unpacked folder; None for one from a place the lab needs nothing of."""
    plain = str(PurePosixPath(name))
    for pattern, folder in PLACES:
        found = pattern.match(plain)
        if found is not None:
            return folder + plain[found.end() :]
    return None


def unpack(package: Package, archive: Path, tree: Path) -> None:
    """Unpack the wanted files of one .deb to `tree`.

    Raises LabError when dpkg-deb cannot read it, tarfile.TarError for a damaged one.
    """
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    with subprocess.Popen(tied(command), stdout=subprocess.PIPE) as child:
        with tarfile.open(fileobj=child.stdout, mode="r|") as tar:
            unpack_tar(tar, package, tree, place)
        if child.stdout is not None:
            child.stdout.read()  # what pads the archive: else dpkg-deb would end on a broken pipe
    if child.returncode != 0:
        raise LabError(f"dpkg-deb cannot unpack {archive.name}: exit status {child.returncode}")


def _apt(command: Sequence[str], what: str) -> str:
    """Run apt-get and return what it printed. Raises LabError with its first error."""
    done = subprocess.run(tied(command), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.startswith("E:")]
        raise LabError(f"apt-get {what}: {lines[0] if lines else f'exit status {done.returncode}'}")
    return done.stdout
