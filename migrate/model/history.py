"""What was applied, when and by whom: what the state file tells."""

from __future__ import annotations

from typing import Literal

import msgspec


class _Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class EventRecord(_Value, frozen=True):
    """What happened to a step, at a time (UTC, ISO 8601)."""

    at: str
    what: Literal["intent", "done", "failed"]
    step: str
    note: str


class MomentRecord(_Value, frozen=True):
    """At which moment a run read a source: how its readers came to see one, and where the source's log stood."""

    at: str
    endpoint: str
    way: str
    position: str


class RunRecord(_Value, frozen=True):
    """One apply. `died`: it holds no lock and wrote no end; `ended` and `exit_code` are then None, as while it runs."""

    number: int
    status: Literal["running", "ended", "died"]
    started: str
    ended: str | None
    exit_code: int | None
    summary: str
    who: str
    host: str
    pid: int
    events: tuple[EventRecord, ...]
    moments: tuple[MomentRecord, ...] = ()


class PlanRecord(_Value, frozen=True):
    """One plan that was applied at least once: how many of its steps are done, skipped, failed; its last run."""

    digest: str
    name: str
    path: str
    first_seen: str
    done: int
    skipped: int
    failed: int
    rows: int
    bytes: int
    last_run: RunRecord
