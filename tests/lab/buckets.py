"""The buckets of the lake's S3 store, and the keys that may use them."""

from __future__ import annotations

from dataclasses import dataclass

REGION = "us-east-1"  # a client wants one; the store has none
ENDS = ("source", "target")  # each has a bucket, a metastore and a Trino of its own


@dataclass(frozen=True)
class Key:
    """A credential of the store and the buckets it may use: read, write, list and tag, nothing else."""

    access: str
    secret: str
    buckets: tuple[str, ...]


def bucket(end: str) -> str:
    """The bucket of an end."""
    return f"lake-{end}"


# `both` is for copies inside the store; it is the only one that makes buckets.
KEYS: dict[str, Key] = {
    "source": Key("lab-source", "lab-source-secret", (bucket("source"),)),
    "target": Key("lab-target", "lab-target-secret", (bucket("target"),)),
    "both": Key("lab-both", "lab-both-secret", (bucket("source"), bucket("target"))),
}
