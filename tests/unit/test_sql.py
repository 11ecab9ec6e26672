"""The SQL door: what it cuts is exact, and what it cannot tell it refuses."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.errors import UnreadableDdl
from migrate.model.table import TableName
from migrate.sql import Item, bare, condition_fault, items, quote, quote_table, tokens, versioned_comments

ORDERS = """\
CREATE TABLE `orders, (old)` (
  `id` int NOT NULL AUTO_INCREMENT,
  `a``b` varchar(20) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'x'',(\\\\' COMMENT 'a,b) 😀\\n''\\\\',
  `hidden` int DEFAULT ((1 + 1)) /*!80023 INVISIBLE */,
  `place` geometry NOT NULL /*!80003 SRID 4326 */,
  `kind` enum('a,b','c)','`d`') DEFAULT NULL,
  `total` decimal(10,2) GENERATED ALWAYS AS ((`id` * ifnull(`id`,2))) STORED,
  `key` bit(3) DEFAULT b'101',
  PRIMARY KEY (`id`),
  UNIQUE KEY `u``,(` (`a``b`(5) DESC),
  KEY `plain` (((`id` + 1)),(cast(`id` as char(9) charset utf8mb4))) /*!80000 INVISIBLE */ COMMENT 'k,k',
  FULLTEXT KEY `words` (`a``b`) /*!50100 WITH PARSER `ngram` */,
  SPATIAL KEY `place` (`place`),
  CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `other`.`t` (`id`) ON DELETE CASCADE,
  CONSTRAINT `c``k` CHECK (((`id` > 1) and (`a``b` <> _utf8mb4'),('))) /*!80016 NOT ENFORCED */
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COMMENT=') `x` ('
/*!50500 PARTITION BY LIST  COLUMNS(`kind`)
(PARTITION p VALUES IN ('*/ ) it''s \\\\') ENGINE = InnoDB) */"""


def test_quoting_doubles_backticks() -> None:
    assert quote("a`b") == "`a``b`"
    assert quote_table(TableName("my shop", "o`r")) == "`my shop`.`o``r`"


def test_quoting_does_not_load_sqlglot() -> None:
    code = "import sys, migrate.sql; migrate.sql.quote('a'); sys.exit('sqlglot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_quoted_name_is_one_token_that_reads_back(name: str) -> None:
    (token,) = tokens(quote(name))
    assert (token.kind, token.text, token.start, token.end) == ("identifier", name, 0, len(quote(name)))


def test_tokens_are_exact_slices_in_order() -> None:
    text = "select `a``b`.x😀, 'it''s \\' 😀', \"d\", -1.5e3, x'4f', b'01', N'n', _utf8mb4'u' -- '\n, @v /* ' */ <=> 5"
    found = tokens(text)
    assert [text[token.start : token.end] for token in found] == [
        *("select", "`a``b`", ".", "x😀", ",", "'it''s \\' 😀'", ",", '"d"', ",", "-", "1.5e3", ",", "x'4f'", ","),
        *("b'01'", ",", "N'n'", ",", "_utf8mb4", "'u'", ",", "@", "v", "<=>", "5"),
    ]
    assert [token.text for token in found if token.kind == "identifier"] == ["a`b"]
    assert [token.text for token in found if token.kind == "string"] == ["it's ' 😀", "d", "4f", "01", "n", "u"]
    assert [token.text for token in found if token.kind == "number"] == ["1.5e3", "5"]
    assert [token.text for token in found if token.kind == "word"] == ["SELECT", "X😀", "_UTF8MB4", "V"]


def test_what_follows_call_or_execute_is_tokens_too() -> None:
    text = "begin call shop.p('a'); execute s; show tables; end"
    assert "".join(text[token.start : token.end] for token in tokens(text)) == text.replace(" ", "")


def test_versioned_comments_are_not_seen_unless_asked_for() -> None:
    text = "a /*!50100 b 'c*/' */ d /* e */ f /*M!100301 g*/"
    assert [token.text for token in tokens(text)] == ["A", "D", "F"]
    assert [token.text for token in tokens(text, versioned=True)] == ["A", "B", "c*/", "D", "F", "G"]
    assert all(text[token.start : token.end].strip("'").upper() == token.text.upper() for token in tokens(text, True))


@pytest.mark.parametrize("text", ["select 'a", "select `a", "a /*!50100 b", "a /*!1 b /*!2 c */ */", "a {# b #} c"])
def test_a_text_that_does_not_end_or_is_no_sql_is_refused(text: str) -> None:
    with pytest.raises(UnreadableDdl) as caught:
        tokens(text)
    assert caught.value.text == text
    assert caught.value.exit_code == 1


def test_a_definition_is_cut_into_parts_that_make_it_up_again() -> None:
    cut = items(ORDERS)
    assert cut.head + "\n  " + ",\n  ".join(item.text for item in cut.items) + "\n" + cut.tail == ORDERS
    assert cut.head == "CREATE TABLE `orders, (old)` ("
    assert cut.tail.startswith(") ENGINE=InnoDB AUTO_INCREMENT=7 ")
    assert cut.tail.endswith("(PARTITION p VALUES IN ('*/ ) it''s \\\\') ENGINE = InnoDB) */")


def test_parts_are_known_by_kind_and_name_and_keep_their_comments() -> None:
    cut = items(ORDERS)
    assert [(item.kind, item.name) for item in cut.items] == [
        ("column", "id"),
        ("column", "a`b"),
        ("column", "hidden"),
        ("column", "place"),
        ("column", "kind"),
        ("column", "total"),
        ("column", "key"),
        ("primary", "PRIMARY"),
        ("unique", "u`,("),
        ("index", "plain"),
        ("fulltext", "words"),
        ("spatial", "place"),
        ("foreign_key", "fk"),
        ("check", "c`k"),
    ]
    texts = {item.text for item in cut.items}
    assert "`hidden` int DEFAULT ((1 + 1)) /*!80023 INVISIBLE */" in texts
    assert "`place` geometry NOT NULL /*!80003 SRID 4326 */" in texts
    assert "FULLTEXT KEY `words` (`a``b`) /*!50100 WITH PARSER `ngram` */" in texts


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


@given(st.lists(st.tuples(names, st.text(st.sampled_from("a,()'\\`\"*/!#-\n é😀"))), min_size=1, max_size=5))
def test_any_name_and_any_comment_is_cut_where_the_server_ends_it(columns: list[tuple[str, str]]) -> None:
    texts = [
        f"{quote(name)} int COMMENT '{comment.replace(chr(92), chr(92) * 2).replace(chr(39), chr(39) * 2)}'"
        for name, comment in columns
    ]
    body = ",\n  ".join(texts)
    cut = items(f"CREATE TABLE `t` (\n  {body}\n) ENGINE=InnoDB")
    assert cut.items == tuple(Item("column", name, text) for (name, _), text in zip(columns, texts, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "CREATE VIEW `v` AS select 1",
        "CREATE TABLE t (`a` int)",
        "CREATE TABLE `t` AS select 1",
        "CREATE TABLE `t`",
        "CREATE TABLE `t` (`a` int",
        "CREATE TABLE `t` (`a` int,)",
        "CREATE TABLE `t` (`a` int, PERIOD FOR `p` (`x`,`y`))",
        "CREATE TABLE `t` (`a` int, VECTOR KEY `v` (`a`))",
    ],
)
def test_a_definition_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(UnreadableDdl):
        items(text)


@pytest.mark.parametrize(
    ("mode", "text", "expected"),
    [
        ("", "select \"a\", `b` 'c\\'d' e", [("string", "a"), ("identifier", "b"), ("string", "c'd"), ("word", "E")]),
        ("ANSI_QUOTES", 'select "a""b"."c" \'d"e\'', [("identifier", 'a"b'), ("identifier", "c"), ("string", 'd"e')]),
        ("NO_BACKSLASH_ESCAPES", "select 'a\\', b, \"c\\\"", [("string", "a\\"), ("word", "B"), ("string", "c\\")]),
        (
            "PIPES_AS_CONCAT,ANSI_QUOTES,NO_BACKSLASH_ESCAPES",
            "select 'a\\' \"b\\\" 'c'",
            [("string", "a\\"), ("identifier", "b\\"), ("string", "c")],
        ),
    ],
)
def test_the_mode_says_what_a_quote_and_a_backslash_are(mode: str, text: str, expected: list[tuple[str, str]]) -> None:
    found = tokens(text, sql_mode=mode)
    assert [(token.kind, token.text) for token in found[1:] if token.kind != "sign"] == expected


def test_a_versioned_comment_ends_where_the_mode_ends_its_strings() -> None:
    text = "a /*!50000 'b\\' */ c /*!50000 '*/' */ d"
    assert [token.text for token in tokens(text, sql_mode="NO_BACKSLASH_ESCAPES")] == ["A", "C", "D"]
    assert [inside for _, inside, _, _ in versioned_comments(text, escapes=False)] == [10, 29]


def test_names_may_begin_with_digits() -> None:
    text = "select 2024t.a, t.2024, `t`.1e5, x.2y.3z, 1.5, 2e3, .5 from 2024_sales.01 x"
    assert [token.text for token in tokens(text) if token.kind in ("word", "identifier")] == [
        *("SELECT", "2024T", "A", "T", "2024", "t", "1E5", "X", "2Y", "3Z", "FROM", "2024_SALES", "01", "X"),
    ]
    assert [token.text for token in tokens(text) if token.kind == "number"] == ["1.5", "2e3", "5"]


@pytest.mark.parametrize(
    ("written", "name"), [("`a``b`", "a`b"), ('"a""b"', 'a"b'), ("a", "a"), ('`a""b`', 'a""b'), ("", "")]
)
def test_a_written_name_reads_back(written: str, name: str) -> None:
    assert bare(written) == name


@pytest.mark.parametrize(
    "text",
    [
        "id > 5",
        "created_at >= '2024-01-01' AND (a = 1 OR b IN (1.5, .5, -2e3))",
        "name <> 'a ) b -- c /* ; \\' d' AND `odd ) name` = \"x ( y\"",
        "line <> '\"'\n  AND 1 = 1",
        "`select` = 1 AND _utf8mb4'x' = name AND d > DATE '2024-01-01' - INTERVAL 1 DAY",
        "j->>'$.a.b' = 'x'",
    ],
)
def test_a_condition_on_bare_columns_has_no_fault(text: str) -> None:
    assert condition_fault(text) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("id = 1) OR (id > 100", "a parenthesis closes that was not opened"),
        ("(id = 1", "a parenthesis does not close"),
        ("id = 1; DROP TABLE x", "it holds a semicolon"),
        ("a = 'x", "a quote or a comment does not end"),
        ("id = 1 -- x", "it holds a comment"),
        ("id = 1 # x", "it holds a comment"),
        ("id /* x */ = 1", "it holds a comment"),
        ("id /*!50000 ) */ = 1", "it holds a comment"),
        ("id IN (select 1)", "it holds a subquery"),
        ("id IN (TABLE other)", "it holds a subquery"),
        ("`t`.`id` = 1", "t qualifies a name"),
    ],
)
def test_what_would_leave_the_parentheses_or_the_table_is_a_fault(text: str, why: str) -> None:
    assert condition_fault(text) == why
