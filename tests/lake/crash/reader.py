"""Somebody who asks a table of the target for all of its rows, again and again, while it is replaced."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from trino.exceptions import TrinoQueryError

from tests.lab import trino
from tests.lab.lake import End
from tests.lake.crash.statements import Statement
from tests.lake.crash.world import Sums, question, sums_of

PAUSE = 0.2

Window = tuple[float, float]


@dataclass(frozen=True)
class Seen:
    """One look: from when to when, what was there, or why nothing was."""

    began: float
    ended: float
    sums: Sums | None
    error: str = ""


@dataclass
class Reader:
    """Looks at one table in a thread of its own."""

    end: End
    schema: str
    table: str
    seen: list[Seen] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Until it is over. A look that Trino refuses is kept with its reason; anything else ends the test."""
        while not self._over.is_set():
            began = time.monotonic()
            try:
                rows = trino.rows(self.end.trino.port, question(self.schema, self.table))
            except TrinoQueryError as error:
                self.seen.append(Seen(began, time.monotonic(), None, f"{error.error_name}: {error.message}"))
            else:
                self.seen.append(Seen(began, time.monotonic(), sums_of(rows)))
            time.sleep(PAUSE)

    def assert_whole(self, before: Sums, after: Sums, told: Sequence[Statement]) -> None:
        """Every look found all old rows or all new ones, never old ones again, and nothing only amid the renames."""
        away = renames(told, self.table)
        changed = False
        for one in self.seen:
            if not one.sums:  # Trino asks for a table first, then for its partitions: of none there it finds no rows
                assert amid(one, away), (one, away)
                continue
            assert one.sums in (before, after), one
            assert not (changed and one.sums == before and before != after), "the old rows are back"
            changed = changed or one.sums == after
        assert self.seen

    def assert_partitions(self, before: Sums, after: Sums, told: Sequence[Statement]) -> None:
        """Every look found each partition as it was or as it will be; one of both was missing only when replaced."""
        for one in self.seen:
            assert one.sums is not None or amid(one, all_away(told, self.schema)), one
            for name in (before | after) if one.sums is not None else ():
                found = one.sums.get(name) if one.sums else None
                if found is None and name in before and name in after:
                    assert amid(one, replaced(told, name)), (name, one, replaced(told, name))
                else:
                    assert found in (before.get(name), after.get(name)), (name, one)
        assert self.seen


def renames(told: Sequence[Statement], table: str) -> list[Window]:
    """When the table had no name, as far as who sent the statements can know."""
    leaves = [one for one in told if re.search(rf'\."{table}" RENAME TO', one.sql)]
    comes = [one for one in told if re.search(rf'RENAME TO \S+\."{table}"$', one.sql)]
    return windows(leaves, comes)


def replaced(told: Sequence[Statement], partition: str) -> list[Window]:
    """When a partition was between its places."""
    value = rf"partition_values => ARRAY\['{re.escape(partition)}'\]"
    leaves = [one for one in told if re.search(rf"unregister_partition\(.*{value}", one.sql, re.DOTALL)]
    comes = [one for one in told if re.search(rf"\.register_partition\(.*{value}", one.sql, re.DOTALL)]
    return windows(leaves, comes)


def all_away(told: Sequence[Statement], schema: str) -> list[Window]:
    """When any partition was."""
    leaves = [one for one in told if "unregister_partition(" in one.sql and schema in one.sql]
    comes = [one for one in told if ".register_partition(" in one.sql and schema in one.sql]
    return windows(leaves, comes)


def windows(leaves: Sequence[Statement], comes: Sequence[Statement]) -> list[Window]:
    """From each leaving to the end of the next coming that is known to have done it."""
    return [
        (
            one.began,
            next(
                (end.ended for end in comes if end.began > one.began and end.ended and end.state == "FINISHED"),
                math.inf,
            ),
        )
        for one in leaves
    ]


def amid(seen: Seen, away: Sequence[Window]) -> bool:
    """Whether a look was under way at such a time."""
    return any(seen.began <= end and seen.ended >= began for began, end in away)


@contextmanager
def reading(end: End, schema: str, table: str) -> Iterator[Reader]:
    """Inside, the table is looked at."""
    reader = Reader(end, schema, table)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            reader.look()
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits for the thread
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield reader
    finally:
        reader._over.set()
        thread.join()
    if failed:
        raise failed[0]
