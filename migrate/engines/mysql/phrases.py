"""Expressions of tables in the words of another server: functions, collations, strings, spliced at their offsets.

Only what is certain is rewritten. What the other server lacks is refused by its name, never left to chance.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from migrate.engines.base import Dialect
from migrate.engines.mysql.abilities import Abilities
from migrate.engines.mysql.collations import same_name
from migrate.engines.mysql.lexemes import (
    Lexeme,
    Unread,
    arguments,
    escaped,
    lexemes,
    plain,
    string_value,
    unescaped,
)
from migrate.engines.mysql.mapping import (
    CHANGING,
    GONE_IN_MYSQL_8,
    NO_DEFAULTS,
    OF_SESSIONS,
    ONLY_MARIADB,
    ONLY_MYSQL,
    RENAMED,
)
from migrate.engines.mysql.names import Edit, spliced
from migrate.model.table import Column
from migrate.model.types import Integer, Text

Place = Literal["default", "virtual", "stored", "check"]
"""Where an expression stands; a virtual column that is indexed is `stored`, since its values are."""

_UTF8 = ("", "n", "utf8mb4", "utf8mb3", "utf8")


REGEXP = "REGEXP_LIKE(a,b) becomes a REGEXP b, whose patterns are those of PCRE instead of ICU"


class Said(msgspec.Struct, frozen=True):
    """`text` is SQL that the target reads; `changes` say what is said otherwise, `refused` what it has nothing for."""

    text: str
    changes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def sql_of(told: str, origin: Dialect) -> str:
    """The SQL in an expression as the dictionary of a server of this dialect tells it."""
    return unescaped(told) if origin.vendor == "mysql" and origin.version >= (8,) else plain(told)


def told_by(sql: str, dialect: Dialect) -> str:
    """The expression as the dictionary of a server of this dialect would tell it."""
    return escaped(sql) if dialect.vendor == "mysql" and dialect.version >= (8,) else sql


def expression(sql: str, origin: Dialect, target: Abilities, place: Place, columns: Collection[Column] = ()) -> Said:
    """An expression of a table that has these columns, executable SQL on both sides."""
    try:
        return _Words(sql, lexemes(sql), origin, target, place, columns).said()
    except Unread as error:
        return Said(sql, refused=(f"its words are not understood at {error}",))


def function_change(name: str, origin: Dialect, target: Abilities) -> tuple[str, str]:
    """The name of a function of the origin on the target, and why there is none; both empty: the same name."""
    here = target.dialect
    if name in target.missing:
        return "", f"this server has no {name.upper()}()"
    if here.vendor == "mariadb":
        if origin.vendor == "mysql" and name in ONLY_MYSQL and name not in target.functions:
            return "", f"MariaDB has no {name.upper()}()"
    elif origin.vendor == "mariadb" and name in ONLY_MARIADB and name not in RENAMED["mysql"]:
        return "", f"MySQL has no {name.upper()}()"
    other = RENAMED.get(here.vendor, {}).get(name, "") if here.vendor != origin.vendor else ""
    old = origin.vendor == "mariadb" or origin.version < (8,)
    if not other and here.vendor == "mysql" and here.version >= (8,) and old and name in GONE_IN_MYSQL_8:
        other = GONE_IN_MYSQL_8[name]
        if not other:
            return "", f"MySQL 8.0 and later have no {name.upper()}()"
    return other, ""


def cast_fault(kind: str, target: Abilities) -> str:
    """Why the target cannot cast to a type, in lower case; empty when it can."""
    name = kind.split("(")[0].split(" ")[0]
    if target.dialect.vendor == "mariadb":
        if kind.endswith(" array"):
            return "MariaDB has no multi-valued casts"
        if name in ("json", "year", "point", "linestring", "polygon", "geometrycollection"):
            return f"MariaDB cannot CAST to {name.upper()}"
    elif name in ("uuid", "inet6", "inet4", "xmltype"):
        return f"MySQL cannot CAST to {name.upper()}"
    return ""


class _Words:
    """One expression, lexeme by lexeme."""

    def __init__(
        self,
        sql: str,
        found: Sequence[Lexeme],
        origin: Dialect,
        target: Abilities,
        place: Place,
        columns: Collection[Column],
    ) -> None:
        self.sql, self.found, self.origin, self.target, self.place = sql, found, origin, target, place
        self.columns = {column.name.casefold(): column for column in columns}
        self.mariadb = target.dialect.vendor == "mariadb"
        self.crossing = target.dialect.vendor != origin.vendor
        self.edits: list[Edit] = []
        self.changes: dict[str, None] = {}
        self.refused: dict[str, None] = {}

    def said(self) -> Said:
        for at, lexeme in enumerate(self.found):
            match lexeme.kind:
                case "string" if self.mariadb and self.crossing:
                    self._string(lexeme)
                case "word":
                    self._word(at, lexeme)
                case "name" if self.mariadb and self.crossing and self.place == "stored":
                    self._char(at, lexeme)
                case "sign" if lexeme.text in ("->", "->>") and self.mariadb:
                    self._refuse(f"MariaDB has no operator {lexeme.text}")
                case "sign" if lexeme.text == "-" and self.mariadb and self.crossing and self.place == "stored":
                    self._minus(at)
        if self.refused:
            return Said(self.sql, refused=tuple(self.refused))
        return Said(spliced(self.sql, self.edits), tuple(self.changes))

    def _refuse(self, why: str) -> None:
        self.refused[why] = None

    def _is(self, at: int, text: str) -> bool:
        return 0 <= at < len(self.found) and self.found[at].text.lower() == text

    def _string(self, lexeme: Lexeme) -> None:
        """MariaDB loses the backslashes in a string with an introducer when it reads its own definitions (1064)."""
        charset, value = string_value(lexeme)
        if not charset and lexeme.text[0] not in "nN":
            return
        if charset == "binary":
            self.edits.append((lexeme.start, lexeme.end, f"x'{value.encode().hex()}'"))
        elif charset in _UTF8 or value.isascii():
            self.edits.append((lexeme.start, lexeme.end, lexeme.text[lexeme.text.index("'") :]))
        else:
            self._refuse(f"a string of the character set {charset} cannot be said for certain")

    def _named(self, at: int) -> Column | None:
        lexeme = self.found[at]
        return self.columns.get(lexeme.text[1:-1].replace("``", "`").casefold()) if lexeme.kind == "name" else None

    def _char(self, at: int, lexeme: Lexeme) -> None:
        """MariaDB stores nothing of a CHAR whose spaces depend on PAD_CHAR_TO_FULL_LENGTH (1901); RTRIM has none."""
        column = self._named(at)
        trimmed = self._is(at - 1, "(") and at > 1 and self.found[at - 2].word in ("rtrim", "trim")
        if column is not None and isinstance(column.type, Text) and column.type.fixed and not trimmed:
            self.edits.append((lexeme.start, lexeme.end, f"rtrim({lexeme.text})"))
            self.changes[f"{lexeme.text} becomes RTRIM({lexeme.text})"] = None

    def _minus(self, at: int) -> None:
        """Nor of a difference of unsigned numbers, which depends on NO_UNSIGNED_SUBTRACTION."""
        before = self.found[at - 1] if at else None
        if before is None or (before.kind == "sign" and before.text != ")"):
            return  # it is no subtraction
        types = [column.type for n in range(len(self.found)) if (column := self._named(n)) is not None]
        if any(isinstance(kind, Integer) and not kind.signed for kind in types):
            self._refuse("MariaDB stores no difference of unsigned numbers (NO_UNSIGNED_SUBTRACTION)")

    def _word(self, at: int, lexeme: Lexeme) -> None:
        word = lexeme.word
        if word == "collate" and at + 1 < len(self.found):
            self._collation(self.found[at + 1])
        elif word in ("charset", "using") or (word == "set" and self._is(at - 1, "character")):
            self._charset(at + 1)
        elif word == "as" and self.crossing:
            self._cast(at + 1)
        elif word == "member" and self._is(at + 1, "of") and self.mariadb:
            self._refuse("MariaDB has no MEMBER OF")
        elif word in ("next", "previous") and self._is(at + 1, "value") and not self.mariadb:
            self._refuse("MySQL has no sequences")
        elif self._is(at + 1, "(") and not self._is(at - 1, "."):
            self._function(at, word)

    def _collation(self, lexeme: Lexeme) -> None:
        name = lexeme.text.strip("`'\"")
        other = self.target.collation(name)
        if not other:
            self._refuse(f"the target has no collation {name}, nor one like it")
        elif not same_name(other, name):
            self.edits.append((lexeme.start, lexeme.end, other))
            self.changes[f"{name} becomes {other}"] = None

    def _charset(self, at: int) -> None:
        name = self.found[at].word if at < len(self.found) else ""
        if name and not self.target.charset(name) and name != "binary":
            self._refuse(f"the target has no character set {name}")

    def _cast(self, at: int) -> None:
        words: list[str] = []
        for lexeme in self.found[at:]:
            if lexeme.text == ")" and words.count("(") == words.count(")"):
                break
            words.append(lexeme.text.lower())
        kind = " ".join(words)
        why = cast_fault(kind, self.target)
        if self.mariadb and self.place == "stored" and kind.startswith(("datetime", "time")) and self._of_text():
            why = f"MariaDB stores no text that is CAST to {kind.upper()} (TIME_ROUND_FRACTIONAL)"
        if why:
            self._refuse(why)

    def _of_text(self) -> bool:
        columns = [self._named(at) for at in range(len(self.found))]
        return any(column is not None and isinstance(column.type, Text) for column in columns)

    def _function(self, at: int, name: str) -> None:
        parts, closing = arguments(self.found, at + 1)
        self._allowed(name, parts)
        if name == "date_format" and self._locale(at, parts, closing):
            return
        if name == "regexp_like" and self.mariadb and len(parts) == 2:
            self._infix(at, parts, closing)
            return
        if name == "nvl2" and not self.mariadb and len(parts) == 3:
            end = self.found[parts[0][1] - 1].end
            self.edits += [(self.found[at].start, self.found[at].end, "if"), (end, end, " is not null")]
            self.changes["NVL2(a,b,c) becomes IF(a IS NOT NULL,b,c)"] = None
            return
        other, why = function_change(name, self.origin, self.target)
        if why:
            self._refuse(why)
        elif other:
            self.edits.append((self.found[at].start, self.found[at].end, other))
            self.changes[f"{name.upper()}() becomes {other.upper()}()"] = None

    def _allowed(self, name: str, parts: Sequence[tuple[int, int]]) -> None:
        """What a server does not take in such a place, since it changes with time, user, session or chance."""
        what = {"default": "a default", "check": "a check"}.get(self.place, "a generated column")
        if not self.mariadb:
            if (self.place != "default" and name in CHANGING) or (self.place == "default" and name in NO_DEFAULTS):
                known = self.place == "default" and name.endswith("user") and self.target.dialect.version >= (9,)
                if not known:
                    self._refuse(f"MySQL does not take {name.upper()}() in {what}")
        elif self.crossing and self.place in ("stored", "check"):
            texts = [self._named(at) for start, end in parts for at in range(start, end)]
            of_text = any(column is not None and isinstance(column.type, Text) for column in texts)
            moment = name in ("time", "timestamp") and of_text and self.place == "stored"
            if name in OF_SESSIONS or moment or (name == "week" and len(parts) == 1):
                self._refuse(f"MariaDB does not take {name.upper()}() in {what} whose values are kept")

    def _locale(self, at: int, parts: Sequence[tuple[int, int]], closing: int) -> bool:
        """DATE_FORMAT depends on the session's language, unless MariaDB is told which."""
        if self.mariadb and self.crossing and len(parts) == 2 and self.place in ("stored", "check"):
            start = self.found[closing].start
            self.edits.append((start, start, ",'en_US'"))
            self.changes["DATE_FORMAT(a,b) becomes DATE_FORMAT(a,b,'en_US')"] = None
            return True
        if not self.mariadb and len(parts) == 3:
            start, end = parts[2]
            if self.found[start].text.lower() != "'en_us'":
                self._refuse("MySQL's DATE_FORMAT() takes no language")
                return True
            self.edits.append((self.found[start - 1].start, self.found[end - 1].end, ""))
            self.changes["DATE_FORMAT(a,b,'en_US') becomes DATE_FORMAT(a,b)"] = None
            return True
        return False

    def _infix(self, at: int, parts: Sequence[tuple[int, int]], closing: int) -> None:
        """`regexp_like(a,b)` as `((a) regexp (b))`."""
        comma = self.found[parts[1][0] - 1]
        self.edits.append((self.found[at].start, self.found[at + 1].end, "(("))
        self.edits.append((comma.start, comma.end, ") regexp ("))
        self.edits.append((self.found[closing].start, self.found[closing].end, "))"))
        self.changes[REGEXP] = None
