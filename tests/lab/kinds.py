"""What differs between kinds of servers: how one is prepared, started and asked whether it answers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.lab.definitions import package_of
from tests.lab.home import LabError
from tests.lab.package import Package
from tests.lab.ports import PortTaken
from tests.lab.processes import Process
from tests.lab.registry import Record


class NoAnswer(Exception):
    """The server does not answer, yet or any more; the message is what was tried and what came of it."""


@dataclass(frozen=True)
class Started:
    """A server's process, where it writes its log, and its socket when it has one."""

    process: Process
    log: Path
    socket: Path | None = None


class Kind(Protocol):
    """One kind of server. `folder` is the server's own; its data is in `folder`/data."""

    def version(self, package: Package) -> str:
        """The version the server will say it is."""

    def prepare(self, package: Package) -> None:
        """Have all that its servers need: download, unpack, initialise. Raises LabError.

        It may take minutes, and is called without the registry's lock.
        """

    def make_data(self, package: Package, folder: Path) -> None:
        """Make `folder`/data, as a whole or not at all."""

    def launch(self, package: Package, name: str, folder: Path, port: int, options: Sequence[str]) -> Started:
        """Start a server without waiting for it; its log starts anew. Raises LabError."""

    def answers(self, record: Record) -> str:
        """The version that the running server says it is, after doing the least it is there for. Raises NoAnswer."""

    def clean(self, record: Record) -> None:
        """Remove what a server that has ended may have left outside of its folder."""

    def main_words(self, log: str) -> str:
        """The line of its log that says why it ended."""


def kind_of(package: Package) -> Kind:
    """The kind of server that the package holds. Raises LabError when it holds none."""
    from tests.lab import metastore, mysql, s3, trino  # each of them needs this module

    kinds: dict[str, Kind] = {
        "mysql": mysql.KIND,
        "mariadb": mysql.KIND,
        "seaweedfs": s3.KIND,
        "hive": metastore.KIND,
        "trino": trino.KIND,
    }
    if package.vendor not in kinds:
        raise LabError(f"{package.title} is no server")
    return kinds[package.vendor]


def kind_of_record(record: Record) -> Kind:
    """The kind of a registered server."""
    return kind_of(package_of(record.version))


def settings_of(options: Sequence[str]) -> dict[str, int]:
    """The ports of the servers that a server of the lake was told about, as its options name=port hold them."""
    return {name: int(port) for name, _, port in (option.partition("=") for option in options)}


def wait(record: Record, seconds: float = 180.0) -> None:
    """Wait until the server answers.

    Raises PortTaken when another program has its port, LabError when the server ended, answers as another version
    or did not answer in `seconds`; the message holds the main error of its log.
    """
    limit = time.monotonic() + seconds
    kind, title = kind_of_record(record), package_of(record.version).title
    while True:
        running = record.running
        try:
            version = kind.answers(record)
        except NoAnswer as error:
            log = Path(record.log).read_text(errors="replace")
            words = kind.main_words(log)
            if not running:
                if "bind on TCP/IP port" in words or "address already in use" in log.lower():
                    raise PortTaken(f"{record.key}: port {record.port} was taken: {words}") from error
                raise LabError(f"{record.key} ({title}) ended: {words}; see {record.log}") from error
            if time.monotonic() > limit:
                raise LabError(
                    f"{record.key} (pid {record.process.pid}) does not answer on port {record.port} "
                    f"after {seconds:.0f} s ({error}): `python -m tests.lab down` ends it; see {record.log}"
                ) from error
            time.sleep(0.05)
            continue
        if not running or not version.startswith(record.version):
            raise PortTaken(f"{record.key}: another server (version {version}) answers on port {record.port}")
        return
