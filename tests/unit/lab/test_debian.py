"""Packages of Debian without a network: where they are asked for, what is kept of them, and what is said."""

from __future__ import annotations

import io
import os
import platform
import tarfile
from pathlib import Path

import pytest

from tests.lab import LabError, debian, packages
from tests.lab.definitions import MARIADB_10_11, MYSQL_9
from tests.lab.home import home
from tests.lab.package import Debian
from tests.lab.tree import LOADER

MIRROR = "http://mirror.test/debian/"


@pytest.fixture(autouse=True)
def lab_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab home of the test's own."""
    folder = tmp_path / "lab"
    monkeypatch.setenv("MIGRATE_LAB_HOME", str(folder))
    return folder


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs found before the system's, and a keyring."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(debian, "KEYRING", keyring)
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"VERSION_CODENAME": "bookworm"})
    return folder


def write_program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def write_tar(path: Path, members: dict[str, bytes | str]) -> Path:
    """A tar as dpkg-deb gives it: a member whose value is a str is a link to it."""
    with tarfile.open(path, mode="w") as tar:
        for name, value in members.items():
            entry = tarfile.TarInfo(name)
            if isinstance(value, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, value
                tar.addfile(entry)
            else:
                entry.size, entry.mode = len(value), 0o755
                tar.addfile(entry, io.BytesIO(value))
    return path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("./usr/sbin/mysqld", "bin/mysqld"),
        ("./usr/bin/mariadb", "bin/mariadb"),
        ("./lib/x86_64-linux-gnu/libc.so.6", "lib/private/libc.so.6"),
        ("./usr/lib/x86_64-linux-gnu/libssl.so.3", "lib/private/libssl.so.3"),
        ("./usr/lib/mysql/plugin/a.so", "lib/mysql/plugin/a.so"),
        ("./usr/share/mysql/english/errmsg.sys", "share/english/errmsg.sys"),
        ("./usr/share/mariadb/charsets/Index.xml", "share/charsets/Index.xml"),
        ("./usr/share/doc/x", None),
        ("./etc/mysql/my.cnf", None),
        ("./lib64/ld-linux-x86-64.so.2", None),
        (".", None),
    ],
)
def test_files_go_to_the_places_every_package_has(name: str, expected: str | None) -> None:
    assert debian.place(name) == expected


def test_only_what_is_needed_of_a_deb_is_unpacked(tmp_path: Path, programs: Path) -> None:
    archive = write_tar(
        tmp_path / "a.deb",
        {
            "./usr/sbin/mariadbd": b"server",
            "./usr/sbin/mysqld": "mariadbd",
            "./usr/bin/perl": b"no",
            "./lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": b"loader",
            "./lib64/ld-linux-x86-64.so.2": "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            "./usr/lib/x86_64-linux-gnu/libz.so.1.3": b"z",
            "./usr/lib/x86_64-linux-gnu/libz.so.1": "libz.so.1.3",
            "./usr/lib/x86_64-linux-gnu/libaway.so.1": "/etc/passwd",
            "./usr/lib/x86_64-linux-gnu/gconv/A.so": b"no",
            "./usr/lib/x86_64-linux-gnu/../../../../../escape.so": b"no",
        },
    )
    write_program(programs, "dpkg-deb", 'test "$1" = --fsys-tarfile && cat "$2"')
    tree = tmp_path / "tree"
    debian.unpack(MARIADB_10_11, archive, tree)
    found = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir())
    private = "lib/private"
    assert found == ["bin/mariadbd", str(LOADER), f"{private}/libz.so.1", f"{private}/libz.so.1.3"]
    assert (tree / private / "libz.so.1").read_bytes() == b"z"
    assert os.access(tree / "bin" / "mariadbd", os.X_OK)
    assert not list(tmp_path.rglob("escape.so"))


def test_a_deb_that_cannot_be_read_is_refused(tmp_path: Path, programs: Path) -> None:
    whole = write_tar(tmp_path / "whole.deb", {"./usr/sbin/mysqld": b"server"})
    write_program(programs, "dpkg-deb", 'cat "$2"; exit 2')
    with pytest.raises(LabError, match=r"dpkg-deb cannot unpack whole\.deb: exit status 2"):
        debian.unpack(MYSQL_9, whole, tmp_path / "tree")
    half = tmp_path / "half.deb"
    half.write_bytes(whole.read_bytes()[:700])
    with pytest.raises(tarfile.TarError):
        debian.unpack(MYSQL_9, half, tmp_path / "other")


def test_the_mirror_is_the_one_of_the_machines_own_sources(programs: Path) -> None:
    lines = "http://other.test/node nodistro\\nhttp://security.test/ bookworm-security\\n" + MIRROR + " bookworm\\n"
    write_program(programs, "apt-get", f"test $1 = indextargets && printf '{lines}'")
    assert debian.mirror() == MIRROR
    write_program(programs, "apt-get", "echo http://security.test/ bookworm-security")
    with pytest.raises(LabError, match=r"name no Debian archive to download from, only .*bookworm-security"):
        debian.mirror()


# An apt-get that shows its arguments and leaves one package where it was told to.
APT_GET = f"""\
if [ "$1" = indextargets ]; then echo {MIRROR} bookworm; exit; fi
printf '%s\\n' "$@" >>"$LOG"
for word; do case $word in
Dir::Cache::archives=*) archives=${{word#*=}} ;;
Dir::Etc::sourcelist=*) cat "${{word#*=}}" >>"$LOG" ;;
esac; done
case " $* " in *" install "*) cp "$DEB" "$archives/a.deb" ;; esac
"""


def test_a_package_is_asked_for_in_its_suite_and_only_downloaded(
    tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(programs, "apt-get", APT_GET)
    write_program(programs, "dpkg-deb", 'cat "$2"')
    server = b"#!/bin/sh\necho 'mysqld  Ver 9.7.4-2 for Linux'\n"
    monkeypatch.setenv("DEB", str(write_tar(tmp_path / "a.deb", {"./usr/sbin/mysqld": server})))
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setattr(packages, "need_libraries", lambda programs: None)
    folder = packages.ensure(MYSQL_9)
    log = (tmp_path / "log").read_text().splitlines()
    assert f"deb [arch=amd64 signed-by={tmp_path / 'keyring.gpg'}] {MIRROR} sid main" in log
    assert log.index("update") < log.index("--download-only") < log.index("mysql-server-core")
    assert not [
        word for word in log if word.startswith("Dir::") and "/dev/null" not in word and str(home()) not in word
    ]
    assert packages.version_of(MYSQL_9) == "9.7.4"
    assert sorted(path.name for path in folder.iterdir()) == ["VERSION", "bin"]
    assert not list(home().rglob("*.deb"))
    assert list((home() / "tmp").iterdir()) == []
    write_program(programs, "apt-get", "exit 9")
    assert packages.ensure(MYSQL_9) == folder  # the second time needs no apt-get


def test_a_failed_download_says_what_apt_get_said_and_leaves_nothing(programs: Path) -> None:
    failing = (
        f"if [ $1 = indextargets ]; then echo {MIRROR} bookworm; exit; fi\necho 'E: Failed to fetch x' >&2; exit 100"
    )
    write_program(programs, "apt-get", failing)
    words = r"apt-get cannot download mysql-server-core of Debian sid \(is there a network\?\): E: Failed to fetch x"
    with pytest.raises(LabError, match=words):
        packages.ensure(MYSQL_9)
    assert not packages.folder_of(MYSQL_9).exists()
    assert not list((home() / "tmp").iterdir())


def test_a_machine_that_is_not_debian_is_told_so_in_one_sentence(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(MARIADB_10_11.origin, Debian)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LabError, match=r"takes MariaDB 10\.11 from Debian.*here is no apt-get and no dpkg-deb$"):
        packages.ensure(MARIADB_10_11)
    monkeypatch.setenv("PATH", str(programs))
    for name in ("apt-get", "dpkg-deb"):
        write_program(programs, name, "exit 9")
    debian.KEYRING.unlink()
    with pytest.raises(LabError, match=r"here is no .*keyring\.gpg \(Debian's package debian-archive-keyring\)$"):
        packages.ensure(MARIADB_10_11)
