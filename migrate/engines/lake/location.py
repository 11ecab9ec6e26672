"""Places in an object store: `s3://bucket/prefix`, which metastores also write with s3a:// or s3n://."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

SCHEMES = ("s3://", "s3a://", "s3n://")


class Location(msgspec.Struct, frozen=True):
    """A bucket and a key, or the beginning of keys, in it; neither begins nor ends with a slash."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}" if self.key else f"s3://{self.bucket}"

    def below(self, name: str) -> Location:
        """What is called `name` below it; itself when that is empty."""
        return Location(self.bucket, "/".join(part for part in (self.key, name) if part))


def location_of(text: str) -> Location:
    """Raises ValueError when that is no location in an object store."""
    for scheme in SCHEMES:
        if text.startswith(scheme):
            bucket, _, key = text.removeprefix(scheme).partition("/")
            if bucket:
                return Location(bucket, key.strip("/"))
    raise ValueError(f"{text!r} is no location in an object store: s3://bucket/prefix was expected")


def spelled(name: str) -> str:
    """A name as one part of a key: a dot, a slash and everything unusual as %XX, so that no two names are the same."""
    return quote(name, safe="").replace(".", "%2E")
