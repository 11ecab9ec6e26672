"""What cannot be moved is said by the plan, with a code and what to do instead; nothing is written for it."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from tests import lab as lab_api
from tests.e2e.command import refused
from tests.lab import client
from tests.lake.faults import ARCHIVED, Answer, Faults, Request, Rule, faults
from tests.lake.moves.conftest import Worlds
from tests.lake.moves.world import World, source_schema
from tests.lake.raw import request

pytestmark = [pytest.mark.xdist_group("lake")]


@pytest.mark.full
def test_transactional_tables_are_not_copied_by_their_files(world: World) -> None:
    world.source("CREATE TABLE {s}.acid (id bigint) WITH (format = 'ORC', external_location = '{at}/acid')")
    world.source("INSERT INTO {s}.acid VALUES 1, 2")
    # Hive's metastore lets nobody but Hive make such a table, so that its own database has to say it.
    client.rows(
        lab_api.server("lake_db"),
        "INSERT INTO TABLE_PARAMS SELECT TBL_ID, 'transactional', 'true' FROM TBLS JOIN DBS USING (DB_ID)"
        " WHERE DBS.NAME = %s AND TBL_NAME = 'acid'",
        world.schema,
        root=True,
        database="metastore_source",
    )
    world.configure(method="copy_files")
    found = world.planned()
    (refusal,) = [one for one in found["findings"] if "acid" in one["object"]]
    assert (refusal["code"], refusal["level"]) == ("MG602", "unsupported")
    assert 'method = "insert_select"' in refusal["text"]
    assert not world.steps()


@pytest.mark.full
def test_tables_of_iceberg_and_delta_are_not_copied_by_their_files(world: World) -> None:
    for catalog in ("iceberg", "delta"):
        world.source(
            f"CREATE TABLE {catalog}.{world.schema}.of_{catalog} WITH (location = '{{at}}/{catalog}') AS SELECT 1 n"
        )
        world.configure(from_=f"old:{catalog}.{world.schema}.*", method="copy_files")
        found = world.planned()
        assert [(one["code"], one["level"]) for one in found["findings"] if f"of_{catalog}" in one["object"]] == [
            ("MG601", "unsupported")
        ], found
        assert not world.steps("copy_files")
        world.source(f"DROP TABLE {catalog}.{world.schema}.of_{catalog}")


@pytest.mark.full
def test_a_managed_target_is_left_alone_and_both_ways_out_are_named(world: World) -> None:
    world.days("t", (1,))
    world.target("CREATE SCHEMA {t}")
    world.target("CREATE TABLE {t}.t (id bigint, v varchar, p integer) WITH (partitioned_by = ARRAY['p'])")
    world.target("INSERT INTO {t}.t VALUES (7, 'theirs', 7)")
    found = world.planned()
    (managed,) = [one for one in found["findings"] if one["code"] == "MG502"]
    assert managed["level"] == "unsupported"
    assert "another" in managed["text"]
    assert "drop" in managed["text"]
    ran = world.apply()
    assert ran.code == 6, ran.text
    assert world.target("SELECT * FROM {t}.t") == [[7, "theirs", 7]]


@pytest.mark.full
def test_a_target_within_the_source_is_refused(world: World) -> None:
    world.days("t", (1,))
    world.configure(location=f"{world.here}/t", keys=(world.lake.both, world.lake.both))
    assert world.codes()["MG509"] == {f"new:hive.{world.goal}.t"}
    assert not world.steps("copy_files")
    world.configure(location=world.here, keys=(world.lake.both, world.lake.both))
    world.plan()
    assert all(step["goal"].startswith(f"{world.here}/t/") for step in world.steps("copy_files"))


@pytest.mark.full
def test_tables_within_one_another_are_said(world: World) -> None:
    world.plain("outer_one")
    world.put("outer_one/inner/f", b"1|x\n")
    world.source(
        "CREATE TABLE {s}.inner_one (id bigint, v varchar) WITH (format = 'TEXTFILE', textfile_field_separator = '|',"
        " external_location = '{at}/outer_one/inner')"
    )
    world.plain("outer_two")  # its name begins alike, and it lies in none of them
    assert world.codes()["MG509"] == {f"new:hive.{world.goal}.outer_one"}


@pytest.mark.full
def test_two_moves_into_one_folder_are_refused(world: World, worlds: Worlds) -> None:
    world.plain("t")
    with source_schema(world.lake, "mv") as other:
        second = worlds(other)
        second.plain("t", rows=5)
        other_move = (
            f'[[move]]\nfrom = "old:hive.{other}.*"\nto = "new:hive.{second.goal}.*"\nlocation = "{world.there}"'
        )
        world.configure(more=other_move)
        (refused_one,) = world.codes()["MG509"]
        assert len(world.steps("copy_files")) == 1
        world.configure(more=other_move.replace(world.there, second.there))
        assert "MG509" not in world.codes()
        assert world.apply().code == 0
        assert world.target("SELECT count(*) FROM {t}.t") == [[3]]
        assert second.target("SELECT count(*) FROM {t}.t") == [[5]]
        assert refused_one in (f"new:hive.{world.goal}.t", f"new:hive.{second.goal}.t")


@pytest.mark.full
def test_a_move_of_several_schemas_has_a_folder_for_each(world: World, worlds: Worlds) -> None:
    world.plain("t")
    with source_schema(world.lake, world.schema) as other:  # its name begins like that of the first
        second = worlds(other)
        second.plain("t", rows=5)
        world.goal, second.goal = world.schema, other
        world.configure(from_=f"old:hive.{world.schema}*.*", to="new:hive.*.*")
        world.moves_all()
        assert world.target("SELECT count(*) FROM {t}.t") == [[3]]
        assert second.target("SELECT count(*) FROM {t}.t") == [[5]]


async def test_keys_that_no_listing_can_take_block_their_table_alone(world: World) -> None:
    world.days("t", (1, 2))
    world.plain("u")

    def listed(request: Request, content: bytes) -> bytes:
        return content.replace(b"/t/p=2/f</Key>", b"/t/p=2//f</Key>")  # the lab's store cannot hold such a key

    async with faults(world.lake.endpoint) as proxy:
        proxy.rewrite = listed
        world.configure(store=proxy.url)
        found = await asyncio.to_thread(world.planned)
        (said,) = [one for one in found["findings"] if one["code"] == "MG512"]
        assert (said["object"], said["level"]) == (f"new:hive.{world.goal}.t", "unsupported")
        assert said["text"].startswith("partition p=2: old: s3://"), said["text"]
        assert f"'{world.schema}/t/p=2//f'" in said["text"]
        assert [step["source"][-2:] for step in world.steps("copy_files") if not step.get("blocked")] == [".u"]
        ran = await asyncio.to_thread(world.apply)
        assert ran.code == 6, ran.text
        world.configure(store=proxy.url, partitions="p = 1", tables="t")
        await asyncio.to_thread(world.moves_all)
    assert world.target("SELECT DISTINCT p FROM {t}.t") == [[1]]


@pytest.mark.full
def test_a_control_character_in_a_key_blocks_its_table_alone(world: World) -> None:
    world.plain("t")
    world.plain("u")
    odd = f"/{world.lake.source.bucket}/{world.schema}/t/odd\nname"
    assert request(world.lake.endpoint, world.lake.both, "PUT", odd, b"1|x\n")[0] == 200
    try:
        (said,) = [one for one in world.planned()["findings"] if one["code"] == "MG512"]
    finally:
        assert request(world.lake.endpoint, world.lake.both, "DELETE", odd)[0] == 204
    assert said["object"] == f"new:hive.{world.goal}.t"
    assert "odd" in said["text"]
    assert [step["source"][-2:] for step in world.steps("copy_files") if not step.get("blocked")] == [".u"]


def asked_for(proxy: Faults) -> set[str]:
    """Objects of `t` that were read, not only listed."""
    return {one.path for one in proxy.seen if one.method == "GET" and "/t/p" in one.path and "list" not in one.path}


def archived(partition: str) -> Rule:
    """The store's answer to who reads or copies an object of that partition: it is in an archive."""

    async def rule(request: Request) -> Answer | None:
        named = request.headers.get("x-amz-copy-source", "") if request.copies else request.path
        reads = request.copies or (request.method == "GET" and "list-type" not in request.path)
        return Answer(403, ARCHIVED) if reads and f"/t/{quote(partition)}/" in named.replace("=", "%3D") else None

    return rule


async def test_objects_in_an_archive_block_their_table_alone(world: World) -> None:
    world.days("t", (1, 2, 3))
    world.plain("u")
    async with faults(world.lake.endpoint) as proxy:
        proxy.rule = archived("p=2")
        world.configure(store=proxy.url)
        found = await asyncio.to_thread(world.planned)
        (said,) = [one for one in found["findings"] if one["code"] == "MG513"]
        assert (said["object"], said["level"]) == (f"new:hive.{world.goal}.t", "unsupported")
        assert f"partition p=2: old: {world.here}/t/p=2/f: it is in an archive" in said["text"]
        assert "restore the objects" in said["text"]
        assert [step["source"][-2:] for step in world.steps("copy_files") if not step.get("blocked")] == [".u"]
        proxy.seen.clear()
        world.configure(store=proxy.url, partitions="p <> 2", tables="t")
        await asyncio.to_thread(world.plan)
        asked = [
            one.path for one in proxy.seen if one.method == "GET" and "/t/p" in one.path and "list" not in one.path
        ]
        assert len(set(asked)) == 2, "one object of each partition that moves"
        ran = await asyncio.to_thread(world.apply)
        assert ran.code == 0, ran.text
        proxy.rule = archived("p=1")
        proxy.seen.clear()
        assert "No changes" in (await asyncio.to_thread(world.plan)).out, "what was copied may go into an archive"
        assert not asked_for(proxy)
    assert world.target("SELECT DISTINCT p FROM {t}.t ORDER BY 1") == [[1], [3]]


@pytest.mark.full
@pytest.mark.parametrize("both", [True, False], ids=["server", "stream"])
async def test_what_went_into_an_archive_since_the_plan_is_named(world: World, both: bool) -> None:
    world.days("t", (1, 2))
    keys = (world.lake.both, world.lake.both) if both else None
    async with faults(world.lake.endpoint) as proxy:
        world.configure(store=proxy.url, keys=keys)
        await asyncio.to_thread(world.plan)
        proxy.rule = archived("p=2")
        ran = await asyncio.to_thread(world.apply)
        assert ran.code == 3, ran.text
        assert f"{world.here}/t/p=2/f: it is in an archive" in ran.out + ran.err
        assert "restore the objects from the archive first" in ran.out + ran.err
        proxy.rule = None
        await asyncio.to_thread(world.apply)
    world.assert_equal()


@pytest.mark.full
async def test_rows_of_an_archive_are_not_written_anew_either(world: World) -> None:
    world.days("t", (1, 2))
    async with faults(world.lake.endpoint) as proxy:
        proxy.rule = archived("p=2")
        world.configure(store=proxy.url, method="insert_select", via="source_hive")
        found = await asyncio.to_thread(world.planned)
    assert [one["code"] for one in found["findings"] if "p=2" in one["text"]] == ["MG513"]
    assert not world.steps("insert_select")


def test_a_view_whose_base_is_absent_is_left_out_and_named(world: World) -> None:
    world.plain("base")
    world.plain("kept")
    world.source("CREATE VIEW {s}.orphan AS SELECT * FROM {s}.base")
    world.source("CREATE VIEW {s}.fine AS SELECT DECIMAL '1.10' AS d, id FROM {s}.kept")
    world.source("DROP TABLE {s}.base")
    assert world.codes()["MG105"] == {f"old:hive.{world.schema}.orphan"}
    (view,) = [step for step in world.steps("ddl") if step["action"] == "create-view"]
    assert f"swap:new:hive.{world.goal}.kept" in view["after"]
    ran = world.apply()
    assert ran.code == 0, ran.text
    assert world.tables() == ["fine", "kept"]
    assert world.target("SELECT typeof(d), id FROM {t}.fine ORDER BY id LIMIT 1") == [["decimal(3,2)", 0]]


@pytest.mark.full
def test_existing_fail_leaves_what_is_there(world: World) -> None:
    world.days("t", (1,))
    world.moves_all()
    world.write("t", 2, 1)
    world.show("t")
    world.configure(existing="fail")
    assert "MG203" in world.codes()
    assert world.apply().code == 6
    assert world.target("SELECT DISTINCT p FROM {t}.t") == [[1]]


@pytest.mark.full
def test_existing_fail_holds_for_tables_without_partitions_and_for_rows(world: World) -> None:
    world.plain("t")
    world.moves_all()
    world.put("t/g", b"8|x\n")
    by_rows: dict[str, Any] = {"method": "insert_select", "via": "source_hive"}
    for more in ({}, by_rows):
        world.configure(existing="fail", **more)
        assert "MG203" in world.codes()
        assert world.apply().code == 6
        assert world.target("SELECT count(*) FROM {t}.t") == [[3]]


@pytest.mark.full
def test_a_condition_on_rows_is_no_way_to_copy_files(world: World) -> None:
    world.plain("t")
    world.configure(method="copy_files", where={"*.t": "id > 1"})
    refused(world.migrate("plan"), 78, "where")
    world.configure(where={"*.t": "id > 1"})
    assert "MG511" in world.codes()
    world.configure(where={"*.t": "id > 1"}, via="source_hive")
    world.moves_all()
    world.assert_equal(only="id > 1")
    world.nothing_left()
