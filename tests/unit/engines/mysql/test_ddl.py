"""MySQL's DDL from the server's own text: what is cut out, what is added, and what stays byte for byte."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from migrate.engines.mysql import ddl
from migrate.errors import UnreadableDdl
from migrate.model.table import (
    Column,
    ForeignKey,
    Index,
    IndexKind,
    IndexPart,
    Schema,
    Storage,
    Table,
    TableName,
)
from migrate.model.types import (
    Enum,
    Integer,
    NeutralType,
    Set,
    Text,
)

INNODB = Storage("InnoDB", charset="utf8mb4", collation="utf8mb4_0900_ai_ci")
NAME = TableName("crm", "or`ders")
ORDERS = """\
CREATE TABLE `orders` (
  `id` int NOT NULL AUTO_INCREMENT,
  `note` varchar(20) DEFAULT NULL COMMENT 'AUTO_INCREMENT=5, KEY `by_note`',
  `customer` int NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `one` (`note`),
  KEY `by_customer` (`customer`),
  KEY `by_note` (`note`(5) DESC) /*!80000 INVISIBLE */,
  FULLTEXT KEY `words` (`note`),
  CONSTRAINT `fk` FOREIGN KEY (`customer`) REFERENCES `customers` (`id`),
  CONSTRAINT `positive` CHECK ((`id` > 0))
) ENGINE=InnoDB AUTO_INCREMENT=18446744073709551615 DEFAULT CHARSET=utf8 COLLATE=utf8_bin COMMENT='AUTO_INCREMENT=5'
/*!50100 PARTITION BY HASH (`id`)
PARTITIONS 3 */"""


def column(name: str, neutral: NeutralType | None = None, native: str = "int", **more: object) -> Column:
    made = Column(name, native, neutral or Integer(32), nullable=False)
    return replace(made, **more)


def index(name: str, kind: IndexKind, *columns: str) -> Index:
    return Index(name, kind, tuple(IndexPart(part) for part in columns))


PRIMARY = index("PRIMARY", "primary", "id")
ONE = index("one", "unique", "note")
BY_CUSTOMER = index("by_customer", "plain", "customer")
BY_NOTE = index("by_note", "plain", "note")
WORDS = index("words", "fulltext", "note")
TABLE = Table(
    NAME,
    (column("id", auto_increment=True), column("note", Text("utf8mb4", 20), "varchar(20)"), column("customer")),
    (PRIMARY, ONE, BY_CUSTOMER, BY_NOTE, WORDS),
    storage=INNODB,
)


# -- create and add ------------------------------------------------------------------------------------------------


def test_create_table_takes_the_wanted_name_and_leaves_foreign_keys_deferred_indexes_and_the_counter_out() -> None:
    assert (
        ddl.create_table(TABLE, ORDERS, [BY_CUSTOMER, BY_NOTE, WORDS])
        == """\
CREATE TABLE `crm`.`or``ders` (
  `id` int NOT NULL AUTO_INCREMENT,
  `note` varchar(20) DEFAULT NULL COMMENT 'AUTO_INCREMENT=5, KEY `by_note`',
  `customer` int NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `one` (`note`),
  CONSTRAINT `positive` CHECK ((`id` > 0))
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin COMMENT='AUTO_INCREMENT=5'
/*!50100 PARTITION BY HASH (`id`)
PARTITIONS 3 */"""
    )


def test_create_table_without_deferred_indexes_keeps_them_all() -> None:
    created = ddl.create_table(TABLE, ORDERS, [])
    for kept in ("KEY `by_customer`", "KEY `by_note` (`note`(5) DESC) /*!80000 INVISIBLE */", "FULLTEXT KEY `words`"):
        assert kept in created
    assert "FOREIGN KEY" not in created


def test_a_collation_that_the_server_would_choose_is_written_out() -> None:
    definition = (
        "CREATE TABLE `t` (\n"
        "  `a` varchar(9) CHARACTER SET utf8 DEFAULT NULL,\n"
        "  `b` char(3) CHARACTER SET latin1 DEFAULT NULL,\n"
        "  `c` char(3) COLLATE utf8mb4_bin DEFAULT NULL,\n"
        "  `d` char(3) GENERATED ALWAYS AS (convert(`a` using utf8mb4)) VIRTUAL\n"
        ") ENGINE=MyISAM AUTO_INCREMENT=3 DEFAULT CHARSET=utf8mb4"
    )
    text = Text("utf8mb4", 3)
    table = Table(
        TableName("s", "t"),
        (
            column("a", text, collation="utf8_general_ci"),
            column("b", text, collation="latin1_swedish_ci"),
            column("c", text, collation="utf8mb4_bin"),
            column("d", text, collation="utf8mb4_general_ci"),
        ),
        storage=Storage("MyISAM", collation="utf8mb4_general_ci"),
    )
    assert ddl.create_table(table, definition, []) == (
        "CREATE TABLE `s`.`t` (\n"
        "  `a` varchar(9) CHARACTER SET utf8 COLLATE utf8_general_ci DEFAULT NULL,\n"
        "  `b` char(3) CHARACTER SET latin1 DEFAULT NULL,\n"
        "  `c` char(3) COLLATE utf8mb4_bin DEFAULT NULL,\n"
        "  `d` char(3) GENERATED ALWAYS AS (convert(`a` using utf8mb4)) VIRTUAL\n"
        ") ENGINE=MyISAM DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"
    )


@pytest.mark.parametrize(("row_format", "said"), [("Compact", " ROW_FORMAT=COMPACT"), ("Dynamic", ""), ("", "")])
def test_a_row_format_that_a_server_would_not_choose_is_written_out(row_format: str, said: str) -> None:
    table = replace(TABLE, storage=replace(INNODB, row_format=row_format))
    assert f") ENGINE=InnoDB{said} DEFAULT CHARSET" in ddl.create_table(table, ORDERS, [])
    spoken = ORDERS.replace("ENGINE=InnoDB", "ENGINE=InnoDB ROW_FORMAT=REDUNDANT")
    assert ddl.create_table(table, spoken, []).count("ROW_FORMAT") == 1


def test_a_definition_of_other_columns_than_were_inspected_is_refused() -> None:
    with pytest.raises(UnreadableDdl, match="are not those that were inspected"):
        ddl.create_table(replace(TABLE, columns=TABLE.columns[:2]), ORDERS, [])


def test_an_index_that_the_definition_lacks_is_refused() -> None:
    with pytest.raises(UnreadableDdl, match="no index `gone`"):
        ddl.add_indexes(TABLE, ORDERS, [index("gone", "plain", "id")])
    with pytest.raises(UnreadableDdl, match="no index `gone`"):
        ddl.create_table(TABLE, ORDERS, [index("gone", "plain", "id")])


def test_indexes_are_added_in_the_words_and_the_order_of_the_definition() -> None:
    assert ddl.add_indexes(TABLE, ORDERS, [WORDS, BY_NOTE]) == (
        "ALTER TABLE `crm`.`or``ders`\n"
        "  ADD KEY `by_note` (`note`(5) DESC) /*!80000 INVISIBLE */,\n"
        "  ADD FULLTEXT KEY `words` (`note`)"
    )


def test_foreign_keys_are_added_with_their_schema_and_every_rule() -> None:
    one = ForeignKey("fk", ("customer",), TableName("crm", "cust`omers"), ("id",))
    two = ForeignKey("f`k", ("a", "b"), TableName("old", "t"), ("x", "y"), on_update="CASCADE", on_delete="SET NULL")
    assert ddl.add_foreign_keys(TABLE, [one, two]) == (
        "ALTER TABLE `crm`.`or``ders`\n"
        "  ADD CONSTRAINT `fk` FOREIGN KEY (`customer`) REFERENCES `crm`.`cust``omers` (`id`) "
        "ON DELETE NO ACTION ON UPDATE NO ACTION,\n"
        "  ADD CONSTRAINT `f``k` FOREIGN KEY (`a`, `b`) REFERENCES `old`.`t` (`x`, `y`) "
        "ON DELETE SET NULL ON UPDATE CASCADE"
    )


def test_a_schema_is_created_with_its_charset_and_collation() -> None:
    assert ddl.create_schema(Schema("my`shop", "utf8mb4", "utf8mb4_bin")) == (
        "CREATE DATABASE `my``shop` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    )


# -- what may wait -------------------------------------------------------------------------------------------------


def test_plain_and_one_fulltext_index_may_wait_and_keys_may_not() -> None:
    assert ddl.deferrable(TABLE) == (BY_CUSTOMER, BY_NOTE, WORDS)


def test_several_fulltext_indexes_stay_in_the_table() -> None:
    more = replace(TABLE, indexes=(*TABLE.indexes, index("more", "fulltext", "note")))
    assert ddl.deferrable(more) == (BY_CUSTOMER, BY_NOTE)


@pytest.mark.parametrize("engine", ["MyISAM", "MEMORY", "ARCHIVE", "Aria", ""])
def test_nothing_waits_on_other_engines(engine: str) -> None:
    assert ddl.deferrable(replace(TABLE, storage=Storage(engine, transactional=False))) == ()


def test_the_narrowest_index_that_the_counter_needs_stays() -> None:
    wide, narrow = index("a_wide", "plain", "id", "note"), index("narrow", "plain", "id")
    second = index("second", "unique", "note", "id")
    table = replace(TABLE, indexes=(second, wide, narrow, BY_NOTE))
    assert ddl.deferrable(table) == (wide, BY_NOTE)
    assert ddl.deferrable(replace(table, indexes=(*table.indexes, PRIMARY))) == (wide, narrow, BY_NOTE)


# -- what cannot be moved ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["InnoDB", "MyISAM", "MEMORY", "ARCHIVE", "CSV", "BLACKHOLE", "Aria"])
def test_engines_of_plain_tables_move(engine: str) -> None:
    assert ddl.findings(replace(TABLE, storage=Storage(engine))) == ()


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        ("MRG_MYISAM", "a MERGE table holds no rows of its own: move the tables it is made of"),
        ("FEDERATED", "a FEDERATED table's rows are on another server: move them from there"),
        ("ndbcluster", "an NDB table lives in a cluster: its definition does not hold elsewhere"),
        ("CONNECT", "the engine CONNECT is not one whose tables are known to move"),
    ],
)
def test_engines_that_hold_no_rows_here_are_refused(engine: str, reason: str) -> None:
    assert ddl.findings(replace(TABLE, storage=Storage(engine))) == (reason,)


def test_a_versioned_table_is_refused_for_its_history() -> None:
    versioned = replace(TABLE, storage=replace(INNODB, options=("system versioned",)))
    assert ddl.findings(versioned) == ("WITH SYSTEM VERSIONING: the history of its rows would be lost",)


def test_a_usual_definition_gives_no_finding() -> None:
    assert ddl.findings(TABLE, ORDERS) == ()


@pytest.mark.parametrize(
    ("tail", "reasons"),
    [
        (") /*!50100 TABLESPACE `innodb_system` */ ENGINE=InnoDB COMMENT='TABLESPACE `x`'", ()),
        (
            ") /*!50100 TABLESPACE `fast` */ ENGINE=InnoDB",
            ("the tablespace `fast` must exist on the target, and is not moved",),
        ),
        (
            ") ENGINE=MyISAM DATA DIRECTORY='/a/' INDEX DIRECTORY='/b/'",
            (
                "DATA DIRECTORY '/a/' is a folder of the source's machine",
                "INDEX DIRECTORY '/b/' is a folder of the source's machine",
            ),
        ),
        (
            (
                ") ENGINE=InnoDB\n/*!50100 PARTITION BY RANGE (`id`)\n"
                "(PARTITION p VALUES LESS THAN (5) DATA DIRECTORY = '/a' ENGINE = InnoDB,\n"
                " PARTITION q VALUES LESS THAN (9) DATA DIRECTORY = '/a' ENGINE = InnoDB) */"
            ),
            ("DATA DIRECTORY '/a' is a folder of the source's machine",),
        ),
    ],
)
def test_places_outside_of_the_schema_are_found_in_the_definition(tail: str, reasons: tuple[str, ...]) -> None:
    assert ddl.findings(TABLE, f"CREATE TABLE `t` (\n  `id` int NOT NULL\n{tail}") == reasons


def test_percona_column_compression_is_found() -> None:
    definition = "CREATE TABLE `t` (\n  `a` blob /*!50633 COLUMN_FORMAT COMPRESSED */,\n  `b` int\n) ENGINE=InnoDB"
    assert ddl.findings(TABLE, definition) == ("COLUMN_FORMAT COMPRESSED is understood by Percona Server only",)


@pytest.mark.parametrize("stored", [(False, False), (True, True), (False, True)])
def test_a_table_whose_columns_are_all_generated_is_not_moved(stored: tuple[bool, bool]) -> None:
    columns = tuple(
        Column(name, "int", Integer(32), generated="1", stored=kept) for name, kept in zip("ab", stored, strict=True)
    )
    (reason,) = ddl.findings(Table(NAME, columns, storage=INNODB))
    assert reason.startswith("all its columns are generated")
    one_more = (*columns, Column("c", "int", Integer(32)))
    assert ddl.findings(Table(NAME, one_more, storage=INNODB)) == ()


@pytest.mark.parametrize("kind", [Enum, Set])
@pytest.mark.parametrize(
    ("charset", "members", "refused"),
    [
        ("utf8mb4", ("?", "b"), True),
        ("utf16", ("why?", "b"), True),
        ("gb18030", ("b", "?"), True),
        ("utf8mb4", ("é", "b"), False),
        ("latin1", ("?", "b"), False),
        ("utf8mb3", ("?", "b"), False),
    ],
)
def test_a_member_that_may_stand_for_a_lost_character_is_not_moved(
    kind: type[Enum] | type[Set], charset: str, members: tuple[str, ...], refused: bool
) -> None:
    made = Table(NAME, (Column("e", "…", kind(members), charset=charset),), storage=INNODB)
    reasons = ddl.findings(made)
    assert bool(reasons) is refused
    assert all("`e`" in reason and "U+FFFF" in reason for reason in reasons)
