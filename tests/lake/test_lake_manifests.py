"""What was proven of tables of a lake, on a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from migrate.engines.files import Proof
from migrate.engines.lake.files import Objects
from migrate.engines.lake.listings import listing_of
from migrate.engines.lake.manifests import Manifests
from migrate.errors import ObjectDiffers, ServerError
from migrate.model.table import TableName
from tests.lab.lake import Lake
from tests.lake.stores import fill, keys, objects, prefixes

pytestmark = [pytest.mark.xdist_group("lake")]
NAME = TableName("sales", "orders.2", "hive")


@pytest.fixture
async def here(lake: Lake) -> AsyncIterator[str]:
    async with prefixes(lake, "manifests") as (_, target):
        yield target


@pytest.fixture
def store(lake: Lake) -> Objects:
    return objects(lake, lake.target.key)


async def proof(store: Objects, here: str, partition: str, source: str = "s") -> Proof:
    """Of what stands below the partition's folder now."""
    found = await listing_of(store, f"{here}/t/{partition}")
    place = f"{here}/t/{partition}"
    return Proof(partition, f"s3://far/{source}", "0" * 64, place, found.digest, found.files, found.bytes)


async def test_the_last_word_of_each_partition_holds(store: Objects, here: str) -> None:
    await fill(
        store, here, {"t/dt=1/a": b"1", "t/dt=2/a": b"2", "t/dt=2/b": b"3", "t/dt=2/_SUCCESS": b"", "t/한/c": b""}
    )
    manifests = Manifests(store, f"{here}/ledger")
    assert await manifests.proofs(NAME) == {}
    one, two, empty = [await proof(store, here, name) for name in ("dt=1", "dt=2", "한")]
    await manifests.record_proofs(NAME, "run z", [two, one])
    await manifests.record_proofs(NAME, "run a", [empty, later := await proof(store, here, "dt=1", "later")])
    assert await manifests.proofs(NAME) == {"dt=1": later, "dt=2": two, "한": empty}
    there = await keys(store, f"{here}/ledger")
    for _ in range(2):
        await manifests.record_proofs(NAME, "run z", [one, two])
        await manifests.record_proofs(NAME, "none", [])
    assert await keys(store, f"{here}/ledger") == there, "once more changes nothing"
    assert (await manifests.proofs(NAME))["dt=1"] == later
    assert await manifests.proofs(TableName("sales", "orders", "hive")) == {}
    await manifests.forget_proofs(NAME, "run a")
    assert await manifests.proofs(NAME) == {"dt=1": one, "dt=2": two}
    for _ in range(2):
        await manifests.forget_proofs(NAME, "run z")
    assert await manifests.proofs(NAME) == {}
    assert sorted(await keys(store, f"{here}/ledger")) == [one for one in sorted(there) if one.endswith(".objects")]
    for run in ("run a", "run z", "run z"):
        await manifests.forget_objects(NAME, run)
    assert await keys(store, f"{here}/ledger") == {}


async def test_a_run_may_prove_in_parts(store: Objects, here: str) -> None:
    await fill(store, here, {f"t/dt={n}/a": b"%d" % n for n in range(3)})
    manifests = Manifests(store, f"{here}/ledger")
    all_of_it = [await proof(store, here, f"dt={n}") for n in range(3)]
    for one in all_of_it:
        await manifests.record_proofs(NAME, "r" * 400, [one])
    assert list((await manifests.proofs(NAME)).values()) == all_of_it
    await manifests.forget_proofs(NAME, "r" * 400)
    assert await manifests.proofs(NAME) == {}
    await manifests.forget_objects(NAME, "r" * 400)
    assert await keys(store, f"{here}/ledger") == {}


async def test_every_object_is_in_a_manifest_below_its_partition(store: Objects, here: str) -> None:
    content = {f"t/p={n}/f{m}": b"%d %d" % (n, m) for n in range(40) for m in range(3)}
    await fill(store, here, content)
    manifests = Manifests(store, f"{here}/ledger")
    all_of_it = [await proof(store, here, f"p={n}") for n in range(40)]
    await manifests.record_proofs(NAME, "run", all_of_it)
    (name,) = [one for one in await keys(store, here) if one.endswith(".objects")]
    assert name.startswith("ledger/manifests/hive.sales/orders%2E2/00000001.run.")
    found = await store.get(f"{here}/{name}")
    assert found is not None
    read = [msgspec.json.decode(line) for line in found[0].splitlines()]
    assert [one["partition"] for one in read if "partition" in one] == [f"p={n}" for n in range(40)]
    said: dict[str, int] = {}
    place = ""
    for one in read:
        place = one.get("target", place)
        if "key" in one:
            said[f"{place}/{one['key']}".removeprefix(f"{here}/")] = one["size"]
            there = await store.head(f"{place}/{one['key']}")
            assert there is not None
            assert there.etag == one["etag"]
    assert said == {name: len(body) for name, body in content.items()}


async def test_what_is_not_there_as_it_was_proven_is_not_recorded(store: Objects, here: str) -> None:
    await fill(store, here, {"t/dt=1/a": b"1"})
    manifests = Manifests(store, f"{here}/ledger")
    one = await proof(store, here, "dt=1")
    await store.put(f"{here}/t/dt=1/b", b"2")
    with pytest.raises(ObjectDiffers, match=f"^{here}/t/dt=1: what stands there is not what was proven"):
        await manifests.record_proofs(NAME, "run", [one])
    assert await manifests.proofs(NAME) == {}
    await store.delete([f"{here}/t/dt=1/b"])
    await manifests.record_proofs(NAME, "run", [one])
    assert await manifests.proofs(NAME) == {"dt=1": one}


async def test_proofs_that_were_cut_short_are_none_and_are_done_again(store: Objects, here: str) -> None:
    await fill(store, here, {"t/dt=1/a": b"1"})
    manifests = Manifests(store, f"{here}/ledger")
    one = await proof(store, here, "dt=1")
    await manifests.record_proofs(NAME, "run", [one])
    names = await keys(store, here)
    (kept,) = [name for name in names if name.endswith(".proofs")]
    await store.delete([f"{here}/{kept}"])
    assert await manifests.proofs(NAME) == {}
    await manifests.record_proofs(NAME, "run", [one])
    assert await keys(store, here) == names


async def test_a_manifest_that_is_none_is_named_and_without_a_location_there_are_none(
    store: Objects, here: str
) -> None:
    await store.put(f"{here}/ledger/manifests/hive.sales/orders%2E2/00000007.run.0.proofs", b"<html>")
    with pytest.raises(ServerError, match=r"00000007\.run\.0\.proofs is no manifest"):
        await Manifests(store, f"{here}/ledger").proofs(NAME)
    nowhere = Manifests(store, "")
    assert await nowhere.proofs(NAME) == {}
    with pytest.raises(ServerError, match="no location for proofs"):
        await nowhere.record_proofs(NAME, "run", [])
