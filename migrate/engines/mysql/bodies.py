"""Words of views, triggers, routines and events for a server of another dialect, spliced at the offsets of tokens.

Collations, some functions and MySQL's `->` are rewritten where that is certain. What can be proven by tokens not to
hold on the target is refused, by its word. The rest is the server's own judgement when the object is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from migrate.engines.base import Dialect
from migrate.engines.mysql.abilities import Abilities
from migrate.engines.mysql.collations import same_name
from migrate.engines.mysql.mapping import reserved
from migrate.engines.mysql.names import Edit, spliced
from migrate.engines.mysql.phrases import REGEXP, Said, cast_fault, function_change
from migrate.errors import UnreadableDdl
from migrate.sql import Token, is_name, tokens, versioned_comments

__all__ = ["body"]

_COLLATION = re.compile(r"\w+_(?:0900|uca1400)_\w+\Z", re.IGNORECASE)
_NO_CALL = frozenset(
    {"CALL", "EXISTS", "FROM", "FUNCTION", "INDEX", "INTO", "JOIN", "KEY", "ON", "PROCEDURE", "REFERENCES", "TABLE"}
    | {"TRIGGER", "UPDATE", "VIEW", "WITH", "RECURSIVE", "EVENT"}
)
"""Words after which a name with a parenthesis is none of a function."""

_PATTERNS: dict[str, tuple[tuple[str, str], ...]] = {
    "mariadb": (
        ("MEMBER OF", "MariaDB has no MEMBER OF"),
        ("LATERAL (", "MariaDB has no LATERAL"),
        ("VALUES ROW (", "MariaDB has no VALUES ROW"),
        ("FOR SHARE", "MariaDB says LOCK IN SHARE MODE for FOR SHARE"),
        ("FOR UPDATE OF", "MariaDB has no FOR UPDATE OF"),
        ("AT TIME ZONE", "MariaDB has no AT TIME ZONE"),
        ("GROUPING (", "MariaDB has no GROUPING()"),
        ("SET PERSIST", "MariaDB has no SET PERSIST"),
        ("SET PERSIST_ONLY", "MariaDB has no SET PERSIST"),
        ("LANGUAGE JAVASCRIPT", "MariaDB has no routines in JavaScript"),
    ),
    "mysql": (
        ("NEXT VALUE FOR", "MySQL has no sequences"),
        ("PREVIOUS VALUE FOR", "MySQL has no sequences"),
        ("EXECUTE IMMEDIATE", "MySQL has no EXECUTE IMMEDIATE"),
        ("TYPE OF", "MySQL has no TYPE OF"),
        ("BEGIN NOT ATOMIC", "MySQL has no BEGIN NOT ATOMIC"),
        ("LIMIT ROWS EXAMINED", "MySQL has no LIMIT ROWS EXAMINED"),
        ("ROWS EXAMINED", "MySQL has no LIMIT ROWS EXAMINED"),
        ("FETCH FIRST", "MySQL has no FETCH FIRST"),
        ("FETCH NEXT", "MySQL has no FETCH NEXT"),
        ("SET STATEMENT", "MySQL has no SET STATEMENT"),
        ("FOR SYSTEM_TIME", "MySQL has no FOR SYSTEM_TIME"),
        ("FOR PORTION OF", "MySQL has no FOR PORTION OF"),
        ("COLUMN IF NOT EXISTS", "MySQL has no ADD COLUMN IF NOT EXISTS"),
        ("COLUMN IF EXISTS", "MySQL has no DROP COLUMN IF EXISTS"),
        ("CURSOR (", "MySQL's cursors have no parameters"),
        ("FETCH GROUP NEXT ROW", "MySQL has no aggregate functions of its own language"),
        ("RETURNING", "MySQL has no RETURNING"),
    ),
}
"""Words that stand in a row: they are keywords of the origin there, and the target has nothing like them."""

_TYPES = frozenset({"UUID", "INET6", "INET4", "XMLTYPE"})
_BEFORE_TYPED = frozenset({"DECLARE", "IN", "OUT", "INOUT"})


def body(text: str, sql_mode: str, origin: Dialect, target: Abilities) -> Said:
    """The words of a stored object, or a whole statement that makes one, as the target reads them."""
    try:
        return _Body(text, sql_mode, origin, target).said()
    except UnreadableDdl as error:
        return Said(text, refused=(error.why,))


class _Body:
    """One text, token by token."""

    def __init__(self, text: str, sql_mode: str, origin: Dialect, target: Abilities) -> None:
        self.text, self.origin, self.target = text, origin, target
        self.here = target.dialect
        self.crossing = origin.vendor != self.here.vendor
        self.found: Sequence[Token] = tokens(text, sql_mode=sql_mode)
        self.hidden = any(versioned_comments(text, "NO_BACKSLASH_ESCAPES" not in sql_mode.split(",")))
        self.edits: list[Edit] = []
        self.changes: dict[str, None] = {}
        self.refused: dict[str, None] = {}

    def said(self) -> Said:
        if self.crossing and self.hidden:
            self.refused["each vendor reads /*!…*/ comments in its own way"] = None
        looks: tuple[Callable[[int], None], ...] = (self._collation, self._charset, self._function, self._reserved)
        if self.crossing:
            looks += (self._pattern, self._cast)
            looks += (self._arrow, self._row_alias) if self.here.vendor == "mariadb" else (self._loop, self._type)
        for at in range(len(self.found)):
            for look in looks:
                look(at)
        if self.refused:
            return Said(self.text, refused=tuple(self.refused))
        return Said(spliced(self.text, self.edits), tuple(self.changes))

    # -- what stands where

    def _is(self, at: int, *words: str) -> bool:
        return 0 <= at < len(self.found) and self.found[at].kind in ("word", "sign") and self.found[at].text in words

    def _words(self, start: int) -> Iterator[str]:
        """Words and signs from there on; tokens of several words are taken apart."""
        for token in self.found[start : start + 6]:
            if token.kind == "word":
                yield from token.text.split()
            else:
                yield token.text if token.kind == "sign" else ""

    # -- what is rewritten

    def _collation(self, at: int) -> None:
        token = self.found[at]
        name = token.text.lower() if token.kind == "word" else token.text
        said = self._is(at - 1, "COLLATE") or (self._is(at - 1, "=") and self._is(at - 2, "COLLATE"))
        if not said and not (token.kind == "word" and _COLLATION.match(name)):
            return
        other = self.target.collation(name)
        if not other:
            self.refused[f"the target has no collation {name}, nor one like it"] = None
        elif not same_name(other, name):
            self.edits.append((token.start, token.end, other))
            self.changes[f"the collation {name} becomes {other}"] = None

    def _charset(self, at: int) -> None:
        token = self.found[at]
        named = self._is(at - 1, "CHARSET", "CHARACTER SET", "USING") or (
            self._is(at - 1, "SET") and self._is(at - 2, "CHARACTER")
        )
        introduces = token.text.startswith("_") and at + 1 < len(self.found) and self.found[at + 1].kind == "string"
        name = token.text.lower().removeprefix("_")
        if token.kind == "word" and (named or introduces) and name in _LACKED and not self.target.charset(name):
            self.refused[f"the target has no character set {name}"] = None

    def _function(self, at: int) -> None:
        token = self.found[at]
        if token.kind != "word" or not self._is(at + 1, "(") or self._is(at - 1, ".", *_NO_CALL):
            return
        if token.text == "REGEXP_LIKE" and self.here.vendor == "mariadb" and self._infix(at):
            return
        other, why = function_change(token.text.lower(), self.origin, self.target)
        if why:
            self.refused[why] = None
        elif other:
            self.edits.append((token.start, token.end, other))
            self.changes[f"{token.text}() becomes {other.upper()}()"] = None

    def _infix(self, at: int) -> bool:
        """REGEXP_LIKE(a,b), which MySQL makes of every REGEXP, as ((a) REGEXP (b)). False: it has more arguments."""
        depth, commas = 0, []
        for closing in range(at + 1, len(self.found)):
            depth += self._is(closing, "(") - self._is(closing, ")")
            if depth == 1 and self._is(closing, ","):
                commas.append(self.found[closing])
            if depth == 0:
                break
        if depth or len(commas) != 1:
            return False
        self.edits.append((self.found[at].start, self.found[at + 1].end, "(("))
        self.edits.append((commas[0].start, commas[0].end, ") REGEXP ("))
        self.edits.append((self.found[closing].end, self.found[closing].end, ")"))
        self.changes[REGEXP] = None
        return True

    def _arrow(self, at: int) -> None:
        """`a.b->'$.c'` as JSON_EXTRACT(a.b,'$.c'), which is what MySQL makes of it."""
        token = self.found[at]
        if token.kind != "sign" or token.text not in ("->", "->>"):
            return
        first = at - 1
        while first >= 2 and self._is(first - 1, ".") and is_name(self.found[first - 2]):
            first -= 2
        certain = at >= 1 and is_name(self.found[at - 1]) and at + 1 < len(self.found)
        if not certain or self.found[at + 1].kind != "string" or self._is(at + 2, "->", "->>"):
            self.refused[f"MariaDB has no operator {token.text}"] = None
            return
        unquoted = token.text == "->>"
        start, path = self.found[first].start, self.found[at + 1]
        self.edits.append((start, start, "JSON_UNQUOTE(JSON_EXTRACT(" if unquoted else "JSON_EXTRACT("))
        self.edits.append((token.start, token.end, ","))
        self.edits.append((path.end, path.end, "))" if unquoted else ")"))
        self.changes[f"the operator {token.text} becomes JSON_EXTRACT()"] = None

    # -- what is refused

    def _pattern(self, at: int) -> None:
        if self.found[at].kind != "word":
            return
        following = list(self._words(at))
        for words, why in _PATTERNS[self.here.vendor]:
            wanted = words.split()
            if following[: len(wanted)] == wanted and not self._is(at - 1, ".", "@"):
                self.refused[why] = None

    def _cast(self, at: int) -> None:
        if not self._is(at, "AS") or at + 1 >= len(self.found) or self.found[at + 1].kind != "word":
            return
        if self._is(at + 2, ")", "(") or self._is(at + 2, "ARRAY"):
            kind = self.found[at + 1].text.lower() + (" array" if self._is(at + 2, "ARRAY") else "")
            why = cast_fault(kind, self.target) if self._within_cast(at) else ""
            if why:
                self.refused[why] = None

    def _within_cast(self, at: int) -> bool:
        depth = 0
        for back in range(at - 1, 0, -1):
            depth += self._is(back, ")") - self._is(back, "(")
            if depth < 0:
                return self._is(back - 1, "CAST")
        return False

    def _row_alias(self, at: int) -> None:
        """INSERT … VALUES (…) AS new ON DUPLICATE KEY UPDATE."""
        if not (self._is(at, "ON") and self._is(at + 1, "DUPLICATE")) and not self._is(at, "ON DUPLICATE"):
            return
        start = next((back for back in range(at, -1, -1) if self._is(back, "INSERT")), at)
        between = self.found[start:at]
        words = {token.text for token in between if token.kind == "word"}
        if words & {"VALUES", "VALUE"} and "AS" in words and not words & {"SELECT", "CAST"}:
            self.refused["MariaDB has no alias for the rows of an INSERT"] = None

    def _loop(self, at: int) -> None:
        if self._is(at, "FOR") and at + 2 < len(self.found) and is_name(self.found[at + 1]) and self._is(at + 2, "IN"):
            self.refused["MySQL has no FOR … IN loop"] = None
        words = list(self._words(at)) if at and self._is(at, "CREATE") else []
        if words[1:3] == ["OR", "REPLACE"] and "VIEW" not in words:
            self.refused["MySQL has CREATE OR REPLACE for views only"] = None

    def _type(self, at: int) -> None:
        token = self.found[at]
        if token.kind != "word" or token.text not in _TYPES or self._is(at + 1, "(", "."):
            return
        before = _BEFORE_TYPED | ({"(", ","} if at in self._parameters() else frozenset())
        declared = at >= 2 and is_name(self.found[at - 1]) and self._is(at - 2, *before)
        if declared or self._is(at - 1, "RETURNS"):
            self.refused[f"MySQL has no type {token.text}"] = None

    def _parameters(self) -> range:
        """Where the parameters of a routine stand."""
        start = next((at for at in range(12) if self._is(at, "PROCEDURE", "FUNCTION")), None)
        opening = next((at for at in range(start, start + 6) if self._is(at, "(")), None) if start is not None else None
        if opening is None:
            return range(0)
        depth = 0
        for at in range(opening, len(self.found)):
            depth += self._is(at, "(") - self._is(at, ")")
            if depth == 0:
                return range(opening, at)
        return range(0)

    def _reserved(self, at: int) -> None:
        token = self.found[at]
        if token.kind != "word" or token.text not in reserved(self.here) - reserved(self.origin):
            return
        if self._is(at + 1, "(") or self._is(at - 1, ".", "@", "ON"):
            return
        if token.text == "OFFSET" and any(self._is(back, "LIMIT") for back in range(at - 3, at)):
            return
        self.refused[f"{token.text} is a reserved word there: as a name it needs backticks"] = None


_LACKED = frozenset({"gb18030"})
"""Character sets that not all versions of both vendors have."""
