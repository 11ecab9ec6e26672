"""init, show-config, analyze, show: what only looks."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from migrate import config, planfile
from migrate.model.plan import Plan
from migrate.model.table import StoredObject, Table, TableName
from tests.engines.world import integer
from tests.unit.cli.conftest import Desk
from tests.unit.ui import shop


def written(plan: Plan, path: str = "shop.toml") -> str:
    planfile.write(Path(path), planfile.seal(plan))
    return path


def test_init_writes_a_configuration_that_loads(desk: Desk) -> None:
    ran = desk("init", "conf/my shop.toml")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "wrote conf/my shop.toml: fill in the endpoints and the moves, then run `migrate plan -c 'conf/my shop.toml'`\n"
    )
    assert Path("conf/my shop.toml").read_text() == config.EXAMPLE_MYSQL


def test_init_never_overwrites(desk: Desk) -> None:
    before = Path("migrate.toml").read_text()
    ran = desk("init")
    assert (ran.code, ran.err.splitlines()[0]) == (64, "error: migrate.toml is there already, it was not touched")
    assert Path("migrate.toml").read_text() == before


def test_show_config_masks_secrets_and_names_origins(desk: Desk) -> None:
    ran = desk("show-config")
    assert ran.code == 0
    assert "secret" not in ran.out
    rows = {line.split()[0]: line.split()[1:] for line in ran.out.splitlines()}
    assert rows["endpoint.old.password"] == ["${OLD_PASSWORD}", "migrate.toml,", "environment", "OLD_PASSWORD"]
    assert rows["options.parallelism"] == ["8", "default"]
    settings = desk("show-config", "--json").lines
    assert {"type": "setting", "key": "name", "value": "shop", "origin": "migrate.toml"} in settings


def test_a_missing_configuration_is_66_and_a_broken_one_78(desk: Desk) -> None:
    assert desk("plan", "-c", "nope.toml").code == 66
    Path("bad.toml").write_text('name = "x"\nnmae = 1\n')
    ran = desk("show-config", "-c", "bad.toml")
    assert ran.code == 78
    assert "nmae" in ran.err


def stored(desk: Desk) -> None:
    """Two views, one of them broken, a trigger and an event that does not run, beside the shop's tables."""
    trigger = StoredObject("trigger", TableName("shop", "count_orders"), definer="app@%", table="orders", order=1)
    desk.old.stored += [
        StoredObject("view", TableName("shop", "totals"), definer="app@%"),
        StoredObject(
            "view", TableName("shop", "lost"), definer="gone@%", broken="it reads shop.nothing, which is gone"
        ),
        msgspec.structs.replace(trigger, timing="AFTER", event="INSERT"),
        StoredObject("event", TableName("shop", "purge"), definer="root@localhost", enabled=False),
    ]


def test_analyze_lists_tables_and_stored_objects_with_their_definers(desk: Desk) -> None:
    stored(desk)
    ran = desk("analyze", "old:shop.*")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "old:shop"
    assert " ".join(lines[1].split()) == "table engine rows size key indexes FKs partitions charset moves"
    assert lines[2].split()[:3] == ["customers", "memory", "2"]
    assert lines[3].split()[0] == "orders"
    assert lines[3].split()[-3:] == ["1", "1", "yes"]
    assert lines[4:-2] == [
        "",
        "  kind     name          definer         about                   moves",
        "  view     lost          gone@%                                  no",
        "      why not: it reads shop.nothing, which is gone",
        "  view     totals        app@%                                   yes",
        "  trigger  count_orders  app@%           AFTER INSERT ON orders  yes",
        "  event    purge         root@localhost  disabled                yes",
    ]
    assert lines[-1].startswith("2 tables, 32 rows (")
    assert lines[-1].endswith("; 2 views, 1 trigger, 1 event; 1 object cannot be moved")


def test_analyze_tells_programs_of_stored_objects_and_counts_each_kind(desk: Desk) -> None:
    stored(desk)
    lines = desk("analyze", "old:shop.*", "--json").lines
    others = {one["name"]: one for one in lines if one["type"] == "other"}
    totals, lost, trigger, event = (others[name] for name in ("totals", "lost", "count_orders", "purge"))
    assert (totals["kind"], totals["definer"], totals["moves"]) == ("view", "app@%", True)
    assert (lost["moves"], lost["why_not"]) == (False, ["it reads shop.nothing, which is gone"])
    assert [trigger[key] for key in ("table", "timing", "event", "order")] == ["orders", "AFTER", "INSERT", 1]
    assert event["enabled"] is False
    assert (lines[-1]["type"], lines[-1]["tables"], lines[-1]["rows"]) == ("total", 2, 32)
    assert lines[-1]["stored"] == {"view": 2, "trigger": 1, "event": 1}


def test_analyze_of_stored_objects_alone_lists_them(desk: Desk) -> None:
    desk.old.stored.append(StoredObject("procedure", TableName("shop", "charge"), definer="app@%"))
    ran = desk("analyze", "old:shop.charge")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "old:shop",
        "  kind       name    definer  about  moves",
        "  procedure  charge  app@%           yes",
        "",
        "0 tables, 0 rows (0 B); 1 procedure",
    ]


def test_analyze_marks_dated_tables(desk: Desk) -> None:
    desk.old.add_table(Table(TableName("shop", "log_20240101"), (integer("id"),)), [])
    ran = desk("analyze", "old:shop.*")
    assert next(line for line in ran.out.splitlines() if "log_20240101" in line).endswith("dated")
    assert ran.out.splitlines()[-1] == "1 dated table stays behind unless `dated_tables` brings it along"
    lines = desk("analyze", "old:shop.*", "--json").lines
    assert {one["name"]: (one["dated"], one["moves"]) for one in lines if one["type"] == "table"} == {
        "customers": (False, True),
        "log_20240101": (True, True),
        "orders": (False, True),
    }
    assert lines[-1]["dated_tables"] == 1


def test_analyze_for_programs(desk: Desk) -> None:
    tables = [line for line in desk("analyze", "old:shop.o*", "--json").lines if line["type"] == "table"]
    assert [(one["schema"], one["name"], one["rows"], one["key"], one["moves"]) for one in tables] == [
        ("shop", "orders", 30, ["id"], True)
    ]


def test_analyze_shows_the_servers_own_ddl_when_asked(desk: Desk) -> None:
    assert '"create_table"' in desk("analyze", "old:shop.orders", "--show-ddl").out
    assert '"create_table"' not in desk("analyze", "old:shop.orders").out


def test_analyze_of_nothing_names_the_nearest(desk: Desk) -> None:
    ran = desk("analyze", "old:shop.Order")
    assert ran.code == 1
    assert ran.err.splitlines() == [
        "error: no table on old matches 'shop.Order'",
        "  next: nearest: shop.orders, shop.customers",
    ]


def test_analyze_of_another_schema_names_the_nearest_anywhere(desk: Desk) -> None:
    assert "nearest: shop.orders" in desk("analyze", "old:shp.orders").err


def test_analyze_of_an_unknown_endpoint_or_no_pattern_is_wrong_usage(desk: Desk) -> None:
    ran = desk("analyze", "olt:shop.*")
    assert (ran.code, ran.err) == (64, "error: no endpoint 'olt' in migrate.toml\n  next: did you mean old?\n")
    assert desk("analyze", "shop.orders").code == 64


def test_show_needs_no_environment_and_no_server(desk: Desk) -> None:
    path = written(shop.WHOLE)
    ran = desk("show", path)
    assert (ran.code, ran.err) == (0, "")
    assert "! new:shop.audit    load 3 rows (90 B) (destructive)" in ran.out
    assert "CREATE TABLE" not in ran.out
    assert "CREATE TABLE `shop`.`orders`" in desk("show", path, "--ddl").out


def test_show_as_sql_and_json(desk: Desk) -> None:
    path = written(shop.GOOD)
    assert "\nCREATE DATABASE `shop`;\n" in desk("show", path, "--format", "sql").out
    whole = json.loads(desk("show", path, "--format", "json").out)
    assert (whole["name"], whole["format"], len(whole["step"])) == ("shop", 1, 7)
    first, second = desk("show", path, "--json").lines
    assert first == {"type": "version", "ui": "1.0"}
    assert (second["type"], second["plan"]) == ("plan", whole)


def test_detailed_exitcode_tells_changes_from_none(desk: Desk) -> None:
    assert desk("show", written(shop.GOOD), "--detailed-exitcode").code == 2
    assert desk("show", written(shop.GOOD)).code == 0
    assert desk("show", written(shop.EMPTY), "--detailed-exitcode").code == 0


def test_a_broken_plan_is_65_and_names_the_step(desk: Desk) -> None:
    path = Path(written(shop.GOOD))
    path.write_text(path.read_text().replace("CREATE DATABASE", "DROP DATABASE  "))
    ran = desk("show", str(path))
    assert ran.code == 65
    assert "step 'create-schema:new:shop'" in ran.err


def test_status_without_a_state_file_makes_none(desk: Desk) -> None:
    ran = desk("status", written(shop.GOOD))
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "done 0 · running 0 · failed 0 · pending 7 · 0 rows (0 B)"
    assert desk("state", "list").out == "No plan was applied with this state file.\n"
    assert desk("state", "show", "shop").code == 66
    assert not Path("state").exists()
