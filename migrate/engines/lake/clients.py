"""Clients of an object store, one for each bucket: with the settings and keys that the bucket has."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError
from obstore.store import S3Store

from migrate.engines.lake.buckets import Reached, reached
from migrate.engines.lake.refusals import refused
from migrate.errors import ServerError
from migrate.model.plan import EndpointRef

if TYPE_CHECKING:
    from obstore.store import S3Credential

SETTLED = 0.05
"""Seconds after the last request in which the client's own threads let go of what they had of Python, when nothing else
runs: of processes that ended at once all were aborted by its runtime (exit 134), of those that waited so long none
(obstore 0.12.1, Python 3.11). On a busy machine 0.2 s were too few: so it is asked whether these threads sleep."""
LOOK = 0.02
LOOKS = 3
"""Looks one after the other at which all threads sleep, until that is believed."""
LONGEST = 10.0

COPY_RETRIES = 1
"""Whoever copies tries again itself, so that it hears of a store that is too busy."""

ERRORS = (BaseError, OSError, ValueError)
"""What the client raises."""


class Clients:
    """One client for each bucket, made when it is first asked for. See `files.Objects` for the settings."""

    def __init__(self, endpoint: str, ref: EndpointRef, retries: int) -> None:
        self.endpoint = endpoint
        self._ref = ref
        self._retries = retries
        self._stores: dict[tuple[str, str, int], S3Store] = {}

    async def close(self) -> None:
        """To be awaited before the process ends: see `SETTLED`."""
        if self._stores:
            await asyncio.sleep(SETTLED)
            await _threads_sleep()

    def reached(self, bucket: str) -> Reached:
        """The settings of a bucket."""
        return reached(self.endpoint, self._ref, bucket)

    def _store(self, bucket: str, retries: int | None = None) -> S3Store:
        retries = self._retries if retries is None else min(retries, self._retries)
        if (bucket, "", retries) not in self._stores:
            self._stores[bucket, "", retries] = self._opened(bucket, self.reached(bucket), "", retries)
        return self._stores[bucket, "", retries]

    def _crossing(self, source: str, target: str, to_goal: bool = True) -> S3Store:
        """A client with the credentials of the bucket `target`, that reads from `source`.

        With `to_goal` it writes to `target`: obstore copies inside one bucket only, but the bucket that it writes to is
        in the URL alone, and with `virtual_hosted_style_request` the URL is the endpoint, whatever that is.
        """
        name = (source, target if to_goal else f"{target}:read", COPY_RETRIES)
        if name not in self._stores:
            settings = self.reached(target)
            url = f"{settings.url}/{target}" if to_goal else ""
            self._stores[name] = self._opened(source, settings, url, min(COPY_RETRIES, self._retries))
        return self._stores[name]

    def _opened(self, bucket: str, settings: Reached, url: str, retries: int) -> S3Store:
        try:
            return S3Store(
                bucket,
                endpoint=url or settings.url,
                virtual_hosted_style_request=bool(url),
                region=settings.region,
                credential_provider=self._provider(bucket, settings),
                client_options={
                    "allow_http": settings.url.startswith("http://"),
                    "timeout": timedelta(minutes=15),
                    "connect_timeout": timedelta(seconds=5),
                },
                retry_config={
                    "max_retries": retries,
                    "retry_timeout": timedelta(minutes=15),
                    "backoff": {
                        "init_backoff": timedelta(milliseconds=100),
                        "max_backoff": timedelta(seconds=5),
                        "base": 2,
                    },
                },
            )
        except ERRORS as error:
            raise refused(self.endpoint, f"s3://{bucket}", error) from error

    def _provider(self, bucket: str, settings: Reached) -> Callable[[], S3Credential] | None:
        """Who asks. Keys are given whole, so that no token of the environment gets beside them."""
        if settings.access_key:
            return lambda: {
                "access_key_id": settings.access_key,
                "secret_access_key": settings.secret_key,
                "token": None,
                "expires_at": None,
            }
        return self._profile(bucket, settings.profile) if settings.profile else None

    def _profile(self, bucket: str, name: str) -> Callable[[], S3Credential]:
        place = f"the profile {name!r} of bucket {bucket}"
        try:
            import boto3
            from botocore.exceptions import BotoCoreError
            from obstore.auth.boto3 import Boto3CredentialProvider
        except ImportError as error:
            hint = "install it: pip install 'data-migrator[aws]', or give access_key and secret_key"
            raise ServerError(self.endpoint, f"{place} needs boto3, which is not installed", hint) from error
        try:
            return Boto3CredentialProvider(boto3.Session(profile_name=name))
        except (BotoCoreError, ValueError) as error:
            raise ServerError(self.endpoint, f"{place} cannot be used: {error}", "see ~/.aws/config") from error


async def _threads_sleep() -> None:
    """Return when no other thread of this process has work, where the system tells; or after `LONGEST` seconds."""
    quiet, until = 0, time.monotonic() + LONGEST
    while quiet < LOOKS and time.monotonic() < until:
        await asyncio.sleep(LOOK)
        quiet = quiet + 1 if _all_sleep() else 0


def _all_sleep() -> bool:
    """By the state of each thread, the field behind its name in parentheses (proc_pid_stat(5)); elsewhere true."""
    here = str(threading.get_native_id())
    for thread in Path("/proc/self/task").glob("*"):
        try:
            state = (thread / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            continue  # it has ended
        if thread.name != here and state != "S":
            return False
    return True
