"""The ledger and the locks of a lake, on a real store. What all ledgers promise: tests/engines/suite_acting.py."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import pytest

from migrate.engines.base import LedgerKey, LedgerLine, Made, Span
from migrate.engines.lake import lock as lock_module
from migrate.engines.lake.files import Objects
from migrate.engines.lake.holder import is_dead, this_process
from migrate.engines.lake.ledger import Ledger
from migrate.engines.lake.lock import Locks
from migrate.errors import Locked, ServerError
from migrate.model.table import TableName
from tests.lab.lake import Lake
from tests.lake.faults import Answer, Request, faults
from tests.lake.stores import keys, objects, prefixes

pytestmark = [pytest.mark.xdist_group("lake")]
PLAN, OTHER_PLAN = "sha256:" + "5a" * 32, "sha256:" + "6b" * 32
SALES, ODD = ("hive", "sales"), ("hive.b", "a")
WHOLE = LedgerLine("whole", Span(), 3, 2**50, "now")
SAYS_WHO_IT_IS = "from migrate.engines.lake.holder import this_process; print(this_process(), flush=True); input()"


@pytest.fixture
async def here(lake: Lake) -> AsyncIterator[str]:
    async with prefixes(lake, "ledger") as (_, target):
        yield f"{target}/ledger"


@pytest.fixture
def store(lake: Lake) -> Objects:
    return objects(lake, lake.target.key)


@pytest.fixture
async def ledger(store: Objects, here: str) -> Ledger:
    made = Ledger(store, here)
    await made.prepare_ledger([SALES, ODD])
    return made


def key(name: str, step: str = "", plan: str = PLAN, schema: tuple[str, str] = SALES) -> LedgerKey:
    return LedgerKey(plan, step or f"copy-files:new:{schema[1]}.{name}", TableName(schema[1], name, schema[0]))


async def lines(ledger: Ledger, one: LedgerKey) -> list[LedgerLine]:
    return [line async for line in ledger.ledger(one)]


# --- lines --------------------------------------------------------------------------------------------------------


async def test_lines_come_back_as_they_were_recorded(ledger: Ledger) -> None:
    odd = ("-9223372036854775808", "'\\'x\n한🙂\"`%", "x'00ff'")
    cuts = [LedgerLine("cut", Span(None, odd)), LedgerLine("cut", Span(odd, None), digest="d")]
    chunk = LedgerLine("chunk", Span(None, odd), 17, 2**40)
    await ledger.record(key("t"), cuts)
    await ledger.record(key("t"), [chunk, WHOLE])
    assert sorted(await lines(ledger, key("t")), key=repr) == sorted([*cuts, chunk, WHOLE], key=repr)
    assert await lines(ledger, key("u")) == []


async def test_lines_of_which_one_is_there_already_are_all_refused(ledger: Ledger) -> None:
    first, second = LedgerLine("cut", Span(None, ("5",)), 1, 1), LedgerLine("cut", Span(("5",), None), 1, 1)
    await ledger.record(key("t"), [first])
    await ledger.record(key("t"), [LedgerLine("cut", Span(None, ("6",)), 2, 2), second])
    assert await lines(ledger, key("t")) == [first]
    await ledger.record(key("t"), [second])
    assert await lines(ledger, key("t")) == [first, second]
    await ledger.record(key("t"), [WHOLE])
    await ledger.record(key("t"), [LedgerLine("cut", Span(("7",), None)), LedgerLine("whole")])
    assert await lines(ledger, key("t")) == [WHOLE, first, second]


async def test_of_two_that_record_at_once_one_has_all_its_lines(ledger: Ledger) -> None:
    sets = [
        [LedgerLine("cut", Span(None, (str(n),)), n), LedgerLine("cut", Span((str(n),), None), n)] for n in range(8)
    ]
    await asyncio.gather(*(ledger.record(key("t"), one) for one in sets))
    assert await lines(ledger, key("t")) in sets


async def test_of_many_that_record_other_lines_at_once_none_is_lost(ledger: Ledger) -> None:
    chunks = [LedgerLine("chunk", Span((f"{n}",), (f"{n + 1}",)), n) for n in range(6)]
    await asyncio.gather(*(ledger.record(key("t"), [one]) for one in chunks))
    assert sorted(await lines(ledger, key("t")), key=repr) == sorted(chunks, key=repr)


async def test_ends_are_recorded_once(ledger: Ledger) -> None:
    ends = {key(name): LedgerLine("whole", Span(), number) for number, name in enumerate("tuv")}
    await ledger.record(key("u"), [WHOLE])
    await ledger.record_ends(ends)
    assert [await lines(ledger, one) for one in ends] == [[ends[key("t")]], [WHOLE], [ends[key("v")]]]


async def test_lines_belong_to_their_plan_and_are_forgotten_by_step(ledger: Ledger) -> None:
    await ledger.record(key("t"), [LedgerLine("cut"), WHOLE])
    await ledger.record(key("t", "other"), [WHOLE])
    await ledger.record(key("t", plan=OTHER_PLAN), [LedgerLine("chunk")])
    await ledger.forget([key("t"), key("none")])
    assert await lines(ledger, key("t")) == []
    assert await lines(ledger, key("t", "other")) == [WHOLE]
    assert await lines(ledger, key("t", plan=OTHER_PLAN)) == [LedgerLine("chunk")]


async def test_what_was_started_and_finished_is_told_by_one_listing(ledger: Ledger, store: Objects, here: str) -> None:
    long = "copy-files:new:" + "한" * 300
    for one in (key("t.x/y"), key("u", long), key("a", "swap 한 %41", schema=ODD)):
        await ledger.record(one, [LedgerLine("cut"), WHOLE])
    await ledger.record(key("v"), [LedgerLine("cut")])
    await ledger.record(key("w", plan=OTHER_PLAN), [WHOLE])
    tables = [TableName("sales", name, "hive") for name in ("t.x/y", "u", "v", "w", "x")]
    assert await ledger.started(PLAN, [*tables, TableName("b", "a", "hive")]) == frozenset(tables[:3])
    assert await ledger.started(OTHER_PLAN, tables) == {tables[3]}
    assert await ledger.finished(PLAN, [SALES]) == {key("t.x/y").step, long}
    assert await ledger.finished(PLAN, [SALES, ODD]) == {key("t.x/y").step, long, "swap 한 %41"}
    assert await ledger.finished(PLAN, [("hive", "b.a"), ("", "sales")]) == frozenset()
    assert await ledger.finished(OTHER_PLAN, [SALES]) == {key("w").step}
    there = await keys(store, here)
    assert f"5a5a5a5a5a5a5a5a/hive.sales/u/whole.={'x' * 32}"[:-32] in {name[:-32] for name in there}
    assert "5a5a5a5a5a5a5a5a/hive%2Eb.a/a/whole.swap%20%ED%95%9C%20%2541" in there


async def test_without_a_ledger_nothing_is_there_and_nothing_is_recorded(store: Objects, here: str) -> None:
    for ledger, said in ((Ledger(store, here), "hive.sales has no ledger"), (Ledger(store, ""), "no location")):
        assert await lines(ledger, key("t")) == []
        assert await ledger.started(PLAN, [TableName("sales", "t", "hive")]) == frozenset()
        assert await ledger.finished(PLAN, [SALES]) == frozenset()
        assert await ledger.made([SALES]) == ()
        await ledger.forget([key("t")])
        with pytest.raises(ServerError, match=said):
            await ledger.record(key("t"), [WHOLE])
        with pytest.raises(ServerError, match=said):
            await ledger.record_ends({key("t"): WHOLE})
        with pytest.raises(ServerError, match=said):
            await ledger.record_made([Made("view", TableName("sales", "v", "hive"), "a", "b")])
    with pytest.raises(ServerError, match="no location"):
        await Ledger(store, "").prepare_ledger([SALES])
    assert await keys(store, here) == {}


async def test_what_was_made_is_remembered_the_last_word_of_each(ledger: Ledger) -> None:
    first = Made("view", TableName("sales", "v.1", "hive"), "h1:a", "h1:b")
    second, far = (
        Made("view", TableName("sales", "w", "hive"), "1", "2"),
        Made("view", TableName("a", "v", "hive.b"), "", ""),
    )
    await ledger.record_made([second, first, far])
    changed = Made("view", first.name, "h1:c", "h1:d")
    await ledger.record_made([changed])
    assert await ledger.made([SALES]) == (changed, second)
    assert await ledger.made([ODD]) == (far,)


async def test_an_object_that_is_no_line_is_named(ledger: Ledger, store: Objects, here: str) -> None:
    await ledger.record(key("t"), [WHOLE])
    (name,) = [one for one in await keys(store, here) if "whole." in one]
    await store.put(f"{here}/{name}", b"<html>")
    with pytest.raises(ServerError, match=r"whole.* is no line of a ledger"):
        await lines(ledger, key("t"))


# --- locks --------------------------------------------------------------------------------------------------------


async def test_a_lock_shuts_a_second_run_out_and_names_the_first(store: Objects, here: str) -> None:
    held = await Locks(store, here).take([SALES], "ann@desk pid 7", 0)
    await held.check()
    began = time.monotonic()
    with pytest.raises(Locked, match=r"^lake: schema hive\.sales is locked by ann@desk pid 7$"):
        await Locks(store, here).take([SALES], "bob", 0.7)
    assert time.monotonic() - began >= 0.7
    await held.check()
    await held.release()
    assert await keys(store, here) == {}
    await (await Locks(store, here).take([SALES], "bob", 0)).release()
    with pytest.raises(Locked, match="was released"):
        await held.check()


async def test_a_lock_is_on_all_its_schemas_or_on_none(store: Objects, here: str) -> None:
    held = await Locks(store, here).take([SALES], "ann", 0)
    for both in ([ODD, SALES], [SALES, ODD]):
        with pytest.raises(Locked):
            await Locks(store, here).take(both, "bob", 0)
    other = await Locks(store, here).take([ODD, ODD], "cid", 0)
    await other.check()
    assert set(await keys(store, f"{here}/locks")) == {"hive.sales", "hive%2Eb.a"}
    await held.release()
    await other.release()


async def test_of_many_that_ask_at_once_one_has_the_lock(store: Objects, here: str) -> None:
    asked = [Locks(store, here).take([SALES, ODD], f"n{n}", 0) for n in range(10)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    held = [one for one in found if not isinstance(one, BaseException)]
    assert len(held) <= 1
    assert all(isinstance(one, Locked) for one in found if isinstance(one, BaseException))
    for one in held:
        await one.check()
        await one.release()
    assert await keys(store, here) == {}


async def test_who_waits_gets_the_lock_when_it_is_free(store: Objects, here: str) -> None:
    held = await Locks(store, here).take([SALES], "ann", 0)
    waiting = asyncio.create_task(Locks(store, here).take([SALES], "bob", 20))
    await asyncio.sleep(0.3)
    await held.release()
    await (await waiting).release()


async def test_a_lock_dies_with_its_engine(store: Objects, here: str) -> None:
    locks = Locks(store, here)
    held = await locks.take([SALES], "ann", 0)
    await locks.close()
    await (await Locks(store, here).take([SALES], "bob", 0)).release()
    with pytest.raises(Locked):
        await held.check()


async def test_a_lock_that_somebody_deleted_is_found_by_asking(store: Objects, here: str) -> None:
    held = await Locks(store, here).take([SALES], "ann", 0)
    await store.delete([f"{here}/locks/hive.sales"])
    with pytest.raises(Locked, match=r"the lock on hive\.sales was lost"):
        await held.check()
    await held.release()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_module, "EXPIRES", 4.0)
    monkeypatch.setattr(lock_module, "RENEWED", 1.0)
    monkeypatch.setattr(lock_module, "FRESH", 0.0)


@pytest.mark.usefixtures("short")
async def test_a_lock_is_renewed_and_one_that_is_not_is_taken_over(store: Objects, here: str) -> None:
    held = await Locks(store, here).take([SALES], "ann", 0)
    with pytest.raises(Locked, match="ann"):
        await Locks(store, here).take([SALES], "bob", 7)
    await held.check()
    await held._stop_renewing()  # as if its process had died
    taken = await Locks(store, here).take([SALES], "cid", 12)
    await taken.check()
    with pytest.raises(Locked, match="was lost"):
        await held.check()
    await held.release()
    await taken.check()
    await taken.release()
    assert await keys(store, here) == {}


@pytest.mark.usefixtures("short")
async def test_one_that_wakes_up_after_its_lock_was_taken_over_finds_it_lost(store: Objects, here: str) -> None:
    held = await Locks(store, here).take([SALES], "ann", 0)
    await held._stop_renewing()
    taken = await Locks(store, here).take([SALES], "cid", 12)
    held._begin_renewing()
    await asyncio.sleep(2.5)
    with pytest.raises(Locked, match="was lost"):
        await held.check()
    await taken.check()
    await taken.release()


@pytest.mark.usefixtures("short")
async def test_a_store_that_does_not_answer_takes_a_lock_away_when_it_expires(lake: Lake, here: str) -> None:
    async with faults(lake.endpoint) as proxy:
        held = await Locks(objects(lake, lake.target.key, proxy.url, retries=0), here).take([SALES], "ann", 0)

        async def dead(_: Request) -> Answer | None:
            return Answer(500)

        proxy.rule = dead
        await held.check()
        await asyncio.sleep(4.5)
        with pytest.raises(Locked, match=r"hive\.sales could not be renewed: .*500"):
            await held.check()
        proxy.rule = None
        await held.release()


def test_a_process_is_dead_when_it_ended_or_its_id_was_given_again() -> None:
    child = subprocess.Popen([sys.executable, "-c", SAYS_WHO_IT_IS], stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    assert child.stdout is not None
    said = child.stdout.readline().decode().strip()
    assert str(child.pid) in said.split()
    assert not is_dead(said)
    assert not is_dead(this_process())
    child.kill()
    time.sleep(0.2)
    assert is_dead(said), "as a zombie, which nobody has asked for yet"
    child.wait()
    child.stdout.close()
    assert is_dead(said)
    assert is_dead(f"{this_process()}9"), "another process has its id by now"
    assert not is_dead(f"else{said}"), "of another machine nothing is known"
    assert not is_dead("")


async def test_the_lock_of_a_dead_process_of_this_machine_is_free_at_once(
    store: Objects, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = await Locks(store, here).take([SALES], "ann", 0)
    await held._stop_renewing()
    with pytest.raises(Locked, match="ann"):
        await Locks(store, here).take([SALES], "bob", 0)
    monkeypatch.setattr(lock_module, "is_dead", lambda process: process == this_process())
    taken = await Locks(store, here).take([SALES], "cid", 0)
    await taken.check()
    with pytest.raises(Locked, match="was lost"):
        await held.check()
    await taken.release()


async def test_an_answer_that_was_lost_is_no_lock_of_others(lake: Lake, here: str) -> None:
    async with faults(lake.endpoint) as proxy:
        cut: list[str] = []

        async def once(request: Request) -> Answer | None:
            if request.method == "PUT" and request.path not in cut:
                cut.append(request.path)
                return Answer(0, after=True)
            return None

        proxy.rule = once
        store = objects(lake, lake.target.key, proxy.url)
        held = await Locks(store, here).take([SALES], "ann", 0)
        await held.check()
        await held.release()
        ledger = Ledger(store, here)
        await ledger.prepare_ledger([SALES])
        await ledger.record(key("t"), [LedgerLine("cut"), WHOLE])
        assert await lines(ledger, key("t")) == [WHOLE, LedgerLine("cut")]


async def test_a_store_that_does_not_write_on_conditions_is_named(lake: Lake, here: str) -> None:
    async with faults(lake.endpoint) as proxy:

        async def plain(request: Request) -> Answer | None:
            body = b"<Error><Code>NotImplemented</Code><Message>A header is not implemented</Message></Error>"
            return Answer(501, body) if "if-none-match" in request.headers else None

        proxy.rule = plain
        store = objects(lake, lake.target.key, proxy.url, retries=0)
        with pytest.raises(ServerError, match="NotImplemented") as refusal:
            await Locks(store, here).take([SALES], "ann", 0)
        assert "If-None-Match" in refusal.value.hint
        assert not refusal.value.temporary


async def test_a_lock_needs_a_location(store: Objects) -> None:
    with pytest.raises(ServerError, match="no location for locks"):
        await Locks(store, "").take([SALES], "ann", 0)
