"""What runs in this lab home: servers, who uses them and whether they are to stay. One JSON file, one lock.

Every function here expects the caller to hold the lock `registry` (see `opened`), except `peek`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.home import LabError, home, locked
from tests.lab.processes import Process, alive

FORMAT = 1


@dataclass
class Record:
    """One server that was started. `owner` is set for a private server and is the process that asked for it."""

    key: str
    name: str
    version: str
    port: int
    socket: str
    datadir: str
    log: str
    options: list[str]
    process: Process
    owner: Process | None = None

    @property
    def running(self) -> bool:
        """Whether the very process that was started still runs."""
        return alive(self.process)


@dataclass
class Registry:
    """The state of a lab home. `keep` says that someone asked for the servers to stay up; `leases` are users."""

    servers: dict[str, Record] = field(default_factory=dict)
    leases: list[Process] = field(default_factory=list)
    keep: bool = False

    def live_leases(self) -> list[Process]:
        """The users that still run."""
        return [lease for lease in self.leases if alive(lease)]


def path() -> Path:
    """The registry's file."""
    return home() / "registry.json"


def peek() -> Registry:
    """The registry as last saved. Needs no lock: the file is replaced by rename.

    Raises LabError when the file is not a registry of this version.
    """
    try:
        text = path().read_text()
    except FileNotFoundError:
        return Registry()
    try:
        return _parse(text)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabError(
            f"{path()} is not a registry of this lab ({error!r}): end its servers by hand and remove it"
        ) from error


def save(registry: Registry) -> None:
    """Replace the registry's file as a whole. Raises OSError when the folder cannot be written."""
    data = {
        "format": FORMAT,
        "keep": registry.keep,
        "leases": [asdict(lease) for lease in registry.leases],
        "servers": {key: asdict(record) for key, record in registry.servers.items()},
    }
    temporary = path().with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(data, indent=1) + "\n")
    temporary.replace(path())


@contextmanager
def opened() -> Iterator[Registry]:
    """The registry under its lock; what the block changed is saved at its end, also when it raises."""
    with locked("registry"):
        registry = peek()
        try:
            yield registry
        finally:
            save(registry)


def _parse(text: str) -> Registry:
    data = json.loads(text)
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']}")
    return Registry(
        servers={key: _record(value) for key, value in data["servers"].items()},
        leases=[Process(**lease) for lease in data["leases"]],
        keep=data["keep"],
    )


def _record(value: dict[str, Any]) -> Record:
    owner = value["owner"]
    fields = {
        **value,
        "process": Process(**value["process"]),
        "owner": None if owner is None else Process(**owner),
    }
    return Record(**fields)
