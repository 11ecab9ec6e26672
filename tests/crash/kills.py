"""Kills at random of whatever takes part in an apply, which is resumed after each one until it ends."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from typing import Literal, get_args

import pymysql

from tests import lab as lab_api
from tests.crash.command import PLAN, Migrate, Process, Ran
from tests.lab import Server, client

Victim = Literal["client", "source connection", "target connection", "source server", "target server"]

DECK: tuple[Victim, ...] = ("client", *get_args(Victim))
"""Six kills: the client twice, everything else once."""

STRUCK = (0, 1, 3, 5, -9)
"""How an apply may end that was struck: it lived on, began nothing, can be resumed, lost its lock, or was killed."""

BEGINNING = (0.2, 1.2)
"""Seconds from the start of the command, in most of which it has not written anything."""

DOWN = (0.0, 2.0)
"""Seconds for which a killed server is away, beside those that it takes to come back."""

CONNECTIONS = "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = %s AND COMMAND <> 'Killed' ORDER BY ID"
NO_SUCH_THREAD = 1094


class Kills:
    """Chains of kills between two servers of our own, to which only the command logs in as the lab's user meanwhile.

    `hits` counts the kills that met an apply at work. What happens is printed: pytest shows it when the test fails.
    """

    def __init__(self, seed: int, migrate: Migrate, source: Server, target: Server, new: str) -> None:
        self.hits: Counter[Victim] = Counter()
        self._dice = random.Random(seed)
        self.migrate = migrate
        self._servers = {"source": source, "target": target}
        self._new = new
        self._seconds = 0.0
        self._events = 0
        print(f"seed {seed}")

    def measure(self) -> None:
        """An apply that nobody kills, and is undone: moments are drawn from how long it takes and what it tells."""
        process = self._start()
        assert process.until(lambda: process.told > 0), "it does something"
        began = time.monotonic()
        self._ended(process, struck=False)
        self._seconds, self._events = time.monotonic() - began, process.told
        print(f"undisturbed: {self._seconds:.1f} s, {self._events} events")
        self.undo()

    def undo(self) -> None:
        """The target as it was before; every other time the state file is gone too."""
        client.rows(self._servers["target"], f"DROP DATABASE IF EXISTS `{self._new}`")
        if self._dice.random() < 0.5:
            shutil.rmtree(self.migrate.folder / "state")

    def run(self, number: int, check: Callable[[], None]) -> None:
        """So many kills that met an apply at work, in chains of up to three; `check` is called at the end of each."""
        victims = self._deal(number)
        while victims:
            met = self._chain(victims[: self._dice.randint(1, 3)])
            check()
            del victims[:met]
            self.undo()
        print(f"{self.hits.total()} kills: {dict(self.hits)}")

    def _deal(self, number: int) -> list[Victim]:
        """So many victims in an order of chance, every kind among any six."""
        dealt: list[Victim] = []
        while len(dealt) < number:
            dealt += self._dice.sample(DECK, len(DECK))
        return dealt[:number]

    def _chain(self, victims: list[Victim]) -> int:
        """Kill one after the other on one way through the plan, to its end; how many met an apply at work.

        A run that was not struck itself must end with 0, whatever became of those before it.
        """
        share, number = 1 / len(victims), 0
        process, struck = self._start(), False
        while number < len(victims):
            if process.runs and self._comes(share, process):
                hit = self._strike(victims[number], process)
                self.hits[victims[number]] += hit
                number, struck = number + hit, struck or hit
            elif self._ended(process, struck).code == 0:
                return number
            else:
                process, struck = self._start(), False
        if self._ended(process, struck).code != 0:
            self._ended(self._start(), struck=False)
        return number

    def _start(self) -> Process:
        return self.migrate.start("apply", PLAN, "--json", "--parallelism", str(self._dice.choice((2, 4, 8))))

    def _ended(self, process: Process, struck: bool) -> Ran:
        ran = process.wait()
        print(f"  ended with {ran.code} after {ran.seconds:.1f} s")
        assert ran.code in (STRUCK if struck else (0,)), ran.err + ran.out[-4000:]
        return ran

    def _comes(self, share: float, process: Process) -> bool:
        """Wait for a moment of chance; False when the command ended before.

        Now and then amid imports, locks and the look at both sides; else within that share of the work of an apply, by
        the clock or by what is told.
        """
        way = self._dice.choice(("beginning", "seconds", "seconds", "events", "events"))
        if way == "beginning":
            moment = process.began + self._dice.uniform(*BEGINNING)
            come = process.until(lambda: time.monotonic() >= moment)
        elif process.until(lambda: process.told > 0):
            now = time.monotonic() if way == "seconds" else process.told
            moment = now + self._dice.uniform(0, share * (self._seconds if way == "seconds" else self._events))
            come = process.until(lambda: (time.monotonic() if way == "seconds" else process.told) >= moment)
        else:
            come = False
        seconds = time.monotonic() - process.began
        print(f"  {way}: after {seconds:.2f} s and {process.told} events{'' if come else ', too late'}")
        return come

    def _strike(self, victim: Victim, process: Process) -> bool:
        """Whether it met the command at work: that runs still, or ended by this."""
        print(f"  {victim}")
        side, _, what = victim.partition(" ")
        if victim == "client":
            return process.kill()
        if what == "connection":
            if not self._connection(side):
                return False
        else:
            lab_api.kill9(self._servers[side])
        met = process.runs or process.wait().code != 0
        if what == "server":
            time.sleep(self._dice.uniform(*DOWN))
            self._servers[side] = lab_api.restart(self._servers[side])
        return met

    def _connection(self, side: str) -> bool:
        """KILL one of the command's connections; False when there is none."""
        server = self._servers[side]
        found = client.rows(server, CONNECTIONS, server.user, root=True)
        if not found:
            return False
        try:
            client.rows(server, f"KILL {self._dice.choice(found)[0]}", root=True)
        except pymysql.err.MySQLError as error:
            if error.args[0] != NO_SUCH_THREAD:  # it ended by itself meanwhile
                raise
            return False
        return True
