"""Which names end with a date, and which of these tables stay behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from migrate.model.plan import Move
from migrate.model.table import TableName
from migrate.planner.dated import is_dated, stays_behind

DAYS = some.dates(date(1990, 1, 1), date(2099, 12, 31))
STEMS = some.sampled_from(
    ["", "t_", "events_", "log-", "p", "x1_", "a.", "주문_", "_", "log_2024_", "t_99_", "2024q1_"]
)
DIGITS = "0123456789"


def is_real(year: int, month: int, day: int = 1) -> bool:
    """The calendar of the standard library, asked in another way than the code under test does."""
    try:
        return 1990 <= date(year, month, day).year <= 2099
    except ValueError:
        return False


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("events_20240101", "log_2024_01_01", "log_2024-01-01", "t_202401", "x_240101", "events20240101", "p2024_01"),
        *(
            "log_2024_01",
            "log_2024-01",
            "log-20240101",
            "log.20240101",
            "이벤트_20240101",
            "주문202401",
            "orders_bak_20240101",
        ),
        *("20240101", "202401", "2024_01_01", "a_1_202401", "v2_2024_01", "x_20240229", "x_20000229", "x_991231"),
        *("x_000229", "x_201231", "log_2024010113", "log_202401011300", "log_20240101235959", "log_20240101_1300"),
        *("log_20240101_130000", "x_19900101", "x_20991231"),
    ],
)
def test_a_name_that_ends_with_a_date_is_dated(name: str) -> None:
    assert is_dated(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("stats_1000", "a number"),
        ("area_51", "a number"),
        ("t_123456", "neither month 56 of 1234 nor month 34 of 2012"),
        ("zip_94103", "five digits"),
        ("v_100000", "month 00"),
        ("iso_8601", "four digits"),
        ("orders_2024", "a bare year"),
        ("port_202413", "month 13, and 13 is no month of 2020 either"),
        ("x_20240230", "no such day"),
        ("x_20230229", "no leap year"),
        ("x_21000101", "after 2099"),
        ("x_19891231", "before 1990"),
        ("x_18991231", "before 1990"),
        ("x_000000", "nothing of it is a date"),
        ("x_20240100", "day 00"),
        ("x_2024_1", "one digit"),
        ("x_2024_1_1", "one digit"),
        ("x_2024_01-01", "two different signs"),
        ("x_2024__01", "two signs"),
        ("x_2024.01.01", "a version"),
        ("x_24_01_01", "a short year with signs"),
        ("x240101", "a short year needs _"),
        ("x-240101", "a short year needs _"),
        ("240101", "a short year needs _"),
        ("t_31122024", "the day first"),
        ("t_12312024", "the month first"),
        ("t_120240101", "nine digits"),
        ("a1202401", "seven digits"),
        ("a_12024_01", "five digits before the sign"),
        ("log_2024010124", "hour 24"),
        ("log_202401011360", "minute 60"),
        ("log_20240101130060", "second 60"),
        ("log_20240101_13", "13 of what?"),
        ("orders_20240101_bak", "something follows"),
        ("sales_202401_report", "something follows"),
        ("events_20240101 ", "something follows"),
        ("events_20240101\n", "something follows"),
        ("sales_2024q1", "a quarter"),
        ("sales_2024w05", "a week"),
        ("events", "no digits"),
        ("", "nothing"),
        ("t_２０２４０１０１", "digits of another script"),
        ("t_٢٠٢٤٠١", "digits of another script"),
    ],
)
def test_a_name_that_does_not_is_not(name: str, why: str) -> None:
    assert not is_dated(name), why


@given(STEMS, DAYS, some.sampled_from(["%Y%m%d", "%Y_%m_%d", "%Y-%m-%d", "%Y%m", "%Y_%m", "%Y-%m"]))
def test_every_day_and_month_of_the_range_is_a_date_after_anything_but_a_digit(stem: str, day: date, form: str) -> None:
    assert is_dated(stem + day.strftime(form))


@given(DAYS, some.times(), some.sampled_from(["%H", "%H%M", "%H%M%S", "_%H%M", "_%H%M%S"]))
def test_a_day_without_signs_takes_a_time(day: date, at: time, form: str) -> None:
    assert is_dated(datetime.combine(day, at).strftime(f"t_%Y%m%d{form}"))


@given(DAYS)
def test_a_short_year_counts_after_an_underscore_only(day: date) -> None:
    short = day.strftime("%y%m%d")
    assert is_dated(f"t_{short}")
    as_month = is_real(int(short[:4]), int(short[4:])) if 1990 <= int(short[:4]) <= 2099 else False
    assert is_dated(f"t{short}") == is_dated(f"t-{short}") == as_month


@given(some.text(DIGITS, min_size=8, max_size=8))
def test_eight_digits_are_a_date_when_the_calendar_has_it(digits: str) -> None:
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    assert is_dated(f"t_{digits}") == (year > 0 and is_real(year, month, day))


@given(some.integers(0, 999_999).map("{:06}".format))
def test_six_digits_are_a_date_when_they_are_a_month_or_a_day_with_a_short_year(digits: str) -> None:
    month_of_a_year = int(digits[:4]) > 0 and is_real(int(digits[:4]), int(digits[4:]))
    year = int(digits[:2])
    day = is_real(year + (1900 if year >= 90 else 2000), int(digits[2:4]), int(digits[4:]))
    assert is_dated(f"t_{digits}") == (month_of_a_year or day)


@given(some.text("0123456789", max_size=16).filter(lambda digits: len(digits) not in (6, 8, 10, 12, 14)))
def test_a_run_of_digits_of_any_other_length_is_a_number(digits: str) -> None:
    assert not is_dated(f"t_{digits}")


@given(STEMS, DAYS, some.sampled_from("123456789"), some.sampled_from(["%Y_%m_%d", "%Y-%m"]))
def test_a_digit_before_the_year_makes_it_a_number(stem: str, day: date, digit: str, form: str) -> None:
    assert not is_dated(stem + digit + day.strftime(form))


@given(STEMS, DAYS, some.sampled_from(["_bak", "x", "_", "-", " ", "_copy", ".old"]))
def test_a_date_that_something_follows_does_not_count(stem: str, day: date, tail: str) -> None:
    assert not is_dated(stem + day.strftime("%Y%m%d") + tail)


@given(some.text())
def test_any_text_has_an_answer_and_letters_in_front_do_not_change_it(name: str) -> None:
    assert is_dated(name) == is_dated("t" + name)


# -- which stay behind -------------------------------------------------------------------------------------------------

EVENTS = TableName("shop", "events_20240101")


def behind(name: TableName = EVENTS, fixed: bool = False, **rules: object) -> bool:
    move = Move(from_="old:shop.*", to="new:shop.*", **rules)  # type: ignore[arg-type]  # the tests name real fields
    return stays_behind(move, name, fixed)


def test_a_dated_table_stays_behind_and_others_do_not() -> None:
    assert behind()
    assert not behind(TableName("shop", "events"))
    assert not behind(TableName("log_20240101", "events")), "the schema's name says nothing"


def test_all_of_them_come_along_when_the_move_says_so() -> None:
    assert not behind(dated_tables=True)


def test_a_glob_brings_along_what_it_fits() -> None:
    assert not behind(dated_tables=("shop.log_*", "shop.events_2024*"))
    assert behind(dated_tables=("shop.log_*",))
    assert behind(dated_tables=("other.events_*",))
    assert behind(dated_tables=())
    assert behind(TableName("shop", "log_20230101"), dated_tables=("*.events_*",))


@pytest.mark.parametrize(
    "read", [lambda text: text, lambda text: text.replace(".", ".`") + "`"], ids=["bare", "quoted"]
)
def test_a_from_that_names_the_table_brings_it_along(read: Callable[[str], str]) -> None:
    from migrate.planner.translate import source_pattern

    move = Move(from_=read("old:shop.events_20240101"), to="new:shop.*")
    assert not stays_behind(move, EVENTS, source_pattern(move).name.fixed)
    move = Move(from_="old:shop.events_*", to="new:shop.*")
    assert stays_behind(move, EVENTS, source_pattern(move).name.fixed), "a pattern takes what it fits, dated ones not"


def test_an_include_brings_it_along_only_when_it_names_it() -> None:
    assert not behind(include=("shop.orders", "shop.events_20240101"))
    assert behind(include=("shop.events_*",))
    assert behind(include=("shop.events_2024010?",))
    assert behind(include=("shop.events_2024010[12]",))
    assert behind(include=("other.events_20240101",))


def test_a_name_with_stars_in_it_is_compared_as_it_is() -> None:
    assert behind(TableName("shop", "a_20240101"), include=("shop.*_20240101",))
    odd = TableName("shop", "*_20240101")
    assert not behind(odd, include=("shop.*_20240101",)), "that glob fits other tables too, but it is this one's name"
