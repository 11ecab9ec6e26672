"""Native types read as neutral ones, and neutral ones written as native."""

from __future__ import annotations

import pytest

from migrate.engines.mysql.types import from_neutral, members, to_neutral
from migrate.model.types import (
    Array,
    Binary,
    Bit,
    Decimal,
    Enum,
    Field,
    Float,
    Geometry,
    Integer,
    Json,
    Map,
    NeutralType,
    Opaque,
    Row,
    Set,
    Temporal,
    Text,
)

READ: tuple[tuple[str, str, str, NeutralType], ...] = (
    ("tinyint", "tinyint", "", Integer(8)),
    ("tinyint(1)", "tinyint", "", Integer(8)),
    ("tinyint(3) unsigned", "tinyint", "", Integer(8, signed=False)),
    ("smallint(6)", "smallint", "", Integer(16)),
    ("mediumint(7) unsigned zerofill", "mediumint", "", Integer(24, signed=False)),
    ("int(11)", "int", "", Integer(32)),
    ("int unsigned", "int", "", Integer(32, signed=False)),
    ("bigint(20) unsigned", "bigint", "", Integer(64, signed=False)),
    ("decimal(65,30)", "decimal", "", Decimal(65, 30)),
    ("decimal(10,0) unsigned", "decimal", "", Decimal(10, 0)),
    ("float", "float", "", Float(32)),
    ("float(7,3)", "float", "", Float(32)),
    ("float unsigned", "float", "", Float(32)),
    ("double", "double", "", Float(64)),
    ("double(30,5) unsigned", "double", "", Float(64)),
    ("bit(1)", "bit", "", Bit(1)),
    ("bit(64)", "bit", "", Bit(64)),
    ("char(3)", "char", "latin1", Text("latin1", 3, fixed=True)),
    ("char(0)", "char", "utf8mb4", Text("utf8mb4", 0, fixed=True)),
    ("varchar(300)", "varchar", "gbk", Text("gbk", 300)),
    ("tinytext", "tinytext", "ucs2", Text("ucs2")),
    ("longtext", "longtext", "utf8mb4", Text("utf8mb4")),
    ("char(4)", "char", "binary", Binary(4, fixed=True)),
    ("varchar(5)", "varchar", "binary", Binary(5)),
    ("text", "text", "binary", Binary(65_535)),
    ("binary(2)", "binary", "", Binary(2, fixed=True)),
    ("binary(0)", "binary", "", Binary(0, fixed=True)),
    ("varbinary(300)", "varbinary", "", Binary(300)),
    ("tinyblob", "tinyblob", "", Binary(255)),
    ("blob", "blob", "", Binary(65_535)),
    ("mediumblob", "mediumblob", "", Binary(16_777_215)),
    ("longblob", "longblob", "", Binary(4_294_967_295)),
    ("date", "date", "", Temporal("date")),
    ("time(6)", "time", "", Temporal("time", 6)),
    ("datetime", "datetime", "", Temporal("datetime")),
    ("timestamp(3)", "timestamp", "", Temporal("timestamp", 3)),
    ("year(4)", "year", "", Temporal("year")),
    ("year", "year", "", Temporal("year")),
    ("json", "json", "", Json()),
    ("enum('a','b')", "enum", "utf8mb4", Enum(("a", "b"))),
    ("set('x','y z')", "set", "latin1", Set(("x", "y z"))),
    ("point", "point", "", Geometry("point")),
    ("geomcollection", "geomcollection", "", Geometry("geometrycollection")),
    ("geometrycollection", "geometrycollection", "", Geometry("geometrycollection")),
    ("uuid", "uuid", "", Opaque("uuid")),
    ("inet6", "inet6", "", Opaque("inet6")),
    ("vector(2048)", "vector", "", Opaque("vector(2048)")),
)


@pytest.mark.parametrize(("column_type", "data_type", "charset", "neutral"), READ, ids=[f"{r[0]}-{r[2]}" for r in READ])
def test_every_native_type_reads_as_its_neutral_type(
    column_type: str, data_type: str, charset: str, neutral: NeutralType
) -> None:
    assert to_neutral(column_type, data_type, charset) == neutral


def test_a_word_in_a_member_does_not_make_an_enum_unsigned_or_numbered() -> None:
    neutral = to_neutral("enum('unsigned (7)','int zerofill')", "enum", "utf8mb4")
    assert neutral == Enum(("unsigned (7)", "int zerofill"))


def test_members_with_quotes_commas_backslashes_and_control_characters_read_exactly() -> None:
    told = r"""enum('a''b','c,d','e\\f','g\nh','i\0j','k\rl','''','\\','','o"p','한글')"""
    expected = ("a'b", "c,d", "e\\f", "g\nh", "i\0j", "k\rl", "'", "\\", "", 'o"p', "한글")
    assert members(told) == expected


WRITTEN: tuple[tuple[NeutralType, str], ...] = (
    (Integer(8), "tinyint"),
    (Integer(24, signed=False), "mediumint unsigned"),
    (Integer(64), "bigint"),
    (Decimal(65, 30), "decimal(65,30)"),
    (Float(32), "float"),
    (Float(64), "double"),
    (Text("utf8mb4", 255, fixed=True), "char(255)"),
    (Text("utf8mb4", 256, fixed=True), "varchar(256)"),
    (Text("utf8mb4", 16_383), "varchar(16383)"),
    (Text("utf8mb4", 16_384), "longtext"),
    (Text("utf8mb4"), "longtext"),
    (Binary(16, fixed=True), "binary(16)"),
    (Binary(300), "varbinary(300)"),
    (Binary(65_535), "blob"),
    (Binary(65_536), "mediumblob"),
    (Binary(16_777_216), "longblob"),
    (Temporal("date"), "date"),
    (Temporal("timestamp", 6), "timestamp(6)"),
    (Temporal("year"), "year"),
    (Json(), "json"),
    (Enum(("a'b", "c\\d", "e\nf")), r"enum('a''b','c\\d','e\nf')"),
    (Set(("x", "y")), "set('x','y')"),
    (Bit(9), "bit(9)"),
    (Geometry("polygon"), "polygon"),
    (Geometry("unheard_of"), "geometry"),
)


@pytest.mark.parametrize(("neutral", "native"), WRITTEN, ids=[native for _, native in WRITTEN])
def test_a_neutral_type_that_mysql_has_is_written_without_findings(neutral: NeutralType, native: str) -> None:
    assert from_neutral(neutral) == (native, ())


@pytest.mark.parametrize(
    ("neutral", "native", "finding"),
    [
        (Decimal(76, 38), "decimal(65,30)", "decimal(76,38) is more than MySQL holds"),
        (Temporal("timestamp", 9), "timestamp(6)", "timestamp(9) becomes timestamp(6)"),
        (Array(Integer(32)), "json", "MySQL has no array type"),
        (Row((Field("a", Json()),)), "json", "MySQL has no row type"),
        (Map(Text("utf8mb4"), Json()), "json", "MySQL has no map type"),
        (Opaque("inet6"), "inet6", "the type inet6 is passed on"),
    ],
)
def test_what_mysql_cannot_hold_quite_is_told(neutral: NeutralType, native: str, finding: str) -> None:
    written, findings = from_neutral(neutral)
    assert written == native
    assert len(findings) == 1
    assert findings[0].startswith(finding)


@pytest.mark.parametrize(("neutral", "native"), [row for row in WRITTEN if not isinstance(row[0], Geometry | Text)])
def test_what_is_written_reads_as_the_same_type_or_a_wider_one(neutral: NeutralType, native: str) -> None:
    again = to_neutral(native, native.partition("(")[0].partition(" ")[0], "utf8mb4")
    if isinstance(neutral, Binary):
        assert isinstance(again, Binary)
        assert again.length >= neutral.length
    else:
        assert again == neutral
