"""Bring servers up, end them, hand out private ones: what the command line and the tests call."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab import datadir, kinds, mysql, packages, processes
from tests.lab.definitions import (
    HOST,
    PASSWORD,
    ROOT_PASSWORD,
    SERVERS,
    USER,
    ServerDefinition,
    database_of,
    package_of,
    servers_of,
)
from tests.lab.home import LabError, home, say
from tests.lab.package import Database, Package, Vendor
from tests.lab.ports import PortTaken, free_port
from tests.lab.registry import Record, Registry, opened, peek, save

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Server:
    """A running server as a test sees it. `version` is its own, such as 11.8.9, whatever it was asked for by.

    `pid` is of the moment this was made: `restart` gives a new Server. Only databases have passwords and a socket.
    """

    name: str
    version: str
    host: str
    port: int
    user: str
    password: str
    root_password: str
    socket: str
    pid: int
    datadir: str
    vendor: Vendor = "mysql"


@dataclass(frozen=True)
class Lab:
    """The servers of a group by name, and by attribute: KeyError when the group does not have that one."""

    servers: dict[str, Server]

    @property
    def source(self) -> Server:
        """MySQL 8.0.33, where data comes from."""
        return self.servers["source"]

    @property
    def target(self) -> Server:
        """MySQL 8.0.33, where data goes."""
        return self.servers["target"]

    @property
    def old(self) -> Server:
        """MySQL 8.0.12: no CHECK, no invisible columns, no functional indexes."""
        return self.servers["old"]

    @property
    def legacy(self) -> Server:
        """MySQL 5.7.22: no data dictionary, no window functions, no roles, utf8mb4 is not the default."""
        return self.servers["legacy"]

    @property
    def new(self) -> Server:
        """MySQL 9, with its binary log on as it is by default."""
        return self.servers["new"]

    @property
    def maria10(self) -> Server:
        """MariaDB 10.11."""
        return self.servers["maria10"]

    @property
    def maria11(self) -> Server:
        """MariaDB 11.8."""
        return self.servers["maria11"]


def up(group: str = "mysql", *, keep: bool = True) -> Lab:
    """Start what of `group` does not run, wait until all of it answers, and say where it is.

    With `keep` the servers stay until `down`; without, the last `lease` to end stops them. Raises LabError when a
    server cannot be had; those that did start stay registered.
    """
    prepare(group)
    definitions = servers_of(group)

    ready: list[Record] = []
    # What others need answers before they start: a metastore makes its tables at once.
    for stage in (
        [definition for definition in definitions if not definition.needs],
        [definition for definition in definitions if definition.needs],
    ):

        def start(registry: Registry, stage: Sequence[ServerDefinition] = stage) -> list[Record]:
            registry.keep = registry.keep or keep
            _sweep(registry)
            return [_running(registry, definition) for definition in stage]

        ready += _ready(start)
    return Lab({record.name: _server(record) for record in ready})


def prepare(group: str) -> None:
    """Have the packages and templates of what of `group` does not run. It may take minutes, and locks no registry.

    Raises LabError when one cannot be had.
    """
    servers = peek().servers
    for definition in servers_of(group):
        if definition.name not in servers or not servers[definition.name].running:
            kinds.kind_of(definition.package).prepare(definition.package)


def down(*, wipe: bool = False) -> list[str]:
    """End every server this lab home started, private ones too; with `wipe` remove their data. Gives their names."""
    with opened() as registry:
        records = list(registry.servers.values())
        _end_all(registry, records)
        registry.keep = False
        registry.leases = []
        if wipe and (home() / "servers").exists():
            shutil.rmtree(home() / "servers")
    return [record.key for record in records]


def status() -> list[Record]:
    """Every server that is registered, in the order of their start."""
    return list(peek().servers.values())


def server(name: str) -> Server:
    """A shared server as it is now, after somebody's restart for instance. Raises LabError when it is not up."""
    record = peek().servers.get(name)
    if record is None or not record.running:
        raise LabError(f"{name} is not running: `python -m tests.lab up` starts it")
    return _server(record)


@contextmanager
def lease(group: str = "mysql") -> Iterator[Lab]:
    """Use a group for a while. Its end stops the servers unless they were up before or another lease still runs."""
    me = processes.myself()
    with opened() as registry:
        registry.leases = [*registry.live_leases(), me]
    try:
        yield up(group, keep=False)
    finally:
        with opened() as registry:
            registry.leases.remove(me)
            if not registry.keep and not registry.live_leases():
                _end_all(registry, _shared(registry))


@contextmanager
def extra(
    name: str, version: str = "8.0.33", options: Sequence[str] = (), *, initialise: bool = False
) -> Iterator[Server]:
    """A private server with fresh data and `options` on top of the lab's; ended and deleted at the end.

    `version` is one the lab has, such as 5.7.22, 9 or 10.11, or the `version` of a Server.
    `initialise` also initialises its data directory with `options` (needed for instance for
    --innodb-data-file-path and --lower-case-table-names) instead of copying the template. Raises LabError when the
    server does not start.
    """
    package = database_of(version)
    key = f"{name}-{os.getpid()}-{next(_numbers)}"
    with opened() as registry:
        _sweep(registry)
    folder = _folder(key)
    try:
        if initialise:
            folder.mkdir(parents=True)
            datadir.initialise(package, packages.ensure(package), folder / "data", options)
        else:
            mysql.KIND.make_data(package, folder)
        me = processes.myself()
        yield _server(_ready(lambda registry: [_start(registry, key, name, package, options, owner=me)])[0])
    finally:
        with opened() as registry:
            found = registry.servers.get(key)
            if found is not None:
                processes.kill(found.process)  # its data goes, so nothing is worth a clean shutdown
                _end(registry, found)
        if folder.exists():
            shutil.rmtree(folder)


def kill9(target: Server) -> None:
    """SIGKILL the server and wait until it is gone. Raises LabError when it is not registered."""
    processes.kill(_find(peek(), target).process)


def stop(target: Server) -> None:
    """Shut the server down cleanly (SIGTERM, SIGKILL after 20 s); `restart` brings it back."""
    processes.stop(_find(peek(), target).process)


def restart(target: Server, options: Sequence[str] | None = None) -> Server:
    """Stop the server if it runs and start it on the same data and port; `options` replace its extra options.

    Raises LabError when the server does not come back, or its port was taken meanwhile.
    """
    with opened() as registry:
        old = _find(registry, target)
        processes.stop(old.process)
        chosen = old.options if options is None else list(options)
        record = _start(registry, old.key, old.name, package_of(old.version), chosen, old.owner, port=old.port)
    kinds.wait(record)
    return _server(record)


def _folder(key: str) -> Path:
    """Where a server keeps its data, log and socket; a private server's name says which process owns it."""
    shared = any(definition.name == key for definition in SERVERS)
    return home() / ("servers" if shared else "extra") / key


def _running(registry: Registry, definition: ServerDefinition) -> Record:
    """The record of a shared server, which is started when it does not run, or when one that it needs has moved."""
    record = registry.servers.get(definition.name)
    ports = {need: registry.servers[need].port for need in definition.needs}
    told = [*definition.options, *(f"{need}={port}" for need, port in ports.items())]
    if record is not None and record.running:
        if not ports or record.options == told:
            return record
        say(f"{definition.name} is started again: what it needs has another address now")
        processes.stop(record.process)
    return _start(registry, definition.name, definition.name, definition.package, told)


def _start(
    registry: Registry,
    key: str,
    name: str,
    package: Package,
    options: Sequence[str] = (),
    owner: processes.Process | None = None,
    port: int | None = None,
) -> Record:
    """Start the server and register it at once, so that no later failure loses it. Does not wait for it.

    `port` is the one to use; without, the one it had before when that is free, else any free one.
    """
    folder, kind = _folder(key), kinds.kind_of(package)
    if not (folder / "data").exists():
        kind.make_data(package, folder)
    before = registry.servers.pop(key, None)
    chosen = port if port is not None else free_port(before.port if before else None)
    started = kind.launch(package, name, folder, chosen, options)
    record = Record(
        key=key,
        name=name,
        version=kind.version(package),
        port=chosen,
        socket=str(started.socket or ""),
        datadir=str(folder / "data"),
        log=str(started.log),
        options=list(options),
        process=started.process,
        owner=owner,
    )
    registry.servers[key] = record
    save(registry)
    return record


def _ready(start: Callable[[Registry], list[Record]]) -> list[Record]:
    """Start servers and wait until they answer; from the start again when one's port was taken in between.

    The registry is locked for the start only: a lake takes a minute until it answers. Three times at most.
    """
    for last in (False, False, True):
        with opened() as registry:
            records = start(registry)
        try:
            for record in records:
                kinds.wait(record)
        except PortTaken as error:
            if last:
                raise
            say(str(error))
            processes.stop(record.process)
        else:
            return records
    raise AssertionError("the last try raises or returns")


def _end_all(registry: Registry, records: Sequence[Record]) -> None:
    """Stop servers and forget them. All are told at once: they shut down side by side."""
    for record in records:
        processes.send(record.process, signal.SIGTERM)
    for record in records:
        _end(registry, record)


def _end(registry: Registry, record: Record) -> None:
    """Stop a server and forget it; its data stays, its sockets go (a killed server leaves them behind)."""
    if not processes.stop(record.process):
        say(f"{record.key} (pid {record.process.pid}) did not end on SIGTERM and was killed")
    kinds.kind_of_record(record).clean(record)
    registry.servers.pop(record.key, None)


def _sweep(registry: Registry) -> None:
    """End and delete private servers whose owner has died without doing it."""
    for record in list(registry.servers.values()):
        if record.owner is not None and not processes.alive(record.owner):
            processes.kill(record.process)
            _end(registry, record)
    extras = home() / "extra"
    for folder in extras.iterdir() if extras.exists() else ():
        pid = folder.name.removesuffix(".part").split("-")[-2]
        if folder.name not in registry.servers and processes.identify(int(pid)) is None:
            shutil.rmtree(folder)


def _shared(registry: Registry) -> list[Record]:
    return [record for record in registry.servers.values() if record.owner is None]


def _find(registry: Registry, target: Server) -> Record:
    """The record of a server, found by its data folder: the pid may be of before a restart."""
    for record in registry.servers.values():
        if record.datadir == target.datadir:
            return record
    raise LabError(f"{target.name} is not registered in {home()}: it was ended meanwhile")


def _server(record: Record) -> Server:
    package = package_of(record.version)
    database = isinstance(package, Database)
    return Server(
        name=record.name,
        version=record.version,
        host=HOST,
        port=record.port,
        user=USER,
        password=PASSWORD if database else "",
        root_password=ROOT_PASSWORD if database else "",
        socket=record.socket,
        pid=record.process.pid,
        datadir=record.datadir,
        vendor=package.vendor,
    )
