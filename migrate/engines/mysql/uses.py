"""What the words of stored objects read and call.

Of a view it is exact: servers print every table, view and sequence in it with its schema, and every function that is
not their own in backticks. (MySQL's
VIEW_TABLE_USAGE says the same since 8.0.13; others have no such table.) Of other words it may be more than there is:
every name in them that something has.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Literal

from migrate.engines.mysql.dictionary import Record
from migrate.engines.mysql.places import names
from migrate.model.table import StoredObject, TableName, Use
from migrate.sql import tokens

_Kind = Literal["relation", "function", "procedure"]
_Pair = tuple[str, str]

_QUOTED = r"`(?:[^`]|``)*`"
_PRINTED = re.compile(
    rf"""'(?:[^'\\]|\\.|'')*'
    |\b(?:from|join|straight_join|nextval|lastval|setval)[ (]+(?P<schema>{_QUOTED})\.(?P<table>{_QUOTED})(?!\.)
    |(?:(?P<owner>{_QUOTED})\.)?(?P<function>{_QUOTED})\(
    |{_QUOTED}""",  # any other name whole, so that no search begins inside of one
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)
"""Uses as servers print them in a view; after the FROM of extract and trim comes a column, maybe of an alias."""
_OWN_FROM = re.compile(r"\b(?:extract|trim)\(", re.IGNORECASE)
_WORD = r"[0-9A-Za-z_$\x80-\U0010ffff]"
_COMMENT = r"(?:/\*(?!M?!).*?\*/|--(?=\s)[^\n]*|\#[^\n]*)"
_NAME = rf"(?:{_QUOTED}|\"(?:[^\"]|\"\")*\"|[\w$]+)"
_WRITTEN = re.compile(
    rf"""'(?:[^'\\]|\\.|'')*'|/\*(?!M?!).*?\*/|(?P<first>{_NAME})(?:\s*\.\s*(?P<second>{_NAME}))?""", re.DOTALL
)


def uses(read: Mapping[str, Sequence[Record]], stored: Sequence[StoredObject]) -> tuple[Use, ...]:
    """What these objects use, sorted: views whatever it is, others what exists in the schemas that were read."""
    there = _There(read)
    found = {use for one in stored for use in _of(one, there)}
    return tuple(sorted(found, key=lambda use: (use.by[1], use.by[0], use.kind, use.of)))


def _of(one: StoredObject, there: _There) -> Iterator[Use]:
    if one.kind == "view":
        for kind, of in _printed(one.text, one.name.schema):
            yield Use(one.key, kind, of)
    elif one.kind != "sequence":
        home = one.name.schema.casefold()
        for first, second in _written(one.text):
            for schema, name in ((first, second), (home, first)) if second else ((home, first),):
                for kind, of in there.called((schema, name)):
                    if (kind, of) != (one.kind, one.name):
                        yield Use(one.key, kind, of)


class _There:
    """What exists, by schema and name without case."""

    def __init__(self, read: Mapping[str, Sequence[Record]]) -> None:
        self._found: dict[_Pair, list[tuple[_Kind, TableName]]] = {}
        self._add("relation", ((row["TABLE_SCHEMA"], row["TABLE_NAME"]) for row in read["TABLES"]))
        routines = read["ROUTINES"]
        for kind in ("function", "procedure"):
            of_kind = (row for row in routines if row["ROUTINE_TYPE"] == kind.upper())
            self._add(kind, ((row["ROUTINE_SCHEMA"], row["ROUTINE_NAME"]) for row in of_kind))

    def _add(self, kind: _Kind, pairs: Iterable[_Pair]) -> None:
        for schema, name in pairs:
            key = (schema.casefold(), name.casefold())
            self._found.setdefault(key, []).append((kind, TableName(schema, name)))

    def called(self, key: _Pair) -> Collection[tuple[_Kind, TableName]]:
        return self._found.get(key, ())


def _printed(text: str, home: str) -> Iterator[tuple[_Kind, TableName]]:
    """A function that the view's author called without a schema is printed so: it is one of the view's own schema."""
    if _OWN_FROM.search(text):
        found = tokens(text)
        for name in names(text, found):
            if len(name.parts) == 2 and name.role in ("table", "routine"):
                kind: _Kind = "relation" if name.role == "table" else "function"
                yield kind, TableName(*name.parts)
            elif len(name.parts) == 1 and name.role == "routine" and found[name.at[0]].kind == "identifier":
                yield "function", TableName(home, name.parts[0])
        return
    for match in _PRINTED.finditer(text):
        if match["table"]:
            yield "relation", TableName(_bare(match["schema"]), _bare(match["table"]))
        elif match["function"]:
            owner = _bare(match["owner"]) if match["owner"] else home
            yield "function", TableName(owner, _bare(match["function"]))


def row_columns(trigger: StoredObject) -> tuple[str, ...]:
    """See `migrate.engines.base.Engine`. What a `/*!…*/` holds counts, whichever version it is for.

    In a trigger NEW.x is never the column of a table or alias called so (5.7.22 to 9.7.4, MariaDB 10.11 and 11.8).
    """
    modes = dict(trigger.settings).get("sql_mode", "").split(",")
    found = _rows("ANSI_QUOTES" in modes, "NO_BACKSLASH_ESCAPES" not in modes).finditer(trigger.text)
    return tuple(
        dict.fromkeys(
            _bare(match["column"])
            for match in found
            if match["row"] and not match["more"] and _bare(match["row"]).upper() in ("NEW", "OLD")
        )
    )


@cache
def _rows(ansi: bool, escapes: bool) -> re.Pattern[str]:
    """Names of two parts; `more` is what makes them another thing: a third part, or the parenthesis of a call.

    No search begins inside of a string, a comment, a user variable (which has dots in it) or another name.
    """

    def literal(quote: str) -> str:
        inside = rf"[^{quote}\\]|\\." if escapes else f"[^{quote}]"
        return f"{quote}(?:{inside}|{quote}{quote})*{quote}"

    quoted = _QUOTED + ('|"(?:[^"]|"")*"' if ansi else "")
    strings = literal("'") + ("" if ansi else "|" + literal('"'))
    name = rf"(?:{quoted}|{_WORD}+)"
    gap = rf"(?:\s|{_COMMENT})*"
    return re.compile(
        rf"""{strings}|{_COMMENT}|/\*M?!\d*|@+(?:{quoted}|(?:{_WORD}|\.)+)
        |(?>(?P<row>{name}){gap}\.{gap}(?P<column>{name}))(?P<more>{gap}(?:\.{gap}{name}|\())?
        |{name}""",
        re.DOTALL | re.VERBOSE,
    )


def _written(text: str) -> set[tuple[str, str | None]]:
    return {
        (_bare(match["first"]).casefold(), _bare(match["second"]).casefold() if match["second"] else None)
        for match in _WRITTEN.finditer(text)
        if match["first"]
    }


def _bare(name: str) -> str:
    mark = name[0]
    return name[1:-1].replace(mark * 2, mark) if mark in '`"' else name
