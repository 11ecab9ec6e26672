"""What Trino's SHOW CREATE says, cut apart: it alone tells types as they are, comments, and what defines a table.

information_schema tells the types of a row's fields without their quotes, and no comments.
"""

from __future__ import annotations

import msgspec

from migrate.engines.lake.lexemes import Lexeme, closing, lexemes, split, string_value
from migrate.errors import UnreadableDdl


class ShownColumn(msgspec.Struct, frozen=True):
    """A column: its type as it is printed, and its own properties as they are printed."""

    name: str
    native: str
    nullable: bool = True
    comment: str = ""
    default: str | None = None
    properties: tuple[tuple[str, str], ...] = ()


class ShownTable(msgspec.Struct, frozen=True):
    """A table; values of properties are SQL, as printed."""

    columns: tuple[ShownColumn, ...]
    comment: str
    properties: tuple[tuple[str, str], ...]

    def value(self, name: str) -> str:
        """The text of a property that is a string; empty when it has none."""
        return next((string_value(value) for key, value in self.properties if key == name), "")

    def names(self, name: str) -> tuple[str, ...]:
        """The texts of a property that is an array of strings."""
        return next((array(value) for key, value in self.properties if key == name), ())


class ShownView(msgspec.Struct, frozen=True):
    """A view: its query exactly as printed."""

    query: str
    comment: str = ""
    security: str = ""
    properties: tuple[tuple[str, str], ...] = ()


def array(value: str) -> tuple[str, ...]:
    """The strings of `ARRAY['a','b']`."""
    return tuple(string_value(one.text) for one in lexemes(value) if one.kind == "string")


def shown_table(text: str) -> ShownTable:
    """What SHOW CREATE TABLE printed. Raises `UnreadableDdl`."""
    found = lexemes(text)
    at = _after_name(text, found, ("CREATE", "TABLE"))
    if at >= len(found) or found[at].text != "(":
        raise UnreadableDdl(text, "a parenthesis was expected after the name")
    end = closing(found, at)
    columns = tuple(_column(text, part) for part in split(found[at + 1 : end]))
    properties: tuple[tuple[str, str], ...] = ()
    comment, rest = "", end + 1
    if _word(found, rest) == "COMMENT":
        comment, rest = string_value(found[rest + 1].text), rest + 2
    if _word(found, rest) == "WITH":
        properties, rest = _properties(text, found, rest)
    if rest != len(found):
        raise UnreadableDdl(text, f"something at character {found[rest].start} is not understood")
    return ShownTable(columns, comment, properties)


def shown_view(text: str) -> ShownView:
    """What SHOW CREATE VIEW printed. Raises `UnreadableDdl`."""
    found = lexemes(text)
    at = _after_name(text, found, ("CREATE", "VIEW"))
    comment, security = "", ""
    properties: tuple[tuple[str, str], ...] = ()
    while at < len(found):
        match _word(found, at):
            case "AS":
                return ShownView(text[found[at].end :].strip(), comment, security, properties)
            case "COMMENT":
                comment, at = string_value(found[at + 1].text), at + 2
            case "SECURITY":
                security, at = _word(found, at + 1), at + 2
            case "WITH":
                properties, at = _properties(text, found, at)
            case _:
                break
    raise UnreadableDdl(text, "AS and a query were expected")


def _after_name(text: str, found: tuple[Lexeme, ...], begins: tuple[str, str]) -> int:
    if tuple(_word(found, index) for index in (0, 1)) != begins:
        raise UnreadableDdl(text, f"{' '.join(begins)} was expected")
    at = 3
    while at + 1 < len(found) and found[at].text == "." and found[at].kind == "sign":
        at += 2
    return at


def _word(found: tuple[Lexeme, ...], at: int) -> str:
    return found[at].word if at < len(found) else ""


def _properties(text: str, found: tuple[Lexeme, ...], at: int) -> tuple[tuple[tuple[str, str], ...], int]:
    """Those of the WITH at `at`, and where it goes on."""
    end = closing(found, at + 1)
    made = []
    for part in split(found[at + 2 : end]):
        if len(part) < 3 or part[1].text != "=":
            raise UnreadableDdl(text, f"a property at character {part[0].start if part else 0} is not understood")
        made.append((part[0].text, text[part[2].start : part[-1].end]))
    return tuple(made), end + 1


def _column(text: str, found: tuple[Lexeme, ...]) -> ShownColumn:
    if len(found) < 2:
        raise UnreadableDdl(text, "a column without a type")
    at = 1
    while at < len(found) and _word(found, at) not in ("NOT", "COMMENT", "DEFAULT") and not _own(found, at):
        at = closing(found, at) + 1 if found[at].text == "(" else at + 1
    native = text[found[1].start : found[at - 1].end]
    nullable, comment = True, ""
    default: str | None = None
    properties: tuple[tuple[str, str], ...] = ()
    while at < len(found):
        match _word(found, at):
            case "NOT":
                nullable, at = False, at + 2
            case "COMMENT":
                comment, at = string_value(found[at + 1].text), at + 2
            case "WITH":
                properties, at = _properties(text, found, at)
            case "DEFAULT":
                start = end = at + 1
                while end < len(found) and _word(found, end) not in ("NOT", "COMMENT") and not _own(found, end):
                    end = closing(found, end) + 1 if found[end].text == "(" else end + 1
                default, at = text[found[start].start : found[end - 1].end], end
            case _:
                raise UnreadableDdl(text, f"something at character {found[at].start} is not understood")
    return ShownColumn(found[0].text, native, nullable, comment, default, properties)


def _own(found: tuple[Lexeme, ...], at: int) -> bool:
    """Whether a WITH begins properties, and is not that of a time zone."""
    return _word(found, at) == "WITH" and at + 1 < len(found) and found[at + 1].text == "("
