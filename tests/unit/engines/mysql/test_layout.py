"""The text that lays rows out and reads them again."""

from __future__ import annotations

import itertools
import random

import pytest

from migrate.engines.base import Rows, Span
from migrate.engines.mysql import layout as lay
from migrate.engines.mysql import spans
from migrate.engines.mysql.proof import hash_expression, proven_size, remarks_expression, typed
from migrate.model.table import Column, TableName
from migrate.model.types import Binary, Bit, Enum, Float, Integer, Json, NeutralType, Opaque, Set, Temporal, Text

INT = Integer(32)
UTF8 = Text("utf8mb4", 50)


def column(name: str, kind: NeutralType = INT, nullable: bool = False) -> Column:
    return Column(name, "native", kind, nullable=nullable)


def table(*columns: Column, key: tuple[Column, ...] = (), where: str = "") -> Rows:
    return Rows(TableName("s", "t"), columns, key, "PRIMARY" if key else "", where)


def spelled(where: Column, value: bytes | None) -> bytes:
    """A cell's literal, whose length is foretold."""
    parts = lay.cell_literal(where, None if value is None else memoryview(value))
    literal = b"".join(lay.spelled(parts))
    assert lay.spelled_length(parts) == len(literal)
    return literal


def fields(number: int, nullable: bool = True) -> Rows:
    """A table of so many columns."""
    return table(*(column(f"c{n}", UTF8, nullable) for n in range(number)))


@pytest.mark.parametrize("marks", lay.MARKS)
def test_marks_end_alike_begin_each_in_its_own_byte_and_never_overlap(marks: lay.Marks) -> None:
    every = (marks.field, marks.row, marks.null)
    first = {mark[0] for mark in every}
    assert {mark[1:] for mark in every} == {marks.common}
    assert len(first) == 3
    assert not first & set(marks.common)
    assert not any(marks.common.endswith(marks.common[:n]) for n in range(1, len(marks.common)))
    assert all(byte < 0x80 for mark in every for byte in mark), "non-ASCII literals warn (1638)"


def test_no_value_holds_all_marks_because_it_holds_one() -> None:
    for one, other in itertools.permutations(lay.MARKS, 2):
        if len(one.common) <= len(other.common):
            assert one.common not in other.common


@pytest.mark.parametrize("marks", lay.MARKS)
def test_a_value_that_ends_with_half_a_mark_is_still_counted_right(marks: lay.Marks) -> None:
    cells = [b"a" + marks.field[:-1], marks.field[:1], marks.row[:-1], marks.null[:-1], b""]
    data = marks.row.join([marks.field.join(cells)] * 5)
    assert lay.proven(data, fields(len(cells)), 5, 0, marks)


@pytest.mark.parametrize("which", ["field", "row", "null", "common"])
@pytest.mark.parametrize("marks", lay.MARKS)
def test_a_value_that_holds_a_mark_is_never_proven(marks: lay.Marks, which: str) -> None:
    for value in (b"x%by", b"%b", b"x%b", b"%by"):
        cells = [b"a", value % getattr(marks, which)]
        assert not lay.proven(marks.field.join(cells), fields(2), 1, 0, marks)


@pytest.mark.parametrize("marks", lay.MARKS)
def test_what_is_proven_splits_into_what_was_joined(marks: lay.Marks) -> None:
    """Cells made of the bytes of the marks, which is where a wrong proof would show."""
    dice = random.Random(14)
    alphabet = sorted({marks.field[:1], marks.row[:1], marks.null[:1], b"x", *(bytes([one]) for one in marks.common)})
    proven = 0
    for _ in range(2000):
        rows = [[b"".join(dice.choices(alphabet, k=dice.randrange(4))) for _ in range(3)] for _ in range(2)]
        data = marks.row.join(marks.field.join(cells) for cells in rows)
        if lay.proven(data, fields(3), 2, 0, marks):
            proven += 1
            assert [row.split(marks.field) for row in data.split(marks.row)] == rows
    assert proven > 100


def test_text_has_short_marks_short_binary_values_longer_ones_and_long_ones_the_longest() -> None:
    text, short, long = column("t", UTF8), column("b", Binary(16)), column("l", Binary(1 << 16))
    wide = column("w", Text("ucs2", 50))
    ways = [
        lay.by_file(table(text, *more))[0] for more in ((), (short,), (wide,), (short, long), (column("j", Json()),))
    ]
    assert [len(way.delimiters.common) for way in ways] == [1, 3, 4, 4, 1]
    assert all(lay.by_file(table(one))[-1].name == "hex" for one in (text, short, long))


def test_one_missing_null_or_row_is_not_proven() -> None:
    marks = lay.MARKS[1]
    data = bytearray(marks.row.join([marks.field.join([b"1", marks.null])] * 2))
    assert lay.proven(data, fields(2), 2, 2, marks)
    assert not lay.proven(data, fields(2), 2, 1, marks)
    assert not lay.proven(data, fields(2), 3, 2, marks)
    assert not lay.proven(data, fields(3), 2, 2, marks)


def test_a_span_over_a_composite_key_is_ors_of_ands_and_a_range_on_its_first_column() -> None:
    key = (column("a"), column("b", UTF8))
    rows = table(*key, key=key)
    span = Span(("1", "_utf8mb4 x'61'"), ("3", "_utf8mb4 x'62'"))
    assert spans.condition(rows, span) == (
        " WHERE ((`a` > 1) OR (`a` = 1 AND `b` > _utf8mb4 x'61')) AND `a` >= 1"
        " AND ((`a` < 3) OR (`a` = 3 AND `b` <= _utf8mb4 x'62')) AND `a` <= 3"
    )


def test_the_first_span_has_no_lower_bound_the_last_no_upper_and_the_condition_of_the_rule_joins_both() -> None:
    key = (column("id"),)
    rows = table(*key, key=key, where="`id` % 2 = 0 OR 1")
    assert spans.condition(rows, Span(None, ("5",))) == " WHERE `id` <= 5 AND (`id` % 2 = 0 OR 1\n)"
    assert spans.condition(rows, Span(("5",), None)) == " WHERE `id` > 5 AND (`id` % 2 = 0 OR 1\n)"
    assert spans.condition(table(*key, key=key), Span()) == ""


def test_enum_keys_are_compared_by_their_number() -> None:
    key = (column("e", Enum(("z", "a"))),)
    rows = table(*key, key=key)
    assert spans.condition(rows, Span(("1",), ("2",))) == " WHERE (`e`|0) > 1 AND (`e`|0) <= 2"


@pytest.mark.parametrize(
    ("kind", "value", "literal"),
    [
        (INT, b"-9223372036854775808", "-9223372036854775808"),
        (UTF8, "한'\\".encode(), "_utf8mb4 x'ed959c275c'"),
        (Text("gbk", 5), b"\xa2\xe3", "_gbk x'a2e3'"),
        (Binary(4, fixed=True), b"\x00\xff\x00\x00", "x'00ff0000'"),
        (Temporal("datetime", 6), b"0000-00-00 00:00:00.000000", "'0000-00-00 00:00:00.000000'"),
        (Temporal("year"), b"1970", "1970"),
        (Enum(("a",)), b"0", "0"),
    ],
)
def test_a_key_value_becomes_a_literal_of_its_own_character_set(kind: NeutralType, value: bytes, literal: str) -> None:
    assert spans.bound_literal(column("c", kind), value) == literal


def test_bounds_are_shown_as_people_read_them() -> None:
    assert spans.spell(("12", "_utf8mb4 x'ed959c'", "x'00ff'", "'2024-01-01'")) == "12, '한', 0x00ff, '2024-01-01'"


def test_load_statement_takes_plain_columns_directly_and_the_rest_through_variables() -> None:
    rows = table(column("id"), column("n", UTF8, nullable=True), column("e", Enum(("a",))), column("j", Json()))
    marks = lay.MARKS[0]
    assert lay.load_statement(rows, "`s`.`t`", "raw", marks) == (
        "LOAD DATA LOCAL INFILE 'migrate' INTO TABLE `s`.`t` CHARACTER SET binary"
        " FIELDS TERMINATED BY x'1115' ESCAPED BY '' LINES TERMINATED BY x'1215'"
        " (`id`,@v1,@v2,@v3) SET `n` = NULLIF(@v1,x'1315'),`e` = CAST(@v2 AS UNSIGNED),"
        "`j` = CONVERT(@v3 USING utf8mb4)"
    )


def test_hostile_column_names_are_quoted_everywhere() -> None:
    odd = column("a`b", nullable=True)
    rows = table(odd, key=(column("a`b"),))
    texts = [
        lay.row_expression(rows, lay.Layout("raw")),
        spans.condition(rows, Span(("1",), None)),
        lay.load_statement(rows, "`t`", "hex", lay.MARKS[0]),
        hash_expression(rows),
        lay.nulls_expression(rows),
        spans.order(rows),
    ]
    assert all("`a``b`" in text for text in texts)


def test_every_row_begins_with_a_wide_text_because_group_concat_cuts_arguments_to_their_declared_length() -> None:
    for name in ("raw", "hex", "insert"):
        assert lay.row_expression(table(column("d", Float(64))), lay.Layout(name)).startswith(f"CONCAT({lay.WIDE},")


def test_text_is_taken_as_its_bytes_and_where_a_letter_has_several_not_beside_the_mark_of_null() -> None:
    for charset, taken in (("utf8mb4", "`c`"), ("gbk", "`c`"), ("utf32", "CAST(`c` AS BINARY)")):
        text = Column("c", "varchar(9)", Text(charset, 9), nullable=True, charset=charset)
        assert f",IF(`c` IS NULL,x'1315',{taken}))" in lay.row_expression(table(text), lay.Layout("raw"))


def test_floats_and_bits_are_never_sent_as_the_server_prints_them() -> None:
    assert lay.plain(column("f", Float(32))) == "CONCAT(`f`*1e0)"
    assert lay.plain(column("b", Bit(64))) == "CONCAT(CAST(`b` AS UNSIGNED))"


def test_large_cells_are_hashed_alone_because_a_concat_above_the_packet_is_null() -> None:
    rows = table(column("id"), column("big", Text("utf8mb4", None)))
    assert "SHA2(`big`,256)" in hash_expression(rows)
    assert lay.lobs(rows.columns) == (rows.columns[1],)


@pytest.mark.parametrize(
    ("kind", "value", "literal"),
    [
        (INT, b"5", b"5"),
        (Float(64), b"-0", b"'-0'"),
        (UTF8, b"it's", b"x'69742773'"),
        (Json(), b"[]", b"_utf8mb4 x'5b5d'"),
        (Binary(3), b"", b"x''"),
        (INT, None, b"NULL"),
    ],
)
def test_a_cell_becomes_a_literal(kind: NeutralType, value: bytes | None, literal: bytes) -> None:
    assert spelled(column("c", kind), value) == literal


def test_digits_are_made_a_few_at_a_time() -> None:
    large = bytes(range(256)) * 10_000
    parts = lay.cell_literal(column("c", Binary(1 << 32)), memoryview(large))
    pieces = list(lay.spelled(parts))
    assert max(map(len, pieces)) == 2 * lay.PIECE < len(large)
    assert b"".join(pieces) == b"x'" + large.hex().encode() + b"'"


@pytest.mark.parametrize("native", ["uuid", "inet4", "inet6"])
def test_addresses_of_mariadb_are_laid_out_and_hashed_like_the_text_that_they_are_on_mysql(native: str) -> None:
    here = Column("u", native, Opaque(native), nullable=False)
    there = Column("u", "varchar(45)", Text("ascii", 45), nullable=False, charset="ascii")
    assert lay.plain(here) == "CAST(CAST(`u` AS CHAR CHARACTER SET utf8mb4) AS BINARY)"
    assert spelled(here, b"::1") == b"_utf8mb4 x'3a3a31'"
    assert lay.load_statement(table(here), "`t`", "raw", lay.MARKS[0]).endswith("SET `u` = CONVERT(@v0 USING utf8mb4)")
    assert hash_expression(table(here)) == hash_expression(table(there)).replace(",`u`,", f",{lay.plain(here)},")


def test_json_that_becomes_text_sums_up_like_the_text_unless_it_holds_a_typed_value() -> None:
    here = Column("j", "json", Json(), nullable=True)
    there = Column("j", "longtext", Text("utf8mb4"), nullable=True, charset="utf8mb4")
    mark = f",IF({typed(here)},':typed','')"
    assert mark in hash_expression(table(here))
    bare = hash_expression(table(here)).replace(mark, "").replace(lay.plain(here), "`j`")
    assert bare.replace(f"CONCAT({lay.NOTHING},SHA2(`j`,256))", "SHA2(`j`,256)") == hash_expression(table(there))


def test_text_that_arrives_in_another_character_set_is_converted_by_the_source_which_says_what_is_lost() -> None:
    column = Column("c", "varchar(9)", Text("utf8mb4", 9), nullable=False, charset="gb18030")
    assert lay.plain(column) == "CAST(CONVERT(`c` USING utf8mb4) AS BINARY)"
    assert "IF(CAST(CONVERT(CONVERT(`c` USING utf8mb4) USING gb18030) AS BINARY) = CAST(`c` AS BINARY),'',':lost')" in (
        hash_expression(table(column))
    )
    for own in ("utf8mb4", "utf8mb3", "utf8", "ascii"):
        assert lay.plain(Column("c", "varchar(9)", Text("utf8mb4", 9), charset=own)) == "CAST(`c` AS BINARY)"


def test_the_counter_is_named_in_the_set_clause_because_servers_would_count_on_from_zero_otherwise() -> None:
    counter = Column("id", "int", INT, nullable=False, auto_increment=True)
    said = lay.load_statement(table(counter, column("n", nullable=True)), "`t`", "raw", lay.MARKS[0])
    assert said.endswith(" (@v0,@v1) SET `id` = @v0,`n` = NULLIF(@v1,x'1315')")
    alone = table(counter, column("n"))
    assert lay.load_statement(alone, "`t`", "raw", lay.MARKS[0]).endswith(" (`id`,`n`)")


def test_of_numbers_that_follow_each_other_so_many_hold_no_more_rows() -> None:
    dense = table(column("id"), key=(column("id"),))
    assert spans.is_dense(dense, Span(("-5",), ("5",)), 5)
    assert not spans.is_dense(dense, Span(("-5",), ("5",)), 4)
    assert not spans.is_dense(dense, Span(None, ("5",)), 5)
    assert not spans.is_dense(table(column("c", UTF8), key=(column("c", UTF8),)), Span(("x'31'",), ("x'32'",)), 1)
    assert not spans.is_dense(table(key=(column("a"), column("b"))), Span(("1", "1"), ("2", "1")), 5)
    assert spans.ahead(Span(("7",), ("100",)), 10) == Span(("7",), ("17",))
    assert spans.ahead(Span(("7",), None), 10) == Span(("7",), ("17",))
    for near in (Span(("7",), ("17",)), Span(("7",), ("9",)), Span((str((1 << 63) - 5),), None)):
        assert spans.ahead(near, 10) is None


@pytest.mark.parametrize("kind", [Enum, Set])
def test_names_of_members_are_hashed_only_where_a_server_may_have_printed_another_letter(
    kind: type[Enum] | type[Set],
) -> None:
    for members, told in ((("a", "한"), False), (("a", "?"), True), (("a", "\U0001f600"), True)):
        rows = table(column("e", kind(members)))
        assert ("CAST(`e` AS BINARY)" in hash_expression(rows)) is told
        assert (remarks_expression(rows) != "NULL") is told


def test_the_digest_counts_bytes_of_large_columns_which_alone_could_be_cut() -> None:
    rows = table(column("c", UTF8), column("t", Text("utf8mb4", None)), column("b", Binary(1 << 16), nullable=True))
    assert proven_size(rows) == "SUM((LENGTH(`t`)+IFNULL(LENGTH(`b`),0)))"
    assert proven_size(table(column("c", UTF8))) == "0"
    assert proven_size(table(column("c", UTF8))) == "0"
