"""Dated tables: one for each day, month or hour, such as `events_20240101`. They stay behind unless they are asked for.

What stays behind is counted and listed in the plan, but what moves needlessly only costs time: in doubt a name is not
dated.
"""

from __future__ import annotations

import calendar
import re

from migrate.model.pattern import glob_matches
from migrate.model.plan import Move
from migrate.model.table import TableName

FIRST_YEAR, LAST_YEAR = 1990, 2099
"""Digits that would be another year are a number, not a date."""

_YEAR, _TWO = "[0-9]{4}", "[0-9]{2}"
_FORMS = tuple(
    re.compile(form + r"\Z")
    for form in (
        rf"(?<![0-9])(?P<year>{_YEAR})(?P<month>{_TWO})(?P<day>{_TWO})(?P<hour>{_TWO})?",
        rf"(?<![0-9])(?P<year>{_YEAR})(?P<month>{_TWO})(?P<day>{_TWO})_?(?P<hour>{_TWO})(?P<minute>{_TWO})(?P<second>{_TWO})?",
        rf"(?<![0-9])(?P<year>{_YEAR})(?P<month>{_TWO})",
        rf"(?<![0-9])(?P<year>{_YEAR})(?P<sign>[_-])(?P<month>{_TWO})(?:(?P=sign)(?P<day>{_TWO}))?",
        rf"_(?P<year>{_TWO})(?P<month>{_TWO})(?P<day>{_TWO})",
    )
)


def is_dated(name: str) -> bool:
    """Whether a table's name ends with a date of the calendar, 1990 to 2099, with or without something before it.

    - A day: `events_20240101`, `log_2024_01_01`, `log_2024-01-01`, `events20240101`; without signs in it, also with a
      time of day: `log_2024010113`, `log_202401011300`, `log_20240101130000`, `log_20240101_1300`,
      `log_20240101_130000`.
    - A month: `t_202401`, `log_2024_01`, `log_2024-01`, `p2024_01`.
    - A day with a short year, only after `_`: `x_240101`. 90 to 99 are the nineties here.

    A month is 01 to 12, and a day is one that this month of this year has. Both signs within a date are the same, and
    what stands before it is no digit: `t_120240101` ends with a number.

    Not dated are: a date that something else follows (`orders_20240101_bak`, `sales_202401_report`: somebody gave these
    names by hand); a bare year (`orders_2024`, `iso_8601`: four digits are too often something else, and the table of a
    year is mostly still in use); a quarter or a week (`sales_2024q1`); a day that comes first (`t_31122024`); signs
    around a short year (`x_24_01_01`); numbers that are no date (`stats_1000`, `area_51`, `t_123456`, `port_202413`).
    """
    return any(_is_moment(found) for form in _FORMS if (found := form.search(name)))


def _is_moment(found: re.Match[str]) -> bool:
    parts = {part: int(digits) for part, digits in found.groupdict().items() if digits and part != "sign"}
    year, month = parts["year"], parts["month"]
    if len(found["year"]) == 2:
        year += 1900 if year >= FIRST_YEAR % 100 else 2000
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12):
        return False
    on_a_day = 1 <= parts.get("day", 1) <= calendar.monthrange(year, month)[1]
    return on_a_day and parts.get("hour", 0) < 24 and parts.get("minute", 0) < 60 and parts.get("second", 0) < 60


def stays_behind(move: Move, name: TableName, pattern_is_fixed: bool) -> bool:
    """Whether a dated table that the move would take is not brought along.

    It comes along when the move's `dated_tables` is true or has a glob for it, when its `from` names exactly that table
    (`pattern_is_fixed`), or when it is named, without wildcards, in `include`.
    """
    if pattern_is_fixed or move.dated_tables is True or not is_dated(name.name):
        return False
    whole = f"{name.schema}.{name.name}"
    if move.dated_tables and any(glob_matches(glob, whole) for glob in move.dated_tables):
        return False
    return whole not in move.include
