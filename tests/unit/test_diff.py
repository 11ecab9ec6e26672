"""diff against a small executor of changes: what diff says, done in order, gives what was wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from migrate.diff import describe, diff
from migrate.model.change import (
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddIndex,
    AlterCheck,
    AlterColumn,
    AlterComment,
    AlterForeignKey,
    AlterIndex,
    AlterPartitioning,
    AlterStorage,
    AlterStored,
    Change,
    CreateSchema,
    CreateStored,
    CreateTable,
    DropCheck,
    DropColumn,
    DropForeignKey,
    DropIndex,
    MoveColumn,
)
from migrate.model.table import (
    Catalog,
    Check,
    Column,
    ForeignKey,
    Index,
    IndexPart,
    Partition,
    Partitioning,
    Schema,
    Statistics,
    Storage,
    Table,
    TableName,
    Use,
)
from migrate.model.types import Decimal, Integer, Text

ORDERS = TableName("shop", "orders")
ID = Column("id", "int", Integer(32), nullable=False, auto_increment=True)
AMOUNT = Column("amount", "decimal(10,2)", Decimal(10, 2), nullable=False)
NOTE = Column("note", "varchar(20)", Text("utf8mb4", 20), charset="utf8mb4", collation="utf8mb4_bin")
PRIMARY = Index("PRIMARY", "primary", (IndexPart("id"),))
BY_NOTE = Index("by_note", "plain", (IndexPart("note", prefix=5),))
TO_CUSTOMER = ForeignKey("fk", ("id",), TableName("shop", "customers"), ("id",))
POSITIVE = Check("positive", "`amount` > 0")
TABLE = Table(
    ORDERS, (ID, AMOUNT, NOTE), (PRIMARY, BY_NOTE), (TO_CUSTOMER,), (POSITIVE,), None, Storage("InnoDB"), "orders"
)


def changes(wanted: Table, actual: Table) -> tuple[Change, ...]:
    return diff(Catalog(tables=(wanted,)), Catalog(tables=(actual,)))


# -- an executor of changes ----------------------------------------------------------------------------------------


def _at(parts: Sequence[Any], name: str) -> int:
    """The place of the only part of that name; a change that names something else fails the test."""
    (place,) = [place for place, part in enumerate(parts) if part.name == name]
    return place


def _after(columns: list[Column], column: Column, after: str) -> None:
    columns.insert(_at(columns, after) + 1 if after else 0, column)


def apply_change(table: Table, change: Change) -> Table:
    """One change, done as a server would: each name it uses must be there, each new one must not."""
    columns, indexes = list(table.columns), list(table.indexes)
    keys, checks = list(table.foreign_keys), list(table.checks)
    match change:
        case AddColumn(column=column, after=after):
            assert column.name not in [other.name for other in columns]
            _after(columns, column, after)
        case AlterColumn(actual=actual, wanted=wanted):
            place = _at(columns, actual.name)
            assert columns[place] == actual
            columns[place] = wanted
        case MoveColumn(column=name, after=after):
            _after(columns, columns.pop(_at(columns, name)), after)
        case DropColumn(column=column):
            columns.remove(column)
        case AddIndex(index=index):
            assert index.name not in [other.name for other in indexes]
            indexes.append(index)
        case AlterIndex(actual=there, wanted=index):
            indexes[indexes.index(there)] = index
        case DropIndex(index=index):
            indexes.remove(index)
        case AddForeignKey(foreign_key=key):
            assert key.name not in [other.name for other in keys]
            keys.append(key)
        case AlterForeignKey(actual=there_key, wanted=key):
            keys[keys.index(there_key)] = key
        case DropForeignKey(foreign_key=key):
            keys.remove(key)
        case AddCheck(check=check):
            assert check.name not in [other.name for other in checks]
            checks.append(check)
        case AlterCheck(actual=there_check, wanted=check):
            checks[checks.index(there_check)] = check
        case DropCheck(check=check):
            checks.remove(check)
        case AlterStorage(actual=storage, wanted=new_storage):
            assert table.storage == storage
            table = replace(table, storage=new_storage)
        case AlterPartitioning(actual=parts, wanted=new_parts):
            assert table.partitioning == parts
            table = replace(table, partitioning=new_parts)
        case AlterComment(actual=text, wanted=new_text):
            assert table.comment == text
            table = replace(table, comment=new_text)
        case CreateSchema() | CreateTable() | CreateStored() | AlterStored():
            raise AssertionError(change)
    return replace(
        table, columns=tuple(columns), indexes=tuple(indexes), foreign_keys=tuple(keys), checks=tuple(checks)
    )


def in_name_order(table: Table) -> Table:
    """The order of indexes, foreign keys and checks has no meaning; that of columns has."""
    return replace(
        table,
        indexes=tuple(sorted(table.indexes, key=lambda part: part.name)),
        foreign_keys=tuple(sorted(table.foreign_keys, key=lambda part: part.name)),
        checks=tuple(sorted(table.checks, key=lambda part: part.name)),
    )


# -- any table -----------------------------------------------------------------------------------------------------

names = st.sampled_from(["a", "A", "b", "c", "C", "d", "e", "f"])
columns = st.builds(
    Column,
    name=names,
    native=st.sampled_from(["int", "bigint"]),
    type=st.sampled_from([Integer(32), Integer(64)]),
    nullable=st.booleans(),
    default=st.sampled_from([None, "", "1"]),
    default_is_expression=st.booleans(),
    comment=st.sampled_from(["", "x\ny"]),
)
indexes = st.builds(
    Index,
    name=names,
    kind=st.sampled_from(["unique", "plain"]),
    parts=st.lists(st.builds(IndexPart, column=names), min_size=1, max_size=2).map(tuple),
    visible=st.booleans(),
)
foreign_keys = st.builds(
    ForeignKey,
    name=names,
    columns=st.just(("a",)),
    referenced=st.just(ORDERS),
    referenced_columns=st.just(("a",)),
    on_delete=st.sampled_from(["RESTRICT", "NO ACTION", "CASCADE"]),
)
checks = st.builds(Check, name=names, expression=st.sampled_from(["a > 0", "a > 1"]), enforced=st.booleans())
partitionings = st.builds(
    Partitioning,
    method=st.sampled_from(["RANGE", "LIST"]),
    expression=st.just("`a`"),
    partitions=st.lists(st.builds(Partition, name=names, bound=st.sampled_from(["1", "2"])), max_size=2).map(tuple),
)


def named(parts: st.SearchStrategy[Any], folded: bool = False) -> st.SearchStrategy[Any]:
    key = (lambda part: part.name.casefold()) if folded else (lambda part: part.name)
    return st.lists(parts, unique_by=key, max_size=8).map(tuple)


def tables(folded: bool = False) -> st.SearchStrategy[Table]:
    return st.builds(
        Table,
        name=st.sampled_from([ORDERS, TableName("shop", "b"), TableName("crm", "a")]),
        columns=named(columns, folded),
        indexes=named(indexes, folded),
        foreign_keys=named(foreign_keys, folded),
        checks=named(checks, folded),
        partitioning=st.none() | partitionings,
        storage=st.builds(Storage, engine=st.sampled_from(["InnoDB", "MyISAM"])),
        comment=st.sampled_from(["", "it's"]),
    )


def catalogs() -> st.SearchStrategy[Catalog]:
    return st.builds(
        Catalog,
        schemas=named(st.builds(Schema, name=names)),
        tables=st.lists(tables(), unique_by=lambda table: table.name, max_size=3).map(tuple),
    )


@given(tables(), tables())
@settings(max_examples=200)
def test_doing_the_changes_in_order_gives_the_wanted_table(wanted: Table, actual: Table) -> None:
    actual = replace(actual, name=wanted.name)
    reached = actual
    for change in changes(wanted, actual):
        reached = apply_change(reached, change)
    assert in_name_order(reached) == in_name_order(wanted)


@given(tables(), tables())
@settings(max_examples=100)
def test_no_change_exactly_where_both_tables_are_equal(wanted: Table, actual: Table) -> None:
    actual = replace(actual, name=wanted.name)
    assert (changes(wanted, actual) == ()) == (in_name_order(wanted) == in_name_order(actual))


@given(catalogs())
def test_a_catalog_does_not_differ_from_itself(catalog: Catalog) -> None:
    assert diff(catalog, catalog) == ()


@given(catalogs(), catalogs())
def test_the_order_of_a_catalog_changes_nothing(wanted: Catalog, actual: Catalog) -> None:
    shuffled = replace(wanted, tables=wanted.tables[::-1], schemas=wanted.schemas[::-1])
    assert diff(shuffled, replace(actual, tables=actual.tables[::-1])) == diff(wanted, actual)


@given(tables(), tables())
@settings(max_examples=100)
def test_every_change_is_described_in_one_line_that_tells_both_sides_apart(wanted: Table, actual: Table) -> None:
    actual = replace(actual, name=wanted.name)
    for change in changes(wanted, actual):
        line = describe(change)
        assert "\n" not in line
        if isinstance(change, AlterColumn | AlterIndex | AlterStorage | AlterPartitioning | AlterComment):
            there, want = line.split(": ", 1)[1].split(", wanted ", 1)
            assert there != want


# -- one by one ----------------------------------------------------------------------------------------------------


def test_a_missing_schema_comes_before_its_tables_and_foreign_keys_follow_their_table() -> None:
    shop = Schema("shop", "utf8mb4")
    wanted = Catalog((shop,), (TABLE, replace(TABLE, name=TableName("shop", "a"), foreign_keys=())))
    assert diff(wanted, Catalog()) == (
        CreateSchema(shop),
        CreateTable(replace(TABLE, name=TableName("shop", "a"), foreign_keys=())),
        CreateTable(TABLE),
        AddForeignKey(ORDERS, TO_CUSTOMER),
    )


def test_what_is_only_on_the_actual_side_stays() -> None:
    assert diff(Catalog(), Catalog((Schema("shop"),), (TABLE,))) == ()


def test_uses_statistics_and_the_charset_of_a_schema_are_not_compared() -> None:
    use = Use(("view", TableName("shop", "v")), "relation", ORDERS)
    wanted = Catalog((Schema("shop", "utf8mb4"),), (TABLE,), uses=(use,))
    actual = Catalog((Schema("shop", "latin1"),), (TABLE,), statistics=(Statistics(ORDERS, rows=5),))
    assert diff(wanted, actual) == ()


def test_one_column_moved_is_one_move() -> None:
    actual = replace(TABLE, columns=(NOTE, ID, AMOUNT))
    assert changes(TABLE, actual) == (MoveColumn(ORDERS, "note", "amount"),)
    assert changes(actual, TABLE) == (MoveColumn(ORDERS, "note", ""),)


def test_a_column_added_in_the_middle_moves_nothing() -> None:
    actual = replace(TABLE, columns=(ID, NOTE))
    assert changes(TABLE, actual) == (AddColumn(ORDERS, AMOUNT, "id"),)
    assert changes(actual, TABLE) == (DropColumn(ORDERS, AMOUNT),)


def test_a_column_whose_name_differs_in_case_is_altered_and_never_dropped() -> None:
    upper = replace(AMOUNT, name="Amount")
    assert changes(TABLE, replace(TABLE, columns=(ID, upper, NOTE))) == (AlterColumn(ORDERS, upper, AMOUNT),)


def test_foreign_keys_and_checks_that_differ_are_altered_and_foreign_keys_come_last() -> None:
    wanted = replace(
        TABLE,
        comment="",
        foreign_keys=(replace(TO_CUSTOMER, on_delete="CASCADE"),),
        checks=(replace(POSITIVE, enforced=False),),
    )
    assert changes(wanted, TABLE) == (
        AlterCheck(ORDERS, POSITIVE, wanted.checks[0]),
        AlterComment(ORDERS, "orders", ""),
        AlterForeignKey(ORDERS, TO_CUSTOMER, wanted.foreign_keys[0]),
    )


def test_a_foreign_key_that_names_its_columns_in_other_case_is_the_same() -> None:
    lower = replace(TO_CUSTOMER, columns=("ID",), referenced_columns=("Id",))
    assert changes(replace(TABLE, foreign_keys=(lower,)), TABLE) == ()


def test_a_foreign_key_to_a_table_whose_name_differs_in_case_is_another_one() -> None:
    other = replace(TO_CUSTOMER, referenced=TableName("shop", "Customers"))
    assert changes(replace(TABLE, foreign_keys=(other,)), TABLE) == (AlterForeignKey(ORDERS, TO_CUSTOMER, other),)


def test_indexes_are_compared_by_name() -> None:
    longer = replace(BY_NOTE, parts=(IndexPart("note", prefix=9),))
    renamed = replace(BY_NOTE, name="other")
    assert changes(replace(TABLE, indexes=(PRIMARY, longer)), TABLE) == (AlterIndex(ORDERS, BY_NOTE, longer),)
    assert changes(replace(TABLE, indexes=(PRIMARY, renamed)), TABLE) == (
        DropIndex(ORDERS, BY_NOTE),
        AddIndex(ORDERS, renamed),
    )


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (CreateSchema(Schema("shop")), "schema shop: missing"),
        (CreateTable(TABLE), "table shop.orders: missing"),
        (
            AlterColumn(ORDERS, AMOUNT, replace(AMOUNT, native="decimal(12,2)", type=Decimal(12, 2))),
            "column amount: decimal(10,2) NOT NULL, wanted decimal(12,2) NOT NULL",
        ),
        (
            AlterColumn(ORDERS, NOTE, replace(NOTE, collation="utf8mb4_general_ci", nullable=False)),
            "column note: varchar(20) COLLATE utf8mb4_bin NULL, wanted varchar(20) COLLATE utf8mb4_general_ci NOT NULL",
        ),
        (
            AlterColumn(ORDERS, NOTE, replace(NOTE, type=Text("latin1", 20))),
            (
                "column note: type=Text(charset='utf8mb4', length=20, fixed=False), "
                "wanted type=Text(charset='latin1', length=20, fixed=False)"
            ),
        ),
        (AddColumn(ORDERS, ID), "column id: missing, wanted int NOT NULL AUTO_INCREMENT"),
        (
            DropColumn(ORDERS, replace(ID, name="odd name")),
            "column `odd name`: int NOT NULL AUTO_INCREMENT, not wanted",
        ),
        (MoveColumn(ORDERS, "id"), "column id: in another place, wanted first"),
        (MoveColumn(ORDERS, "note", "id"), "column note: in another place, wanted after id"),
        (AddIndex(ORDERS, PRIMARY), "index PRIMARY: missing, wanted primary (id)"),
        (
            AlterIndex(ORDERS, BY_NOTE, replace(BY_NOTE, visible=False)),
            "index by_note: (note(5)), wanted (note(5)) INVISIBLE",
        ),
        (DropIndex(ORDERS, BY_NOTE), "index by_note: (note(5)), not wanted"),
        (
            AddForeignKey(ORDERS, TO_CUSTOMER),
            (
                "foreign key fk: missing, wanted (id) REFERENCES shop.customers (id) "
                "ON DELETE NO ACTION ON UPDATE NO ACTION"
            ),
        ),
        (DropCheck(ORDERS, POSITIVE), "check positive: (`amount` > 0), not wanted"),
        (
            AlterStorage(ORDERS, Storage("InnoDB"), Storage("MyISAM", transactional=False)),
            "storage: engine='InnoDB' transactional=True, wanted engine='MyISAM' transactional=False",
        ),
        (
            AlterPartitioning(ORDERS, None, Partitioning("HASH", "`id`", (Partition("p0"), Partition("p1")))),
            "partitioning: none, wanted HASH (`id`), 2 partitions (p0, p1)",
        ),
        (AlterComment(ORDERS, "a\nb", "it's"), "comment: 'a\\nb', wanted \"it's\""),
    ],
)
def test_a_change_reads_like_this(change: Change, line: str) -> None:
    assert describe(change) == line
