"""The lake as a test sees it: two ends, each a Trino with a metastore and a bucket, in one S3 store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from obstore.store import S3Store

from tests.lab import s3, trino
from tests.lab.buckets import KEYS, Key, bucket
from tests.lab.lab import Lab, Server


@dataclass(frozen=True)
class End:
    """One end: its Trino, the metastore behind that, and the bucket its key may use."""

    trino: Server
    metastore: Server
    bucket: str
    key: Key

    def rows(self, sql: str) -> list[list[Any]]:
        """Run one statement on its Trino and return the rows. Raises trino.exceptions.Error."""
        return trino.rows(self.trino.port, sql)


@dataclass(frozen=True)
class Lake:
    """Both ends and their store; `both` is a key that may use both buckets."""

    s3: Server
    source: End
    target: End
    both: Key = KEYS["both"]

    @property
    def endpoint(self) -> str:
        """The store's address."""
        return f"http://{self.s3.host}:{self.s3.port}"

    def store(self, name: str, key: Key, **options: Any) -> S3Store:
        """A client of the bucket `name`; `options` are obstore's."""
        return s3.store(self.s3.port, name, key, **options)


def lake_of(lab: Lab) -> Lake:
    """The lake of a lab whose group `lake` is up. KeyError when it is not."""
    ends = {
        end: End(lab.servers[f"trino_{end}"], lab.servers[f"metastore_{end}"], bucket(end), KEYS[end])
        for end in ("source", "target")
    }
    return Lake(lab.servers["s3"], ends["source"], ends["target"])
