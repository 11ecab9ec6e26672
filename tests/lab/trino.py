"""Trino: one node that is coordinator and worker, with catalogs on the lake's metastores and buckets."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from trino.dbapi import connect
from trino.exceptions import Error, TrinoConnectionError, TrinoQueryError

from tests.lab import jvm, packages, processes
from tests.lab.buckets import KEYS, REGION
from tests.lab.definitions import HOST, USER
from tests.lab.home import LabError, home, locked, say
from tests.lab.kinds import NoAnswer, Started, settings_of, wait
from tests.lab.package import Maven, Package
from tests.lab.ports import free_port
from tests.lab.registry import Record
from tests.lab.system import environment

HEAP = "-Xmx2g"
NO_NODES_SECONDS = 60
MEMORY = "900MB"  # of the heap, for all queries
# By hand, for what its distribution's launcher does.
OPTIONS = (
    HEAP,
    "-XX:ReservedCodeCacheSize=256M",
    "-XX:+EnableDynamicAgentLoading",
    "-Djdk.attach.allowAttachSelf=true",
    "-Djol.skipHotspotSAAttach=true",  # it would start another Java, by a path that Debian's loader does not know
    "--add-modules=jdk.incubator.vector",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)
# The distribution's start class is in a jar that is not published by itself, and it calls no more than this.
START = """\
public final class StartTrino {
    public static void main(String[] words) throws Exception {
        var server = Class.forName("io.trino.server.Server");
        var made = server.getDeclaredConstructor();
        made.setAccessible(true);
        var start = server.getDeclaredMethod("start", String.class);
        start.setAccessible(true);
        start.invoke(made.newInstance(), words[0]);
    }
}
"""
CONNECTORS: dict[str, tuple[str, ...]] = {
    "hive": ("hive.non-managed-table-writes-enabled=true", "hive.allow-register-partition-procedure=true"),
    "iceberg": ("iceberg.register-table-procedure.enabled=true", "iceberg.add-files-procedure.enabled=true"),
    "delta_lake": ("delta.register-table-procedure.enabled=true",),
    "tpch": (),
}


@dataclass(frozen=True)
class Catalog:
    """A catalog and the end whose metastore, bucket and key it uses (none for tpch, which makes its data up)."""

    name: str
    connector: str
    end: str | None = None


TPCH = Catalog("tpch", "tpch")
CATALOGS: dict[str, tuple[Catalog, ...]] = {
    "trino_source": (
        Catalog("hive", "hive", "source"),
        Catalog("iceberg", "iceberg", "source"),
        Catalog("delta", "delta_lake", "source"),
        TPCH,
    ),
    "trino_target": (
        Catalog("hive", "hive", "target"),
        Catalog("iceberg", "iceberg", "target"),
        Catalog("source_hive", "hive", "source"),
        TPCH,
    ),
}


def properties(catalog: Catalog, ports: dict[str, int]) -> str:
    """The file that declares a catalog."""
    lines = [f"connector.name={catalog.connector}", *CONNECTORS[catalog.connector]]
    if catalog.end is not None:
        key = KEYS[catalog.end]
        lines += [
            f"hive.metastore.uri=thrift://{HOST}:{ports[f'metastore_{catalog.end}']}",
            "fs.native-s3.enabled=true",
            f"s3.endpoint=http://{HOST}:{ports['s3']}",
            f"s3.region={REGION}",
            "s3.path-style-access=true",
            f"s3.aws-access-key={key.access}",
            f"s3.aws-secret-key={key.secret}",
        ]
    return "".join(f"{line}\n" for line in lines)


def rows(port: int, sql: str, *, retries: int = 3, timeout: float = 300.0) -> list[list[Any]]:
    """Run one statement and return its rows. Raises trino.exceptions.Error, requests.RequestException.

    On a busy machine a Trino may not hear from itself for a while, and say that it has no nodes: it is asked again.
    """
    until = time.monotonic() + NO_NODES_SECONDS
    with connect(  # type: ignore[no-untyped-call]  # the client has no type information
        host=HOST, port=port, user=USER, max_attempts=retries, request_timeout=timeout
    ) as connection:
        cursor = connection.cursor()
        while True:
            try:
                cursor.execute(sql)
                return list(cursor.fetchall())
            except TrinoQueryError as error:
                if error.error_name != "NO_NODES_AVAILABLE" or retries == 1 or time.monotonic() > until:
                    raise
            time.sleep(1)


class Trinos:
    """Trino (see `kinds.Kind`)."""

    def version(self, package: Package) -> str:
        """The version of the package."""
        return packages.version_of(package)

    def prepare(self, package: Package) -> None:
        """Have the package, its Java, and an archive of its loaded classes. Raises LabError."""
        packages.ensure(package)
        classes(package)

    def make_data(self, package: Package, folder: Path) -> None:
        """An empty folder: all its data is elsewhere."""
        (folder / "data").mkdir(parents=True)

    def launch(self, package: Package, name: str, folder: Path, port: int, options: Sequence[str]) -> Started:
        """Start a Trino without waiting. Its log and its settings are written anew."""
        ports = settings_of(options)
        declared = {catalog.name: properties(catalog, ports) for catalog in CATALOGS[name]}
        archive = f"-XX:SharedArchiveFile={classes(package)}"
        return _launch(package, name, folder, port, declared, archive)

    def answers(self, record: Record) -> str:
        """The version its node says in a query. Raises NoAnswer."""
        try:
            found = rows(record.port, "SELECT node_version FROM system.runtime.nodes", retries=1, timeout=5)
        except (Error, TrinoConnectionError, TrinoQueryError, requests.RequestException) as error:
            raise NoAnswer(str(error)) from error
        if len(found) != 1:
            raise NoAnswer(f"it has {len(found)} nodes")
        return str(found[0][0])

    def clean(self, record: Record) -> None:
        """It leaves nothing outside of its folder."""

    def main_words(self, log: str) -> str:
        """The first error of its log."""
        return jvm.main_words(log)


def classes(package: Package) -> Path:
    """An archive of the classes that a start loads, made once by a start: with it one takes a third of the time.

    See java(1), -XX:ArchiveClassesAtExit. Java takes it only when it is the Java that wrote it. Raises LabError.
    """
    assert package.java is not None
    packages.ensure(package.java)
    digest = hashlib.sha256(" ".join((*jvm.OPTIONS, *OPTIONS, START)).encode()).hexdigest()[:10]
    path = home() / "templates" / f"trino-{package.version}-{packages.version_of(package.java)}-{digest}.jsa"
    if not path.is_file():
        with locked(f"template-{path.stem}"):
            if not path.is_file():
                path.parent.mkdir(exist_ok=True)
                _archive(package, path)
    return path


def _archive(package: Package, path: Path) -> None:
    started = time.monotonic()
    work = home() / "tmp" / path.stem
    if work.exists():
        shutil.rmtree(work)
    (work / "data").mkdir(parents=True)
    say(f"starting {package.title} once, to have its later starts quick")
    part = work / "classes.jsa"
    port = free_port()
    declared = {TPCH.name: properties(TPCH, {})}
    launched = _launch(package, "archive", work, port, declared, f"-XX:ArchiveClassesAtExit={part}")
    record = Record(path.stem, path.stem, package.version, port, "", "", str(launched.log), [], launched.process)
    try:
        wait(record)
        rows(port, "SELECT count(*) FROM tpch.tiny.nation")
    finally:
        processes.stop(launched.process, grace=180)
    if not part.is_file():
        raise LabError(f"{package.title} wrote no archive of its classes: see {launched.log}")
    part.rename(path)
    shutil.rmtree(work)
    say(f"{package.title} is ready after {time.monotonic() - started:.1f} s")


def _launch(package: Package, name: str, folder: Path, port: int, declared: dict[str, str], archive: str) -> Started:
    binaries = packages.ensure(package)
    etc, log = folder / "etc", folder / "trino.log"
    if etc.exists():
        shutil.rmtree(etc)
    (etc / "catalog").mkdir(parents=True)
    log.write_bytes(b"")
    for catalog, text in declared.items():
        (etc / "catalog" / f"{catalog}.properties").write_text(text)
    lines = [
        "coordinator=true",
        "node-scheduler.include-coordinator=true",
        f"http-server.http.port={port}",
        "http-server.log.enabled=false",
        f"discovery.uri=http://{HOST}:{port}",
        f"query.max-memory={MEMORY}",
        f"query.max-memory-per-node={MEMORY}",
        f"plugin.dir={binaries / 'plugin'}",
        f"catalog.config-dir={etc / 'catalog'}",
    ]
    (etc / "config.properties").write_text("".join(f"{line}\n" for line in lines))
    (etc / "log.properties").write_text("io.trino=INFO\n")
    command = [*jvm.java(package), *OPTIONS, archive, f"-Dconfig={etc / 'config.properties'}"]
    command += [f"-Dlog.levels-file={etc / 'log.properties'}", "-Dnode.environment=lab", f"-Dnode.id={name}"]
    command += [f"-Dnode.data-dir={folder / 'data'}", f"-Dnode.internal-address={HOST}", f"-Dnode.bind-ip={HOST}"]
    if isinstance(package.origin, Maven):
        command += ["-cp", f"{binaries / 'lib'}/*", "io.trino.server.TrinoServer"]
    else:
        command += ["-cp", f"{_starter(package)}:{binaries / 'lib'}/*", "StartTrino", package.version]
    return Started(processes.spawn(command, log, environment(), folder), log)


def _starter(package: Package) -> Path:
    """The jar with the class that starts a Trino without its distribution. It stays where the class archive saw it."""
    digest = hashlib.sha256(START.encode()).hexdigest()[:10]
    path = home() / "templates" / f"start-trino-{digest}.jar"
    if not path.is_file():
        with locked(f"template-{path.stem}"):
            if not path.is_file():
                path.parent.mkdir(exist_ok=True)
                jvm.compile_jar(package, "StartTrino", START, path)
    return path


KIND = Trinos()
