"""Renaming in bodies and views: what is certain changes, what is not is refused, and nothing else moves."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migrate.engines.base import Renames
from migrate.engines.mysql.names import Scope, rename_names, target_of
from migrate.errors import UnreadableDdl
from migrate.model.table import TableName
from migrate.sql import quote

SHOP = Renames({"shop": "crm"})


def renamed(text: str, renames: Renames = SHOP, home: str = "shop", sql_mode: str = "") -> str:
    return rename_names(text, renames, Scope(home, renames.schemas.get(home, home), sql_mode))


def why(text: str, renames: Renames = SHOP, home: str = "shop", sql_mode: str = "") -> str:
    with pytest.raises(UnreadableDdl) as caught:
        renamed(text, renames, home, sql_mode)
    return caught.value.why


# -- schemas


def test_only_a_qualifier_is_renamed_and_every_other_byte_stays() -> None:
    body = (
        "begin /* shop.x */ insert into `shop`.`t`(a) select  shop . f(1), 'shop.t', x'41', @shop.v, `t` . a\n"
        "  from shop.t as t; call `shop`.p(); -- shop.p\n end"
    )
    assert renamed(body, Renames({"shop": "a`b"})) == (
        "begin /* shop.x */ insert into `a``b`.`t`(a) select  `a``b` . f(1), 'shop.t', x'41', @shop.v, `t` . a\n"
        "  from `a``b`.t as t; call `a``b`.p(); -- shop.p\n end"
    )


def test_renaming_there_and_back_gives_the_text_again() -> None:
    text = "set NEW.a = `shop`.f(NEW.b, 'shop.a'); insert into `shop`.`t` select `shop`.`t`.`a` from `shop`.`t`"
    there = renamed(text)
    assert there == text.replace("`shop`.", "`crm`.")
    assert renamed(there, Renames({"crm": "shop"}), "crm") == text


def test_several_schemas_change_at_once_and_swap() -> None:
    swapped = Renames({"a": "b", "b": "a"})
    assert renamed("select a.t.x, b.f(1) from a.t, b.t, c.t", swapped, "a") == (
        "select `b`.t.x, `a`.f(1) from `b`.t, `a`.t, c.t"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "update shop.t set a = 1",
        "update low_priority ignore shop.t, shop.u set a = 1",
        "insert shop.t values (1)",
        "insert into shop.t (a) values (1) on duplicate key update a = shop.f(a)",
        "insert ignore into shop.t set a = 1",
        "replace low_priority shop.t select 1",
        "delete from shop.t where shop.t.a = 1",
        "delete shop.t, shop.u from shop.t join shop.u using (a)",
        "delete quick from shop.t using shop.t inner join shop.u",
        "truncate shop.t",
        "truncate table shop.t",
        "drop temporary table if exists shop.t, shop.u",
        "create table if not exists shop.t like shop.u",
        "create table shop.t (a int, foreign key (a) references shop.u (a))",
        "create view shop.v as select 1",
        "drop view if exists shop.v",
        "create index i on shop.t (a)",
        "lock tables shop.t read, shop.u write",
        "call shop.p(1)",
        "do shop.f(1)",
        "set @x = shop.f(1), y = (select max(a) from shop.t)",
        "select * from shop.t, shop.u, (shop.v, shop.w) join shop.x on 1 straight_join shop.y, shop.z",
        "select * from ((shop.t join shop.u on shop.t.a = shop.u.a))",
        "select shop.t.* from shop.t use index (shop) where a in (select b from shop.u, shop.v)",
        "select next value for shop.s, nextval(shop.s), lastval(shop.s)",
        "grant select on shop.* to x",
        "grant select on shop.t to x",
        "analyze table shop.t",
        "show create table shop.t",
        "describe shop.t",
        "declare c cursor for select shop.t.a from shop.t",
        "declare x type of shop.t.a",
        "declare x row type of shop.t",
        "if exists (select 1 from shop.t) then select 1 from shop.t; else delete from shop.t; end if",
        "with c as (select a from shop.t) select * from c join shop.t",
        "select 1 from shop.t for update of t",
        "select extract(year from shop.t.d), trim(leading 'x' from shop.t.a), substring(shop.t.a from 2) from shop.t",
    ],
)
def test_every_statement_that_names_a_schema_is_renamed(statement: str) -> None:
    assert renamed(statement) == statement.replace("shop.", "`crm`.")


@pytest.mark.parametrize(
    "statement",
    [
        "select shop.a from other.shop",
        "select shop.a, shop.b from t as shop where shop.a = 1 group by shop.b having shop.b > 1 order by shop.a",
        "select shop.a from t shop join u on u.a = shop.a",
        "with shop as (select 1 a) select shop.a from shop",
        "update t shop set shop.a = 1 where shop.b = 2",
        "select t.a into shop from t where t.shop = shop",
        "declare shop int default 1; set shop = shop + 1; fetch c into shop, x",
        "select extract(year from shop.d) from other.t shop",
        "select @shop, @`shop`, @@shop.x, shop@localhost, 'shop.t', shop, t.shop, x.shop.y from t",
        "shop: loop leave shop; end loop",
        "select 1 as shop",
    ],
)
def test_what_is_not_the_schema_stays(statement: str) -> None:
    assert renamed(statement) == statement


def test_a_name_that_is_both_is_told_apart_by_where_it_stands() -> None:
    assert renamed("select shop.a, shop.f(1), shop.shop.b from shop.t as shop, shop.shop where shop.c = 1") == (
        "select shop.a, `crm`.f(1), `crm`.shop.b from `crm`.t as shop, `crm`.shop where shop.c = 1"
    )


def test_rows_of_a_trigger_are_no_schema() -> None:
    renames = Renames({"old": "crm", "new": "more"})
    assert renamed("set @x = old.a + NEW.b; insert into old.t select new.f(old.a)", renames, "old") == (
        "set @x = old.a + NEW.b; insert into `crm`.t select `more`.f(old.a)"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select 1 /*!50001 from shop.t */", "inside a /*!…*/ comment"),
        ("select 1 /*M!100500 from shop.t */", "inside a /*!…*/ comment"),
        ("select * from Shop.t", "Shop. differs from the schema `shop` in case only"),
        ("begin prepare s from 'select * from shop.t'; execute s; end", "may be run as a statement"),
        ("begin set @q = concat('select * from ', 'shop', '.t'); prepare s from @q; end", "may be run as a statement"),
        ("execute immediate 'delete from shop.t'", "may be run as a statement"),
        ("call run('insert into `shop`.t values (1)')", "may be run as a statement"),
        ("select shop.a", "may be the schema, or an alias"),
        ("grant select on shop.t to shop", "may be the schema, or an alias"),
        ("use shop", "names the schema `shop` by itself"),
        ("drop database if exists `shop`", "names the schema `shop` by itself"),
        ("show tables from shop", "names the schema `shop` by itself"),
    ],
)
def test_what_tokens_cannot_settle_is_refused(text: str, said: str) -> None:
    assert said in why(text)


@pytest.mark.parametrize(
    "text",
    [
        "begin prepare s from 'select * from shop.t'; end",
        "select Shop.a /*!50001 from shop.t */, shop.b",
        "use shop",
        "select 'unbalanced",
    ],
)
def test_when_no_name_changes_nothing_is_looked_at(text: str) -> None:
    assert renamed(text, Renames()) == text
    assert renamed(text, Renames({"other": "x"}), "shop") == text
    assert renamed(text, Renames({"shop": "shop"})) == text


def test_messages_that_hold_the_name_are_no_statements() -> None:
    text = (
        "begin signal sqlstate '45000' set message_text = 'shop.t is full'; select concat('in shop: ', a) from t; end"
    )
    assert renamed(text) == text


def test_the_mode_says_what_is_a_name() -> None:
    text = 'select "shop"."t"."a", \'shop.t\' from "shop"."t"'
    assert renamed(text, sql_mode="ANSI_QUOTES") == 'select `crm`."t"."a", \'shop.t\' from `crm`."t"'
    assert renamed(text) == text
    text = "select 'a\\', shop.t.b, '\\' from shop.t"
    assert renamed(text, sql_mode="NO_BACKSLASH_ESCAPES") == "select 'a\\', `crm`.t.b, '\\' from `crm`.t"
    assert "brackets" in why("select * from [shop].[t]", sql_mode="MSSQL")


# -- tables and views


OBJECTS = Renames(
    {"shop": "crm"},
    {TableName("shop", "t"): TableName("crm", "t2"), TableName("shop", "u"): TableName("away", "u")},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select t.a, t.t, x.t from t, v x where t = 1", "select `t2`.a, `t2`.t, x.t from `t2`, v x where t = 1"),
        ("select shop.t.a from shop.t", "select `crm`.`t2`.a from `crm`.`t2`"),
        ("select t.a from t join shop.t x on x.a = t.a", "select `t2`.a from `t2` join `crm`.`t2` x on x.a = `t2`.a"),
        ("select u.a from u", "select u.a from `away`.`u`"),
        ("select shop.u.a from shop.u", "select `away`.u.a from `away`.u"),
        ("insert into t (t) values (1)", "insert into `t2` (t) values (1)"),
        ("update t set t = t + 1, t.b = 2", "update `t2` set t = t + 1, `t2`.b = 2"),
        ("delete t from t join x", "delete `t2` from `t2` join x"),
        ("select a t, t(1) from x as t", "select a t, t(1) from x as t"),
        ("select a into t from x", "select a into t from x"),
        ("select other.t.a from other.t", "select other.t.a from other.t"),
        ("drop table if exists t", "drop table if exists `t2`"),
        ("select * from T", "select * from T"),
    ],
)
def test_a_table_that_changes_its_own_name_is_renamed_where_it_is_a_table(text: str, expected: str) -> None:
    assert renamed(text, OBJECTS) == expected


@pytest.mark.parametrize(
    "text",
    [
        "with t as (select 1) select t.a from t",
        "select t.a from t as t",
        "select t.a from x as t join t on 1",
        "rename table x to t",
        "select t.a",
        "begin prepare s from 'select * from t'; end",
    ],
)
def test_a_name_that_may_be_the_table_or_not_is_refused(text: str) -> None:
    assert why(text, OBJECTS)


def test_a_schema_that_stays_is_of_no_concern_but_for_its_renamed_table() -> None:
    renames = Renames(objects={TableName("shop", "t"): TableName("shop", "t2")})
    text = "grant select on shop.x to shop; select * from shop.t, Shop.x"
    assert renamed(text, renames) == "grant select on shop.x to shop; select * from shop.`t2`, Shop.x"


def test_names_without_a_schema_are_refused_when_the_object_leaves_its_own() -> None:
    scope = Scope("shop", "away")
    assert rename_names("set NEW.a = other.f(1)", Renames({"shop": "crm"}), scope) == "set NEW.a = other.f(1)"
    with pytest.raises(UnreadableDdl, match="has no schema, and the object goes elsewhere"):
        rename_names("insert into t values (1)", Renames({"shop": "crm"}), scope)


def test_where_a_table_goes() -> None:
    assert target_of(TableName("shop", "t"), OBJECTS) == TableName("crm", "t2")
    assert target_of(TableName("shop", "x"), OBJECTS) == TableName("crm", "x")
    assert target_of(TableName("other", "x"), OBJECTS) == TableName("other", "x")


# -- views as servers print them


def test_a_view_is_renamed_in_the_words_of_the_dictionary_and_of_show_create() -> None:
    told = (
        "select `shop`.`t`.`a` AS `shop`,`shop`.`a` AS `x`,`crm`.`f`(`shop`.`b`) AS `y`,'shop.t' AS `shop.t` from"
        " ((`shop`.`t` join `shop`.`u` `shop`) join json_table(`shop`.`t`.`j`, '$' columns (`shop` int path '$.a'))"
        " `j`) where (extract(year from `shop`.`d`) = trim(both `shop`.`c` from `shop`.`t`.`c`))"
    )
    assert renamed(told, OBJECTS) == (
        "select `crm`.`t2`.`a` AS `shop`,`shop`.`a` AS `x`,`crm`.`f`(`shop`.`b`) AS `y`,'shop.t' AS `shop.t` from"
        " ((`crm`.`t2` join `away`.`u` `shop`) join json_table(`crm`.`t2`.`j`, '$' columns (`shop` int path '$.a'))"
        " `j`) where (extract(year from `shop`.`d`) = trim(both `shop`.`c` from `crm`.`t2`.`c`))"
    )
    short = "select `t`.`a` AS `a` from (`t` join `other`.`t` `x` on((`x`.`a` = `t`.`a`)))"
    assert renamed(short, OBJECTS) == "select `t2`.`a` AS `a` from (`t2` join `other`.`t` `x` on((`x`.`a` = `t2`.`a`)))"


# -- properties

schema_names = st.text(st.sampled_from("abZ_0 .`'\"\\?%/-#한é$@"), min_size=1, max_size=8).filter(
    lambda name: name.strip() != ""
)
pieces = st.sampled_from(
    ["{} . f(1)", "{}.`t`.a", "'{}'", "/* {} */", "'it''s {}.t'", '"{}.t"', "@x", "`x`", "1.5", "\n", "x'4f'", "<=>"]
)


@example('""`0', "0", ["{} . f(1)"])
@given(schema_names, schema_names, st.lists(pieces, min_size=1, max_size=6))
def test_there_and_back_again_with_any_name(old: str, new: str, parts: list[str]) -> None:
    other = new + "x" if new.casefold() == old.casefold() else new
    inside = [part.replace("{}", quote(old)) if part[0] == "{" else part.replace("{}", "shop") for part in parts]
    text = "select " + ", ".join(inside)
    there = renamed(text, Renames({old: other}), old)
    assert renamed(there, Renames({other: old}), other) == text
    assert there == "select " + ", ".join(
        part.replace("{}", quote(other)) if part[0] == "{" else part.replace("{}", "shop") for part in parts
    )
