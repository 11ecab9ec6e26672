"""The words of a text of Trino's SQL, each with its place: names and values are cut out of it, nothing is printed anew.

Trino's lexer is small (SqlBase.g4): strings double their quote and know no backslash, names are in double quotes.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from migrate.errors import UnreadableDdl
from migrate.sql import fault_among

LexemeKind = Literal["string", "name", "number", "word", "sign"]

_LEXEME = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<string>(?:[uU]&|[xX])?'(?:[^']|'')*')
    |(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
    |(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?(?![\w])|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<word>[^\W]\w*|\d\w+)
    |(?P<sign><>|!=|<=|>=|\|\||->|=>|[^\w\s'"`])""",
    re.DOTALL | re.VERBOSE,
)


class Lexeme(msgspec.Struct, frozen=True):
    """`text[start:end]` is the source; `text` is a name without its quotes, any other lexeme as it is written."""

    kind: LexemeKind
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """In upper case when it is a bare word, else empty."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def is_name(self) -> bool:
        """Whether it can name something."""
        return self.kind in ("name", "word")

    @property
    def named(self) -> str:
        """The name as Trino understands it: without regard to case, so in lower case."""
        return self.text.lower()


def lexemes(text: str) -> tuple[Lexeme, ...]:
    """All of them, in order; comments and spaces left out. Raises `UnreadableDdl` where something does not end."""
    found: list[Lexeme] = []
    at = 0
    while at < len(text):
        match = _LEXEME.match(text, at)
        if match is None:
            raise UnreadableDdl(text, f"something at character {at} is not understood")
        at = match.end()
        kind = match.lastgroup
        if kind == "space":
            continue
        source = match.group()
        if kind == "name":
            mark = source[0]
            found.append(Lexeme("name", source[1:-1].replace(mark * 2, mark), match.start(), at))
        elif kind == "string":
            found.append(Lexeme("string", source, match.start(), at))
        elif kind == "number":
            found.append(Lexeme("number", source, match.start(), at))
        elif kind == "word":
            found.append(Lexeme("word", source, match.start(), at))
        else:
            found.append(Lexeme("sign", source, match.start(), at))
    return tuple(found)


def string_value(source: str) -> str:
    """What a literal of a string means: plain, or with Unicode escapes by a backslash, as older versions print it."""
    if source[:2] in ("U&", "u&"):
        body = source[3:-1].replace("''", "'")
        return re.sub(r"\\(?:\+([0-9A-Fa-f]{6})|([0-9A-Fa-f]{4})|(\\))", _escape, body)
    return source[1:-1].replace("''", "'")


def _escape(found: re.Match[str]) -> str:
    return "\\" if found[3] else chr(int(found[1] or found[2], 16))


def closing(found: tuple[Lexeme, ...], opening: int) -> int:
    """The index of the sign that closes the parenthesis or bracket at `opening`; the end of all where none does."""
    depth = 0
    for index in range(opening, len(found)):
        if found[index].kind == "sign":
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(found[index].text, 0)
            if depth == 0:
                return index
    return len(found)


def split(found: tuple[Lexeme, ...]) -> list[tuple[Lexeme, ...]]:
    """The parts between commas that stand in no parenthesis; none of nothing."""
    parts: list[tuple[Lexeme, ...]] = []
    depth = start = 0
    for index, one in enumerate(found):
        if one.kind != "sign":
            continue
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(one.text, 0)
        if depth == 0 and one.text == ",":
            parts.append(found[start:index])
            start = index + 1
    return [*parts, found[start:]] if found else []


def condition_fault(text: str) -> str:
    """Why `text` cannot stand in parentheses as a condition on one table's columns; empty when it can.

    Whole quotes, balanced parentheses, no comment, no semicolon, no subquery. Its names only Trino can tell.
    """
    try:
        return fault_among(text, lexemes(text), ("SELECT", "TABLE", "VALUES", "EXISTS"), qualified=True)
    except UnreadableDdl as error:
        return error.why
