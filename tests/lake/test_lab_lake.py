"""The lab's lake with real servers: what tests are promised about it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import obstore
import pytest
from obstore.exceptions import BaseError
from trino.exceptions import TrinoExternalError

from tests import lab as lab_api
from tests.lab import processes
from tests.lab.buckets import KEYS, Key
from tests.lab.definitions import servers_of
from tests.lab.home import home_beside
from tests.lab.lake import End, Lake
from tests.lake.conftest import FreshSchema

# `make test` does not download a lake as long as migrate has no engine for it.
pytestmark = [pytest.mark.xdist_group("lake"), pytest.mark.full]
ROOT = Path(__file__).resolve().parents[2]
NAMES = [definition.name for definition in servers_of("lake")]
NATIONS = "SELECT nationkey, name, regionkey FROM tpch.tiny.nation"


def keys_below(lake: Lake, end: End, prefix: str) -> list[str]:
    """The keys in an end's bucket, listed with its own credential."""
    return [meta["path"] for meta in obstore.list(lake.store(end.bucket, end.key), prefix).collect()]


# --- the servers --------------------------------------------------------------------------------------------------


def test_each_trino_answers_as_its_own_version_with_its_catalogs(lake: Lake) -> None:
    seen = {end.trino.name: (end.rows("SELECT node_version FROM system.runtime.nodes")) for end in ends(lake)}
    assert seen == {"trino_source": [["476"]], "trino_target": [["483"]]}
    catalogs = [sorted(name for (name,) in end.rows("SHOW CATALOGS")) for end in ends(lake)]
    assert catalogs == [
        ["delta", "hive", "iceberg", "system", "tpch"],
        ["hive", "iceberg", "source_hive", "system", "tpch"],
    ]


def ends(lake: Lake) -> tuple[End, End]:
    return lake.source, lake.target


@pytest.mark.parametrize(
    ("end", "catalog"),
    [
        ("source", "hive"),
        ("source", "iceberg"),
        ("source", "delta"),
        ("target", "hive"),
        ("target", "iceberg"),
    ],
)
def test_a_table_is_made_in_the_ends_own_bucket_and_read_back(
    lake: Lake, fresh_schema: FreshSchema, end: str, catalog: str
) -> None:
    here = lake.source if end == "source" else lake.target
    schema = fresh_schema(here, f"{end}_{catalog}")
    table = f"{catalog}.{schema}.nation"
    assert here.rows(f"CREATE TABLE {table} AS {NATIONS}") == [[25]]
    assert here.rows(f"INSERT INTO {table} VALUES (25, 'ATLANTIS', 9)") == [[1]]
    found = here.rows(f"SELECT * FROM {table}")
    assert sorted(found) == sorted([*here.rows(NATIONS), [25, "ATLANTIS", 9]])
    paths = {path for (path,) in here.rows(f'SELECT DISTINCT "$path" FROM {table}')}
    listed = {f"s3://{here.bucket}/{key}" for key in keys_below(lake, here, schema)}
    assert len(paths) == 2
    if catalog == "hive":
        warehouse = {f"s3://{here.bucket}/{key}" for key in keys_below(lake, here, "warehouse")}
        assert {path.replace("s3a://", "s3://") for path in paths} <= listed | warehouse
    else:
        assert paths < listed  # and files of metadata


def test_a_partitioned_table_of_the_source_has_the_directories_of_hive(lake: Lake, fresh_schema: FreshSchema) -> None:
    schema = fresh_schema(lake.source, "parts")
    table = f"hive.{schema}.nation"
    location = f"s3://{lake.source.bucket}/{schema}/outside"
    properties = f"partitioned_by = ARRAY['regionkey'], external_location = '{location}'"
    lake.source.rows(f"CREATE TABLE {table} WITH ({properties}) AS {NATIONS}")
    assert sorted(lake.source.rows(f'SELECT * FROM hive.{schema}."nation$partitions"')) == [[n] for n in range(5)]
    folders = {key.split("/")[2] for key in keys_below(lake, lake.source, f"{schema}/outside")}
    assert folders == {f"regionkey={n}" for n in range(5)}


def test_the_target_reads_the_source_through_its_own_catalog(lake: Lake, fresh_schema: FreshSchema) -> None:
    there, here = fresh_schema(lake.source, "cross"), fresh_schema(lake.target, "cross")
    lake.source.rows(f"CREATE TABLE hive.{there}.nation AS {NATIONS}")
    copy = f"CREATE TABLE hive.{here}.nation AS SELECT * FROM source_hive.{there}.nation"
    assert lake.target.rows(copy) == [[25]]
    expected = sorted(lake.source.rows(NATIONS))
    assert sorted(lake.target.rows(f"SELECT * FROM hive.{here}.nation")) == expected
    assert sorted(lake.target.rows(f"SELECT * FROM source_hive.{there}.nation")) == expected


def test_the_ends_have_metastores_of_their_own(lake: Lake, fresh_schema: FreshSchema) -> None:
    there, here = fresh_schema(lake.source, "own"), fresh_schema(lake.target, "own")
    assert lake.source.rows(f"SHOW SCHEMAS FROM hive LIKE '{here}'") == []
    assert lake.target.rows(f"SHOW SCHEMAS FROM hive LIKE '{there}'") == []
    assert lake.target.rows(f"SHOW SCHEMAS FROM source_hive LIKE '{there}'") == [[there]]
    assert len({server.port for end in ends(lake) for server in (end.trino, end.metastore)}) == 4


# --- credentials --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("end", "other"), [("source", "target"), ("target", "source")])
def test_a_key_may_not_use_the_bucket_of_the_other_end(lake: Lake, end: str, other: str) -> None:
    bucket, key = KEYS[other].buckets[0], KEYS[end]
    own, theirs = lake.store(key.buckets[0], key), lake.store(bucket, key)
    obstore.put(own, f"keys_{end}/mine", b"1")
    assert bytes(obstore.get(own, f"keys_{end}/mine").bytes()) == b"1"
    for attempt in (
        lambda: obstore.put(theirs, f"keys_{end}/theirs", b"1"),
        lambda: obstore.get(theirs, "_lab/answers"),
        lambda: obstore.list(theirs).collect(),
        lambda: obstore.delete(theirs, "_lab/answers"),
    ):
        with pytest.raises(BaseError, match=r"AccessDenied|Access Denied|DeleteObjects request failed"):
            attempt()
    both = lake.store(bucket, lake.both)
    assert [meta["path"] for meta in obstore.list(both, "_lab").collect()] == ["_lab/answers"]
    assert obstore.list(both, f"keys_{end}").collect() == []
    obstore.delete(own, f"keys_{end}/mine")


def test_a_wrong_secret_is_refused(lake: Lake) -> None:
    with pytest.raises(BaseError, match="SignatureDoesNotMatch"):
        obstore.list(lake.store(lake.source.bucket, Key(lake.source.key.access, "wrong", ()))).collect()


def test_one_key_may_use_both_buckets(lake: Lake) -> None:
    for end in ends(lake):
        store = lake.store(end.bucket, lake.both)
        obstore.put(store, "keys_both/x", b"2")
        assert bytes(obstore.get(store, "keys_both/x").bytes()) == b"2"
        obstore.delete(store, "keys_both/x")


def test_the_source_trino_cannot_write_to_the_targets_bucket(lake: Lake, fresh_schema: FreshSchema) -> None:
    schema = fresh_schema(lake.source, "astray")
    location = f"s3://{lake.target.bucket}/{schema}"
    with pytest.raises(TrinoExternalError, match=f"Failed checking path: {location}"):
        lake.source.rows(f"CREATE TABLE hive.{schema}.n WITH (external_location = '{location}') AS {NATIONS}")
    assert keys_below(lake, lake.target, schema) == []


# --- the life of the servers --------------------------------------------------------------------------------------


def test_the_lake_is_started_once(lake: Lake) -> None:
    before = [(record.key, record.port, record.process) for record in lab_api.status() if record.key in NAMES]
    started = time.monotonic()
    again = lab_api.up("lake", keep=False)
    assert time.monotonic() - started < 15
    command = [sys.executable, "-m", "tests.lab", "status"]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split()[-1] for line in lines if line.split()[0] in NAMES] == ["up"] * len(NAMES)
    after = [(record.key, record.port, record.process) for record in lab_api.status() if record.key in NAMES]
    assert after == before
    assert sorted(again.servers) == sorted(NAMES) == sorted(key for key, _, _ in before)


def test_a_killed_store_comes_back_with_its_objects_at_the_same_address(lake: Lake, fresh_schema: FreshSchema) -> None:
    schema = fresh_schema(lake.source, "kept")
    lake.source.rows(f"CREATE TABLE hive.{schema}.nation AS {NATIONS}")
    trinos = [lake.source.trino.pid, lake.target.trino.pid]
    lab_api.kill9(lake.s3)
    again = lab_api.up("lake", keep=False).servers
    assert again["s3"].port == lake.s3.port
    assert again["s3"].pid != lake.s3.pid
    assert [again["trino_source"].pid, again["trino_target"].pid] == trinos
    assert len(lake.source.rows(f"SELECT * FROM hive.{schema}.nation")) == 25


def test_a_second_lake_is_up_within_90_s_and_leaves_no_process(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home_beside(tmp_path)
    monkeypatch.setenv("MIGRATE_LAB_HOME", str(folder))
    sockets = set(Path("/tmp").glob("seaweedfs-*"))  # noqa: S108
    command = [sys.executable, "-m", "tests.lab", "up", "lake"]
    started = time.monotonic()
    runs = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        outputs = [run.communicate(timeout=300)[0] for run in runs]
        seconds = time.monotonic() - started
        assert [run.returncode for run in runs] == [0, 0]
        assert outputs[0] == outputs[1]
        assert outputs[0].count("_PORT=") == len(NAMES)
        records = lab_api.status()
        assert len(records) == len(NAMES)
    finally:
        lab_api.down(wipe=True)
    assert [record.key for record in records if processes.alive(record.process)] == []
    assert set(Path("/tmp").glob("seaweedfs-*")) <= sockets  # noqa: S108  # where the store puts them
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(folder) in words_of(path)]
    assert left == []
    assert seconds < 90


def words_of(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:  # it has ended meanwhile
        return ""
