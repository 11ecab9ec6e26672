"""A lock file: held by `flock`, so that it dies with its holder, and saying in JSON who holds it.

The lock is not on the file it guards, so that this can be replaced at once (hashicorp/terraform issue 34266 is what
happens otherwise). Only for local disks.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Self

import msgspec

from migrate.errors import Locked, StateError

_AT_LEAST_SECONDS = 0.3  # a look by `held` takes the lock for a moment, which must not refuse a run
_PAUSE_SECONDS = 0.05


class Holder(msgspec.Struct, frozen=True):
    """Who holds a lock. `since`: UTC, ISO 8601."""

    plan: str
    who: str
    host: str
    pid: int
    since: str


class FileLock:
    """A lock that is held. The file is gone after `release`; a dead holder's file stays and means nothing."""

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle = handle

    @classmethod
    def take(cls, path: Path, holder: Holder, timeout: float) -> Self:
        """Wait at most `timeout` seconds. Raises `Locked`, naming the other holder, and `StateError`."""
        deadline = time.monotonic() + max(timeout, _AT_LEAST_SECONDS)
        while (handle := _try(path)) is None:
            if time.monotonic() >= deadline:
                raise _locked(path, holder.plan)
            time.sleep(_PAUSE_SECONDS)
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, msgspec.json.encode(holder) + b"\n", 0)
        except OSError as error:
            os.close(handle)
            raise _unusable(path, error) from error
        return cls(path, handle)

    def release(self) -> None:
        """Free the lock; doing it twice is a mistake of the caller."""
        self._path.unlink(missing_ok=True)
        os.close(self._handle)


def _try(path: Path) -> int | None:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except (BlockingIOError, FileNotFoundError):
            pass  # somebody holds it, or has just removed it
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
    except OSError as error:
        raise _unusable(path, error) from error
    return None


def _unusable(path: Path, error: OSError) -> StateError:
    hint = "let this user write there, or name a state file elsewhere with --state"
    return StateError(f"the lock file {path} cannot be used: {error.strerror or error}", hint)


def _locked(path: Path, plan: str) -> Locked:
    hint = "wait for it (--lock-timeout 600), or end that process: the lock goes with it"
    try:
        holder = msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):  # taken this moment: its holder has not written yet, or has just gone
        return Locked(f"the plan {plan} is in use by another run (see {path})", hint)
    return Locked(
        f"the plan {plan} is in use by {holder.who} on {holder.host}, pid {holder.pid}, since {holder.since}", hint
    )


def held(path: Path) -> bool:
    """Whether a living process holds the lock, this one included."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
