"""Bring servers up, end them, hand out private ones: what the command line and the tests call."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab import datadir, mysql, packages, processes
from tests.lab.definitions import (
    HOST,
    PASSWORD,
    ROOT_PASSWORD,
    SERVERS,
    USER,
    Package,
    ServerDefinition,
    Vendor,
    package_of,
    servers_of,
)
from tests.lab.home import LabError, home, say
from tests.lab.registry import Record, Registry, opened, peek, save

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Server:
    """A running server as a test sees it. `version` is its own, such as 11.8.9, whatever it was asked for by.

    `pid` is of the moment this was made: `restart` gives a new Server.
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
    """Start what of `group` does not run, wait until all of it answers a login, and say where it is.

    With `keep` the servers stay until `down`; without, the last `lease` to end stops them. Raises LabError when a
    server cannot be had; those that did start stay registered.
    """
    definitions = servers_of(group)
    _prepare(definitions)
    with opened() as registry:
        registry.keep = registry.keep or keep
        _sweep(registry)
        running: list[Record] = []
        for definition in definitions:
            record = registry.servers.get(definition.name)
            if record is None or not record.running:
                record = _start(registry, definition.name, definition.name, definition.package)
            running.append(record)
        ready = [_ready(registry, record) for record in running]
    return Lab({record.name: _server(record) for record in ready})


def down(*, wipe: bool = False) -> list[str]:
    """End every server this lab home started, private ones too; with `wipe` remove their data. Gives their names."""
    with opened() as registry:
        records = list(registry.servers.values())
        for record in records:
            processes.send(record.process, signal.SIGTERM)  # all at once: they shut down side by side
        for record in records:
            _end(registry, record)
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
                for record in _shared(registry):
                    _end(registry, record)


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
    package = package_of(version)
    key = f"{name}-{os.getpid()}-{next(_numbers)}"
    with opened() as registry:
        _sweep(registry)
    folder = _folder(key)
    try:
        if initialise:
            folder.mkdir(parents=True)
            datadir.initialise(package, packages.ensure(package), folder / "data", options)
        else:
            datadir.copy_datadir(datadir.template(package), folder / "data")
        with opened() as registry:
            record = _ready(registry, _start(registry, key, name, package, options, owner=processes.myself()))
        yield _server(record)
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
        mysql.wait_login(record)
    return _server(record)


def _folder(key: str) -> Path:
    """Where a server keeps its data, log and socket; a private server's name says which process owns it."""
    shared = any(definition.name == key for definition in SERVERS)
    return home() / ("servers" if shared else "extra") / key


def _prepare(definitions: Sequence[ServerDefinition]) -> None:
    """Have the packages and templates of what is not up: before the registry is locked, as a download takes minutes."""
    servers = peek().servers
    for definition in definitions:
        if definition.name not in servers or not servers[definition.name].running:
            datadir.template(definition.package)


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
    folder = _folder(key)
    if not (folder / "data").exists():
        datadir.copy_datadir(datadir.template(package), folder / "data")
    before = registry.servers.pop(key, None)
    chosen = port if port is not None else mysql.free_port(before.port if before else None)
    process, path = mysql.launch(package, folder, chosen, options)
    record = Record(
        key=key,
        name=name,
        version=packages.version_of(package),
        port=chosen,
        socket=str(path),
        datadir=str(folder / "data"),
        log=str(folder / "mysqld.log"),
        options=list(options),
        process=process,
        owner=owner,
    )
    registry.servers[key] = record
    save(registry)
    return record


def _ready(registry: Registry, record: Record) -> Record:
    """Wait for the server; start it on another port when its own was taken in between (three times at most)."""
    for _ in range(3):
        try:
            mysql.wait_login(record)
        except mysql.PortTaken as error:
            say(str(error))
            processes.stop(record.process)
            package = package_of(record.version)
            port = mysql.free_port()
            record = _start(registry, record.key, record.name, package, record.options, record.owner, port)
        else:
            return record
    mysql.wait_login(record)
    return record


def _end(registry: Registry, record: Record) -> None:
    """Stop a server and forget it; its data stays, its socket goes (a killed server leaves it behind)."""
    if not processes.stop(record.process):
        say(f"{record.key} (pid {record.process.pid}) did not end on SIGTERM and was killed")
    mysql.remove_socket(Path(record.socket))
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
    return Server(
        name=record.name,
        version=record.version,
        host=HOST,
        port=record.port,
        user=USER,
        password=PASSWORD,
        root_password=ROOT_PASSWORD,
        socket=record.socket,
        pid=record.process.pid,
        datadir=record.datadir,
        vendor=package_of(record.version).vendor,
    )
