"""Scripts of stored objects: cut out of the server's text, with everything that a target must not guess."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from migrate.engines.base import Renames, Script
from migrate.engines.mysql.cut import cut
from migrate.engines.mysql.stored_ddl import (
    create_stored,
    drop_stored,
    enable_event,
    rename,
    same_stored,
    settings_sql,
    statement_bytes,
)
from migrate.errors import UnreadableDdl
from migrate.model.table import StoredKind, StoredObject, TableName
from migrate.sql import tokens

SETTINGS = (
    ("character_set_client", "utf8mb4"),
    ("collation_connection", "utf8mb4_bin"),
    ("sql_mode", "STRICT_ALL_TABLES"),
)
SHOP = Renames({"shop": "crm"})
HEAD = "CREATE DEFINER=`root`@`localhost` "


def wanted(kind: StoredKind, name: str = "o", **more: object) -> StoredObject:
    found = StoredObject(kind, TableName("crm", name), definer="a@b@%", settings=SETTINGS)
    return replace(found, **more)


def made(one: StoredObject, definition: str, renames: Renames = SHOP) -> str:
    script = create_stored(one, definition, renames)
    assert script.session == (("database", "crm"), *one.settings)
    return script.sql


VIEW = (
    "CREATE ALGORITHM=MERGE DEFINER=`root`@`%` SQL SECURITY INVOKER VIEW `shop`.`v` (`a`,`shop`) AS select"
    " `shop`.`t`.`a` AS `a`,'shop.t' AS `shop` from `shop`.`t` WITH CASCADED CHECK OPTION"
)
TRIGGER = (
    HEAD + "trigger if not exists shop . tr before insert on `shop`.t for each row\nfollows `x y`\n"
    " begin\t-- shop.t\n set NEW.a = shop.f(1); end"
)
PROCEDURE = (
    HEAD + "PROCEDURE `p`(IN x INT)\n    READS SQL DATA\n    COMMENT 'shop.t\n    DETERMINISTIC'\nselect * from shop.t"
)
FUNCTION = (
    "CREATE DEFINER=`role` AGGREGATE FUNCTION `f`(x row type of shop.t) RETURNS enum('a)','(')\n"
    "    DETERMINISTIC\nreturn shop.g(x)"
)
RECURRING = (
    HEAD + "EVENT `e` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ON COMPLETION NOT PRESERVE ENABLE"
    " COMMENT 'do shop.t' DO call shop.p('ENABLE')"
)
ONCE = HEAD + "EVENT `e` ON SCHEDULE AT '2030-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE ON SLAVE DO set @a = 1"
SEQUENCE = "CREATE SEQUENCE `s` start with 1 minvalue 1 maxvalue 9 increment by 1 cache 5 nocycle ENGINE=InnoDB"


def test_a_view_is_made_or_replaced() -> None:
    assert made(wanted("view"), VIEW) == (
        "CREATE OR REPLACE ALGORITHM=MERGE DEFINER=`a@b`@`%` SQL SECURITY INVOKER VIEW `crm`.`o` (`a`,`shop`) AS select"
        " `crm`.`t`.`a` AS `a`,'shop.t' AS `shop` from `crm`.`t` WITH CASCADED CHECK OPTION"
    )


def test_a_trigger_names_its_table_and_no_other_trigger() -> None:
    assert made(wanted("trigger", table="t`2"), TRIGGER) == (
        "CREATE DEFINER=`a@b`@`%` trigger if not exists `o` before insert on `t``2` for each row\n"
        " begin\t-- shop.t\n set NEW.a = `crm`.f(1); end"
    )


def test_a_routine_without_a_definer_is_of_who_makes_it() -> None:
    assert made(wanted("procedure", definer=""), PROCEDURE) == (
        "CREATE PROCEDURE `crm`.`o`(IN x INT)\n    READS SQL DATA\n    COMMENT 'shop.t\n    DETERMINISTIC'\n"
        "select * from `crm`.t"
    )


def test_a_role_is_a_definer_and_types_of_parameters_are_renamed() -> None:
    assert made(wanted("function", definer="role@"), FUNCTION) == (
        "CREATE DEFINER=`role` AGGREGATE FUNCTION `crm`.`o`(x row type of `crm`.t) RETURNS enum('a)','(')\n"
        "    DETERMINISTIC\nreturn `crm`.g(x)"
    )


def test_an_account_without_host_is_no_role_where_the_source_says_so() -> None:
    definition = "CREATE DEFINER=`u`@`` PROCEDURE `p`()\nselect 1"
    assert made(wanted("procedure", definer="u@"), definition).startswith("CREATE DEFINER=`u`@`` PROCEDURE")


def test_an_event_is_made_disabled_whatever_it_was() -> None:
    assert made(wanted("event"), RECURRING) == (
        "CREATE DEFINER=`a@b`@`%` EVENT `crm`.`o` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00'"
        " ON COMPLETION NOT PRESERVE DISABLE COMMENT 'do shop.t' DO call `crm`.p('ENABLE')"
    )
    assert made(wanted("event"), ONCE) == (
        "CREATE DEFINER=`a@b`@`%` EVENT `crm`.`o` ON SCHEDULE AT '2030-01-01 00:00:00'"
        " ON COMPLETION PRESERVE DISABLE DO set @a = 1"
    )


def test_a_sequence_has_another_name_only() -> None:
    assert made(wanted("sequence", definer="", settings=()), SEQUENCE) == SEQUENCE.replace("`s`", "`crm`.`o`")


def test_what_keeps_its_name_and_definer_is_executed_as_it_was_told() -> None:
    definition = "CREATE DEFINER=`a@b`@`%` PROCEDURE `crm`.`o`()\nbegin prepare s from 'select * from crm.t'; end"
    assert made(wanted("procedure"), definition, Renames()) == definition


def test_under_its_own_mode_double_quotes_are_names_and_backslashes_are_letters() -> None:
    one = wanted("procedure", settings=(("sql_mode", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"),))
    # Servers write a backslash in a comment twice, and a new line as \\n, whatever the mode says of that.
    head = 'CREATE DEFINER="root"@"localhost" PROCEDURE "p"()\n'
    comment = "    COMMENT 'a\\\\b\\n''c'\n"
    definition = head + comment + 'select "shop"."t"."a", \'shop\\\''
    assert create_stored(one, definition, SHOP).sql == (
        "CREATE DEFINER=`a@b`@`%` PROCEDURE `crm`.`o`()\n    COMMENT 'a\\b\n''c'\nselect `crm`.\"t\".\"a\", 'shop\\'"
    )


def test_the_schema_it_comes_from_is_known_by_where_it_goes() -> None:
    objects = {TableName("shop", "t"): TableName("crm", "t2"), TableName("other", "v"): TableName("crm", "o")}
    definition = HEAD + "PROCEDURE `p`()\nselect t.a from t"
    assert made(wanted("procedure"), definition, Renames({"shop": "crm"}, objects)).endswith("select `t2`.a from `t2`")
    view = "CREATE VIEW `other`.`v` AS select `other`.`x`.`a` AS `a` from `other`.`x`"
    script = create_stored(wanted("view"), view, Renames({"other": "more"}, objects))
    assert script.sql.endswith("VIEW `crm`.`o` AS select `more`.`x`.`a` AS `a` from `more`.`x`")


@pytest.mark.parametrize(
    ("kind", "definition"),
    [
        ("view", "CREATE TABLE `v` (`a` int)"),
        ("trigger", HEAD + "TRIGGER `t` BEFORE INSERT"),
        ("event", HEAD + "EVENT `e` ON SCHEDULE EVERY 1 DAY DO select 1"),
        ("event", HEAD + "EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE DO select 1"),
        ("procedure", HEAD + "PROCEDURE `p`("),
        ("procedure", HEAD + "PROCEDURE `p`() select 'x"),
        ("function", HEAD + "FUNCTION `f`() RETURNS int return 1"),
    ],
)
def test_a_definition_of_another_shape_is_refused(kind: StoredKind, definition: str) -> None:
    with pytest.raises(UnreadableDdl):
        create_stored(wanted(kind, table="t"), definition, Renames())


def test_the_body_is_what_the_dictionary_tells() -> None:
    for kind, text, mode in (
        ("view", "CREATE VIEW `v` AS select `a` AS `as` from `t` WITH LOCAL CHECK OPTION", ""),
        ("trigger", HEAD + "TRIGGER `t` AFTER DELETE ON `x` FOR EACH ROW PRECEDES `row` set @a = 'ROW'", ""),
        ("procedure", HEAD + "PROCEDURE `p`(x set(')'))\n    COMMENT 'it''s\n'\n    NO SQL\n    select 1", ""),
        ("function", HEAD + "FUNCTION `f`(`a)` int) RETURNS int\n    LANGUAGE JAVASCRIPT\nAS $$ 1 $$", ""),
        ("event", HEAD + 'EVENT "do" ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE ENABLE DO do 1', "ANSI_QUOTES"),
    ):
        places = cut(kind, text, tokens(text, sql_mode=mode))  # type: ignore[arg-type]  # all are kinds
        bodies = {
            "view": "select `a` AS `as` from `t`",
            "trigger": "set @a = 'ROW'",
            "procedure": "    select 1",
            "function": "AS $$ 1 $$",
            "event": "do 1",
        }
        assert text[slice(*places.body)] == bodies[kind]


# -- renaming


def test_an_object_is_renamed_with_its_table_and_its_words() -> None:
    trigger = StoredObject("trigger", TableName("shop", "tr"), "set NEW.a = shop.f(1)", table="t", timing="BEFORE")
    renames = Renames({"shop": "crm"}, {TableName("shop", "t"): TableName("crm", "t2")})
    assert rename(trigger, TableName("crm", "tr"), renames) == replace(
        trigger, name=TableName("crm", "tr"), text="set NEW.a = `crm`.f(1)", table="t2"
    )
    sequence = StoredObject("sequence", TableName("shop", "s"), "AS bigint(21) START WITH 1")
    assert rename(sequence, TableName("crm", "s"), renames) == replace(sequence, name=TableName("crm", "s"))


def test_the_names_of_a_views_columns_stay() -> None:
    text = "SQL SECURITY DEFINER VIEW (`shop`, `t`) AS select `shop`.`t`.`a` AS `a`,1 AS `t` from `shop`.`t`"
    view = StoredObject("view", TableName("shop", "v"), text)
    renames = Renames({"shop": "crm"}, {TableName("shop", "t"): TableName("crm", "t2")})
    assert rename(view, TableName("crm", "v"), renames).text == (
        "SQL SECURITY DEFINER VIEW (`shop`, `t`) AS select `crm`.`t2`.`a` AS `a`,1 AS `t` from `crm`.`t2`"
    )


def test_words_of_another_language_that_hold_a_name_are_refused() -> None:
    head = "FUNCTION (`x` int) RETURNS int\nLANGUAGE JAVASCRIPT\nCONTAINS SQL\nSQL SECURITY DEFINER\n"
    function = StoredObject("function", TableName("shop", "f"), head + "AS $$ return shop.t $$")
    with pytest.raises(UnreadableDdl, match="written in JAVASCRIPT"):
        rename(function, TableName("crm", "f"), SHOP)
    plain = replace(function, text=head + "AS $$ return 1 $$")
    assert rename(plain, TableName("crm", "f"), SHOP).text == plain.text


# -- other statements


def test_drop_and_enable_use_the_full_name() -> None:
    assert drop_stored(wanted("sequence", "a`b")) == "DROP SEQUENCE `crm`.`a``b`"
    assert enable_event(wanted("event", "a`b")).sql == "ALTER DEFINER=`a@b`@`%` EVENT `crm`.`a``b` ENABLE"


def test_the_schema_is_chosen_before_the_settings_and_nothing_is_said_of_none() -> None:
    session = {"sql_mode": "", "database": "a`b", "collation_database": "x", "time_zone": "+05:00"}
    assert settings_sql(session) == ("USE `a``b`", "SET sql_mode=_utf8mb4 x'', time_zone=_utf8mb4 x'2b30353a3030'")
    assert settings_sql({"database": "a"}) == ("USE `a`",)
    assert settings_sql({}) == ()


@pytest.mark.parametrize(
    ("charset", "text", "expected"),
    [
        ("utf8mb4", "é😀", "é😀".encode()),
        ("utf8mb3", "é", "é".encode()),
        ("latin1", "é€\x81", b"\xe9\x80\x81"),
        ("cp1251", "Ж", b"\xc6"),
        ("sjis", "表", b"\x95\x5c"),
        ("swe7", "plain", b"plain"),
    ],
)
def test_a_statement_is_sent_in_the_character_set_that_is_set(charset: str, text: str, expected: bytes) -> None:
    assert statement_bytes(text, {"character_set_client": charset}) == expected


@pytest.mark.parametrize(("charset", "text"), [("latin1", "한"), ("cp1251", "é"), ("swe7", "é"), ("latin1", "😀")])
def test_a_letter_that_the_character_set_lacks_is_refused(charset: str, text: str) -> None:
    with pytest.raises(UnreadableDdl, match=charset):
        statement_bytes(text, {"character_set_client": charset})
    definition = f"CREATE VIEW `v` AS select '{text}' AS `x`"
    with pytest.raises(UnreadableDdl, match=charset):
        create_stored(wanted("view", settings=(("character_set_client", charset),)), definition, Renames())


# -- spelling


def test_spelling_is_no_difference() -> None:
    one = wanted(
        "procedure",
        text="PROCEDURE (IN `x` int(11), OUT `y` text CHARSET utf8 COLLATE utf8_bin)\nCONTAINS SQL\nselect 'int(11)'",
        settings=(("character_set_client", "utf8"), ("collation_connection", "utf8_bin"), ("sql_mode", "A,B")),
    )
    two = replace(
        one,
        text="PROCEDURE (IN `x` int, OUT `y` text CHARSET utf8mb3 COLLATE utf8mb3_bin)\nCONTAINS SQL\nselect 'int(11)'",
        settings=(("character_set_client", "utf8mb3"), ("collation_connection", "utf8mb3_bin"), ("sql_mode", "B,A")),
    )
    assert one != two
    assert same_stored(one, two)
    assert same_stored(two, replace(one, definer=""))
    assert not same_stored(replace(one, definer=""), one)


@pytest.mark.parametrize(
    "change",
    [
        {"text": "PROCEDURE (IN `x` tinyint)\nCONTAINS SQL\nselect 1"},
        {"text": "PROCEDURE (IN `x` tinyint(1))\nCONTAINS SQL\nselect 2"},
        {"definer": "x@%"},
        {"settings": (("sql_mode", "A"),)},
        {"enabled": False},
        {"order": 2},
    ],
)
def test_anything_else_is_a_difference(change: dict[str, object]) -> None:
    one = wanted("procedure", text="PROCEDURE (IN `x` tinyint(1))\nCONTAINS SQL\nselect 1")
    assert same_stored(one, one)
    assert not same_stored(one, replace(one, **change))


def test_a_broken_view_tells_no_columns() -> None:
    view = wanted("view", text="SQL SECURITY DEFINER VIEW (`a`, `b``c`) AS select 1")
    broken = replace(view, text="SQL SECURITY DEFINER VIEW () AS select 1", broken="gone")
    assert same_stored(view, broken)
    assert not same_stored(view, replace(broken, broken=""))


def test_a_script_without_settings_has_its_schema_alone() -> None:
    script = create_stored(wanted("view", settings=(), definer=""), "CREATE VIEW `v` AS select 1", Renames())
    assert script == Script("CREATE OR REPLACE VIEW `crm`.`o` AS select 1", (("database", "crm"),))
