"""Copies of the lake engine on a real store: proven, resumed, and with faults in between."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import obstore
import pytest
from obstore.store import S3Store

from migrate.engines.files import Copied, Way
from migrate.engines.lake import copying
from migrate.engines.lake import gate as gate_module
from migrate.engines.lake.copying import copy, way_of
from migrate.engines.lake.files import Objects, Stored
from migrate.engines.lake.gate import Gate
from migrate.engines.lake.listings import listing_of
from migrate.engines.lake.pairs import paired
from migrate.errors import AccessDenied, Busy, ConnectionLost, ObjectDiffers, ServerError, SourceMoved
from tests.lab.lake import Lake
from tests.lake.faults import ARCHIVED, DENIED, SLOW_DOWN, Answer, Faults, Request, faults
from tests.lake.stores import fill, keys, objects, prefixes

pytestmark = [pytest.mark.xdist_group("lake")]
WAYS: tuple[Way, ...] = ("server", "stream")
FILES = {f"p={n}/f{m} 한%3A": b"%d-%d" % (n, m) for n in range(4) for m in range(5)} | {"empty": b"", "a-b": b"1"}
BYTES = sum(map(len, FILES.values()))


@dataclass
class World:
    """Both ends: `source` with the source's key, `both` with one that may use both buckets, `target` with its own."""

    lake: Lake
    source: Objects
    target: Objects
    both: Objects
    origin: str
    goal: str
    told: list[tuple[int, int]] = field(default_factory=list)
    turns: int = 0

    def tell(self, objects: int, size: int) -> None:
        self.told.append((objects, size))

    async def turn(self, _: int) -> None:
        self.turns += 1

    async def copy(self, way: Way = "server", target: Objects | None = None, source: Objects | None = None) -> Copied:
        """Copy all, telling here; `server` with the key for both."""
        self.told, self.turns = [], 0
        used = target or (self.both if way == "server" else self.target)
        return await copy(used, source or self.source, self.origin, self.goal, way, self.tell, self.turn)

    def client(self, end: str) -> S3Store:
        """A client of our own, to look at what was done."""
        return self.lake.store(getattr(self.lake, end).bucket, self.lake.both)

    def key(self, name: str) -> str:
        return f"{self.goal.rpartition('/')[2]}/{name}"


@pytest.fixture
async def world(lake: Lake) -> AsyncIterator[World]:
    async with prefixes(lake, "copy") as (origin, goal):
        source, target = objects(lake, lake.source.key, name="old"), objects(lake, lake.target.key, name="new")
        yield World(lake, source, target, objects(lake, lake.both, name="new"), origin, goal)


# --- the way ------------------------------------------------------------------------------------------------------


async def test_the_way_is_by_the_server_where_one_key_may_do_both(world: World) -> None:
    await fill(world.source, world.origin, {"empty": b"", "f": b"1"})
    assert await way_of(world.both, world.source, world.origin, world.goal) == "server"
    assert await way_of(world.target, world.source, world.origin, world.goal) == "stream"
    assert await keys(world.both, world.goal) == {}


async def test_the_way_is_through_this_machine_between_two_stores(world: World) -> None:
    await fill(world.source, world.origin, {"f": b"1"})
    async with faults(world.lake.endpoint) as proxy:
        elsewhere = objects(world.lake, world.lake.both, proxy.url)
        assert await way_of(elsewhere, world.source, world.origin, world.goal) == "stream"


async def test_there_is_no_way_from_what_nobody_may_read_or_to_what_nobody_may_list(world: World) -> None:
    await fill(world.source, world.origin, {"f": b"1"})
    with pytest.raises(AccessDenied, match=f"^new: {world.origin}"):
        await way_of(world.target, world.target, world.origin, world.goal)
    with pytest.raises(AccessDenied, match=f"^old: {world.goal}"):
        await way_of(world.source, world.source, world.origin, world.goal)
    with pytest.raises(ServerError, match="no bucket nowhere"):
        await way_of(world.both, world.source, world.origin, "s3://nowhere/t")


# --- what a copy is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
async def test_a_copy_has_every_object_of_its_source_and_no_other(world: World, way: Way) -> None:
    await fill(world.source, world.origin, FILES | {"_SUCCESS": b"", "p=1/.tmp": b"no"})
    done = await world.copy(way)
    before = await listing_of(world.source, world.origin)
    assert done.source == before
    assert (before.files, before.bytes, before.skipped) == (len(FILES), BYTES, 2)
    assert done.target == await listing_of(world.target, world.goal)
    assert (done.target.digest, done.target.skipped, done.copied) == (before.digest, 0, len(FILES))
    assert (sum(n for n, _ in world.told), sum(size for _, size in world.told)) == (len(FILES), BYTES)
    assert world.turns == len(FILES)
    for name, content in FILES.items():
        found = await world.target.get(f"{world.goal}/{name}")
        assert found is not None
        assert found[0] == content


@pytest.mark.parametrize("way", WAYS)
async def test_a_copy_keeps_content_type_and_metadata(world: World, way: Way) -> None:
    attributes = {"Content-Type": "application/x-parquet", "Cache-Control": "no-store", "writer": "spark 3"}
    store, key = world.client("source"), world.origin.rpartition("/")[2]
    obstore.put(store, f"{key}/f", b"1", attributes=attributes)
    await world.copy(way)
    found = obstore.get(world.client("target"), world.key("f"))
    assert dict(found.attributes) == attributes


async def test_the_trick_for_copies_between_buckets_holds(world: World) -> None:
    """obstore copies inside one bucket; that its URL may name another one is nowhere promised: it must be seen here."""
    await world.source.put(f"{world.origin}/f", b"content")
    async with faults(world.lake.endpoint) as proxy:
        both = objects(world.lake, world.lake.both, proxy.url)
        await copy(both, both, world.origin, world.goal, "server", world.tell, world.turn)
    (made,) = [one for one in proxy.seen if one.copies]
    assert made.path == f"/{world.goal.removeprefix('s3://')}/f"
    assert made.headers["x-amz-copy-source"].strip("/") == f"{world.origin.removeprefix('s3://')}/f"
    assert not [one for one in proxy.seen if one.method == "GET" and one.path.endswith("/f")], "nothing comes through"
    assert [one.method for one in proxy.seen].count("PUT") == 1


@pytest.mark.parametrize("way", WAYS)
async def test_a_copy_of_nothing_is_nothing(world: World, way: Way) -> None:
    done = await world.copy(way)
    assert (done.source, done.target, done.copied) == (done.target, done.source, 0)
    assert done.source.files == world.turns == 0


async def test_a_copy_goes_on_where_it_ended(world: World) -> None:
    await fill(world.source, world.origin, FILES)
    names = sorted(FILES)
    await fill(world.target, world.goal, {name: FILES[name] for name in names[::2]})
    await world.target.put(f"{world.goal}/{names[2]}", b"?" * len(FILES[names[2]]))
    await world.target.put(f"{world.goal}/{names[4]}", b"of another size")
    done = await world.copy("stream")
    assert done.copied == world.turns == len(names[1::2]) + 2
    assert done.target.digest == done.source.digest
    assert sum(n for n, _ in world.told) == len(FILES)
    again = await world.copy("stream")
    assert (again.copied, world.turns, again.source, again.target) == (0, 0, done.source, done.target)
    assert sum(size for _, size in world.told) == BYTES


async def test_what_is_at_the_goal_and_not_in_the_source_is_named_and_stays(world: World) -> None:
    await fill(world.source, world.origin, FILES)
    await world.target.put(f"{world.goal}/p=9/other", b"!")
    with pytest.raises(ObjectDiffers, match=rf"{world.goal}/p=9/other: it is not below {world.origin}"):
        await world.copy("stream")
    assert (await world.target.get(f"{world.goal}/p=9/other") or (b"",))[0] == b"!"


async def test_who_may_not_write_at_the_goal_is_told(world: World) -> None:
    await fill(world.source, world.origin, {"f": b"1"})
    async with faults(world.lake.endpoint) as proxy:

        async def denied(request: Request) -> Answer | None:
            return Answer(403, DENIED) if request.method == "PUT" else None

        proxy.rule = denied
        with pytest.raises(AccessDenied, match=rf"^lake: {world.goal}/f from {world.origin}/f: AccessDenied"):
            await world.copy("server", objects(world.lake, world.lake.both, proxy.url))


@pytest.mark.parametrize("way", WAYS)
async def test_a_run_that_must_stop_ends_what_it_began(world: World, way: Way) -> None:
    await fill(world.source, world.origin, FILES)

    async def turn(_: int) -> None:
        world.turns += 1
        if world.turns == 8:
            raise ZeroDivisionError("stop")

    with pytest.raises(ZeroDivisionError, match="stop"):
        await copy(world.both, world.source, world.origin, world.goal, way, world.tell, turn)
    assert len(await keys(world.target, world.goal)) == len(world.told) == 7


# --- big objects --------------------------------------------------------------------------------------------------


def noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


async def test_big_objects_go_through_in_parts_and_are_the_same(world: World) -> None:
    content = {
        name: noise(size, size) for name, size in (("16", 16 * 2**20), ("17", 17 * 2**20 + 1), ("50", 50 * 2**20))
    }
    await fill(world.source, world.origin, content)
    done = await world.copy("stream")
    assert done.copied == 3
    there = {one.key: one.etag async for one in world.target.list(world.goal)}
    assert there["16"] == hashlib.md5(content["16"]).hexdigest()  # noqa: S324
    assert there["17"].endswith("-2")
    assert there["50"].endswith("-4")
    for name, wanted in content.items():
        found = await world.target.get(f"{world.goal}/{name}")
        assert found is not None
        assert found[0] == wanted
    assert (await world.copy("stream")).copied == 0, "an etag of parts compares with none"


async def test_what_a_server_cannot_copy_goes_through_this_machine(world: World) -> None:
    small, big = noise(2**20, 1), noise(2**20 + 1, 2)
    await fill(world.source, world.origin, {"small": small, "big": big})
    async with faults(world.lake.endpoint) as proxy:
        both = objects(world.lake, world.lake.both, proxy.url)
        both.largest_copy = 2**20
        done = await copy(both, both, world.origin, world.goal, "server", world.tell, world.turn)
    assert done.copied == 2
    assert [one.path.rpartition("/")[2] for one in proxy.seen if one.copies] == ["small"]
    assert [one.path.rpartition("/")[2] for one in proxy.seen if one.method == "PUT" and not one.copies] == ["big"]
    assert (await world.target.get(f"{world.goal}/big") or (b"",))[0] == big


ENDING = """
import asyncio, sys
from migrate.engines.lake.copying import copy
from migrate.engines.lake.files import Objects
from migrate.model.plan import EndpointRef, S3Ref

async def main(url, access, secret, origin, goal, ending):
    store = Objects("lake", EndpointRef("lake", s3=S3Ref(url, "us-east-1", "", access, secret)))
    async def turn(size): pass
    if ending == "listed":
        async for _ in store.pages(origin):
            break
        return await store.close()
    work = asyncio.create_task(copy(store, store, origin, goal, "stream", lambda *_: None, turn))
    if ending == "cancelled":
        await asyncio.sleep(0.15)
        work.cancel()
    (done,) = await asyncio.gather(work, return_exceptions=True)
    assert isinstance(done, asyncio.CancelledError) if ending == "cancelled" else done.copied == 1, done
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("ending", ["done", "cancelled", "listed"])
async def test_a_process_that_has_used_the_store_ends_in_peace(world: World, ending: str) -> None:
    await fill(world.source, world.origin, {"f": noise(40 * 2**20, 3)})
    key = world.lake.both
    for number in range(4):
        goal = f"{world.goal}/{number}"
        words = (world.lake.endpoint, key.access, key.secret, world.origin, goal, ending)
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", ENDING, *words)
        assert await process.wait() == 0


# --- sources that change ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("change", ["other content", "gone", "one more"])
async def test_a_source_that_changes_meanwhile_is_noticed(world: World, way: Way, change: str) -> None:
    await fill(world.source, world.origin, FILES)
    victim = "p=3/f4 한%3A"

    async def turn(_: int) -> None:
        world.turns += 1
        if world.turns == 3:
            if change == "gone":
                await world.source.delete([f"{world.origin}/{victim}"])
            else:
                name = victim if change == "other content" else "a/first"
                await world.source.put(f"{world.origin}/{name}", b"!" * len(FILES[victim]))

    with pytest.raises(SourceMoved, match=f"^{world.origin}: its files changed"):
        await copy(world.both, world.source, world.origin, world.goal, way, world.tell, turn)


# --- a store with faults ------------------------------------------------------------------------------------------


@dataclass
class Faulty:
    """A world whose target is behind a proxy."""

    world: World
    proxy: Faults
    target: Objects

    def first(self, times: int, answer: Answer, what: str = "PUT") -> None:
        """Each object is answered so this often before the store is asked."""
        count: dict[str, int] = {}

        async def rule(request: Request) -> Answer | None:
            if request.method != what or (what == "GET" and "list-type" in request.path):
                return None
            count[request.path] = count.get(request.path, 0) + 1
            return answer if count[request.path] <= times else None

        self.proxy.rule = rule


@pytest.fixture
async def faulty(world: World) -> AsyncIterator[Faulty]:
    async with faults(world.lake.endpoint) as proxy:
        yield Faulty(world, proxy, objects(world.lake, world.lake.both, proxy.url, "new"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "answer",
    [Answer(500), Answer(503, SLOW_DOWN), Answer(429), Answer(0), Answer(0, after=True), Answer(500, after=True)],
    ids=["500", "503", "429", "cut", "cut after", "500 after"],
)
async def test_what_is_temporary_is_tried_again(faulty: Faulty, way: Way, answer: Answer) -> None:
    world = faulty.world
    await fill(world.source, world.origin, FILES)
    faulty.first(3, answer)
    done = await world.copy(way, faulty.target)
    assert (done.copied, done.target.digest) == (len(FILES), done.source.digest)
    assert sum(n for n, _ in world.told) == len(FILES)
    if answer.status in (429, 503):
        assert faulty.target.gate.limit < 32


@pytest.mark.parametrize("way", WAYS)
async def test_a_store_that_is_away_for_a_while_is_waited_for(faulty: Faulty, way: Way) -> None:
    world = faulty.world
    await fill(world.source, world.origin, FILES)
    away: list[asyncio.Task[None]] = []

    async def turn(_: int) -> None:
        world.turns += 1
        if world.turns == 4:
            away.append(asyncio.create_task(faulty.proxy.be_away(1.5)))

    done = await copy(faulty.target, world.source, world.origin, world.goal, way, world.tell, turn)
    await away[0]
    assert (done.copied, done.target.digest) == (len(FILES), done.source.digest)


@pytest.mark.parametrize(
    ("answer", "named"),
    [(Answer(500), ConnectionLost), (Answer(503, SLOW_DOWN), Busy), (Answer(0), ConnectionLost)],
    ids=["500", "503", "cut"],
)
async def test_what_stays_so_is_named_after_a_while(
    faulty: Faulty, answer: Answer, named: type[ServerError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "ATTEMPTS", 3)
    world = faulty.world
    await fill(world.source, world.origin, {"f": b"1"})
    faulty.first(1000, answer)
    with pytest.raises(named, match=f"^new: {world.goal}/f"):
        await world.copy("server", faulty.target)
    assert 3 <= len([one for one in faulty.proxy.seen if one.copies]) <= 6


@pytest.mark.parametrize("times", [1, 2])
async def test_a_good_answer_that_was_none_is_noticed_and_done_again(faulty: Faulty, times: int) -> None:
    world = faulty.world
    await fill(world.source, world.origin, FILES)
    faulty.first(times, Answer(200, DENIED))
    done = await world.copy("server", faulty.target)
    assert (done.copied, done.target.digest) == (len(FILES), done.source.digest)
    assert sum(n for n, _ in world.told) == len(FILES), "each object is told once"


async def test_a_good_answer_that_never_was_one_is_named(faulty: Faulty) -> None:
    world = faulty.world
    await fill(world.source, world.origin, FILES)

    async def rule(request: Request) -> Answer | None:
        return Answer(200, DENIED) if request.copies and request.path.endswith("/a-b") else None

    faulty.proxy.rule = rule
    with pytest.raises(ObjectDiffers, match=f"^{world.goal}/a-b: .* 4 times"):
        await world.copy("server", faulty.target)


async def test_a_copy_that_came_to_other_content_is_noticed(faulty: Faulty) -> None:
    world = faulty.world
    await fill(world.source, world.origin, {"f": b"right", "g": b"1"})
    spoiled: list[str] = []

    async def rule(request: Request) -> Answer | None:
        if request.copies and request.path.endswith("/f") and not spoiled:
            spoiled.append(await world.target.put(f"{world.goal}/f", b"wrong"))
            return Answer(200, b"<CopyObjectResult/>")
        return None

    faulty.proxy.rule = rule
    done = await world.copy("server", faulty.target)
    assert spoiled
    assert done.target.digest == done.source.digest


def other_etags(request: Request, said: bytes) -> bytes:
    """As an encrypted bucket has them: 32 digits, but no hash of the content."""
    return re.sub(rb'("|&#34;|&quot;)([0-9a-f]{32})("|&#34;|&quot;)', lambda one: one[1] + one[2][::-1] + one[3], said)


@pytest.mark.parametrize("way", WAYS)
async def test_etags_that_are_no_hashes_are_found_out_by_reading_one_object(faulty: Faulty, way: Way) -> None:
    world = faulty.world
    await fill(world.source, world.origin, FILES)
    faulty.proxy.rewrite = other_etags
    done = await world.copy(way, faulty.target)
    assert (done.copied, done.source.digest != done.target.digest) == (len(FILES), True)
    assert (done.target.files, done.target.bytes) == (len(FILES), BYTES)
    put = [one.path for one in faulty.proxy.seen if one.method == "PUT"]
    read = [one.path for one in faulty.proxy.seen if one.method == "GET" and "list-type" not in one.path]
    assert (len(put), len(read)) == (len(FILES), 1), "each is copied once, and one is read again"
    assert (await world.copy(way, faulty.target)).copied == 0
    await world.target.put(f"{world.goal}/a-b", b"longer")
    assert (await world.copy(way, faulty.target)).copied == 1


async def test_an_archived_object_is_named(faulty: Faulty) -> None:
    world = faulty.world
    await fill(world.source, world.origin, {"f": b"1"})
    faulty.first(1, Answer(403, ARCHIVED))
    with pytest.raises(ServerError, match=rf"{world.origin}/f: it is in an archive"):
        await world.copy("server", faulty.target)


@pytest.mark.parametrize("answer", [Answer(500), Answer(0)], ids=["500", "cut"])
async def test_reads_of_the_source_are_tried_again_and_named_as_its_own(
    faulty: Faulty, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = faulty.world
    await fill(world.source, world.origin, {"f": b"1", "g": b"22"})
    behind = objects(world.lake, world.lake.source.key, faulty.proxy.url, "old")
    faulty.first(3, answer, "GET")
    assert (await world.copy("stream", source=behind)).copied == 2
    monkeypatch.setattr(copying, "ATTEMPTS", 2)
    await world.target.delete([f"{world.goal}/f"])
    faulty.first(1000, answer, "GET")
    with pytest.raises(ConnectionLost, match=f"^old: {world.origin}/f"):
        await world.copy("stream", source=behind)


async def test_a_key_with_an_empty_part_is_named(faulty: Faulty) -> None:
    """The lab's store has no such keys: the listing is made to say so."""
    world = faulty.world
    await fill(world.source, world.origin, {"a/f": b"1"})
    behind = objects(world.lake, world.lake.source.key, faulty.proxy.url, "old")
    faulty.proxy.rewrite = lambda _, body: body.replace(b"/a/f<", b"/a//f<")
    with pytest.raises(ServerError, match=r"^old: .*the key '.*/a//f' below it cannot be reached"):
        await world.copy("server", source=behind)


async def test_a_store_that_is_too_busy_gets_fewer_requests(faulty: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "CALM", 0.05)
    world = faulty.world
    await fill(world.source, world.origin, {f"f{n:03}": b"%d" % n for n in range(300)})
    now, least = 0, 32.0

    async def rule(request: Request) -> Answer | None:
        nonlocal now, least
        if not request.copies:
            return None
        now += 1
        least = min(least, faulty.target.gate.limit)
        try:
            await asyncio.sleep(0.05)  # longer than the rest of a copy, so that those under way are counted here
            return Answer(503, SLOW_DOWN) if now > 8 else None
        finally:
            now -= 1

    faulty.proxy.rule = rule
    done = await world.copy("server", faulty.target)
    assert done.copied == 300
    assert 1 <= least <= 16


# --- the parts ----------------------------------------------------------------------------------------------------


async def test_listings_in_any_order_are_paired(world: World) -> None:
    await fill(world.source, world.origin, {f"{n}": b"" for n in range(3)})
    (model, *_) = [one async for one in world.source.list(world.origin)]

    async def listed(names: list[str]) -> AsyncIterator[Stored]:
        for name in names:
            yield Stored(name, model.size, model.etag, model.modified)

    chance = random.Random(7)
    for number in range(200):
        left = chance.sample([f"k{n}" for n in range(12)], chance.randrange(12))
        right = chance.sample([f"k{n}" for n in range(12)], chance.randrange(12))
        if number % 2:
            left, right = sorted(left), sorted(right)
        found = [
            (one.key if one else None, two.key if two else None)
            async for one, two in paired(listed(left), listed(right))
        ]
        assert sorted(one for one, _ in found if one) == sorted(left)
        assert sorted(two for _, two in found if two) == sorted(right)
        assert all(one == two for one, two in found if one and two)
        if number % 2:
            assert {one for one, two in found if one and two} == set(left) & set(right)


async def test_the_gate_halves_once_for_a_burst_and_grows_again(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(32, 64, 100)
    for _ in range(5):
        gate.slow_down()
        gate.went_well()
    assert gate.limit == 16
    monkeypatch.setattr(gate_module, "CALM", 0.0)
    for _ in range(17):
        gate.went_well()
    assert 16.9 < gate.limit <= 17.1


async def test_the_gate_holds_no_more_than_its_memory() -> None:
    gate = Gate(32, 64, 100)
    held, most = 0, 0

    async def one(size: int) -> None:
        nonlocal held, most
        turn = await gate.enter(size)
        held += min(size, 100)
        most = max(most, held)
        await asyncio.sleep(0.001)
        held -= min(size, 100)
        turn.leave()

    await asyncio.gather(*(one(size) for size in (40, 70, 1000, 30, 30, 30, 60, 100)))
    assert most == 100
    assert held == 0
