"""What SHOW CREATE prints of a stored object, cut at the offsets of its tokens. Pure functions.

The head is printed by the server, but for a trigger of MySQL 5.7 and MariaDB, which keep it as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from migrate.errors import UnreadableDdl
from migrate.model.table import StoredKind
from migrate.sql import Token

Span = tuple[int, int]
"""`text[start:end]`."""

_ORDERS = ("FOLLOWS", "PRECEDES")
_CHARACTERISTIC = re.compile(
    r"    (?:NO SQL|CONTAINS SQL|READS SQL DATA|MODIFIES SQL DATA|DETERMINISTIC|SQL SECURITY \w+|LANGUAGE \w+|USING .*)"
    r"\n"
)


class Cut(msgspec.Struct, frozen=True):
    """Where things stand in the text. `words` is where the words begin that may hold names: after the object's own.

    `body` is what the dictionary tells as the definition: of a view, without its check option. `definer` is the whole
    clause, with the space after it; empty, and before the kind, where there is none. `table` and `order` are a
    trigger's (its FOLLOWS or PRECEDES), `status` (ENABLE, DISABLE, DISABLE ON …) an event's, `comment` a string.
    """

    create: Span
    definer: Span
    name: Span
    words: int
    body: Span
    table: Span = (0, 0)
    order: Span = (0, 0)
    status: Span = (0, 0)
    comment: Span = (0, 0)


def cut(kind: StoredKind, text: str, found: Sequence[Token]) -> Cut:
    """The places in what SHOW CREATE printed of an object of that kind; `found` are its tokens.

    Raises `UnreadableDdl`.
    """
    return _Cutter(kind, text, found).cut()


class _Cutter:
    def __init__(self, kind: StoredKind, text: str, found: Sequence[Token]) -> None:
        self.kind, self.text, self.found = kind, text, found

    def cut(self) -> Cut:
        word = self._find(self.kind.upper(), 0)
        first = word + 1
        if self._is(first, "IF"):  # IF NOT EXISTS
            first += 3
        last = self._name(first)
        plain = Cut(self._span(0, 0), self._definer(word), self._span(first, last), self.found[last].end, (0, 0))
        match self.kind:
            case "view":
                return self._view(plain, last)
            case "trigger":
                return self._trigger(plain, last)
            case "event":
                return self._event(plain, last)
            case "sequence":
                return msgspec.structs.replace(plain, body=(plain.words, len(self.text)))
            case _:
                return self._routine(plain, last)

    def _view(self, plain: Cut, last: int) -> Cut:
        start = self._find("AS", last + 1) + 1
        end = len(self.text)
        tail = [token.text for token in self.found[-4:]]
        if tail in (["WITH", "CASCADED", "CHECK", "OPTION"], ["WITH", "LOCAL", "CHECK", "OPTION"]):
            end = self.found[-5].end
        return msgspec.structs.replace(plain, words=self.found[start].start, body=(self.found[start].start, end))

    def _trigger(self, plain: Cut, last: int) -> Cut:
        on = self._find("ON", last + 1)
        table = self._name(on + 1)
        each = self._find("ROW", table + 1)
        order = (self.found[each].end, self.found[each].end)
        if self._is(each + 1, *_ORDERS):
            order = (self.found[each].end, self.found[each + 2].end)
            each += 2
        start = self._start(each + 1)
        spans = {"table": self._span(on + 1, table), "order": order, "body": (start, len(self.text)), "words": start}
        return msgspec.structs.replace(plain, **spans)

    def _event(self, plain: Cut, last: int) -> Cut:
        status = self._find("PRESERVE", last + 1) + 1
        if not self._is(status, "ENABLE", "DISABLE"):
            raise UnreadableDdl(self.text, "ENABLE or DISABLE was expected after ON COMPLETION")
        end = status + 2 if self._is(status + 1, "ON") else status
        comment = self._span(end + 2, end + 2) if self._is(end + 1, "COMMENT") else (0, 0)
        start = self._start(self._find("DO", end + 1) + 1)
        spans = {"status": self._span(status, end), "comment": comment, "body": (start, len(self.text)), "words": start}
        return msgspec.structs.replace(plain, **spans)

    def _routine(self, plain: Cut, last: int) -> Cut:
        at = self.text.find("\n", self.found[self._closing(last + 1)].end) + 1
        if not at:
            raise UnreadableDdl(self.text, "a line was expected to end before the body")
        comment = (0, 0)
        while True:
            if characteristic := _CHARACTERISTIC.match(self.text, at):
                at = characteristic.end()
            elif self.text.startswith("    COMMENT '", at):
                string = next(token for token in self.found if token.start > at and token.kind == "string")
                comment = (string.start, string.end)
                at = string.end + 1
            else:
                return msgspec.structs.replace(plain, body=(at, len(self.text)), comment=comment)

    def _closing(self, opening: int) -> int:
        depth = 0
        for at in range(opening, len(self.found)):
            if self.found[at].kind == "sign":
                depth += {"(": 1, ")": -1}.get(self.found[at].text, 0)
            if depth == 0:
                return at
        raise UnreadableDdl(self.text, "the parenthesis after the name does not end")

    def _definer(self, word: int) -> Span:
        at = next((at for at in range(word) if self._is(at, "DEFINER")), None)
        if at is None:
            return (self.found[word].start, self.found[word].start)
        end = at + 4 if self.found[at + 3].text == "@" else at + 2
        return (self.found[at].start, self.found[end + 1].start)

    def _name(self, at: int) -> int:
        """The last token of the name that begins there."""
        return at + 2 if at + 1 < len(self.found) and self.found[at + 1].text == "." else at

    def _span(self, first: int, last: int) -> Span:
        return (self.found[first].start, self.found[last].end)

    def _start(self, at: int) -> int:
        return self.found[at].start if at < len(self.found) else len(self.text)

    def _is(self, at: int, *words: str) -> bool:
        return at < len(self.found) and self.found[at].kind == "word" and self.found[at].text in words

    def _find(self, word: str, start: int) -> int:
        for at in range(start, len(self.found)):
            if self._is(at, word):
                return at
        raise UnreadableDdl(self.text, f"{word} was expected in what SHOW CREATE {self.kind.upper()} printed")
