"""Objects and listings of the lake engine, on a real store."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from migrate.engines.files import FilePartition, Listing, Place
from migrate.engines.lake import files as files_module
from migrate.engines.lake import listings as listings_module
from migrate.engines.lake.buckets import reached
from migrate.engines.lake.files import Objects, Stored
from migrate.engines.lake.listings import Tally, listing_of, listings
from migrate.engines.lake.location import location_of, spelled
from migrate.errors import AccessDenied, BadKey, CannotConnect, ServerError
from migrate.model.plan import EndpointRef, S3Ref
from tests.lab.lake import Lake
from tests.lake.raw import request
from tests.lake.stores import fill, keys, objects, prefixes, reference

pytestmark = [pytest.mark.xdist_group("lake"), pytest.mark.full]


@pytest.fixture
async def here(lake: Lake) -> AsyncIterator[str]:
    """A location of the target's end."""
    async with prefixes(lake, "objects") as (_, target):
        yield target


@pytest.fixture
def store(lake: Lake) -> Objects:
    return objects(lake, lake.target.key)


# --- one object ---------------------------------------------------------------------------------------------------


async def test_an_object_is_written_read_and_deleted(store: Objects, here: str) -> None:
    place = f"{here}/a b/한#?+%3A~*[x]"
    etag = await store.put(place, b"one")
    assert etag == hashlib.md5(b"one").hexdigest()  # noqa: S324  # what S3 says of an object in one piece
    assert await store.get(place) == (b"one", etag)
    found = await store.head(place)
    assert found is not None
    assert (found.size, found.etag) == (3, etag)
    assert await keys(store, here) == {"a b/한#?+%3A~*[x]": 3}
    await store.delete([place, f"{here}/none"])
    assert await store.get(place) is None
    assert await store.head(place) is None
    await store.delete([])


async def test_an_object_is_created_once_and_replaced_in_its_version_only(store: Objects, here: str) -> None:
    place = f"{here}/x"
    assert await store.replace(place, b"0", "0" * 32) is None
    first = await store.create(place, b"1")
    assert first is not None
    assert await store.create(place, b"2") is None
    second = await store.replace(place, b"3", first)
    assert second not in (None, first)
    assert await store.replace(place, b"4", first) is None
    assert await store.get(place) == (b"3", second)


async def test_an_object_of_unknown_size_goes_up_in_parts(store: Objects, here: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(20):
            yield bytes([number]) * 2**20

    await store.put_stream(f"{here}/big", pieces())
    found = await store.get(f"{here}/big")
    assert found is not None
    assert found[0] == b"".join(bytes([number]) * 2**20 for number in range(20))


async def test_what_stops_while_an_object_goes_up_comes_out_and_nothing_stands(store: Objects, here: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"x" * 2**20
        raise ZeroDivisionError("told by the test")

    with pytest.raises(ZeroDivisionError, match="told by the test"):
        await store.put_stream(f"{here}/big", pieces())
    assert await keys(store, here) == {}


# --- what is refused ----------------------------------------------------------------------------------------------


async def test_what_a_store_refuses_names_endpoint_bucket_and_key(lake: Lake, here: str) -> None:
    stranger = objects(lake, lake.source.key, name="new")
    for attempt in (stranger.put(f"{here}/k", b""), stranger.head(f"{here}/k"), keys(stranger, here)):
        with pytest.raises(AccessDenied, match=rf"^new: {here}") as refusal:
            await attempt
        assert refusal.value.code == 403
        assert "Debug" not in str(refusal.value)
    with pytest.raises(ServerError, match="there is no bucket no-such-bucket") as missing:
        await keys(objects(lake, lake.both), "s3://no-such-bucket/t")
    assert missing.value.code == 404
    with pytest.raises(ServerError, match="there is no bucket no-such-bucket"):
        await objects(lake, lake.both).get("s3://no-such-bucket/t/k")


async def test_a_store_that_does_not_answer_is_told_at_its_place(lake: Lake) -> None:
    nowhere = objects(lake, lake.both, "http://127.0.0.1:1", retries=1)
    with pytest.raises(CannotConnect, match=r"^lake: s3://b/t: .*127\.0\.0\.1:1"):
        await keys(nowhere, "s3://b/t")


async def test_a_key_that_a_listing_cannot_take_is_named(lake: Lake, store: Objects, here: str) -> None:
    path = f"/{here.removeprefix('s3://')}/odd\nname"
    assert request(lake.endpoint, lake.target.key, "PUT", path, b"x")[0] == 200
    try:
        with pytest.raises(ServerError, match=r"(?s)odd.nname' below it cannot be reached"):
            await keys(store, here)
        with pytest.raises(ServerError, match="the key"):
            await store.get(f"{here}//double")
    finally:
        request(lake.endpoint, lake.target.key, "DELETE", path)


async def test_places_that_are_no_locations_are_refused(store: Objects) -> None:
    for text in ("hdfs://x/y", "s3://", "x/y"):
        with pytest.raises(ServerError, match="no location in an object store"):
            await store.get(text)
    with pytest.raises(ServerError, match="is a bucket"):
        await store.delete(["s3://lake-target"])


# --- settings -----------------------------------------------------------------------------------------------------


async def test_a_bucket_has_settings_of_its_own(lake: Lake) -> None:
    own = S3Ref(access_key=lake.source.key.access, secret_key=lake.source.key.secret)
    store = Objects("lake", reference(lake, lake.target.key, lake_source=own), retries=1)
    async with prefixes(lake, "settings") as (source, target):
        await store.put(f"{source}/a", b"1")
        await store.put(f"{target}/b", b"22")
        assert (await keys(store, source), await keys(store, target)) == ({"a": 1}, {"b": 2})


async def test_keys_do_not_mix_with_a_token_of_the_environment(
    lake: Lake, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of somebody else")
    store = objects(lake, lake.target.key)
    await store.put(f"{here}/a", b"1")
    assert await keys(store, here) == {"a": 1}


async def test_without_keys_the_environment_is_asked(lake: Lake, here: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", lake.target.key.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", lake.target.key.secret)
    monkeypatch.setenv("AWS_ENDPOINT_URL", lake.endpoint)
    store = Objects("lake", EndpointRef("lake"), retries=1)
    await store.put(f"{here}/a", b"1")
    assert await keys(store, here) == {"a": 1}


def test_settings_of_a_bucket_go_before_those_of_all() -> None:
    ref = EndpointRef(
        "lake",
        s3=S3Ref("https://s3.example/", "eu-1", "", "AK", "SK"),
        bucket={"far": S3Ref(region="eu-2"), "other": S3Ref("http://o:9", profile="ops")},
    )
    assert reached("e", ref, "any", {}) == reached("e", ref, "more", {})
    far, other = reached("e", ref, "far", {}), reached("e", ref, "other", {})
    assert (far.url, far.region, far.access_key) == ("https://s3.example", "eu-2", "AK")
    assert (other.url, other.region, other.profile, other.access_key) == ("http://o:9", "eu-1", "ops", "")
    assert far.store == ("s3.example", 443)
    assert other.store == ("o", 9)


def test_all_of_aws_is_one_store_and_china_is_another() -> None:
    def store(region: str) -> tuple[str, int]:
        return reached("e", EndpointRef("lake", s3=S3Ref(region=region)), "b", {}).store

    assert store("eu-west-1") == store("us-east-1") != store("cn-north-1")
    assert (
        reached("e", EndpointRef("lake"), "b", {"AWS_REGION": "eu-west-3"}).url == "https://s3.eu-west-3.amazonaws.com"
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (S3Ref(access_key="AK"), "one key only"),
        (S3Ref(profile="p", access_key="AK", secret_key="SK"), "both a profile and keys"),
        (S3Ref(endpoint="minio:9000"), "minio:9000"),
    ],
)
def test_settings_that_cannot_hold_are_refused(settings: S3Ref, said: str) -> None:
    with pytest.raises(ServerError, match=f"^e: .*bucket b.*{said}"):
        reached("e", EndpointRef("lake", s3=settings), "b", {})


async def test_a_profile_without_boto3_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    store = Objects("lake", EndpointRef("lake", s3=S3Ref(profile="ops")), retries=1)
    with pytest.raises(ServerError, match="profile 'ops' of bucket b needs boto3") as refusal:
        await keys(store, "s3://b/t")
    assert "data-migrator[aws]" in refusal.value.hint


async def test_a_profile_gives_its_keys(lake: Lake, here: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("boto3")
    key = lake.target.key
    text = f"[ops]\naws_access_key_id = {key.access}\naws_secret_access_key = {key.secret}\n"
    (tmp_path / "credentials").write_text(text)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    store = Objects("lake", EndpointRef("lake", s3=S3Ref(lake.endpoint, profile="ops")), retries=1)
    await store.put(f"{here}/a", b"1")
    assert await keys(store, here) == {"a": 1}
    unknown = Objects("lake", EndpointRef("lake", s3=S3Ref(lake.endpoint, profile="none")), retries=1)
    with pytest.raises(ServerError, match="'none'"):
        await keys(unknown, here)


def test_locations_and_names_are_spelled_one_way() -> None:
    assert str(location_of("s3a://b/x/y/")) == str(location_of("s3n://b/x/y")) == "s3://b/x/y"
    assert str(location_of("s3://b").below("x")) == "s3://b/x"
    assert (spelled("a.b/c %"), spelled(".."), spelled("한")) == ("a%2Eb%2Fc%20%25", "%2E%2E", "%ED%95%9C")


# --- listings -----------------------------------------------------------------------------------------------------


def digest(*lines: tuple[str, bytes]) -> str:
    total = 0
    for name, content in lines:
        etag = hashlib.md5(content).hexdigest()  # noqa: S324
        total += int.from_bytes(hashlib.sha256(f"{name}\t{len(content)}\t{etag}".encode()).digest(), "big")
    return f"{total % 2**256:064x}"


def unsampled(listing: Listing) -> Listing:
    """A listing without the name of its sample, which the store's clock decides."""
    return replace(listing, sample="")


async def test_a_listing_counts_data_and_skips_the_rest(lake: Lake, store: Objects, here: str) -> None:
    data = {"a": b"1", "sub/b": b"22", "empty": b""}
    odd = ("_SUCCESS", ".x.crc", "_temporary/0/c", "sub/.hive-staging_1/d", "old_$folder$")
    await fill(store, here, data | dict.fromkeys(odd, b""))
    bucket = here.removeprefix("s3://")
    for marker in ("", "/marker", "/sub", "/_hidden"):
        assert request(lake.endpoint, lake.target.key, "PUT", f"/{bucket}{marker}/")[0] == 200
    try:
        assert unsampled(await listing_of(store, here)) == Listing(3, 3, digest(*data.items()), 8)
    finally:
        for marker in ("/marker", "/sub", "/_hidden", ""):
            request(lake.endpoint, lake.target.key, "DELETE", f"/{bucket}{marker}/")


async def test_a_listing_of_nothing_is_zeros(store: Objects, here: str) -> None:
    assert await listing_of(store, f"{here}/none") == Listing(0, 0, "0" * 64, 0)


@pytest.mark.parametrize(("few", "page"), [(0, 1000), (64, 1000), (64, 1)], ids=["together", "few", "each"])
async def test_partitions_below_the_table_and_elsewhere_are_listed_alike(
    store: Objects, here: str, few: int, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listings_module, "FEW", few)
    monkeypatch.setattr(files_module, "PAGE", page)
    table = f"{here}/t"
    found = {
        "t/dt=1/_k=x/f": b"one",
        "t/dt=1/_k=x/deep/f": b"two",
        "t/dt=1/_k=x/_tmp/f": b"no",
        "t/dt=1/_k=y%3Az/f": b"",
        "t/dt=2/_k=x/f": b"nobody asked",
        "t/stray": b"in no partition",
        "t2/dt=1/_k=x/f": b"of another table",
        "t/dt=1/_k=xx/f": b"of another partition",
        "else/where/f": b"far",
    }
    await fill(store, here, found)
    partitions = (
        FilePartition("dt=1/_k=x", ("1", "x"), f"{table}/dt=1/_k=x/"),
        FilePartition("dt=1/_k=y%3Az", ("1", "y:z"), f"{table.replace('s3:', 's3a:')}/dt=1/_k=y%3Az"),
        FilePartition("dt=3/_k=none", ("3", "none"), f"{table}/dt=3/_k=none"),
        FilePartition("dt=4/_k=far", ("4", "far"), f"{here}/else/where"),
        FilePartition("dt=5/_k=again", ("5", "again"), f"{table}/dt=1/_k=x"),
    )
    said = [pair async for pair in listings(store, Place(table, True), partitions)]
    x = Listing(2, 6, digest(("f", b"one"), ("deep/f", b"two")), 1)
    assert sorted((name, unsampled(one)) for name, one in said) == [
        ("dt=1/_k=x", x),
        ("dt=1/_k=y%3Az", Listing(1, 0, digest(("f", b"")), 0)),
        ("dt=3/_k=none", Listing(0, 0, "0" * 64, 0)),
        ("dt=4/_k=far", Listing(1, 3, digest(("f", b"far")), 0)),
        ("dt=5/_k=again", x),
    ]


@pytest.mark.parametrize("few", [0, 64], ids=["together", "each"])
async def test_a_table_without_partitions_is_all_that_is_below_it(
    store: Objects, here: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listings_module, "FEW", few)
    await fill(store, here, {"t/a": b"1", "t/sub/b": b"22", "t/_x": b"", "u/a": b"no"})
    (said,) = [pair async for pair in listings(store, Place(f"{here}/t", True), [FilePartition("", (), f"{here}/t")])]
    assert (said[0], unsampled(said[1])) == ("", Listing(2, 3, digest(("a", b"1"), ("sub/b", b"22")), 1))


async def test_the_sample_is_what_a_store_archives_first() -> None:
    tally = Tally()
    assert tally.listing.sample == ""
    for day, size, key in ((3, 2**20, "new"), (1, 2**10, "small"), (2, 2**20, "old"), (1, 0, "empty")):
        tally.add(Stored(key, size, "e", datetime(2024, 1, day, tzinfo=UTC)), data=True)
        tally.add(Stored(f"_{key}", 2**30, "e", datetime(2020, 1, 1, tzinfo=UTC)), data=False)
    assert tally.listing.sample == "old"


@pytest.mark.parametrize("few", [0, 64], ids=["together", "each"])
async def test_a_key_that_cannot_be_listed_is_of_its_partition_only(
    lake: Lake, store: Objects, here: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listings_module, "FEW", few)
    await fill(store, here, {"t/p=1/f": b"1", "t/p=3/f": b"3"})
    odd = f"/{here.removeprefix('s3://')}/t/p=2/odd\nname"
    asked = [FilePartition(f"p={n}", (str(n),), f"{here}/t/p={n}") for n in (1, 2, 3)]
    assert request(lake.endpoint, lake.target.key, "PUT", odd, b"2")[0] == 200
    try:
        place = Place(f"{here}/t", True)
        said = {name: one.files async for name, one in listings(store, place, [asked[0], asked[2]])}
        assert said == {"p=1": 1, "p=3": 1}
        with pytest.raises(BadKey, match=rf"(?s){here}/t/p=2: the key .*odd.nname' below it") as raised:
            [one async for one in listings(store, place, asked)]
        assert raised.value.partition == "p=2"
    finally:
        assert request(lake.endpoint, lake.target.key, "DELETE", odd)[0] == 204


def counting(store: Objects) -> list[str]:
    """The locations that are listed from now on."""
    asked: list[str] = []
    pages = store.pages

    def counted(location: str) -> AsyncIterator[object]:
        asked.append(location)
        return pages(location)

    store.pages = counted  # type: ignore[assignment, method-assign]
    return asked


@pytest.mark.parametrize("many", [2, 100])
async def test_partitions_take_one_listing(store: Objects, here: str, many: int) -> None:
    await fill(store, here, {f"t/p={n}/f{m}": b"%d" % n for n in range(many) for m in range(3)})
    partitions = [FilePartition(f"p={n}", (str(n),), f"{here}/t/p={n}") for n in range(many)]
    asked = counting(store)
    said = dict([pair async for pair in listings(store, Place(f"{here}/t", True), partitions)])
    assert asked == [f"{here}/t"]
    assert {name: (one.files, one.bytes) for name, one in said.items()} == {
        f"p={n}": (3, 3 * len(str(n))) for n in range(many)
    }


async def test_a_few_partitions_of_a_table_of_very_many_objects_are_listed_by_themselves(
    store: Objects, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "PAGE", 1)
    await fill(store, here, {f"t/p={n}/f": b"x" for n in range(5)})
    partitions = [FilePartition(f"p={n}", (str(n),), f"{here}/t/p={n}") for n in (3, 4)]
    asked = counting(store)
    said = [pair async for pair in listings(store, Place(f"{here}/t", True), partitions)]
    assert sorted(asked) == [f"{here}/t", f"{here}/t/p=3", f"{here}/t/p=4"]
    assert sorted((name, one.files) for name, one in said) == [("p=3", 1), ("p=4", 1)]


async def test_a_key_beside_partitions_that_cannot_be_listed_keeps_none_of_them(
    lake: Lake, store: Objects, here: str
) -> None:
    await fill(store, here, {f"t/p={n}/f": b"x" for n in range(2)})
    partitions = [FilePartition(f"p={n}", (str(n),), f"{here}/t/p={n}") for n in range(2)]
    path = f"/{here.removeprefix('s3://')}/t/p=9/odd\nname"
    assert request(lake.endpoint, lake.target.key, "PUT", path)[0] == 200
    try:
        said = [pair async for pair in listings(store, Place(f"{here}/t", True), partitions)]
    finally:
        request(lake.endpoint, lake.target.key, "DELETE", path)
    assert sorted((name, one.files) for name, one in said) == [("p=0", 1), ("p=1", 1)]
