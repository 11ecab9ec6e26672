"""How many questions are asked about many tables, on real Trinos."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from migrate.engines.files import FilePartition
from migrate.engines.lake import LakeEngine
from migrate.errors import BadFilter, NotThere
from migrate.model.table import Table, TableName
from tests.lab.lake import Lake
from tests.lake.conftest import FreshSchema
from tests.lake.engines import engine, files, pattern, ref_of
from tests.lake.questions import asked

pytestmark = [pytest.mark.xdist_group("lake")]

KINDS = {
    "a": "p varchar",
    "b": "p integer",
    "c": "p date, q varchar(3)",
    "d": "p char(4), q decimal(6,2), r boolean",
    "e": "",
    "f": "p varchar",
}
"""Tables by the columns that they are partitioned by; `e` by none."""
VALUES = {
    "a": "'it''s', NULL",
    "b": "7, NULL",
    "c": "DATE '2024-02-29', 'x/y'",
    "d": "'ab', DECIMAL '12.50', true",
    "f": "'1', '2'",
}


@pytest.fixture
async def source(lake: Lake) -> AsyncIterator[LakeEngine]:
    async with engine(lake, lake.source, ledger=f"s3://{lake.source.bucket}/_ledger") as opened:
        yield opened


def fill(lake: Lake, schema: str) -> None:
    """The tables of `KINDS`; `a`, `b` and `f` have two partitions."""
    for name, columns in KINDS.items():
        place = f"external_location = 's3://{lake.source.bucket}/{schema}/{name}'"
        by = ", ".join(f"'{column.split()[0]}'" for column in columns.split(", ") if column)
        more = f", {columns}" if columns else ""
        having = f"partitioned_by = ARRAY[{by}], {place}" if by else place
        lake.source.rows(f"CREATE TABLE hive.{schema}.{name} (id bigint{more}) WITH ({having})")
        if name in ("a", "b", "f"):
            first, second = VALUES[name].split(", ")
            lake.source.rows(f"INSERT INTO hive.{schema}.{name} VALUES (1, {first}), (2, {second})")
        else:
            lake.source.rows(f"INSERT INTO hive.{schema}.{name} VALUES (1{columns and ', ' + VALUES[name]})")


async def tables_of(opened: LakeEngine, schema: str) -> list[Table]:
    return list((await opened.inspect([pattern(f"hive.{schema}.*")])).tables)


async def test_partitions_of_many_tables_are_one_question(
    lake: Lake, source: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema = fresh_schema(lake.source, "many")
    fill(lake, schema)
    tables = await tables_of(source, schema)
    places = await files(source).places(tables)
    assert all(place.external and not place.refused for place in places.values())

    async def partitions(table: Table) -> tuple[FilePartition, ...]:
        return await files(source).partitions(table, places[table.name], "")

    found = await asyncio.gather(*map(partitions, tables))
    assert [[one.name for one in some] for some in found] == [
        ["p=__HIVE_DEFAULT_PARTITION__", "p=it%27s"],
        ["p=7", "p=__HIVE_DEFAULT_PARTITION__"],
        ["p=2024-02-29/q=x%2Fy"],
        ["p=ab  /q=12.5/r=true"],
        [""],
        ["p=1", "p=2"],
    ]
    assert asked(lake.source, schema, "SHOW CREATE") == len(KINDS)
    assert asked(lake.source, schema, "$properties") == len(KINDS)
    assert asked(lake.source, schema, "$partitions") == 1
    shown = await source.definitions([table.name for table in tables])
    assert all(f"{schema}.{table.name.name} (" in shown[table.name] for table in tables)
    assert asked(lake.source, schema, "SHOW CREATE") == len(KINDS)  # none is asked for what it was asked before
    assert [await partitions(table) for table in tables] == found  # as each is told alone
    some = {"a": "p IS NULL", "b": "p > 3", "f": "p IN ('2')"}
    meant = [one for one in tables if one.name.name in some]
    chosen = await asyncio.gather(
        *(files(source).partitions(one, places[one.name], some[one.name.name]) for one in meant)
    )
    assert [[one.name for one in part] for part in chosen] == [["p=__HIVE_DEFAULT_PARTITION__"], ["p=7"], ["p=2"]]


async def test_a_table_that_cannot_be_read_spoils_no_other(
    lake: Lake, source: LakeEngine, fresh_schema: FreshSchema
) -> None:
    schema = fresh_schema(lake.source, "broken")
    fill(lake, schema)
    lake.source.rows(
        f"CREATE TABLE hive.{schema}.twice (id bigint) WITH (external_location = "
        f"'s3://{lake.source.bucket}/{schema}/twice', extra_properties = MAP(ARRAY['External'], ARRAY['1']))"
    )
    tables = [one for one in await tables_of(source, schema) if one.name.name in ("a", "b", "f", "twice")]
    places = {name.name: place for name, place in (await files(source).places(tables)).items()}
    assert {name: place.external for name, place in places.items()} == {"a": True, "b": True, "f": True, "twice": False}
    ((code, text),) = places["twice"].refused  # Trino itself fails at it: two parameters that differ in case only
    assert code == "MG603"
    assert "Multiple entries with same key" in text

    a, b, f = tables[:3]
    gone = replace(f, name=TableName(schema, "gone", "hive"))
    first, wrong, absent, last = await asyncio.gather(
        files(source).partitions(a, places["a"], ""),
        files(source).partitions(b, places["b"], "id = 1"),
        files(source).partitions(gone, places["f"], ""),
        files(source).partitions(f, places["f"], ""),
        return_exceptions=True,
    )
    assert not isinstance(first, BaseException)
    assert not isinstance(last, BaseException)
    assert (len(first), [one.name for one in last]) == (2, ["p=1", "p=2"])
    assert isinstance(wrong, BadFilter)
    assert f"hive.{schema}.b" in str(wrong)
    assert isinstance(absent, NotThere)
    assert f"hive.{schema}.gone" in str(absent)


async def test_whether_partitions_may_be_registered_is_asked_once(lake: Lake, fresh_schema: FreshSchema) -> None:
    schema = fresh_schema(lake.source, "once")
    fill(lake, schema)
    user = schema
    opened = LakeEngine("source", replace(ref_of(lake, lake.source), user=user), 4)
    try:
        places = await files(opened).places(await tables_of(opened, schema))
    finally:
        await opened.close()
    assert [place.registers for _, place in sorted(places.items())] == [bool(by) for by in KINDS.values()]
    calls = f"SELECT count(*) FROM system.runtime.queries WHERE \"user\" = '{user}' AND starts_with(query, 'CALL')"
    assert lake.source.rows(calls) == [[1]]
