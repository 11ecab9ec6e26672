"""The state file: how far each plan has come, in SQLite on a local disk. The only door to sqlite3.

It is a cache of what the ledger on the target can prove, with two promises of its own: an intent is on the disk before
`Run.intent` returns, and so is an end before `Run.done` or `Run.failed` returns (WAL, synchronous=FULL). Within
`Run.together` both hold when its block is left: one commit for all of it. Counters and skips are committed in groups,
at most once a second, and never alone: whatever is durable takes them along. A damaged file is refused, never taken for
an empty one. One run per plan: a `flock` that dies with its holder. A process that forks must not let the child outlive
it, because the child inherits the lock.

For one thread; calls take as long as one fsync.
"""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from migrate import state_statements as statements
from migrate.errors import StateError
from migrate.lockfile import FileLock, Holder, held
from migrate.model.history import PlanRecord, RunRecord
from migrate.model.progress import StepStatus
from migrate.state_words import now, text, who

VERSION = 1
"""`user_version` of the files this version reads and writes."""

_APPLICATION = 0x6D696772  # "migr", https://sqlite.org/pragma.html#pragma_application_id
_GROUP_SECONDS = 1.0
_BUSY_SECONDS = 30.0
_INTERRUPTED = "interrupted; the next apply goes on with it"
_HINT_DAMAGED = "move it aside and apply again: the ledger on the target knows which rows are there"


def _refusal(path: Path, error: sqlite3.Error) -> StateError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code, https://sqlite.org/rescode.html
    if code == sqlite3.SQLITE_NOTADB:
        return StateError(f"{path} is not a state file of migrate", "name another file with --state")
    if code == sqlite3.SQLITE_CORRUPT:
        return StateError(f"the state file {path} is damaged: {error}", _HINT_DAMAGED)
    if code == sqlite3.SQLITE_FULL:
        return StateError(f"the disk of the state file {path} is full", "make room and apply again: it goes on")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        hint = "let this user write the file and its folder, or name another file with --state"
        return StateError(f"the state file {path} cannot be written: {error}", hint)
    if code == sqlite3.SQLITE_BUSY:
        return StateError(f"the state file {path} was busy for {_BUSY_SECONDS:.0f} seconds", "try again")
    return StateError(f"the state file {path} cannot be used: {error}", "keep it on a local disk; see the message")


@contextmanager
def _door(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _refusal(path, error) from error
    except OSError as error:
        hint = "let this user write the file and its folder, or name another file with --state"
        raise StateError(f"the state file {path} cannot be used: {error.strerror or error}", hint) from error


def _create(path: Path) -> None:
    """A new file appears whole: one that is empty or half made is then always damage."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.with_name(path.name + "-wal").exists() and not path.exists():
        hint = "put the file back beside it, or move that aside too: " + _HINT_DAMAGED
        raise StateError(f"the state file {path} is gone, but its journal {path.name}-wal is there", hint)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        sql = sqlite3.connect(temporary, isolation_level=None)
        try:
            sql.executescript(_schema())
            sql.execute(f"PRAGMA application_id = {_APPLICATION}")
            sql.execute(f"PRAGMA user_version = {VERSION}")
            sql.execute("PRAGMA journal_mode = WAL")
        finally:
            sql.close()
        with suppress(FileExistsError):  # another process was faster: its file is as good
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _schema() -> str:
    return files("migrate").joinpath("state.sql").read_text(encoding="utf-8")


def _check(path: Path, sql: sqlite3.Connection) -> None:
    """Only looks, until it is known that the file is ours to write."""
    if sql.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
        raise StateError(f"{path} is not a state file of migrate", "name another file with --state")
    version = sql.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise StateError(
            f"the state file {path} was written by a newer migrate (version {version}, this one knows {VERSION})",
            "use that migrate, or name another file with --state",
        )
    found = sql.execute("PRAGMA quick_check(1)").fetchone()[0]
    if version != VERSION or found != "ok":
        why = found if found != "ok" else f"it says that its version is {version}"
        raise StateError(f"the state file {path} is damaged: {why}", _HINT_DAMAGED)
    sql.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000:.0f}")
    sql.execute("PRAGMA synchronous = FULL")
    if not sql.execute("SELECT 1 FROM sqlite_schema WHERE name = 'moment'").fetchone():
        sql.executescript(_schema())  # a file of an earlier version gets the tables that it lacks
    sql.execute("PRAGMA foreign_keys = ON")


class State:
    """An open state file. Use as a context manager; leaving it frees the locks of runs that were not ended."""

    def __init__(self, path: Path, sql: sqlite3.Connection) -> None:
        self.path = path
        self._sql = sql
        self._inode = path.stat().st_ino
        self._runs: list[Run] = []

    @classmethod
    def open(cls, path: Path) -> State:
        """Open the file, make it when there is none. Raises `StateError`: damaged, newer, not ours, not writable."""
        with _door(path):
            if not path.exists():
                _create(path)
            if path.is_dir():
                raise StateError(f"{path} is a folder, not a state file", "name a file with --state")
            if path.stat().st_size == 0:
                raise StateError(f"the state file {path} is damaged: it is empty", _HINT_DAMAGED)
            sql = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
            try:
                _check(path, sql)
                return cls(path, sql)
            except BaseException:
                sql.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. A run that was not ended writes its counters, frees its lock, and counts as died."""
        try:
            for run in self._runs:
                run.abandon()
        finally:
            self._sql.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, durable at the end; for `Run`. Raises `StateError`."""
        with _door(self.path):
            if not self.path.exists() or self.path.stat().st_ino != self._inode:
                raise StateError(
                    f"the state file {self.path} was removed or replaced while it was in use",
                    "put it back, or apply again: the ledger on the target knows which rows are there",
                )
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                yield self._sql
                self._sql.execute("COMMIT")
            except BaseException:
                if self._sql.in_transaction:
                    self._sql.execute("ROLLBACK")
                raise

    def _lock_path(self, digest: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{digest.removeprefix('sha256:')[:16]}.lock")

    def claim(self, digest: str, name: str, plan_path: str, timeout: float) -> Run:
        """Begin a run of the plan; waits for another one at most `timeout` seconds, then raises `Locked`.

        Steps that a dead run left running are pending again; their intents stay open.
        """
        holder = Holder(plan=name, who=who(), host=socket.gethostname(), pid=os.getpid(), since=now())
        lock = FileLock.take(self._lock_path(digest), holder, timeout)
        try:
            with self.write() as sql:
                began = now()
                sql.execute(statements.PUT_PLAN, (digest, text(name), text(plan_path), began))
                sql.execute(statements.INTERRUPT, (_INTERRUPTED, began, digest))
                cursor = sql.execute(statements.PUT_RUN, (digest, began, holder.who, holder.host, holder.pid))
        except BaseException:
            lock.release()
            raise
        assert cursor.lastrowid is not None  # noqa: S101 - an INSERT has one; this is for mypy
        run = Run(self, lock, cursor.lastrowid, digest)
        self._runs.append(run)
        return run

    def statuses(self, digest: str) -> dict[str, StepStatus]:
        """Every step of the plan that was ever begun, under its id. What a dead run left running is pending."""
        statuses = {row["step"]: msgspec.convert(row, StepStatus) for row in self._rows(statements.STATUSES, digest)}
        if not held(self._lock_path(digest)):
            for step, status in statuses.items():
                if status.status == "running":
                    statuses[step] = msgspec.structs.replace(status, status="pending", note=_INTERRUPTED)
        return statuses

    def unfinished_intents(self, digest: str) -> tuple[str, ...]:
        """Steps begun and neither done nor skipped, by name; failed ones too, since their outcome may be unknown."""
        return tuple(row["step"] for row in self._rows(statements.INTENTS, digest))

    def plans(self) -> tuple[PlanRecord, ...]:
        """Every plan that was ever claimed, oldest first."""
        rows = self._rows(statements.PLANS)
        return tuple(msgspec.convert({**row, "last_run": self.history(row["digest"])[-1]}, PlanRecord) for row in rows)

    def history(self, digest: str) -> tuple[RunRecord, ...]:
        """Every run of the plan, oldest first."""
        rows = self._rows(statements.RUNS, digest)
        if rows and rows[-1]["ended"] is None and held(self._lock_path(digest)):
            rows[-1]["status"] = "running"
        for row in rows:
            row["events"] = self._rows(statements.EVENTS, row["number"])
            row["moments"] = self._rows(statements.MOMENTS, row["number"])
        return tuple(msgspec.convert(row, RunRecord) for row in rows)

    def _rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        with _door(self.path):
            cursor = self._sql.execute(query, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]


class Run:
    """One apply of one plan, from `State.claim` to `end`. Every method may raise `StateError`."""

    def __init__(self, state: State, lock: FileLock, number: int, digest: str) -> None:
        self.number = number
        self.digest = digest
        self._state = state
        self._lock = lock
        self._open = True
        self._begun: dict[str, float] = {}
        self._counters: dict[str, tuple[int, int]] = {}
        self._skips: dict[str, str] = {}
        self._flushed = time.monotonic()
        self._group: sqlite3.Connection | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that is recorded within is one commit: durable when the block is left, none of it when it raises."""
        with self._record():
            yield

    def intent(self, step: str) -> None:
        """What follows may change the target. Durable when it returns."""
        self._begun[step] = time.monotonic()
        with self._record() as sql:
            sql.execute(statements.INTENT, self._values(step))
            sql.execute(statements.PUT_EVENT, (self.number, now(), "intent", step, ""))

    def coming(self, step: str) -> None:
        """An intent of a step that waits for its turn: status and clock begin with `begun`. Durable when it returns."""
        with self._record() as sql:
            sql.execute(statements.COMING, self._values(step))
            sql.execute(statements.PUT_EVENT, (self.number, now(), "intent", step, ""))

    def begun(self, step: str) -> None:
        """The turn has come of a step whose intent is durable. Committed with the next group."""
        self._begun[step] = time.monotonic()
        self.checkpoint(step, 0, 0)

    def done(self, step: str, rows: int, bytes: int, seconds: float, note: str) -> None:  # noqa: A002 - the field's name
        """The step is done. `rows` and `bytes` are the whole step's, `seconds` this run's. Durable when it returns."""
        self._counters.pop(step, None)
        with self._record() as sql:
            sql.execute(statements.DONE, self._values(step, rows=rows, bytes=bytes, seconds=seconds, note=text(note)))
            sql.execute(statements.PUT_EVENT, (self.number, now(), "done", step, text(note)))

    def moment(self, endpoint: str, way: str, position: str) -> None:
        """The source is read at this moment. Durable on return."""
        with self._record() as sql:
            sql.execute(statements.PUT_MOMENT, (self.number, now(), text(endpoint), way, text(position)))

    def skipped(self, step: str, note: str) -> None:
        """Nothing to do: settles an open intent, keeps `done` of an earlier run. Committed with the next group."""
        self._skips[step] = text(note)
        self._flush_when_due()

    def failed(self, step: str, error: str) -> None:
        """The step failed. Its intent stays open: whether the server did the work may be unknown. Durable on return."""
        seconds = time.monotonic() - self._begun[step] if step in self._begun else 0.0
        with self._record() as sql:
            sql.execute(statements.FAILED, self._values(step, seconds=seconds, note=text(error)))
            sql.execute(statements.PUT_EVENT, (self.number, now(), "failed", step, text(error)))

    def checkpoint(self, step: str, rows: int, bytes: int) -> None:  # noqa: A002 - the field's name
        """So many more rows and bytes are safe on the target. Committed with the next group."""
        before = self._counters.get(step, (0, 0))
        self._counters[step] = (before[0] + rows, before[1] + bytes)
        self._flush_when_due()

    def proven(self, step: str, rows: int, bytes: int) -> None:  # noqa: A002 - the field's name
        """Set the counters to what the ledger proves: a crash may have lost some, a retry counted some twice."""
        self._counters.pop(step, None)
        with self._record() as sql:
            sql.execute(statements.PROVEN, self._values(step, rows=rows, bytes=bytes))

    def flush(self) -> None:
        """Write what waits for the next group."""
        if self._counters or self._skips:
            with self._record():
                pass
        self._flushed = time.monotonic()

    def end(self, exit_code: int, summary: str) -> None:
        """The run is over, however it went; frees the lock even when the file cannot be written."""
        try:
            with self._record() as sql:
                sql.execute(statements.INTERRUPT, (_INTERRUPTED, now(), self.digest))
                sql.execute(statements.END_RUN, (now(), exit_code, text(summary), self.number))
        finally:
            if self._open:
                self._free()

    def abandon(self) -> None:
        """Free the lock without an end; nothing happens after `end`."""
        if self._open:
            try:
                self.flush()
            finally:
                self._free()

    def _free(self) -> None:
        self._open = False
        self._lock.release()

    def _flush_when_due(self) -> None:
        if time.monotonic() - self._flushed >= _GROUP_SECONDS:
            self.flush()

    def _values(self, step: str, **values: object) -> dict[str, object]:
        return {"plan": self.digest, "step": step, "now": now(), **values}

    @contextmanager
    def _record(self) -> Iterator[sqlite3.Connection]:
        """One transaction that takes along what waits; that waits on when the transaction fails. One within another is
        part of it.
        """
        if not self._open:
            raise RuntimeError("the run has ended")
        if self._group is not None:
            self._write_waiting(self._group)
            yield self._group
            return
        waiting = dict(self._counters), dict(self._skips)
        try:
            with self._state.write() as sql:
                self._group = sql
                self._write_waiting(sql)
                yield sql
        except BaseException:
            self._counters, self._skips = waiting
            raise
        finally:
            self._group = None
        self._flushed = time.monotonic()

    def _write_waiting(self, sql: sqlite3.Connection) -> None:
        for step, (rows, size) in self._counters.items():
            sql.execute(statements.COUNT, self._values(step, rows=rows, bytes=size))
        for step, note in self._skips.items():
            sql.execute(statements.SKIPPED, self._values(step, note=note))
        self._counters.clear()
        self._skips.clear()
