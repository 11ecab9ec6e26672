"""What a name in a text of SQL names, told by where it stands.

MySQL has no `schema`.`column`: a name of two parts is schema and table where a table is expected, schema and routine
where one is called, and table (or alias, or NEW) and column everywhere else. Pure functions over tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from migrate.sql import Token, bare, is_name

Role = Literal["table", "routine", "schema", "column", "other", "unknown"]
"""`schema` stands by itself, `column` is every place of an expression, `other` an alias, a label, what is declared."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MODIFIERS = frozenset({"LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "IGNORE", "QUICK"})
_WRITES = frozenset({"INSERT", "REPLACE", "UPDATE", "DELETE"})
_NO_STATEMENT = frozenset({"FOR", "KEY", "ON", "OR", "AFTER", "BEFORE"})
"""Before UPDATE, INSERT, REPLACE or DELETE they say that no statement begins there."""
_JOINS = frozenset({"FROM", "JOIN", "STRAIGHT_JOIN"})
_INTRODUCES = _words("JOIN STRAIGHT_JOIN TABLE TABLES TRUNCATE DESCRIBE REFERENCES SEQUENCE VIEW")
_SELECTS = _words("SELECT DISTINCT DISTINCTROW ALL SQL_SMALL_RESULT SQL_BIG_RESULT SQL_BUFFER_RESULT HIGH_PRIORITY")
"""Before STRAIGHT_JOIN or HIGH_PRIORITY they say that it is an option of SELECT."""
_HOLDS_FROM = frozenset({"EXTRACT", "TRIM", "SUBSTRING", "SUBSTR", "MID", "POSITION", "OVERLAY"})
"""Functions with a FROM of their own between their parentheses."""
_OF_SEQUENCE = frozenset({"NEXTVAL", "LASTVAL", "SETVAL"})
_EXPRESSION = _words(
    "SELECT DISTINCT DISTINCTROW ALL SQL_CALC_FOUND_ROWS SQL_NO_CACHE WHERE AND OR XOR NOT HAVING SET WHEN IF ELSEIF"
    " CASE WHILE UNTIL RETURN VALUES VALUE IN RLIKE REGEXP BETWEEN IS DIV MOD BINARY INTERVAL DEFAULT ESCAPE AGAINST"
    " MATCH LIMIT OFFSET BY SEPARATOR LIKE THEN ELSE INTO BOTH LEADING TRAILING"
)
"""After these words comes an expression, unless it is a statement; after INTO, a variable."""
_NAMES_OTHER = _words(
    "AS DECLARE LEAVE ITERATE OPEN CLOSE FETCH CURSOR COLLATE CHARSET ROW EXISTS OUT INOUT CONDITION SIGNAL"
    " RESIGNAL OVER WINDOW WITH RECURSIVE INDEX KEY CONSTRAINT PARTITION COLUMN RELEASE SAVEPOINT"
)
"""After these words comes a name of something that is no table, routine or column that is there before."""
_LISTS_TABLES = frozenset({"FROM", "JOIN", "STRAIGHT_JOIN", "ON", "USING", "UPDATE", "TABLE", "TABLES", "DELETE"})
_LISTS_OTHER = _words(
    "SELECT SET WHERE BY HAVING VALUES VALUE RETURN INTO FETCH DECLARE OPEN CALL LIMIT WITH WINDOW IN"
)
_NEW_STATEMENT = frozenset({"BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "END"})


class Name(msgspec.Struct, frozen=True):
    """A name of one to three parts: what they say (the last one may be *), and the index of the token of each.

    `aliased`: another name follows for certain, by which alone it can be used.
    """

    parts: tuple[str, ...]
    at: tuple[int, ...]
    role: Role
    aliased: bool = False


def names(text: str, found: Sequence[Token]) -> tuple[Name, ...]:
    """Every name and every word among the tokens of `text`, in order; variables with an @ are none."""
    places = _Places(found)
    made: list[Name] = []
    at = 0
    while at < len(found):
        if not is_name(found[at]) or places.variable(at):
            at += 1
            continue
        ats = places.parts(at)
        role = places.role(at, ats[-1])
        if made and made[-1].at[-1] == at - 1 and _aliases(made[-1], role, len(ats)):
            role = "other"
        at = ats[-1] + 1
        aliased = at < len(found) and (found[at].kind == "identifier" or places.word(at) == "AS")
        made.append(Name(tuple(_said(text, found[one]) for one in ats), ats, role, aliased))
    return tuple(made)


def _aliases(before: Name, role: Role, parts: int) -> bool:
    """Whether what comes right after that name is its alias: of a table, or of a column."""
    if role in ("table", "schema") or parts > 1:
        return False
    return before.role == "table" or (before.role == "column" and role == "unknown")


def _said(text: str, token: Token) -> str:
    return token.text if token.kind == "identifier" else bare(text[token.start : token.end])


class _Places:
    """The tokens of a text, and which parenthesis encloses each."""

    def __init__(self, found: Sequence[Token]) -> None:
        self.found = found
        self.opener: list[int] = []
        self.opened: dict[int, int] = {}
        opened: list[int] = []
        for at, token in enumerate(found):
            if self.sign(at, ")") and opened:
                self.opened[at] = opened.pop()
            self.opener.append(opened[-1] if opened else -1)
            if token.kind == "sign" and token.text == "(":
                opened.append(at)

    def sign(self, at: int, *signs: str) -> bool:
        return 0 <= at < len(self.found) and self.found[at].kind == "sign" and self.found[at].text in signs

    def word(self, at: int) -> str:
        """The word there, in capitals, the last of several; empty when there is none."""
        return self.found[at].text.split()[-1] if 0 <= at < len(self.found) and self.found[at].kind == "word" else ""

    def parts(self, at: int) -> tuple[int, ...]:
        """The tokens of the parts of the name that begins at `at`."""
        made = [at]
        while len(made) < 3 and self.sign(made[-1] + 1, ".") and made[-1] + 2 < len(self.found):
            following = made[-1] + 2
            if not is_name(self.found[following]) and not self.sign(following, "*"):
                break
            made.append(following)
        return tuple(made)

    def variable(self, at: int) -> bool:
        """Whether an @ stands right before it: a variable, or the host of an account."""
        before = self.found[at - 1] if at else None
        return before is not None and before.text in {"@", "@@"} and before.end == self.found[at].start

    def schema(self, at: int) -> bool:
        """Whether a schema stands there by itself: USE a, DROP DATABASE IF EXISTS a, SHOW TABLES FROM a."""
        before = at - 1
        if self.word(before) in ("EXISTS", "NOT"):
            while self.word(before) in ("EXISTS", "NOT", "IF"):
                before -= 1
        if self.word(before) in ("DATABASE", "SCHEMA", "USE"):
            return True
        return self.word(before) in ("FROM", "IN") and bool(self._word_before(before, frozenset({"SHOW"}))[0])

    def role(self, at: int, last: int) -> Role:
        """What a name from token `at` to token `last` names."""
        before = at - 1
        word = self.word(before)
        if at == last and self.schema(at):
            return "schema"
        if self._expects_table(before):
            return "table"
        if word in ("CALL", "PROCEDURE", "FUNCTION"):
            return "routine"
        if word in _NAMES_OTHER:
            return "other"
        if self.sign(last + 1, "("):
            return "routine"
        if word in _EXPRESSION:
            return "column"
        if word in ("STRAIGHT_JOIN", *_SELECTS) or (word == "FROM" and self._own_from(before)):
            return "column"
        if word == "ON":
            return "column" if self._word_before(before, _JOINS | {"UPDATE"})[0] else "unknown"
        if (word == "UPDATE" and self.word(before - 1) == "KEY") or (word == "OF" and self.word(before - 1) == "TYPE"):
            return "column"
        if before >= 0 and self.found[before].kind == "sign":
            return self._after_sign(before)
        return "unknown" if before < 0 or self.found[before].kind == "word" else "other"

    def _after_sign(self, before: int) -> Role:
        if self.sign(before, ","):
            return self._listed(before)
        if self.sign(before, ")", ";", ":"):
            return "other"
        return "column"

    def _expects_table(self, before: int) -> bool:
        word = self.word(before)
        match word:
            case "STRAIGHT_JOIN" | "HIGH_PRIORITY" if self.word(before - 1) in _SELECTS:
                return False
            case "FROM":
                return self.word(before - 1) not in ("FETCH", "NEXT") and not self._own_from(before)
            case "INTO":
                return self.word(before - 1) in _WRITES | _MODIFIERS
            case "INSERT" | "REPLACE" | "UPDATE" | "DELETE":
                return self.word(before - 1) not in _NO_STATEMENT
            case "EXISTS":  # DROP TABLE IF EXISTS
                back = before - (2 if self.word(before - 1) == "NOT" else 1)
                return self.word(back) == "IF" and self.word(back - 1) in _INTRODUCES
            case "LIKE":
                return self._after_new_table(before)
            case "OF":  # of a parameter of MariaDB
                return [self.word(before - 1), self.word(before - 2)] == ["TYPE", "ROW"]
            case "FOR":  # NEXT VALUE FOR a sequence of MariaDB
                return self.word(before - 1) == "VALUE"
            case _ if word in _MODIFIERS:
                return self._modifies(before)
            case _ if self.sign(before, ","):
                return self._listed(before) == "table"
            case _ if self.sign(before, "("):
                while self.sign(before, "("):
                    before -= 1
                listed = self.word(before) in _JOINS or self.sign(before, ",")
                return self.word(before) in _OF_SEQUENCE or (listed and self._expects_table(before))
            case _:
                return word in _INTRODUCES

    def _modifies(self, at: int) -> bool:
        while self.word(at) in _MODIFIERS:
            at -= 1
        return self.word(at) in _WRITES

    def _own_from(self, at: int) -> bool:
        return self.opener[at] > 0 and self.word(self.opener[at] - 1) in _HOLDS_FROM

    def _after_new_table(self, like: int) -> bool:
        """Whether this LIKE is the one of CREATE TABLE a LIKE b."""
        at = like - 1
        while is_name(self.found[at]) or self.sign(at, "."):
            if self.word(at) == "TABLE":
                return True
            at -= 1
            if at < 0:
                break
        return False

    def _listed(self, comma: int) -> Role:
        """What stands in the list that has this comma."""
        word, at = self._word_before(comma, _LISTS_TABLES | _LISTS_OTHER)
        if word == "UPDATE":
            return "column" if self.word(at - 1) in _NO_STATEMENT else "table"
        if word == "FROM" and self._own_from(at):
            return "column"
        if word:
            return "table" if word in _LISTS_TABLES else "column"
        opener = self.opener[comma]
        if opener < 0:
            return "unknown"
        return "table" if self._expects_table(opener) and self.word(opener - 1) not in _OF_SEQUENCE else "column"

    def _word_before(self, at: int, wanted: frozenset[str]) -> tuple[str, int]:
        """The nearest of these words before `at`, between the same parentheses and in the same statement."""
        at -= 1
        while at >= 0 and not self.sign(at, "(", ";"):
            if at in self.opened:
                at = self.opened[at] - 1
                continue
            word = self.word(at)
            if not self.sign(at - 1, ".") and not self.sign(at + 1, "."):
                if word in wanted:
                    return word, at
                if word in _NEW_STATEMENT and word != "END":  # CASE has an END too
                    break
            at -= 1
        return "", -1
