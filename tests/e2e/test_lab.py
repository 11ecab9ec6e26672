"""The lab with real servers: what tests are promised about them."""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from tests import lab as lab_api
from tests.conftest import FreshSchemas
from tests.lab import Lab, LabError, Server, client, extra, processes, registry
from tests.lab.definitions import DATABASES, servers_of
from tests.lab.home import home_beside
from tests.lab.package import LABELS
from tests.sample import sampled

ROOT = Path(__file__).resolve().parents[2]
NAMES = tuple(definition.name for definition in servers_of("all"))
VERSIONS = tuple(package.version for package in DATABASES)


@pytest.fixture(scope="module")
def every() -> Iterator[Lab]:
    """All servers of the lab, up."""
    with lab_api.lease("all") as servers:
        yield servers


@pytest.fixture
def own_home(every: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A lab home of the test's own, with the binaries and templates of the real one; everything in it is ended."""
    folder = home_beside(tmp_path)
    monkeypatch.setenv("MIGRATE_LAB_HOME", str(folder))
    yield folder
    lab_api.down(wipe=True)


def run_lab(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.lab", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def ports(output: str) -> list[str]:
    return [line for line in output.splitlines() if "_PORT=" in line]


def wait_dead(pid: int) -> None:
    limit = time.monotonic() + 10
    while processes.identify(pid) is not None and time.monotonic() < limit:
        time.sleep(0.02)


# --- the servers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "title", "log_bin", "performance_schema", "megabytes"),
    [
        ("source", "MySQL 8.0.33", 0, 1, 256),
        ("target", "MySQL 8.0.33", 0, 1, 256),
        ("old", "MySQL 8.0.12", 0, 1, 256),
        ("legacy", "MySQL 5.7.22", 0, 1, 128),
        ("new", "MySQL 9", 1, 1, 128),
        ("maria10", "MariaDB 10.11", 0, 0, 128),
        ("maria11", "MariaDB 11.8", 0, 0, 128),
    ],
)
def test_versions_users_and_settings(
    every: Lab, name: str, title: str, log_bin: int, performance_schema: int, megabytes: int
) -> None:
    server = every.servers[name]
    version = client.rows(server, "SELECT VERSION()")[0][0]
    assert f"{LABELS[server.vendor]} {server.version}.".startswith(f"{title}.")
    assert re.fullmatch(rf"{re.escape(server.version)}(-MariaDB)?(-.*)?", version)
    assert ("MariaDB" in version) == (server.vendor == "mariadb")
    variables = (
        "@@log_bin, @@local_infile, @@max_allowed_packet, @@performance_schema, @@time_zone, "
        "COALESCE(@@secure_file_priv, ''), @@innodb_flush_log_at_trx_commit, @@innodb_buffer_pool_size, @@port, "
        "CURRENT_USER()"
    )
    expected = (log_bin, 1, 256 << 20, performance_schema, "SYSTEM", "", 2, megabytes << 20, server.port, "app@%")
    assert client.rows(server, f"SELECT {variables}") == [expected]
    assert client.rows(server, "SELECT CURRENT_USER()", root=True) == [("root@127.0.0.1",)]
    plugins = "SELECT DISTINCT plugin FROM mysql.user WHERE user IN ('app', 'root')"
    before_8 = server.vendor == "mariadb" or name == "legacy"
    plugin = "mysql_native_password" if before_8 else "caching_sha2_password"
    assert client.rows(server, plugins) == [(plugin,)]
    accounts = "SELECT user, host FROM mysql.user WHERE user NOT LIKE 'mysql.%' AND user <> 'mariadb.sys'"
    assert sorted(client.rows(server, accounts)) == [("app", "%"), ("root", "127.0.0.1"), ("root", "localhost")]
    through_socket = client.rows(server, "SELECT USER()", unix_socket=server.socket)
    assert through_socket == [("app@localhost",)]


@pytest.mark.parametrize("name", NAMES)
def test_aiomysql_logs_in_without_tls_and_without_a_cached_password(every: Lab, name: str) -> None:
    aiomysql: Any = importlib.import_module("aiomysql")
    server = every.servers[name]
    client.rows(server, "FLUSH PRIVILEGES")  # empties the password cache: the next login exchanges an RSA key

    async def ask() -> Any:
        connection = await aiomysql.connect(
            host=server.host, port=server.port, user=server.user, password=server.password
        )
        try:
            cursor = await connection.cursor()
            await cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
            return await cursor.fetchall()
        finally:
            connection.close()

    assert asyncio.run(ask()) == (("Ssl_cipher", ""),)


@pytest.mark.parametrize("name", NAMES)
def test_the_labs_user_may_make_and_run_every_kind_of_object(every: Lab, name: str) -> None:
    server, schema = every.servers[name], f"lab_objects_{uuid.uuid4().hex[:10]}"
    client.rows(server, f"CREATE DATABASE {schema}")
    try:
        with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE t (a INT PRIMARY KEY)")
            cursor.execute("CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a + 1")
            cursor.execute("CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 5")
            cursor.execute("CREATE PROCEDURE p() INSERT INTO t VALUES (f())")
            cursor.execute("CREATE DEFINER = 'root'@'localhost' VIEW v AS SELECT a FROM t")
            cursor.execute("CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DISABLE DO CALL p()")
            cursor.execute("CALL p()")
            cursor.execute("SELECT a FROM v")
            assert cursor.fetchall() == ((6,),)
    finally:
        client.rows(server, f"DROP DATABASE {schema}")


def test_the_servers_are_different_servers(every: Lab) -> None:
    assert [server.name for server in every.servers.values()] == list(NAMES)
    assert len({server.datadir for server in every.servers.values()}) == len(NAMES)
    uuids = {
        client.rows(server, "SELECT @@server_uuid")[0][0]
        for server in every.servers.values()
        if server.vendor == "mysql"
    }
    assert len(uuids) == 5
    found = (every.source, every.target, every.old, every.legacy, every.new, every.maria10, every.maria11)
    assert found == tuple(lab_api.server(name) for name in NAMES)


def test_fresh_schemas_are_unique_and_empty(fresh_schemas: FreshSchemas, source: Server, target: Server) -> None:
    first, second = fresh_schemas("shop", source, target), fresh_schemas("shop")
    assert first != second
    for server in (source, target):
        assert client.rows(server, f"SHOW TABLES FROM `{first}`") == []
        assert client.rows(server, f"SHOW DATABASES LIKE '{second}'") == []


@pytest.mark.parametrize("name", NAMES)
def test_a_script_with_delimiters_comments_and_quotes(every: Lab, name: str, tmp_path: Path) -> None:
    script = tmp_path / "a.sql"
    script.write_text(
        "-- a comment; with a semicolon\n"
        "CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(50)) CHARSET utf8mb4;\n"
        "DELIMITER $$\n"
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN\n"
        "  SET NEW.s = CONCAT(NEW.s, ';$'); /* ; */\n"
        "END$$\n"
        "DELIMITER ;\n"
        "INSERT INTO t VALUES (1, 'a;b'), (2, 'it''s é 🙂'); SELECT COUNT(*) AS n FROM t;\n",
        encoding="utf-8",
    )
    failing = tmp_path / "b.sql"
    failing.write_text("SELECT 1;\nSELECT * FROM nothing_here;\nCREATE TABLE never (a INT);\n")
    server, schema = every.servers[name], f"lab_script_{uuid.uuid4().hex[:10]}"
    client.rows(server, f"CREATE DATABASE {schema}")
    try:
        assert client.run_script(server, schema, script) == "n\n2\n"
        found = client.rows(server, "SELECT s FROM t ORDER BY id", database=schema)
        assert found == [("a;b;$",), ("it's é 🙂;$",)]
        assert client.rows(server, "SELECT id FROM t WHERE id = %s", 2, database=schema) == [(2,)]
        with pytest.raises(client.ScriptError, match=r"1146.*line 2"):
            client.run_script(server, schema, failing)
        assert client.rows(server, "SHOW TABLES", database=schema) == [("t",)]
        (tmp_path / "c.sql").write_text("SELECT CURRENT_USER() AS me;\n")
        assert client.run_script(server, None, tmp_path / "c.sql", root=True) == "me\nroot@127.0.0.1\n"
    finally:
        client.rows(server, f"DROP DATABASE {schema}")


# --- private servers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", sampled(VERSIONS, 2, seed=1))
def test_an_extra_server_has_its_options_and_leaves_nothing(every: Lab, version: str) -> None:
    with extra("no_infile", version, ("--local-infile=OFF", "--read-only=ON")) as server:
        assert f"{server.version}.".startswith(f"{version}.")
        assert client.rows(server, "SELECT @@local_infile, @@read_only") == [(0, 1)]
        assert client.rows(server, "SELECT VERSION()")[0][0].startswith(server.version)
        assert server.name == "no_infile"
        assert server.datadir not in {shared.datadir for shared in every.servers.values()}
        assert server.port not in {shared.port for shared in every.servers.values()}
    assert processes.identify(server.pid) is None
    assert not Path(server.datadir).parent.exists()
    assert server.datadir not in {record.datadir for record in lab_api.status()}


def test_a_full_tablespace(lab: Lab) -> None:
    options = ("--innodb-file-per-table=0", "--innodb-data-file-path=ibdata1:12M:autoextend:max:24M")
    with extra("full", options=options, initialise=True) as server:
        with client.connect(server) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE d")
            cursor.execute("CREATE TABLE d.t (a INT AUTO_INCREMENT PRIMARY KEY, b LONGTEXT)")
            too_much = "INSERT INTO d.t (b) SELECT REPEAT('x', 1000000) FROM information_schema.columns LIMIT 100"
            with pytest.raises(pymysql.err.MySQLError) as caught:
                cursor.execute(too_much)
    assert caught.value.args[0] == 1114  # the table is full


@pytest.mark.parametrize("version", sampled(VERSIONS[1:], 2, seed=2))
def test_an_extra_server_initialised_with_its_options(every: Lab, version: str) -> None:
    with extra("lower", version, ("--lower-case-table-names=1",), initialise=True) as server:
        assert client.rows(server, "SELECT @@lower_case_table_names, CURRENT_USER()") == [(1, "app@%")]
        client.rows(server, "CREATE DATABASE D")
        assert client.rows(server, "SHOW DATABASES LIKE 'd'") == [("d",)]


@pytest.mark.parametrize("version", sampled(VERSIONS, 2, seed=3))
def test_a_killed_server_comes_back_with_what_was_committed(every: Lab, version: str) -> None:
    with extra("crash", version) as server:
        client.rows(server, "CREATE DATABASE d")
        client.rows(server, "CREATE TABLE d.t (a INT PRIMARY KEY)")
        client.rows(server, "INSERT INTO d.t VALUES (1), (2)")
        lab_api.kill9(server)
        with pytest.raises(pymysql.err.OperationalError):
            client.connect(server)
        again = lab_api.restart(server)
        assert (again.port, again.datadir) == (server.port, server.datadir)
        assert (again.version, again.vendor) == (server.version, server.vendor)
        assert again.pid != server.pid
        assert client.rows(again, "SELECT a FROM d.t ORDER BY a") == [(1,), (2,)]
        changed = lab_api.restart(again, ("--max-allowed-packet=2M",))
        assert client.rows(changed, "SELECT @@max_allowed_packet") == [(2 << 20,)]
        lab_api.stop(changed)
        assert processes.identify(changed.pid) is None


@pytest.mark.parametrize(("version", "title"), [("8.0.33", "MySQL 8.0.33"), ("11.8", "MariaDB 11.8")])
def test_a_wrong_option_is_reported_in_the_servers_words(every: Lab, version: str, title: str) -> None:
    with pytest.raises(LabError, match=rf"\({re.escape(title)}\) ended: .*unknown variable 'no-such-option=1'"):
        with extra("wrong", version, ("--no-such-option=1",)):
            pytest.fail("it started")
    assert not [record for record in lab_api.status() if record.name == "wrong"]


# --- the command line, in a home of its own -------------------------------------------------------------------------


def test_up_kill_up_status_down(own_home: Path, tmp_path: Path) -> None:
    first = run_lab("up", "all")
    assert first.returncode == 0, first.stderr
    shell = 'eval "$(cat)"; echo $MIGRATE_LAB_SOURCE_HOST:$MIGRATE_LAB_SOURCE_PORT $MIGRATE_LAB_OLD_USER'
    seen = subprocess.run(["bash", "-c", shell], input=first.stdout, capture_output=True, text=True, check=True).stdout
    source = lab_api.server("source")
    assert seen == f"127.0.0.1:{source.port} app\n"
    assert len(first.stdout.splitlines()) == 5 * len(NAMES)

    started = time.monotonic()
    lab_api.up("all")
    assert time.monotonic() - started < 0.5
    parts = [run_lab("up", group).stdout for group in ("mysql", "mariadb")]
    assert [len(part.splitlines()) for part in parts] == [25, 10]
    assert "".join(parts) == first.stdout

    client.rows(source, "CREATE DATABASE kept")
    os.kill(source.pid, signal.SIGKILL)
    wait_dead(source.pid)
    down_line = next(line for line in run_lab("status").stdout.splitlines() if line.startswith("source"))
    assert down_line.endswith("down")
    again = run_lab("up", "all")
    assert again.stdout == first.stdout  # on the same port
    assert client.rows(source, "SHOW DATABASES LIKE 'kept'") == [("kept",)]
    for line in run_lab("status").stdout.splitlines()[1:]:
        assert line.endswith("up" if line.split()[0] in NAMES else "down")

    pids = [record.process.pid for record in lab_api.status()]
    assert run_lab("down").returncode == 0
    for pid in pids:
        assert processes.identify(pid) is None
    assert lab_api.status() == []


def test_two_ups_at_once_start_one_lab(own_home: Path) -> None:
    command = [sys.executable, "-m", "tests.lab", "up", "all"]
    runs = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [run.communicate(timeout=120)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert ports(outputs[0]) == ports(outputs[1])
    assert len(ports(outputs[0])) == len(NAMES)
    assert len(lab_api.status()) == len(NAMES)


def test_what_was_downloaded_once_is_not_asked_for_again(
    own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mvn", "apt-get", "dpkg-deb"):
        program = tmp_path / "programs" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\necho {name} >>{tmp_path / 'asked'}\nexit 1\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}{os.pathsep}{os.environ['PATH']}")
    assert [server.name for server in lab_api.up("mariadb").servers.values()] == ["maria10", "maria11"]
    assert not (tmp_path / "asked").exists()


def test_a_lease_stops_only_what_nobody_asked_to_keep(own_home: Path) -> None:
    with lab_api.lease("mariadb") as outer:
        with lab_api.lease("mariadb") as inner:
            assert inner == outer
        assert lab_api.server("maria11") == outer.maria11
    assert registry.peek().servers == {}
    lab_api.up("mariadb")
    with lab_api.lease("mariadb") as kept:
        assert len(kept.servers) == 2
    assert lab_api.server("maria11") == kept.maria11


def test_a_private_server_of_a_dead_test_run_is_ended(own_home: Path) -> None:
    script = (
        "import os, tests.lab as lab\n"
        "with lab.extra('lost') as server:\n"
        "    print(server.pid, flush=True)\n"
        "    os._exit(1)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    assert processes.identify(pid) is not None
    with extra("next"):
        assert [record.name for record in lab_api.status()] == ["next"]
    assert processes.identify(pid) is None
    assert list((own_home / "extra").iterdir()) == []
