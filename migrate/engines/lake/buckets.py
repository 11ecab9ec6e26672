"""How each bucket of an endpoint is reached: what the configuration says of it, of all buckets, and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from migrate.errors import ServerError
from migrate.model.plan import EndpointRef, S3Ref

ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
DEFAULT_REGION = "us-east-1"


class Reached(msgspec.Struct, frozen=True):
    """`url` has no bucket, no slash at its end, and is never empty. Without profile and keys the environment says."""

    url: str
    region: str
    profile: str = ""
    access_key: str = ""
    secret_key: str = ""

    @property
    def store(self) -> tuple[str, int]:
        """What two buckets of one store have in common. All of AWS is one store: it copies between its regions."""
        parts = urlsplit(self.url)
        host = (parts.hostname or "").lower()
        if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return "amazonaws.com.cn" if host.endswith(".cn") else "amazonaws.com", 443
        return host, parts.port or (80 if parts.scheme == "http" else 443)


def reached(endpoint: str, ref: EndpointRef, bucket: str, environment: Mapping[str, str] = os.environ) -> Reached:
    """The settings of one bucket. A profile and keys are one thing: whoever names either names who it is.

    Raises `ServerError` for half a pair of keys, or an endpoint that is no URL.
    """
    own = ref.bucket.get(bucket, S3Ref())
    who = own if own.profile or own.access_key or own.secret_key else ref.s3
    place = f"the object store of bucket {bucket}"
    if bool(who.access_key) != bool(who.secret_key):
        raise ServerError(endpoint, f"{place} has one key only", "give access_key and secret_key, or neither")
    if who.profile and who.access_key:
        raise ServerError(endpoint, f"{place} has both a profile and keys", "give one of them")
    region = own.region or ref.s3.region or _first(environment, REGION_VARIABLES)
    url = own.endpoint or ref.s3.endpoint or _first(environment, ENDPOINT_VARIABLES)
    if not url:
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        url = f"https://s3.{region or DEFAULT_REGION}.{suffix}"
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ServerError(endpoint, f"{place} has the endpoint {url!r}", "write https://HOST or http://HOST:PORT")
    return Reached(url.rstrip("/"), region or DEFAULT_REGION, who.profile, who.access_key, who.secret_key)


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")
