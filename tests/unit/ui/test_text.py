"""The text of a plan, exactly as a reviewer reads it."""

from __future__ import annotations

import msgspec
from rich.cells import cell_len

from migrate.model.plan import CheckForeignKeys, Ddl, Estimate, Finding, LoadRows, Plan, SyncRows, Verify
from migrate.ui.sql import plan_sql
from migrate.ui.text import plan_lines, verdict
from tests.unit.ui import shop

HEAD = """\
Plan shop · sha256:3f2a9c01d4e5
  old  mysql 127.0.0.1:3306 as app  server-uuid:11
  new  mysql [::1]:3307 as app  server-uuid:22
  old:shop.* → new:shop.* (without shop.tmp_*; shop.주문_🐬 where id > 5)
"""


def text(plan: Plan, ddl: bool = False) -> str:
    return "\n".join(line.plain for line in plan_lines(plan, ddl))


def test_a_plan_shows_one_line_a_table_then_what_is_blocked_then_its_findings() -> None:
    assert text(shop.WHOLE) == HEAD + (
        """
1 table to create, 1,200,007 rows (310 MB) to load, 2 foreign keys; 1 step BLOCKED; 1 unsupported; 1 note

+ new:shop          create schema
+ new:shop.orders   create · load 1,200,000 rows (310 MB) · 2 indexes · auto_increment · 2 foreign keys · verify
~ new:shop.주문_🐬  load 7 rows (450 B) in one piece where id > 5
! new:shop.audit    load 3 rows (90 B) (destructive)
    blocked: load-rows:new:shop.audit: it holds rows that differ from the source

unsupported (1)
  MG101  old:shop.totals
      this view stays behind

note (1)
  MG301  new:shop.주문_🐬
      one unit
      of work"""
    )


def test_an_empty_plan_says_no_changes() -> None:
    assert text(shop.EMPTY) == f"{HEAD}\nNo changes. The target already has everything that this plan moves."


def test_an_empty_plan_still_shows_its_findings() -> None:
    plan = shop.plan(findings=shop.FINDINGS[:1])
    assert verdict(plan) == "No changes. The target already has everything that this plan moves. (1 unsupported)"
    assert text(plan).endswith("unsupported (1)\n  MG101  old:shop.totals\n      this view stays behind")


def test_ddl_stands_below_its_table_when_asked_for() -> None:
    assert text(shop.plan(shop.CREATE, shop.LOAD), ddl=True) == HEAD + (
        """
1 table to create, 1,200,000 rows (310 MB) to load; nothing destructive

+ new:shop.orders  create · load 1,200,000 rows (310 MB)
      CREATE TABLE `shop`.`orders` (
        `id` int NOT NULL,
        PRIMARY KEY (`id`)
      )"""
    )
    assert "CREATE TABLE" not in text(shop.plan(shop.CREATE, shop.LOAD))


def test_a_plan_without_loads_and_tables_counts_its_steps() -> None:
    assert verdict(shop.plan(shop.COUNTER, shop.VERIFY)) == "2 steps; nothing destructive"


def test_a_permitted_destructive_step_is_counted_and_marked() -> None:
    step = Ddl(id="d", target="new:shop.x", action="create-table", sql="x", risk="destructive")
    plan = shop.plan(step)
    assert verdict(plan) == "1 table to create; 1 destructive step"
    assert "- new:shop.x  create (destructive)" in text(plan)


def test_names_in_wide_scripts_keep_the_columns_straight() -> None:
    steps = tuple(
        LoadRows(id=f"load-rows:{name}", source="s", target=name, protocol="transactional")
        for name in ("new:a.b", "new:샵.주문🐬", "new:shop.注文")
    )
    lines = [line.plain for line in plan_lines(shop.plan(*steps)) if line.plain.startswith("~")]
    assert [line.split()[1] for line in lines] == ["new:a.b", "new:샵.주문🐬", "new:shop.注文"]
    assert {cell_len(line[: line.index("load")]) for line in lines} == {2 + cell_len("new:샵.주문🐬") + 2}


def test_control_signs_in_names_never_reach_the_terminal() -> None:
    evil = "new:shop.\x1b[31mred\r\u202ex"
    step = LoadRows(id=f"load-rows:{evil}", source="s", target=evil, protocol="transactional", blocked="\x07bell")
    plan = shop.plan(step, findings=(Finding("MG101", "note", evil, "a\x1b[2Jb\tc"),))
    for rendered in (text(plan), plan_sql(plan)):
        assert not {"\x1b", "\r", "\u202e", "\x07", "\t"} & set(rendered)
    assert r"new:shop.\x1b[31mred\r\u202ex" in text(plan)


def test_a_sync_says_how_many_rows_differ_and_what_becomes_of_rows_that_only_the_target_has() -> None:
    about = {"source": "old:shop.orders", "target": "new:shop.orders", "key": ("id",)}
    sync = SyncRows(id="sync-rows:new:shop.orders", estimate=Estimate(1200, 310_000), **about)  # type: ignore[arg-type]  # fields of a step
    proof = Verify(id="verify:new:shop.orders", spare=True, **about)  # type: ignore[arg-type]
    check = CheckForeignKeys(id="check-foreign-keys:new:shop.lines", source="old:shop.lines", target="new:shop.lines")
    plan = shop.plan(sync, proof, check)
    assert "1,200 rows (310 kB) to sync in 1 table" in verdict(plan)
    assert "~ new:shop.orders  sync 1,200 rows (310 kB) · verify\n" in text(plan)
    assert "~ new:shop.lines   check foreign keys" in text(plan)
    assert plan_sql(plan).splitlines()[2:] == [
        "-- sync-rows:new:shop.orders",
        "-- sync rows with old:shop.orders along (id)",
        "",
        "-- verify:new:shop.orders",
        "-- verify that new:shop.orders holds all rows of old:shop.orders",
        "",
        "-- check-foreign-keys:new:shop.lines",
        "-- count rows of new:shop.lines without a parent: no more than at old:shop.lines",
    ]
    pruning = msgspec.structs.replace(sync, prune=True, risk="destructive", estimate=Estimate())
    assert "- new:shop.orders  sync rows and prune (destructive)" in text(shop.plan(pruning))
    assert plan_sql(shop.plan(pruning)).endswith("along (id); rows that only the target has are deleted\n")


def test_sql_holds_exactly_the_statements_in_order_and_comments_for_the_rest() -> None:
    assert plan_sql(shop.plan(shop.SCHEMA, shop.CREATE, shop.LOAD, shop.COUNTER, shop.VERIFY, shop.LOG)) == (
        """\
-- plan shop, sha256:3f2a9c01d4e5

-- create-schema:new:shop
CREATE DATABASE `shop`;

-- create-table:new:shop.orders
CREATE TABLE `shop`.`orders` (
  `id` int NOT NULL,
  PRIMARY KEY (`id`)
);

-- load-rows:new:shop.orders
-- load 1,200,000 rows (310 MB) from old:shop.orders along (id); transactional

-- set-auto-increment:new:shop.orders
-- set the AUTO_INCREMENT of new:shop.orders to that of old:shop.orders

-- verify:new:shop.orders
-- verify that new:shop.orders equals old:shop.orders

-- load-rows:new:shop.주문_🐬
-- load 7 rows (450 B) from old:shop.주문_🐬 in one piece, where id > 5; whole-object
"""
    )


def test_blocked_statements_are_comments_in_sql() -> None:
    step = msgspec.structs.replace(shop.CREATE, blocked="not permitted")
    assert plan_sql(shop.plan(step)) == (
        """\
-- plan shop, sha256:3f2a9c01d4e5

-- create-table:new:shop.orders
-- BLOCKED, will not run: not permitted
-- CREATE TABLE `shop`.`orders` (
--   `id` int NOT NULL,
--   PRIMARY KEY (`id`)
-- );
"""
    )


def test_sql_of_an_empty_plan_says_so() -> None:
    assert plan_sql(shop.EMPTY) == "-- plan shop, sha256:3f2a9c01d4e5\n-- no changes\n"
