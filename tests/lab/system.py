"""What the machine itself must have: mvn to download, shared libraries to run. Debian's root installs them.

Names of packages: Debian 12 (libaio1), Debian 13 and Ubuntu 24.04 (libaio1t64, whose file carries another name).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.lab.home import LabError, home, locked, say

# Shared library -> Debian packages that may hold it, newest name last.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "libaio.so.1": ("libaio1", "libaio1t64"),
    "libcrypt.so.1": ("libcrypt1",),
    "libncurses.so.6": ("libncurses6",),
    "libnuma.so.1": ("libnuma1",),
    "libstdc++.so.6": ("libstdc++6",),
    "libtinfo.so.6": ("libtinfo6",),
}
# Wanted name -> the name newer Debian gives the same library on 64-bit machines.
RENAMED = {"libaio.so.1": "libaio.so.1t64"}


def environment() -> dict[str, str]:
    """The environment servers and clients run in: this one, plus the lab's own links to renamed libraries."""
    values = {name: value for name, value in os.environ.items() if not name.startswith(("MYSQL_", "MARIADB_"))}
    links = home() / "libraries"
    if links.is_dir():
        values["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, (str(links), values.get("LD_LIBRARY_PATH"))))
    return values


def parse_ldd(output: str) -> list[str]:
    """The libraries that `ldd` reports as not found, each once."""
    missing = [line.split("=>")[0].strip() for line in output.splitlines() if line.rstrip().endswith("=> not found")]
    return list(dict.fromkeys(missing))


def missing_libraries(programs: Sequence[Path]) -> list[str]:
    """The shared libraries `programs` need and the machine lacks. Raises LabError when ldd cannot read one."""
    missing: list[str] = []
    for program in programs:
        done = subprocess.run(["ldd", str(program)], capture_output=True, text=True, env=environment(), check=False)
        if done.returncode != 0:
            raise LabError(f"ldd cannot read {program}: {(done.stderr or done.stdout).strip()}")
        missing += parse_ldd(done.stdout)
    return list(dict.fromkeys(missing))


def need_libraries(programs: Sequence[Path]) -> None:
    """Make sure every shared library of `programs` is there, installing Debian packages when root.

    Raises LabError, naming the libraries and the command that installs them.
    """
    missing = missing_libraries(programs)
    if not missing:
        return
    with locked("system"):
        _link_renamed(missing)
        for position in (0, -1):  # Debian 12's names first, then the newer ones
            missing = missing_libraries(programs)
            packages = [LIBRARIES[name][position] for name in missing if name in LIBRARIES]
            if missing and packages and _may_install():
                _install(packages, check=position == -1)
                _link_renamed(missing)
        missing = missing_libraries(programs)
    if missing:
        packages = [LIBRARIES[name][0] for name in missing if name in LIBRARIES]
        raise LabError(
            f"the servers need the shared libraries {', '.join(missing)}: install them, on Debian as root with "
            f"`apt-get install {' '.join(packages) or 'PACKAGE'}`"
        )


def need_mvn() -> str:
    """The path of mvn, installing Debian's package when root. Raises LabError when there is none."""
    found = shutil.which("mvn")
    if found is None and _may_install():
        with locked("system"):
            if shutil.which("mvn") is None:
                _install(["maven"], check=True)
        found = shutil.which("mvn")
    if found is None:
        raise LabError("the lab downloads servers with mvn: install it, on Debian as root with `apt-get install maven`")
    return found


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(packages: Sequence[str], *, check: bool) -> None:
    """apt-get install; raises LabError when it fails and `check` is set."""
    say(f"installing {' '.join(packages)} with apt-get")
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", "-o", "DPkg::Lock::Timeout=120", *command],
            capture_output=True,
            text=True,
            env=variables,
            check=False,
        )
        if done.returncode != 0:
            if check:
                lines = (done.stderr or done.stdout).strip().splitlines()
                raise LabError(f"`apt-get {' '.join(command)}` failed: {lines[-1] if lines else 'it gave no reason'}")
            return


def _known_libraries() -> str:
    """What the dynamic linker knows, as `ldconfig -p` prints it."""
    program = shutil.which("ldconfig") or "/sbin/ldconfig"
    return subprocess.run([program, "-p"], capture_output=True, text=True, check=True).stdout


def _link_renamed(missing: Sequence[str]) -> None:
    """Give a library that newer Debian renamed its old name, inside the lab's folder only."""
    for name in missing:
        renamed = RENAMED.get(name)
        for line in _known_libraries().splitlines():
            if renamed is not None and line.split()[:1] == [renamed] and "x86-64" in line:
                link = home() / "libraries" / name
                link.parent.mkdir(exist_ok=True)
                link.unlink(missing_ok=True)
                link.symlink_to(line.split("=>")[1].strip())
