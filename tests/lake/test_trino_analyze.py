"""What `migrate analyze` shows of a lake, on real Trinos."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from migrate.cli.analyze import _with_files
from migrate.engines.lake import LakeEngine
from migrate.model.plan import S3Ref
from migrate.ui.inventory import Entry, inventory_lines
from tests.lab.lake import Lake
from tests.lake.conftest import FreshSchema
from tests.lake.engines import engine, pattern, ref_of

pytestmark = [pytest.mark.xdist_group("lake"), pytest.mark.full]


async def entries(opened: LakeEngine, schema: str) -> tuple[Entry, ...]:
    catalog = await opened.inspect([pattern(f"*.{schema}.*")])
    found = tuple(Entry(one, 0, 0, (), opened.findings(one)) for one in catalog.tables)
    return await _with_files(opened.lake_files, found)


async def test_tables_are_shown_with_their_files(lake: Lake, fresh_schema: FreshSchema) -> None:
    schema = fresh_schema(lake.source, "analyze")
    base = f"s3://{lake.source.bucket}/{schema}"
    lake.source.rows(
        f"CREATE TABLE hive.{schema}.p WITH (format = 'ORC', partitioned_by = ARRAY['regionkey'],"
        f" external_location = '{base}/outside') AS SELECT nationkey, name, regionkey FROM tpch.tiny.nation"
    )
    lake.source.rows(f"CREATE TABLE hive.{schema}.empty (a varchar) WITH (format = 'CSV')")
    lake.source.rows(f"CREATE TABLE iceberg.{schema}.i AS SELECT 1 AS a")
    async with engine(lake, lake.source) as opened:
        every = await entries(opened, schema)
        statements = await opened.definitions([one.table.name for one in every])
    assert all(bool(statements[one.table.name]) is not bool(one.why_not) for one in every)
    found = tuple(one for one in every if not one.why_not)  # each catalog shows the tables of the others too
    text = "\n".join(line.plain for line in inventory_lines("lake", found, (), {}))
    lines = {words[0]: words for words in (line.split() for line in text.splitlines()) if words}
    p, empty, i = lines["p"], lines["empty"], lines["i"]
    assert p[:6] == ["p", "hive", "ORC", "outside", "5", "5"]
    assert p[-2:] == ["copy_files", f"{base}/outside"]
    assert empty[:6] == ["empty", "hive", "CSV", "its", "own", "0"]
    assert i[:3] == ["i", "iceberg", "PARQUET"]
    assert "insert_select" in i
    assert f"lake:hive.{schema}" in text
    assert "3 tables" in text


async def test_a_store_that_refuses_is_told_beside_the_table(lake: Lake, fresh_schema: FreshSchema) -> None:
    schema = fresh_schema(lake.source, "refuses")
    lake.source.rows(f"CREATE TABLE hive.{schema}.t AS SELECT 1 AS a")
    ref = replace(ref_of(lake, lake.source), s3=S3Ref(lake.endpoint, "us-east-1", "", lake.target.key.access, "wrong"))
    opened = LakeEngine("source", ref, 2)
    try:
        found = await entries(opened, schema)
    finally:
        await opened.close()
    found = tuple(one for one in found if not one.why_not)
    text = "\n".join(line.plain for line in inventory_lines("lake", found, (), {}))
    assert found[0].stored is not None
    assert found[0].stored.files is None
    assert f"files: {found[0].stored.unlisted}" in text
    assert "1 table, 0 files (0 B), without those of 1 table that were not counted" in text
