"""Named points in the life of an effect, where a test makes the server fail or stand still.

A point is passed once per effect, in the order of `Point`. Without a fault or a gate passing one does nothing, but
every operation lets other tasks run there, so that concurrent callers really interleave.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Literal

Point = Literal[
    "inspect",  # before anything is looked at
    "read",  # before a chunk is read
    "checksum",  # before a span is summed
    "ddl.sent",  # the statement has not reached the server
    "ddl.running",  # the server works on it: a client that dies here leaves it running (see end_executors)
    "ddl.applied",  # it took effect, only the answer is lost
    "write.begun",  # nothing is written yet
    "write.line",  # transactional: the ledger line is in the transaction
    "write.cleared",  # replace-span, whole-object: the old rows are gone
    "write.half",  # the first half of the payload's rows is written
    "write.rows",  # all rows are written; the commit, or the ledger line, is still to come
    "write.done",  # committed and recorded, only the answer is lost
    "record.sent",  # no line is written
    "record.done",  # all lines are written, only the answer is lost
    "lock.check",  # before the lock is looked at
]


class Gate:
    """Holds whoever comes to a point until `open` is called."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._opened = asyncio.Event()

    async def reached(self) -> None:
        """Returns when somebody stands at the gate."""
        await self._reached.wait()

    def open(self) -> None:
        """Let them go on."""
        self._opened.set()

    async def hold(self) -> None:
        """Stand at the gate until it is opened."""
        self._reached.set()
        await self._opened.wait()


class Faults:
    """What is to happen at which passing of which point; each fault and each gate works once."""

    def __init__(self) -> None:
        self.passed: Counter[Point] = Counter()
        """How often each point was passed."""
        self._planned: list[tuple[Point, int, str, BaseException | Gate]] = []

    def fail_at(self, point: Point, nth: int, error: BaseException, subject: str = "") -> None:
        """Raise `error` at the `nth` passing from now (1 is the next); only those whose subject is `subject`, if given.

        The subject is `schema.table` for rows and ledger lines, `kind schema.name` for what is remembered of stored
        objects, the statement's text for DDL.
        """
        if nth < 1:
            raise ValueError("the next passing is number 1")
        self._planned.append((point, nth, subject, error))

    def hold_at(self, point: Point, nth: int = 1, subject: str = "") -> Gate:
        """Stop whoever makes the `nth` passing from now, until the gate is opened."""
        if nth < 1:
            raise ValueError("the next passing is number 1")
        gate = Gate()
        self._planned.append((point, nth, subject, gate))
        return gate

    def forget(self) -> None:
        """Drop every fault and gate that was not met yet."""
        self._planned.clear()

    @property
    def pending(self) -> int:
        """How many faults and gates were not met yet: a test whose fault never came proves nothing."""
        return len(self._planned)

    async def at(self, point: Point, subject: str) -> None:
        """Pass a point: let other tasks run, then do what was planned for it."""
        await asyncio.sleep(0)
        self.passed[point] += 1
        due: list[BaseException | Gate] = []
        later: list[tuple[Point, int, str, BaseException | Gate]] = []
        for planned, nth, wanted, what in self._planned:
            if planned != point or (wanted and wanted != subject):
                later.append((planned, nth, wanted, what))
            elif nth == 1:
                due.append(what)
            else:
                later.append((planned, nth - 1, wanted, what))
        self._planned = later
        for what in due:
            if isinstance(what, Gate):
                await what.hold()
        for what in due:
            if not isinstance(what, Gate):
                raise what
