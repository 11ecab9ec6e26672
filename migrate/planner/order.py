"""Steps in the order in which they may run, and plans with steps left out."""

from __future__ import annotations

import difflib
import heapq
import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from migrate.errors import UnknownStep
from migrate.model.plan import Ddl, Step
from migrate.model.table import StoredKind

PHASES = (
    "create-schema",
    "create-sequence",
    "drop-procedure",
    "create-procedure",
    "drop-function",
    "create-function",
    "drop-trigger",
    "create-table",
    "copy-files",
    "create-aside",
    "sync-partitions",
    "insert-select",
    "drop-foreign-keys",
    "alter-table",
    "load-rows",
    "sync-rows",
    "add-indexes",
    "set-auto-increment",
    "add-foreign-keys",
    "check-foreign-keys",
    "create-view",
    "create-trigger",
    "drop-event",
    "create-event",
    "verify",
    "swap",
    "analyze-table",
    "enable-event",
)
_NUMBER = re.compile(r"-\d+\Z")


_STORED: dict[str, StoredKind] = {
    "sequence": "sequence",
    "procedure": "procedure",
    "function": "function",
    "view": "view",
    "trigger": "trigger",
    "event": "event",
}


def step_kind(step: Step) -> StoredKind | Literal["table"]:
    """What kind of object the step works on."""
    return _STORED.get(step.action.partition("-")[2], "table") if isinstance(step, Ddl) else "table"


def in_order(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Dependency order, then by target, then as the work on one table goes. An `after` that is no step is dropped."""
    known = {step.id: step for step in steps}
    trimmed = {
        step.id: msgspec.structs.replace(step, after=tuple(sorted(one for one in step.after if one in known)))
        for step in steps
    }
    waiting = {step.id: len(step.after) for step in trimmed.values()}
    followers: dict[str, list[str]] = {}
    for step in trimmed.values():
        for before in step.after:
            followers.setdefault(before, []).append(step.id)
    ready = [(_place(step), step.id) for step in trimmed.values() if not step.after]
    heapq.heapify(ready)
    ordered: list[Step] = []
    while ready:
        _, name = heapq.heappop(ready)
        ordered.append(trimmed[name])
        for follower in followers.get(name, ()):
            waiting[follower] -= 1
            if waiting[follower] == 0:
                heapq.heappush(ready, (_place(trimmed[follower]), follower))
    if len(ordered) != len(trimmed):
        raise AssertionError(f"steps wait for each other: {sorted(set(trimmed) - {step.id for step in ordered})}")
    return tuple(ordered)


def without(steps: Sequence[Step], skipped: Sequence[str]) -> tuple[Step, ...]:
    """The steps but those named, and those that need them. Raises `UnknownStep`."""
    known = [step.id for step in steps]
    for name in skipped:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, 1)
            raise UnknownStep(name, nearest[0] if nearest else None)
    gone = set(skipped)
    kept = []
    for step in steps:  # in dependency order, so one pass finds all that need them
        if step.id in gone or gone.intersection(step.after):
            gone.add(step.id)
        else:
            kept.append(step)
    return tuple(kept)


def _place(step: Step) -> tuple[str, int]:
    return step.target, PHASES.index(_NUMBER.sub("", step.id.partition(":")[0]))
