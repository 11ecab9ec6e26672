"""`diff` of views, triggers, routines, events and sequences."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from migrate.diff import describe, diff
from migrate.model.change import AlterStored, Change, CreateStored, CreateTable
from migrate.model.table import Catalog, StoredKind, StoredObject, TableName
from tests.unit.test_diff import TABLE

TOTALS = StoredObject(
    "view", TableName("shop", "totals"), "select 1", "ann@%", (("character_set_client", "utf8mb4"), ("sql_mode", ""))
)


stored_objects = st.builds(
    StoredObject,
    kind=st.sampled_from(["sequence", "procedure", "function", "view", "trigger", "event"]),
    name=st.sampled_from([TableName("crm", "b"), TableName("shop", "a"), TableName("shop", "b")]),
    text=st.sampled_from(["", "select 1", "x\ny"]),
    definer=st.sampled_from(["", "ann@%", "a\nb@%"]),
    settings=st.sampled_from([(), (("sql_mode", ""),), (("sql_mode", "ANSI"),), (("a", "1"), ("b", "2"))]),
    table=st.sampled_from(["", "t"]),
    order=st.integers(0, 2),
    enabled=st.booleans(),
    broken=st.sampled_from(["", "its table\nis gone"]),
)

catalogs = st.builds(
    Catalog, stored=st.lists(stored_objects, unique_by=lambda stored: stored.key, max_size=5).map(tuple)
)


@given(catalogs, catalogs)
@settings(max_examples=200)
def test_doing_the_changes_of_stored_objects_leaves_no_difference(wanted: Catalog, actual: Catalog) -> None:
    reached = actual.stored_by_key()
    for change in diff(wanted, actual):
        match change:
            case CreateStored(stored=stored):
                assert stored.key not in reached
                reached[stored.key] = stored
            case AlterStored(actual=there, wanted=stored):
                assert reached[stored.key] == there
                assert there.key == stored.key
                reached[stored.key] = stored
            case _:
                raise AssertionError(change)
    assert reached == actual.stored_by_key() | wanted.stored_by_key()


@given(stored_objects, stored_objects)
@settings(max_examples=200)
def test_every_stored_object_that_differs_is_described_in_one_line_that_says_how(
    wanted: StoredObject, actual: StoredObject
) -> None:
    actual = replace(actual, kind=wanted.kind, name=wanted.name)
    for change in diff(Catalog(stored=(wanted,)), Catalog(stored=(actual,))):
        line = describe(change)
        assert line.startswith(f"{wanted.kind} {wanted.name}: defined otherwise: ")
        assert "\n" not in line
        said = line.split(": ", 2)[2]
        assert said.startswith("text") == (wanted.text != actual.text)
        for name in ("definer", "table", "order", "enabled", "broken"):
            assert said.count(f"{name}=") == (2 if getattr(wanted, name) != getattr(actual, name) else 0)


@given(catalogs, catalogs)
def test_the_order_of_stored_objects_changes_nothing(wanted: Catalog, actual: Catalog) -> None:
    shuffled = replace(wanted, stored=wanted.stored[::-1])
    assert diff(shuffled, replace(actual, stored=actual.stored[::-1])) == diff(wanted, actual)
    assert diff(wanted, wanted) == ()


def test_a_stored_object_only_on_the_actual_side_stays() -> None:
    assert diff(Catalog(), Catalog(stored=(TOTALS,))) == ()


def test_stored_objects_follow_the_tables_in_the_order_in_which_kinds_are_made() -> None:
    kinds: tuple[StoredKind, ...] = ("event", "trigger", "view", "function", "procedure", "sequence")
    wanted = [StoredObject(kind, TableName("shop", name)) for kind in kinds for name in ("b", "a")]
    found = diff(Catalog(tables=(replace(TABLE, foreign_keys=()),), stored=tuple(wanted)), Catalog())
    assert isinstance(found[0], CreateTable)
    assert [(one.stored.kind, one.stored.name.name) for one in found[1:] if isinstance(one, CreateStored)] == [
        (kind, name) for kind in reversed(kinds) for name in ("a", "b")
    ]


def test_a_stored_object_is_compared_with_that_of_its_kind_and_name_in_every_field() -> None:
    function = replace(TOTALS, kind="function")
    there = replace(TOTALS, definer="bob@%")
    assert diff(Catalog(stored=(TOTALS,)), Catalog(stored=(there,))) == (AlterStored(there, TOTALS),)
    assert diff(Catalog(stored=(TOTALS,)), Catalog(stored=(function,))) == (CreateStored(TOTALS),)
    any_definer = replace(TOTALS, definer="")
    assert diff(Catalog(stored=(any_definer,)), Catalog(stored=(TOTALS,))) == (AlterStored(TOTALS, any_definer),)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (CreateStored(TOTALS), "view shop.totals: missing"),
        (AlterStored(TOTALS, replace(TOTALS, text="select 2")), "view shop.totals: defined otherwise: text"),
        (
            AlterStored(
                replace(TOTALS, definer="", text="x"), replace(TOTALS, settings=(("sql_mode", "ANSI"),), enabled=False)
            ),
            (
                "view shop.totals: defined otherwise: text; "
                "definer='' enabled=True character_set_client='utf8mb4' sql_mode='', "
                "wanted definer='ann@%' enabled=False character_set_client=None sql_mode='ANSI'"
            ),
        ),
        (
            AlterStored(TOTALS, replace(TOTALS, settings=TOTALS.settings[::-1])),
            "view shop.totals: defined otherwise: order of settings",
        ),
    ],
)
def test_a_change_of_a_stored_object_reads_like_this(change: Change, line: str) -> None:
    assert describe(change) == line
