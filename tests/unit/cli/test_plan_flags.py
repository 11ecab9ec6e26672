"""What `plan` and `run` take beside the configuration: dated tables, and leave to drop values."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate import planfile
from migrate.errors import NoSpace
from migrate.model.plan import Plan
from migrate.model.table import Storage, Table, TableName
from tests.engines.world import integer, primary, text
from tests.unit.cli.conftest import CONFIG, Desk

PLAN = "plans/shop.toml"
DATED = TableName("shop", "log_20240101")


@pytest.fixture
def dated(desk: Desk) -> Desk:
    """The shop with a log of one day."""
    desk.old.add_table(Table(DATED, (integer("id"),), (primary("id"),), storage=Storage("memory")), [(1,), (2,)])
    return desk


@pytest.fixture
def wider(desk: Desk) -> Desk:
    """The customers are on the target, with a column that the source does not have."""
    customers = TableName("shop", "customers")
    columns = (integer("id"), text("name"), integer("points"))
    desk.new.add_table(Table(customers, columns, (primary("id"),), storage=Storage("memory")), [(1, "이름", 7)])
    return desk


def planned(path: str = PLAN) -> Plan:
    return planfile.read(Path(path))


def tables(plan: Plan) -> set[str]:
    return {one.name for one in plan.object}


# -- dated tables ------------------------------------------------------------------------------------------------------


def test_a_dated_table_stays_behind_and_is_named_in_the_plan(dated: Desk) -> None:
    assert dated("plan").code == 0
    plan = planned()
    assert tables(plan) == {"new:shop.customers", "new:shop.orders"}
    assert ("MG106", "old:shop") in [(one.code, one.object) for one in plan.finding]
    assert any("log_20240101" in one.text for one in plan.finding if one.code == "MG106")
    assert plan.move[0].dated_tables is False


def test_dated_tables_on_the_command_line_brings_all_along_and_the_plan_says_so(dated: Desk) -> None:
    assert dated("plan", "--dated-tables").code == 0
    plan = planned()
    assert f"new:{DATED}" in tables(plan)
    assert plan.move[0].dated_tables is True
    assert "MG106" not in [one.code for one in plan.finding]
    assert dated("apply", PLAN).code == 0
    assert dated.new.rows(DATED) == [(1,), (2,)]


def test_the_configuration_brings_along_what_its_globs_fit(dated: Desk) -> None:
    dated.old.add_table(Table(TableName("shop", "old_202001"), (integer("id"),), (primary("id"),)), [])
    Path("migrate.toml").write_text(CONFIG + '[options]\ndated_tables = ["shop.log_*"]\n')
    assert dated("plan").code == 0
    assert tables(planned()) == {"new:shop.customers", "new:shop.orders", f"new:{DATED}"}
    assert planned().move[0].dated_tables == ("shop.log_*",)


def test_an_include_that_names_the_table_brings_it_along(dated: Desk) -> None:
    assert dated("plan", "--include", str(DATED)).code == 0
    assert tables(planned()) == {f"new:{DATED}"}


# -- destructive changes -----------------------------------------------------------------------------------------------


def blocked(plan: Plan) -> list[str]:
    return [step.target for step in plan.step if step.risk == "destructive" and step.blocked]


def test_a_change_that_drops_values_is_blocked_until_it_is_permitted(wider: Desk) -> None:
    assert wider("plan").code == 0
    assert blocked(planned()) == ["new:shop.customers"]
    ran = wider("apply", PLAN)
    assert ran.code == 6
    assert "--allow-destructive" in ran.err
    assert wider("plan", "--allow-destructive", "shop.orders").code == 0
    assert blocked(planned()) == ["new:shop.customers"]
    for glob in ("shop.customers", "shop.*", "*.cust*"):
        assert wider("plan", "--allow-destructive", "shop.orders", "--allow-destructive", glob).code == 0
        assert blocked(planned()) == []
        assert [step.target for step in planned().step if step.risk == "destructive"] == ["new:shop.customers"]


def test_run_with_leave_does_it_in_one_go(wider: Desk) -> None:
    wider.new.tables[TableName("shop", "customers")].rows.clear()
    assert wider("run", "migrate.toml").code == 6
    ran = wider("run", "migrate.toml", "--allow-destructive", "shop.*")
    assert ran.code == 0, ran.err
    assert wider.rows("customers") == [(1, "이름"), (2, "x")]


def test_run_does_not_go_on_with_a_destructive_plan_without_leave(wider: Desk) -> None:
    wider.new.tables[TableName("shop", "customers")].rows.clear()
    leave = ("--allow-destructive", "shop.customers")
    wider.new.fail_at("write.rows", 1, NoSpace("new", "disk full"), "shop.orders")
    assert wider("run", "migrate.toml", *leave).code == 3
    ran = wider("run", "migrate.toml")
    assert ran.code == 65
    assert "not what this configuration and these flags ask for" in ran.err
    assert wider("run", "migrate.toml", *leave).code == 0


def test_run_does_not_go_on_with_other_dated_tables(dated: Desk) -> None:
    dated.new.fail_at("write.rows", 1, NoSpace("new", "disk full"), "shop.orders")
    assert dated("run", "migrate.toml", "--dated-tables").code == 3
    assert dated("run", "migrate.toml").code == 65
    assert dated("run", "migrate.toml", "--dated-tables").code == 0
    assert dated.new.rows(DATED) == [(1,), (2,)]
