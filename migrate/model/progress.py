"""How far a plan has come: what the state file keeps and what the executor tells."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["pending", "running", "done", "skipped", "failed", "blocked"]


class _Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class StepStatus(_Value, frozen=True):
    """One step of one plan; `rows` and `bytes` so far, `seconds` over all runs, `note` is an error or a remark."""

    step: str
    status: Status
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0
    note: str = ""


class _Event(_Value, frozen=True, tag_field="event"):
    step: str


class StepStarted(_Event, frozen=True, tag="step_started"):
    """Work begins; `rows` and `bytes` are the totals expected (0: not known)."""

    rows: int = 0
    bytes: int = 0


class ChunkDone(_Event, frozen=True, tag="chunk_done"):
    """So many more rows and bytes are safe on the target, or proven."""

    rows: int
    bytes: int


class StepDone(_Event, frozen=True, tag="step_done"):
    """The step is done. `note` is what the user should know, e.g. orphans that the source has too."""

    seconds: float
    rows: int = 0
    bytes: int = 0
    note: str = ""


class StepSkipped(_Event, frozen=True, tag="step_skipped"):
    """Nothing to do: it was done before, or was found done."""

    why: str = ""


class StepStopped(_Event, frozen=True, tag="step_stopped"):
    """The step ended at a clean checkpoint, because the user or another step's failure stopped the run."""


class StepFailed(_Event, frozen=True, tag="step_failed"):
    """The step failed; the steps after it do not start."""

    error: str
    hint: str = ""
    exit_code: int = 1


class Waiting(_Event, frozen=True, tag="waiting"):
    """A temporary error; the same work is tried again after `seconds`."""

    error: str
    seconds: float


class MomentOpened(_Value, frozen=True, tag_field="event", tag="moment_opened"):
    """All rows of this source are read at one moment. `locked`: seconds for which its writers were held off.

    `position` is where its log stands then, empty where that is not known.
    """

    endpoint: str
    way: str
    position: str
    locked: float


class Throttled(_Value, frozen=True, tag_field="event", tag="throttled"):
    """Work is held up before its next chunk: others run more than `limit` statements on this server, `running` of them.

    Without an endpoint: by `limit` bytes a second. That is told once, however often work waits for it.
    """

    endpoint: str
    limit: int
    running: int = 0


class ThrottleEnded(_Value, frozen=True, tag_field="event", tag="throttle_ended"):
    """Work that this server's load held up goes on, or the run ends; that took so many seconds."""

    endpoint: str
    seconds: float


class Parity(_Value, frozen=True):
    """Objects of one kind: how many the source has, how many stand on the target as wanted, how many are there in all.

    `left_out` are counts under a finding's code, or `excluded` (by a rule), `missing` (not there, or not as wanted) and
    `translated` (the target has something else in its place).
    """

    kind: str
    source: int
    moved: int
    left_out: tuple[tuple[str, int], ...] = ()
    target: int = 0


class Outcome(_Value, frozen=True):
    """How an apply or a verification ended. `parity` is empty when both sides were not looked at after the last step;
    `not_counted` then says why, if it is not that there was nothing to do. `mixed` are sources whose rows were read at
    several moments, and not proven at one. `throttled`: seconds for which limits held up some of the work.
    """

    done: int
    failed: int
    not_started: int
    rows: int
    bytes: int
    seconds: float
    failures: tuple[StepFailed, ...] = ()
    skipped: int = 0
    interrupted: bool = False
    parity: tuple[Parity, ...] = ()
    not_counted: str = ""
    mixed: tuple[str, ...] = ()
    throttled: float = 0.0


Event = (
    MomentOpened
    | StepStarted
    | ChunkDone
    | StepDone
    | StepSkipped
    | StepStopped
    | StepFailed
    | Waiting
    | Throttled
    | ThrottleEnded
)
