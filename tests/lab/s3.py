"""The S3 store: SeaweedFS in one process, with the lake's buckets and keys."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from tests.lab import processes
from tests.lab.buckets import ENDS, KEYS, REGION, Key, bucket
from tests.lab.definitions import HOST
from tests.lab.home import LabError
from tests.lab.kinds import NoAnswer, Started
from tests.lab.package import Package, Wheel
from tests.lab.ports import free_ports
from tests.lab.registry import Record

MARKER = "_lab/answers"  # is written to each bucket before the store counts as up, which also makes the bucket
# The parts of the store beside S3. Each one, S3 too, has a second port for its peers, by default 10,000 above its own.
PARTS = ("master", "volume", "filer")
PORTS = "ports"  # the file in a server's folder that says which ports those are
SOCKET = "/tmp/seaweedfs-{part}-grpc-{port}.sock"  # noqa: S108  # the program's own choice


def store(port: int, name: str, key: Key, **options: Any) -> S3Store:
    """A client for the bucket `name` of the store on `port`; `options` are obstore's, such as retry_config."""
    return S3Store(
        name,
        endpoint=f"http://{HOST}:{port}",
        access_key_id=key.access,
        secret_access_key=key.secret,
        region=REGION,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True, "timeout": timedelta(seconds=20)},
        **options,
    )


def identities() -> dict[str, Any]:
    """Who may do what, as `weed server -s3.config` reads it."""
    found = []
    for name, key in KEYS.items():
        actions = [f"{action}:{one}" for one in key.buckets for action in ("Read", "Write", "List", "Tagging")]
        if set(key.buckets) == {bucket(end) for end in ENDS}:
            actions = ["Admin", "Read", "Write", "List", "Tagging"]
        credential = {"accessKey": key.access, "secretKey": key.secret}
        found.append({"name": name, "credentials": [credential], "actions": actions})
    return {"identities": found}


class Stores:
    """SeaweedFS (see `kinds.Kind`)."""

    def version(self, package: Package) -> str:
        """The version that is installed beside this Python."""
        return importlib.metadata.version(_wheel(package).distribution)

    def prepare(self, package: Package) -> None:
        """Raises LabError when the program is not installed, or another version of it."""
        program(package)

    def make_data(self, package: Package, folder: Path) -> None:
        """An empty folder: the store fills it."""
        (folder / "data").mkdir(parents=True)

    def launch(self, package: Package, name: str, folder: Path, port: int, options: Sequence[str]) -> Started:
        """Start the store on `folder`/data without waiting. Its log starts anew."""
        log, config = folder / "weed.log", folder / "identities.json"
        log.write_bytes(b"")
        config.write_text(json.dumps(identities(), indent=1))
        _remove_sockets(folder)  # of a store that was killed
        others = free_ports([None] * (2 * len(PARTS) + 1))
        (folder / PORTS).write_text(" ".join(str(other) for other in others))
        command = [program(package), "-logtostderr=true", "server", f"-dir={folder / 'data'}", f"-ip={HOST}"]
        command += [f"-ip.bind={HOST}", "-s3", f"-s3.port={port}", f"-s3.port.grpc={others.pop()}"]
        command += [f"-s3.config={config}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        for part in PARTS:
            command += [f"-{part}.port={others.pop()}", f"-{part}.port.grpc={others.pop()}"]
        command += ["-volume.max=200", "-master.volumeSizeLimitMB=1024", "-master.telemetry=false"]
        command.append("-volume.preStopSeconds=0")  # by default it waits 10 s for clients to go elsewhere
        command += [f"-filer.localSocket={folder / 'filer.sock'}", f"-s3.localSocket={folder / 's3.sock'}", *options]
        return Started(processes.spawn(command, log, os.environ, folder), log)

    def answers(self, record: Record) -> str:
        """The version, after each bucket took an object and its own key has listed it. Raises NoAnswer."""
        soon = {"max_retries": 2, "retry_timeout": timedelta(seconds=5)}
        try:
            for end in ENDS:
                obstore.put(store(record.port, bucket(end), KEYS["both"], retry_config=soon), MARKER, b"")
                obstore.list(store(record.port, bucket(end), KEYS[end], retry_config=soon), MARKER).collect()
        except (BaseError, OSError) as error:
            raise NoAnswer(" ".join(str(error).split())[:300]) from error
        return record.version

    def clean(self, record: Record) -> None:
        """Remove the sockets it makes beside its ports; where they are cannot be chosen."""
        _remove_sockets(Path(record.datadir).parent)

    def main_words(self, log: str) -> str:
        """The first line of its log that is a fatal error (F of glog), or the last line."""
        lines = [line for line in log.splitlines() if line.strip()]
        fatal = [line for line in lines if line.startswith(("F", "panic:"))]
        return (fatal or lines or ["it wrote nothing"])[0 if fatal else -1]


def program(package: Package) -> str:
    """The path of the program. Raises LabError when it is not there, or of another version than the lab is made for."""
    wheel = _wheel(package)
    try:
        version = importlib.metadata.version(wheel.distribution)
    except importlib.metadata.PackageNotFoundError:
        version = ""
    path = Path(sys.executable).parent / wheel.program
    if version != package.version or not path.is_file():
        found = f"here is {version}" if version else "it is not installed"
        raise LabError(
            f"the lab's S3 store is {wheel.distribution} {package.version}, and {found} for {sys.executable}: "
            "`make setup` installs it"
        )
    return str(path)


def _remove_sockets(folder: Path) -> None:
    noted = folder / PORTS
    for port in noted.read_text().split() if noted.exists() else ():
        for part in ("s3", *PARTS):
            Path(SOCKET.format(part=part, port=port)).unlink(missing_ok=True)


def _wheel(package: Package) -> Wheel:
    if not isinstance(package.origin, Wheel):
        raise LabError(f"{package.title} is no Python distribution")
    return package.origin


KIND = Stores()
