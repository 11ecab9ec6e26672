"""What is told of a translation, and when the source's own text is taken."""

from __future__ import annotations

import pytest

from migrate.engines.base import Note
from migrate.engines.mysql.crossing import free_name
from migrate.engines.mysql.translation import own_statement, own_words, translated
from migrate.engines.mysql.unsaid import unsaid
from migrate.errors import UnreadableDdl
from migrate.model.table import (
    Catalog,
    Check,
    Column,
    Index,
    IndexPart,
    Schema,
    Storage,
    StoredObject,
    Table,
    TableName,
)
from migrate.model.types import Binary, Integer, Text
from tests.unit.engines.mysql.targets import (
    MARIADB_10,
    MARIADB_11,
    MYSQL_5,
    MYSQL_8,
    MYSQL_9,
    TO_MARIADB_10,
    TO_MYSQL_8,
    TO_MYSQL_9,
)

NAME = TableName("shop", "orders")
STORAGE = Storage("InnoDB", True, "Dynamic", "utf8mb4", "utf8mb4_bin")
RARE = "a few hundred rare characters are weighed otherwise, none of them below U+0600"


def text(name: str, collation: str) -> Column:
    return Column(name, "varchar(9)", Text("utf8mb4", 9), charset="utf8mb4", collation=collation)


def test_collations_are_told_once_for_all_columns_of_a_table() -> None:
    columns = tuple(text(f"c{n}", "utf8mb4_0900_ai_ci") for n in range(7))
    keys = (Index("k", "unique", (IndexPart("c1"),)), Index("p", "plain", (IndexPart("c2"),)))
    catalog = Catalog(
        schemas=(Schema("shop", "utf8mb4", "utf8mb4_0900_ai_ci"),),
        tables=(Table(NAME, columns, keys, storage=STORAGE),),
    )
    said = translated(catalog, MYSQL_8, TO_MARIADB_10)
    assert said.catalog.schemas == (Schema("shop", "utf8mb4", "utf8mb4_uca1400_nopad_ai_ci"),)
    assert {column.collation for column in said.catalog.tables[0].columns} == {"utf8mb4_uca1400_nopad_ai_ci"}
    becomes = "utf8mb4_0900_ai_ci becomes utf8mb4_uca1400_nopad_ai_ci"
    assert said.notes == (
        Note("MG401", TableName("shop", ""), f"the default collation {becomes}"),
        Note(
            "MG411",
            NAME,
            "the unique key `k` is checked again under utf8mb4_uca1400_nopad_ai_ci while rows are loaded: rows that are"
            f" equal under it are refused ({RARE})",
            "k",
        ),
        Note("MG401", NAME, f"columns `c0`, `c1`, `c2`, `c3`, `c4` and 2 more: the collation {becomes} ({RARE})"),
    )


def test_a_refused_table_is_in_the_catalog_as_it_was_and_nothing_else_is_told_of_it() -> None:
    table = Table(
        NAME, (text("a", "utf8mb4_0900_ai_ci"),), storage=Storage("ARCHIVE", False, "", "utf8mb4", "utf8mb4_bin")
    )
    said = translated(Catalog(tables=(table,)), MYSQL_8, TO_MARIADB_10)
    assert said.catalog.tables == (table,)
    assert (said.notes, said.refused) == ((), (Note("MG410", NAME, "the target has no engine ARCHIVE"),))


def test_upgrades_change_names_of_collations_in_silence() -> None:
    column = Column("a", "varchar(9)", Text("utf8", 9), charset="utf8", collation="utf8_general_ci")
    table = Table(NAME, (column,), storage=Storage("InnoDB", True, "Dynamic", "utf8", "utf8_general_ci"))
    said = translated(Catalog(tables=(table,)), MYSQL_5, TO_MYSQL_8)
    assert said.notes == said.refused == ()
    assert said.catalog.tables[0].columns[0].collation == "utf8mb3_general_ci"
    assert said.catalog.tables[0].storage.charset == "utf8mb3"


def test_names_of_checks_are_the_same_in_every_plan() -> None:
    checks = (Check("CONSTRAINT_1", "`a` > 0"), Check("a", "`a` < 9"), Check("own", "`a` <> 5"))
    tables = tuple(
        Table(TableName("shop", name), (Column("a", "int(11)", Integer(32)),), checks=checks, storage=STORAGE)
        for name in ("x", "y")
    )
    said = translated(Catalog(tables=tables), MARIADB_11, TO_MYSQL_8)
    assert [[check.name for check in table.checks] for table in said.catalog.tables] == [
        ["x_chk_1", "x_chk_a", "x_chk_own"],
        ["y_chk_1", "y_chk_a", "y_chk_own"],
    ]
    alone = translated(Catalog(tables=tables[:1]), MARIADB_11, TO_MYSQL_8).catalog.tables[0]
    assert [check.name for check in alone.checks] == ["own", "x_chk_1", "x_chk_a"]


def test_a_generated_name_fits_and_is_free() -> None:
    assert free_name("k", {"k", "k_2"}) == "k_3"
    long = "n" * 70
    assert free_name(long, set()) == free_name(long, set())
    assert len(free_name(long, set())) == 64
    assert free_name(long, {free_name(long, set()).casefold()}) != free_name(long, set())


DEFINITION = "CREATE TABLE `t` (\n  `b` varbinary(5) DEFAULT '?A',\n  `i` int DEFAULT NULL\n) ENGINE=InnoDB"


def bytes_table(default: str) -> Table:
    columns = (Column("b", "varbinary(5)", Binary(5), default=default), Column("i", "int", Integer(32)))
    return Table(TableName("shop", "t"), columns, storage=STORAGE)


def test_the_sources_own_text_is_taken_where_it_holds() -> None:
    definition = DEFINITION.replace("'?A'", "'AA'")
    assert own_words(bytes_table("0x4141"), definition, MYSQL_8, MYSQL_9) == definition
    assert own_words(bytes_table("0x4141"), definition, MARIADB_10, MARIADB_11) == definition
    assert "GENERATED" not in own_words(bytes_table("0x4141"), definition, MYSQL_8, MARIADB_11)
    assert own_words(bytes_table("0x4141"), definition, MYSQL_8, MARIADB_11).startswith("CREATE TABLE `t` (\n  `b` var")


def test_bytes_that_the_text_lost_come_from_the_dictionary() -> None:
    assert own_words(bytes_table("0xFF41"), DEFINITION, MYSQL_8, MYSQL_8) == DEFINITION.replace("'?A'", "0xff41")
    assert "DEFAULT 0xff41" in own_words(bytes_table("0xFF41"), DEFINITION, MYSQL_8, MARIADB_11)
    assert own_words(bytes_table("0x3F41"), DEFINITION, MYSQL_8, MYSQL_8) == DEFINITION


@pytest.mark.parametrize(("default", "literal"), [("", "'?A'"), ("0xFF", r"'?\0'")])
def test_bytes_that_both_lost_are_refused(default: str, literal: str) -> None:
    with pytest.raises(UnreadableDdl, match="the default of column `b` holds bytes that this server prints as"):
        own_words(bytes_table(default), DEFINITION.replace("'?A'", literal), MYSQL_5, MYSQL_8)


def test_a_statement_is_said_by_the_rules_of_its_words() -> None:
    view = StoredObject("view", TableName("shop", "v"), "VIEW AS select 1")
    text = "CREATE VIEW `v` AS select 'a' collate utf8mb4_0900_bin"
    assert own_statement(view, text, MYSQL_8, TO_MARIADB_10) == text.replace("0900_bin", "nopad_bin")
    assert own_statement(view, "no SQL '", MYSQL_9, TO_MYSQL_9) == "no SQL '"
    with pytest.raises(UnreadableDdl, match="MariaDB has no UUID_TO_BIN"):
        own_statement(view, "CREATE VIEW `v` AS select uuid_to_bin(1)", MYSQL_8, TO_MARIADB_10)


def test_what_only_the_definition_tells_is_told_when_it_is_left_out() -> None:
    table = Table(NAME, (Column("a", "int", Integer(32)), text("s", "utf8mb4_bin")), storage=STORAGE)
    definition = (
        "CREATE TABLE `orders` (\n  `a` int /*!50606 COLUMN_FORMAT FIXED */ DEFAULT NULL,\n  `s` varchar(9),\n"
        "  FULLTEXT KEY `f` (`s`) /*!50100 WITH PARSER `ngram` */ \n) ENGINE=InnoDB SECONDARY_ENGINE=rapid"
    )
    assert unsaid(table, definition, MYSQL_8, MYSQL_9) == ()
    assert unsaid(table, definition, MYSQL_8, MARIADB_11) == (
        Note("MG407", NAME, "column `a`: COLUMN_FORMAT is left out, the target has no such attribute", "a"),
        Note(
            "MG412",
            NAME,
            "the index `f`: the parser `ngram` is left out, the target splits text into words by its own rules",
            "f",
        ),
        Note("MG407", NAME, "options that the target lacks are left out: SECONDARY_ENGINE"),
    )
