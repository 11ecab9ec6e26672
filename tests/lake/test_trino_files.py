"""Hive tables as files, on real Trinos: what is read of one end makes the same table at the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import obstore
import pytest
from msgspec.structs import replace

from migrate.engines.files import FilePartition, Place, Sums
from migrate.engines.lake import LakeEngine
from migrate.errors import BadFilter
from migrate.model.table import Partitioning, Table, TableName
from tests.lab.lake import Lake
from tests.lake.conftest import FreshSchema
from tests.lake.engines import engine, files, pattern, table

pytestmark = [pytest.mark.xdist_group("lake")]

VALUES = ["2024-01-01", "a:b/c%d=e f#g'h?i*j\\k{l[m]n^o", 'it\'s "q"', "%3A", " lead", "x.y+z~(1)", None]


@pytest.fixture
async def source(lake: Lake) -> AsyncIterator[LakeEngine]:
    ledger = f"s3://{lake.source.bucket}/_ledger"  # so that it may be written to
    async with engine(lake, lake.source, ledger=ledger) as opened:
        yield opened


@pytest.fixture
async def target(lake: Lake) -> AsyncIterator[LakeEngine]:
    async with engine(lake, lake.target, lake.both) as opened:
        yield opened


def literal(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


async def moved(
    lake: Lake, source: LakeEngine, target: LakeEngine, found: Table, schema: str, condition: str = ""
) -> tuple[Table, list[Sums], list[Sums]]:
    """The table at the target's end, over copies of the files of its partitions, and the sums of both."""
    here, there = files(source), files(target)
    place = (await here.places([found]))[found.name]
    assert place.refused == ()
    wanted = replace(found, name=TableName(schema, found.name.name, "hive"))
    goal = f"s3://{lake.target.bucket}/{schema}/run=1/{found.name.name.encode().hex()}"
    await target.execute(there.create_over(wanted, goal), "t")
    await target.execute(there.create_over(wanted, goal), "t")  # once more changes nothing
    parts = await here.partitions(found, place, condition)

    async def turn(_: int) -> None:
        await asyncio.sleep(0)

    for part in parts:
        below = f"{goal}/{part.name}" if part.name else goal
        way = await there.way(here, part.location, below)
        await there.copy(here, part.location, below, way, lambda _files, _bytes: None, turn)
    if found.partitioning:
        await target.execute(there.sync_partitions(wanted.name), "t")
    made = await table(target, wanted.name)
    ours = sorted([one async for one in here.sums(found, wanted, condition)], key=lambda one: one.partition)
    theirs = sorted([one async for one in there.sums(wanted, wanted, "")], key=lambda one: one.partition)
    assert made == wanted
    return made, ours, theirs


async def test_partitions_of_hostile_values_arrive(
    lake: Lake, source: LakeEngine, target: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema = fresh_schema(lake.source, "hostile")
    name = TableName(schema, 'order by "x"', "hive")
    quoted = f'hive.{schema}."order by ""x"""'
    lake.source.rows(
        f"CREATE TABLE {quoted} (id bigint COMMENT 'it''s \"q\" \\', \"select\" varchar(10), d decimal(20,3),"
        ' t timestamp(3), c char(5), arr array(row(a integer, "b c" varchar)), m map(varchar, array(double)),'
        ' "from" varchar, n integer)'
        f" COMMENT 'a ''comment''' WITH (format = 'ORC', partitioned_by = ARRAY['from', 'n'],"
        f" external_location = 's3://{lake.source.bucket}/{schema}/outside')"
    )
    rows = ", ".join(
        f"({number}, 'x', 1.5, timestamp '2024-01-01 00:00:00.123', 'c', ARRAY[ROW(1, 'q')], MAP(ARRAY['k'],"
        f" ARRAY[ARRAY[1e0]]), {literal(value)}, {number})"
        for number, value in enumerate(VALUES)
    )
    lake.source.rows(f"INSERT INTO {quoted} VALUES {rows}")
    found = await table(source, name)
    assert found.comment == "a 'comment'"
    assert [(c.name, c.native, c.comment) for c in found.columns if c.name in ("id", "arr", "from")] == [
        ("id", "bigint", 'it\'s "q" \\'),
        ("arr", 'array(row("a" integer, "b c" varchar))', ""),
        ("from", "varchar", ""),
    ]
    assert found.partitioning == Partitioning("hive", "from, n", ())
    assert found.storage.options == ("format='ORC'",)
    place = (await files(source).places([found]))[name]
    assert place == Place(f"s3://{lake.source.bucket}/{schema}/outside", external=True, registers=True)
    parts = await files(source).partitions(found, place, "")
    assert sorted(part.values for part in parts if part.values[0]) == sorted(
        (value, str(number)) for number, value in enumerate(VALUES) if value
    )
    names = {part.name for part in parts}
    assert "from=a%3Ab%2Fc%25d%3De f%23g%27h%3Fi%2Aj%5Ck%7Bl%5Bm%5Dn%5Eo/n=1" in names
    assert "from=__HIVE_DEFAULT_PARTITION__/n=6" in names
    store = lake.store(lake.source.bucket, lake.source.key)
    keys = [meta["path"] for meta in obstore.list(store, f"{schema}/outside").collect() if meta["size"]]
    assert {key.split("/outside/")[1].rpartition("/")[0] for key in keys} == names
    assert await files(source).located(found, place, parts) == parts
    listed = [(part, one.files) async for part, one in files(source).listings(place, parts)]
    assert sorted(listed) == sorted((name, 1) for name in names)

    there = fresh_schema(lake.target, "hostile")
    _, ours, theirs = await moved(lake, source, target, found, there)
    assert ours == theirs
    assert {one.partition for one in ours} == names
    assert {one.rows for one in ours} == {1}
    some = [part for part in parts if part.values[0] is None or part.values[0] == "%3A"]
    chosen = [one.partition async for one in files(source).sums(found, found, "", some)]
    assert sorted(chosen) == sorted(part.name for part in some)


async def test_kinds_of_partition_columns_are_named_as_hive_does(
    lake: Lake, source: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema = fresh_schema(lake.source, "kinds")
    columns = {
        "i": ("integer", "7"),
        "b": ("boolean", "true"),
        "d": ("date", "DATE '2024-02-29'"),
        "e": ("decimal(6,2)", "DECIMAL '12.50'"),
        "z": ("decimal(6,2)", "DECIMAL '100.00'"),
        "y": ("decimal(6,0)", "DECIMAL '100'"),
        "t": ("timestamp(3)", "TIMESTAMP '2024-01-01 10:00:00.000'"),
        "u": ("timestamp(3)", "TIMESTAMP '2024-01-01 10:00:00.120'"),
        "f": ("double", "1.5E0"),
        "c": ("char(4)", "'ab'"),
        "v": ("varchar(4)", "'ab'"),
    }
    listed = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
    by = ", ".join(f"'{name}'" for name in columns)
    lake.source.rows(
        f"CREATE TABLE hive.{schema}.k (id bigint, {listed}) WITH (partitioned_by = ARRAY[{by}],"
        f" external_location = 's3://{lake.source.bucket}/{schema}/outside')"
    )
    lake.source.rows(f"INSERT INTO hive.{schema}.k VALUES (1, {', '.join(value for _, value in columns.values())})")
    found = await table(source, TableName(schema, "k", "hive"))
    place = (await files(source).places([found]))[found.name]
    (part,) = await files(source).partitions(found, place, "")
    assert [one.files async for _, one in files(source).listings(place, [part])] == [1], part
    assert await files(source).located(found, place, [part]) == (part,)
    (total,) = [one async for one in files(source).sums(found, found, "d > DATE '2024-01-01'", [part])]
    assert (total.partition, total.rows, len(total.checksums)) == (part.name, 1, 12)


async def test_conditions_name_partition_columns_only(
    lake: Lake, source: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema = fresh_schema(lake.source, "filter")
    lake.source.rows(
        f"CREATE TABLE hive.{schema}.p WITH (partitioned_by = ARRAY['regionkey']) AS"
        " SELECT nationkey, name, regionkey FROM tpch.tiny.nation"
    )
    found = await table(source, TableName(schema, "p", "hive"))
    place = (await files(source).places([found]))[found.name]

    async def names(condition: str) -> list[str]:
        return [part.name for part in await files(source).partitions(found, place, condition)]

    assert await names("regionkey BETWEEN 1 AND 2 OR regionkey = 4") == ["regionkey=1", "regionkey=2", "regionkey=4"]
    assert await names('"regionkey" IS NULL') == []
    for condition in (
        "nationkey = 1",
        "regionkey =",
        "regionkey = 'x' OR 1",
        "regionkey IN (SELECT 1)",
        "regionkey = 1) OR (name = 'x'",
        "regionkey = 1 -- all",
        "regionkey = 1; DROP TABLE x",
        "nonsense(regionkey)",
        "regionkey = '1",
    ):
        with pytest.raises(BadFilter, match=rf"^hive\.{schema}\.p: partitions: ") as caught:
            await names(condition)
        assert caught.value.hint
    with pytest.raises(BadFilter) as caught:
        await names("nationkey = 1")
    assert "insert_select" in caught.value.hint


async def test_a_partition_elsewhere_is_found_registered_and_unregistered(
    lake: Lake, source: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema = fresh_schema(lake.source, "astray")
    base = f"s3://{lake.source.bucket}/{schema}"
    columns = "(id bigint, dt varchar, k varchar)"
    by = "partitioned_by = ARRAY['dt', 'k']"
    for name in ("a", "b"):
        lake.source.rows(
            f"CREATE TABLE hive.{schema}.{name} {columns} WITH ({by}, external_location = '{base}/{name}')"
        )
    lake.source.rows(f"INSERT INTO hive.{schema}.a VALUES (1, '1', 'x/y'), (2, '2', NULL)")
    lake.source.rows(f"INSERT INTO hive.{schema}.b VALUES (3, '1', 'x/y')")
    a, b = [await table(source, TableName(schema, name, "hive")) for name in ("a", "b")]
    there = files(source)
    places = await there.places([a, b])
    assert all(place.registers and place.external for place in places.values())
    parts = {part.values: part for part in await there.partitions(a, places[a.name], "")}
    null = replace(parts["2", None])
    assert await there.partitions(b, places[b.name], "dt = '2'") == ()
    await source.execute(there.register(b, null), "t")
    (regular,) = await there.partitions(b, places[b.name], "dt = '2'")
    assert regular.location == f"{base}/b/{null.name}"
    assert [one.files async for _, one in there.listings(places[b.name], [regular])] == [0]
    assert await there.located(b, places[b.name], [regular]) == (null,)
    assert lake.source.rows(f"SELECT id FROM hive.{schema}.b WHERE k IS NULL") == [[2]]
    old = FilePartition(parts["1", "x/y"].name, ("1", "x/y"), f"{base}/b/{parts['1', 'x/y'].name}")
    await source.execute(there.unregister(b, old), "t")
    await source.execute(there.register(b, parts["1", "x/y"]), "t")
    assert sorted(lake.source.rows(f"SELECT id FROM hive.{schema}.b")) == [[1], [2]]
    await source.execute(there.forget(b.name), "t")
    assert await there.standing([a.name, b.name]) == {a.name}
    moved = replace(a.name, name="c")
    await source.execute(there.rename_to(a.name, moved), "t")
    assert await there.standing([a.name, b.name, moved]) == {moved}
    assert (await there.places([replace(a, name=moved)]))[moved].location == f"{base}/a"
    assert sorted(lake.source.rows(f"SELECT id FROM hive.{schema}.c")) == [[1], [2]]


async def test_what_owns_its_files_is_not_called_external(
    lake: Lake, source: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema = fresh_schema(lake.source, "owns")
    lake.source.rows(f"CREATE TABLE hive.{schema}.m AS SELECT 1 AS a")
    lake.source.rows(f"CREATE TABLE iceberg.{schema}.i AS SELECT 1 AS a")
    lake.source.rows(f"CREATE TABLE delta.{schema}.d AS SELECT 1 AS a")
    every = (await source.inspect([pattern(f"*.{schema}.*")])).tables
    found = [one for one in every if one.storage.engine != "unreadable"]
    strange = [one for one in every if one.storage.engine == "unreadable"]
    assert len(strange) == 6  # each catalog shows the tables of the others
    assert all("of another format than its catalog" in why for one in strange for why in source.findings(one))
    assert [(one.name.catalog, one.storage.engine) for one in found] == [
        ("delta", "delta"),
        ("iceberg", "iceberg"),
        ("hive", "hive"),
    ]
    places = await files(source).places(found)
    # Hive 4 calls it external, and deletes its files with it: external.table.purge.
    assert {name.catalog: (place.external, place.registers) for name, place in places.items()} == {
        "hive": (False, False),
        "iceberg": (False, False),
        "delta": (False, False),
    }
    assert {name.catalog: [code for code, _ in place.refused] for name, place in places.items()} == {
        "hive": [],
        "iceberg": ["MG601"],
        "delta": ["MG601"],
    }


@pytest.mark.parametrize(
    ("columns", "options", "values"),
    [
        (
            "a varchar, b varchar",
            "format = 'CSV', csv_separator = ';', skip_header_line_count = 1",
            "('h', 'h'), ('1', 'x')",
        ),
        (
            "a bigint, b varchar",
            "format = 'TEXTFILE', textfile_field_separator = '|', null_format = 'nil'",
            "(1, NULL)",
        ),
        ("a bigint, b varchar", "format = 'AVRO'", "(1, 'x')"),
        (
            "a bigint, b varchar",
            "bucketed_by = ARRAY['a'], bucket_count = 3, sorted_by = ARRAY['a DESC']",
            "(1, 'x'), (2, 'y')",
        ),
        ("a bigint, b varchar", "format = 'PARQUET', parquet_bloom_filter_columns = ARRAY['a']", "(1, 'x')"),
        ("a bigint, b varchar", "format = 'JSON'", ""),
    ],
    ids=["csv", "text", "avro", "buckets", "parquet", "empty"],
)
async def test_tables_of_every_format_arrive(
    lake: Lake,
    source: LakeEngine,
    target: LakeEngine,
    fresh_schema: FreshSchema,
    columns: str,
    options: str,
    values: str,
) -> None:
    schema, there = fresh_schema(lake.source, "form"), fresh_schema(lake.target, "form")
    location = f"s3://{lake.source.bucket}/{schema}/outside"
    lake.source.rows(f"CREATE TABLE hive.{schema}.f ({columns}) WITH ({options}, external_location = '{location}')")
    if values:
        lake.source.rows(f"INSERT INTO hive.{schema}.f VALUES {values}")
    found = await table(source, TableName(schema, "f", "hive"))
    made, ours, theirs = await moved(lake, source, target, found, there)
    assert ours == theirs
    assert len(ours) == (1 if values else 0)
    assert made.storage == found.storage
    await target.execute(files(target).analyze(made.name), "t")


async def test_very_many_columns_are_summed_up_in_parts(
    lake: Lake, source: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema = fresh_schema(lake.source, "wide")
    columns = ", ".join(f"c{number} bigint" for number in range(900))
    lake.source.rows(f"CREATE TABLE hive.{schema}.w ({columns}, dt varchar) WITH (partitioned_by = ARRAY['dt'])")
    for day in ("1", "2"):
        lake.source.rows(f"INSERT INTO hive.{schema}.w VALUES ({', '.join(map(str, range(900)))}, '{day}')")
    found = await table(source, TableName(schema, "w", "hive"))
    made = sorted([one async for one in files(source).sums(found, found, "")], key=lambda one: one.partition)
    assert [(one.partition, one.rows, len(one.checksums)) for one in made] == [("dt=1", 1, 901), ("dt=2", 1, 901)]
    assert made[0].checksums[:900] == made[1].checksums[:900]
    assert len(set(made[0].checksums)) == 901
