"""Tables that go from one format to another, and rows that Trino writes, on real Trinos."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from migrate.engines.files import FilePartition
from migrate.engines.lake import LakeEngine
from migrate.engines.values import Dialect, Renames
from migrate.errors import ServerError
from migrate.model.change import AddColumn, AlterColumn, AlterComment, DropColumn
from migrate.model.table import Catalog, Column, Schema, Table, TableName
from migrate.model.types import Integer
from tests.lab.lake import Lake
from tests.lake.conftest import FreshSchema
from tests.lake.engines import engine, files, pattern, table

pytestmark = [pytest.mark.xdist_group("lake"), pytest.mark.full]

ORIGIN = Dialect("trino", (476,))
HIVE = (
    "a tinyint, b smallint, c char(5), d varchar(10), t timestamp(3), dec decimal(20,3), r real,"
    ' arr array(row("X" char(2), y map(varchar(3), timestamp(3)))), bin varbinary, day date, dt varchar, n integer'
)
ROWS = (
    "(1, 2, 'ab', 'x', timestamp '2024-01-01 00:00:00.123', 1.5, 2.5e0, ARRAY[ROW('q', MAP(ARRAY['k'],"
    " ARRAY[timestamp '2024-01-01 00:00:00.5']))], X'00FF', date '2024-02-29', '2024-01-01', 1),"
    "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'it''s', 2)"
)


@pytest.fixture
async def source(lake: Lake) -> AsyncIterator[LakeEngine]:
    async with engine(lake, lake.source) as opened:
        yield opened


@pytest.fixture
async def target(lake: Lake) -> AsyncIterator[LakeEngine]:
    async with engine(lake, lake.target, lake.both) as opened:
        yield opened


async def wanted_at(opened: LakeEngine, found: Table, name: TableName) -> tuple[Table, list[tuple[str, str]]]:
    """What the table is at that name, and the codes of notes by their parts."""
    said = await opened.translate(Catalog(tables=(replace(found, name=name),)), ORIGIN)
    assert said.refused == ()
    return said.catalog.tables[0], sorted((note.code, note.part) for note in said.notes)


async def filled(lake: Lake, source: LakeEngine, schema: str) -> Table:
    lake.source.rows(
        f"CREATE TABLE hive.{schema}.f ({HIVE}) COMMENT 'of it' WITH (partitioned_by = ARRAY['dt', 'n'],"
        " bucketed_by = ARRAY['d'], bucket_count = 4, sorted_by = ARRAY['t DESC', 'd'], format = 'PARQUET')"
    )
    lake.source.rows(f"INSERT INTO hive.{schema}.f VALUES {ROWS}")
    return await table(source, TableName(schema, "f", "hive"))


async def test_a_table_of_hive_becomes_one_of_iceberg(
    lake: Lake, source: LakeEngine, target: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema, there = fresh_schema(lake.source, "ice"), fresh_schema(lake.target, "ice")
    found = await filled(lake, source, schema)
    wanted, codes = await wanted_at(target, found, TableName(there, "f", "iceberg"))
    assert codes == [("MG606", name) for name in ("a", "arr", "b", "c", "d", "t")] + [("MG612", "")]
    assert [column.native for column in wanted.columns][:8] == [
        *("integer", "integer", "varchar", "varchar", "timestamp(6)", "decimal(20, 3)", "real"),
        'array(row("x" varchar, "y" map(varchar, timestamp(6))))',
    ]
    location = f"s3://{lake.target.bucket}/{there}/run"
    await target.execute(files(target).create_over(wanted, location), "t")
    made = await table(target, wanted.name)
    assert made.partitioning is not None
    assert made.partitioning.expression == "ARRAY['dt','n','bucket(d, 4)']"
    assert made == wanted
    insert = files(target).insert(wanted, found, "source_hive", "", ())
    for sql in insert * 2:  # once more changes nothing
        await target.execute(sql, "t")
    ours = sorted([one async for one in files(source).sums(found, wanted, "")], key=str)
    theirs = sorted([one async for one in files(target).sums(wanted, wanted, "")], key=str)
    assert ours == theirs
    assert [one.partition for one in ours] == ["dt=2024-01-01/n=1", "dt=it%27s/n=2"]


async def test_a_table_of_hive_becomes_one_of_delta(lake: Lake, source: LakeEngine, fresh_schema: FreshSchema) -> None:
    schema = fresh_schema(lake.source, "delta")
    found = await filled(lake, source, schema)
    wanted, codes = await wanted_at(source, found, TableName(schema, "g", "delta"))
    assert codes == [("MG606", name) for name in ("arr", "c", "d", "t")] + [("MG610", "")]
    await source.execute(files(source).create_over(wanted, f"s3://{lake.source.bucket}/{schema}/run"), "t")
    made = await table(source, wanted.name)
    assert made == wanted
    for sql in files(source).insert(wanted, found, "", "n = 1", ()):
        await source.execute(sql, "t")
    ours = [one async for one in files(source).sums(found, wanted, "n = 1")]
    assert ours == [one async for one in files(source).sums(wanted, wanted, "")]
    assert [one.rows for one in ours] == [1]


async def test_a_table_of_iceberg_becomes_one_of_hive_and_what_may_change_is_told(
    lake: Lake, source: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema = fresh_schema(lake.source, "back")
    lake.source.rows(
        f"CREATE TABLE iceberg.{schema}.i (u uuid NOT NULL, dt varchar, t timestamp(6), z timestamp(6) with time zone,"
        " h time(6), s bigint) WITH (partitioning = ARRAY['dt', 'day(t)'], sorted_by = ARRAY['s'])"
    )
    lake.source.rows(
        f"INSERT INTO iceberg.{schema}.i VALUES (uuid '12151fd2-7586-11e9-8f9e-2a86e4085a59', 'x',"
        " timestamp '2024-01-01 00:00:00.123', timestamp '2024-01-01 00:00:00.5 UTC', time '01:02:03', 5)"
    )
    found = await table(source, TableName(schema, "i", "iceberg"))
    wanted, codes = await wanted_at(source, found, TableName(schema, "h", "hive"))
    assert codes == [
        *(("MG606", name) for name in ("h", "u")),
        *(("MG607", name) for name in ("t", "z")),
        ("MG608", "u"),
        ("MG610", ""),
        ("MG613", ""),
    ]
    assert [column.name for column in wanted.columns] == ["u", "t", "z", "h", "s", "dt"]
    await source.execute(files(source).create_over(wanted, f"s3://{lake.source.bucket}/{schema}/run"), "t")
    assert await table(source, wanted.name) == wanted
    (insert,) = files(source).insert(wanted, found, "", "", (FilePartition("dt=x", ("x",), ""),))
    session, replaces = files(source).insert_session(wanted)
    assert replaces
    for _ in range(2):  # the partition is written over
        await source.execute(insert, "t", session)
    ours = [one async for one in files(source).sums(found, wanted, "")]
    assert ours == [one async for one in files(source).sums(wanted, wanted, "")]
    assert [(one.partition, one.rows) for one in ours] == [("dt=x", 1)]


async def test_a_table_stays_as_it_is_in_its_own_format_and_needs_a_catalog(
    lake: Lake, source: LakeEngine, target: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema = fresh_schema(lake.source, "own")
    found = await filled(lake, source, schema)
    wanted, codes = await wanted_at(target, found, TableName("s", "f", "hive"))
    assert (wanted, codes) == (replace(found, name=wanted.name), [])
    said = await target.translate(Catalog(tables=(replace(found, name=TableName("s", "f", "tpch")),)), ORIGIN)
    assert [note.code for note in said.refused] == ["MG605"]
    with pytest.raises(ServerError, match="tables of mysql cannot go into a lake yet"):
        await target.translate(Catalog(), Dialect("mysql", (8, 0, 33)))


async def test_a_table_that_is_there_gets_columns_and_comments(
    lake: Lake, source: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema = fresh_schema(lake.source, "alter")
    lake.source.rows(f"CREATE TABLE hive.{schema}.a (x bigint, dt varchar) WITH (partitioned_by = ARRAY['dt'])")
    actual = await table(source, TableName(schema, "a", "hive"))
    more = Column("y", "integer", Integer(32), comment="it's")
    x = replace(actual.columns[0], comment="an x")
    wanted = replace(actual, columns=(x, more, actual.columns[1]), comment="of it")
    changes = (
        AlterColumn(actual.name, actual.columns[0], x),
        AddColumn(actual.name, more, "x"),
        AlterComment(actual.name, "", "of it"),
    )
    for one in source.alter_table(wanted, actual, changes, "", ORIGIN):
        assert one.refused == ""
        await source.execute(one.sql, "t")
    assert await table(source, actual.name) == wanted
    (refused,) = source.alter_table(actual, wanted, (DropColumn(actual.name, more),), "", ORIGIN)
    assert "drop column" in refused.refused


async def test_views_keep_their_words_but_for_names(
    lake: Lake, source: LakeEngine, target: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema, there = fresh_schema(lake.source, "view"), fresh_schema(lake.target, "view")
    for end, name in ((lake.source, schema), (lake.target, there)):
        end.rows(f"CREATE TABLE hive.{name}.t AS SELECT 1 AS a, DECIMAL '2.55' AS d, '{schema}' AS s")
        end.rows(f'CREATE TABLE hive.{name}."odd \'t" AS SELECT 1 AS a')
    lake.source.rows(
        f"CREATE VIEW hive.{schema}.v COMMENT 'it''s' SECURITY INVOKER AS WITH c AS (SELECT a FROM hive.{schema}.t)"
        f" SELECT t.a, DECIMAL '1.10' AS x, CHAR 'xyz' AS y, round(d, 1) AS z, 'hive.{schema}.t' AS w,"
        f" trim(both 'x' FROM s) AS q FROM hive.{schema}.t t, c JOIN hive.{schema}.\"odd 't\" o ON o.a = c.a"
    )
    lake.source.rows(f"CREATE MATERIALIZED VIEW iceberg.{schema}.mv AS SELECT a FROM hive.{schema}.t")
    try:
        catalog = await source.inspect([pattern(f"hive.{schema}.*"), pattern(f"iceberg.{schema}.mv")])
        materialized, view = sorted(catalog.stored, key=lambda one: one.name.name)
        assert materialized.broken.startswith("materialized views are not moved")
        assert view.settings == (("comment", "it's"), ("security", "INVOKER"))
        assert "DECIMAL '1.10'" in view.text
        assert {use.of for use in catalog.uses if use.by == view.key} == {
            TableName(schema, "t", "hive"),
            TableName(schema, "odd 't", "hive"),
        }
        wanted = source.rename(view, TableName(there, "v", "hive"), Renames({schema: there}))
        assert wanted.text.count(there) == 3
        assert f"'hive.{schema}.t'" in wanted.text
        definitions = await source.stored_definitions([view])
        assert definitions[view.key].startswith("CREATE VIEW")
        script = target.create_stored(wanted, definitions[view.key], Renames(), ORIGIN)
        for _ in range(2):
            await target.execute(script.sql, "t", dict(script.session))
        (made,) = (await target.inspect([pattern(f"hive.{there}.v")])).stored
        assert replace(made, text="") == replace(wanted, text="")
        assert " ".join(made.text.replace('"', "").split()) == " ".join(wanted.text.replace('"', "").split())
        columns = "a, x, y, z, q"
        assert lake.target.rows(f"SELECT {columns} FROM hive.{there}.v") == lake.source.rows(
            f"SELECT {columns} FROM hive.{schema}.v"
        )
        await target.execute(target.drop_stored(wanted), "t")
        assert (await target.inspect([pattern(f"hive.{there}.v")])).stored == ()
    finally:
        lake.source.rows(f"DROP MATERIALIZED VIEW iceberg.{schema}.mv")
        lake.source.rows(f"DROP VIEW IF EXISTS hive.{schema}.v")
        lake.target.rows(f"DROP VIEW IF EXISTS hive.{there}.v")


async def test_what_is_ours_is_not_seen_and_a_schema_is_made_once(
    lake: Lake, source: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema = fresh_schema(lake.source, "ours")
    for name in ("_mo_1", "_migrate_x", "a"):
        lake.source.rows(f"CREATE TABLE hive.{schema}.{name} AS SELECT 1 AS a")
    catalog = await source.inspect([pattern(f"hive.{schema}.*")])
    assert [one.name.name for one in catalog.tables] == ["a"]
    assert catalog.schemas == (Schema(schema, catalog="hive"),)
    hidden = TableName(schema, "_mo_1", "hive")
    assert await files(source).standing([hidden, TableName(schema, "none", "hive")]) == {hidden}
    assert await source.occupied([hidden]) == {hidden}
    await source.execute(source.create_schema(catalog.schemas[0]), "t")
    definitions = await source.definitions([catalog.tables[0].name])
    assert definitions[catalog.tables[0].name].startswith(f"CREATE TABLE hive.{schema}.a (")
    assert (await source.inspect([pattern("hive.nowhere.*"), pattern("nothing.x.*")])) == Catalog()
    with pytest.raises(ServerError, match="rows of a lake are not moved one by one"):
        source.reader()
    with pytest.raises(ServerError, match="rows of a lake are not moved one by one"):
        source.writer("t")
    with pytest.raises(ServerError) as caught:
        await source.prepare_ledger([("hive", schema)])
    assert caught.value.hint == 'give ledger = "s3://bucket/prefix" in endpoint.source'
