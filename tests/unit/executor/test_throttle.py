"""The limits of a run: bytes a second, and servers that are busy. No time passes here but the loop's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from migrate.engines.memory import MemoryEngine, MemoryServer
from migrate.errors import ConnectionLost, Locked
from migrate.executor.throttle import LEAST_CHUNK, Bucket, Limits, Pace, Throttle
from migrate.model.progress import Event, Throttled, ThrottleEnded
from tests.unit.executor.virtual_time import in_virtual_time, now

MB = 1_000_000


def go_on() -> None:
    """Nobody asks to stop."""


# -- bytes -------------------------------------------------------------------------------------------------------------


def test_bytes_take_their_time_and_no_longer() -> None:
    async def work() -> float:
        bucket, began = Bucket(MB), now()
        for _ in range(40):
            await bucket.take(MB // 4, go_on)
        return now() - began

    assert in_virtual_time(work()) == pytest.approx(10.0)


def test_several_at_work_share_the_rate_in_the_order_in_which_they_came() -> None:
    async def work() -> list[tuple[str, float]]:
        bucket, began, ends = Bucket(MB), now(), list[tuple[str, float]]()

        async def load(name: str) -> None:
            for _ in range(2):
                await bucket.take(MB, go_on)
                ends.append((name, round(now() - began, 6)))

        await asyncio.gather(load("a"), load("b"), load("c"))
        return ends

    assert in_virtual_time(work()) == [("a", 1), ("b", 2), ("c", 3), ("a", 4), ("b", 5), ("c", 6)]


def test_a_standstill_gives_one_seconds_worth_at_once() -> None:
    async def work() -> tuple[bool, bool, float]:
        bucket = Bucket(MB)
        await asyncio.sleep(60)
        first, second = bucket.at_once(MB), bucket.at_once(1)
        began = now()
        await bucket.take(MB, go_on)
        return first, second, now() - began

    first, second, seconds = in_virtual_time(work())
    assert (first, second) == (True, False)
    assert seconds == pytest.approx(1.0)


def test_a_row_larger_than_a_seconds_worth_comes_through_and_is_paid_for() -> None:
    async def work() -> float:
        bucket, began = Bucket(MB), now()
        await bucket.take(7 * MB, go_on)
        return now() - began

    assert in_virtual_time(work()) == pytest.approx(7.0)


def test_nobody_overtakes_who_waits() -> None:
    async def work() -> bool:
        bucket = Bucket(MB)
        waiting = asyncio.create_task(bucket.take(5 * MB, go_on))
        await asyncio.sleep(1)
        overtakes = bucket.at_once(1)
        await waiting
        return overtakes

    assert in_virtual_time(work()) is False


def test_a_wait_for_bytes_ends_within_a_second_of_an_interrupt() -> None:
    async def work() -> tuple[float, int]:
        bucket, began, stopped = Bucket(MB), now(), asyncio.Event()

        def ask() -> None:
            if stopped.is_set():
                raise InterruptedError

        waiting = [asyncio.create_task(bucket.take(60 * MB, ask)) for _ in range(3)]
        await asyncio.sleep(2.5)
        stopped.set()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        return now() - began, sum(isinstance(end, InterruptedError) for end in ends)

    seconds, interrupted = in_virtual_time(work())
    assert interrupted == 3
    assert seconds == pytest.approx(5.0), "each of the three looks once more"


def test_chunks_are_a_quarter_of_a_seconds_worth() -> None:
    async def work() -> list[int]:
        paces = [Throttle(Limits(rate), {}, print).pace(("old", "new"), go_on) for rate in (0, MB, 1000, 1000 * MB)]
        return [pace.fitting(8 * MB) for pace in paces]

    assert in_virtual_time(work()) == [8 * MB, MB // 4, LEAST_CHUNK, 8 * MB]


def test_the_rate_is_told_once_and_only_when_somebody_waits() -> None:
    async def work() -> tuple[list[Event], list[Event], float]:
        events: list[Event] = []
        throttle = Throttle(Limits(MB), {}, events.append)
        pace = throttle.pace(("old", "new"), go_on)
        await asyncio.sleep(1)
        await pace.moved(MB // 2)
        before = list(events)
        await asyncio.gather(*(pace.moved(MB) for _ in range(4)))
        return before, events, throttle.seconds

    before, events, seconds = in_virtual_time(work())
    assert before == []
    assert events == [Throttled("", MB)]
    assert seconds == pytest.approx(3.5), "four that wait at the same time are one wait"


# -- servers that are busy ---------------------------------------------------------------------------------------------


class Watched:
    """Two servers in memory whose load a test sets, and what is told of them."""

    def __init__(self) -> None:
        self.servers = {"old": MemoryServer("memory:1"), "new": MemoryServer("memory:2")}
        engines = {name: Asked(name, server) for name, server in self.servers.items()}
        self.engines = engines
        self.events: list[Event] = []
        self.throttle = Throttle(Limits(0, {"old": 25, "new": 3}), engines, self.events.append)

    def pace(self, ask: Callable[[], None] = go_on) -> Pace:
        return self.throttle.pace(("old", "new"), ask)

    async def becomes(self, endpoint: str, running: int, after: float) -> None:
        await asyncio.sleep(after)
        self.servers[endpoint].running = running


class Asked(MemoryEngine):
    """Remembers when it was asked."""

    def __init__(self, endpoint: str, server: MemoryServer) -> None:
        super().__init__(endpoint, server)
        self.asked: list[float] = []
        self.error: ConnectionLost | None = None

    async def running(self) -> int:
        self.asked.append(now())
        if self.error is not None:
            raise self.error
        return await super().running()


def test_a_server_that_is_not_busy_holds_nothing_up() -> None:
    async def work() -> tuple[float, list[Event]]:
        watched, began = Watched(), now()
        watched.servers["old"].running = 25
        watched.servers["new"].running = 3
        await watched.pace().turn()
        return now() - began, watched.events

    assert in_virtual_time(work()) == (0.0, [])


@pytest.mark.parametrize(("endpoint", "limit"), [("old", 25), ("new", 3)])
def test_work_pauses_while_either_side_is_busy_and_tells_so_once(endpoint: str, limit: int) -> None:
    async def work() -> tuple[Watched, float, float]:
        watched, began = Watched(), now()
        watched.servers[endpoint].running = limit + 7
        calm = asyncio.create_task(watched.becomes(endpoint, limit, 4.5))
        await asyncio.gather(*(watched.pace().turn() for _ in range(8)))
        await calm
        return watched, now() - began, watched.throttle.seconds

    watched, seconds, throttled = in_virtual_time(work())
    assert watched.events == [Throttled(endpoint, limit, limit + 7), ThrottleEnded(endpoint, 5.0)]
    assert (seconds, throttled) == (5.0, 5.0)


def test_however_much_is_at_work_a_server_is_asked_once_a_second() -> None:
    async def work() -> Watched:
        watched = Watched()

        async def load() -> None:
            pace = watched.pace()
            for _ in range(100):
                await pace.turn()
                await asyncio.sleep(0.1)

        await asyncio.gather(*(load() for _ in range(8)))
        return watched

    for engine in in_virtual_time(work()).engines.values():
        pauses = [later - earlier for earlier, later in zip(engine.asked, engine.asked[1:], strict=False)]
        assert len(engine.asked) == 10
        assert min(pauses) >= 1.0


def test_a_side_that_becomes_busy_while_the_other_is_waited_for_is_waited_for_too() -> None:
    async def work() -> tuple[list[Event], float]:
        watched, began = Watched(), now()
        watched.servers["new"].running = 4
        changes = [("old", 26, 2.5), ("new", 0, 3.5), ("old", 0, 7.5)]
        changing = [asyncio.create_task(watched.becomes(*change)) for change in changes]
        await watched.pace().turn()
        await asyncio.gather(*changing)
        return watched.events, now() - began

    events, seconds = in_virtual_time(work())
    assert [event.endpoint for event in events if isinstance(event, Throttled)] == ["new", "old"]
    assert [event.endpoint for event in events if isinstance(event, ThrottleEnded)] == ["new", "old"]
    assert seconds == 8.0


def test_a_pause_ends_within_a_second_of_an_interrupt_and_says_that_it_is_over() -> None:
    async def work() -> tuple[float, list[Event]]:
        watched, began, stopped = Watched(), now(), asyncio.Event()

        def ask() -> None:
            if stopped.is_set():
                raise InterruptedError

        watched.servers["old"].running = 100
        waiting = [asyncio.create_task(watched.pace(ask).turn()) for _ in range(3)]
        await asyncio.sleep(9.5)
        stopped.set()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(end, InterruptedError) for end in ends)
        return now() - began, watched.events

    assert in_virtual_time(work()) == (10.0, [Throttled("old", 25, 100), ThrottleEnded("old", 10.0)])


def test_a_lock_that_is_lost_in_a_pause_ends_it() -> None:
    async def work() -> float:
        watched, began = Watched(), now()
        watched.servers["old"].running = 100

        async def check() -> None:
            if now() - began >= 3:
                raise Locked("new: the lock was lost", "")

        with pytest.raises(Locked):
            await watched.throttle.pace(("old", "new"), go_on, check).turn()
        return now() - began

    assert in_virtual_time(work()) == 3.0


def test_a_server_that_does_not_answer_is_an_error_of_the_work() -> None:
    async def work() -> None:
        watched = Watched()
        watched.engines["new"].error = ConnectionLost("new", "gone")
        with pytest.raises(ConnectionLost):
            await watched.pace().turn()

    in_virtual_time(work())


def test_without_a_limit_a_server_is_not_asked() -> None:
    async def work() -> list[float]:
        engine = Asked("old", MemoryServer())
        engine.server.running = 1000
        throttle = Throttle(Limits(0, {"old": 0}), {"old": engine}, print)
        await throttle.pace(("old", "old"), go_on).turn()
        return engine.asked

    assert in_virtual_time(work()) == []
