"""The words of an expression as a server's dictionary tells it.

information_schema of MySQL 8.0 escapes the quotes and backslashes of such a text: `concat(`a`,_utf8mb4\\'x\\')`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

__all__ = ["Lexeme", "Unread", "arguments", "escaped", "lexemes", "literal_bytes", "plain", "string_value", "unescaped"]

LexemeKind = Literal["string", "bytes", "name", "number", "word", "sign"]


class Unread(Exception):
    """The text holds what is not understood here: it is then compared as text."""


class Lexeme(msgspec.Struct, frozen=True):
    """`text[start:end]`; of a string with an introducer, that is part of it."""

    kind: LexemeKind
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """In lower case when it is a bare word, else empty."""
        return self.text.lower() if self.kind == "word" else ""


_LEXEME = re.compile(
    r"""(?P<space>\s+)
    |(?P<bytes>(?:_\w+\s*)?[xX]'[0-9A-Fa-f]*'|(?:_\w+\s*)?0x[0-9A-Fa-f]+\b|[bB]'[01]*'|0b[01]+\b)
    |(?P<string>(?:_\w+\s*|[nN])?'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
    |(?P<name>`(?:[^`]|``)*`)
    |(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?![\w$])
    |(?P<word>[^\W\d][\w$]*)
    |(?P<sign><=>|->>|->|<>|!=|>=|<=|<<|>>|&&|\|\||[-+*/%=<>!~^&|(),.])""",
    re.VERBOSE | re.DOTALL,
)
_STRING = re.compile(r"""(?:_(?P<charset>\w+)\s*|[nN])?(?P<quote>['"])(?P<body>.*)['"]\Z""", re.DOTALL)
_SIGN = re.compile(r"''|\"\"|\\(.)", re.DOTALL)
_ESCAPES = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}
_PRINTED = {sign: letter for letter, sign in _ESCAPES.items() if letter in "0nrZ"}
"""Signs that a server prints as escapes (append_unescaped in sql_string.cc); a tab it prints as it is."""


def lexemes(text: str) -> tuple[Lexeme, ...]:
    """The words of an expression. Raises `Unread`."""
    found: list[Lexeme] = []
    at = 0
    while at < len(text):
        match = _LEXEME.match(text, at)
        if match is None:
            raise Unread(text[at : at + 20])
        if match.lastgroup != "space":
            found.append(Lexeme(match.lastgroup, match[0], at, match.end()))  # type: ignore[arg-type]  # group names
        at = match.end()
    return tuple(found)


def string_value(lexeme: Lexeme) -> tuple[str, str]:
    """The character set that a string is introduced with, empty when with none, and its value."""
    found = _STRING.match(lexeme.text)
    if found is None:
        raise Unread(lexeme.text)

    def sign(match: re.Match[str]) -> str:
        letter: str | None = match[1]
        return match[0][0] if letter is None else _ESCAPES.get(letter, letter)

    return (found["charset"] or "").lower(), _SIGN.sub(sign, found["body"])


def unescaped(text: str) -> str:
    """What is meant by a text that is escaped as a string is, such as the SQL that MySQL's information_schema tells."""
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)


def escaped(text: str) -> str:
    """What MySQL's information_schema tells of this SQL."""
    return re.sub(r"[\\'\0\n\r\x1a]", lambda found: "\\" + _PRINTED.get(found[0], found[0]), text)


def plain(text: str) -> str:
    """The SQL in a text that may be escaped: outside of quotes a backslash has no other meaning."""
    for match in re.finditer(r"`(?:[^`]|``)*`|'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|(\\)", text, re.DOTALL):
        if match[1]:
            return unescaped(text)
    return text


def arguments(found: Sequence[Lexeme], opening: int) -> tuple[tuple[tuple[int, int], ...], int]:
    """Of the parenthesis at `opening`: where each argument starts and ends, in lexemes, and where the closing one is.

    Raises `Unread` when it does not close.
    """
    depth, start = 0, opening + 1
    parts: list[tuple[int, int]] = []
    for at in range(opening, len(found)):
        if found[at].kind != "sign":
            continue
        depth += {"(": 1, ")": -1}.get(found[at].text, 0)
        if depth == 0 or (depth == 1 and found[at].text == ","):
            if at > start or parts:
                parts.append((start, at))
            start = at + 1
        if depth == 0:
            return tuple(parts), at
    raise Unread("(")


def literal_bytes(text: str) -> str:
    """Digits of the bytes that a hexadecimal or bit literal stands for."""
    literal = text.lower().rpartition(" ")[2] if text.startswith("_") else text.lower()
    if literal.startswith(("b'", "0b")):
        bits = literal[2:].strip("'")
        return f"{int(bits or '0', 2):0{2 * -(-len(bits) // 8)}x}"
    digits = literal[literal.index("x") + 1 :].strip("'")
    return digits if len(digits) % 2 == 0 else f"0{digits}"
