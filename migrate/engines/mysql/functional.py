"""Of what type an expression of an index is, so that a generated column can stand in for it. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from migrate.engines.mysql.lexemes import Lexeme, Unread, arguments, lexemes, string_value
from migrate.model.table import Column
from migrate.model.types import Bit, Decimal, Integer, Temporal, Text


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LENGTH = re.compile(r"\((\d+)\)")
_SAME_LENGTH = _words("lower lcase upper ucase trim ltrim rtrim reverse")
_NUMBERS = _words(
    """ascii bit_length char_length character_length crc32 datediff day dayofmonth dayofweek dayofyear extract hour
    instr isnull json_length json_valid length locate microsecond minute month octet_length ord period_diff quarter
    regexp_like second sign time_to_sec timestampdiff to_days to_seconds unix_timestamp week weekday weekofyear year"""
)
_DIGESTS = {"md5": 32, "sha": 40, "sha1": 40}
_ARITHMETIC = _words("+ - * % div mod")


class KeyType(msgspec.Struct, frozen=True):
    """A column type, with charset and collation where it is text."""

    native: str
    charset: str = ""
    collation: str = ""


def type_of(sql: str, columns: Sequence[Column]) -> KeyType | None:
    """The type that holds every value of the expression as MySQL indexes it; None where that is not certain."""
    try:
        found = _bare(lexemes(sql))
        by_name = {column.name.casefold(): column for column in columns}
        return _Reader(by_name).type_of(found)
    except Unread:
        return None


def _bare(found: Sequence[Lexeme]) -> Sequence[Lexeme]:
    """Without parentheses around the whole."""
    while len(found) > 1 and found[0].text == "(":
        _, closing = arguments(found, 0)
        if closing != len(found) - 1:
            break
        found = found[1:-1]
    return found


class _Reader:
    def __init__(self, columns: dict[str, Column]) -> None:
        self.columns = columns

    def type_of(self, found: Sequence[Lexeme]) -> KeyType | None:
        found = _bare(found)
        if len(found) > 2 and found[-2].word == "collate":
            inner = self.type_of(found[:-2])
            name = found[-1].text.strip("`")
            return KeyType(inner.native, inner.charset, name) if inner and inner.charset else None
        if len(found) == 1:
            return self._column(found[0])
        if found[0].kind == "word" and found[1].text == "(":
            parts, closing = arguments(found, 1)
            if closing == len(found) - 1:
                return self._call(found[0].word, [found[start:end] for start, end in parts])
        return self._sum(found)

    def _column(self, lexeme: Lexeme) -> KeyType | None:
        column = self._named(lexeme)
        if column is None or not isinstance(column.type, Integer | Decimal | Temporal | Text | Bit):
            return None
        if isinstance(column.type, Text) and column.type.length is None:
            return None
        return KeyType(column.native, column.charset, column.collation)

    def _named(self, lexeme: Lexeme) -> Column | None:
        return self.columns.get(lexeme.text[1:-1].replace("``", "`").casefold()) if lexeme.kind == "name" else None

    def _call(self, name: str, parts: Sequence[Sequence[Lexeme]]) -> KeyType | None:
        if name == "cast" and len(parts) == 1:
            return self._cast(parts[0])
        if name in _NUMBERS:
            return KeyType("bigint")
        if name in _DIGESTS:
            return KeyType(f"varchar({_DIGESTS[name]})", "utf8mb4", "utf8mb4_0900_ai_ci")
        text = self.type_of(parts[0]) if parts else None
        if text is None or not text.charset:
            return None
        if name in _SAME_LENGTH and len(parts) == 1:
            return KeyType(f"varchar({_length(text)})", text.charset, text.collation)
        cut = name in ("left", "right") or (name in ("substr", "substring") and len(parts) == 3)
        if cut and len(parts[-1]) == 1 and parts[-1][0].kind == "number":
            return KeyType(f"varchar({parts[-1][0].text})", text.charset, text.collation)
        if name == "concat":
            return self._concat(parts, text)
        return None

    def _concat(self, parts: Sequence[Sequence[Lexeme]], first: KeyType) -> KeyType | None:
        length = 0
        for part in parts:
            if len(part) == 1 and part[0].kind == "string":
                length += len(string_value(part[0])[1])
                continue
            kind = self.type_of(part)
            if kind is None or (kind.charset, kind.collation) != (first.charset, first.collation):
                return None
            length += _length(kind)
        return KeyType(f"varchar({length})", first.charset, first.collation)

    def _cast(self, part: Sequence[Lexeme]) -> KeyType | None:
        """`x as char(30) charset utf8mb4`."""
        at = max((n for n, lexeme in enumerate(part) if lexeme.word == "as"), default=-1)
        words = [lexeme.text.lower() for lexeme in part[at + 1 :]]
        said = "".join(word if word in ("(", ")", ",") or word.isdigit() else f" {word}" for word in words).strip()
        kind = said.split("(")[0].split(" ")[0]
        size = _LENGTH.search(said)
        if at < 0 or said.endswith(" array"):
            return None
        if kind in ("signed", "unsigned"):
            return KeyType("bigint" if kind == "signed" else "bigint unsigned")
        if kind == "char" and size and len(words) > 5 and words[-2] == "charset":
            charset = words[-1]
            return KeyType(f"varchar({size[1]})", charset, _DEFAULTS.get(charset, f"{charset}_general_ci"))
        if kind in ("date", "time", "datetime", "decimal", "double", "float"):
            return KeyType(said)
        if kind == "binary" and size:
            return KeyType(f"varbinary({size[1]})")
        return None

    def _sum(self, found: Sequence[Lexeme]) -> KeyType | None:
        """Whole numbers joined by signs that make whole numbers."""
        unsigned = False
        for lexeme in found:
            if lexeme.kind == "name":
                column = self._named(lexeme)
                if column is None or not isinstance(column.type, Integer):
                    return None
                unsigned = unsigned or not column.type.signed
            elif lexeme.kind == "number":
                if not lexeme.text.isdigit():
                    return None
            elif lexeme.text not in ("(", ")") and lexeme.text.lower() not in _ARITHMETIC:
                return None
        return KeyType("bigint unsigned" if unsigned else "bigint")


_DEFAULTS = {"utf8mb4": "utf8mb4_0900_ai_ci", "latin1": "latin1_swedish_ci", "binary": "binary"}


def _length(kind: KeyType) -> int:
    found = _LENGTH.search(kind.native)
    if found is None:
        raise Unread(kind.native)
    return int(found[1])
