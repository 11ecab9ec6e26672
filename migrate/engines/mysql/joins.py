"""The text of a view, which a server tells otherwise when the view is made again from that very text.

`FROM a, b, c` is told as `from a join b join c`; made from that, the view is told as `from ((a join b) join c)`, and so
ever after (MySQL 5.7 to 9.7, MariaDB 10.11 and 11.8). Joins go from left to right: the two are one. MySQL 5.7 doubles
the parentheses around a derived table. MySQL 9.7 adds to what EXCEPT and INTERSECT are taken of that a column is not
NULL, twice more each time.
"""

from __future__ import annotations

from collections.abc import Sequence

from migrate.engines.mysql.lexemes import Lexeme, Unread, lexemes

__all__ = ["canonical_view"]

_JOINS = frozenset({"join", "straight_join"})
_QUERIES = frozenset({"select", "with", "values", "table"})
_NOT_NULL = ["is", "not", "null", ")"]


def canonical_view(text: str) -> str:
    """One text for those that a server tells of one view, words apart by a space; what cannot be read stays as it is.

    Parentheses around joins that come first in a FROM clause go; those further right say what is joined first.
    """
    try:
        found = lexemes(text)
        closing = _pairs([lexeme.text for lexeme in found])
    except Unread:
        return text
    dropped: set[int] = set()
    for at, lexeme in enumerate(found):
        if lexeme.word == "from":
            opening = at + 1
            while opening in closing and _is_join(found, opening, closing):
                dropped |= {opening, closing[opening]}
                opening += 1
    kept = [lexeme.text for at, lexeme in enumerate(found) if at not in dropped]
    return " ".join(_once(_said_once(kept)))


def _pairs(texts: Sequence[str]) -> dict[int, int]:
    """Of every opening parenthesis where it closes; one in a string or name has its quotes. Raises `Unread`."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for at, text in enumerate(texts):
        if text == "(":
            opened.append(at)
        elif text == ")":
            if not opened:
                raise Unread(")")
            pairs[opened.pop()] = at
    if opened:
        raise Unread("(")
    return pairs


def _is_join(found: Sequence[Lexeme], opening: int, closing: dict[int, int]) -> bool:
    """Whether the parenthesis is one around a join, and not around a query."""
    at = opening + 1
    if found[at].word in _QUERIES:
        return False
    while at < closing[opening]:
        if found[at].word in _JOINS:
            return True
        at = closing.get(at, at) + 1
    return False


def _said_once(texts: list[str]) -> list[str]:
    """Without `and (x is not null)` behind the same."""
    kept: list[str] = []
    at = 0
    while at < len(texts):
        if texts[at] == "and" and kept[-4:] == _NOT_NULL:
            start = len(kept) - 1 - kept[::-1].index("(")
            group = kept[start:]
            if texts[at + 1 : at + 1 + len(group)] == group:
                at += 1 + len(group)
                continue
        kept.append(texts[at])
        at += 1
    return kept


def _once(texts: list[str]) -> list[str]:
    """Without parentheses around nothing but parentheses."""
    closing = _pairs(texts)
    dropped: set[int] = set()
    for opening, close in closing.items():
        if closing.get(opening + 1) == close - 1:
            dropped |= {opening, close}
    return [text for at, text in enumerate(texts) if at not in dropped]
