"""The lab without servers: what it downloads, unpacks, registers, stops and says."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab import LabError, datadir, lab, mysql, ports, processes, registry
from tests.lab.__main__ import exports, main
from tests.lab.definitions import (
    MARIADB_11_8,
    MYSQL_5_7_22,
    MYSQL_9,
    PACKAGES,
    SERVERS,
    accounts_sql,
    package_of,
    servers_of,
)
from tests.lab.home import home, locked


@pytest.fixture(autouse=True)
def lab_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab home of the test's own."""
    folder = tmp_path / "lab"
    monkeypatch.setenv("MIGRATE_LAB_HOME", str(folder))
    return folder


SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)",
)


def record_of(
    process: processes.Process, key: str = "source", owner: processes.Process | None = None
) -> registry.Record:
    """A registered server whose process is `process`."""
    return registry.Record(key, key, "8.0.33", 3306, "/x/mysql.sock", f"/x/{key}", "/x/log", ["--a=1"], process, owner)


# --- definitions and the command line -----------------------------------------------------------------------------


def test_the_groups_and_their_servers() -> None:
    found = {definition.name: definition.package.title for definition in servers_of("mysql")}
    assert found == {
        "source": "MySQL 8.0.33",
        "target": "MySQL 8.0.33",
        "old": "MySQL 8.0.12",
        "legacy": "MySQL 5.7.22",
        "new": "MySQL 9",
    }
    found = {definition.name: definition.package.title for definition in servers_of("mariadb")}
    assert found == {"maria10": "MariaDB 10.11", "maria11": "MariaDB 11.8"}
    assert servers_of("all") == servers_of("mysql") + servers_of("mariadb")
    found = {definition.name: definition.package.title for definition in servers_of("lake")}
    assert found == {
        "lake_db": "MySQL 8.0.12",
        "s3": "SeaweedFS 4.48",
        "metastore_source": "Hive Metastore 4.0.1",
        "metastore_target": "Hive Metastore 4.0.1",
        "trino_source": "Trino 476",
        "trino_target": "Trino 483",
    }
    assert servers_of("all") + servers_of("lake") == SERVERS


def test_a_server_needs_only_servers_of_its_group_that_start_before_it() -> None:
    for position, definition in enumerate(SERVERS):
        before = {earlier.name for earlier in SERVERS[:position] if earlier.group == definition.group}
        assert set(definition.needs) <= before


def test_names_and_packages_are_unique() -> None:
    assert len({definition.name for definition in SERVERS}) == len(SERVERS)
    assert [package_of(package.version) for package in PACKAGES] == list(PACKAGES)
    assert {definition.package for definition in SERVERS} == set(PACKAGES)


def test_an_unknown_group_is_refused_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "oracle"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "no group called 'oracle': it has mysql, mariadb, lake (and all, for mysql and mariadb)" in captured.err


@pytest.mark.parametrize(
    ("version", "title"),
    [
        ("8.0.33", "MySQL 8.0.33"),
        ("5.7.22", "MySQL 5.7.22"),
        ("9", "MySQL 9"),
        ("9.7.4", "MySQL 9"),
        ("10.11", "MariaDB 10.11"),
        ("10.11.18", "MariaDB 10.11"),
        ("11.8.9", "MariaDB 11.8"),
        ("476", "Trino 476"),
        ("4.0.1", "Hive Metastore 4.0.1"),
    ],
)
def test_a_package_is_found_by_its_version_and_by_its_servers(version: str, title: str) -> None:
    assert package_of(version).title == title


@pytest.mark.parametrize("version", ["5.7", "8.0.3", "8.0.331", "90.1", "4", "10.1", "11.80", ""])
def test_an_unknown_version_is_refused(version: str) -> None:
    with pytest.raises(LabError, match=rf"no server of version {version}: it has MySQL 8\.0\.33, .*Trino 483$"):
        package_of(version)


def test_accounts_are_made_one_statement_a_line_with_a_plugin_the_server_has() -> None:
    for package, identified in [
        (MYSQL_9, "IDENTIFIED WITH caching_sha2_password BY 'lab-app'"),
        (MYSQL_5_7_22, "IDENTIFIED BY 'lab-app'"),
        (MARIADB_11_8, "IDENTIFIED BY 'lab-app'"),
    ]:
        lines = accounts_sql(package).splitlines()
        assert all(line.endswith(";") for line in lines)
        assert f"CREATE USER 'app'@'%' {identified};" in lines
        assert "GRANT ALL PRIVILEGES ON *.* TO 'app'@'%';" in lines


def test_exports_are_quoted_for_the_shell() -> None:
    server = lab.Server("source", "8.0.33", "127.0.0.1", 4001, "app", "it's", "r", "/a b/s.sock", 1, "/d")
    lines = exports(lab.Lab({"source": server}))
    assert "export MIGRATE_LAB_SOURCE_PORT=4001" in lines
    assert "export MIGRATE_LAB_SOURCE_SOCKET='/a b/s.sock'" in lines
    assert """export MIGRATE_LAB_SOURCE_PASSWORD='it'"'"'s'""" in lines
    assert len(lines) == 5


def test_status_and_down_with_nothing_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [definition.name for definition in SERVERS]
    assert lines[-1].split()[1:3] == ["Trino", "483"]
    assert all(line.endswith("down") for line in lines[1:])
    assert main(["down"]) == 0
    assert "nothing was up" in capsys.readouterr().err
    with pytest.raises(LabError, match="source is not running"):
        lab.server("source")


def test_home_follows_its_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home() == (tmp_path / "lab").resolve()
    monkeypatch.delenv("MIGRATE_LAB_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert home() == (tmp_path / "cache" / "migrate-lab").resolve()
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert home() == (tmp_path / "me" / ".cache" / "migrate-lab").resolve()


# --- processes ----------------------------------------------------------------------------------------------------


def test_a_process_is_started_and_stopped(tmp_path: Path) -> None:
    process = processes.spawn(SLEEPER, tmp_path / "log", os.environ)
    assert processes.alive(process)
    assert processes.stop(process)
    assert not processes.alive(process)
    assert processes.stop(process)  # once more does nothing


def test_a_tied_helper_dies_with_the_one_that_started_it(tmp_path: Path) -> None:
    code = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); print('ready', flush=True); time.sleep(60)"
    started = processes.tied(["sh", "-c", f"echo $$ >{tmp_path / 'pid'}; exec sleep 60"])
    parent = processes.spawn([sys.executable, "-c", code, *started], tmp_path / "log", os.environ)
    limit = time.monotonic() + 10
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < limit
        time.sleep(0.01)
    helper = processes.identify(int((tmp_path / "pid").read_text()))
    assert helper is not None
    processes.kill(parent)
    assert processes.wait_gone(helper, 10)


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    process = processes.spawn(STUBBORN, tmp_path / "log", os.environ)
    limit = time.monotonic() + 10
    while (tmp_path / "log").read_text() != "ready\n" and time.monotonic() < limit:
        time.sleep(0.01)
    assert not processes.stop(process, grace=0.2)
    assert not processes.alive(process)


def test_a_process_has_not_ended_while_one_of_its_threads_runs(tmp_path: Path) -> None:
    code = (
        "import ctypes, platform, threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "ctypes.CDLL(None).syscall({'x86_64': 60}.get(platform.machine(), 93), 0)\n"  # exit(2): of this thread alone
    )
    process = processes.spawn((sys.executable, "-c", code), tmp_path / "log", os.environ)
    limit = time.monotonic() + 10
    while ") Z " not in Path(f"/proc/{process.pid}/stat").read_text():
        assert time.monotonic() < limit
        time.sleep(0.01)
    assert processes.alive(process)
    processes.kill(process)
    assert not processes.alive(process)


def test_a_recycled_pid_is_left_alone(tmp_path: Path) -> None:
    process = processes.spawn(SLEEPER, tmp_path / "log", os.environ)
    try:
        former = replace(process, start="an earlier boot:1")
        assert not processes.alive(former)
        assert not processes.send(former, signal.SIGKILL)
        assert processes.stop(former)
        assert processes.alive(process)
        with registry.opened() as state:
            state.servers["source"] = record_of(former)
        assert lab.down() == ["source"]
        assert processes.alive(process)
        assert registry.peek().servers == {}
    finally:
        processes.kill(process)


def test_down_ends_what_is_registered(tmp_path: Path) -> None:
    process = processes.spawn(SLEEPER, tmp_path / "log", os.environ)
    with registry.opened() as state:
        state.servers["source"] = record_of(process)
    assert lab.down() == ["source"]
    assert not processes.alive(process)


# --- registry and locks -------------------------------------------------------------------------------------------


def test_the_registry_is_read_back_as_saved() -> None:
    me = processes.myself()
    with registry.opened() as state:
        state.servers["source"] = record_of(me)
        state.servers["x-1-1"] = record_of(me, "x-1-1", me)
        state.leases.append(me)
        state.keep = True
    again = registry.peek()
    assert again.keep
    assert again.live_leases() == [me]
    assert again.servers == {"source": record_of(me), "x-1-1": record_of(me, "x-1-1", me)}
    assert again.servers["source"].running


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 1, "servers": {"a": {}}}'])
def test_a_damaged_registry_is_reported(text: str) -> None:
    registry.path().write_text(text)
    with pytest.raises(LabError, match="is not a registry of this lab"):
        registry.peek()


def test_private_servers_of_a_dead_owner_are_ended_and_deleted(tmp_path: Path) -> None:
    process = processes.spawn(SLEEPER, tmp_path / "log", os.environ)
    dead = processes.Process(process.pid, "an earlier boot:1")
    stray = home() / "extra" / "full-999999999-1"
    stray.mkdir(parents=True)
    with registry.opened() as state:
        state.servers["full-1-1"] = record_of(process, "full-1-1", dead)
        lab._sweep(state)
        assert state.servers == {}
    assert not processes.alive(process)
    assert not stray.exists()


def test_a_lock_lets_one_in_at_a_time() -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        with locked("test"):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.05)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


# --- small parts of a server's life -------------------------------------------------------------------------------


def test_a_long_socket_path_is_moved(tmp_path: Path) -> None:
    assert mysql.socket_path(Path("/short")) == Path("/short/mysql.sock")
    long = mysql.socket_path(tmp_path / ("x" * 120))
    assert len(os.fsencode(long)) <= 107
    assert long != mysql.socket_path(tmp_path / ("y" * 120))


def test_a_taken_port_is_not_chosen() -> None:
    port = ports.free_port()
    assert ports.free_port(port) == port
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        assert ports.free_port(port) != port


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (
            (
                "2026-01-01T00:00:00Z 0 [System] [MY-010116] [Server] starting as process 1\n"
                "2026-01-01T00:00:00Z 0 [ERROR] [MY-000067] [Server] unknown variable 'a=1'.\n"
                "2026-01-01T00:00:00Z 0 [ERROR] [MY-010119] [Server] Aborting\n"
            ),
            "unknown variable 'a=1'.",
        ),
        (
            (
                "2026-01-01  0:00:00 0 [Note] Starting MariaDB 11.8.9\n"
                "2026-01-01  0:00:00 0 [ERROR] /p/bin/mariadbd: unknown variable 'a=1'\n"
                "2026-01-01  0:00:00 0 [ERROR] Aborting\n"
            ),
            "/p/bin/mariadbd: unknown variable 'a=1'",
        ),
        ("ERROR: 1064  You have an error\n2026-01-01  0:00:00 0 [ERROR] Aborting\n", "ERROR: 1064  You have an error"),
        ("one\ntwo\n", "two"),
        ("", "it wrote nothing"),
    ],
)
def test_the_main_words_of_a_log(log: str, words: str) -> None:
    assert datadir.main_words(log) == words
