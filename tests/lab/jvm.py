"""Programs of the lab's own Java: how one is run, and what is said in its log."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

from tests.lab import packages
from tests.lab.home import LabError
from tests.lab.package import Package
from tests.lab.system import environment
from tests.lab.tree import run

# For servers of few tests on two cores: the quick compiler alone and one collector thread halve the processor time of
# a start. Java's helper for new processes is linked to the system's C library, not to the one Java brings (FORK).
OPTIONS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djdk.lang.Process.launchMechanism=FORK",
    "-Djava.net.preferIPv4Stack=true",
)

# What says in a log why a program ended, best first: a numbered error of a configuration, Java's own words, a logger's.
WORDS = tuple(re.compile(pattern) for pattern in (r"^\d+\) ", r"^(Exception in|Caused by|Error: )", r"\bERROR\b"))


def java(package: Package) -> list[str]:
    """The words that run Java for a package that runs on it. Raises LabError when it cannot be had."""
    if package.java is None:
        raise LabError(f"{package.title} does not run on Java")
    return [*run(packages.ensure(package.java), "java"), *OPTIONS]


def compile_jar(package: Package, name: str, source: str, jar: Path) -> None:
    """Compile one class without dependencies into a jar, which appears as a whole. Raises LabError.

    By the compiler that is in the runtime's modules: Debian builds runtime and development kit of one image.
    """
    folder = jar.with_suffix(".classes")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.java").write_text(source)
    command = [*java(package), "-m", "jdk.compiler/com.sun.tools.javac.Main", f"{name}.java"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment(), check=False)
    if done.returncode != 0:
        raise LabError(f"cannot compile {name} for {package.title}: {(done.stdout + done.stderr).strip()}")
    part = jar.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as archive:
        archive.write(folder / f"{name}.class", f"{name}.class")
    part.replace(jar)


def main_words(log: str) -> str:
    """The line of a log that says best what went wrong: the first that `WORDS` finds, else the last one."""
    lines = [line.strip() for line in log.splitlines() if line.strip() and not line.startswith((" ", "\tat "))]
    for words in WORDS:
        for line in lines:
            if words.search(line):
                return line[:400]
    return lines[-1] if lines else "it wrote nothing"
