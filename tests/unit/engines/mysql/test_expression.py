"""Texts of two servers that say the same have one form, and texts that do not have two."""

from __future__ import annotations

import pytest

from migrate.engines.mysql.expression import canonical

ALIKE = [  # as MySQL's dictionary tells it, as MariaDB's does
    (r"concat(`s`,_utf8mb4\'it\\\'s\')", r"concat(`s`,'it\'s')"),
    ("((`a` * (`a` + 1)) - ((-(`a`) / 2) % 3))", "`a` * (`a` + 1) - -`a` / 2 MOD 3"),
    (
        "((`a` between 1 and 2) or (`a` in (1,2,3)) or (`s` is null))",
        "`a` between 1 and 2 or `a` in (1,2,3) or `s` is null",
    ),
    ("((0 <> `s`) is not true)", "`s` is not true"),
    ("(0 = `a`)", "`a` = 0"),
    ("(not((`a` <=> 3)))", "!(`a` <=> 3)"),
    (r"(not((`s` like _utf8mb4\'a%\')))", "`s`  not like 'a%'"),
    ("lower(`s`)", "lcase(`s`)"),
    ("length(`s`)", "octet_length(`s`)"),
    (r"regexp_like(`s`,_utf8mb4\'^a\')", "`s` regexp '^a'"),
    ("if((`a` = 1),2,3)", "if(`a` = 1,2,3)"),
    (r"(case when (`a` > 1) then _utf8mb4\'x\' else lower(`s`) end)", "case when `a` > 1 then 'x' else lcase(`s`) end"),
    ("(`d` + interval 1 day)", "`d` + interval 1 day"),
    ("(`d` + interval 1 day)", "date_add(`d`, INTERVAL 1 DAY)"),
    ("cast(`d` as date)", "date(`d`)"),
    ("convert(`s` using latin1)", "cast(`s` as char charset latin1)"),
    ("0x05", "b'101'"),
    ("0x41FF", "x'41ff'"),
    ("locate('b',`s`)", "instr(`s`,'b')"),
    ("((`a` & 7) | (1 << 2))", "`a` & 7 | 1 << 2"),
    ("((0 <> (`a` DIV 2)) xor (0 <> `a`))", "0 <> `a` DIV 2 xor `a` <> 0"),
    ("((`a` = 1) and (`b` = 2) and (`c` = 3))", "`a` = 1 and (`b` = 2 and `c` = 3)"),
    ("now()", "current_timestamp()"),
    ("json_unquote(json_extract(`j`,'$.a'))", "`j`->>'$.a'"),
    ("(`s` = (_utf8mb4'A' collate utf8mb4_bin))", "`s` = 'A' collate utf8mb4_bin"),
    ("trim(both 'x' from `s`)", "TRIM(BOTH 'x' FROM `S`)"),
    ("extract(year from `d`)", "extract(YEAR FROM `d`)"),
    ("(`i` <> 3)", "not (`i` = 3)"),
    ("-1", "(-(1))"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_texts_that_say_the_same_have_one_form(one: str, other: str) -> None:
    assert canonical(one) is not None
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("`a` - (`b` - `c`)", "`a` - `b` - `c`"),
        ("`a` or `b` and `c`", "(`a` or `b`) and `c`"),
        ("`s` like 'a'", "`s` like 'A'"),
        ("`s` like 'a' escape '!'", "`s` like 'a'"),
        (r"concat(`s`,'\t')", "concat(`s`,'t')"),
        ("`a` > 1", "`a` >= 1"),
        ("`a` = 0", "`a` <> 0"),
        ("cast(`a` as char(10))", "cast(`a` as char(11))"),
        ("lower(`s`)", "upper(`s`)"),
        ("round(`a`,1)", "round(`a`)"),
        ("now()", "now(6)"),
        ("x'41'", "'A'"),
        ("date_add(`d`, interval 1 day)", "date_sub(`d`, interval 1 day)"),
    ],
)
def test_texts_that_do_not_have_two(one: str, other: str) -> None:
    assert canonical(one) is not None
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("text", ["(select 1)", "`a` +", "interval(`a`,1,2)", "'open", "match (`a`) against ('b')", ""])
def test_what_is_not_understood_has_no_form(text: str) -> None:
    assert canonical(text) is None


def test_a_text_of_great_depth_has_no_form_instead_of_ending_the_run() -> None:
    assert canonical("(" * 5000 + "1" + ")" * 5000) is None
