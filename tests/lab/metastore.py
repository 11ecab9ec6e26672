"""The Hive metastore, over Thrift, with its tables in the lake's MySQL and its warehouse in a bucket."""

from __future__ import annotations

import shlex
import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from tests.lab import jvm, packages, processes
from tests.lab.buckets import KEYS, bucket
from tests.lab.definitions import HOST, PASSWORD, USER
from tests.lab.kinds import NoAnswer, Started, settings_of
from tests.lab.package import Package
from tests.lab.registry import Record
from tests.lab.system import environment

# Hadoop and DataNucleus look into classes of Java that are closed since Java 17.
OPENS = tuple(
    f"--add-opens=java.base/{name}=ALL-UNNAMED"
    for name in ("java.lang", "java.net", "java.nio", "java.util", "sun.nio.ch")
)
MAIN = "org.apache.hadoop.hive.metastore.HiveMetaStore"
SCHEMA_TOOL = "org.apache.hadoop.hive.metastore.tools.schematool.MetastoreSchemaTool"
# Thrift's binary protocol, version 1: a call, and the reply to it.
CALL, REPLY = 0x80010001, 0x80010002


def end_of(name: str) -> str:
    """`source` of `metastore_source`: whose bucket and key the server uses."""
    return name.partition("_")[2]


def settings(name: str, port: int, ports: dict[str, int]) -> dict[str, str]:
    """What metastore-site.xml and core-site.xml hold."""
    end = end_of(name)
    warehouse = f"s3a://{bucket(end)}/warehouse"
    options = "createDatabaseIfNotExist=true&useSSL=false&allowPublicKeyRetrieval=true"
    return {
        "metastore.thrift.uris": f"thrift://{HOST}:{port}",
        "metastore.thrift.bind.host": HOST,
        "metastore.thrift.port": str(port),
        "metastore.warehouse.dir": warehouse,
        "metastore.warehouse.external.dir": warehouse,
        "javax.jdo.option.ConnectionDriverName": "com.mysql.cj.jdbc.Driver",
        "javax.jdo.option.ConnectionURL": f"jdbc:mysql://{HOST}:{ports['lake_db']}/{name}?{options}",
        "javax.jdo.option.ConnectionUserName": USER,
        "javax.jdo.option.ConnectionPassword": PASSWORD,
        # A handler that starts takes a connection while it holds a lock of all (HMSHandler.getMSForConf of 4.0.1): ten
        # that wait for the lock with a connection each, which is all there are by default, stand still for minutes.
        "datanucleus.connectionPool.maxPoolSize": "40",
        "metastore.schema.verification": "true",
        # The two classes it would take by default are Hive's own, which a metastore alone does not have.
        "metastore.expression.proxy": "org.apache.hadoop.hive.metastore.DefaultPartitionExpressionProxy",
        "metastore.task.threads.always": "org.apache.hadoop.hive.metastore.events.EventCleanerTask",
        "fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "fs.s3a.endpoint": f"http://{HOST}:{ports['s3']}",
        "fs.s3a.access.key": KEYS[end].access,
        "fs.s3a.secret.key": KEYS[end].secret,
        "fs.s3a.path.style.access": "true",
        "fs.s3a.connection.ssl.enabled": "false",
    }


def call(port: int, method: str, timeout: float = 5.0) -> bytes:
    """Call a method without arguments over Thrift; the reply from its first field on.

    Raises OSError, also when what answers is no reply to it.
    """
    name = method.encode()
    with socket.create_connection((HOST, port), timeout=timeout) as connection:
        connection.sendall(struct.pack(">II", CALL, len(name)) + name + struct.pack(">IB", 1, 0))
        head = _read(connection, 8 + len(name) + 4)
        if head[:4] != struct.pack(">I", REPLY) or head[8:-4] != name:
            raise OSError(f"no reply to {method}: {head!r}")
        return connection.recv(65536)


def _read(connection: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        more = connection.recv(length - len(found))
        if not more:
            raise OSError("the connection was closed")
        found += more
    return found


class Metastores:
    """The Hive metastore (see `kinds.Kind`)."""

    def version(self, package: Package) -> str:
        """The version of the package."""
        return packages.version_of(package)

    def prepare(self, package: Package) -> None:
        """Have the package and its Java. Raises LabError."""
        packages.ensure(package)

    def make_data(self, package: Package, folder: Path) -> None:
        """An empty folder: all its data is in MySQL and in the bucket."""
        (folder / "data").mkdir(parents=True)

    def launch(self, package: Package, name: str, folder: Path, port: int, options: Sequence[str]) -> Started:
        """Start a metastore without waiting; the first time it makes its tables. Its log starts anew."""
        binaries = packages.ensure(package)
        configuration, log, made = folder / "conf", folder / "metastore.log", folder / "data" / "schema"
        configuration.mkdir(exist_ok=True)
        log.write_bytes(b"")
        text = "".join(
            f"<property><name>{escape(key)}</name><value>{escape(value)}</value></property>\n"
            for key, value in settings(name, port, settings_of(options)).items()
        )
        for file in ("metastore-site.xml", "core-site.xml"):
            (configuration / file).write_text(f"<configuration>\n{text}</configuration>\n")
        path = f"{configuration}:{binaries / 'lib'}/*:{binaries / 'hadoop'}/*"
        command = [*jvm.java(package), "-Xmx512m", *OPENS, "-cp", path]
        tool = [*command, SCHEMA_TOOL, "-dbType", "mysql", "-initOrUpgradeSchema"]
        schema, server = shlex.join(processes.tied(tool)), shlex.join([*command, MAIN, "-p", str(port)])
        mark = shlex.quote(str(made))
        script = f"if [ ! -e {mark} ]; then {schema} && touch {mark} || exit 1; fi\n"
        variables = {**environment(), "METASTORE_HOME": str(binaries)}
        return Started(processes.spawn(["sh", "-c", f"{script}exec {server}"], log, variables, folder), log)

    def answers(self, record: Record) -> str:
        """The version, after it has read its database and listed `default`. Raises NoAnswer."""
        try:
            if b"default" not in call(record.port, "get_all_databases"):
                raise NoAnswer("it has no schema called default")
            reply = call(record.port, "getVersion")
        except OSError as error:
            raise NoAnswer(str(error)) from error
        if reply[:3] != b"\x0b\x00\x00":  # a string, the field 0: what the call returns
            raise NoAnswer(f"it does not say its version: {reply!r}")
        (length,) = struct.unpack(">I", reply[3:7])
        return reply[7 : 7 + length].decode()

    def clean(self, record: Record) -> None:
        """It leaves nothing outside of its folder."""

    def main_words(self, log: str) -> str:
        """The first error of its log."""
        return jvm.main_words(log)


KIND = Metastores()
