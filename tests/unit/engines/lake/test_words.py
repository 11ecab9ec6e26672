"""Words of Trino: read, cut and written without a server."""

from __future__ import annotations

import pytest

from migrate.engines.files import FilePartition
from migrate.engines.lake import ddl, views
from migrate.engines.lake.lexemes import condition_fault, lexemes, string_value
from migrate.engines.lake.partitions import name_of, s3
from migrate.engines.lake.shown import ShownColumn, ShownTable, shown_table, shown_view
from migrate.engines.lake.tables import column_options, options_of, partition_columns, table_of
from migrate.engines.lake.types import converted, held, neutral, read, spell
from migrate.engines.values import Renames
from migrate.errors import UnreadableDdl
from migrate.model.table import Column, StoredObject, Table, TableName
from migrate.model.types import Array, Decimal, Field, Integer, Opaque, Row, Temporal, Text

SHOWN = r"""CREATE TABLE hive.s."odd ""t" (
   id bigint NOT NULL COMMENT 'it''s \ "q", (x)',
   "na,me" row(a integer, "b ""c" timestamp(3) with time zone),
   d timestamp(3) with time zone WITH (partition_projection_type = 'date', partition_projection_range = ARRAY['a','b'])
)
COMMENT U&'\D55C''x'
WITH (
   auto_purge = false,
   external_location = 's3a://b/x',
   format = 'ORC',
   orc_bloom_filter_fpp = 5E-2,
   partitioned_by = ARRAY['na,me','d']
)"""


def test_what_show_create_printed_is_cut_apart() -> None:
    shown = shown_table(SHOWN)
    assert shown == ShownTable(
        (
            ShownColumn("id", "bigint", False, 'it\'s \\ "q", (x)'),
            ShownColumn("na,me", 'row(a integer, "b ""c" timestamp(3) with time zone)'),
            ShownColumn(
                "d",
                "timestamp(3) with time zone",
                properties=(("partition_projection_type", "'date'"), ("partition_projection_range", "ARRAY['a','b']")),
            ),
        ),
        "한'x",
        (
            ("auto_purge", "false"),
            ("external_location", "'s3a://b/x'"),
            ("format", "'ORC'"),
            ("orc_bloom_filter_fpp", "5E-2"),
            ("partitioned_by", "ARRAY['na,me','d']"),
        ),
    )
    table = table_of(TableName("s", 'odd "t', "hive"), "hive", shown)
    assert table.storage.options == (
        "\"d\".partition_projection_range=ARRAY['a','b']",
        "\"d\".partition_projection_type='date'",
        "format='ORC'",
    )
    assert table.partitioning is not None
    assert table.partitioning.expression == '"na,me", d'
    assert [column.name for column in partition_columns(table)] == ["na,me", "d"]
    assert options_of(table) == {"format": "'ORC'"}
    assert column_options(table, "d")["partition_projection_type"] == "'date'"
    again = shown_table(ddl.create_over(table, "s3://b/y").replace("IF NOT EXISTS ", ""))
    assert table_of(table.name, "hive", again) == table
    assert again.value("external_location") == "s3://b/y"


@pytest.mark.parametrize(
    "text", ["", "CREATE TABLE t", "SELECT 1", "CREATE TABLE a.b.c (x)", "CREATE TABLE t (a b) AS", "x '"]
)
def test_what_is_no_table_is_refused(text: str) -> None:
    with pytest.raises(UnreadableDdl):
        shown_table(text)
    with pytest.raises(UnreadableDdl):
        shown_view(text)


def test_lexemes_leave_nothing_out() -> None:
    text = """a."b ""c" -- x\n 1.5 .5e3 'it''s' U&'\\0041' /* y */ 2024_sales -> => <> 한글"""
    kinds = [(one.kind, one.text) for one in lexemes(text)]
    assert kinds == [
        *(("word", "a"), ("sign", "."), ("name", 'b "c'), ("number", "1.5"), ("number", ".5e3")),
        *(("string", "'it''s'"), ("string", "U&'\\0041'"), ("word", "2024_sales")),
        *(("sign", "->"), ("sign", "=>"), ("sign", "<>"), ("word", "한글")),
    ]
    assert (string_value("'it''s \\'"), string_value("U&'\\D55C\\\\x\\+01F600'")) == ("it's \\", "한\\x😀")


@pytest.mark.parametrize(
    ("native", "neutrally", "iceberg"),
    [
        ("tinyint", Integer(8), "integer"),
        ("decimal(10, 2)", Decimal(10, 2), "decimal(10, 2)"),
        ("varchar", Text("utf8"), "varchar"),
        ("char(5)", Text("utf8", 5, fixed=True), "varchar"),
        ("timestamp(3) with time zone", Temporal("timestamp", 3), "timestamp(6) with time zone"),
        ("hyperloglog", Opaque("hyperloglog"), "hyperloglog"),
        (
            'array(ROW(a integer, "b c" time(3)))',
            Array(Row((Field("a", Integer(32)), Field("b c", Temporal("time", 3))))),
            'array(row("a" integer, "b c" time(6)))',
        ),
        ("row(bigint, timestamp(6))", Row((Field("", Integer(64)), Field("", Temporal("datetime", 6)))), None),
    ],
)
def test_types_are_read_and_held(native: str, neutrally: object, iceberg: str | None) -> None:
    kind = read(native)
    assert neutral(kind) == neutrally
    assert read(spell(kind)) == kind
    assert spell(held(kind, "iceberg").kind) == (iceberg or spell(kind))
    assert held(kind, "hive").lossy is ("time zone" in native or "timestamp(6)" in native)


def test_char_inside_of_others_is_cut_by_ourselves() -> None:
    kind = read("array(row(a char(2), b map(char(1), integer)))")
    wanted = held(kind, "iceberg").kind
    assert converted(kind, wanted, '"c"') == (
        'transform("c", x0 -> IF(x0 IS NULL, NULL, CAST(ROW(rtrim(CAST(x0[1] AS varchar)), transform_values('
        "transform_keys(x0[2], (k2, v2) -> rtrim(CAST(k2 AS varchar))), (k2, v2) -> v2))"
        ' AS row("a" varchar, "b" map(varchar, integer)))))'
    )


def test_names_of_partitions_are_hives() -> None:
    columns = [Column(name, "varchar", Text("utf8")) for name in ("DT", "région")]
    assert name_of(columns, ["a:b c", None]) == "dt=a%3Ab c/région=__HIVE_DEFAULT_PARTITION__"
    assert name_of(columns, ["\x01\x7f~", ""]) == "dt=%01%7F~/région=__HIVE_DEFAULT_PARTITION__"
    assert [s3(text) for text in ("s3a://b/k/", "s3n://b", "hdfs://x/y/")] == ["s3://b/k", "s3://b", "hdfs://x/y"]


def test_rows_of_partitions_are_asked_by_their_values() -> None:
    one = [Column("d", "date", Temporal("date"))]
    two = [*one, Column("k", "varchar", Text("utf8"))]
    parts = [FilePartition("", ("2024-01-01", "it's"), ""), FilePartition("", (None, None), "")]
    assert ddl.condition(one, "d > DATE '2020-01-01'", []) == " WHERE (d > DATE '2020-01-01')"
    assert ddl.condition(two, "", parts) == (
        ' WHERE (("d" = CAST(\'2024-01-01\' AS date) AND "k" = \'it\'\'s\') OR ("d" IS NULL AND "k" IS NULL))'
    )
    single = [FilePartition("", (value,), "") for value in ("2024-01-01", None)]
    assert ddl.condition(one, "", single) == ' WHERE ("d" IN (CAST(\'2024-01-01\' AS date)) OR "d" IS NULL)'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("dt = '1' AND (x IN (1, 2) OR y LIKE '%;--/*(%')", ""),
        ("", "it is empty"),
        ("a = 1 -- x", "it holds a comment"),
        ("a /* x */ = 1", "it holds a comment"),
        ("a = 1; b", "it holds a semicolon"),
        ("a) OR (b", "a parenthesis closes that was not opened"),
        ("(a", "a parenthesis does not close"),
        ("a IN (SELECT 1)", "it holds a subquery"),
        ("EXISTS (TABLE x)", "it holds a subquery"),
    ],
)
def test_a_condition_is_one_condition(text: str, fault: str) -> None:
    assert condition_fault(text) == fault


def view(text: str) -> StoredObject:
    return StoredObject("view", TableName("s", "v", "hive"), text=text)


@pytest.mark.parametrize(
    ("text", "read_"),
    [
        ("SELECT * FROM a, b x, c.d JOIN e.f.g USING (h)", ["hive.c.d", "e.f.g", "hive.s.a", "hive.s.b"]),
        ("WITH q AS (SELECT 1 FROM a) SELECT * FROM q, (SELECT * FROM b) t", ["hive.s.a", "hive.s.b"]),
        ("SELECT trim(both 'x' FROM y), extract(year FROM z) FROM a WHERE b IS DISTINCT FROM c", ["hive.s.a"]),
        ("SELECT (SELECT max(x) FROM b) FROM a CROSS JOIN UNNEST(y) AS t (z)", ["hive.s.a", "hive.s.b"]),
        ("SELECT 'FROM x' FROM ((a) JOIN b ON a.x = b.y) UNION TABLE_LESS", ["hive.s.a", "hive.s.b"]),
        ("SELECT * FROM TABLE(f(x => 1)), a FOR VERSION AS OF 1", ["hive.s.a"]),
        ("VALUES 1", []),
        ("SELECT 'open", []),
    ],
)
def test_what_a_view_reads(text: str, read_: list[str]) -> None:
    assert [str(use.of) for use in views.uses(view(text))] == read_


def test_names_in_a_view_change_and_nothing_else() -> None:
    text = "SELECT hive.s.t.a, s.a, 'hive.s.t' FROM hive.s.t, \"T\" JOIN hive.o.t s ON s.a = DECIMAL '1.10' -- hive.s.t"
    renames = Renames({"s": "n"}, {TableName("t", "t", "x"): TableName("y", "y", "x")})
    renamed = views.rename(view(text), TableName("n", "w", "hive"), renames)
    assert renamed.name == TableName("n", "w", "hive")
    assert renamed.text == (
        'SELECT "hive"."n"."t".a, s.a, \'hive.s.t\' FROM "hive"."n"."t", "hive"."n"."t"'
        " JOIN hive.o.t s ON s.a = DECIMAL '1.10' -- hive.s.t"
    )
    assert views.rename(view(text), TableName("s", "v", "hive"), Renames()) == view(text)


def test_statements_of_partitions_spell_null_as_hive_does() -> None:
    table = Table(TableName("s", "t'", "hive"), ())
    assert ddl.sync_partitions(table.name) == (
        "CALL \"hive\".system.sync_partition_metadata(schema_name => 's', table_name => 't''', mode => 'ADD')"
    )
    assert "partition_values => ARRAY['__HIVE_DEFAULT_PARTITION__', 'x/y']" in ddl.unregister(
        table, FilePartition("", (None, "x/y"), "")
    )
